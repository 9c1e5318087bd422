/*
 * LMDB alone, the reference of an import: puts what dump.c wrote into a new environment, in one
 * transaction, durable: `load DUMP FOLDER`. `load --version` tells which LMDB.
 */
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(int code, const char *what)
{
	if (code)
		bench_die("%s: %s", what, mdb_strerror(code));
}

static void put_all(MDB_txn *txn, const char *data, size_t size)
{
	MDB_dbi dbi = 0;
	size_t at = 0;

	while (at < size) {
		char name[64];
		uint32_t sizes[2];
		MDB_val key, value;

		memcpy(sizes, data + at, sizeof(sizes));
		at += sizeof(sizes);
		if (sizes[0] == BENCH_DUMP_NAME) {
			snprintf(name, sizeof(name), "%.*s", (int)sizes[1], data + at);
			check(mdb_dbi_open(txn, name, MDB_CREATE, &dbi), name);
			at += sizes[1];
			continue;
		}
		key = (MDB_val){.mv_data = (void *)(uintptr_t)(data + at), .mv_size = sizes[0]};
		at += sizes[0];
		value = (MDB_val){.mv_data = (void *)(uintptr_t)(data + at), .mv_size = sizes[1]};
		at += sizes[1];
		check(mdb_put(txn, dbi, &key, &value, 0), "put");
	}
}

int main(int argc, char **argv)
{
	MDB_env *env;
	MDB_txn *txn;
	struct stat info;
	void *data;
	int fd;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts(mdb_version(NULL, NULL, NULL));
		return 0;
	}
	if (argc != 3)
		bench_die("usage: load DUMP FOLDER");
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &info) != 0)
		bench_die("cannot read '%s'", argv[1]);
	data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		bench_die("cannot map '%s'", argv[1]);
	check(mdb_env_create(&env), "create");
	check(mdb_env_set_maxdbs(env, BENCH_DATABASES), "databases");
	check(mdb_env_set_mapsize(env, BENCH_MAP_BYTES), "map");
	check(mdb_env_open(env, argv[2], MDB_NOTLS, 0666), argv[2]);
	check(mdb_txn_begin(env, NULL, 0, &txn), "begin");
	put_all(txn, data, (size_t)info.st_size);
	check(mdb_txn_commit(txn), "commit");
	mdb_env_close(env);
	return 0;
}
