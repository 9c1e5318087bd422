/*
 * clone: a store of one's own from a remote, with all history. It records nothing until its first
 * edit.
 */
#include "cli/road/runs.h"

static const struct cts_opt clone_rows[] = {
	{.name = "agency",
		.argument = "CODE",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct cts_clone_options, agency),
		.help = "the code of your agency, as NZP"},
	{.name = "author",
		.argument = "'NAME <MAIL>'",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct cts_clone_options, author),
		.help = "who makes the changes here; otherwise as git knows you"},
	{.name = "root",
		.argument = "ID",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct cts_clone_options, root),
		.help = "the root commit that the programme must have, 40 digits"},
	{0},
};

static const struct cts_argument clone_arguments[] = {
	{.name = "URL", .help = "a path, or an https, ssh or file URL; or the file of a bundle"},
	{.name = "DIR",
		.optional = true,
		.help = "the folder that will hold .ctsync; otherwise one named as the URL ends"},
	{0},
};

const struct cts_cmd cts_cmd_clone = {
	.name = "clone",
	.group = CTS_GROUP_STORE,
	.sentence = "make a store from a remote, with all its history",
	.details =
		"The remote becomes `origin`; a bundle (one of everything) does not. The new store "
		"is a writer of your agency; it records nothing until its first edit.\n"
		"\n"
		"The root commit names the programme. At a terminal you are asked to compare it; "
		"elsewhere it is trusted on first use, and shown, unless --root says what it must "
		"be.",
	.examples = "ctsync clone /srv/programme.git --agency NZP\n"
		    "ctsync clone ssh://git.example.org/programme.git work --agency NZP "
		    "--author 'Bo Reed <bo@nzp.example>'\n"
		    "ctsync clone /media/usb/dpmc.bundle programme --agency NZP\n",
	.options = clone_rows,
	.options_size = sizeof(struct cts_clone_options),
	.arguments = clone_arguments,
	.needs = CTS_NEEDS_NOTHING,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
};
