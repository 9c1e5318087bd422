/*
 * The run of sync. What a pull had to refuse does not keep our own work here, nor does a remote
 * that is still empty: the push goes on, and tells if it is refused too.
 */
#include "cli/items.h"
#include "cli/progress.h"
#include "cli/road/runs.h"
#include "cli/road_out.h"
#include "cli/session.h"
#include "proto/error.h"

struct sync {
	struct cts_session *session;
	struct cts_road *road;
	const char *remote;
	struct cts_pull pull;
	struct cts_push push;
	bool has_pulled, has_pushed;
	const char *refused, *hint; /* of the pull; NULL: nothing was refused */
};

static int run_pull(struct sync *sync)
{
	struct cts_arena *arena = &sync->session->arena;
	struct cts_progress_bar bar = {0};
	struct cts_progress progress = cts_progress_hook(&bar);
	int rc = cts_pull(&sync->pull, sync->road, sync->remote, &progress);

	cts_progress_end(&bar);
	sync->has_pulled = rc >= 0 || (rc == CTS_EINTEGRITY && sync->pull.refused_count > 0);
	if (sync->has_pulled && rc < 0) {
		sync->refused = cts_arena_strdup(arena, cts_error_message(rc));
		if (cts_error_hint())
			sync->hint = cts_arena_strdup(arena, cts_error_hint());
	}
	if (sync->has_pulled && !cts_out_is_json(&sync->session->out))
		cts_pull_put_text(&sync->session->out, &sync->pull, sync->remote);
	return sync->has_pulled || rc == CTS_EREFUSED ? 0 : rc;
}

static int run_push(struct sync *sync)
{
	struct cts_progress_bar bar = {0};
	struct cts_progress progress = cts_progress_hook(&bar);
	int rc = cts_push(&sync->push, sync->road, sync->remote, false, &progress);

	cts_progress_end(&bar);
	sync->has_pushed = rc >= 0;
	if (sync->has_pushed && !cts_out_is_json(&sync->session->out))
		cts_push_put_text(&sync->session->out, &sync->push, sync->remote);
	return rc < 0 ? rc : 0;
}

static void put_json(const struct sync *sync)
{
	struct cts_jsonw json;

	cts_answer_begin(&json, &sync->session->out);
	if (sync->has_pulled) {
		cts_jsonw_object(&json, "pull");
		cts_pull_put_json(&json, &sync->pull);
		cts_jsonw_end(&json);
	} else {
		cts_jsonw_null(&json, "pull");
	}
	if (sync->has_pushed) {
		cts_jsonw_object(&json, "push");
		cts_push_put_json(&json, &sync->push);
		cts_jsonw_end(&json);
	} else {
		cts_jsonw_null(&json, "push");
	}
	cts_answer_end(&json, &sync->session->out);
}

int cts_run_sync(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct sync sync = {.session = session};
	int rc;

	(void)options;
	rc = cts_remote_pick(
		session->store, &sync.remote, &session->arena, argc > 0 ? argv[0] : NULL);
	if (rc == 0)
		rc = cts_road_open(&sync.road, session->store);
	if (rc < 0)
		return rc;
	rc = run_pull(&sync);
	if (rc == 0)
		rc = run_push(&sync);
	if (cts_out_is_json(&session->out) && (sync.has_pulled || sync.has_pushed))
		put_json(&sync);
	if (rc == 0 && sync.refused) {
		rc = cts_fail(CTS_EINTEGRITY, "%s", sync.refused);
		if (sync.hint)
			cts_hint("%s", sync.hint);
	}
	cts_pull_release(&sync.pull);
	cts_push_release(&sync.push);
	cts_road_close(sync.road);
	return rc;
}
