/*
 * pull: the changes of others, checked and merged. It writes no change of its own, so a store that
 * only reads never needs to push.
 */
#include "cli/cmd.h"
#include "cli/items.h"
#include "cli/progress.h"
#include "cli/road_out.h"
#include "cli/session.h"
#include "proto/error.h"

static const struct cts_argument pull_arguments[] = {
	{.name = "REMOTE", .optional = true, .help = "its name; else origin, else the only one"},
	{0},
};

static int pull_run(struct cts_session *session, const void *options, int argc, char **argv)
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

const struct cts_cmd cts_cmd_pull = {
	.name = "pull",
	.group = CTS_GROUP_SYNC,
	.sentence = "take in what other agencies pushed",
	.details =
		"Every new commit is checked before anything of it is taken. Fields that agencies "
		"changed apart are merged by their class (`ctsync help schema`); where that "
		"cannot be, all sides are kept as a conflict and work goes on. A commit that does "
		"not follow the rules is refused, named and remembered, and the others are taken; "
		"the status is then 71.",
	.examples = "ctsync pull\nctsync pull origin -o json\n",
	.arguments = pull_arguments,
	.needs = CTS_NEEDS_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
	.run = pull_run,
};
