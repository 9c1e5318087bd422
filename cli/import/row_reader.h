/*
 * A row of the programme table while it is read: its cells by column, and what was made of them so
 * far. Shared by table_row.c and row_links.c alone.
 */
#ifndef CTS_CLI_IMPORT_ROW_READER_H
#define CTS_CLI_IMPORT_ROW_READER_H

#include "cli/import/table_row.h"

struct cts_table_row_reader {
	struct cts_draft *draft;
	struct cts_table *table;
	const struct cts_row *row;
	struct cts_draft_record *initiative;
	struct cts_draft_record **workstreams;
	size_t workstream_count;
};

struct cts_arena *cts_table_row_arena(const struct cts_table_row_reader *reader);

/* The cell below a heading, as in the file; "" where there is no such column. */
const char *cts_table_row_raw(
	const struct cts_table_row_reader *reader, enum cts_table_column column);
struct cts_cell_place cts_table_row_place(
	const struct cts_table_row_reader *reader, enum cts_table_column column);

/* Without markup; grounds as withholding marks. */
const char *cts_table_row_plain(
	const struct cts_table_row_reader *reader, enum cts_table_column column);

/* Puts a text that stands in that column. */
void cts_table_row_put(struct cts_table_row_reader *reader, struct cts_draft_record *record,
	const char *field, enum cts_table_column column, const char *text);

/* "initiative/ctwp2021-4" */
const char *cts_table_row_key(
	const struct cts_table_row_reader *reader, const struct cts_draft_record *record);

/* The cells of recommendations and of milestones, once initiative and workstreams are made. */
void cts_table_row_recommendations(struct cts_table_row_reader *reader);
void cts_table_row_milestones(struct cts_table_row_reader *reader);

#endif
