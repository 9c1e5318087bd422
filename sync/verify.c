/*
 * Verification reads a commit's tree only as far as it differs from its first parent's, which was verified
 * before, so its cost is that of the change. What a source lacks or garbles is the commit's fault, not the
 * store's: the commit is refused, and everyone else's work goes on.
 */
#include "sync/verify.h"

#include <stdlib.h>
#include <string.h>

#include "proto/diff.h"
#include "proto/json.h"
#include "proto/text.h"
#include "sync/tree/layout.h"
#include "sync/pack/pack.h"
#include "sync/tree/tree_diff.h"

void cts_verified_release(struct cts_verified *verified)
{
	for (size_t i = 0; i < verified->change_count; i++)
		cts_verified_unload(&verified->changes[i]);
	free(verified->changes);
	cts_arena_release(&verified->arena);
	*verified = (struct cts_verified){0};
}

/* ---- its place -------------------------------------------------------------------------------- */

static int refuse(const char *why)
{
	return cts_fail(CTS_EINTEGRITY, "%s", why);
}

/* The first parent must be the writer's previous commit, in sequence; a first commit is a seen commit. */
static int verify_place(struct cts_verified *out, struct cts_verifying *verifying)
{
	const struct cts_commit *commit = &out->commit;
	struct cts_arena arena = {0};
	struct cts_change previous = {0};
	struct cts_ref ref;
	bool follows = false;
	int rc = 0;

	if (commit->is_view)
		return refuse("it is a view, which holds nobody's edits");
	if (!commit->parent_count) {
		if (commit->is_seen || commit->seq != 1)
			return refuse("it has no parent");
		if (!cts_oid_is_zero(&verifying->root) &&
			!cts_oid_equal(&verifying->root, &out->oid))
			return refuse("it begins another programme's history");
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < commit->parent_count; i++) {
		rc = cts_txn_find_commit(verifying->txn, &ref, &commit->parents[i]);
		if (rc == 0)
			rc = refuse("a parent of it is not here or was refused");
		if (rc == 1)
			rc = cts_txn_change(verifying->txn, &previous, &arena, ref);
		if (rc < 0)
			break;
		if (strcmp(previous.writer, commit->writer) != 0)
			continue;
		if (i > 0)
			rc = refuse("its writer's previous commit is not its first parent");
		else if (strcmp(previous.agency, commit->agency) != 0)
			rc = refuse("its writer spoke for another agency before");
		else if (previous.ref.seq + 1 != commit->seq)
			rc = refuse("its number does not follow its writer's previous one");
		follows = true;
	}
	cts_arena_release(&arena);
	if (rc < 0)
		return rc;
	if (!follows && (!commit->is_seen || commit->seq != 1))
		return refuse("its first parent is not its writer's previous commit");
	if (!commit->is_seen && commit->parent_count != 1)
		return refuse("it edits and has more than one parent");
	return 0;
}

/* ---- its tree --------------------------------------------------------------------------------- */

struct visit {
	struct cts_verified *out;
	const char *kind; /* of the last record */
	size_t capacity;  /* of out->changes */
	bool is_root;
};

static int visit_record(void *context, const char *kind, const char *id,
	const struct cts_oid *before, const struct cts_oid *after)
{
	struct visit *visit = context;
	struct cts_verified *out = visit->out;
	struct cts_record_change *change;

	/* Not in the arena, where the array would leave its smaller selves behind. */
	if (out->change_count == visit->capacity) {
		visit->capacity = visit->capacity ? visit->capacity + visit->capacity / 2 : 16;
		out->changes = cts_realloc(out->changes, visit->capacity * sizeof(*change));
	}
	change = &out->changes[out->change_count++];
	*change = (struct cts_record_change){0};
	/* Those of one kind come together. */
	if (!visit->kind || strcmp(visit->kind, kind) != 0)
		visit->kind = cts_arena_strdup(&out->arena, kind);
	change->kind = visit->kind;
	change->id = cts_arena_strdup(&out->arena, id);
	if (before)
		change->before_oid = *before;
	if (after)
		change->after_oid = *after;
	return 0;
}

static int visit_file(void *context, const char *name, const struct cts_oid *before,
	const struct cts_oid *after)
{
	struct visit *visit = context;

	(void)before;
	if (visit->is_root && after)
		return 0;
	cts_fail(CTS_ENEWER, "it changes '%s', which this program does not do", name);
	cts_hint("install a newer ctsync");
	return CTS_ENEWER;
}

/* The parent's tree, from the commit itself: the source has it, or the mirror. */
static int find_parent_tree(struct cts_verified *out, struct cts_verifying *verifying)
{
	struct cts_arena arena = {0};
	struct cts_commit parent;
	int rc;

	if (!out->commit.parent_count)
		return 0;
	rc = cts_commit_read(&parent, &arena, verifying->source, &out->commit.parents[0]);
	if (rc == 0)
		out->parent_tree = parent.tree;
	cts_arena_release(&arena);
	return rc;
}

int cts_verify_format(struct cts_slice root_tree)
{
	struct cts_oid expected =
		cts_git_oid("blob", CTS_LAYOUT_FORMAT_TEXT, strlen(CTS_LAYOUT_FORMAT_TEXT));
	struct cts_tree_entry entry;

	if (!cts_tree_find(&entry, root_tree, CTS_LAYOUT_FORMAT))
		return refuse("its root does not name its format");
	if (cts_oid_equal(&entry.oid, &expected))
		return 0;
	cts_fail(CTS_ENEWER, "its format is not one that this program knows");
	cts_hint("install a newer ctsync");
	return CTS_ENEWER;
}

/* Files beside records/ of a root: the schema must be the one in force, or one that can be loaded. */
static int verify_root_files(struct cts_verified *out, struct cts_verifying *verifying)
{
	struct cts_slice schema = cts_schema_bytes(verifying->schema);
	const struct cts_tree *tree;
	struct cts_tree_entry entry;
	struct cts_oid expected = cts_git_oid("blob", schema.data, schema.size);
	int rc = cts_tree_get(&tree, verifying->trees, &out->commit.tree);

	if (rc < 0)
		return rc;
	rc = cts_verify_format(tree->raw);
	if (rc == 0 && (!cts_tree_find(&entry, tree->raw, CTS_LAYOUT_SCHEMA) ||
			       !cts_oid_equal(&entry.oid, &expected)))
		rc = refuse("its schema is not the one in force here");
	cts_tree_done(verifying->trees, tree);
	return rc;
}

/* ---- its records ------------------------------------------------------------------------------ */

enum { LOADED_MAX = 4096 }; /* changes of one commit whose images are kept until it is applied */

/* `pack`: NULL, or where the file goes if it is a record. */
static int read_record(struct cts_verifying *verifying, struct cts_record **out,
	const struct cts_record_change *change, const struct cts_oid *oid, struct cts_pack *pack)
{
	struct cts_buf bytes = {0};
	struct cts_slice stored;
	struct cts_record record;
	int rc;

	if (cts_oid_is_zero(oid))
		return 0;
	rc = cts_odb_read_stored(&bytes, &stored, verifying->source, CTS_OBJECT_BLOB, oid);
	if (rc == 0)
		rc = cts_json_decode(&record, verifying->schema, change->kind, change->id,
			bytes.data, bytes.size);
	if (rc == 0 && pack) {
		rc = cts_pack_put_named(
			pack, oid, CTS_OBJECT_BLOB, cts_buf_slice(&bytes), stored, NULL);
		if (rc < 0)
			cts_record_release(&record);
	}
	if (rc == 0) {
		*out = cts_malloc(sizeof(**out));
		**out = record;
	}
	cts_buf_release(&bytes);
	return rc;
}

static void free_record(struct cts_record **record)
{
	if (*record)
		cts_record_release(*record);
	free(*record);
	*record = NULL;
}

void cts_verified_unload(struct cts_record_change *change)
{
	free_record(&change->before);
	free_record(&change->after);
	change->is_loaded = false;
}

static int load(struct cts_verified *verified, struct cts_verifying *verifying,
	struct cts_record_change *change, struct cts_pack *pack)
{
	int rc;

	if (change->is_loaded)
		return 0;
	rc = read_record(verifying, &change->after, change, &change->after_oid, pack);
	/* A seen commit's differences are no edits: only their form counts. */
	if (rc == 0 && !verified->commit.is_seen)
		rc = read_record(verifying, &change->before, change, &change->before_oid, NULL);
	if (rc < 0) {
		cts_fail_where("%s/%s", change->kind, change->id);
		cts_verified_unload(change);
		return rc;
	}
	change->is_loaded = true;
	return 0;
}

int cts_verified_load(struct cts_verified *verified, struct cts_verifying *verifying,
	struct cts_record_change *change)
{
	return load(verified, verifying, change, NULL);
}

/* Limits are on what a person edits, not on what a merge can produce. */
static int verify_edits(const struct cts_record_edits *edits)
{
	size_t total = 0;

	for (size_t i = 0; i < edits->edit_count; i++) {
		size_t size = cts_value_size(edits->edits[i].new_value);

		if (size > CTS_VALUE_MAX)
			return cts_fail(CTS_EINTEGRITY, "'%s' of '%s' is longer than 64 KiB",
				edits->edits[i].field, edits->key);
		total += size;
	}
	if (total > CTS_RECORD_MAX)
		return cts_fail(CTS_EINTEGRITY, "'%s' is longer than 1 MiB", edits->key);
	return 0;
}

/* By key, as LMDB and mostly the source's pack have them, not by hash, as the tree has. */
static int compare_changes(const void *a, const void *b)
{
	const struct cts_record_change *x = a, *y = b;
	int order = x->kind == y->kind ? 0 : strcmp(x->kind, y->kind);

	return order ? order : strcmp(x->id, y->id);
}

static int verify_records(struct cts_verified *out, struct cts_verifying *verifying)
{
	bool is_large = out->change_count > LOADED_MAX;
	int rc = 0;

	if (out->change_count > 1)
		qsort(out->changes, out->change_count, sizeof(*out->changes), compare_changes);
	for (size_t i = 0; rc == 0 && i < out->change_count; i++) {
		struct cts_record_change *change = &out->changes[i];
		struct cts_arena scratch = {0};
		struct cts_record_edits edits;

		rc = load(out, verifying, change, is_large ? verifying->pack : NULL);
		if (rc < 0)
			break;
		if (!out->commit.is_seen) {
			rc = cts_diff(&edits, &scratch, change->before, change->after);
			if (rc == 0)
				rc = verify_edits(&edits);
			if (rc < 0)
				cts_fail_where("%s/%s", change->kind, change->id);
		}
		if (out->commit.is_seen || is_large)
			cts_verified_unload(change);
		cts_arena_release(&scratch);
	}
	return rc;
}

int cts_verify(struct cts_verified *out, struct cts_verifying *verifying)
{
	struct visit context = {.out = out, .is_root = !out->commit.parent_count};
	const struct cts_tree_visit visit = {
		.context = &context,
		.record = visit_record,
		.file = visit_file,
	};
	int rc = verify_place(out, verifying);

	if (rc < 0)
		return rc;
	rc = find_parent_tree(out, verifying);
	if (rc == 0)
		rc = cts_tree_diff(verifying->trees,
			cts_oid_is_zero(&out->parent_tree) ? NULL : &out->parent_tree,
			&out->commit.tree, &visit);
	if (rc == 0 && context.is_root)
		rc = verify_root_files(out, verifying);
	if (rc == 0)
		rc = verify_records(out, verifying);
	/* What the source does not have, or has in another form than its name says, is refused like what
	 * is malformed. */
	if (rc == CTS_ENOTFOUND || rc == CTS_EDAMAGED || rc == CTS_EVALUE)
		rc = CTS_EINTEGRITY;
	return rc;
}
