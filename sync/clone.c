/*
 * Clone: a new store that learns its root, its schema and everything else from a remote, or from a bundle,
 * which is none. The root commit is found by walking down from any branch; its schema is the one in force.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/time.h"
#include "sync/bundle/bundle.h"
#include "sync/commit.h"
#include "sync/create.h"
#include "sync/ingest.h"
#include "sync/tree/layout.h"
#include "sync/received.h"
#include "sync/remote.h"
#include "sync/git/repo.h"
#include "sync/source.h"
#include "sync/verify.h"
#include "sync/view.h"

/* Down first parents from one commit to the one without any. */
int cts_find_root(struct cts_odb *odb, struct cts_oid *out, struct cts_oid at)
{
	for (;;) {
		struct cts_arena arena = {0};
		struct cts_commit commit;
		int rc = cts_commit_read(&commit, &arena, odb, &at);
		size_t parents = 0;

		if (rc == 0) {
			*out = at;
			parents = commit.parent_count;
			if (parents)
				at = commit.parents[0];
		}
		cts_arena_release(&arena);
		if (rc < 0 || !parents)
			return rc;
	}
}

/* The schema in the root's tree. */
int cts_read_schema(
	struct cts_odb *odb, struct cts_schema **out, const struct cts_oid *root)
{
	struct cts_arena arena = {0};
	struct cts_buf bytes = {0}, tree = {0};
	struct cts_commit commit;
	struct cts_tree_entry entry;
	size_t count;
	int rc = cts_commit_read(&commit, &arena, odb, root);

	if (rc == 0)
		rc = cts_odb_read(&tree, odb, CTS_OBJECT_TREE, &commit.tree);
	if (rc == 0)
		rc = cts_tree_check(&count, cts_buf_slice(&tree));
	if (rc == 0)
		rc = cts_verify_format(cts_buf_slice(&tree));
	if (rc == 0 && !cts_tree_find(&entry, cts_buf_slice(&tree), CTS_LAYOUT_SCHEMA))
		rc = cts_fail(CTS_EINTEGRITY, "the root has no schema");
	if (rc == 0)
		rc = cts_odb_read(&bytes, odb, CTS_OBJECT_BLOB, &entry.oid);
	if (rc == 0)
		rc = cts_schema_load(out, bytes.data, bytes.size);
	cts_buf_release(&bytes);
	cts_buf_release(&tree);
	cts_arena_release(&arena);
	return rc;
}

struct cloning {
	struct cts_ingest ingest;
	struct cts_pull pull;
	struct cts_arena arena;
	struct cts_tip *tips, *pinned;
	size_t tip_count, pinned_count;
	struct cts_oid root;
	bool is_bundle; /* then there is no origin */
};

static int choose_tips(struct cloning *cloning, const struct cts_source *source, const char *url)
{
	struct cts_oid root = cts_source_ref(source, "refs/heads/root"), found;
	int rc = 0;

	for (size_t i = 0; i < source->ref_count; i++) {
		const char *agency, *writer;
		struct cts_tip *tip;

		if (!cts_branch_parse(
			    &agency, &writer, &cloning->arena, source->refs[i].name))
			continue;
		tip = cts_arena_push(
			&cloning->arena, &cloning->tips, &cloning->tip_count, sizeof(*tip));
		tip->branch = cts_arena_printf(&cloning->arena, "%s/%s", agency, writer);
		tip->oid = source->refs[i].oid;
	}
	if (!cloning->tip_count) {
		cts_fail(CTS_EREFUSED, source->ref_count
				? "'%s' is a git repository, but no programme was ever pushed to it"
				: "the repository '%s' is empty",
			url);
		cts_hint("where the programme began: ctsync remote add origin %s, then ctsync push",
			url);
		return CTS_EREFUSED;
	}
	/* Any honest branch leads to the root; the branch `root` only says it in advance. */
	for (size_t i = 0; i < cloning->tip_count; i++) {
		rc = cts_find_root(source->odb, &found, cloning->tips[i].oid);
		if (rc == 0 && (cts_oid_is_zero(&root) || cts_oid_equal(&found, &root))) {
			cloning->root = found;
			return 0;
		}
	}
	return rc < 0 ? rc : cts_fail(CTS_EINTEGRITY, "no branch of '%s' leads to its root", url);
}

static int clone_in_txn(struct cts_txn *txn, void *context)
{
	struct cloning *cloning = context;
	int rc = cts_txn_set_root(txn, &cloning->root);

	cloning->pinned = NULL; /* this may be run again */
	cloning->pinned_count = 0;
	if (rc == 0)
		rc = cts_ingest(txn, &cloning->ingest);
	if (rc < 0 || cloning->is_bundle)
		return rc;
	for (size_t i = 0; rc == 0 && i < cloning->tip_count; i++) {
		struct cts_ref ref;
		const char *name = cts_arena_printf(
			&cloning->arena, "pin/origin/%s", cloning->tips[i].branch);

		if (cts_txn_find_commit(txn, &ref, &cloning->tips[i].oid) != 1)
			continue; /* refused */
		rc = cts_txn_put_note(txn, name, cloning->tips[i].oid.bytes, CTS_OID_SIZE);
		*(struct cts_tip *)cts_arena_push(&cloning->arena, &cloning->pinned,
			&cloning->pinned_count, sizeof(*cloning->pinned)) = cloning->tips[i];
	}
	if (rc == 0)
		rc = cts_remote_note_time(txn, "origin", CTS_REMOTE_PULLED);
	return rc;
}

static int count_record(void *context, const char *key)
{
	(void)key;
	++*(uint64_t *)context;
	return 0;
}

static int count_records(struct cts_store *store, uint64_t *out)
{
	struct cts_txn *txn;
	int rc = cts_txn_begin(&txn, store);

	if (rc < 0)
		return rc;
	*out = 0;
	rc = cts_txn_each_key(txn, "", count_record, out);
	cts_txn_end(txn);
	return rc;
}

static int append_received(struct cloning *cloning, struct cts_store *store)
{
	int64_t time = cloning->ingest.received;
	struct cts_buf lines = {0};
	int rc;

	cts_received_heads(&lines, time);
	for (size_t i = 0; i < cloning->tip_count; i++)
		cts_received_add_head(&lines, &cloning->tips[i].oid);
	for (size_t i = 0; i < cloning->pull.refused_count; i++)
		if (cloning->pull.refused[i].is_final)
			cts_received_refused(&lines, time, &cloning->pull.refused[i]);
	for (size_t i = 0; i < cloning->pinned_count; i++)
		cts_received_pin(&lines, time, "origin", cloning->pinned[i].branch,
			&cloning->pinned[i].oid);
	rc = cts_received_append(store, &lines);
	cts_buf_release(&lines);
	return rc;
}

/* The published view is kept, so that the first push can build on it; whatever else it is does not matter. */
static int take_view(struct cts_creating *creating, const struct cts_source *source)
{
	struct cts_oid main = cts_source_ref(source, "refs/heads/main");
	int rc = cts_view_take(creating->road, "origin", &main, source->odb);

	if (rc != CTS_EREFUSED)
		return rc;
	cts_error_clear();
	return 0;
}

/* Fills the new store from the source and makes the mirror's tree the view. */
static int fill(struct cts_creating *creating, struct cloning *cloning, const char *url,
	const struct cts_source *source, struct cts_clone *clone)
{
	int rc = 0;

	cloning->ingest.road = creating->road;
	if (!cloning->is_bundle)
		rc = cts_remote_add(creating->store, "origin", url, false);
	if (rc == 0)
		rc = cts_store_exchange(creating->store, clone_in_txn, cloning);
	/* One malformed branch keeps nobody from the rest. */
	if (rc == 0 && !cloning->pull.commits && cloning->pull.refused_count)
		rc = cts_fail(CTS_EINTEGRITY, "%s: %s", cloning->pull.refused[0].branch,
			cloning->pull.refused[0].why);
	if (rc == 0)
		rc = append_received(cloning, creating->store);
	if (rc == 0)
		rc = cts_road_move_refs(creating->road);
	if (rc == 0 && !cloning->is_bundle)
		rc = take_view(creating, source);
	if (rc == 0)
		rc = cts_seal_locked(creating->road, true, NULL, cloning->ingest.progress);
	if (rc >= 0)
		rc = count_records(creating->store, &clone->records);
	clone->commits = cloning->pull.commits;
	clone->refused = cloning->pull.refused_count;
	return rc < 0 ? rc : 0;
}

/* A bundle of everything; one that builds on something is for those who have that. */
static int open_bundle(struct cts_source *out, struct cts_arena *arena, const char *path,
	const char *folder, const struct cts_progress *progress)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	struct cts_bundle_head head;

	if (fd < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
	rc = cts_bundle_head_read(&head, arena, fd);
	if (rc < 0)
		cts_fail_where("'%s'", path);
	if (rc == 0 && head.base_count) {
		rc = cts_fail(CTS_EREFUSED, "'%s' holds only what is new since something", path);
		cts_hint("a store can be made of one of everything: ctsync bundle create FILE");
	}
	if (rc == 0)
		rc = cts_source_open_bundle(out, &head, fd, path, folder, NULL, progress);
	close(fd);
	return rc;
}

static int open_source(struct cts_source *out, struct cloning *cloning, const char *url,
	const char *folder, const struct cts_progress *progress)
{
	const char *path = cts_url_path(url);
	int rc = cts_url_check(url);

	if (rc < 0)
		return rc;
	cloning->is_bundle = path && cts_bundle_is_file(path);
	return cloning->is_bundle ? open_bundle(out, &cloning->arena, path, folder, progress)
				  : cts_source_open(out, url, folder, NULL, progress);
}

int cts_store_clone(const char *path, const char *url, struct cts_clone *clone,
	const struct cts_progress *progress)
{
	struct cloning cloning = {0};
	struct cts_creating creating = {0};
	struct cts_source source = {0};
	struct cts_schema *schema = NULL;
	struct cts_store_setup setup = {.author = clone->author};
	struct cts_oid wanted;
	char *parent = strdup(path), *slash = strrchr(parent, '/');
	int rc = cts_agency_id(&setup.agency, &cloning.arena, clone->agency_code);

	if (rc == 0 && clone->root && !cts_oid_parse(&wanted, clone->root))
		rc = cts_fail(CTS_EVALUE, "'%s' is no root: 40 hex digits", clone->root);
	if (slash)
		*slash = '\0';
	if (rc == 0)
		rc = open_source(&source, &cloning, url, slash ? parent : ".", progress);
	if (rc == 0)
		rc = choose_tips(&cloning, &source, url);
	if (rc == 0 && clone->root && !cts_oid_equal(&wanted, &cloning.root)) {
		char hex[CTS_OID_HEX + 1];

		rc = cts_fail(CTS_EINTEGRITY, "the root of '%s' is %s, not the one asked for", url,
			cts_oid_format(hex, &cloning.root));
	}
	if (rc == 0)
		rc = cts_read_schema(source.odb, &schema, &cloning.root);
	if (rc < 0)
		goto out;
	clone->found_root = cloning.root;
	setup.schema = schema;
	cloning.ingest = (struct cts_ingest){
		.source = source.odb,
		.tips = cloning.tips,
		.tip_count = cloning.tip_count,
		.received = cts_time_now(),
		.progress = progress,
		.pull = &cloning.pull,
	};
	rc = cts_creating_begin(&creating, path, &setup);
	if (rc == 0)
		rc = fill(&creating, &cloning, url, &source, clone);
	if (rc == 0)
		rc = cts_creating_finish(&creating);
out:
	cts_creating_end(&creating);
	cts_source_close(&source);
	cts_schema_free(schema);
	cts_pull_release(&cloning.pull);
	cts_arena_release(&cloning.arena);
	free(parent);
	return rc;
}
