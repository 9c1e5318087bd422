/*
 * Command lines in a text, read as a shell reads them but for its expansions: single quotes,
 * double quotes, backslashes (one before a line's end joins two lines), and `#` at the start of a
 * word, which comments the rest of the line. Nothing else is special: $, *, ~, ; and | stand for
 * themselves.
 *
 *	struct cts_words words = {.text = text, .size = size, .name = "stdin"};
 *	while ((rc = cts_words_next(&words, &arena)) == 1)
 *		run(words.argc, words.argv, words.line);
 */
#ifndef CTS_CLI_WORDS_H
#define CTS_CLI_WORDS_H

#include <stddef.h>

#include "proto/arena.h"

struct cts_words {
	const char *text;
	size_t size;
	const char *name; /* of the text, for errors */
	/* of the command read last: */
	char **argv; /* ends with NULL */
	int argc;
	size_t line; /* on which it begins, from 1 */
	/* the reader's own: */
	size_t at, lines;
};

/* The next command that has words. @return 1, 0 at the end, CTS_EUSAGE (a quote that is not
 * closed, a NUL) with name and line */
int cts_words_next(struct cts_words *words, struct cts_arena *arena);

#endif
