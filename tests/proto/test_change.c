/* The two texts of a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/change.h"
#include "proto/error.h"

static void test_a_change_is_written_and_read(void **state)
{
	char text[CTS_CHANGE_TEXT], writer[CTS_WRITER_HEX + 1];
	uint64_t seq = 0;

	(void)state;
	assert_string_equal(cts_change_format(text, "7f3a9c21d0b4e586", UINT64_MAX),
		"7f3a9c21d0b4e586.18446744073709551615");
	assert_true(cts_change_parse(writer, &seq, text));
	assert_string_equal(writer, "7f3a9c21d0b4e586");
	assert_true(seq == UINT64_MAX);
	assert_true(cts_change_parse(writer, &seq, "7.1"));
	assert_string_equal(writer, "7");
	assert_int_equal(seq, 1);
}

static void test_what_is_no_change_is_refused(void **state)
{
	static const char *const texts[] = {"", ".", ".1", "7", "7.", "7.0", "7.01", "7.1 ", "7.-1",
		"7.18446744073709551616", "7.99999999999999999999", "7F.1", "7g.1", " 7.1", "7.1.1",
		"7f3a9c21d0b4e5860.1"};
	char writer[CTS_WRITER_HEX + 1] = "kept";
	uint64_t seq = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (cts_change_parse(writer, &seq, texts[i]))
			fail_msg("'%s' was taken", texts[i]);
	assert_string_equal(writer, "kept");
	assert_int_equal(seq, 42);
}

static void test_an_author_is_split(void **state)
{
	struct cts_arena arena = {0};
	const char *name = NULL, *mail = NULL;

	(void)state;
	assert_int_equal(
		0, cts_author_split(&name, &mail, &arena, "Aroha Ngata <aroha@nzp.example>"));
	assert_string_equal(name, "Aroha Ngata");
	assert_string_equal(mail, "aroha@nzp.example");
	cts_arena_release(&arena);
}

static void test_what_is_no_author_is_refused(void **state)
{
	static const char *const texts[] = {"", "A", "<a@b>", " <a@b>", "A <>", "A<a@b>", "A <a@b",
		"A <a@b> ", "A a@b>", "A <a <b>>", "A\nB <a@b>", "A <a\n@b>", "A >x <a@b>",
		"A  <a@b>", "A < a@b>", ">", "<", "A <"};
	struct cts_arena arena = {0};
	const char *name = NULL, *mail = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (cts_author_split(&name, &mail, &arena, texts[i]) != CTS_EVALUE)
			fail_msg("'%s' was taken", texts[i]);
	assert_null(name);
	assert_non_null(cts_error_hint());
	cts_arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_change_is_written_and_read),
		cmocka_unit_test(test_what_is_no_change_is_refused),
		cmocka_unit_test(test_an_author_is_split),
		cmocka_unit_test(test_what_is_no_author_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
