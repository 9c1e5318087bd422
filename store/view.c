/*
 * The past. A view is a set of changes closed under "had seen", hence a vector; a record in it is what the
 * edits in the set make of it, computed by the same merge as the present. Cost: the record's own changes.
 */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/diff.h"
#include "proto/error.h"
#include "proto/time.h"

void cts_view_release(struct cts_view *view)
{
	cts_vector_release(&view->vector);
}

/* ---- the state of one record ------------------------------------------------------------------ */

/* The view in which the record was made again by one change. */
struct creation {
	struct cts_ref by;
	struct cts_state view;
	struct creation *next;
};

struct replay {
	struct cts_txn *txn;
	struct cts_state *state;
	const char *key;
	const struct cts_kind *kind;
	const struct cts_vector *view;
	const struct cts_past *past;
	/* Shared with the replays inside this one: without it, each creation would work out those before
	 * it again, and the work would double with every one. */
	struct creation **creations;
};

static int run_replay(struct replay *replay);

bool cts_view_covers(const struct cts_vector *view, const struct cts_state *state)
{
	const struct cts_field_state *life = cts_state_field(state, CTS_DELETED);

	/* Every edit is an edit of life, and whatever is not newest was seen by one that is. */
	for (size_t i = 0; life && i < life->count; i++)
		if (!cts_vector_has(view, life->newest[i].by))
			return false;
	return true;
}

/* What the author of a creation saw of the record. */
static int creation_view(
	struct replay *replay, const struct cts_state **out, struct cts_ref by)
{
	struct cts_arena *arena = replay->state->arena;
	struct cts_vector past = {0};
	struct creation *made;
	int rc;

	for (made = *replay->creations; made; made = made->next)
		if (cts_ref_equal(made->by, by)) {
			*out = &made->view;
			return 0;
		}
	rc = cts_txn_add_past(replay->txn, &past, by);
	for (size_t i = 0; rc == 0 && i < past.count; i++)
		if (past.entries[i].line == by.line)
			past.entries[i].seq = by.seq - 1;
	if (rc == 0 && cts_view_covers(&past, replay->state)) {
		*out = replay->state;
	} else if (rc == 0) {
		struct replay inner = *replay;

		made = cts_arena_alloc(arena, sizeof(*made));
		*made = (struct creation){.by = by, .view = {.arena = arena}};
		inner.state = &made->view;
		inner.view = &past;
		rc = run_replay(&inner);
		made->next = *replay->creations;
		*replay->creations = made;
		*out = &made->view;
	}
	cts_vector_release(&past);
	return rc;
}

static int take(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct replay *replay = context;
	struct cts_record_edits *copy;
	const struct cts_state *seen = NULL;
	struct cts_arena *arena = replay->state->arena;
	int rc;

	if (replay->view && !cts_vector_has(replay->view, change->ref))
		return 0;
	if (edits->created && replay->state->count) {
		rc = creation_view(replay, &seen, change->ref);
		if (rc < 0)
			return rc;
	}
	/* The state outlives the history cursor's scratch. */
	copy = cts_arena_alloc(arena, sizeof(*copy));
	*copy = *edits;
	copy->edits = cts_arena_alloc(arena, edits->edit_count * sizeof(*copy->edits));
	for (size_t i = 0; i < edits->edit_count; i++)
		copy->edits[i] = (struct cts_edit){
			.field = cts_arena_strdup(arena, edits->edits[i].field),
			.old_value = cts_value_copy(arena, edits->edits[i].old_value),
			.new_value = cts_value_copy(arena, edits->edits[i].new_value),
		};
	copy->markings = cts_arena_alloc(arena, edits->marking_count * sizeof(*copy->markings));
	for (size_t i = 0; i < edits->marking_count; i++)
		copy->markings[i] = (struct cts_edit){
			.field = cts_arena_strdup(arena, edits->markings[i].field),
			.old_value = cts_value_copy(arena, edits->markings[i].old_value),
			.new_value = cts_value_copy(arena, edits->markings[i].new_value),
		};
	return cts_state_apply(replay->state, replay->kind, copy, change->ref,
		seen && seen->count ? seen : NULL, replay->past);
}

static int run_replay(struct replay *replay)
{
	return cts_txn_each_history(replay->txn, replay->key, false, take, replay);
}

int cts_view_state(struct cts_txn *txn, struct cts_state *out, const char *key,
	const struct cts_kind *kind, const struct cts_vector *view)
{
	struct cts_past_context context = {
		.txn = txn, .arena = out->arena, .key = key, .kind = kind};
	const struct cts_past past = cts_past_of(&context);
	struct creation *creations = NULL;
	struct replay replay = {
		.txn = txn,
		.state = out,
		.key = key,
		.kind = kind,
		.view = view,
		.past = &past,
		.creations = &creations,
	};

	return run_replay(&replay);
}

int cts_txn_state(
	struct cts_txn *txn, struct cts_state *out, struct cts_arena *arena, const char *key)
{
	struct cts_record record;
	bool deleted;
	int rc;

	*out = (struct cts_state){.arena = arena};
	rc = cts_records_load(txn, &record, &deleted, out, key);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return cts_fail(CTS_ENOTFOUND, "no record '%s'", key);
	cts_record_release(&record);
	return 0;
}

/* 1: the record as the view shows it; 0: not there, or deleted. */
static int view_record(struct cts_txn *txn, const struct cts_view *view, struct cts_record *out,
	const char *key)
{
	struct cts_arena arena = {0};
	struct cts_state state = {.arena = &arena};
	struct cts_past_context context = {.txn = txn, .arena = &arena, .key = key};
	struct cts_past past;
	struct cts_record record;
	const char *id;
	bool deleted;
	int rc = cts_records_kind(txn, &context.kind, &id, key);

	if (rc < 0)
		goto out;
	past = cts_past_of(&context);
	rc = cts_view_state(txn, &state, key, context.kind, &view->vector);
	if (rc < 0 || state.count == 0)
		goto out;
	rc = cts_state_record(&record, &deleted, &state, context.kind, id, &past);
	if (rc < 0)
		goto out;
	if (deleted) {
		cts_record_release(&record);
		goto out;
	}
	*out = record;
	rc = 1;
out:
	cts_arena_release(&arena);
	return rc;
}

int cts_view_get(
	struct cts_txn *txn, const struct cts_view *view, struct cts_record *out, const char *key)
{
	int rc = view_record(txn, view, out, key);

	if (rc == 0) {
		cts_fail(CTS_ENOTFOUND, "'%s' was not there then", key);
		cts_hint("ctsync log %s", key);
		return CTS_ENOTFOUND;
	}
	return rc < 0 ? rc : 0;
}

int cts_view_each(struct cts_txn *txn, const struct cts_view *view, const char *kind,
	cts_record_fn each, void *context)
{
	const char *prefix = kind ? cts_arena_printf(&txn->arena, "%s/", kind) : "";
	struct cts_cursor cursor;
	int rc, answer = 0;

	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_RECORDS,
		     (struct cts_slice){.data = prefix, .size = strlen(prefix)});
		rc == 1; rc = cts_cursor_next(&cursor)) {
		char key[CTS_KEY_MAX + 1];
		struct cts_record record;

		if (cursor.key.size > CTS_KEY_MAX) {
			rc = cts_store_damaged(txn->store, "a record's key is too long");
			break;
		}
		memcpy(key, cursor.key.data, cursor.key.size);
		key[cursor.key.size] = '\0';
		rc = view_record(txn, view, &record, key);
		if (rc < 0)
			break;
		if (rc == 0)
			continue;
		answer = each(context, &record);
		cts_record_release(&record);
		if (answer)
			break;
	}
	cts_cursor_close(&cursor);
	return rc < 0 ? rc : answer;
}

/* ---- naming the past -------------------------------------------------------------------------- */

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

/* ---- differences ------------------------------------------------------------------------------ */

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

	rc = had = view_record(txn, from, &before, key);
	if (rc >= 0)
		rc = has = view_record(txn, to, &after, key);
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
