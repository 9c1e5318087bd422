/*
 * Cells of csv (RFC 4180, but lines end in LF, as every tool on this system reads and writes) and
 * tsv. A cell that a spreadsheet would run as a formula (it begins with = + - @ tab or CR, and is
 * no plain number) gets a leading apostrophe, unless `raw`.
 */
#ifndef CTS_CLI_DSV_H
#define CTS_CLI_DSV_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/buf.h"

/* csv: quoted where it must be. tsv: tab, newline, CR and backslash as \t \n \r \\. */
void cts_dsv_put_cell(struct cts_buf *out, char separator, const char *text, bool raw);

/* A whole row and its line end. NULL cells are empty. */
void cts_dsv_put_row(
	struct cts_buf *out, char separator, const char *const *cells, size_t count, bool raw);

#endif
