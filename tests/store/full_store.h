/*
 * What the tests of the check share: a store with everything in it (sealed, received and pending changes,
 * forks, seen commits, conflicts, a deleted record), whose entries a test puts, takes away or copies behind
 * the store's back, and what the check then says. Keys live until the end of the test.
 */
#ifndef TESTS_STORE_FULL_STORE_H
#define TESTS_STORE_FULL_STORE_H

#include "tests/store/pool.h"

static struct pool pool;
static struct peer peer;      /* of the store that is checked */
static struct cts_arena keys; /* of the test at hand */

FIXTURE int open_full(void **state)
{
	struct peer other = {0};
	struct pool_commit forged;
	struct dice dice = {.state = 1};

	make_dir(state);
	create_store("s", "nzp", "00000000000000a1");
	create_store("other", "dpmc", "00000000000000b2");
	peer = (struct peer){.store = open_store("s")};
	other.store = open_store("other");
	SET(peer.store, "initiative/a", "title=Grow", "labels=x|y", "status=ongoing");
	SET(peer.store, "agency/nzp", "code=NZP");
	SET(other.store, "initiative/a", "title=Shrink");
	SET(other.store, "initiative/gone", "title=Gone");
	DELETE(other.store, "initiative/gone");
	pool_seal(&pool, &peer);
	pool_seal(&pool, &other);
	forged = pool.commits[2];
	forged.time++;
	pool_add(&pool, &forged);
	set_add(&other.has, pool.count - 1);
	pool_fetch(&pool, &peer, &other.has, &dice);
	SET(peer.store, "milestone/m", "parent=initiative/a");
	pool_seal(&pool, &peer);
	SET(peer.store, "milestone/m", "label=pending");
	cts_store_close(other.store);
	check_store(peer.store, NULL);
	return 0;
}

FIXTURE int close_full(void **state)
{
	cts_store_close(peer.store);
	pool_release(&pool);
	cts_arena_release(&keys);
	return remove_dir(state);
}

/* ---- what the check says ---------------------------------------------------------------------- */

struct found {
	unsigned count;
	int numbers[16];
	char texts[16][512];
};

FIXTURE int note_violation(void *context, int number, const char *text)
{
	struct found *found = context;

	if (found->count < COUNT(found->texts)) {
		found->numbers[found->count] = number;
		snprintf(found->texts[found->count], sizeof(found->texts[0]), "%s", text);
	}
	found->count++;
	return 0;
}

FIXTURE struct found run_check(void)
{
	struct found found = {0};
	struct cts_check check = {.context = &found, .violation = note_violation};

	assert_ok(cts_store_check(peer.store, &check));
	return found;
}

FIXTURE void expect_violation(int number, const char *part)
{
	struct found found = run_check();

	for (unsigned i = 0; i < found.count && i < COUNT(found.texts); i++)
		if (found.numbers[i] == number && strstr(found.texts[i], part))
			return;
	fail_msg("%u violations, the first %d: %s", found.count, found.numbers[0],
		found.texts[0]);
}

/* ---- keys ------------------------------------------------------------------------------------- */

FIXTURE struct cts_slice text_slice(const char *text)
{
	return (struct cts_slice){.data = text, .size = strlen(text)};
}

/* What was written into the buffer, kept for the test; frees the buffer. */
FIXTURE struct cts_slice key_in(struct cts_buf *buf)
{
	struct cts_slice key = {
		.data = cts_arena_memdup(&keys, buf->data, buf->size), .size = buf->size};

	cts_buf_release(buf);
	return key;
}

FIXTURE struct cts_slice key_of_oid(const struct cts_oid *oid)
{
	return (struct cts_slice){
		.data = cts_arena_memdup(&keys, oid->bytes, CTS_OID_SIZE), .size = CTS_OID_SIZE};
}

/* Of a change or its vector, and what a commit's name leads to. */
FIXTURE struct cts_slice key_of_change(uint32_t line, uint64_t seq)
{
	struct cts_buf key = {0};

	cts_buf_put_be32(&key, line);
	cts_buf_put_be64(&key, seq);
	return key_in(&key);
}

FIXTURE struct cts_slice key_of_arrival(uint64_t arrival)
{
	struct cts_buf key = {0};

	cts_buf_put_be64(&key, arrival);
	return key_in(&key);
}

/* Of the first record that a change lists. */
FIXTURE struct cts_slice key_of_touched(uint64_t arrival)
{
	struct cts_buf key = {0};

	cts_buf_put_be64(&key, arrival);
	cts_buf_put_be32(&key, 0);
	return key_in(&key);
}

FIXTURE struct cts_slice key_of_history(const char *record, uint64_t arrival)
{
	struct cts_buf key = {0};

	cts_history_key(&key, record, arrival);
	return key_in(&key);
}

/* Of initiative/a, in the index of labels. */
FIXTURE struct cts_slice key_of_label(const char *label)
{
	struct cts_buf key = {0};

	cts_index_key(&key, kind_of("initiative"), field_of("initiative", "labels"), label, "a");
	return key_in(&key);
}

/* In the list of conflicts. */
FIXTURE struct cts_slice key_of_conflict(const char *record)
{
	struct cts_buf key = {0};

	cts_buf_putc(&key, '!');
	cts_buf_putc(&key, '\0');
	cts_buf_puts(&key, record);
	return key_in(&key);
}

/* ---- breaking things -------------------------------------------------------------------------- */

FIXTURE void remove_entry(enum cts_db db, struct cts_slice key)
{
	struct cts_txn *txn = begin_raw(peer.store);

	assert_int_equal(cts_db_delete(txn, db, key), 1);
	commit_raw(txn);
}

FIXTURE void put_entry(enum cts_db db, struct cts_slice key, struct cts_slice value)
{
	struct cts_txn *txn = begin_raw(peer.store);

	assert_ok(cts_db_put(txn, db, key, value));
	commit_raw(txn);
}

/* Puts what stands under one key under the other, too. */
FIXTURE void copy_entry(enum cts_db db, struct cts_slice to, struct cts_slice from)
{
	struct cts_txn *txn = begin_raw(peer.store);
	struct cts_slice value;

	assert_int_equal(cts_db_get(txn, db, from, &value), 1);
	value.data = cts_arena_memdup(&txn->arena, value.data, value.size);
	assert_ok(cts_db_put(txn, db, to, value));
	commit_raw(txn);
}

/* Turns a byte of the first value of a database. */
FIXTURE void flip_value(enum cts_db db)
{
	struct cts_txn *txn = begin_raw(peer.store);
	MDB_cursor *cursor;
	MDB_val key, value, changed;

	assert_int_equal(mdb_cursor_open(txn->mdb, peer.store->dbi[db], &cursor), 0);
	assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
	changed.mv_size = value.mv_size;
	changed.mv_data = cts_arena_memdup(&txn->arena, value.mv_data, value.mv_size);
	((unsigned char *)changed.mv_data)[value.mv_size - 1] ^= 1;
	key.mv_data = cts_arena_memdup(&txn->arena, key.mv_data, key.mv_size);
	mdb_cursor_close(cursor);
	assert_int_equal(mdb_put(txn->mdb, peer.store->dbi[db], &key, &changed, 0), 0);
	commit_raw(txn);
}

#define IN_FULL_STORE(name) cmocka_unit_test_setup_teardown(name, open_full, close_full)

#endif
