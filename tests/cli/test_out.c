/* Answers in every format: JSON members, lists, csv and tsv cells, prose, and failed writes. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/dsv.h"
#include "cli/items.h"
#include "cli/progress.h"
#include "cli/record_out.h"
#include "proto/error.h"

static const struct cts_column columns[] = {{.name = "id"}, {.name = "note"}};

static void start(struct cts_out *out, enum cts_out_format format)
{
	cts_out_init(out, -1, format, CTS_WHEN_NEVER);
}

static void list(struct cts_out *out, enum cts_out_format format, int count)
{
	struct cts_items items;

	start(out, format);
	cts_items_begin(&items, out, columns, 2);
	for (int i = 0; i < count; i++) {
		if (cts_out_is_json(out)) {
			struct cts_jsonw *json = cts_items_object(&items);

			cts_jsonw_string(json, "id", "a");
			cts_jsonw_array(json, "list");
			cts_jsonw_int(json, NULL, -5);
			cts_jsonw_null(json, NULL);
			cts_jsonw_end(json);
			cts_jsonw_object(json, "empty");
			cts_jsonw_end(json);
			cts_items_object_end(&items);
		} else {
			cts_items_row(&items, (const char *[]){"a", "=1+1"});
		}
	}
	cts_items_end(&items);
}

static void test_json_lists_are_laid_out_and_versioned(void **state)
{
	struct cts_out out;

	(void)state;
	list(&out, CTS_OUT_JSON, 2);
	assert_string_equal(cts_buf_text(&out.buf),
		"{\n"
		"  \"schema_version\": 1,\n"
		"  \"items\": [\n"
		"    {\n"
		"      \"id\": \"a\",\n"
		"      \"list\": [\n"
		"        -5,\n"
		"        null\n"
		"      ],\n"
		"      \"empty\": {}\n"
		"    },\n"
		"    {\n"
		"      \"id\": \"a\",\n"
		"      \"list\": [\n"
		"        -5,\n"
		"        null\n"
		"      ],\n"
		"      \"empty\": {}\n"
		"    }\n"
		"  ]\n"
		"}\n");
	cts_out_release(&out);
	list(&out, CTS_OUT_JSON, 0);
	assert_string_equal(
		cts_buf_text(&out.buf), "{\n  \"schema_version\": 1,\n  \"items\": []\n}\n");
	cts_out_release(&out);
}

static void test_ndjson_is_one_item_a_line(void **state)
{
	struct cts_out out;

	(void)state;
	list(&out, CTS_OUT_NDJSON, 2);
	assert_string_equal(cts_buf_text(&out.buf),
		"{\"id\": \"a\", \"list\": [-5, null], \"empty\": {}}\n"
		"{\"id\": \"a\", \"list\": [-5, null], \"empty\": {}}\n");
	cts_out_release(&out);
	list(&out, CTS_OUT_NDJSON, 0);
	assert_string_equal(cts_buf_text(&out.buf), "");
	cts_out_release(&out);
}

static void test_csv_and_tsv_have_a_header_and_guard_formulas(void **state)
{
	struct cts_out out;

	(void)state;
	list(&out, CTS_OUT_CSV, 1);
	assert_string_equal(cts_buf_text(&out.buf), "id,note\na,\"'=1+1\"\n");
	cts_out_release(&out);
	list(&out, CTS_OUT_TSV, 1);
	assert_string_equal(cts_buf_text(&out.buf), "id\tnote\na\t'=1+1\n");
	cts_out_release(&out);
}

static void assert_cell(char separator, const char *text, bool raw, const char *expected)
{
	struct cts_buf buf = {0};

	cts_dsv_put_cell(&buf, separator, text, raw);
	assert_string_equal(cts_buf_text(&buf), expected);
	cts_buf_release(&buf);
}

static void test_cells_are_quoted_where_they_must_be(void **state)
{
	(void)state;
	assert_cell(',', "plain", false, "plain");
	assert_cell(',', "", false, "");
	assert_cell(',', "a,b", false, "\"a,b\"");
	assert_cell(',', "say \"hi\"", false, "\"say \"\"hi\"\"\"");
	assert_cell(',', "two\nlines", false, "\"two\nlines\"");
	assert_cell(',', "-5", false, "-5");
	assert_cell(',', "-5+cmd", false, "\"'-5+cmd\"");
	assert_cell(',', "@SUM(A1)", false, "\"'@SUM(A1)\"");
	assert_cell(',', "\t=x", false, "\"'\t=x\"");
	assert_cell(',', "=x", true, "=x");
	assert_cell('\t', "a\tb\nc\\d", false, "a\\tb\\nc\\\\d");
}

static void test_raw_json_is_laid_out_again(void **state)
{
	struct cts_buf buf = {0};
	struct cts_jsonw json;

	(void)state;
	cts_jsonw_init(&json, &buf, false);
	cts_jsonw_object(&json, NULL);
	cts_jsonw_raw(&json, "x", "{\n  \"a\": [\n    1,\n    2\n  ]\n}\n");
	cts_jsonw_end(&json);
	assert_string_equal(buf.data,
		"{\n  \"x\": {\n    \"a\": [\n      1,\n      2\n    ]\n  }\n}");
	cts_buf_clear(&buf);
	cts_jsonw_init(&json, &buf, true);
	cts_jsonw_raw(&json, NULL, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": \"x\\ny\"\n}\n");
	assert_string_equal(buf.data, "{\"a\": [1, 2], \"b\": \"x\\ny\"}");
	cts_buf_release(&buf);
}

static void test_prose_wraps_and_keeps_examples(void **state)
{
	struct cts_out out;

	(void)state;
	start(&out, CTS_OUT_TEXT);
	out.width = 30;
	cts_out_paragraphs(&out, "one two three four five\nsix seven eight\n\n  kept  as  it is\nend", 2);
	assert_string_equal(cts_buf_text(&out.buf),
		"  one two three four five six\n"
		"  seven eight\n"
		"\n"
		"    kept  as  it is\n"
		"  end\n");
	cts_out_release(&out);
}

static void test_a_marking_is_shown_as_on_paper(void **state)
{
	const struct cts_kind *kind = cts_schema_kind(cts_schema_builtin(), "milestone");
	struct cts_arena arena = {0};
	struct cts_value value = cts_value_of(&arena, "in_confidence");

	(void)state;
	assert_string_equal(cts_value_shown(&arena, cts_kind_field(kind, "classification"), value, ""),
		"IN-CONFIDENCE");
	value = cts_value_of(&arena, "in_progress");
	assert_string_equal(
		cts_value_shown(&arena, cts_kind_field(kind, "status"), value, ""), "in_progress");
	cts_arena_release(&arena);
}

static void test_a_record_is_shown_with_its_conflict(void **state)
{
	const struct cts_kind *kind = cts_schema_kind(cts_schema_builtin(), "milestone");
	struct cts_record record;
	struct cts_side sides[2] = {
		{.agency = "nzp", .author = "A <a@b>", .time = 1623749400},
		{.agency = "dpmc", .author = "C <c@d>", .time = 1623749401}};
	struct cts_conflict conflict = {.field = "due", .sides = sides, .side_count = 2};
	struct cts_jsonw json;
	struct cts_out out;

	(void)state;
	setenv("TZ", "Pacific/Auckland", 1);
	cts_record_init(&record, kind, "x");
	cts_record_set(&record, cts_kind_field(kind, "parent"), cts_value_of(&record.arena, "workstream/w"));
	cts_record_set(&record, cts_kind_field(kind, "due"), cts_value_of(&record.arena, "Q3 2021"));
	sides[0].value = cts_value_of(&record.arena, "Q3 2021");
	record.conflicts = &conflict;
	record.conflict_count = 1;
	start(&out, CTS_OUT_TEXT);
	cts_record_put_text(&out, &record);
	assert_string_equal(cts_buf_text(&out.buf),
		"milestone/x\n"
		"  parent:  workstream/w\n"
		"  due:     Q3 2021\n"
		"\n"
		"conflict in milestone/x due\n"
		"  1  nzp  A <a@b>  2021-06-15 21:30:00 +1200  shown\n"
		"     Q3 2021\n"
		"  2  dpmc  C <c@d>  2021-06-15 21:30:01 +1200\n"
		"     (unset)\n");
	cts_out_release(&out);
	start(&out, CTS_OUT_NDJSON);
	cts_answer_begin(&json, &out);
	cts_conflict_put_json(&json, &record, &conflict, true, NULL, NULL);
	cts_answer_end(&json, &out);
	assert_string_equal(cts_buf_text(&out.buf),
		"{\"schema_version\": 1, \"record\": \"milestone/x\", \"field\": \"due\", \"shown\": "
		"\"Q3 2021\", \"sides\": [{\"value\": \"Q3 2021\", \"agency\": \"nzp\", \"author\": \"A "
		"<a@b>\", \"time\": \"2021-06-15T09:30:00Z\", \"commit\": null}, {\"value\": null, "
		"\"agency\": \"dpmc\", \"author\": \"C <c@d>\", \"time\": \"2021-06-15T09:30:01Z\", "
		"\"commit\": null}]}\n");
	cts_out_release(&out);
	cts_record_release(&record);
}

static void test_a_full_disk_is_told_at_the_end(void **state)
{
	struct cts_out out;
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	assert_true(fd >= 0);
	cts_out_init(&out, fd, CTS_OUT_TEXT, CTS_WHEN_AUTO);
	cts_out_puts(&out, "answer\n");
	assert_int_equal(cts_out_finish(&out), CTS_ENOSPACE);
	cts_out_release(&out);
	close(fd);
}

static void test_a_closed_descriptor_is_told_at_the_end(void **state)
{
	struct cts_out out;
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	cts_out_init(&out, fd, CTS_OUT_TEXT, CTS_WHEN_AUTO);
	cts_out_puts(&out, "answer\n");
	assert_int_equal(cts_out_finish(&out), CTS_EIO);
	cts_out_release(&out);
	close(fd);
}

static void test_formats_that_a_command_lacks_are_refused(void **state)
{
	enum cts_out_format format = CTS_OUT_TEXT;

	(void)state;
	assert_int_equal(cts_out_format_parse(&format, CTS_OUT_READS, "ndjson"), 0);
	assert_int_equal(format, CTS_OUT_NDJSON);
	assert_int_equal(cts_out_format_parse(&format, CTS_OUT_READS, "csv"), CTS_EUSAGE);
	assert_string_equal(cts_error_hint(), "-o takes one of: text, json, ndjson");
	assert_int_equal(format, CTS_OUT_NDJSON);
}

static void test_progress_tells_count_rate_and_time_left(void **state)
{
	struct cts_progress_bar bar = {
		.what = "importing", .done = 5000, .total = 20000, .started_ms = 1000};
	struct cts_buf line = {0};

	(void)state;
	cts_progress_line(&line, &bar, 2000, 200);
	assert_string_equal(line.data,
		"importing [######..................]  25%  5000/20000  5000/s  3s left");
	cts_buf_clear(&line);
	cts_progress_line(&line, &bar, 2000, 20);
	assert_string_equal(line.data, "importing [######...");
	bar.is_guess = true;
	cts_buf_clear(&line);
	cts_progress_line(&line, &bar, 2000, 200);
	assert_string_equal(
		line.data, "importing [######..................]  25%  5000  5000/s  3s left");
	bar.total = 0;
	cts_buf_clear(&line);
	cts_progress_line(&line, &bar, 1000, 200);
	assert_string_equal(line.data, "importing 5000");
	cts_buf_release(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_lists_are_laid_out_and_versioned),
		cmocka_unit_test(test_ndjson_is_one_item_a_line),
		cmocka_unit_test(test_csv_and_tsv_have_a_header_and_guard_formulas),
		cmocka_unit_test(test_cells_are_quoted_where_they_must_be),
		cmocka_unit_test(test_raw_json_is_laid_out_again),
		cmocka_unit_test(test_prose_wraps_and_keeps_examples),
		cmocka_unit_test(test_a_marking_is_shown_as_on_paper),
		cmocka_unit_test(test_a_record_is_shown_with_its_conflict),
		cmocka_unit_test(test_a_full_disk_is_told_at_the_end),
		cmocka_unit_test(test_a_closed_descriptor_is_told_at_the_end),
		cmocka_unit_test(test_formats_that_a_command_lacks_are_refused),
		cmocka_unit_test(test_progress_tells_count_rate_and_time_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
