/*
 * sync: pull, then push.
 */
#include "cli/cmd.h"

static const struct cts_argument sync_arguments[] = {
	{.name = "REMOTE", .optional = true, .help = "its name; else origin, else the only one"},
	{0},
};

const struct cts_cmd cts_cmd_sync = {
	.name = "sync",
	.group = CTS_GROUP_SYNC,
	.sentence = "pull, then push",
	.examples = "ctsync sync\n",
	.arguments = sync_arguments,
	.needs = CTS_NEEDS_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
};
