/*
 * What the store keeps: random records with random states, changes, edits and frames survive their
 * bytes, and bytes that were not written so are refused or mean what they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/error.h"
#include "proto/stored.h"
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

/* ---- random states ----------------------------------------------------------------------------
 */

static struct cts_ref random_ref(uint64_t refs)
{
	uint64_t which = 1 + dice_below(&dice, refs);

	return (struct cts_ref){.line = (uint32_t)(1 + which % 3), .seq = which * 1000};
}

static struct cts_newest *add_newest(struct cts_state *state, struct cts_field_state *field,
	struct cts_ref by, struct cts_value value)
{
	struct cts_newest *newest =
		cts_arena_push(state->arena, &field->newest, &field->count, sizeof(*newest));

	*newest = (struct cts_newest){.by = by, .value = value};
	return newest;
}

/* A state that could show `shown`: one newest edit to it, or several to anything. */
static void add_state(struct cts_state *state, const char *name, const struct cts_field *field,
	struct cts_value shown, uint64_t refs)
{
	struct cts_field_state added = {.field = name};

	if (dice_chance(&dice, 10))
		return;
	if (field && field->merge == CTS_MERGE_SET) {
		for (size_t i = 0; i < shown.count; i++) {
			size_t count = dice_chance(&dice, 20) ? 2 : 1;

			for (size_t j = 0; j < count; j++)
				add_newest(state, &added, random_ref(refs),
					(struct cts_value){.count = 1, .items = &shown.items[i]});
		}
	} else if (dice_chance(&dice, 80)) {
		add_newest(state, &added, random_ref(refs), shown);
	} else {
		for (size_t i = 0; i < 3; i++)
			add_newest(state, &added, random_ref(refs),
				field && dice_chance(&dice, 60)
					? dice_value(&dice, state->arena, field)
					: shown);
	}
	if (added.count)
		*(struct cts_field_state *)cts_arena_push(
			state->arena, &state->fields, &state->count, sizeof(added)) = added;
}

static void random_state(struct cts_state *state, const struct cts_record *record, bool deleted)
{
	uint64_t refs = 1 + dice_below(&dice, 4);

	/* From the last to the first: a state is in no order. */
	for (size_t i = record->unknown_count; i-- > 0;)
		add_state(state, cts_unknown_key(state->arena, &record->unknown[i]), NULL,
			cts_value_of(state->arena, record->unknown[i].json), refs);
	if (dice_chance(&dice, 20))
		add_state(state, "fields/cleared", NULL, (struct cts_value){0}, refs);
	add_state(state, CTS_DELETED, NULL, cts_value_of(state->arena, deleted ? "true" : "false"),
		refs);
	for (size_t i = record->kind->field_count; i-- > 0;)
		if (record->values[i].count || dice_chance(&dice, 30))
			add_state(state, record->kind->fields[i].name, &record->kind->fields[i],
				record->values[i], refs);
}

static void check_state(const struct cts_state *wanted, const struct cts_state *got)
{
	assert_int_equal(wanted->count, got->count);
	for (size_t i = 0; i < wanted->count; i++) {
		const struct cts_field_state *a = &wanted->fields[i];
		const struct cts_field_state *b = cts_state_field(got, a->field);

		if (!b || a->count != b->count)
			fail_msg("the state of '%s' is not what it was", a->field);
		for (size_t j = 0; j < a->count; j++) {
			assert_true(cts_ref_equal(a->newest[j].by, b->newest[j].by));
			assert_true(cts_value_equal(a->newest[j].value, b->newest[j].value));
		}
	}
}

static void check_round_trip(const struct cts_kind *kind)
{
	struct cts_arena arena = {0}, read_arena = {0};
	struct cts_state state = {.arena = &arena}, read_state = {.arena = &read_arena};
	struct cts_record record, read;
	struct cts_buf bytes = {0}, again = {0};
	bool deleted = dice_chance(&dice, 20), read_deleted = !deleted, is_deleted = !deleted;
	int rc;

	dice_record(&record, &dice, kind, true);
	random_state(&state, &record, deleted);
	cts_stored_record_encode(&bytes, &record, deleted, &state);
	assert_int_equal(0, cts_stored_record_is_deleted(&is_deleted, bytes.data, bytes.size));
	assert_int_equal(is_deleted, deleted);
	rc = cts_stored_record_decode(
		&read, &read_deleted, NULL, kind, record.id, bytes.data, bytes.size);
	if (rc < 0)
		fail_msg("%s", cts_error_message(rc));
	assert_true(cts_record_equal(&record, &read));
	assert_int_equal(read_deleted, deleted);
	cts_record_release(&read);
	rc = cts_stored_record_decode(
		&read, &read_deleted, &read_state, kind, record.id, bytes.data, bytes.size);
	if (rc < 0)
		fail_msg("%s", cts_error_message(rc));
	assert_true(cts_record_equal(&record, &read));
	check_state(&state, &read_state);
	cts_stored_record_encode(&again, &read, read_deleted, &read_state);
	assert_int_equal(again.size, bytes.size);
	assert_memory_equal(again.data, bytes.data, bytes.size);
	/* The state must outlive the record. */
	cts_record_release(&read);
	check_state(&state, &read_state);
	cts_record_release(&record);
	cts_buf_release(&bytes);
	cts_buf_release(&again);
	cts_arena_release(&arena);
	cts_arena_release(&read_arena);
}

static void test_any_stored_record_survives_encoding(void **state)
{
	(void)state;
	for (size_t s = 0; s < 2; s++) {
		const struct cts_schema *schema = s ? garden : cts_schema_builtin();

		for (size_t k = 0; k < cts_schema_kind_count(schema); k++)
			for (size_t i = 0; i < 80; i++)
				check_round_trip(cts_schema_kind_at(schema, k));
	}
}

static size_t bytes_of_state(const struct cts_record *record, const struct cts_state *state)
{
	struct cts_state none = {.arena = state->arena};
	struct cts_buf with = {0}, without = {0};
	size_t size;

	cts_stored_record_encode(&with, record, false, state);
	cts_stored_record_encode(&without, record, false, &none);
	size = with.size - without.size;
	cts_buf_release(&with);
	cts_buf_release(&without);
	return size;
}

static void test_a_record_of_one_change_hardly_pays_for_its_state(void **state)
{
	const struct cts_kind *kind = cts_schema_kind(cts_schema_builtin(), "milestone");
	struct cts_arena arena = {0};
	struct cts_state made = {.arena = &arena};
	struct cts_ref by = {.line = 1, .seq = 5};
	struct cts_field_state *added;
	struct cts_record record;

	(void)state;
	cts_record_init(&record, kind, "x");
	for (size_t i = 0; i < kind->field_count; i++) {
		const struct cts_field *field = &kind->fields[i];
		bool is_marking =
			field->merge == CTS_MERGE_STRICTEST || field->merge == CTS_MERGE_INTERSECT;

		if (!is_marking)
			cts_record_set(&record, field, dice_value(&dice, &arena, field));
		added = cts_arena_push(&arena, &made.fields, &made.count, sizeof(*added));
		added->field = field->name;
		if (field->merge != CTS_MERGE_SET)
			add_newest(&made, added, by, record.values[i]);
		for (size_t j = 0; field->merge == CTS_MERGE_SET && j < record.values[i].count; j++)
			add_newest(&made, added, by,
				(struct cts_value){
					.count = 1, .items = &record.values[i].items[j]});
	}
	added = cts_arena_push(&arena, &made.fields, &made.count, sizeof(*added));
	added->field = CTS_DELETED;
	add_newest(&made, added, by, cts_value_of(&arena, "false"));
	assert_int_equal(bytes_of_state(&record, &made), 12); /* two refs of six bytes */
	cts_record_release(&record);
	cts_arena_release(&arena);
}

/* Damage must be refused, or be a record that could have been written. */
static void check_damaged(const struct cts_kind *kind, const void *data, size_t size)
{
	struct cts_arena arena = {0};
	struct cts_state state = {.arena = &arena};
	struct cts_record read;
	struct cts_buf again = {0};
	bool deleted;
	int rc = cts_stored_record_decode(&read, &deleted, &state, kind, "x", data, size);

	if (rc < 0) {
		assert_int_equal(rc, CTS_EDAMAGED);
	} else {
		cts_stored_record_encode(&again, &read, deleted, &state);
		cts_record_release(&read);
	}
	rc = cts_stored_record_decode(&read, &deleted, NULL, kind, "x", data, size);
	if (rc == 0)
		cts_record_release(&read);
	cts_stored_record_is_deleted(&deleted, data, size);
	cts_buf_release(&again);
	cts_arena_release(&arena);
}

static void test_damaged_stored_records_never_do_harm(void **state)
{
	const struct cts_kind *kind = cts_schema_kind(garden, "plant");

	(void)state;
	for (size_t round = 0; round < 20; round++) {
		struct cts_arena arena = {0};
		struct cts_state made = {.arena = &arena};
		struct cts_record record;
		struct cts_buf bytes = {0};

		dice_record(&record, &dice, kind, round % 2);
		random_state(&made, &record, false);
		cts_stored_record_encode(&bytes, &record, false, &made);
		for (size_t size = 0; size < bytes.size; size += 1 + bytes.size / 500) {
			char *cut = malloc(size + 1);

			memcpy(cut, bytes.data, size);
			check_damaged(kind, cut, size);
			free(cut);
		}
		for (size_t i = 0; i < 1500; i++) {
			size_t at = dice_below(&dice, bytes.size);
			char old = bytes.data[at];

			bytes.data[at] = (char)dice_below(&dice, 256);
			check_damaged(kind, bytes.data, bytes.size);
			bytes.data[at] = old;
		}
		cts_buf_release(&bytes);
		cts_record_release(&record);
		cts_arena_release(&arena);
	}
}

static void refuse_record(const char *data, size_t size)
{
	struct cts_arena arena = {0};
	struct cts_state state = {.arena = &arena};
	struct cts_record read;
	bool deleted;

	assert_int_equal(CTS_EDAMAGED, cts_stored_record_decode(&read, &deleted, &state,
					       cts_schema_kind(garden, "plant"), "x", data, size));
	cts_arena_release(&arena);
}

#define REFUSE_RECORD(bytes) refuse_record(bytes, sizeof(bytes) - 1)

static void test_stored_records_that_are_never_written_are_refused(void **state)
{
	(void)state;
	REFUSE_RECORD("\x28\0");             /* deleted: false, which is not written */
	REFUSE_RECORD("\x28\2");             /* neither */
	REFUSE_RECORD("\x28\1\x28\1");       /* twice */
	REFUSE_RECORD("\x28\1\x0a\2\x18\1"); /* out of order */
	REFUSE_RECORD("\x0a\0");             /* empty fields */
	REFUSE_RECORD("\x4a\0");             /* an unknown part */
	REFUSE_RECORD("\x32\2\x08\1");       /* half a ref */
	REFUSE_RECORD("\x42\6\x0a\4nope");   /* the state of an unknown field */
	REFUSE_RECORD("\x42\x0d\x0a\5latin\x12\4\x08\1\x10\0"); /* by no seq */
	REFUSE_RECORD("\x42\7\x0a\5names\x42\7\x0a\5latin");    /* out of order */
	REFUSE_RECORD("\x42\7\x0a\5latin\x42\7\x0a\5latin");    /* twice */
	REFUSE_RECORD("\x42\x0d\x0a\5names\x12\4\x08\1\x10\1"); /* a member that nobody put in */
	REFUSE_RECORD("\x42\7\x0a\5latin\x28\1");               /* a part behind the state */
}

/* ---- changes, edits, frames -------------------------------------------------------------------
 */

static void test_a_change_survives_encoding(void **state)
{
	struct cts_change change = {
		.ref = {.line = 3, .seq = 12},
		.writer = "7f3a9c21d0b4e586",
		.agency = "nzp",
		.author = "A <a@b>",
		.time = 1623749400,
		.received = 1623749401,
		.message = "why\nand how",
		.last_seen = {.line = 1, .seq = 1},
		.arrival = 77,
		.record_count = 2,
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct cts_arena arena = {0};
		struct cts_change read;
		struct cts_buf bytes = {0}, again = {0};

		change.is_seen = i & 1;
		change.commit = i & 2 ? dice_oid(&dice) : (struct cts_oid){.bytes = {0}};
		cts_stored_change_encode(&bytes, &change);
		assert_int_equal(
			0, cts_stored_change_decode(&read, &arena, bytes.data, bytes.size));
		assert_true(cts_ref_equal(read.ref, change.ref));
		assert_true(cts_ref_equal(read.last_seen, change.last_seen));
		assert_string_equal(read.writer, change.writer);
		assert_string_equal(read.agency, change.agency);
		assert_string_equal(read.author, change.author);
		assert_string_equal(read.message, change.message);
		assert_int_equal(read.time, change.time);
		assert_int_equal(read.received, change.received);
		assert_int_equal(read.arrival, 77);
		assert_int_equal(read.record_count, 2);
		assert_int_equal(read.is_seen, change.is_seen);
		assert_true(cts_oid_equal(&read.commit, &change.commit));
		cts_stored_change_encode(&again, &read);
		assert_memory_equal(again.data, bytes.data, bytes.size);
		for (size_t at = 0; at < bytes.size * 64; at++) {
			char old = bytes.data[at % bytes.size];

			bytes.data[at % bytes.size] = (char)dice_below(&dice, 256);
			if (cts_stored_change_decode(&read, &arena, bytes.data, bytes.size) == 0) {
				cts_buf_clear(&again);
				cts_stored_change_encode(&again, &read);
				assert_int_equal(again.size, bytes.size);
				assert_memory_equal(again.data, bytes.data, bytes.size);
			}
			bytes.data[at % bytes.size] = old;
			cts_arena_clear(&arena);
		}
		cts_arena_release(&arena);
		cts_buf_release(&bytes);
		cts_buf_release(&again);
	}
}

static void test_edits_survive_encoding(void **state)
{
	struct cts_arena arena = {0};
	const char *const items[] = {"b", "a"};
	struct cts_edit edits[] = {
		{"due", {0}, cts_value_of(&arena, "Q3 2021")},
		{"names", {.count = 2, .items = items}, {0}},
		{"fields/new", cts_value_of(&arena, "null"), cts_value_of(&arena, "1")},
	};
	struct cts_edit marking = {
		"classification", cts_value_of(&arena, "secret"), cts_value_of(&arena, "secret")};
	struct cts_record_edits made = {.key = "milestone/x",
					.edits = edits,
					.edit_count = 3,
					.created = true,
					.markings = &marking,
					.marking_count = 1},
				read;
	struct cts_buf bytes = {0};
	struct cts_ref by;

	(void)state;
	cts_stored_edits_encode(&bytes, (struct cts_ref){.line = 2, .seq = 9}, &made);
	assert_int_equal(0,
		cts_stored_edits_decode(&by, &read, &arena, "milestone/x", bytes.data, bytes.size));
	assert_int_equal(by.line, 2);
	assert_int_equal(by.seq, 9);
	assert_string_equal(read.key, "milestone/x");
	assert_true(read.created && !read.deleted);
	assert_int_equal(read.edit_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(read.edits[i].field, edits[i].field);
		assert_true(cts_value_equal(read.edits[i].old_value, edits[i].old_value));
		assert_true(cts_value_equal(read.edits[i].new_value, edits[i].new_value));
	}
	assert_int_equal(read.marking_count, 1);
	assert_string_equal(cts_value_text(read.markings[0].old_value), "secret");
	assert_string_equal(cts_value_text(read.markings[0].new_value), "secret");
	for (size_t size = 0; size < bytes.size; size++)
		cts_stored_edits_decode(&by, &read, &arena, "k", bytes.data, size);
	assert_int_equal(CTS_EDAMAGED, cts_stored_edits_decode(&by, &read, &arena, "k", "", 0));
	cts_buf_release(&bytes);
	cts_arena_release(&arena);
}

static void check_frame(const struct cts_frame *frame)
{
	struct cts_arena arena = {0};
	struct cts_frame read;
	struct cts_buf bytes = {0}, again = {0};

	cts_frame_encode(&bytes, frame);
	assert_int_equal(0, cts_frame_decode(&read, &arena, bytes.data, bytes.size));
	assert_int_equal(read.kind, frame->kind);
	cts_frame_encode(&again, &read);
	assert_int_equal(again.size, bytes.size);
	assert_memory_equal(again.data, bytes.data, bytes.size);
	for (size_t size = 0; size < bytes.size; size++)
		if (cts_frame_decode(&read, &arena, bytes.data, size) < 0)
			continue;
		else
			assert_true(read.kind == frame->kind);
	cts_buf_release(&bytes);
	cts_buf_release(&again);
	cts_arena_release(&arena);
}

static void test_frames_survive_encoding(void **state)
{
	const char *const seen[] = {
		"0123456789012345678901234567890123456789", "7f3a9c21d0b4e586.12"};
	const struct cts_frame begin = {.kind = CTS_FRAME_BEGIN,
		.agency = "nzp",
		.writer = "7f3a9c21d0b4e586",
		.author = "A <a@b>",
		.time = 1623749400,
		.seq = 13,
		.seen_count = 1,
		.seen = seen,
		.seen_head_count = 2};
	const struct cts_frame record = {.kind = CTS_FRAME_RECORD,
		.key = "milestone/x",
		.before = {"\0b", 2},
		.after = {"", 0}};
	const struct cts_frame end = {.kind = CTS_FRAME_END, .record_count = 1};
	struct cts_arena arena = {0};
	struct cts_frame read;
	struct cts_buf bytes = {0};

	(void)state;
	check_frame(&begin);
	check_frame(&record);
	check_frame(&end);
	cts_frame_encode(&bytes, &begin);
	assert_int_equal(0, cts_frame_decode(&read, &arena, bytes.data, bytes.size));
	assert_string_equal(read.writer, "7f3a9c21d0b4e586");
	assert_string_equal(read.message, "");
	assert_int_equal(read.seen_head_count, 2);
	assert_string_equal(read.seen[1], seen[1]);
	cts_buf_clear(&bytes);
	cts_frame_encode(&bytes, &record);
	assert_int_equal(0, cts_frame_decode(&read, &arena, bytes.data, bytes.size));
	assert_int_equal(read.before.size, 2);
	assert_memory_equal(read.before.data, "\0b", 2);
	assert_int_equal(read.after.size, 0);
	/* no kind, an unknown kind, a record's member in an end frame */
	assert_int_equal(CTS_EDAMAGED, cts_frame_decode(&read, &arena, "", 0));
	assert_int_equal(CTS_EDAMAGED, cts_frame_decode(&read, &arena, "\x08\4", 2));
	assert_int_equal(CTS_EDAMAGED, cts_frame_decode(&read, &arena, "\x08\3\x52\1x", 5));
	cts_buf_release(&bytes);
	cts_arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_stored_record_survives_encoding),
		cmocka_unit_test(test_a_record_of_one_change_hardly_pays_for_its_state),
		cmocka_unit_test(test_damaged_stored_records_never_do_harm),
		cmocka_unit_test(test_stored_records_that_are_never_written_are_refused),
		cmocka_unit_test(test_a_change_survives_encoding),
		cmocka_unit_test(test_edits_survive_encoding),
		cmocka_unit_test(test_frames_survive_encoding),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
