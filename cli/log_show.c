/*
 * A change begins with its first edit that is wanted, or without one where no field was asked for.
 * The records in conflict are looked up once, by key: asking for every record that a change touched
 * would cost a read for each.
 */
#include "cli/log_show.h"

#include <stdlib.h>
#include <string.h>

#include "cli/change_out.h"
#include "cli/owner.h"
#include "cli/past.h"
#include "cli/record_out.h"
#include "cli/session.h"

/* ---- conflicts --------------------------------------------------------------------------------
 */

static int keep_key(void *context, const char *key)
{
	struct cts_log_show *show = context;
	struct cts_arena *arena = &show->session->arena;

	*(const char **)cts_arena_push(arena, &show->conflicts, &show->conflict_count,
		sizeof(*show->conflicts)) = cts_arena_strdup(arena, key);
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_disputed(const struct cts_log_show *show, const char *key)
{
	return show->conflict_count && bsearch(&key, show->conflicts, show->conflict_count,
					       sizeof(*show->conflicts), compare_keys);
}

/* Of one record only itself is asked, so its log costs its own changes. */
static int find_conflicts(struct cts_log_show *show, const char *key)
{
	struct cts_record record;
	enum cts_life life;
	int rc;

	if (!key)
		return cts_txn_each_conflict(show->txn, keep_key, show);
	rc = cts_txn_life(show->txn, &life, key);
	if (rc < 0 || life != CTS_LIFE_LIVE)
		return rc;
	rc = cts_txn_get(show->txn, &record, key);
	if (rc < 0)
		return rc;
	if (record.conflict_count > 0)
		keep_key(show, key);
	cts_record_release(&record);
	return 0;
}

static bool is_side(const struct cts_conflict *conflict, const struct cts_change *change)
{
	for (size_t i = 0; conflict && i < conflict->side_count; i++)
		if (cts_oid_equal(&conflict->sides[i].commit, &change->commit))
			return true;
	return false;
}

/* The conflicts that stand in which the change's edits of one record are a side. */
static int put_sides(struct cts_log_show *show, const struct cts_record_edits *edits)
{
	struct cts_out *out = &show->session->out;
	struct cts_owners owners = {0};
	struct cts_record record;
	int rc = cts_txn_get(show->txn, &record, edits->key);

	if (rc < 0)
		return rc;
	rc = cts_owners_of(&owners, show->txn, &show->arena, &record);
	for (size_t i = 0; rc == 0 && i < edits->edit_count; i++) {
		const struct cts_conflict *conflict =
			cts_record_conflict(&record, edits->edits[i].field);

		if (!is_side(conflict, show->change))
			continue;
		cts_out_puts(out, "\n");
		cts_conflict_put_text(out, &record, conflict, cts_owners_have, &owners);
	}
	cts_record_release(&record);
	return rc;
}

/* ---- one change -------------------------------------------------------------------------------
 */

static int begin_change(struct cts_log_show *show)
{
	struct cts_out *out = &show->session->out;
	enum cts_change_state state;
	int rc;

	if (show->has_begun)
		return 0;
	rc = cts_change_state(&state, show->txn, show->change);
	if (rc < 0)
		return rc;
	show->has_begun = true;
	if (cts_out_is_json(out)) {
		show->json = cts_items_object(&show->items);
		cts_change_begin_json(show->json, show->change, state);
		return 0;
	}
	if (show->items.count++ > 0)
		cts_out_puts(out, "\n");
	cts_change_begin_text(out, show->change, state);
	return 0;
}

static int put_edits(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct cts_log_show *show = context;
	struct cts_out *out = &show->session->out;
	struct cts_record_edits *kept = NULL;
	size_t count = 0;
	int rc;

	(void)change;
	cts_arena_clear(&show->scratch);
	if (!cts_past_keep(&kept, &count, &show->scratch, edits, show->field))
		return 0;
	rc = begin_change(show);
	if (rc < 0)
		return rc;
	if (cts_out_is_json(out)) {
		cts_change_edits_json(show->json, show->session->schema, kept);
		cts_out_put(out, "", 0); /* full pieces leave */
		return 0;
	}
	cts_change_edits_text(out, show->session->schema, kept);
	if (is_disputed(show, edits->key))
		cts_past_keep(
			&show->disputed, &show->disputed_count, &show->arena, edits, show->field);
	return 0;
}

int cts_log_show_change(struct cts_log_show *show, const struct cts_change *change,
	const struct cts_record_edits *edits)
{
	int rc = 0;

	cts_arena_clear(&show->arena);
	show->change = change;
	show->has_begun = false;
	show->disputed = NULL;
	show->disputed_count = 0;
	if (!show->field)
		rc = begin_change(show);
	if (rc == 0)
		rc = edits ? put_edits(show, change, edits)
			   : cts_txn_each_edit(show->txn, change->ref, put_edits, show);
	for (size_t i = 0; rc == 0 && i < show->disputed_count; i++)
		rc = put_sides(show, &show->disputed[i]);
	if (rc == 0 && show->has_begun && cts_out_is_json(&show->session->out)) {
		cts_jsonw_end(show->json);
		cts_items_object_end(&show->items);
	}
	return rc < 0 ? rc : show->has_begun;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

int cts_log_show_begin(struct cts_log_show *show, const char *key)
{
	int rc = 0;

	if (!cts_out_is_json(&show->session->out))
		rc = find_conflicts(show, key);
	if (rc == 0)
		cts_items_begin(&show->items, &show->session->out, NULL, 0);
	return rc;
}

void cts_log_show_end(struct cts_log_show *show)
{
	cts_items_end(&show->items);
}

void cts_log_show_release(struct cts_log_show *show)
{
	cts_arena_release(&show->arena);
	cts_arena_release(&show->scratch);
}
