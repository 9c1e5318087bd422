/*
 * One pass: where a ground may begin, read it and those joined to it by commas as one mark.
 */
#include "cli/import/withheld.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "proto/buf.h"
#include "proto/withhold.h"

static bool has_word(const char *text)
{
	for (; *text; text++)
		if (isalnum((unsigned char)*text) || (unsigned char)*text >= 0x80)
			return true;
	return false;
}

/* Size of what joins two grounds of one mark. */
static size_t joint_size(const char *text)
{
	size_t gap = strspn(text, " ");

	if (text[gap] && strchr(",;/&", text[gap])) {
		gap++;
		return gap + strspn(text + gap, " ");
	}
	return gap && strncmp(text + gap, "and ", 4) == 0 ? gap + 4 : 0;
}

/* Appends the mark of the grounds at `text`. @return bytes read; 0: none */
static size_t put_grounds(struct cts_buf *out, const char *text)
{
	size_t size = 0, at = 0, read;
	const char *ground;

	while ((ground = cts_ground_parse(text + at, &read))) {
		cts_buf_puts(out, size ? ", " : "[[withheld ");
		cts_buf_puts(out, ground);
		size = at + read;
		at = size + joint_size(text + size);
		if (at == size)
			break;
	}
	if (size)
		cts_buf_puts(out, "]]");
	return size;
}

static bool is_in_full(const char *text)
{
	return strncasecmp(text, "section", 7) == 0;
}

static bool is_short(const char *text)
{
	return (*text == 's' || *text == 'S') &&
	       isdigit((unsigned char)text[1 + strspn(text + 1, " ")]);
}

/* A mark in brackets, [s6(a)] or [withheld s6(a)]: one mark with them. */
static size_t put_bracketed(struct cts_buf *out, const char *text)
{
	size_t at = 1 + strspn(text + 1, " "), before = out->size, read;

	if (*text != '[' || text[1] == '[')
		return 0;
	if (strncasecmp(text + at, "withheld ", 9) == 0)
		at += 9;
	read = put_grounds(out, text + at);
	at += read;
	at += strspn(text + at, " ");
	if (read && text[at] == ']')
		return at + 1;
	out->size = before;
	if (out->data)
		out->data[before] = '\0';
	return 0;
}

static size_t put_mark(struct cts_buf *out, const char *start, const char *text)
{
	size_t before = out->size, read = put_bracketed(out, text);

	if (read)
		return read;
	if (text > start && (isalnum((unsigned char)text[-1]) || (unsigned char)text[-1] >= 0x80))
		return 0;
	if (!is_short(text) && !is_in_full(text))
		return 0;
	read = put_grounds(out, text);
	if (read && ((is_in_full(text) && (text > start || has_word(text + read))) ||
			    strncmp(text + read, " of the ", 8) == 0)) {
		out->size = before;
		if (out->data)
			out->data[before] = '\0';
		return 0;
	}
	return read;
}

void cts_withheld_read(struct cts_withheld *out, struct cts_arena *arena, const char *text)
{
	struct cts_buf marked = {0}, rest = {0};
	const char *at = text, *last = strrchr(text, ']');

	*out = (struct cts_withheld){0};
	while (*at) {
		const char *close = NULL;
		size_t read;

		if (last && at < last && strncmp(at, "[[", 2) == 0)
			close = strstr(at, "]]");

		/* What is marked already stays as it is. */
		if (close) {
			cts_buf_put(&marked, at, (size_t)(close + 2 - at));
			out->mark_count++;
			at = close + 2;
		} else if ((read = put_mark(&marked, text, at))) {
			out->mark_count++;
			at += read;
		} else {
			cts_buf_putc(&marked, *at);
			cts_buf_putc(&rest, *at++);
		}
	}
	out->text = cts_arena_strdup(arena, cts_buf_text(&marked));
	out->is_whole = out->mark_count > 0 && !has_word(cts_buf_text(&rest));
	cts_buf_release(&marked);
	cts_buf_release(&rest);
}
