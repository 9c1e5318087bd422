/*
 * Columns of text. Widths are those of the first rows (up to CTS_TABLE_LOOKAHEAD, so that a list
 * of a million records starts at once and takes no memory), counted in columns of a terminal. On a
 * terminal the table is fitted to its width: the widest columns give way, and what does not fit is
 * cut with an ellipsis, or wrapped where the column says so. A table that is too wide even so is
 * written row by row, a line for each cell. Elsewhere nothing is cut or wrapped: newlines in cells
 * become spaces, and every row is one line.
 */
#ifndef CTS_CLI_TABLE_H
#define CTS_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/out.h"
#include "proto/arena.h"

#define CTS_TABLE_LOOKAHEAD 500

struct cts_column {
	const char *name; /* heading in text, column name in csv and tsv */
	bool right;       /* numbers */
	bool wrap;        /* wrapped rather than cut on a terminal */
	bool fixed;       /* never cut: ids that people copy */
	size_t least;     /* the width that it keeps while others may give; 0: a few columns */
	enum cts_style style;
};

struct cts_table_row {
	const char **cells;
	enum cts_style style;
};

struct cts_table {
	struct cts_out *out;
	const struct cts_column *columns;
	size_t column_count;
	size_t indent;
	bool no_heading;
	bool flowing; /* widths are settled: rows are written as they come */
	bool stacked; /* too wide: each row is a block of lines */
	size_t blocks;
	size_t *widths;
	struct cts_table_row *rows;
	size_t row_count;
	struct cts_arena arena;   /* widths and the rows kept */
	struct cts_arena scratch; /* of the row being written */
	struct cts_buf line;
};

void cts_table_begin(struct cts_table *table, struct cts_out *out,
	const struct cts_column *columns, size_t column_count);
void cts_table_row(struct cts_table *table, const char *const *cells, enum cts_style style);
/* Writes what is left. A table without rows writes nothing, not even a heading. */
void cts_table_end(struct cts_table *table);

#endif
