/*
 * Sizes come from strangers: nothing is read beyond what is there, and nothing grows beyond a line.
 */
#include "sync/link/pkt.h"

#include <assert.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4096 };

static int hex(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

enum cts_pkt cts_pkt_parse(struct cts_slice *line, size_t *used, const char *data, size_t size)
{
	size_t whole = 0;

	for (size_t i = 0; i < 4; i++) {
		int digit;

		if (i >= size)
			return CTS_PKT_MORE;
		digit = hex(data[i]);
		if (digit < 0)
			return CTS_PKT_NONE;
		whole = whole * 16 + (size_t)digit;
	}
	*line = (struct cts_slice){.data = data + 4};
	*used = 4;
	if (whole == 0)
		return CTS_PKT_FLUSH;
	if (whole < 4 || whole > CTS_PKT_MAX)
		return CTS_PKT_NONE;
	if (whole > size)
		return CTS_PKT_MORE;
	line->size = whole - 4;
	*used = whole;
	return CTS_PKT_LINE;
}

void cts_pkt_put(struct cts_buf *out, const void *line, size_t size)
{
	assert(size <= CTS_PKT_MAX - 4);
	cts_buf_printf(out, "%04zx", size + 4);
	cts_buf_put(out, line, size);
}

void cts_pkt_put_flush(struct cts_buf *out)
{
	cts_buf_puts(out, "0000");
}

struct cts_slice cts_pkt_trim(struct cts_slice line)
{
	if (line.size && ((const char *)line.data)[line.size - 1] == '\n')
		line.size--;
	return line;
}

bool cts_capability_find(const char *list, const char *name)
{
	size_t size = strlen(name);

	while (*list) {
		size_t word = strcspn(list, " ");

		if (word >= size && strncmp(list, name, size) == 0 &&
			(word == size || list[size] == '='))
			return true;
		list += word + (list[word] == ' ');
	}
	return false;
}

void cts_lines_put(struct cts_lines *lines, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		/* Before a newline it is part of the line's end. */
		if (lines->is_returned && text[i] != '\n')
			cts_buf_clear(&lines->line);
		lines->is_returned = text[i] == '\r';
		if (text[i] == '\n')
			cts_lines_end(lines);
		else if (text[i] && text[i] != '\r' && lines->line.size < LINE_MAX_BYTES)
			cts_buf_putc(&lines->line, text[i]);
	}
}

void cts_lines_end(struct cts_lines *lines)
{
	/* git fills lines up with spaces, to write over what stood there. */
	while (lines->line.size && lines->line.data[lines->line.size - 1] == ' ')
		lines->line.data[--lines->line.size] = '\0';
	if (lines->line.size)
		lines->take(lines->context, cts_buf_text(&lines->line));
	cts_buf_clear(&lines->line);
}
