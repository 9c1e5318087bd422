/*
 * What differs between two views: only records that some change in one of the two alone touched can.
 */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/diff.h"

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct touched {
	struct cts_arena *arena;
	const char **keys;
	size_t count;
};

/* The records of the changes of one line between two seqs. */
static int add_touched(struct cts_txn *txn, struct touched *touched, uint32_t line, uint64_t after,
	uint64_t until)
{
	const struct cts_line_row *row = cts_line_at(txn, line);
	int rc = 0;

	/* A forked line's first changes stand on the line it left. */
	if (row && row->fork.line && after < row->fork.seq)
		after = row->fork.seq;
	for (uint64_t seq = after + 1; rc == 0 && seq <= until; seq++) {
		struct cts_change change;
		struct cts_cursor cursor;
		struct cts_buf prefix = {0};

		rc = cts_change_get(
			txn, &change, touched->arena, (struct cts_ref){.line = line, .seq = seq});
		if (rc < 0)
			return rc;
		cts_buf_put_be64(&prefix, change.arrival);
		for (rc = cts_cursor_first(&cursor, txn, CTS_DB_TOUCHED, cts_buf_slice(&prefix));
			rc == 1; rc = cts_cursor_next(&cursor))
			*(const char **)cts_arena_push(touched->arena, &touched->keys,
				&touched->count, sizeof(*touched->keys)) =
				cts_arena_strndup(
					touched->arena, cursor.value.data, cursor.value.size);
		cts_cursor_close(&cursor);
		cts_buf_release(&prefix);
	}
	return rc;
}

static int collect_touched(struct cts_txn *txn, struct touched *touched,
	const struct cts_vector *from, const struct cts_vector *to)
{
	int rc = 0;

	for (uint32_t line = 1; rc == 0 && line <= txn->line_count; line++) {
		uint64_t a = cts_vector_seq(from, line), b = cts_vector_seq(to, line);

		rc = add_touched(txn, touched, line, a < b ? a : b, a < b ? b : a);
	}
	if (rc == 0 && touched->count)
		qsort(touched->keys, touched->count, sizeof(*touched->keys), compare_keys);
	return rc;
}

static int diff_record(struct cts_txn *txn, const struct cts_view *from, const struct cts_view *to,
	const char *key, cts_edits_fn each, void *context)
{
	struct cts_record before = {0}, after = {0};
	struct cts_arena arena = {0};
	struct cts_record_edits edits;
	int rc, had = 0, has = 0;

	rc = had = cts_view_record(txn, from, &before, key);
	if (rc >= 0)
		rc = has = cts_view_record(txn, to, &after, key);
	if (rc < 0 || (!had && !has))
		goto out;
	cts_diff_views(&edits, &arena, had ? &before : NULL, has ? &after : NULL);
	rc = 0;
	if (edits.edit_count)
		rc = each(context, NULL, &edits);
out:
	cts_record_release(&before);
	cts_record_release(&after);
	cts_arena_release(&arena);
	return rc;
}

int cts_view_diff(struct cts_txn *txn, const struct cts_view *from, const struct cts_view *to,
	const char *key, cts_edits_fn each, void *context)
{
	struct cts_arena arena = {0};
	struct touched touched = {.arena = &arena};
	struct cts_view now = {0};
	int rc = cts_lines_load(txn);

	if (rc == 0 && !to) {
		rc = cts_lines_now(txn, &now.vector);
		to = &now;
	}
	if (rc == 0 && key) {
		rc = diff_record(txn, from, to, key, each, context);
	} else if (rc == 0) {
		rc = collect_touched(txn, &touched, &from->vector, &to->vector);
		for (size_t i = 0; rc == 0 && i < touched.count; i++)
			if (!i || strcmp(touched.keys[i - 1], touched.keys[i]) != 0)
				rc = diff_record(txn, from, to, touched.keys[i], each, context);
	}
	cts_view_release(&now);
	cts_arena_release(&arena);
	return rc;
}
