/*
 * A tree is walked beside its bases by name; an entry that stands in one of them is not looked at.
 * A directory whose counterparts are files, or missing (the fan-out crossed its bound), is copied
 * with all that the destination does not have.
 */
#include "sync/copy.h"

static int copy_blob(struct cts_copying *copying, const struct cts_oid *oid)
{
	struct cts_buf bytes = {0};
	struct cts_slice stored;
	size_t size;
	int rc;

	if (!cts_pack_lacks(copying->pack, oid))
		return 0;
	/* Who verified the commit has read it. */
	if (cts_odb_stored(&stored, &size, copying->source, CTS_OBJECT_BLOB, oid) &&
		cts_pack_is_sensible(stored, size))
		return cts_pack_copy(copying->pack, oid, CTS_OBJECT_BLOB, size, NULL, stored);
	rc = cts_odb_read_stored(&bytes, &stored, copying->source, CTS_OBJECT_BLOB, oid);
	if (rc == 0)
		rc = cts_pack_put_named(
			copying->pack, oid, CTS_OBJECT_BLOB, cts_buf_slice(&bytes), stored, NULL);
	cts_buf_release(&bytes);
	return rc;
}

/* A tree goes in as a delta on its base; where the pack lacks that too, as the source has it stored: to inflate
 * it once more costs less than to deflate it. */
static int put_tree(struct cts_copying *copying, const struct cts_tree *tree, const struct cts_tree *below)
{
	struct cts_pack_base base;
	struct cts_buf bytes = {0};
	struct cts_slice stored = {0};
	size_t size;
	int rc = 0;

	if (below)
		base = (struct cts_pack_base){.oid = below->oid, .data = below->raw};
	if ((!below || !cts_pack_may_be_base(copying->pack, &below->oid)) &&
		!cts_odb_stored(&stored, &size, copying->source, CTS_OBJECT_TREE, &tree->oid))
		rc = cts_odb_read_stored(
			&bytes, &stored, copying->source, CTS_OBJECT_TREE, &tree->oid);
	if (rc == 0)
		rc = cts_pack_put_named(copying->pack, &tree->oid, CTS_OBJECT_TREE, tree->raw,
			stored, below ? &base : NULL);
	cts_buf_release(&bytes);
	return rc;
}

static bool holds(const struct cts_oid *oids, size_t count, const struct cts_oid *oid)
{
	for (size_t i = 0; i < count; i++)
		if (cts_oid_equal(&oids[i], oid))
			return true;
	return false;
}

/* A tree that a new one is compared with, and how far: both are in git's order. */
struct beside {
	const struct cts_tree *tree;
	struct cts_slice rest;
	struct cts_tree_entry entry;
	bool is_over;
};

static void step(struct beside *beside)
{
	beside->is_over = !cts_tree_next(&beside->entry, &beside->rest);
}

/* What stands in the bases in the entry's place: true when one of them has the very entry. The others,
 * each once and if they are directories too, are what its own entries are compared with. */
static bool find_counterparts(struct beside *bases, size_t count, const struct cts_tree_entry *entry,
	struct cts_oid *out, size_t *out_count)
{
	bool found = false;

	*out_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct beside *base = &bases[i];
		int order = 1;

		while (!base->is_over && order > 0) {
			order = cts_tree_compare(entry->name, entry->is_dir, base->entry.name,
				base->entry.is_dir);
			if (order > 0)
				step(base);
		}
		if (base->is_over || order != 0)
			continue;
		if (cts_oid_equal(&base->entry.oid, &entry->oid))
			found = true;
		else if (entry->is_dir && !holds(out, *out_count, &base->entry.oid))
			out[(*out_count)++] = base->entry.oid;
	}
	return found;
}

static int copy_tree(struct cts_copying *copying, const struct cts_oid *oid,
	const struct cts_oid *base_oids, size_t base_count)
{
	struct beside bases[CTS_COMMIT_PARENTS_MAX];
	struct cts_oid counterparts[CTS_COMMIT_PARENTS_MAX];
	const struct cts_tree *new = NULL;
	struct cts_slice rest = {0};
	struct cts_tree_entry entry;
	size_t held = 0;
	int rc;

	if (!cts_pack_lacks(copying->pack, oid))
		return 0;
	rc = cts_tree_get(&new, copying->trees, oid);
	while (rc == 0 && held < base_count) {
		rc = cts_tree_get(&bases[held].tree, copying->trees, &base_oids[held]);
		if (rc < 0)
			break;
		bases[held].rest = bases[held].tree->raw;
		step(&bases[held++]);
	}
	if (rc == 0)
		rest = new->raw;
	while (rc == 0 && cts_tree_next(&entry, &rest)) {
		size_t count;

		if (find_counterparts(bases, held, &entry, counterparts, &count))
			continue;
		rc = entry.is_dir ? copy_tree(copying, &entry.oid, counterparts, count)
				  : copy_blob(copying, &entry.oid);
	}
	if (rc == 0)
		rc = put_tree(copying, new, held ? bases[0].tree : NULL);
	cts_tree_done(copying->trees, new);
	while (held)
		cts_tree_done(copying->trees, bases[--held].tree);
	return rc;
}

int cts_copy_commit(struct cts_copying *copying, const struct cts_copied_commit *commit,
	const struct cts_oid *bases, size_t base_count)
{
	struct cts_oid distinct[CTS_COMMIT_PARENTS_MAX];
	size_t count = 0;
	int rc = 0;

	for (size_t i = 0; i < base_count && count < CTS_COMMIT_PARENTS_MAX; i++)
		if (!cts_oid_is_zero(&bases[i]) && !holds(distinct, count, &bases[i]))
			distinct[count++] = bases[i];
	if (!holds(distinct, count, &commit->tree))
		rc = copy_tree(copying, &commit->tree, distinct, count);
	if (rc == 0)
		rc = cts_pack_put_named(copying->pack, &commit->oid, CTS_OBJECT_COMMIT,
			commit->bytes, commit->stored, NULL);
	return rc;
}
