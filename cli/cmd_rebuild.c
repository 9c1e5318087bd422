/*
 * rebuild: LMDB anew from the git mirror, the journal and what was received when. The store is not
 * opened: it may be what is damaged.
 */
#include "cli/cmd.h"

const struct cts_cmd cts_cmd_rebuild = {
	.name = "rebuild",
	.group = CTS_GROUP_CARE,
	.sentence = "make the database anew from git, the journal and the times of receipt",
	.details =
		"For a store that is damaged, or that `ctsync check` finds fault with. All that "
		"the database holds is in the mirror's history and in two files beside it, "
		"changes not yet pushed included. The old database is replaced when the new one "
		"is whole.",
	.examples = "ctsync rebuild && ctsync check\n",
	.needs = CTS_FINDS_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
};
