/* --where: grammar, comparison by type, and every mistake. Records are of the built-in schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/where.h"
#include "proto/error.h"

struct fixture {
	struct cts_arena arena;
	struct cts_record record;
};

static void put(struct cts_record *record, const char *field, const char *text)
{
	const struct cts_field *f = cts_kind_field(record->kind, field);
	struct cts_value value;

	assert_non_null(f);
	value = cts_record_get(record, f);
	cts_record_set(record, f,
		f->repeated ? cts_value_with(&record->arena, value, text)
			    : cts_value_of(&record->arena, text));
}

static int setup(void **state)
{
	static struct fixture f;
	const struct cts_schema *schema = cts_schema_builtin();

	memset(&f, 0, sizeof(f));
	cts_record_init(&f.record, cts_schema_kind(schema, "milestone"), "nzp.hui");
	put(&f.record, "parent", "workstream/ctwp2021-4-2");
	put(&f.record, "position", "12");
	put(&f.record, "label", "First hui, the Commissioner's");
	put(&f.record, "due", "Q3 2021");
	put(&f.record, "status", "in_progress");
	put(&f.record, "classification", "restricted");
	put(&f.record, "labels", "north");
	put(&f.record, "labels", "south");
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cts_record_release(&f->record);
	cts_arena_release(&f->arena);
	return 0;
}

static bool matches(struct fixture *f, const char *text)
{
	struct cts_where where;
	int rc = cts_where_parse(&where, &f->arena, f->record.kind, text);

	if (rc < 0)
		fail_msg("%s: %s", text, cts_error_message(rc));
	return cts_where_match(&where, &f->record);
}

static int error_of(struct fixture *f, const char *text)
{
	struct cts_where where;

	return cts_where_parse(&where, &f->arena, f->record.kind, text);
}

#define YES(text) assert_true(matches(f, text))
#define NO(text) assert_false(matches(f, text))

static void test_texts_compare_exactly_and_by_bytes(void **state)
{
	struct fixture *f = *state;

	YES("label = 'First hui, the Commissioner''s'");
	NO("label = 'first hui, the commissioner''s'");
	YES("label > 'F'");
	NO("label < 'F'");
	YES("id = 'nzp.hui'");
	YES("id like 'nzp.%'");
	NO("id <> 'nzp.hui'");
}

static void test_numbers_compare_by_number(void **state)
{
	struct fixture *f = *state;

	YES("position > 9");
	YES("position > '9'");
	YES("position = 012");
	NO("position < 12");
	YES("position <= 12");
	YES("position > -100");
	YES("position<>7");
	YES("position < 99999999999999999999999999");
}

static void test_enumerations_compare_by_rank_in_any_case(void **state)
{
	struct fixture *f = *state;

	YES("status = 'IN_PROGRESS'");
	YES("status = 'in-progress'");
	YES("classification >= 'IN-CONFIDENCE'");
	YES("classification < 'TOP-SECRET'");
	NO("classification > 'secret'");
	YES("status like 'in%'");
}

static void test_fuzzy_dates_compare_by_window(void **state)
{
	struct fixture *f = *state;

	YES("due = 'Q3 2021'");
	NO("due = 'q3 2021'");
	YES("due <= 'Q3 2021'");
	YES("due >= 'Q3 2021'");
	NO("due < 'Q3 2021'");
	YES("due < 'Q4 2021'");
	YES("due < '2021-10-01'");
	NO("due < '2021-09-30'");
	YES("due <= '2021-09-30'");
	YES("due > 'June 2021'");
	YES("due_latest = '2021-09-30'");
	YES("due_earliest >= '2021-07-01' and due_earliest < '2021-08-01'");
	YES("due_form = 'quarter'");
}

static void test_a_date_without_window_has_no_order(void **state)
{
	struct fixture *f = *state;

	put(&f->record, "due", "TBD");
	NO("due < '2099-01-01'");
	NO("due > '1999-01-01'");
	YES("due = 'TBD'");
	YES("due_latest = ''");
	YES("due_form = 'unscheduled'");
}

static void test_unset_equals_the_empty_text_and_has_no_order(void **state)
{
	struct fixture *f = *state;

	YES("forecast = ''");
	NO("forecast <> ''");
	YES("due <> ''");
	NO("due = ''");
	YES("reports_to <> 'body/ctcc'");
	NO("done_on < '2099-01-01'");
	NO("done_on > '1900-01-01'");
}

static void test_a_list_matches_by_any_member(void **state)
{
	struct fixture *f = *state;

	YES("labels = 'south'");
	YES("labels like 'NOR%'");
	NO("labels = 'east'");
	YES("labels <> 'east'");
	NO("labels <> 'south'");
}

static void test_terms_are_joined_by_and(void **state)
{
	struct fixture *f = *state;

	YES("status = 'in_progress' and due < '2022-01-01' AND position = 12");
	NO("status = 'in_progress' and position = 13");
	YES("  status='in_progress'and position=12 ");
}

static void test_a_bare_id_stands_where_one_kind_is_meant(void **state)
{
	struct fixture *f = *state;

	put(&f->record, "reports_to", "body/ctcc");
	YES("reports_to = 'ctcc'");
	YES("reports_to = 'body/ctcc'");
	/* parent may be of two kinds, so nothing is added */
	NO("parent = 'ctwp2021-4-2'");
	YES("parent like '%/ctwp2021-4-2'");
}

static void test_like_is_that_of_sqlite(void **state)
{
	(void)state;
	assert_true(cts_where_like("", ""));
	assert_true(cts_where_like("%", ""));
	assert_false(cts_where_like("_", ""));
	assert_true(cts_where_like("a%c", "abbbc"));
	assert_true(cts_where_like("A_C", "abc"));
	assert_true(cts_where_like("%b%b%", "abcb"));
	assert_false(cts_where_like("%b%b%b%", "abcb"));
	assert_true(cts_where_like("k_puia", "k\xc4\x81puia"));
	assert_false(cts_where_like("k__puia", "k\xc4\x81puia"));
	assert_true(cts_where_like("%aab", "aaaaaaaaaaaaab"));
}

static void test_mistakes_are_told_with_place_and_nearest(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(error_of(f, "statsu = 'x'"), CTS_EVALUE);
	assert_non_null(strstr(cts_error_hint(), "status"));
	assert_int_equal(error_of(f, "status = 'in_progres'"), CTS_EVALUE);
	assert_string_equal(cts_error_hint(), "in_progress");
	assert_int_equal(error_of(f, "position = 'many'"), CTS_EVALUE);
	assert_int_equal(error_of(f, "done_on < 'Q3 2021'"), CTS_EVALUE);
	assert_int_equal(error_of(f, "due_latest < 'Q3 2021'"), CTS_EVALUE);
	assert_int_equal(error_of(f, "due < 'whenever it suits'"), CTS_EVALUE);
	assert_int_equal(error_of(f, ""), CTS_EUSAGE);
	assert_int_equal(error_of(f, "status"), CTS_EUSAGE);
	assert_int_equal(error_of(f, "status ="), CTS_EUSAGE);
	assert_int_equal(error_of(f, "status == 'complete'"), CTS_EUSAGE);
	assert_int_equal(error_of(f, "status = complete"), CTS_EUSAGE);
	assert_int_equal(error_of(f, "status = \"complete\""), CTS_EUSAGE);
	assert_int_equal(error_of(f, "status = 'complete"), CTS_EUSAGE);
	assert_int_equal(error_of(f, "status = 'complete' or position = 1"), CTS_EUSAGE);
	assert_non_null(strstr(cts_error_message(CTS_EUSAGE), "'and' expected at column 21"));
	assert_int_equal(error_of(f, "status = 'complete' and"), CTS_EUSAGE);
	assert_int_equal(error_of(f, "position = 12x"), CTS_EUSAGE);
}

static void test_an_index_answers_equality_alone(void **state)
{
	struct fixture *f = *state;
	struct cts_where where;

	assert_int_equal(
		cts_where_parse(&where, &f->arena, f->record.kind,
			"position > 1 and parent = 'workstream/ctwp2021-4-2'"),
		0);
	assert_ptr_equal(cts_where_indexed(&where), &where.terms[1]);
	assert_int_equal(
		cts_where_parse(&where, &f->arena, f->record.kind, "parent = ''"), 0);
	assert_null(cts_where_indexed(&where));
	assert_int_equal(
		cts_where_parse(&where, &f->arena, f->record.kind, "parent <> 'initiative/x'"), 0);
	assert_null(cts_where_indexed(&where));
}

static int order(struct fixture *f, const char *field, const char *a, const char *b)
{
	return cts_where_compare(cts_kind_field(f->record.kind, field),
		cts_value_of(&f->arena, a), cts_value_of(&f->arena, b));
}

static void test_sorting_follows_the_type(void **state)
{
	struct fixture *f = *state;

	assert_true(order(f, "position", "9", "12") < 0);
	assert_true(order(f, "position", "-9", "-12") > 0);
	assert_true(order(f, "position", "-1", "1") < 0);
	assert_true(order(f, "status", "not_started", "complete") < 0);
	assert_true(order(f, "due", "Q2 2022", "Q3 2021") > 0);
	assert_true(order(f, "due", "TBD", "Q3 2021") > 0);
	assert_true(order(f, "due", "", "TBD") > 0);
	assert_true(order(f, "label", "", "") == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_texts_compare_exactly_and_by_bytes),
		TEST(test_numbers_compare_by_number),
		TEST(test_enumerations_compare_by_rank_in_any_case),
		TEST(test_fuzzy_dates_compare_by_window),
		TEST(test_a_date_without_window_has_no_order),
		TEST(test_unset_equals_the_empty_text_and_has_no_order),
		TEST(test_a_list_matches_by_any_member),
		TEST(test_terms_are_joined_by_and),
		TEST(test_a_bare_id_stands_where_one_kind_is_meant),
		TEST(test_like_is_that_of_sqlite),
		TEST(test_mistakes_are_told_with_place_and_nearest),
		TEST(test_an_index_answers_equality_alone),
		TEST(test_sorting_follows_the_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
