/*
 * A push to a repository on a path: our pack into its objects, then its branches, each under its
 * lock. A few milliseconds at any size of the store.
 */
#include "sync/push_internal.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/time.h"
#include "sync/commit.h"
#include "sync/copy.h"

static bool hub_has(void *context, const struct cts_oid *oid)
{
	return cts_odb_has(((struct cts_pushing *)context)->hub_odb, oid);
}

static int copy_one(
	struct cts_pushing *pushing, struct cts_copying *copying, const struct cts_oid *oid)
{
	struct cts_arena arena = {0};
	struct cts_buf bytes = {0}, parent_bytes = {0};
	struct cts_commit commit, parent;
	struct cts_oid parent_tree = {0};
	int rc = cts_odb_read(&bytes, pushing->road->odb, CTS_OBJECT_COMMIT, oid);

	if (rc == 0)
		rc = cts_commit_parse(&commit, &arena, bytes.data, bytes.size);
	if (rc == 0 && commit.parent_count) {
		rc = cts_odb_read(
			&parent_bytes, pushing->road->odb, CTS_OBJECT_COMMIT, &commit.parents[0]);
		if (rc == 0)
			rc = cts_commit_parse(
				&parent, &arena, parent_bytes.data, parent_bytes.size);
		if (rc == 0)
			parent_tree = parent.tree;
	}
	if (rc == 0)
		rc = cts_copy_commit(copying, cts_buf_slice(&bytes), &commit.tree, &parent_tree);
	if (rc == CTS_ENOTFOUND || rc == CTS_EINTEGRITY) {
		cts_fail_where("the mirror lacks what the store has");
		cts_hint("ctsync check");
		rc = CTS_EDAMAGED;
	}
	cts_buf_release(&bytes);
	cts_buf_release(&parent_bytes);
	cts_arena_release(&arena);
	return rc;
}

/* Packs what the branches need into the hub's own objects. */
static int send_objects(
	struct cts_pushing *pushing, const struct cts_vector *wanted, const struct cts_oid *view)
{
	const struct cts_pack_options options = {.exists = hub_has, .context = pushing};
	struct cts_copying copying = {.source = pushing->road->odb, .trees = pushing->road->trees};
	const char *folder = cts_arena_printf(
		&pushing->arena, "%sobjects/pack", git_repository_path(pushing->hub));
	char name[CTS_OID_HEX + 1];
	struct cts_sending *list;
	size_t count;
	int rc = cts_push_missing(pushing, wanted, &list, &count);

	if (rc == 0)
		rc = cts_pack_open(&copying.pack, folder, &options);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = copy_one(pushing, &copying, &list[i].oid);
		if (pushing->progress && pushing->progress->step)
			pushing->progress->step(
				pushing->progress->context, "pushing", i + 1, count);
	}
	if (rc == 0 && view)
		rc = copy_one(pushing, &copying, view);
	if (rc == 0)
		rc = cts_pack_finish(name, copying.pack);
	cts_pack_free(copying.pack);
	if (rc == 0)
		rc = cts_odb_refresh(pushing->hub_odb);
	return rc;
}

/* A lock on our own branch that a dead push left: only we write that branch, and we hold the
 * store's lock of the mirror, so nobody is alive with it. One of another branch may be alive; not
 * for 10 minutes. */
static void remove_dead_lock(struct cts_pushing *pushing, const struct cts_move *move)
{
	enum { ALIVE_S = 600 };
	const char *path = cts_arena_printf(
		&pushing->arena, "%s%s.lock", git_repository_path(pushing->hub), move->name);
	struct stat info;

	if (stat(path, &info) == 0 && (move->is_own || cts_time_now() - info.st_mtime > ALIVE_S))
		unlink(path);
}

static int move_on_path(struct cts_pushing *pushing, struct cts_move *move)
{
	int rc;

	remove_dead_lock(pushing, move);
	rc = cts_repo_move(pushing->hub, move->name, &move->old, &move->new);
	if (rc == 0) {
		cts_push_note_moved(pushing, move);
		return 0;
	}
	if (move->is_own)
		return rc;
	cts_push_note_declined(pushing, move->name, cts_error_message(rc));
	cts_error_clear();
	return 0;
}

int cts_push_to_path(
	struct cts_pushing *pushing, const struct cts_vector *wanted, const struct cts_oid *view)
{
	int rc = send_objects(pushing, wanted, view);

	for (size_t i = 0; rc == 0 && i < pushing->move_count; i++)
		rc = move_on_path(pushing, &pushing->moves[i]);
	return rc;
}
