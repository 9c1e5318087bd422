/*
 * Views by name: of a change, of what had been received by a time, of what an agency had seen by then.
 */
#include "store/internal.h"

#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"
#include "proto/time.h"

/* The arrival number and received time of one arrival row. */
static int arrival_row(
	struct cts_txn *txn, uint64_t arrival, struct cts_ref *ref, int64_t *received)
{
	struct cts_buf key = {0};
	struct cts_slice data;
	int rc;

	cts_buf_put_be64(&key, arrival);
	rc = cts_db_get(txn, CTS_DB_ARRIVALS, cts_buf_slice(&key), &data);
	cts_buf_release(&key);
	if (rc < 0)
		return rc;
	if (rc == 0 || data.size != 20)
		return cts_store_damaged(txn->store, "an arrival is missing");
	*ref = (struct cts_ref){
		.line = cts_be32(data.data), .seq = cts_be64((const char *)data.data + 4)};
	*received = (int64_t)cts_be64((const char *)data.data + 12);
	return 0;
}

/* Everything received by `time`: received times never run backwards, so halving finds the last. */
static int view_by_time(struct cts_txn *txn, struct cts_vector *out, int64_t time)
{
	uint64_t low = 0, high = txn->counters.arrival;
	struct cts_ref ref;
	int64_t received = 0;
	int rc = cts_lines_load(txn);

	while (rc == 0 && low < high) {
		uint64_t middle = low + (high - low + 1) / 2;

		rc = arrival_row(txn, middle, &ref, &received);
		if (received <= time)
			low = middle;
		else
			high = middle - 1;
	}
	/* Within a line arrival numbers rise with seq: halve each line too. */
	for (size_t i = 0; rc == 0 && i < txn->line_count; i++) {
		const struct cts_line_row *row = &txn->lines[i];
		uint64_t first = row->fork.line ? row->fork.seq : 0, last = row->last_seq;

		while (rc == 0 && first < last) {
			struct cts_arena arena = {0};
			struct cts_change change = {0};
			uint64_t middle = first + (last - first + 1) / 2;

			rc = cts_change_get(txn, &change, &arena,
				(struct cts_ref){.line = (uint32_t)i + 1, .seq = middle});
			if (change.arrival <= low)
				first = middle;
			else
				last = middle - 1;
			cts_arena_release(&arena);
		}
		if (rc == 0 && first > (row->fork.line ? row->fork.seq : 0))
			cts_vector_raise(
				out, (struct cts_ref){.line = (uint32_t)i + 1, .seq = first});
	}
	return rc;
}

/* What the agency's writers had shown by then that they saw. */
static int view_by_agency(
	struct cts_txn *txn, struct cts_vector *out, const char *agency, int64_t time)
{
	bool is_known = false;
	int rc = cts_lines_load(txn);

	for (size_t i = 0; rc == 0 && i < txn->line_count; i++) {
		const struct cts_line_row *row = &txn->lines[i];
		uint64_t floor = row->fork.line ? row->fork.seq : 0;

		if (strcmp(row->agency, agency) != 0)
			continue;
		is_known = true;
		for (uint64_t seq = row->last_seq; rc == 0 && seq > floor; seq--) {
			struct cts_ref ref = {.line = (uint32_t)i + 1, .seq = seq};
			struct cts_arena arena = {0};
			struct cts_change change = {0};

			rc = cts_change_get(txn, &change, &arena, ref);
			cts_arena_release(&arena);
			if (rc == 0 && change.time <= time) {
				rc = cts_txn_add_past(txn, out, ref);
				break;
			}
		}
	}
	if (rc == 0 && !is_known) {
		cts_fail(CTS_ENOTFOUND, "no change by an agency '%s' is here", agency);
		cts_hint("ctsync status names the agencies");
		return CTS_ENOTFOUND;
	}
	return rc;
}

int cts_view_parse(struct cts_view *out, struct cts_txn *txn, const char *text)
{
	struct cts_view view = {0};
	const char *at = strchr(text, '@');
	struct cts_ref ref;
	int64_t time;
	int rc;

	if (at) {
		const char *code = cts_arena_strndup(&txn->arena, text, (size_t)(at - text));
		const char *agency = code;

		rc = cts_time_parse(&time, at + 1, true);
		/* An id of an agency is taken as it is; a code as typed. */
		if (rc == 0 && !cts_agency_is_valid(code))
			rc = cts_agency_id(&agency, &txn->arena, code);
		if (rc == 0)
			rc = view_by_agency(txn, &view.vector, agency, time);
	} else if (strpbrk(text, "-:") && text[0] >= '0' && text[0] <= '9') {
		rc = cts_time_parse(&time, text, true);
		if (rc == 0)
			rc = view_by_time(txn, &view.vector, time);
	} else {
		rc = cts_txn_find_change(txn, &ref, text);
		if (rc == CTS_EVALUE) {
			cts_fail(CTS_EVALUE, "'%s' is no revision", text);
			cts_hint("a commit, a change (7f3a9c21.12), AGENCY@DATE, or a date (2021-06-30)");
		}
		if (rc == 0)
			rc = cts_txn_add_past(txn, &view.vector, ref);
	}
	if (rc < 0) {
		cts_view_release(&view);
		return rc;
	}
	*out = view;
	return 0;
}
