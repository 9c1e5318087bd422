/*
 * Several packs as one. What a new pack holds is all that the old ones hold, reachable or not, each
 * object once: a process may just have written it.
 *
 *	rc = cts_pack_set_open(&set, pack_dir, names, count);
 *	rc = cts_pack_open(&pack, pack_dir, NULL);
 *	rc = cts_repack_join(pack, set, progress);      or cts_repack_history
 *	rc = cts_pack_finish(name, pack);
 *
 * Errors: CTS_EDAMAGED, CTS_EIO, CTS_ENOSPACE.
 */
#ifndef CTS_SYNC_REPACK_H
#define CTS_SYNC_REPACK_H

#include "sync/pack/pack.h"
#include "sync/pack/pack_set.h"
#include "sync/sync.h"

/* Puts every object of `set` into `pack` as it is stored, without inflating it: the cost is that of
 * copying the packs. */
int cts_repack_join(
	struct cts_pack *pack, struct cts_pack_set *set, const struct cts_progress *progress);

/* The same, with trees and records as deltas on their previous versions along the history,
 * whichever pack these are in. */
int cts_repack_history(
	struct cts_pack *pack, struct cts_pack_set *set, const struct cts_progress *progress);

#endif
