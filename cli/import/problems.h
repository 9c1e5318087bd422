/*
 * Problems of an import: nothing is imported unless all of it is valid, so a reader goes on behind a
 * problem and all of them are told together, the first twenty word for word.
 *
 *	if (cts_validate_item(...) < 0)
 *		cts_problems_add(&problems, file, row, column);    the failure just set
 *	...
 *	return cts_problems_fail(&problems);                       0 when there was none
 */
#ifndef CTS_CLI_IMPORT_PROBLEMS_H
#define CTS_CLI_IMPORT_PROBLEMS_H

#include <stddef.h>

#include "proto/buf.h"

#define CTS_PROBLEMS_SHOWN 20

struct cts_problems {
	size_t count;
	int code;             /* of the first */
	struct cts_buf text;  /* one line each */
	struct cts_buf hint;  /* of the first that has one */
};

void cts_problems_release(struct cts_problems *problems);

/* Takes the failure just set, with its place before it. Column 0: the sentence says where itself; row 0
 * too: as it stands. */
void cts_problems_add(
	struct cts_problems *problems, int code, const char *file, size_t row, size_t column);

/* Sets them as one failure, a line each, and returns its code; 0 when there is none. */
int cts_problems_fail(const struct cts_problems *problems);

#endif
