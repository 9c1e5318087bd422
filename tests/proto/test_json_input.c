/* JSON that people hand in: what is accepted in any layout, and what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/error.h"
#include "proto/json.h"
#include "tests/support/records.h"
#include "tests/support/schemas.h"

static struct cts_schema *garden;
static struct dice dice;

static int set_up(void **state)
{
	struct cts_buf bytes = {0};
	int rc = schemas_make_dir(state);

	if (rc < 0)
		return rc;
	schemas_compile(&bytes, SCHEMAS_DATA_DIR, "garden.proto");
	garden = schemas_load(&bytes);
	cts_buf_release(&bytes);
	dice = dice_of_run();
	return 0;
}

static int tear_down(void **state)
{
	cts_schema_free(garden);
	return schemas_remove_dir(state);
}

/* The objects as "KIND/ID NAMED=ITEM,ITEM ..."; the error's text when there is one. */
static const char *told_by(struct cts_json_input *input, const char *default_kind)
{
	static char text[4096];
	struct cts_record record;
	size_t at = 0;
	bool *named;
	int rc;

	text[0] = '\0';
	cts_record_init(&record, cts_schema_kind_at(garden, 0), "");
	while ((rc = cts_json_input_next(input, &record, &named, garden, default_kind)) == 1) {
		at += (size_t)sprintf(text + at, "%s/%s", record.kind->name, record.id);
		for (size_t i = 0; i < record.kind->field_count; i++) {
			if (!named[i])
				continue;
			at += (size_t)sprintf(text + at, " %s=", record.kind->fields[i].name);
			for (size_t j = 0; j < record.values[i].count; j++)
				at += (size_t)sprintf(
					text + at, "%s%s", j ? "," : "", record.values[i].items[j]);
		}
		at += (size_t)sprintf(text + at, ";");
	}
	if (rc < 0)
		snprintf(text, sizeof(text), "%s", cts_error_message(rc));
	cts_record_release(&record);
	return text;
}

static void check(const char *wanted, const char *text)
{
	struct cts_json_input *input = NULL;
	int rc = cts_json_input_open(&input, "f.json", text, strlen(text));

	assert_string_equal(rc < 0 ? cts_error_message(rc) : told_by(input, "plant"), wanted);
	cts_json_input_free(input);
}

static void check_lines(const char *wanted, const char *text)
{
	struct cts_json_input *input = NULL;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	close(ends[1]);
	assert_int_equal(0, cts_json_input_open_lines(&input, "f.ndjson", ends[0]));
	assert_string_equal(told_by(input, NULL), wanted);
	cts_json_input_free(input);
	close(ends[0]);
}

static void test_one_object_an_array_or_items_are_read(void **state)
{
	(void)state;
	check("plant/a evergreen=true;", "{\"id\":\"a\",\"fields\":{\"evergreen\":true}}");
	check("plant/a;bed/b;", "[{\"id\":\"a\"},\n{\"kind\":\"bed\",\"id\":\"b\"}]");
	check("plant/a;", "{\"schema_version\":1,\"items\":[{\"id\":\"a\",\"hash\":\"x\","
			  "\"conflicts\":[1]}]}");
	check("plant/;", "\xef\xbb\xbf \r\n{}");
	check("", "[]");
}

static void test_every_type_is_read_and_defaults_clear(void **state)
{
	(void)state;
	check("plant/ latin=A b evergreen=true height=-5 planted=7 leaves=8 season=summer "
	      "names=a,b heights=0,1 moods=false labels=x;",
		"{\"labels\":[\"x\"],\"fields\":{\"names\":[\"b\",\"a\",\"b\"],\"heights\":[0,1],"
		"\"moods\":[false],\"season\":\"summer\",\"leaves\":8,\"planted\":\"7\","
		"\"height\":-5,\"evergreen\":true,\"latin\":\"\\u0041 b\"}}");
	check("plant/ latin= evergreen= height= season= names= classification=;",
		"{\"classification\":null,\"fields\":{\"latin\":\"\",\"evergreen\":false,"
		"\"height\":-0,"
		"\"season\":\"unspecified\",\"names\":[]}}");
}

static void test_a_refusal_names_file_line_and_member(void **state)
{
	(void)state;
	check("f.json: line 1, column 1: the text ends too early", "");
	check("f.json: line 2, column 3: not an object", "[{},\n  1]");
	check("f.json: line 1, column 10: 'items' is not an array", "{\"items\":1}");
	check("f.json: line 2, column 11: 'latin' must be a string",
		"{\"fields\":{\n\t \"latin\":5}}");
	check("f.json: line 1, column 21: 'height' must be a whole number",
		"{\"fields\":{\"height\":1.5}}");
	check("f.json: line 1, column 24: 'evergreen' must be true or false",
		"{\"fields\":{\"evergreen\":1}}");
	check("f.json: line 1, column 20: 'names' must be an array",
		"{\"fields\":{\"names\":\"a\"}}");
	check("f.json: line 1, column 20: 'latin' must be one value",
		"{\"fields\":{\"latin\":[]}}");
	check("f.json: line 1, column 10: 'latin' does not stand beside 'fields'",
		"{\"latin\":\"A b\"}");
	check("f.json: line 1, column 21: 'labels' does not stand in 'fields'",
		"{\"fields\":{\"labels\":[]}}");
	check("f.json: line 1, column 11: 'fields' must be an object", "{\"fields\":[]}");
	check("f.json: line 1, column 7: 'id' must be a string", "{\"id\":1}");
	check("f.json: line 1, column 18: member 'id' stands twice",
		"{\"id\":\"a\",  \"id\":\"b\"}");
	assert_null(strstr(cts_error_message(CTS_EVALUE), "\n"));
}

static void test_an_unknown_name_is_refused_with_the_nearest(void **state)
{
	struct cts_json_input *input = NULL;
	const char *text = "\n{\"fields\":{\"evergren\":true}}";

	(void)state;
	assert_int_equal(0, cts_json_input_open(&input, "f.json", text, strlen(text)));
	assert_non_null(strstr(told_by(input, "plant"), "f.json: line 2: "));
	assert_non_null(strstr(cts_error_message(CTS_EVALUE), "evergren"));
	assert_non_null(cts_error_hint());
	assert_non_null(strstr(cts_error_hint(), "evergreen"));
	cts_json_input_free(input);
	input = NULL;
	assert_int_equal(0, cts_json_input_open(&input, "f.json", "{}", 2));
	assert_string_equal(told_by(input, NULL), "f.json: line 1, column 1: 'kind' is missing");
	cts_json_input_free(input);
}

static void test_lines_are_read_one_by_one(void **state)
{
	(void)state;
	check_lines("bed/a;plant/b;",
		"{\"kind\":\"bed\",\"id\":\"a\"}\n\n  \r\n{\"id\":\"b\",\"kind\":\"plant\"}");
	check_lines("bed/a;", "\xef\xbb\xbf{\"kind\":\"bed\",\"id\":\"a\"}\r\n");
	check_lines("", "");
	check_lines(
		"f.ndjson: line 3, column 4: not JSON", "{\"kind\":\"bed\",\"id\":\"a\"}\n\n   t");
	check_lines("f.ndjson: line 1, column 15: neither a comma nor the end of an object",
		"{\"kind\":\"bed\" \n}");
}

static void test_a_line_longer_than_a_read_is_whole(void **state)
{
	struct cts_buf text = {0};
	struct cts_json_input *input;
	struct cts_record record;
	bool *named;
	FILE *file = tmpfile();

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		cts_buf_puts(&text, "{\"kind\":\"bed\",\"id\":\"x\",\"fields\":{\"name\":\"");
		for (size_t j = 0; j < 100000; j++)
			cts_buf_putc(&text, (char)('a' + i));
		cts_buf_puts(&text, "\"}}\n");
	}
	assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
	rewind(file);
	cts_record_init(&record, cts_schema_kind_at(garden, 0), "");
	assert_int_equal(0, cts_json_input_open_lines(&input, "f", fileno(file)));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(1, cts_json_input_next(input, &record, &named, garden, NULL));
		assert_int_equal(strlen(cts_record_text(&record, "name")), 100000);
		assert_int_equal(cts_record_text(&record, "name")[99999], 'a' + i);
	}
	assert_int_equal(0, cts_json_input_next(input, &record, &named, garden, NULL));
	cts_json_input_free(input);
	cts_record_release(&record);
	cts_buf_release(&text);
	fclose(file);
}

/* What the mirror holds can be handed in again. */
static void test_canonical_text_is_good_input(void **state)
{
	(void)state;
	for (size_t i = 0; i < 300; i++) {
		const struct cts_kind *kind = cts_schema_kind_at(garden, i % 2);
		struct cts_json_input *input;
		struct cts_record record, read;
		struct cts_buf text = {0};
		bool *named;

		dice_record(&record, &dice, kind, false);
		cts_json_encode(&text, &record);
		assert_int_equal(0, cts_json_input_open(&input, "f", text.data, text.size));
		cts_record_init(&read, kind, "");
		assert_int_equal(1, cts_json_input_next(input, &read, &named, garden, NULL));
		assert_true(cts_record_equal(&record, &read));
		for (size_t j = 0; j < kind->field_count; j++)
			assert_int_equal(named[j], record.values[j].count > 0);
		cts_json_input_free(input);
		for (size_t j = 0; j < text.size; j += 7) {
			char old = text.data[j];

			text.data[j] = (char)dice_below(&dice, 256);
			if (cts_json_input_open(&input, "f", text.data, text.size) == 0) {
				while (cts_json_input_next(input, &read, &named, garden, NULL) == 1)
					continue;
				cts_json_input_free(input);
			}
			text.data[j] = old;
		}
		cts_record_release(&record);
		cts_record_release(&read);
		cts_buf_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_object_an_array_or_items_are_read),
		cmocka_unit_test(test_every_type_is_read_and_defaults_clear),
		cmocka_unit_test(test_a_refusal_names_file_line_and_member),
		cmocka_unit_test(test_an_unknown_name_is_refused_with_the_nearest),
		cmocka_unit_test(test_lines_are_read_one_by_one),
		cmocka_unit_test(test_a_line_longer_than_a_read_is_whole),
		cmocka_unit_test(test_canonical_text_is_good_input),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
