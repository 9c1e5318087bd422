/*
 * The run of rebuild.
 */
#include <inttypes.h>

#include "cli/items.h"
#include "cli/progress.h"
#include "cli/road/runs.h"
#include "cli/session.h"
#include "sync/sync.h"

int cts_run_rebuild(struct cts_session *session, const void *options, int argc, char **argv)
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
