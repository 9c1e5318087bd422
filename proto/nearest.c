/*
 * The nearest word: Damerau-Levenshtein distance in its restricted form (an exchange of neighbours
 * is one edit, and no part is edited twice), without regard to case. Names are short, so three rows
 * of the table on the stack are enough.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "proto/schema.h"

enum { LONGEST = 64, EDITS_MAX = 3, FAR = LONGEST };

static int lower(char c)
{
	return tolower((unsigned char)c);
}

static unsigned distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	unsigned char rows[3][LONGEST + 1], *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t k = 0; k <= b_size; k++)
		above[k] = (unsigned char)k;
	for (size_t i = 1; i <= a_size; i++) {
		unsigned char *spare = before;

		row[0] = (unsigned char)i;
		for (size_t k = 1; k <= b_size; k++) {
			unsigned same = lower(a[i - 1]) == lower(b[k - 1]);
			unsigned best = above[k - 1] + !same;

			if (above[k] + 1u < best)
				best = above[k] + 1u;
			if (row[k - 1] + 1u < best)
				best = row[k - 1] + 1u;
			if (i > 1 && k > 1 && lower(a[i - 1]) == lower(b[k - 2]) &&
				lower(a[i - 2]) == lower(b[k - 1]) && before[k - 2] + 1u < best)
				best = before[k - 2] + 1u;
			row[k] = (unsigned char)best;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[b_size];
}

const char *cts_nearest(const char *word, const char *const *candidates, size_t count)
{
	size_t size = strlen(word), limit = size / 3 < EDITS_MAX ? size / 3 : EDITS_MAX;
	const char *nearest = NULL, *longer = NULL;
	unsigned least = FAR;

	if (size == 0 || size > LONGEST)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t other = strlen(candidates[i]);
		unsigned edits;

		if (!longer && other >= size && strncasecmp(candidates[i], word, size) == 0)
			longer = candidates[i];
		if (other > size + limit || size > other + limit || other > LONGEST)
			continue;
		edits = distance(word, size, candidates[i], other);
		if (edits <= limit && edits < least) {
			least = edits;
			nearest = candidates[i];
		}
	}
	return nearest ? nearest : longer;
}
