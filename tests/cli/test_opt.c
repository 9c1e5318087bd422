/* Options: the grammar of words, values by offset, and every mistake with its hint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/opt.h"
#include "proto/error.h"

struct options {
	const char *message;
	int64_t limit;
	bool force, all;
	struct cts_opt_list columns;
};

static const struct cts_opt rows[] = {
	{.name = "message", .letter = 'm', .argument = "MESSAGE", .kind = CTS_OPT_STRING,
		.offset = offsetof(struct options, message), .help = "why"},
	{.name = "limit", .letter = 'n', .argument = "N", .kind = CTS_OPT_INT,
		.offset = offsetof(struct options, limit), .help = "how many"},
	{.name = "force", .letter = 'f', .kind = CTS_OPT_FLAG,
		.offset = offsetof(struct options, force), .help = "do"},
	{.letter = 'a', .kind = CTS_OPT_FLAG, .offset = offsetof(struct options, all),
		.help = "all"},
	{.name = "column", .argument = "F", .kind = CTS_OPT_LIST,
		.offset = offsetof(struct options, columns), .help = "which"},
	{0},
};

#define ARGS_MAX 16

struct fixture {
	struct cts_arena arena;
	struct options options;
	char *argv[ARGS_MAX];
	int argc;
	bool stop;
};

static int parse(struct fixture *f, const char *const *words)
{
	struct cts_opt_parse how = {
		.arena = &f->arena, .command = "list", .stop_at_argument = f->stop};
	struct cts_opt_set set = {rows, &f->options};

	memset(&f->options, 0, sizeof(f->options));
	f->options.limit = -1;
	for (f->argc = 0; words[f->argc]; f->argc++)
		f->argv[f->argc] = (char *)(uintptr_t)words[f->argc];
	return f->argc = cts_opt_parse(&how, &set, 1, f->argc, f->argv);
}
#define PARSE(f, ...) parse(f, (const char *const[]){__VA_ARGS__, NULL})

static int setup(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof(fixture));
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cts_arena_release(&f->arena);
	return 0;
}

static void test_options_may_stand_after_arguments(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(PARSE(f, "one", "-m", "why", "two", "--force", "--limit=5"), 2);
	assert_string_equal(f->argv[0], "one");
	assert_string_equal(f->argv[1], "two");
	assert_string_equal(f->options.message, "why");
	assert_true(f->options.force);
	assert_int_equal(f->options.limit, 5);
}

static void test_two_dashes_end_options(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(PARSE(f, "-f", "--", "--limit", "-m", "--"), 3);
	assert_string_equal(f->argv[0], "--limit");
	assert_string_equal(f->argv[2], "--");
	assert_null(f->options.message);
}

static void test_one_dash_alone_is_an_argument(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(PARSE(f, "-"), 1);
	assert_string_equal(f->argv[0], "-");
}

static void test_letters_stand_together_and_take_values_at_once(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(PARSE(f, "-fan7", "x"), 1);
	assert_true(f->options.force && f->options.all);
	assert_int_equal(f->options.limit, 7);
	assert_int_equal(PARSE(f, "-mwhy not"), 0);
	assert_string_equal(f->options.message, "why not");
}

static void test_a_value_may_begin_with_a_dash(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(PARSE(f, "--column", "-due", "--column=-x"), 0);
	assert_int_equal(f->options.columns.count, 2);
	assert_string_equal(f->options.columns.items[0], "-due");
	assert_string_equal(f->options.columns.items[1], "-x");
}

static void test_what_is_not_given_keeps_its_default(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(PARSE(f, "x"), 1);
	assert_int_equal(f->options.limit, -1);
	assert_int_equal(f->options.columns.count, 0);
}

static void test_an_empty_value_is_a_value(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(PARSE(f, "--message="), 0);
	assert_string_equal(f->options.message, "");
	assert_int_equal(PARSE(f, "-m", ""), 0);
	assert_string_equal(f->options.message, "");
}

static void test_global_parsing_stops_at_the_command(void **state)
{
	struct fixture *f = *state;

	f->stop = true;
	assert_int_equal(PARSE(f, "-f", "set", "-m", "why"), 3);
	assert_string_equal(f->argv[0], "set");
	assert_string_equal(f->argv[1], "-m");
	assert_null(f->options.message);
}

static void assert_usage(struct fixture *f, const char *message, const char *hint)
{
	assert_int_equal(f->argc, CTS_EUSAGE);
	assert_string_equal(cts_error_message(CTS_EUSAGE), message);
	if (hint)
		assert_string_equal(cts_error_hint(), hint);
}

static void test_mistakes_name_the_option_and_what_to_do(void **state)
{
	struct fixture *f = *state;

	PARSE(f, "--mesage", "x");
	assert_usage(f, "no option '--mesage'", "--message");
	PARSE(f, "--zzzzzz=1");
	assert_usage(f, "no option '--zzzzzz'", "ctsync help list");
	PARSE(f, "-z");
	assert_usage(f, "no option '-z'", "ctsync help list");
	PARSE(f, "x", "--limit");
	assert_usage(f, "'--limit' needs a value: N", "ctsync help list");
	PARSE(f, "-n");
	assert_usage(f, "'--limit' needs a value: N", "ctsync help list");
	PARSE(f, "--force=yes");
	assert_usage(f, "'--force' takes no value", NULL);
	PARSE(f, "-m", "a", "--message=b");
	assert_usage(f, "'--message' is given twice", NULL);
}

static void test_numbers_are_whole_and_not_negative(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {
		"", "x", "5x", "-1", " 5", "+5", "1.5", "99999999999999999999"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		PARSE(f, "-n", bad[i]);
		assert_int_equal(f->argc, CTS_EUSAGE);
	}
	assert_int_equal(PARSE(f, "-n", "0"), 0);
	assert_int_equal(f->options.limit, 0);
}

static void test_long_names_are_not_abbreviated(void **state)
{
	struct fixture *f = *state;

	PARSE(f, "--mess", "x");
	assert_usage(f, "no option '--mess'", "--message");
}

static void test_split_drops_empty_parts(void **state)
{
	struct fixture *f = *state;
	struct cts_opt_list list = cts_opt_split(&f->arena, ",due,,-status,");

	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0], "due");
	assert_string_equal(list.items[1], "-status");
	assert_int_equal(cts_opt_split(&f->arena, "").count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_options_may_stand_after_arguments),
		TEST(test_two_dashes_end_options),
		TEST(test_one_dash_alone_is_an_argument),
		TEST(test_letters_stand_together_and_take_values_at_once),
		TEST(test_a_value_may_begin_with_a_dash),
		TEST(test_what_is_not_given_keeps_its_default),
		TEST(test_an_empty_value_is_a_value),
		TEST(test_global_parsing_stops_at_the_command),
		TEST(test_mistakes_name_the_option_and_what_to_do),
		TEST(test_numbers_are_whole_and_not_negative),
		TEST(test_long_names_are_not_abbreviated),
		TEST(test_split_drops_empty_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
