/*
 * push: this store's changes, on its own branch, and best effort what others' branches the remote
 * lacks, so that changes travel over any chain of remotes.
 */
#include "cli/cmd.h"
#include "cli/items.h"
#include "cli/progress.h"
#include "cli/road_out.h"
#include "cli/session.h"
#include "proto/error.h"

struct push_options {
	bool reset_main;
};

static const struct cts_opt push_rows[] = {
	{.name = "reset-main",
		.kind = CTS_OPT_FLAG,
		.offset = offsetof(struct push_options, reset_main),
		.help = "put the published branch `main` in order even where it holds what ctsync "
			"did not write"},
	{0},
};

static const struct cts_argument push_arguments[] = {
	{.name = "REMOTE", .optional = true, .help = "its name; else origin, else the only one"},
	{0},
};

static int push_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct push_options *options = given;
	struct cts_progress_bar bar = {0};
	struct cts_progress progress = cts_progress_hook(&bar);
	struct cts_road *road = NULL;
	struct cts_push push = {0};
	const char *remote;
	int rc;

	rc = cts_remote_pick(session->store, &remote, &session->arena, argc > 0 ? argv[0] : NULL);
	if (rc < 0)
		return rc;
	rc = cts_road_open(&road, session->store);
	if (rc < 0)
		return rc;
	rc = cts_push(&push, road, remote, options->reset_main, &progress);
	cts_progress_end(&bar);
	if (rc < 0)
		goto out;
	if (cts_out_is_json(&session->out)) {
		struct cts_jsonw json;

		cts_answer_begin(&json, &session->out);
		cts_push_put_json(&json, &push);
		cts_answer_end(&json, &session->out);
	} else {
		cts_push_put_text(&session->out, &push, remote);
	}
out:
	cts_push_release(&push);
	cts_road_close(road);
	return rc < 0 ? rc : 0;
}

const struct cts_cmd cts_cmd_push = {
	.name = "push",
	.group = CTS_GROUP_SYNC,
	.sentence = "send this store's changes to a remote",
	.details =
		"A store writes only its own branch, so a push never waits for others and never "
		"needs a pull before it. Branches of other agencies that the remote lacks, and the "
		"published view `main`, are passed on if the remote takes them.",
	.examples = "ctsync push\nctsync push origin -o json\n",
	.options = push_rows,
	.options_size = sizeof(struct push_options),
	.arguments = push_arguments,
	.needs = CTS_NEEDS_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
	.run = push_run,
};
