/*
 * Fuzzy dates: what planners write where a date should be. The text is kept as typed; this module
 * reads it as a form and a window of days. The grammar is the table in ctsync(1), "Fuzzy dates".
 */
#ifndef CTS_PROTO_FUZZYDATE_H
#define CTS_PROTO_FUZZYDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cts_fuzzy_form {
	CTS_FUZZY_UNPARSED, /* prose: allowed, no window */
	CTS_FUZZY_DAY,
	CTS_FUZZY_DAY_RANGE,
	CTS_FUZZY_MONTH,
	CTS_FUZZY_QUARTER, /* Q2 2021 calendar; Q2 FY21, Q2 2020/21 the New Zealand fiscal year */
	CTS_FUZZY_HALF,
	CTS_FUZZY_YEAR,
	CTS_FUZZY_FISCAL_YEAR,
	CTS_FUZZY_APPROXIMATE, /* early, mid, late */
	CTS_FUZZY_OPEN,        /* by X, from X: one end is open */
	CTS_FUZZY_POINT,       /* end of X: one day */
	CTS_FUZZY_CONTINUING,  /* Ongoing */
	CTS_FUZZY_UNSCHEDULED, /* TBD */
	CTS_FUZZY_CONDITIONAL, /* Dependent on X */
	CTS_FUZZY_NOT_APPLICABLE, /* - */
};

struct cts_fuzzy {
	enum cts_fuzzy_form form;
	bool has_earliest, has_latest;
	int32_t earliest, latest; /* days since 1970-01-01, both within */
	size_t size;              /* of the text read; see cts_fuzzy_parse_prefix */
};

/* Reads the whole text. Never fails: what it cannot read is CTS_FUZZY_UNPARSED. */
void cts_fuzzy_parse(struct cts_fuzzy *out, const char *text);

/* Reads the longest date at the start of `text`, ending at a space, '(', ',' or the end; used by
 * importers to split cells. False when none stands there. Prose and "Dependent on" never match. */
bool cts_fuzzy_parse_prefix(struct cts_fuzzy *out, const char *text);

/* The check of a typed value: a date with "(label)" behind it is refused with two assignments as the
 * hint, day and month numbers that do not exist are refused. @return CTS_EVALUE */
int cts_fuzzy_check(const char *field, const char *text);

/* "quarter", "day range", ... */
const char *cts_fuzzy_form_name(enum cts_fuzzy_form form);

/* Today is after the window. A date without a latest day is never overdue. */
bool cts_fuzzy_is_overdue(const struct cts_fuzzy *fuzzy, int32_t today);

/* By latest, then earliest, none last: <0, 0, >0. */
int cts_fuzzy_compare(const struct cts_fuzzy *a, const struct cts_fuzzy *b);

#endif
