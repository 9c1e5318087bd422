/*
 * Transactions. Reading ones are snapshots. Writing ones take the write lock first (so waiting can end),
 * bring journal file and LMDB together, run the caller's function, and commit: the journal file's sync
 * comes before LMDB's commit, so what was acknowledged is on the disk twice or can be replayed. When the
 * map is full, everything is undone, the map doubled, and the function run again.
 */
#include "store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/error.h"

enum { LOCK_WAIT_MS = 10000 };

static struct cts_txn *make_txn(struct cts_store *store, bool is_writing)
{
	struct cts_txn *txn = cts_malloc(sizeof(*txn));

	*txn = (struct cts_txn){.store = store, .is_writing = is_writing};
	return txn;
}

static void free_txn(struct cts_txn *txn)
{
	if (txn->mdb) {
		mdb_txn_abort(txn->mdb);
		txn->store->transactions--;
	}
	for (int i = 0; i < CTS_VECTOR_CACHE; i++)
		cts_vector_release(&txn->vectors[i].vector);
	cts_vector_release(&txn->open.past);
	cts_buf_release(&txn->open.summary);
	cts_buf_release(&txn->open.frames);
	cts_arena_release(&txn->open.arena);
	cts_arena_release(&txn->open.scratch);
	cts_arena_release(&txn->arena);
	cts_index_queue_free(txn->index_queue);
	free(txn->lines);
	free(txn);
}

static int begin(struct cts_txn **out, struct cts_store *store, bool is_writing)
{
	struct cts_txn *txn = make_txn(store, is_writing);
	int rc = cts_env_begin(store, is_writing, &txn->mdb);

	if (rc < 0) {
		txn->mdb = NULL;
		free_txn(txn);
		return rc;
	}
	store->transactions++;
	rc = cts_meta_load(txn);
	if (rc < 0) {
		free_txn(txn);
		return rc;
	}
	txn->first_arrival = txn->counters.arrival;
	*out = txn;
	return 0;
}

int cts_txn_begin(struct cts_txn **out, struct cts_store *store)
{
	return begin(out, store, false);
}

void cts_txn_end(struct cts_txn *txn)
{
	if (txn)
		free_txn(txn);
}

struct cts_store *cts_txn_store(const struct cts_txn *txn)
{
	return txn->store;
}

static int commit(struct cts_txn *txn)
{
	int code;

	code = mdb_txn_commit(txn->mdb);
	txn->mdb = NULL;
	txn->store->transactions--;
	return cts_db_fail(txn->store, code, "write");
}

struct writing {
	struct cts_write *options; /* NULL: the road's */
	cts_write_fn write;        /* NULL: only to recover */
	void *context;
};

static int check_is_open_file(struct cts_txn *txn)
{
	/* A seal may have cut the file since: only sizes can tell, and recovery compares them. */
	return cts_recover_is_needed(txn) ? cts_recover_journal(txn) : 0;
}

/* After a seal: what is a commit now leaves the file. A crash before it finds the file longer than LMDB
 * says, and the next write does this. */
static int rewrite_journal(struct cts_store *store, struct cts_journal_file *journal)
{
	struct cts_txn *txn = NULL;
	int rc = begin(&txn, store, false);

	if (rc < 0)
		return rc;
	txn->journal = journal;
	rc = cts_recover_rewrite(txn);
	free_txn(txn);
	return rc;
}

/* One attempt. CTS_MAP_FULL: nothing happened, grow and come again. */
static int attempt(struct cts_store *store, struct cts_journal_file *journal,
	const struct writing *writing)
{
	struct cts_txn *txn = NULL;
	uint64_t size = cts_journal_size(journal);
	bool is_dry = writing->options && writing->options->dry_run;
	bool is_appending = false, must_rewrite;
	int rc, result = 0;

	rc = begin(&txn, store, true);
	if (rc < 0)
		return rc;
	txn->journal = journal;
	txn->write = writing->options;
	rc = check_is_open_file(txn);
	if (rc < 0)
		goto out;
	size = cts_journal_size(journal);
	is_appending = true;
	if (writing->write) {
		rc = writing->write(txn, writing->context);
		if (rc < 0)
			goto out;
		result = rc;
	}
	rc = cts_write_close(txn);
	if (rc < 0 || is_dry)
		goto out;
	rc = cts_index_flush(txn);
	if (rc < 0)
		goto out;
	if (cts_journal_size(journal) != size) {
		rc = cts_journal_flush(journal);
		if (rc < 0)
			goto out;
	}
	txn->counters.journal_end = cts_journal_size(journal);
	if (txn->must_rewrite_journal)
		rc = cts_recover_size(txn, &txn->counters.journal_end);
	if (rc >= 0)
		rc = cts_meta_save(txn);
	if (rc < 0)
		goto out;
	must_rewrite = txn->must_rewrite_journal;
	rc = commit(txn);
	is_appending = rc < 0;
	if (rc == 0 && must_rewrite)
		rc = rewrite_journal(store, journal);
out:
	if (txn)
		free_txn(txn);
	/* What LMDB did not take must not be replayed later as if it had been acknowledged. */
	if (is_appending && cts_journal_size(journal) != size) {
		int cut = cts_journal_cut(journal, size);

		rc = cut < 0 ? cut : rc;
	}
	return rc < 0 ? rc : result;
}

static int run(struct cts_store *store, const struct writing *writing, bool is_road)
{
	struct cts_journal_file *journal = NULL;
	char path[4096], writer[CTS_WRITER_HEX + 1];
	int lock, rc;

	memcpy(writer, store->writer, sizeof(writer));
	if (store->read_only) {
		cts_fail(CTS_EIO, "the store '%s' cannot be written: it is read-only", store->path);
		cts_hint("check the permissions of the folder and of the files in it");
		return CTS_EIO;
	}
	snprintf(path, sizeof(path), "%s/lock", store->path);
	lock = cts_lock_take(path, LOCK_WAIT_MS);
	if (lock < 0)
		return lock;
	snprintf(path, sizeof(path), "%s/journal", store->path);
	rc = cts_journal_open(&journal, path, true);
	if (rc < 0)
		goto out;
	do {
		store->may_be_lost = false;
		rc = attempt(store, journal, writing);
		if (rc == CTS_MAP_FULL) {
			int grown = cts_env_grow(store);

			if (grown < 0) {
				rc = grown;
				break;
			}
		}
	} while (rc == CTS_MAP_FULL);
	if (rc < 0 || (writing->options && writing->options->dry_run)) {
		memcpy(store->writer, writer, sizeof(writer));
	} else if (strcmp(writer, store->writer) != 0) {
		/* Who we are now, for a rebuild; the journal says it too. */
		int told = cts_store_config_set(store, "ctsync.writer", store->writer);

		if (told < 0)
			rc = told;
	}
	if (rc >= 0 && is_road && !store->may_be_lost) {
		int synced = cts_store_sync(store);

		if (synced < 0)
			rc = synced;
	}
out:
	cts_journal_close(journal);
	close(lock);
	return rc;
}

int cts_store_write(
	struct cts_store *store, struct cts_write *options, cts_write_fn write, void *context)
{
	const struct writing writing = {.options = options, .write = write, .context = context};

	return run(store, &writing, false);
}

int cts_store_exchange(struct cts_store *store, cts_write_fn write, void *context)
{
	const struct writing writing = {.write = write, .context = context};

	return run(store, &writing, true);
}

void cts_txn_may_be_lost(struct cts_txn *txn)
{
	txn->store->may_be_lost = true;
}

uint64_t cts_txn_new_conflicts(const struct cts_txn *txn)
{
	return txn->new_conflicts;
}
