/*
 * What differs between two trees of the mirror, by record: sub-trees with equal ids are not even
 * read, so the cost is that of the differences. A record that only moved, because a directory
 * crossed the bound of the fan-out, is no difference.
 *
 * The newer side may be anyone's, and is held to every rule of layout.h as far as it differs from
 * the older one: names, modes, order, hashes, form and size of the directories. So a tree is wholly
 * sound when it was compared with NULL, or with a sound one.
 */
#ifndef CTS_SYNC_TREE_DIFF_H
#define CTS_SYNC_TREE_DIFF_H

#include "sync/tree/tree_cache.h"

struct cts_tree_visit {
	void *context;
	/* A record's file: NULL for the side on which there is none. Records of one kind come
	 * together, in no particular order. A negative result ends the walk and is its result. */
	int (*record)(void *context, const char *kind, const char *id, const struct cts_oid *before,
		const struct cts_oid *after);
	/* A file beside records/ (cts_layout_is_top_file); these come before all records. */
	int (*file)(void *context, const char *name, const struct cts_oid *before,
		const struct cts_oid *after);
};

/* Either root may be NULL for none. Callbacks that were made before a failure stay made: what they
 * gathered is to be dropped.
 * @return CTS_EINTEGRITY, naming the path (also for a missing tree of the newer side); CTS_EDAMAGED
 * for a missing tree of the older one */
int cts_tree_diff(struct cts_tree_cache *cache, const struct cts_oid *before,
	const struct cts_oid *after, const struct cts_tree_visit *visit);

#endif
