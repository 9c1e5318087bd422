/*
 * Times and days, against a calendar that counts one day at a time, and in a zone with summer time.
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
#include "proto/time.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Wellington's rules, spelt out so that no zone file is needed. */
static int set_zone(void **state)
{
	(void)state;
	setenv("TZ", "NZST-12NZDT,M9.5.0,M4.1.0/3", 1);
	tzset();
	return 0;
}

static int month_length(int year, int month)
{
	if (month == 2)
		return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static void test_days_agree_with_counting_them_one_by_one(void **state)
{
	int32_t count = 0;

	(void)state;
	/* 1970 forward to 2399, then back to year 1. */
	for (int year = 1970; year < 2400; year++) {
		for (int month = 1; month <= 12; month++) {
			for (int day = 1; day <= month_length(year, month); day++, count++) {
				int y, m, d;

				assert_int_equal(cts_day_of(year, month, day), count);
				cts_day_split(count, &y, &m, &d);
				assert_true(y == year && m == month && d == day);
			}
		}
	}
	count = 0;
	for (int year = 1969; year >= 1; year--) {
		for (int month = 12; month >= 1; month--) {
			for (int day = month_length(year, month); day >= 1; day--) {
				int y, m, d;

				count--;
				assert_int_equal(cts_day_of(year, month, day), count);
				cts_day_split(count, &y, &m, &d);
				assert_true(y == year && m == month && d == day);
			}
		}
	}
	assert_int_equal(count, -719162);
}

static void test_only_days_of_the_calendar_are_valid(void **state)
{
	(void)state;
	for (int year = -1; year <= 2401; year += 7) {
		for (int month = -1; month <= 14; month++) {
			for (int day = -1; day <= 33; day++) {
				bool valid = year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
					     day <= month_length(year, month);

				assert_int_equal(cts_day_is_valid(year, month, day), valid);
			}
		}
	}
	assert_true(cts_day_is_valid(2000, 2, 29));
	assert_false(cts_day_is_valid(1900, 2, 29));
	assert_false(cts_day_is_valid(10000, 1, 1));
}

static void test_days_are_written_and_read_in_one_form(void **state)
{
	static const char *const bad[] = {"", "2021-6-15", "2021-06-15 ", " 2021-06-15",
		"2021-02-29", "2021-13-01", "2021-00-10", "2021/06/15", "21-06-15", "2021-06-15T",
		"0000-01-01", "2021-06-1x", "+021-06-15"};
	char text[CTS_TIME_TEXT];
	int32_t day;

	(void)state;
	assert_true(cts_day_parse(&day, "2021-06-15"));
	assert_int_equal(day, 18793);
	assert_string_equal(cts_day_format(text, 18793), "2021-06-15");
	assert_string_equal(cts_day_format(text, 0), "1970-01-01");
	for (int32_t i = -719162; i < 2932897; i += 97) {
		assert_true(cts_day_parse(&day, cts_day_format(text, i)));
		assert_int_equal(day, i);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		day = 42;
		assert_false(cts_day_parse(&day, bad[i]));
		assert_int_equal(day, 42);
	}
}

static void test_utc_times_round_trip(void **state)
{
	static const int64_t times[] = {
		0, 1623749400, CTS_TIME_MIN, CTS_TIME_MAX, -1, -86400, 951782400, 253402300799};
	char text[CTS_TIME_TEXT], by_libc[CTS_TIME_TEXT];

	(void)state;
	assert_string_equal(cts_time_format_utc(text, 1623749400), "2021-06-15T09:30:00Z");
	assert_string_equal(cts_time_format_utc(text, CTS_TIME_MIN), "2000-01-01T00:00:00Z");
	assert_string_equal(cts_time_format_utc(text, CTS_TIME_MAX), "2200-01-01T00:00:00Z");
	for (size_t i = 0; i < COUNT(times); i++) {
		time_t seconds = (time_t)times[i];
		struct tm split;
		int64_t back;

		gmtime_r(&seconds, &split);
		strftime(by_libc, sizeof(by_libc), "%Y-%m-%dT%H:%M:%SZ", &split);
		assert_string_equal(cts_time_format_utc(text, times[i]), by_libc);
		assert_true(cts_time_parse_utc(&back, text));
		assert_int_equal(back, times[i]);
	}
}

static void test_times_beyond_four_digit_years_still_print(void **state)
{
	static const int64_t times[] = {INT64_MAX, INT64_MIN, 253402300800, -62135596801};
	char text[CTS_TIME_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		assert_int_equal(cts_time_format_utc(text, times[i])[0], '@');
		assert_int_equal(cts_time_format_local(text, times[i])[0], '@');
	}
}

static void test_only_the_exact_utc_form_is_read(void **state)
{
	static const char *const bad[] = {"", "2021-06-15", "2021-06-15T09:30Z",
		"2021-06-15 09:30:00Z", "2021-06-15T09:30:00", "2021-06-15T09:30:00z",
		"2021-06-15T09:30:00Z ", "2021-06-15T24:00:00Z", "2021-06-15T09:60:00Z",
		"2021-06-15T09:30:60Z", "2021-06-31T09:30:00Z", "2021-06-15T09:30:00+00:00",
		"2021-06-15T9:30:00Z"};
	int64_t time = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(cts_time_parse_utc(&time, bad[i]));
	assert_int_equal(time, 42);
}

static void test_typed_times_are_read_in_local_time(void **state)
{
	static const struct {
		const char *text;
		bool end_of_day;
		int64_t time;
	} cases[] = {
		{"2021-06-15", false, 1623672000}, /* 00:00 +1200 */
		{"2021-06-15", true, 1623758399},  /* 23:59:59 +1200 */
		{"2021-06-15T21:30", false, 1623749400},
		{"2021-06-15 21:30", true, 1623749400},
		{"2021-06-15T21:30:05", false, 1623749405},
		{"2021-12-15T21:30", false, 1639557000}, /* summer time */
		{"2021-06-15T09:30Z", false, 1623749400},
		{"2021-06-15T09:30:00z", false, 1623749400},
		{"2021-06-15T21:30+12:00", false, 1623749400},
		{"2021-06-15T21:30:00+1200", false, 1623749400},
		{"2021-06-15 21:30:00 +1200", false, 1623749400},
		{"2021-06-15T21:30+12", false, 1623749400},
		{"2021-06-15T06:00-03:30", false, 1623749400},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t time = 0;

		assert_int_equal(cts_time_parse(&time, cases[i].text, cases[i].end_of_day), 0);
		assert_int_equal(time, cases[i].time);
	}
}

static void test_what_is_printed_locally_can_be_typed(void **state)
{
	char text[CTS_TIME_TEXT];

	(void)state;
	assert_string_equal(cts_time_format_local(text, 1623749400), "2021-06-15 21:30:00 +1200");
	assert_string_equal(cts_time_format_local(text, 1639557000), "2021-12-15 21:30:00 +1300");
	for (int64_t time = CTS_TIME_MIN; time < CTS_TIME_MAX; time += 8640001) {
		int64_t back;

		assert_int_equal(
			cts_time_parse(&back, cts_time_format_local(text, time), false), 0);
		assert_int_equal(back, time);
	}
}

static void test_what_is_no_time_is_refused(void **state)
{
	static const char *const bad[] = {"", "yesterday", "2021", "2021-06", "15/06/2021",
		"2021-06-15T", "2021-06-15T9:30", "2021-06-15T09",
		"2021-06-15T09:30:", "2021-06-15T09:30+", "2021-06-15T09:30+1",
		"2021-06-15T09:30+12:", "2021-06-15T09:30+15:00", "2021-06-15T09:30 NZST",
		"2021-06-15x", "2021-06-15T09:30ZZ", "2021-06-15T24:00", "2021-06-15T09:60",
		"2021-02-30", "2021-13-01", "2021-06-15T09:30:61"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		int64_t time = 42;

		assert_int_equal(cts_time_parse(&time, bad[i], false), CTS_EVALUE);
		assert_int_equal(time, 42);
	}
	cts_time_parse(&(int64_t){0}, "2021-02-30", false);
	assert_string_equal(
		cts_error_message(CTS_EVALUE), "'2021-02-30' is no day of the calendar");
}

static void test_the_clock_runs(void **state)
{
	int64_t before = cts_time_now_ms();
	struct tm local;
	time_t now = time(NULL);

	(void)state;
	assert_true(cts_time_now() >= CTS_TIME_MIN && llabs(cts_time_now() - now) <= 2);
	assert_true(cts_time_now_ms() >= before);
	localtime_r(&now, &local);
	assert_in_range(
		cts_day_today() - cts_day_of(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday),
		0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days_agree_with_counting_them_one_by_one),
		cmocka_unit_test(test_only_days_of_the_calendar_are_valid),
		cmocka_unit_test(test_days_are_written_and_read_in_one_form),
		cmocka_unit_test(test_utc_times_round_trip),
		cmocka_unit_test(test_times_beyond_four_digit_years_still_print),
		cmocka_unit_test(test_only_the_exact_utc_form_is_read),
		cmocka_unit_test(test_typed_times_are_read_in_local_time),
		cmocka_unit_test(test_what_is_printed_locally_can_be_typed),
		cmocka_unit_test(test_what_is_no_time_is_refused),
		cmocka_unit_test(test_the_clock_runs),
	};

	return cmocka_run_group_tests(tests, set_zone, NULL);
}
