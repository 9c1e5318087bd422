/*
 * What all forms of the table share, and the two that need no layout.
 */
#include "cli/report/programme_out.h"

#include <ctype.h>
#include <string.h>

#include "cli/items.h"
#include "proto/text.h"

#define BULLET "\xe2\x80\xa2 "

void cts_programme_entry_text(struct cts_buf *out, const struct cts_report_entry *entry)
{
	cts_buf_puts(out, entry->text);
	if (entry->is_of_row)
		cts_buf_puts(out, "*");
	if (entry->in_conflict)
		cts_buf_puts(out, " [in conflict]");
}

const char *cts_programme_footnote(const struct cts_programme_table *table, size_t index)
{
	const char *notes[3];
	size_t count = 0;

	if (table->has_of_row)
		notes[count++] =
			"* belongs to the row; the records do not say to which workstream.";
	if (table->has_unsaid)
		notes[count++] = "? nobody has said which recommendations the workstream answers.";
	if (table->has_conflicts)
		notes[count++] = "[in conflict]: agencies changed it apart, and one of the values "
				 "is shown; `ctsync conflicts` shows all of them.";
	return index < count ? notes[index] : NULL;
}

/* ---- Markdown ---------------------------------------------------------------------------------
 */

/* A record's text inside a table cell or heading. */
static void put_escaped(struct cts_out *out, const char *text)
{
	struct cts_buf visible = {0}, escaped = {0};

	cts_text_put_visible(&visible, text, true);
	text = cts_buf_text(&visible);
	for (const char *c = text; *c; c++) {
		if (*c == '\n') {
			cts_buf_puts(&escaped, "<br>");
		} else if (*c == '\t') {
			cts_buf_putc(&escaped, ' ');
		} else if (*c == '<') {
			cts_buf_puts(&escaped, "&lt;");
		} else if (*c == '&' && (isalnum((unsigned char)c[1]) || c[1] == '#')) {
			cts_buf_puts(&escaped, "&amp;"); /* else it could begin an entity */
		} else {
			/* A parenthesis right behind a bracket would make a link of both. */
			if (strchr("|\\`*_~", *c) || (*c == '(' && c > text && c[-1] == ']'))
				cts_buf_putc(&escaped, '\\');
			cts_buf_putc(&escaped, *c);
		}
	}
	cts_out_put(out, cts_buf_text(&escaped), escaped.size);
	cts_buf_release(&visible);
	cts_buf_release(&escaped);
}

static void put_cell(struct cts_out *out, const struct cts_report_cell *cell)
{
	struct cts_buf text = {0};

	cts_out_puts(out, "|");
	for (size_t e = 0; e < cell->count; e++) {
		cts_buf_clear(&text);
		cts_programme_entry_text(&text, &cell->entries[e]);
		cts_out_puts(out, e > 0 ? "<br>" : " ");
		if (cell->entries[e].is_point)
			cts_out_puts(out, BULLET);
		put_escaped(out, cts_buf_text(&text));
	}
	cts_out_puts(out, " ");
	cts_buf_release(&text);
}

void cts_programme_put_markdown(
	struct cts_out *out, const struct cts_programme_table *table, const char *as_at)
{
	const char *footnote;

	cts_out_puts(out, "## ");
	put_escaped(out, table->title);
	if (as_at) {
		cts_out_puts(out, ", as at ");
		put_escaped(out, as_at);
	}
	cts_out_puts(out, "\n\n");
	for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++)
		cts_out_printf(out, "| %s ", table->headings[c]);
	cts_out_puts(out, "|\n");
	for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++)
		cts_out_puts(out, "| --- ");
	cts_out_puts(out, "|\n");
	for (size_t r = 0; r < table->row_count; r++) {
		for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++)
			put_cell(out, &table->rows[r].cells[c]);
		cts_out_puts(out, "|\n");
	}
	for (size_t i = 0; (footnote = cts_programme_footnote(table, i)); i++)
		cts_out_printf(out, "\n%s%s\n", *footnote == '*' ? "\\" : "", footnote);
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static const char *const members[CTS_REPORT_COLUMNS] = {
	[CTS_REPORT_INITIATIVE] = "initiative",
	[CTS_REPORT_OVERVIEW] = "overview",
	[CTS_REPORT_LEADS] = "leads",
	[CTS_REPORT_WORKSTREAMS] = "workstreams",
	[CTS_REPORT_RECOMMENDATIONS] = "recommendations",
	[CTS_REPORT_MILESTONES] = "milestones",
};

static void put_entry(struct cts_jsonw *json, const struct cts_report_entry *entry)
{
	cts_jsonw_object(json, NULL);
	cts_jsonw_string(json, "text", entry->text);
	cts_jsonw_string(json, "record", entry->record);
	if (entry->band > 0)
		cts_jsonw_int(json, "workstream", (int64_t)entry->band);
	if (entry->in_conflict)
		cts_jsonw_bool(json, "in_conflict", true);
	cts_jsonw_end(json);
}

void cts_programme_put_json(
	struct cts_out *out, const struct cts_programme_table *table, const char *as_at)
{
	struct cts_jsonw json;

	cts_answer_begin(&json, out);
	cts_jsonw_string(&json, "record", table->record);
	cts_jsonw_string(&json, "title", table->title);
	cts_jsonw_string(&json, "as_at", as_at);
	cts_jsonw_array(&json, "items");
	for (size_t r = 0; r < table->row_count; r++) {
		const struct cts_report_row *row = &table->rows[r];

		cts_jsonw_object(&json, NULL);
		cts_jsonw_string(&json, "record", row->record);
		cts_jsonw_bool(&json, "underpinning", row->is_underpinning);
		for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++) {
			cts_jsonw_array(&json, members[c]);
			for (size_t e = 0; e < row->cells[c].count; e++)
				put_entry(&json, &row->cells[c].entries[e]);
			cts_jsonw_end(&json);
		}
		cts_jsonw_end(&json);
	}
	cts_jsonw_end(&json);
	cts_answer_end(&json, out);
}
