/*
 * A push over a link: one request with every branch and a pack of what the other side lacks, whose
 * size is that of the change. What the other side reports of a branch is what happened to it.
 *
 * A host may refuse a request as a whole for a branch of another, or for main. Then our own goes
 * again by itself, and from then on always does there, until the others are taken again: the
 * remote's note tells.
 *
 * While it is on its way nothing of the store is held.
 */
#include "sync/push_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sync/link/link.h"
#include "sync/quarantine.h"

enum { HEARD_MAX = 200 }; /* lines of the first request that are remembered */

/* What a host said of a request that is tried again is not told twice. */
static void say_once(void *context, const char *line)
{
	struct cts_pushing *pushing = context;

	for (size_t i = 0; pushing->is_again && i < pushing->heard_count; i++) {
		if (strcmp(pushing->heard[i], line) != 0)
			continue;
		pushing->heard[i] = "";
		return;
	}
	if (!pushing->is_again && pushing->heard_count < HEARD_MAX)
		*(const char **)cts_arena_push(&pushing->arena, &pushing->heard,
			&pushing->heard_count, sizeof(*pushing->heard)) =
			cts_arena_strdup(&pushing->arena, line);
	pushing->progress->server_says(pushing->progress->context, line);
}

static void step(void *context, const char *what, uint64_t done, uint64_t total)
{
	struct cts_pushing *pushing = context;

	if (pushing->progress->step)
		pushing->progress->step(pushing->progress->context, what, done, total);
}

int cts_push_start_link(struct cts_pushing *pushing)
{
	struct cts_link_options options = {0};
	int rc = cts_link_idle(&options.idle_s, pushing->road->store);

	if (pushing->progress) {
		pushing->hearing = (struct cts_progress){.context = pushing, .step = step};
		if (pushing->progress->server_says)
			pushing->hearing.server_says = say_once;
		options.progress = &pushing->hearing;
	}
	if (rc == 0)
		rc = cts_link_start(&pushing->link, pushing->url, CTS_LINK_PUSH, &options);
	return rc;
}

static int connect_to_server(struct cts_pushing *pushing)
{
	int rc = pushing->link ? 0 : cts_push_start_link(pushing);

	return rc < 0 ? rc : cts_link_wait(pushing->link);
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

/* What became of our own branch in a request. */
struct answer {
	const char *own_why; /* NULL: taken, or not among them */
	/* Nothing was taken, all for one reason: another's branch may be to blame. */
	bool is_general;
};

static void take_answer(struct cts_pushing *pushing, size_t first, size_t last,
	const struct cts_link_command *commands, struct answer *out)
{
	*out = (struct answer){.is_general = true};
	for (size_t i = first; i < last; i++) {
		const struct cts_link_command *command = &commands[i - first];

		if (command->is_done)
			cts_push_note_moved(pushing, &pushing->moves[i]);
		else if (pushing->moves[i].is_own)
			out->own_why = cts_arena_strdup(&pushing->arena, command->why);
		if (command->is_done || commands[0].is_done ||
			strcmp(command->why, commands[0].why) != 0)
			out->is_general = false;
	}
	/* With our own refused, the others are of no interest, or are tried again. */
	for (size_t i = first; !out->own_why && i < last; i++)
		if (!commands[i - first].is_done)
			cts_push_note_declined(
				pushing, pushing->moves[i].name, commands[i - first].why);
}

/* One request with the moves [first, last). */
static int request(struct cts_pushing *pushing, size_t first, size_t last, const char *pack_path,
	struct answer *answer)
{
	struct cts_link_command *commands =
		cts_arena_alloc(&pushing->arena, (last - first) * sizeof(*commands));
	int rc = pushing->link ? 0 : connect_to_server(pushing);

	for (size_t i = first; i < last; i++)
		commands[i - first] = (struct cts_link_command){
			.name = pushing->moves[i].name,
			.old = pushing->moves[i].old,
			.new = pushing->moves[i].new,
		};
	if (rc == 0)
		rc = cts_link_push(pushing->link, commands, last - first, pack_path);
	if (rc == 0)
		take_answer(pushing, first, last, commands, answer);
	cts_link_close(pushing->link);
	pushing->link = NULL;
	return rc;
}

static int request_all(struct cts_pushing *pushing, const char *pack_path)
{
	size_t count = pushing->move_count, first = count; /* how many go in the first request */
	struct answer answer;
	int rc;

	if (pushing->moves[0].is_own && pushing->is_separate)
		first = 1;
	rc = request(pushing, 0, first, pack_path, &answer);
	if (rc == 0 && answer.own_why && answer.is_general && first > 1) {
		pushing->is_separate = pushing->is_again = true;
		first = 1;
		rc = request(pushing, 0, first, pack_path, &answer);
	}
	if (rc < 0)
		return rc;
	if (answer.own_why)
		return cts_push_fail_own(answer.own_why);
	if (first == count)
		return 0;
	/* Our own is there: the rest is tried in good faith. */
	rc = request(pushing, first, count, pack_path, &answer);
	if (rc < 0) {
		cts_push_note_declined(pushing, "refs/heads/others", cts_error_message(rc));
		cts_error_clear();
	}
	pushing->is_separate = false;
	for (size_t i = first; i < count; i++)
		pushing->is_separate |= !pushing->moves[i].is_done;
	return 0;
}

int cts_push_to_server(struct cts_pushing *pushing)
{
	struct cts_quarantine quarantine = {0};
	const char *pack_path;
	int rc = pushing->link ? 0 : connect_to_server(pushing);

	if (rc == 0)
		rc = cts_quarantine_make(
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
