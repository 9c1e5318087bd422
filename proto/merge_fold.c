/*
 * The fold of a LIST or TEXT: its newest edits in order of commit id, each merged into the result
 * so far on the field's value at what both sides had seen. On one base for all, a line that someone
 * had dropped came back as soon as three edits met in an unlucky order; so each step has its own
 * base, and that base is itself the value of the field among the changes of its past, by this very
 * rule.
 *
 * The value depends on nothing but the set of newest edits (their pasts give every base), so a set
 * met again at the same level is looked up: without that, eight writers who cross n times cost 7^n
 * merges. A conflict anywhere below is a conflict of the whole, which is what makes the limits
 * safe: they turn a merge into a conflict, in every store alike, never into another value.
 */
#include "proto/merge_fold.h"

#include <stdlib.h>
#include <string.h>

#include "proto/diff3.h"
#include "proto/error.h"
#include "proto/withhold.h"

enum {
	SIDES_MAX = 8,
	LEVELS_MAX = 32,
	FOLDS_MAX = 1024, /* crafted pasts could otherwise ask for ever more different bases */
};

/* The value of one set of newest edits. */
struct known_fold {
	unsigned level;
	size_t count;
	struct cts_ref refs[SIDES_MAX]; /* in order of commit id */
	struct cts_value value;
};

struct folding {
	struct cts_arena *arena;
	const struct cts_field *field;
	const struct cts_past *past;
	const struct cts_newest *edits; /* all of the field; asked for with the first base */
	size_t edit_count;
	bool has_edits;
	struct known_fold *known;
	size_t known_count;
	size_t begun; /* folds that were not known */
};

static int fold(struct cts_value *out, struct folding *f, const struct cts_merge_side *sides,
	size_t count, unsigned level);

bool cts_merge_is_agreed(const struct cts_newest *newest, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (!cts_value_equal(newest[0].value, newest[i].value))
			return false;
	return true;
}

static int compare_sides(const void *a, const void *b)
{
	const struct cts_merge_side *x = a, *y = b;

	return cts_oid_compare(&x->change->commit, &y->change->commit);
}

int cts_merge_sides(struct cts_merge_side **out, struct cts_arena *arena,
	const struct cts_newest *newest, size_t count, const struct cts_past *past)
{
	struct cts_merge_side *sides = cts_arena_alloc(arena, count * sizeof(*sides));
	int rc;

	for (size_t i = 0; i < count; i++) {
		sides[i].edit = &newest[i];
		rc = past->change(past->context, &sides[i].change, newest[i].by);
		if (rc < 0)
			return rc;
		if (count > 1 && cts_oid_is_zero(&sides[i].change->commit))
			return cts_fail(CTS_EDAMAGED,
				"the change '%s.%llu' is not sealed and yet one of several newest",
				sides[i].change->writer, (unsigned long long)newest[i].by.seq);
	}
	qsort(sides, count, sizeof(*sides), compare_sides);
	*out = sides;
	return 0;
}

static bool has_marks(struct cts_value value)
{
	for (size_t i = 0; i < value.count; i++)
		if (cts_text_has_marks(value.items[i]))
			return true;
	return false;
}

static bool is_known(const struct known_fold *known, const struct cts_merge_side *sides,
	size_t count, unsigned level)
{
	if (known->level != level || known->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!cts_ref_equal(known->refs[i], sides[i].edit->by))
			return false;
	return true;
}

/* The newest edits of the field among the changes of `within`, gathered from the latest arrival
 * back: who replaced an edit arrived after it. */
static int newest_within(
	struct cts_newest **out, size_t *count, struct folding *f, const struct cts_vector *within)
{
	struct cts_vector replaced = {0}; /* what the newest found so far had seen */
	struct cts_newest *newest = NULL, *put;
	size_t found = 0;
	int rc = 0;

	for (size_t i = f->edit_count; i-- > 0;) {
		struct cts_ref by = f->edits[i].by;

		if (!cts_vector_has(within, by) || cts_vector_has(&replaced, by))
			continue;
		rc = f->past->add_past(f->past->context, &replaced, by);
		if (rc < 0)
			goto out;
		put = cts_arena_push(f->arena, &newest, &found, sizeof(*newest));
		*put = f->edits[i];
	}
	*out = newest;
	*count = found;
out:
	cts_vector_release(&replaced);
	return rc < 0 ? rc : 0;
}

/* The field's value among the changes of `within`: what fold() returns. */
static int value_within(
	struct cts_value *out, struct folding *f, const struct cts_vector *within, unsigned level)
{
	struct cts_merge_side *sides;
	struct cts_newest *newest;
	size_t count;
	int rc;

	if (!f->has_edits) {
		rc = f->past->edits(f->past->context, &f->edits, &f->edit_count, f->field->name);
		if (rc < 0)
			return rc;
		f->has_edits = true;
	}
	rc = newest_within(&newest, &count, f, within);
	if (rc < 0)
		return rc;
	if (cts_merge_is_agreed(newest, count)) {
		*out = count ? newest[0].value : (struct cts_value){0};
		return 1;
	}
	rc = cts_merge_sides(&sides, f->arena, newest, count, f->past);
	return rc < 0 ? rc : fold(out, f, sides, count, level);
}

/* One step: false when the changes of both overlap. */
static bool merge_step(struct cts_value *out, struct folding *f, struct cts_value base,
	struct cts_value ours, struct cts_value theirs)
{
	const char *text;

	if (f->field->merge == CTS_MERGE_LIST)
		return cts_sequence_merge(out, f->arena, base, ours, theirs);
	if (!cts_text_merge(&text, f->arena, cts_value_text(base), cts_value_text(ours),
		    cts_value_text(theirs)))
		return false;
	*out = cts_value_of(f->arena, text);
	return true;
}

/* Merges sides that are not all equal. 1: a value; 0: a conflict. */
static int fold(struct cts_value *out, struct folding *f, const struct cts_merge_side *sides,
	size_t count, unsigned level)
{
	struct cts_vector past = {0}, next = {0}, common = {0};
	struct cts_value merged = sides[0].edit->value, base;
	struct known_fold *known;
	int rc = 0;

	if (count > SIDES_MAX || level > LEVELS_MAX)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (has_marks(sides[i].edit->value))
			return 0;
	for (size_t i = 0; i < f->known_count; i++) {
		if (is_known(&f->known[i], sides, count, level)) {
			*out = f->known[i].value;
			return 1;
		}
	}
	if (++f->begun > FOLDS_MAX)
		return 0;
	rc = f->past->add_past(f->past->context, &past, sides[0].edit->by);
	for (size_t i = 1; i < count && rc >= 0; i++) {
		next.count = 0;
		rc = f->past->add_past(f->past->context, &next, sides[i].edit->by);
		if (rc < 0)
			goto out;
		cts_vector_copy(&common, &past);
		cts_vector_meet(&common, &next);
		rc = value_within(&base, f, &common, level + 1);
		if (rc <= 0)
			goto out;
		rc = !has_marks(base) && merge_step(&merged, f, base, merged, sides[i].edit->value);
		if (!rc)
			goto out;
		cts_vector_join(&past, &next);
	}
	if (rc < 0)
		goto out;
	known = cts_arena_push(f->arena, &f->known, &f->known_count, sizeof(*known));
	known->level = level;
	known->count = count;
	for (size_t i = 0; i < count; i++)
		known->refs[i] = sides[i].edit->by;
	known->value = merged;
	*out = merged;
	rc = 1;
out:
	cts_vector_release(&common);
	cts_vector_release(&next);
	cts_vector_release(&past);
	return rc;
}

int cts_merge_fold(struct cts_value *out, struct cts_arena *arena, const struct cts_field *field,
	const struct cts_merge_side *sides, size_t count, const struct cts_past *past)
{
	struct folding f = {.arena = arena, .field = field, .past = past};

	return fold(out, &f, sides, count, 0);
}
