/*
 * Inside proto/ only: the parser of fuzzy dates, in three layers: words (fuzzytoken.c), shapes with
 * a window (fuzzywindow.c), whole dates (fuzzyread.c). fuzzydate.c decides what to make of a
 * reading.
 */
#ifndef CTS_PROTO_FUZZYREAD_H
#define CTS_PROTO_FUZZYREAD_H

#include "proto/fuzzydate.h"

struct cts_fuzzy_reading {
	struct cts_fuzzy fuzzy;
	char problem[64]; /* why this has the shape of a date but is none; "": it is one */
};

/* The reading of the start of a text; `whole`: only one that takes the whole text (but spaces
 * around it and one full stop), else one that ends at a space, '(', ',' or the end. False: there is
 * none. */
bool cts_fuzzy_read(struct cts_fuzzy_reading *out, const char *text, bool whole);

/* Whatever has a first and a last day; the end of the longest such shape, or NULL. */
const char *cts_fuzzy_read_window(struct cts_fuzzy_reading *out, const char *at, bool whole);
void cts_fuzzy_set_window(
	struct cts_fuzzy_reading *out, enum cts_fuzzy_form form, int32_t earliest, int32_t latest);

/* The size of the space at `at`: ASCII, U+00A0, U+2009, U+202F; 0: none. */
size_t cts_token_space_size(const char *at);
/* Past all spaces; never NULL. */
const char *cts_token_space(const char *at);
/* A dash: ASCII, U+2010 to U+2015 (en and em dash among them), the minus U+2212. */
const char *cts_token_dash(const char *at);
/* `word`, with no letter behind it; a space in it stands for any spaces. */
const char *cts_token_word(const char *at, const char *word);
/* Past `word` and spaces, if both stand there; else `at`. */
const char *cts_token_optional(const char *at, const char *word);
/* Spaces, or a comma with or without them. */
const char *cts_token_comma(const char *at);
/* What stands between the ends of a range: / - & to and, spaces around it. */
const char *cts_token_range(const char *at);
/* A run of exactly `least` to `most` digits. */
const char *cts_token_number(int *out, const char *at, int least, int most);
const char *cts_token_year(int *out, const char *at);  /* 1900 to 2199 */
const char *cts_token_month(int *out, const char *at); /* 1 to 12: June, Jun, Jun., Sept */
const char *cts_token_day(int *out, const char *at);   /* 15, 1st; any two digits */
const char *cts_token_month_name(int month);

#endif
