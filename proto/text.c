/*
 * Text rules: what may be stored, and its one normal form. Every text enters through
 * cts_text_normalise, so two stores never hold the same words as different bytes.
 *
 * Model: one scan classifies a text as plain, in need of work, or forbidden. Printable ASCII passes
 * eight bytes at a time, and the ranges that no normalisation can touch (Latin with accents,
 * punctuation, ideographs) pass by their code points; only the rest reaches utf8proc's composer.
 * This is the hot path of an import of a million records.
 */
#include "proto/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "proto/error.h"

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))
#define COMPOSING (UTF8PROC_STABLE | UTF8PROC_COMPOSE)

/* What a scan of a text found. */
struct scan {
	bool has_cr;
	bool may_compose;  /* a character that NFC could change, or join with its neighbour */
	const char *wrong; /* what the forbidden character at `offset` is; NULL: none */
	size_t offset;
	utf8proc_int32_t code;
};

static bool is_plain_byte(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t';
}

/* The number of bytes at the start that are printable ASCII, newline or tab. */
static size_t plain_prefix(const char *text, size_t size)
{
	size_t at = 0;

	while (size - at >= sizeof(uint64_t)) {
		uint64_t word, control, rubout;

		/* Of each byte, the top bit says: not ASCII, below a space, DEL. */
		memcpy(&word, text + at, sizeof(word));
		control = (word - EACH_BYTE(0x20)) & ~word;
		rubout = word ^ EACH_BYTE(0x7f);
		rubout = (rubout - EACH_BYTE(1)) & ~rubout;
		if ((word | control | rubout) & EACH_BYTE(0x80)) {
			size_t stop = at + sizeof(word);

			while (at < stop && is_plain_byte((unsigned char)text[at]))
				at++;
			if (at < stop)
				return at;
		} else {
			at += sizeof(word);
		}
	}
	while (at < size && is_plain_byte((unsigned char)text[at]))
		at++;
	return at;
}

/* Characters that start a cluster, are NFC as they are, and follow nothing they could join with. */
static bool is_settled(utf8proc_int32_t code)
{
	return code < 0x300 || (code >= 0x2010 && code <= 0x205e) ||
	       (code >= 0x4e00 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7a3);
}

static bool is_bidirectional_control(utf8proc_int32_t code)
{
	return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* The size of the character at text + at, which is not plain; 0: forbidden, and `scan` says why. */
static size_t scan_character(struct scan *scan, const char *text, size_t size, size_t at)
{
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text + at;
	utf8proc_ssize_t step;

	if (*bytes == '\r') {
		scan->has_cr = true;
		return 1;
	}
	step = utf8proc_iterate(bytes, (utf8proc_ssize_t)(size - at), &scan->code);
	if (step <= 0) {
		scan->wrong = "is not UTF-8";
		scan->code = *bytes;
	} else if (scan->code < 0x20 || (scan->code >= 0x7f && scan->code < 0xa0)) {
		scan->wrong = "has the control character";
	} else if (is_bidirectional_control(scan->code)) {
		scan->wrong = "has the bidirectional control";
	} else {
		scan->may_compose |= !is_settled(scan->code);
		return (size_t)step;
	}
	return 0;
}

/* False when a character is forbidden. */
static bool scan_text(struct scan *scan, const char *text, size_t size)
{
	size_t at = 0;

	*scan = (struct scan){0};
	for (;;) {
		size_t step;

		at += plain_prefix(text + at, size - at);
		if (at == size)
			return true;
		step = scan_character(scan, text, size, at);
		if (!step) {
			scan->offset = at;
			return false;
		}
		at += step;
	}
}

/* The NFC form of valid UTF-8, NUL-terminated, to be freed. */
static char *compose(size_t *out_size, const char *text, size_t size)
{
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
	size_t room = size + 1;
	utf8proc_int32_t *codes = cts_malloc((room + 1) * sizeof(*codes));
	utf8proc_ssize_t count;

	for (;;) {
		count = utf8proc_decompose(
			bytes, (utf8proc_ssize_t)size, codes, (utf8proc_ssize_t)room, COMPOSING);
		if (count < 0)
			abort(); /* cannot be: the caller has scanned the text */
		if ((size_t)count <= room)
			break;
		room = (size_t)count;
		codes = cts_realloc(codes, (room + 1) * sizeof(*codes));
	}
	count = utf8proc_reencode(codes, count, COMPOSING);
	if (count < 0)
		abort();
	*out_size = (size_t)count;
	return (char *)codes;
}

static size_t end_lines_with_lf(char *out, const char *text, size_t size)
{
	size_t used = 0;

	for (size_t at = 0; at < size; at++) {
		if (text[at] != '\r')
			out[used++] = text[at];
		else if (at + 1 == size || text[at + 1] != '\n')
			out[used++] = '\n';
	}
	return used;
}

static int fail_forbidden(const struct scan *scan, const char *text, const char *name)
{
	char what[24];
	size_t line, column;

	cts_text_position(&line, &column, text, scan->offset);
	if (scan->wrong[0] == 'i')
		snprintf(what, sizeof(what), ": byte 0x%02x", (unsigned)scan->code);
	else
		snprintf(what, sizeof(what), " U+%04X", (unsigned)scan->code);
	return cts_fail(CTS_EVALUE, "'%s' %s%s at line %zu, column %zu", name, scan->wrong, what,
		line, column);
}

int cts_text_normalise(
	const char **out, struct cts_arena *arena, const char *text, size_t size, const char *name)
{
	struct scan scan;
	char *unix_text = NULL, *composed = NULL;

	if (!scan_text(&scan, text, size))
		return fail_forbidden(&scan, text, name);
	if (scan.has_cr) {
		unix_text = cts_malloc(size + 1);
		size = end_lines_with_lf(unix_text, text, size);
		text = unix_text;
	}
	if (scan.may_compose) {
		composed = compose(&size, text, size);
		text = composed;
	}
	*out = cts_arena_strndup(arena, text, size);
	free(composed);
	free(unix_text);
	return 0;
}

bool cts_text_is_normal(const char *text, size_t size)
{
	struct scan scan;
	char *composed;
	size_t composed_size;
	bool same;

	if (!scan_text(&scan, text, size) || scan.has_cr)
		return false;
	if (!scan.may_compose)
		return true;
	composed = compose(&composed_size, text, size);
	same = composed_size == size && memcmp(composed, text, size) == 0;
	free(composed);
	return same;
}

void cts_text_position(size_t *line, size_t *column, const char *text, size_t offset)
{
	size_t lines = 1, columns = 1;

	for (size_t at = 0; at < offset; at++) {
		unsigned char c = (unsigned char)text[at];

		if (c == '\n' || (c == '\r' && text[at + 1] != '\n')) {
			lines++;
			columns = 1;
		} else if (c != '\r' && (c & 0xc0) != 0x80) {
			columns++;
		}
	}
	*line = lines;
	*column = columns;
}
