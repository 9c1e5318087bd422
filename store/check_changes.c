/*
 * Invariants 5 and 6: changes, and what they did. Every line is a chain without gaps, each change stands
 * where it arrived, sealed ones below pending ones, with a commit that leads back to it; a seen commit has
 * the vector of all it saw; and history and the changes' lists of records name each other.
 */
#include "store/check_internal.h"

#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"

struct counts {
	uint64_t changes, touched, commits, seen;
	uint64_t last_arrival; /* of the line's change before */
};

static int check_arrival(struct cts_checking *checking, const struct cts_change *change,
	struct counts *counts)
{
	struct cts_buf key = {0};
	struct cts_slice data;
	int rc;

	cts_buf_put_be64(&key, change->arrival);
	rc = cts_db_get(checking->txn, CTS_DB_ARRIVALS, cts_buf_slice(&key), &data);
	cts_buf_release(&key);
	if (rc < 0)
		return rc;
	if (rc == 0 || data.size != 20 || cts_be32(data.data) != change->ref.line ||
		cts_be64((const char *)data.data + 4) != change->ref.seq ||
		change->arrival <= counts->last_arrival ||
		change->arrival > checking->txn->counters.arrival)
		return cts_check_violated(checking, 5, "change %s.%llu is not where it arrived",
			change->writer, (unsigned long long)change->ref.seq);
	counts->last_arrival = change->arrival;
	return 0;
}

/* Sealed up to the head of the line, pending behind it. */
static int check_commit(struct cts_checking *checking, const struct cts_change *change,
	const struct cts_line_row *row, struct counts *counts)
{
	bool is_sealed = !cts_oid_is_zero(&change->commit);
	struct cts_ref found = {0};
	int rc = 1;

	if (is_sealed != (change->ref.seq <= row->head_seq) ||
		(change->ref.seq == row->head_seq && !cts_oid_equal(&change->commit, &row->head)))
		return cts_check_violated(checking, 5, "change %s.%llu is %s beside its line's head",
			change->writer, (unsigned long long)change->ref.seq,
			is_sealed ? "sealed" : "pending");
	if (is_sealed) {
		counts->commits++;
		rc = cts_txn_find_commit(checking->txn, &found, &change->commit);
	}
	if (rc < 0)
		return rc;
	if (is_sealed && (rc == 0 || !cts_ref_equal(found, change->ref)))
		return cts_check_violated(checking, 5, "the commit of change %s.%llu is not known",
			change->writer, (unsigned long long)change->ref.seq);
	return 0;
}

/* What a writer had seen by then is all that it had seen before, and itself, and no more than is here. */
static bool is_vector_right(struct cts_checking *checking, const struct cts_change *change,
	const struct cts_vector *vector, const struct cts_vector *before)
{
	if (!cts_ref_equal(change->last_seen, change->ref) ||
		cts_vector_seq(vector, change->ref.line) != change->ref.seq ||
		!cts_vector_covers(vector, before))
		return false;
	for (size_t i = 0; i < vector->count; i++) {
		const struct cts_line_row *row =
			cts_line_at(checking->txn, vector->entries[i].line);

		if (!row || vector->entries[i].seq > row->last_seq)
			return false;
	}
	return true;
}

static int check_vector(struct cts_checking *checking, const struct cts_change *change,
	const struct cts_line_row *row, struct counts *counts)
{
	struct cts_vector vector = {0}, before = {0};
	struct cts_buf key = {0};
	struct cts_slice data;
	int rc, found;

	counts->seen++;
	cts_buf_put_be32(&key, change->ref.line);
	cts_buf_put_be64(&key, change->ref.seq);
	rc = found = cts_db_get(checking->txn, CTS_DB_VECTORS, cts_buf_slice(&key), &data);
	cts_buf_release(&key);
	if (rc == 1)
		rc = cts_vector_decode(&vector, data.data, data.size);
	if (rc == 0 && change->ref.seq > (row->fork.line ? row->fork.seq : 0) + 1)
		rc = cts_txn_add_past(checking->txn, &before,
			(struct cts_ref){.line = change->ref.line, .seq = change->ref.seq - 1});
	if (rc == CTS_EDAMAGED ||
		(rc == 0 && (!found || !is_vector_right(checking, change, &vector, &before))))
		rc = cts_check_violated(checking, 5, "what change %s.%llu had seen is not known",
			change->writer, (unsigned long long)change->ref.seq);
	cts_vector_release(&vector);
	cts_vector_release(&before);
	return rc;
}

/* 6, from the change's side. */
static int check_touched(
	struct cts_checking *checking, const struct cts_change *change, struct counts *counts)
{
	struct cts_buf prefix = {0}, name = {0};
	struct cts_slice data;
	struct cts_cursor cursor;
	uint64_t records = 0;
	int rc;

	cts_buf_put_be64(&prefix, change->arrival);
	for (rc = cts_cursor_first(&cursor, checking->txn, CTS_DB_TOUCHED, cts_buf_slice(&prefix));
		rc == 1; rc = cts_cursor_next(&cursor)) {
		char record[CTS_KEY_MAX + 1] = "";
		int step;

		if (cursor.value.size <= CTS_KEY_MAX)
			memcpy(record, cursor.value.data, cursor.value.size);
		cts_buf_clear(&name);
		cts_history_key(&name, record, change->arrival);
		step = cts_db_get(checking->txn, CTS_DB_HISTORY, cts_buf_slice(&name), &data);
		if (step == 0)
			step = cts_check_violated(checking, 6, "'%s' has no history of change %s.%llu",
				record, change->writer, (unsigned long long)change->ref.seq);
		else if (step > 0)
			step = 0;
		records++;
		if (step) {
			rc = step;
			break;
		}
	}
	cts_cursor_close(&cursor);
	cts_buf_release(&prefix);
	cts_buf_release(&name);
	counts->touched += records;
	if (rc == 0 && records != change->record_count)
		rc = cts_check_violated(checking, 6, "change %s.%llu lists %llu records, not %llu",
			change->writer, (unsigned long long)change->ref.seq,
			(unsigned long long)records, (unsigned long long)change->record_count);
	return rc;
}

static int check_change(struct cts_checking *checking, const struct cts_line_row *row,
	struct cts_ref ref, struct counts *counts)
{
	struct cts_arena arena = {0};
	struct cts_change change;
	int rc = cts_change_get(checking->txn, &change, &arena, ref);

	counts->changes++;
	if (rc == CTS_EDAMAGED)
		rc = cts_check_violated(checking, 5, "change %s.%llu is missing", row->writer,
			(unsigned long long)ref.seq);
	else if (rc == 0 && (!cts_ref_equal(change.ref, ref) ||
				    strcmp(change.writer, row->writer) != 0))
		rc = cts_check_violated(checking, 5, "in the place of change %s.%llu stands another",
			row->writer, (unsigned long long)ref.seq);
	else if (rc == 0) {
		rc = check_arrival(checking, &change, counts);
		if (rc == 0)
			rc = check_commit(checking, &change, row, counts);
		if (rc == 0 && change.is_seen)
			rc = check_vector(checking, &change, row, counts);
		if (rc == 0)
			rc = check_touched(checking, &change, counts);
	}
	cts_arena_release(&arena);
	return rc;
}

int cts_check_changes(struct cts_checking *checking)
{
	struct cts_txn *txn = checking->txn;
	struct counts counts = {0};
	int rc = cts_lines_load(txn);

	for (size_t i = 0; rc == 0 && i < txn->line_count; i++) {
		const struct cts_line_row *row = &txn->lines[i];
		struct cts_ref ref = {
			.line = (uint32_t)i + 1, .seq = row->fork.line ? row->fork.seq : 0};

		counts.last_arrival = 0;
		while (rc == 0 && ++ref.seq <= row->last_seq)
			rc = check_change(checking, row, ref, &counts);
	}
	if (rc == 0 && counts.changes != cts_db_entries(txn, CTS_DB_CHANGES))
		rc = cts_check_violated(checking, 5, "there are changes of no line");
	if (rc == 0 && counts.changes != cts_db_entries(txn, CTS_DB_ARRIVALS))
		rc = cts_check_violated(checking, 5, "there are arrivals of no change");
	if (rc == 0 && counts.commits != cts_db_entries(txn, CTS_DB_COMMITS))
		rc = cts_check_violated(checking, 5, "there are commits of no change");
	if (rc == 0 && counts.seen != cts_db_entries(txn, CTS_DB_VECTORS))
		rc = cts_check_violated(checking, 5, "there are vectors of no seen commit");
	if (rc == 0 && counts.touched != cts_db_entries(txn, CTS_DB_HISTORY))
		rc = cts_check_violated(checking, 6, "there is history of no change");
	if (rc == 0 && counts.touched != cts_db_entries(txn, CTS_DB_TOUCHED))
		rc = cts_check_violated(checking, 6, "there are records of no change");
	return rc;
}
