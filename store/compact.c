/*
 * LMDB never gives pages back: what a large change or a pull needed for a moment stays in the file.
 * A compacted copy is made beside it and put in its place.
 *
 * The write lock is held from the beginning of the copy until the new file is in place, so nothing
 * is written that the copy lacks. Whoever has the old file open reads on in it, and opens the new
 * one before it begins its next transaction (env.c), as after a rebuild. A crash leaves one file or
 * the other, and a folder that is swept away.
 *
 * What tells a store from its copy is the identity of data.mdb, kept inside it: the new file is
 * given its own, but only if the old one had the right one. A copy that is compacted before its
 * first change must still take a new writer.
 */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/buf.h"
#include "proto/error.h"

enum {
	LOCK_WAIT_MS = 10000,
	WORTH_DIVISOR = 10,      /* a tenth of the file, */
	WORTH_BYTES = 64 * 1024, /* and more than a store needs to breathe */
};

/* Bytes of data.mdb, and how many of them no page in use takes. */
static int measure(struct cts_store *store, uint64_t *size, uint64_t *unused)
{
	MDB_txn *txn = NULL;
	MDB_cursor *cursor = NULL;
	MDB_val key, value;
	MDB_envinfo info;
	struct stat file;
	mdb_filehandle_t fd;
	MDB_stat stat;
	uint64_t pages = 0, used;
	int code, rc = cts_env_begin(store, false, &txn);

	if (rc < 0)
		return rc;
	code = mdb_cursor_open(txn, 0, &cursor); /* database 0 lists the unused pages */
	while (!code && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		size_t count;

		memcpy(&count, value.mv_data, sizeof(count));
		pages += count;
	}
	if (code == MDB_NOTFOUND)
		code = mdb_stat(txn, 0, &stat);
	if (!code)
		code = mdb_env_info(store->env, &info);
	if (!code)
		code = mdb_env_get_fd(store->env, &fd);
	rc = cts_db_fail(store, code, "read");
	if (rc == 0 && fstat(fd, &file) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot read '%s/data.mdb'", store->path);
	if (rc == 0) {
		used = (info.me_last_pgno + 1 - pages) * stat.ms_psize;
		*size = (uint64_t)file.st_size;
		*unused = *size > used ? *size - used : 0;
	}
	if (cursor)
		mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return rc;
}

/* ---- whose it is ---- */

struct identity {
	uint64_t data_device, data_inode, journal_device, journal_inode;
};

static int read_identity(struct identity *out, const char *folder, const char *journal_folder)
{
	struct cts_arena arena = {0};
	int rc = cts_file_identity(AT_FDCWD, cts_arena_printf(&arena, "%s/data.mdb", folder),
		&out->data_device, &out->data_inode);

	if (rc == 0)
		rc = cts_file_identity(AT_FDCWD,
			cts_arena_printf(&arena, "%s/journal", journal_folder),
			&out->journal_device, &out->journal_inode);
	cts_arena_release(&arena);
	return rc;
}

static int load_counters(struct cts_txn *txn, struct cts_store *store, bool is_writing)
{
	int rc;

	*txn = (struct cts_txn){.store = store, .is_writing = is_writing};
	rc = cts_env_begin(store, is_writing, &txn->mdb);
	return rc < 0 ? rc : cts_meta_load(txn);
}

static void abort_counters(struct cts_txn *txn)
{
	if (txn->mdb)
		mdb_txn_abort(txn->mdb);
	cts_arena_release(&txn->arena);
}

/* 1: the store is where it was when it was last written; 0: it is a copy. */
static int is_at_home(struct cts_store *store)
{
	struct identity is;
	struct cts_txn txn;
	int rc = load_counters(&txn, store, false);

	if (rc == 0)
		rc = read_identity(&is, store->path, store->path);
	if (rc == 0)
		rc = txn.counters.data_device == is.data_device &&
		     txn.counters.data_inode == is.data_inode &&
		     txn.counters.journal_device == is.journal_device &&
		     txn.counters.journal_inode == is.journal_inode;
	abort_counters(&txn);
	return rc;
}

static int write_identity(struct cts_store *fresh, const struct identity *is)
{
	struct cts_txn txn;
	int rc = load_counters(&txn, fresh, true);

	if (rc == 0) {
		txn.counters.data_device = is->data_device;
		txn.counters.data_inode = is->data_inode;
		rc = cts_meta_save(&txn);
	}
	if (rc == 0) {
		rc = cts_db_fail(fresh, mdb_txn_commit(txn.mdb), "write");
		txn.mdb = NULL;
	}
	abort_counters(&txn);
	return rc;
}

/* Makes the copy say that it is the store. Twice, so that both of LMDB's meta pages show a whole
 * store: a process that was killed between putting the file in place and removing lock.mdb leaves a
 * lock.mdb that counts transactions otherwise, by which the next one might go for the page of the
 * other turn. */
static int adopt(struct cts_store *fresh, const char *journal_folder)
{
	struct identity is;
	int rc = cts_env_open(fresh, false);

	if (rc == 0)
		rc = read_identity(&is, fresh->path, journal_folder);
	for (int turn = 0; rc == 0 && turn < 2; turn++) {
		rc = write_identity(fresh, &is);
		if (rc == CTS_MAP_FULL) {
			rc = cts_env_grow(fresh);
			turn--;
		}
	}
	if (rc == 0)
		rc = cts_store_sync(fresh);
	cts_env_close(fresh);
	return rc;
}

/* ---- the copy ---- */

/* Permissions and owner stay: who compacts need not be who writes. */
static int finish_file(const char *path, const struct stat *old)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot open '%s'", path);
	if (fchown(fd, old->st_uid, old->st_gid) != 0)
		errno = 0; /* only root may; others own both files already */
	if (fchmod(fd, old->st_mode & 07777) != 0 || fsync(fd) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot sync '%s'", path);
	close(fd);
	return rc;
}

static int copy(struct cts_store *store, struct cts_store *fresh)
{
	int code = mdb_env_copy2(store->env, fresh->path, MDB_CP_COMPACT);

	if (code == MDB_INCOMPATIBLE) {
		cts_fail(CTS_EDAMAGED,
			"the store '%s' has pages that nothing uses and nothing lists",
			store->path);
		cts_hint("ctsync rebuild makes it anew, without them");
		return CTS_EDAMAGED;
	}
	return cts_db_fail(store, code, "copy");
}

/* Nobody opens the store between the two: the lock file of one belongs to no other (env.c,
 * hold_files). */
static int put_in_place(struct cts_store *store, const char *from, const char *to, const char *lock)
{
	int folder = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	while (folder >= 0 && flock(folder, LOCK_EX) != 0 && errno == EINTR)
		;
	if (rename(from, to) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot put the new '%s' in place", to);
	else
		unlink(lock);
	if (folder >= 0)
		close(folder);
	return rc < 0 ? rc : cts_store_sync_folder(store->path);
}

static int replace(struct cts_store *store, struct cts_store *fresh, struct cts_arena *arena)
{
	const char *from = cts_arena_printf(arena, "%s/data.mdb", fresh->path);
	const char *to = cts_arena_printf(arena, "%s/data.mdb", store->path);
	struct stat old;
	int at_home = is_at_home(store), rc = 0;

	if (at_home < 0)
		return at_home;
	if (stat(to, &old) != 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", to);
	rc = copy(store, fresh);
	if (rc == 0 && at_home)
		rc = adopt(fresh, store->path);
	if (rc == 0)
		rc = finish_file(from, &old);
	if (rc == 0)
		rc = put_in_place(
			store, from, to, cts_arena_printf(arena, "%s/lock.mdb", store->path));
	return rc;
}

static void remove_folder(const char *path, struct cts_arena *arena)
{
	static const char *const names[] = {"data.mdb", "lock.mdb", "lock"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(cts_arena_printf(arena, "%s/%s", path, names[i]));
	rmdir(path);
}

/* The write lock is held. */
static int compact(struct cts_store *store)
{
	struct cts_arena arena = {0};
	char *folder = cts_arena_printf(&arena, "%s/compacting.XXXXXX", store->path);
	struct cts_store *fresh = NULL;
	int lock, rc;

	if (!mkdtemp(folder)) {
		rc = cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", folder);
		goto out;
	}
	/* While this is held, no other process takes the folder for one that a crash left. */
	lock = cts_lock_take(cts_arena_printf(&arena, "%s/lock", folder), 0);
	fresh = cts_store_make_handle(folder);
	rc = lock < 0 ? lock : replace(store, fresh, &arena);
	remove_folder(folder, &arena);
	if (lock >= 0)
		close(lock);
out:
	cts_store_close(fresh);
	cts_arena_release(&arena);
	return rc;
}

int cts_store_compact(struct cts_store *store, uint64_t *before, uint64_t *after)
{
	uint64_t size = 0, unused = 0, now, rest;
	struct cts_arena arena = {0};
	int lock, rc;

	if (store->read_only)
		return cts_fail(
			CTS_EIO, "the store '%s' cannot be written: it is read-only", store->path);
	lock = cts_lock_take(cts_arena_printf(&arena, "%s/lock", store->path), LOCK_WAIT_MS);
	cts_arena_release(&arena);
	if (lock < 0)
		return lock;
	rc = measure(store, &size, &unused);
	now = size;
	if (rc == 0 && unused >= WORTH_BYTES && unused * WORTH_DIVISOR >= size) {
		rc = compact(store);
		if (rc == 0)
			rc = measure(store, &now, &rest);
	}
	close(lock);
	if (rc == 0) {
		*before = size;
		*after = now;
	}
	return rc;
}
