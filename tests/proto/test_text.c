/*
 * Text: what is refused and where it is said to be, one normal form, and what a terminal may see.
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
#include "proto/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct cts_arena arena;

static int clear(void **state)
{
	(void)state;
	cts_arena_release(&arena);
	return 0;
}

static const char *normal(const char *text)
{
	const char *out = NULL;

	assert_int_equal(cts_text_normalise(&out, &arena, text, strlen(text), "note"), 0);
	return out;
}

static void assert_refused(const char *text, size_t size, const char *message)
{
	const char *out = "untouched";

	assert_int_equal(cts_text_normalise(&out, &arena, text, size, "note"), CTS_EVALUE);
	assert_string_equal(out, "untouched");
	assert_string_equal(cts_error_message(CTS_EVALUE), message);
	assert_false(cts_text_is_normal(text, size));
}

static void test_ascii_comes_out_as_it_went_in(void **state)
{
	static const char text[] = "Publish indicators\tand risk factors.\nTwice ~ {}\x7e";

	(void)state;
	assert_string_equal(normal(text), text);
	assert_string_equal(normal(""), "");
	assert_true(cts_text_is_normal(text, strlen(text)));
	assert_true(cts_text_is_normal("", 0));
}

static void test_decomposed_letters_are_composed(void **state)
{
	(void)state;
	assert_string_equal(normal("Ka\xcc\x84puia"), "K\xc4\x81puia");
	assert_string_equal(normal("\xe2\x84\xab"), "\xc3\x85");                 /* Angstrom */
	assert_string_equal(normal("\xe1\x84\x80\xe1\x85\xa1"), "\xea\xb0\x80"); /* Hangul */
	assert_string_equal(normal("\xea\xb0\x80\xe1\x86\xa8"), "\xea\xb0\x81"); /* LV + T */
	assert_string_equal(normal("a\xcc\xa3\xcc\x82"), "\xe1\xba\xad");        /* two marks */
	assert_string_equal(normal("a\xcc\x82\xcc\xa3"), "\xe1\xba\xad");        /* other order */
	assert_string_equal(normal("\xe0\xa5\x98"), "\xe0\xa4\x95\xe0\xa4\xbc"); /* grows */
	assert_false(cts_text_is_normal("Ka\xcc\x84puia", 8));
	assert_true(cts_text_is_normal("K\xc4\x81puia \xe2\x80\x93 \xf0\x9f\x98\x80", 16));
	assert_true(cts_text_is_normal("x\xcc\x84", 3)); /* no composed form exists */
}

static void test_line_ends_become_newlines(void **state)
{
	(void)state;
	assert_string_equal(normal("a\r\nb\rc\n\rd\r"), "a\nb\nc\n\nd\n");
	assert_string_equal(normal("e\xcc\x81\r\n"), "\xc3\xa9\n");
	assert_false(cts_text_is_normal("a\r\nb", 4));
	assert_false(cts_text_is_normal("a\r", 2));
}

static void test_forbidden_characters_are_named_with_their_place(void **state)
{
	(void)state;
	assert_refused("ab\acd", 5, "'note' has the control character U+0007 at line 1, column 3");
	assert_refused("a\0b", 3, "'note' has the control character U+0000 at line 1, column 2");
	assert_refused(
		"abcdefgh\x7fz", 10, "'note' has the control character U+007F at line 1, column 9");
	assert_refused(
		"\xc2\x85", 2, "'note' has the control character U+0085 at line 1, column 1");
	assert_refused("one\ntw\xe2\x80\xaeo", 10,
		"'note' has the bidirectional control U+202E at line 2, column 3");
	assert_refused("one\r\n\xe2\x81\xa6", 8,
		"'note' has the bidirectional control U+2066 at line 2, column 1");
	assert_refused("\xc4\x81\xc4\x81\x1b[2J", 8,
		"'note' has the control character U+001B at line 1, column 3");
}

static void test_every_bidirectional_control_is_forbidden(void **state)
{
	(void)state;
	for (unsigned code = 0x2029; code <= 0x206a; code++) {
		char text[4] = {(char)0xe2, (char)(0x80 | (code >> 6 & 0x3f)),
			(char)(0x80 | (code & 0x3f)), '\0'};
		bool forbidden =
			(code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);

		assert_int_equal(cts_text_is_normal(text, 3), !forbidden);
	}
}

static void test_bytes_that_are_not_utf8_are_refused(void **state)
{
	static const char *const wrong[] = {"\xff", "\x80", "\xc3", "\xc0\x80", "\xe2\x80",
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
		"\xe0\x80\xaf", "caf\xe9 au lait"};
	const char *out;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(
			cts_text_normalise(&out, &arena, wrong[i], strlen(wrong[i]), "note"),
			CTS_EVALUE);
		assert_non_null(strstr(cts_error_message(CTS_EVALUE), "is not UTF-8"));
	}
	assert_refused("caf\xe9", 4, "'note' is not UTF-8: byte 0xe9 at line 1, column 4");
	/* A character cut by the size given, though its last byte follows. */
	assert_refused("\xc4\x81", 1, "'note' is not UTF-8: byte 0xc4 at line 1, column 1");
}

/* Every single byte at every place of a word of eight, against the rule said plainly. */
static void test_each_byte_at_each_place_is_judged_alike(void **state)
{
	(void)state;
	for (size_t place = 0; place < 20; place++) {
		for (int byte = 0; byte < 256; byte++) {
			char text[] = "abcdefghijklmnopqrst";
			bool fine = (byte >= 0x20 && byte < 0x7f) || byte == '\n' || byte == '\t';

			text[place] = (char)byte;
			assert_int_equal(cts_text_is_normal(text, 20), fine);
		}
	}
}

static void put_code(char *text, size_t *size, unsigned code)
{
	if (code < 0x80) {
		text[(*size)++] = (char)code;
	} else if (code < 0x800) {
		text[(*size)++] = (char)(0xc0 | code >> 6);
		text[(*size)++] = (char)(0x80 | (code & 0x3f));
	} else {
		text[(*size)++] = (char)(0xe0 | code >> 12);
		text[(*size)++] = (char)(0x80 | (code >> 6 & 0x3f));
		text[(*size)++] = (char)(0x80 | (code & 0x3f));
	}
}

static void test_normalising_twice_is_normalising_once(void **state)
{
	static const unsigned codes[] = {'a', 'e', 'o', ' ', '\n', 'K', 0xe9, 0x101, 0x300, 0x301,
		0x304, 0x323, 0x1e00, 0x2013, 0x2126, 0x212b, 0x4e00, 0xac00, 0x1100, 0x1161,
		0x11a8, 0x0915, 0x093c, 0x0958, 0x3099, 0x304b, 0xfb1d};
	const char *given = getenv("CTS_SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 20000; round++) {
		char text[128];
		const char *once, *twice;
		size_t size = 0;
		int length = rand() % 20;

		for (int i = 0; i < length; i++)
			put_code(text, &size, codes[(size_t)rand() % COUNT(codes)]);
		assert_int_equal(cts_text_normalise(&once, &arena, text, size, "note"), 0);
		assert_true(cts_text_is_normal(once, strlen(once)));
		twice = normal(once);
		assert_string_equal(once, twice);
		/* A text is normal exactly when normalising leaves it as it is. */
		assert_int_equal(cts_text_is_normal(text, size),
			strlen(once) == size && memcmp(once, text, size) == 0);
		cts_arena_clear(&arena);
	}
}

static void assert_visible(const char *text, bool keep_layout, const char *expected)
{
	struct cts_buf buf = {0};

	cts_text_put_visible(&buf, text, keep_layout);
	assert_string_equal(cts_buf_text(&buf), expected);
	cts_buf_release(&buf);
}

static void test_what_a_terminal_would_obey_is_made_visible(void **state)
{
	(void)state;
	assert_visible("plain text", false, "plain text");
	assert_visible("", true, "");
	assert_visible("\x1b[31mred\x07", true, "\\x1b[31mred\\x07");
	assert_visible("a\nb\tc", true, "a\nb\tc");
	assert_visible("a\nb\tc", false, "a\\nb\\tc");
	assert_visible("a\rb", true, "a\\x0db");
	assert_visible("del\x7f", true, "del\\x7f");
	assert_visible("c1\xc2\x9bm", true, "c1\\u009bm");
	assert_visible("\xe2\x80\xaetxt.exe", true, "\\u202etxt.exe");
	assert_visible("zero\xe2\x80\x8bwidth\xef\xbb\xbf", true, "zero\\u200bwidth\\ufeff");
	assert_visible("line\xe2\x80\xa8two", true, "line\\u2028two");
	assert_visible("tag\xf3\xa0\x81\x81", true, "tag\\U000e0041");
	assert_visible("bad\xff\xe2\x80", true, "bad\\xff\\xe2\\x80");
	assert_visible("K\xc4\x81puia \xe4\xb8\xad", false, "K\xc4\x81puia \xe4\xb8\xad");
}

static void test_nothing_invisible_gets_through(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		char text[3] = {(char)byte, 'x', '\0'};
		struct cts_buf buf = {0};

		cts_text_put_visible(&buf, text, false);
		for (size_t i = 0; i < buf.size; i++)
			assert_in_range((unsigned char)buf.data[i], 0x20, 0x7e);
		cts_buf_release(&buf);
	}
}

static void test_width_counts_columns(void **state)
{
	(void)state;
	assert_int_equal(cts_text_width(""), 0);
	assert_int_equal(cts_text_width("abc"), 3);
	assert_int_equal(cts_text_width("K\xc4\x81puia"), 6);
	assert_int_equal(cts_text_width("Ka\xcc\x84puia"), 6);
	assert_int_equal(cts_text_width("\xe4\xb8\xad\xe6\x96\x87"), 4);
	assert_int_equal(cts_text_width("ab\nlonger\nx"), 6);
	assert_int_equal(cts_text_width("a\tb"), 9);
	assert_int_equal(cts_text_width("\xff\xff"), 2);
	assert_int_equal(cts_text_width("e\xe2"), 2);
}

static void test_prefix_ends_between_characters(void **state)
{
	(void)state;
	assert_int_equal(cts_text_prefix("abc", 5), 3);
	assert_int_equal(cts_text_prefix("abc", 2), 2);
	assert_int_equal(cts_text_prefix("abc", 0), 0);
	assert_int_equal(cts_text_prefix("K\xc4\x81puia", 2), 3);
	assert_int_equal(cts_text_prefix("\xe4\xb8\xad\xe6\x96\x87", 3), 3);
	assert_int_equal(cts_text_prefix("\xe4\xb8\xad\xe6\x96\x87", 1), 0);
	assert_int_equal(
		cts_text_prefix("Ka\xcc\x84puia", 2), 4); /* the accent stays with its letter */
	assert_int_equal(cts_text_prefix("a\xff\xff", 2), 2);
}

static void test_prefix_fits_and_is_the_longest(void **state)
{
	static const char text[] =
		"Te R\xc4\x81ranga \xe4\xb8\xad\xe6\x96\x87 a\xcc\x84\xcc\x81 \xf0\x9f\x98\x80!";
	size_t before = 0;

	(void)state;
	for (size_t columns = 0; columns <= cts_text_width(text); columns++) {
		size_t size = cts_text_prefix(text, columns);
		char *cut = cts_arena_strndup(&arena, text, size);

		assert_true(cts_text_width(cut) <= columns);
		assert_true(size >= before);
		assert_true(cts_text_is_normal(cut, size) || strstr(cut, "a\xcc\x84"));
		before = size;
	}
	assert_int_equal(before, strlen(text));
}

static void test_folding_takes_case_and_accents_off(void **state)
{
	static const char *const pairs[][2] = {
		{"", ""},
		{"NZ Police", "nz police"},
		{"K\xc4\x81puia", "kapuia"},
		{"Ka\xcc\x84puia", "kapuia"},
		{"\xc3\x89tat \xc3\x9f", "etat ss"},
		{"\xc4\xb0stanbul", "istanbul"},
		{"\xce\xa3\xce\xa0", "\xcf\x83\xcf\x80"},
		{"\xea\xb0\x80", "\xea\xb0\x80"},
		{"ABC\xff", "abc\xff"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		assert_string_equal(cts_text_fold(&arena, pairs[i][0]), pairs[i][1]);
}

static void test_position_counts_lines_and_characters(void **state)
{
	static const char text[] = "ab\ncd\r\n\xc4\x81x\ry";
	static const size_t expected[][3] = {{0, 1, 1}, {2, 1, 3}, {3, 2, 1}, {5, 2, 3}, {7, 3, 1},
		{9, 3, 2}, {11, 4, 1}, {12, 4, 2}};

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++) {
		size_t line, column;

		cts_text_position(&line, &column, text, expected[i][0]);
		assert_int_equal(line, expected[i][1]);
		assert_int_equal(column, expected[i][2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ascii_comes_out_as_it_went_in),
		cmocka_unit_test(test_decomposed_letters_are_composed),
		cmocka_unit_test(test_line_ends_become_newlines),
		cmocka_unit_test(test_forbidden_characters_are_named_with_their_place),
		cmocka_unit_test(test_every_bidirectional_control_is_forbidden),
		cmocka_unit_test(test_bytes_that_are_not_utf8_are_refused),
		cmocka_unit_test(test_each_byte_at_each_place_is_judged_alike),
		cmocka_unit_test(test_normalising_twice_is_normalising_once),
		cmocka_unit_test(test_what_a_terminal_would_obey_is_made_visible),
		cmocka_unit_test(test_nothing_invisible_gets_through),
		cmocka_unit_test(test_width_counts_columns),
		cmocka_unit_test(test_prefix_ends_between_characters),
		cmocka_unit_test(test_prefix_fits_and_is_the_longest),
		cmocka_unit_test(test_folding_takes_case_and_accents_off),
		cmocka_unit_test(test_position_counts_lines_and_characters),
	};

	return cmocka_run_group_tests(tests, NULL, clear);
}
