/*
 * Memory: an arena, freed as a whole. Every record owns one, and so does every command's scratch
 * work; whatever is handed out lives until the arena is cleared or released, so nothing in between
 * has an owner to forget. Allocation never returns NULL: out of memory prints a line on stderr and
 * aborts (see error.h).
 *
 *	struct cts_arena arena = {0};
 *	char *key = cts_arena_printf(&arena, "%s/%s", kind, id);
 *	cts_arena_release(&arena);
 */
#ifndef CTS_PROTO_ARENA_H
#define CTS_PROTO_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct cts_arena_block;

struct cts_arena {
	struct cts_arena_block *blocks; /* newest first */
	size_t used;                    /* of the newest block */
	size_t total;                   /* bytes handed out since init or clear */
};

/* Zeroed memory, aligned for any type. */
void *cts_arena_alloc(struct cts_arena *arena, size_t size);
char *cts_arena_strdup(struct cts_arena *arena, const char *text);
char *cts_arena_strndup(struct cts_arena *arena, const char *text, size_t size);
void *cts_arena_memdup(struct cts_arena *arena, const void *data, size_t size);
char *cts_arena_printf(struct cts_arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *cts_arena_vprintf(struct cts_arena *arena, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Appends one zeroed element to an array of `size`-byte elements in the arena and returns it.
 * `*count` is the number of elements in use; capacity is the next power of two, so growing copies.
 *	struct cts_edit *e = cts_arena_push(arena, &edits, &count, sizeof(*edits)); */
void *cts_arena_push(struct cts_arena *arena, void *array, size_t *count, size_t size);

/* Forgets everything handed out, keeps one block for use again. */
void cts_arena_clear(struct cts_arena *arena);
void cts_arena_release(struct cts_arena *arena);

/* malloc family that aborts instead of returning NULL. */
void *cts_malloc(size_t size);
void *cts_realloc(void *memory, size_t size);

#endif
