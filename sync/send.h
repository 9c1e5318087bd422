/*
 * What to send to a receiver, be it a remote or a bundle: the commits of one past that it lacks, and the
 * pack of their objects. What the receiver has is a past of ours too, so everything that stands in the
 * trees of those commits is there and need not be sent; in a thin pack, deltas may build on it.
 *
 *	rc = cts_send_list(&list, &count, txn, &has, &wanted, &arena);
 *	rc = cts_send_commits(road, pack, list, count, progress);
 *	... cts_pack_finish_...(pack)
 */
#ifndef CTS_SYNC_SEND_H
#define CTS_SYNC_SEND_H

#include "sync/pack/pack.h"
#include "sync/road.h"

struct cts_sending {
	struct cts_oid oid;
	uint64_t arrival;
};

/* The commits of `wanted` that are not of `has`, ancestors first; in the arena. */
int cts_send_list(struct cts_sending **out, size_t *count, struct cts_txn *txn,
	const struct cts_vector *has, const struct cts_vector *wanted, struct cts_arena *arena);

/* Puts them with their trees and files into a pack. Parents are sent before, or the receiver has them.
 * A view commit may stand at the end. `progress` may be NULL. @return CTS_EDAMAGED: the mirror lacks one */
int cts_send_commits(struct cts_road *road, struct cts_pack *pack, const struct cts_sending *list,
	size_t count, const struct cts_progress *progress);

#endif
