/*
 * Durable sets in one process, against LMDB and one file alone: `set STORE RAW MILESTONES COUNT`.
 * RAW holds what dump.c and load.c took out of the store; the reference puts a changed value of the
 * same record into it, appends as many bytes to a file as the store's journal grew by, syncs the
 * file and commits, with the store's own flags of LMDB: what any store must do that keeps a change
 * twice. The two alternate.
 */
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/error.h"
#include "store/store.h"

static void check(int code, const char *what)
{
	if (code)
		bench_die("%s: %s", what, mdb_strerror(code));
}

struct edit {
	char key[BENCH_KEY_SIZE];
	unsigned number;
};

static int make_edit(struct cts_txn *txn, void *context)
{
	const struct edit *edit = context;
	struct cts_record record;
	int rc = cts_txn_get(txn, &record, edit->key);

	if (rc < 0)
		return rc;
	cts_record_set(&record, cts_kind_field(record.kind, "due"),
		cts_value_of(&record.arena,
			cts_arena_printf(&record.arena, "Q%u %u", edit->number % 4 + 1,
				2060 + edit->number / 4 % 30)));
	rc = cts_txn_put(txn, &record);
	cts_record_release(&record);
	return rc;
}

static uint64_t set_store(struct cts_store *store, struct edit *edit)
{
	struct cts_write options = {0};
	uint64_t start = bench_ns();

	if (cts_store_write(store, &options, make_edit, edit) < 0)
		bench_die("%s", cts_error_message(0));
	if (!options.changed)
		bench_die("%s: nothing changed", edit->key);
	return bench_ns() - start;
}

static uint64_t set_raw(
	MDB_env *env, int file, const struct edit *edit, const char *journal, size_t size)
{
	char value[65536];
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_val key = {.mv_data = (void *)(uintptr_t)edit->key, .mv_size = strlen(edit->key)}, old,
		new;
	uint64_t start = bench_ns();

	check(mdb_txn_begin(env, NULL, 0, &txn), "begin");
	check(mdb_dbi_open(txn, "records", 0, &dbi), "records");
	check(mdb_get(txn, dbi, &key, &old), edit->key);
	if (old.mv_size > sizeof(value))
		bench_die("%s: the value is too long", edit->key);
	memcpy(value, old.mv_data, old.mv_size);
	value[old.mv_size / 2]++;
	new = (MDB_val){.mv_data = value, .mv_size = old.mv_size};
	check(mdb_put(txn, dbi, &key, &new, 0), "put");
	if (write(file, journal, size) != (ssize_t)size || fdatasync(file) != 0)
		bench_die("cannot append");
	check(mdb_txn_commit(txn), "commit");
	return bench_ns() - start;
}

static size_t size_of(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 ? (size_t)info.st_size : 0;
}

int main(int argc, char **argv)
{
	enum { COUNT_MAX = 10000 };
	static uint64_t mine[COUNT_MAX], raw[COUNT_MAX];
	static char journal[1 << 20], path[4096], own[4096];
	struct cts_store *store;
	struct edit edit;
	MDB_env *env;
	uint64_t milestones, count;
	size_t before, grown = 0;
	int file;

	if (argc != 5)
		bench_die("usage: set STORE RAW MILESTONES COUNT");
	milestones = bench_number(argv[3]);
	count = bench_number(argv[4]);
	if (count < 1 || count > COUNT_MAX)
		bench_die("from 1 to %d sets", COUNT_MAX);
	snprintf(path, sizeof(path), "%s/appended", argv[2]);
	snprintf(own, sizeof(own), "%s/journal", argv[1]);
	file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (file < 0 || cts_store_open(&store, argv[1]) < 0)
		bench_die("cannot open '%s' or '%s'", path, argv[1]);
	check(mdb_env_create(&env), "create");
	check(mdb_env_set_maxdbs(env, BENCH_DATABASES), "databases");
	check(mdb_env_set_mapsize(env, BENCH_MAP_BYTES), "map");
	check(mdb_env_open(env, argv[2], MDB_NOTLS | MDB_NOMETASYNC, 0666), argv[2]);
	/* The first in a copied store takes a new writer: it is not counted. */
	for (uint64_t i = 0; i < count + 1; i++) {
		uint64_t took;

		bench_key(edit.key, bench_spread(i, milestones));
		edit.number = (unsigned)i;
		before = size_of(own);
		took = set_store(store, &edit);
		grown = size_of(own) - before;
		if (grown > sizeof(journal))
			bench_die("the journal grew by %zu bytes", grown);
		if (i)
			mine[i - 1] = took;
		took = set_raw(env, file, &edit, journal, grown);
		if (i)
			raw[i - 1] = took;
	}
	mdb_env_close(env);
	cts_store_close(store);
	close(file);
	printf("{\"subject_ns\": %llu, \"reference_ns\": %llu, \"appended\": %zu}\n",
		(unsigned long long)bench_median(mine, count),
		(unsigned long long)bench_median(raw, count), grown);
	return 0;
}
