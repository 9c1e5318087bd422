/*
 * A row, cell by cell. Counts decide what may be said: milestones and recommendation tokens belong to
 * workstreams only where there are as many of them.
 */
#include "cli/import/table_row.h"

#include <ctype.h>
#include <string.h>

#include "cli/import/cells.h"
#include "cli/import/leads.h"
#include "cli/import/markup.h"
#include "cli/import/party_records.h"
#include "cli/import/withheld.h"
#include "proto/programme.h"

struct reader {
	struct cts_draft *draft;
	struct cts_table *table;
	const struct cts_row *row;
	struct cts_draft_record *initiative;
	struct cts_draft_record **workstreams;
	size_t workstream_count;
};

static struct cts_arena *arena_of(const struct reader *reader)
{
	return &reader->draft->arena;
}

/* ---- cells ------------------------------------------------------------------------------------ */

static const char *raw_cell(const struct reader *reader, enum cts_table_column column)
{
	size_t index = reader->table->head.columns[column];

	return index == CTS_NO_COLUMN ? "" : cts_row_cell(reader->row, index);
}

static struct cts_cell_place place_of(const struct reader *reader, enum cts_table_column column)
{
	size_t index = reader->table->head.columns[column];

	return (struct cts_cell_place){reader->row->row, index == CTS_NO_COLUMN ? 1 : index + 1};
}

/* Without markup; grounds as withholding marks. */
static const char *plain_cell(const struct reader *reader, enum cts_table_column column)
{
	struct cts_withheld withheld;

	cts_withheld_read(&withheld, arena_of(reader),
		cts_markup_plain(arena_of(reader), raw_cell(reader, column)));
	return withheld.text;
}

static void put(struct reader *reader, struct cts_draft_record *record, const char *field,
	enum cts_table_column column, const char *text)
{
	cts_draft_put(reader->draft, record, field, place_of(reader, column), text);
}

/* "initiative/ctwp2021-4" */
static const char *key_of(const struct reader *reader, const struct cts_draft_record *record)
{
	return cts_arena_printf(arena_of(reader), "%s/%s", record->kind, record->id);
}

/* ---- initiative ------------------------------------------------------------------------------- */

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
static bool read_other_columns(struct reader *reader)
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
		text = cts_markup_words(arena_of(reader), reader->row->cells[i]);
		if (says_underpinned(text)) {
			is_underpinning = true;
			why = "read as " CTS_INITIATIVE_ROW_KIND "=underpinning";
		}
		cts_draft_leave_out(reader->draft, place, text, why);
	}
	return is_underpinning;
}

static void read_initiative(struct reader *reader)
{
	const enum cts_table_column overview_column = CTS_COLUMN_OVERVIEW;
	size_t position = ++reader->table->initiative_count;
	struct cts_cell_place place = place_of(reader, CTS_COLUMN_INITIATIVE);
	bool is_underpinning = read_other_columns(reader);
	const char *title = plain_cell(reader, CTS_COLUMN_INITIATIVE);
	struct cts_overview overview;

	reader->initiative = cts_draft_add(reader->draft, CTS_KIND_INITIATIVE,
		cts_arena_printf(arena_of(reader), "%s-%zu", reader->table->prefix, position),
		place);
	put(reader, reader->initiative, CTS_INITIATIVE_TITLE, CTS_COLUMN_INITIATIVE, title);
	put(reader, reader->initiative, CTS_INITIATIVE_PROGRAMME, CTS_COLUMN_INITIATIVE,
		reader->table->programme);
	cts_draft_put_number(reader->draft, reader->initiative, CTS_INITIATIVE_POSITION, place,
		position);
	put(reader, reader->initiative, CTS_INITIATIVE_ROW_KIND, CTS_COLUMN_INITIATIVE,
		is_underpinning || says_underpinned(title) ? "underpinning" : CTS_KIND_INITIATIVE);
	cts_cell_overview(&overview, arena_of(reader), raw_cell(reader, overview_column));
	put(reader, reader->initiative, CTS_INITIATIVE_OVERVIEW, overview_column, overview.text);
	for (size_t i = 0; i < overview.point_count; i++)
		put(reader, reader->initiative, CTS_INITIATIVE_POINTS, overview_column,
			overview.points[i]);
	put(reader, reader->initiative, CTS_INITIATIVE_NOTES, overview_column, overview.notes);
}

/* ---- leads ------------------------------------------------------------------------------------ */

static void read_leads(struct reader *reader)
{
	const char *text = plain_cell(reader, CTS_COLUMN_LEAD);
	struct cts_cell_place place = place_of(reader, CTS_COLUMN_LEAD);
	struct cts_leads leads;

	if (reader->table->head.columns[CTS_COLUMN_LEAD] == CTS_NO_COLUMN)
		return;
	put(reader, reader->initiative, CTS_INITIATIVE_LEAD_NOTE, CTS_COLUMN_LEAD, text);
	cts_leads_read(&leads, arena_of(reader), text);
	for (size_t i = 0; i < leads.lead_count; i++)
		put(reader, reader->initiative, CTS_INITIATIVE_LEADS, CTS_COLUMN_LEAD,
			cts_party_record(reader->draft, &leads.leads[i], place));
	if (!leads.lead_count)
		cts_draft_ask(reader->draft, reader->initiative, CTS_INITIATIVE_LEADS, NULL,
			CTS_INITIATIVE_LEADS "+=agency/CODE", "who leads '%s'? %s%s",
			cts_draft_text(reader->initiative, CTS_INITIATIVE_TITLE),
			*text ? "The source says: " : "The source does not say", text);
}

/* A spelling of an agency that owns work, in a cell where it leads nothing: an alias of its record. */
static void note_spellings(struct reader *reader)
{
	const char *text = cts_markup_plain(arena_of(reader), raw_cell(reader, CTS_COLUMN_LEAD));
	struct cts_party party;

	for (const char *at = text; *at; at++) {
		size_t size;

		if (at > text && at[-1] != ' ' && at[-1] != '(' && at[-1] != '/')
			continue;
		size = cts_party_read(&party, arena_of(reader), at);
		if (!size)
			continue;
		if (*party.alias) {
			char *id = cts_arena_strdup(arena_of(reader), party.code);

			for (char *c = id; *c; c++)
				*c = (char)tolower((unsigned char)*c);
			if (cts_draft_find(reader->draft, CTS_KIND_AGENCY, id))
				cts_party_record(
					reader->draft, &party, place_of(reader, CTS_COLUMN_LEAD));
		}
		at += size - 1;
	}
}

/* ---- workstreams ------------------------------------------------------------------------------ */

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

static void read_owners(struct reader *reader, struct cts_draft_record *record,
	const struct cts_workstream_cell *cell)
{
	struct cts_cell_place place = place_of(reader, CTS_COLUMN_WORKSTREAMS);

	for (size_t i = 0; i < cell->owner_count; i++)
		put(reader, record, CTS_WORKSTREAM_OWNERS, CTS_COLUMN_WORKSTREAMS,
			cts_party_record(reader->draft, &cell->owners[i], place));
	put(reader, record, CTS_WORKSTREAM_OWNER_STATE, CTS_COLUMN_WORKSTREAMS,
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

static void read_workstreams(struct reader *reader)
{
	const char *raw = raw_cell(reader, CTS_COLUMN_WORKSTREAMS);
	const char *text = plain_cell(reader, CTS_COLUMN_WORKSTREAMS);
	struct cts_workstream_cell *cells;
	size_t count;

	if (cts_cell_points_elsewhere(text) || cts_cell_is_dash(text)) {
		put(reader, reader->initiative, CTS_INITIATIVE_WORKSTREAMS_NOTE,
			CTS_COLUMN_WORKSTREAMS, text);
		return;
	}
	count = cts_cell_workstreams(&cells, arena_of(reader), raw);
	for (size_t i = 0; i < count; i++) {
		struct cts_draft_record *record = cts_draft_add(reader->draft, CTS_KIND_WORKSTREAM,
			cts_arena_printf(
				arena_of(reader), "%s-%zu", reader->initiative->id, i + 1),
			place_of(reader, CTS_COLUMN_WORKSTREAMS));

		put(reader, record, CTS_WORKSTREAM_TITLE, CTS_COLUMN_WORKSTREAMS, cells[i].title);
		put(reader, record, CTS_WORKSTREAM_INITIATIVE, CTS_COLUMN_WORKSTREAMS,
			key_of(reader, reader->initiative));
		cts_draft_put_number(reader->draft, record, CTS_WORKSTREAM_POSITION,
			place_of(reader, CTS_COLUMN_WORKSTREAMS), i + 1);
		read_owners(reader, record, &cells[i]);
		*(struct cts_draft_record **)cts_arena_push(arena_of(reader),
			&reader->workstreams, &reader->workstream_count,
			sizeof(*reader->workstreams)) = record;
	}
}

/* ---- recommendations -------------------------------------------------------------------------- */

/* Inquiries that the default schema has. Another one names the records but is no value. */
static bool is_known_inquiry(const char *inquiry)
{
	return strcmp(inquiry, "rcoi") == 0;
}

/* The key of a recommendation's record, which is made when it is first named. */
static const char *recommendation_key(struct reader *reader, size_t number)
{
	const char *inquiry = reader->table->head.inquiry;
	const char *id = cts_arena_printf(
		arena_of(reader), "%s-%02zu", *inquiry ? inquiry : "rec", number);
	struct cts_cell_place place = place_of(reader, CTS_COLUMN_RECOMMENDATIONS);
	struct cts_draft_record *record =
		cts_draft_find(reader->draft, CTS_KIND_RECOMMENDATION, id);

	if (!record) {
		record = cts_draft_add(reader->draft, CTS_KIND_RECOMMENDATION, id, place);
		if (is_known_inquiry(inquiry))
			put(reader, record, CTS_RECOMMENDATION_INQUIRY, CTS_COLUMN_RECOMMENDATIONS,
				inquiry);
		cts_draft_put_number(
			reader->draft, record, CTS_RECOMMENDATION_NUMBER, place, number);
	}
	return key_of(reader, record);
}

static void put_token(struct reader *reader, struct cts_draft_record *record, const char *field,
	const struct cts_recommendation_token *token)
{
	for (size_t i = 0; i < token->count; i++)
		put(reader, record, field, CTS_COLUMN_RECOMMENDATIONS,
			recommendation_key(reader, token->numbers[i]));
}

static void put_state(struct reader *reader, struct cts_draft_record *record, const char *state,
	const char *confidence)
{
	put(reader, record, CTS_WORKSTREAM_RECOMMENDATION_STATE, CTS_COLUMN_RECOMMENDATIONS, state);
	put(reader, record, CTS_WORKSTREAM_LINK_CONFIDENCE, CTS_COLUMN_RECOMMENDATIONS, confidence);
}

/* As many tokens as workstreams: they stand side by side in the source. */
static void link_recommendations(struct reader *reader, const struct cts_recommendations *cell)
{
	for (size_t i = 0; i < cell->count; i++) {
		const struct cts_recommendation_token *token = &cell->tokens[i];

		put_token(reader, reader->workstreams[i], CTS_WORKSTREAM_RECOMMENDATIONS, token);
		put_state(reader, reader->workstreams[i], token->count ? "linked" : "none",
			"printed");
	}
}

/* The answer that the order of the source suggests; the person who is asked decides. */
static const char *suggest_recommendation(
	struct reader *reader, const struct cts_recommendations *cell, size_t workstream)
{
	const struct cts_recommendation_token *token;

	if (!cell->count)
		return CTS_WORKSTREAM_RECOMMENDATION_STATE "=none";
	token = &cell->tokens[workstream < cell->count ? workstream : cell->count - 1];
	if (!token->count)
		return CTS_WORKSTREAM_RECOMMENDATION_STATE "=none";
	return cts_arena_printf(arena_of(reader),
		CTS_WORKSTREAM_RECOMMENDATIONS "+=%s " CTS_WORKSTREAM_RECOMMENDATION_STATE
					       "=linked " CTS_WORKSTREAM_LINK_CONFIDENCE
					       "=confirmed",
		recommendation_key(reader, token->numbers[0]));
}

static void ask_recommendations(struct reader *reader, const struct cts_recommendations *cell)
{
	const char *text = plain_cell(reader, CTS_COLUMN_RECOMMENDATIONS);

	for (size_t i = 0; i < reader->workstream_count; i++) {
		struct cts_draft_record *record = reader->workstreams[i];

		put_state(reader, record, "unknown", "");
		cts_draft_ask(reader->draft, record, CTS_WORKSTREAM_RECOMMENDATIONS,
			CTS_WORKSTREAM_RECOMMENDATION_STATE,
			suggest_recommendation(reader, cell, i),
			"which recommendations does '%s' answer? The row names %zu for %zu workstreams: "
			"%s",
			cts_draft_text(record, CTS_WORKSTREAM_TITLE), cell->count,
			reader->workstream_count, *text ? text : "nothing");
	}
}

/* The words beside the numbers, each once: "Rec", "and". */
static const char *label_words(struct cts_arena *arena, const char *text)
{
	const char *words = "";

	while (*text) {
		size_t size = 0;

		while (isalpha((unsigned char)text[size]))
			size++;
		if (size) {
			const char *word = cts_arena_strndup(arena, text, size);
			const char *found = strstr(words, word);

			if (!found || isalpha((unsigned char)found[size]))
				words = *words ? cts_arena_printf(arena, "%s %s", words, word) : word;
		}
		text += size ? size : 1;
	}
	return words;
}

static void read_recommendations(struct reader *reader)
{
	const char *text = plain_cell(reader, CTS_COLUMN_RECOMMENDATIONS);
	struct cts_recommendations cell = {0};

	if (reader->table->head.columns[CTS_COLUMN_RECOMMENDATIONS] == CTS_NO_COLUMN)
		return;
	if (!cts_cell_points_elsewhere(text)) {
		cts_cell_recommendations(&cell, arena_of(reader),
			raw_cell(reader, CTS_COLUMN_RECOMMENDATIONS), reader->workstream_count);
		for (size_t i = 0; i < cell.count; i++)
			put_token(reader, reader->initiative, CTS_INITIATIVE_RECOMMENDATIONS,
				&cell.tokens[i]);
	}
	if (cts_cell_points_elsewhere(text) || cell.unread)
		put(reader, reader->initiative, CTS_INITIATIVE_RECOMMENDATIONS_NOTE,
			CTS_COLUMN_RECOMMENDATIONS, text);
	if (cts_cell_points_elsewhere(text)) {
		for (size_t i = 0; i < reader->workstream_count; i++)
			put_state(reader, reader->workstreams[i],
				strcasestr(text, "various") ? "various" : "unknown", "");
		return;
	}
	if (cell.unread) {
		ask_recommendations(reader, &cell);
		return;
	}
	cts_draft_leave_out(reader->draft, place_of(reader, CTS_COLUMN_RECOMMENDATIONS),
		label_words(arena_of(reader), text), "label of the numbers of recommendations");
	if (cell.count == reader->workstream_count)
		link_recommendations(reader, &cell);
	else
		ask_recommendations(reader, &cell);
}

/* ---- milestones ------------------------------------------------------------------------------- */

static void read_milestones(struct reader *reader)
{
	const char *text = plain_cell(reader, CTS_COLUMN_MILESTONES);
	struct cts_cell_place place = place_of(reader, CTS_COLUMN_MILESTONES);
	struct cts_milestone_cell *cells;
	size_t count;
	bool aligned;

	if (cts_cell_points_elsewhere(text)) {
		put(reader, reader->initiative, CTS_INITIATIVE_MILESTONE_NOTE,
			CTS_COLUMN_MILESTONES, text);
		return;
	}
	count = cts_cell_milestones(&cells, arena_of(reader),
		raw_cell(reader, CTS_COLUMN_MILESTONES), reader->workstream_count);
	aligned = count == reader->workstream_count;
	for (size_t i = 0; i < count; i++) {
		const struct cts_draft_record *parent =
			aligned ? reader->workstreams[i] : reader->initiative;
		struct cts_draft_record *record = cts_draft_add(reader->draft, CTS_KIND_MILESTONE,
			cts_arena_printf(
				arena_of(reader), "%s-%zu", reader->initiative->id, i + 1),
			place);

		put(reader, record, CTS_MILESTONE_PARENT, CTS_COLUMN_MILESTONES,
			key_of(reader, parent));
		cts_draft_put_number(reader->draft, record, CTS_MILESTONE_POSITION, place,
			aligned ? 1 : i + 1);
		put(reader, record, CTS_MILESTONE_LABEL, CTS_COLUMN_MILESTONES, cells[i].label);
		put(reader, record, CTS_MILESTONE_DUE, CTS_COLUMN_MILESTONES, cells[i].due);
		if (!aligned && reader->workstream_count)
			cts_draft_ask(reader->draft, record, CTS_MILESTONE_PARENT, NULL,
				cts_arena_printf(arena_of(reader),
					CTS_MILESTONE_PARENT "=%s",
					key_of(reader,
						reader->workstreams[i < reader->workstream_count
								? i
								: reader->workstream_count -
									1])),
				"which workstream does '%s%s%s' belong to? The row has %zu "
				"milestones for %zu workstreams",
				cells[i].due, *cells[i].label ? " " : "", cells[i].label, count,
				reader->workstream_count);
	}
}

/* ---- the row ---------------------------------------------------------------------------------- */

void cts_table_row_owners(struct cts_draft *draft, struct cts_table *table, const struct cts_row *row)
{
	struct reader reader = {.draft = draft, .table = table, .row = row};
	struct cts_workstream_cell *cells;
	size_t count = cts_cell_workstreams(
		&cells, &draft->arena, raw_cell(&reader, CTS_COLUMN_WORKSTREAMS));

	for (size_t i = 0; i < count; i++) {
		for (size_t o = 0; o < cells[i].owner_count; o++) {
			const char *code = cells[i].owners[o].code;

			if (!cts_draft_find(&table->owners, CTS_KIND_AGENCY, code))
				cts_draft_add(&table->owners, CTS_KIND_AGENCY, code,
					(struct cts_cell_place){row->row, 1});
		}
	}
}

void cts_table_row_bodies(struct cts_draft *draft, struct cts_table *table, const struct cts_row *row)
{
	struct reader reader = {.draft = draft, .table = table, .row = row};
	struct cts_leads leads;

	cts_leads_read(&leads, &draft->arena, plain_cell(&reader, CTS_COLUMN_LEAD));
	for (size_t i = 0; i < leads.body_count; i++) {
		const struct cts_party *body = &leads.bodies[i];
		struct cts_party known;

		if (cts_draft_find(&table->owners, CTS_KIND_AGENCY, body->code) && !*body->name &&
			cts_party_read(&known, &draft->arena, body->code) && !known.is_body)
			continue;
		cts_party_record(draft, body, place_of(&reader, CTS_COLUMN_LEAD));
	}
}

void cts_table_row_read(struct cts_draft *draft, struct cts_table *table, const struct cts_row *row)
{
	struct reader reader = {.draft = draft, .table = table, .row = row};

	for (size_t c = 0; c < CTS_COLUMNS; c++)
		cts_draft_leave_struck_out(draft, place_of(&reader, (enum cts_table_column)c),
			raw_cell(&reader, (enum cts_table_column)c));
	read_initiative(&reader);
	read_leads(&reader);
	read_workstreams(&reader);
	note_spellings(&reader);
	read_recommendations(&reader);
	read_milestones(&reader);
}
