/*
 * The grammar of fuzzy dates, by recursive descent: fuzzytoken.c reads the words, fuzzywindow.c the
 * shapes with two ends, and this file what stands before or instead of those. Case does not matter,
 * '-' stands for any dash.
 *
 *	day      2021-06-15 | [1-31][st|nd|rd|th] MONTH[,] YEAR | MONTH DAY[,] YEAR
 *	range    DAY SEP DAY MONTH YEAR | DAY MONTH [YEAR] SEP DAY MONTH YEAR     SEP: / - to and &
 *	month    MONTH[,] YEAR | 2021-06                          MONTH: June, Jun, Jun., Sept
 *	part     Q[1-4] SPAN | H[1-2] SPAN | 2021-Q2 | 2021Q2     also "quarter 2 SPAN"
 *	span     2021 | 2020/21 | 2020/2021 | 2020-21 | FY21 | FY2021 | FY 2020/21
 *	approx   early|mid|late[-] SPAN
 *	end      end [of] [the] X
 *	open     by|from [the] X
 *	word     Ongoing, TBD, TBC, TBA, to be determined, -, n/a, not applicable; Dependent on ...
 */
#include "proto/fuzzyread.h"

#include <string.h>

/* end of June 2021: the last day of its window. */
static const char *read_end_of(struct cts_fuzzy_reading *out, const char *at, bool whole)
{
	const char *end = cts_token_word(at, "end"), *dash;

	if (!end)
		return NULL;
	dash = cts_token_dash(end);
	if (!dash && !cts_token_space_size(end))
		return NULL;
	at = cts_token_optional(cts_token_space(dash ? dash : end), "of");
	end = cts_fuzzy_read_window(out, cts_token_optional(at, "the"), whole);
	if (end)
		cts_fuzzy_set_window(out, CTS_FUZZY_POINT, out->fuzzy.latest, out->fuzzy.latest);
	return end;
}

/* by X has no first day, from X no last one. */
static const char *read_open(struct cts_fuzzy_reading *out, const char *at, bool whole)
{
	const char *inner = cts_token_optional(at, "by"), *end;
	bool by = inner != at;

	if (!by)
		inner = cts_token_optional(at, "from");
	if (inner == at)
		return NULL;
	inner = cts_token_optional(inner, "the");
	end = read_end_of(out, inner, whole);
	if (!end)
		end = cts_fuzzy_read_window(out, inner, whole);
	if (!end)
		return NULL;
	out->fuzzy.form = CTS_FUZZY_OPEN;
	out->fuzzy.has_earliest = !by;
	out->fuzzy.has_latest = by;
	if (by)
		out->fuzzy.earliest = 0;
	else
		out->fuzzy.latest = 0;
	return end;
}

static const char *read_words(struct cts_fuzzy_reading *out, const char *at)
{
	static const struct {
		const char *words;
		enum cts_fuzzy_form form;
	} known[] = {
		{"ongoing", CTS_FUZZY_CONTINUING},
		{"on-going", CTS_FUZZY_CONTINUING},
		{"on going", CTS_FUZZY_CONTINUING},
		{"tbd", CTS_FUZZY_UNSCHEDULED},
		{"tbc", CTS_FUZZY_UNSCHEDULED},
		{"tba", CTS_FUZZY_UNSCHEDULED},
		{"to be determined", CTS_FUZZY_UNSCHEDULED},
		{"to be decided", CTS_FUZZY_UNSCHEDULED},
		{"to be confirmed", CTS_FUZZY_UNSCHEDULED},
		{"to be advised", CTS_FUZZY_UNSCHEDULED},
		{"n/a", CTS_FUZZY_NOT_APPLICABLE},
		{"not applicable", CTS_FUZZY_NOT_APPLICABLE},
	};
	const char *end = cts_token_dash(at);

	out->fuzzy.form = CTS_FUZZY_NOT_APPLICABLE;
	for (size_t i = 0; !end && i < sizeof(known) / sizeof(known[0]); i++) {
		end = cts_token_word(at, known[i].words);
		out->fuzzy.form = known[i].form;
	}
	return end;
}

/* Dependent on X: the whole text, whatever X is. */
static const char *read_condition(struct cts_fuzzy_reading *out, const char *at)
{
	static const char *const known[] = {"dependent on", "dependent upon", "depends on",
		"depending on", "subject to", "conditional on", "contingent on"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const char *end = cts_token_word(at, known[i]);

		if (!end || !cts_token_space_size(end) || !*cts_token_space(end))
			continue;
		out->fuzzy.form = CTS_FUZZY_CONDITIONAL;
		return end + strlen(end);
	}
	return NULL;
}

static bool ends_here(const char *at, bool whole)
{
	if (!whole)
		return *at == '\0' || *at == '(' || *at == ',' || cts_token_space_size(at);
	at = cts_token_space(at);
	return *at == '\0' || (*at == '.' && !*cts_token_space(at + 1));
}

bool cts_fuzzy_read(struct cts_fuzzy_reading *out, const char *text, bool whole)
{
	for (int shape = whole ? 0 : 1; shape < 5; shape++) {
		struct cts_fuzzy_reading reading = {0};
		const char *at = cts_token_space(text), *end = NULL;

		switch (shape) {
		case 0: end = read_condition(&reading, at); break;
		case 1: end = cts_fuzzy_read_window(&reading, at, whole); break;
		case 2: end = read_words(&reading, at); break;
		case 3: end = read_open(&reading, at, whole); break;
		case 4: end = read_end_of(&reading, at, whole); break;
		}
		if (!end || !ends_here(end, whole))
			continue;
		reading.fuzzy.size = whole ? strlen(text) : (size_t)(end - text);
		*out = reading;
		return true;
	}
	return false;
}
