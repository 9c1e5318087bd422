/*
 * The past. A view is a set of changes closed under "had seen", hence a vector; a record in it is what the
 * edits in the set make of it, computed by the same merge as the present. Cost: the record's own changes.
 */
#include "store/internal.h"

#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"

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

int cts_view_record(struct cts_txn *txn, const struct cts_view *view, struct cts_record *out,
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
	int rc = cts_view_record(txn, view, out, key);

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
		rc = cts_view_record(txn, view, &record, key);
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
