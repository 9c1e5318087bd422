/*
 * The runs of bundle create and bundle apply.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/diag.h"
#include "cli/items.h"
#include "cli/progress.h"
#include "cli/road/bundle_file.h"
#include "cli/road/receipt.h"
#include "cli/road/runs.h"
#include "cli/road_out.h"
#include "cli/session.h"
#include "proto/error.h"
#include "sync/sync.h"

/* ---- create ---- */

static void put_made(struct cts_buf *line, const struct cts_bundle_made *made)
{
	cts_buf_printf(line, "%" PRIu64 " commit%s of %zu branch%s, %" PRIu64 " bytes",
		made->commits, made->commits == 1 ? "" : "s", made->branch_count,
		made->branch_count == 1 ? "" : "es", made->bytes);
	if (made->base_count)
		cts_buf_printf(line, ", building on %zu that the receiver has", made->base_count);
}

static void put_created(struct cts_session *session, const struct cts_bundle_made *made,
	const char *path, const char *since)
{
	struct cts_out *out = &session->out;
	struct cts_buf line = {0};
	struct cts_jsonw json;

	if (cts_out_is_json(out)) {
		cts_answer_begin(&json, out);
		cts_jsonw_string(&json, "file", made->commits ? path : NULL);
		cts_jsonw_int(&json, "commits", (int64_t)made->commits);
		cts_jsonw_int(&json, "branches", (int64_t)made->branch_count);
		cts_jsonw_int(&json, "builds_on", (int64_t)made->base_count);
		cts_jsonw_int(&json, "bytes", (int64_t)made->bytes);
		cts_answer_end(&json, out);
		return;
	}
	if (!made->commits) {
		cts_diag_note("nothing is new since '%s'; no bundle was written", since);
		return;
	}
	put_made(&line, made);
	if (path) {
		cts_out_text(out, path);
		cts_out_printf(out, ": %s\n", cts_buf_text(&line));
	} else {
		cts_diag_note("%s", cts_buf_text(&line));
	}
	cts_buf_release(&line);
}

static int copy_out(struct cts_out *out, int fd)
{
	char piece[64 * 1024];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, piece, sizeof(piece), at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cts_fail_errno(CTS_EIO, errno, "cannot read the bundle back");
		cts_out_put(out, piece, (size_t)n);
		cts_out_flush(out);
		at += n;
	}
	return 0;
}

static int check_stdout(struct cts_session *session)
{
	if (cts_out_is_json(&session->out)) {
		cts_fail(CTS_EUSAGE, "the bundle itself goes to standard output, so no JSON can");
		cts_hint("ctsync bundle create FILE -o json");
		return CTS_EUSAGE;
	}
	if (session->out.terminal) {
		cts_fail(CTS_EUSAGE, "a bundle is not written to a terminal");
		cts_hint("ctsync bundle create FILE");
		return CTS_EUSAGE;
	}
	return 0;
}

int cts_run_bundle_create(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct cts_bundle_create_options *options = given;
	bool is_stdout = strcmp(argv[0], "-") == 0;
	struct cts_bundle_options how = {
		.path = is_stdout ? NULL : argv[0],
		.fd = -1,
		.since = options->since,
		.replace = options->force,
	};
	struct cts_progress_bar bar = {0};
	struct cts_progress progress = cts_progress_hook(&bar);
	struct cts_bundle_made made = {0};
	struct cts_road *road = NULL;
	int rc = 0;

	(void)argc;
	if (is_stdout) {
		rc = check_stdout(session);
		/* Its pack's count is known last, so it cannot be written straight into a pipe. */
		if (rc == 0)
			rc = cts_bundle_spool(&how.fd, session->store_path);
	}
	if (rc == 0)
		rc = cts_road_open(&road, session->store);
	if (rc == 0)
		rc = cts_bundle_create(&made, road, &how, &progress);
	cts_progress_end(&bar);
	if (rc == 0 && is_stdout)
		rc = copy_out(&session->out, how.fd);
	if (rc == 0)
		put_created(session, &made, how.path, options->since);
	if (how.fd >= 0)
		close(how.fd);
	cts_road_close(road);
	return rc;
}

/* ---- apply ---- */

int cts_run_bundle_apply(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct cts_receipt_options *options = given;
	const char *name = cts_bundle_name(argv[0]);
	struct cts_progress_bar bar = {0};
	struct cts_progress progress = cts_progress_hook(&bar);
	struct cts_road *road = NULL;
	struct cts_pull pull = {0};
	int rc = 0, fd = -1;

	(void)argc;
	if (options->receipt)
		rc = cts_session_author(&session->author, session, NULL);
	if (rc == 0)
		rc = cts_bundle_open(&fd, session->store_path, argv[0]);
	if (rc == 0)
		rc = cts_road_open(&road, session->store);
	if (rc == 0) {
		rc = cts_bundle_apply(&pull, road, fd, name, &progress);
		cts_progress_end(&bar);
		rc = cts_pull_answer(session, road, &pull, name, options->receipt, rc);
	}
	if (fd >= 0)
		close(fd);
	cts_pull_release(&pull);
	cts_road_close(road);
	return rc;
}
