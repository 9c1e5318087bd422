/*
 * The records database of a store as it lies in LMDB, for the references that use LMDB alone:
 * `dump STORE FILE`. An entry is the two sizes (4 bytes each, this machine's order), the key, the
 * value with its checksum.
 */
#include "tests/bench/bench.h"

#include <lmdb.h>

static void check(int code, const char *what)
{
	if (code)
		bench_die("%s: %s", what, mdb_strerror(code));
}

int main(int argc, char **argv)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_cursor *cursor;
	MDB_val key, value;
	FILE *out;
	int code;

	if (argc != 3)
		bench_die("usage: dump STORE FILE");
	out = fopen(argv[2], "w");
	if (!out)
		bench_die("cannot write '%s'", argv[2]);
	check(mdb_env_create(&env), "create");
	check(mdb_env_set_maxdbs(env, 32), "databases");
	check(mdb_env_set_mapsize(env, (size_t)16 << 30), "map");
	check(mdb_env_open(env, argv[1], MDB_RDONLY | MDB_NOTLS, 0666), argv[1]);
	check(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "begin");
	check(mdb_dbi_open(txn, "records", 0, &dbi), "records");
	check(mdb_cursor_open(txn, dbi, &cursor), "cursor");
	while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		uint32_t sizes[2] = {(uint32_t)key.mv_size, (uint32_t)value.mv_size};

		fwrite(sizes, sizeof(sizes), 1, out);
		fwrite(key.mv_data, key.mv_size, 1, out);
		fwrite(value.mv_data, value.mv_size, 1, out);
	}
	if (code != MDB_NOTFOUND)
		check(code, "read");
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	if (ferror(out) || fclose(out) != 0)
		bench_die("cannot write '%s'", argv[2]);
	return 0;
}
