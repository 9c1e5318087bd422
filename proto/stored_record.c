/*
 * A record with its merge state, as message ctsync.StoredRecord.
 *
 * Most records were made by one change and never touched again, or a field or two were. So what
 * most fields would say alike is said once: `edited` is the newest edit of all fields that are set
 * and not listed, `affirmed` that of the life and the markings. A single newest edit needs no value
 * either: it is what the record shows. What is left in `state` are the exceptions, in order of the
 * kind's fields, the life, then unknown members by key; one without a newest edit says that the
 * field has no state.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/record_internal.h"
#include "proto/stored.h"
#include "proto/stored_internal.h"
#include "proto/wire.h"

/* ---- rows -------------------------------------------------------------------------------------
 */

enum { REFS_COUNTED = 16 };

/* One line of the state: a field, the life or an unknown member, and what the record shows of it.
 */
struct row {
	const char *name;
	const struct cts_field_state *state; /* NULL: none */
	struct cts_value shown;
	bool is_set;       /* a SET: its newest edits are of one member each */
	bool is_affirmed;  /* goes by `affirmed`, else by `edited` */
	struct cts_ref by; /* the one newest edit that made what is shown; line 0: not so simple */
};

/* Every newest edit put one member in, each member came in by one, and they are all the same. */
static bool is_one_edit_of_set(const struct row *row)
{
	const struct cts_field_state *state = row->state;
	struct cts_arena arena = {0};
	struct cts_value members = {.count = state->count};
	const char **items;
	bool is_same = state->count == row->shown.count;

	for (size_t i = 0; is_same && i < state->count; i++)
		is_same = cts_ref_equal(state->newest[i].by, state->newest[0].by) &&
			  state->newest[i].value.count == 1;
	if (!is_same)
		return false;
	members.items = items = cts_arena_alloc(&arena, state->count * sizeof(*items));
	for (size_t i = 0; i < state->count; i++)
		items[i] = state->newest[i].value.items[0];
	is_same = cts_value_equal(cts_value_sorted(&arena, members), row->shown);
	cts_arena_release(&arena);
	return is_same;
}

static struct cts_ref one_edit(const struct row *row)
{
	const struct cts_field_state *state = row->state;

	if (!state || state->count == 0)
		return (struct cts_ref){0};
	if (row->is_set ? is_one_edit_of_set(row)
			: state->count == 1 && cts_value_equal(state->newest[0].value, row->shown))
		return state->newest[0].by;
	return (struct cts_ref){0};
}

static struct row *add_row(
	struct cts_arena *arena, struct row **rows, size_t *count, struct row row)
{
	struct row *to = cts_arena_push(arena, rows, count, sizeof(*to));

	*to = row;
	to->by = one_edit(to);
	return to;
}

static int compare_states(const void *a, const void *b)
{
	const struct cts_field_state *const *x = a, *const *y = b;

	return strcmp((*x)->field, (*y)->field);
}

/* Unknown members that have a state or are shown, by key. */
static void add_unknown_rows(struct cts_arena *arena, struct row **rows, size_t *count,
	const struct cts_record *record, const struct cts_state *state)
{
	const struct cts_field_state **sorted =
		cts_arena_alloc(arena, state->count * sizeof(*sorted));
	size_t sorted_count = 0, j = 0;

	for (size_t i = 0; i < state->count; i++)
		if (state->fields[i].count && strchr(state->fields[i].field, '/'))
			sorted[sorted_count++] = &state->fields[i];
	if (sorted_count)
		qsort(sorted, sorted_count, sizeof(*sorted), compare_states);
	/* A record's order, beside "fields" before in it, is that of the keys: '/' sorts before
	 * 'f'. */
	for (size_t i = 0; i < record->unknown_count || j < sorted_count;) {
		const struct cts_unknown *unknown =
			i < record->unknown_count ? &record->unknown[i] : NULL;
		const char *key = unknown ? cts_unknown_key(arena, unknown) : NULL;
		int order = !unknown ? 1 : j == sorted_count ? -1 : strcmp(key, sorted[j]->field);
		struct row row = {.name = order <= 0 ? key : sorted[j]->field};

		if (order <= 0) {
			row.shown = cts_value_of(arena, unknown->json);
			i++;
		}
		if (order >= 0)
			row.state = sorted[j++];
		add_row(arena, rows, count, row);
	}
}

static size_t make_rows(struct row **out, struct cts_arena *arena, const struct cts_record *record,
	bool deleted, const struct cts_state *state)
{
	const struct cts_kind *kind = record->kind;
	const struct cts_field_state **by_index =
		cts_arena_alloc(arena, (kind->field_count + 1) * sizeof(*by_index));
	struct row *rows = NULL;
	size_t count = 0, life = kind->field_count;
	bool has_unknown = record->unknown_count > 0;

	for (size_t i = 0; i < state->count; i++) {
		const char *name = state->fields[i].field;
		const struct cts_field *field =
			strchr(name, '/') ? NULL : cts_kind_field(kind, name);

		if (state->fields[i].count == 0)
			continue;
		if (field)
			by_index[field->index] = &state->fields[i];
		else if (strcmp(name, CTS_DELETED) == 0)
			by_index[life] = &state->fields[i];
		else
			has_unknown = true;
	}
	for (size_t i = 0; i < kind->field_count; i++) {
		const struct cts_field *field = &kind->fields[i];

		if (!record->values[i].count && !by_index[i] && !cts_is_marking(field))
			continue;
		add_row(arena, &rows, &count,
			(struct row){.name = field->name,
				.state = by_index[i],
				.shown = record->values[i],
				.is_set = field->merge == CTS_MERGE_SET,
				.is_affirmed = cts_is_marking(field)});
	}
	add_row(arena, &rows, &count,
		(struct row){.name = CTS_DELETED,
			.state = by_index[life],
			.shown = cts_life_value(deleted),
			.is_affirmed = true});
	if (has_unknown)
		add_unknown_rows(arena, &rows, &count, record, state);
	*out = rows;
	return count;
}

/* ---- the message ------------------------------------------------------------------------------
 */

/* The row can be left out, if this is the ref: `edited` speaks of set fields only. */
static bool can_share(const struct row *row, bool is_affirmed)
{
	return row->is_affirmed == is_affirmed && row->by.line && (is_affirmed || row->shown.count);
}

/* The ref that most rows share, of the first few that differ: which one is taken decides only how
 * short the bytes are, and counting must stay cheap for a record of a hundred thousand members. */
static struct cts_ref most_common(const struct row *rows, size_t count, bool is_affirmed)
{
	struct cts_ref best = {0};
	size_t best_count = 0;

	for (size_t i = 0, tries = 0; i < count && tries < REFS_COUNTED; i++) {
		size_t same = 0;

		if (!can_share(&rows[i], is_affirmed) || cts_ref_equal(rows[i].by, best))
			continue;
		for (size_t j = i; j < count; j++)
			same += can_share(&rows[j], is_affirmed) &&
				cts_ref_equal(rows[j].by, rows[i].by);
		if (same > best_count) {
			best = rows[i].by;
			best_count = same;
		}
		tries++;
	}
	return best;
}

static Ctsync__Newest **pack_newest(struct cts_arena *arena, const struct row *row)
{
	size_t count = row->state->count;
	Ctsync__Newest **all = cts_arena_alloc(arena, count * sizeof(*all));
	Ctsync__Newest *newest = cts_arena_alloc(arena, count * sizeof(*newest));
	bool is_implied = count == 1 && cts_value_equal(row->state->newest[0].value, row->shown);

	/* A single one that cleared a field which is shown set would read as what is shown. */
	assert(is_implied || count > 1 || row->state->newest[0].value.count);
	for (size_t i = 0; i < count; i++) {
		const struct cts_newest *from = &row->state->newest[i];

		ctsync__newest__init(&newest[i]);
		newest[i].line = from->by.line;
		newest[i].seq = from->by.seq;
		if (!is_implied)
			CTS_PACK_VALUE(&newest[i], value, from->value);
		all[i] = &newest[i];
	}
	return all;
}

static void pack_state(Ctsync__StoredRecord *message, struct cts_arena *arena,
	const struct row *rows, size_t count, struct cts_ref edited, struct cts_ref affirmed)
{
	message->state = cts_arena_alloc(arena, count * sizeof(*message->state));
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct cts_ref shared = row->is_affirmed ? affirmed : edited;
		bool is_shared = row->is_affirmed || row->shown.count;
		Ctsync__FieldState *to;

		/* Left out: what the shared ref says of it, or would not say without a ref. */
		if (is_shared && shared.line ? cts_ref_equal(row->by, shared) : !row->state)
			continue;
		to = cts_arena_alloc(arena, sizeof(*to));
		ctsync__field_state__init(to);
		to->field = (char *)(uintptr_t)row->name;
		if (row->state) {
			to->n_newest = row->state->count;
			to->newest = pack_newest(arena, row);
		}
		message->state[message->n_state++] = to;
	}
}

void cts_stored_record_encode(struct cts_buf *out, const struct cts_record *record, bool deleted,
	const struct cts_state *state)
{
	Ctsync__StoredRecord message = CTSYNC__STORED_RECORD__INIT;
	struct cts_buf fields = {0}, common = {0};
	struct cts_arena arena = {0};
	struct cts_ref edited, affirmed;
	struct row *rows;
	size_t count;

	cts_record_pack_fields(&fields, record, false);
	cts_record_pack_fields(&common, record, true);
	message.fields = (ProtobufCBinaryData){.len = fields.size, .data = (uint8_t *)fields.data};
	message.common = (ProtobufCBinaryData){.len = common.size, .data = (uint8_t *)common.data};
	message.n_unknown = record->unknown_count;
	message.unknown = cts_pack_unknown(&arena, record);
	message.n_conflicts = record->conflict_count;
	message.conflicts = cts_pack_conflicts(&arena, record);
	message.deleted = deleted;
	count = make_rows(&rows, &arena, record, deleted, state);
	edited = most_common(rows, count, false);
	affirmed = most_common(rows, count, true);
	message.edited = cts_pack_ref(&arena, edited);
	message.affirmed = cts_pack_ref(&arena, affirmed);
	pack_state(&message, &arena, rows, count, edited, affirmed);
	cts_wire_pack(out, &message.base);
	cts_buf_release(&fields);
	cts_buf_release(&common);
	cts_arena_release(&arena);
}
