/*
 * backup: the whole store as one file, taken while it is in use.
 */
#include "cli/cmd.h"

static const struct cts_argument backup_arguments[] = {
	{.name = "FILE", .help = "where to write it; an older backup there is replaced"},
	{0},
};

const struct cts_cmd cts_cmd_backup = {
	.name = "backup",
	.group = CTS_GROUP_CARE,
	.sentence = "copy the whole store into one file",
	.details =
		"The file is a tar of the store as it stands at one moment, changes not yet pushed "
		"included; others may go on using the store. It holds everything that the store "
		"holds, so keep it where the store itself might lie.\n"
		"\n"
		"To restore, unpack it with `tar xf FILE`: that makes a folder with a store in it, "
		"named after the agency and the time. It is a copy of the store, and begins a "
		"branch of its own with its first change; pull first, to get what happened since.",
	.examples = "ctsync backup hem.tar\n"
		    "tar xf hem.tar\n",
	.arguments = backup_arguments,
	.needs = CTS_NEEDS_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
};
