/*
 * Deltas in git's format: one object as copies from another and inserted bytes. A tree after one
 * record changed is its previous version but for 20 bytes; a record after one field changed, but
 * for one line.
 */
#ifndef CTS_SYNC_DELTA_H
#define CTS_SYNC_DELTA_H

#include <stdbool.h>

#include "proto/buf.h"

/* Appends the delta that makes `data` out of `base`; false, with nothing appended, when it would
 * take more than `limit` bytes. */
bool cts_delta_make(
	struct cts_buf *out, struct cts_slice base, struct cts_slice data, size_t limit);

/* Puts what `delta` makes of `base` in place of what `out` holds; a result over `limit` is refused
 * before it is made. @return CTS_EINTEGRITY */
int cts_delta_apply(
	struct cts_buf *out, struct cts_slice base, struct cts_slice delta, size_t limit);

#endif
