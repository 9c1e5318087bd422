/*
 * Reads records by id, against LMDB and protobuf-c alone: `read STORE RAW MILESTONES COUNT ROUNDS`.
 * RAW holds what dump.c and load.c took out of the store. The reference gets the value and unpacks
 * the three messages in it (the stored record, and packed in it the kind's own message and Common)
 * with the same descriptors; no checksum, no checks, no record built. Rounds alternate; both orders
 * of the ids are the same.
 */
#include "tests/bench/bench.h"

#include <lmdb.h>

#include "proto/error.h"
#include "proto/schema_internal.h"
#include "store/store.h"
#include "stored.pb-c.h"

enum { CHECKSUM_SIZE = 4 };

static void check(int code, const char *what)
{
	if (code)
		bench_die("%s: %s", what, mdb_strerror(code));
}

static uint64_t read_store(
	struct cts_store *store, const uint64_t *ids, size_t count, size_t *bytes)
{
	uint64_t start = bench_ns();
	struct cts_txn *txn;

	if (cts_txn_begin(&txn, store) < 0)
		bench_die("%s", cts_error_message(0));
	for (size_t i = 0; i < count; i++) {
		struct cts_record record;
		char key[BENCH_KEY_SIZE];

		if (cts_txn_get(txn, &record, bench_key(key, ids[i])) < 0)
			bench_die("%s", cts_error_message(0));
		*bytes += record.id[0] == 'm';
		cts_record_release(&record);
	}
	cts_txn_end(txn);
	return bench_ns() - start;
}

static void unpack(const ProtobufCMessageDescriptor *descriptor, ProtobufCBinaryData bytes)
{
	ProtobufCMessage *message =
		protobuf_c_message_unpack(descriptor, NULL, bytes.len, bytes.data);

	if (!message)
		bench_die("a message cannot be unpacked");
	protobuf_c_message_free_unpacked(message, NULL);
}

static uint64_t read_raw(
	MDB_env *env, const struct cts_kind *kind, const uint64_t *ids, size_t count, size_t *bytes)
{
	uint64_t start = bench_ns();
	MDB_txn *txn;
	MDB_dbi dbi;

	check(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "begin");
	check(mdb_dbi_open(txn, "records", 0, &dbi), "records");
	for (size_t i = 0; i < count; i++) {
		Ctsync__StoredRecord *stored;
		char text[BENCH_KEY_SIZE];
		MDB_val key, value;

		bench_key(text, ids[i]);
		key = (MDB_val){.mv_data = text, .mv_size = strlen(text)};
		check(mdb_get(txn, dbi, &key, &value), text);
		stored = ctsync__stored_record__unpack(NULL, value.mv_size - CHECKSUM_SIZE,
			(const uint8_t *)value.mv_data + CHECKSUM_SIZE);
		if (!stored)
			bench_die("%s: the stored record cannot be unpacked", text);
		unpack(cts_kind_descriptor(kind, false), stored->fields);
		unpack(cts_kind_descriptor(kind, true), stored->common);
		*bytes += value.mv_size;
		ctsync__stored_record__free_unpacked(stored, NULL);
	}
	mdb_txn_abort(txn);
	return bench_ns() - start;
}

int main(int argc, char **argv)
{
	enum { ROUNDS_MAX = 1000 };
	static uint64_t mine[ROUNDS_MAX], raw[ROUNDS_MAX];
	const struct cts_kind *kind = cts_schema_kind(cts_schema_builtin(), "milestone");
	struct cts_store *store;
	MDB_env *env;
	uint64_t milestones, count, rounds, *ids, seed = 1;
	size_t bytes = 0;

	if (argc != 6)
		bench_die("usage: read STORE RAW MILESTONES COUNT ROUNDS");
	milestones = bench_number(argv[3]);
	count = bench_number(argv[4]);
	rounds = bench_number(argv[5]);
	if (rounds < 1 || rounds > ROUNDS_MAX)
		bench_die("from 1 to %d rounds", ROUNDS_MAX);
	ids = malloc(count * sizeof(*ids));
	if (!ids)
		bench_die("no memory");
	for (uint64_t i = 0; i < count; i++)
		ids[i] = bench_random(&seed) % milestones;
	if (cts_store_open(&store, argv[1]) < 0)
		bench_die("%s", cts_error_message(0));
	check(mdb_env_create(&env), "create");
	check(mdb_env_set_maxdbs(env, BENCH_DATABASES), "databases");
	check(mdb_env_set_mapsize(env, BENCH_MAP_BYTES), "map");
	check(mdb_env_open(env, argv[2], MDB_RDONLY | MDB_NOTLS, 0666), argv[2]);
	read_store(store, ids, count, &bytes);
	read_raw(env, kind, ids, count, &bytes);
	for (size_t i = 0; i < rounds; i++) {
		mine[i] = read_store(store, ids, count, &bytes);
		raw[i] = read_raw(env, kind, ids, count, &bytes);
	}
	mdb_env_close(env);
	cts_store_close(store);
	free(ids);
	printf("{\"subject_ns\": %llu, \"reference_ns\": %llu}\n",
		(unsigned long long)bench_median(mine, rounds),
		(unsigned long long)bench_median(raw, rounds));
	return bytes ? 0 : 1;
}
