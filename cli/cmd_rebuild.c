/*
 * rebuild: LMDB anew from the git mirror, the journal and what was received when. The store is not
 * opened: it may be what is damaged.
 */
#include <inttypes.h>

#include "cli/cmd.h"
#include "cli/items.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "sync/sync.h"

static int rebuild_run(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct cts_progress_bar bar = {0};
	struct cts_progress progress = cts_progress_hook(&bar);
	struct cts_out *out = &session->out;
	uint64_t commits = 0, pending = 0;
	struct cts_jsonw json;
	int rc = cts_store_rebuild(session->store_path, &commits, &pending, &progress);

	(void)options;
	(void)argc;
	(void)argv;
	cts_progress_end(&bar);
	if (rc < 0)
		return rc;
	if (cts_out_is_json(out)) {
		cts_answer_begin(&json, out);
		cts_jsonw_int(&json, "commits", (int64_t)commits);
		cts_jsonw_int(&json, "pending", (int64_t)pending);
		cts_answer_end(&json, out);
	} else {
		cts_out_printf(out, "rebuilt from %" PRIu64 " %s and %" PRIu64 " pending %s\n",
			commits, commits == 1 ? "commit" : "commits", pending,
			pending == 1 ? "change" : "changes");
	}
	return 0;
}

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
	.run = rebuild_run,
};
