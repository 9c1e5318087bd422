/*
 * What an author did to a record: its fields in order of the kind, then unknown members, then its
 * life.
 *
 * The same edits come out of two images in a store's journal and of two trees of git, because both
 * are compared here; everything else about an edit, such as which others it replaces, follows from
 * them.
 */
#include "proto/diff.h"

#include <assert.h>
#include <string.h>

#include "proto/error.h"
#include "proto/record_internal.h"

struct diff {
	struct cts_record_edits *out;
	struct cts_arena *arena;
	const struct cts_record *before, *after; /* either may be NULL */
	bool is_of_views; /* of two points of history: values and life only, nothing is refused */
};

static void add_edit(struct diff *diff, const char *field, struct cts_value old_value,
	struct cts_value new_value)
{
	struct cts_edit *edit = cts_arena_push(
		diff->arena, &diff->out->edits, &diff->out->edit_count, sizeof(*edit));

	*edit = (struct cts_edit){.field = field, .old_value = old_value, .new_value = new_value};
}

/* A marking that the author left as it was. */
static void affirm(struct diff *diff, const struct cts_field *field, struct cts_value value)
{
	struct cts_edit *marking;

	if (!value.count || diff->is_of_views ||
		(field->merge != CTS_MERGE_STRICTEST && field->merge != CTS_MERGE_INTERSECT))
		return;
	marking = cts_arena_push(
		diff->arena, &diff->out->markings, &diff->out->marking_count, sizeof(*marking));
	*marking = (struct cts_edit){.field = field->name, .old_value = value, .new_value = value};
}

/* 1 the field's conflict is gone, 0 it has none or keeps it untouched. */
static int is_settled(const struct diff *diff, const char *field, bool is_changed)
{
	const struct cts_conflict *old =
		diff->before ? cts_record_conflict(diff->before, field) : NULL;
	const struct cts_conflict *new =
		diff->after ? cts_record_conflict(diff->after, field) : NULL;

	if (diff->is_of_views)
		return 0;
	if (!new)
		return old != NULL;
	if (!old)
		return cts_fail(
			CTS_EINTEGRITY, "'%s' has a conflict that was not there before", field);
	if (!cts_conflict_equal(old, new))
		return cts_fail(
			CTS_EINTEGRITY, "the conflict of '%s' has other sides than before", field);
	if (is_changed)
		return cts_fail(CTS_EINTEGRITY, "'%s' is changed and still in conflict", field);
	return 0;
}

static int diff_field(struct diff *diff, const struct cts_field *field)
{
	struct cts_value old_value = {0}, new_value = {0};
	bool is_changed;
	int settled;

	if (diff->before)
		old_value = diff->before->values[field->index];
	if (diff->after)
		new_value = diff->after->values[field->index];
	is_changed = !cts_value_equal(old_value, new_value);
	settled = is_settled(diff, field->name, is_changed);
	if (settled < 0)
		return settled;
	if (!is_changed && !settled) {
		affirm(diff, field, new_value);
		return 0;
	}
	if (field->merge == CTS_MERGE_WRITE_ONCE && old_value.count && !settled &&
		!diff->is_of_views)
		return cts_fail(
			CTS_EINTEGRITY, "'%s' was set before and cannot be changed", field->name);
	add_edit(diff, field->name, old_value, new_value);
	return 0;
}

/* ---- unknown members --------------------------------------------------------------------------
 */

/* The place of two members in a record's order; a record without more members comes last. */
static int compare_unknown(const struct cts_unknown *a, const struct cts_unknown *b)
{
	if (!a || !b)
		return !a - !b;
	if (a->in_fields != b->in_fields)
		return a->in_fields - b->in_fields;
	return strcmp(a->name, b->name);
}

static const struct cts_unknown *unknown_at(const struct cts_record *record, size_t at)
{
	return record && at < record->unknown_count ? &record->unknown[at] : NULL;
}

static int diff_unknown(struct diff *diff)
{
	size_t i = 0, j = 0;

	for (;;) {
		const struct cts_unknown *old = unknown_at(diff->before, i);
		const struct cts_unknown *new = unknown_at(diff->after, j);
		int order = compare_unknown(old, new);
		struct cts_value old_value = {0}, new_value = {0};
		const char *key;
		bool is_changed;
		int settled;

		if (!old && !new)
			return 0;
		i += order <= 0;
		j += order >= 0;
		is_changed = order != 0 || strcmp(old->json, new->json) != 0;
		if (!is_changed && !diff->before->conflict_count && !diff->after->conflict_count)
			continue;
		key = cts_unknown_key(diff->arena, order <= 0 ? old : new);
		settled = is_settled(diff, key, is_changed);
		if (settled < 0)
			return settled;
		if (!is_changed && !settled)
			continue;
		if (order <= 0)
			old_value = cts_value_of(diff->arena, old->json);
		if (order >= 0)
			new_value = cts_value_of(diff->arena, new->json);
		add_edit(diff, key, old_value, new_value);
	}
}

/* Conflicts of unknown members that neither version shows: the walk over members misses them. */
static int diff_unseen(struct diff *diff, const struct cts_record *record)
{
	for (size_t i = 0; record && i < record->conflict_count; i++) {
		const char *key = record->conflicts[i].field;
		int settled;

		if (!strchr(key, '/') || (diff->before && cts_record_unknown(diff->before, key)) ||
			(diff->after && cts_record_unknown(diff->after, key)))
			continue;
		settled = is_settled(diff, key, false);
		if (settled < 0)
			return settled;
		if (settled)
			add_edit(diff, key, (struct cts_value){0}, (struct cts_value){0});
	}
	return 0;
}

/* ---- the record -------------------------------------------------------------------------------
 */

static int diff_life(struct diff *diff)
{
	struct cts_value alive = cts_value_of(diff->arena, "false");
	int settled = is_settled(diff, CTS_DELETED, false);

	if (settled < 0)
		return settled;
	if (!diff->before)
		add_edit(diff, CTS_DELETED, (struct cts_value){0}, alive);
	else if (settled)
		add_edit(diff, CTS_DELETED, alive, alive);
	return 0;
}

/* A deletion edits nothing else, but it too affirms the markings that its author saw. */
static void diff_deletion(struct diff *diff)
{
	const struct cts_record *before = diff->before;

	for (size_t i = 0; i < before->kind->field_count; i++)
		affirm(diff, &before->kind->fields[i], before->values[i]);
	add_edit(diff, CTS_DELETED, cts_value_of(diff->arena, "false"),
		cts_value_of(diff->arena, "true"));
}

static int diff_records(struct diff *diff)
{
	const struct cts_kind *kind = diff->after->kind;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < kind->field_count; i++)
		rc = diff_field(diff, &kind->fields[i]);
	if (rc >= 0)
		rc = diff_unknown(diff);
	if (rc >= 0)
		rc = diff_unseen(diff, diff->before);
	if (rc >= 0)
		rc = diff_unseen(diff, diff->after);
	if (rc >= 0)
		rc = diff_life(diff);
	return rc;
}

static int run(struct cts_record_edits *out, struct cts_arena *arena,
	const struct cts_record *before, const struct cts_record *after, bool is_of_views)
{
	struct cts_record_edits edits = {
		.key = cts_record_key(arena, after ? after : before),
		.created = !before,
		.deleted = !after,
	};
	struct diff diff = {.out = &edits,
		.arena = arena,
		.before = before,
		.after = after,
		.is_of_views = is_of_views};
	int rc = 0;

	assert(!before || !after ||
		(before->kind == after->kind && strcmp(before->id, after->id) == 0));
	if (after)
		rc = diff_records(&diff);
	else
		diff_deletion(&diff);
	if (rc < 0)
		return rc;
	if (edits.edit_count == 0)
		edits.marking_count = 0;
	*out = edits;
	return 0;
}

int cts_diff(struct cts_record_edits *out, struct cts_arena *arena, const struct cts_record *before,
	const struct cts_record *after)
{
	return run(out, arena, before, after, false);
}

void cts_diff_views(struct cts_record_edits *out, struct cts_arena *arena,
	const struct cts_record *before, const struct cts_record *after)
{
	run(out, arena, before, after, true);
}
