/*
 * What the two halves of tree building share: tree_build.c keeps the batch and the top of the tree,
 * tree_update.c changes the directories of one kind.
 */
#ifndef CTS_SYNC_TREE_BUILD_INTERNAL_H
#define CTS_SYNC_TREE_BUILD_INTERNAL_H

#include "proto/id.h"
#include "sync/tree/tree_build.h"

#define CTS_BUILD_FILES_MAX 3

struct cts_build_change {
	uint64_t hash;
	size_t name; /* of the file, in build->names; a later change has a greater one */
	uint32_t kind : 31;
	uint32_t remove : 1;
	struct cts_oid blob;
};

struct cts_build_file {
	const char *name;
	bool remove;
	struct cts_oid blob;
};

struct cts_tree_build {
	struct cts_tree_cache *cache;
	struct cts_pack *pack;
	struct cts_buf names;
	struct cts_build_change *changes;
	size_t count, capacity;
	char (*kinds)[CTS_KIND_MAX + 1]; /* by change.kind */
	size_t kind_count;
	struct cts_build_file files[CTS_BUILD_FILES_MAX];
	size_t file_count;
	struct cts_tree_edit *edits; /* scratch */
	size_t edit_capacity;
	struct cts_buf raw; /* scratch: a tree between making and writing it */
};

/* A directory at work: the slice of the batch that lies below it. */
struct cts_build_dir {
	const char *kind;
	size_t depth;
	struct cts_build_change *changes; /* by hash */
	size_t count;
};

/* By kind, hash and name; the second, for qsort_r with the build, by time of the put as well. */
int cts_build_compare(const struct cts_build_change *a, const struct cts_build_change *b,
	const struct cts_tree_build *build);
int cts_build_compare_changes(const void *a, const void *b, void *build);

/* A tree of the base, which is to be there. @return CTS_EDAMAGED */
int cts_build_get(
	const struct cts_tree **out, struct cts_tree_build *build, const struct cts_oid *oid);

/* Writes build->raw, of `count` entries, unless it is the base itself; no entries give the zero
 * name. */
int cts_build_write(struct cts_oid *out, struct cts_tree_build *build, size_t count,
	const struct cts_tree *base);

/* The new version of a directory below a kind (`base` NULL: it is new); zero when nothing is left.
 */
int cts_build_update(struct cts_oid *out, struct cts_tree_build *build, const struct cts_oid *base,
	struct cts_build_dir dir);

#endif
