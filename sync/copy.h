/*
 * Copies the objects of a commit from one repository into a pack for another that has its parents: the
 * commit, and the trees and files that no parent has at the same place. Cost: the differences.
 */
#ifndef CTS_SYNC_COPY_H
#define CTS_SYNC_COPY_H

#include <stdbool.h>

#include "sync/commit.h"
#include "sync/pack/pack.h"
#include "sync/road.h"

struct cts_copying {
	struct cts_odb *source;
	struct cts_tree_cache *trees; /* over the source */
	struct cts_pack *pack;
};

/* A commit as it was read. */
struct cts_copied_commit {
	struct cts_oid oid;
	struct cts_slice bytes, stored; /* as cts_odb_read_stored has it */
	struct cts_oid tree;
};

/* `bases`: trees that the destination has with all that is in them, the first of which new trees are
 * deltas on; none: everything is copied that the pack's options do not say exists. @return CTS_ENOTFOUND,
 * CTS_EINTEGRITY: the source lacks or garbles an object */
int cts_copy_commit(struct cts_copying *copying, const struct cts_copied_commit *commit,
	const struct cts_oid *bases, size_t base_count);

#endif
