/*
 * A bar on stderr for work that takes over half a second: count, rate, time left on a terminal;
 * nothing elsewhere, nothing when quiet, nothing before 0.5 s.
 *
 *	cts_progress_begin(&bar, "importing", row_count);
 *	... cts_progress_step(&bar, done) for every row: cheap, it looks at the clock now and then
 *	cts_progress_end(&bar);
 *
 * The bar stands on one line and is wiped at the end, and before an error or a note is written.
 */
#ifndef CTS_CLI_PROGRESS_H
#define CTS_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "sync/sync.h"

struct cts_progress_bar {
	const char *what;
	uint64_t done, total; /* total 0: not known, no bar and no time left */
	bool is_guess;        /* the total is one, good for the bar and the time, and is not told */
	uint64_t next;        /* look at the clock when done reaches this */
	int64_t started_ms, shown_ms;
	bool active; /* stderr is a terminal and not quiet */
};

/* Set once by main. */
void cts_progress_init(bool quiet);

void cts_progress_begin(struct cts_progress_bar *bar, const char *what, uint64_t total);
void cts_progress_step(struct cts_progress_bar *bar, uint64_t done);
void cts_progress_end(struct cts_progress_bar *bar);

/* What sync/ wants to be told through: shows each of its steps on the bar, and what a server says
 * as "remote: " lines. `bar` is zeroed by the caller, lives as long, and is ended by
 * cts_progress_end. */
struct cts_progress cts_progress_hook(struct cts_progress_bar *bar);

/* Wipes a bar that stands, before something else is written to stderr. */
void cts_progress_wipe(void);

/* The line as it would be shown, without escapes; for tests. `width` columns at most. */
void cts_progress_line(struct cts_buf *out, const struct cts_progress_bar *bar, int64_t now_ms,
	unsigned width);

#endif
