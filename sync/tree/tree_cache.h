/*
 * Checked trees by name, kept in a bounded memory: the one way in which trees are read. A tree
 * comes from the pack that is being written, if there is one, or through a callback; the caller's
 * hold on it ends with cts_tree_done.
 *
 *	struct cts_tree_cache *cache = cts_tree_cache_open(cts_odb_read_tree, odb, 0);
 *	const struct cts_tree *tree;
 *	rc = cts_tree_get(&tree, cache, &oid);
 *	... tree->raw ...
 *	cts_tree_done(cache, tree);
 *	cts_tree_cache_free(cache);
 */
#ifndef CTS_SYNC_TREE_CACHE_H
#define CTS_SYNC_TREE_CACHE_H

#include <stdint.h>

#include "sync/tree/tree.h"

#define CTS_TREE_CACHE_BYTES (64 * 1024 * 1024)

struct cts_pack;
struct cts_tree_cache;

struct cts_tree {
	struct cts_oid oid;
	struct cts_slice raw;
	size_t count; /* entries */
	bool fanned;  /* the first entry is a directory */
};

/* Puts a tree in place of what `out` holds. @return CTS_ENOTFOUND, CTS_EINTEGRITY, ... */
typedef int cts_tree_read(void *context, struct cts_buf *out, const struct cts_oid *oid);

/* `bytes` 0: CTS_TREE_CACHE_BYTES. Trees on hold count, but are never let go. */
struct cts_tree_cache *cts_tree_cache_open(cts_tree_read *read, void *context, size_t bytes);
void cts_tree_cache_free(struct cts_tree_cache *cache);

/* Trees are looked for in this pack as well, until it is set to NULL; it must be set so, or to
 * another, before the pack is freed. */
void cts_tree_cache_set_pack(struct cts_tree_cache *cache, struct cts_pack *pack);

/* @return what the callback returns, CTS_EINTEGRITY from cts_tree_check */
int cts_tree_get(
	const struct cts_tree **out, struct cts_tree_cache *cache, const struct cts_oid *oid);
void cts_tree_done(struct cts_tree_cache *cache, const struct cts_tree *tree); /* NULL is allowed */

/* Keeps a copy of a tree that we made. */
void cts_tree_cache_put(struct cts_tree_cache *cache, const struct cts_oid *oid,
	struct cts_slice raw, size_t count);

/* Says that a tree will hardly be wanted again (a newer version took its place). */
void cts_tree_cache_fade(struct cts_tree_cache *cache, const struct cts_oid *oid);

#endif
