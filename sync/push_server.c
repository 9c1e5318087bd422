/*
 * A push over a link: one request with every branch and a pack of what the
 * other side lacks, whose size is that of the change. What the other side
 * reports of a branch is what happened to it.
 *
 * A host may refuse a request as a whole for a branch of another, or for main.
 * Then our own goes again by itself, and from then on always does there, until
 * the others are taken again: the remote's note tells.
 *
 * While it is on its way nothing of the store is held.
 */
#include "sync/push_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sync/link.h"
#include "sync/quarantine.h"

static int connect_to_server(struct cts_pushing *pushing)
{
	struct cts_link_options options = {.progress = pushing->progress};
	int rc = cts_link_idle(&options.idle_s, pushing->road->store);

	if (rc == 0)
		rc = cts_link_open(&pushing->link, pushing->url, CTS_LINK_PUSH, &options);
	return rc;
}

int cts_push_list_server(struct cts_pushing *pushing)
{
	const struct cts_ref_entry *refs;
	int rc = connect_to_server(pushing);

	if (rc < 0)
		return rc;
	refs = cts_link_refs(pushing->link, &pushing->ref_count);
	pushing->refs =
		cts_arena_alloc(&pushing->arena, (pushing->ref_count + 1) * sizeof(*pushing->refs));
	for (size_t i = 0; i < pushing->ref_count; i++)
		pushing->refs[i] = (struct cts_ref_entry){
			.name = cts_arena_strdup(&pushing->arena, refs[i].name),
			.oid = refs[i].oid,
		};
	return 0;
}

/* ---- the pack ---- */

static int write_pack(struct cts_pushing *pushing, const char *path)
{
	const struct cts_pack_options options = {
		.thin = !cts_link_can(pushing->link, "no-thin"),
		.ref_delta = !cts_link_can(pushing->link, "ofs-delta"),
	};
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), rc;
	struct cts_pack *pack;

	if (fd < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", path);
	cts_pack_open_fd(&pack, fd, &options);
	rc = cts_send_commits(
		pushing->road, pack, pushing->sending, pushing->sending_count, pushing->progress);
	if (rc == 0)
		rc = cts_pack_finish_fd(pack);
	cts_pack_free(pack);
	close(fd);
	return rc;
}

/* ---- requests ---- */

/* One request with the moves [first, last). `*own_why` is set when our own
 * branch is among them and was not taken. Others that were not are noted as
 * declined, unless our own was not: then all are tried again. */
static int request(struct cts_pushing *pushing, size_t first, size_t last, const char *pack_path,
	const char **own_why)
{
	struct cts_link_command *commands =
		cts_arena_alloc(&pushing->arena, (last - first) * sizeof(*commands));
	int rc = pushing->link ? 0 : connect_to_server(pushing);

	*own_why = NULL;
	for (size_t i = first; i < last; i++)
		commands[i - first] = (struct cts_link_command){
			.name = pushing->moves[i].name,
			.old = pushing->moves[i].old,
			.new = pushing->moves[i].new,
		};
	if (rc == 0)
		rc = cts_link_push(pushing->link, commands, last - first, pack_path);
	for (size_t i = first; rc == 0 && i < last; i++) {
		struct cts_link_command *command = &commands[i - first];

		if (command->is_done)
			cts_push_note_moved(pushing, &pushing->moves[i]);
		else if (pushing->moves[i].is_own)
			*own_why = cts_arena_strdup(&pushing->arena, command->why);
	}
	for (size_t i = first; rc == 0 && !*own_why && i < last; i++)
		if (!commands[i - first].is_done)
			cts_push_note_declined(
				pushing, pushing->moves[i].name, commands[i - first].why);
	cts_link_close(pushing->link);
	pushing->link = NULL;
	return rc;
}

/* The first not yet moved to the front, so that a second request holds only
 * those. */
static size_t drop_done(struct cts_move *moves, size_t first, size_t count)
{
	for (size_t i = first; i < count;) {
		if (!moves[i].is_done) {
			i++;
			continue;
		}
		struct cts_move done = moves[i];

		memmove(&moves[first + 1], &moves[first], (i - first) * sizeof(*moves));
		moves[first++] = done;
		i++;
	}
	return first;
}

static int request_all(struct cts_pushing *pushing, const char *pack_path)
{
	bool has_own = pushing->move_count && pushing->moves[0].is_own;
	size_t first = 0, last = pushing->move_count;
	const char *why;
	int rc;

	if (has_own && pushing->is_separate)
		last = 1;
	rc = request(pushing, 0, last, pack_path, &why);
	if (rc == 0 && why && last > 1) {
		pushing->is_separate = true;
		last = 1;
		rc = request(pushing, 0, last, pack_path, &why);
	}
	if (rc < 0)
		return rc;
	if (why)
		return cts_push_fail_own(why);
	first = drop_done(pushing->moves, last, pushing->move_count);
	if (!has_own || last == pushing->move_count || first == pushing->move_count)
		return 0;
	/* Our own is there: the rest is tried in good faith. */
	rc = request(pushing, first, pushing->move_count, pack_path, &why);
	if (rc < 0) {
		cts_push_note_declined(pushing, "refs/heads/others", cts_error_message(rc));
		cts_error_clear();
	}
	pushing->is_separate = false;
	for (size_t i = first; i < pushing->move_count; i++)
		pushing->is_separate |= !pushing->moves[i].is_done;
	return 0;
}

int cts_push_to_server(struct cts_pushing *pushing)
{
	struct cts_quarantine quarantine = {.lock = -1};
	const char *pack_path;
	int rc = cts_quarantine_make(
		&quarantine, &pushing->arena, cts_store_path(pushing->road->store));

	if (rc < 0)
		return rc;
	pack_path = cts_arena_printf(&pushing->arena, "%s/pack", quarantine.folder);
	rc = write_pack(pushing, pack_path);
	cts_push_let_go(pushing);
	if (rc == 0)
		rc = request_all(pushing, pack_path);
	cts_quarantine_remove(&quarantine);
	return rc;
}
