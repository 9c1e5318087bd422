/*
 * Taking edits into the state of a record. An edit drops those newest edits of its field that its
 * author had seen, and joins the rest: because ancestors come first, no edit that arrives later can
 * have been seen by one that is here already, so the state is the newest edits whatever the order.
 *
 * The ordinary edit finds one newest edit, which its author had seen, and takes its place: no list
 * grows. How much room a list has beyond its count is not known here (it may come from disk), so a
 * list that must grow is copied.
 */
#include "proto/merge.h"

#include <stdlib.h>
#include <string.h>

#include "proto/merge_fold.h"

/* One change on its way into one state. */
struct taking {
	struct cts_state *state;
	const struct cts_past *past;
	struct cts_ref by;
	size_t capacity; /* of state->fields; 0: not known to be more than its count */
	/* The last question to the history, and its answer: many newest edits of a record come from
	 * one change, its creation. */
	struct cts_ref asked;
	bool was_seen;
};

static const char *const life_texts[] = {"false", "true"};

static struct cts_value life_value(bool deleted)
{
	return (struct cts_value){.count = 1, .items = &life_texts[deleted]};
}

enum cts_merge_class cts_merge_class_of(const struct cts_kind *kind, const char *name)
{
	const struct cts_field *field = strchr(name, '/') ? NULL : cts_kind_field(kind, name);

	return field ? field->merge : CTS_MERGE_REGISTER;
}

static bool is_marking(enum cts_merge_class merge)
{
	return merge == CTS_MERGE_STRICTEST || merge == CTS_MERGE_INTERSECT;
}

struct cts_field_state *cts_state_field(const struct cts_state *state, const char *field)
{
	for (size_t i = 0; i < state->count; i++)
		if (state->fields[i].field == field || strcmp(state->fields[i].field, field) == 0)
			return &state->fields[i];
	return NULL;
}

static struct cts_field_state *add_field(struct taking *t, const char *name)
{
	struct cts_state *state = t->state;
	struct cts_field_state *fields, *field;

	if (state->count >= t->capacity) {
		t->capacity = state->count < 8 ? 16 : state->count * 2;
		fields = cts_arena_alloc(state->arena, t->capacity * sizeof(*fields));
		if (state->count)
			memcpy(fields, state->fields, state->count * sizeof(*fields));
		state->fields = fields;
	}
	field = &state->fields[state->count++];
	*field = (struct cts_field_state){.field = cts_arena_strdup(state->arena, name)};
	return field;
}

/* 1: the author of the change had seen it. */
static int was_seen(struct taking *t, struct cts_ref earlier)
{
	int seen;

	if (cts_ref_equal(t->asked, earlier))
		return t->was_seen;
	seen = t->past->has_seen(t->past->context, t->by, earlier);
	if (seen < 0)
		return seen;
	t->asked = earlier;
	t->was_seen = seen > 0;
	return seen > 0;
}

/* Room for `more` edits behind the `kept` first ones. */
static void make_room(struct taking *t, struct cts_field_state *field, size_t kept, size_t more)
{
	struct cts_newest *newest;

	if (kept + more > field->count) {
		newest = cts_arena_alloc(t->state->arena, (kept + more) * sizeof(*newest));
		if (kept)
			memcpy(newest, field->newest, kept * sizeof(*newest));
		field->newest = newest;
	}
	field->count = kept;
}

static int put_value(struct taking *t, const char *name, struct cts_value value)
{
	struct cts_field_state *field = cts_state_field(t->state, name);
	size_t kept = 0;
	int seen;

	if (!field)
		field = add_field(t, name);
	for (size_t i = 0; i < field->count; i++) {
		seen = was_seen(t, field->newest[i].by);
		if (seen < 0)
			return seen;
		if (!seen)
			field->newest[kept++] = field->newest[i];
	}
	make_room(t, field, kept, 1);
	field->newest[field->count++] =
		(struct cts_newest){.by = t->by, .value = cts_value_copy(t->state->arena, value)};
	return 0;
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool sorted_has(struct cts_value sorted, const char *item)
{
	return sorted.count &&
	       bsearch(&item, sorted.items, sorted.count, sizeof(*sorted.items), compare_items);
}

/* What is in `a` and not in `b`; both sorted. */
static struct cts_value members_without(
	struct cts_arena *arena, struct cts_value a, struct cts_value b)
{
	const char **items = NULL;
	size_t count = 0, j = 0;

	for (size_t i = 0; i < a.count; i++) {
		while (j < b.count && strcmp(b.items[j], a.items[i]) < 0)
			j++;
		if (j < b.count && strcmp(b.items[j], a.items[i]) == 0)
			continue;
		if (!items)
			items = cts_arena_alloc(arena, (a.count - i) * sizeof(*items));
		items[count++] = a.items[i];
	}
	return (struct cts_value){.count = count, .items = items};
}

/* The members that a SET has in a state, sorted. */
static struct cts_value members_of(
	struct cts_arena *arena, const struct cts_state *state, const char *name)
{
	const struct cts_field_state *field = state ? cts_state_field(state, name) : NULL;
	const char **items;

	if (!field || !field->count)
		return (struct cts_value){0};
	items = cts_arena_alloc(arena, field->count * sizeof(*items));
	for (size_t i = 0; i < field->count; i++)
		items[i] = cts_value_text(field->newest[i].value);
	return cts_value_sorted(arena, (struct cts_value){.count = field->count, .items = items});
}

/* Puts members in and takes others out; both sorted. A SET without members leaves the state. */
static int put_members(
	struct taking *t, const char *name, struct cts_value in, struct cts_value taken_out)
{
	struct cts_field_state *field = cts_state_field(t->state, name);
	struct cts_arena *arena = t->state->arena;
	size_t kept = 0;

	if (!field && !in.count)
		return 0;
	if (!field)
		field = add_field(t, name);
	for (size_t i = 0; i < field->count; i++) {
		const char *member = cts_value_text(field->newest[i].value);
		int seen = 0;

		if (sorted_has(in, member) || sorted_has(taken_out, member))
			seen = was_seen(t, field->newest[i].by);
		if (seen < 0)
			return seen;
		if (!seen)
			field->newest[kept++] = field->newest[i];
	}
	make_room(t, field, kept, in.count);
	for (size_t i = 0; i < in.count; i++) {
		struct cts_value one = {.count = 1, .items = &in.items[i]};

		field->newest[field->count++] =
			(struct cts_newest){.by = t->by, .value = cts_value_copy(arena, one)};
	}
	if (!field->count)
		*field = t->state->fields[--t->state->count];
	return 0;
}

/* A SET as one edit gives it: what differs from before; of a creation, everything. */
static int put_set(struct taking *t, const struct cts_edit *edit, const struct cts_state *view)
{
	struct cts_arena *arena = t->state->arena;
	struct cts_value now = cts_value_sorted(arena, edit->new_value);
	struct cts_value before = cts_value_sorted(arena, edit->old_value);

	if (view)
		return put_members(t, edit->field, now,
			members_without(arena, members_of(arena, view, edit->field), now));
	return put_members(t, edit->field, members_without(arena, now, before),
		members_without(arena, before, now));
}

static const struct cts_edit *find_edit(
	const struct cts_edit *edits, size_t count, const char *field)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(edits[i].field, field) == 0)
			return &edits[i];
	return NULL;
}

/* Every change affirms what its author saw, so that nobody who had not seen it undoes it. */
static int put_markings(
	struct taking *t, const struct cts_kind *kind, const struct cts_record_edits *edits)
{
	int rc = 0;

	for (size_t i = 0; i < kind->field_count && rc >= 0; i++) {
		const struct cts_field *field = &kind->fields[i];
		const struct cts_edit *edit;

		if (!is_marking(field->merge))
			continue;
		edit = find_edit(edits->edits, edits->edit_count, field->name);
		if (!edit)
			edit = find_edit(edits->markings, edits->marking_count, field->name);
		rc = put_value(t, field->name, edit ? edit->new_value : (struct cts_value){0});
	}
	return rc;
}

size_t cts_state_cleared(const char *const **out, struct cts_arena *arena,
	const struct cts_kind *kind, const struct cts_record_edits *edits,
	const struct cts_state *creation_view)
{
	const char **names = NULL;
	size_t count = 0;

	for (size_t i = 0; i < creation_view->count; i++) {
		const struct cts_field_state *field = &creation_view->fields[i];
		const char **name;
		bool is_set = false;

		for (size_t j = 0; j < field->count && !is_set; j++)
			is_set = cts_value_is_set(field->newest[j].value);
		if (!is_set || strcmp(field->field, CTS_DELETED) == 0 ||
			is_marking(cts_merge_class_of(kind, field->field)) ||
			find_edit(edits->edits, edits->edit_count, field->field))
			continue;
		name = cts_arena_push(arena, &names, &count, sizeof(*names));
		*name = field->field;
	}
	*out = names;
	return count;
}

int cts_state_apply(struct cts_state *state, const struct cts_kind *kind,
	const struct cts_record_edits *edits, struct cts_ref by,
	const struct cts_state *creation_view, const struct cts_past *past)
{
	static const struct cts_state empty_view;
	struct taking t = {.state = state, .past = past, .by = by};
	const struct cts_state *view = NULL;
	const char *const *cleared = NULL;
	size_t cleared_count = 0;
	int rc;

	if (edits->created) {
		view = creation_view ? creation_view : &empty_view;
		/* Before anything is changed: the view may be this very state. */
		cleared_count = cts_state_cleared(&cleared, state->arena, kind, edits, view);
	}
	rc = put_value(&t, CTS_DELETED, life_value(edits->deleted));
	if (rc < 0)
		return rc;
	rc = put_markings(&t, kind, edits);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < edits->edit_count; i++) {
		const struct cts_edit *edit = &edits->edits[i];
		enum cts_merge_class merge = cts_merge_class_of(kind, edit->field);

		if (strcmp(edit->field, CTS_DELETED) == 0 || is_marking(merge))
			continue;
		if (merge == CTS_MERGE_SET)
			rc = put_set(&t, edit, view);
		else
			rc = put_value(&t, edit->field, edit->new_value);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < cleared_count; i++) {
		if (cts_merge_class_of(kind, cleared[i]) == CTS_MERGE_SET)
			rc = put_members(&t, cleared[i], (struct cts_value){0},
				members_of(state->arena, view, cleared[i]));
		else
			rc = put_value(&t, cleared[i], (struct cts_value){0});
		if (rc < 0)
			return rc;
	}
	return 0;
}
