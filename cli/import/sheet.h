/*
 * Records in a CSV or TSV file: a head of `id`, field names and common fields, then one record a
 * row. A list cell holds one member a line; an empty cell clears the field. `kind` (which must be
 * the kind asked for) and `hash`, which our own output has, may stand in the head.
 *
 * The apostrophe with which our output keeps a spreadsheet from running a cell as a formula is
 * taken off again.
 */
#ifndef CTS_CLI_IMPORT_SHEET_H
#define CTS_CLI_IMPORT_SHEET_H

#include <stdbool.h>

#include "cli/import/problems.h"
#include "proto/record.h"

struct cts_sheet;

/* Reads the head. @return CTS_EVALUE with name, row and column: no head, no `id`, an unknown field
 * (the nearest as hint), a field twice */
int cts_sheet_open(struct cts_sheet **out, const char *name, int fd, char separator,
	const struct cts_kind *kind);
void cts_sheet_free(struct cts_sheet *sheet);

/* The next record, every value of it valid and canonical; `record` is initialised by the caller and
 * reset by the call. `*named`, by field index, says which fields the head has. Rows with problems
 * are told to `problems` and passed over; *row is the line of the one handed out.
 * @return 1 a record, 0 the end, CTS_EIO */
int cts_sheet_next(struct cts_sheet *sheet, struct cts_record *record, const bool **named,
	size_t *row, struct cts_problems *problems);

#endif
