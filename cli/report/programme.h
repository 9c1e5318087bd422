/*
 * The programme table as cells: what `report programme` prints, before any layout. A row is an
 * initiative, a cell holds entries, an entry is one thing as a reader of the printed table knows
 * it: `RCOI engagement (DPMC)`, `Rec 33 & 34`, `-`, `Q2 2021 (advice on options)`.
 *
 * Entries of the last three columns stand in bands: band n belongs to the row's n-th workstream, so
 * a layout can put a workstream, what it answers and what comes next beside one another. Where the
 * records do not say which workstream an entry belongs to, it stands in band 0, that of the row.
 *
 * Texts are as stored but for withholding: a withheld passage is `[withheld s6(a)]`, one that is
 * known here `[withhold s6(a): the passage]` or `[propose s6(a): the passage]`. A report is for
 * those who may read the store; a document for others is a release.
 */
#ifndef CTS_CLI_REPORT_PROGRAMME_H
#define CTS_CLI_REPORT_PROGRAMME_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/report/source.h"
#include "proto/arena.h"

enum cts_report_column {
	CTS_REPORT_INITIATIVE,
	CTS_REPORT_OVERVIEW,
	CTS_REPORT_LEADS,
	CTS_REPORT_WORKSTREAMS,
	CTS_REPORT_RECOMMENDATIONS,
	CTS_REPORT_MILESTONES,
};
#define CTS_REPORT_COLUMNS (CTS_REPORT_MILESTONES + 1)

struct cts_report_entry {
	const char *text;
	const char *record; /* key of the record that it was made from */
	size_t band;
	bool is_point;    /* printed with a bullet */
	bool is_of_row;   /* the records do not say to which workstream it belongs */
	bool in_conflict; /* a field that the text shows waits for a choice */
};

struct cts_report_cell {
	struct cts_report_entry *entries;
	size_t count;
	bool has_bands; /* an entry stands in a band other than 0 */
};

struct cts_report_row {
	const char *record; /* of the initiative */
	bool is_underpinning;
	struct cts_report_cell cells[CTS_REPORT_COLUMNS];
};

struct cts_programme_table {
	const char *record; /* of the programme */
	const char *title;
	const char *headings[CTS_REPORT_COLUMNS];
	struct cts_report_row *rows;
	size_t row_count;
	bool has_of_row, has_conflicts; /* in any entry */
	bool has_unsaid;                /* a `?` stands for recommendations */
};

/* `wanted` as for cts_tree_read. Texts live in `arena`.
 * @return CTS_ENOTFOUND, CTS_EREFUSED */
int cts_programme_table_read(struct cts_programme_table *out, struct cts_arena *arena,
	struct cts_report_source *source, const char *wanted);

#endif
