/*
 * A row with a heading and content is a section; a row with one text alone is a topic where a
 * section follows it. Everything above the first topic is left out with its reason: banners, and
 * the legend of grounds, which looks like a withheld passage but stands in no brief.
 */
#include "cli/import/brief_document.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cli/import/markup.h"
#include "cli/import/withheld.h"
#include "proto/id.h"
#include "proto/programme.h"

/* Left for "-12" behind a slug, and for "-2" of a topic that comes twice. */
#define SLUG_MAX 100

enum row_form {
	ROW_EMPTY,
	ROW_BANNER,
	ROW_TOPIC,
	ROW_SECTION,
	ROW_TEXT, /* goes on what stands above it */
};

struct reader {
	struct cts_draft *draft;
	const struct cts_rows *rows;
	struct cts_draft_record *brief, *section;
	size_t brief_count, section_count;
};

/* What a heading says that the section is for, by the words in it, first match first. */
/* clang-format off */
static const struct {
	const char *words, *role;
} roles[] = {
	{"situational", "situational_assessment"}, {"situation", "situational_assessment"},
	{"offensive", "offensive_interest"}, {"trying to achieve", "offensive_interest"},
	{"defensive", "defensive_interest"}, {"trying to avoid", "defensive_interest"},
	{"partner", "partnering"}, {"common interest", "common_interest"},
	{"further engagement", "common_interest"}, {"currently doing", "current_work"},
	{"current work", "current_work"}, {"actively planning", "current_work"},
	{"being done", "current_work"},
	{"approach", "approach"},
};
/* clang-format on */

static const char *role_of(const char *heading)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (strcasestr(heading, roles[i].words))
			return roles[i].role;
	return "other";
}

static const char *first_text(struct cts_arena *arena, const struct cts_row *row)
{
	const char *text = cts_row_cell(row, 0);

	text += strspn(text, "#");
	return cts_markup_plain(arena, text + strspn(text, " "));
}

static bool is_banner(const char *text)
{
	return strncasecmp(text, "released under", 14) == 0 ||
	       strncasecmp(text, "[released under", 15) == 0 ||
	       strncasecmp(text, "proactively released", 20) == 0;
}

static bool is_ground(struct cts_arena *arena, const char *text)
{
	struct cts_withheld withheld;

	cts_withheld_read(&withheld, arena, text + cts_markup_bullet(text, true));
	return withheld.is_whole;
}

static bool is_section(const struct cts_row *row)
{
	return row->cell_count >= 2 && *row->cells[0] && cts_row_filled(row) >= 2;
}

static bool is_empty_section(const struct cts_row *row)
{
	return row->cell_count >= 2 && *row->cells[0] && cts_markup_is_bold(row->cells[0]);
}

/* The next row that says something, banners aside, is a section. */
static bool section_follows(struct cts_arena *arena, const struct cts_rows *rows, size_t index)
{
	while (++index < rows->count) {
		const struct cts_row *row = &rows->rows[index];

		if (!row->cell_count || is_banner(first_text(arena, row)))
			continue;
		return is_section(row) || is_empty_section(row);
	}
	return false;
}

static enum row_form form_of(struct cts_arena *arena, const struct cts_rows *rows, size_t index)
{
	const struct cts_row *row = &rows->rows[index];
	const char *text;

	if (!row->cell_count)
		return ROW_EMPTY;
	if (is_section(row))
		return ROW_SECTION;
	text = first_text(arena, row);
	if (is_banner(text))
		return ROW_BANNER;
	if (*text && !is_ground(arena, text)) {
		/* Bold and with an empty cell behind it: a section without content, unless
		 * nothing but a topic can stand here. */
		bool after_blank = index == 0 || !rows->rows[index - 1].cell_count ||
				   is_banner(first_text(arena, &rows->rows[index - 1]));

		if (section_follows(arena, rows, index) && (after_blank || row->is_cut) &&
			(after_blank || !cts_markup_is_bold(row->cells[0])))
			return ROW_TOPIC;
		if (is_empty_section(row))
			return ROW_SECTION;
	}
	return ROW_TEXT;
}

bool cts_brief_document_is(struct cts_arena *arena, const struct cts_rows *rows)
{
	size_t sections = 0;
	bool has_topic = false;

	for (size_t i = 0; i < rows->count && sections < 2; i++) {
		enum row_form form = form_of(arena, rows, i);

		if (form == ROW_TOPIC) {
			has_topic = true;
			sections = 0;
		}
		/* Two cells, and a heading that looks like one: other tables have rows too. */
		if (form == ROW_SECTION && has_topic && rows->rows[i].cell_count == 2 &&
			(cts_markup_is_bold(rows->rows[i].cells[0]) ||
				strcmp(role_of(rows->rows[i].cells[0]), "other") != 0))
			sections++;
	}
	return sections >= 2;
}

/* ---- reading -------------------------------------------------------------------------------- */

static void read_topic(struct reader *reader, const struct cts_row *row)
{
	struct cts_arena *arena = &reader->draft->arena;
	struct cts_cell_place place = {row->row, 1};
	const char *topic = first_text(arena, row), *slug = cts_id_slug(arena, topic, SLUG_MAX);
	struct cts_withheld withheld;
	const char *id;

	if (!*slug || !cts_id_is_valid(slug))
		slug = cts_arena_printf(arena, "brief%s%s", *slug ? "-" : "", slug);
	id = slug;
	for (size_t n = 2; cts_draft_find(reader->draft, CTS_KIND_BRIEF, id); n++)
		id = cts_arena_printf(arena, "%s-%zu", slug, n);
	cts_withheld_read(&withheld, arena, topic);
	reader->brief = cts_draft_add(reader->draft, CTS_KIND_BRIEF, id, place);
	reader->section = NULL;
	reader->section_count = 0;
	cts_draft_leave_struck_out(reader->draft, place, row->cells[0]);
	cts_draft_put(reader->draft, reader->brief, CTS_BRIEF_TOPIC, place, withheld.text);
	cts_draft_put_number(
		reader->draft, reader->brief, CTS_BRIEF_POSITION, place, ++reader->brief_count);
	cts_draft_ask(reader->draft, reader->brief, CTS_BRIEF_AS_AT, NULL,
		CTS_BRIEF_AS_AT "=YYYY-MM-DD", "for which day is the brief '%s' true?", topic);
}

static void put_item(struct reader *reader, struct cts_cell_place place, const char *text)
{
	struct cts_withheld withheld;

	cts_withheld_read(&withheld, &reader->draft->arena, text);
	cts_draft_put(reader->draft, reader->section, CTS_SECTION_ITEMS, place, withheld.text);
}

/* Text outside of lists and paragraphs: one item a bullet. */
static void put_loose(struct reader *reader, struct cts_cell_place place, const char *text)
{
	struct cts_arena *arena = &reader->draft->arena;
	const char *start = text + cts_markup_bullet(text, true), *at = start;

	while (*at) {
		size_t bullet = cts_markup_bullet(at, false);

		if (bullet) {
			put_item(
				reader, place, cts_markup_trim(arena, start, (size_t)(at - start)));
			start = at + bullet;
		}
		at += bullet ? bullet : 1;
	}
	put_item(reader, place, cts_markup_trim(arena, start, (size_t)(at - start)));
}

static void read_content(struct reader *reader, struct cts_cell_place place, const char *cell)
{
	struct cts_block *blocks;
	size_t count = cts_markup_blocks(&blocks, &reader->draft->arena, cell);

	for (size_t i = 0; i < count; i++) {
		const char *text = blocks[i].text;

		switch (blocks[i].kind) {
		case CTS_BLOCK_STRUCK:
			cts_draft_leave_out(reader->draft, place, text, "struck out in the source");
			break;
		case CTS_BLOCK_LOOSE: put_loose(reader, place, text); break;
		case CTS_BLOCK_PARAGRAPH:
		case CTS_BLOCK_ITEM:
			put_item(reader, place, text + cts_markup_bullet(text, true));
			break;
		}
	}
}

/* Size of a run of capitalised words. */
static size_t name_size(const char *text)
{
	size_t size = 0, next = 0;

	while (isupper((unsigned char)text[next])) {
		size = next;
		while (isalpha((unsigned char)text[size]))
			size++;
		next = size + (text[size] == ' ');
	}
	return size;
}

/* "What could we partner with Australia to achieve?" names whom the talks are with, or may. */
static void ask_counterpart(struct reader *reader, const char *heading)
{
	const char *with = strcasestr(heading, "partner with ");
	size_t size;
	char *name;

	if (!with)
		return;
	with += strlen("partner with ");
	size = name_size(with);
	if (!size)
		return;
	name = cts_arena_strndup(&reader->draft->arena, with, size);
	cts_draft_ask(reader->draft, reader->brief, CTS_BRIEF_COUNTERPARTS, NULL,
		cts_arena_printf(&reader->draft->arena, CTS_BRIEF_COUNTERPARTS "+='%s'", name),
		"whom is the brief for talks with? A heading names '%s'", name);
}

static int read_section(struct reader *reader, const struct cts_row *row)
{
	struct cts_arena *arena = &reader->draft->arena;
	struct cts_cell_place place = {row->row, 1};
	const char *heading = first_text(arena, row);
	struct cts_withheld withheld;

	if (!reader->brief)
		return cts_draft_fail(
			reader->draft, place, "the section '%s' stands above any topic", heading);
	for (size_t i = 2; i < row->cell_count; i++)
		if (*row->cells[i])
			return cts_draft_fail(reader->draft,
				(struct cts_cell_place){row->row, i + 1},
				"a section has a heading and one cell, this is a further one");
	if (!*heading)
		return cts_draft_fail(reader->draft, place, "the section has no heading");
	cts_withheld_read(&withheld, arena, heading);
	reader->section = cts_draft_add(reader->draft, CTS_KIND_SECTION,
		cts_arena_printf(arena, "%s-%zu", reader->brief->id, ++reader->section_count),
		place);
	cts_draft_put(reader->draft, reader->section, CTS_SECTION_BRIEF, place,
		cts_arena_printf(arena, "%s/%s", CTS_KIND_BRIEF, reader->brief->id));
	cts_draft_put_number(
		reader->draft, reader->section, CTS_SECTION_POSITION, place, reader->section_count);
	cts_draft_put(reader->draft, reader->section, CTS_SECTION_HEADING, place, withheld.text);
	cts_draft_put(reader->draft, reader->section, CTS_SECTION_ROLE, place, role_of(heading));
	cts_draft_leave_struck_out(reader->draft, place, row->cells[0]);
	ask_counterpart(reader, heading);
	read_content(reader, (struct cts_cell_place){row->row, 2}, cts_row_cell(row, 1));
	return 0;
}

/* A line below a section goes on with it; above the first section it belongs to nothing. */
static void read_text(struct reader *reader, const struct cts_row *row)
{
	struct cts_arena *arena = &reader->draft->arena;

	for (size_t i = 0; i < row->cell_count; i++) {
		struct cts_cell_place place = {row->row, i + 1};
		const char *text = cts_markup_words(arena, row->cells[i]);

		if (reader->section)
			read_content(reader, place, row->cells[i]);
		else if (reader->brief)
			cts_draft_leave_out(
				reader->draft, place, text, "text above the first section");
		else
			cts_draft_leave_out(reader->draft, place, text,
				is_ground(arena, text) ? "legend of the grounds"
						       : "text above the first brief");
	}
}

int cts_brief_document_read(struct cts_draft *draft, const struct cts_rows *rows)
{
	struct reader reader = {.draft = draft, .rows = rows};
	int rc = 0;

	for (size_t i = 0; i < rows->count && rc >= 0; i++) {
		const struct cts_row *row = &rows->rows[i];

		switch (form_of(&draft->arena, rows, i)) {
		case ROW_EMPTY: break;
		case ROW_BANNER:
			for (size_t c = 0; c < row->cell_count; c++)
				cts_draft_leave_out(draft, (struct cts_cell_place){row->row, c + 1},
					cts_markup_words(&draft->arena, row->cells[c]),
					"release banner");
			break;
		case ROW_TOPIC: read_topic(&reader, row); break;
		case ROW_SECTION: rc = read_section(&reader, row); break;
		case ROW_TEXT: read_text(&reader, row); break;
		}
	}
	if (rc >= 0 && !reader.brief_count)
		rc = cts_draft_fail(draft, (struct cts_cell_place){1, 1},
			"no brief in it: a line with a topic, below it rows of a heading and its "
			"content");
	return rc;
}
