/*
 * One change meets one record: history first, then the newest edits of the fields it touches, then what
 * they show, then the indexes. Local changes and those received go the same way; a local one had seen
 * everything, so it replaces every newest edit of what it touches.
 */
#include "store/internal.h"

#include <assert.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/diff.h"
#include "proto/error.h"

/* The history tells what a re-creation clears as edits to unset (merge.h). */
static void add_clears(struct cts_arena *arena, const struct cts_kind *kind,
	struct cts_record_edits *edits, const struct cts_state *view)
{
	const char *const *cleared;
	struct cts_edit *all = NULL;
	size_t count = 0, cleared_count = cts_state_cleared(&cleared, arena, kind, edits, view);

	if (!cleared_count)
		return;
	for (size_t i = 0; i < edits->edit_count; i++)
		*(struct cts_edit *)cts_arena_push(arena, &all, &count, sizeof(*all)) =
			edits->edits[i];
	for (size_t i = 0; i < cleared_count; i++)
		*(struct cts_edit *)cts_arena_push(arena, &all, &count, sizeof(*all)) =
			(struct cts_edit){.field = cts_arena_strdup(arena, cleared[i])};
	edits->edits = all;
	edits->edit_count = count;
}

/* Notes what the change's message will be made from: the first few records. */
static void note_summary(struct cts_txn *txn, const struct cts_record_edits *edits)
{
	enum { SUMMARY_MAX = 2 };
	struct cts_open_change *open = &txn->open;

	if (open->touched < SUMMARY_MAX) {
		if (open->touched)
			cts_buf_puts(&open->summary, "; ");
		cts_diff_summary(&open->summary, edits, 1);
	}
}

/* Without a tree every record is stale, so none need be named: a clone's first transaction. */
static bool has_tree_base(struct cts_txn *txn)
{
	struct cts_oid base;

	if (txn->tree_base == CTS_BASE_UNKNOWN && cts_txn_tree_base(txn, &base) == 0)
		txn->tree_base = cts_oid_is_zero(&base) ? CTS_BASE_NONE : CTS_BASE_KNOWN;
	return txn->tree_base != CTS_BASE_NONE;
}

static int touch(struct cts_txn *txn, const char *key)
{
	struct cts_open_change *open = &txn->open;
	struct cts_buf name = {0};
	int rc;

	cts_buf_put_be64(&name, open->change.arrival);
	cts_buf_put_be32(&name, open->touched++);
	rc = cts_db_put(txn, CTS_DB_TOUCHED, cts_buf_slice(&name),
		(struct cts_slice){.data = key, .size = strlen(key)});
	cts_buf_release(&name);
	if (rc == 0 && !open->is_local && has_tree_base(txn))
		rc = cts_db_put(txn, CTS_DB_STALE,
			(struct cts_slice){.data = key, .size = strlen(key)},
			(struct cts_slice){.data = "", .size = 0});
	return rc;
}

int cts_apply_edits(struct cts_txn *txn, const char *key, struct cts_record_edits *edits)
{
	struct cts_arena *arena = &txn->open.scratch;
	struct cts_past_context context = {.txn = txn, .arena = arena, .key = key};
	struct cts_state state = {.arena = arena}, past_state = {.arena = arena};
	const struct cts_state *view = NULL;
	struct cts_record before = {0}, after = {0};
	struct cts_ref by = txn->open.change.ref;
	bool was_deleted = true, is_deleted = true, was_in_conflict = false;
	struct cts_past past;
	struct cts_buf data = {0};
	const char *id;
	int rc, had;

	cts_arena_clear(arena);
	rc = cts_records_kind(txn, &context.kind, &id, key);
	if (rc < 0)
		goto out;
	past = cts_past_of(&context);
	had = cts_records_load(txn, &before, &was_deleted, &state, key);
	if (had < 0) {
		rc = had;
		goto out;
	}
	if (had)
		was_in_conflict = !was_deleted && before.conflict_count > 0;
	if (edits->created && had) {
		/* Mostly its author had seen all that is here. */
		view = &state;
		if (!txn->open.is_local && !cts_view_covers(&txn->open.past, &state)) {
			view = &past_state;
			rc = cts_view_state(
				txn, &past_state, key, context.kind, &txn->open.past);
			if (rc < 0)
				goto out;
		}
		add_clears(arena, context.kind, edits, view);
	}
	note_summary(txn, edits);
	rc = cts_history_put(txn, key, txn->open.change.arrival, by, edits);
	if (rc < 0)
		goto out;
	rc = cts_state_apply(
		&state, context.kind, edits, by, view && view->count ? view : NULL, &past);
	if (rc < 0)
		goto out;
	rc = cts_state_record(&after, &is_deleted, &state, context.kind, id, &past);
	if (rc < 0)
		goto out;
	cts_stored_record_encode(&data, &after, is_deleted, &state);
	rc = cts_db_put(txn, CTS_DB_RECORDS,
		(struct cts_slice){.data = key, .size = strlen(key)}, cts_buf_slice(&data));
	if (rc < 0)
		goto out;
	rc = cts_index_update(txn, had && !was_deleted ? &before : NULL, is_deleted ? NULL : &after);
	if (rc < 0)
		goto out;
	if (was_in_conflict != (!is_deleted && after.conflict_count > 0)) {
		rc = cts_index_mark_conflict(txn, key, !was_in_conflict);
		if (rc < 0)
			goto out;
	}
	rc = touch(txn, key);
out:
	cts_buf_release(&data);
	cts_record_release(&before);
	cts_record_release(&after);
	return rc;
}

/* ---- what others did -------------------------------------------------------------------------- */

/* The line that a commit extends, or a new one: the first of a writer, or a fork. */
static int place(struct cts_txn *txn, const struct cts_incoming *commit, struct cts_ref *previous,
	struct cts_ref *out)
{
	struct cts_line_row row = {.last_seq = commit->seq, .head_seq = commit->seq,
		.head = commit->commit};
	struct cts_line_row *line = previous->line ? cts_line_at(txn, previous->line) : NULL;

	if (line && line->last_seq == previous->seq) {
		line->last_seq = line->head_seq = commit->seq;
		line->head = commit->commit;
		*out = (struct cts_ref){.line = previous->line, .seq = commit->seq};
		return cts_line_save(txn, previous->line);
	}
	memcpy(row.writer, commit->writer, sizeof(row.writer));
	strncpy(row.agency, commit->agency, sizeof(row.agency) - 1);
	row.fork = *previous;
	row.is_fork = previous->line != 0;
	for (size_t i = 0; i < txn->line_count && !row.is_fork; i++)
		row.is_fork = strcmp(txn->lines[i].writer, commit->writer) == 0;
	out->seq = commit->seq;
	return cts_line_add(txn, &row, &out->line);
}

/* Our own line, forked by somebody: a copy of this store, or an older state of it, spoke too. */
static void leave_forked_line(struct cts_txn *txn, struct cts_ref placed)
{
	const struct cts_line_row *own = cts_line_at(txn, (uint32_t)txn->counters.own_line);

	if (own && placed.line != txn->counters.own_line &&
		strcmp(own->writer, cts_line_at(txn, placed.line)->writer) == 0)
		txn->counters.own_line = 0;
}

int cts_txn_apply_begin(struct cts_txn *txn, const struct cts_incoming *commit)
{
	struct cts_open_change *open = &txn->open;
	struct cts_ref previous = {0}, ref = {0}, parent;
	struct cts_change change = {0};
	struct cts_vector vector = {0};
	int rc;

	assert(!open->is_open);
	if (cts_db_entries(txn, CTS_DB_JOURNAL))
		return cts_fail(CTS_EREFUSED, "changes of our own are not sealed yet");
	rc = cts_txn_find_commit(txn, &ref, &commit->commit);
	if (rc != 0)
		return rc;
	rc = cts_lines_load(txn);
	for (size_t i = 0; rc >= 0 && i < commit->parent_count; i++) {
		char hex[CTS_OID_HEX + 1];

		rc = cts_txn_find_commit(txn, &parent, &commit->parents[i]);
		if (rc == 0)
			rc = cts_fail(CTS_EINTEGRITY, "its parent %s is not here",
				cts_oid_format(hex, &commit->parents[i]));
		if (rc < 0)
			break;
		rc = commit->is_seen ? cts_txn_add_past(txn, &vector, parent) : 0;
		if (i == 0 && rc == 0 &&
			strcmp(cts_line_at(txn, parent.line)->writer, commit->writer) == 0)
			previous = parent;
	}
	if (rc < 0)
		goto out;
	if (commit->seq != previous.seq + 1) {
		rc = cts_fail(CTS_EINTEGRITY, "its number is %llu, not %llu",
			(unsigned long long)commit->seq, (unsigned long long)previous.seq + 1);
		goto out;
	}
	if (previous.line) {
		struct cts_arena arena = {0};

		rc = cts_change_get(txn, &change, &arena, previous);
		change = (struct cts_change){.last_seen = change.last_seen};
		cts_arena_release(&arena);
		if (rc < 0)
			goto out;
	}
	rc = place(txn, commit, &previous, &ref);
	if (rc < 0)
		goto out;
	change.ref = ref;
	change.agency = cts_arena_strdup(&open->arena, commit->agency);
	change.author = cts_arena_strdup(&open->arena, commit->author);
	change.message = cts_arena_strdup(&open->arena, commit->message);
	change.time = commit->time;
	change.received = commit->received;
	change.commit = commit->commit;
	change.is_seen = commit->is_seen;
	memcpy(change.writer, commit->writer, sizeof(change.writer));
	if (commit->is_seen)
		change.last_seen = ref;
	rc = cts_change_arrive(txn, &change);
	if (rc < 0)
		goto out;
	open->is_open = true;
	open->is_local = false;
	open->change = change;
	open->touched = 0;
	txn->counters.unseen = 1;
	leave_forked_line(txn, ref);
	cts_vector_release(&open->past);
	if (commit->is_seen) {
		cts_vector_raise(&vector, ref);
		rc = cts_vector_put(txn, ref, &vector);
		open->past = vector;
		vector = (struct cts_vector){0};
	} else {
		rc = cts_txn_add_past(txn, &open->past, ref);
	}
out:
	cts_vector_release(&vector);
	return rc;
}

int cts_txn_apply_record(
	struct cts_txn *txn, const struct cts_record *before, const struct cts_record *after)
{
	struct cts_record_edits edits;
	struct cts_arena scratch = {0};
	int rc = cts_diff(&edits, &scratch, before, after);

	if (rc == 0 && edits.edit_count)
		rc = cts_apply_edits(
			txn, cts_record_key(&scratch, before ? before : after), &edits);
	cts_arena_release(&scratch);
	return rc;
}

int cts_txn_apply_end(struct cts_txn *txn)
{
	struct cts_open_change *open = &txn->open;
	int rc;

	open->change.record_count = open->touched;
	rc = cts_change_put(txn, &open->change);
	open->is_open = false;
	cts_arena_clear(&open->arena);
	cts_buf_clear(&open->summary);
	return rc;
}
