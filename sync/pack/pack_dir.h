/*
 * The packs in a folder of git's: what there is, and taking some away when another holds what they
 * hold.
 *
 *	rc = cts_pack_dir_list(&packs, &count, &arena, ".ctsync/mirror.git/objects/pack");
 *	...
 *	rc = cts_pack_dir_remove(".ctsync/mirror.git/objects/pack", packs[0].name);
 */
#ifndef CTS_SYNC_PACK_DIR_H
#define CTS_SYNC_PACK_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/arena.h"

struct cts_pack_file {
	const char *name; /* "pack-3f...", without end */
	uint32_t objects;
	uint64_t bytes;  /* of pack and idx */
	int64_t time_ns; /* when it was written */
	bool is_kept;    /* somebody marked it as not to be touched (.keep) */
};

/* Every pack with an idx, oldest first. In `arena`. What vanishes meanwhile is left out.
 * @return CTS_EIO */
int cts_pack_dir_list(
	struct cts_pack_file **out, size_t *count, struct cts_arena *arena, const char *pack_dir);

/* Whether there are more than `limit`, but those to be kept; the cheap test. */
bool cts_pack_dir_has_more(const char *pack_dir, size_t limit);

/* Takes a pack away: its idx first, so that nobody finds an idx without its pack. Whoever has the
 * files open goes on reading them. @return CTS_EIO */
int cts_pack_dir_remove(const char *pack_dir, const char *name);

/* An index over several packs that git may have made is of no use once one of them is gone, and
 * must go before. @return CTS_EIO */
int cts_pack_dir_remove_multi_index(const char *pack_dir);

/* Removes packs without an idx that are older than ten minutes: what a crash left between the two.
 */
void cts_pack_dir_sweep(const char *pack_dir);

/* Moves a finished pack into another folder of the same file system, and syncs both. */
int cts_pack_dir_move(const char *from_dir, const char *to_dir, const char *name);

#endif
