/*
 * The directories of one kind: the recursion follows the slice of the batch that lies below each.
 *
 *	cts_build_update   none .................... list of records, anew      write_list
 *	                   flat, few changes ....... splice the entries
 *	                   flat, outgrown .......... list of records, anew      update_list
 *	                   fanned, shrunk .......... list of records, anew      update_list
 *	                   fanned .................. each sub-directory         update_fanned
 *
 * Whether a fanned directory shrinks to the bound is found out before anything below it is written,
 * counting only until the bound is passed, so no tree is written that the result does not name.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/tree/layout.h"
#include "sync/tree/tree_build_internal.h"

struct list {
	struct cts_build_change *items;
	size_t count;
};

static int compare_edits(const void *a, const void *b)
{
	const struct cts_tree_edit *x = a, *y = b;

	return cts_tree_compare(x->name, x->is_dir, y->name, y->is_dir);
}

/* Puts `raw` with the directory's changes into build->raw; returns the number of entries then. */
static size_t splice_records(
	struct cts_tree_build *build, const struct cts_tree *base, const struct cts_build_dir *dir)
{
	struct cts_slice raw = base != NULL ? base->raw : (struct cts_slice){"", 0};
	size_t count = base != NULL ? base->count : 0;

	if (build->edit_capacity < dir->count) {
		build->edit_capacity = dir->count;
		build->edits =
			cts_realloc(build->edits, build->edit_capacity * sizeof(*build->edits));
	}
	for (size_t i = 0; i < dir->count; i++) {
		const struct cts_build_change *change = &dir->changes[i];
		build->edits[i] = (struct cts_tree_edit){
			.name = build->names.data + change->name,
			.oid = change->remove ? NULL : &change->blob,
		};
	}
	if (dir->count > 1)
		qsort(build->edits, dir->count, sizeof(*build->edits), compare_edits);
	cts_buf_clear(&build->raw);
	return (size_t)((long)count + cts_tree_splice(&build->raw, raw, build->edits, dir->count));
}

/* The changes of `dir` that lie in the sub-directory of its first change; takes them off `dir`. */
static struct cts_build_dir take_child(uint8_t *byte, struct cts_build_dir *dir)
{
	struct cts_build_dir child = {
		.kind = dir->kind, .depth = dir->depth + 1, .changes = dir->changes};

	*byte = cts_layout_byte(dir->changes[0].hash, dir->depth);
	while (dir->count > 0 && cts_layout_byte(dir->changes[0].hash, dir->depth) == *byte) {
		dir->changes++;
		dir->count--;
		child.count++;
	}
	return child;
}

static bool fits_flat(size_t count, size_t depth)
{
	return count <= CTS_LAYOUT_FLAT_MAX || depth == CTS_LAYOUT_DEPTH_MAX;
}

static int update_fanned(struct cts_oid *out, struct cts_tree_build *build,
	const struct cts_tree *base, struct cts_build_dir dir)
{
	struct child {
		char name[3];
		struct cts_oid oid;
	} children[256];
	struct cts_tree_edit edits[256];
	size_t count = 0;
	long change;
	int rc;

	while (dir.count > 0) {
		struct child *child = &children[count];
		struct cts_tree_entry entry;
		uint8_t byte;
		struct cts_build_dir below = take_child(&byte, &dir);
		bool known;
		cts_layout_dir_format(child->name, byte);
		known = base != NULL && cts_tree_find(&entry, base->raw, child->name);
		rc = cts_build_update(&child->oid, build, known ? &entry.oid : NULL, below);
		if (rc < 0)
			return rc;
		edits[count] = (struct cts_tree_edit){
			.name = child->name,
			.is_dir = true,
			.oid = cts_oid_is_zero(&child->oid) ? NULL : &child->oid,
		};
		count++;
	}
	cts_buf_clear(&build->raw);
	change = cts_tree_splice(
		&build->raw, base != NULL ? base->raw : (struct cts_slice){"", 0}, edits, count);
	return cts_build_write(
		out, build, (size_t)((long)(base != NULL ? base->count : 0) + change), base);
}

/* A directory out of nothing but the puts of `dir`, on an earlier version where there was one. */
static int write_list(struct cts_oid *out, struct cts_tree_build *build,
	const struct cts_tree *base, struct cts_build_dir dir)
{
	size_t kept = 0;

	for (size_t i = 0; i < dir.count; i++) {
		if (!dir.changes[i].remove)
			dir.changes[kept++] = dir.changes[i];
	}
	dir.count = kept;
	if (fits_flat(dir.count, dir.depth))
		return cts_build_write(out, build, splice_records(build, NULL, &dir), base);
	return update_fanned(out, build, NULL, dir);
}

/* Appends the records at and below a directory of the base. */
static int gather(struct list *list, struct cts_tree_build *build, const struct cts_tree *tree,
	const struct cts_build_dir *dir, size_t depth)
{
	struct cts_slice rest = tree->raw;
	struct cts_tree_entry entry;
	int rc = 0;

	list->items = cts_realloc(list->items, (list->count + tree->count) * sizeof(*list->items));
	while (rc == 0 && cts_tree_next(&entry, &rest)) {
		char id[CTS_ID_MAX + 1];
		struct cts_build_change *item;
		if (entry.is_dir && depth < CTS_LAYOUT_DEPTH_MAX) {
			const struct cts_tree *child = NULL;
			rc = cts_build_get(&child, build, &entry.oid);
			if (rc == 0)
				rc = gather(list, build, child, dir, depth + 1);
			cts_tree_done(build->cache, child);
			continue;
		}
		if (entry.is_dir || !cts_layout_name_parse(id, entry.name))
			return cts_fail(CTS_EDAMAGED, "the mirror has a tree with wrong entries");
		item = &list->items[list->count++];
		memset(item, 0, sizeof(*item));
		item->hash = cts_layout_hash(dir->kind, id);
		item->name = build->names.size;
		item->blob = entry.oid;
		cts_buf_put(&build->names, entry.name, entry.name_size + 1);
	}
	return rc;
}

/* Makes the directory anew out of its records and the changes: it changes its form. */
static int update_list(struct cts_oid *out, struct cts_tree_build *build,
	const struct cts_tree *base, struct cts_build_dir dir)
{
	struct list list = {0}, all = {0};
	size_t i = 0, j = 0;
	int rc;

	rc = gather(&list, build, base, &dir, dir.depth);
	if (rc < 0)
		goto out;
	for (i = 0; i < list.count; i++)
		list.items[i].kind = dir.changes[0].kind;
	qsort_r(list.items, list.count, sizeof(*list.items), cts_build_compare_changes, build);
	all.items = cts_malloc((list.count + dir.count) * sizeof(*all.items));
	for (i = 0; i < list.count || j < dir.count;) {
		int order;
		if (i == list.count)
			order = 1;
		else if (j == dir.count)
			order = -1;
		else
			order = cts_build_compare(&list.items[i], &dir.changes[j], build);
		all.items[all.count++] = order < 0 ? list.items[i] : dir.changes[j];
		i += order <= 0;
		j += order >= 0;
	}
	dir.changes = all.items;
	dir.count = all.count;
	rc = write_list(out, build, base, dir);
out:
	free(list.items);
	free(all.items);
	return rc;
}

static size_t count_puts(const struct cts_build_dir *dir)
{
	size_t count = 0;

	for (size_t i = 0; i < dir->count; i++)
		count += !dir->changes[i].remove;
	return count;
}

/* Adds to `count` the records that there will be at and below a directory; once the bound is passed
 * it may stop. */
static int count_after(size_t *count, struct cts_tree_build *build, const struct cts_oid *base,
	struct cts_build_dir dir)
{
	const struct cts_build_dir unchanged = {.kind = dir.kind, .depth = dir.depth + 1};
	const struct cts_tree *tree;
	struct cts_tree_entry entry;
	struct cts_slice rest;
	bool counted[256] = {false};
	int rc;

	if (base == NULL) {
		*count += count_puts(&dir);
		return 0;
	}
	rc = cts_build_get(&tree, build, base);
	if (rc < 0)
		return rc;
	if (!tree->fanned) {
		*count += dir.count == 0 ? tree->count : splice_records(build, tree, &dir);
		goto out;
	}
	if (dir.count == 0 || dir.depth == CTS_LAYOUT_DEPTH_MAX) {
		*count += CTS_LAYOUT_FLAT_MAX + 1; /* it would not be fanned otherwise */
		goto out;
	}
	while (dir.count > 0 && *count <= CTS_LAYOUT_FLAT_MAX) {
		uint8_t byte;
		char name[3];
		struct cts_build_dir child = take_child(&byte, &dir);
		cts_layout_dir_format(name, byte);
		counted[byte] = true;
		rc = count_after(count, build,
			cts_tree_find(&entry, tree->raw, name) ? &entry.oid : NULL, child);
		if (rc < 0)
			goto out;
	}
	rest = tree->raw;
	while (*count <= CTS_LAYOUT_FLAT_MAX && cts_tree_next(&entry, &rest)) {
		int byte = cts_layout_dir_parse(entry.name);
		if (byte >= 0 && counted[byte])
			continue;
		rc = count_after(count, build, &entry.oid, unchanged);
		if (rc < 0)
			goto out;
	}
out:
	cts_tree_done(build->cache, tree);
	return rc;
}

/* Whether a fanned directory will have few enough records to be flat. Only removals can do
 * that. */
static int shrinks(bool *out, struct cts_tree_build *build, const struct cts_oid *base,
	const struct cts_build_dir *dir)
{
	size_t count = 0;
	int rc;

	*out = false;
	if (count_puts(dir) == dir->count)
		return 0;
	rc = count_after(&count, build, base, *dir);
	if (rc == 0)
		*out = count <= CTS_LAYOUT_FLAT_MAX;
	return rc;
}

int cts_build_update(struct cts_oid *out, struct cts_tree_build *build, const struct cts_oid *base,
	struct cts_build_dir dir)
{
	const struct cts_tree *tree = NULL;
	bool anew;
	int rc;

	if (base == NULL)
		return write_list(out, build, NULL, dir);
	rc = cts_build_get(&tree, build, base);
	if (rc < 0)
		return rc;
	if (tree->fanned && dir.depth == CTS_LAYOUT_DEPTH_MAX) {
		rc = cts_fail(CTS_EDAMAGED, "the mirror has too many directories below each other");
		goto out;
	}
	if (tree->fanned) {
		rc = shrinks(&anew, build, base, &dir);
		if (rc == 0)
			rc = anew ? update_list(out, build, tree, dir)
				  : update_fanned(out, build, tree, dir);
		goto out;
	}
	if (dir.count <= CTS_LAYOUT_FLAT_MAX) {
		size_t count = splice_records(build, tree, &dir);
		if (fits_flat(count, dir.depth)) {
			rc = cts_build_write(out, build, count, tree);
			goto out;
		}
	}
	rc = update_list(out, build, tree, dir);
out:
	cts_tree_done(build->cache, tree);
	return rc;
}
