/*
 * JSON: the members of a pull, and `receipt` where one was wanted: the name of the change, or null when
 * there was nothing to acknowledge.
 */
#include "cli/road/receipt.h"

#include "cli/diag.h"
#include "cli/items.h"
#include "cli/road_out.h"
#include "cli/session.h"
#include "proto/arena.h"
#include "proto/error.h"
#include "sync/sync.h"

static void put(struct cts_session *session, const struct cts_pull *pull, const char *name,
	bool is_wanted, const char *change)
{
	struct cts_out *out = &session->out;

	if (cts_out_is_json(out)) {
		struct cts_jsonw json;

		cts_answer_begin(&json, out);
		cts_pull_put_json(&json, pull);
		if (is_wanted)
			cts_jsonw_string(&json, "receipt", change);
		cts_answer_end(&json, out);
		return;
	}
	cts_pull_put_text(out, pull, name);
	if (change)
		cts_out_printf(out,
			"receipt %s is written; it travels with your next push or bundle\n", change);
}

int cts_pull_answer(struct cts_session *session, struct cts_road *road, const struct cts_pull *pull,
	const char *name, bool receipt, int rc)
{
	bool is_told = rc >= 0 || (rc == CTS_EINTEGRITY && pull->refused_count > 0);
	char change[CTS_CHANGE_TEXT];
	const char *message = NULL, *hint = NULL;
	int written = 0;

	if (!is_told)
		return rc;
	if (rc < 0) { /* the receipt may have a failure of its own */
		message = cts_arena_strdup(&session->arena, cts_error_message(rc));
		hint = cts_error_hint() ? cts_arena_strdup(&session->arena, cts_error_hint()) : NULL;
	}
	if (receipt)
		written = cts_receipt(change, road, NULL);
	put(session, pull, name, receipt, written == 1 ? change : NULL);
	if (written < 0)
		return written;
	if (rc < 0) {
		cts_fail(rc, "%s", message);
		if (hint)
			cts_hint("%s", hint);
		return rc;
	}
	return 0;
}
