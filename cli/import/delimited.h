/*
 * CSV (RFC 4180) and TSV as a stream of rows, in memory bounded by the longest row.
 *
 * CSV: cells in quotes may hold separators, newlines and doubled quotes; lines end in CRLF or LF.
 * TSV: \t \n \r \\ \" stand for the characters, as our own output writes them; a cell that begins
 * with a quote is read as in CSV, as spreadsheets write it. A byte order mark is skipped, and so
 * are empty lines. The row number is the line on which the row begins; cells count from 1.
 */
#ifndef CTS_CLI_IMPORT_DELIMITED_H
#define CTS_CLI_IMPORT_DELIMITED_H

#include <stddef.h>

#define CTS_ROW_MAX                                                                                \
	(4u * 1024 * 1024) /* bytes; a quote that never closes must not fill the memory */

struct cts_delimited;

struct cts_delimited_row {
	size_t row;
	const char *const *cells; /* until the next call */
	size_t cell_count;
};

/* Reads from `fd`, which stays the caller's, from where it stands. `name` is for messages. */
void cts_delimited_open(struct cts_delimited **out, const char *name, int fd, char separator);
void cts_delimited_free(struct cts_delimited *reader);

/* @return 1 a row, 0 the end, CTS_EVALUE with name, row and column (a further call goes on with the
 * next line), CTS_EIO */
int cts_delimited_next(struct cts_delimited *reader, struct cts_delimited_row *out);

#endif
