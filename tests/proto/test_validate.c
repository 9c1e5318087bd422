/*
 * Validation, on the built-in schema where it has the rule, and on fields made here where it has
 * not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/validate.h"
#include "tests/support/schemas.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct cts_arena arena;

static int clear(void **state)
{
	cts_arena_release(&arena);
	return schemas_remove_dir(state);
}

static const struct cts_kind *kind_of(const char *name)
{
	const struct cts_kind *kind = cts_schema_kind(cts_schema_builtin(), name);

	assert_non_null(kind);
	return kind;
}

static const struct cts_field *field_of(const char *kind, const char *name)
{
	const struct cts_field *field = cts_kind_field(kind_of(kind), name);

	assert_non_null(field);
	return field;
}

static void assert_item(
	const char *kind, const struct cts_field *field, const char *text, const char *expected)
{
	const char *out = NULL;

	if (cts_validate_item(&out, &arena, kind_of(kind), field, text) != 0)
		fail_msg("'%s' is refused: %s", text, cts_error_message(CTS_EVALUE));
	assert_string_equal(out, expected);
}

static void assert_refused(const char *kind, const struct cts_field *field, const char *text,
	const char *message, const char *hint)
{
	const char *out = "untouched";

	if (cts_validate_item(&out, &arena, kind_of(kind), field, text) != CTS_EVALUE)
		fail_msg("'%s' is taken as '%s'", text, out);
	assert_string_equal(out, "untouched");
	assert_string_equal(cts_error_message(CTS_EVALUE), message);
	if (!hint)
		assert_null(cts_error_hint());
	else if (!cts_error_hint())
		fail_msg("'%s' gives no hint", text);
	else
		assert_string_equal(cts_error_hint(), hint);
}

static void test_texts_become_nfc(void **state)
{
	const struct cts_field *label = field_of("milestone", "label");

	(void)state;
	assert_item("milestone", label, "Ka\xcc\x84puia\r\nmeets", "K\xc4\x81puia\nmeets");
	assert_item("milestone", label, " kept as typed ", " kept as typed ");
	assert_refused("milestone", label, "a\x1b[2J",
		"'label' has the control character U+001B at line 1, column 2", NULL);
	assert_refused("milestone", label, "", "'label' has an empty item",
		"'label=' alone clears the field");
}

static void test_enumerators_are_read_in_any_case(void **state)
{
	const struct cts_field *status = field_of("milestone", "status");
	const struct cts_field *classification = field_of("milestone", "classification");
	const struct cts_field *rating = field_of("update", "rating");

	(void)state;
	assert_item("milestone", status, "in_progress", "in_progress");
	assert_item("milestone", status, "IN_Progress", "in_progress");
	assert_item("milestone", status, " In progress ", "in_progress");
	assert_item("milestone", classification, "IN-CONFIDENCE", "in_confidence");
	assert_item("milestone", classification, "Top Secret", "top_secret");
	assert_item("update", rating, "Amber / Red", "amber_red");
	assert_item("milestone", status, "unspecified", "");
	assert_refused("milestone", status, "in_progres", "'in_progres' is not a value of 'status'",
		"status=in_progress");
	assert_refused("milestone", status, "compleet", "'compleet' is not a value of 'status'",
		"status=complete");
	assert_refused("update", rating, "violet", "'violet' is not a value of 'rating'",
		"one of green, amber_green, amber, amber_red, red, not_rated");
	assert_refused("milestone", status, " ", "'' is not a value of 'status'",
		"one of not_started, in_progress, ongoing, blocked, complete, cancelled, "
		"superseded");
}

static void test_numbers_stay_within_their_bounds(void **state)
{
	const struct cts_field *number = field_of("recommendation", "number");

	(void)state;
	assert_item("recommendation", number, "7", "7");
	assert_item("recommendation", number, " +07 ", "7");
	assert_item("recommendation", number, "44", "44");
	assert_refused(
		"recommendation", number, "45", "'45' is out of range for 'number': 1 to 44", NULL);
	assert_refused(
		"recommendation", number, "0", "'0' is out of range for 'number': 1 to 44", NULL);
	assert_refused(
		"recommendation", number, "-1", "'-1' is out of range for 'number': 1 to 44", NULL);
	assert_refused("recommendation", number, "99999999999999999999",
		"'99999999999999999999' is out of range for 'number': 1 to 44", NULL);
	assert_refused("recommendation", number, "7.5",
		"'7.5' is not a whole number, as 'number' must be", NULL);
	assert_refused("recommendation", number, "0x7",
		"'0x7' is not a whole number, as 'number' must be", NULL);
	assert_refused("recommendation", number, "-",
		"'-' is not a whole number, as 'number' must be", NULL);
}

static void test_numbers_fit_their_type(void **state)
{
	static const struct {
		enum cts_type type;
		const char *least, *below, *most, *above;
	} cases[] = {
		{CTS_TYPE_INT32, "-2147483648", "-2147483649", "2147483647", "2147483648"},
		{CTS_TYPE_UINT32, NULL, "-1", "4294967295", "4294967296"},
		{CTS_TYPE_INT64, "-9223372036854775808", "-9223372036854775809",
			"9223372036854775807", "9223372036854775808"},
		{CTS_TYPE_UINT64, NULL, "-1", "18446744073709551615", "18446744073709551616"},
	};
	const char *out;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cts_field field = {.name = "n", .type = cases[i].type};

		assert_item("milestone", &field, cases[i].most, cases[i].most);
		if (cases[i].least)
			assert_item("milestone", &field, cases[i].least, cases[i].least);
		assert_item("milestone", &field, "0", "");
		assert_item("milestone", &field, "-0", "");
		assert_int_equal(cts_validate_item(&out, &arena, kind_of("milestone"), &field,
					 cases[i].below),
			CTS_EVALUE);
		assert_int_equal(cts_validate_item(&out, &arena, kind_of("milestone"), &field,
					 cases[i].above),
			CTS_EVALUE);
		field.repeated = true;
		assert_item("milestone", &field, "0", "0");
		field.has_min = field.has_max = true;
		field.min = 2;
		field.max = 3;
		assert_item("milestone", &field, "3", "3");
		assert_refused(
			"milestone", &field, "1", "'1' is out of range for 'n': 2 to 3", NULL);
		assert_refused(
			"milestone", &field, "4", "'4' is out of range for 'n': 2 to 3", NULL);
	}
}

static void test_booleans_are_true_or_false(void **state)
{
	struct cts_field field = {.name = "done", .type = CTS_TYPE_BOOL};

	(void)state;
	assert_item("milestone", &field, "TRUE", "true");
	assert_item("milestone", &field, "False", "");
	assert_refused("milestone", &field, "yes",
		"'yes' is neither true nor false, as 'done' must be", "done=true or done=false");
	field.repeated = true;
	assert_item("milestone", &field, "false", "false");
}

static void test_references_are_kind_and_id(void **state)
{
	const struct cts_field *owner = field_of("programme", "owner");
	const struct cts_field *parent = field_of("milestone", "parent");
	const struct cts_field *about = field_of("update", "about");

	(void)state;
	assert_item("programme", owner, "agency/dpmc", "agency/dpmc");
	assert_item("programme", owner, " dpmc ", "agency/dpmc");
	assert_item("milestone", parent, "workstream/ctwp2021-4-2", "workstream/ctwp2021-4-2");
	assert_item("update", about, "brief/emerging-technologies", "brief/emerging-technologies");
	assert_refused("programme", owner, "agency/DPMC",
		"'DPMC' is not an id: character 1 is none of a-z 0-9 . _ -", "agency/dpmc");
	assert_refused("programme", owner, "DPMC",
		"'DPMC' is not an id: character 1 is none of a-z 0-9 . _ -", "agency/dpmc");
	assert_refused("programme", owner, "body/ctcc",
		"'owner' cannot name a record of kind 'body'", "agency");
	assert_refused("milestone", parent, "workstrem/x",
		"'parent' cannot name a record of kind 'workstrem'", "did you mean 'workstream'?");
	assert_refused("milestone", parent, "agency/x",
		"'parent' cannot name a record of kind 'agency'", "one of workstream, initiative");
	assert_refused("milestone", parent, "ctwp2021-4-2",
		"'ctwp2021-4-2' does not say which kind of record 'parent' names",
		"one of workstream/ctwp2021-4-2, initiative/ctwp2021-4-2");
	assert_refused("update", about, "x", "'x' does not say which kind of record 'about' names",
		"a record is written kind/id");
	assert_refused("programme", owner, "/dpmc", "'/dpmc' names no record: its kind is missing",
		"a record is written kind/id");
	assert_refused("programme", owner, "agency/", "the id is empty", NULL);
	assert_refused("programme", owner, "agency/a/b",
		"'a/b' is not an id: character 2 is none of a-z 0-9 . _ -", "agency/a-b");
	{
		const char *out;

		assert_int_equal(
			cts_validate_item(&out, &arena, kind_of("update"), about, "milestne/x"),
			CTS_EVALUE);
		assert_non_null(cts_error_hint());
		assert_non_null(strstr(cts_error_hint(), "milestone"));
	}
}

static void test_dates_are_days(void **state)
{
	const struct cts_field *done_on = field_of("milestone", "done_on");

	(void)state;
	assert_item("milestone", done_on, "2021-06-15", "2021-06-15");
	assert_item("milestone", done_on, " 2021-06-15\n", "2021-06-15");
	assert_refused("milestone", done_on, "15 June 2021",
		"'15 June 2021' is not a day, as 'done_on' must be", "done_on=2021-06-15");
	assert_refused("milestone", done_on, "Q2 2021",
		"'Q2 2021' is not a day, as 'done_on' must be", "a day is written 2021-06-15");
	assert_refused("milestone", done_on, "2021-06-31",
		"'2021-06-31' is not a date: June 2021 has 30 days", NULL);
}

static void test_fuzzy_dates_are_kept_as_typed(void **state)
{
	const struct cts_field *due = field_of("milestone", "due");

	(void)state;
	assert_item("milestone", due, "q4 2021", "q4 2021");
	assert_item("milestone", due, "when Cabinet decides", "when Cabinet decides");
	assert_item("milestone", due, "[[withheld s6(a)]]", "[[withheld 6(a)]]");
	assert_refused("milestone", due, "Q4 2021 (establish group)",
		"'Q4 2021 (establish group)' holds a date and a label: 'due' takes the date alone",
		"due='Q4 2021' label='establish group'");
	assert_refused("milestone", due, "31 June 2021",
		"'31 June 2021' is not a date: June 2021 has 30 days", NULL);
}

static void test_periods_have_a_first_and_a_last_day(void **state)
{
	const struct cts_field *period = field_of("update", "period");
	static const char *const bad[] = {"by June 2021", "TBD", "last month", "-"};
	const char *out;

	(void)state;
	assert_item("update", period, "Q2 2021", "Q2 2021");
	assert_item("update", period, "2020/21", "2020/21");
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(cts_validate_item(&out, &arena, kind_of("update"), period, bad[i]),
			CTS_EVALUE);
	assert_refused("update", period, "soon",
		"'soon' has no first and last day, as 'period' must have",
		"a period is written Q2 2021, June 2021, H1 2021 or 2020/21");
}

static void test_addresses_have_a_scheme_and_a_host(void **state)
{
	static const struct cts_field field = {.name = "link", .form = CTS_FORM_URL};
	static const char *const good[] = {"https://dpmc.govt.nz", "http://a",
		"HTTPS://A.B/c?d=e#f", "https://[2001:db8::1]:8080/x", "https://a:443",
		"https://a/b(c)%20d", "https://m\xc4\x81ori.nz/"};
	static const char *const bad[] = {"dpmc.govt.nz", "ftp://a", "https://", "https:///x",
		"https://?x", "https:a", "https://a b", "https://a/b c", "https://u:p@a/",
		"https://.a", "https://a:b", "javascript:alert(1)", "https://[::1", "https://[]",
		"https://a\"b", "https://a/<b>", "file:///etc/passwd", "https://a\\b"};
	const char *out;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_item("milestone", &field, good[i], good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (cts_validate_item(&out, &arena, kind_of("milestone"), &field, bad[i]) !=
			CTS_EVALUE)
			fail_msg("'%s' is taken", bad[i]);
}

static void test_grounds_are_spelt_as_the_act_spells_them(void **state)
{
	const struct cts_field *grounds = field_of("release", "grounds");
	const struct cts_field *refusals = field_of("request", "refusal_grounds");

	(void)state;
	assert_item("release", grounds, "Section 9 (2)(F)(iv)", "9(2)(f)(iv)");
	assert_item("request", refusals, "s18(da)", "18(da)");
	assert_refused("release", grounds, "6(q)",
		"'6(q)' is not a ground of the Act, as 'grounds' must be", "6(a)");
	assert_refused("release", grounds, "6(a) and more",
		"'6(a) and more' is not a ground of the Act, as 'grounds' must be", NULL);
}

static void test_hashes_are_lower_case_hex(void **state)
{
	const struct cts_field *revision = field_of("release", "revision");
	const struct cts_field *output = field_of("release", "output_sha256");
	const char *out;

	(void)state;
	assert_item("release", revision, "7F3A9C21D0B4E5867f3a9c21d0b4e58612345678",
		"7f3a9c21d0b4e5867f3a9c21d0b4e58612345678");
	assert_item("release", output,
		"7f3a9c21d0b4e5867f3a9c21d0b4e5867f3a9c21d0b4e5867f3a9c21d0b4e586",
		"7f3a9c21d0b4e5867f3a9c21d0b4e5867f3a9c21d0b4e5867f3a9c21d0b4e586");
	assert_refused("release", revision, "7f3a",
		"'7f3a' is not 40 hex digits, as 'revision' must be", NULL);
	assert_int_equal(cts_validate_item(&out, &arena, kind_of("release"), revision,
				 "7f3a9c21d0b4e5867f3a9c21d0b4e5861234567g"),
		CTS_EVALUE);
}

static void test_patterns_hold_for_the_whole_text(void **state)
{
	const struct cts_field *code = field_of("agency", "code");
	struct cts_field either = {.name = "e", .pattern = "a|b+"};
	struct cts_field broken = {.name = "x", .pattern = "(["};

	(void)state;
	assert_item("agency", code, "DPMC", "DPMC");
	assert_refused("agency", code, "DPMC!", "'DPMC!' is not a value of 'code'",
		"it must match [A-Z][A-Z0-9]{1,15}");
	assert_refused("agency", code, "xDPMC", "'xDPMC' is not a value of 'code'",
		"it must match [A-Z][A-Z0-9]{1,15}");
	assert_refused("agency", code, "DPMC\nX", "'DPMC\nX' is not a value of 'code'",
		"it must match [A-Z][A-Z0-9]{1,15}");
	assert_item("agency", &either, "bbb", "bbb");
	assert_refused("agency", &either, "ab", "'ab' is not a value of 'e'", "it must match a|b+");
	assert_refused(
		"agency", &broken, "x", "the pattern of 'x' is no regular expression: '(['", NULL);
}

static void *match_often(void *unused)
{
	struct cts_arena own = {0};

	(void)unused;
	for (int i = 0; i < 2000; i++) {
		char pattern[16];
		struct cts_field field = {.name = "p", .pattern = pattern};
		const char *out, *text;

		cts_arena_clear(&own);
		pattern[0] = (char)('a' + i % 20);
		pattern[1] = '\0';
		text = cts_arena_strdup(&own, pattern);
		assert_int_equal(cts_validate_item(&out, &own, kind_of("agency"), &field, text), 0);
		assert_int_equal(
			cts_validate_item(&out, &own, kind_of("agency"), &field, "zz"), CTS_EVALUE);
	}
	cts_arena_release(&own);
	return NULL;
}

static void test_threads_share_patterns(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, match_often, NULL), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
}

static void test_marks_are_balanced_and_spelt_one_way(void **state)
{
	const struct cts_field *title = field_of("workstream", "title");

	(void)state;
	assert_item("workstream", title, "[[withheld s6(a), Section 9(2)(f)(iv)]]",
		"[[withheld 6(a), 9(2)(f)(iv)]]");
	assert_refused("workstream", title, "Meet [[withhold 6(a)|them",
		"'title': the mark has no ']]' at line 1, column 6", NULL);
	assert_refused("workstream", title, "[[withhold 6(q)|them]]",
		"'title': '6(q)' is not a ground of the Act at line 1, column 12", "6(a)");
}

static struct cts_value value_of(size_t count, ...)
{
	const char **items = cts_arena_alloc(&arena, (count + 1) * sizeof(*items));
	va_list args;

	va_start(args, count);
	for (size_t i = 0; i < count; i++)
		items[i] = va_arg(args, const char *);
	va_end(args);
	return (struct cts_value){.count = count, .items = items};
}

static void assert_value(
	const char *kind, const char *field, struct cts_value value, struct cts_value expected)
{
	struct cts_value out = {0};

	assert_int_equal(
		cts_validate_value(&out, &arena, kind_of(kind), field_of(kind, field), value), 0);
	assert_true(cts_value_equal(out, expected));
}

static void test_values_are_canonical(void **state)
{
	(void)state;
	assert_value("programme", "governance", value_of(3, "sib", "body/ctcc", "sib"),
		value_of(2, "body/ctcc", "body/sib"));
	assert_value(
		"initiative", "points", value_of(3, "b", "a", "b"), value_of(3, "b", "a", "b"));
	assert_value(
		"milestone", "releasable_to", value_of(2, "nz", "au"), value_of(2, "au", "nz"));
	assert_value("milestone", "status", value_of(1, "Unspecified"), value_of(0));
	assert_value("milestone", "status", value_of(0), value_of(0));
}

static void test_values_of_the_wrong_shape_are_refused(void **state)
{
	struct cts_value out = {.count = 42};
	const struct cts_kind *kind = kind_of("initiative");
	char *long_text = cts_arena_alloc(&arena, CTS_VALUE_MAX + 2);
	char *half = cts_arena_alloc(&arena, CTS_VALUE_MAX / 2 + 2);

	(void)state;
	memset(long_text, 'a', CTS_VALUE_MAX + 1);
	memset(half, 'a', CTS_VALUE_MAX / 2 + 1);
	assert_int_equal(cts_validate_value(&out, &arena, kind, field_of("initiative", "title"),
				 value_of(2, "a", "b")),
		CTS_EVALUE);
	assert_string_equal(cts_error_message(CTS_EVALUE), "'title' takes one value, not 2");
	assert_int_equal(cts_validate_value(&out, &arena, kind, field_of("initiative", "title"),
				 value_of(1, long_text)),
		CTS_EVALUE);
	assert_string_equal(
		cts_error_message(CTS_EVALUE), "'title' is longer than 64 KiB: 65537 bytes");
	assert_int_equal(cts_validate_value(&out, &arena, kind, field_of("initiative", "points"),
				 value_of(2, half, half)),
		CTS_EVALUE);
	assert_string_equal(
		cts_error_message(CTS_EVALUE), "'points' is longer than 64 KiB: 65538 bytes");
	assert_int_equal(cts_validate_value(&out, &arena, kind, field_of("initiative", "points"),
				 value_of(2, "a", "")),
		CTS_EVALUE);
	assert_int_equal(out.count, 42);
	long_text[CTS_VALUE_MAX] = '\0';
	assert_value("initiative", "title", value_of(1, long_text), value_of(1, long_text));
}

static void set(struct cts_record *record, const char *field, const char *text)
{
	cts_record_set(record, cts_kind_field(record->kind, field), cts_value_of(&arena, text));
}

static void test_required_fields_must_be_set(void **state)
{
	struct cts_record record;

	(void)state;
	cts_record_init(&record, kind_of("workstream"), "a");
	assert_int_equal(cts_validate_record(&record, NULL), CTS_EVALUE);
	assert_string_equal(
		cts_error_message(CTS_EVALUE), "the workstream lacks 'title', 'initiative'");
	assert_string_equal(cts_error_hint(), "title=... initiative=...");
	set(&record, "title", "RCOI engagement");
	set(&record, "initiative", "initiative/ctwp2021-1");
	assert_int_equal(cts_validate_record(&record, NULL), 0);
	cts_record_release(&record);
}

/* An open conflict on `field` whose sides hold the two texts; NULL: by hash only. */
static void put_conflict(
	struct cts_record *record, const char *field, const char *one, const char *two)
{
	struct cts_side *sides = cts_arena_alloc(&record->arena, 2 * sizeof(*sides));
	struct cts_conflict *conflict = cts_arena_alloc(&record->arena, sizeof(*conflict));

	sides[0] = (struct cts_side){
		.value = cts_value_of(&record->arena, one), .agency = "a", .author = "A <a@b>"};
	sides[1] = (struct cts_side){.value = cts_value_of(&record->arena, two ? two : ""),
		.agency = "b",
		.author = "B <b@b>",
		.sha256 = two ? NULL : "00"};
	*conflict = (struct cts_conflict){.field = field, .sides = sides, .side_count = 2};
	record->conflicts = conflict;
	record->conflict_count = 1;
}

static void test_a_required_field_in_conflict_may_show_nothing(void **state)
{
	struct cts_record record;

	(void)state;
	cts_record_init(&record, kind_of("workstream"), "a");
	set(&record, "initiative", "initiative/x");
	put_conflict(&record, "title", "", "Growth");
	assert_int_equal(cts_validate_record(&record, NULL), 0);
	cts_record_release(&record);
}

static void test_a_baseline_is_written_once(void **state)
{
	struct cts_record before, after;

	(void)state;
	cts_record_init(&before, kind_of("milestone"), "a");
	set(&before, "parent", "workstream/x");
	cts_record_copy(&after, &before);
	set(&after, "baseline", "Q3 2021");
	assert_int_equal(cts_validate_record(&after, NULL), 0);
	assert_int_equal(cts_validate_record(&after, &before), 0);

	set(&before, "baseline", "Q3 2021");
	assert_int_equal(cts_validate_record(&after, &before), 0);
	set(&after, "baseline", "Q4 2021");
	assert_int_equal(cts_validate_record(&after, &before), CTS_EVALUE);
	assert_string_equal(
		cts_error_message(CTS_EVALUE), "'baseline' is written once, and is 'Q3 2021'");
	set(&after, "baseline", "");
	assert_int_equal(cts_validate_record(&after, &before), CTS_EVALUE);

	put_conflict(&before, "baseline", "Q3 2021", "Q4 2021");
	set(&after, "baseline", "Q4 2021");
	assert_int_equal(cts_validate_record(&after, &before), 0);
	set(&after, "baseline", "Q1 2022");
	assert_int_equal(cts_validate_record(&after, &before), CTS_EVALUE);
	assert_string_equal(cts_error_message(CTS_EVALUE),
		"'baseline' is written once: it can only be one of its 2 sides");
	put_conflict(&before, "baseline", "Q3 2021", NULL);
	assert_int_equal(cts_validate_record(&after, &before), 0);
	cts_record_release(&before);
	cts_record_release(&after);
}

/* Seventeen fields of 64 KiB each are more than a person may put into one record at once; what stands
 * there, by a merge or bit by bit, stops no edit of something else. */
static void test_a_record_holds_at_most_a_mebibyte(void **state)
{
	struct cts_buf body = {0}, bytes = {0};
	struct cts_schema *schema;
	const struct cts_kind *kind;
	struct cts_record record, before;
	char *text = cts_arena_alloc(&arena, CTS_VALUE_MAX + 1);

	(void)state;
	cts_buf_puts(&body, "message Wide { option (ctsync.kind) = {name: \"wide\"};");
	for (int i = 1; i <= 17; i++)
		cts_buf_printf(&body, " string f%d = %d;", i, i);
	cts_buf_puts(&body, " }");
	schemas_compile_text(&bytes, cts_buf_text(&body));
	schema = schemas_load(&bytes);
	kind = cts_schema_kind(schema, "wide");
	memset(text, 'a', CTS_VALUE_MAX);
	cts_record_init(&record, kind, "a");
	cts_record_init(&before, kind, "a");
	for (size_t i = 0; i < 16; i++)
		cts_record_set(&record, &kind->fields[i], cts_value_of(&arena, text));
	assert_int_equal(cts_validate_record(&record, NULL), 0);
	cts_record_set(&record, &kind->fields[16], cts_value_of(&arena, "b"));
	assert_int_equal(cts_validate_record(&record, NULL), CTS_EVALUE);
	assert_string_equal(cts_error_message(CTS_EVALUE),
		"the wide is larger than 1 MiB: 1048577 bytes");
	for (size_t i = 0; i < 16; i++)
		cts_record_set(&before, &kind->fields[i], cts_value_of(&arena, text));
	assert_int_equal(cts_validate_record(&record, &before), 0);
	cts_record_release(&record);
	cts_record_release(&before);
	cts_schema_free(schema);
	cts_buf_release(&body);
	cts_buf_release(&bytes);
}

/* Whatever a merge or a program made: nobody would take a commit with it. */
static void test_a_changed_value_is_normal_text_of_at_most_64_kib(void **state)
{
	const struct cts_kind *kind = kind_of("initiative");
	struct cts_record record, before;
	char *text = cts_arena_alloc(&arena, CTS_VALUE_MAX + 2);

	(void)state;
	memset(text, 'a', CTS_VALUE_MAX + 1);
	cts_record_init(&record, kind, "a");
	cts_record_init(&before, kind, "a");
	set(&record, "title", "Grow");
	set(&record, "notes", text);
	assert_int_equal(cts_validate_record(&record, NULL), CTS_EVALUE);
	assert_int_equal(cts_validate_record(&record, &before), CTS_EVALUE);
	set(&before, "notes", text);
	assert_int_equal(cts_validate_record(&record, &before), 0);
	set(&record, "notes", "e\xcc\x81");
	assert_int_equal(cts_validate_record(&record, &before), CTS_EVALUE);
	assert_non_null(strstr(cts_error_message(CTS_EVALUE), "NFC"));
	cts_record_release(&record);
	cts_record_release(&before);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_become_nfc),
		cmocka_unit_test(test_enumerators_are_read_in_any_case),
		cmocka_unit_test(test_numbers_stay_within_their_bounds),
		cmocka_unit_test(test_numbers_fit_their_type),
		cmocka_unit_test(test_booleans_are_true_or_false),
		cmocka_unit_test(test_references_are_kind_and_id),
		cmocka_unit_test(test_dates_are_days),
		cmocka_unit_test(test_fuzzy_dates_are_kept_as_typed),
		cmocka_unit_test(test_periods_have_a_first_and_a_last_day),
		cmocka_unit_test(test_addresses_have_a_scheme_and_a_host),
		cmocka_unit_test(test_grounds_are_spelt_as_the_act_spells_them),
		cmocka_unit_test(test_hashes_are_lower_case_hex),
		cmocka_unit_test(test_patterns_hold_for_the_whole_text),
		cmocka_unit_test(test_threads_share_patterns),
		cmocka_unit_test(test_marks_are_balanced_and_spelt_one_way),
		cmocka_unit_test(test_values_are_canonical),
		cmocka_unit_test(test_values_of_the_wrong_shape_are_refused),
		cmocka_unit_test(test_required_fields_must_be_set),
		cmocka_unit_test(test_a_required_field_in_conflict_may_show_nothing),
		cmocka_unit_test(test_a_baseline_is_written_once),
		cmocka_unit_test(test_a_record_holds_at_most_a_mebibyte),
		cmocka_unit_test(test_a_changed_value_is_normal_text_of_at_most_64_kib),
	};

	return cmocka_run_group_tests(tests, schemas_make_dir, clear);
}
