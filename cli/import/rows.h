/*
 * A document as rows of cells: lines cut at tabs or, when no line has a tab, at the pipes of a
 * markdown table. Shared by the readers of documents and by sniff.h.
 *
 * The text becomes NFC with LF line ends; a byte order mark, page breaks and the rule below the
 * head of a markdown table are taken off. Row numbers stay those of the file. A pipe written `\|`
 * is text.
 */
#ifndef CTS_CLI_IMPORT_ROWS_H
#define CTS_CLI_IMPORT_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/arena.h"

#define CTS_DOCUMENT_MAX (4u * 1024 * 1024) /* bytes; the two kinds of document are a few pages */

struct cts_row {
	size_t row;         /* line number, from 1 */
	const char **cells; /* as in the file, trimmed of spaces; a line that is not cut has one */
	size_t cell_count;  /* 0: an empty line, or a rule */
	bool is_cut;        /* it had a separator */
};

struct cts_rows {
	struct cts_row *rows;
	size_t count;
};

/* @return CTS_EVALUE naming file, row and column of a character (not UTF-8, a control character);
 * over CTS_DOCUMENT_MAX */
int cts_rows_read(struct cts_rows *out, struct cts_arena *arena, const char *file, const char *text,
	size_t size);

/* Cells that are not empty. */
size_t cts_row_filled(const struct cts_row *row);

/* The cell at an index, or "". */
const char *cts_row_cell(const struct cts_row *row, size_t index);

#endif
