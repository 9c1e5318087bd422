/*
 * Opening the road. After a crash LMDB's heads and the mirror's refs may differ by one step: a ref behind
 * is moved forward; a ref ahead cannot be, since objects and LMDB come before refs, unless somebody put
 * commits into the mirror by hand or LMDB forgot what it had (a restored data.mdb): those are read in.
 */
#include "sync/road.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/time.h"
#include "sync/ingest.h"
#include "sync/git/repo.h"
#include "sync/quarantine.h"

static char *join(const char *folder, const char *name)
{
	size_t size = strlen(folder) + strlen(name) + 2;
	char *path = cts_malloc(size);

	snprintf(path, size, "%s/%s", folder, name);
	return path;
}

int cts_road_attach(struct cts_road **out, struct cts_store *store, const char *mirror)
{
	struct cts_road *road = cts_malloc(sizeof(*road));
	int rc;

	*road = (struct cts_road){.store = store};
	road->mirror = strdup(mirror);
	road->pack_dir = join(mirror, "objects/pack");
	rc = cts_repo_open(&road->repo, mirror);
	if (rc == CTS_EUNREACHABLE) {
		rc = cts_fail(CTS_EDAMAGED, "the mirror '%s' is missing or no git repository", mirror);
		cts_hint("bring it back from a copy, or clone again");
	}
	if (rc < 0) {
		cts_road_close(road);
		return rc;
	}
	cts_odb_open(&road->odb, mirror);
	road->trees = cts_tree_cache_open(cts_odb_read_tree, road->odb, 0);
	*out = road;
	return 0;
}

void cts_road_close(struct cts_road *road)
{
	if (!road)
		return;
	cts_tree_cache_free(road->trees);
	cts_odb_free(road->odb);
	cts_repo_close(road->repo);
	free(road->mirror);
	free(road->pack_dir);
	free(road);
}

const char *cts_line_ref(struct cts_arena *arena, const struct cts_line *line)
{
	if (line->is_fork)
		return cts_arena_printf(
			arena, "refs/forks/%s/%s/%u", line->agency, line->writer, line->line);
	return cts_arena_printf(arena, "refs/heads/%s/%s", line->agency, line->writer);
}

/* ---- refs follow heads ------------------------------------------------------------------------ */

struct moving {
	struct cts_road *road;
	struct cts_txn *txn;
	struct cts_arena arena;
	bool is_forks; /* the turn of the forks; then that of the others */
};

/* The branch holds commits that LMDB has not. Our head is kept beside it, where a rebuild finds it. */
static int keep_beside(struct moving *moving, const struct cts_line *line, const char *name)
{
	char hex[CTS_OID_HEX + 1];
	const char *beside = cts_arena_printf(&moving->arena, "refs/forks/%s/%s/%s", line->agency,
		line->writer, cts_oid_format(hex, &line->head));
	struct cts_oid old;
	int rc = cts_repo_ref(moving->road->repo, &old, beside);

	if (rc == 0 && cts_oid_is_zero(&old))
		rc = cts_repo_move(moving->road->repo, beside, &old, &line->head);
	if (rc < 0)
		return rc;
	cts_fail(CTS_EDAMAGED, "the mirror's branch '%s' is not what the store says", name);
	cts_hint("ctsync rebuild");
	return CTS_EDAMAGED;
}

/* A branch that holds what LMDB has moves to its line's head, wherever that is: lines of a forked writer
 * are numbered as they came, so that after a rebuild, or after what crashed was read in, another of them
 * may bear the name; what stood there is in a line of its own. */
static int move_ref(void *context, const struct cts_line *line)
{
	struct moving *moving = context;
	const char *name;
	struct cts_ref was;
	struct cts_oid old;
	int rc;

	if (!line->head_seq || line->is_fork != moving->is_forks)
		return 0;
	name = cts_line_ref(&moving->arena, line);
	rc = cts_repo_ref(moving->road->repo, &old, name);
	if (rc < 0 || cts_oid_equal(&old, &line->head))
		return rc;
	if (!cts_oid_is_zero(&old)) {
		rc = cts_txn_find_commit(moving->txn, &was, &old);
		if (rc < 1)
			return rc < 0 ? rc : keep_beside(moving, line, name);
	}
	return cts_repo_move(moving->road->repo, name, &old, &line->head);
}

int cts_road_move_refs(struct cts_road *road)
{
	struct moving moving = {.road = road, .is_forks = true};
	int rc = cts_txn_begin(&moving.txn, road->store);

	if (rc == 0)
		rc = cts_txn_each_line(moving.txn, move_ref, &moving);
	moving.is_forks = false;
	if (rc == 0)
		rc = cts_txn_each_line(moving.txn, move_ref, &moving);
	cts_txn_end(moving.txn);
	cts_arena_release(&moving.arena);
	return rc;
}

/* ---- what a crash left ------------------------------------------------------------------------ */

struct differing {
	struct cts_road *road;
	struct cts_arena arena;
	bool is_ahead;  /* some ref names a commit that LMDB has not */
	bool is_behind; /* or is not at its line's head */
};

static int compare_head(void *context, const struct cts_line *line)
{
	struct differing *differing = context;
	struct cts_oid oid;
	int rc = 0;

	if (line->head_seq)
		rc = cts_repo_ref(
			differing->road->repo, &oid, cts_line_ref(&differing->arena, line));
	if (rc == 0 && line->head_seq && !cts_oid_equal(&oid, &line->head))
		differing->is_behind = true;
	return rc;
}

static int differs(struct cts_road *road, bool *is_ahead, bool *is_behind)
{
	struct differing differing = {.road = road};
	struct cts_ref_entry *refs = NULL;
	struct cts_txn *txn = NULL;
	size_t count = 0;
	int rc = cts_repo_refs(road->repo, &refs, &count, &differing.arena);

	if (rc == 0)
		rc = cts_txn_begin(&txn, road->store);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const char *agency, *writer;
		struct cts_ref ref;

		if (!cts_branch_parse(&agency, &writer, &differing.arena, refs[i].name) &&
			strncmp(refs[i].name, "refs/forks/", 11) != 0)
			continue;
		rc = cts_txn_find_commit(txn, &ref, &refs[i].oid);
		if (rc == 0)
			differing.is_ahead = true;
		rc = rc < 0 ? rc : 0;
	}
	if (rc == 0)
		rc = cts_txn_each_line(txn, compare_head, &differing);
	cts_txn_end(txn);
	cts_arena_release(&differing.arena);
	*is_ahead = differing.is_ahead;
	*is_behind = differing.is_behind;
	return rc;
}

static int is_unfinished(const struct dirent *entry)
{
	return strncmp(entry->d_name, "tmp_pack_", 9) == 0 ||
		strncmp(entry->d_name, "tmp_idx_", 8) == 0;
}

/* Packs that were never finished: nobody writes any into the mirror without its lock. */
static void sweep_packs(struct cts_road *road)
{
	struct dirent **entries = NULL;
	int count = scandir(road->pack_dir, &entries, is_unfinished, NULL);

	for (int i = 0; i < count; i++) {
		char *path = join(road->pack_dir, entries[i]->d_name);

		unlink(path);
		free(path);
		free(entries[i]);
	}
	free(entries);
}

/* Removes what dead processes left; the lock of the mirror is held, so none is alive with it. */
static void sweep(struct cts_road *road)
{
	sweep_packs(road);
	cts_quarantine_sweep(cts_store_path(road->store));
}

int cts_road_open(struct cts_road **out, struct cts_store *store)
{
	char *mirror = join(cts_store_path(store), "mirror.git");
	struct cts_road *road = NULL;
	bool is_ahead = false, is_behind = false;
	int lock = -1, rc = cts_road_attach(&road, store, mirror);

	if (rc == 0)
		rc = differs(road, &is_ahead, &is_behind);
	if (rc == 0 && (is_ahead || is_behind)) {
		lock = cts_store_lock_mirror(store, CTS_MIRROR_WAIT_MS);
		rc = lock < 0 ? lock : 0;
		if (rc == 0)
			cts_remove_stale_locks(mirror);
		if (rc == 0 && is_ahead)
			rc = cts_ingest_mirror(road);
		if (rc == 0)
			rc = cts_road_move_refs(road);
	} else if (rc == 0) {
		lock = cts_store_lock_mirror(store, 0);
		if (lock < 0)
			cts_error_clear();
	}
	if (rc == 0 && lock >= 0) {
		/* Only stale locks can stand where we hold the store's own. */
		cts_remove_stale_locks(mirror);
		sweep(road);
	}
	if (lock >= 0)
		close(lock);
	free(mirror);
	if (rc < 0) {
		cts_road_close(road);
		return rc;
	}
	*out = road;
	return 0;
}

bool cts_road_has(void *road, const struct cts_oid *oid)
{
	return cts_odb_has(((struct cts_road *)road)->odb, oid);
}
