/*
 * Briefs, as released: a line with a topic, below it rows of a heading and its content; several
 * briefs in one document. Each paragraph and each point is one item, in order, and equal items stay
 * several; a printed ground is a withheld passage where it stands.
 */
#ifndef CTS_CLI_IMPORT_BRIEF_DOCUMENT_H
#define CTS_CLI_IMPORT_BRIEF_DOCUMENT_H

#include "cli/import/draft.h"
#include "cli/import/rows.h"

/* True: there is a topic with at least two sections below it. */
bool cts_brief_document_is(struct cts_arena *arena, const struct cts_rows *rows);

/* @return CTS_EVALUE with file, row and column: no brief in it, a section above the first topic, a
 * row of more than two cells */
int cts_brief_document_read(struct cts_draft *draft, const struct cts_rows *rows);

#endif
