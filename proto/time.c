/*
 * Times and days. A day is a count since 1970-01-01, so windows of fuzzy dates compare and add as
 * integers; the calendar is computed here, without the C library, so that every store agrees on it.
 * Only what terminals show and people type goes through the local time zone.
 */
#include "proto/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/error.h"

#define DAY_S 86400
#define YEAR_MAX 9999

int64_t cts_time_now(void)
{
	return (int64_t)time(NULL);
}

int64_t cts_time_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Days since 1970 and the second of the day; false for a year that does not have four digits. */
static bool split_time(int32_t *day, int *second, int64_t time)
{
	int64_t days = time / DAY_S, rest = time % DAY_S;

	if (rest < 0) {
		rest += DAY_S;
		days--;
	}
	if (days < cts_day_of(1, 1, 1) || days > cts_day_of(YEAR_MAX, 12, 31))
		return false;
	*day = (int32_t)days;
	*second = (int)rest;
	return true;
}

char *cts_time_format_utc(char out[CTS_TIME_TEXT], int64_t time)
{
	int32_t day;
	int second;
	size_t used;

	if (!split_time(&day, &second, time)) {
		snprintf(out, CTS_TIME_TEXT, "@%lld", (long long)time);
		return out;
	}
	used = strlen(cts_day_format(out, day));
	snprintf(out + used, CTS_TIME_TEXT - used, "T%02d:%02d:%02dZ", second / 3600,
		second / 60 % 60, second % 60);
	return out;
}

char *cts_time_format_local(char out[CTS_TIME_TEXT], int64_t time)
{
	time_t seconds = (time_t)time;
	struct tm local;
	int32_t day;
	int second;

	if (!split_time(&day, &second, time) || !localtime_r(&seconds, &local) ||
		!strftime(out, CTS_TIME_TEXT, "%Y-%m-%d %H:%M:%S %z", &local))
		snprintf(out, CTS_TIME_TEXT, "@%lld", (long long)time);
	return out;
}

/* Exactly `count` digits. */
static bool take_number(const char **text, int count, int *value)
{
	int number = 0;

	for (int i = 0; i < count; i++) {
		char c = (*text)[i];

		if (c < '0' || c > '9')
			return false;
		number = number * 10 + (c - '0');
	}
	*text += count;
	*value = number;
	return true;
}

static bool take(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool take_date(const char **text, int *year, int *month, int *day)
{
	return take_number(text, 4, year) && take(text, '-') && take_number(text, 2, month) &&
	       take(text, '-') && take_number(text, 2, day);
}

bool cts_time_parse_utc(int64_t *out, const char *text)
{
	int year, month, day, hour, minute, second;

	if (!take_date(&text, &year, &month, &day) || !take(&text, 'T') ||
		!take_number(&text, 2, &hour) || !take(&text, ':') ||
		!take_number(&text, 2, &minute) || !take(&text, ':') ||
		!take_number(&text, 2, &second) || !take(&text, 'Z') || *text)
		return false;
	if (!cts_day_is_valid(year, month, day) || hour > 23 || minute > 59 || second > 59)
		return false;
	*out = (int64_t)cts_day_of(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
	return true;
}

/* What a person typed, before its zone is applied. */
struct typed_time {
	int year, month, day;
	int hour, minute, second;
	bool has_time, has_offset;
	int offset_s;
};

/* Z, +12, +1200, +12:00, a space before it; nothing is local time. */
static bool take_offset(const char **text, struct typed_time *typed)
{
	const char *at = *text;
	int hours = 0, minutes = 0, sign;

	if (*at == ' ')
		at++;
	if (*at == 'Z' || *at == 'z') {
		typed->has_offset = true;
		*text = at + 1;
		return true;
	}
	if (*at != '+' && *at != '-')
		return **text == '\0';
	sign = *at++ == '-' ? -1 : 1;
	if (!take_number(&at, 2, &hours))
		return false;
	if (take(&at, ':') || (*at >= '0' && *at <= '9'))
		if (!take_number(&at, 2, &minutes))
			return false;
	if (hours > 14 || minutes > 59)
		return false;
	typed->has_offset = true;
	typed->offset_s = sign * (hours * 3600 + minutes * 60);
	*text = at;
	return true;
}

static bool read_typed(struct typed_time *typed, const char *text)
{
	*typed = (struct typed_time){0};
	if (!take_date(&text, &typed->year, &typed->month, &typed->day))
		return false;
	if (!*text)
		return true;
	if (*text != 'T' && *text != 't' && *text != ' ')
		return false;
	text++;
	typed->has_time = true;
	if (!take_number(&text, 2, &typed->hour) || !take(&text, ':') ||
		!take_number(&text, 2, &typed->minute))
		return false;
	if (take(&text, ':') && !take_number(&text, 2, &typed->second))
		return false;
	return take_offset(&text, typed) && !*text;
}

int cts_time_parse(int64_t *out, const char *text, bool end_of_day)
{
	struct typed_time typed;
	struct tm local = {0};

	if (!read_typed(&typed, text)) {
		cts_fail(CTS_EVALUE, "'%s' is not a time", text);
		cts_hint("write 2021-06-15, 2021-06-15T09:30 or 2021-06-15T09:30:00Z");
		return CTS_EVALUE;
	}
	if (!cts_day_is_valid(typed.year, typed.month, typed.day))
		return cts_fail(CTS_EVALUE, "'%s' is no day of the calendar", text);
	if (typed.hour > 23 || typed.minute > 59 || typed.second > 59)
		return cts_fail(CTS_EVALUE, "'%s' is no time of the day", text);
	if (!typed.has_time && end_of_day) {
		typed.hour = 23;
		typed.minute = 59;
		typed.second = 59;
	}
	if (typed.has_offset) {
		*out = (int64_t)cts_day_of(typed.year, typed.month, typed.day) * DAY_S +
		       typed.hour * 3600 + typed.minute * 60 + typed.second - typed.offset_s;
		return 0;
	}
	local.tm_year = typed.year - 1900;
	local.tm_mon = typed.month - 1;
	local.tm_mday = typed.day;
	local.tm_hour = typed.hour;
	local.tm_min = typed.minute;
	local.tm_sec = typed.second;
	local.tm_isdst = -1;
	*out = (int64_t)mktime(&local);
	return 0;
}

/* Years are counted from March in eras of 400 years, so that the leap day is a year's last. */
int32_t cts_day_of(int year, int month, int day)
{
	int from_march = (month + 9) % 12;
	int y = year - (month <= 2);
	int era = (y >= 0 ? y : y - 399) / 400;
	int year_of_era = y - era * 400;
	int day_of_year = (153 * from_march + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

void cts_day_split(int32_t days, int *year, int *month, int *day)
{
	int64_t shifted = (int64_t)days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int day_of_era = (int)(shifted - era * 146097);
	int year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int from_march = (5 * day_of_year + 2) / 153;

	*day = day_of_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 3 : from_march - 9;
	*year = (int)(year_of_era + era * 400) + (*month <= 2);
}

bool cts_day_is_valid(int year, int month, int day)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (year < 1 || year > YEAR_MAX || month < 1 || month > 12 || day < 1)
		return false;
	return day <= lengths[month - 1] + (month == 2 && leap);
}

int32_t cts_day_today(void)
{
	time_t now = time(NULL);
	struct tm local;

	localtime_r(&now, &local);
	return cts_day_of(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
}

bool cts_day_parse(int32_t *out, const char *text)
{
	int year, month, day;

	if (!take_date(&text, &year, &month, &day) || *text || !cts_day_is_valid(year, month, day))
		return false;
	*out = cts_day_of(year, month, day);
	return true;
}

char *cts_day_format(char out[CTS_TIME_TEXT], int32_t days)
{
	int year, month, day;

	cts_day_split(days, &year, &month, &day);
	snprintf(out, CTS_TIME_TEXT, "%04d-%02d-%02d", year, month, day);
	return out;
}
