/*
 * How the rows of the programme table are made: what programme.c and the files of its columns
 * share. A maker stands at one row at a time; entries are put into that row's cells.
 */
#ifndef CTS_CLI_REPORT_ROW_H
#define CTS_CLI_REPORT_ROW_H

#include "cli/report/programme.h"
#include "cli/report/tree.h"

struct cts_row_maker {
	struct cts_programme_table *table;
	struct cts_arena *arena;
	struct cts_report_source *source;
	struct cts_report_row *row;
	const char *inquiry; /* of the recommendations named so far; NULL: none, "": of several */
};

/* A new entry at the end of a cell, its text copied, withholding marks made readable. */
struct cts_report_entry *cts_row_put(struct cts_row_maker *maker, enum cts_report_column column,
	const char *text, const char *record);

void cts_row_put_in_band(struct cts_row_maker *maker, enum cts_report_column column,
	struct cts_report_entry *entry, size_t band);

/* Marks the entry if that field of the record waits for a choice. */
void cts_row_mark_conflict(struct cts_row_maker *maker, struct cts_report_entry *entry,
	const struct cts_record *record, const char *field);

/* A text of the record as an entry of its own, unless it is unset. */
void cts_row_put_field(struct cts_row_maker *maker, enum cts_report_column column,
	const struct cts_tree_node *node, const char *field);

/* A field of the record that `key` names; "" when that record is not here. */
int cts_row_read_text(
	const char **out, struct cts_row_maker *maker, const char *key, const char *field);

/* The code of an agency or body; one that is not here shows as the reference that it is. */
int cts_row_read_code(const char **out, struct cts_row_maker *maker, const char *key);

/* `word` stands in `text`, no letter or digit beside it. */
bool cts_row_mentions(const char *text, const char *word);

/* The three columns of bands (row_work.c, row_recommendations.c). */
int cts_row_make_workstreams(struct cts_row_maker *maker, const struct cts_tree_node *node);
int cts_row_make_recommendations(struct cts_row_maker *maker, const struct cts_tree_node *node);
void cts_row_make_milestones(struct cts_row_maker *maker, const struct cts_tree_node *node);

#endif
