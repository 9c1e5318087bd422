/*
 * Grounds printed in the place of a withheld passage, as released documents have them: `S6(a)`
 * alone, in the middle of a sentence, as a list `s6(a), s9(2)(f)(iv)`, in brackets. They become the
 * markup of proto/withhold.h; what was there is not in the document, so it is always [[withheld
 * ...]].
 */
#ifndef CTS_CLI_IMPORT_WITHHELD_H
#define CTS_CLI_IMPORT_WITHHELD_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/arena.h"

struct cts_withheld {
	const char *text; /* with marks in the place of grounds */
	size_t mark_count;
	bool is_whole; /* nothing is left but marks and punctuation */
};

/* `Section 6(a)` in full words is taken for a mark only where it is the whole text or in brackets,
 * and no ground is that has ` of the ...` behind it: those are references to a law. */
void cts_withheld_read(struct cts_withheld *out, struct cts_arena *arena, const char *text);

#endif
