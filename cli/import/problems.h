/*
 * Problems of an import: nothing is imported unless all of it is valid, so a reader goes on behind
 *a problem and all of them are told together, the first twenty word for word.
 *
 *	if (cts_validate_item(...) < 0)
 *		cts_problems_add(&problems, rc, file, row, column);    the failure just set
 *	...
 *	return cts_problems_end(&problems, cts_diag_error);            0 when there was none
 */
#ifndef CTS_CLI_IMPORT_PROBLEMS_H
#define CTS_CLI_IMPORT_PROBLEMS_H

#include <stddef.h>

#include "proto/arena.h"

#define CTS_PROBLEMS_SHOWN 20

struct cts_problem {
	int code;
	const char *text; /* with file, row and column before it */
	const char *hint; /* NULL: none */
};

struct cts_problems {
	size_t count;
	struct cts_problem shown[CTS_PROBLEMS_SHOWN];
	struct cts_arena arena;
};

void cts_problems_clear(struct cts_problems *problems);
void cts_problems_release(struct cts_problems *problems);

/* Takes the failure just set, with its place before it. Column 0: the row alone; row 0: the
 * sentence says where itself. */
void cts_problems_add(
	struct cts_problems *problems, int code, const char *file, size_t row, size_t column);

/* One problem: sets it as the failure. Several: tells each through `tell` (which finds it set as
 * the failure), then fails with their number. @return the first one's code; 0 when there is none */
int cts_problems_end(const struct cts_problems *problems, int (*tell)(int code));

#endif
