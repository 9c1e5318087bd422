/*
 * --where: which records a list shows. A subset of SQLite's expressions:
 *
 *	expr   = term { "and" term }
 *	term   = FIELD OP VALUE
 *	FIELD  = a field of the kind, id, or of a fuzzy date due_earliest, due_latest, due_form
 *	OP     = "=" | "<>" | "<" | "<=" | ">" | ">=" | "like"
 *	VALUE  = 'text' (a quote inside is doubled) | a number
 *
 * `and` and `like` in any case. How two values compare goes by the field's type:
 *  - numbers by number, enumerations by rank (the order of the schema), dates by day, other text
 *    by its bytes; = and <> are exact, `like` is SQLite's: % any run, _ any character, case
 *    ignored for ASCII;
 *  - fuzzy dates by their windows where the order is asked: `due < 'Q3 2021'` ends before it
 *    begins, `due <= 'Q3 2021'` ends no later, `due >= 'Q3 2021'` begins no earlier,
 *    `due > 'Q3 2021'` begins after it ends; a date that has no such end never matches;
 *    = <> like go by the text;
 *  - an unset field equals '' and nothing else, and has no order: `owner = ''` finds what is unset,
 *    and `status <> 'complete'` finds records without a status too;
 *  - a list matches when one of its members does; <> when none equals.
 * A value that the field cannot hold (not a number, no such enumerator) is an error, not "no
 * match".
 */
#ifndef CTS_CLI_WHERE_H
#define CTS_CLI_WHERE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/record.h"

enum cts_where_op {
	CTS_WHERE_EQ,
	CTS_WHERE_NE,
	CTS_WHERE_LT,
	CTS_WHERE_LE,
	CTS_WHERE_GT,
	CTS_WHERE_GE,
	CTS_WHERE_LIKE,
};

/* What of the record a term looks at. */
enum cts_where_part {
	CTS_WHERE_FIELD,
	CTS_WHERE_ID,
	CTS_WHERE_EARLIEST,
	CTS_WHERE_LATEST,
	CTS_WHERE_FORM,
};

struct cts_where_term {
	const struct cts_field *field; /* NULL for id */
	enum cts_where_part part;
	enum cts_where_op op;
	const char *text; /* canonical: an enumerator's name, a reference with its kind */
};

struct cts_where {
	struct cts_where_term *terms;
	size_t count;
};

/* @return CTS_EVALUE for a field or enumerator that is none (nearest as hint) or a value of the
 * wrong type, CTS_EUSAGE for what cannot be read, with the position */
int cts_where_parse(struct cts_where *out, struct cts_arena *arena, const struct cts_kind *kind,
	const char *text);

bool cts_where_match(const struct cts_where *where, const struct cts_record *record);

/* A term that an index can answer: `FIELD = 'value'` with a value, on an indexed field. NULL:
 * none. */
const struct cts_where_term *cts_where_indexed(const struct cts_where *where);

/* Order of two values of a field for sorting: as above; fuzzy dates by latest, then earliest; unset
 * last. Lists compare by their first members. */
int cts_where_compare(const struct cts_field *field, struct cts_value a, struct cts_value b);

/* How a field compares. */
bool cts_where_is_number(enum cts_type type);
bool cts_where_is_fuzzy(const struct cts_field *field);

/* SQLite's LIKE, without escape. */
bool cts_where_like(const char *pattern, const char *text);

#endif
