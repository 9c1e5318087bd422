/*
 * What the merge asks of the history of one record (merge.h): who had seen whom, what changes were, every
 * edit of a field.
 */
#include "store/internal.h"

#include <string.h>

#include "proto/error.h"

static int past_has_seen(void *context, struct cts_ref later, struct cts_ref earlier)
{
	struct cts_past_context *past = context;
	const struct cts_open_change *open = &past->txn->open;

	/* A change of our own has seen everything that is here. */
	if (open->is_open && open->is_local && cts_ref_equal(later, open->change.ref))
		return 1;
	return cts_txn_has_seen(past->txn, later, earlier);
}

static int past_add(void *context, struct cts_vector *out, struct cts_ref change)
{
	return cts_txn_add_past(((struct cts_past_context *)context)->txn, out, change);
}

static int past_change(void *context, const struct cts_change **out, struct cts_ref ref)
{
	struct cts_past_context *past = context;
	const struct cts_open_change *open = &past->txn->open;
	struct cts_change *change;
	int rc;

	if (open->is_open && cts_ref_equal(ref, open->change.ref)) {
		*out = &open->change;
		return 0;
	}
	change = cts_arena_alloc(past->arena, sizeof(*change));
	rc = cts_change_get(past->txn, change, past->arena, ref);
	*out = change;
	return rc;
}

static int past_edits(
	void *context, const struct cts_newest **out, size_t *count, const char *field)
{
	struct cts_past_context *past = context;
	struct cts_newest *found = NULL;
	struct cts_cursor cursor;
	size_t found_count = 0;
	int rc;

	for (rc = cts_cursor_first(&cursor, past->txn, CTS_DB_HISTORY,
		     (struct cts_slice){.data = past->key, .size = strlen(past->key) + 1});
		rc == 1; rc = cts_cursor_next(&cursor)) {
		struct cts_record_edits edits;
		struct cts_ref by;

		if (cts_stored_edits_decode(&by, &edits, past->arena, past->key, cursor.value.data,
			    cursor.value.size) < 0) {
			rc = cts_store_damaged(past->txn->store, "a history entry is not readable");
			break;
		}
		for (size_t i = 0; i < edits.edit_count; i++)
			if (strcmp(edits.edits[i].field, field) == 0)
				*(struct cts_newest *)cts_arena_push(past->arena, &found,
					&found_count, sizeof(*found)) =
					(struct cts_newest){
						.by = by, .value = edits.edits[i].new_value};
	}
	cts_cursor_close(&cursor);
	*out = found;
	*count = found_count;
	return rc;
}

struct cts_past cts_past_of(struct cts_past_context *context)
{
	return (struct cts_past){
		.context = context,
		.has_seen = past_has_seen,
		.add_past = past_add,
		.change = past_change,
		.edits = past_edits,
	};
}
