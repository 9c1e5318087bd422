/*
 * Version vectors: the index of "had seen".
 *
 * A line is a chain of commits by one writer; after a fork, the second branch of a writer is a line of
 * its own. Lines are numbered by each store for itself, from 1, so a cts_ref means something inside
 * one store only; what travels is the commit id. Because a line is a chain, every set of commits that
 * holds the ancestors of its members is exactly a vector: for each line the greatest seq in the set.
 * Union is the greater of each (join), intersection the lesser (meet).
 */
#ifndef CTS_PROTO_VECTOR_H
#define CTS_PROTO_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/arena.h"
#include "proto/buf.h"

/* Names a change inside one store. line 0: none. */
struct cts_ref {
	uint32_t line;
	uint64_t seq; /* from 1 */
};

struct cts_vector {
	struct cts_ref *entries; /* by line, seq > 0; owned */
	size_t count, capacity;
};

bool cts_ref_equal(struct cts_ref a, struct cts_ref b);

void cts_vector_release(struct cts_vector *vector);
void cts_vector_copy(struct cts_vector *out, const struct cts_vector *vector); /* out: initialised */

/* The seq of a line; 0 when the vector has none. */
uint64_t cts_vector_seq(const struct cts_vector *vector, uint32_t line);
bool cts_vector_has(const struct cts_vector *vector, struct cts_ref ref);

/* Raises one line to at least ref.seq. */
void cts_vector_raise(struct cts_vector *vector, struct cts_ref ref);
void cts_vector_join(struct cts_vector *vector, const struct cts_vector *other);
void cts_vector_meet(struct cts_vector *vector, const struct cts_vector *other);

/* Every commit of `inner` is in `outer`. */
bool cts_vector_covers(const struct cts_vector *outer, const struct cts_vector *inner);
bool cts_vector_equal(const struct cts_vector *a, const struct cts_vector *b);

/* Bytes: varint pairs (line delta, seq). @return CTS_EDAMAGED from decode; out: initialised */
void cts_vector_encode(struct cts_buf *out, const struct cts_vector *vector);
int cts_vector_decode(struct cts_vector *out, const void *data, size_t size);

#endif
