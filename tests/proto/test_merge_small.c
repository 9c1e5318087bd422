/*
 * All small histories of each merge class: two writers of up to three edits each, whatever each had
 * seen of the other, in every order of arrival.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/merge_model.h"

enum { TITLE, BASELINE, LABELS, POINTS, NOTES, CLASSIFICATION, RELEASABLE_TO };

/* Small histories: two writers of up to three edits each, after a common creation or apart. */
struct small {
	size_t counts[2];
	size_t saw[2][3]; /* how many edits of the other each edit had seen */
	size_t options[2][3];
	bool has_root;
};

enum { LIFE = 7, CLASSES = 8 };

/* What option means for a field: NULL value and false where it would be no edit. */
static bool small_wish(struct model_wish *out, bool *deletes, struct model *m,
	const struct model_view *view, size_t class, size_t option)
{
	const struct model_field *shown = &view->fields[class == LIFE ? TITLE : class];
	const char *name = m->kind->fields[class == LIFE ? TITLE : class].name;
	const char *fresh = cts_arena_printf(&m->arena, "n%zu", m->count);
	const char *text = cts_value_text(shown->value);
	struct cts_value value = {0};

	*deletes = false;
	switch (class) {
	case TITLE:
	case BASELINE: value = model_one(m, option == 0 ? "x" : option == 1 ? "y" : ""); break;
	case LABELS:
		if (option < 2) {
			const char *member = option ? "b" : "a";

			value = cts_value_has(shown->value, member)
					? cts_value_without(&m->arena, shown->value, member)
					: cts_value_with(&m->arena, shown->value, member);
			value = cts_value_sorted(&m->arena, value);
		}
		break;
	case POINTS:
		if (option == 1 && shown->value.count)
			value = cts_value_without(&m->arena, shown->value, shown->value.items[0]);
		else
			value = model_inserted(
				m, shown->value, option ? 0 : shown->value.count, fresh);
		break;
	case NOTES:
		if (option == 0)
			value = model_one(m, cts_arena_printf(&m->arena, "%s%s%s", text,
						     *text ? "\n" : "", fresh));
		else if (option == 1)
			value = model_one(m, cts_arena_printf(&m->arena, "%s %s", fresh, text));
		else
			value = model_one(m, strchr(text, '\n') ? strchr(text, '\n') + 1 : "");
		break;
	case CLASSIFICATION:
		value = model_one(m, option == 0 ? "high" : option == 1 ? "low" : "");
		break;
	case RELEASABLE_TO:
		if (option < 2)
			value = option ? model_two(m, "b", "c") : model_two(m, "a", "b");
		break;
	default:
		*deletes = option == 0 && view->exists && !view->deleted;
		value = model_one(m, option == 2 ? "same" : fresh);
		break;
	}
	*out = model_wish_of(name, value);
	return *deletes || !view->exists || view->deleted || shown->sides ||
	       !cts_value_equal(value, shown->value);
}

/* Makes the commits in some order that the pasts allow; false: not a history, or an edit is none.
 */
static bool build_small(struct model *m, const struct small *s, size_t class)
{
	size_t done[2] = {0, 0}, index[2][3] = {{0}};
	model_set seen[2] = {0, 0};
	bool deletes;

	if (s->has_root) {
		struct model_wish wishes[] = {
			model_wish_of("title", model_one(m, "t")),
			model_wish_of("points", model_two(m, "one", "two")),
			model_wish_of("notes", model_one(m, "one two\nthree four")),
			model_wish_of("labels", model_one(m, "a")),
			model_wish_of("classification", model_one(m, "middle")),
		};
		size_t root = model_commit(m, 0, 0, false, wishes, 5);

		seen[0] = seen[1] = MODEL_BIT(root);
	}
	while (done[0] < s->counts[0] || done[1] < s->counts[1]) {
		bool moved = false;

		for (size_t w = 0; w < 2; w++) {
			size_t at = done[w], needs, commit;
			struct model_wish wanted;
			struct model_view view;

			if (at == s->counts[w] || s->saw[w][at] > done[!w])
				continue;
			needs = s->saw[w][at];
			if (needs)
				seen[w] |= m->commits[index[!w][needs - 1]].past;
			model_view(&view, m, seen[w]);
			if (!small_wish(&wanted, &deletes, m, &view, class, s->options[w][at]))
				return false;
			commit = model_commit(m, w, seen[w], deletes, &wanted, !deletes);
			index[w][at] = commit;
			seen[w] |= MODEL_BIT(commit);
			done[w]++;
			moved = true;
		}
		if (!moved)
			return false;
	}
	return true;
}

/* Every order of arrival; records are compared with the first one's. */
static void try_orders(struct model *m, size_t *order, size_t count, model_set taken,
	struct cts_record *first, size_t *tried)
{
	struct model_arrival arrival;
	struct cts_record record;
	bool deleted;

	for (size_t i = 0; count < m->count && i < m->count; i++)
		if (!(taken & MODEL_BIT(i)) && !(m->commits[i].past & ~MODEL_BIT(i) & ~taken)) {
			order[count] = i;
			try_orders(m, order, count + 1, taken | MODEL_BIT(i), first, tried);
		}
	if (count < m->count)
		return;
	model_arrival_init(&arrival, m, (uint32_t)*tried);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(model_arrive(&arrival, order[i]), 0);
	if (!*tried) {
		const char *wrong = model_compare(&arrival, m, model_all(m));

		if (wrong)
			fail_msg("%s", wrong);
	}
	assert_int_equal(
		cts_state_record(&record, &deleted, &arrival.state, m->kind, "x", &arrival.past),
		0);
	if (!*tried)
		cts_record_copy(first, &record);
	assert_true(cts_record_equal(first, &record));
	cts_record_release(&record);
	model_arrival_release(&arrival);
	++*tried;
}

/* Counts up `digits` in base `base`; false after the last. */
static bool count_up(size_t *digits, size_t count, size_t base)
{
	for (size_t i = 0; i < count; i++) {
		if (++digits[i] < base)
			return true;
		digits[i] = 0;
	}
	return false;
}

static bool is_rising(const size_t *saw, size_t count, size_t limit)
{
	for (size_t i = 0; i < count; i++)
		if (saw[i] > limit || (i && saw[i] < saw[i - 1]))
			return false;
	return true;
}

static size_t enumerate_class(size_t class, size_t *orders)
{
	size_t histories = 0;

	for (size_t shape = 1; shape < 32; shape++) {
		struct small s = {.counts = {shape / 2 % 4, shape / 8}, .has_root = shape % 2};
		size_t total = s.counts[0] + s.counts[1], saw[6] = {0};

		if (!total || (total == 6 && !s.has_root))
			continue;
		do {
			size_t options[6] = {0};

			memcpy(s.saw[0], saw, s.counts[0] * sizeof(*saw));
			memcpy(s.saw[1], saw + s.counts[0], s.counts[1] * sizeof(*saw));
			if (!is_rising(s.saw[0], s.counts[0], s.counts[1]) ||
				!is_rising(s.saw[1], s.counts[1], s.counts[0]))
				continue;
			do {
				struct model m;
				struct cts_record first;
				size_t order[8], tried = 0;

				memcpy(s.options[0], options, s.counts[0] * sizeof(*options));
				memcpy(s.options[1], options + s.counts[0],
					s.counts[1] * sizeof(*options));
				model_init(&m, histories + 1);
				if (build_small(&m, &s, class)) {
					try_orders(&m, order, 0, 0, &first, &tried);
					cts_record_release(&first);
					histories++;
					*orders += tried;
				}
				model_release(&m);
			} while (count_up(options, total, total <= 4 ? 3 : 2));
		} while (count_up(saw, total, 4));
	}
	return histories;
}

static void enumerate_and_print(size_t class, const char *name)
{
	size_t orders = 0, histories = enumerate_class(class, &orders);

	printf("%s: %zu histories in %zu orders\n", name, histories, orders);
	assert_true(histories > 1000);
}

static void test_all_small_histories_of_a_register(void **unused)
{
	(void)unused;
	enumerate_and_print(TITLE, "REGISTER");
}

static void test_all_small_histories_of_a_baseline(void **unused)
{
	(void)unused;
	enumerate_and_print(BASELINE, "WRITE_ONCE");
}

static void test_all_small_histories_of_a_set(void **unused)
{
	(void)unused;
	enumerate_and_print(LABELS, "SET");
}

static void test_all_small_histories_of_a_list(void **unused)
{
	(void)unused;
	enumerate_and_print(POINTS, "LIST");
}

static void test_all_small_histories_of_a_text(void **unused)
{
	(void)unused;
	enumerate_and_print(NOTES, "TEXT");
}

static void test_all_small_histories_of_a_classification(void **unused)
{
	(void)unused;
	enumerate_and_print(CLASSIFICATION, "STRICTEST");
}

static void test_all_small_histories_of_a_permission_list(void **unused)
{
	(void)unused;
	enumerate_and_print(RELEASABLE_TO, "INTERSECT");
}

static void test_all_small_histories_of_a_life(void **unused)
{
	(void)unused;
	enumerate_and_print(LIFE, "deleted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_small_histories_of_a_register),
		cmocka_unit_test(test_all_small_histories_of_a_baseline),
		cmocka_unit_test(test_all_small_histories_of_a_set),
		cmocka_unit_test(test_all_small_histories_of_a_list),
		cmocka_unit_test(test_all_small_histories_of_a_text),
		cmocka_unit_test(test_all_small_histories_of_a_classification),
		cmocka_unit_test(test_all_small_histories_of_a_permission_list),
		cmocka_unit_test(test_all_small_histories_of_a_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
