/*
 * History: each record's edits in order of arrival, and the order in which people read changes: newest
 * made first, but none before one that had seen it. That order is a merge of the lines, each walked from
 * its end, taking the latest-made change that no line still to come has seen; its cost is that of the
 * changes visited.
 */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"

void cts_history_key(struct cts_buf *out, const char *key, uint64_t arrival)
{
	cts_buf_put(out, key, strlen(key) + 1);
	cts_buf_put_be64(out, arrival);
}

int cts_history_put(struct cts_txn *txn, const char *key, uint64_t arrival, struct cts_ref by,
	const struct cts_record_edits *edits)
{
	struct cts_buf name = {0}, data = {0};
	int rc;

	cts_history_key(&name, key, arrival);
	cts_stored_edits_encode(&data, by, edits);
	rc = cts_db_put(txn, CTS_DB_HISTORY, cts_buf_slice(&name), cts_buf_slice(&data));
	cts_buf_release(&name);
	cts_buf_release(&data);
	return rc;
}

/* ---- the order of reading --------------------------------------------------------------------- */

/* One line's changes still to come, from its end: seqs in an array, or every seq down to the fork. */
struct lane {
	struct cts_ref at; /* the candidate; seq 0: the lane is done */
	struct cts_change change;
	struct cts_arena arena;
	const uint64_t *seqs; /* ascending; NULL: all */
	size_t left;
	uint64_t floor;
	bool is_blocked; /* by a lane still to come that has seen its candidate */
};

static int lane_step(struct cts_txn *txn, struct lane *lane)
{
	do {
		if (lane->seqs) {
			lane->at.seq = lane->left ? lane->seqs[--lane->left] : 0;
		} else {
			lane->at.seq--;
			if (lane->at.seq <= lane->floor)
				lane->at.seq = 0;
		}
		if (!lane->at.seq)
			return 0;
		cts_arena_clear(&lane->arena);
		if (cts_change_get(txn, &lane->change, &lane->arena, lane->at) < 0)
			return CTS_EDAMAGED;
	} while (lane->change.is_seen);
	return 0;
}

/* The next change in order of reading; NULL: none is left. */
static int choose(struct cts_txn *txn, struct lane *lanes, size_t count, struct lane **out)
{
	*out = NULL;
	for (size_t i = 0; i < count; i++)
		lanes[i].is_blocked = false;
	for (;;) {
		struct lane *best = NULL;
		bool is_free = true;

		for (size_t i = 0; i < count; i++)
			if (lanes[i].at.seq && !lanes[i].is_blocked &&
				(!best || lanes[i].change.time > best->change.time ||
					(lanes[i].change.time == best->change.time &&
						lanes[i].change.arrival > best->change.arrival)))
				best = &lanes[i];
		if (!best)
			return 0;
		for (size_t i = 0; i < count && is_free; i++) {
			int rc;

			if (&lanes[i] == best || !lanes[i].at.seq)
				continue;
			rc = cts_txn_has_seen(txn, lanes[i].at, best->at);
			if (rc < 0)
				return rc;
			is_free = !rc;
		}
		if (is_free) {
			*out = best;
			return 0;
		}
		best->is_blocked = true;
	}
}

static void release_lanes(struct lane *lanes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		cts_arena_release(&lanes[i].arena);
	free(lanes);
}

int cts_txn_each_change(struct cts_txn *txn, cts_change_fn each, void *context)
{
	struct lane *lanes, *next;
	int rc = cts_lines_load(txn);
	size_t count = txn->line_count;

	if (rc < 0)
		return rc;
	lanes = cts_malloc(count * sizeof(*lanes));
	for (size_t i = 0; i < count; i++) {
		lanes[i] = (struct lane){
			.at = {.line = (uint32_t)i + 1, .seq = txn->lines[i].last_seq + 1},
			.floor = txn->lines[i].fork.line ? txn->lines[i].fork.seq : 0,
		};
	}
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = lane_step(txn, &lanes[i]);
	while (rc == 0 && (rc = choose(txn, lanes, count, &next)) == 0 && next) {
		rc = each(context, &next->change);
		if (rc == 0)
			rc = lane_step(txn, next);
	}
	release_lanes(lanes, count);
	return rc;
}

/* ---- edits ------------------------------------------------------------------------------------ */

static int load_edits(struct cts_txn *txn, struct cts_arena *arena, const char *key,
	uint64_t arrival, struct cts_record_edits *out)
{
	struct cts_buf name = {0};
	struct cts_slice data;
	struct cts_ref by;
	int rc;

	cts_history_key(&name, key, arrival);
	rc = cts_db_get(txn, CTS_DB_HISTORY, cts_buf_slice(&name), &data);
	cts_buf_release(&name);
	if (rc == 0)
		return cts_store_damaged(txn->store, "a history entry is missing");
	if (rc < 0)
		return rc;
	rc = cts_stored_edits_decode(&by, out, arena, key, data.data, data.size);
	return rc < 0 ? cts_store_damaged(txn->store, "a history entry is not readable") : 0;
}

int cts_txn_each_edit(struct cts_txn *txn, struct cts_ref ref, cts_edits_fn each, void *context)
{
	struct cts_arena arena = {0}, scratch = {0};
	struct cts_buf prefix = {0};
	struct cts_change change;
	struct cts_cursor cursor = {0};
	int rc = cts_txn_change(txn, &change, &arena, ref), answer = 0;

	if (rc < 0)
		goto out;
	cts_buf_put_be64(&prefix, change.arrival);
	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_TOUCHED, cts_buf_slice(&prefix)); rc == 1;
		rc = cts_cursor_next(&cursor)) {
		struct cts_record_edits edits;
		const char *key;

		cts_arena_clear(&scratch);
		key = cts_arena_strndup(&scratch, cursor.value.data, cursor.value.size);
		rc = load_edits(txn, &scratch, key, change.arrival, &edits);
		if (rc < 0)
			break;
		answer = each(context, &change, &edits);
		if (answer)
			break;
	}
	cts_cursor_close(&cursor);
out:
	cts_buf_release(&prefix);
	cts_arena_release(&arena);
	cts_arena_release(&scratch);
	return rc < 0 ? rc : answer;
}

static int history_in_arrival(
	struct cts_txn *txn, const char *key, cts_edits_fn each, void *context)
{
	struct cts_arena arena = {0};
	struct cts_cursor cursor;
	int rc, answer = 0;

	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_HISTORY,
		     (struct cts_slice){.data = key, .size = strlen(key) + 1});
		rc == 1; rc = cts_cursor_next(&cursor)) {
		struct cts_record_edits edits;
		struct cts_change change;
		struct cts_ref by;

		cts_arena_clear(&arena);
		if (cts_stored_edits_decode(&by, &edits, &arena, key, cursor.value.data,
			    cursor.value.size) < 0) {
			rc = cts_store_damaged(txn->store, "a history entry is not readable");
			break;
		}
		rc = cts_change_get(txn, &change, &arena, by);
		if (rc < 0)
			break;
		answer = each(context, &change, &edits);
		if (answer)
			break;
	}
	cts_cursor_close(&cursor);
	cts_arena_release(&arena);
	return rc < 0 ? rc : answer;
}

/* The seqs of one record's edits, by line. */
struct gathered {
	struct cts_arena *arena;
	uint64_t **seqs; /* by line - 1 */
	size_t *counts;
};

static int gather(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct gathered *gathered = context;
	size_t i = change->ref.line - 1;

	(void)edits;
	*(uint64_t *)cts_arena_push(gathered->arena, &gathered->seqs[i], &gathered->counts[i],
		sizeof(uint64_t)) = change->ref.seq;
	return 0;
}

static int history_newest_first(
	struct cts_txn *txn, const char *key, cts_edits_fn each, void *context)
{
	struct cts_arena arena = {0}, scratch = {0};
	struct gathered gathered = {.arena = &arena};
	struct lane *lanes = NULL, *next;
	size_t count = 0;
	int rc = cts_lines_load(txn);

	if (rc < 0)
		return rc;
	gathered.seqs = cts_arena_alloc(&arena, txn->line_count * sizeof(*gathered.seqs));
	gathered.counts = cts_arena_alloc(&arena, txn->line_count * sizeof(*gathered.counts));
	rc = history_in_arrival(txn, key, gather, &gathered);
	lanes = cts_malloc(txn->line_count * sizeof(*lanes));
	for (size_t i = 0; rc == 0 && i < txn->line_count; i++) {
		if (!gathered.counts[i])
			continue;
		lanes[count] = (struct lane){
			.at = {.line = (uint32_t)i + 1},
			.seqs = gathered.seqs[i],
			.left = gathered.counts[i],
		};
		rc = lane_step(txn, &lanes[count++]);
	}
	while (rc == 0 && (rc = choose(txn, lanes, count, &next)) == 0 && next) {
		struct cts_record_edits edits;

		cts_arena_clear(&scratch);
		rc = load_edits(txn, &scratch, key, next->change.arrival, &edits);
		if (rc == 0)
			rc = each(context, &next->change, &edits);
		if (rc == 0)
			rc = lane_step(txn, next);
	}
	release_lanes(lanes, count);
	cts_arena_release(&arena);
	cts_arena_release(&scratch);
	return rc;
}

int cts_txn_each_history(struct cts_txn *txn, const char *key, bool newest_first,
	cts_edits_fn each, void *context)
{
	if (strlen(key) > CTS_KEY_MAX)
		return 0;
	return newest_first ? history_newest_first(txn, key, each, context)
			    : history_in_arrival(txn, key, each, context);
}
