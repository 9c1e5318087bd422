/*
 * Lines into cells. What the separator is, is decided for the document as a whole, so that a pipe
 * in the prose of a tabbed document is text.
 */
#include "cli/import/rows.h"

#include <string.h>

#include "cli/import/markup.h"
#include "proto/buf.h"
#include "proto/error.h"
#include "proto/text.h"

/* `---`, `:--`, `-:`: a cell of the rule below a markdown head. *sure: it can be nothing else. */
static bool is_rule(const char *cell, bool *sure)
{
	size_t dashes = 0, colons = 0;

	for (; *cell; cell++) {
		if (*cell == '-')
			dashes++;
		else if (*cell == ':')
			colons++;
		else
			return false;
	}
	*sure = *sure || dashes >= 3 || colons;
	return dashes > 0;
}

static const char *find_pipe(const char *from, const char *end)
{
	for (; from < end; from++) {
		if (*from == '\\' && from + 1 < end)
			from++;
		else if (*from == '|')
			return from;
	}
	return end;
}

static const char *clean_cell(struct cts_arena *arena, const char *text, size_t size, bool pipes)
{
	char *copy = cts_markup_trim(arena, text, size), *to = copy;

	if (!pipes)
		return copy;
	for (const char *from = copy; *from; from++) {
		if (from[0] == '\\' && from[1] == '|')
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return copy;
}

static void cut_row(
	struct cts_row *row, struct cts_arena *arena, const char *line, const char *end, bool pipes)
{
	const char *start = line;
	bool is_last = false;

	if (pipes) {
		/* The outer pipes of a markdown row are no separators. */
		while (start < end && *start == ' ')
			start++;
		while (end > start && end[-1] == ' ')
			end--;
		if (start < end && *start == '|')
			start++;
		if (end > start && end[-1] == '|' && (end - 1 == start || end[-2] != '\\')) {
			row->is_cut = true;
			end--;
		}
	}
	while (!is_last) {
		const char *cut =
			pipes ? find_pipe(start, end) : memchr(start, '\t', (size_t)(end - start));

		is_last = !cut || cut == end;
		if (is_last)
			cut = end;
		else
			row->is_cut = true;
		*(const char **)cts_arena_push(
			arena, &row->cells, &row->cell_count, sizeof(*row->cells)) =
			clean_cell(arena, start, (size_t)(cut - start), pipes);
		start = cut + 1;
	}
}

/* An empty line, or the rule below a markdown head. */
static bool says_nothing(const struct cts_row *row, bool pipes)
{
	bool all_rules = pipes && row->is_cut, sure = false;

	for (size_t i = 0; i < row->cell_count; i++)
		if (!is_rule(row->cells[i], &sure))
			all_rules = false;
	return (all_rules && sure) || cts_row_filled(row) == 0;
}

int cts_rows_read(struct cts_rows *out, struct cts_arena *arena, const char *file, const char *text,
	size_t size)
{
	struct cts_rows rows = {0};
	const char *clean;
	char *spaced;
	bool pipes;
	int rc;

	if (size > CTS_DOCUMENT_MAX)
		return cts_fail(
			CTS_EVALUE, "'%s' is longer than 4 MiB, too long for a document", file);
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		size -= 3;
	}
	if (size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
		rc = cts_fail(CTS_EVALUE, "'%s' is UTF-16, not UTF-8", file);
		cts_hint("iconv -f UTF-16 -t UTF-8 '%s' > utf8.txt", file);
		return rc;
	}
	spaced = cts_arena_strndup(arena, text, size);
	for (size_t i = 0; i < size; i++)
		if (spaced[i] == '\f' || spaced[i] == '\v')
			spaced[i] = ' ';
	rc = cts_text_normalise(&clean, arena, spaced, size, file);
	if (rc < 0) {
		cts_hint("a text of Windows becomes UTF-8 by: iconv -f WINDOWS-1252 -t UTF-8 '%s'",
			file);
		return rc;
	}
	pipes = !strchr(clean, '\t');
	for (const char *line = clean; *line;) {
		const char *end = strchrnul(line, '\n');
		struct cts_row *row = cts_arena_push(arena, &rows.rows, &rows.count, sizeof(*row));

		row->row = rows.count;
		cut_row(row, arena, line, end, pipes);
		if (says_nothing(row, pipes))
			row->cell_count = 0;
		line = *end ? end + 1 : end;
	}
	*out = rows;
	return 0;
}

size_t cts_row_filled(const struct cts_row *row)
{
	size_t filled = 0;

	for (size_t i = 0; i < row->cell_count; i++)
		filled += *row->cells[i] != '\0';
	return filled;
}

const char *cts_row_cell(const struct cts_row *row, size_t index)
{
	return index < row->cell_count ? row->cells[index] : "";
}
