/* A record as text: whatever a record holds is read back as it was, and what is typed is
 * understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/sheet.h"
#include "proto/error.h"
#include "tests/support/records.h"

#define ROUNDS 300

struct fixture {
	struct cts_arena arena;
	struct cts_record base;
	struct cts_sheet sheet;
	size_t line;
};

static const struct cts_kind *kind_of(const char *name)
{
	return cts_schema_kind(cts_schema_builtin(), name);
}

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	cts_record_init(&f.base, kind_of("initiative"), "i1");
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cts_record_release(&f->base);
	cts_arena_release(&f->arena);
	return 0;
}

static void set(
	struct cts_record *record, const char *field, size_t count, const char *const *items)
{
	const struct cts_value value = {count, items};

	cts_record_set(record, cts_kind_field(record->kind, field), value);
}
#define SET(record, field, ...)                                                                   \
	set(record, field, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                \
		(const char *[]){__VA_ARGS__})

static void put_conflict(struct cts_record *record, const char *field, const char *a, const char *b)
{
	struct cts_side *sides = cts_arena_alloc(&record->arena, 2 * sizeof(*sides));
	const char *values[2] = {a, b};

	for (int i = 0; i < 2; i++) {
		sides[i].value = cts_value_of(&record->arena, values[i]);
		sides[i].agency = i ? "nzp" : "dpmc";
		sides[i].author = "A <a@b>";
		sides[i].commit.bytes[0] = (uint8_t)(i + 1);
	}
	*(struct cts_conflict *)cts_arena_push(&record->arena, &record->conflicts,
		&record->conflict_count, sizeof(struct cts_conflict)) =
		(struct cts_conflict){.field = field, .sides = sides, .side_count = 2};
}

static int parse(struct fixture *f, const char *text)
{
	return cts_sheet_parse(&f->sheet, &f->line, &f->arena, f->base.kind, text);
}

/* What the text makes of the base. */
static int apply(struct fixture *f, struct cts_record *out, bool *deleted, const char *text)
{
	int rc = parse(f, text);

	if (rc < 0)
		return rc;
	cts_record_copy(out, &f->base);
	rc = cts_sheet_apply(out, deleted, &f->line, &f->base, &f->sheet);
	if (rc < 0)
		cts_record_release(out);
	return rc;
}

static void assert_edited(struct fixture *f, const char *text, const char *field, size_t count,
	const char *const *items)
{
	struct cts_record record;
	bool deleted = false;
	struct cts_value value;

	assert_int_equal(apply(f, &record, &deleted, text), 0);
	assert_false(deleted);
	value = cts_record_get(&record, cts_kind_field(record.kind, field));
	assert_int_equal(value.count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(value.items[i], items[i]);
	cts_record_release(&record);
}
#define ASSERT_EDITED(f, text, field, ...)                                                        \
	assert_edited(f, text, field, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),     \
		(const char *[]){__VA_ARGS__})

/* ---- round trips ----------------------------------------------------------------------------- */

static void assert_round_trip(struct cts_record *record)
{
	struct cts_arena arena = {0};
	struct cts_buf text = {0};
	struct cts_sheet sheet;
	size_t line = 0;

	cts_sheet_put(&text, record);
	assert_int_equal(
		cts_sheet_parse(&sheet, &line, &arena, record->kind, cts_buf_text(&text)), 0);
	for (size_t i = 0; i < sheet.count; i++) {
		const struct cts_sheet_field *field = &sheet.fields[i];

		if (cts_sheet_changes(field, record))
			fail_msg("'%s' is not what was written:\n%s",
				field->field ? field->field->name : CTS_DELETED,
				cts_buf_text(&text));
	}
	/* Every field stands in it. */
	assert_true(sheet.count >= record->kind->field_count);
	cts_buf_release(&text);
	cts_arena_release(&arena);
}

static void test_every_record_reads_back_as_it_was(void **state)
{
	struct dice dice = dice_of_run();
	const struct cts_schema *schema = cts_schema_builtin();

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		const struct cts_kind *kind = cts_schema_kind_at(
			schema, dice_below(&dice, cts_schema_kind_count(schema)));
		struct cts_record record;

		dice_record(&record, &dice, kind, true);
		assert_round_trip(&record);
		cts_record_release(&record);
	}
}

static void test_values_that_look_like_the_form_read_back(void **state)
{
	struct fixture *f = *state;

	SET(&f->base, "title", "- | # title: x?:");
	SET(&f->base, "overview", "# no comment\n- no member\n| no bar\n\n title: no field\n");
	SET(&f->base, "points", "# a", "- b\n- c", "\nbegins empty", "ends empty\n", "| d", " e ");
	assert_round_trip(&f->base);
	SET(&f->base, "title", " blanks around ");
	SET(&f->base, "overview", "\n\n");
	assert_round_trip(&f->base);
}

static void test_a_record_in_conflict_is_left_in_conflict(void **state)
{
	struct fixture *f = *state;

	SET(&f->base, "title", "shown");
	put_conflict(&f->base, "deleted", "true", "false");
	put_conflict(&f->base, "title", "shown", "the\nother");
	assert_round_trip(&f->base);
}

static void test_all_sides_of_a_conflict_are_shown(void **state)
{
	struct fixture *f = *state;
	struct cts_buf text = {0};

	SET(&f->base, "title", "shown");
	put_conflict(&f->base, "title", "shown", "the\nother");
	cts_sheet_put(&text, &f->base);
	assert_non_null(strstr(cts_buf_text(&text), "#   1  dpmc, A <a@b>, "));
	assert_non_null(strstr(cts_buf_text(&text), "#   2  nzp, A <a@b>, "));
	assert_non_null(strstr(cts_buf_text(&text), "#      the\n#      other\ntitle?: shown\n"));
	cts_buf_release(&text);
}

/* ---- what is typed --------------------------------------------------------------------------- */

static void test_typed_values_are_made_canonical(void **state)
{
	struct fixture *f = *state;

	ASSERT_EDITED(f, "title: Grow\n", "title", "Grow");
	ASSERT_EDITED(f, "title:Grow", "title", "Grow");
	ASSERT_EDITED(f, "title: Grow\r\n", "title", "Grow");
	ASSERT_EDITED(f, "status: Not Started\n", "status", "not_started");
	ASSERT_EDITED(f, "classification: IN-CONFIDENCE\n", "classification", "in_confidence");
	ASSERT_EDITED(f, "programme: ctwp2021\n", "programme", "programme/ctwp2021");
	ASSERT_EDITED(f, "labels: b\n- a\n\n- b\n", "labels", "a", "b");
}

static void test_texts_of_several_lines(void **state)
{
	struct fixture *f = *state;

	ASSERT_EDITED(f, "overview:\n| one\n|\n|  two\n", "overview", "one\n\n two");
	ASSERT_EDITED(f, "overview: one\n# between\n| two\n", "overview", "one\ntwo");
	ASSERT_EDITED(f, "points:\n- one\n| more\n-\n- two\n", "points", "one\nmore", "two");
}

static void test_nothing_behind_the_colon_clears(void **state)
{
	struct fixture *f = *state;

	SET(&f->base, "overview", "words");
	SET(&f->base, "points", "a", "b");
	assert_edited(f, "overview:\n", "overview", 0, NULL);
	assert_edited(f, "points:\n", "points", 0, NULL);
	ASSERT_EDITED(f, "points:\n", "overview", "words");
	ASSERT_EDITED(f, "", "points", "a", "b");
}

static void test_a_conflict_is_settled_by_the_mark_or_the_value(void **state)
{
	struct fixture *f = *state;
	struct cts_record record;
	bool deleted = false;

	SET(&f->base, "title", "shown");
	put_conflict(&f->base, "title", "shown", "other");
	assert_int_equal(apply(f, &record, &deleted, "title?: shown\n"), 0);
	assert_int_equal(record.conflict_count, 1);
	cts_record_release(&record);
	assert_int_equal(apply(f, &record, &deleted, "title: shown\n"), 0);
	assert_int_equal(record.conflict_count, 0);
	cts_record_release(&record);
	assert_int_equal(apply(f, &record, &deleted, "title?: new\n"), 0);
	assert_int_equal(record.conflict_count, 0);
	assert_string_equal(cts_record_text(&record, "title"), "new");
	cts_record_release(&record);
}

static void test_life_is_settled_only_where_it_is_in_conflict(void **state)
{
	struct fixture *f = *state;
	struct cts_record record;
	bool deleted = false;

	assert_int_equal(apply(f, &record, &deleted, "deleted: true\n"), CTS_EVALUE);
	put_conflict(&f->base, "deleted", "true", "false");
	assert_int_equal(apply(f, &record, &deleted, "deleted: perhaps\n"), CTS_EVALUE);
	assert_int_equal(apply(f, &record, &deleted, "deleted: false\n"), 0);
	assert_int_equal(record.conflict_count, 0);
	assert_false(deleted);
	cts_record_release(&record);
	assert_int_equal(apply(f, &record, &deleted, "deleted?: true\n"), 0);
	assert_true(deleted);
	cts_record_release(&record);
}

static void test_mistakes_name_their_line(void **state)
{
	static const struct {
		const char *text, *message;
		size_t line;
		int rc;
	} mistakes[] = {
		{"title: x\nlorem ipsum\n", "'lorem ipsum' is neither a field nor part of one", 2,
			CTS_EUSAGE},
		{"# c\n| x\n", "no field stands before '| x'", 2, CTS_EUSAGE},
		{"\n\ntitel: x\n", "'initiative' has no field 'titel'", 3, CTS_EVALUE},
		{"title: x\n- y\n", "'title' is no list", 2, CTS_EVALUE},
		{"title: x\nnotes: n\ntitle: y\n", "'title' stands twice", 3, CTS_EVALUE},
		{"title: x\n\nstatus: nonsense\n", "'nonsense' is not a value of 'status'", 3,
			CTS_EVALUE},
		{"position: many\n", NULL, 1, CTS_EVALUE},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct cts_record record;
		bool deleted = false;

		assert_int_equal(
			apply(f, &record, &deleted, mistakes[i].text), mistakes[i].rc);
		assert_int_equal(f->line, mistakes[i].line);
		if (mistakes[i].message)
			assert_string_equal(
				cts_error_message(mistakes[i].rc), mistakes[i].message);
	}
}

/* ---- while others write ---------------------------------------------------------------------- */

static void test_what_others_changed_meanwhile_is_not_overwritten(void **state)
{
	struct fixture *f = *state;
	struct cts_record now;
	bool deleted = false;

	SET(&f->base, "title", "old");
	SET(&f->base, "notes", "old");
	assert_int_equal(parse(f, "title: mine\nnotes: old\n"), 0);
	cts_record_copy(&now, &f->base);
	SET(&now, "notes", "theirs");
	assert_int_equal(cts_sheet_apply(&now, &deleted, &f->line, &f->base, &f->sheet), 0);
	assert_string_equal(cts_record_text(&now, "title"), "mine");
	assert_string_equal(cts_record_text(&now, "notes"), "theirs");
	SET(&now, "title", "theirs");
	assert_int_equal(
		cts_sheet_apply(&now, &deleted, &f->line, &f->base, &f->sheet), CTS_EREFUSED);
	cts_sheet_overlay(&now, &f->base, &f->sheet);
	assert_string_equal(cts_record_text(&now, "title"), "mine");
	assert_string_equal(cts_record_text(&now, "notes"), "theirs");
	cts_record_release(&now);
}

static void test_a_side_that_came_meanwhile_is_not_set_aside_unseen(void **state)
{
	struct fixture *f = *state;
	struct cts_record now;
	bool deleted = false;

	SET(&f->base, "title", "shown");
	cts_record_copy(&now, &f->base);
	put_conflict(&now, "title", "shown", "other");
	assert_int_equal(parse(f, "title: mine\n"), 0);
	assert_int_equal(
		cts_sheet_apply(&now, &deleted, &f->line, &f->base, &f->sheet), CTS_EREFUSED);
	assert_int_equal(now.conflict_count, 1);
	cts_record_release(&now);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_record_reads_back_as_it_was),
		TEST(test_values_that_look_like_the_form_read_back),
		TEST(test_a_record_in_conflict_is_left_in_conflict),
		TEST(test_all_sides_of_a_conflict_are_shown),
		TEST(test_typed_values_are_made_canonical),
		TEST(test_texts_of_several_lines),
		TEST(test_nothing_behind_the_colon_clears),
		TEST(test_a_conflict_is_settled_by_the_mark_or_the_value),
		TEST(test_life_is_settled_only_where_it_is_in_conflict),
		TEST(test_mistakes_name_their_line),
		TEST(test_what_others_changed_meanwhile_is_not_overwritten),
		TEST(test_a_side_that_came_meanwhile_is_not_set_aside_unseen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
