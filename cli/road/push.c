/*
 * The run of push.
 */
#include "cli/items.h"
#include "cli/progress.h"
#include "cli/road/runs.h"
#include "cli/road_out.h"
#include "cli/session.h"

int cts_run_push(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct cts_push_options *options = given;
	struct cts_progress_bar bar = {0};
	struct cts_progress progress = cts_progress_hook(&bar);
	struct cts_road *road = NULL;
	struct cts_push push = {0};
	const char *remote;
	int rc;

	rc = cts_remote_pick(session->store, &remote, &session->arena, argc > 0 ? argv[0] : NULL);
	if (rc < 0)
		return rc;
	rc = cts_road_open(&road, session->store);
	if (rc < 0)
		return rc;
	rc = cts_push(&push, road, remote, options->reset_main, &progress);
	cts_progress_end(&bar);
	if (rc < 0)
		goto out;
	if (cts_out_is_json(&session->out)) {
		struct cts_jsonw json;

		cts_answer_begin(&json, &session->out);
		cts_push_put_json(&json, &push);
		cts_answer_end(&json, &session->out);
	} else {
		cts_push_put_text(&session->out, &push, remote);
	}
out:
	cts_push_release(&push);
	cts_road_close(road);
	return rc < 0 ? rc : 0;
}
