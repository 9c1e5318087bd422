/*
 * Names: what may name a record on every system, and ids that are made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <regex.h>
#include <string.h>

#include "proto/error.h"
#include "proto/id.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct cts_arena arena;

static int clear(void **state)
{
	(void)state;
	cts_arena_release(&arena);
	return 0;
}

static void test_valid_ids_are_taken(void **state)
{
	static const char *const ids[] = {"a", "7", "ctwp2021-4-2", "nzp.first-hui-x7k2q", "a..b",
		"a__b", "con1", "com0", "com10", "console", "x.con", "lpt", "nulls.txt", "rcoi-07"};

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		assert_true(cts_id_is_valid(ids[i]));
		assert_int_equal(cts_id_check(ids[i]), 0);
	}
}

static void assert_bad_id(const char *id, const char *message, const char *hint)
{
	assert_false(cts_id_is_valid(id));
	assert_int_equal(cts_id_check(id), CTS_EVALUE);
	assert_non_null(strstr(cts_error_message(CTS_EVALUE), message));
	if (!hint) {
		assert_null(cts_error_hint());
		return;
	}
	assert_string_equal(cts_error_hint(), hint);
	assert_true(cts_id_is_valid(hint));
}

static void test_bad_ids_are_refused_with_one_that_would_do(void **state)
{
	(void)state;
	assert_bad_id("", "the id is empty", NULL);
	assert_bad_id("DPMC", "character 1 is none of", "dpmc");
	assert_bad_id("first hui", "character 6 is none of", "first-hui");
	assert_bad_id("K\xc4\x81puia", "character 1 is none of", "kapuia");
	assert_bad_id("k\xc4\x81puia", "character 2 is none of", "kapuia");
	assert_bad_id("-a", "begin and end", "a");
	assert_bad_id("a.", "begin and end", "a");
	assert_bad_id(".", "begin and end", NULL);
	assert_bad_id("..", "begin and end", NULL);
	assert_bad_id("a/b", "character 2 is none of", "a-b");
	assert_bad_id("a\\b", "character 2 is none of", "a-b");
	assert_bad_id("\xe4\xb8\xad", "character 1 is none of", NULL);
}

static void test_device_names_of_windows_are_refused(void **state)
{
	static const char *const ids[] = {"con", "nul", "aux", "prn", "com1", "com9", "lpt1",
		"lpt9", "con.txt", "com1.a.b", "nul.x"};

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++)
		assert_bad_id(
			ids[i], "device on Windows", cts_arena_printf(&arena, "x-%s", ids[i]));
}

static void test_ids_end_at_120_characters(void **state)
{
	char id[CTS_ID_MAX + 2];

	(void)state;
	memset(id, 'a', sizeof(id));
	id[CTS_ID_MAX] = '\0';
	assert_true(cts_id_is_valid(id));
	id[CTS_ID_MAX] = 'a';
	id[CTS_ID_MAX + 1] = '\0';
	assert_false(cts_id_is_valid(id));
	assert_int_equal(cts_id_check(id), CTS_EVALUE);
	assert_non_null(strstr(cts_error_message(CTS_EVALUE), "longer than an id may be"));
}

/* Every string of three characters of a small alphabet, against the grammar as an expression. */
static void test_ids_follow_the_grammar(void **state)
{
	static const char alphabet[] = "a0.-_A /\xc4";
	regex_t grammar;

	(void)state;
	assert_int_equal(regcomp(&grammar, "^[a-z0-9]([a-z0-9._-]{0,118}[a-z0-9])?$",
				 REG_EXTENDED | REG_NOSUB),
		0);
	for (size_t n = 0; n < 10 * 10 * 10; n++) {
		char id[4] = {alphabet[n % 10], alphabet[n / 10 % 10], alphabet[n / 100], '\0'};

		assert_int_equal(cts_id_is_valid(id), regexec(&grammar, id, 0, NULL, 0) == 0);
	}
	regfree(&grammar);
}

static void test_kind_names_follow_the_grammar(void **state)
{
	(void)state;
	assert_true(cts_kind_name_is_valid("milestone"));
	assert_true(cts_kind_name_is_valid("work_item2"));
	assert_true(cts_kind_name_is_valid("abcdefghijklmnopqrstuvwxyzabcdef"));
	assert_false(cts_kind_name_is_valid("abcdefghijklmnopqrstuvwxyzabcdefg"));
	assert_false(cts_kind_name_is_valid(""));
	assert_false(cts_kind_name_is_valid("2a"));
	assert_false(cts_kind_name_is_valid("_a"));
	assert_false(cts_kind_name_is_valid("Milestone"));
	assert_false(cts_kind_name_is_valid("a-b"));
}

static void test_keys_split_at_the_first_slash(void **state)
{
	const char *kind, *id;

	(void)state;
	assert_int_equal(cts_key_split(&kind, &id, &arena, "milestone/a.b-1"), 0);
	assert_string_equal(kind, "milestone");
	assert_string_equal(id, "a.b-1");
	assert_int_equal(cts_key_split(&kind, &id, &arena, "a/b/c"), 0);
	assert_string_equal(id, "b/c");
	assert_int_equal(cts_key_split(&kind, &id, &arena, "a/"), 0);
	assert_string_equal(id, "");
	assert_int_equal(cts_key_split(&kind, &id, &arena, "milestone"), CTS_EVALUE);
	assert_int_equal(cts_key_split(&kind, &id, &arena, "/x"), CTS_EVALUE);
	assert_int_equal(cts_key_split(&kind, &id, &arena, ""), CTS_EVALUE);
	assert_string_equal(cts_error_hint(), "a record is written kind/id");
}

static void test_slugs_keep_whole_words(void **state)
{
	static const struct {
		const char *title;
		size_t max;
		const char *slug;
	} cases[] = {
		{"Annual CT Hui", 48, "annual-ct-hui"},
		{"  Strengthen NZ's CT laws!  ", 48, "strengthen-nzs-ct-laws"},
		{"Strengthen NZ\xe2\x80\x99s laws", 48, "strengthen-nzs-laws"},
		{"P/CVE Strategic Framework", 48, "p-cve-strategic-framework"},
		{"K\xc4\x81puia", 48, "kapuia"},
		{"Grow workforce awareness", 14, "grow-workforce"},
		{"Grow workforce awareness", 13, "grow"},
		{"Grow workforce awareness", 15, "grow-workforce"},
		{"incomprehensibilities", 6, "incomp"},
		{"", 48, ""},
		{"\xe4\xb8\xad\xe6\x96\x87 - !", 48, ""},
		{"a b", 1, "a"},
		{"a b", 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(
			cts_id_slug(&arena, cases[i].title, cases[i].max), cases[i].slug);
}

static void test_slugs_tell_nothing_that_is_withheld(void **state)
{
	(void)state;
	assert_string_equal(cts_id_slug(&arena, "Meet [[withhold 6(a)|Operation Kauri]] team", 48),
		"meet-team");
	assert_string_equal(cts_id_slug(&arena, "[[withheld 6(a), 9(2)(f)(iv)]]", 48), "");
	assert_string_equal(
		cts_id_slug(&arena, "Meet [[withhold 6(a)|Operation Kauri", 48), "meet");
}

static void test_made_ids_are_valid_and_differ(void **state)
{
	const char *one = cts_id_make(&arena, "nzp", "First Hui");
	const char *two = cts_id_make(&arena, "nzp", "First Hui");
	const char *bare = cts_id_make(&arena, "nzp", "[[withheld 6(a)]]");

	(void)state;
	assert_memory_equal(one, "nzp.first-hui-", 14);
	assert_int_equal(strlen(one), 14 + 5);
	assert_int_equal(strspn(one + 14, "0123456789abcdefghjkmnpqrstvwxyz"), 5);
	assert_string_not_equal(one, two);
	assert_int_equal(strlen(bare), 4 + 5);
	for (int i = 0; i < 200; i++) {
		const char *id = cts_id_make(&arena, "an-agency-with-a-name-of-32-char",
			"A very long title that goes on and on, past any id that could be useful");

		assert_true(cts_id_is_valid(id));
		assert_true(strlen(id) <= 32 + 1 + 48 + 1 + 5);
		assert_true(cts_id_is_valid(cts_id_make(&arena, "x", "")));
	}
}

static void test_agency_codes_become_ids(void **state)
{
	static const char *const bad[] = {"", "A", "1AB", "NZ Police", "MAIN", "root", "Main",
		"ABCDEFGHIJKLMNOPQ", "M\xc4\x80ORI", "A-B", "CON", "com1",
		"\xef\xbc\xa1\xef\xbc\xa2", "\xe2\x84\xaa\x41"};
	const char *id;

	(void)state;
	assert_int_equal(cts_agency_id(&id, &arena, "DPMC"), 0);
	assert_string_equal(id, "dpmc");
	assert_int_equal(cts_agency_id(&id, &arena, "nzsis2"), 0);
	assert_string_equal(id, "nzsis2");
	assert_int_equal(cts_agency_id(&id, &arena, "ABCDEFGHIJKLMNOP"), 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(cts_agency_id(&id, &arena, bad[i]), CTS_EVALUE);
}

static void test_agencies_are_branch_names(void **state)
{
	static const char *const bad[] = {"", "main", "root", "DPMC", "a.lock", "a/b", "a b", "-a",
		"a-", "con", "an-agency-with-a-name-of-33-charsx"};

	(void)state;
	assert_true(cts_agency_is_valid("dpmc"));
	assert_true(cts_agency_is_valid("main2"));
	assert_true(cts_agency_is_valid("an-agency-with-a-name-of-32-char"));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(cts_agency_is_valid(bad[i]));
}

static void test_writers_are_sixteen_hex_digits(void **state)
{
	char one[CTS_WRITER_HEX + 1], two[CTS_WRITER_HEX + 1];

	(void)state;
	cts_writer_make(one);
	cts_writer_make(two);
	assert_true(cts_writer_is_valid(one));
	assert_string_not_equal(one, two);
	assert_true(cts_writer_is_valid("7f3a9c21d0b4e586"));
	assert_false(cts_writer_is_valid("7f3a9c21d0b4e58"));
	assert_false(cts_writer_is_valid("7f3a9c21d0b4e5860"));
	assert_false(cts_writer_is_valid("7F3A9C21D0B4E586"));
	assert_false(cts_writer_is_valid(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_ids_are_taken),
		cmocka_unit_test(test_bad_ids_are_refused_with_one_that_would_do),
		cmocka_unit_test(test_device_names_of_windows_are_refused),
		cmocka_unit_test(test_ids_end_at_120_characters),
		cmocka_unit_test(test_ids_follow_the_grammar),
		cmocka_unit_test(test_kind_names_follow_the_grammar),
		cmocka_unit_test(test_keys_split_at_the_first_slash),
		cmocka_unit_test(test_slugs_keep_whole_words),
		cmocka_unit_test(test_slugs_tell_nothing_that_is_withheld),
		cmocka_unit_test(test_made_ids_are_valid_and_differ),
		cmocka_unit_test(test_agency_codes_become_ids),
		cmocka_unit_test(test_agencies_are_branch_names),
		cmocka_unit_test(test_writers_are_sixteen_hex_digits),
	};

	return cmocka_run_group_tests(tests, NULL, clear);
}
