/*
 * A state machine over bytes. Cells are laid one after the other into one buffer, each with a NUL
 * behind it; their places are known only when the row is whole, because the buffer may move.
 */
#include "cli/import/delimited.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/arena.h"
#include "proto/buf.h"
#include "proto/error.h"

#define CHUNK (64 * 1024)
#define END (-1)

struct cts_delimited {
	const char *name;
	int fd;
	char separator;
	unsigned char *chunk;
	size_t at, size;     /* in the chunk */
	int failed;          /* a read error, told once the buffered bytes are used up */
	size_t line;         /* of the next byte */
	size_t row;          /* line on which the row began */
	struct cts_buf text; /* of the row's cells */
	size_t *starts;      /* of the cells in text */
	const char **cells;
	size_t cell_count, cell_capacity;
	struct cts_arena arena;
};

void cts_delimited_open(struct cts_delimited **out, const char *name, int fd, char separator)
{
	struct cts_delimited *reader = cts_malloc(sizeof(*reader));

	memset(reader, 0, sizeof(*reader));
	reader->name = cts_arena_strdup(&reader->arena, name);
	reader->fd = fd;
	reader->separator = separator;
	reader->chunk = cts_malloc(CHUNK);
	reader->line = 1;
	*out = reader;
}

void cts_delimited_free(struct cts_delimited *reader)
{
	if (!reader)
		return;
	cts_buf_release(&reader->text);
	cts_arena_release(&reader->arena);
	free(reader->starts);
	free(reader->cells);
	free(reader->chunk);
	free(reader);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static bool fill(struct cts_delimited *reader)
{
	ssize_t got;

	do
		got = read(reader->fd, reader->chunk, CHUNK);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		reader->failed = errno;
	reader->at = 0;
	reader->size = got > 0 ? (size_t)got : 0;
	return got > 0;
}

static int peek(struct cts_delimited *reader)
{
	if (reader->at == reader->size && (reader->failed || !fill(reader)))
		return END;
	return reader->chunk[reader->at];
}

static int take(struct cts_delimited *reader)
{
	int c = peek(reader);

	if (c == END)
		return END;
	reader->at++;
	if (c == '\n')
		reader->line++;
	return c;
}

/* CRLF and LF end a line; a CR alone does too, as old spreadsheets write. */
static bool take_line_end(struct cts_delimited *reader)
{
	int c = peek(reader);

	if (c != '\n' && c != '\r')
		return false;
	take(reader);
	if (c == '\r') {
		if (peek(reader) == '\n')
			take(reader);
		else
			reader->line++;
	}
	return true;
}

static void skip_line(struct cts_delimited *reader)
{
	while (peek(reader) != END && !take_line_end(reader))
		take(reader);
}

/* ---- cells ---------------------------------------------------------------------------------- */

static int fail_cell(struct cts_delimited *reader, const char *what)
{
	int rc = cts_fail(
		CTS_EVALUE, "%s:%zu:%zu: %s", reader->name, reader->row, reader->cell_count, what);

	skip_line(reader);
	return rc;
}

static void begin_cell(struct cts_delimited *reader)
{
	if (reader->cell_count == reader->cell_capacity) {
		reader->cell_capacity = reader->cell_capacity ? reader->cell_capacity * 2 : 16;
		reader->starts = cts_realloc(
			reader->starts, reader->cell_capacity * sizeof(*reader->starts));
		reader->cells =
			cts_realloc(reader->cells, reader->cell_capacity * sizeof(*reader->cells));
	}
	reader->starts[reader->cell_count++] = reader->text.size;
}

/* What a backslash and `c` stand for in TSV; NUL: themselves. */
static char unescape(int c)
{
	switch (c) {
	case 't': return '\t';
	case 'n': return '\n';
	case 'r': return '\r';
	case '\\': return '\\';
	case '"': return '"';
	}
	return '\0';
}

static int put_byte(struct cts_delimited *reader, int c)
{
	if (c == '\0')
		return fail_cell(reader, "a NUL byte: not a text, or UTF-16");
	if (reader->text.size >= CTS_ROW_MAX)
		return fail_cell(reader, "the row is longer than 4 MiB; is a quote not closed?");
	cts_buf_putc(&reader->text, (char)c);
	return 0;
}

static bool at_cell_end(struct cts_delimited *reader)
{
	int c = peek(reader);

	return c == END || c == '\n' || c == '\r' || c == reader->separator;
}

static int read_plain(struct cts_delimited *reader)
{
	int rc = 0;

	while (rc == 0 && !at_cell_end(reader)) {
		int c = take(reader);

		if (c == '\\' && reader->separator == '\t' && peek(reader) != END &&
			unescape(peek(reader)))
			c = unescape(take(reader));
		rc = put_byte(reader, c);
	}
	return rc;
}

static int read_quoted(struct cts_delimited *reader)
{
	int rc = 0;

	take(reader);
	while (rc == 0) {
		int c = take(reader);

		if (c == END)
			return fail_cell(reader, "the quote that opens the cell is not closed");
		if (c == '"') {
			if (peek(reader) != '"')
				break;
			take(reader);
		}
		/* Newlines inside a cell are LF, however the file ends its lines. */
		if (c == '\r') {
			if (peek(reader) == '\n')
				take(reader);
			else
				reader->line++;
			c = '\n';
		}
		rc = put_byte(reader, c);
	}
	if (rc == 0 && !at_cell_end(reader))
		return fail_cell(reader,
			reader->separator == '\t'
				? "text behind the closing quote; a cell that begins with a quote "
				  "begins with \\\""
				: "text behind the closing quote; a quote inside a cell is written "
				  "twice");
	return rc;
}

static int read_row(struct cts_delimited *reader)
{
	int rc;

	cts_buf_clear(&reader->text);
	reader->cell_count = 0;
	reader->row = reader->line;
	for (;;) {
		begin_cell(reader);
		rc = peek(reader) == '"' ? read_quoted(reader) : read_plain(reader);
		if (rc < 0)
			return rc;
		cts_buf_putc(&reader->text, '\0');
		if (peek(reader) != reader->separator)
			break;
		take(reader);
	}
	take_line_end(reader);
	for (size_t i = 0; i < reader->cell_count; i++)
		reader->cells[i] = reader->text.data + reader->starts[i];
	return 0;
}

static int skip_mark(struct cts_delimited *reader)
{
	if (peek(reader) == 0xef && reader->size >= 3 &&
		memcmp(reader->chunk, "\xef\xbb\xbf", 3) == 0)
		reader->at = 3;
	if (reader->size >= 2 && (memcmp(reader->chunk, "\xff\xfe", 2) == 0 ||
					 memcmp(reader->chunk, "\xfe\xff", 2) == 0)) {
		int rc = cts_fail(CTS_EVALUE, "'%s' is UTF-16, not UTF-8", reader->name);

		cts_hint("iconv -f UTF-16 -t UTF-8 '%s' > utf8.csv", reader->name);
		return rc;
	}
	return 0;
}

int cts_delimited_next(struct cts_delimited *reader, struct cts_delimited_row *out)
{
	int rc = 0;

	if (!reader->row)
		rc = skip_mark(reader);
	while (rc >= 0 && take_line_end(reader))
		;
	if (rc >= 0 && peek(reader) != END)
		rc = read_row(reader);
	else if (rc >= 0 && !reader->failed)
		return 0;
	if (reader->failed)
		return cts_fail_errno(CTS_EIO, reader->failed, "cannot read '%s'", reader->name);
	if (rc < 0)
		return rc;
	*out = (struct cts_delimited_row){
		.row = reader->row, .cells = reader->cells, .cell_count = reader->cell_count};
	return 1;
}
