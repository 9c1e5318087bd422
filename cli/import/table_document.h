/*
 * The programme table: one row an initiative, its workstreams, recommendations and milestones in
 * cells. Ids come from the position: programme/ctwp2021, initiative/ctwp2021-4,
 * workstream/ctwp2021-4-2, milestone/ctwp2021-4-2, recommendation/rcoi-07, agency/dpmc, body/ctcc.
 *
 * Milestones align with workstreams one to one where there are as many; recommendations stand on
 * the initiative as printed, and on the workstreams where the tokens are as many. What does not
 * align is asked, not guessed.
 */
#ifndef CTS_CLI_IMPORT_TABLE_DOCUMENT_H
#define CTS_CLI_IMPORT_TABLE_DOCUMENT_H

#include "cli/import/draft.h"
#include "cli/import/rows.h"

/* True: there is a row that reads like the head of a programme table. */
bool cts_table_document_is(struct cts_arena *arena, const struct cts_rows *rows);

/* @return CTS_EVALUE with file, row and column: no head, a row with more cells than the head, a row
 * without an initiative */
int cts_table_document_read(struct cts_draft *draft, const struct cts_rows *rows);

#endif
