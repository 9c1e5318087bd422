/*
 * What a fuzzy date means: its form and window, whether it may be typed, whether it is overdue, how
 * it sorts. The grammar is at the top of fuzzyread.c.
 *
 * The invariant: a window with both ends has earliest <= latest, and an end that does not exist is
 * 0.
 */
#include "proto/fuzzydate.h"

#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"
#include "proto/fuzzyread.h"

void cts_fuzzy_parse(struct cts_fuzzy *out, const char *text)
{
	struct cts_fuzzy_reading reading;

	if (cts_fuzzy_read(&reading, text, true) && !reading.problem[0])
		*out = reading.fuzzy;
	else
		*out = (struct cts_fuzzy){.form = CTS_FUZZY_UNPARSED};
}

bool cts_fuzzy_parse_prefix(struct cts_fuzzy *out, const char *text)
{
	struct cts_fuzzy_reading reading;

	if (!cts_fuzzy_read(&reading, text, false) || reading.problem[0])
		return false;
	*out = reading.fuzzy;
	return true;
}

static int fail_problem(const char *text, const struct cts_fuzzy_reading *reading)
{
	return cts_fail(CTS_EVALUE, "'%s' is not a date: %s", text, reading->problem);
}

/* In single quotes, as a shell reads it. */
static void put_quoted(struct cts_buf *out, const char *text, size_t size)
{
	cts_buf_putc(out, '\'');
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\'')
			cts_buf_puts(out, "'\\''");
		else
			cts_buf_putc(out, text[i]);
	}
	cts_buf_putc(out, '\'');
}

/* One pair of parentheses holds the whole of the text. */
static bool is_enclosed(const char *text, size_t size)
{
	int depth = 0;

	for (size_t i = 0; i < size; i++) {
		depth += (text[i] == '(') - (text[i] == ')');
		if (depth == 0)
			return i + 1 == size;
	}
	return false;
}

/* `label` is what stands behind the date, from its "(" on. */
static int fail_label(const char *field, const char *text, size_t date_size, const char *label)
{
	const char *date = cts_token_space(text);
	struct cts_buf hint = {0};
	size_t size = strlen(label);

	while (size && (label[size - 1] == ' ' || label[size - 1] == '.'))
		size--;
	if (is_enclosed(label, size)) {
		label++;
		size -= 2;
	}
	cts_buf_printf(&hint, "%s=", field);
	put_quoted(&hint, date, date_size - (size_t)(date - text));
	cts_buf_puts(&hint, " label=");
	put_quoted(&hint, label, size);
	cts_fail(CTS_EVALUE, "'%s' holds a date and a label: '%s' takes the date alone", text,
		field);
	cts_hint("%s", cts_buf_text(&hint));
	cts_buf_release(&hint);
	return CTS_EVALUE;
}

int cts_fuzzy_check(const char *field, const char *text)
{
	struct cts_fuzzy_reading reading;
	const char *rest;

	if (cts_fuzzy_read(&reading, text, true))
		return reading.problem[0] ? fail_problem(text, &reading) : 0;
	if (!cts_fuzzy_read(&reading, text, false))
		return 0;
	rest = cts_token_space(text + reading.fuzzy.size);
	if (*rest != '(')
		return 0;
	if (reading.problem[0])
		return fail_problem(text, &reading);
	return fail_label(field, text, reading.fuzzy.size, rest);
}

const char *cts_fuzzy_form_name(enum cts_fuzzy_form form)
{
	switch (form) {
	case CTS_FUZZY_UNPARSED: return "unparsed";
	case CTS_FUZZY_DAY: return "day";
	case CTS_FUZZY_DAY_RANGE: return "day range";
	case CTS_FUZZY_MONTH: return "month";
	case CTS_FUZZY_QUARTER: return "quarter";
	case CTS_FUZZY_HALF: return "half";
	case CTS_FUZZY_YEAR: return "year";
	case CTS_FUZZY_FISCAL_YEAR: return "fiscal year";
	case CTS_FUZZY_APPROXIMATE: return "approximate";
	case CTS_FUZZY_OPEN: return "open";
	case CTS_FUZZY_POINT: return "point";
	case CTS_FUZZY_CONTINUING: return "continuing";
	case CTS_FUZZY_UNSCHEDULED: return "unscheduled";
	case CTS_FUZZY_CONDITIONAL: return "conditional";
	case CTS_FUZZY_NOT_APPLICABLE: return "not applicable";
	}
	return "unparsed";
}

bool cts_fuzzy_is_overdue(const struct cts_fuzzy *fuzzy, int32_t today)
{
	return fuzzy->has_latest && today > fuzzy->latest;
}

static int compare_ends(bool has_a, int32_t a, bool has_b, int32_t b)
{
	if (!has_a || !has_b)
		return (int)has_b - (int)has_a;
	return (a > b) - (a < b);
}

int cts_fuzzy_compare(const struct cts_fuzzy *a, const struct cts_fuzzy *b)
{
	int order = compare_ends(a->has_latest, a->latest, b->has_latest, b->latest);

	return order ? order
		     : compare_ends(a->has_earliest, a->earliest, b->has_earliest, b->earliest);
}
