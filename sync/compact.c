/*
 * Joining happens under the mirror's lock: it rewrites what the last twenty seals wrote. A seal of
 * one change has all folders on the way to it whole, since a pack stands by itself; joined, they
 * are deltas of each other. Compacting may take minutes, so its pack is made beside the mirror,
 * without any lock: packs never change, and whatever comes meanwhile stays as it is. Then the lock
 * is taken, the pack moved in, and those that it was made of go. One compaction at a time, held by
 * `compact.lock`.
 */
#include "sync/compact.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/time.h"
#include "sync/disk.h"
#include "sync/repack/repack.h"
#include "sync/quarantine.h"

enum {
	AT_ONCE_MAX = 256, /* packs that are held open */
	/* Objects that are joined as versions of each other while somebody waits for his push; more
	 * are joined as they are stored, in a fifth of the time. */
	HISTORY_MAX = 50000,
	/* What took minutes to make is not thrown away for somebody who pulls for a minute. */
	INSTALL_WAIT_MS = 300000,
};

/* The pack that was compacted last: compacting it again would make the same. */
static const char note_name[] = "compacted";

/* ---- choosing ---- */

static int compare_objects(const void *a, const void *b)
{
	const struct cts_pack_file *x = a, *y = b;

	return (x->objects > y->objects) - (x->objects < y->objects);
}

size_t cts_compact_choose(struct cts_pack_file *packs, size_t count)
{
	uint64_t smaller = 0;
	size_t joined = 0;

	if (count > 0)
		qsort(packs, count, sizeof(*packs), compare_objects);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && packs[i].objects < 2 * smaller)
			joined = i + 1;
		smaller += packs[i].objects;
	}
	return joined;
}

/* All that may be joined, oldest first. */
static int list_packs(
	struct cts_pack_file **out, size_t *count, struct cts_arena *arena, struct cts_road *road)
{
	struct cts_pack_file *packs;
	size_t found = 0, left = 0;
	int rc = cts_pack_dir_list(&packs, &found, arena, road->pack_dir);

	for (size_t i = 0; rc == 0 && i < found; i++)
		if (!packs[i].is_kept)
			packs[left++] = packs[i];
	*out = packs;
	*count = left;
	return rc;
}

static int compare_age(const void *a, const void *b)
{
	const struct cts_pack_file *x = a, *y = b;

	return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

/* ---- taking away ---- */

/* The packs that `name` was made of. One may have its very bytes. */
static int remove_packs(
	struct cts_road *road, const struct cts_pack_file *packs, size_t count, const char *name)
{
	int rc = cts_pack_dir_remove_multi_index(road->pack_dir);

	for (size_t i = 0; rc == 0 && i < count; i++)
		if (strcmp(packs[i].name, name) != 0)
			rc = cts_pack_dir_remove(road->pack_dir, packs[i].name);
	return rc < 0 ? rc : cts_odb_refresh(road->odb);
}

static const char *pack_name(struct cts_arena *arena, const char *hex)
{
	return cts_arena_printf(arena, "pack-%s", hex);
}

/* ---- making one of several ---- */

typedef int repack(
	struct cts_pack *pack, struct cts_pack_set *set, const struct cts_progress *progress);

static int open_set(struct cts_pack_set **out, struct cts_arena *arena, struct cts_road *road,
	const struct cts_pack_file *packs, size_t count)
{
	const char **names = cts_arena_alloc(arena, (count + 1) * sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] = packs[i].name;
	return cts_pack_set_open(out, road->pack_dir, names, count);
}

/* Writes the pack below `dir`; its name is told. */
static int make_pack(const char **name, struct cts_arena *arena, const char *dir,
	struct cts_pack_set *set, repack *how, const struct cts_progress *progress)
{
	struct cts_pack *pack = NULL;
	char hex[CTS_OID_HEX + 1];
	int rc = cts_pack_open(&pack, dir, NULL);

	if (rc == 0)
		rc = how(pack, set, progress);
	if (rc == 0)
		rc = cts_pack_finish(hex, pack);
	cts_pack_free(pack);
	if (rc == 0)
		*name = pack_name(arena, hex);
	return rc;
}

/* The lock is held. 1: some were joined; 0: there was nothing to join. */
static int join_some(struct cts_road *road)
{
	struct cts_arena arena = {0};
	struct cts_pack_set *set = NULL;
	struct cts_pack_file *packs;
	const char *name;
	size_t count, chosen = 0;
	int rc;

	cts_pack_dir_sweep(road->pack_dir);
	rc = list_packs(&packs, &count, &arena, road);
	if (rc == 0)
		chosen = cts_compact_choose(packs, count);
	if (chosen > AT_ONCE_MAX)
		chosen = AT_ONCE_MAX;
	if (rc < 0 || chosen < 2)
		goto out;
	qsort(packs, chosen, sizeof(*packs), compare_age);
	rc = open_set(&set, &arena, road, packs, chosen);
	if (rc == 0)
		rc = make_pack(&name, &arena, road->pack_dir, set,
			cts_pack_set_count(set) > HISTORY_MAX ? cts_repack_join
							      : cts_repack_history,
			NULL);
	if (rc == 0)
		rc = remove_packs(road, packs, chosen, name);
	rc = rc < 0 ? rc : 1;
out:
	cts_pack_set_free(set);
	cts_arena_release(&arena);
	return rc;
}

void cts_compact_if_many(struct cts_road *road)
{
	int lock, rc = 1;

	if (!cts_pack_dir_has_more(road->pack_dir, CTS_PACKS_MAX) ||
		cts_quarantine_has_live(cts_store_path(road->store)))
		return;
	lock = cts_store_lock_mirror(road->store, 0);
	if (lock < 0)
		rc = lock;
	while (rc == 1 && cts_pack_dir_has_more(road->pack_dir, CTS_PACKS_MAX))
		rc = join_some(road);
	if (lock >= 0)
		close(lock);
	if (rc < 0)
		cts_error_clear();
}

/* ---- compacting all ---- */

struct compacting {
	struct cts_arena arena;
	struct cts_road *road;
	const struct cts_progress *progress;
	struct cts_pack_file *packs; /* at the start */
	size_t count;
	struct cts_pack_set *set;
	bool is_compact;
	const char *folder; /* where the new pack is made; NULL: none */
	int lock;           /* of the folder, so that nobody sweeps it away */
	const char *name;   /* of the new pack */
};

/* The mirror's lock, at a moment when nobody fetches. */
static int lock_quiet(struct compacting *compacting, int wait_ms)
{
	struct cts_store *store = compacting->road->store;
	int64_t deadline = cts_time_now_ms() + wait_ms;

	for (;;) {
		struct timespec nap = {.tv_nsec = 50000000};
		int lock = cts_store_lock_mirror(store, wait_ms);

		if (lock < 0 || !cts_quarantine_has_live(cts_store_path(store)))
			return lock;
		close(lock);
		if (cts_time_now_ms() >= deadline)
			break;
		nanosleep(&nap, NULL);
	}
	cts_fail(CTS_ELOCKED, "another process is fetching into the store '%s'",
		cts_store_path(store));
	cts_hint("try again when it is done");
	return CTS_ELOCKED;
}

static int read_note(struct compacting *compacting)
{
	struct cts_buf note = {0};
	struct cts_txn *txn = NULL;
	int rc = cts_txn_begin(&txn, compacting->road->store);

	if (rc == 0)
		rc = cts_txn_note(txn, &note, note_name);
	cts_txn_end(txn);
	compacting->is_compact = rc == 0 && compacting->count == 1 &&
				 strcmp(cts_buf_text(&note), compacting->packs[0].name) == 0;
	cts_buf_release(&note);
	return rc;
}

static int write_note(struct cts_txn *txn, void *context)
{
	const struct compacting *compacting = context;

	return cts_txn_put_note(txn, note_name, compacting->name, strlen(compacting->name));
}

/* Under the lock, or a sweep might come between the folder and its own lock. */
static int make_folder(struct compacting *compacting)
{
	char *folder = cts_arena_printf(&compacting->arena, "%s/compacting.XXXXXX",
		cts_store_path(compacting->road->store));

	if (!mkdtemp(folder))
		return cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", folder);
	compacting->folder = folder;
	compacting->lock = cts_lock_try(cts_arena_printf(&compacting->arena, "%s/lock", folder));
	return 0;
}

/* What is there now, held open, and the folder for what it will be. Very many packs are joined
 * first. */
static int begin(struct compacting *compacting)
{
	struct cts_road *road = compacting->road;
	int lock = lock_quiet(compacting, CTS_MIRROR_WAIT_MS), rc = lock < 0 ? lock : 1;

	if (rc == 1)
		cts_pack_dir_sweep(road->pack_dir);
	while (rc == 1 && cts_pack_dir_has_more(road->pack_dir, AT_ONCE_MAX))
		rc = join_some(road);
	if (rc >= 0)
		rc = list_packs(&compacting->packs, &compacting->count, &compacting->arena, road);
	if (rc == 0)
		rc = read_note(compacting);
	if (rc == 0 && !compacting->is_compact) {
		rc = open_set(&compacting->set, &compacting->arena, road, compacting->packs,
			compacting->count);
		if (rc == 0)
			rc = make_folder(compacting);
	}
	if (lock >= 0)
		close(lock);
	return rc;
}

static int install(struct compacting *compacting)
{
	struct cts_road *road = compacting->road;
	int lock = lock_quiet(compacting, INSTALL_WAIT_MS), rc = lock < 0 ? lock : 0;

	if (rc == 0)
		rc = cts_pack_dir_move(compacting->folder, road->pack_dir, compacting->name);
	if (rc == 0)
		rc = remove_packs(road, compacting->packs, compacting->count, compacting->name);
	if (lock >= 0)
		close(lock);
	return rc;
}

static int compact_mirror(struct compacting *compacting)
{
	int rc = begin(compacting);

	if (rc < 0 || compacting->is_compact || compacting->count == 0)
		return rc;
	rc = make_pack(&compacting->name, &compacting->arena, compacting->folder, compacting->set,
		cts_repack_history, compacting->progress);
	if (rc == 0)
		rc = install(compacting);
	if (rc == 0)
		rc = cts_store_exchange(compacting->road->store, write_note, compacting);
	return rc;
}

static int measure(uint64_t *packs, uint64_t *bytes, struct cts_road *road)
{
	struct cts_arena arena = {0};
	struct cts_pack_file *files = NULL;
	size_t count = 0;
	int rc = cts_pack_dir_list(&files, &count, &arena, road->pack_dir);

	*packs = count;
	*bytes = 0;
	for (size_t i = 0; i < count; i++)
		*bytes += files[i].bytes;
	cts_arena_release(&arena);
	return rc;
}

int cts_compact(
	struct cts_compacted *out, struct cts_road *road, const struct cts_progress *progress)
{
	struct compacting compacting = {.road = road, .progress = progress, .lock = -1};
	struct cts_compacted done = {0};
	const char *path =
		cts_arena_printf(&compacting.arena, "%s/compact.lock", cts_store_path(road->store));
	int only = cts_lock_try(path), rc = 0;

	if (only < 0 && errno != EWOULDBLOCK) {
		rc = cts_fail_errno(CTS_EIO, errno, "cannot open the lock '%s'", path);
	} else if (only < 0) {
		rc = cts_fail(CTS_ELOCKED, "another process is compacting the store");
		cts_hint("try again when it is done");
	}
	if (rc == 0)
		rc = measure(&done.packs_before, &done.mirror_before, road);
	if (rc == 0)
		rc = compact_mirror(&compacting);
	cts_pack_set_free(compacting.set);
	if (compacting.folder)
		cts_remove_tree(compacting.folder);
	if (compacting.lock >= 0)
		close(compacting.lock);
	if (rc == 0)
		rc = measure(&done.packs_after, &done.mirror_after, road);
	if (rc == 0)
		rc = cts_store_compact(road->store, &done.data_before, &done.data_after);
	if (only >= 0)
		close(only);
	cts_arena_release(&compacting.arena);
	if (rc == 0)
		*out = done;
	return rc;
}
