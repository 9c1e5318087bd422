/*
 * The run of backup.
 */
#include <inttypes.h>

#include "cli/items.h"
#include "cli/progress.h"
#include "cli/road/runs.h"
#include "cli/road/size.h"
#include "cli/session.h"
#include "sync/sync.h"

static void put_json(struct cts_out *out, const struct cts_backup *done, const char *path)
{
	struct cts_jsonw json;

	cts_answer_begin(&json, out);
	cts_jsonw_string(&json, "file", path);
	cts_jsonw_string(&json, "folder", done->folder);
	cts_jsonw_int(&json, "records", (int64_t)done->records);
	cts_jsonw_int(&json, "pending", (int64_t)done->pending);
	cts_jsonw_int(&json, "bytes", (int64_t)done->bytes);
	cts_answer_end(&json, out);
}

static void put_text(struct cts_out *out, const struct cts_backup *done, const char *path)
{
	cts_out_text(out, path);
	cts_out_printf(out, ": %" PRIu64 " %s, %" PRIu64 " pending %s, ", done->records,
		done->records == 1 ? "record" : "records", done->pending,
		done->pending == 1 ? "change" : "changes");
	cts_size_put(out, done->bytes);
	cts_out_puts(out, "\ntar xf makes of it the folder ");
	cts_out_text(out, done->folder);
	cts_out_puts(out, "\n");
}

int cts_run_backup(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct cts_progress_bar bar = {0};
	struct cts_progress progress = cts_progress_hook(&bar);
	struct cts_backup done = {0};
	struct cts_road *road = NULL;
	int rc = cts_road_open(&road, session->store);

	(void)options;
	(void)argc;
	if (rc == 0)
		rc = cts_backup(&done, road, argv[0], &progress);
	cts_progress_end(&bar);
	cts_road_close(road);
	if (rc < 0)
		return rc;
	if (cts_out_is_json(&session->out))
		put_json(&session->out, &done, argv[0]);
	else
		put_text(&session->out, &done, argv[0]);
	return 0;
}
