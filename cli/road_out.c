/*
 * What others wrote (names of branches, reasons) is shown through the filter of all text on a
 * terminal.
 */
#include "cli/road_out.h"

#include <inttypes.h>

#include "cli/diag.h"

enum { IGNORED_SHOWN = 10 }; /* branches of a server that are named one by one */

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

void cts_refusals_put_json(
	struct cts_jsonw *json, const char *key, const struct cts_refusal *refusals, size_t count)
{
	cts_jsonw_array(json, key);
	for (size_t i = 0; i < count; i++) {
		cts_jsonw_object(json, NULL);
		cts_jsonw_oid(json, "commit", &refusals[i].commit);
		cts_jsonw_string(json, "branch", refusals[i].branch);
		cts_jsonw_string(json, "why", refusals[i].why);
		cts_jsonw_end(json);
	}
	cts_jsonw_end(json);
}

void cts_refusal_put(struct cts_buf *out, const struct cts_refusal *refusal)
{
	char hex[CTS_OID_HEX + 1];

	if (!cts_oid_is_zero(&refusal->commit))
		cts_buf_printf(out, "commit %.10s of ", cts_oid_format(hex, &refusal->commit));
	cts_buf_printf(
		out, "%s: %s", refusal->branch ? refusal->branch : "(no branch)", refusal->why);
}

void cts_pull_put_json(struct cts_jsonw *json, const struct cts_pull *pull)
{
	cts_jsonw_int(json, "commits", (int64_t)pull->commits);
	cts_jsonw_int(json, "records_changed", (int64_t)pull->records_changed);
	cts_jsonw_int(json, "conflicts", (int64_t)pull->conflicts);
	cts_refusals_put_json(json, "refused", pull->refused, pull->refused_count);
}

void cts_pull_put_text(struct cts_out *out, const struct cts_pull *pull, const char *remote)
{
	if (pull->commits > 0) {
		cts_out_printf(out, "received %" PRIu64 " commit%s from ", pull->commits,
			plural(pull->commits));
		cts_out_text(out, remote);
		cts_out_printf(out, ": %" PRIu64 " record%s changed", pull->records_changed,
			plural(pull->records_changed));
		if (pull->conflicts > 0)
			cts_out_printf(out, ", %" PRIu64 " newly in conflict", pull->conflicts);
		cts_out_puts(out, "\n");
		/* What comes next on stderr is to stand below it. */
		cts_out_flush(out);
	} else if (pull->refused_count == 0) {
		cts_diag_note("nothing new in '%s'", remote);
	}
	for (size_t i = 0; i < pull->refused_count; i++) {
		struct cts_buf line = {0};

		cts_refusal_put(&line, &pull->refused[i]);
		cts_diag_warn("refused %s", cts_buf_text(&line));
		cts_buf_release(&line);
	}
	for (size_t i = 0; i < pull->ignored_count && i < IGNORED_SHOWN; i++)
		cts_diag_note("'%s' has a branch '%s' that is no writer's; it is ignored", remote,
			pull->ignored[i]);
	if (pull->ignored_count > IGNORED_SHOWN)
		cts_diag_note("'%s' has %zu more branches that are no writer's", remote,
			pull->ignored_count - IGNORED_SHOWN);
	if (pull->conflicts > 0)
		cts_diag_hint("ctsync conflicts");
}

void cts_push_put_json(struct cts_jsonw *json, const struct cts_push *push)
{
	cts_jsonw_int(json, "commits", (int64_t)push->commits);
	cts_jsonw_array(json, "branches");
	for (size_t i = 0; i < push->branch_count; i++)
		cts_jsonw_string(json, NULL, push->branches[i]);
	cts_jsonw_end(json);
}

void cts_push_put_text(struct cts_out *out, const struct cts_push *push, const char *remote)
{
	if (push->commits > 0) {
		cts_out_printf(out, "pushed %" PRIu64 " commit%s to ", push->commits,
			plural(push->commits));
		cts_out_text(out, remote);
		cts_out_puts(out, "\n");
	} else if (push->branch_count > 0) {
		cts_out_puts(out, "passed on to ");
		cts_out_text(out, remote);
		for (size_t i = 0; i < push->branch_count; i++) {
			cts_out_puts(out, i == 0 ? ": " : ", ");
			cts_out_text(out, push->branches[i]);
		}
		cts_out_puts(out, "\n");
	} else {
		cts_diag_note("nothing to push to '%s'", remote);
	}
	cts_out_flush(out);
	for (size_t i = 0; i < push->declined_count; i++)
		cts_diag_warn("'%s' did not take %s", remote, push->declined[i]);
}
