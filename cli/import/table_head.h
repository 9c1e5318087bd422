/*
 * The head of a programme table: which columns hold what. A heading may be split over cells
 * (`INITIATIV`, `E`), and there may be more columns than headings: of the columns that a heading
 * stands over, the one with the most words holds the text and the others are ornament (icons,
 * arrows).
 */
#ifndef CTS_CLI_IMPORT_TABLE_HEAD_H
#define CTS_CLI_IMPORT_TABLE_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/import/rows.h"

enum cts_table_column {
	CTS_COLUMN_INITIATIVE,
	CTS_COLUMN_OVERVIEW,
	CTS_COLUMN_LEAD,
	CTS_COLUMN_WORKSTREAMS,
	CTS_COLUMN_RECOMMENDATIONS,
	CTS_COLUMN_MILESTONES,
	CTS_COLUMNS,
};

#define CTS_NO_COLUMN ((size_t)-1)

struct cts_table_head {
	size_t index; /* of its row in the document's rows */
	size_t cell_count;
	size_t columns[CTS_COLUMNS]; /* index of the cell that holds the text, or CTS_NO_COLUMN */
	size_t first[CTS_COLUMNS], last[CTS_COLUMNS]; /* cells that the heading stands over */
	const char
		*inquiry; /* the word before RECS, in lower case: "rcoi"; "" when there is none */
};

/* False: no row is the head of a programme table: INITIATIVE and two more of the headings. */
bool cts_table_head_find(
	struct cts_table_head *out, struct cts_arena *arena, const struct cts_rows *rows);

/* The row repeats the head, as after a page break. */
bool cts_table_head_is(struct cts_arena *arena, const struct cts_row *row);

#endif
