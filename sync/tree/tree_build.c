/*
 * The batch is an array in the order of the puts; at the end it is sorted by kind and hash, so that
 * at every depth the changes of one sub-directory lie together, and tree_update.c follows the
 * directories with that slice. Above the kinds there are two small trees, records/ and the root.
 */
#include "sync/tree/tree_build.h"

#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/tree/layout.h"
#include "sync/tree/tree_build_internal.h"

/* ---- the batch ---- */

struct cts_tree_build *cts_tree_build_open(struct cts_tree_cache *cache, struct cts_pack *pack)
{
	struct cts_tree_build *build = cts_malloc(sizeof(*build));

	memset(build, 0, sizeof(*build));
	build->cache = cache;
	build->pack = pack;
	cts_tree_cache_set_pack(cache, pack);
	return build;
}

static void clear(struct cts_tree_build *build)
{
	cts_buf_clear(&build->names);
	build->count = 0;
	build->kind_count = 0;
	build->file_count = 0;
}

void cts_tree_build_free(struct cts_tree_build *build)
{
	if (build == NULL)
		return;
	cts_tree_cache_set_pack(build->cache, NULL);
	cts_buf_release(&build->names);
	cts_buf_release(&build->raw);
	free(build->changes);
	free(build->kinds);
	free(build->edits);
	free(build);
}

static uint32_t kind_number(struct cts_tree_build *build, const char *kind)
{
	size_t i;

	for (i = build->kind_count; i > 0; i--) {
		if (strcmp(build->kinds[i - 1], kind) == 0)
			return (uint32_t)i - 1;
	}
	i = build->kind_count++;
	build->kinds = cts_realloc(build->kinds, build->kind_count * sizeof(*build->kinds));
	memcpy(build->kinds[i], kind, strlen(kind) + 1);
	return (uint32_t)i;
}

int cts_tree_build_put(
	struct cts_tree_build *build, const char *kind, const char *id, const struct cts_oid *blob)
{
	struct cts_build_change *change;

	if (!cts_kind_name_is_valid(kind) || !cts_id_is_valid(id))
		return cts_fail(CTS_EVALUE, "'%s/%s' cannot name a record", kind, id);
	if (build->count == build->capacity) {
		build->capacity = build->capacity == 0 ? 64 : build->capacity + build->capacity / 2;
		build->changes =
			cts_realloc(build->changes, build->capacity * sizeof(*build->changes));
	}
	change = &build->changes[build->count++];
	memset(change, 0, sizeof(*change));
	change->hash = cts_layout_hash(kind, id);
	change->name = build->names.size;
	change->kind = kind_number(build, kind) & 0x7fffffff;
	change->remove = blob == NULL;
	if (blob != NULL)
		change->blob = *blob;
	cts_buf_puts(&build->names, id);
	cts_buf_put(&build->names, CTS_LAYOUT_SUFFIX, sizeof(CTS_LAYOUT_SUFFIX)); /* with its NUL */
	return 0;
}

int cts_tree_build_file(struct cts_tree_build *build, const char *name, const struct cts_oid *blob)
{
	static const char *const names[CTS_BUILD_FILES_MAX] = {
		CTS_LAYOUT_FORMAT, CTS_LAYOUT_SCHEMA, CTS_LAYOUT_SCHEMA_JSON};
	struct cts_build_file *file = NULL;

	for (size_t i = 0; i < build->file_count; i++) {
		if (strcmp(build->files[i].name, name) == 0)
			file = &build->files[i];
	}
	for (size_t i = 0; file == NULL && i < CTS_BUILD_FILES_MAX; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		file = &build->files[build->file_count++];
		file->name = names[i];
	}
	if (file == NULL)
		return cts_fail(CTS_EVALUE, "'%s' is no file of the mirror", name);
	file->remove = blob == NULL;
	if (blob != NULL)
		file->blob = *blob;
	return 0;
}

int cts_build_compare(const struct cts_build_change *a, const struct cts_build_change *b,
	const struct cts_tree_build *build)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return strcmp(build->names.data + a->name, build->names.data + b->name);
}

int cts_build_compare_changes(const void *a, const void *b, void *context)
{
	const struct cts_build_change *x = a, *y = b;
	int order = cts_build_compare(x, y, context);

	return order != 0 ? order : (x->name > y->name) - (x->name < y->name);
}

/* By kind and hash, the last change of each record. */
static void sort_batch(struct cts_tree_build *build)
{
	struct cts_build_change *changes = build->changes;
	size_t kept = 0;

	if (build->count > 1)
		qsort_r(changes, build->count, sizeof(*changes), cts_build_compare_changes, build);
	for (size_t i = 0; i < build->count; i++) {
		if (kept > 0 && cts_build_compare(&changes[kept - 1], &changes[i], build) == 0)
			kept--;
		changes[kept++] = changes[i];
	}
	build->count = kept;
}

/* ---- trees ---- */

int cts_build_get(
	const struct cts_tree **out, struct cts_tree_build *build, const struct cts_oid *oid)
{
	int rc = cts_tree_get(out, build->cache, oid);

	if (rc == CTS_ENOTFOUND || rc == CTS_EINTEGRITY) {
		char hex[CTS_OID_HEX + 1];
		rc = cts_fail(CTS_EDAMAGED, "tree '%s' of the mirror is missing or damaged",
			cts_oid_format(hex, oid));
		cts_hint("ctsync rebuild");
	}
	return rc;
}

int cts_build_write(struct cts_oid *out, struct cts_tree_build *build, size_t count,
	const struct cts_tree *base)
{
	struct cts_slice raw = cts_buf_slice(&build->raw);
	struct cts_pack_base previous;
	int rc;

	if (count == 0) {
		memset(out, 0, sizeof(*out));
		return 0;
	}
	if (base != NULL && base->raw.size == raw.size &&
		memcmp(base->raw.data, raw.data, raw.size) == 0) {
		*out = base->oid;
		return 0;
	}
	if (base != NULL)
		previous = (struct cts_pack_base){base->oid, base->raw};
	rc = cts_pack_put(out, build->pack, CTS_OBJECT_TREE, raw.data, raw.size,
		base != NULL ? &previous : NULL);
	if (rc < 0)
		return rc;
	cts_tree_cache_put(build->cache, out, raw, count);
	if (base != NULL)
		cts_tree_cache_fade(build->cache, &base->oid);
	return 0;
}

/* The name of a sub-tree in a tree of the base: NULL when it has none. */
static int find_dir(const struct cts_oid **out, struct cts_tree_entry *entry,
	const struct cts_tree *tree, const char *name)
{
	*out = NULL;
	if (tree == NULL || !cts_tree_find(entry, tree->raw, name))
		return 0;
	if (!entry->is_dir)
		return cts_fail(CTS_EDAMAGED, "the mirror has a file '%s' for a directory", name);
	*out = &entry->oid;
	return 0;
}

static int compare_edits(const void *a, const void *b)
{
	const struct cts_tree_edit *x = a, *y = b;

	return cts_tree_compare(x->name, x->is_dir, y->name, y->is_dir);
}

static int splice(struct cts_oid *out, struct cts_tree_build *build, const struct cts_tree *base,
	struct cts_tree_edit *edits, size_t count)
{
	struct cts_slice raw = base != NULL ? base->raw : (struct cts_slice){"", 0};
	long entries = base != NULL ? (long)base->count : 0;

	qsort(edits, count, sizeof(*edits), compare_edits);
	cts_buf_clear(&build->raw);
	entries += cts_tree_splice(&build->raw, raw, edits, count);
	return cts_build_write(out, build, (size_t)entries, base);
}

/* The tree of all kinds with the batch in it; zero when no record is left. */
static int update_kinds(
	struct cts_oid *out, struct cts_tree_build *build, const struct cts_oid *base)
{
	struct cts_tree_edit *edits = cts_malloc(build->kind_count * sizeof(*edits));
	struct cts_oid *oids = cts_malloc(build->kind_count * sizeof(*oids));
	const struct cts_tree *tree = NULL;
	size_t done = 0, kinds = 0;
	int rc = 0;

	if (base != NULL)
		rc = cts_build_get(&tree, build, base);
	while (rc == 0 && done < build->count) {
		struct cts_build_dir dir = {.changes = build->changes + done};
		struct cts_tree_entry entry;
		const struct cts_oid *kind_base;
		uint32_t kind = dir.changes[0].kind;
		while (done < build->count && build->changes[done].kind == kind) {
			dir.count++;
			done++;
		}
		dir.kind = build->kinds[kind];
		rc = find_dir(&kind_base, &entry, tree, dir.kind);
		if (rc == 0)
			rc = cts_build_update(&oids[kinds], build, kind_base, dir);
		if (rc < 0)
			break;
		edits[kinds] = (struct cts_tree_edit){
			.name = dir.kind,
			.is_dir = true,
			.oid = cts_oid_is_zero(&oids[kinds]) ? NULL : &oids[kinds],
		};
		kinds++;
	}
	if (rc == 0)
		rc = splice(out, build, tree, edits, kinds);
	cts_tree_done(build->cache, tree);
	free(edits);
	free(oids);
	return rc;
}

static int update_root(
	struct cts_oid *out, struct cts_tree_build *build, const struct cts_oid *base)
{
	struct cts_tree_edit edits[CTS_BUILD_FILES_MAX + 1];
	const struct cts_tree *tree = NULL;
	const struct cts_oid *records;
	struct cts_tree_entry entry;
	struct cts_oid made;
	size_t count = 0;
	int rc = 0;

	if (base != NULL)
		rc = cts_build_get(&tree, build, base);
	if (rc < 0)
		goto out;
	for (size_t i = 0; i < build->file_count; i++) {
		const struct cts_build_file *file = &build->files[i];
		edits[count++] = (struct cts_tree_edit){
			.name = file->name, .oid = file->remove ? NULL : &file->blob};
	}
	if (build->count > 0) {
		rc = find_dir(&records, &entry, tree, CTS_LAYOUT_RECORDS);
		if (rc == 0)
			rc = update_kinds(&made, build, records);
		if (rc < 0)
			goto out;
		edits[count++] = (struct cts_tree_edit){
			.name = CTS_LAYOUT_RECORDS,
			.is_dir = true,
			.oid = cts_oid_is_zero(&made) ? NULL : &made,
		};
	}
	rc = splice(&made, build, tree, edits, count);
	/* only the root itself may be empty */
	if (rc == 0 && cts_oid_is_zero(&made))
		rc = cts_pack_put(&made, build->pack, CTS_OBJECT_TREE, "", 0, NULL);
	if (rc == 0)
		*out = made;
out:
	cts_tree_done(build->cache, tree);
	return rc;
}

int cts_tree_build_finish(
	struct cts_oid *out, struct cts_tree_build *build, const struct cts_oid *base)
{
	int rc;

	sort_batch(build);
	rc = update_root(out, build, base);
	clear(build);
	return rc;
}
