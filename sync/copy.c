/*
 * A tree is walked beside its bases by name; an entry that stands in one of them is not looked at.
 * A directory whose counterparts are files, or missing (the fan-out crossed its bound), is copied
 * with all that the destination does not have.
 */
#include "sync/copy.h"

#include <string.h>

static int copy_blob(struct cts_copying *copying, const struct cts_oid *oid)
{
	struct cts_buf bytes = {0};
	struct cts_oid made;
	int rc;

	if (cts_pack_has(copying->pack, oid))
		return 0;
	rc = cts_odb_read(&bytes, copying->source, CTS_OBJECT_BLOB, oid);
	if (rc == 0)
		rc = cts_pack_put(
			&made, copying->pack, CTS_OBJECT_BLOB, bytes.data, bytes.size, NULL);
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

/* What stands in the bases under the entry's name: true when one of them has the very entry. The
 * others, each once and if they are directories too, are what its own entries are compared with. */
static bool find_counterparts(const struct cts_tree *const *bases, size_t count,
	const struct cts_tree_entry *entry, struct cts_oid *out, size_t *out_count)
{
	char name[CTS_TREE_NAME_MAX + 1];

	memcpy(name, entry->name, entry->name_size);
	name[entry->name_size] = '\0';
	*out_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct cts_tree_entry counterpart;

		if (!cts_tree_find(&counterpart, bases[i]->raw, name) ||
			counterpart.is_dir != entry->is_dir)
			continue;
		if (cts_oid_equal(&counterpart.oid, &entry->oid))
			return true;
		if (entry->is_dir && !holds(out, *out_count, &counterpart.oid))
			out[(*out_count)++] = counterpart.oid;
	}
	return false;
}

static int copy_tree(struct cts_copying *copying, const struct cts_oid *oid,
	const struct cts_oid *base_oids, size_t base_count)
{
	const struct cts_tree *new = NULL, *bases[CTS_COMMIT_PARENTS_MAX];
	struct cts_oid counterparts[CTS_COMMIT_PARENTS_MAX], made;
	struct cts_tree_entry entry;
	struct cts_pack_base base;
	struct cts_slice rest;
	size_t held = 0;
	int rc;

	if (cts_pack_has(copying->pack, oid))
		return 0;
	rc = cts_tree_get(&new, copying->trees, oid);
	for (; rc == 0 && held < base_count; held += rc == 0)
		rc = cts_tree_get(&bases[held], copying->trees, &base_oids[held]);
	if (rc == 0)
		rest = new->raw;
	while (rc == 0 && cts_tree_next(&entry, &rest)) {
		size_t count;

		if (find_counterparts(bases, held, &entry, counterparts, &count))
			continue;
		rc = entry.is_dir ? copy_tree(copying, &entry.oid, counterparts, count)
				  : copy_blob(copying, &entry.oid);
	}
	if (rc == 0 && held)
		base = (struct cts_pack_base){.oid = bases[0]->oid, .data = bases[0]->raw};
	if (rc == 0)
		rc = cts_pack_put(&made, copying->pack, CTS_OBJECT_TREE, new->raw.data,
			new->raw.size, held ? &base : NULL);
	cts_tree_done(copying->trees, new);
	while (held)
		cts_tree_done(copying->trees, bases[--held]);
	return rc;
}

int cts_copy_commit(struct cts_copying *copying, struct cts_slice bytes, const struct cts_oid *tree,
	const struct cts_oid *bases, size_t base_count)
{
	struct cts_oid distinct[CTS_COMMIT_PARENTS_MAX], made;
	size_t count = 0;
	int rc = 0;

	for (size_t i = 0; i < base_count && count < CTS_COMMIT_PARENTS_MAX; i++)
		if (!cts_oid_is_zero(&bases[i]) && !holds(distinct, count, &bases[i]))
			distinct[count++] = bases[i];
	if (!holds(distinct, count, tree))
		rc = copy_tree(copying, tree, distinct, count);
	if (rc == 0)
		rc = cts_pack_put(
			&made, copying->pack, CTS_OBJECT_COMMIT, bytes.data, bytes.size, NULL);
	return rc;
}
