/*
 * What the parts of the pack writer share: pack.c adds, pack_read.c reads back, pack_finish.c ends.
 */
#ifndef CTS_SYNC_PACK_INTERNAL_H
#define CTS_SYNC_PACK_INTERNAL_H

#include <zlib.h>

#include "sync/pack/pack.h"
#include "sync/pack/pack_entry.h"
#include "sync/pack/pack_index.h"

enum { CTS_PACK_FLUSH_AT = 1024 * 1024 };

struct cts_pack {
	struct cts_pack_options options;
	struct cts_pack_index index;
	struct cts_buf tail;  /* what is not yet in the file */
	struct cts_buf delta; /* scratch */
	uint64_t flushed;     /* bytes of the pack in the file */
	uint64_t start;       /* where the pack begins in the file */
	z_stream deflater, inflater;
	bool inflater_ready;
	uint32_t streak; /* files that were put whole, one after the other */
	struct cts_pack_gathering *gathering; /* pack_deflate.h; NULL: not begun */
	bool has_waiting; /* something is gathered and not yet in its place */
	int fd;                     /* -1: in memory */
	char *dir;                  /* of cts_pack_open, else NULL */
	char *pack_path, *idx_path; /* temporary names, while there are such files */
};

/* Gives everything that was gathered its place; before anything else is added, read or ended. */
int cts_pack_drain(struct cts_pack *pack);

/* Puts deflated data behind all others, as the object of that entry of the index. */
int cts_pack_place(struct cts_pack *pack, uint32_t entry, unsigned type, size_t size,
	struct cts_slice deflated);

/* Ends an entry whose bytes stand in the tail from `start` on. */
int cts_pack_end_entry(struct cts_pack *pack, struct cts_pack_entry *entry, size_t start);

/* Appends the tail to the file. */
int cts_pack_flush(struct cts_pack *pack);

/* Writes at an offset of the pack. */
int cts_pack_write_at(const struct cts_pack *pack, const void *data, size_t size, uint64_t offset);

/* Reads from the file at an offset of the pack, which must have that much there. */
int cts_pack_read_at(const struct cts_pack *pack, void *out, size_t size, uint64_t offset);

/* "<dir>/<name>", to be freed; a new file for it with the template's XXXXXX replaced. git and
 * `git gc` know names that begin with tmp_ as what dead processes left. */
char *cts_pack_path(const char *dir, const char *name);
int cts_pack_make_temporary(int *fd, char **path, const char *dir, const char *template);
void cts_pack_remove_temporary(char **path);

#endif
