/*
 * A list of blocks, each filled from its start. A request that does not fit gets a block of its own
 * size or of twice the last one's, so an arena of n bytes has O(log n) blocks, and clearing keeps the
 * largest: an arena that is cleared for each of a million records settles on one block.
 */
#include "proto/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cts_arena_block {
	struct cts_arena_block *next;
	size_t size;
	alignas(max_align_t) char data[];
};

enum { FIRST_BLOCK = 2048, LARGEST_STEP = 1024 * 1024, ALIGNMENT = alignof(max_align_t) };

static void out_of_memory(size_t size)
{
	fprintf(stderr, "ctsync: out of memory (asked for %zu bytes)\n", size);
	abort();
}

void *cts_malloc(size_t size)
{
	void *memory = malloc(size ? size : 1);

	if (!memory)
		out_of_memory(size);
	return memory;
}

void *cts_realloc(void *memory, size_t size)
{
	void *moved = realloc(memory, size ? size : 1);

	if (!moved)
		out_of_memory(size);
	return moved;
}

static void add_block(struct cts_arena *arena, size_t size)
{
	size_t step = arena->blocks ? arena->blocks->size * 2 : FIRST_BLOCK;
	struct cts_arena_block *block;

	if (step > LARGEST_STEP)
		step = LARGEST_STEP;
	if (step < size)
		step = size;
	if (step > SIZE_MAX - sizeof(*block))
		out_of_memory(size);
	block = cts_malloc(sizeof(*block) + step);
	block->next = arena->blocks;
	block->size = step;
	arena->blocks = block;
	arena->used = 0;
}

/* Not zeroed: for those who fill it at once. */
static void *take(struct cts_arena *arena, size_t size)
{
	void *memory;

	if (size > SIZE_MAX - ALIGNMENT)
		out_of_memory(size);
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (!arena->blocks || arena->blocks->size - arena->used < size)
		add_block(arena, size);
	memory = arena->blocks->data + arena->used;
	arena->used += size;
	arena->total += size;
	return memory;
}

void *cts_arena_alloc(struct cts_arena *arena, size_t size)
{
	return memset(take(arena, size), 0, size);
}

void *cts_arena_memdup(struct cts_arena *arena, const void *data, size_t size)
{
	void *copy = take(arena, size);

	return size ? memcpy(copy, data, size) : copy;
}

char *cts_arena_strndup(struct cts_arena *arena, const char *text, size_t size)
{
	char *copy = take(arena, size + 1);

	if (size)
		memcpy(copy, text, size);
	copy[size] = '\0';
	return copy;
}

char *cts_arena_strdup(struct cts_arena *arena, const char *text)
{
	return cts_arena_strndup(arena, text, strlen(text));
}

char *cts_arena_vprintf(struct cts_arena *arena, const char *format, va_list args)
{
	va_list again;
	char *text;
	int size;

	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (size < 0)
		size = 0;
	text = take(arena, (size_t)size + 1);
	vsnprintf(text, (size_t)size + 1, format, args);
	return text;
}

char *cts_arena_printf(struct cts_arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = cts_arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

void *cts_arena_push(struct cts_arena *arena, void *array, size_t *count, size_t size)
{
	char *base;

	memcpy(&base, array, sizeof(base));
	/* Full at every power of two, zero included: capacity follows from the count alone. */
	if ((*count & (*count - 1)) == 0) {
		size_t capacity = *count ? *count * 2 : 1;
		char *grown = cts_arena_alloc(arena, capacity * size);

		if (*count)
			memcpy(grown, base, *count * size);
		base = grown;
		memcpy(array, &base, sizeof(base));
	}
	return base + (*count)++ * size;
}

void cts_arena_clear(struct cts_arena *arena)
{
	struct cts_arena_block *keep = arena->blocks, *next;

	for (struct cts_arena_block *b = arena->blocks; b; b = b->next)
		if (b->size > keep->size)
			keep = b;
	/* One huge record must not pin its memory for the rest of an import. */
	if (keep && keep->size > LARGEST_STEP)
		keep = NULL;
	for (struct cts_arena_block *b = arena->blocks; b; b = next) {
		next = b->next;
		if (b != keep)
			free(b);
	}
	if (keep)
		keep->next = NULL;
	arena->blocks = keep;
	arena->used = arena->total = 0;
}

void cts_arena_release(struct cts_arena *arena)
{
	struct cts_arena_block *next;

	for (struct cts_arena_block *b = arena->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	*arena = (struct cts_arena){0};
}
