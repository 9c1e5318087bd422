/*
 * Withholding: marks read completely or not at all, and citations of the Act in many spellings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/error.h"
#include "proto/withhold.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct cts_arena arena;

static int clear(void **state)
{
	(void)state;
	cts_arena_release(&arena);
	return 0;
}

static void test_the_act_has_these_grounds(void **state)
{
	(void)state;
	assert_int_equal(cts_ground_count(), 38);
	for (size_t i = 0; i < cts_ground_count(); i++) {
		const struct cts_ground *ground = cts_ground_at(i);
		size_t size = 0;

		assert_true(strlen(ground->protects) > 10);
		assert_ptr_equal(cts_ground_parse(ground->name, &size), ground->name);
		assert_int_equal(size, strlen(ground->name));
		assert_null(cts_refusal_parse(ground->name, NULL));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ground->name, cts_ground_at(j)->name);
	}
	assert_string_equal(cts_ground_at(0)->name, "6(a)");
	assert_string_equal(cts_ground_at(37)->name, "9(2)(k)");
}

static void test_grounds_are_read_in_many_spellings(void **state)
{
	static const struct {
		const char *text, *ground;
		size_t size;
	} cases[] = {
		{"6(a)", "6(a)", 4},
		{"s6(a)", "6(a)", 5},
		{"S6(a)", "6(a)", 5},
		{"s 6(a)", "6(a)", 6},
		{"s.6(a)", "6(a)", 6},
		{"Section 6(a)", "6(a)", 12},
		{"SECTION 6(A)", "6(a)", 12},
		{"sec. 6 (a)", "6(a)", 10},
		{"\xc2\xa7 6(a)", "6(a)", 7},
		{"section\xc2\xa0"
		 "6(a)",
			"6(a)", 13},
		{"section 9 (2)(f)(iv)", "9(2)(f)(iv)", 20},
		{"9(2) (f) (iv)", "9(2)(f)(iv)", 13},
		{"s9(2)(ba)(i), next", "9(2)(ba)(i)", 12},
		{"S6(a).", "6(a)", 5},
		{"s6(a) (a remark)", "6(a)", 5},
		{"s6(a)S6(b)(i)", "6(a)", 5},
		{"9(2)(i)", "9(2)(i)", 7},
		{"9(2)(b)(ii)", "9(2)(b)(ii)", 11},
		{"6(e)(vi)", "6(e)(vi)", 8},
		{"7(a)(iv)", "7(a)(iv)", 8},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t size = 0;
		const char *ground = cts_ground_parse(cases[i].text, &size);

		assert_non_null(ground);
		assert_string_equal(ground, cases[i].ground);
		assert_int_equal(size, cases[i].size);
	}
}

static void test_what_names_no_ground_is_none(void **state)
{
	static const char *const texts[] = {"", "6", "6(", "6(a", "6(b)", "6(z)", "6(a)(i)",
		"6(e)(vii)", "9(1)", "9(2)", "9(2)(b)", "9(2)(f)", "9(2)(f)(v)", "9(2)(g)(iii)",
		"8(a)", "66(a)", "10", "18(a)", "x6(a)", " 6(a)", "s", "section", "s6", "as6(a)",
		"9(2)(a)(i)", "7(a)", "7(c)(iii)", "6a"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		size_t size = 42;

		assert_null(cts_ground_parse(texts[i], &size));
		assert_int_equal(size, 42);
	}
	assert_null(cts_ground_parse("6(b)", NULL));
}

static void test_refusals_of_section_18_are_read(void **state)
{
	static const char *const all[] = {"18(a)", "18(b)", "18(c)(i)", "18(c)(ii)", "18(d)",
		"18(da)", "18(e)", "18(f)", "18(g)", "18(h)"};
	size_t size;

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		const char *spelt = cts_arena_printf(&arena, "Section %s.", all[i]);

		assert_string_equal(cts_refusal_parse(all[i], NULL), all[i]);
		assert_string_equal(cts_refusal_parse(spelt, &size), all[i]);
		assert_int_equal(size, strlen(spelt) - 1);
		assert_null(cts_ground_parse(all[i], NULL));
	}
	assert_null(cts_refusal_parse("18", NULL));
	assert_null(cts_refusal_parse("18(c)", NULL));
	assert_null(cts_refusal_parse("18(i)", NULL));
	assert_null(cts_refusal_parse("18(e)(i)", NULL));
	assert_null(cts_refusal_parse("6(a)", NULL));
}

static void test_marks_are_read_in_order(void **state)
{
	static const char text[] =
		"A [[withhold 6(a)|secret]] b [[propose 9(2)(f)(iv), 6(c)|maybe | not]]\n"
		"[[withheld s6(a),9(2)(f)(iv)]]";
	struct cts_mark *marks;

	(void)state;
	assert_int_equal(cts_marks_parse(&marks, &arena, text), 3);
	assert_int_equal(marks[0].kind, CTS_MARK_WITHHOLD);
	assert_int_equal(marks[0].ground_count, 1);
	assert_string_equal(marks[0].grounds[0], "6(a)");
	assert_string_equal(marks[0].passage, "secret");
	assert_int_equal(marks[0].start, 2);
	assert_int_equal(marks[0].end, 26);
	assert_int_equal(marks[1].kind, CTS_MARK_PROPOSE);
	assert_int_equal(marks[1].ground_count, 2);
	assert_string_equal(marks[1].grounds[1], "6(c)");
	assert_string_equal(marks[1].passage, "maybe | not");
	assert_int_equal(marks[2].kind, CTS_MARK_WITHHELD);
	assert_int_equal(marks[2].ground_count, 2);
	assert_string_equal(marks[2].passage, "");
	assert_int_equal(marks[2].end, strlen(text));
	assert_int_equal(cts_marks_parse(&marks, &arena, "none [here] at all"), 0);
	assert_int_equal(cts_marks_parse(&marks, &arena, ""), 0);
}

static void test_brackets_around_a_mark_are_text(void **state)
{
	struct cts_mark *marks;

	(void)state;
	assert_int_equal(cts_marks_parse(&marks, &arena, "[[[withheld 6(a)]]]"), 1);
	assert_int_equal(marks[0].start, 1);
	assert_int_equal(marks[0].end, 18);
	assert_int_equal(cts_marks_parse(&marks, &arena, "[see [[withhold 6(a)|[1] x]]]"), 1);
	assert_string_equal(marks[0].passage, "[1] x");
}

static void assert_refused(const char *text, const char *message, const char *hint)
{
	struct cts_mark *marks = NULL;
	const char *out = "untouched";

	assert_int_equal(cts_marks_parse(&marks, &arena, text), CTS_EVALUE);
	assert_null(marks);
	assert_string_equal(cts_error_message(CTS_EVALUE), message);
	if (hint)
		assert_string_equal(cts_error_hint(), hint);
	assert_int_equal(cts_marks_normalise(&out, &arena, text), CTS_EVALUE);
	assert_string_equal(out, "untouched");
}

static void test_marks_that_do_not_read_are_refused_with_their_place(void **state)
{
	(void)state;
	assert_refused("a\nbc [[withhold 6(a)|x", "the mark has no ']]' at line 2, column 4", NULL);
	assert_refused("[[", "the mark has no ']]' at line 1, column 1", NULL);
	assert_refused("a ]] b", "']]' closes no mark at line 1, column 3", NULL);
	assert_refused("[[withheld 6(a)]]]]", "']]' closes no mark at line 1, column 18", NULL);
	assert_refused("[[withhold 6(a)|x [[withhold 6(a)|y]] z]]",
		"a mark stands inside another at line 1, column 19", NULL);
	assert_refused(
		"[[withhold 6(a)|x [[y", "a mark stands inside another at line 1, column 19", NULL);
	assert_refused(
		"[[[[withheld 6(a)]]]]", "a mark stands inside another at line 1, column 3", NULL);
	assert_refused("[[withhold 6(a)|]]", "the mark has no passage at line 1, column 1", NULL);
	assert_refused(
		"[[withhold 6(a)| \n]]", "the mark has no passage at line 1, column 1", NULL);
	assert_refused("[[propose 6(a)]]", "the mark has no passage at line 1, column 1", NULL);
	assert_refused(
		"[[withheld 6(a)|x]]", "'[[withheld' takes no passage at line 1, column 1", NULL);
	assert_refused("[[withold 6(a)|x]]", "'[[withold' opens no mark at line 1, column 1",
		"[[withhold");
	assert_refused("[[see]]", "'[[see' opens no mark at line 1, column 1", NULL);
	assert_refused("[[]]", "'[[' opens no mark at line 1, column 1", NULL);
	assert_refused("[[withhold |x]]", "the mark lacks a ground at line 1, column 1", NULL);
	assert_refused("[[withheld]]", "the mark lacks a ground at line 1, column 1", NULL);
	assert_refused("[[withheld 6(a),]]", "the mark lacks a ground at line 1, column 1", NULL);
	assert_refused("K\xc4\x81 [[withhold 9(2)(f)(vi)|x]]",
		"'9(2)(f)(vi)' is not a ground of the Act at line 1, column 15", "9(2)(f)(i)");
	assert_refused("[[withhold 6(b)|x]]",
		"'6(b)' is not a ground of the Act at line 1, column 12", NULL);
	assert_refused("[[withhold 6(a) 6(c)|x]]",
		"'6(a) 6(c)' is not a ground of the Act at line 1, column 12", NULL);
	assert_refused("[[withhold 18(e)|x]]",
		"'18(e)' refuses a request and is no ground to withhold a passage at line 1, "
		"column 12",
		NULL);
	assert_refused("[[withhold6(a)x|x]]",
		"'6(a)x' is not a ground of the Act at line 1, column 11", NULL);
}

static void test_normalising_spells_grounds_one_way(void **state)
{
	static const char *const cases[][2] = {
		{"plain [text] stays", "plain [text] stays"},
		{"", ""},
		{"a [[WITHHOLD  s6(a) ,Section 9 (2)(F)(iv)| as typed ]] b",
			"a [[withhold 6(a), 9(2)(f)(iv)| as typed ]] b"},
		{"[[ withheld S6(a), 6(a)]]", "[[withheld 6(a)]]"},
		{"[[propose 9(2)(j)|a|b]][[withheld 6(d)]]",
			"[[propose 9(2)(j)|a|b]][[withheld 6(d)]]"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *once, *twice;

		assert_int_equal(cts_marks_normalise(&once, &arena, cases[i][0]), 0);
		assert_string_equal(once, cases[i][1]);
		assert_int_equal(cts_marks_normalise(&twice, &arena, once), 0);
		assert_string_equal(once, twice);
	}
}

static void test_marks_are_noticed(void **state)
{
	(void)state;
	assert_true(cts_text_has_marks("a [[ b"));
	assert_true(cts_text_has_marks("a ]] b"));
	assert_false(cts_text_has_marks("a [ [ ] ] b"));
	assert_false(cts_text_has_marks(""));
}

/* Random pieces: what reads is covered by its marks, and no bracket pair is left outside them. */
static void test_what_reads_leaves_no_brackets_behind(void **state)
{
	static const char *const pieces[] = {"[[", "]]", "[", "]", "|", " ", "withhold 6(a)|",
		"withheld 6(a)", "propose s9(2)(j)|", "words", "\n", ", 6(c)",
		"[[withhold 6(a)|x]]", "[[withheld 6(d)]]"};
	const char *given = getenv("CTS_SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	int read = 0;

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 100000; round++) {
		char text[256] = "";
		struct cts_mark *marks;
		size_t from = 0;
		int pieces_here = rand() % 8, count;

		for (int i = 0; i < pieces_here; i++)
			strcat(text, pieces[(size_t)rand() % COUNT(pieces)]);
		count = cts_marks_parse(&marks, &arena, text);
		assert_true(count >= 0 || count == CTS_EVALUE);
		for (int i = 0; i < count; i++) {
			char *between =
				cts_arena_strndup(&arena, text + from, marks[i].start - from);

			assert_true(marks[i].start >= from && marks[i].end > marks[i].start);
			assert_false(cts_text_has_marks(between));
			assert_memory_equal(text + marks[i].start, "[[", 2);
			assert_memory_equal(text + marks[i].end - 2, "]]", 2);
			assert_true(marks[i].ground_count > 0);
			assert_false(cts_text_has_marks(marks[i].passage));
			from = marks[i].end;
			read++;
		}
		if (count >= 0)
			assert_false(cts_text_has_marks(text + from));
		cts_arena_clear(&arena);
	}
	assert_true(read > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_act_has_these_grounds),
		cmocka_unit_test(test_grounds_are_read_in_many_spellings),
		cmocka_unit_test(test_what_names_no_ground_is_none),
		cmocka_unit_test(test_refusals_of_section_18_are_read),
		cmocka_unit_test(test_marks_are_read_in_order),
		cmocka_unit_test(test_brackets_around_a_mark_are_text),
		cmocka_unit_test(test_marks_that_do_not_read_are_refused_with_their_place),
		cmocka_unit_test(test_normalising_spells_grounds_one_way),
		cmocka_unit_test(test_marks_are_noticed),
		cmocka_unit_test(test_what_reads_leaves_no_brackets_behind),
	};

	return cmocka_run_group_tests(tests, NULL, clear);
}
