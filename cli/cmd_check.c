/*
 * check: the invariants of the store and of its mirror, and what is broken across records.
 */
#include "cli/cmd.h"

const struct cts_cmd cts_cmd_check = {
	.name = "check",
	.group = CTS_GROUP_CARE,
	.sentence = "check the store's invariants, its mirror and what refers to nothing",
	.details =
		"The invariants are those that ctsync-store(5) numbers; one that does not hold "
		"means a damaged store, and `ctsync rebuild` makes it anew. References to records "
		"that are not here, and values that should be one record's alone, are listed and "
		"are no failure: an offline store may lack what they name.\n"
		"\n"
		"The digest is over all records in order of key: stores that agree have the same.",
	.examples = "ctsync check\nctsync check -o json\n",
	.needs = CTS_NEEDS_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
};
