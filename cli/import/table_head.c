/*
 * Headings are compared by their letters alone, so case, plural brackets, markup and blanks do not
 * matter.
 */
#include "cli/import/table_head.h"

#include <ctype.h>
#include <string.h>

#include "cli/import/markup.h"

/* Cells that one heading may be split over. */
#define SPLIT_MAX 3

/* clang-format off */
static const struct {
	const char *letters;
	enum cts_table_column column;
} headings[] = {
	{"INITIATIVE", CTS_COLUMN_INITIATIVE}, {"INITIATIVES", CTS_COLUMN_INITIATIVE},
	{"OVERVIEW", CTS_COLUMN_OVERVIEW}, {"DESCRIPTION", CTS_COLUMN_OVERVIEW},
	{"PURPOSE", CTS_COLUMN_OVERVIEW},
	{"LEAD", CTS_COLUMN_LEAD}, {"LEADS", CTS_COLUMN_LEAD},
	{"LEADAGENCY", CTS_COLUMN_LEAD}, {"LEADAGENCIES", CTS_COLUMN_LEAD},
	{"WORKSTREAM", CTS_COLUMN_WORKSTREAMS}, {"WORKSTREAMS", CTS_COLUMN_WORKSTREAMS},
	{"KEYWORKSTREAM", CTS_COLUMN_WORKSTREAMS}, {"KEYWORKSTREAMS", CTS_COLUMN_WORKSTREAMS},
	{"MILESTONE", CTS_COLUMN_MILESTONES}, {"MILESTONES", CTS_COLUMN_MILESTONES},
	{"KEYMILESTONE", CTS_COLUMN_MILESTONES}, {"KEYMILESTONES", CTS_COLUMN_MILESTONES},
	{"NEXTMILESTONE", CTS_COLUMN_MILESTONES}, {"NEXTMILESTONES", CTS_COLUMN_MILESTONES},
	{"NEXTKEYMILESTONE", CTS_COLUMN_MILESTONES}, {"NEXTKEYMILESTONES", CTS_COLUMN_MILESTONES},
};
/* clang-format on */

static const char *const recommendation_words[] = {
	"RECOMMENDATIONS", "RECOMMENDATION", "RECS", "REC"};

static char *letters_of(struct cts_arena *arena, const char *text)
{
	char *letters = cts_arena_strdup(arena, text), *to = letters;

	for (; *text; text++)
		if (isalpha((unsigned char)*text))
			*to++ = (char)toupper((unsigned char)*text);
	*to = '\0';
	return letters;
}

/* What stands before "Recs" in the heading, in lower case, when it is one word. */
static const char *inquiry_of(struct cts_arena *arena, const char *letters, size_t size)
{
	char *inquiry = cts_arena_strndup(arena, letters, size);

	for (char *c = inquiry; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return size <= 16 ? inquiry : "";
}

static bool find_heading(enum cts_table_column *column, const char **inquiry,
	struct cts_arena *arena, const char *letters)
{
	size_t size = strlen(letters);

	for (size_t i = 0; i < sizeof(headings) / sizeof(*headings); i++) {
		if (strcmp(headings[i].letters, letters) == 0) {
			*column = headings[i].column;
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(recommendation_words) / sizeof(*recommendation_words); i++) {
		size_t word = strlen(recommendation_words[i]);

		if (size >= word && size - word <= 32 &&
			strcmp(letters + size - word, recommendation_words[i]) == 0) {
			*column = CTS_COLUMN_RECOMMENDATIONS;
			*inquiry = inquiry_of(arena, letters, size - word);
			return true;
		}
	}
	return false;
}

/* Matches headings along a row. @return how many different ones */
static size_t match_row(
	struct cts_table_head *out, struct cts_arena *arena, const struct cts_row *row)
{
	size_t found = 0, start = 0;

	*out = (struct cts_table_head){.cell_count = row->cell_count, .inquiry = ""};
	for (size_t c = 0; c < CTS_COLUMNS; c++)
		out->columns[c] = CTS_NO_COLUMN;
	for (size_t i = 0; i < row->cell_count;) {
		const char *text = "";
		enum cts_table_column column = CTS_COLUMNS;
		size_t cells = 0, end;

		while (cells < SPLIT_MAX && i + cells < row->cell_count && column == CTS_COLUMNS) {
			const char *cell = cts_markup_plain(arena, row->cells[i + cells++]);

			if (!*cell || strlen(cell) > 100)
				break;
			text = letters_of(arena, cts_arena_printf(arena, "%s%s", text, cell));
			if (!find_heading(&column, &out->inquiry, arena, text))
				column = CTS_COLUMNS;
		}
		if (column == CTS_COLUMNS || out->columns[column] != CTS_NO_COLUMN) {
			/* A heading that is not known stands over a column of its own. */
			if (*row->cells[i])
				start = i + 1;
			i++;
			continue;
		}
		/* Columns without a heading belong to the heading before them, those before the
		 * first one to it. */
		end = i + cells;
		while (end < row->cell_count && !*row->cells[end])
			end++;
		out->columns[column] = i;
		out->first[column] = found ? i : start;
		out->last[column] = end - 1;
		found++;
		start = i = end;
	}
	return found;
}

static size_t count_letters(const char *text)
{
	size_t letters = 0;

	for (; *text; text++)
		letters += isalpha((unsigned char)*text) != 0;
	return letters;
}

/* Of the columns below a heading the one with the most letters. */
static void choose_column(struct cts_table_head *head, enum cts_table_column column,
	struct cts_arena *arena, const struct cts_rows *rows)
{
	size_t most = 0;

	for (size_t i = head->first[column]; i <= head->last[column]; i++) {
		size_t letters = 0;

		for (size_t r = head->index + 1; r < rows->count; r++) {
			const char *cell = cts_row_cell(&rows->rows[r], i);

			if (rows->rows[r].is_cut && *cell)
				letters += count_letters(cts_markup_plain(arena, cell));
		}
		if (letters > most) {
			most = letters;
			head->columns[column] = i;
		}
	}
}

static bool is_head(const struct cts_table_head *head, size_t found)
{
	return found >= 3 && head->columns[CTS_COLUMN_INITIATIVE] != CTS_NO_COLUMN;
}

bool cts_table_head_is(struct cts_arena *arena, const struct cts_row *row)
{
	struct cts_table_head head;
	size_t found = row->is_cut ? match_row(&head, arena, row) : 0;

	return found && is_head(&head, found);
}

bool cts_table_head_find(
	struct cts_table_head *out, struct cts_arena *arena, const struct cts_rows *rows)
{
	for (size_t r = 0; r < rows->count; r++) {
		if (!cts_table_head_is(arena, &rows->rows[r]))
			continue;
		match_row(out, arena, &rows->rows[r]);
		out->index = r;
		for (size_t c = 0; c < CTS_COLUMNS; c++)
			if (out->columns[c] != CTS_NO_COLUMN)
				choose_column(out, (enum cts_table_column)c, arena, rows);
		return true;
	}
	return false;
}
