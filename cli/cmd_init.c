/*
 * init: a new store. It begins with one change, the record of its agency, so that a first push
 * always has something.
 */
#include "cli/road/runs.h"

static const struct cts_opt init_rows[] = {
	{.name = "agency",
		.argument = "CODE",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct cts_init_options, agency),
		.help = "the code of your agency, as DPMC"},
	{.name = "author",
		.argument = "'NAME <MAIL>'",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct cts_init_options, author),
		.help = "who makes the changes here; otherwise as git knows you"},
	{.name = "schema",
		.argument = "FILE",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct cts_init_options, schema),
		.help = "a compiled schema (protoc --descriptor_set_out) instead of the built-in "
			"one"},
	{0},
};

static const struct cts_argument init_arguments[] = {
	{.name = "DIR",
		.optional = true,
		.help = "the folder that will hold .ctsync; otherwise this one"},
	{0},
};

const struct cts_cmd cts_cmd_init = {
	.name = "init",
	.group = CTS_GROUP_STORE,
	.sentence = "make a new store, for the first agency of a programme",
	.details =
		"Makes DIR/.ctsync: a database, the git mirror, the configuration. The store is "
		"one writer of one agency, and begins with that agency's record. The other "
		"agencies do not init but clone: two stores that were made apart have different "
		"histories and cannot be joined.\n"
		"\n"
		"With --schema the kinds and fields are yours; see ctsync-repo(5) for the "
		"annotations.",
	.examples = "ctsync init --agency DPMC\n"
		    "ctsync init programme --agency DPMC --author 'Ana Ngata <ana@dpmc.example>'\n",
	.options = init_rows,
	.options_size = sizeof(struct cts_init_options),
	.arguments = init_arguments,
	.needs = CTS_NEEDS_NOTHING,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
};
