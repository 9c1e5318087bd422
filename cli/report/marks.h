/*
 * Withholding marks as a reader sees them: [withheld s6(a), s9(2)(f)(iv)] for the markup of
 * proto/withhold.h.
 */
#ifndef CTS_CLI_REPORT_MARKS_H
#define CTS_CLI_REPORT_MARKS_H

#include "proto/arena.h"

/* The text itself where it has no marks; else made in `arena`. */
const char *cts_report_marks(struct cts_arena *arena, const char *text);

#endif
