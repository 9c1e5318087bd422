/*
 * compact: less disk for the same store. The mirror's packs become one, with deltas along the
 * history; the database loses the pages that nothing uses.
 */
#include "cli/cmd.h"

const struct cts_cmd cts_cmd_compact = {
	.name = "compact",
	.group = CTS_GROUP_CARE,
	.sentence = "make the store smaller on the disk",
	.details =
		"Makes one pack of all that the git mirror holds, every version of a record and of "
		"a folder as its difference from the one before, and a database without the pages "
		"that nothing uses any more, where those are a tenth of it or more. Nothing of the "
		"history is given up.\n"
		"\n"
		"The store may be used meanwhile, but a change waits while the database is copied. "
		"As much room is needed on the disk as the store takes afterwards. It need not be "
		"done for speed: more than 20 packs are joined at the next push or pull.",
	.examples = "ctsync compact\n",
	.needs = CTS_NEEDS_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
};
