/*
 * The next commit's tree: a base tree with a batch of records put and removed. Only the directories
 * on the way to a change are read and written, each as a delta on its previous version; fan-out
 * follows (layout.h). One object serves many commits; it ends with cts_tree_build_free.
 *
 *	struct cts_tree_build *build = cts_tree_build_open(cache, pack);
 *	rc = cts_tree_build_put(build, "milestone", "x", &blob);
 *	rc = cts_tree_build_finish(&root, build, &parent_root);
 *	... the next commit's changes, on &root ...
 *	cts_tree_build_free(build);
 *
 * A batch may be as large as a store: it takes 40 bytes and the id's length a record, is put in
 * order by hash, and then each directory is written once. Nothing is written that the new tree does
 * not name.
 */
#ifndef CTS_SYNC_TREE_BUILD_H
#define CTS_SYNC_TREE_BUILD_H

#include "sync/pack/pack.h"
#include "sync/tree/tree_cache.h"

struct cts_tree_build;

/* Trees written go to `pack`, which the cache is told of until the build is freed. Both outlive it.
 */
struct cts_tree_build *cts_tree_build_open(struct cts_tree_cache *cache, struct cts_pack *pack);
void cts_tree_build_free(struct cts_tree_build *build);

/* Puts a record's file, or removes it (`blob` NULL; nothing happens where there is none). Of
 * several for one record the last counts. @return CTS_EVALUE for a kind or id that is none */
int cts_tree_build_put(
	struct cts_tree_build *build, const char *kind, const char *id, const struct cts_oid *blob);

/* The same for a file beside records/, one of those in layout.h. @return CTS_EVALUE */
int cts_tree_build_file(struct cts_tree_build *build, const char *name, const struct cts_oid *blob);

/* Writes the trees and empties the batch. `base` is a root tree made by these rules, or NULL. With
 * nothing changed, the result is `base`. @return CTS_EDAMAGED when a tree of the base is missing or
 * is not what the rules make */
int cts_tree_build_finish(
	struct cts_oid *out, struct cts_tree_build *build, const struct cts_oid *base);

#endif
