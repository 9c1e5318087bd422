/*
 * A push to a repository on a path: our pack into its objects, then its branches, each under its
 * lock. A few milliseconds at any size of the store.
 */
#include "sync/push_internal.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/time.h"

static bool hub_has(void *context, const struct cts_oid *oid)
{
	return cts_odb_has(((struct cts_pushing *)context)->hub_odb, oid);
}

/* Packs what the branches need into the hub's own objects. */
static int send_objects(struct cts_pushing *pushing)
{
	const struct cts_pack_options options = {.exists = hub_has, .context = pushing};
	const char *folder = cts_arena_printf(
		&pushing->arena, "%sobjects/pack", git_repository_path(pushing->hub));
	struct cts_pack *pack = NULL;
	char name[CTS_OID_HEX + 1];
	int rc = cts_pack_open(&pack, folder, &options);

	if (rc == 0)
		rc = cts_send_commits(pushing->road, pack, pushing->sending, pushing->sending_count,
			pushing->progress);
	if (rc == 0)
		rc = cts_pack_finish(name, pack);
	cts_pack_free(pack);
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

int cts_push_to_path(struct cts_pushing *pushing)
{
	int rc = send_objects(pushing);

	for (size_t i = 0; rc == 0 && i < pushing->move_count; i++)
		rc = move_on_path(pushing, &pushing->moves[i]);
	return rc;
}
