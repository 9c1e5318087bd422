/*
 * Comparing: how values stand to each other, for matching and for sorting. Terms come with their
 * values canonical (where_parse.c), so matching a record is a walk over a few comparisons.
 */
#include "cli/where.h"

#include <ctype.h>
#include <string.h>

#include "proto/fuzzydate.h"
#include "proto/time.h"

bool cts_where_is_number(enum cts_type type)
{
	switch (type) {
	case CTS_TYPE_INT32:
	case CTS_TYPE_UINT32:
	case CTS_TYPE_INT64:
	case CTS_TYPE_UINT64:
		return true;
	case CTS_TYPE_STRING:
	case CTS_TYPE_BOOL:
	case CTS_TYPE_ENUM:
		return false;
	}
	return false;
}

bool cts_where_is_fuzzy(const struct cts_field *field)
{
	return field->form == CTS_FORM_FUZZY_DATE || field->form == CTS_FORM_PERIOD;
}

/* Canonical decimal numbers of any size, as texts: no type is too small for them. */
static int compare_numbers(const char *a, const char *b)
{
	bool a_negative = *a == '-', b_negative = *b == '-';
	size_t a_size, b_size;
	int order;

	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	a += a_negative;
	b += b_negative;
	a_size = strlen(a);
	b_size = strlen(b);
	order = a_size != b_size ? (a_size < b_size ? -1 : 1) : strcmp(a, b);
	return a_negative ? -order : order;
}

static int compare_fuzzy(const char *a, const char *b)
{
	struct cts_fuzzy fa, fb;
	int order;

	cts_fuzzy_parse(&fa, a);
	cts_fuzzy_parse(&fb, b);
	order = cts_fuzzy_compare(&fa, &fb);
	return order ? order : strcmp(a, b);
}

static int compare_items(const struct cts_field *field, const char *a, const char *b)
{
	if (field && field->type == CTS_TYPE_ENUM) {
		int32_t ra = cts_field_rank(field, a), rb = cts_field_rank(field, b);

		return ra < rb ? -1 : ra > rb;
	}
	if (field && cts_where_is_number(field->type))
		return compare_numbers(a, b);
	if (field && cts_where_is_fuzzy(field))
		return compare_fuzzy(a, b);
	return strcmp(a, b);
}

int cts_where_compare(const struct cts_field *field, struct cts_value a, struct cts_value b)
{
	if (a.count == 0 || b.count == 0)
		return a.count == b.count ? 0 : a.count == 0 ? 1 : -1;
	return compare_items(field, a.items[0], b.items[0]);
}

/* The next character of UTF-8; bytes that are none count as one. */
static const char *next_char(const char *text)
{
	text++;
	while (((unsigned char)*text & 0xc0) == 0x80)
		text++;
	return text;
}

bool cts_where_like(const char *pattern, const char *text)
{
	const char *after_run = NULL, *retry = NULL;

	/* After a mismatch the last % takes one character more: linear memory, no recursion. */
	while (*text) {
		if (*pattern == '%') {
			after_run = ++pattern;
			retry = text;
		} else if (*pattern == '_') {
			pattern++;
			text = next_char(text);
		} else if (*pattern && tolower((unsigned char)*pattern) ==
					       tolower((unsigned char)*text)) {
			pattern++;
			text++;
		} else if (after_run) {
			retry = next_char(retry);
			pattern = after_run;
			text = retry;
		} else {
			return false;
		}
	}
	while (*pattern == '%')
		pattern++;
	return !*pattern;
}

static bool holds(enum cts_where_op op, int order)
{
	switch (op) {
	case CTS_WHERE_EQ:
		return order == 0;
	case CTS_WHERE_NE:
		return order != 0;
	case CTS_WHERE_LT:
		return order < 0;
	case CTS_WHERE_LE:
		return order <= 0;
	case CTS_WHERE_GT:
		return order > 0;
	case CTS_WHERE_GE:
		return order >= 0;
	case CTS_WHERE_LIKE:
		return false;
	}
	return false;
}

/* Order of two windows, by the ends that the operator speaks of. */
static bool fuzzy_holds(enum cts_where_op op, const char *item, const char *text)
{
	struct cts_fuzzy a, b;

	cts_fuzzy_parse(&a, item);
	cts_fuzzy_parse(&b, text);
	switch (op) {
	case CTS_WHERE_LT:
		return a.has_latest && b.has_earliest && a.latest < b.earliest;
	case CTS_WHERE_LE:
		return a.has_latest && b.has_latest && a.latest <= b.latest;
	case CTS_WHERE_GT:
		return a.has_earliest && b.has_latest && a.earliest > b.latest;
	case CTS_WHERE_GE:
		return a.has_earliest && b.has_earliest && a.earliest >= b.earliest;
	case CTS_WHERE_EQ:
	case CTS_WHERE_NE:
	case CTS_WHERE_LIKE:
		break;
	}
	return holds(op, strcmp(item, text));
}

static bool item_matches(const struct cts_where_term *term, const char *item)
{
	if (term->op == CTS_WHERE_LIKE)
		return cts_where_like(term->text, item);
	if (term->op == CTS_WHERE_EQ)
		return strcmp(item, term->text) == 0;
	if (term->part == CTS_WHERE_FIELD && cts_where_is_fuzzy(term->field))
		return fuzzy_holds(term->op, item, term->text);
	return holds(term->op, compare_items(
				       term->part == CTS_WHERE_FIELD ? term->field : NULL, item,
				       term->text));
}

/* What a fuzzy date's derived column holds; "" for none. */
static const char *derived(char out[CTS_TIME_TEXT], enum cts_where_part part, const char *item)
{
	struct cts_fuzzy fuzzy;

	cts_fuzzy_parse(&fuzzy, item);
	if (part == CTS_WHERE_FORM)
		return cts_fuzzy_form_name(fuzzy.form);
	if (part == CTS_WHERE_EARLIEST)
		return fuzzy.has_earliest ? cts_day_format(out, fuzzy.earliest) : "";
	return fuzzy.has_latest ? cts_day_format(out, fuzzy.latest) : "";
}

static bool term_matches(const struct cts_where_term *term, const struct cts_record *record)
{
	struct cts_value value;
	char buffer[CTS_TIME_TEXT];
	const char *item;

	if (term->part == CTS_WHERE_ID)
		return item_matches(term, record->id);
	value = cts_record_get(record, term->field);
	if (term->part != CTS_WHERE_FIELD) {
		item = value.count > 0 ? derived(buffer, term->part, value.items[0]) : "";
		value = (struct cts_value){*item ? 1 : 0, &item};
	}
	/* Unset is '' to = and <>, and has no place in any order. */
	if (value.count == 0)
		return term->op == CTS_WHERE_EQ	  ? !*term->text
		       : term->op == CTS_WHERE_NE ? *term->text != 0
						  : false;
	if (term->op == CTS_WHERE_NE)
		return !cts_value_has(value, term->text);
	for (size_t i = 0; i < value.count; i++)
		if (item_matches(term, value.items[i]))
			return true;
	return false;
}

bool cts_where_match(const struct cts_where *where, const struct cts_record *record)
{
	for (size_t i = 0; i < where->count; i++)
		if (!term_matches(&where->terms[i], record))
			return false;
	return true;
}

const struct cts_where_term *cts_where_indexed(const struct cts_where *where)
{
	for (size_t i = 0; i < where->count; i++) {
		const struct cts_where_term *term = &where->terms[i];

		if (term->part == CTS_WHERE_FIELD && term->op == CTS_WHERE_EQ && *term->text &&
			(term->field->indexed || term->field->unique || term->field->is_ref))
			return term;
	}
	return NULL;
}
