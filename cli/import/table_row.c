/*
 * A row, cell by cell: the initiative, who leads it, its workstreams. What stands beside the
 * workstreams is row_links.c.
 */
#include "cli/import/table_row.h"

#include <ctype.h>
#include <string.h>

#include "cli/import/cells.h"
#include "cli/import/leads.h"
#include "cli/import/markup.h"
#include "cli/import/party_records.h"
#include "cli/import/row_reader.h"
#include "proto/programme.h"

/* ---- initiative ----------------------------------------------------------------------------- */

static bool says_underpinned(const char *text)
{
	static const char word[] = "underpin";
	size_t at = 0;

	for (; *text && word[at]; text++)
		if (isalpha((unsigned char)*text)) {
			if (tolower((unsigned char)*text) != word[at])
				return false;
			at++;
		}
	return !word[at];
}

/* The columns that hold no field: ornament, and headings that are not known. */
static bool read_other_columns(struct cts_table_row_reader *reader)
{
	const struct cts_table_head *head = &reader->table->head;
	bool is_underpinning = false;

	for (size_t i = 0; i < reader->row->cell_count; i++) {
		struct cts_cell_place place = {reader->row->row, i + 1};
		const char *why = "column without a heading that is known";
		bool is_read = false;
		const char *text;

		for (size_t c = 0; c < CTS_COLUMNS; c++) {
			if (head->columns[c] == i)
				is_read = true;
			else if (head->columns[c] != CTS_NO_COLUMN && i >= head->first[c] &&
				 i <= head->last[c])
				why = "column of icons or arrows";
		}
		if (is_read)
			continue;
		text = cts_markup_words(cts_table_row_arena(reader), reader->row->cells[i]);
		if (says_underpinned(text)) {
			is_underpinning = true;
			why = "read as " CTS_INITIATIVE_ROW_KIND "=underpinning";
		}
		cts_draft_leave_out(reader->draft, place, text, why);
	}
	return is_underpinning;
}

static void read_initiative(struct cts_table_row_reader *reader)
{
	const enum cts_table_column overview_column = CTS_COLUMN_OVERVIEW;
	size_t position = ++reader->table->initiative_count;
	struct cts_cell_place place = cts_table_row_place(reader, CTS_COLUMN_INITIATIVE);
	bool is_underpinning = read_other_columns(reader);
	const char *title = cts_table_row_plain(reader, CTS_COLUMN_INITIATIVE);
	struct cts_overview overview;

	reader->initiative = cts_draft_add(reader->draft, CTS_KIND_INITIATIVE,
		cts_arena_printf(
			cts_table_row_arena(reader), "%s-%zu", reader->table->prefix, position),
		place);
	cts_table_row_put(
		reader, reader->initiative, CTS_INITIATIVE_TITLE, CTS_COLUMN_INITIATIVE, title);
	cts_table_row_put(reader, reader->initiative, CTS_INITIATIVE_PROGRAMME,
		CTS_COLUMN_INITIATIVE, reader->table->programme);
	cts_draft_put_number(
		reader->draft, reader->initiative, CTS_INITIATIVE_POSITION, place, position);
	cts_table_row_put(reader, reader->initiative, CTS_INITIATIVE_ROW_KIND,
		CTS_COLUMN_INITIATIVE,
		is_underpinning || says_underpinned(title) ? "underpinning" : CTS_KIND_INITIATIVE);
	cts_cell_overview(
		&overview, cts_table_row_arena(reader), cts_table_row_raw(reader, overview_column));
	cts_table_row_put(reader, reader->initiative, CTS_INITIATIVE_OVERVIEW, overview_column,
		overview.text);
	for (size_t i = 0; i < overview.point_count; i++)
		cts_table_row_put(reader, reader->initiative, CTS_INITIATIVE_POINTS,
			overview_column, overview.points[i]);
	cts_table_row_put(
		reader, reader->initiative, CTS_INITIATIVE_NOTES, overview_column, overview.notes);
}

/* ---- leads ---------------------------------------------------------------------------------- */

static void read_leads(struct cts_table_row_reader *reader)
{
	const char *text = cts_table_row_plain(reader, CTS_COLUMN_LEAD);
	struct cts_cell_place place = cts_table_row_place(reader, CTS_COLUMN_LEAD);
	struct cts_leads leads;

	if (reader->table->head.columns[CTS_COLUMN_LEAD] == CTS_NO_COLUMN)
		return;
	cts_table_row_put(
		reader, reader->initiative, CTS_INITIATIVE_LEAD_NOTE, CTS_COLUMN_LEAD, text);
	cts_leads_read(&leads, cts_table_row_arena(reader), text);
	for (size_t i = 0; i < leads.lead_count; i++)
		cts_table_row_put(reader, reader->initiative, CTS_INITIATIVE_LEADS, CTS_COLUMN_LEAD,
			cts_party_record(reader->draft, &leads.leads[i], place));
	if (!leads.lead_count)
		cts_draft_ask(reader->draft, reader->initiative, CTS_INITIATIVE_LEADS, NULL,
			CTS_INITIATIVE_LEADS "+=agency/CODE", "who leads '%s'? %s%s",
			cts_draft_text(reader->initiative, CTS_INITIATIVE_TITLE),
			*text ? "The source says: " : "The source does not say", text);
}

/* A spelling of an agency that owns work, in a cell where it leads nothing: an alias. */
static void note_spellings(struct cts_table_row_reader *reader)
{
	const char *text = cts_markup_plain(
		cts_table_row_arena(reader), cts_table_row_raw(reader, CTS_COLUMN_LEAD));
	struct cts_party party;

	for (const char *at = text; *at; at++) {
		size_t size;

		if (at > text && at[-1] != ' ' && at[-1] != '(' && at[-1] != '/')
			continue;
		size = cts_party_read(&party, cts_table_row_arena(reader), at);
		if (!size)
			continue;
		if (*party.alias) {
			char *id = cts_arena_strdup(cts_table_row_arena(reader), party.code);

			for (char *c = id; *c; c++)
				*c = (char)tolower((unsigned char)*c);
			if (cts_draft_find(reader->draft, CTS_KIND_AGENCY, id))
				cts_party_record(reader->draft, &party,
					cts_table_row_place(reader, CTS_COLUMN_LEAD));
		}
		at += size - 1;
	}
}

/* ---- workstreams ---------------------------------------------------------------------------- */

static const char *owner_state_name(enum cts_owner_state state)
{
	switch (state) {
	case CTS_OWNER_MISSING: return "";
	case CTS_OWNER_ASSIGNED: return "assigned";
	case CTS_OWNER_TBD: return "tbd";
	case CTS_OWNER_WITHHELD: return "withheld";
	}
	return "";
}

static void read_owners(struct cts_table_row_reader *reader, struct cts_draft_record *record,
	const struct cts_workstream_cell *cell)
{
	struct cts_cell_place place = cts_table_row_place(reader, CTS_COLUMN_WORKSTREAMS);

	for (size_t i = 0; i < cell->owner_count; i++)
		cts_table_row_put(reader, record, CTS_WORKSTREAM_OWNERS, CTS_COLUMN_WORKSTREAMS,
			cts_party_record(reader->draft, &cell->owners[i], place));
	cts_table_row_put(reader, record, CTS_WORKSTREAM_OWNER_STATE, CTS_COLUMN_WORKSTREAMS,
		owner_state_name(cell->state));
	if (cell->withheld_owner)
		cts_draft_leave_out(reader->draft, place, cell->withheld_owner,
			"read as " CTS_WORKSTREAM_OWNER_STATE "=withheld");
	if (cell->state == CTS_OWNER_TBD || cell->state == CTS_OWNER_MISSING)
		cts_draft_ask(reader->draft, record, CTS_WORKSTREAM_OWNERS, NULL,
			CTS_WORKSTREAM_OWNERS "+=agency/CODE " CTS_WORKSTREAM_OWNER_STATE
					      "=assigned",
			"who owns '%s'? The source %s", cell->title,
			cell->state == CTS_OWNER_TBD ? "says TBD" : "does not say");
}

static void read_workstreams(struct cts_table_row_reader *reader)
{
	const char *raw = cts_table_row_raw(reader, CTS_COLUMN_WORKSTREAMS);
	const char *text = cts_table_row_plain(reader, CTS_COLUMN_WORKSTREAMS);
	struct cts_workstream_cell *cells;
	size_t count;

	if (cts_cell_points_elsewhere(text) || cts_cell_is_dash(text)) {
		cts_table_row_put(reader, reader->initiative, CTS_INITIATIVE_WORKSTREAMS_NOTE,
			CTS_COLUMN_WORKSTREAMS, text);
		return;
	}
	count = cts_cell_workstreams(&cells, cts_table_row_arena(reader), raw);
	for (size_t i = 0; i < count; i++) {
		struct cts_draft_record *record = cts_draft_add(reader->draft, CTS_KIND_WORKSTREAM,
			cts_arena_printf(cts_table_row_arena(reader), "%s-%zu",
				reader->initiative->id, i + 1),
			cts_table_row_place(reader, CTS_COLUMN_WORKSTREAMS));

		cts_table_row_put(reader, record, CTS_WORKSTREAM_TITLE, CTS_COLUMN_WORKSTREAMS,
			cells[i].title);
		cts_table_row_put(reader, record, CTS_WORKSTREAM_INITIATIVE, CTS_COLUMN_WORKSTREAMS,
			cts_table_row_key(reader, reader->initiative));
		cts_draft_put_number(reader->draft, record, CTS_WORKSTREAM_POSITION,
			cts_table_row_place(reader, CTS_COLUMN_WORKSTREAMS), i + 1);
		read_owners(reader, record, &cells[i]);
		*(struct cts_draft_record **)cts_arena_push(cts_table_row_arena(reader),
			&reader->workstreams, &reader->workstream_count,
			sizeof(*reader->workstreams)) = record;
	}
}

/* ---- the row -------------------------------------------------------------------------------- */

void cts_table_row_owners(
	struct cts_draft *draft, struct cts_table *table, const struct cts_row *row)
{
	struct cts_table_row_reader reader = {.draft = draft, .table = table, .row = row};
	struct cts_workstream_cell *cells;
	size_t count = cts_cell_workstreams(
		&cells, &draft->arena, cts_table_row_raw(&reader, CTS_COLUMN_WORKSTREAMS));

	for (size_t i = 0; i < count; i++) {
		for (size_t o = 0; o < cells[i].owner_count; o++) {
			const char *code = cells[i].owners[o].code;

			if (!cts_draft_find(&table->owners, CTS_KIND_AGENCY, code))
				cts_draft_add(&table->owners, CTS_KIND_AGENCY, code,
					(struct cts_cell_place){row->row, 1});
		}
	}
}

void cts_table_row_bodies(
	struct cts_draft *draft, struct cts_table *table, const struct cts_row *row)
{
	struct cts_table_row_reader reader = {.draft = draft, .table = table, .row = row};
	struct cts_leads leads;

	cts_leads_read(&leads, &draft->arena, cts_table_row_plain(&reader, CTS_COLUMN_LEAD));
	for (size_t i = 0; i < leads.body_count; i++) {
		const struct cts_party *body = &leads.bodies[i];
		struct cts_party known;

		if (cts_draft_find(&table->owners, CTS_KIND_AGENCY, body->code) && !*body->name &&
			cts_party_read(&known, &draft->arena, body->code) && !known.is_body)
			continue;
		cts_party_record(draft, body, cts_table_row_place(&reader, CTS_COLUMN_LEAD));
	}
}

void cts_table_row_read(struct cts_draft *draft, struct cts_table *table, const struct cts_row *row)
{
	struct cts_table_row_reader reader = {.draft = draft, .table = table, .row = row};

	for (size_t c = 0; c < CTS_COLUMNS; c++)
		cts_draft_leave_struck_out(draft,
			cts_table_row_place(&reader, (enum cts_table_column)c),
			cts_table_row_raw(&reader, (enum cts_table_column)c));
	read_initiative(&reader);
	read_leads(&reader);
	read_workstreams(&reader);
	note_spellings(&reader);
	cts_table_row_recommendations(&reader);
	cts_table_row_milestones(&reader);
}
