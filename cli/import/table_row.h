/*
 * One row of the programme table as records: the initiative, its workstreams, its milestones, and
 * what they refer to. Used by table_document.c alone.
 */
#ifndef CTS_CLI_IMPORT_TABLE_ROW_H
#define CTS_CLI_IMPORT_TABLE_ROW_H

#include "cli/import/draft.h"
#include "cli/import/rows.h"
#include "cli/import/table_head.h"

struct cts_table {
	struct cts_table_head head;
	const char *prefix;    /* of ids: ctwp2021 */
	const char *programme; /* programme/ctwp2021 */
	size_t initiative_count;
	struct cts_draft owners; /* a set: the codes that own a workstream */
};

/* Looks at the owners of the row, before any record of a party is made. */
void cts_table_row_owners(
	struct cts_draft *draft, struct cts_table *table, const struct cts_row *row);

/* Makes the records of the bodies that the row's lead cell shows to be bodies. A code that owns
 * work and that no name or table shows to be a body's is an agency's, whatever goes through it. */
void cts_table_row_bodies(
	struct cts_draft *draft, struct cts_table *table, const struct cts_row *row);

/* The row must have an initiative. */
void cts_table_row_read(
	struct cts_draft *draft, struct cts_table *table, const struct cts_row *row);

#endif
