/*
 * Sealing: the journal becomes commits on the own branch, one a change, in one pack.
 *
 * The tree before the first change is the view as it stood before it: the last tree that we built,
 * with the records that pulls have changed since, those that the journal touches in the state of
 * its own first image. Each commit then splices its records into the tree before it. Order that
 * makes every crash point recoverable: pack, LMDB, ref. Sealing the same journal again makes the
 * same commits.
 */
#include "sync/seal_internal.h"

#include <unistd.h>

#include "sync/compact.h"
#include "sync/git/repo.h"

static int record_seal(struct cts_txn *txn, void *context)
{
	struct cts_sealing *sealing = context;
	struct cts_oid root;
	int rc = cts_txn_root(txn, &root);

	if (rc == 0 && cts_oid_is_zero(&root) && sealing->sealed_count)
		rc = cts_txn_set_root(txn, &sealing->sealed[0].commit);
	if (rc == 0)
		rc = cts_txn_sealed(txn, sealing->sealed, sealing->sealed_count, sealing->changes,
			&sealing->tree);
	return rc;
}

struct counting {
	uint64_t stale;
};

static int count_one(void *context, const char *key)
{
	(void)key;
	((struct counting *)context)->stale++;
	return 1;
}

/* Whether there is anything to do: changes in the journal, or a view to bring up to date. */
static int is_needed(struct cts_sealing *sealing, bool refresh, bool *out)
{
	struct counting counting = {0};
	struct cts_oid base = {0};
	uint64_t changes;
	int rc = cts_txn_journal_count(sealing->txn, &changes);

	if (rc == 0)
		rc = cts_txn_tree_base(sealing->txn, &base);
	if (rc == 0)
		rc = cts_txn_each_stale(sealing->txn, count_one, &counting);
	*out = changes || (refresh && (counting.stale || cts_oid_is_zero(&base)));
	sealing->tree = base;
	return rc < 0 ? rc : 0;
}

/* The tree before the journal is made of what was pulled, most of which the mirror has. What people typed
 * since is new, and not looked for: that would cost more than the few files that are as they once were. */
static bool mirror_has(void *context, const struct cts_oid *oid)
{
	const struct cts_sealing *sealing = context;

	return !sealing->has_start && cts_odb_has(sealing->road->odb, oid);
}

static void release(struct cts_sealing *sealing)
{
	cts_tree_build_free(sealing->build);
	cts_tree_cache_set_pack(sealing->road->trees, NULL);
	cts_pack_free(sealing->pack);
	cts_txn_end(sealing->txn);
	cts_arena_release(&sealing->arena);
	cts_arena_release(&sealing->scratch);
	cts_buf_release(&sealing->lines);
	cts_buf_release(&sealing->json);
}

int cts_seal_locked(struct cts_road *road, bool refresh, struct cts_oid *tree,
	const struct cts_progress *progress)
{
	struct cts_sealing sealing = {
		.road = road,
		.schema = cts_store_schema(road->store),
		.progress = progress,
	};
	const struct cts_pack_options options = {.exists = mirror_has, .context = &sealing};
	char name[CTS_OID_HEX + 1];
	bool needed = false;
	int rc = cts_txn_begin(&sealing.txn, road->store);

	if (rc == 0)
		rc = is_needed(&sealing, refresh, &needed);
	if (rc < 0 || !needed)
		goto out;
	rc = cts_odb_refresh(road->odb);
	if (rc == 0)
		rc = cts_pack_open(&sealing.pack, road->pack_dir, &options);
	if (rc < 0)
		goto out;
	sealing.build = cts_tree_build_open(road->trees, sealing.pack);
	rc = cts_seal_start_tree(&sealing);
	sealing.has_start = true;
	if (rc == 0)
		rc = cts_txn_each_journal(sealing.txn, cts_seal_frame, &sealing);
	if (rc == 0)
		rc = cts_pack_finish(name, sealing.pack);
	if (rc < 0)
		goto out;
	/* A reading transaction may not be open while the map grows. */
	cts_txn_end(sealing.txn);
	sealing.txn = NULL;
	rc = cts_store_exchange(road->store, record_seal, &sealing);
	if (rc == 0)
		rc = cts_odb_refresh(road->odb);
	if (rc == 0)
		rc = cts_road_move_refs(road);
out:
	if (rc == 0 && tree)
		*tree = sealing.tree;
	if (rc == 0)
		rc = (int)sealing.sealed_count;
	release(&sealing);
	return rc;
}

int cts_seal(struct cts_road *road, const struct cts_progress *progress)
{
	int rc, lock = cts_store_lock_mirror(road->store, CTS_MIRROR_WAIT_MS);

	if (lock < 0)
		return lock;
	rc = cts_seal_locked(road, false, NULL, progress);
	close(lock);
	/* Every push and pull begins here: also what the last ones left is joined. */
	if (rc >= 0)
		cts_compact_if_many(road);
	return rc;
}
