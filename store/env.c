/*
 * The LMDB environment: flags, the map and its growth, and the handler that turns a crash inside a
 * damaged map into a message.
 *
 * MDB_NOMETASYNC: the journal file is the durable point of an edit; LMDB stays whole without the meta
 * page's sync and can at most forget the last transactions after a power loss, which the next open
 * replays from the journal. Never NOSYNC or WRITEMAP. The map is address space, not memory or disk.
 */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/error.h"

static const size_t default_map_bytes = (size_t)16 << 30;

static const char *const names[CTS_DB_COUNT] = {
	[CTS_DB_RECORDS] = "records",
	[CTS_DB_INDEX] = "index",
	[CTS_DB_HISTORY] = "history",
	[CTS_DB_CHANGES] = "changes",
	[CTS_DB_TOUCHED] = "touched",
	[CTS_DB_ARRIVALS] = "arrivals",
	[CTS_DB_COMMITS] = "commits",
	[CTS_DB_VECTORS] = "vectors",
	[CTS_DB_LINES] = "lines",
	[CTS_DB_JOURNAL] = "journal",
	[CTS_DB_STALE] = "stale",
	[CTS_DB_META] = "meta",
};

static volatile sig_atomic_t maps_open;

/* Tests start with a map of 1 MiB to reach growth. */
static size_t map_bytes(void)
{
	const char *text = getenv("CTSYNC_MAP_BYTES");
	unsigned long long bytes = text ? strtoull(text, NULL, 10) : 0;

	return bytes >= 65536 ? (size_t)bytes : default_map_bytes;
}

/* Whether the address lies where data.mdb is mapped, as the kernel tells: LMDB does not. Only what may be called in
 * a signal's handler. */
static bool is_in_database(uintptr_t address)
{
	static const char name[] = "/data.mdb";
	char line[PATH_MAX + 128], byte;
	size_t used = 0;
	bool is = false;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	while (!is && fd >= 0 && read(fd, &byte, 1) == 1) {
		char *end;

		if (byte != '\n') {
			if (used < sizeof(line) - 1)
				line[used++] = byte;
			continue;
		}
		line[used] = '\0';
		is = strtoull(line, &end, 16) <= address && *end == '-' &&
			address < strtoull(end + 1, NULL, 16) && used > strlen(name) &&
			strcmp(line + used - strlen(name), name) == 0;
		used = 0;
	}
	if (fd >= 0)
		close(fd);
	return is;
}

/* SIGBUS is a mapped file that ends early or cannot be read: the store's, or a pack of a repository on a stick
 * or a share that went away. */
static void on_fault(int number, siginfo_t *info, void *context)
{
	static const char text[] = "ctsync: the store is damaged: reading it failed inside LMDB\n"
				   "hint: ctsync rebuild\n";
	static const char cut[] = "ctsync: a file was cut short or its disk went away while it was read\n"
				  "hint: see that every disk is there and try again\n";

	(void)context;
	if (number == SIGBUS && !is_in_database((uintptr_t)info->si_addr) &&
		write(STDERR_FILENO, cut, sizeof(cut) - 1) > 0)
		_exit(cts_error_status(CTS_EIO));
	if (maps_open && write(STDERR_FILENO, text, sizeof(text) - 1) > 0)
		_exit(70);
	signal(number, SIG_DFL);
	raise(number);
}

void cts_store_guard_faults(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	sigemptyset(&action.sa_mask);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static int open_databases(struct cts_store *store, bool create)
{
	MDB_txn *txn = NULL;
	int rc = 0, code;

	code = mdb_txn_begin(store->env, NULL, create ? 0 : MDB_RDONLY, &txn);
	if (code)
		return cts_db_fail(store, code, "open");
	for (int db = 0; db < CTS_DB_COUNT; db++) {
		code = mdb_dbi_open(txn, names[db], create ? MDB_CREATE : 0, &store->dbi[db]);
		if (code == MDB_NOTFOUND)
			rc = cts_store_damaged(store, "a database is missing");
		else if (code)
			rc = cts_db_fail(store, code, "open");
		if (rc < 0)
			goto out;
	}
	/* A committed transaction is what makes the handles last, a reading one too. */
	rc = cts_db_fail(store, mdb_txn_commit(txn), "open");
	txn = NULL;
out:
	if (txn)
		mdb_txn_abort(txn);
	return rc;
}

static char *data_path(const struct cts_store *store)
{
	size_t size = strlen(store->path) + sizeof("/data.mdb");
	char *file = cts_malloc(size);

	memcpy(file, store->path, size - sizeof("/data.mdb"));
	memcpy(file + size - sizeof("/data.mdb"), "/data.mdb", sizeof("/data.mdb"));
	return file;
}

/* Held while data.mdb and lock.mdb are opened, so that a rebuild does not put another data.mdb in place
 * between the two: LMDB would go by the old one's transaction numbers and write over the last of the new
 * one. @return a descriptor to close, or -1 where nobody can rebuild either */
static int hold_files(const struct cts_store *store)
{
	int fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_SH) != 0 && errno == EINTR)
		;
	return fd;
}

/* A rebuild put another data.mdb in the place of the one that is open. */
static bool is_replaced(const struct cts_store *store)
{
	char *file = data_path(store);
	struct stat there, open_one;
	mdb_filehandle_t fd;
	bool is;

	is = mdb_env_get_fd(store->env, &fd) == 0 && fstat(fd, &open_one) == 0 &&
		stat(file, &there) == 0 &&
		(there.st_ino != open_one.st_ino || there.st_dev != open_one.st_dev);
	free(file);
	return is;
}

int cts_env_open(struct cts_store *store, bool create)
{
	char *file = data_path(store);
	unsigned flags = MDB_NOTLS | MDB_NOMETASYNC;
	int rc, code, dead, held = hold_files(store);

	if (!create && access(file, F_OK) != 0) {
		/* Nothing is known of a folder that may not be entered, least of all that it is damaged. */
		if (errno == ENOENT)
			rc = cts_store_damaged(store, "data.mdb is missing");
		else
			rc = cts_fail_errno(CTS_EIO, errno, "cannot open the store '%s'", store->path);
		goto out;
	}
	code = mdb_env_create(&store->env);
	if (code) {
		store->env = NULL;
		rc = cts_db_fail(store, code, "open");
		goto out;
	}
	mdb_env_set_maxdbs(store->env, CTS_DB_COUNT);
	mdb_env_set_maxreaders(store->env, 510);
	mdb_env_set_mapsize(store->env, map_bytes());
	maps_open = 1;
	code = mdb_env_open(store->env, store->path, flags, 0666);
	if (!create && (code == EACCES || code == EROFS)) {
		/* A read-only disk or folder: whole for reading, without a lock file. */
		mdb_env_close(store->env);
		store->env = NULL;
		store->read_only = true;
		code = mdb_env_create(&store->env);
		if (!code) {
			mdb_env_set_maxdbs(store->env, CTS_DB_COUNT);
			mdb_env_set_mapsize(store->env, map_bytes());
			code = mdb_env_open(
				store->env, store->path, flags | MDB_RDONLY | MDB_NOLOCK, 0666);
		}
	}
	if (code) {
		/* Garbage in the first pages gives sizes that no map can have. */
		rc = code == EINVAL && !create
			? cts_store_damaged(store, "its first pages are not readable")
			: cts_db_fail(store, code, "open");
		goto out;
	}
	if (!store->read_only)
		mdb_reader_check(store->env, &dead);
	rc = open_databases(store, create);
out:
	free(file);
	if (held >= 0)
		close(held);
	if (rc < 0)
		cts_env_close(store);
	return rc;
}

void cts_env_close(struct cts_store *store)
{
	if (store->env)
		mdb_env_close(store->env);
	store->env = NULL;
	maps_open = 0;
}

int cts_env_grow(struct cts_store *store)
{
	MDB_envinfo info;

	/* The map moves, and what a transaction handed out would point nowhere. */
	if (store->transactions)
		return cts_fail(CTS_EIO, "the store '%s' cannot grow while it is being read",
			store->path);
	mdb_env_info(store->env, &info);
	return cts_db_fail(store, mdb_env_set_mapsize(store->env, info.me_mapsize * 2), "grow");
}

int cts_env_begin(struct cts_store *store, bool writing, MDB_txn **out)
{
	int code, rc;

	/* What would be written into the old one, or sealed out of it, would be lost with it. */
	if ((writing || !store->transactions) && is_replaced(store)) {
		if (store->transactions) {
			cts_fail(CTS_ELOCKED, "the store '%s' was rebuilt meanwhile", store->path);
			cts_hint("try again");
			return CTS_ELOCKED;
		}
		cts_env_close(store);
		rc = cts_env_open(store, false);
		if (rc < 0)
			return rc;
	}
	code = mdb_txn_begin(store->env, NULL, writing ? 0 : MDB_RDONLY, out);

	/* Another process grew the map: take its size over. */
	if (code == MDB_MAP_RESIZED && store->transactions == 0) {
		code = mdb_env_set_mapsize(store->env, 0);
		if (!code)
			code = mdb_txn_begin(store->env, NULL, writing ? 0 : MDB_RDONLY, out);
	}
	return cts_db_fail(store, code, writing ? "write" : "read");
}
