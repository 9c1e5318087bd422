/*
 * Random histories of up to five writers and three hubs: stores that hold the same commits hold the
 * same record, the one of the plain model, and nothing that anyone typed is lost, came back or lost
 * its marking. CTS_ROUNDS histories (1,000), the first of seed CTS_SEED.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/merge_model.h"

enum { TITLE, BASELINE, LABELS, POINTS, NOTES, CLASSIFICATION, RELEASABLE_TO };

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

/* What authors did to the words of a LIST or TEXT. */
struct words {
	struct cts_value dropped, inserted;
	struct cts_value chosen; /* by settling a conflict: nobody can say what became of them */
};

struct world {
	struct model m;
	model_set writers[5], hubs[3];
	size_t writer_count, hub_count;
	struct words words[2]; /* of points, of notes */
	size_t next_word;
	size_t conflicts;
};

/* The items of a list, or the words of a text. */
static struct cts_value words_of(struct cts_arena *arena, size_t field, struct cts_value value)
{
	struct cts_value words = {0};
	char *text, *word, *rest;

	if (field == POINTS)
		return value;
	text = cts_arena_strdup(arena, cts_value_text(value));
	for (word = strtok_r(text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest))
		words = cts_value_with(arena, words, word);
	return words;
}

static void add_words(
	struct model *m, struct cts_value *to, struct cts_value from, struct cts_value except)
{
	for (size_t i = 0; i < from.count; i++)
		if (!cts_value_has(except, from.items[i]) && !cts_value_has(*to, from.items[i]))
			*to = cts_value_with(&m->arena, *to, from.items[i]);
}

/* Notes what a commit did to the words, given what its author saw. */
static void follow_words(struct world *w, size_t commit, const struct model_view *view)
{
	struct model *m = &w->m;

	for (size_t field = POINTS; field <= NOTES; field++) {
		struct words *words = &w->words[field - POINTS];
		const char *name = m->kind->fields[field].name;
		const struct model_edit *edit = model_edit_of(m, commit, name);
		struct cts_value before = {0}, now;

		if (!edit)
			continue;
		now = words_of(&m->arena, field, edit->value);
		if (view->fields[field].sides) {
			for (size_t i = 0; i < m->count; i++)
				if (view->fields[field].sides & MODEL_BIT(i))
					add_words(m, &before,
						words_of(&m->arena, field,
							model_edit_of(m, i, name)->value),
						before);
			add_words(m, &words->chosen, now, words->chosen);
		} else {
			before = words_of(&m->arena, field, view->fields[field].value);
		}
		add_words(m, &words->dropped, before, now);
		add_words(m, &words->inserted, now, before);
	}
}

static const char *new_word(struct world *w)
{
	if (model_random(&w->m, 40) == 0)
		return cts_arena_printf(&w->m.arena, "[[withhold_6(a)|w%zu]]", w->next_word++);
	return cts_arena_printf(&w->m.arena, "w%zu", w->next_word++);
}

/* One item more or one less. */
static struct cts_value edited_list(struct world *w, struct cts_value value)
{
	struct model *m = &w->m;

	if (value.count && model_random(m, 5) < 2)
		return cts_value_without(
			&m->arena, value, value.items[model_random(m, value.count)]);
	return model_inserted(m, value, model_random(m, value.count + 1), new_word(w));
}

/* A line more, a line less, or another word in a line. */
static struct cts_value edited_text(struct world *w, const char *text)
{
	struct model *m = &w->m;
	struct cts_value lines = {0};
	char *copy = cts_arena_strdup(&m->arena, text), *line, *rest;
	const char *joined = "";
	uint64_t die = model_random(m, 6);

	for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		lines = cts_value_with(&m->arena, lines, line);
	if (lines.count && die < 2) {
		lines = cts_value_without(
			&m->arena, lines, lines.items[model_random(m, lines.count)]);
	} else if (lines.count && die < 4) {
		size_t at = model_random(m, lines.count);
		struct cts_value words = words_of(&m->arena, NOTES, model_one(m, lines.items[at]));
		size_t which = model_random(m, words.count);
		const char *changed = "", **items;

		for (size_t i = 0; i < words.count; i++)
			changed = cts_arena_printf(&m->arena, "%s%s%s", changed, i ? " " : "",
				i == which ? new_word(w) : words.items[i]);
		items = cts_arena_memdup(&m->arena, lines.items, lines.count * sizeof(*items));
		items[at] = changed;
		lines.items = items;
	} else {
		lines = model_inserted(m, lines, model_random(m, lines.count + 1),
			cts_arena_printf(
				&m->arena, "%s %s %s", new_word(w), new_word(w), new_word(w)));
	}
	for (size_t i = 0; i < lines.count; i++)
		joined = cts_arena_printf(
			&m->arena, "%s%s%s", joined, i ? "\n" : "", lines.items[i]);
	return model_one(m, joined);
}

/* The value of any side: how people settle. */
static struct cts_value any_side(struct model *m, model_set sides, const char *field)
{
	for (;;) {
		size_t i = model_random(m, m->count);

		if (sides & MODEL_BIT(i))
			return model_edit_of(m, i, field)->value;
	}
}

static struct cts_value any_text(struct model *m)
{
	if (model_random(m, 6) == 0)
		return (struct cts_value){0};
	return model_one(m, cts_arena_printf(&m->arena, "t%d", (int)model_random(m, 12)));
}

static struct cts_value any_members(
	struct model *m, struct cts_value value, const char *const *names)
{
	for (size_t n = 1 + model_random(m, 2); n > 0; n--) {
		const char *name = names[model_random(m, 4)];

		value = cts_value_has(value, name) ? cts_value_without(&m->arena, value, name)
						   : cts_value_with(&m->arena, value, name);
	}
	return cts_value_sorted(&m->arena, value);
}

/* An edit that a person could make of this view; false: this time none. */
static bool make_wish(
	struct model_wish *out, struct world *w, const struct model_view *view, size_t field)
{
	static const char *const labels[] = {"budget", "cabinet", "staff", "policy"};
	static const char *const countries[] = {"aus", "can", "gbr", "usa"};
	static const char *const ranks[] = {"", "low", "middle", "high"};
	struct model *m = &w->m;
	const struct model_field *shown = field < 7 ? &view->fields[field] : &view->unknown;
	const char *name = field < 7 ? m->kind->fields[field].name : MODEL_UNKNOWN;
	struct cts_value value = {0};
	bool settles = shown->sides != 0;

	if (settles && model_random(m, 3) > 0)
		return false;
	if (settles && model_random(m, 4) > 0)
		value = any_side(m, shown->sides, name);
	else if (field == LABELS)
		value = any_members(m, shown->value, labels);
	else if (field == POINTS)
		value = edited_list(w, shown->value);
	else if (field == NOTES)
		value = edited_text(w, cts_value_text(shown->value));
	else if (field == CLASSIFICATION)
		value = model_one(m, ranks[model_random(m, 4)]);
	else if (field == RELEASABLE_TO && model_random(m, 8) == 0)
		value = model_one(m, "none");
	else if (field == RELEASABLE_TO && model_random(m, 4) > 0)
		value = any_members(
			m, cts_value_without(&m->arena, shown->value, "none"), countries);
	else if (field == RELEASABLE_TO || (field == BASELINE && shown->value.count && !settles))
		value = (struct cts_value){0};
	else
		value = any_text(m);
	if (field == BASELINE && shown->value.count && !settles)
		return false;
	if (!settles && cts_value_equal(value, shown->value))
		return false;
	*out = model_wish_of(name, value);
	return true;
}

static void edit_somehow(struct world *w, size_t writer)
{
	struct model *m = &w->m;
	struct model_wish wishes[9];
	struct model_view view, tree;
	size_t count = 0, commit;
	bool deletes;

	model_view(&view, m, w->writers[writer]);
	tree = view;
	if (!view.exists || view.deleted)
		tree = (struct model_view){0};
	deletes = tree.exists && model_random(m, 12) == 0;
	if (!tree.exists && view.exists && model_random(m, 2))
		return;
	if (!deletes) {
		size_t density = 2 + model_random(m, 6);

		for (size_t field = 0; field < 8; field++)
			if (model_random(m, density) == 0 &&
				make_wish(&wishes[count], w, &tree, field))
				count++;
		if (tree.life_sides && model_random(m, 3) == 0)
			wishes[count++] = model_wish_of(CTS_DELETED, model_one(m, "false"));
		if (!count && tree.exists)
			return;
	}
	commit = model_commit(m, writer, w->writers[writer], deletes, wishes, count);
	w->writers[writer] |= MODEL_BIT(commit);
	follow_words(w, commit, &view);
}

static bool has_explicit_edit(const struct model_commit *commit, const char *field)
{
	if (commit->edits.created)
		return true;
	for (size_t i = 0; i < commit->edits.edit_count; i++)
		if (strcmp(commit->edits.edits[i].field, field) == 0)
			return true;
	return false;
}

/* Someone who had seen `commit` edited the field (by their own will, when `by_will`). */
static bool is_edited_after(const struct model *m, size_t commit, const char *field, bool by_will)
{
	for (size_t o = 0; o < m->count; o++)
		if (o != commit && m->commits[o].past & MODEL_BIT(commit) &&
			(by_will ? has_explicit_edit(&m->commits[o], field)
				 : model_edit_of(m, o, field) != NULL))
			return true;
	return false;
}

static int rank_of(struct cts_value value)
{
	static const char *const ranks[] = {"", "low", "middle", "high"};

	for (int i = 3; i > 0; i--)
		if (strcmp(cts_value_text(value), ranks[i]) == 0)
			return i;
	return 0;
}

static bool is_within(struct cts_value inner, struct cts_value outer)
{
	if (!outer.count || strcmp(cts_value_text(inner), "none") == 0)
		return true;
	for (size_t i = 0; i < inner.count; i++)
		if (!cts_value_has(outer, inner.items[i]))
			return false;
	return inner.count > 0;
}

static const char *check_life(const struct model *m, const struct model_view *view)
{
	bool is_kept = false; /* by an edit that no deletion had seen */

	for (size_t i = 0; i < m->count; i++) {
		bool is_deleted = m->commits[i].edits.deleted;

		for (size_t o = 0; o < m->count; o++)
			if (m->commits[o].edits.deleted && m->commits[o].past & MODEL_BIT(i))
				is_deleted = true;
		if (!is_deleted)
			is_kept = true;
	}
	if (view->deleted && is_kept)
		return "an edit was deleted by someone who had not seen it";
	if (!view->deleted && !is_kept)
		return "a deleted record came back by itself";
	return NULL;
}

/* What a commit's author wrote stands under the marking that its tree showed. */
static const char *check_markings(struct model *m, const struct model_view *view)
{
	for (size_t i = 0; i < m->count; i++) {
		struct model_view written;

		model_view(&written, m, m->commits[i].past);
		if (!is_edited_after(m, i, "classification", true) &&
			rank_of(view->fields[CLASSIFICATION].value) <
				rank_of(written.fields[CLASSIFICATION].value))
			return "words lost their classification";
		if (!is_edited_after(m, i, "releasable_to", true) &&
			!is_within(view->fields[RELEASABLE_TO].value,
				written.fields[RELEASABLE_TO].value))
			return "words are shown to more than allowed";
	}
	return NULL;
}

static const char *check_registers(const struct model *m, const struct model_view *view)
{
	for (size_t field = TITLE; field <= BASELINE; field++) {
		const struct model_field *shown = &view->fields[field];
		const char *name = m->kind->fields[field].name;

		for (size_t i = 0; i < m->count; i++) {
			const struct model_edit *edit = model_edit_of(m, i, name);

			if (!edit || is_edited_after(m, i, name, false))
				continue;
			if (!(shown->sides & MODEL_BIT(i)) &&
				!cts_value_equal(edit->value, shown->value))
				return "a value was lost";
			if (!shown->sides && !cts_value_equal(edit->value, shown->value))
				return "a conflict was not told";
		}
	}
	return NULL;
}

static const char *check_members(const struct model *m, const struct model_view *view)
{
	for (size_t i = 0; i < m->count; i++)
		for (size_t k = 0; k < m->commits[i].key_count; k++) {
			const struct model_edit *edit = &m->commits[i].keys[k];

			if (strncmp(edit->key, "labels\t", 7) == 0 && edit->value.count &&
				!is_edited_after(m, i, edit->key, false) &&
				!cts_value_has(view->fields[LABELS].value, edit->key + 7))
				return "a member was lost";
		}
	return NULL;
}

static const char *check_words(const struct world *w, const struct model_view *view)
{
	struct cts_arena arena = {0};
	const char *wrong = NULL;

	for (size_t field = POINTS; field <= NOTES; field++) {
		const struct words *words = &w->words[field - POINTS];
		struct cts_value now = words_of(&arena, field, view->fields[field].value);

		if (view->fields[field].sides)
			continue;
		for (size_t i = 0; i < words->dropped.count; i++)
			if (cts_value_has(now, words->dropped.items[i]) &&
				!cts_value_has(words->chosen, words->dropped.items[i]))
				wrong = "dropped words came back";
		for (size_t i = 0; i < words->inserted.count; i++)
			if (!cts_value_has(now, words->inserted.items[i]) &&
				!cts_value_has(words->dropped, words->inserted.items[i]) &&
				!cts_value_has(words->chosen, words->inserted.items[i]))
				wrong = "words were lost";
	}
	cts_arena_release(&arena);
	return wrong;
}

/* One random history. @return what is wrong, or NULL */
static const char *run_history(struct world *w, uint64_t seed)
{
	struct model *m = &w->m;
	struct model_view view;
	const char *wrong;
	size_t steps;

	memset(w, 0, sizeof(*w));
	model_init(m, seed);
	w->writer_count = 2 + model_random(m, 4);
	w->hub_count = 1 + model_random(m, 3);
	if (model_random(m, 6) > 0) { /* else they begin apart */
		edit_somehow(w, 0);
		for (size_t i = 1; i < w->writer_count; i++)
			w->writers[i] = w->writers[0];
	}
	steps = 4 + model_random(m, 70);
	for (size_t n = 0; n < steps; n++) {
		size_t writer = model_random(m, w->writer_count);
		size_t hub = model_random(m, w->hub_count);
		uint64_t die = model_random(m, 4);

		if (die == 0)
			w->hubs[hub] |= w->writers[writer];
		else if (die == 1)
			w->writers[writer] |= w->hubs[hub];
		else
			edit_somehow(w, writer);
	}
	wrong = model_compare_orders(m, 4);
	if (wrong || !m->count)
		return wrong;
	model_view(&view, m, model_all(m));
	for (size_t i = 0; i < m->kind->field_count; i++)
		w->conflicts += view.fields[i].sides != 0;
	w->conflicts += (view.life_sides != 0) + (view.unknown.sides != 0);
	wrong = check_life(m, &view);
	if (!wrong)
		wrong = check_markings(m, &view);
	if (!wrong)
		wrong = check_registers(m, &view);
	if (!wrong)
		wrong = check_members(m, &view);
	if (!wrong)
		wrong = check_words(w, &view);
	return wrong;
}

static void test_random_histories_come_to_one_record_and_lose_nothing(void **unused)
{
	static struct world w;
	uint64_t rounds = number_from("CTS_ROUNDS", 1000);
	uint64_t first = number_from("CTS_SEED", (uint64_t)time(NULL) * 1000);
	size_t conflicts = 0, commits = 0;

	(void)unused;
	for (uint64_t i = 0; i < rounds; i++) {
		const char *wrong = run_history(&w, first + i);

		conflicts += w.conflicts;
		commits += w.m.count;
		if (wrong)
			fail_msg("CTS_ROUNDS=1 CTS_SEED=%llu (history %llu): %s",
				(unsigned long long)(first + i), (unsigned long long)i, wrong);
		model_release(&w.m);
	}
	printf("%llu histories from seed %llu, %zu commits, %zu fields left in conflict\n",
		(unsigned long long)rounds, (unsigned long long)first, commits, conflicts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_histories_come_to_one_record_and_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
