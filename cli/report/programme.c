/*
 * The table, and the cells of a row that do not speak of single workstreams: each from the fields
 * that the importer fills from it.
 */
#include "cli/report/programme.h"

#include <ctype.h>
#include <string.h>

#include "cli/report/marks.h"
#include "cli/report/row.h"
#include "cli/report/tree.h"
#include "proto/error.h"
#include "proto/programme.h"

/* ---- the row's own cells ----------------------------------------------------------------------
 */

static void make_initiative(struct cts_row_maker *maker, const struct cts_tree_node *node)
{
	const char *title = cts_record_text(&node->record, CTS_INITIATIVE_TITLE);
	struct cts_report_entry *entry;

	/* Unless the title says so itself. */
	if (maker->row->is_underpinning && !strcasestr(title, "underpinn"))
		cts_row_put(maker, CTS_REPORT_INITIATIVE, "Underpinned by", node->key);
	entry = cts_row_put(maker, CTS_REPORT_INITIATIVE, title, node->key);
	cts_row_mark_conflict(maker, entry, &node->record, CTS_INITIATIVE_TITLE);
	cts_row_mark_conflict(maker, entry, &node->record, CTS_DELETED);
}

static void make_overview(struct cts_row_maker *maker, const struct cts_tree_node *node)
{
	struct cts_value points = cts_tree_value(&node->record, CTS_INITIATIVE_POINTS);

	cts_row_put_field(maker, CTS_REPORT_OVERVIEW, node, CTS_INITIATIVE_OVERVIEW);
	for (size_t i = 0; i < points.count; i++) {
		struct cts_report_entry *entry =
			cts_row_put(maker, CTS_REPORT_OVERVIEW, points.items[i], node->key);

		entry->is_point = true;
		cts_row_mark_conflict(maker, entry, &node->record, CTS_INITIATIVE_POINTS);
	}
	cts_row_put_field(maker, CTS_REPORT_OVERVIEW, node, CTS_INITIATIVE_NOTES);
}

/* An agency's name for itself in the cell as printed: its code, or one of its aliases. */
static int note_names(bool *out, struct cts_row_maker *maker, const char *note, const char *key)
{
	struct cts_record record;
	struct cts_value aliases;
	int rc = cts_report_get(maker->source, &record, key);

	*out = false;
	if (rc == CTS_ENOTFOUND || rc == CTS_EVALUE)
		return 0;
	if (rc < 0)
		return rc;
	*out = cts_row_mentions(note, cts_record_text(&record, CTS_AGENCY_CODE)) ||
	       cts_row_mentions(note, cts_record_text(&record, CTS_AGENCY_NAME));
	aliases = cts_tree_value(&record, CTS_AGENCY_ALIASES);
	for (size_t i = 0; i < aliases.count; i++)
		*out = *out || cts_row_mentions(note, aliases.items[i]);
	cts_record_release(&record);
	return 0;
}

/* Printed tables come with two spaces where a line ended. */
static const char *with_line_breaks(struct cts_arena *arena, const char *text)
{
	char *out = cts_arena_alloc(arena, strlen(text) + 1), *end = out;

	while (*text) {
		size_t run = strspn(text, " ");

		if (run >= 2)
			*end++ = '\n';
		text += run >= 2 ? run : 0;
		if (*text)
			*end++ = *text++;
	}
	return out;
}

/* The cell as printed; then leads that it does not name, because they were added since. */
static int make_leads(struct cts_row_maker *maker, const struct cts_tree_node *node)
{
	const char *note = cts_record_text(&node->record, CTS_INITIATIVE_LEAD_NOTE);
	struct cts_value leads = cts_tree_value(&node->record, CTS_INITIATIVE_LEADS);
	int rc;

	if (*note || cts_record_conflict(&node->record, CTS_INITIATIVE_LEAD_NOTE))
		cts_row_mark_conflict(maker,
			cts_row_put(maker, CTS_REPORT_LEADS, with_line_breaks(maker->arena, note),
				node->key),
			&node->record, CTS_INITIATIVE_LEAD_NOTE);
	for (size_t i = 0; i < leads.count; i++) {
		const char *code;
		bool named;

		rc = note_names(&named, maker, note, leads.items[i]);
		if (rc < 0)
			return rc;
		if (named)
			continue;
		rc = cts_row_read_code(&code, maker, leads.items[i]);
		if (rc < 0)
			return rc;
		cts_row_put(maker, CTS_REPORT_LEADS, code, leads.items[i]);
	}
	return 0;
}

/* ---- the table --------------------------------------------------------------------------------
 */

static int make_row(struct cts_row_maker *maker, const struct cts_tree_node *node)
{
	int rc;

	maker->row = cts_arena_push(maker->arena, &maker->table->rows, &maker->table->row_count,
		sizeof(*maker->table->rows));
	maker->row->record = cts_arena_strdup(maker->arena, node->key);
	maker->row->is_underpinning =
		strcmp(cts_record_text(&node->record, CTS_INITIATIVE_ROW_KIND), "underpinning") ==
		0;
	make_initiative(maker, node);
	make_overview(maker, node);
	rc = make_leads(maker, node);
	if (rc < 0)
		return rc;
	rc = cts_row_make_workstreams(maker, node);
	if (rc < 0)
		return rc;
	rc = cts_row_make_recommendations(maker, node);
	if (rc < 0)
		return rc;
	cts_row_make_milestones(maker, node);
	return 0;
}

/* "RCOI RECS", after the inquiry if all are of one. */
static const char *recommendations_heading(struct cts_row_maker *maker)
{
	const char *inquiry = maker->inquiry ? maker->inquiry : "";
	char *heading = cts_arena_printf(maker->arena, "%s%sRECS", inquiry, *inquiry ? " " : "");

	for (char *c = heading; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return heading;
}

int cts_programme_table_read(struct cts_programme_table *out, struct cts_arena *arena,
	struct cts_report_source *source, const char *wanted)
{
	struct cts_programme_table table = {
		.headings = {"INITIATIVE", "OVERVIEW", "LEAD(S)", "KEY WORKSTREAMS", "",
			"NEXT KEY MILESTONE"},
	};
	struct cts_row_maker maker = {.table = &table, .arena = arena, .source = source};
	struct cts_tree tree;
	int rc = cts_tree_read(&tree, source, wanted);

	if (rc < 0)
		goto out;
	table.record = cts_arena_strdup(arena, tree.programme->key);
	table.title = cts_arena_strdup(
		arena, cts_report_marks(arena,
			       cts_record_text(&tree.programme->record, CTS_PROGRAMME_TITLE)));
	for (size_t i = 0; i < tree.initiative_count; i++) {
		rc = make_row(&maker, tree.initiatives[i]);
		if (rc < 0)
			goto out;
	}
	table.headings[CTS_REPORT_RECOMMENDATIONS] = recommendations_heading(&maker);
	*out = table;
	rc = 0;
out:
	cts_tree_release(&tree);
	return rc;
}
