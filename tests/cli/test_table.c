/* Tables: widths by columns of a terminal, fitting, wrapping, and rows that flow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/table.h"
#include "proto/text.h"

static const struct cts_column columns[] = {
	{.name = "id", .fixed = true},
	{.name = "n", .right = true},
	{.name = "title"},
};

static const char *draw(struct cts_out *out, const struct cts_column *c, size_t width,
	const char *const rows[][3], size_t count)
{
	struct cts_table table;

	cts_out_release(out);
	cts_out_init(out, -1, CTS_OUT_TEXT, CTS_WHEN_NEVER);
	out->width = width;
	cts_table_begin(&table, out, c, 3);
	for (size_t i = 0; i < count; i++)
		cts_table_row(&table, rows[i], CTS_STYLE_PLAIN);
	cts_table_end(&table);
	return cts_buf_text(&out->buf);
}

static void test_columns_are_aligned_by_display_width(void **state)
{
	static const char *const rows[][3] = {
		{"k\xc4\x81puia", "7", "a"}, {"x", "12", "\xe6\xbc\xa2\xe5\xad\x97"}};
	struct cts_out out = {0};

	(void)state;
	assert_string_equal(draw(&out, columns, 0, rows, 2),
		"id       n  title\n"
		"k\xc4\x81puia   7  a\n"
		"x       12  \xe6\xbc\xa2\xe5\xad\x97\n");
	cts_out_release(&out);
}

static void test_nothing_is_cut_without_a_terminal(void **state)
{
	static const char *const rows[][3] = {{"x", "1",
		"a title that goes on and on and on and on and on and on and on and on and on\nand on"}};
	struct cts_out out = {0};

	(void)state;
	assert_string_equal(draw(&out, columns, 0, rows, 1),
		"id  n  title\n"
		"x   1  a title that goes on and on and on and on and on and on and on and on and "
		"on and on\n");
	cts_out_release(&out);
}

static void test_the_widest_column_gives_way_and_ids_do_not(void **state)
{
	static const char *const rows[][3] = {
		{"an-id-that-people-copy", "1", "a title that is too long"}};
	struct cts_out out = {0};

	(void)state;
	assert_string_equal(draw(&out, columns, 38, rows, 1),
		"id                      n  title\n"
		"an-id-that-people-copy  1  a title th\xe2\x80\xa6\n");
	cts_out_release(&out);
}

static void test_a_wrapping_column_continues_below_itself(void **state)
{
	static const struct cts_column wrapping[] = {
		{.name = "id"}, {.name = "title", .wrap = true}, {.name = "n"}};
	static const char *const rows[][3] = {{"x", "one two three four", "1"}};
	struct cts_out out = {0};

	(void)state;
	assert_string_equal(draw(&out, wrapping, 18, rows, 1),
		"id  title        n\n"
		"x   one two      1\n"
		"    three four\n");
	cts_out_release(&out);
}

static void test_a_table_too_wide_for_the_window_is_written_in_blocks(void **state)
{
	static const char *const rows[][3] = {
		{"an-id-that-people-copy", "1", "a title that takes two lines"}, {"b", "", "c"}};
	struct cts_out out = {0};

	(void)state;
	assert_string_equal(draw(&out, columns, 30, rows, 2),
		"id     an-id-that-people-copy\n"
		"n      1\n"
		"title  a title that takes two\n"
		"       lines\n"
		"\n"
		"id     b\n"
		"title  c\n");
	cts_out_release(&out);
}

static void test_control_characters_are_made_visible(void **state)
{
	static const char *const rows[][3] = {{"x", "1", "red\033[31m\ttab"}};
	struct cts_out out = {0};
	const char *text;

	(void)state;
	text = draw(&out, columns, 0, rows, 1);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "\\x1b"));
	assert_null(strchr(text, '\t'));
	cts_out_release(&out);
}

static void test_a_table_without_rows_is_empty(void **state)
{
	struct cts_out out = {0};

	(void)state;
	assert_string_equal(draw(&out, columns, 0, NULL, 0), "");
	cts_out_release(&out);
}

static void test_later_rows_flow_with_the_widths_of_the_first(void **state)
{
	struct cts_out out = {0};
	struct cts_table table;
	size_t lines = 0;
	char id[32];

	(void)state;
	cts_out_init(&out, -1, CTS_OUT_TEXT, CTS_WHEN_NEVER);
	cts_table_begin(&table, &out, columns, 3);
	for (int i = 0; i < 3 * CTS_TABLE_LOOKAHEAD; i++) {
		snprintf(id, sizeof(id), "id-%05d", i);
		cts_table_row(&table, (const char *[]){id, "1", NULL}, CTS_STYLE_PLAIN);
	}
	cts_table_end(&table);
	for (size_t i = 0; i < out.buf.size; i++)
		lines += out.buf.data[i] == '\n';
	assert_int_equal(lines, 3 * CTS_TABLE_LOOKAHEAD + 1);
	assert_non_null(strstr(out.buf.data, "\nid-01499  1\n"));
	cts_out_release(&out);
}

static void test_any_text_in_any_width_keeps_within_it(void **state)
{
	static const struct cts_column wrapping[] = {
		{.name = "a"}, {.name = "b", .wrap = true}, {.name = "c"}};
	static const char *const rows[][3] = {
		{"\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97",
			"word \xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97 "
			"averyverylongwordthatcannotbebroken",
			"plain text here"},
		{"", "", ""}};
	struct cts_out out = {0};

	(void)state;
	for (size_t width = 30; width < 90; width++) {
		const char *text = draw(&out, wrapping, width, rows, 2);

		assert_true(cts_text_width(text) <= width);
	}
	cts_out_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_aligned_by_display_width),
		cmocka_unit_test(test_nothing_is_cut_without_a_terminal),
		cmocka_unit_test(test_the_widest_column_gives_way_and_ids_do_not),
		cmocka_unit_test(test_a_wrapping_column_continues_below_itself),
		cmocka_unit_test(test_a_table_too_wide_for_the_window_is_written_in_blocks),
		cmocka_unit_test(test_control_characters_are_made_visible),
		cmocka_unit_test(test_a_table_without_rows_is_empty),
		cmocka_unit_test(test_later_rows_flow_with_the_widths_of_the_first),
		cmocka_unit_test(test_any_text_in_any_width_keeps_within_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
