/*
 * Fuzzy dates: every row of the table in many spellings, days against a calendar that counts one by
 * one, and random words, which may give any form but never a window that ends before it begins.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/error.h"
#include "proto/fuzzydate.h"
#include "proto/time.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NONE "-"

struct expected {
	const char *text;
	const char *form, *earliest, *latest;
};

static const char *end_text(char out[CTS_TIME_TEXT], bool has, int32_t day)
{
	return has ? cts_day_format(out, day) : NONE;
}

static void assert_reads(const struct expected *expected)
{
	char earliest[CTS_TIME_TEXT], latest[CTS_TIME_TEXT];
	struct cts_fuzzy fuzzy;

	cts_fuzzy_parse(&fuzzy, expected->text);
	if (strcmp(cts_fuzzy_form_name(fuzzy.form), expected->form) != 0)
		fail_msg("'%s' reads as %s, not %s", expected->text,
			cts_fuzzy_form_name(fuzzy.form), expected->form);
	assert_string_equal(
		end_text(earliest, fuzzy.has_earliest, fuzzy.earliest), expected->earliest);
	assert_string_equal(end_text(latest, fuzzy.has_latest, fuzzy.latest), expected->latest);
}

static void test_every_row_of_the_table_reads(void **state)
{
	static const struct expected rows[] = {
		{"2021-06-15", "day", "2021-06-15", "2021-06-15"},
		{"15 June 2021", "day", "2021-06-15", "2021-06-15"},
		{"15 Jun 2021", "day", "2021-06-15", "2021-06-15"},
		{"15 jun. 2021", "day", "2021-06-15", "2021-06-15"},
		{"15th JUNE, 2021", "day", "2021-06-15", "2021-06-15"},
		{"1st of June 2021", "day", "2021-06-01", "2021-06-01"},
		{"June 15, 2021", "day", "2021-06-15", "2021-06-15"},
		{"  15  June\t2021 ", "day", "2021-06-15", "2021-06-15"},
		{"15\xc2\xa0June\xc2\xa0"
		 "2021",
			"day", "2021-06-15", "2021-06-15"},
		{"29 February 2024", "day", "2024-02-29", "2024-02-29"},
		{"15/16 June 2021", "day range", "2021-06-15", "2021-06-16"},
		{"15-16 June 2021", "day range", "2021-06-15", "2021-06-16"},
		{"15\xe2\x80\x93"
		 "16 June 2021",
			"day range", "2021-06-15", "2021-06-16"},
		{"15 \xe2\x80\x93 16 June 2021", "day range", "2021-06-15", "2021-06-16"},
		{"15 to 16 June 2021", "day range", "2021-06-15", "2021-06-16"},
		{"15 & 16 June 2021", "day range", "2021-06-15", "2021-06-16"},
		{"15th and 16th June 2021", "day range", "2021-06-15", "2021-06-16"},
		{"June 15-16, 2021", "day range", "2021-06-15", "2021-06-16"},
		{"30 June - 2 July 2021", "day range", "2021-06-30", "2021-07-02"},
		{"31 Dec 2021 to 2 Jan 2022", "day range", "2021-12-31", "2022-01-02"},
		{"June 2021", "month", "2021-06-01", "2021-06-30"},
		{"jun 2021", "month", "2021-06-01", "2021-06-30"},
		{"Sept. 2021", "month", "2021-09-01", "2021-09-30"},
		{"Sep 2021", "month", "2021-09-01", "2021-09-30"},
		{"May, 2021", "month", "2021-05-01", "2021-05-31"},
		{"February 2024", "month", "2024-02-01", "2024-02-29"},
		{"December 2021", "month", "2021-12-01", "2021-12-31"},
		{"2021-06", "month", "2021-06-01", "2021-06-30"},
		{"Q1 2021", "quarter", "2021-01-01", "2021-03-31"},
		{"Q2 2021", "quarter", "2021-04-01", "2021-06-30"},
		{"Q3 2021", "quarter", "2021-07-01", "2021-09-30"},
		{"q4 2021", "quarter", "2021-10-01", "2021-12-31"},
		{"Q2, 2021", "quarter", "2021-04-01", "2021-06-30"},
		{"Q2/2021", "quarter", "2021-04-01", "2021-06-30"},
		{"2021-Q2", "quarter", "2021-04-01", "2021-06-30"},
		{"2021Q2", "quarter", "2021-04-01", "2021-06-30"},
		{"2021 Q2", "quarter", "2021-04-01", "2021-06-30"},
		{"Quarter 2 of 2021", "quarter", "2021-04-01", "2021-06-30"},
		{"Q1 FY21", "quarter", "2020-07-01", "2020-09-30"},
		{"Q2 FY21", "quarter", "2020-10-01", "2020-12-31"},
		{"Q3 FY21", "quarter", "2021-01-01", "2021-03-31"},
		{"Q4 FY21", "quarter", "2021-04-01", "2021-06-30"},
		{"Q2 FY2021", "quarter", "2020-10-01", "2020-12-31"},
		{"q2 fy 20/21", "quarter", "2020-10-01", "2020-12-31"},
		{"Q2 2020/21", "quarter", "2020-10-01", "2020-12-31"},
		{"Q2 2020/2021", "quarter", "2020-10-01", "2020-12-31"},
		{"Q2 2020\xe2\x80\x93"
		 "21",
			"quarter", "2020-10-01", "2020-12-31"},
		{"H1 2021", "half", "2021-01-01", "2021-06-30"},
		{"h2 2021", "half", "2021-07-01", "2021-12-31"},
		{"H1 FY21", "half", "2020-07-01", "2020-12-31"},
		{"2021", "year", "2021-01-01", "2021-12-31"},
		{"2020/21", "fiscal year", "2020-07-01", "2021-06-30"},
		{"2020-21", "fiscal year", "2020-07-01", "2021-06-30"},
		{"1999/00", "fiscal year", "1999-07-01", "2000-06-30"},
		{"FY21", "fiscal year", "2020-07-01", "2021-06-30"},
		{"FY 2021", "fiscal year", "2020-07-01", "2021-06-30"},
		{"early 2021", "approximate", "2021-01-01", "2021-04-30"},
		{"Mid 2021", "approximate", "2021-05-01", "2021-08-31"},
		{"mid-2021", "approximate", "2021-05-01", "2021-08-31"},
		{"late 2021", "approximate", "2021-09-01", "2021-12-31"},
		{"LATE IN 2021", "approximate", "2021-09-01", "2021-12-31"},
		{"by Q2 2021", "open", NONE, "2021-06-30"},
		{"By 15 June 2021", "open", NONE, "2021-06-15"},
		{"by the end of June 2021", "open", NONE, "2021-06-30"},
		{"by 15/16 June 2021", "open", NONE, "2021-06-16"},
		{"from Q2 2021", "open", "2021-04-01", NONE},
		{"From mid 2021", "open", "2021-05-01", NONE},
		{"from end of 2021", "open", "2021-12-31", NONE},
		{"end of June 2021", "point", "2021-06-30", "2021-06-30"},
		{"End of Q3 2021", "point", "2021-09-30", "2021-09-30"},
		{"end of FY21", "point", "2021-06-30", "2021-06-30"},
		{"end 2021", "point", "2021-12-31", "2021-12-31"},
		{"end-June 2021", "point", "2021-06-30", "2021-06-30"},
		{"Ongoing", "continuing", NONE, NONE},
		{"on-going", "continuing", NONE, NONE},
		{"ONGOING.", "continuing", NONE, NONE},
		{"TBD", "unscheduled", NONE, NONE},
		{"tbc", "unscheduled", NONE, NONE},
		{"to be determined", "unscheduled", NONE, NONE},
		{"Dependent on Budget 21 funding decisions.", "conditional", NONE, NONE},
		{"dependent  upon Q2 2021 (perhaps)", "conditional", NONE, NONE},
		{"-", "not applicable", NONE, NONE},
		{"\xe2\x80\x93", "not applicable", NONE, NONE},
		{"N/A", "not applicable", NONE, NONE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cts_fuzzy fuzzy;

		assert_reads(&rows[i]);
		cts_fuzzy_parse(&fuzzy, rows[i].text);
		assert_int_equal(fuzzy.size, strlen(rows[i].text));
		assert_int_equal(cts_fuzzy_check("due", rows[i].text), 0);
	}
}

static void test_other_prose_is_allowed_and_has_no_window(void **state)
{
	static const char *const texts[] = {"CTCC to continue to receive regular updates from MSD",
		"soon", "after the hui in June 2021", "15 June", "June", "by", "from here",
		"end of", "early", "Q2", "Q2 21", "Mayor 2021", "Junes 2021", "1200 people",
		"2021 review", "21", "FY", "2021-", "2021/", "15/ June 2021", "/16 June 2021",
		"Dependent on", "TBD TBD", "Q3 2021 or Q4 2021", "early June", "2021-06-15T09:30",
		"20210615", "Ongoingly", "[[withheld 6(a)]]", "(first Hui)", "15/06/2021",
		"2020-2021", "\xe2", "\xe2\x80"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_reads(&(struct expected){texts[i], "unparsed", NONE, NONE});
		assert_int_equal(cts_fuzzy_check("due", texts[i]), 0);
	}
	assert_reads(&(struct expected){"", "unparsed", NONE, NONE});
}

static void test_days_that_do_not_exist_are_refused(void **state)
{
	static const char *const cases[][2] = {
		{"31 June 2021", "'31 June 2021' is not a date: June 2021 has 30 days"},
		{"2021-02-29", "'2021-02-29' is not a date: February 2021 has 28 days"},
		{"30 Feb 2024", "'30 Feb 2024' is not a date: February 2024 has 29 days"},
		{"0 June 2021", "'0 June 2021' is not a date: June 2021 has 30 days"},
		{"30/31 June 2021", "'30/31 June 2021' is not a date: June 2021 has 30 days"},
		{"2021-13-01", "'2021-13-01' is not a date: there is no month 13"},
		{"2021-00", "'2021-00' is not a date: there is no month 0"},
		{"16/15 June 2021",
			"'16/15 June 2021' is not a date: the range ends before it begins"},
		{"Q5 2021", "'Q5 2021' is not a date: a year has 4 quarters"},
		{"Q0 FY21", "'Q0 FY21' is not a date: a year has 4 quarters"},
		{"H3 2021", "'H3 2021' is not a date: a year has 2 halves"},
		{"2020/22",
			"'2020/22' is not a date: a fiscal year is two years in a row, as 2020/21"},
		{"by 31 June 2021", "'by 31 June 2021' is not a date: June 2021 has 30 days"},
		{"31 June 2021 (hui)", "'31 June 2021 (hui)' is not a date: June 2021 has 30 days"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cts_fuzzy fuzzy;

		assert_int_equal(cts_fuzzy_check("due", cases[i][0]), CTS_EVALUE);
		assert_string_equal(cts_error_message(CTS_EVALUE), cases[i][1]);
		assert_reads(&(struct expected){cases[i][0], "unparsed", NONE, NONE});
		assert_false(cts_fuzzy_parse_prefix(&fuzzy, cases[i][0]));
	}
	/* In prose they are somebody's words. */
	assert_int_equal(cts_fuzzy_check("due", "postponed from 31 June 2021"), 0);
}

static void test_a_label_is_refused_with_the_two_assignments(void **state)
{
	static const char *const cases[][2] = {
		{"Q4 2021 (establish group)", "due='Q4 2021' label='establish group'"},
		{"15/16 June 2021 (first Hui)", "due='15/16 June 2021' label='first Hui'"},
		{"TBD(x)", "due='TBD' label='x'"},
		{" Q4 2021  (x) y", "due='Q4 2021' label='(x) y'"},
		{"Ongoing (NZ's (a))", "due='Ongoing' label='NZ'\\''s (a)'"},
		{"Q4 2021 (a) (b)", "due='Q4 2021' label='(a) (b)'"},
		{"Q4 2021 (unclosed", "due='Q4 2021' label='(unclosed'"},
		{"Q4 2021 (x).", "due='Q4 2021' label='x'"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(cts_fuzzy_check("due", cases[i][0]), CTS_EVALUE);
		assert_non_null(strstr(cts_error_message(CTS_EVALUE), "holds a date and a label"));
		assert_string_equal(cts_error_hint(), cases[i][1]);
	}
}

static void test_a_prefix_ends_where_a_cell_goes_on(void **state)
{
	static const struct {
		const char *text;
		const char *form;
		size_t size;
	} cases[] = {
		{"Ongoing Q4 2021 (establish group)", "continuing", 7},
		{"Q4 2021 (establish group) Q2 2021", "quarter", 7},
		{"TBD TBD Dependent on Budget 21", "unscheduled", 3},
		{"15/16 June 2021 (first Hui)", "day range", 15},
		{"15 June 2021, then", "day", 12},
		{"Q4 2021(x)", "quarter", 7},
		{"Q2 FY21 x", "quarter", 7},
		{"2021 Q4 2021", "year", 4},
		{"- -", "not applicable", 1},
		{"by end of 2021 x", "open", 14},
		{" TBD", "unscheduled", 4},
		{"2021", "year", 4},
	};
	static const char *const none[] = {"", "Dependent on Budget 21", "Q4 2021x", "Q4 2021.",
		"prose", "(x)", "2021-", "TBDs", "-x", "CTCC to continue", "15 June",
		"31 June 2021"};
	struct cts_fuzzy fuzzy;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(cts_fuzzy_parse_prefix(&fuzzy, cases[i].text));
		assert_string_equal(cts_fuzzy_form_name(fuzzy.form), cases[i].form);
		assert_int_equal(fuzzy.size, cases[i].size);
	}
	for (size_t i = 0; i < COUNT(none); i++)
		assert_false(cts_fuzzy_parse_prefix(&fuzzy, none[i]));
}

static int month_length(int year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return lengths[month - 1] +
	       (month == 2 && (year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)));
}

static void assert_window(
	const char *text, enum cts_fuzzy_form form, int32_t earliest, int32_t latest)
{
	struct cts_fuzzy fuzzy;

	cts_fuzzy_parse(&fuzzy, text);
	if (fuzzy.form != form || fuzzy.earliest != earliest || fuzzy.latest != latest)
		fail_msg("'%s' reads as %s, %d to %d; expected %d to %d", text,
			cts_fuzzy_form_name(fuzzy.form), fuzzy.earliest, fuzzy.latest, earliest,
			latest);
}

/* Walks 1900 to 2199 day by day and writes each day and each window that it begins. */
static void test_windows_agree_with_a_counted_calendar(void **state)
{
	static const char *const names[] = {"January", "Feb", "march", "APR", "May", "june", "Jul",
		"August", "Sept", "oct.", "Nov", "December"};
	int32_t first[300 * 12 + 1], day = cts_day_of(1900, 1, 1);
	char text[64];

	(void)state;
	for (int month = 0; month < 300 * 12; month++) {
		int year = 1900 + month / 12, length = month_length(year, month % 12 + 1);

		first[month] = day;
		for (int i = 1; i <= length; i++, day++) {
			snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month % 12 + 1, i);
			assert_window(text, CTS_FUZZY_DAY, day, day);
			snprintf(text, sizeof(text), "%d %s %d", i, names[month % 12], year);
			assert_window(text, CTS_FUZZY_DAY, day, day);
		}
		snprintf(text, sizeof(text), "%d %s %d", length + 1, names[month % 12], year);
		assert_int_equal(cts_fuzzy_check("due", text), CTS_EVALUE);
	}
	first[300 * 12] = day;
	for (int month = 0; month < 300 * 12; month++) {
		int year = 1900 + month / 12, in_year = month % 12,
		    fiscal = (month + 6) / 12 + 1900;

		snprintf(text, sizeof(text), "%s %d", names[in_year], year);
		assert_window(text, CTS_FUZZY_MONTH, first[month], first[month + 1] - 1);
		if (in_year % 3 == 0) {
			snprintf(text, sizeof(text), "Q%d %d", in_year / 3 + 1, year);
			assert_window(text, CTS_FUZZY_QUARTER, first[month], first[month + 3] - 1);
			snprintf(
				text, sizeof(text), "Q%d FY%d", (in_year + 6) % 12 / 3 + 1, fiscal);
			if (fiscal < 2200)
				assert_window(text, CTS_FUZZY_QUARTER, first[month],
					first[month + 3] - 1);
		}
		if (in_year % 6 == 0) {
			snprintf(text, sizeof(text), "H%d %d", in_year / 6 + 1, year);
			assert_window(text, CTS_FUZZY_HALF, first[month], first[month + 6] - 1);
		}
		if (in_year == 6 && year < 2199) {
			snprintf(text, sizeof(text), "%d/%02d", year, (year + 1) % 100);
			assert_window(
				text, CTS_FUZZY_FISCAL_YEAR, first[month], first[month + 12] - 1);
		}
	}
}

static void test_random_words_give_sorted_windows(void **state)
{
	static const char *const words[] = {"15", "16", "31", "0", "1st", "June", "Feb", "sept",
		"2021", "2020", "1900", "2199", "21", "06", "13", "Q2", "Q4", "Q9", "H1", "FY",
		"FY21", "/", "-", "\xe2\x80\x93", " ", " ", " ", ",", "early", "late", "mid", "by",
		"from", "end", "of", "the", "to", "and", "TBD", "Ongoing", "(", ")", ".",
		"Dependent on", "quarter"};
	const char *given = getenv("CTS_SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	int read = 0;

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 300000; round++) {
		char text[160] = "", prefix[160];
		struct cts_fuzzy fuzzy, again;
		int count = 1 + rand() % 9;

		for (int i = 0; i < count; i++) {
			strcat(text, words[(size_t)rand() % COUNT(words)]);
			if (rand() % 2)
				strcat(text, " ");
		}
		cts_fuzzy_parse(&fuzzy, text);
		if (fuzzy.has_earliest && fuzzy.has_latest && fuzzy.earliest > fuzzy.latest)
			fail_msg("'%s': %d to %d", text, fuzzy.earliest, fuzzy.latest);
		assert_true(fuzzy.has_earliest || fuzzy.earliest == 0);
		assert_true(fuzzy.has_latest || fuzzy.latest == 0);
		assert_true(fuzzy.size == 0 || fuzzy.size == strlen(text));
		read += fuzzy.form != CTS_FUZZY_UNPARSED;
		cts_fuzzy_check("due", text);
		/* What is read as a prefix reads alike when it stands alone. */
		if (!cts_fuzzy_parse_prefix(&fuzzy, text))
			continue;
		memcpy(prefix, text, fuzzy.size);
		prefix[fuzzy.size] = '\0';
		cts_fuzzy_parse(&again, prefix);
		if (again.form != fuzzy.form || again.earliest != fuzzy.earliest ||
			again.latest != fuzzy.latest)
			fail_msg("'%s' in '%s' reads in two ways", prefix, text);
	}
	assert_true(read > 300);
}

static void test_overdue_is_after_the_last_day(void **state)
{
	struct cts_fuzzy fuzzy;

	(void)state;
	cts_fuzzy_parse(&fuzzy, "June 2021");
	assert_false(cts_fuzzy_is_overdue(&fuzzy, cts_day_of(2021, 6, 30)));
	assert_true(cts_fuzzy_is_overdue(&fuzzy, cts_day_of(2021, 7, 1)));
	cts_fuzzy_parse(&fuzzy, "from June 2021");
	assert_false(cts_fuzzy_is_overdue(&fuzzy, cts_day_of(2099, 1, 1)));
	cts_fuzzy_parse(&fuzzy, "TBD");
	assert_false(cts_fuzzy_is_overdue(&fuzzy, cts_day_of(2099, 1, 1)));
	cts_fuzzy_parse(&fuzzy, "by 1969");
	assert_true(cts_fuzzy_is_overdue(&fuzzy, 0));
}

static void test_dates_sort_by_their_last_day(void **state)
{
	/* An open start is "none" and comes last among equal ends. */
	static const char *const order[] = {"Q2 2021", "June 2021", "30 June 2021", "by June 2021",
		"2021", "late 2021", "31 December 2021", "from 2020", "from 2021", "TBD"};

	(void)state;
	for (size_t i = 0; i < COUNT(order); i++) {
		for (size_t j = 0; j < COUNT(order); j++) {
			struct cts_fuzzy a, b;
			int result;

			cts_fuzzy_parse(&a, order[i]);
			cts_fuzzy_parse(&b, order[j]);
			result = cts_fuzzy_compare(&a, &b);
			assert_int_equal((result > 0) - (result < 0), (i > j) - (i < j));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_of_the_table_reads),
		cmocka_unit_test(test_other_prose_is_allowed_and_has_no_window),
		cmocka_unit_test(test_days_that_do_not_exist_are_refused),
		cmocka_unit_test(test_a_label_is_refused_with_the_two_assignments),
		cmocka_unit_test(test_a_prefix_ends_where_a_cell_goes_on),
		cmocka_unit_test(test_windows_agree_with_a_counted_calendar),
		cmocka_unit_test(test_random_words_give_sorted_windows),
		cmocka_unit_test(test_overdue_is_after_the_last_day),
		cmocka_unit_test(test_dates_sort_by_their_last_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
