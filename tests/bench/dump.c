/*
 * What a store has in LMDB, as it lies there, for the references that use LMDB alone:
 * `dump STORE FILE DATABASE...`. An entry is the two sizes (4 bytes each, this machine's order),
 * the key, the value with its checksum; an entry whose first size is DUMP_NAME begins a database,
 * and its bytes are the name.
 */
#include "tests/bench/bench.h"

#include <lmdb.h>

static void check(int code, const char *what)
{
	if (code)
		bench_die("%s: %s", what, mdb_strerror(code));
}

static void put_name(FILE *out, const char *name)
{
	uint32_t sizes[2] = {BENCH_DUMP_NAME, (uint32_t)strlen(name)};

	fwrite(sizes, sizeof(sizes), 1, out);
	fwrite(name, sizes[1], 1, out);
}

static void dump(FILE *out, MDB_txn *txn, const char *name)
{
	MDB_dbi dbi;
	MDB_cursor *cursor;
	MDB_val key, value;
	int code;

	check(mdb_dbi_open(txn, name, 0, &dbi), name);
	check(mdb_cursor_open(txn, dbi, &cursor), name);
	put_name(out, name);
	while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		uint32_t sizes[2] = {(uint32_t)key.mv_size, (uint32_t)value.mv_size};

		fwrite(sizes, sizeof(sizes), 1, out);
		fwrite(key.mv_data, key.mv_size, 1, out);
		fwrite(value.mv_data, value.mv_size, 1, out);
	}
	if (code != MDB_NOTFOUND)
		check(code, name);
	mdb_cursor_close(cursor);
}

int main(int argc, char **argv)
{
	MDB_env *env;
	MDB_txn *txn;
	FILE *out;

	if (argc < 4)
		bench_die("usage: dump STORE FILE DATABASE...");
	out = fopen(argv[2], "w");
	if (!out)
		bench_die("cannot write '%s'", argv[2]);
	check(mdb_env_create(&env), "create");
	check(mdb_env_set_maxdbs(env, BENCH_DATABASES), "databases");
	check(mdb_env_set_mapsize(env, BENCH_MAP_BYTES), "map");
	check(mdb_env_open(env, argv[1], MDB_RDONLY | MDB_NOTLS, 0666), argv[1]);
	check(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "begin");
	for (int i = 3; i < argc; i++)
		dump(out, txn, argv[i]);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	if (ferror(out) || fclose(out) != 0)
		bench_die("cannot write '%s'", argv[2]);
	return 0;
}
