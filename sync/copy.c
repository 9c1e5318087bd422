/*
 * Two trees are walked side by side by name; entries with equal ids are not looked at. A directory whose
 * counterpart is a file, or is missing (the fan-out crossed its bound), is copied with all that the
 * destination does not have.
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

static int copy_tree(
	struct cts_copying *copying, const struct cts_oid *oid, const struct cts_oid *before)
{
	const struct cts_tree *new = NULL, *old = NULL;
	struct cts_slice rest;
	struct cts_tree_entry entry, counterpart;
	struct cts_pack_base base;
	struct cts_oid made;
	int rc;

	if (cts_pack_has(copying->pack, oid))
		return 0;
	rc = cts_tree_get(&new, copying->trees, oid);
	if (rc == 0 && before)
		rc = cts_tree_get(&old, copying->trees, before);
	if (rc < 0)
		goto out;
	rest = new->raw;
	while (rc == 0 && cts_tree_next(&entry, &rest)) {
		char name[CTS_TREE_NAME_MAX + 1];
		bool had;

		memcpy(name, entry.name, entry.name_size);
		name[entry.name_size] = '\0';
		had = old && cts_tree_find(&counterpart, old->raw, name) &&
			counterpart.is_dir == entry.is_dir;
		if (had && cts_oid_equal(&counterpart.oid, &entry.oid))
			continue;
		rc = entry.is_dir
			? copy_tree(copying, &entry.oid, had ? &counterpart.oid : NULL)
			: copy_blob(copying, &entry.oid);
	}
	if (rc < 0)
		goto out;
	if (old)
		base = (struct cts_pack_base){.oid = old->oid, .data = old->raw};
	rc = cts_pack_put(&made, copying->pack, CTS_OBJECT_TREE, new->raw.data, new->raw.size,
		old ? &base : NULL);
out:
	cts_tree_done(copying->trees, new);
	cts_tree_done(copying->trees, old);
	return rc;
}

int cts_copy_commit(struct cts_copying *copying, struct cts_slice bytes,
	const struct cts_oid *tree, const struct cts_oid *parent_tree)
{
	struct cts_oid made;
	int rc = 0;

	if (cts_oid_is_zero(parent_tree) || !cts_oid_equal(tree, parent_tree))
		rc = copy_tree(copying, tree, cts_oid_is_zero(parent_tree) ? NULL : parent_tree);
	if (rc == 0)
		rc = cts_pack_put(&made, copying->pack, CTS_OBJECT_COMMIT, bytes.data, bytes.size,
			NULL);
	return rc;
}
