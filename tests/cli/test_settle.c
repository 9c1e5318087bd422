/* Settling conflicts: sides by number and by agency, values in their place, and what is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/settle.h"
#include "proto/error.h"

struct fixture {
	struct cts_arena arena;
	struct cts_record record;
	bool deleted;
};

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	cts_record_init(
		&f.record, cts_schema_kind(cts_schema_builtin(), "initiative"), "ctwp2021-4");
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

/* Agencies and values by turns; a value of "" is unset. */
static void put_conflict(
	struct fixture *f, const char *field, size_t count, const char *const *words)
{
	struct cts_arena *arena = &f->record.arena;
	struct cts_side *sides = cts_arena_alloc(arena, count / 2 * sizeof(*sides));
	const struct cts_field *known = cts_kind_field(f->record.kind, field);

	for (size_t i = 0; i < count / 2; i++) {
		sides[i].agency = words[2 * i];
		sides[i].author = "A <a@b>";
		sides[i].value = cts_value_of(arena, words[2 * i + 1]);
		sides[i].commit.bytes[0] = (uint8_t)(i + 1);
	}
	*(struct cts_conflict *)cts_arena_push(arena, &f->record.conflicts,
		&f->record.conflict_count, sizeof(struct cts_conflict)) = (struct cts_conflict){
		.field = field, .sides = sides, .side_count = count / 2};
	if (known)
		cts_record_set(&f->record, known, sides[0].value);
}
#define CONFLICT(f, field, ...)                                                                   \
	put_conflict(f, field, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),            \
		(const char *[]){__VA_ARGS__})

static int take(struct fixture *f, const char *field, const char *side)
{
	const struct cts_settle how = {.take = side};

	return cts_settle_field(&f->record, field, &how, &f->deleted);
}

static int give(struct fixture *f, const char *field, size_t count, const char **values)
{
	const struct cts_opt_list list = {count, values};
	struct cts_settle how;

	assert_int_equal(cts_settle_parse(&how, &f->arena, NULL, &list), 0);
	return cts_settle_field(&f->record, field, &how, &f->deleted);
}
#define GIVE(f, field, ...)                                                                       \
	give(f, field, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                    \
		(const char *[]){__VA_ARGS__})

static void assert_title(struct fixture *f, const char *title)
{
	assert_string_equal(cts_record_text(&f->record, "title"), title);
	assert_null(cts_record_conflict(&f->record, "title"));
}

static void assert_refused(int rc, int expected, const char *message, const char *hint)
{
	assert_int_equal(rc, expected);
	assert_string_equal(cts_error_message(rc), message);
	if (hint)
		assert_string_equal(cts_error_hint(), hint);
}

static void test_a_side_is_taken_by_number(void **state)
{
	struct fixture *f = *state;

	CONFLICT(f, "title", "dpmc", "one", "nzp", "two");
	assert_int_equal(take(f, "title", "2"), 0);
	assert_title(f, "two");
}

static void test_a_side_is_taken_by_agency_in_any_case(void **state)
{
	struct fixture *f = *state;

	CONFLICT(f, "title", "dpmc", "one", "nzp", "two");
	assert_int_equal(take(f, "title", "NZP"), 0);
	assert_title(f, "two");
}

static void test_a_side_that_cleared_the_field_clears_it(void **state)
{
	struct fixture *f = *state;

	CONFLICT(f, "notes", "dpmc", "one", "nzp", "");
	assert_int_equal(take(f, "notes", "nzp"), 0);
	assert_string_equal(cts_record_text(&f->record, "notes"), "");
	assert_null(cts_record_conflict(&f->record, "notes"));
}

static void test_an_agency_with_several_sides_is_asked_which(void **state)
{
	struct fixture *f = *state;

	CONFLICT(f, "title", "nzp", "one", "dpmc", "two", "nzp", "three");
	assert_refused(take(f, "title", "nzp"), CTS_EREFUSED,
		"'nzp' has several sides in 'title' of 'initiative/ctwp2021-4'",
		"--take 1 or --take 3");
	assert_non_null(cts_record_conflict(&f->record, "title"));
	assert_int_equal(take(f, "title", "3"), 0);
	assert_title(f, "three");
}

static void test_an_agency_that_said_one_thing_twice_has_one_side(void **state)
{
	struct fixture *f = *state;

	CONFLICT(f, "title", "nzp", "one", "dpmc", "two", "nzp", "one");
	assert_int_equal(take(f, "title", "nzp"), 0);
	assert_title(f, "one");
}

static void test_sides_that_are_not_there_are_refused(void **state)
{
	static const char *const sides[] = {"0", "3", "99999999999999999999999", "gcsb", "", "1x"};
	struct fixture *f = *state;

	CONFLICT(f, "title", "dpmc", "one", "nzp", "two");
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		assert_int_equal(take(f, "title", sides[i]), CTS_EREFUSED);
		assert_string_equal(cts_error_hint(), "--take one of 1 dpmc, 2 nzp");
		assert_non_null(cts_record_conflict(&f->record, "title"));
	}
}

static void test_a_value_is_checked_as_any_other(void **state)
{
	struct fixture *f = *state;

	CONFLICT(f, "status", "dpmc", "blocked", "nzp", "complete");
	assert_int_equal(GIVE(f, "status", "nonsense"), CTS_EVALUE);
	/* After a mistake the record is thrown away; here it goes on. */
	cts_record_settle(&f->record, "status");
	CONFLICT(f, "status", "dpmc", "blocked", "nzp", "complete");
	assert_int_equal(GIVE(f, "status", "In Progress"), 0);
	assert_string_equal(cts_record_text(&f->record, "status"), "in_progress");
	assert_null(cts_record_conflict(&f->record, "status"));
}

static void test_several_values_make_a_list_and_an_empty_one_clears(void **state)
{
	struct fixture *f = *state;
	const struct cts_field *points = cts_kind_field(f->record.kind, "points");

	CONFLICT(f, "points", "dpmc", "a", "nzp", "b");
	assert_int_equal(GIVE(f, "points", "x", "y", "x"), 0);
	assert_int_equal(cts_record_get(&f->record, points).count, 3);
	CONFLICT(f, "points", "dpmc", "a", "nzp", "b");
	assert_int_equal(GIVE(f, "points", ""), 0);
	assert_int_equal(cts_record_get(&f->record, points).count, 0);
	CONFLICT(f, "title", "dpmc", "a", "nzp", "b");
	assert_int_equal(GIVE(f, "title", "x", "y"), CTS_EVALUE);
}

static void test_taking_a_deletion_deletes_and_taking_life_keeps(void **state)
{
	struct fixture *f = *state;

	CONFLICT(f, "deleted", "dpmc", "true", "nzp", "false");
	assert_int_equal(take(f, "deleted", "nzp"), 0);
	assert_false(f->deleted);
	assert_int_equal(f->record.conflict_count, 0);
	CONFLICT(f, "deleted", "dpmc", "true", "nzp", "false");
	assert_int_equal(take(f, "deleted", "dpmc"), 0);
	assert_true(f->deleted);
	f->deleted = false;
	CONFLICT(f, "deleted", "dpmc", "true", "nzp", "false");
	assert_int_equal(GIVE(f, "deleted", "perhaps"), CTS_EVALUE);
	assert_int_equal(GIVE(f, "deleted", "TRUE"), 0);
	assert_true(f->deleted);
}

static void test_members_that_no_schema_knows_take_sides_alone(void **state)
{
	struct fixture *f = *state;

	CONFLICT(f, "fields/colour", "dpmc", "\"red\"", "nzp", "");
	cts_record_set_unknown(&f->record, "fields/colour", "\"red\"");
	assert_int_equal(GIVE(f, "fields/colour", "blue"), CTS_EVALUE);
	assert_int_equal(take(f, "fields/colour", "nzp"), 0);
	assert_int_equal(f->record.unknown_count, 0);
	assert_int_equal(f->record.conflict_count, 0);
}

static void test_fields_without_a_conflict_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_refused(take(f, "title", "1"), CTS_EREFUSED,
		"'title' of 'initiative/ctwp2021-4' is not in conflict",
		"ctsync set initiative/ctwp2021-4 title=VALUE");
	assert_int_equal(take(f, "titel", "1"), CTS_EVALUE);
	CONFLICT(f, "title", "dpmc", "a", "nzp", "b");
	assert_refused(take(f, "deleted", "1"), CTS_EREFUSED,
		"'deleted' of 'initiative/ctwp2021-4' is not in conflict",
		"ctsync conflicts initiative/ctwp2021-4");
}

static void test_a_side_or_values_but_not_both(void **state)
{
	struct fixture *f = *state;
	const char *values[] = {"x"};
	const struct cts_opt_list list = {1, values}, none = {0};
	struct cts_settle how;

	assert_int_equal(cts_settle_parse(&how, &f->arena, "nzp", &list), CTS_EUSAGE);
	assert_int_equal(cts_settle_parse(&how, &f->arena, NULL, &none), CTS_EUSAGE);
	assert_int_equal(cts_settle_parse(&how, &f->arena, NULL, NULL), CTS_EUSAGE);
	assert_int_equal(cts_settle_parse(&how, &f->arena, "nzp", &none), 0);
	values[0] = "@/no/such/file";
	assert_int_equal(cts_settle_parse(&how, &f->arena, NULL, &list), CTS_EIO);
	values[0] = "@@x";
	assert_int_equal(cts_settle_parse(&how, &f->arena, NULL, &list), 0);
	assert_string_equal(how.values[0], "@x");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_side_is_taken_by_number),
		TEST(test_a_side_is_taken_by_agency_in_any_case),
		TEST(test_a_side_that_cleared_the_field_clears_it),
		TEST(test_an_agency_with_several_sides_is_asked_which),
		TEST(test_an_agency_that_said_one_thing_twice_has_one_side),
		TEST(test_sides_that_are_not_there_are_refused),
		TEST(test_a_value_is_checked_as_any_other),
		TEST(test_several_values_make_a_list_and_an_empty_one_clears),
		TEST(test_taking_a_deletion_deletes_and_taking_life_keeps),
		TEST(test_members_that_no_schema_knows_take_sides_alone),
		TEST(test_fields_without_a_conflict_are_refused),
		TEST(test_a_side_or_values_but_not_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
