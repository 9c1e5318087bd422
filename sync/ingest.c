/*
 * New commits are found by walking from the tips down to what the store has, kept in order with
 * ancestors first, and taken one by one: verify, copy into the pack, apply. A refused commit takes
 * what builds on it with it and nothing else. A seen commit's tree is verified but never read as
 * edits.
 *
 * Only what is wrong with the commit itself is remembered. What this source lacks or garbles
 * another may have, and what this program is too old for a newer one takes: such a commit is told
 * of and left for another time, with what builds on it.
 */
#include "sync/ingest_internal.h"

#include <stdlib.h>
#include <string.h>

#include "sync/commit.h"
#include "sync/copy.h"
#include "sync/tree/layout.h"
#include "sync/git/repo.h"
#include "sync/verify.h"

/* ---- one commit ---- */

struct taking {
	struct cts_ingest_walk *walk;
	struct cts_verifying verifying;
	struct cts_copying copying; /* pack NULL: the mirror is the source */
};

static int apply(struct taking *taking, struct cts_verified *verified)
{
	const struct cts_commit *commit = &verified->commit;
	struct cts_ingest *ingest = taking->walk->ingest;
	struct cts_txn *txn = taking->walk->txn;
	struct cts_incoming incoming = {
		.commit = verified->oid,
		.parents = commit->parents,
		.parent_count = commit->parent_count,
		.agency = commit->agency,
		.author = commit->author,
		.message = commit->message,
		.seq = commit->seq,
		.time = commit->time,
		.received = ingest->received ? ingest->received : commit->time,
		.is_seen = commit->is_seen,
	};
	int rc;

	memcpy(incoming.writer, commit->writer, sizeof(incoming.writer));
	rc = cts_txn_apply_begin(txn, &incoming);
	if (rc)
		return rc < 0 ? rc : 0;
	for (size_t i = 0; rc == 0 && !commit->is_seen && i < verified->change_count; i++) {
		struct cts_record_change *change = &verified->changes[i];

		rc = cts_verified_load(verified, &taking->verifying, change);
		if (rc == 0)
			rc = cts_txn_apply_record(txn, change->before, change->after);
		cts_verified_unload(change);
		*(uint64_t *)cts_arena_push(&taking->walk->arena, &taking->walk->changed,
			&taking->walk->changed_count, sizeof(uint64_t)) =
			cts_layout_hash(change->kind, change->id);
	}
	if (rc == 0)
		rc = cts_txn_apply_end(txn);
	if (rc == 0 && ingest->pull)
		ingest->pull->commits++;
	return rc;
}

static const char *branch_name(struct cts_verified *verified)
{
	return cts_arena_printf(
		&verified->arena, "%s/%s", verified->commit.agency, verified->commit.writer);
}

static bool builds_on_later(const struct cts_ingest_walk *walk, const struct cts_commit *commit)
{
	for (size_t i = 0; i < commit->parent_count; i++)
		if (cts_oid_set_has(&walk->later, &commit->parents[i]))
			return true;
	return false;
}

static int take(struct taking *taking, const struct cts_oid *oid)
{
	struct cts_copied_commit copied = {.oid = *oid};
	struct cts_verified verified = {.oid = *oid};
	struct cts_buf bytes = {0};
	uint64_t faults = cts_odb_faults(taking->verifying.source);
	int rc = cts_odb_read_stored(
		&bytes, &copied.stored, taking->verifying.source, CTS_OBJECT_COMMIT, oid);

	if (rc == 0)
		rc = cts_commit_parse(&verified.commit, &verified.arena, bytes.data, bytes.size);
	if (rc == 0)
		rc = cts_verify(&verified, &taking->verifying);
	if (rc == 0 && taking->copying.pack) {
		copied.bytes = cts_buf_slice(&bytes);
		copied.tree = verified.commit.tree;
		rc = cts_copy_commit(&taking->copying, &copied, &verified.parent_tree, 1);
	}
	if (rc == CTS_EINTEGRITY || rc == CTS_ENEWER || rc == CTS_ENOTFOUND) {
		rc = cts_ingest_refuse(taking->walk, oid, branch_name(&verified),
			cts_error_message(rc),
			rc == CTS_EINTEGRITY &&
				faults == cts_odb_faults(taking->verifying.source) &&
				!builds_on_later(taking->walk, &verified.commit));
		goto out;
	}
	if (rc == 0)
		rc = apply(taking, &verified);
	if (rc == 0 && !verified.commit.parent_count && cts_oid_is_zero(&taking->verifying.root)) {
		taking->verifying.root = *oid;
		rc = cts_txn_set_root(taking->walk->txn, oid);
	}
out:
	cts_verified_release(&verified);
	cts_buf_release(&bytes);
	return rc;
}

static int take_all(struct taking *taking)
{
	const struct cts_progress *progress = taking->walk->ingest->progress;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < taking->walk->order_count; i++) {
		rc = take(taking, &taking->walk->order[i]);
		if (progress && progress->step)
			progress->step(progress->context, "reading commits", i + 1,
				taking->walk->order_count);
	}
	return rc;
}

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* A record that several commits changed is one record. */
static uint64_t count_changed(struct cts_ingest_walk *walk)
{
	uint64_t count = 0;

	if (walk->changed_count)
		qsort(walk->changed, walk->changed_count, sizeof(uint64_t), compare_hashes);
	for (size_t i = 0; i < walk->changed_count; i++)
		count += !i || walk->changed[i] != walk->changed[i - 1];
	return count;
}

int cts_ingest(struct cts_txn *txn, struct cts_ingest *ingest)
{
	struct cts_ingest_walk walk = {.txn = txn, .ingest = ingest};
	struct taking taking = {.walk = &walk};
	const struct cts_pack_options options = {.exists = cts_road_has, .context = ingest->road};
	bool is_mirror = ingest->source == ingest->road->odb;
	struct cts_pack *pack = NULL;
	char name[CTS_OID_HEX + 1];
	uint64_t waiting = 0;
	int rc = cts_txn_journal_count(txn, &waiting);

	if (rc == 0 && waiting)
		return cts_fail(CTS_EREFUSED, "changes of our own are not sealed yet");
	if (ingest->pull) { /* this may be run again */
		ingest->pull->commits = ingest->pull->records_changed = 0;
		ingest->pull->refused = NULL;
		ingest->pull->refused_count = 0;
	}
	for (size_t i = 0; rc == 0 && i < ingest->tip_count; i++)
		rc = cts_ingest_walk_tip(&walk, &ingest->tips[i]);
	if (rc < 0 || !walk.order_count)
		goto out;
	taking.verifying = (struct cts_verifying){
		.txn = txn,
		.schema = cts_store_schema(cts_txn_store(txn)),
		.source = ingest->source,
		.trees = cts_tree_cache_open(cts_odb_read_tree, ingest->source, 0),
	};
	rc = cts_txn_root(txn, &taking.verifying.root);
	if (rc == 0 && !is_mirror)
		rc = cts_pack_open(&pack, ingest->road->pack_dir, &options);
	taking.copying = (struct cts_copying){
		.source = ingest->source,
		.trees = taking.verifying.trees,
		.pack = pack,
	};
	taking.verifying.pack = pack;
	if (rc == 0)
		rc = take_all(&taking);
	if (rc == 0 && pack)
		rc = cts_pack_finish(name, pack);
	if (rc == 0)
		rc = cts_odb_refresh(ingest->road->odb);
	if (rc == 0 && ingest->pull) {
		ingest->pull->conflicts = cts_txn_new_conflicts(txn);
		ingest->pull->records_changed = count_changed(&walk);
	}
out:
	cts_pack_free(pack);
	cts_tree_cache_free(taking.verifying.trees);
	free(walk.met.table);
	free(walk.later.table);
	cts_arena_release(&walk.arena);
	return rc;
}

/* ---- what the mirror itself holds ---- */

bool cts_ingest_waits_for_seal(struct cts_store *store, int rc)
{
	struct cts_txn *txn = NULL;
	uint64_t waiting = 0;

	if (rc != CTS_EREFUSED || cts_txn_begin(&txn, store) < 0)
		return false;
	if (cts_txn_journal_count(txn, &waiting) < 0)
		waiting = 0;
	cts_txn_end(txn);
	return waiting > 0;
}

static int ingest_in_txn(struct cts_txn *txn, void *context)
{
	return cts_ingest(txn, context);
}

static bool is_sealed(struct cts_road *road)
{
	struct cts_txn *txn = NULL;
	uint64_t waiting = 0;
	int rc = cts_txn_begin(&txn, road->store);

	if (rc == 0)
		rc = cts_txn_journal_count(txn, &waiting);
	cts_txn_end(txn);
	return rc == 0 && !waiting;
}

int cts_ingest_mirror(struct cts_road *road)
{
	struct cts_arena arena = {0};
	struct cts_ref_entry *refs;
	struct cts_ingest ingest = {.road = road, .source = road->odb};
	struct cts_tip *tips = NULL;
	size_t count = 0, ref_count = 0;
	int rc = cts_repo_refs(road->repo, &refs, &ref_count, &arena);

	for (size_t i = 0; rc == 0 && i < ref_count; i++) {
		const char *agency, *writer;
		struct cts_tip *tip;

		if (!cts_branch_parse(&agency, &writer, &arena, refs[i].name) &&
			strncmp(refs[i].name, "refs/forks/", 11) != 0)
			continue;
		tip = cts_arena_push(&arena, &tips, &count, sizeof(*tip));
		tip->branch = refs[i].name;
		tip->oid = refs[i].oid;
	}
	ingest.tips = tips;
	ingest.tip_count = count;
	for (;;) {
		if (rc == 0)
			rc = cts_store_exchange(road->store, ingest_in_txn, &ingest);
		if (!cts_ingest_waits_for_seal(road->store, rc))
			break;
		rc = cts_seal_locked(road, false, NULL, NULL);
		/* What was sealed may lie beside the very commits that are to be read in: then its
		 * branch cannot be moved before they are. */
		if (rc > 0 || (rc == CTS_EDAMAGED && is_sealed(road)))
			rc = 0;
	}
	cts_arena_release(&arena);
	return rc;
}
