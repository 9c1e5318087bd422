/*
 * The programme table on paper: as columns of text, as a Markdown table, as JSON.
 *
 * Text is wrapped to the width of the terminal, 100 columns where there is none. Markdown holds one
 * table row an initiative, entries separated by <br>; what Markdown would take for its own signs is
 * escaped. JSON holds the cells with the records that their entries were made from.
 */
#ifndef CTS_CLI_REPORT_PROGRAMME_OUT_H
#define CTS_CLI_REPORT_PROGRAMME_OUT_H

#include "cli/out.h"
#include "cli/report/programme.h"

/* `as_at`: what --at said, or NULL. */
void cts_programme_put_text(
	struct cts_out *out, const struct cts_programme_table *table, const char *as_at);
void cts_programme_put_markdown(
	struct cts_out *out, const struct cts_programme_table *table, const char *as_at);
void cts_programme_put_json(
	struct cts_out *out, const struct cts_programme_table *table, const char *as_at);

/* What stands below the table: what `*` and `?` mean, that choices wait. NULL: nothing more. */
const char *cts_programme_footnote(const struct cts_programme_table *table, size_t index);

/* The entry as people read it: its text, `*` if it belongs to the whole row, its open conflict. */
void cts_programme_entry_text(struct cts_buf *out, const struct cts_report_entry *entry);

#endif
