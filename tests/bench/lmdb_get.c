/*
 * The least that a program can do to answer from a store: it opens the environment for reading, as the
 * store does it (its map, readers and named databases; a table of readers, since others may write), gets
 * one key of one database and writes the bytes to stdout. The start of `show` and `log` is measured
 * against it.
 *
 *	lmdb_get .ctsync records milestone/x
 */
#include <lmdb.h>
#include <stdio.h>
#include <string.h>

enum { DATABASES = 12, READERS = 510 };

static int fail(const char *what, int code)
{
	fprintf(stderr, "lmdb_get: %s: %s\n", what, mdb_strerror(code));
	return 1;
}

int main(int argc, char **argv)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_val key, value;
	int code;

	if (argc != 4) {
		fprintf(stderr, "lmdb_get FOLDER DATABASE KEY\n");
		return 2;
	}
	key = (MDB_val){.mv_data = argv[3], .mv_size = strlen(argv[3])};
	code = mdb_env_create(&env);
	if (code)
		return fail("create", code);
	mdb_env_set_maxdbs(env, DATABASES);
	mdb_env_set_maxreaders(env, READERS);
	mdb_env_set_mapsize(env, (size_t)16 << 30);
	code = mdb_env_open(env, argv[1], MDB_RDONLY | MDB_NOTLS, 0666);
	if (code)
		return fail(argv[1], code);
	code = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (code)
		return fail("begin", code);
	code = mdb_dbi_open(txn, argv[2], 0, &dbi);
	if (code)
		return fail(argv[2], code);
	code = mdb_get(txn, dbi, &key, &value);
	if (code)
		return fail(argv[3], code);
	fwrite(value.mv_data, 1, value.mv_size, stdout);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return fflush(stdout) ? 1 : 0;
}
