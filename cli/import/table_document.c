/*
 * The programme table: the page around the rows, and the rows. What a row becomes is table_row.c.
 */
#include "cli/import/table_document.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cli/import/markup.h"
#include "cli/import/table_head.h"
#include "cli/import/table_row.h"
#include "proto/id.h"
#include "proto/programme.h"
#include "proto/text.h"

bool cts_table_document_is(struct cts_arena *arena, const struct cts_rows *rows)
{
	struct cts_table_head head;

	return cts_table_head_find(&head, arena, rows);
}

/* ---- title ---------------------------------------------------------------------------------- */

/* The last year in the title; its place in `*at`. 0: none. */
static size_t find_year(const char *title, const char **at)
{
	size_t year = 0;

	for (const char *c = title; *c; c++) {
		if ((c == title || !isdigit((unsigned char)c[-1])) &&
			(strncmp(c, "19", 2) == 0 || strncmp(c, "20", 2) == 0) &&
			isdigit((unsigned char)c[2]) && isdigit((unsigned char)c[3]) &&
			!isdigit((unsigned char)c[4])) {
			year = (size_t)((c[0] - '0') * 1000 + (c[1] - '0') * 100 +
					(c[2] - '0') * 10 + (c[3] - '0'));
			*at = c;
		}
	}
	return year;
}

/* First letters of the words before the year, hyphens split, plus the year. */
static const char *make_prefix(struct cts_arena *arena, const char *title)
{
	const char *year_at = title + strlen(title), *words;
	size_t year = find_year(title, &year_at), size = 0;
	char prefix[32];
	bool in_word = false;

	words = cts_text_fold(arena, cts_arena_strndup(arena, title, (size_t)(year_at - title)));
	for (; *words && size < 16; words++) {
		bool is_letter = isalnum((unsigned char)*words) != 0;

		if (is_letter && !in_word)
			prefix[size++] = *words;
		in_word = is_letter || *words == '\'' || (unsigned char)*words >= 0x80;
	}
	prefix[size] = '\0';
	words = size ? prefix : CTS_KIND_PROGRAMME;
	return year ? cts_arena_printf(arena, "%s%zu", words, year)
		    : cts_arena_strdup(arena, words);
}

static bool is_title(const struct cts_row *row, const char *text)
{
	const char *at;

	if (row->is_cut && cts_row_filled(row) > 1)
		return false;
	return row->cells[0][0] == '#' || find_year(text, &at) > 0;
}

static bool is_banner(const char *text)
{
	return strncasecmp(text, "released under", 14) == 0 ||
	       strncasecmp(text, "[released under", 15) == 0 ||
	       strncasecmp(text, "proactively released", 20) == 0;
}

static const char *heading_text(struct cts_arena *arena, const char *line)
{
	line += strspn(line, "#");
	line += strspn(line, " ");
	return cts_markup_plain(arena, line);
}

/* The whole of a row as one text. */
static const char *row_text(struct cts_arena *arena, const struct cts_row *row)
{
	const char *text = "";

	for (size_t i = 0; i < row->cell_count; i++) {
		const char *cell = cts_markup_words(arena, row->cells[i]);

		if (*cell)
			text = *text ? cts_arena_printf(arena, "%s  %s", text, cell) : cell;
	}
	return text;
}

/* The title is the last line above the head that is a heading or has a year. */
static const struct cts_row *find_title(
	struct cts_draft *draft, const struct cts_rows *rows, const struct cts_table_head *head)
{
	for (size_t r = head->index; r-- > 0;) {
		const struct cts_row *row = &rows->rows[r];
		const char *text;

		if (!row->cell_count)
			continue;
		text = heading_text(&draft->arena, row_text(&draft->arena, row));
		if (*text && !is_banner(text) && is_title(row, text))
			return row;
	}
	return NULL;
}

static void leave_line_out(struct cts_draft *draft, const struct cts_row *row, const char *why)
{
	const char *text = row_text(&draft->arena, row);
	size_t column = 0;

	while (column + 1 < row->cell_count && !*row->cells[column])
		column++;
	cts_draft_leave_out(draft, (struct cts_cell_place){row->row, column + 1}, text,
		is_banner(text) ? "release banner" : why);
}

static int read_title(struct cts_draft *draft, struct cts_table *table, const struct cts_rows *rows)
{
	const struct cts_row *row = find_title(draft, rows, &table->head);
	struct cts_draft_record *programme;
	struct cts_cell_place place;
	const char *title, *at;
	size_t year;

	if (!row)
		return cts_draft_fail(draft,
			(struct cts_cell_place){rows->rows[table->head.index].row, 1},
			"no title stands above the table");
	for (size_t r = 0; r < table->head.index; r++)
		if (&rows->rows[r] != row && rows->rows[r].cell_count)
			leave_line_out(draft, &rows->rows[r], "text above the table");
	place = (struct cts_cell_place){row->row, 1};
	title = heading_text(&draft->arena, row_text(&draft->arena, row));
	table->prefix = make_prefix(&draft->arena, title);
	if (!cts_id_is_valid(table->prefix))
		table->prefix = CTS_KIND_PROGRAMME;
	programme = cts_draft_add(draft, CTS_KIND_PROGRAMME, table->prefix, place);
	cts_draft_put(draft, programme, CTS_PROGRAMME_TITLE, place, title);
	year = find_year(title, &at);
	if (year)
		cts_draft_put_number(draft, programme, CTS_PROGRAMME_YEAR, place, year);
	else
		cts_draft_ask(draft, programme, CTS_PROGRAMME_YEAR, NULL,
			CTS_PROGRAMME_YEAR "=YEAR", "which year is '%s' for?", title);
	table->programme = cts_arena_printf(&draft->arena, "%s/%s", programme->kind, programme->id);
	return 0;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void leave_head_out(struct cts_draft *draft, const struct cts_row *row)
{
	for (size_t i = 0; i < row->cell_count; i++)
		cts_draft_leave_out(draft, (struct cts_cell_place){row->row, i + 1},
			cts_markup_words(&draft->arena, row->cells[i]), "column heading");
}

static int read_row(struct cts_draft *draft, struct cts_table *table, const struct cts_row *row)
{
	size_t title_cell = table->head.columns[CTS_COLUMN_INITIATIVE];

	if (!row->cell_count)
		return 0;
	if (cts_table_head_is(&draft->arena, row)) {
		leave_head_out(draft, row);
		return 0;
	}
	if (!row->is_cut || (cts_row_filled(row) == 1 && !*cts_row_cell(row, title_cell))) {
		leave_line_out(draft, row, "text between or below the rows of the table");
		return 0;
	}
	for (size_t i = table->head.cell_count; i < row->cell_count; i++)
		if (*row->cells[i])
			return cts_draft_fail(draft, (struct cts_cell_place){row->row, i + 1},
				"the row has a cell %zu, the head of the table has %zu", i + 1,
				table->head.cell_count);
	if (!*cts_markup_plain(&draft->arena, cts_row_cell(row, title_cell)))
		return cts_draft_fail(draft, (struct cts_cell_place){row->row, title_cell + 1},
			"the row has no initiative");
	cts_table_row_read(draft, table, row);
	return 0;
}

int cts_table_document_read(struct cts_draft *draft, const struct cts_rows *rows)
{
	struct cts_table table = {0};
	int rc;

	if (!cts_table_head_find(&table.head, &draft->arena, rows))
		return cts_draft_fail(draft, (struct cts_cell_place){1, 1},
			"no row is the head of a programme table (INITIATIVE, LEAD(S), KEY "
			"WORKSTREAMS, ...)");
	rc = read_title(draft, &table, rows);
	if (rc < 0)
		return rc;
	leave_head_out(draft, &rows->rows[table.head.index]);
	/* Bodies first: a cell can show that a code is a body's for every other cell. */
	cts_draft_init(&table.owners, draft->file);
	for (size_t r = table.head.index + 1; r < rows->count; r++)
		if (rows->rows[r].is_cut)
			cts_table_row_owners(draft, &table, &rows->rows[r]);
	for (size_t r = table.head.index + 1; r < rows->count; r++)
		if (rows->rows[r].is_cut)
			cts_table_row_bodies(draft, &table, &rows->rows[r]);
	cts_draft_release(&table.owners);
	for (size_t r = table.head.index + 1; r < rows->count; r++) {
		rc = read_row(draft, &table, &rows->rows[r]);
		if (rc < 0)
			return rc;
	}
	if (!table.initiative_count)
		return cts_draft_fail(draft,
			(struct cts_cell_place){rows->rows[table.head.index].row, 1},
			"the table has no rows below its head");
	return 0;
}
