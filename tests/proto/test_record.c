/* Records in memory and as bytes: of every kind of the built-in schema and of one with every type.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/error.h"
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

static const struct cts_schema *schema_at(size_t i)
{
	return i ? garden : cts_schema_builtin();
}

static void check_round_trip(const struct cts_schema *schema, const struct cts_kind *kind)
{
	struct cts_record record, read;
	struct cts_buf bytes = {0}, again = {0};
	int rc;

	dice_record(&record, &dice, kind, true);
	cts_record_encode(&bytes, &record);
	rc = cts_record_decode(&read, schema, bytes.data, bytes.size);
	if (rc < 0)
		fail_msg("%s: %s", kind->name, cts_error_message(rc));
	assert_true(cts_record_equal(&record, &read));
	assert_string_equal(read.id, record.id);
	assert_ptr_equal(read.kind, kind);
	cts_record_release(&record);
	cts_record_encode(&again, &read);
	assert_int_equal(again.size, bytes.size);
	assert_memory_equal(again.data, bytes.data, bytes.size);
	cts_record_release(&read);
	cts_buf_release(&bytes);
	cts_buf_release(&again);
}

static void test_any_record_survives_encoding(void **state)
{
	(void)state;
	for (size_t s = 0; s < 2; s++)
		for (size_t k = 0; k < cts_schema_kind_count(schema_at(s)); k++)
			for (size_t i = 0; i < 60; i++)
				check_round_trip(schema_at(s), cts_schema_kind_at(schema_at(s), k));
}

/* Whatever decodes must encode to the bytes it came from. */
static void check_same_or_refused(const void *data, size_t size)
{
	struct cts_record read;
	struct cts_buf again = {0};
	int rc = cts_record_decode(&read, garden, data, size);

	if (rc < 0) {
		assert_int_equal(rc, CTS_EDAMAGED);
		return;
	}
	cts_record_encode(&again, &read);
	assert_int_equal(again.size, size);
	assert_memory_equal(again.data, data, size);
	cts_record_release(&read);
	cts_buf_release(&again);
}

static void test_damaged_bytes_are_refused_or_mean_what_they_say(void **state)
{
	const struct cts_kind *kind = cts_schema_kind(garden, "plant");

	(void)state;
	for (size_t round = 0; round < 20; round++) {
		struct cts_record record;
		struct cts_buf bytes = {0};

		dice_record(&record, &dice, kind, round % 2);
		cts_record_encode(&bytes, &record);
		for (size_t size = 0; size < bytes.size; size++) {
			char *cut = malloc(size + 1);

			memcpy(cut, bytes.data, size);
			check_same_or_refused(cut, size);
			free(cut);
		}
		for (size_t i = 0; i < bytes.size * 2; i++) {
			size_t at = dice_below(&dice, bytes.size);
			char old = bytes.data[at];

			bytes.data[at] = (char)dice_below(&dice, 256);
			check_same_or_refused(bytes.data, bytes.size);
			bytes.data[at] = old;
		}
		cts_buf_release(&bytes);
		cts_record_release(&record);
	}
}

static void refuse(const struct cts_schema *schema, const char *data, size_t size)
{
	struct cts_record read;

	assert_int_equal(cts_record_decode(&read, schema, data, size), CTS_EDAMAGED);
}

#define REFUSE(schema, bytes) refuse(schema, bytes, sizeof(bytes) - 1)

static void test_each_form_that_is_never_written_is_refused(void **state)
{
	struct cts_record read;

	(void)state;
	/* plant/x, evergreen: true */
	assert_int_equal(0, cts_record_decode(&read, garden, "\x0a\5plant\x12\1x\x1a\2\x18\1", 14));
	assert_string_equal(cts_record_text(&read, "evergreen"), "true");
	cts_record_release(&read);
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\2\x18\0");               /* a default that stands */
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\2\x18\2");               /* neither true nor false */
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\3\x18\x81\0");           /* a long varint */
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\4\x18\1\x18\1");         /* twice */
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\4\x20\1\x18\1");         /* out of order */
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\2\x08\1");               /* an unknown field */
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\2\x70\4");               /* an unknown enumerator */
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\5\x18\xff\xff\xff\xff"); /* torn */
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\0");            /* an empty message that stands */
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\5\xa2\1\2a\0"); /* a NUL in a string */
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\x08\xf2\1\1b\xf2\1\1a"); /* a set out of order */
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\x08\xf2\1\1a\xf2\1\1a"); /* a member twice */
	REFUSE(garden, "\x0a\5plant\x12\1x\x1a\3\xf8\1\1"); /* packed, written unpacked */
	REFUSE(garden, "\x0a\3cat\x12\1x");                 /* an unknown kind */
	REFUSE(garden, "");
}

static void test_a_set_is_kept_sorted_and_each_member_once(void **state)
{
	const struct cts_kind *kind = cts_schema_kind(garden, "plant");
	const struct cts_field *names = cts_kind_field(kind, "names");
	const char *items[] = {"b", "a", "b"};
	struct cts_record record;

	(void)state;
	cts_record_init(&record, kind, "x");
	cts_record_set(&record, names, (struct cts_value){.count = 3, .items = items});
	items[0] = "changed";
	assert_int_equal(cts_record_get(&record, names).count, 2);
	assert_string_equal(cts_record_get(&record, names).items[0], "a");
	assert_string_equal(cts_record_get(&record, names).items[1], "b");
	assert_string_equal(cts_record_text(&record, "names"), "a");
	assert_string_equal(cts_record_text(&record, "no_such_field"), "");
	cts_record_reset(&record, kind, record.id);
	assert_string_equal(record.id, "x");
	assert_int_equal(cts_record_get(&record, names).count, 0);
	cts_record_release(&record);
}

static void test_unknown_members_stand_in_order_and_can_be_taken_away(void **state)
{
	struct cts_record record;

	(void)state;
	cts_record_init(&record, cts_schema_kind(garden, "bed"), "x");
	cts_record_set_unknown(&record, "fields/b", "1");
	cts_record_set_unknown(&record, "/z", "2");
	cts_record_set_unknown(&record, "fields/a", "3");
	cts_record_set_unknown(&record, "/y", "4");
	cts_record_set_unknown(&record, "fields/b", "5");
	assert_int_equal(record.unknown_count, 4);
	assert_string_equal(record.unknown[0].json, "4");
	assert_string_equal(record.unknown[1].json, "2");
	assert_string_equal(record.unknown[2].json, "3");
	assert_string_equal(record.unknown[3].json, "5");
	assert_string_equal(cts_unknown_key(&record.arena, &record.unknown[0]), "/y");
	assert_string_equal(cts_unknown_key(&record.arena, &record.unknown[3]), "fields/b");
	cts_record_set_unknown(&record, "/z", NULL);
	cts_record_set_unknown(&record, "/no", NULL);
	assert_int_equal(record.unknown_count, 3);
	assert_string_equal(record.unknown[1].json, "3");
	cts_record_release(&record);
}

static void test_a_copy_is_equal_and_stands_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < 100; i++) {
		struct cts_record record, copy;
		struct cts_buf before = {0}, after = {0};

		dice_record(&record, &dice, cts_schema_kind(garden, "plant"), true);
		cts_record_encode(&before, &record);
		cts_record_copy(&copy, &record);
		assert_true(cts_record_equal(&record, &copy));
		cts_record_set_unknown(&record, "/new", "1");
		assert_false(cts_record_equal(&record, &copy));
		cts_record_release(&record);
		cts_record_set_unknown(&copy, "/new", "1");
		cts_record_set_unknown(&copy, "/new", NULL);
		cts_record_encode(&after, &copy);
		assert_int_equal(after.size, before.size);
		assert_memory_equal(after.data, before.data, before.size);
		cts_record_release(&copy);
		cts_buf_release(&before);
		cts_buf_release(&after);
	}
}

static void test_settling_takes_one_conflict_away(void **state)
{
	struct cts_conflict *conflicts;
	struct cts_record record;

	(void)state;
	cts_record_init(&record, cts_schema_kind(garden, "bed"), "x");
	record.conflicts = conflicts = cts_arena_alloc(&record.arena, 2 * sizeof(*conflicts));
	conflicts[0].field = "gardener";
	conflicts[1].field = "name";
	record.conflict_count = 2;
	assert_null(cts_record_conflict(&record, "other"));
	cts_record_settle(&record, "other");
	assert_int_equal(record.conflict_count, 2);
	cts_record_settle(&record, "gardener");
	assert_null(cts_record_conflict(&record, "gardener"));
	assert_non_null(cts_record_conflict(&record, "name"));
	cts_record_settle(&record, "name");
	assert_int_equal(record.conflict_count, 0);
	cts_record_release(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_record_survives_encoding),
		cmocka_unit_test(test_damaged_bytes_are_refused_or_mean_what_they_say),
		cmocka_unit_test(test_each_form_that_is_never_written_is_refused),
		cmocka_unit_test(test_a_set_is_kept_sorted_and_each_member_once),
		cmocka_unit_test(test_unknown_members_stand_in_order_and_can_be_taken_away),
		cmocka_unit_test(test_a_copy_is_equal_and_stands_alone),
		cmocka_unit_test(test_settling_takes_one_conflict_away),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
