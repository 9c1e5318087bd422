/*
 * The shapes of fuzzy dates that have a first and a last day. cts_fuzzy_read_window keeps the
 * longest that stands at the start of a text; the grammar is at the top of fuzzyread.c.
 *
 * A shape with numbers that no calendar has (31 June) is still read, with a problem, so that typing
 * it can be refused instead of being taken for prose.
 */
#include "proto/fuzzyread.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/time.h"

/* Twelve months from `first`, counted from year 0. */
struct span {
	int first;
	bool is_fiscal;
};

static __attribute__((format(printf, 2, 3))) void set_problem(
	struct cts_fuzzy_reading *out, const char *format, ...)
{
	va_list args;

	if (out->problem[0])
		return;
	va_start(args, format);
	vsnprintf(out->problem, sizeof(out->problem), format, args);
	va_end(args);
}

void cts_fuzzy_set_window(
	struct cts_fuzzy_reading *out, enum cts_fuzzy_form form, int32_t earliest, int32_t latest)
{
	out->fuzzy.form = form;
	out->fuzzy.has_earliest = out->fuzzy.has_latest = true;
	out->fuzzy.earliest = earliest;
	out->fuzzy.latest = latest;
}

/* `count` months from `first`, counted from year 0. */
static void set_months(
	struct cts_fuzzy_reading *out, enum cts_fuzzy_form form, int first, int count)
{
	int next = first + count;

	cts_fuzzy_set_window(out, form, cts_day_of(first / 12, first % 12 + 1, 1),
		cts_day_of(next / 12, next % 12 + 1, 1) - 1);
}

/* The day's number, or a problem and 0. */
static int32_t day_or_problem(struct cts_fuzzy_reading *out, int year, int month, int day)
{
	int length = 31;

	if (cts_day_is_valid(year, month, day))
		return cts_day_of(year, month, day);
	if (month < 1 || month > 12) {
		set_problem(out, "there is no month %d", month);
		return 0;
	}
	while (!cts_day_is_valid(year, month, length))
		length--;
	set_problem(out, "%s %d has %d days", cts_token_month_name(month), year, length);
	return 0;
}

static void set_days(struct cts_fuzzy_reading *out, int32_t from, int32_t to)
{
	if (from > to)
		set_problem(out, "the range ends before it begins");
	cts_fuzzy_set_window(out, CTS_FUZZY_DAY_RANGE, from, to);
}

/* 2021-06-15, 2021-06. */
static const char *read_iso(struct cts_fuzzy_reading *out, const char *at)
{
	const char *end;
	int year, month, day;

	at = cts_token_year(&year, at);
	if (!at || *at != '-')
		return NULL;
	at = cts_token_number(&month, at + 1, 2, 2);
	if (!at)
		return NULL;
	end = *at == '-' ? cts_token_number(&day, at + 1, 2, 2) : NULL;
	if (end) {
		int32_t days = day_or_problem(out, year, month, day);

		cts_fuzzy_set_window(out, CTS_FUZZY_DAY, days, days);
		return end;
	}
	if (month < 1 || month > 12) {
		if (month == (year + 1) % 100)
			return NULL; /* 2020-21 */
		set_problem(out, "there is no month %d", month);
		month = 1;
	}
	set_months(out, CTS_FUZZY_MONTH, year * 12 + month - 1, 1);
	return at;
}

/* The second half of `15 June [2021] - 3 July 2021`. */
static const char *read_range_end(
	struct cts_fuzzy_reading *out, const char *at, int day, int month, int year)
{
	int last_day, last_month, last_year;
	int32_t from;

	at = cts_token_range(at);
	if (at)
		at = cts_token_day(&last_day, at);
	if (!at || !cts_token_space_size(at))
		return NULL;
	at = cts_token_month(&last_month, cts_token_space(at));
	if (at)
		at = cts_token_comma(at);
	if (at)
		at = cts_token_year(&last_year, at);
	if (!at)
		return NULL;
	from = day_or_problem(out, year ? year : last_year, month, day);
	set_days(out, from, day_or_problem(out, last_year, last_month, last_day));
	return at;
}

/* 15 June 2021, 15/16 June 2021, 15 June - 3 July 2021. */
static const char *read_day_month(struct cts_fuzzy_reading *out, const char *at)
{
	const char *next, *end;
	int day, last, month, year;
	int32_t from;

	at = cts_token_day(&day, at);
	if (!at)
		return NULL;
	last = day;
	next = cts_token_range(at);
	if (next)
		at = cts_token_day(&last, next);
	if (!at || !cts_token_space_size(at))
		return NULL;
	at = cts_token_month(&month, cts_token_optional(cts_token_space(at), "of"));
	if (!at)
		return NULL;
	end = cts_token_comma(at);
	end = end ? cts_token_year(&year, end) : NULL;
	if (!next) {
		const char *range = read_range_end(out, end ? end : at, day, month, end ? year : 0);

		if (range)
			return range;
	}
	if (!end)
		return NULL;
	from = day_or_problem(out, year, month, day);
	if (next)
		set_days(out, from, day_or_problem(out, year, month, last));
	else
		cts_fuzzy_set_window(out, CTS_FUZZY_DAY, from, from);
	return end;
}

/* June 2021, June 15, 2021, June 15-16, 2021. */
static const char *read_month_first(struct cts_fuzzy_reading *out, const char *at)
{
	const char *end, *next;
	int month, day, last, year;
	int32_t from;

	at = cts_token_month(&month, at);
	if (at)
		at = cts_token_comma(at);
	if (!at)
		return NULL;
	end = cts_token_year(&year, at);
	if (end) {
		set_months(out, CTS_FUZZY_MONTH, year * 12 + month - 1, 1);
		return end;
	}
	at = cts_token_day(&day, at);
	if (!at)
		return NULL;
	last = day;
	next = cts_token_range(at);
	if (next && cts_token_day(&last, next) && !cts_token_year(&year, next))
		at = cts_token_day(&last, next);
	else
		next = NULL;
	at = at ? cts_token_comma(at) : NULL;
	at = at ? cts_token_year(&year, at) : NULL;
	if (!at)
		return NULL;
	from = day_or_problem(out, year, month, day);
	if (next)
		set_days(out, from, day_or_problem(out, year, month, last));
	else
		cts_fuzzy_set_window(out, CTS_FUZZY_DAY, from, from);
	return at;
}

/* Twelve months that end with June of `year`. */
static struct span fiscal_span(int year)
{
	return (struct span){.first = (year - 1) * 12 + 6, .is_fiscal = true};
}

/* 2021, 2020/21, FY21. */
static const char *read_span(struct cts_fuzzy_reading *out, struct span *span, const char *at)
{
	const char *end, *second = NULL, *named = NULL;
	int year, last;

	if ((at[0] == 'f' || at[0] == 'F') && (at[1] == 'y' || at[1] == 'Y'))
		named = cts_token_space(at + 2);
	at = named ? named : at;
	end = cts_token_year(&year, at);
	if (!end && named && (end = cts_token_number(&year, at, 2, 2)) != NULL)
		year += 2000;
	if (!end)
		return NULL;
	if (*end == '/') {
		second = cts_token_number(&last, end + 1, 2, 4);
	} else if (cts_token_dash(end)) {
		/* 2020-21 only; 2020-2021 may mean two calendar years, 2020-12 is a month. */
		second = cts_token_number(&last, cts_token_dash(end), 2, 2);
		if (second && (last != (year + 1) % 100 || (*end == '-' && last <= 12 && !named)))
			second = NULL;
	}
	if (second) {
		if (last != year + 1 && last != (year + 1) % 100)
			set_problem(out, "a fiscal year is two years in a row, as 2020/21");
		*span = fiscal_span(year + 1);
		return second;
	}
	*span = named ? fiscal_span(year) : (struct span){.first = year * 12};
	return end;
}

/* Q2, H1, quarter 2: `*months_each` is the length, `*index` which from 0. */
static const char *read_part(
	struct cts_fuzzy_reading *out, int *months_each, int *index, const char *at)
{
	static const struct part {
		const char *word;
		int months;
	} parts[] = {{"quarter", 3}, {"half", 6}, {"q", 3}, {"h", 6}};
	int number;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *end = cts_token_word(at, parts[i].word);

		if (!end)
			continue;
		end = cts_token_number(&number, cts_token_space(end), 1, 2);
		if (!end)
			return NULL;
		*months_each = parts[i].months;
		*index = number - 1;
		if (number < 1 || number > 12 / *months_each) {
			set_problem(out, "a year has %d %s", 12 / *months_each,
				*months_each == 3 ? "quarters" : "halves");
			*index = 0;
		}
		return end;
	}
	return NULL;
}

/* Q2 2021, H1 FY21, 2021-Q2; 2021 Q2 only where `whole`: a cell may read `2021 Q2 2021`. */
static const char *read_part_of_year(struct cts_fuzzy_reading *out, const char *at, bool whole)
{
	const char *end, *next;
	struct span span;
	int each, index;

	end = read_part(out, &each, &index, at);
	if (end) {
		next = cts_token_dash(end);
		if (!next && *end == '/')
			next = end + 1;
		if (!next)
			next = cts_token_comma(end);
		end = read_span(out, &span, cts_token_optional(next ? next : end, "of"));
	} else {
		end = read_span(out, &span, at);
		if (!end)
			return NULL;
		next = cts_token_dash(end);
		if (!next)
			next = whole ? cts_token_space(end) : end;
		end = read_part(out, &each, &index, next);
	}
	if (!end)
		return NULL;
	set_months(out, each == 3 ? CTS_FUZZY_QUARTER : CTS_FUZZY_HALF, span.first + index * each,
		each);
	return end;
}

static const char *read_whole_year(struct cts_fuzzy_reading *out, const char *at)
{
	struct span span;

	at = read_span(out, &span, at);
	if (at)
		set_months(out, span.is_fiscal ? CTS_FUZZY_FISCAL_YEAR : CTS_FUZZY_YEAR, span.first,
			12);
	return at;
}

/* early, mid, late: the thirds of a year. */
static const char *read_approximate(struct cts_fuzzy_reading *out, const char *at)
{
	static const char *const thirds[] = {"early", "mid", "late"};
	struct span span;

	for (int i = 0; i < 3; i++) {
		const char *end = cts_token_word(at, thirds[i]), *next;

		if (!end)
			continue;
		next = cts_token_dash(end);
		end = cts_token_optional(cts_token_space(next ? next : end), "in");
		end = read_span(out, &span, end);
		if (end)
			set_months(out, CTS_FUZZY_APPROXIMATE, span.first + i * 4, 4);
		return end;
	}
	return NULL;
}

const char *cts_fuzzy_read_window(struct cts_fuzzy_reading *out, const char *at, bool whole)
{
	const char *longest = NULL;
	struct cts_fuzzy_reading best = {0};

	for (int shape = 0; shape < 6; shape++) {
		struct cts_fuzzy_reading reading = {0};
		const char *end = NULL;

		switch (shape) {
		case 0: end = read_iso(&reading, at); break;
		case 1: end = read_day_month(&reading, at); break;
		case 2: end = read_month_first(&reading, at); break;
		case 3: end = read_part_of_year(&reading, at, whole); break;
		case 4: end = read_whole_year(&reading, at); break;
		case 5: end = read_approximate(&reading, at); break;
		}
		if (end && (!longest || end > longest)) {
			longest = end;
			best = reading;
		}
	}
	if (longest)
		*out = best;
	return longest;
}
