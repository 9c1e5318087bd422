/*
 * From the state of a record to the record that everyone sees: each field by its merge class, and a
 * conflict wherever a class cannot say. Everything that orders or chooses does so by what all
 * stores know alike (values, times made, commit ids), never by arrival.
 */
#include "proto/merge.h"

#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/merge_fold.h"

/* A record while it is made. */
struct showing {
	struct cts_record *record;
	const struct cts_past *past;
	struct cts_arena scratch;
};

/* Keeps the newest edits as a conflict. `*shown` is the latest made, then the greater commit id. */
static void put_conflict(struct showing *s, struct cts_value *shown, const char *name,
	const struct cts_merge_side *sides, size_t count)
{
	struct cts_arena *arena = &s->record->arena;
	struct cts_conflict *conflict;
	size_t latest = 0;

	conflict = cts_arena_push(
		arena, &s->record->conflicts, &s->record->conflict_count, sizeof(*conflict));
	conflict->field = cts_arena_strdup(arena, name);
	conflict->side_count = count;
	conflict->sides = cts_arena_alloc(arena, count * sizeof(*conflict->sides));
	for (size_t i = 0; i < count; i++) {
		const struct cts_change *change = sides[i].change;

		conflict->sides[i] = (struct cts_side){
			.value = cts_value_copy(arena, sides[i].edit->value),
			.agency = cts_arena_strdup(arena, change->agency),
			.author = cts_arena_strdup(arena, change->author),
			.time = change->time,
			.commit = change->commit,
		};
		if (change->time >= sides[latest].change->time)
			latest = i;
	}
	*shown = sides[latest].edit->value;
}

static int show_register(
	struct cts_value *out, struct showing *s, const struct cts_field_state *state)
{
	struct cts_merge_side *sides;
	int rc;

	if (cts_merge_is_agreed(state->newest, state->count)) {
		*out = state->newest[0].value;
		return 0;
	}
	rc = cts_merge_sides(&sides, &s->scratch, state->newest, state->count, s->past);
	if (rc < 0)
		return rc;
	put_conflict(s, out, state->field, sides, state->count);
	return 0;
}

static int show_sequence(struct cts_value *out, struct showing *s, const struct cts_field *field,
	const struct cts_field_state *state)
{
	struct cts_merge_side *sides;
	int rc;

	if (cts_merge_is_agreed(state->newest, state->count)) {
		*out = state->newest[0].value;
		return 0;
	}
	rc = cts_merge_sides(&sides, &s->scratch, state->newest, state->count, s->past);
	if (rc < 0)
		return rc;
	rc = cts_merge_fold(out, &s->scratch, field, sides, state->count, s->past);
	if (rc < 0)
		return rc;
	if (!rc)
		put_conflict(s, out, state->field, sides, state->count);
	return 0;
}

static struct cts_value show_set(struct showing *s, const struct cts_field_state *state)
{
	const char **items = cts_arena_alloc(&s->scratch, state->count * sizeof(*items));

	for (size_t i = 0; i < state->count; i++)
		items[i] = cts_value_text(state->newest[i].value);
	return cts_value_sorted(
		&s->scratch, (struct cts_value){.count = state->count, .items = items});
}

/* By rank; names without one (of a later schema) by their bytes, so that all stores agree. */
static struct cts_value show_strictest(
	const struct cts_field *field, const struct cts_field_state *state)
{
	struct cts_value best = state->newest[0].value;
	int32_t best_rank = cts_field_rank(field, cts_value_text(best));

	for (size_t i = 1; i < state->count; i++) {
		const char *text = cts_value_text(state->newest[i].value);
		int32_t rank = cts_field_rank(field, text);

		if (rank < best_rank ||
			(rank == best_rank && strcmp(text, cts_value_text(best)) <= 0))
			continue;
		best = state->newest[i].value;
		best_rank = rank;
	}
	return best;
}

static struct cts_value show_intersect(struct showing *s, const struct cts_field_state *state)
{
	static const char *const none[] = {"none"};
	struct cts_value first = {0};
	const char **items;
	size_t count = 0;

	if (cts_merge_is_agreed(state->newest, state->count))
		return state->newest[0].value;
	for (size_t i = 0; i < state->count && !first.count; i++)
		first = cts_value_sorted(&s->scratch, state->newest[i].value);
	items = cts_arena_alloc(&s->scratch, first.count * sizeof(*items));
	for (size_t i = 0; i < first.count; i++) {
		bool is_allowed = true;

		for (size_t j = 0; j < state->count && is_allowed; j++)
			is_allowed = !cts_value_is_set(state->newest[j].value) ||
				     cts_value_has(state->newest[j].value, first.items[i]);
		if (is_allowed)
			items[count++] = first.items[i];
	}
	if (!count)
		return (struct cts_value){.count = 1, .items = none};
	return (struct cts_value){.count = count, .items = items};
}

static int show_field(
	struct showing *s, const struct cts_field *field, const struct cts_field_state *state)
{
	struct cts_value value = {0};
	int rc = 0;

	switch (field->merge) {
	case CTS_MERGE_REGISTER:
	case CTS_MERGE_WRITE_ONCE: rc = show_register(&value, s, state); break;
	case CTS_MERGE_LIST:
	case CTS_MERGE_TEXT: rc = show_sequence(&value, s, field, state); break;
	case CTS_MERGE_SET: value = show_set(s, state); break;
	case CTS_MERGE_STRICTEST: value = show_strictest(field, state); break;
	case CTS_MERGE_INTERSECT: value = show_intersect(s, state); break;
	}
	if (rc < 0)
		return rc;
	if (cts_value_is_set(value))
		cts_record_set(s->record, field, value);
	return 0;
}

/* Alive as long as anyone who had not seen the deletion edits the record. */
static int show_life(bool *deleted, struct showing *s, const struct cts_field_state *state)
{
	struct cts_value shown;
	int rc;

	rc = show_register(&shown, s, state);
	if (rc < 0)
		return rc;
	*deleted = cts_merge_is_agreed(state->newest, state->count) &&
		   strcmp(cts_value_text(shown), "true") == 0;
	return 0;
}

static int show_unknown(struct showing *s, const struct cts_field_state *state)
{
	struct cts_value value;
	int rc;

	if (!strchr(state->field, '/'))
		return cts_fail(CTS_EDAMAGED, "'%s' has an edit of '%s', which is no field of it",
			s->record->kind->name, state->field);
	rc = show_register(&value, s, state);
	if (rc < 0)
		return rc;
	if (cts_value_is_set(value))
		cts_record_set_unknown(s->record, state->field, cts_value_text(value));
	return 0;
}

static int compare_conflicts(const void *a, const void *b)
{
	return strcmp(
		((const struct cts_conflict *)a)->field, ((const struct cts_conflict *)b)->field);
}

int cts_state_record(struct cts_record *out, bool *deleted, const struct cts_state *state,
	const struct cts_kind *kind, const char *id, const struct cts_past *past)
{
	struct cts_record record;
	struct showing s = {.record = &record, .past = past};
	bool is_deleted = true; /* whom nobody made does not live */
	int rc = 0;

	cts_record_init(&record, kind, id);
	for (size_t i = 0; i < state->count && rc >= 0; i++) {
		const struct cts_field_state *one = &state->fields[i];
		const struct cts_field *field;

		if (!one->count)
			continue;
		if (strcmp(one->field, CTS_DELETED) == 0) {
			rc = show_life(&is_deleted, &s, one);
			continue;
		}
		field = strchr(one->field, '/') ? NULL : cts_kind_field(kind, one->field);
		rc = field ? show_field(&s, field, one) : show_unknown(&s, one);
	}
	cts_arena_release(&s.scratch);
	if (rc < 0) {
		cts_record_release(&record);
		return rc;
	}
	if (record.conflict_count)
		qsort(record.conflicts, record.conflict_count, sizeof(*record.conflicts),
			compare_conflicts);
	*out = record;
	*deleted = is_deleted;
	return 0;
}
