/*
 * One pass, a character at a time. A word begins with its first character that is no blank, a
 * quote included, so '' is a word without characters.
 */
#include "cli/words.h"

#include <stdbool.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"

static int peek(const struct cts_words *w, size_t ahead)
{
	return w->at + ahead < w->size ? (unsigned char)w->text[w->at + ahead] : -1;
}

static int take(struct cts_words *w)
{
	int c = peek(w, 0);

	w->at += c >= 0;
	w->lines += c == '\n';
	return c;
}

/* The length of a line's end here: files of other systems end lines with CR LF. */
static size_t line_end(const struct cts_words *w, size_t ahead)
{
	if (peek(w, ahead) == '\n')
		return 1;
	return peek(w, ahead) == '\r' && peek(w, ahead + 1) == '\n' ? 2 : 0;
}

static void skip(struct cts_words *w, size_t count)
{
	while (count-- > 0)
		take(w);
}

static int fail_open(const struct cts_words *w, size_t line, int quote)
{
	cts_fail(CTS_EUSAGE, "%s:%zu: a quote %c is opened and never closed", w->name, line, quote);
	return CTS_EUSAGE;
}

static int fail_nul(const struct cts_words *w)
{
	return cts_fail(CTS_EUSAGE, "%s:%zu: a NUL character", w->name, w->lines + 1);
}

/* After the opening quote, up to and with the closing one. */
static int read_quoted(struct cts_words *w, struct cts_buf *word, int quote)
{
	size_t line = w->lines + 1;
	int c;

	while ((c = take(w)) != quote) {
		if (c < 0)
			return fail_open(w, line, quote);
		if (c == 0)
			return fail_nul(w);
		if (c == '\\' && quote == '"') {
			size_t end = line_end(w, 0);

			if (end) {
				skip(w, end);
				continue;
			}
			/* Before others the backslash stands for itself. */
			if (peek(w, 0) > 0 && strchr("$`\"\\", peek(w, 0)))
				c = take(w);
		}
		cts_buf_putc(word, (char)c);
	}
	return 0;
}

/* @return 1 a word, 0 the line ended before one began */
static int read_word(struct cts_words *w, struct cts_buf *word)
{
	bool begun = false;

	for (;;) {
		int c = peek(w, 0), rc;

		if (c < 0 || line_end(w, 0))
			return begun;
		if (c == ' ' || c == '\t') {
			if (begun)
				return 1;
			take(w);
			continue;
		}
		if (c == '#' && !begun) {
			while (peek(w, 0) >= 0 && !line_end(w, 0))
				take(w);
			return 0;
		}
		take(w);
		if (c == 0)
			return fail_nul(w);
		if (c == '\\' && line_end(w, 0)) {
			skip(w, line_end(w, 0));
			continue;
		}
		begun = true;
		if (c == '\'' || c == '"') {
			rc = read_quoted(w, word, c);
			if (rc < 0)
				return rc;
		} else if (c == '\\' && peek(w, 0) > 0) {
			cts_buf_putc(word, (char)take(w));
		} else {
			cts_buf_putc(word, (char)c);
		}
	}
}

int cts_words_next(struct cts_words *words, struct cts_arena *arena)
{
	struct cts_buf word = {0};
	char **argv = NULL;
	size_t count = 0;
	int rc = 0;

	while (rc == 0 && peek(words, 0) >= 0) {
		words->line = words->lines + 1;
		while ((rc = read_word(words, &word)) == 1) {
			*(char **)cts_arena_push(arena, &argv, &count, sizeof(*argv)) =
				cts_arena_strdup(arena, cts_buf_text(&word));
			cts_buf_clear(&word);
		}
		skip(words, line_end(words, 0));
		if (rc == 0 && count > 0)
			rc = 1;
	}
	cts_buf_release(&word);
	if (rc == 1) {
		words->argc = (int)count;
		*(char **)cts_arena_push(arena, &argv, &count, sizeof(*argv)) = NULL;
		words->argv = argv;
	}
	return rc;
}
