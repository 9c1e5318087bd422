/*
 * Words of a document, counted, against the words of the draft that was made of it: an import may
 * lose none. The count of a word in the fields and in what was left out must be at least that in
 * the source.
 */
#ifndef CTS_TESTS_SUPPORT_WORDS_H
#define CTS_TESTS_SUPPORT_WORDS_H

#include <stddef.h>

#include "cli/import/draft.h"
#include "proto/buf.h"

/* Appends the words that are missing, one a line. @return how many */
size_t cts_words_missing(
	struct cts_buf *out, const char *text, size_t size, const struct cts_draft *draft);

#endif
