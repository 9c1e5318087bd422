/*
 * The words of fuzzy dates: spaces, dashes, numbers, months. Each function takes one at `at` and
 * returns where it ends, NULL when it does not stand there. Case does not matter.
 */
#include "proto/fuzzyread.h"

#include <string.h>

/* Numbers outside are not years: "1200 people" in a cell is no date. */
#define YEAR_MIN 1900
#define YEAR_MAX 2199

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December"};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

size_t cts_token_space_size(const char *at)
{
	if (*at == ' ' || *at == '\t' || *at == '\n')
		return 1;
	if (strncmp(at, "\xc2\xa0", 2) == 0)
		return 2;
	return strncmp(at, "\xe2\x80\x89", 3) == 0 || strncmp(at, "\xe2\x80\xaf", 3) == 0 ? 3 : 0;
}

const char *cts_token_space(const char *text)
{
	size_t size;

	while ((size = cts_token_space_size(text)) > 0)
		text += size;
	return text;
}

const char *cts_token_dash(const char *at)
{
	if (*at == '-')
		return at + 1;
	if (strncmp(at, "\xe2\x80", 2) == 0 && (unsigned char)at[2] >= 0x90 &&
		(unsigned char)at[2] <= 0x95)
		return at + 3;
	return strncmp(at, "\xe2\x88\x92", 3) == 0 ? at + 3 : NULL;
}

const char *cts_token_word(const char *at, const char *word)
{
	for (; *word; word++) {
		if (*word == ' ') {
			if (!cts_token_space_size(at))
				return NULL;
			at = cts_token_space(at);
		} else if (lower(*at++) != *word) {
			return NULL;
		}
	}
	return is_letter(*at) ? NULL : at;
}

const char *cts_token_optional(const char *at, const char *word)
{
	const char *end = cts_token_word(at, word);

	return end && cts_token_space_size(end) ? cts_token_space(end) : at;
}

const char *cts_token_number(int *out, const char *at, int least, int most)
{
	int count = 0, number = 0;

	while (is_digit(at[count])) {
		if (count == most)
			return NULL;
		number = number * 10 + (at[count++] - '0');
	}
	if (count < least)
		return NULL;
	*out = number;
	return at + count;
}

const char *cts_token_year(int *out, const char *at)
{
	int year;

	at = cts_token_number(&year, at, 4, 4);
	if (!at || year < YEAR_MIN || year > YEAR_MAX)
		return NULL;
	*out = year;
	return at;
}

const char *cts_token_month(int *out, const char *at)
{
	size_t size = 0;

	while (is_letter(at[size]))
		size++;
	for (int month = 0; month < 12; month++) {
		size_t full = strlen(months[month]), same = 0;

		while (same < size && lower(at[same]) == lower(months[month][same]))
			same++;
		if (same < size || (size != full && size != 3 && !(size == 4 && month == 8)))
			continue;
		*out = month + 1;
		return at + size + (size < full && at[size] == '.');
	}
	return NULL;
}

const char *cts_token_day(int *out, const char *at)
{
	static const char *const suffixes[] = {"st", "nd", "rd", "th"};

	at = cts_token_number(out, at, 1, 2);
	for (size_t i = 0; at && i < 4; i++) {
		const char *end = cts_token_word(at, suffixes[i]);

		if (end)
			return end;
	}
	return at;
}

const char *cts_token_comma(const char *at)
{
	const char *end = cts_token_space(*at == ',' ? at + 1 : at);

	return end == at ? NULL : end;
}

const char *cts_token_range(const char *at)
{
	const char *next = cts_token_space(at), *end = cts_token_dash(next);
	bool spaced = next != at;

	if (!end && (*next == '/' || *next == '&'))
		end = next + 1;
	if (!end && spaced)
		end = cts_token_word(next, "to");
	if (!end && spaced)
		end = cts_token_word(next, "and");
	return end ? cts_token_space(end) : NULL;
}

const char *cts_token_month_name(int month)
{
	return months[month - 1];
}
