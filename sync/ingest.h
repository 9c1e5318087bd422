/*
 * Commits come in: read from a source, checked, packed into the mirror, applied to the store; each
 * one wholly or not at all, ancestors first, all in one LMDB transaction. The one verification step
 * that every commit goes through is cts_verify (verify.h).
 */
#ifndef CTS_SYNC_INGEST_H
#define CTS_SYNC_INGEST_H

#include "sync/pack/pack.h"
#include "sync/road.h"

/* A tip to read from: a branch of the source. */
struct cts_tip {
	const char *branch; /* for messages: "nzp/7f3a9c21d0b4e586" */
	struct cts_oid oid;
};

struct cts_ingest {
	struct cts_road *road;
	struct cts_odb *source; /* the mirror's own: nothing is copied */
	const struct cts_tip *tips;
	size_t tip_count;
	int64_t received;
	bool is_first; /* of a clone or rebuild: the root is learnt, not compared */
	const struct cts_progress *progress;
	/* filled: */
	struct cts_pull *pull;
};

/* Runs inside cts_store_exchange: reads what is new from the tips. Refusals are noted in the store
 * and in `pull`. The pack is finished before this returns.
 * @return 0, CTS_EREFUSED (the journal is not empty: seal and come again), or what stops everything
 */
int cts_ingest(struct cts_txn *txn, struct cts_ingest *ingest);

/* Whether CTS_EREFUSED came of a journal that is not empty, so that sealing will help. */
bool cts_ingest_waits_for_seal(struct cts_store *store, int rc);

/* Reads every ref of the mirror into the store: after a crash, and for rebuild. */
int cts_ingest_mirror(struct cts_road *road);

#endif
