/*
 * Objects read from packs that may soon be bases of deltas: versions of a tree are read one after the other,
 * and each stands one step from the last. By a number that the owner gives each; one takes the place of
 * another, and the oldest go when there are too many bytes.
 *
 *	struct cts_kept kept = {0};
 *	const struct cts_kept_object *base = cts_kept_find(&kept, number);
 *	if (!base) { ... read it ...; cts_kept_put(&kept, number, type, data); }
 *	cts_kept_release(&kept);
 */
#ifndef CTS_SYNC_KEPT_H
#define CTS_SYNC_KEPT_H

#include <stdint.h>

#include "proto/buf.h"
#include "sync/pack/object.h"

enum {
	CTS_KEPT_OBJECT_MAX = 128 * 1024,   /* bytes of the largest */
	CTS_KEPT_BYTES = 16 * 1024 * 1024, /* of all */
};

struct cts_kept_object {
	uint64_t number;
	enum cts_object type;
	struct cts_buf data; /* NULL data: the place is empty */
};

struct cts_kept {
	struct cts_kept_object *places; /* by hash of the number; NULL: nothing was kept yet */
	size_t bytes;
	size_t hand; /* whose turn it is to go */
};

/* NULL: it is not kept. Until the next put. */
const struct cts_kept_object *cts_kept_find(const struct cts_kept *kept, uint64_t number);

/* Keeps a copy, unless it is too large. */
void cts_kept_put(
	struct cts_kept *kept, uint64_t number, enum cts_object type, struct cts_slice data);

void cts_kept_release(struct cts_kept *kept);

#endif
