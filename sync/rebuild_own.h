/*
 * What a store did itself, for its rebuild: nothing tells when that came, since it was there when
 * it was made. So the chain of its own commits is read in between what `received` tells of others.
 */
#ifndef CTS_SYNC_REBUILD_OWN_H
#define CTS_SYNC_REBUILD_OWN_H

#include "store/store.h"
#include "sync/pack/odb.h"

struct cts_own_commit {
	struct cts_oid oid;
	int64_t time;
	struct cts_oid *parents; /* besides its writer's previous commit */
	size_t parent_count;
};

/* A branch, oldest first. */
struct cts_own_chain {
	struct cts_own_commit *commits;
	size_t count, taken;
};

/* Reads a branch from its head down, as far as it is one writer's. In the arena. */
int cts_own_chain_read(struct cts_own_chain *out, struct cts_arena *arena, struct cts_odb *odb,
	const struct cts_oid *head);

/* Takes off the chain what was made by `until` and has seen only what the store holds by now: the
 * newest such commit. @return 1; 0: none */
int cts_own_chain_take(
	struct cts_oid *out, struct cts_own_chain *chain, struct cts_txn *txn, int64_t until);

#endif
