/*
 * The one door to LMDB: gets, puts and walks of named databases, with the checksum that stands before
 * every value and LMDB's codes turned into ours. A loop over a cursor ends at exactly MDB_NOTFOUND;
 * any other code is an error: an error taken for the end would lose data quietly.
 */
#include "store/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <zlib.h>

#include "proto/buf.h"
#include "proto/error.h"

enum { CHECKSUM_SIZE = 4 };

int cts_store_damaged(struct cts_store *store, const char *what)
{
	int rc = cts_fail(CTS_EDAMAGED, "the store '%s' is damaged: %s", store->path, what);

	cts_hint("ctsync rebuild");
	return rc;
}

/* Less than a few pages are left where the store lies. */
static bool is_full(const struct cts_store *store)
{
	struct statvfs info;

	return statvfs(store->path, &info) == 0 && info.f_bavail * info.f_frsize < 1 << 20;
}

int cts_db_fail(struct cts_store *store, int code, const char *what)
{
	switch (code) {
	case 0:
		return 0;
	case MDB_MAP_FULL:
		return CTS_MAP_FULL;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_PANIC:
	case MDB_CURSOR_FULL:
	case MDB_PAGE_FULL:
	case MDB_INCOMPATIBLE:
	case MDB_BAD_VALSIZE:
	case MDB_BAD_TXN:
	case MDB_BAD_DBI:
		return cts_store_damaged(store, mdb_strerror(code));
	case MDB_VERSION_MISMATCH:
		return cts_fail(CTS_ENEWER, "'%s/data.mdb' is of another version of LMDB", store->path);
	case MDB_READERS_FULL:
		return cts_fail(CTS_ELOCKED, "too many processes read the store '%s'", store->path);
	default:
		/* LMDB calls a write that was cut short an input/output error: the disk was full half-way. */
		if (code == EIO && is_full(store))
			code = ENOSPC;
		if (code > 0)
			return cts_fail_errno(CTS_EIO, code, "cannot %s the store '%s'", what, store->path);
		return cts_fail(CTS_EIO, "cannot %s the store '%s': %s", what, store->path,
			mdb_strerror(code));
	}
}

/* Takes the checksum off and compares it. */
static int unwrap(struct cts_txn *txn, struct cts_slice *out, const MDB_val *value)
{
	const unsigned char *bytes = value->mv_data;

	if (value->mv_size == 0) { /* entries whose key says it all */
		*out = (struct cts_slice){.data = "", .size = 0};
		return 1;
	}
	if (value->mv_size < CHECKSUM_SIZE)
		return cts_store_damaged(txn->store, "a value is too short");
	if (cts_be32(bytes) !=
		(uint32_t)crc32(0, bytes + CHECKSUM_SIZE, (uInt)(value->mv_size - CHECKSUM_SIZE)))
		return cts_store_damaged(txn->store, "a value does not match its checksum");
	*out = (struct cts_slice){
		.data = bytes + CHECKSUM_SIZE,
		.size = value->mv_size - CHECKSUM_SIZE,
	};
	cts_relax_after(txn, value->mv_size);
	return 1;
}

int cts_db_get(struct cts_txn *txn, enum cts_db db, struct cts_slice key, struct cts_slice *out)
{
	MDB_val k = {.mv_data = (void *)key.data, .mv_size = key.size}, v;
	int code;

	if (txn->puts[db])
		code = mdb_cursor_get(txn->puts[db], &k, &v, MDB_SET);
	else
		code = mdb_get(txn->mdb, txn->store->dbi[db], &k, &v);

	if (code == MDB_NOTFOUND)
		return 0;
	if (code)
		return cts_db_fail(txn->store, code, "read");
	return unwrap(txn, out, &v);
}

/* Through a cursor that stays where the last put was: keys mostly come in order, and the next then costs no
 * walk down the tree. LMDB closes it with the transaction. */
int cts_db_put(struct cts_txn *txn, enum cts_db db, struct cts_slice key, struct cts_slice value)
{
	MDB_val k = {.mv_data = (void *)key.data, .mv_size = key.size};
	MDB_val v = {.mv_size = value.size ? value.size + CHECKSUM_SIZE : 0};
	uint32_t sum;
	unsigned char *bytes;
	int code = 0;

	if (!txn->puts[db])
		code = mdb_cursor_open(txn->mdb, txn->store->dbi[db], &txn->puts[db]);
	if (!code)
		code = mdb_cursor_put(txn->puts[db], &k, &v, value.size ? MDB_RESERVE : 0);
	if (code)
		return cts_db_fail(txn->store, code, "write");
	if (!value.size)
		return 0;
	bytes = v.mv_data;
	sum = (uint32_t)crc32(0, value.data, (uInt)value.size);
	bytes[0] = (unsigned char)(sum >> 24);
	bytes[1] = (unsigned char)(sum >> 16);
	bytes[2] = (unsigned char)(sum >> 8);
	bytes[3] = (unsigned char)sum;
	memcpy(bytes + CHECKSUM_SIZE, value.data, value.size);
	cts_relax_after(txn, value.size); /* what LMDB wrote out early it reads back through the map */
	return 0;
}

int cts_db_delete(struct cts_txn *txn, enum cts_db db, struct cts_slice key)
{
	MDB_val k = {.mv_data = (void *)key.data, .mv_size = key.size};
	int code = mdb_del(txn->mdb, txn->store->dbi[db], &k, NULL);

	if (code == MDB_NOTFOUND)
		return 0;
	return code ? cts_db_fail(txn->store, code, "write") : 1;
}

int cts_db_clear(struct cts_txn *txn, enum cts_db db)
{
	return cts_db_fail(txn->store, mdb_drop(txn->mdb, txn->store->dbi[db], 0), "write");
}

uint64_t cts_db_entries(struct cts_txn *txn, enum cts_db db)
{
	MDB_stat stat;

	if (mdb_stat(txn->mdb, txn->store->dbi[db], &stat) != 0)
		return 0;
	return stat.ms_entries;
}

/* One step; `k` and `v` come back from LMDB. */
static int step(struct cts_cursor *cursor, MDB_cursor_op op)
{
	MDB_val k = {0}, v = {0};
	int code;

	if (op == MDB_SET_RANGE)
		k = (MDB_val){
			.mv_data = (void *)cursor->prefix.data,
			.mv_size = cursor->prefix.size,
		};
	code = mdb_cursor_get(cursor->mdb, &k, &v, op);
	if (code == MDB_NOTFOUND)
		return 0;
	if (code)
		return cts_db_fail(cursor->txn->store, code, "read");
	if (k.mv_size < cursor->prefix.size ||
		memcmp(k.mv_data, cursor->prefix.data, cursor->prefix.size) != 0)
		return 0;
	cursor->key = (struct cts_slice){.data = k.mv_data, .size = k.mv_size};
	return unwrap(cursor->txn, &cursor->value, &v);
}

static int open_cursor(
	struct cts_cursor *cursor, struct cts_txn *txn, enum cts_db db, struct cts_slice prefix)
{
	*cursor = (struct cts_cursor){.txn = txn, .prefix = prefix};
	return cts_db_fail(
		txn->store, mdb_cursor_open(txn->mdb, txn->store->dbi[db], &cursor->mdb), "read");
}

int cts_cursor_first(
	struct cts_cursor *cursor, struct cts_txn *txn, enum cts_db db, struct cts_slice prefix)
{
	int rc = open_cursor(cursor, txn, db, prefix);

	return rc < 0 ? rc : step(cursor, prefix.size ? MDB_SET_RANGE : MDB_FIRST);
}

int cts_cursor_next(struct cts_cursor *cursor)
{
	return step(cursor, MDB_NEXT);
}

int cts_cursor_delete(struct cts_cursor *cursor)
{
	return cts_db_fail(cursor->txn->store, mdb_cursor_del(cursor->mdb, 0), "write");
}

void cts_cursor_close(struct cts_cursor *cursor)
{
	if (cursor->mdb)
		mdb_cursor_close(cursor->mdb);
	cursor->mdb = NULL;
}
