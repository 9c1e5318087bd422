/*
 * Deflating for the pack writer, on every processor there is: the greater part of making a pack of a million
 * files. Objects are gathered in batches, batches deflated by whoever is free, this thread included, and
 * written in their order; so the pack is the same as without.
 *
 * An object that waits is in the pack's index without a place yet. Whatever needs places calls cts_pack_drain
 * first.
 */
#ifndef CTS_SYNC_PACK_DEFLATE_H
#define CTS_SYNC_PACK_DEFLATE_H

#include "sync/pack/pack_internal.h"

enum { CTS_PACK_STREAK_MIN = 64 }; /* whole objects in a row, before it is worth gathering more */

/* Takes a whole object over. @return as cts_pack_put */
int cts_pack_gather(
	struct cts_pack *pack, const struct cts_oid *oid, unsigned type, struct cts_slice data);

/* Ends the threads; what waits is dropped. */
void cts_pack_gather_free(struct cts_pack *pack);

#endif
