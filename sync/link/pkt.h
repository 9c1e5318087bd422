/*
 * pkt-lines, as git's protocol has them (gitprotocol-common(5)): four hex digits of size, then the line;
 * "0000" is a flush. Only what protocol versions 0 and 1 use; whatever else a server sends is no line.
 *
 *	for (at = 0; (got = cts_pkt_parse(&line, &used, data + at, size - at)) == CTS_PKT_LINE; at += used)
 *		...
 */
#ifndef CTS_SYNC_PKT_H
#define CTS_SYNC_PKT_H

#include <stdbool.h>

#include "proto/buf.h"

enum cts_pkt { CTS_PKT_LINE, CTS_PKT_FLUSH, CTS_PKT_MORE, CTS_PKT_NONE };

enum { CTS_PKT_MAX = 65520 }; /* with its four digits */

/* The first of what is in `data`. `*used`: the bytes that it takes. MORE: it is cut short. NONE: it is
 * none. */
enum cts_pkt cts_pkt_parse(struct cts_slice *line, size_t *used, const char *data, size_t size);

/* Appends a line. `size` is at most CTS_PKT_MAX - 4. */
void cts_pkt_put(struct cts_buf *out, const void *line, size_t size);
void cts_pkt_put_flush(struct cts_buf *out);

/* The line without a newline at its end. */
struct cts_slice cts_pkt_trim(struct cts_slice line);

/* Whether a list of capabilities ("report-status agent=git/2.39") has one, with or without a value. */
bool cts_capability_find(const char *list, const char *name);

/* Text that comes in pieces and is told a line at a time: what a server says of itself. A line ends with
 * a newline; a carriage return drops what stood before it. Lines are cut at 4 KiB, NULs left out. */
struct cts_lines {
	struct cts_buf line;
	bool is_returned;
	void (*take)(void *context, const char *line);
	void *context;
};
void cts_lines_put(struct cts_lines *lines, const char *text, size_t size);
void cts_lines_end(struct cts_lines *lines); /* what stands without a newline is told too */

#endif
