/*
 * A push to a repository on a path: our pack into its objects, then its branches, each under its
 * lock. A few milliseconds at any size of the store.
 */
#include "sync/push_internal.h"

#include <stdlib.h>
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
		&pushing->arena, "%sobjects/pack", cts_repo_path(pushing->hub));
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
		&pushing->arena, "%s%s.lock", cts_repo_path(pushing->hub), move->name);
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

/* What core.sharedRepository lets others do with what is made there, as permission bits to keep: in
 * a shared folder the next agency must be able to make its branch beside ours. libgit2 does not
 * look. */
static mode_t shared_bits(struct cts_repo *hub)
{
	git_repository *handle;
	git_config *config = NULL;
	git_buf value = {0};
	mode_t bits = 0;

	if (cts_repo_handle(&handle, hub) == 0 &&
		git_repository_config_snapshot(&config, handle) == 0 &&
		git_config_get_string_buf(&value, config, "core.sharedRepository") == 0) {
		if (strcmp(value.ptr, "group") == 0 || strcmp(value.ptr, "true") == 0 ||
			strcmp(value.ptr, "1") == 0)
			bits = 0070;
		else if (strcmp(value.ptr, "all") == 0 || strcmp(value.ptr, "world") == 0 ||
			 strcmp(value.ptr, "everybody") == 0 || strcmp(value.ptr, "2") == 0)
			bits = 0075;
		else if (value.ptr[0] == '0' && value.ptr[1]) { /* 0660: and x for folders */
			bits = (mode_t)strtoul(value.ptr, NULL, 8) & 0066;
			bits |= bits >> 2;
		}
	}
	git_buf_dispose(&value);
	git_config_free(config);
	return bits;
}

int cts_push_to_path(struct cts_pushing *pushing)
{
	mode_t bits = shared_bits(pushing->hub), mask = umask(0);
	int rc;

	umask(mask & ~bits);
	rc = send_objects(pushing);
	for (size_t i = 0; rc == 0 && i < pushing->move_count; i++)
		rc = move_on_path(pushing, &pushing->moves[i]);
	umask(mask);
	return rc;
}
