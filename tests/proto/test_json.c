/*
 * Canonical JSON: round trips over random records, the same bytes as Python's json.dumps, a frozen
 * text, and everything that the strict reader must refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/error.h"
#include "proto/json.h"
#include "tests/support/records.h"
#include "tests/support/schemas.h"

#define ID "nzp.first-hui-x7k2q"

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

static const struct cts_schema *schema_at(size_t i)
{
	return i ? garden : cts_schema_builtin();
}

static void check_round_trip(const struct cts_schema *schema, const struct cts_kind *kind)
{
	struct cts_record record, read;
	struct cts_buf text = {0}, again = {0};
	struct cts_oid hash;
	int rc;

	dice_record(&record, &dice, kind, true);
	cts_json_encode(&text, &record);
	hash = cts_json_hash(&record);
	rc = cts_json_decode(&read, schema, kind->name, ID, text.data, text.size);
	if (rc < 0)
		fail_msg("%s\n%s", cts_error_message(rc), text.data);
	for (size_t i = 0; i < kind->field_count; i++)
		assert_true(cts_value_equal(record.values[i], read.values[i]));
	assert_int_equal(record.unknown_count, read.unknown_count);
	for (size_t i = 0; i < record.unknown_count; i++)
		assert_string_equal(record.unknown[i].json, read.unknown[i].json);
	assert_int_equal(record.conflict_count, read.conflict_count);
	for (size_t i = 0; i < record.conflict_count; i++)
		assert_string_equal(record.conflicts[i].field, read.conflicts[i].field);
	cts_record_release(&record);
	cts_json_encode(&again, &read);
	assert_string_equal(again.data, text.data);
	assert_true(cts_oid_equal(&hash, &(struct cts_oid){.bytes = {0}}) == false);
	assert_true(memcmp(cts_json_hash(&read).bytes, hash.bytes, CTS_OID_SIZE) == 0);
	cts_record_release(&read);
	cts_buf_release(&text);
	cts_buf_release(&again);
}

static void test_any_record_survives_its_text(void **state)
{
	(void)state;
	for (size_t s = 0; s < 2; s++)
		for (size_t k = 0; k < cts_schema_kind_count(schema_at(s)); k++)
			for (size_t i = 0; i < 60; i++)
				check_round_trip(schema_at(s), cts_schema_kind_at(schema_at(s), k));
}

/* Python is the independent writer. */
static void test_python_writes_the_same_bytes(void **state)
{
	static const char script[] = "import json, sys\n"
				     "for text in open(sys.argv[1], encoding='utf-8', "
				     "newline='').read().split('\\f')[:-1]:\n"
				     "    again = json.dumps(json.loads(text), sort_keys=True, "
				     "indent=2, ensure_ascii=False)\n"
				     "    assert again + '\\n' == text, text\n";
	struct cts_buf all = {0};

	(void)state;
	for (size_t i = 0; i < 400; i++) {
		const struct cts_schema *schema = schema_at(i % 2);
		struct cts_record record;

		dice_record(&record, &dice,
			cts_schema_kind_at(
				schema, dice_below(&dice, cts_schema_kind_count(schema))),
			true);
		cts_json_encode(&all, &record);
		cts_buf_putc(&all, '\f');
		cts_record_release(&record);
	}
	schemas_write_file(schemas_path("all.json"), all.data, all.size);
	schemas_write_file(schemas_path("same.py"), script, sizeof(script) - 1);
	schemas_run("/usr/bin/python3 %s %s", schemas_path("same.py"), schemas_path("all.json"));
	cts_buf_release(&all);
}

/* Frozen by CTS_FORMAT. */
static const char plant[] = "{\n"
			    "  \"classification\": \"in_confidence\",\n"
			    "  \"conflicts\": [\n"
			    "    {\n"
			    "      \"field\": \"height\",\n"
			    "      \"sides\": [\n"
			    "        {\n"
			    "          \"agency\": \"nzp\",\n"
			    "          \"author\": \"A <a@b>\",\n"
			    "          \"commit\": \"0100000000000000000000000000000000000000\",\n"
			    "          \"time\": \"2021-06-15T09:30:00Z\",\n"
			    "          \"value\": 12\n"
			    "        },\n"
			    "        {\n"
			    "          \"agency\": \"dpmc\",\n"
			    "          \"author\": \"B <b@c>\",\n"
			    "          \"commit\": \"0200000000000000000000000000000000000000\",\n"
			    "          \"time\": \"2021-06-15T09:30:01Z\"\n"
			    "        }\n"
			    "      ]\n"
			    "    },\n"
			    "    {\n"
			    "      \"field\": \"new\",\n"
			    "      \"sides\": [\n"
			    "        {\n"
			    "          \"commit\": \"0100000000000000000000000000000000000000\",\n"
			    "          \"sha256\": "
			    "\"74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b\"\n"
			    "        },\n"
			    "        {\n"
			    "          \"agency\": \"dpmc\",\n"
			    "          \"author\": \"B <b@c>\",\n"
			    "          \"commit\": \"0200000000000000000000000000000000000000\",\n"
			    "          \"time\": \"2021-06-15T09:30:01Z\",\n"
			    "          \"value\": {\n"
			    "            \"a\": [\n"
			    "              1\n"
			    "            ]\n"
			    "          }\n"
			    "        }\n"
			    "      ]\n"
			    "    }\n"
			    "  ],\n"
			    "  \"fields\": {\n"
			    "    \"evergreen\": true,\n"
			    "    \"height\": 12,\n"
			    "    \"leaves\": \"18446744073709551615\",\n"
			    "    \"names\": [\n"
			    "      \"a \\\"b\\\" \\\\ \\n\\t/\",\n"
			    "      \"ā\"\n"
			    "    ],\n"
			    "    \"new\": {\n"
			    "      \"a\": [\n"
			    "        1\n"
			    "      ]\n"
			    "    },\n"
			    "    \"season\": \"summer\"\n"
			    "  },\n"
			    "  \"id\": \"x\",\n"
			    "  \"kind\": \"plant\",\n"
			    "  \"labels\": [\n"
			    "    \"k=v\"\n"
			    "  ],\n"
			    "  \"later\": null\n"
			    "}\n";

static void test_the_frozen_text_is_read_and_written(void **state)
{
	const struct cts_conflict *conflict;
	struct cts_record record;
	struct cts_buf text = {0};
	int rc = cts_json_decode(&record, garden, "plant", "x", plant, sizeof(plant) - 1);

	(void)state;
	if (rc < 0)
		fail_msg("%s", cts_error_message(rc));
	assert_string_equal(cts_record_text(&record, "classification"), "in_confidence");
	assert_string_equal(cts_record_text(&record, "height"), "12");
	assert_string_equal(cts_record_text(&record, "evergreen"), "true");
	assert_int_equal(record.unknown_count, 2);
	assert_string_equal(record.unknown[0].name, "later");
	assert_string_equal(record.unknown[1].json, "{\n  \"a\": [\n    1\n  ]\n}");
	conflict = cts_record_conflict(&record, "height");
	assert_non_null(conflict);
	assert_int_equal(conflict->sides[0].time, 1623749400);
	assert_int_equal(conflict->sides[1].value.count, 0);
	conflict = cts_record_conflict(&record, "fields/new");
	assert_non_null(conflict);
	assert_string_equal(conflict->sides[0].agency, "");
	assert_non_null(conflict->sides[0].sha256);
	assert_string_equal(cts_value_text(conflict->sides[1].value), record.unknown[1].json);
	cts_json_encode(&text, &record);
	assert_string_equal(text.data, plant);
	cts_buf_release(&text);
	cts_record_release(&record);
}

static void test_a_long_side_and_a_late_one_stand_by_hash(void **state)
{
	const struct cts_kind *kind = cts_schema_kind(garden, "bed");
	char longest[4095 + 2], hex[2 * CTS_SHA256_SIZE + 1];
	struct cts_side sides[17] = {{.agency = NULL}};
	struct cts_conflict conflict = {.field = "name", .sides = sides, .side_count = 17};
	struct cts_record record;
	struct cts_buf text = {0}, value = {0};
	uint8_t digest[CTS_SHA256_SIZE];

	(void)state;
	cts_record_init(&record, kind, "x");
	record.conflicts = &conflict;
	record.conflict_count = 1;
	memset(longest, 'x', sizeof(longest));
	longest[4095] = '\0'; /* 4097 bytes with its quotes */
	for (size_t i = 0; i < 17; i++) {
		sides[i].agency = "nzp";
		sides[i].author = "A <a@b>";
		sides[i].commit.bytes[0] = (uint8_t)(i + 1);
	}
	sides[0].value = cts_value_of(&record.arena, longest);
	sides[1].value = cts_value_of(&record.arena, longest + 1);
	cts_json_encode(&text, &record);
	cts_json_put_string(&value, longest);
	cts_sha256(digest, value.data, value.size);
	assert_non_null(strstr(text.data, cts_hex_format(hex, digest, sizeof(digest))));
	assert_non_null(strstr(text.data, longest + 1)); /* 4096 bytes with its quotes */
	cts_sha256(digest, "null", 4);
	assert_non_null(strstr(text.data, cts_hex_format(hex, digest, sizeof(digest))));
	assert_null(strstr(strstr(text.data, hex) + 1, hex)); /* the 17th only */
	cts_record_release(&record);

	assert_int_equal(0, cts_json_decode(&record, garden, "bed", "x", text.data, text.size));
	assert_int_equal(record.conflicts[0].sides[0].value.count, 0);
	assert_string_equal(record.conflicts[0].sides[16].sha256, hex);
	cts_record_release(&record);
	cts_buf_release(&text);
	cts_buf_release(&value);
}

/* A file of an older store: what it wrote without knowing a member, a newer one writes the same. */
static void test_a_conflict_has_one_text_whether_its_field_is_known_or_not(void **state)
{
	struct cts_buf bytes = {0}, old_text = {0}, new_text = {0};
	struct cts_schema *older;
	struct cts_record record;
	int rc;

	(void)state;
	schemas_compile_text(&bytes,
		"message Plant { option (ctsync.kind).name = \"plant\"; bool evergreen = 3; }");
	older = schemas_load(&bytes);
	for (size_t i = 0; i < 200; i++) {
		dice_record(&record, &dice, cts_schema_kind(garden, "plant"), true);
		cts_buf_clear(&new_text);
		cts_buf_clear(&old_text);
		cts_json_encode(&new_text, &record);
		cts_record_release(&record);
		rc = cts_json_decode(&record, older, "plant", ID, new_text.data, new_text.size);
		if (rc < 0)
			fail_msg("%s\n%s", cts_error_message(rc), new_text.data);
		cts_json_encode(&old_text, &record);
		assert_string_equal(old_text.data, new_text.data);
		cts_record_release(&record);
	}
	cts_schema_free(older);
	cts_buf_release(&bytes);
	cts_buf_release(&old_text);
	cts_buf_release(&new_text);
}

/* ---- refusals ---------------------------------------------------------------------------------
 */

static void refuse(const char *text)
{
	struct cts_record record;

	if (cts_json_decode(&record, garden, "plant", "x", text, strlen(text)) != CTS_EINTEGRITY)
		fail_msg("taken: %s", text);
}

/* A record with one member of "fields", which stands alone in its line. */
static int decode_field(const char *member)
{
	char text[2048];
	struct cts_record record;
	int rc;

	snprintf(text, sizeof(text),
		"{\n  \"fields\": {\n    %s\n  },\n  \"id\": \"x\",\n  \"kind\": \"plant\"\n}\n",
		member);
	rc = cts_json_decode(&record, garden, "plant", "x", text, strlen(text));
	if (rc == 0)
		cts_record_release(&record);
	return rc;
}

static void test_values_of_fields_are_held_to_their_type(void **state)
{
	static const char *const taken[] = {"\"height\": -2147483648", "\"seeds\": 4294967295",
		"\"planted\": \"-9223372036854775808\"", "\"cells\": \"18446744073709551615\"",
		"\"moods\": [\n      false,\n      true\n    ]", "\"heights\": [\n      0\n    ]",
		"\"new\": -12345678901234567890123"};
	static const char *const refused[] = {"\"height\": 0", "\"height\": -0", "\"height\": 1.0",
		"\"height\": 1e2", "\"height\": 01", "\"height\": \"1\"", "\"height\": 2147483648",
		"\"height\": -2147483649", "\"height\": true", "\"height\": null",
		"\"height\": [\n      1\n    ]", "\"seeds\": -1", "\"seeds\": 4294967296",
		"\"planted\": 1", "\"planted\": \"01\"", "\"planted\": \"+1\"",
		"\"planted\": \"9223372036854775808\"", "\"planted\": \"\"", "\"planted\": \"-0\"",
		"\"planted\": \" 1\"", "\"leaves\": \"-1\"", "\"leaves\": \"18446744073709551616\"",
		"\"leaves\": \"0\"", "\"evergreen\": false", "\"evergreen\": 1",
		"\"evergreen\": \"true\"", "\"season\": \"winter\"", "\"season\": 2",
		"\"season\": \"Summer\"", "\"season\": \"unspecified\"", "\"season\": \"\"",
		"\"latin\": \"\"", "\"latin\": 1", "\"latin\": [\n      \"a\"\n    ]",
		"\"names\": []", "\"names\": \"a\"", "\"names\": [\n      \"\"\n    ]",
		"\"names\": [\n      \"b\",\n      \"a\"\n    ]",
		"\"names\": [\n      \"a\",\n      \"a\"\n    ]", "\"names\": [\"a\"]",
		"\"new\": 1.5", "\"new\": -0", "\"new\": {\n      \"b\": 1,\n      \"a\": 2\n    }",
		"\"new\": {\n      \"a\": 1,\n      \"a\": 1\n    }", "\"new\": [ ]", "\"\": 1",
		"\"latin\": \"\\u0041\"", "\"latin\": \"\\/\"", "\"latin\": \"\\u0000\"",
		"\"latin\": \"\\u0001\"", "\"latin\": \"\\ud800\"", "\"latin\": \"\\udc00\"",
		"\"latin\": \"\\ud83c\\udf31\"", "\"latin\": \"\x7f\"", "\"latin\": \"\xff\"",
		"\"latin\": \"a\xcc\x84\"", "\"latin\": \"\xe2\x80\xae\"", "\"latin\": \"\t\"",
		"\"latin\": \"a\",\n    \"latin\": \"a\"",
		"\"latin\": \"b\",\n    \"evergreen\": true",
		"\"new\": [\n      [\n        [\n          [\n            [\n              [\n     "
		"           [\n"
		"                  1\n                ]\n              ]\n            ]\n          "
		"]\n        ]\n"
		"      ]\n    ]"};

	(void)state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		int rc = decode_field(taken[i]);

		if (rc < 0)
			fail_msg("%s: %s", taken[i], cts_error_message(rc));
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (decode_field(refused[i]) != CTS_EINTEGRITY)
			fail_msg("taken: %s", refused[i]);
}

static void test_other_layouts_and_envelopes_are_refused(void **state)
{
	(void)state;
	assert_int_equal(0, decode_field("\"height\": 1"));
	refuse("");
	refuse("null\n");
	refuse("[]\n");
	refuse("{}\n");
	refuse("{\"fields\": {}, \"id\": \"x\", \"kind\": \"plant\"}\n");
	refuse("{\n  \"fields\": {},\n  \"id\": \"y\",\n  \"kind\": \"plant\"\n}\n");
	refuse("{\n  \"fields\": {},\n  \"id\": \"x\",\n  \"kind\": \"bed\"\n}\n");
	refuse("{\n  \"fields\": {},\n  \"id\": 1,\n  \"kind\": \"plant\"\n}\n");
	refuse("{\n  \"fields\": {},\n  \"kind\": \"plant\"\n}\n");
	refuse("{\n  \"id\": \"x\",\n  \"kind\": \"plant\"\n}\n");
	refuse("{\n  \"fields\": [],\n  \"id\": \"x\",\n  \"kind\": \"plant\"\n}\n");
	refuse("{\n  \"id\": \"x\",\n  \"fields\": {},\n  \"kind\": \"plant\"\n}\n");
	refuse("{\n  \"fields\": {},\n  \"id\": \"x\",\n  \"kind\": \"plant\"\n}");
	refuse("{\n  \"fields\": {},\n  \"id\": \"x\",\n  \"kind\": \"plant\"\n}\n\n");
	refuse("{\n  \"fields\": {},\n  \"id\": \"x\",\n  \"kind\": \"plant\"\n}\n{}");
	refuse("{\r\n  \"fields\": {},\r\n  \"id\": \"x\",\r\n  \"kind\": \"plant\"\r\n}\r\n");
	refuse("\xef\xbb\xbf{\n  \"fields\": {},\n  \"id\": \"x\",\n  \"kind\": \"plant\"\n}\n");
	refuse("{\n  \"conflicts\": [],\n  \"fields\": {},\n  \"id\": \"x\",\n  \"kind\": "
	       "\"plant\"\n}\n");
	refuse("{\n  \"conflicts\": {},\n  \"fields\": {},\n  \"id\": \"x\",\n  \"kind\": "
	       "\"plant\"\n}\n");
}

/* The frozen text with one piece replaced. */
static void refuse_changed(const char *old, const char *new)
{
	const char *at = strstr(plant, old);
	struct cts_buf text = {0};

	assert_non_null(at);
	cts_buf_put(&text, plant, (size_t)(at - plant));
	cts_buf_puts(&text, new);
	cts_buf_puts(&text, at + strlen(old));
	refuse(text.data);
	cts_buf_release(&text);
}

static void test_conflicts_are_held_to_their_form(void **state)
{
	(void)state;
	refuse_changed("\"field\": \"height\"", "\"field\": \"heights\"");
	refuse_changed("\"field\": \"height\"", "\"field\": \"zzz\"");
	refuse_changed("\"field\": \"height\"", "\"feld\": \"height\"");
	refuse_changed("\"value\": 12\n", "\"value\": \"12\"\n");
	refuse_changed("\"value\": 12\n", "\"value\": 0\n");
	refuse_changed("\"value\": 12\n", "\"velue\": 12\n");
	refuse_changed("09:30:00Z", "09:30:00");
	refuse_changed("2021-06-15T", "2021-06-31T");
	refuse_changed("\"commit\": \"01", "\"commit\": \"0A");
	refuse_changed("\"commit\": \"01", "\"commit\": \"03");
	refuse_changed("\"commit\": \"01", "\"commit\": \"02");
	refuse_changed("\"commit\": \"01", "\"commit\": \"0");
	refuse_changed("\"agency\": \"nzp\",\n          ", "");
	refuse_changed("\"author\": \"A <a@b>\",\n          ", "");
	refuse_changed("74234e98", "74234E98");
	refuse_changed("74234e98", "74234e9");
	refuse_changed("2b90b\"\n", "2b90b\",\n          \"value\": 1\n");
	refuse_changed("\"sides\": [\n        {\n          \"agency\": \"nzp\"",
		"\"sides\": 1, \"x\": [\n        {\n          \"agency\": \"nzp\"");
}

static void check_same_or_refused(const void *data, size_t size)
{
	struct cts_record read;
	struct cts_buf again = {0};
	int rc = cts_json_decode(&read, garden, "plant", ID, data, size);

	if (rc < 0) {
		assert_int_equal(rc, CTS_EINTEGRITY);
		return;
	}
	cts_json_encode(&again, &read);
	assert_int_equal(again.size, size);
	assert_memory_equal(again.data, data, size);
	cts_record_release(&read);
	cts_buf_release(&again);
}

static void test_a_torn_or_flipped_text_never_does_harm(void **state)
{
	const struct cts_kind *kind = cts_schema_kind(garden, "plant");

	(void)state;
	for (size_t round = 0; round < 12; round++) {
		struct cts_record record, read;
		struct cts_buf text = {0};

		dice_record(&record, &dice, kind, round % 2);
		cts_json_encode(&text, &record);
		cts_record_release(&record);
		for (size_t size = 0; size < text.size && size < 6000; size++) {
			char *cut = malloc(size + 1);

			memcpy(cut, text.data, size);
			assert_int_equal(CTS_EINTEGRITY,
				cts_json_decode(&read, garden, "plant", ID, cut, size));
			free(cut);
		}
		for (size_t i = 0; i < 3000; i++) {
			size_t at = dice_below(&dice, text.size);
			char old = text.data[at];

			text.data[at] = dice_chance(&dice, 50)
						? (char)dice_below(&dice, 256)
						: "{}[]\":,\\0 \nu"[dice_below(&dice, 12)];
			check_same_or_refused(text.data, text.size);
			text.data[at] = old;
		}
		cts_buf_release(&text);
	}
}

static void test_depth_cannot_exhaust_the_stack(void **state)
{
	char *deep = malloc(1000000);
	struct cts_record record;

	(void)state;
	memset(deep, '[', 1000000);
	assert_int_equal(
		CTS_EINTEGRITY, cts_json_decode(&record, garden, "plant", "x", deep, 1000000));
	assert_non_null(strstr(cts_error_message(CTS_EINTEGRITY), "too deep"));
	free(deep);
}

static void test_a_refusal_says_where(void **state)
{
	(void)state;
	assert_int_equal(CTS_EINTEGRITY, decode_field("\"height\": 1.5"));
	assert_string_equal(cts_error_message(CTS_EINTEGRITY),
		"line 3, column 15: a number that is not an integer");
	assert_int_equal(CTS_EINTEGRITY, decode_field("\"height\":  1"));
	assert_string_equal(
		cts_error_message(CTS_EINTEGRITY), "line 3, column 15: not canonical JSON");
	assert_int_equal(CTS_EINTEGRITY, decode_field("\"season\": \"winter\""));
	assert_string_equal(cts_error_message(CTS_EINTEGRITY),
		"line 3, column 15: 'season' is not one of its enumerators");
}

/* ---- values for output ------------------------------------------------------------------------
 */

static void check_value(
	const char *wanted, const char *field_name, struct cts_value value, int indent)
{
	const struct cts_field *field =
		field_name ? cts_kind_field(cts_schema_kind(garden, "plant"), field_name) : NULL;
	struct cts_buf out = {0};

	cts_json_put_value(&out, field, value, indent);
	assert_string_equal(out.data, wanted);
	cts_buf_release(&out);
}

static void test_values_are_written_by_type(void **state)
{
	static const char *const one[] = {"1"}, *const two[] = {"1", "2"},
				 *const text[] = {"a\"\x01"};

	(void)state;
	check_value("null", NULL, (struct cts_value){0}, 0);
	check_value("\"1\"", NULL, (struct cts_value){1, one}, 0);
	check_value("\"a\\\"\\u0001\"", NULL, (struct cts_value){1, text}, 0);
	check_value("null", "height", (struct cts_value){0}, -1);
	check_value("1", "height", (struct cts_value){1, one}, -1);
	check_value("\"1\"", "planted", (struct cts_value){1, one}, -1);
	check_value("[]", "names", (struct cts_value){0}, 4);
	check_value("[1, 2]", "heights", (struct cts_value){2, two}, -1);
	check_value("[\n      \"1\",\n      \"2\"\n    ]", "drifts", (struct cts_value){2, two}, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_record_survives_its_text),
		cmocka_unit_test(test_python_writes_the_same_bytes),
		cmocka_unit_test(test_the_frozen_text_is_read_and_written),
		cmocka_unit_test(test_a_long_side_and_a_late_one_stand_by_hash),
		cmocka_unit_test(test_a_conflict_has_one_text_whether_its_field_is_known_or_not),
		cmocka_unit_test(test_values_of_fields_are_held_to_their_type),
		cmocka_unit_test(test_other_layouts_and_envelopes_are_refused),
		cmocka_unit_test(test_conflicts_are_held_to_their_form),
		cmocka_unit_test(test_a_torn_or_flipped_text_never_does_harm),
		cmocka_unit_test(test_depth_cannot_exhaust_the_stack),
		cmocka_unit_test(test_a_refusal_says_where),
		cmocka_unit_test(test_values_are_written_by_type),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
