/*
 * The run of pull.
 */
#include "cli/progress.h"
#include "cli/road/receipt.h"
#include "cli/road/runs.h"
#include "cli/session.h"
#include "sync/sync.h"

int cts_run_pull(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct cts_receipt_options *options = given;
	struct cts_progress_bar bar = {0};
	struct cts_progress progress = cts_progress_hook(&bar);
	struct cts_road *road = NULL;
	struct cts_pull pull = {0};
	const char *remote;
	int rc;

	rc = cts_remote_pick(session->store, &remote, &session->arena, argc > 0 ? argv[0] : NULL);
	if (rc == 0 && options->receipt)
		rc = cts_session_author(&session->author, session, NULL);
	if (rc == 0)
		rc = cts_road_open(&road, session->store);
	if (rc < 0)
		return rc;
	rc = cts_pull(&pull, road, remote, &progress);
	cts_progress_end(&bar);
	rc = cts_pull_answer(session, road, &pull, remote, options->receipt, rc);
	cts_pull_release(&pull);
	cts_road_close(road);
	return rc;
}
