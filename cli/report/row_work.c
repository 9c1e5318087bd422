/*
 * Workstreams with their owners, and the milestones of the row and of each workstream. Parentheses
 * mean the owner in a workstream and the label in a milestone, as in the printed table; what was
 * not printed there, a status or a forecast, stands behind a semicolon.
 */
#include "cli/report/row.h"

#include <string.h>

#include "proto/programme.h"

/* " (NZSIS / GCSB)", " (TBD)", "" */
static int put_owners(
	struct cts_buf *out, struct cts_row_maker *maker, const struct cts_record *record)
{
	const char *state = cts_record_text(record, CTS_WORKSTREAM_OWNER_STATE);
	struct cts_value owners = cts_tree_value(record, CTS_WORKSTREAM_OWNERS);

	for (size_t i = 0; i < owners.count; i++) {
		const char *code;
		int rc = cts_row_read_code(&code, maker, owners.items[i]);

		if (rc < 0)
			return rc;
		cts_buf_printf(out, "%s%s", i == 0 ? " (" : " / ", code);
	}
	if (owners.count > 0)
		cts_buf_putc(out, ')');
	else if (strcmp(state, "tbd") == 0)
		cts_buf_puts(out, " (TBD)");
	else if (strcmp(state, "withheld") == 0 &&
		 strncmp(cts_record_text(record, CTS_WORKSTREAM_TITLE), "[[withheld ", 11) != 0)
		cts_buf_puts(out, " (owner withheld)");
	return 0;
}

/* "; in progress", where somebody said so. */
static void put_status(struct cts_buf *out, const struct cts_record *record)
{
	const char *status = cts_record_text(record, CTS_WORKSTREAM_STATUS);

	if (*status)
		cts_buf_puts(out, "; ");
	for (; *status; status++)
		cts_buf_putc(out, *status == '_' ? ' ' : *status);
}

static int make_workstream(
	struct cts_row_maker *maker, const struct cts_tree_node *node, size_t band)
{
	static const char *const shown[] = {CTS_DELETED, CTS_WORKSTREAM_TITLE,
		CTS_WORKSTREAM_OWNERS, CTS_WORKSTREAM_OWNER_STATE, CTS_WORKSTREAM_STATUS};
	struct cts_report_entry *entry;
	struct cts_buf text = {0};
	int rc;

	cts_buf_puts(&text, cts_record_text(&node->record, CTS_WORKSTREAM_TITLE));
	rc = put_owners(&text, maker, &node->record);
	if (rc < 0)
		goto out;
	put_status(&text, &node->record);
	entry = cts_row_put(maker, CTS_REPORT_WORKSTREAMS, cts_buf_text(&text), node->key);
	entry->is_point = true;
	cts_row_put_in_band(maker, CTS_REPORT_WORKSTREAMS, entry, band);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		cts_row_mark_conflict(maker, entry, &node->record, shown[i]);
out:
	cts_buf_release(&text);
	return rc;
}

int cts_row_make_workstreams(struct cts_row_maker *maker, const struct cts_tree_node *node)
{
	cts_row_put_field(maker, CTS_REPORT_WORKSTREAMS, node, CTS_INITIATIVE_WORKSTREAMS_NOTE);
	for (size_t i = 0; i < node->workstream_count; i++) {
		int rc = make_workstream(maker, node->workstreams[i], i + 1);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- milestones -------------------------------------------------------------------------------
 */

/* "Q2 2021 (advice on options); forecast Q3 2021; in progress" */
static void make_milestone(
	struct cts_row_maker *maker, const struct cts_tree_node *node, size_t band)
{
	static const char *const shown[] = {CTS_DELETED, CTS_MILESTONE_DUE, CTS_MILESTONE_LABEL,
		CTS_MILESTONE_FORECAST, CTS_MILESTONE_STATUS, CTS_MILESTONE_PARENT};
	const char *due = cts_record_text(&node->record, CTS_MILESTONE_DUE);
	const char *label = cts_record_text(&node->record, CTS_MILESTONE_LABEL);
	const char *forecast = cts_record_text(&node->record, CTS_MILESTONE_FORECAST);
	struct cts_report_entry *entry;
	struct cts_buf text = {0};

	cts_buf_puts(&text, due);
	if (*label)
		cts_buf_printf(&text, *due ? " (%s)" : "%s", label);
	if (*forecast && strcmp(forecast, due) != 0)
		cts_buf_printf(&text, "; forecast %s", forecast);
	put_status(&text, &node->record);
	entry = cts_row_put(maker, CTS_REPORT_MILESTONES, cts_buf_text(&text), node->key);
	cts_row_put_in_band(maker, CTS_REPORT_MILESTONES, entry, band);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		cts_row_mark_conflict(maker, entry, &node->record, shown[i]);
	cts_buf_release(&text);
}

/* By workstream, `-` where one has none beside others that have; then those of the row itself. */
void cts_row_make_milestones(struct cts_row_maker *maker, const struct cts_tree_node *node)
{
	bool any = false;

	cts_row_put_field(maker, CTS_REPORT_MILESTONES, node, CTS_INITIATIVE_MILESTONE_NOTE);
	for (size_t i = 0; i < node->workstream_count; i++)
		any = any || node->workstreams[i]->milestone_count > 0;
	for (size_t i = 0; any && i < node->workstream_count; i++) {
		const struct cts_tree_node *workstream = node->workstreams[i];

		for (size_t m = 0; m < workstream->milestone_count; m++)
			make_milestone(maker, workstream->milestones[m], i + 1);
		if (workstream->milestone_count == 0)
			cts_row_put_in_band(maker, CTS_REPORT_MILESTONES,
				cts_row_put(maker, CTS_REPORT_MILESTONES, "-", workstream->key),
				i + 1);
	}
	for (size_t m = 0; m < node->milestone_count; m++) {
		struct cts_report_cell *cell = &maker->row->cells[CTS_REPORT_MILESTONES];

		make_milestone(maker, node->milestones[m], 0);
		cell->entries[cell->count - 1].is_of_row = node->workstream_count > 1;
		maker->table->has_of_row |= node->workstream_count > 1;
	}
}
