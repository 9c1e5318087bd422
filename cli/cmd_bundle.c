/*
 * bundle create, show, apply: a push and a pull in a file, for where no network goes.
 */
#include "cli/road/runs.h"

/* ---- create ---- */

static const struct cts_opt create_rows[] = {
	{.name = "since",
		.argument = "REV|AGENCY|FILE",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct cts_bundle_create_options, since),
		.help = "only what is new since then: a commit, a change, AGENCY@DATE or a date; an "
			"agency's code: since what its changes show that it saw; a bundle: since what "
			"that one shows"},
	{.name = "force",
		.kind = CTS_OPT_FLAG,
		.offset = offsetof(struct cts_bundle_create_options, force),
		.help = "replace FILE whatever it is"},
	{0},
};

static const struct cts_argument create_arguments[] = {
	{.name = "FILE", .help = "the bundle to write; '-' is standard output"},
	{0},
};

const struct cts_cmd cts_cmd_bundle_create = {
	.name = "bundle create",
	.group = CTS_GROUP_SYNC,
	.sentence = "write changes into a file, to be carried where no network goes",
	.details =
		"A bundle holds everything that is here, of every agency; with --since what the "
		"receiver lacks, if it has what is named. The bundle that the receiver made last is "
		"the best of names (--since theirs.bundle), or the last one that it took in; its "
		"code does where it answers with a receipt or with changes of its own. When nothing "
		"is new since then no file is written.\n"
		"\n"
		"FILE is there whole or not at all. An earlier bundle of the same programme is "
		"replaced; any other file is left alone unless --force is given.\n"
		"\n"
		"It is a git bundle: `git bundle verify FILE`, `git fetch FILE "
		"'refs/heads/*:refs/heads/*'` and, for one of everything, `git clone -b main FILE` "
		"read it too.",
	.examples = "ctsync bundle create /media/usb/dpmc.bundle\n"
		    "ctsync bundle create /media/usb/dpmc.bundle --since /media/usb/nzp.bundle\n"
		    "ctsync bundle create monday.bundle --since NZP\n"
		    "ctsync bundle create - --since 2021-06-30 | ssh hub.example 'cat > in.bundle'\n",
	.options = create_rows,
	.options_size = sizeof(struct cts_bundle_create_options),
	.arguments = create_arguments,
	.needs = CTS_NEEDS_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
};

/* ---- show ---- */

static const struct cts_argument show_arguments[] = {
	{.name = "FILE", .help = "a bundle; '-' is standard input"},
	{0},
};

const struct cts_cmd cts_cmd_bundle_show = {
	.name = "bundle show",
	.group = CTS_GROUP_SYNC,
	.sentence = "tell what is in a bundle before it is taken in",
	.details =
		"Whether it is whole, of which programme, what it builds on and whether that is "
		"here, and of each branch how many of its commits are new, by whom and of when. "
		"Without a store everything is new. What it says of itself is told as it says it; "
		"the checks are those of `bundle apply`. One that was cut or altered gives status "
		"71.",
	.examples = "ctsync bundle show /media/usb/nzp.bundle\n"
		    "ctsync bundle show nzp.bundle -o json\n",
	.arguments = show_arguments,
	.needs = CTS_USES_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
};

/* ---- apply ---- */

static const struct cts_opt apply_rows[] = {
	CTS_OPT_RECEIPT(struct cts_receipt_options),
	{0},
};

static const struct cts_argument apply_arguments[] = {
	{.name = "FILE", .help = "a bundle; '-' is standard input"},
	{0},
};

const struct cts_cmd cts_cmd_bundle_apply = {
	.name = "bundle apply",
	.group = CTS_GROUP_SYNC,
	.sentence = "take in what a bundle holds",
	.details =
		"A pull from a file, with all its checks and merges. One that builds on commits "
		"which are not here is refused with status 20: apply those before it first. One "
		"that was cut or altered is refused with status 71, and nothing of it is taken. "
		"Applying a bundle again changes nothing.",
	.examples = "ctsync bundle apply /media/usb/nzp.bundle\n"
		    "ctsync bundle apply /media/usb/nzp.bundle --receipt\n",
	.options = apply_rows,
	.options_size = sizeof(struct cts_receipt_options),
	.arguments = apply_arguments,
	.needs = CTS_NEEDS_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
};
