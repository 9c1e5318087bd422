/*
 * What the two halves of taking commits in share: ingest_walk.c finds which are new, ingest.c takes
 * each.
 */
#ifndef CTS_SYNC_INGEST_INTERNAL_H
#define CTS_SYNC_INGEST_INTERNAL_H

#include "sync/ingest.h"

/* A set of ids: open addressing by their first bytes. */
struct cts_oid_set {
	struct cts_oid *table;
	size_t count, size;
};

struct cts_ingest_walk {
	struct cts_txn *txn;
	struct cts_ingest *ingest;
	struct cts_arena arena;
	struct cts_oid *order; /* ancestors first */
	size_t order_count;
	struct cts_oid_set met;
	struct cts_oid_set later; /* not taken this time */
	uint64_t *changed;        /* hashes of the keys of records that were changed, repeated */
	size_t changed_count;
};

bool cts_oid_set_has(const struct cts_oid_set *set, const struct cts_oid *oid);

/* False when it was in before. */
bool cts_oid_set_add(struct cts_oid_set *set, const struct cts_oid *oid);

/* Adds to `order` what is new from one tip, ancestors first. */
int cts_ingest_walk_tip(struct cts_ingest_walk *walk, const struct cts_tip *tip);

/* Tells of a commit that is not taken. `is_final`: whatever comes, it will never be; then it is
 * remembered. */
int cts_ingest_refuse(struct cts_ingest_walk *walk, const struct cts_oid *oid, const char *branch,
	const char *why, bool is_final);

#endif
