/*
 * What the merge says of single rules: limits, marks, permissions, errors, cost. That it agrees
 * with the plain model on whole histories is test_merge_random.c and test_merge_small.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/error.h"
#include "tests/support/merge_model.h"

enum { TITLE, BASELINE, LABELS, POINTS, NOTES, CLASSIFICATION, RELEASABLE_TO };

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

static void test_nine_equal_newest_edits_are_no_conflict(void **unused)
{
	struct model m;
	struct model_arrival arrival;
	struct cts_record record;
	model_set root;

	(void)unused;
	root = model_begin(&m, 1);
	for (size_t w = 0; w < 9; w++) {
		struct model_wish wishes[] = {
			model_wish_of("title", model_one(&m, "same")),
			model_wish_of("points", model_one(&m, "[[withheld 6(a)]]")),
			model_wish_of("notes", model_one(&m, "[[withheld 6(a)]]")),
			model_wish_of(MODEL_UNKNOWN, model_one(&m, "17")),
		};

		model_commit(&m, w, root, false, wishes, 4);
	}
	assert_null(model_compare_orders(&m, 10));
	arrive_all(&arrival, &m);
	show(&record, &arrival);
	assert_int_equal(record.conflict_count, 0);
	assert_string_equal(cts_value_text(record.values[NOTES]), "[[withheld 6(a)]]");
	cts_record_release(&record);
	model_arrival_release(&arrival);
	model_release(&m);
}

static void test_marks_in_a_side_or_in_the_base_are_a_conflict(void **unused)
{
	/* The last two: both drop the same line, so that only the base can tell. */
	static const struct {
		const char *base, *ours, *theirs;
		bool is_conflict;
	} cases[] = {
		{"a\nb\nc", "A\nb\nc", "a\nb\nC", false},
		{"a\nb\nc", "[[withhold 6(a)|A]]\nb\nc", "a\nb\nC", true},
		{"a\nb\nc", "A\nb\nc", "a\nb\n[[withheld 6(a)]]", true},
		{"a\nb\nc", "A\nb\nc", "a\nb\n]]", true},
		{"m\nw\nx\ny\nz", "w\nX\ny\nz", "w\nx\ny\nZ", false},
		{"[[withhold 6(a)|m]]\nw\nx\ny\nz", "w\nX\ny\nz", "w\nx\ny\nZ", true},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t field = POINTS; field <= NOTES; field++) {
			struct model m;
			struct model_arrival arrival;
			struct cts_record record;
			const char *name = model_kind()->fields[field].name;
			struct cts_value values[3];
			const char *texts[3];
			model_set root;

			model_init(&m, i + 1);
			texts[0] = cases[i].base;
			texts[1] = cases[i].ours;
			texts[2] = cases[i].theirs;
			for (size_t t = 0; t < 3; t++) {
				char *copy = cts_arena_strdup(&m.arena, texts[t]), *line, *rest;

				values[t] = model_one(&m, texts[t]);
				if (field == NOTES)
					continue;
				values[t].count = 0;
				for (line = strtok_r(copy, "\n", &rest); line;
					line = strtok_r(NULL, "\n", &rest))
					values[t] = cts_value_with(&m.arena, values[t], line);
			}
			root = MODEL_BIT(model_commit_one(&m, 0, 0, name, values[0]));
			model_commit_one(&m, 1, root, name, values[1]);
			model_commit_one(&m, 2, root, name, values[2]);
			assert_null(model_compare_orders(&m, 3));
			arrive_all(&arrival, &m);
			show(&record, &arrival);
			assert_int_equal(
				cts_record_conflict(&record, name) != NULL, cases[i].is_conflict);
			cts_record_release(&record);
			model_arrival_release(&arrival);
			model_release(&m);
		}
}

static void test_permissions_meet_as_the_table_says(void **unused)
{
	/* Lists as words of one letter; "" is unset, "none" is nobody. */
	static const struct {
		const char *sides[3];
		const char *result;
	} cases[] = {
		{{"ab", "bc", ""}, "b"},
		{{"ab", "c", ""}, "none"},
		{{"none", "ab", ""}, "none"},
		{{"none", "none", ""}, "none"},
		{{"", "", ""}, ""},
		{{"", "ba", ""}, "ab"},
		{{"abc", "bcd", "cde"}, "c"},
		{{"ab", "bc", "ca"}, "none"},
		{{"none", "", "a"}, "none"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct model m;
		struct model_arrival arrival;
		struct cts_record record;
		const char *text = "";
		model_set root;

		root = model_begin(&m, i);
		root |= MODEL_BIT(
			model_commit_one(&m, 0, root, "releasable_to", model_one(&m, "x")));
		for (size_t w = 0; w < 3; w++) {
			const char *side = cases[i].sides[w];
			struct cts_value value = {0};

			if (strcmp(side, "none") == 0)
				value = model_one(&m, side);
			else
				for (; *side; side++)
					value = cts_value_with(&m.arena, value,
						cts_arena_strndup(&m.arena, side, 1));
			model_commit_one(&m, w + 1, root, "releasable_to", value);
		}
		assert_null(model_compare_orders(&m, 6));
		arrive_all(&arrival, &m);
		show(&record, &arrival);
		for (size_t k = 0; k < record.values[RELEASABLE_TO].count; k++)
			text = cts_arena_printf(
				&m.arena, "%s%s", text, record.values[RELEASABLE_TO].items[k]);
		assert_string_equal(text, cases[i].result);
		assert_int_equal(record.conflict_count, 0);
		cts_record_release(&record);
		model_arrival_release(&arrival);
		model_release(&m);
	}
}

/* A local edit asks once for each field it touches: its title, its life, two markings. */
static void test_an_ordinary_edit_asks_the_history_once_a_field(void **unused)
{
	struct model m;
	struct model_arrival arrival;
	model_set seen;

	(void)unused;
	seen = model_begin(&m, 1);
	for (int i = 0; i < 20; i++)
		seen |= MODEL_BIT(model_commit_one(
			&m, 1, seen, "title", model_one(&m, cts_arena_printf(&m.arena, "t%d", i))));
	model_arrival_init(&arrival, &m, 0);
	for (size_t i = 0; i < m.count; i++) {
		size_t before = arrival.questions;

		assert_int_equal(model_arrive(&arrival, i), 0);
		assert_true(arrival.questions - before <= 4);
	}
	assert_int_equal(arrival.state.fields[0].count, 1);
	assert_int_equal(arrival.pasts, 0);
	model_arrival_release(&arrival);
	model_release(&m);
}

static void test_a_creation_tells_which_fields_it_clears(void **unused)
{
	struct model m;
	struct model_arrival arrival;
	struct model_wish wishes[2];
	const char *const *names;
	model_set seen;
	size_t again, count;
	bool has_points = false, has_labels = false, has_unknown = false;

	(void)unused;
	seen = model_begin(&m, 1);
	seen |= MODEL_BIT(model_commit_one(&m, 0, seen, "labels", model_two(&m, "a", "b")));
	seen |= MODEL_BIT(model_commit_one(&m, 0, seen, MODEL_UNKNOWN, model_one(&m, "1")));
	seen |= MODEL_BIT(model_commit_one(&m, 0, seen, "classification", model_one(&m, "high")));
	seen |= MODEL_BIT(model_commit(&m, 0, seen, true, NULL, 0));
	arrive_all(&arrival, &m);
	wishes[0] = model_wish_of("title", model_one(&m, "t"));
	wishes[1] = model_wish_of("notes", model_one(&m, "new"));
	again = model_commit(&m, 0, seen, false, wishes, 2);
	count = cts_state_cleared(
		&names, &arrival.arena, m.kind, &m.commits[again].edits, &arrival.state);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		has_points = has_points || strcmp(names[i], "points") == 0;
		has_labels = has_labels || strcmp(names[i], "labels") == 0;
		has_unknown = has_unknown || strcmp(names[i], MODEL_UNKNOWN) == 0;
	}
	assert_true(has_points && has_labels && has_unknown);
	assert_int_equal(model_arrive(&arrival, again), 0);
	assert_null(model_compare(&arrival, &m, model_all(&m)));
	assert_null(cts_state_field(&arrival.state, "labels"));
	model_arrival_release(&arrival);
	model_release(&m);
}

static void test_a_pending_change_is_never_a_side(void **unused)
{
	static const char *const fields[] = {"title", "points", "notes"};

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		struct model m;
		struct model_arrival arrival;
		struct cts_record record;
		model_set root;
		size_t pending;
		bool deleted = true;

		root = model_begin(&m, 1);
		model_commit_one(&m, 1, root, fields[i], model_one(&m, "x"));
		pending = model_commit_one(&m, 2, root, fields[i], model_one(&m, "y"));
		m.commits[pending].change.commit = (struct cts_oid){{0}};
		arrive_all(&arrival, &m);
		assert_int_equal(cts_state_record(&record, &deleted, &arrival.state, m.kind, "x",
					 &arrival.past),
			CTS_EDAMAGED);
		assert_true(deleted);
		model_arrival_release(&arrival);
		/* Alone it is what anyone sees. */
		m.commits[pending].past = model_all(&m);
		arrive_all(&arrival, &m);
		show(&record, &arrival);
		assert_int_equal(record.conflict_count, 0);
		cts_record_release(&record);
		model_arrival_release(&arrival);
		model_release(&m);
	}
}

/* The history fails at its nth question. */
struct failing {
	struct cts_past real;
	size_t left;
};

static bool fails_now(struct failing *f)
{
	return f->left-- == 0;
}

static int failing_has_seen(void *context, struct cts_ref later, struct cts_ref earlier)
{
	struct failing *f = context;

	return fails_now(f) ? CTS_EIO : f->real.has_seen(f->real.context, later, earlier);
}

static int failing_add_past(void *context, struct cts_vector *out, struct cts_ref change)
{
	struct failing *f = context;

	return fails_now(f) ? CTS_EIO : f->real.add_past(f->real.context, out, change);
}

static int failing_change(void *context, const struct cts_change **out, struct cts_ref ref)
{
	struct failing *f = context;

	return fails_now(f) ? CTS_EIO : f->real.change(f->real.context, out, ref);
}

static int failing_edits(
	void *context, const struct cts_newest **out, size_t *count, const char *field)
{
	struct failing *f = context;

	return fails_now(f) ? CTS_EIO : f->real.edits(f->real.context, out, count, field);
}

static void test_errors_of_the_history_are_passed_up(void **unused)
{
	struct model m;
	struct model_arrival arrival;
	struct failing failing;
	struct cts_past past = {.context = &failing,
		.has_seen = failing_has_seen,
		.add_past = failing_add_past,
		.change = failing_change,
		.edits = failing_edits};
	struct model_wish wishes[3];
	model_set seen;
	size_t failures = 0;
	int rc;

	(void)unused;
	seen = model_begin(&m, 1);
	/* Two levels of merged lists, a conflict, an edit of a set. */
	for (int level = 0; level < 2; level++) {
		struct cts_value list = model_two(&m, "one", "two");
		size_t a, b;

		if (level)
			list = cts_value_with(
				&m.arena, model_inserted(&m, list, 0, "front 0"), "back 0");
		wishes[0] = model_wish_of(
			"points", model_inserted(&m, list, 0, level ? "front 1" : "front 0"));
		wishes[1] = model_wish_of("labels", model_one(&m, "a"));
		wishes[2] = model_wish_of("title", model_one(&m, level ? "t1" : "t2"));
		a = model_commit(&m, 1, seen, false, wishes, 3);
		wishes[0] = model_wish_of(
			"points", cts_value_with(&m.arena, list, level ? "back 1" : "back 0"));
		wishes[1] = model_wish_of("labels", model_one(&m, "b"));
		wishes[2] = model_wish_of("title", model_one(&m, "t3"));
		b = model_commit(&m, 2, seen, false, wishes, 3);
		seen |= MODEL_BIT(a) | MODEL_BIT(b);
	}
	arrive_all(&arrival, &m);
	assert_null(model_compare(&arrival, &m, model_all(&m)));
	for (size_t n = 0;; n++) {
		struct cts_record record;
		bool deleted;

		failing = (struct failing){.real = arrival.past, .left = n};
		rc = cts_state_record(&record, &deleted, &arrival.state, m.kind, "x", &past);
		if (rc == 0) {
			cts_record_release(&record);
			break;
		}
		assert_int_equal(rc, CTS_EIO);
		failures++;
	}
	assert_true(failures > 12);
	wishes[0] = model_wish_of("labels", model_one(&m, "c"));
	wishes[1] = model_wish_of("title", model_one(&m, "t4"));
	model_commit(&m, 3, seen, false, wishes, 2);
	model_arrival_release(&arrival);
	failures = 0;
	for (size_t n = 0;; n++) {
		model_arrival_init(&arrival, &m, 0);
		for (size_t i = 0; i + 1 < m.count; i++)
			assert_int_equal(model_arrive(&arrival, i), 0);
		failing = (struct failing){.real = arrival.past, .left = n};
		rc = cts_state_apply(&arrival.state, m.kind, &m.commits[m.count - 1].edits,
			model_ref(&arrival, m.count - 1), NULL, &past);
		model_arrival_release(&arrival);
		if (rc == 0)
			break;
		assert_int_equal(rc, CTS_EIO);
		failures++;
	}
	assert_true(failures > 4);
	model_release(&m);
}

static void test_an_edit_of_no_field_is_damage(void **unused)
{
	struct model m;
	struct model_arrival arrival;
	struct cts_record record;
	bool deleted;

	(void)unused;
	model_begin(&m, 1);
	arrive_all(&arrival, &m);
	cts_state_field(&arrival.state, "title")->field = "gone";
	assert_int_equal(
		cts_state_record(&record, &deleted, &arrival.state, m.kind, "x", &arrival.past),
		CTS_EDAMAGED);
	model_arrival_release(&arrival);
	model_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nine_equal_newest_edits_are_no_conflict),
		cmocka_unit_test(test_marks_in_a_side_or_in_the_base_are_a_conflict),
		cmocka_unit_test(test_permissions_meet_as_the_table_says),
		cmocka_unit_test(test_an_ordinary_edit_asks_the_history_once_a_field),
		cmocka_unit_test(test_a_creation_tells_which_fields_it_clears),
		cmocka_unit_test(test_a_pending_change_is_never_a_side),
		cmocka_unit_test(test_errors_of_the_history_are_passed_up),
		cmocka_unit_test(test_an_edit_of_no_field_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
