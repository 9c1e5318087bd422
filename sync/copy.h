/*
 * Copies the objects of a commit from one repository into a pack for another that has its parents: the
 * commit, the trees that differ from its first parent's, and the files in them. Cost: the differences.
 */
#ifndef CTS_SYNC_COPY_H
#define CTS_SYNC_COPY_H

#include "sync/pack.h"
#include "sync/road.h"

struct cts_copying {
	struct cts_odb *source;
	struct cts_tree_cache *trees; /* over the source */
	struct cts_pack *pack;
};

/* `parent_tree` zero: everything that the pack's options do not say exists. `bytes` is the commit object.
 * @return CTS_ENOTFOUND, CTS_EINTEGRITY: the source lacks or garbles an object */
int cts_copy_commit(struct cts_copying *copying, struct cts_slice bytes,
	const struct cts_oid *tree, const struct cts_oid *parent_tree);

#endif
