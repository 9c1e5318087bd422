/* The columns of a list: their names, what is shown by default, and the order of sorted values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/list_columns.h"
#include "proto/error.h"

static const struct cts_kind *kind_of(const char *name)
{
	return cts_schema_kind(cts_schema_builtin(), name);
}

static int setup(void **state)
{
	static struct cts_arena arena;

	memset(&arena, 0, sizeof(arena));
	*state = &arena;
	return 0;
}

static int teardown(void **state)
{
	cts_arena_release(*state);
	return 0;
}

static const char *names_of(struct cts_arena *arena, const struct cts_list_columns *columns)
{
	const char *names = "";

	for (size_t i = 0; i < columns->count; i++)
		names = cts_arena_printf(arena, "%s%s%s%s", names, i ? "," : "",
			columns->items[i].descending ? "-" : "", columns->items[i].name);
	return names;
}

static void test_defaults_tell_records_apart_and_how_they_stand(void **state)
{
	struct cts_arena *arena = *state;
	struct cts_list_columns columns;

	cts_list_columns_default(&columns, arena, kind_of("milestone"), CTS_OUT_TEXT);
	assert_string_equal(
		names_of(arena, &columns), "id,label,due,status,parent,reports_to");
	for (size_t i = 0; i < cts_schema_kind_count(cts_schema_builtin()); i++) {
		const struct cts_kind *kind = cts_schema_kind_at(cts_schema_builtin(), i);

		cts_list_columns_default(&columns, arena, kind, CTS_OUT_TEXT);
		assert_in_range(columns.count, 1, 7);
		cts_list_columns_default(&columns, arena, kind, CTS_OUT_CSV);
		assert_int_equal(columns.count, kind->field_count + 1);
	}
}

static void test_names_are_fields_id_and_windows(void **state)
{
	struct cts_arena *arena = *state;
	const struct cts_kind *kind = kind_of("milestone");
	struct cts_list_columns columns;

	assert_int_equal(cts_list_columns_parse(
				 &columns, arena, kind, "due, id,due_latest,labels", false),
		0);
	assert_string_equal(names_of(arena, &columns), "due,id,due_latest,labels");
	assert_int_equal(cts_list_columns_parse(&columns, arena, kind, "-due,id", true), 0);
	assert_string_equal(names_of(arena, &columns), "-due,id");
	assert_int_equal(
		cts_list_columns_parse(&columns, arena, kind, "-due", false), CTS_EVALUE);
	assert_int_equal(
		cts_list_columns_parse(&columns, arena, kind, "status_latest", false), CTS_EVALUE);
	assert_int_equal(cts_list_columns_parse(&columns, arena, kind, "labl", false), CTS_EVALUE);
	assert_string_equal(cts_error_hint(), "did you mean 'label'?");
	assert_int_equal(cts_list_columns_parse(&columns, arena, kind, ",", false), CTS_EUSAGE);
	assert_int_equal(cts_list_columns_parse(&columns, arena, kind, "", true), CTS_EUSAGE);
}

static void test_cells_are_what_people_read(void **state)
{
	struct cts_arena *arena = *state;
	const struct cts_kind *kind = kind_of("milestone");
	struct cts_list_columns columns;
	struct cts_record record;
	static const char *const cells[] = {"m1", "Q3 2021", "2021-07-01", "2021-09-30", "quarter",
		"a, b", "IN-CONFIDENCE", ""};
	const char *labels[] = {"b", "a"};

	cts_record_init(&record, kind, "m1");
	cts_record_set(&record, cts_kind_field(kind, "due"), cts_value_of(arena, "Q3 2021"));
	cts_record_set(&record, cts_kind_field(kind, "classification"),
		cts_value_of(arena, "in_confidence"));
	/* A SET is stored in order, whatever order it comes in. */
	cts_record_set(&record, cts_kind_field(kind, "labels"), (struct cts_value){2, labels});
	assert_int_equal(cts_list_columns_parse(&columns, arena, kind,
				 "id,due,due_earliest,due_latest,due_form,labels,classification,"
				 "baseline_latest",
				 false),
		0);
	for (size_t i = 0; i < columns.count; i++) {
		const char *cell =
			cts_list_cell(arena, &columns.items[i], &record, CTS_OUT_TEXT);

		assert_string_equal(cell, cells[i]);
	}
	assert_string_equal(
		cts_list_cell(arena, &columns.items[5], &record, CTS_OUT_CSV), "a\nb");
	assert_string_equal(
		cts_list_cell(arena, &columns.items[6], &record, CTS_OUT_CSV), "in_confidence");
	cts_record_release(&record);
}

static int order(
	struct cts_arena *arena, const char *sort, const char *field, const char *a, const char *b)
{
	const struct cts_kind *kind = kind_of("milestone");
	struct cts_list_columns columns;
	struct cts_record records[2];
	struct cts_value keys[2];
	const char *texts[2] = {a, b};
	int found;

	assert_int_equal(cts_list_columns_parse(&columns, arena, kind, sort, true), 0);
	for (int i = 0; i < 2; i++) {
		cts_record_init(&records[i], kind, texts[i]);
		if (*field)
			cts_record_set(&records[i], cts_kind_field(kind, field),
				cts_value_of(arena, texts[i]));
		keys[i] = cts_list_key(arena, &columns.items[0], &records[i]);
	}
	found = cts_list_compare(&columns.items[0], keys[0], keys[1]);
	assert_int_equal(cts_list_compare(&columns.items[0], keys[1], keys[0]), -found);
	for (int i = 0; i < 2; i++)
		cts_record_release(&records[i]);
	return found < 0 ? -1 : found > 0;
}

static void test_dates_sort_by_their_days_and_those_without_come_last(void **state)
{
	struct cts_arena *arena = *state;

	assert_int_equal(order(arena, "due", "due", "Q2 2021", "Q3 2021"), -1);
	assert_int_equal(order(arena, "-due", "due", "Q2 2021", "Q3 2021"), 1);
	assert_int_equal(order(arena, "due", "due", "30 September 2021", "Q3 2021"), 1);
	assert_int_equal(order(arena, "due", "due", "2021", "TBD"), -1);
	assert_int_equal(order(arena, "-due", "due", "2021", "TBD"), -1);
	assert_int_equal(order(arena, "due", "due", "TBD", ""), -1);
	assert_int_equal(order(arena, "-due", "due", "TBD", ""), -1);
	assert_int_equal(order(arena, "due_latest", "due", "Q2 2021", "H1 2021"), 0);
	assert_int_equal(order(arena, "-due_latest", "due", "TBD", "2021"), 1);
}

static void test_other_values_sort_by_their_type(void **state)
{
	struct cts_arena *arena = *state;

	assert_int_equal(order(arena, "position", "position", "9", "10"), -1);
	assert_int_equal(order(arena, "status", "status", "in_progress", "complete"), -1);
	assert_int_equal(order(arena, "-status", "status", "in_progress", "complete"), 1);
	assert_int_equal(order(arena, "label", "label", "a", "b"), -1);
	assert_int_equal(order(arena, "-label", "label", "a", ""), -1);
	assert_int_equal(order(arena, "id", "", "m10", "m9"), -1);
	assert_int_equal(order(arena, "-id", "", "m10", "m9"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_defaults_tell_records_apart_and_how_they_stand),
		TEST(test_names_are_fields_id_and_windows),
		TEST(test_cells_are_what_people_read),
		TEST(test_dates_sort_by_their_days_and_those_without_come_last),
		TEST(test_other_values_sort_by_their_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
