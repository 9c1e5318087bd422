/*
 * pull: the changes of others, checked and merged. It writes no change of its own unless a receipt is
 * asked for, so a store that only reads never needs to push.
 */
#include "cli/road/runs.h"

static const struct cts_opt pull_rows[] = {
	CTS_OPT_RECEIPT(struct cts_receipt_options),
	{0},
};

static const struct cts_argument pull_arguments[] = {
	{.name = "REMOTE", .optional = true, .help = "its name; else origin, else the only one"},
	{0},
};

const struct cts_cmd cts_cmd_pull = {
	.name = "pull",
	.group = CTS_GROUP_SYNC,
	.sentence = "take in what other agencies pushed",
	.details =
		"Every new commit is checked before anything of it is taken. Fields that agencies "
		"changed apart are merged by their class (`ctsync help schema`); where that "
		"cannot be, all sides are kept as a conflict and work goes on. A commit that does "
		"not follow the rules is refused, named and remembered, and the others are taken; "
		"the status is then 71.",
	.examples = "ctsync pull\nctsync pull origin -o json\n",
	.options = pull_rows,
	.options_size = sizeof(struct cts_receipt_options),
	.arguments = pull_arguments,
	.needs = CTS_NEEDS_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
};
