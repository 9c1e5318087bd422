/* Command lines in a text: the shell's quoting, without its expansions, and the lines they begin
 * on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/words.h"
#include "proto/error.h"

/* Reads all of it; words joined by `|`, commands as `LINE:words;`. */
static int read_all_of(char *out, size_t room, const char *text, size_t size)
{
	struct cts_arena arena = {0};
	struct cts_words words = {.text = text, .size = size, .name = "f"};
	size_t used = 0;
	int rc;

	out[0] = 0;
	while ((rc = cts_words_next(&words, &arena)) == 1) {
		used += (size_t)snprintf(out + used, room - used, "%zu:", words.line);
		assert_null(words.argv[words.argc]);
		for (int i = 0; i < words.argc; i++)
			used += (size_t)snprintf(out + used, room - used, "%s%s", i ? "|" : "",
				words.argv[i]);
		used += (size_t)snprintf(out + used, room - used, ";");
	}
	cts_arena_release(&arena);
	return rc;
}

static void assert_reads(const char *text, const char *expected)
{
	char out[512];

	assert_int_equal(read_all_of(out, sizeof(out), text, strlen(text)), 0);
	assert_string_equal(out, expected);
}

static void assert_refuses(const char *text, size_t size, const char *message)
{
	char out[512];

	assert_int_equal(read_all_of(out, sizeof(out), text, size), CTS_EUSAGE);
	assert_string_equal(cts_error_message(CTS_EUSAGE), message);
}

static void test_words_are_split_at_blanks_and_lines(void **state)
{
	(void)state;
	assert_reads("", "");
	assert_reads(" \t\n\n", "");
	assert_reads("a b\tc", "1:a|b|c;");
	assert_reads("a\n\n b c \nd\n", "1:a;3:b|c;4:d;");
	assert_reads("a b\r\nc\r\n", "1:a|b;2:c;");
	assert_reads("a\rb", "1:a\rb;");
}

static void test_quotes_hold_what_is_in_them(void **state)
{
	(void)state;
	assert_reads("'a b' \"c d\"", "1:a b|c d;");
	assert_reads("a'b c'd\"e f\"g", "1:ab cde fg;");
	assert_reads("'' \"\" a", "1:||a;");
	assert_reads("'a\\b$c`d\"e'", "1:a\\b$c`d\"e;");
	assert_reads("\"a\\\"b\\\\c\\$d\\`e\\fg'h\"", "1:a\"b\\c$d`e\\fg'h;");
	assert_reads("'it'\\''s'", "1:it's;");
}

static void test_quotes_may_hold_line_breaks(void **state)
{
	(void)state;
	assert_reads("a 'b\nc' d\ne", "1:a|b\nc|d;3:e;");
	assert_reads("a \"b\\\nc\"\ne", "1:a|bc;3:e;");
	assert_reads("a \"b\\\r\nc\"\ne", "1:a|bc;3:e;");
}

static void test_a_backslash_takes_the_next_character_as_it_is(void **state)
{
	(void)state;
	assert_reads("a\\ b \\#c \\'d", "1:a b|#c|'d;");
	assert_reads("a \\\n b\nc", "1:a|b;3:c;");
	assert_reads("a\\\nb", "1:ab;");
	assert_reads("a \\\r\n b", "1:a|b;");
	assert_reads("a\\", "1:a\\;");
}

static void test_comments_begin_at_the_start_of_a_word_alone(void **state)
{
	(void)state;
	assert_reads("# all\na # rest\nb#c d\n", "2:a;3:b#c|d;");
	assert_reads("'#a' #'b\nc", "1:#a;2:c;");
	assert_reads("#a\\\nb", "2:b;");
}

static void test_nothing_is_expanded(void **state)
{
	(void)state;
	assert_reads("$HOME * ~ a;b >c | & ( `x` {a,b}", "1:$HOME|*|~|a;b|>c|||&|(|`x`|{a,b};");
}

static void test_open_quotes_are_refused_where_they_open(void **state)
{
	(void)state;
	assert_refuses("a\nb 'c\nd\n", 9, "f:2: a quote ' is opened and never closed");
	assert_refuses("a\n'b\n' \"c\\\"", 11, "f:3: a quote \" is opened and never closed");
	assert_refuses("a \0b", 4, "f:1: a NUL character");
	assert_refuses("a\n '\0'", 6, "f:2: a NUL character");
}

/* Any words quoted in any of the ways come out as they went in. */
static void test_quoted_words_come_out_as_they_went_in(void **state)
{
	static const char alphabet[] = "ab '\"\\#\n$=-";
	const char *seed = getenv("CTS_SEED");
	unsigned random = seed ? (unsigned)strtoul(seed, NULL, 10) : 20210615;

	(void)state;
	print_message("seed %u\n", random);
	for (int round = 0; round < 2000; round++) {
		char word[12], text[64], expected[64], out[128];
		size_t size = 0, used = 0;
		int quoting = rand_r(&random) % 3;

		for (int n = rand_r(&random) % 10; n > 0; n--)
			word[size++] = alphabet[(size_t)rand_r(&random) % (sizeof(alphabet) - 1)];
		word[size] = 0;
		used += (size_t)sprintf(
			text, "x %s", quoting == 0 ? "'" : quoting == 1 ? "\"" : "");
		if (quoting == 2 && (size == 0 || strchr(word, '\n')))
			continue; /* neither can be written with backslashes */
		for (size_t i = 0; i < size; i++) {
			if (quoting == 0 && word[i] == '\'')
				used += (size_t)sprintf(text + used, "'\\''");
			else if (quoting == 2 || (quoting == 1 && strchr("\"\\$", word[i])))
				used += (size_t)sprintf(text + used, "\\%c", word[i]);
			else
				text[used++] = word[i];
		}
		sprintf(text + used, "%s", quoting == 0 ? "'" : quoting == 1 ? "\"" : "");
		sprintf(expected, "1:x|%s;", word);
		assert_int_equal(read_all_of(out, sizeof(out), text, strlen(text)), 0);
		assert_string_equal(out, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_are_split_at_blanks_and_lines),
		cmocka_unit_test(test_quotes_hold_what_is_in_them),
		cmocka_unit_test(test_quotes_may_hold_line_breaks),
		cmocka_unit_test(test_a_backslash_takes_the_next_character_as_it_is),
		cmocka_unit_test(test_comments_begin_at_the_start_of_a_word_alone),
		cmocka_unit_test(test_nothing_is_expanded),
		cmocka_unit_test(test_open_quotes_are_refused_where_they_open),
		cmocka_unit_test(test_quoted_words_come_out_as_they_went_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
