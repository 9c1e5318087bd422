/*
 * The mirror's packs, kept few. Every seal and every pull leaves a pack; libgit2 looks through all
 * of them for each object, so many of them make everything slow.
 *
 * A new pack is whole, synced and in place before the packs that it was made of are taken away;
 * only the holder of the mirror's lock takes packs away, and only while nobody fetches into a
 * quarantine that reads them. A process that has them open goes on reading; one that knows of them
 * and opens them later finds the new one when it looks again (odb.h).
 */
#ifndef CTS_SYNC_COMPACT_H
#define CTS_SYNC_COMPACT_H

#include "sync/pack/pack_dir.h"
#include "sync/road.h"

#define CTS_PACKS_MAX 20 /* more are joined */

/* Which of `packs` (in any order; sorted by number of objects, fewest first) are to be joined: the
 * first of them, as many as it takes for every pack that stays to have at least twice the objects
 * of all smaller ones together. 0: none. */
size_t cts_compact_choose(struct cts_pack_file *packs, size_t count);

/* Joins packs if there are more than CTS_PACKS_MAX and nobody is at work with them; the mirror's
 * lock is not held. Nothing that goes wrong here is a failure of what was done before: it is passed
 * over, and tried again the next time. */
void cts_compact_if_many(struct cts_road *road);

#endif
