/*
 * The first rows are kept until there are enough to know the widths; then they are written and the
 * rest flows. Fitting takes columns away from the widest one that may give, one at a time, until
 * the table fits or all are at their least; so narrow columns stay whole. A table that does not fit
 * even then would be torn by the terminal: each of its rows is written as a block instead, with a
 * line for every cell that is not empty.
 */
#include "cli/table.h"

#include <string.h>

#include "proto/text.h"

#define GAP 2
#define LEAST 8 /* columns that a column keeps, or its heading's, when the window is narrow */
#define ELLIPSIS "\xe2\x80\xa6"

void cts_table_begin(struct cts_table *table, struct cts_out *out,
	const struct cts_column *columns, size_t column_count)
{
	memset(table, 0, sizeof(*table));
	table->out = out;
	table->columns = columns;
	table->column_count = column_count;
	table->widths = cts_arena_alloc(&table->arena, column_count * sizeof(*table->widths));
	for (size_t i = 0; i < column_count; i++)
		table->widths[i] = cts_text_width(columns[i].name);
}

static size_t total_width(const struct cts_table *table)
{
	size_t total = table->indent;

	for (size_t i = 0; i < table->column_count; i++)
		total += table->widths[i] + (i > 0 ? GAP : 0);
	return total;
}

static size_t least_width(const struct cts_column *column)
{
	size_t least = column->least ? column->least : LEAST, name = cts_text_width(column->name);

	return name > least ? name : least;
}

static void fit(struct cts_table *table)
{
	size_t total = total_width(table);

	if (!table->out->width)
		return;
	for (; total > table->out->width; total--) {
		size_t widest = table->column_count;

		for (size_t i = 0; i < table->column_count; i++)
			if (!table->columns[i].fixed &&
				table->widths[i] > least_width(&table->columns[i]) &&
				(widest == table->column_count ||
					table->widths[i] > table->widths[widest]))
				widest = i;
		if (widest == table->column_count)
			break;
		table->widths[widest]--;
	}
	table->stacked = total > table->out->width && !table->no_heading;
}

/* How many bytes of `text` stand on its next line in a column `width` wide; whole words if it can.
 * */
static size_t line_size(const char *text, size_t width)
{
	size_t size = cts_text_prefix(text, width);
	size_t word = size;

	if (!text[size])
		return size;
	while (word > 0 && text[word] != ' ')
		word--;
	return word > 0 ? word : size > 0 ? size : 1;
}

static void pad(struct cts_buf *line, size_t columns)
{
	cts_buf_printf(line, "%*s", (int)columns, "");
}

/* One line of one cell; moves `*text` on to what is left for the next line. */
static void put_cell(
	struct cts_table *table, size_t column, const char **text, enum cts_style style)
{
	const struct cts_column *c = &table->columns[column];
	struct cts_buf *line = &table->line;
	size_t width = table->widths[column];
	bool last = column + 1 == table->column_count;
	bool limited = table->out->width > 0 && !c->fixed;
	size_t size = strlen(*text), shown;
	const char *mark = "";
	char *piece;

	if (limited && cts_text_width(*text) > width) {
		if (c->wrap) {
			size = line_size(*text, width);
		} else {
			size = cts_text_prefix(*text, width > 0 ? width - 1 : 0);
			mark = ELLIPSIS;
		}
	}
	piece = cts_arena_strndup(&table->scratch, *text, size);
	shown = cts_text_width(piece) + (*mark ? 1 : 0);
	if (c->right && shown < width)
		pad(line, width - shown);
	cts_buf_puts(line, cts_out_style_on(table->out, style));
	cts_buf_printf(line, "%s%s", piece, mark);
	cts_buf_puts(line, cts_out_style_off(table->out, style));
	if (!c->right && !last && shown < width)
		pad(line, width - shown);
	*text += *mark ? strlen(*text) : size;
	while (**text == ' ')
		(*text)++;
}

static void write_row(struct cts_table *table, const char *const *cells, enum cts_style style)
{
	const char **rest =
		cts_arena_alloc(&table->scratch, table->column_count * sizeof(*rest));
	bool more = true;

	for (size_t i = 0; i < table->column_count; i++)
		rest[i] = cells[i];
	while (more) {
		more = false;
		cts_buf_clear(&table->line);
		pad(&table->line, table->indent);
		for (size_t i = 0; i < table->column_count; i++) {
			enum cts_style own =
				style != CTS_STYLE_PLAIN ? style : table->columns[i].style;

			if (i > 0)
				pad(&table->line, GAP);
			put_cell(table, i, &rest[i], *rest[i] ? own : CTS_STYLE_PLAIN);
			more = more || *rest[i];
		}
		while (table->line.size > 0 && table->line.data[table->line.size - 1] == ' ')
			table->line.size--;
		cts_buf_putc(&table->line, '\n');
		cts_out_put(table->out, table->line.data, table->line.size);
	}
	cts_arena_clear(&table->scratch);
}

/* A row as a block: each heading with its cell, and an empty line before the next. */
static void write_block(struct cts_table *table, const char *const *cells, enum cts_style style)
{
	struct cts_out *out = table->out;
	size_t left = 0;

	for (size_t i = 0; i < table->column_count; i++) {
		size_t width = cts_text_width(table->columns[i].name);

		left = width > left ? width : left;
	}
	if (table->blocks++ > 0)
		cts_out_puts(out, "\n");
	for (size_t i = 0; i < table->column_count; i++) {
		const char *name = table->columns[i].name;
		size_t indent = table->indent + left + GAP;

		if (!*cells[i])
			continue;
		cts_out_printf(out, "%*s", (int)table->indent, "");
		cts_out_styled(out, CTS_STYLE_NAME, name);
		cts_out_puts(out, cts_out_style_on(out, style));
		cts_out_wrapped(out, cells[i], table->indent + cts_text_width(name), indent);
		cts_out_puts(out, cts_out_style_off(out, style));
	}
	cts_arena_clear(&table->scratch);
}

static void put_row(struct cts_table *table, const char *const *cells, enum cts_style style)
{
	if (table->stacked)
		write_block(table, cells, style);
	else
		write_row(table, cells, style);
}

/* Widths are known: the heading and what was kept are written, later rows follow as they come. */
static void flow(struct cts_table *table)
{
	const char **names =
		cts_arena_alloc(&table->arena, table->column_count * sizeof(*names));

	fit(table);
	for (size_t i = 0; i < table->column_count; i++)
		names[i] = table->columns[i].name;
	if (!table->no_heading && !table->stacked)
		write_row(table, names, CTS_STYLE_NAME);
	for (size_t i = 0; i < table->row_count; i++)
		put_row(table, table->rows[i].cells, table->rows[i].style);
	table->flowing = true;
}

/* A cell as one visible line. */
static const char *cell_text(struct cts_arena *arena, const char *text)
{
	char *line = cts_arena_strdup(arena, text ? text : "");
	struct cts_buf visible = {0};
	const char *copy;

	for (char *c = line; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	cts_text_put_visible(&visible, line, false);
	copy = cts_arena_strdup(arena, cts_buf_text(&visible));
	cts_buf_release(&visible);
	return copy;
}

void cts_table_row(struct cts_table *table, const char *const *cells, enum cts_style style)
{
	struct cts_arena *arena = table->flowing ? &table->scratch : &table->arena;
	const char **copies = cts_arena_alloc(arena, table->column_count * sizeof(*copies));
	struct cts_table_row *row;

	for (size_t i = 0; i < table->column_count; i++)
		copies[i] = cell_text(arena, cells[i]);
	if (table->flowing) {
		put_row(table, copies, style);
		return;
	}
	for (size_t i = 0; i < table->column_count; i++) {
		size_t width = cts_text_width(copies[i]);

		if (width > table->widths[i])
			table->widths[i] = width;
	}
	row = cts_arena_push(arena, &table->rows, &table->row_count, sizeof(*row));
	row->cells = copies;
	row->style = style;
	if (table->row_count == CTS_TABLE_LOOKAHEAD)
		flow(table);
}

void cts_table_end(struct cts_table *table)
{
	if (!table->flowing && table->row_count > 0)
		flow(table);
	cts_arena_release(&table->arena);
	cts_arena_release(&table->scratch);
	cts_buf_release(&table->line);
}
