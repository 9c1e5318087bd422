/*
 * The fold of lists and texts at its limits: how many newest edits, how many levels of bases, how
 * many folds; and that what is met again is not folded again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/merge_fold.h"
#include "tests/support/merge_model.h"

enum { POINTS = 3 };

static void arrive_all(struct model_arrival *arrival, const struct model *m)
{
	model_arrival_init(arrival, m, 3);
	for (size_t i = 0; i < m->count; i++)
		assert_int_equal(model_arrive(arrival, i), 0);
}

static void show(struct cts_record *out, struct model_arrival *arrival)
{
	bool deleted;

	assert_int_equal(cts_state_record(out, &deleted, &arrival->state, arrival->model->kind, "x",
				 &arrival->past),
		0);
}

static void test_eight_newest_edits_of_a_list_fold_and_nine_do_not(void **unused)
{
	(void)unused;
	for (size_t writers = 8; writers <= 9; writers++) {
		struct model m;
		struct model_arrival arrival;
		struct cts_record record;
		struct cts_value anchors = {0};
		model_set root;

		model_init(&m, writers);
		for (int i = 0; i < 12; i++)
			anchors = cts_value_with(
				&m.arena, anchors, cts_arena_printf(&m.arena, "anchor %d", i));
		root = MODEL_BIT(model_commit_one(&m, 0, 0, "points", anchors));
		for (size_t w = 0; w < writers; w++)
			model_commit_one(&m, w, root, "points",
				model_inserted(
					&m, anchors, w, cts_arena_printf(&m.arena, "line %zu", w)));
		assert_null(model_compare_orders(&m, 20));
		arrive_all(&arrival, &m);
		show(&record, &arrival);
		assert_int_equal(cts_record_conflict(&record, "points") != NULL, writers == 9);
		if (writers == 8)
			assert_int_equal(record.values[POINTS].count, 20);
		cts_record_release(&record);
		model_arrival_release(&arrival);
		model_release(&m);
	}
}

/* Two writers cross `levels` times: the base of each pair of edits is the pair before. */
static size_t conflicts_after_crossings(size_t levels)
{
	struct model m;
	struct model_arrival arrival;
	struct cts_record record;
	model_set seen = model_begin(&m, levels);
	struct cts_value list = model_two(&m, "one", "two");
	size_t conflicts;

	for (size_t n = 0; n < levels; n++) {
		const char *front = cts_arena_printf(&m.arena, "front %zu", n);
		const char *back = cts_arena_printf(&m.arena, "back %zu", n);
		size_t a =
			model_commit_one(&m, 1, seen, "points", model_inserted(&m, list, 0, front));
		size_t b = model_commit_one(
			&m, 2, seen, "points", cts_value_with(&m.arena, list, back));

		seen |= MODEL_BIT(a) | MODEL_BIT(b);
		list = cts_value_with(&m.arena, model_inserted(&m, list, 0, front), back);
	}
	arrive_all(&arrival, &m);
	assert_null(model_compare(&arrival, &m, model_all(&m)));
	show(&record, &arrival);
	conflicts = record.conflict_count;
	if (!conflicts)
		assert_true(cts_value_equal(record.values[POINTS], list));
	cts_record_release(&record);
	model_arrival_release(&arrival);
	model_release(&m);
	return conflicts;
}

static void test_33_crossings_merge_and_34_are_too_deep(void **unused)
{
	(void)unused;
	assert_int_equal(conflicts_after_crossings(1), 0);
	assert_int_equal(conflicts_after_crossings(33), 0);
	assert_int_equal(conflicts_after_crossings(34), 1);
}

static void test_eight_writers_who_cross_often_merge_in_time(void **unused)
{
	struct model m;
	struct model_arrival arrival;
	struct cts_record record;
	struct cts_value list = {0};
	model_set seen;
	enum { LEVELS = 14, WRITERS = 8 };

	(void)unused;
	model_init(&m, 5);
	m.is_shallow = true;
	for (size_t i = 0; i < WRITERS + 2; i++)
		list = cts_value_with(&m.arena, list, cts_arena_printf(&m.arena, "anchor %zu", i));
	seen = MODEL_BIT(model_commit_one(&m, 0, 0, "points", list));
	for (size_t n = 0; n < LEVELS; n++) {
		model_set level = 0;
		struct cts_value next = list;

		for (size_t w = 0; w < WRITERS; w++) {
			const char *line = cts_arena_printf(&m.arena, "line %zu.%zu", n, w);
			size_t at = w * (n + 1) + 1, before = w * (n + 2) + 1;

			level |= MODEL_BIT(model_commit_one(
				&m, w, seen, "points", model_inserted(&m, list, at, line)));
			next = model_inserted(&m, next, before, line);
		}
		seen |= level;
		list = next;
	}
	arrive_all(&arrival, &m);
	arrival.pasts = 0;
	show(&record, &arrival);
	assert_int_equal(record.conflict_count, 0);
	assert_true(cts_value_equal(record.values[POINTS], list));
	/* Each level is folded once: 8 pasts for its steps, 8 for each of its 7 bases. */
	assert_true(arrival.pasts <= LEVELS * (8 + 7 * 8));
	cts_record_release(&record);
	model_arrival_release(&arrival);
	model_release(&m);
}

/* Makes a commit the nth in order of commit id. */
static void set_place(struct model *m, size_t commit, uint8_t n)
{
	m->commits[commit].change.commit.bytes[0] = n;
}

/* Two writers cross, then three more edits: the first base is the last crossing, one level down;
 * the second is two edits whose base is that crossing, so two levels down. */
static size_t conflicts_above_crossings(size_t crossings)
{
	struct model m;
	struct model_arrival arrival;
	struct cts_record record;
	struct cts_value list;
	model_set seen = model_begin(&m, crossings), p, q;
	size_t conflicts, x, y;

	list = model_two(&m, "one", "two");
	for (size_t n = 0; n < crossings; n++) {
		const char *front = cts_arena_printf(&m.arena, "front %zu", n);
		const char *back = cts_arena_printf(&m.arena, "back %zu", n);
		size_t a =
			model_commit_one(&m, 1, seen, "points", model_inserted(&m, list, 0, front));
		size_t b = model_commit_one(
			&m, 2, seen, "points", cts_value_with(&m.arena, list, back));

		seen |= MODEL_BIT(a) | MODEL_BIT(b);
		list = cts_value_with(&m.arena, model_inserted(&m, list, 0, front), back);
	}
	p = seen |
	    MODEL_BIT(model_commit_one(&m, 3, seen, "points", model_inserted(&m, list, 0, "p")));
	q = seen |
	    MODEL_BIT(model_commit_one(&m, 4, seen, "points", cts_value_with(&m.arena, list, "q")));
	list = cts_value_with(&m.arena, model_inserted(&m, list, 0, "p"), "q");
	x = model_commit_one(&m, 5, p, "points",
		model_inserted(&m, cts_value_without(&m.arena, list, "q"), 2, "x"));
	y = model_commit_one(&m, 6, q, "points",
		model_inserted(&m, cts_value_without(&m.arena, list, "p"), list.count - 3, "y"));
	set_place(&m, x, 0);
	set_place(&m, y, 1);
	set_place(
		&m, model_commit_one(&m, 7, p | q, "points", model_inserted(&m, list, 8, "z")), 2);
	arrive_all(&arrival, &m);
	assert_null(model_compare(&arrival, &m, model_all(&m)));
	show(&record, &arrival);
	conflicts = record.conflict_count;
	if (!conflicts)
		assert_int_equal(record.values[POINTS].count, 2 + 2 * crossings + 5);
	cts_record_release(&record);
	model_arrival_release(&arrival);
	model_release(&m);
	return conflicts;
}

static void test_a_base_met_again_a_level_deeper_can_be_too_deep(void **unused)
{
	(void)unused;
	assert_int_equal(conflicts_above_crossings(31), 0);
	assert_int_equal(conflicts_above_crossings(32), 1);
}

/*
 * A history too long for the model: eight writers, each of whom sees some of the others' last edits
 * and then adds a line behind an anchor of their own. No two ever write at one place, so nothing
 * but the limits can make a conflict.
 */
enum { WEAVERS = 8, ROUNDS_MAX = 60 };

struct weave {
	struct cts_arena arena;
	struct cts_vector pasts[WEAVERS + 1][ROUNDS_MAX + 1]; /* by line - 1 and seq */
	struct cts_change changes[WEAVERS + 1][ROUNDS_MAX + 1];
	struct cts_newest edits[WEAVERS * ROUNDS_MAX + 1];
	size_t count, pasts_asked;
	uint64_t random;
};

static uint64_t random_below(struct weave *w, uint64_t below)
{
	w->random = w->random * 6364136223846793005u + 1442695040888963407u;
	return (w->random >> 33) % below;
}

static int weave_add_past(void *context, struct cts_vector *out, struct cts_ref ref)
{
	struct weave *w = context;

	w->pasts_asked++;
	cts_vector_join(out, &w->pasts[ref.line - 1][ref.seq]);
	return 0;
}

static int weave_change(void *context, const struct cts_change **out, struct cts_ref ref)
{
	struct weave *w = context;

	*out = &w->changes[ref.line - 1][ref.seq];
	return 0;
}

static int weave_edits(
	void *context, const struct cts_newest **out, size_t *count, const char *field)
{
	struct weave *w = context;

	(void)field;
	*out = w->edits;
	*count = w->count;
	return 0;
}

/* The list that holds every line of a past. */
static struct cts_value woven(struct weave *w, const struct cts_vector *past)
{
	const char **items = NULL, **item;
	size_t count = 0;

	for (uint32_t line = 1; line <= WEAVERS; line++)
		for (uint64_t seq = 0; seq <= cts_vector_seq(past, line); seq++) {
			item = cts_arena_push(&w->arena, &items, &count, sizeof(*items));
			*item = cts_arena_printf(&w->arena, "%u.%u", line, (unsigned)seq);
		}
	return (struct cts_value){.count = count, .items = items};
}

static void weave_edit(struct weave *w, struct cts_ref by, struct cts_vector *seen)
{
	struct cts_vector *past = &w->pasts[by.line - 1][by.seq];

	cts_vector_copy(past, seen);
	cts_vector_raise(past, by);
	for (size_t i = 0; i < CTS_OID_SIZE; i++)
		w->changes[by.line - 1][by.seq].commit.bytes[i] = (uint8_t)random_below(w, 256);
	w->edits[w->count++] = (struct cts_newest){.by = by, .value = woven(w, past)};
}

/* 1: it merges, into everyone's lines; 0: a conflict. */
static int fold_weave(uint64_t seed, size_t rounds, size_t *pasts_asked)
{
	static struct weave w;
	const struct cts_past past = {.context = &w,
		.add_past = weave_add_past,
		.change = weave_change,
		.edits = weave_edits};
	const struct cts_field field = {.name = "points", .merge = CTS_MERGE_LIST};
	struct cts_vector last[WEAVERS] = {{0}}, next[WEAVERS] = {{0}}, all = {0};
	struct cts_merge_side *sides;
	struct cts_value merged;
	int rc;

	memset(&w, 0, sizeof(w));
	w.random = seed;
	weave_edit(&w, (struct cts_ref){WEAVERS + 1, 1}, &all);
	for (size_t i = 0; i < WEAVERS; i++)
		cts_vector_copy(&last[i], &w.pasts[WEAVERS][1]);
	for (uint64_t seq = 1; seq <= rounds; seq++) {
		for (size_t i = 0; i < WEAVERS; i++) {
			cts_vector_copy(&next[i], &last[i]);
			for (uint64_t k = random_below(&w, 4); k > 0; k--)
				cts_vector_join(&next[i], &last[random_below(&w, WEAVERS)]);
		}
		for (size_t i = 0; i < WEAVERS; i++) {
			weave_edit(&w, (struct cts_ref){(uint32_t)i + 1, seq}, &next[i]);
			cts_vector_copy(&last[i], &w.pasts[i][seq]);
			cts_vector_join(&all, &last[i]);
		}
	}
	assert_int_equal(
		cts_merge_sides(&sides, &w.arena, w.edits + w.count - WEAVERS, WEAVERS, &past), 0);
	rc = cts_merge_fold(&merged, &w.arena, &field, sides, WEAVERS, &past);
	assert_true(rc == 0 || cts_value_equal(merged, woven(&w, &all)));
	*pasts_asked = w.pasts_asked;
	for (size_t i = 0; i <= WEAVERS; i++)
		for (size_t seq = 0; seq <= ROUNDS_MAX; seq++)
			cts_vector_release(&w.pasts[i][seq]);
	for (size_t i = 0; i < WEAVERS; i++) {
		cts_vector_release(&last[i]);
		cts_vector_release(&next[i]);
	}
	cts_vector_release(&all);
	cts_arena_release(&w.arena);
	return rc;
}

static void test_a_value_costs_at_most_1024_folds(void **unused)
{
	/* Of each fold: its sides' pasts, and those of the newest edits of each of its bases. */
	const size_t most = 1024 * (WEAVERS + (WEAVERS - 1) * WEAVERS);
	size_t asked, merged = 0;

	(void)unused;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		merged += (size_t)fold_weave(seed, 15, &asked);
		assert_true(asked <= most);
	}
	assert_int_equal(merged, 10);
	/* Frozen: one history within the limit, and one that would merge in some more folds. */
	assert_int_equal(fold_weave(1, 60, &asked), 1);
	assert_int_equal(fold_weave(6, 60, &asked), 0);
	assert_true(asked <= most);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eight_newest_edits_of_a_list_fold_and_nine_do_not),
		cmocka_unit_test(test_33_crossings_merge_and_34_are_too_deep),
		cmocka_unit_test(test_a_base_met_again_a_level_deeper_can_be_too_deep),
		cmocka_unit_test(test_eight_writers_who_cross_often_merge_in_time),
		cmocka_unit_test(test_a_value_costs_at_most_1024_folds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
