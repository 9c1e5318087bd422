/*
 * Text as it is looked at: made safe for a terminal, measured in columns, cut, and folded for
 * search. Unlike text.c this must take any bytes, since what is shown may come from a file, a
 * remote or a damaged store; nothing here fails.
 *
 * A terminal obeys control characters and hides zero-width ones, so a hostile title could repaint
 * the screen or look like another: everything invisible is written out as an escape.
 */
#include "proto/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "proto/error.h"

#define FOLDING (UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK)
#define TAB_STOP 8

/* The character at the start of `size` > 0 bytes; *code is -1 for a byte that is not UTF-8. */
static size_t next_character(utf8proc_int32_t *code, const char *text, size_t size)
{
	utf8proc_ssize_t step;

	if ((unsigned char)*text < 0x80) {
		*code = *text;
		return 1;
	}
	step = utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, code);
	if (step > 0)
		return (size_t)step;
	*code = -1;
	return 1;
}

/* Cc: C0, DEL, C1. Cf: zero-width, bidirectional and tag characters. Zl, Zp: other line ends. */
static bool is_invisible(utf8proc_int32_t code)
{
	utf8proc_category_t category = utf8proc_category(code);

	return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
	       category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

static void put_escape(struct cts_buf *out, utf8proc_int32_t code)
{
	if (code < 0x80)
		cts_buf_printf(out, "\\x%02x", (unsigned)code);
	else if (code < 0x10000)
		cts_buf_printf(out, "\\u%04x", (unsigned)code);
	else
		cts_buf_printf(out, "\\U%08x", (unsigned)code);
}

void cts_text_put_visible(struct cts_buf *out, const char *text, bool keep_layout)
{
	size_t size = strlen(text), at = 0, from = 0;

	while (at < size) {
		utf8proc_int32_t code;
		size_t step;

		if ((unsigned char)text[at] >= 0x20 && (unsigned char)text[at] < 0x7f) {
			at++;
			continue;
		}
		step = next_character(&code, text + at, size - at);
		if ((code == '\n' || code == '\t') ? keep_layout
						   : code >= 0 && !is_invisible(code)) {
			at += step;
			continue;
		}
		cts_buf_put(out, text + from, at - from);
		if (code == '\n' || code == '\t')
			cts_buf_puts(out, code == '\n' ? "\\n" : "\\t");
		else if (code < 0)
			cts_buf_printf(out, "\\x%02x", (unsigned)(unsigned char)text[at]);
		else
			put_escape(out, code);
		at += step;
		from = at;
	}
	cts_buf_put(out, text + from, size - from);
}

/* The column after a character that begins at `column`. */
static size_t column_after(size_t column, utf8proc_int32_t code)
{
	if (code == '\n')
		return 0;
	if (code == '\t')
		return (column / TAB_STOP + 1) * TAB_STOP;
	if (code < 0)
		return column + 1; /* terminals show a replacement character */
	return column + (size_t)utf8proc_charwidth(code);
}

size_t cts_text_width(const char *text)
{
	size_t size = strlen(text), column = 0, widest = 0;

	for (size_t at = 0; at < size;) {
		utf8proc_int32_t code;

		at += next_character(&code, text + at, size - at);
		column = column_after(column, code);
		if (column > widest)
			widest = column;
	}
	return widest;
}

size_t cts_text_prefix(const char *text, size_t columns)
{
	size_t size = strlen(text), column = 0, cut = 0;
	utf8proc_int32_t before = 0, state = 0;

	for (size_t at = 0; at < size;) {
		utf8proc_int32_t code, known;
		size_t step = next_character(&code, text + at, size - at);

		/* An accent, a joiner and what it joins stay with their base. */
		known = code < 0 ? 0xfffd : code;
		if (at && utf8proc_grapheme_break_stateful(before, known, &state))
			cut = at;
		column = column_after(column, code);
		if (column > columns)
			return cut;
		before = known;
		at += step;
	}
	return size;
}

static char *fold_ascii(struct cts_arena *arena, const char *text, size_t size)
{
	char *folded = cts_arena_strndup(arena, text, size);

	for (size_t at = 0; at < size; at++)
		if (folded[at] >= 'A' && folded[at] <= 'Z')
			folded[at] = (char)(folded[at] - 'A' + 'a');
	return folded;
}

char *cts_text_fold(struct cts_arena *arena, const char *text)
{
	size_t size = strlen(text), room = size + 1;
	utf8proc_int32_t *codes;
	utf8proc_ssize_t count;
	char *folded = NULL;
	bool ascii = true;

	for (size_t at = 0; at < size && ascii; at++)
		ascii = (unsigned char)text[at] < 0x80;
	if (ascii)
		return fold_ascii(arena, text, size);

	codes = cts_malloc((room + 1) * sizeof(*codes));
	for (;;) {
		count = utf8proc_decompose((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size,
			codes, (utf8proc_ssize_t)room, FOLDING);
		if (count <= (utf8proc_ssize_t)room)
			break;
		room = (size_t)count;
		codes = cts_realloc(codes, (room + 1) * sizeof(*codes));
	}
	if (count >= 0)
		count = utf8proc_reencode(codes, count, FOLDING);
	if (count >= 0)
		folded = cts_arena_strndup(arena, (const char *)codes, (size_t)count);
	free(codes);
	/* Bytes that are not UTF-8 have no case: the letters among them still fold. */
	return folded ? folded : fold_ascii(arena, text, size);
}
