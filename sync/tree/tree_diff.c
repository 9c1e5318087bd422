/*
 * Two directories of one kind at one depth are compared as two sides, each a tree, a list of
 * records, or nothing. Two flat ones are merged by name. Where one is fanned and the other flat,
 * the flat one becomes a list, is divided by the next byte of the hashes, and goes down with the
 * sub-directories: so records meet whatever the forms are.
 *
 * Entries that are the same on both sides at the same place are taken as sound, by induction from
 * the older side; every other entry of the newer side is checked where it is met.
 */
#include "sync/tree/tree_diff.h"

#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "proto/id.h"
#include "sync/tree/layout.h"

struct item {
	uint64_t hash;
	const char *name; /* of the file, in a tree on hold */
	struct cts_oid blob;
};

struct side {
	const struct cts_oid *oid; /* a tree; NULL: the list */
	struct item *items;        /* by hash */
	size_t count;
};

static const struct side nothing;

struct walk {
	struct cts_tree_cache *cache;
	const struct cts_tree_visit *visit;
	const char *where;                  /* "" for the root, else "records" */
	const char *kind;                   /* NULL above the kinds */
	uint8_t path[CTS_LAYOUT_DEPTH_MAX]; /* the bytes that name the directory at hand */
	size_t depth;
	long change; /* records added less records removed, so far */
};

static int diff_dir(struct walk *walk, struct side before, struct side after);

/* ---- reading, with failures that name the place ---- */

/* The path of the directory at hand, or of an entry in it. */
static const char *show_path(
	char out[CTS_LAYOUT_SHOWN_MAX], const struct walk *walk, const char *name)
{
	struct cts_buf path = {0};

	cts_buf_puts(&path, walk->where);
	if (walk->kind != NULL)
		cts_buf_printf(&path, "/%s", walk->kind);
	for (size_t i = 0; i < walk->depth; i++)
		cts_buf_printf(&path, "/%02x", walk->path[i]);
	if (name != NULL)
		cts_buf_printf(&path, "%s%s", path.size > 0 ? "/" : "", name);
	cts_layout_show(out, path.size > 0 ? cts_buf_text(&path) : "/");
	cts_buf_release(&path);
	return out;
}

static int fail_at(const struct walk *walk, const char *name, const char *what)
{
	char shown[CTS_LAYOUT_SHOWN_MAX];

	return cts_fail(CTS_EINTEGRITY, "'%s' %s", show_path(shown, walk, name), what);
}

static int fail_before(const struct walk *walk)
{
	char shown[CTS_LAYOUT_SHOWN_MAX];

	return cts_fail(CTS_EDAMAGED, "the mirror's tree at '%s' is missing or damaged",
		show_path(shown, walk, NULL));
}

static int get_before(
	const struct cts_tree **out, const struct walk *walk, const struct cts_oid *oid)
{
	int rc = cts_tree_get(out, walk->cache, oid);

	return rc == CTS_ENOTFOUND || rc == CTS_EINTEGRITY ? fail_before(walk) : rc;
}

static int get_after(
	const struct cts_tree **out, const struct walk *walk, const struct cts_oid *oid)
{
	const struct cts_tree *tree;
	char shown[CTS_LAYOUT_SHOWN_MAX];
	int rc = cts_tree_get(&tree, walk->cache, oid);

	if (rc == CTS_ENOTFOUND)
		return fail_at(walk, NULL, "is named by a tree, but its object is missing");
	if (rc == CTS_EINTEGRITY)
		cts_fail_where("'%s'", show_path(shown, walk, NULL));
	if (rc < 0)
		return rc;
	if (tree->count == 0) {
		cts_tree_done(walk->cache, tree);
		return fail_at(walk, NULL, "is a directory without entries");
	}
	*out = tree;
	return 0;
}

/* A record's file in the directory at hand: its id and hash, everything checked. */
static int check_file(char id[CTS_ID_MAX + 1], uint64_t *hash, const struct walk *walk,
	const struct cts_tree_entry *entry)
{
	if (entry->is_dir)
		return fail_at(walk, entry->name, "is a directory where a record's file belongs");
	if (!cts_layout_name_parse(id, entry->name))
		return fail_at(walk, entry->name, "is not named as a record's file is");
	*hash = cts_layout_hash(walk->kind, id);
	for (size_t i = 0; i < walk->depth; i++) {
		if (cts_layout_byte(*hash, i) != walk->path[i])
			return fail_at(
				walk, entry->name, "does not lie where its name's hash says");
	}
	return 0;
}

static int check_flat_size(const struct walk *walk, const struct cts_tree *tree)
{
	if (tree->count <= CTS_LAYOUT_FLAT_MAX || walk->depth == CTS_LAYOUT_DEPTH_MAX)
		return 0;
	return fail_at(walk, NULL, "holds more records than a directory may");
}

/* ---- flat against flat ---- */

/* Entries in order of name, from a flat tree or a list. */
struct cursor {
	const struct cts_tree *tree; /* NULL: the list */
	struct cts_slice rest;
	struct side list;
	struct cts_tree_entry entry;
	bool has;
};

static void advance(struct cursor *cursor)
{
	if (cursor->tree != NULL) {
		cursor->has = cts_tree_next(&cursor->entry, &cursor->rest);
		return;
	}
	cursor->has = cursor->list.count > 0;
	if (cursor->has) {
		cursor->entry = (struct cts_tree_entry){
			.name = cursor->list.items[0].name, .oid = cursor->list.items[0].blob};
		cursor->list.items++;
		cursor->list.count--;
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

static struct cursor start_cursor(const struct cts_tree *tree, struct side list)
{
	struct cursor cursor = {.tree = tree, .list = list};

	if (tree != NULL)
		cursor.rest = tree->raw;
	else if (list.count > 1)
		qsort(list.items, list.count, sizeof(*list.items), compare_names);
	advance(&cursor);
	return cursor;
}

/* Reports one record; `before` or `after` is NULL where there is none. */
static int report(struct walk *walk, const struct cts_tree_entry *before,
	const struct cts_tree_entry *after, bool after_is_checked)
{
	char id[CTS_ID_MAX + 1];
	uint64_t hash;
	int rc;

	if (after != NULL && !after_is_checked) {
		rc = check_file(id, &hash, walk, after);
		if (rc < 0)
			return rc;
	} else if (!cts_layout_name_parse(id, (after != NULL ? after : before)->name)) {
		return fail_before(walk);
	}
	walk->change += (after != NULL) - (before != NULL);
	return walk->visit->record(walk->visit->context, walk->kind, id,
		before != NULL ? &before->oid : NULL, after != NULL ? &after->oid : NULL);
}

static int diff_flat(struct walk *walk, struct side before, const struct cts_tree *before_tree,
	struct side after, const struct cts_tree *after_tree)
{
	struct cursor old = start_cursor(before_tree, before);
	struct cursor new = start_cursor(after_tree, after);
	int rc = after_tree != NULL ? check_flat_size(walk, after_tree) : 0;

	while (rc >= 0 && (old.has || new.has)) {
		int order = !new.has ? -1 : !old.has ? 1 : strcmp(old.entry.name, new.entry.name);
		/* a file turned directory with the same id would pass as the same */
		if (new.has && new.entry.is_dir)
			return fail_at(walk, new.entry.name,
				"is a directory where a record's file belongs");
		if (order != 0 || !cts_oid_equal(&old.entry.oid, &new.entry.oid))
			rc = report(walk, order <= 0 ? &old.entry : NULL,
				order >= 0 ? &new.entry : NULL, after_tree == NULL);
		if (order <= 0)
			advance(&old);
		if (order >= 0)
			advance(&new);
	}
	return rc;
}

/* ---- where at least one side is fanned ---- */

/* One side by the next byte. */
struct children {
	struct side sides[256];
	struct cts_oid oids[256];
	struct item *items; /* owned: a flat tree as a list */
};

static int compare_hashes(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static int list_flat(struct children *children, struct side *list, const struct walk *walk,
	const struct cts_tree *tree, bool is_after)
{
	struct cts_slice rest = tree->raw;
	struct cts_tree_entry entry;
	char id[CTS_ID_MAX + 1];
	size_t count = 0;
	int rc = is_after ? check_flat_size(walk, tree) : 0;

	if (rc < 0)
		return rc;
	children->items = cts_malloc(tree->count * sizeof(*children->items));
	while (cts_tree_next(&entry, &rest)) {
		struct item *item = &children->items[count++];
		rc = check_file(id, &item->hash, walk, &entry);
		if (rc < 0)
			return is_after ? rc : fail_before(walk);
		item->name = entry.name;
		item->blob = entry.oid;
	}
	qsort(children->items, count, sizeof(*children->items), compare_hashes);
	*list = (struct side){.items = children->items, .count = count};
	return 0;
}

static int list_fanned(struct children *children, const struct walk *walk,
	const struct cts_tree *tree, bool is_after)
{
	struct cts_slice rest = tree->raw;
	struct cts_tree_entry entry;

	while (cts_tree_next(&entry, &rest)) {
		int byte = cts_layout_dir_parse(entry.name);
		if (byte < 0 || !entry.is_dir) {
			if (!is_after)
				return fail_before(walk);
			return fail_at(walk, entry.name,
				"lies among directories named by two digits of a hash");
		}
		children->oids[byte] = entry.oid;
		children->sides[byte].oid = &children->oids[byte];
	}
	return 0;
}

/* Divides a side: a fanned tree, a flat tree or a list. */
static int divide(struct children *children, const struct walk *walk, struct side side,
	const struct cts_tree *tree, bool is_after)
{
	int rc;

	memset(children->sides, 0, sizeof(children->sides));
	if (tree != NULL && tree->fanned) {
		if (walk->depth == CTS_LAYOUT_DEPTH_MAX)
			return is_after ? fail_at(walk, NULL, "has too many directories below it")
					: fail_before(walk);
		return list_fanned(children, walk, tree, is_after);
	}
	if (tree != NULL) {
		rc = list_flat(children, &side, walk, tree, is_after);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < side.count; i++) {
		struct side *child =
			&children->sides[cts_layout_byte(side.items[i].hash, walk->depth)];
		if (child->count++ == 0)
			child->items = &side.items[i];
	}
	return 0;
}

static bool is_nothing(const struct side *side)
{
	return side->oid == NULL && side->count == 0;
}

/* That a fanned directory holds more than a flat one could; stops when it has seen enough. */
static int check_fanned_size(const struct walk *walk, const struct cts_tree *tree)
{
	struct cts_slice rest = tree->raw;
	struct cts_tree_entry entry;
	size_t count = 0;

	while (count <= CTS_LAYOUT_FLAT_MAX && cts_tree_next(&entry, &rest)) {
		const struct cts_tree *child;
		int rc = get_after(&child, walk, &entry.oid);
		if (rc < 0)
			return rc;
		count += child->fanned ? CTS_LAYOUT_FLAT_MAX + 1 : child->count;
		cts_tree_done(walk->cache, child);
	}
	if (count <= CTS_LAYOUT_FLAT_MAX)
		return fail_at(walk, NULL, "has directories below it for records that fit in it");
	return 0;
}

static int diff_fanned(struct walk *walk, struct side before, const struct cts_tree *before_tree,
	struct side after, const struct cts_tree *after_tree)
{
	struct children *old = cts_malloc(2 * sizeof(*old)), *new = old + 1;
	long change = walk->change;
	int rc;

	old->items = NULL;
	new->items = NULL;
	rc = divide(old, walk, before, before_tree, false);
	if (rc >= 0)
		rc = divide(new, walk, after, after_tree, true);
	for (int byte = 0; rc >= 0 && byte < 256; byte++) {
		if (is_nothing(&old->sides[byte]) && is_nothing(&new->sides[byte]))
			continue;
		walk->path[walk->depth++] = (uint8_t)byte;
		rc = diff_dir(walk, old->sides[byte], new->sides[byte]);
		walk->depth--;
	}
	if (rc < 0 || after_tree == NULL || !after_tree->fanned)
		goto out;
	/* It was fanned before by the same rule and has not lost any: no need to count. */
	if (before_tree != NULL && before_tree->fanned && walk->change >= change)
		goto out;
	rc = check_fanned_size(walk, after_tree);
out:
	free(old->items);
	free(new->items);
	free(old);
	return rc;
}

static int diff_dir(struct walk *walk, struct side before, struct side after)
{
	const struct cts_tree *before_tree = NULL, *after_tree = NULL;
	bool fanned;
	int rc = 0;

	if (before.oid != NULL && after.oid != NULL && cts_oid_equal(before.oid, after.oid))
		return 0;
	if (before.oid != NULL)
		rc = get_before(&before_tree, walk, before.oid);
	if (rc >= 0 && after.oid != NULL)
		rc = get_after(&after_tree, walk, after.oid);
	if (rc < 0)
		goto out;
	fanned = (before_tree != NULL && before_tree->fanned) ||
		 (after_tree != NULL && after_tree->fanned);
	rc = (fanned ? diff_fanned : diff_flat)(walk, before, before_tree, after, after_tree);
out:
	cts_tree_done(walk->cache, before_tree);
	cts_tree_done(walk->cache, after_tree);
	return rc;
}

/* ---- above the kinds ---- */

/* The next name of two trees, either NULL: what each has under it. */
struct pair {
	struct cts_slice before_rest, after_rest;
	struct cts_tree_entry before, after;
	bool has_before, has_after; /* of the pair at hand */
	bool more_before, more_after;
};

static struct pair start_pair(const struct cts_tree *before, const struct cts_tree *after)
{
	struct pair pair = {.has_before = true, .has_after = true};

	if (before != NULL)
		pair.before_rest = before->raw;
	if (after != NULL)
		pair.after_rest = after->raw;
	return pair;
}

static bool next_pair(struct pair *pair)
{
	int order;

	if (pair->has_before)
		pair->more_before = cts_tree_next(&pair->before, &pair->before_rest);
	if (pair->has_after)
		pair->more_after = cts_tree_next(&pair->after, &pair->after_rest);
	if (!pair->more_after || !pair->more_before)
		order = pair->more_before ? -1 : 1;
	else
		order = cts_tree_compare(pair->before.name, pair->before.is_dir, pair->after.name,
			pair->after.is_dir);
	pair->has_before = pair->more_before && order <= 0;
	pair->has_after = pair->more_after && order >= 0;
	return pair->has_before || pair->has_after;
}

static int diff_kinds(struct walk *walk, const struct cts_oid *before, const struct cts_oid *after)
{
	const struct cts_tree *before_tree = NULL, *after_tree = NULL;
	struct pair pair;
	int rc = 0;

	walk->where = CTS_LAYOUT_RECORDS;
	if (before != NULL && after != NULL && cts_oid_equal(before, after))
		return 0;
	if (before != NULL)
		rc = get_before(&before_tree, walk, before);
	if (rc >= 0 && after != NULL)
		rc = get_after(&after_tree, walk, after);
	pair = start_pair(before_tree, after_tree);
	while (rc >= 0 && next_pair(&pair)) {
		struct side old = nothing, new = nothing;
		if (pair.has_after &&
			(!pair.after.is_dir || !cts_kind_name_is_valid(pair.after.name))) {
			rc = fail_at(walk, pair.after.name, "is no kind's directory");
			break;
		}
		if (pair.has_before)
			old.oid = &pair.before.oid;
		if (pair.has_after)
			new.oid = &pair.after.oid;
		walk->kind = (pair.has_after ? &pair.after : &pair.before)->name;
		rc = diff_dir(walk, old, new);
		walk->kind = NULL;
	}
	cts_tree_done(walk->cache, before_tree);
	cts_tree_done(walk->cache, after_tree);
	return rc;
}

static int check_top(const struct walk *walk, const struct cts_tree_entry *entry)
{
	if (entry->is_dir && strcmp(entry->name, CTS_LAYOUT_RECORDS) == 0)
		return 0;
	if (!entry->is_dir && cts_layout_is_top_file(entry->name))
		return 0;
	return fail_at(walk, entry->name, "has no place in the mirror");
}

/* Reports the files and finds records/. */
static int diff_top(struct walk *walk, struct cts_oid found[2], const struct cts_tree *before,
	const struct cts_tree *after)
{
	struct pair pair = start_pair(before, after);
	int rc = 0;

	while (rc >= 0 && next_pair(&pair)) {
		const struct cts_tree_entry *old = pair.has_before ? &pair.before : NULL;
		const struct cts_tree_entry *new = pair.has_after ? &pair.after : NULL;
		if (new != NULL)
			rc = check_top(walk, new);
		if (rc < 0)
			break;
		if ((new != NULL ? new : old)->is_dir) {
			if (old != NULL)
				found[0] = old->oid;
			if (new != NULL)
				found[1] = new->oid;
		} else if (old == NULL || new == NULL || !cts_oid_equal(&old->oid, &new->oid)) {
			rc = walk->visit->file(walk->visit->context,
				(new != NULL ? new : old)->name, old != NULL ? &old->oid : NULL,
				new != NULL ? &new->oid : NULL);
		}
	}
	return rc;
}

int cts_tree_diff(struct cts_tree_cache *cache, const struct cts_oid *before,
	const struct cts_oid *after, const struct cts_tree_visit *visit)
{
	struct walk walk = {.cache = cache, .visit = visit, .where = ""};
	const struct cts_tree *before_tree = NULL, *after_tree = NULL;
	struct cts_oid records[2] = {{{0}}, {{0}}};
	int rc = 0;

	if (before != NULL && after != NULL && cts_oid_equal(before, after))
		return 0;
	if (before != NULL)
		rc = get_before(&before_tree, &walk, before);
	if (rc >= 0 && after != NULL)
		rc = get_after(&after_tree, &walk, after);
	if (rc >= 0)
		rc = diff_top(&walk, records, before_tree, after_tree);
	if (rc >= 0)
		rc = diff_kinds(&walk, cts_oid_is_zero(&records[0]) ? NULL : &records[0],
			cts_oid_is_zero(&records[1]) ? NULL : &records[1]);
	cts_tree_done(cache, before_tree);
	cts_tree_done(cache, after_tree);
	return rc < 0 ? rc : 0;
}
