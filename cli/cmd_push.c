/*
 * push: this store's changes, on its own branch, and best effort what others' branches the remote
 * lacks, so that changes travel over any chain of remotes.
 */
#include "cli/road/runs.h"

static const struct cts_opt push_rows[] = {
	{.name = "reset-main",
		.kind = CTS_OPT_FLAG,
		.offset = offsetof(struct cts_push_options, reset_main),
		.help = "put the published branch `main` in order even where it holds what ctsync "
			"did not write"},
	{0},
};

static const struct cts_argument push_arguments[] = {
	{.name = "REMOTE", .optional = true, .help = "its name; else origin, else the only one"},
	{0},
};

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
	.options_size = sizeof(struct cts_push_options),
	.arguments = push_arguments,
	.needs = CTS_NEEDS_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
};
