/*
 * What stands beside the workstreams of a row: recommendations and milestones. Counts decide what
 * may be said: they belong to workstreams only where there are as many of them.
 */
#include "cli/import/row_reader.h"

#include <ctype.h>
#include <string.h>

#include "cli/import/cells.h"
#include "proto/programme.h"

/* ---- recommendations ------------------------------------------------------------------------ */

/* Inquiries that the default schema has. Another one names the records but is no value. */
static bool is_known_inquiry(const char *inquiry)
{
	return strcmp(inquiry, "rcoi") == 0;
}

/* The key of a recommendation's record, which is made when it is first named. */
static const char *recommendation_key(struct cts_table_row_reader *reader, size_t number)
{
	const char *inquiry = reader->table->head.inquiry;
	const char *id = cts_arena_printf(
		cts_table_row_arena(reader), "%s-%02zu", *inquiry ? inquiry : "rec", number);
	struct cts_cell_place place = cts_table_row_place(reader, CTS_COLUMN_RECOMMENDATIONS);
	struct cts_draft_record *record =
		cts_draft_find(reader->draft, CTS_KIND_RECOMMENDATION, id);

	if (!record) {
		record = cts_draft_add(reader->draft, CTS_KIND_RECOMMENDATION, id, place);
		if (is_known_inquiry(inquiry))
			cts_table_row_put(reader, record, CTS_RECOMMENDATION_INQUIRY,
				CTS_COLUMN_RECOMMENDATIONS, inquiry);
		cts_draft_put_number(
			reader->draft, record, CTS_RECOMMENDATION_NUMBER, place, number);
	}
	return cts_table_row_key(reader, record);
}

static void put_token(struct cts_table_row_reader *reader, struct cts_draft_record *record,
	const char *field, const struct cts_recommendation_token *token)
{
	for (size_t i = 0; i < token->count; i++)
		cts_table_row_put(reader, record, field, CTS_COLUMN_RECOMMENDATIONS,
			recommendation_key(reader, token->numbers[i]));
}

static void put_state(struct cts_table_row_reader *reader, struct cts_draft_record *record,
	const char *state, const char *confidence)
{
	cts_table_row_put(reader, record, CTS_WORKSTREAM_RECOMMENDATION_STATE,
		CTS_COLUMN_RECOMMENDATIONS, state);
	cts_table_row_put(reader, record, CTS_WORKSTREAM_LINK_CONFIDENCE,
		CTS_COLUMN_RECOMMENDATIONS, confidence);
}

/* As many tokens as workstreams: they stand side by side in the source. */
static void link_recommendations(
	struct cts_table_row_reader *reader, const struct cts_recommendations *cell)
{
	for (size_t i = 0; i < cell->count; i++) {
		const struct cts_recommendation_token *token = &cell->tokens[i];

		put_token(reader, reader->workstreams[i], CTS_WORKSTREAM_RECOMMENDATIONS, token);
		put_state(reader, reader->workstreams[i], token->count ? "linked" : "none",
			"printed");
	}
}

/* A number put in here would be a guess, and `confirmed` to whoever pastes the command. NN is no id. */
static const char *answer_recommendation(
	struct cts_table_row_reader *reader, const struct cts_recommendations *cell)
{
	const char *inquiry = reader->table->head.inquiry;

	if (!cell->count)
		return CTS_WORKSTREAM_RECOMMENDATION_STATE "=none";
	return cts_arena_printf(cts_table_row_arena(reader),
		CTS_WORKSTREAM_RECOMMENDATIONS
		"+=" CTS_KIND_RECOMMENDATION "/%s-NN " CTS_WORKSTREAM_RECOMMENDATION_STATE
		"=linked " CTS_WORKSTREAM_LINK_CONFIDENCE "=confirmed",
		*inquiry ? inquiry : "rec");
}

static void ask_recommendations(
	struct cts_table_row_reader *reader, const struct cts_recommendations *cell)
{
	const char *text = cts_table_row_plain(reader, CTS_COLUMN_RECOMMENDATIONS);

	for (size_t i = 0; i < reader->workstream_count; i++) {
		struct cts_draft_record *record = reader->workstreams[i];

		put_state(reader, record, "unknown", "");
		cts_draft_ask(reader->draft, record, CTS_WORKSTREAM_RECOMMENDATIONS,
			CTS_WORKSTREAM_RECOMMENDATION_STATE,
			answer_recommendation(reader, cell),
			"which recommendations does '%s' answer? The row names %zu for %zu "
			"workstreams: "
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
				words = *words ? cts_arena_printf(arena, "%s %s", words, word)
					       : word;
		}
		text += size ? size : 1;
	}
	return words;
}

void cts_table_row_recommendations(struct cts_table_row_reader *reader)
{
	const char *text = cts_table_row_plain(reader, CTS_COLUMN_RECOMMENDATIONS);
	struct cts_recommendations cell = {0};

	if (reader->table->head.columns[CTS_COLUMN_RECOMMENDATIONS] == CTS_NO_COLUMN)
		return;
	if (!cts_cell_points_elsewhere(text)) {
		cts_cell_recommendations(&cell, cts_table_row_arena(reader),
			cts_table_row_raw(reader, CTS_COLUMN_RECOMMENDATIONS),
			reader->workstream_count);
		for (size_t i = 0; i < cell.count; i++)
			put_token(reader, reader->initiative, CTS_INITIATIVE_RECOMMENDATIONS,
				&cell.tokens[i]);
	}
	if (cts_cell_points_elsewhere(text) || cell.unread)
		cts_table_row_put(reader, reader->initiative, CTS_INITIATIVE_RECOMMENDATIONS_NOTE,
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
	cts_draft_leave_out(reader->draft, cts_table_row_place(reader, CTS_COLUMN_RECOMMENDATIONS),
		label_words(cts_table_row_arena(reader), text),
		"label of the numbers of recommendations");
	if (cell.count == reader->workstream_count)
		link_recommendations(reader, &cell);
	else
		ask_recommendations(reader, &cell);
}

/* ---- milestones ----------------------------------------------------------------------------- */

void cts_table_row_milestones(struct cts_table_row_reader *reader)
{
	const char *text = cts_table_row_plain(reader, CTS_COLUMN_MILESTONES);
	struct cts_cell_place place = cts_table_row_place(reader, CTS_COLUMN_MILESTONES);
	struct cts_milestone_cell *cells;
	size_t count;
	bool aligned;

	if (cts_cell_points_elsewhere(text)) {
		cts_table_row_put(reader, reader->initiative, CTS_INITIATIVE_MILESTONE_NOTE,
			CTS_COLUMN_MILESTONES, text);
		return;
	}
	count = cts_cell_milestones(&cells, cts_table_row_arena(reader),
		cts_table_row_raw(reader, CTS_COLUMN_MILESTONES), reader->workstream_count);
	aligned = count == reader->workstream_count;
	for (size_t i = 0; i < count; i++) {
		const struct cts_draft_record *parent =
			aligned ? reader->workstreams[i] : reader->initiative;
		struct cts_draft_record *record = cts_draft_add(reader->draft, CTS_KIND_MILESTONE,
			cts_arena_printf(cts_table_row_arena(reader), "%s-%zu",
				reader->initiative->id, i + 1),
			place);

		cts_table_row_put(reader, record, CTS_MILESTONE_PARENT, CTS_COLUMN_MILESTONES,
			cts_table_row_key(reader, parent));
		cts_draft_put_number(
			reader->draft, record, CTS_MILESTONE_POSITION, place, aligned ? 1 : i + 1);
		cts_table_row_put(
			reader, record, CTS_MILESTONE_LABEL, CTS_COLUMN_MILESTONES, cells[i].label);
		cts_table_row_put(
			reader, record, CTS_MILESTONE_DUE, CTS_COLUMN_MILESTONES, cells[i].due);
		if (!aligned && reader->workstream_count)
			cts_draft_ask(reader->draft, record, CTS_MILESTONE_PARENT, NULL,
				cts_arena_printf(cts_table_row_arena(reader),
					CTS_MILESTONE_PARENT "=%s",
					cts_table_row_key(reader,
						reader->workstreams
							[i < reader->workstream_count
									? i
									: reader->workstream_count -
										  1])),
				"which workstream does '%s%s%s' belong to? The row has %zu "
				"milestones for %zu workstreams",
				cells[i].due, *cells[i].label ? " " : "", cells[i].label, count,
				reader->workstream_count);
	}
}
