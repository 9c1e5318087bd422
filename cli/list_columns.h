/*
 * The columns of a list: fields of a kind, id, and what a fuzzy date is read as (due_earliest,
 * due_latest, due_form). The same names serve to sort by. Used by cmd_list.c alone.
 */
#ifndef CTS_CLI_LIST_COLUMNS_H
#define CTS_CLI_LIST_COLUMNS_H

#include <stdbool.h>

#include "cli/opt.h"
#include "cli/out.h"
#include "cli/table.h"
#include "cli/where.h"

struct cts_list_column {
	const char *name;
	enum cts_where_part part;
	const struct cts_field *field; /* NULL for id */
	bool descending;               /* a key of sorting: "-due" */
};

struct cts_list_columns {
	struct cts_list_column *items;
	size_t count;
};

/* Reads "id,due,-status"; signs only where `is_sort`. @return CTS_EVALUE with the nearest name,
 * CTS_EUSAGE for none at all */
int cts_list_columns_parse(struct cts_list_columns *out, struct cts_arena *arena,
	const struct cts_kind *kind, const char *text, bool is_sort);

/* What is shown when nothing is asked for. On paper and terminals what tells records apart and how
 * they stand: id, title, dates, states, references. In csv and tsv every field, so that an import
 * reads all of it back. */
void cts_list_columns_default(struct cts_list_columns *out, struct cts_arena *arena,
	const struct cts_kind *kind, enum cts_out_format format);

/* As a table has them. In `arena`. */
const struct cts_column *cts_list_columns_layout(
	struct cts_arena *arena, const struct cts_list_columns *columns);

/* The cell of a record: text, on one line joined by ", "; in csv and tsv a member a line, as the
 * value is stored. Borrowed from the record or made in `arena`. */
const char *cts_list_cell(struct cts_arena *arena, const struct cts_list_column *column,
	const struct cts_record *record, enum cts_out_format format);

/* Order of two values of a column, kept by cts_list_key: unset last, dates without a window before
 * those and behind all others, whichever way it is sorted. */
struct cts_value cts_list_key(struct cts_arena *arena, const struct cts_list_column *column,
	const struct cts_record *record);
int cts_list_compare(
	const struct cts_list_column *column, struct cts_value a, struct cts_value b);

#endif
