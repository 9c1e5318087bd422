/* Assignments: what FIELD=VALUE, += and -= do to a record, files and stdin, and every mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/assign.h"
#include "proto/error.h"

#define ARGS_MAX 8

struct fixture {
	struct cts_arena arena;
	struct cts_record record;
	char path[64];
};

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	cts_record_init(
		&f.record, cts_schema_kind(cts_schema_builtin(), "initiative"), "ctwp2021-4");
	strcpy(f.path, "/tmp/ctsync-assign-XXXXXX");
	close(mkstemp(f.path));
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	cts_record_release(&f->record);
	cts_arena_release(&f->arena);
	return 0;
}

static int assign_words(struct fixture *f, bool settle, const char *const *words)
{
	char *argv[ARGS_MAX];
	struct cts_assign_list list;
	int argc = 0, rc;

	for (; words[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc];
	rc = cts_assign_parse(&list, &f->arena, argc, argv);
	return rc < 0 ? rc : cts_assign_apply(&f->record, &list, settle);
}
#define ASSIGN(f, ...) assign_words(f, false, (const char *const[]){__VA_ARGS__, NULL})

static struct cts_value get(struct fixture *f, const char *field)
{
	return cts_record_get(&f->record, cts_kind_field(f->record.kind, field));
}

static void write_file(struct fixture *f, const char *text, size_t size)
{
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void test_a_scalar_is_set_and_cleared(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ASSIGN(f, "title=Grow the = sign", "position=3", "status=COMPLETE"), 0);
	assert_string_equal(cts_value_text(get(f, "title")), "Grow the = sign");
	assert_string_equal(cts_value_text(get(f, "position")), "3");
	assert_string_equal(cts_value_text(get(f, "status")), "complete");
	assert_int_equal(ASSIGN(f, "status="), 0);
	assert_false(cts_value_is_set(get(f, "status")));
}

static void test_a_list_collects_and_a_new_command_begins_anew(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ASSIGN(f, "points=one, and a comma", "points=two", "points=one, and a comma"), 0);
	assert_int_equal(get(f, "points").count, 3);
	assert_string_equal(get(f, "points").items[0], "one, and a comma");
	assert_int_equal(ASSIGN(f, "points=three"), 0);
	assert_int_equal(get(f, "points").count, 1);
	assert_int_equal(ASSIGN(f, "points+=four", "points-=three"), 0);
	assert_int_equal(get(f, "points").count, 1);
	assert_string_equal(get(f, "points").items[0], "four");
	assert_int_equal(ASSIGN(f, "points="), 0);
	assert_int_equal(get(f, "points").count, 0);
}

static void test_a_set_holds_each_member_once_in_order(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ASSIGN(f, "leads=body/ctcc", "leads+=agency/nzp", "leads+=agency/nzp"), 0);
	assert_int_equal(get(f, "leads").count, 2);
	assert_string_equal(get(f, "leads").items[0], "agency/nzp");
	assert_int_equal(ASSIGN(f, "leads-=agency/nzp"), 0);
	assert_int_equal(get(f, "leads").count, 1);
}

static void test_taking_out_takes_the_first_equal(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ASSIGN(f, "points=a", "points=b", "points=a"), 0);
	assert_int_equal(ASSIGN(f, "points-=a"), 0);
	assert_int_equal(get(f, "points").count, 2);
	assert_string_equal(get(f, "points").items[0], "b");
}

static void test_a_file_is_read_without_its_last_newline(void **state)
{
	struct fixture *f = *state;
	char word[128];

	write_file(f, "first\nsecond\n", 13);
	snprintf(word, sizeof(word), "overview=@%s", f->path);
	assert_int_equal(ASSIGN(f, word), 0);
	assert_string_equal(cts_value_text(get(f, "overview")), "first\nsecond");
	write_file(f, "", 0);
	assert_int_equal(ASSIGN(f, word), 0);
	assert_false(cts_value_is_set(get(f, "overview")));
}

static void test_two_at_signs_stand_for_one(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ASSIGN(f, "title=@@home", "notes=a@b"), 0);
	assert_string_equal(cts_value_text(get(f, "title")), "@home");
	assert_string_equal(cts_value_text(get(f, "notes")), "a@b");
}

static void test_files_that_are_no_value_are_refused(void **state)
{
	struct fixture *f = *state;
	char word[128], *large = malloc(70000);

	memset(large, 'x', 70000);
	snprintf(word, sizeof(word), "overview=@%s", f->path);
	write_file(f, large, 70000);
	assert_int_equal(ASSIGN(f, word), CTS_EVALUE);
	write_file(f, "a\0b", 3);
	assert_int_equal(ASSIGN(f, word), CTS_EVALUE);
	write_file(f, "a\xff", 2);
	assert_int_equal(ASSIGN(f, word), CTS_EVALUE);
	assert_int_equal(ASSIGN(f, "overview=@/nonexistent/file"), CTS_EIO);
	assert_int_equal(ASSIGN(f, "overview=@"), CTS_EUSAGE);
	assert_int_equal(ASSIGN(f, "overview=@-", "notes=@-"), CTS_EUSAGE);
	free(large);
}

static void test_words_that_are_no_assignment_are_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {"title", "=x", "title+x", "+=x", "ti tle=x", "", "points+=",
		"points-=", "title*=x"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(ASSIGN(f, bad[i]), CTS_EUSAGE);
		assert_non_null(cts_error_hint());
	}
}

static void test_mistakes_in_fields_and_values_are_named(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ASSIGN(f, "titel=x"), CTS_EVALUE);
	assert_non_null(strstr(cts_error_hint(), "title"));
	assert_int_equal(ASSIGN(f, "status=complet"), CTS_EVALUE);
	assert_non_null(strstr(cts_error_hint(), "complete"));
	assert_int_equal(ASSIGN(f, "position=many"), CTS_EVALUE);
	assert_int_equal(ASSIGN(f, "position=0"), CTS_EVALUE);
	assert_int_equal(ASSIGN(f, "title+=x"), CTS_EVALUE);
	assert_string_equal(cts_error_hint(), "title=VALUE");
	assert_int_equal(ASSIGN(f, "title=a", "title=b"), CTS_EVALUE);
	assert_int_equal(ASSIGN(f, "points=hui"), 0);
	assert_int_equal(ASSIGN(f, "points-=huj"), CTS_EVALUE);
	assert_string_equal(cts_error_hint(), "points-='hui'");
}

static void test_a_field_in_conflict_is_refused_unless_settled(void **state)
{
	struct fixture *f = *state;
	struct cts_record *record = &f->record;

	assert_int_equal(ASSIGN(f, "title=ours"), 0);
	record->conflicts = cts_arena_alloc(&record->arena, sizeof(*record->conflicts));
	record->conflicts[0].field = "title";
	record->conflict_count = 1;
	assert_int_equal(ASSIGN(f, "title=x"), CTS_EREFUSED);
	assert_string_equal(cts_error_hint(),
		"ctsync resolve initiative/ctwp2021-4 title --take N, or --settle to mean the new "
		"value");
	assert_int_equal(ASSIGN(f, "status=complete"), 0);
	assert_int_equal(
		assign_words(f, true, (const char *const[]){"title=theirs", NULL}), 0);
	assert_null(cts_record_conflict(record, "title"));
	assert_string_equal(cts_value_text(get(f, "title")), "theirs");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_scalar_is_set_and_cleared),
		TEST(test_a_list_collects_and_a_new_command_begins_anew),
		TEST(test_a_set_holds_each_member_once_in_order),
		TEST(test_taking_out_takes_the_first_equal),
		TEST(test_a_file_is_read_without_its_last_newline),
		TEST(test_two_at_signs_stand_for_one),
		TEST(test_files_that_are_no_value_are_refused),
		TEST(test_words_that_are_no_assignment_are_refused),
		TEST(test_mistakes_in_fields_and_values_are_named),
		TEST(test_a_field_in_conflict_is_refused_unless_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
