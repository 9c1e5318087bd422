/*
 * Which object is a new version of which: what a commit's tree has where its first parent's tree
 * has something else. Found by walking all commits of a pack set, ancestors first, and both trees
 * of each side by side; equal ids are not looked at, so the walk costs what the changes cost.
 */
#ifndef CTS_SYNC_REPACK_PLAN_H
#define CTS_SYNC_REPACK_PLAN_H

#include "sync/pack/pack_set.h"
#include "sync/sync.h"

struct cts_repack_plan {
	uint32_t *before; /* by item: its previous version, which stands before it in `order` or has
			     none itself; CTS_PACK_ITEM_NONE. A commit has none */
	uint32_t *commits; /* every commit, ancestors first */
	size_t commit_count;
	uint32_t *order; /* trees and blobs that have a previous version, oldest first */
	size_t order_count;
};

/* The types of the set are learnt. What cannot be followed (a missing tree, one of a form that no
 * store makes) is left without versions. */
int cts_repack_plan(
	struct cts_repack_plan *out, struct cts_pack_set *set, const struct cts_progress *progress);
void cts_repack_plan_release(struct cts_repack_plan *plan);

#endif
