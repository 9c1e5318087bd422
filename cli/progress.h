/*
 * A bar on stderr for work that takes over half a second: count, rate, time left on a terminal;
 * nothing elsewhere, nothing when quiet, nothing before 0.5 s.
 *
 *	cts_progress_begin(&progress, "importing", row_count);
 *	... cts_progress_step(&progress, done) for every row: cheap, it looks at the clock now and then
 *	cts_progress_end(&progress);
 *
 * The bar stands on one line and is wiped at the end, and before an error or a note is written.
 */
#ifndef CTS_CLI_PROGRESS_H
#define CTS_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct cts_progress {
	const char *what;
	uint64_t done, total; /* total 0: not known, no bar and no time left */
	uint64_t next;        /* look at the clock when done reaches this */
	int64_t started_ms, shown_ms;
	bool active; /* stderr is a terminal and not quiet */
};

/* Set once by main. */
void cts_progress_init(bool quiet);

void cts_progress_begin(struct cts_progress *progress, const char *what, uint64_t total);
void cts_progress_step(struct cts_progress *progress, uint64_t done);
void cts_progress_end(struct cts_progress *progress);

/* The same for callbacks that tell both numbers; `progress` is a struct cts_progress begun with 0. */
void cts_progress_report(void *progress, uint64_t done, uint64_t total);

/* Wipes a bar that stands, before something else is written to stderr. */
void cts_progress_wipe(void);

/* The line as it would be shown, without escapes; for tests. `width` columns at most. */
struct cts_buf;
void cts_progress_line(struct cts_buf *out, const struct cts_progress *progress, int64_t now_ms,
	unsigned width);

#endif
