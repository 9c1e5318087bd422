/*
 * The run of pull.
 */
#include "cli/items.h"
#include "cli/progress.h"
#include "cli/road/runs.h"
#include "cli/road_out.h"
#include "cli/session.h"
#include "proto/error.h"

int cts_run_pull(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct cts_progress_bar bar = {0};
	struct cts_progress progress = cts_progress_hook(&bar);
	struct cts_road *road = NULL;
	struct cts_pull pull = {0};
	const char *remote;
	int rc;

	(void)options;
	rc = cts_remote_pick(session->store, &remote, &session->arena, argc > 0 ? argv[0] : NULL);
	if (rc < 0)
		return rc;
	rc = cts_road_open(&road, session->store);
	if (rc < 0)
		return rc;
	rc = cts_pull(&pull, road, remote, &progress);
	cts_progress_end(&bar);
	/* What was refused harms nobody: the rest has been taken, and is told. */
	if (rc < 0 && !(rc == CTS_EINTEGRITY && pull.refused_count > 0))
		goto out;
	if (cts_out_is_json(&session->out)) {
		struct cts_jsonw json;

		cts_answer_begin(&json, &session->out);
		cts_pull_put_json(&json, &pull);
		cts_answer_end(&json, &session->out);
	} else {
		cts_pull_put_text(&session->out, &pull, remote);
	}
out:
	cts_pull_release(&pull);
	cts_road_close(road);
	return rc < 0 ? rc : 0;
}
