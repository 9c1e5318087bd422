/*
 * The run of compact.
 */
#include <inttypes.h>

#include "cli/items.h"
#include "cli/progress.h"
#include "cli/road/runs.h"
#include "cli/road/size.h"
#include "cli/session.h"
#include "sync/sync.h"

static void put_sizes(struct cts_out *out, const char *what, uint64_t before, uint64_t after)
{
	cts_out_printf(out, "%s: ", what);
	cts_size_put(out, after);
	cts_out_puts(out, after == before ? ", as it was" : ", was ");
	if (after != before)
		cts_size_put(out, before);
}

static void put_text(struct cts_out *out, const struct cts_compacted *done)
{
	put_sizes(out, "mirror", done->mirror_before, done->mirror_after);
	if (done->packs_before != done->packs_after)
		cts_out_printf(out, " in %" PRIu64 " packs", done->packs_before);
	cts_out_puts(out, "\n");
	put_sizes(out, "database", done->data_before, done->data_after);
	cts_out_puts(out, "\n");
}

static void put_json(struct cts_out *out, const struct cts_compacted *done)
{
	struct cts_jsonw json;

	cts_answer_begin(&json, out);
	cts_jsonw_object(&json, "mirror");
	cts_jsonw_int(&json, "packs_before", (int64_t)done->packs_before);
	cts_jsonw_int(&json, "packs_after", (int64_t)done->packs_after);
	cts_jsonw_int(&json, "bytes_before", (int64_t)done->mirror_before);
	cts_jsonw_int(&json, "bytes_after", (int64_t)done->mirror_after);
	cts_jsonw_end(&json);
	cts_jsonw_object(&json, "database");
	cts_jsonw_int(&json, "bytes_before", (int64_t)done->data_before);
	cts_jsonw_int(&json, "bytes_after", (int64_t)done->data_after);
	cts_jsonw_end(&json);
	cts_answer_end(&json, out);
}

int cts_run_compact(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct cts_progress_bar bar = {0};
	struct cts_progress progress = cts_progress_hook(&bar);
	struct cts_compacted done = {0};
	struct cts_road *road = NULL;
	int rc = cts_road_open(&road, session->store);

	(void)options;
	(void)argc;
	(void)argv;
	if (rc == 0)
		rc = cts_compact(&done, road, &progress);
	cts_progress_end(&bar);
	cts_road_close(road);
	if (rc < 0)
		return rc;
	if (cts_out_is_json(&session->out))
		put_json(&session->out, &done);
	else
		put_text(&session->out, &done);
	return 0;
}
