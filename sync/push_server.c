/*
 * A push to a server, with libgit2. What the server reports of a branch is what happened to it.
 */
#include "sync/push_internal.h"

#include <string.h>

#include "sync/source.h"

int cts_push_list_server(struct cts_pushing *pushing)
{
	struct cts_talk talk = {.progress = pushing->progress};
	git_remote_callbacks callbacks;
	const git_remote_head **heads = NULL;
	git_remote *remote = NULL;
	size_t count = 0;
	int rc;

	cts_talk_callbacks(&callbacks, &talk);
	rc = git_remote_create_anonymous(&remote, pushing->road->repo, pushing->url);
	if (rc == 0)
		rc = git_remote_connect(remote, GIT_DIRECTION_PUSH, &callbacks, NULL, NULL);
	if (rc == 0)
		rc = git_remote_ls(&heads, &count, remote);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct cts_ref_entry *entry = cts_arena_push(
			&pushing->arena, &pushing->refs, &pushing->ref_count, sizeof(*entry));

		entry->name = cts_arena_strdup(&pushing->arena, heads[i]->name);
		entry->oid = cts_git_oid_to(&heads[i]->oid);
	}
	git_remote_free(remote);
	cts_buf_release(&talk.line);
	return rc < 0 ? cts_talk_fail(rc, pushing->url) : 0;
}

/* ---- requests ---- */

struct report {
	struct cts_talk talk; /* first: the callbacks of a connection take it for the whole */
	struct cts_pushing *pushing;
	const char *own; /* why the own branch was refused; NULL: it was not */
	bool own_was_told;
};

static int branch_report(const char *name, const char *status, void *payload)
{
	struct report *report = payload;
	struct cts_pushing *pushing = report->pushing;

	for (size_t i = 0; i < pushing->move_count; i++) {
		struct cts_move *move = &pushing->moves[i];

		if (strcmp(move->name, name) != 0)
			continue;
		if (move->is_own)
			report->own_was_told = true;
		if (!status)
			cts_push_note_moved(pushing, move);
		else if (move->is_own)
			report->own = cts_arena_strdup(&pushing->arena, status);
		else
			cts_push_note_declined(pushing, name, status);
	}
	return 0;
}

/* One request with the moves [first, last). */
static int send_to_server(struct cts_pushing *pushing, size_t first, size_t last, bool is_own)
{
	struct report report = {.pushing = pushing, .talk = {.progress = pushing->progress}};
	git_push_options options;
	git_remote *remote = NULL;
	char **specs = NULL;
	size_t count = 0;
	git_strarray list;
	int rc;

	if (first == last)
		return 0;
	git_push_options_init(&options, GIT_PUSH_OPTIONS_VERSION);
	cts_talk_callbacks(&options.callbacks, &report.talk);
	options.callbacks.push_update_reference = branch_report;
	options.callbacks.payload = &report;
	for (size_t i = first; i < last; i++) {
		char **spec = cts_arena_push(&pushing->arena, &specs, &count, sizeof(*spec));

		*spec = cts_arena_printf(&pushing->arena, "%s%s:%s",
			pushing->moves[i].is_forced ? "+" : "", pushing->moves[i].name,
			pushing->moves[i].name);
	}
	list = (git_strarray){.strings = specs, .count = count};
	rc = git_remote_create_anonymous(&remote, pushing->road->repo, pushing->url);
	if (rc == 0)
		rc = git_remote_push(remote, &list, &options);
	git_remote_free(remote);
	cts_buf_release(&report.talk.line);
	if (is_own && report.own)
		return cts_push_fail_own(report.own);
	if (rc == GIT_ENONFASTFORWARD)
		return cts_push_fail_own("it is ahead there of what we have: pull, then push");
	if (rc < 0)
		return cts_talk_fail(rc, pushing->url);
	if (is_own && !report.own_was_told)
		return cts_push_fail_own("it did not say that it took it");
	return 0;
}

int cts_push_to_server(struct cts_pushing *pushing)
{
	size_t own = pushing->move_count && pushing->moves[0].is_own;
	int others, rc = send_to_server(pushing, 0, own, true);

	if (rc < 0)
		return rc;
	others = send_to_server(pushing, own, pushing->move_count, false);
	if (others < 0) {
		cts_push_note_declined(pushing, "refs/heads/others", cts_error_message(others));
		cts_error_clear();
	}
	return 0;
}
