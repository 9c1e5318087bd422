/*
 * Columns of text. Every entry is wrapped into lines of its column; then the lines of a row are
 * laid beside one another. In a cell with bands, those of band n begin on one line in all such
 * cells, as low as the longest band before it reaches; a cell without bands runs on from the top.
 *
 * Columns begin as wide as their widest line. While all of them are wider than the window, the one
 * that is widest for its weight gives way, down to its longest word; if that is not enough, words
 * are cut too.
 */
#include "cli/report/programme_out.h"

#include <string.h>

#include "proto/text.h"

#define GAP 2
#define WIDTH_WITHOUT_TERMINAL 100
#define WIDTH_LEAST 60 /* six columns need as much, however narrow the window */
#define COLUMN_LEAST 6
#define BULLET "\xe2\x80\xa2 "
#define HANG 2 /* columns by which an entry's later lines are indented */

/* How columns share what width there is; those with more text get more. */
static const size_t weights[CTS_REPORT_COLUMNS] = {14, 26, 16, 24, 8, 18};

struct lines {
	const char **lines;
	size_t count;
};

struct layout {
	struct cts_out *out;
	struct cts_arena arena;
	size_t widths[CTS_REPORT_COLUMNS];
	size_t total;
};

/* ---- wrapping ---------------------------------------------------------------------------------
 */

/* An entry's text with everything that it is printed with, safe for a terminal. */
static const char *entry_text(struct cts_arena *arena, const struct cts_report_entry *entry)
{
	struct cts_buf text = {0}, visible = {0};
	char *copy;

	cts_programme_entry_text(&text, entry);
	cts_text_put_visible(&visible, cts_buf_text(&text), true);
	copy = cts_arena_strdup(arena, cts_buf_text(&visible));
	for (char *c = copy; *c; c++)
		if (*c == '\t')
			*c = ' ';
	cts_buf_release(&text);
	cts_buf_release(&visible);
	return copy;
}

/* The bytes of the word at `text`. */
static size_t word_size(const char *text)
{
	return strcspn(text, " \n");
}

static size_t width_of(struct cts_arena *arena, const char *text, size_t size)
{
	return cts_text_width(cts_arena_strndup(arena, text, size));
}

/* Appends `text` wrapped to `width`. The first line begins with `first`, the others are indented by
 * `hang`. */
static void wrap(struct layout *layout, struct lines *out, const char *text, size_t width,
	const char *first, size_t hang)
{
	struct cts_buf line = {0};
	size_t column = cts_text_width(first), size, columns;
	bool fresh = true; /* no word stands on the line */

#define END_LINE()                                                                                 \
	do {                                                                                       \
		*(const char **)cts_arena_push(                                                    \
			&layout->arena, &out->lines, &out->count, sizeof(*out->lines)) =           \
			cts_arena_strdup(&layout->arena, cts_buf_text(&line));                     \
		cts_buf_clear(&line);                                                              \
		cts_buf_printf(&line, "%*s", (int)hang, "");                                       \
		column = hang;                                                                     \
		fresh = true;                                                                      \
	} while (0)

	if (hang >= width)
		hang = 0;
	cts_buf_puts(&line, first);
	while (*text) {
		if (*text == '\n') {
			END_LINE();
			text++;
			continue;
		}
		if (*text == ' ') {
			text++;
			continue;
		}
		size = word_size(text);
		columns = width_of(&layout->arena, text, size);
		if (!fresh && column + 1 + columns > width)
			END_LINE();
		if (!fresh) {
			cts_buf_putc(&line, ' ');
			column++;
		}
		while (column + columns > width) {
			size_t part = cts_text_prefix(text, width > column ? width - column : 1);

			if (part == 0)
				part = 1;
			if (part >= size)
				break;
			cts_buf_put(&line, text, part);
			text += part;
			size -= part;
			columns = width_of(&layout->arena, text, size);
			END_LINE();
		}
		cts_buf_put(&line, text, size);
		column += columns;
		fresh = false;
		text += size;
	}
	END_LINE();
#undef END_LINE
	cts_buf_release(&line);
}

static size_t hang_of(enum cts_report_column column, const struct cts_report_entry *entry)
{
	return entry->is_point || column >= CTS_REPORT_WORKSTREAMS ? HANG : 0;
}

static void wrap_entry(struct layout *layout, struct lines *out, enum cts_report_column column,
	const struct cts_report_entry *entry)
{
	wrap(layout, out, entry_text(&layout->arena, entry), layout->widths[column],
		entry->is_point ? BULLET : "", hang_of(column, entry));
}

/* ---- widths -----------------------------------------------------------------------------------
 */

static void widen(struct layout *layout, size_t *longest_word, enum cts_report_column column,
	const char *text, size_t before)
{
	size_t width = before + cts_text_width(text);

	if (width > layout->widths[column])
		layout->widths[column] = width;
	for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
		size_t size = word_size(text);

		width = before + width_of(&layout->arena, text, size);
		if (width > *longest_word)
			*longest_word = width;
		text += size;
	}
}

static size_t sum(const struct layout *layout)
{
	size_t total = GAP * (CTS_REPORT_COLUMNS - 1);

	for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++)
		total += layout->widths[c];
	return total;
}

/* Takes columns away, one at a time, while the table is wider than `width` and one may give. */
static void shrink(struct layout *layout, size_t width, const size_t *least)
{
	for (size_t total = sum(layout); total > width; total--) {
		size_t widest = CTS_REPORT_COLUMNS;

		for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++)
			if (layout->widths[c] > least[c] &&
				(widest == CTS_REPORT_COLUMNS ||
					layout->widths[c] * weights[widest] >
						layout->widths[widest] * weights[c]))
				widest = c;
		if (widest == CTS_REPORT_COLUMNS)
			break;
		layout->widths[widest]--;
	}
}

static void choose_widths(struct layout *layout, const struct cts_programme_table *table)
{
	size_t width = layout->out->width ? layout->out->width : WIDTH_WITHOUT_TERMINAL;
	size_t words[CTS_REPORT_COLUMNS] = {0}, least[CTS_REPORT_COLUMNS];

	if (width < WIDTH_LEAST)
		width = WIDTH_LEAST;
	for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++) {
		widen(layout, &words[c], c, table->headings[c], 0);
		for (size_t r = 0; r < table->row_count; r++) {
			const struct cts_report_cell *cell = &table->rows[r].cells[c];

			for (size_t e = 0; e < cell->count; e++)
				widen(layout, &words[c], c,
					entry_text(&layout->arena, &cell->entries[e]),
					hang_of(c, &cell->entries[e]));
		}
		least[c] = COLUMN_LEAST;
		/* One endless word must not take the window from all the others. */
		if (words[c] > 2 * weights[c])
			words[c] = 2 * weights[c];
	}
	shrink(layout, width, words);
	shrink(layout, width, least);
	layout->total = sum(layout);
}

/* ---- rows -------------------------------------------------------------------------------------
 */

static size_t last_band(const struct cts_report_row *row)
{
	size_t last = 0;

	for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++)
		for (size_t e = 0; e < row->cells[c].count; e++)
			if (row->cells[c].entries[e].band > last)
				last = row->cells[c].entries[e].band;
	return last;
}

static void wrap_band(struct layout *layout, struct lines *out, enum cts_report_column column,
	const struct cts_report_cell *cell, size_t band)
{
	for (size_t e = 0; e < cell->count; e++)
		if (!cell->has_bands || cell->entries[e].band == band)
			wrap_entry(layout, out, column, &cell->entries[e]);
}

/* Empty lines up to where the next band begins. */
static void fill(struct layout *layout, struct lines *out, size_t height)
{
	while (out->count < height)
		*(const char **)cts_arena_push(
			&layout->arena, &out->lines, &out->count, sizeof(*out->lines)) = "";
}

/* The lines of every cell. Band 0 of a cell with bands comes last: what belongs to the whole row.
 */
static void wrap_row(struct layout *layout, struct lines *out, const struct cts_report_row *row)
{
	size_t last = last_band(row);

	for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++)
		if (!row->cells[c].has_bands)
			wrap_band(layout, &out[c], c, &row->cells[c], 0);
	for (size_t band = 1; band <= last + 1; band++) {
		size_t height = 0;

		for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++) {
			if (!row->cells[c].has_bands)
				continue;
			wrap_band(layout, &out[c], c, &row->cells[c], band > last ? 0 : band);
			if (out[c].count > height)
				height = out[c].count;
		}
		for (size_t c = 0; band < last && c < CTS_REPORT_COLUMNS; c++)
			if (row->cells[c].has_bands)
				fill(layout, &out[c], height);
	}
}

static void put_lines(struct layout *layout, const struct lines *cells, enum cts_style style)
{
	struct cts_buf line = {0};
	size_t height = 0;

	for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++)
		if (cells[c].count > height)
			height = cells[c].count;
	for (size_t i = 0; i < height; i++) {
		size_t column = 0, start = 0;

		cts_buf_clear(&line);
		for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++) {
			const char *text = i < cells[c].count ? cells[c].lines[i] : "";

			if (*text && column < start) {
				cts_buf_printf(&line, "%*s", (int)(start - column), "");
				column = start;
			}
			cts_buf_puts(&line, text);
			column += cts_text_width(text);
			start += layout->widths[c] + GAP;
		}
		cts_out_puts(layout->out, cts_out_style_on(layout->out, style));
		cts_out_put(layout->out, cts_buf_text(&line), line.size);
		cts_out_puts(layout->out, cts_out_style_off(layout->out, style));
		cts_out_puts(layout->out, "\n");
	}
	cts_buf_release(&line);
}

static void put_rule(struct layout *layout)
{
	cts_out_puts(layout->out, cts_out_style_on(layout->out, CTS_STYLE_DIM));
	for (size_t i = 0; i < layout->total; i++)
		cts_out_puts(layout->out, "-");
	cts_out_puts(layout->out, cts_out_style_off(layout->out, CTS_STYLE_DIM));
	cts_out_puts(layout->out, "\n");
}

void cts_programme_put_text(
	struct cts_out *out, const struct cts_programme_table *table, const char *as_at)
{
	struct layout layout = {.out = out};
	struct lines headings[CTS_REPORT_COLUMNS] = {0};
	const char *footnote;

	choose_widths(&layout, table);
	cts_out_styled(out, CTS_STYLE_TITLE, table->title);
	if (as_at) {
		cts_out_puts(out, ", as at ");
		cts_out_text(out, as_at);
	}
	cts_out_puts(out, "\n\n");
	for (size_t c = 0; c < CTS_REPORT_COLUMNS; c++)
		wrap(&layout, &headings[c], table->headings[c], layout.widths[c], "", 0);
	put_lines(&layout, headings, CTS_STYLE_NAME);
	for (size_t r = 0; r < table->row_count; r++) {
		struct lines cells[CTS_REPORT_COLUMNS] = {0};

		put_rule(&layout);
		wrap_row(&layout, cells, &table->rows[r]);
		put_lines(&layout, cells, CTS_STYLE_PLAIN);
	}
	put_rule(&layout);
	for (size_t i = 0; (footnote = cts_programme_footnote(table, i)); i++) {
		if (i == 0)
			cts_out_puts(out, "\n");
		cts_out_wrapped(out, footnote, 0, 0);
	}
	cts_arena_release(&layout.arena);
}
