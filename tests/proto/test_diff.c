/* What an author did, from two versions of a record; and the texts made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/diff.h"
#include "proto/error.h"
#include "tests/support/records.h"

static struct cts_arena arena;
static struct cts_record before, after;
static const struct cts_kind *kind;
static struct dice dice;

static int set_up(void **state)
{
	(void)state;
	kind = cts_schema_kind(cts_schema_builtin(), "milestone");
	cts_record_init(&before, kind, "x");
	cts_record_init(&after, kind, "x");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	cts_record_release(&before);
	cts_record_release(&after);
	cts_arena_release(&arena);
	return 0;
}

static int seed_group(void **state)
{
	(void)state;
	dice = dice_of_run();
	return 0;
}

static void put(struct cts_record *record, const char *field, const char *text)
{
	cts_record_set(record, cts_kind_field(kind, field), cts_value_of(&arena, text));
}

/* A conflict with `count` sides. Call it in order of field name. */
static struct cts_conflict *put_conflict(struct cts_record *record, const char *field, size_t count)
{
	struct cts_conflict *conflict = cts_arena_push(
		&record->arena, &record->conflicts, &record->conflict_count, sizeof(*conflict));

	conflict->field = field;
	conflict->side_count = count;
	conflict->sides = cts_arena_alloc(&record->arena, count * sizeof(*conflict->sides));
	for (size_t i = 0; i < count; i++) {
		conflict->sides[i].agency = "nzp";
		conflict->sides[i].author = "A <a@b>";
		conflict->sides[i].commit.bytes[0] = (uint8_t)(i + 1);
		conflict->sides[i].value = cts_value_of(&record->arena, "v");
	}
	return conflict;
}

/* Edits as "FIELD:OLD>NEW" and markings as "[FIELD:VALUE]", spaces between. */
static const char *told(const struct cts_record_edits *edits)
{
	struct cts_buf text = {0};
	const char *copy;

	if (edits->created || edits->deleted)
		cts_buf_puts(&text, edits->created ? "created " : "deleted ");
	for (size_t i = 0; i < edits->edit_count; i++)
		cts_buf_printf(&text, "%s:%s>%s ", edits->edits[i].field,
			cts_value_text(edits->edits[i].old_value),
			cts_value_text(edits->edits[i].new_value));
	for (size_t i = 0; i < edits->marking_count; i++) {
		assert_true(cts_value_equal(
			edits->markings[i].old_value, edits->markings[i].new_value));
		cts_buf_printf(&text, "[%s:%s] ", edits->markings[i].field,
			cts_value_text(edits->markings[i].new_value));
	}
	copy = cts_arena_strdup(&arena, cts_buf_text(&text));
	cts_buf_release(&text);
	return copy;
}

static void check(const char *wanted, const struct cts_record *from, const struct cts_record *to)
{
	struct cts_record_edits edits;
	int rc = cts_diff(&edits, &arena, from, to);

	if (rc < 0)
		fail_msg("%s", cts_error_message(rc));
	assert_string_equal(edits.key, "milestone/x");
	assert_string_equal(told(&edits), wanted);
}

static void refuse(const char *message)
{
	struct cts_record_edits edits;

	assert_int_equal(CTS_EINTEGRITY, cts_diff(&edits, &arena, &before, &after));
	assert_string_equal(cts_error_message(CTS_EINTEGRITY), message);
}

static void test_what_differs_is_edited_in_order_of_the_fields(void **state)
{
	(void)state;
	check("", &before, &after);
	put(&before, "label", "old");
	put(&before, "due", "Q3 2021");
	put(&after, "due", "Q4 2021");
	put(&after, "classification", "secret");
	put(&after, "labels", "b");
	check("label:old> due:Q3 2021>Q4 2021 classification:>secret labels:>b ", &before, &after);
}

static void test_markings_are_affirmed_only_beside_an_edit(void **state)
{
	(void)state;
	put(&before, "classification", "secret");
	put(&after, "classification", "secret");
	put(&before, "releasable_to", "aus");
	put(&after, "releasable_to", "aus");
	check("", &before, &after);
	put(&after, "due", "TBD");
	check("due:>TBD [classification:secret] [releasable_to:aus] ", &before, &after);
	put(&after, "classification", "");
	check("due:>TBD classification:secret> [releasable_to:aus] ", &before, &after);
}

static void test_a_record_that_appears_edits_every_set_field_and_its_life(void **state)
{
	(void)state;
	put(&after, "due", "TBD");
	put(&after, "classification", "secret");
	cts_record_set_unknown(&after, "fields/new", "1");
	check("created due:>TBD classification:>secret fields/new:>1 deleted:>false ", NULL,
		&after);
}

static void test_a_record_that_disappears_edits_its_life_and_affirms_its_markings(void **state)
{
	(void)state;
	put(&before, "due", "TBD");
	put(&before, "classification", "secret");
	put_conflict(&before, "due", 2);
	check("deleted deleted:false>true [classification:secret] ", &before, NULL);
}

static void test_a_conflict_that_is_gone_is_an_edit_even_to_the_same_value(void **state)
{
	(void)state;
	put(&before, "due", "TBD");
	put(&after, "due", "TBD");
	put_conflict(&before, CTS_DELETED, 2);
	put_conflict(&before, "due", 2);
	put_conflict(&before, "label", 2);
	check("label:> due:TBD>TBD deleted:false>false ", &before, &after);
}

static void test_a_conflict_that_stays_untouched_is_no_edit(void **state)
{
	(void)state;
	put_conflict(&before, "due", 2);
	put_conflict(&after, "due", 2);
	check("", &before, &after);
	put(&after, "label", "new");
	check("label:>new ", &before, &after);
}

static void test_a_conflict_cannot_come_out_of_an_edit(void **state)
{
	(void)state;
	put_conflict(&after, "due", 2);
	refuse("'due' has a conflict that was not there before");
	put_conflict(&before, "due", 3);
	refuse("the conflict of 'due' has other sides than before");
	before.conflicts[0].side_count = 2;
	check("", &before, &after);
	after.conflicts[0].sides[1].time = 1;
	refuse("the conflict of 'due' has other sides than before");
	after.conflicts[0].sides[1].time = 0;
	put(&after, "due", "TBD");
	refuse("'due' is changed and still in conflict");
}

static void test_conflicts_of_life_and_of_unknown_members_count_too(void **state)
{
	(void)state;
	put_conflict(&after, CTS_DELETED, 2);
	refuse("'deleted' has a conflict that was not there before");
	after.conflict_count = 0;
	put_conflict(&after, "fields/gone", 2);
	refuse("'fields/gone' has a conflict that was not there before");
	put_conflict(&before, "fields/gone", 2);
	check("", &before, &after);
	after.conflict_count = 0;
	check("fields/gone:> ", &before, &after);
	cts_record_set_unknown(&before, "fields/gone", "1");
	cts_record_set_unknown(&after, "fields/gone", "1");
	check("fields/gone:1>1 ", &before, &after);
}

static void test_a_baseline_is_set_once(void **state)
{
	(void)state;
	put(&after, "baseline", "Q3 2021");
	check("baseline:>Q3 2021 ", &before, &after);
	put(&before, "baseline", "Q2 2021");
	refuse("'baseline' was set before and cannot be changed");
	put(&after, "baseline", "");
	refuse("'baseline' was set before and cannot be changed");
	put_conflict(&before, "baseline", 2);
	check("baseline:Q2 2021> ", &before, &after);
}

static void test_unknown_members_are_fields_of_their_own(void **state)
{
	(void)state;
	cts_record_set_unknown(&before, "/a", "1");
	cts_record_set_unknown(&before, "/b", "1");
	cts_record_set_unknown(&before, "fields/c", "1");
	cts_record_set_unknown(&after, "/b", "2");
	cts_record_set_unknown(&after, "fields/c", "1");
	cts_record_set_unknown(&after, "fields/d", "null");
	check("/a:1> /b:1>2 fields/d:>null ", &before, &after);
}

static void test_views_differ_in_values_and_life_only(void **state)
{
	struct cts_record_edits edits;

	(void)state;
	put(&before, "baseline", "Q2 2021");
	put(&before, "classification", "secret");
	put(&after, "classification", "secret");
	put_conflict(&before, CTS_DELETED, 2);
	put_conflict(&after, "due", 2);
	cts_diff_views(&edits, &arena, &before, &after);
	assert_string_equal(told(&edits), "baseline:Q2 2021> ");
	cts_diff_views(&edits, &arena, &before, NULL);
	assert_string_equal(told(&edits), "deleted deleted:false>true ");
	cts_diff_views(&edits, &arena, NULL, &before);
	assert_string_equal(
		told(&edits), "created baseline:>Q2 2021 classification:>secret deleted:>false ");
}

/* Putting the new values into the old record gives the new record. */
static void test_edits_lead_from_one_record_to_the_other(void **state)
{
	const struct cts_schema *schema = cts_schema_builtin();

	(void)state;
	for (size_t i = 0; i < 500; i++) {
		const struct cts_kind *any = cts_schema_kind_at(
			schema, dice_below(&dice, cts_schema_kind_count(schema)));
		struct cts_record from, to, made;
		struct cts_record_edits edits;

		dice_record(&from, &dice, any, true);
		dice_record(&to, &dice, any, true);
		from.conflict_count = to.conflict_count = 0;
		cts_diff_views(&edits, &arena, &from, &to);
		cts_record_copy(&made, &from);
		for (size_t j = 0; j < edits.edit_count; j++) {
			const struct cts_edit *edit = &edits.edits[j];

			assert_false(cts_value_equal(edit->old_value, edit->new_value));
			if (strchr(edit->field, '/'))
				cts_record_set_unknown(&made, edit->field,
					edit->new_value.count ? edit->new_value.items[0] : NULL);
			else
				cts_record_set(
					&made, cts_kind_field(any, edit->field), edit->new_value);
		}
		assert_true(cts_record_equal(&made, &to));
		cts_record_release(&from);
		cts_record_release(&to);
		cts_record_release(&made);
	}
}

/* ---- texts ------------------------------------------------------------------------------------
 */

static void check_line(const char *wanted, struct cts_value old_value, struct cts_value new_value)
{
	const struct cts_edit edit = {"due", old_value, new_value};
	struct cts_buf line = {0};

	cts_diff_line(&line, "milestone/x", &edit);
	assert_string_equal(line.data, wanted);
	cts_buf_release(&line);
}

static void test_an_edit_is_one_line_of_text(void **state)
{
	const char *const list[] = {"a", "b"};
	char exact[61], over[62], wide[200] = "", marks[1000] = "a";

	(void)state;
	memset(exact, 'x', 60);
	exact[60] = '\0';
	memset(over, 'x', 61);
	over[61] = '\0';
	check_line("milestone/x due: Q3 2021 -> Q4 2021", cts_value_of(&arena, "Q3 2021"),
		cts_value_of(&arena, "Q4 2021"));
	check_line("milestone/x due: (unset) -> a, b", (struct cts_value){0},
		(struct cts_value){2, list});
	check_line("milestone/x due: one two three -> (unset)",
		cts_value_of(&arena, "one\ntwo\tthree"), (struct cts_value){0});
	check_line(cts_arena_printf(&arena, "milestone/x due: %s -> %.57s...", exact, over),
		cts_value_of(&arena, exact), cts_value_of(&arena, over));
	for (size_t i = 0; i < 40; i++)
		strcat(wide, "汉"); /* two columns each */
	check_line(cts_arena_printf(&arena, "milestone/x due: %.84s... -> (unset)", wide),
		cts_value_of(&arena, wide), (struct cts_value){0});
	/* Marks that take no column are cut by bytes, between characters. */
	for (size_t i = 0; i < 400; i++)
		strcat(marks, "\xcc\x81");
	check_line(cts_arena_printf(&arena, "milestone/x due: %.239s... -> (unset)", marks),
		cts_value_of(&arena, marks), (struct cts_value){0});
}

static void check_summary(const char *wanted, const struct cts_record_edits *records, size_t count)
{
	struct cts_buf summary = {0};

	cts_diff_summary(&summary, records, count);
	assert_string_equal(summary.data, wanted);
	cts_buf_release(&summary);
}

static void test_a_summary_names_few_and_counts_many(void **state)
{
	struct cts_edit edits[] = {{"status", {0}, {0}}, {"due", {0}, {0}}, {"a", {0}, {0}},
		{"b", {0}, {0}}, {"c", {0}, {0}}, {"d", {0}, {0}}, {"e", {0}, {0}},
		{"f", {0}, {0}}};
	struct cts_record_edits records[] = {
		{.key = "milestone/x", .edits = edits, .edit_count = 2},
		{.key = "milestone/y", .edits = edits, .edit_count = 8, .created = true},
		{.key = "milestone/z", .edits = edits, .edit_count = 1, .deleted = true},
		{.key = "milestone/w", .edits = edits, .edit_count = 8},
	};

	(void)state;
	check_summary("set milestone/x: status, due", records, 1);
	check_summary("add milestone/y", records + 1, 1);
	check_summary("set milestone/x: status, due; add milestone/y; rm milestone/z", records, 3);
	check_summary("set milestone/w: status, due, a, b, c, d and 2 more", records + 3, 1);
	check_summary("add 1, set 2, rm 1 records", records, 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_what_differs_is_edited_in_order_of_the_fields),
		TEST(test_markings_are_affirmed_only_beside_an_edit),
		TEST(test_a_record_that_appears_edits_every_set_field_and_its_life),
		TEST(test_a_record_that_disappears_edits_its_life_and_affirms_its_markings),
		TEST(test_a_conflict_that_is_gone_is_an_edit_even_to_the_same_value),
		TEST(test_a_conflict_that_stays_untouched_is_no_edit),
		TEST(test_a_conflict_cannot_come_out_of_an_edit),
		TEST(test_conflicts_of_life_and_of_unknown_members_count_too),
		TEST(test_a_baseline_is_set_once),
		TEST(test_unknown_members_are_fields_of_their_own),
		TEST(test_views_differ_in_values_and_life_only),
		TEST(test_edits_lead_from_one_record_to_the_other),
		TEST(test_an_edit_is_one_line_of_text),
		TEST(test_a_summary_names_few_and_counts_many),
	};

	return cmocka_run_group_tests(tests, seed_group, NULL);
}
