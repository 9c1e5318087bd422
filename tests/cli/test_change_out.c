/* Changes and edits as JSON and as text: every shape of an edit, and nothing hidden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/change_out.h"
#include "proto/record.h"

#define KEY "initiative/x"

static struct cts_arena arena;
static struct cts_out out;

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "Pacific/Auckland", 1);
	cts_out_init(&out, -1, CTS_OUT_TEXT, CTS_WHEN_NEVER);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cts_out_release(&out);
	cts_arena_release(&arena);
	return 0;
}

static struct cts_value list(const char *a, const char *b)
{
	return cts_value_with(&arena, cts_value_of(&arena, a), b);
}

static struct cts_edit edit(const char *field, const char *before, const char *after)
{
	return (struct cts_edit){
		field, cts_value_of(&arena, before), cts_value_of(&arena, after)};
}

static const char *text_of(struct cts_edit e)
{
	cts_buf_clear(&out.buf);
	cts_edit_put_text(&out, cts_schema_builtin(), KEY, &e, 2);
	return cts_buf_text(&out.buf);
}

static const char *json_of(struct cts_edit e)
{
	struct cts_jsonw json;

	cts_buf_clear(&out.buf);
	cts_jsonw_init(&json, &out.buf, true);
	cts_jsonw_object(&json, NULL);
	cts_edit_put_json(&json, cts_schema_builtin(), KEY, &e);
	cts_jsonw_end(&json);
	return cts_buf_text(&out.buf);
}

static void test_a_short_edit_is_one_line(void **state)
{
	(void)state;
	assert_string_equal(text_of(edit("title", "Grow", "Grow more")),
		"  initiative/x title: Grow -> Grow more\n");
}

static void test_a_list_shows_what_came_and_went(void **state)
{
	struct cts_edit e = {"leads", list("agency/a", "agency/b"), list("agency/b", "agency/c")};

	(void)state;
	assert_string_equal(text_of(e), "  initiative/x leads:\n"
					"    - agency/a\n"
					"    + agency/c\n");
}

static void test_a_long_text_shows_its_lines(void **state)
{
	(void)state;
	assert_string_equal(text_of(edit("overview", "one\ntwo\nthree", "one\n2\nthree\n\nfive")),
		"  initiative/x overview:\n"
		"    - two\n"
		"    + 2\n"
		"    + \n"
		"    + five\n");
}

static void test_a_conflict_settled_as_shown_has_nothing_to_compare(void **state)
{
	struct cts_edit e = {"leads", list("agency/a", "agency/b"), list("agency/a", "agency/b")};

	(void)state;
	assert_string_equal(text_of(e), "  initiative/x leads: stays as it is\n");
}

static void test_json_has_types_and_nulls(void **state)
{
	struct cts_edit e = {"leads", {0}, list("agency/a", "agency/b")};

	(void)state;
	assert_string_equal(json_of(edit("position", "", "3")),
		"{\"record\": \"initiative/x\", \"field\": \"position\", \"old\": null, \"new\": 3}");
	assert_string_equal(json_of(edit(CTS_DELETED, "false", "true")),
		"{\"record\": \"initiative/x\", \"field\": \"deleted\", \"old\": false, \"new\": true}");
	assert_string_equal(json_of(edit("fields/later", "", "{\n  \"a\": 1\n}")),
		"{\"record\": \"initiative/x\", \"field\": \"fields/later\", \"old\": null, \"new\": "
		"{\"a\": 1}}");
	assert_non_null(strstr(json_of(e), "\"old\": null, \"new\": [\"agency/a\", \"agency/b\"]}"));
}

static struct cts_change change_of(void)
{
	return (struct cts_change){
		.ref = {1, 12},
		.writer = "7f3a9c21d0b4e586",
		.agency = "nzp",
		.author = "Ana <ana@nzp.example>",
		.time = 1623749400,
		.received = 1623749460,
		.message = "Agreed at the hui.\n\nTwo lines.",
	};
}

static void test_a_change_in_text_tells_all_of_it(void **state)
{
	struct cts_edit edits[] = {edit("title", "", "Grow"), edit(CTS_DELETED, "", "false")};
	struct cts_record_edits records[] = {
		{.key = KEY, .edits = edits, .edit_count = 2, .created = true}};
	struct cts_change change = change_of();

	(void)state;
	cts_change_put_text(
		&out, cts_schema_builtin(), &change, CTS_CHANGE_PENDING, records, 1);
	assert_string_equal(cts_buf_text(&out.buf),
		"change 7f3a9c21d0b4e586.12  pending\n"
		"nzp  Ana <ana@nzp.example>  2021-06-15 21:30:00 +1200  received 2021-06-15 "
		"21:31:00 +1200\n"
		"    Agreed at the hui.\n"
		"\n"
		"    Two lines.\n"
		"  created initiative/x\n"
		"  initiative/x title: (unset) -> Grow\n");
}

static void test_a_change_in_json_has_every_member(void **state)
{
	static const char *const members[] = {"\"change\": \"7f3a9c21d0b4e586.12\"",
		"\"commit\": null", "\"state\": \"pending\"", "\"time\": \"2021-06-15T09:30:00Z\"",
		"\"received\": \"2021-06-15T09:31:00Z\"", "\"agency\": \"nzp\"",
		"\"author\": \"Ana <ana@nzp.example>\"",
		"\"message\": \"Agreed at the hui.\\n\\nTwo lines.\"", "\"edits\": []"};
	struct cts_change change = change_of();
	struct cts_jsonw json;

	(void)state;
	cts_jsonw_init(&json, &out.buf, true);
	cts_jsonw_object(&json, NULL);
	cts_change_put_json(&json, cts_schema_builtin(), &change, CTS_CHANGE_PENDING, NULL, 0);
	cts_jsonw_end(&json);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		assert_non_null(strstr(out.buf.data, members[i]));
}

static void test_control_characters_of_others_are_made_visible(void **state)
{
	struct cts_change change = change_of();

	(void)state;
	change.message = "\033[2Jgone";
	change.author = "\033[31mred <a@b>";
	cts_change_put_text(&out, cts_schema_builtin(), &change, CTS_CHANGE_PUSHED, NULL, 0);
	assert_null(strchr(out.buf.data, '\033'));
	assert_null(strchr(text_of(edit("title", "a", "\033b")), '\033'));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_short_edit_is_one_line),
		TEST(test_a_list_shows_what_came_and_went),
		TEST(test_a_long_text_shows_its_lines),
		TEST(test_a_conflict_settled_as_shown_has_nothing_to_compare),
		TEST(test_json_has_types_and_nulls),
		TEST(test_a_change_in_text_tells_all_of_it),
		TEST(test_a_change_in_json_has_every_member),
		TEST(test_control_characters_of_others_are_made_visible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
