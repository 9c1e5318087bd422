/*
 * The check: each numbered invariant is violated on purpose, behind the store's back, and found; a
 * store without fault has none; what does not hold across records is told apart.
 */
#include "tests/store/pool.h"

static struct pool pool;
static struct peer peer;

/* A store with everything in it: sealed, received and pending changes, forks, seen commits, conflicts, a
 * deleted record. */
static int open_full(void **state)
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

static int close_full(void **state)
{
	cts_store_close(peer.store);
	pool_release(&pool);
	return remove_dir(state);
}

struct found {
	unsigned count;
	int numbers[16];
	char texts[16][512];
};

static int note_violation(void *context, int number, const char *text)
{
	struct found *found = context;

	if (found->count < 16) {
		found->numbers[found->count] = number;
		snprintf(found->texts[found->count], sizeof(found->texts[0]), "%s", text);
	}
	found->count++;
	return 0;
}

static struct found run_check(void)
{
	struct found found = {0};
	struct cts_check check = {.context = &found, .violation = note_violation};

	assert_ok(cts_store_check(peer.store, &check));
	return found;
}

static void expect_violation(int number, const char *part)
{
	struct found found = run_check();

	for (unsigned i = 0; i < found.count && i < 16; i++)
		if (found.numbers[i] == number && strstr(found.texts[i], part))
			return;
	fail_msg("%u violations, the first %d: %s", found.count, found.numbers[0],
		found.texts[0]);
}

/* ---- breaking things -------------------------------------------------------------------------- */

static struct cts_slice text_slice(const char *text)
{
	return (struct cts_slice){.data = text, .size = strlen(text)};
}

static struct cts_slice key_of(struct cts_buf *buf, uint32_t line, uint64_t seq)
{
	cts_buf_clear(buf);
	cts_buf_put_be32(buf, line);
	cts_buf_put_be64(buf, seq);
	return cts_buf_slice(buf);
}

/* A copy of what stands under the key. */
static struct cts_slice copy_of(struct cts_txn *txn, enum cts_db db, struct cts_slice key)
{
	struct cts_slice value;

	assert_int_equal(cts_db_get(txn, db, key, &value), 1);
	return (struct cts_slice){
		.data = cts_arena_memdup(&txn->arena, value.data, value.size), .size = value.size};
}

static void remove_entry(enum cts_db db, struct cts_slice key)
{
	struct cts_txn *txn = begin_raw(peer.store);

	assert_int_equal(cts_db_delete(txn, db, key), 1);
	commit_raw(txn);
}

static void put_entry(enum cts_db db, struct cts_slice key, struct cts_slice value)
{
	struct cts_txn *txn = begin_raw(peer.store);

	assert_ok(cts_db_put(txn, db, key, value));
	commit_raw(txn);
}

/* Turns a byte of the first value of a database. */
static void flip_value(enum cts_db db)
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

/* ---- 1 ---------------------------------------------------------------------------------------- */

static void test_flipped_bit_in_any_database_is_found(void **state)
{
	(void)state;
	for (int db = 0; db < CTS_DB_COUNT; db++) {
		struct found found;

		if (db == CTS_DB_INDEX || db == CTS_DB_STALE)
			continue; /* their keys say it all */
		if (db > 0) {
			close_full(state);
			open_full(state);
		}
		flip_value((enum cts_db)db);
		found = run_check();
		if (!found.count)
			fail_msg("database %d", db);
	}
}

static void test_damaged_record_is_named_and_the_rest_looked_at(void **state)
{
	struct cts_txn *txn = begin_raw(peer.store);
	struct cts_slice value;
	struct found found;

	(void)state;
	value = copy_of(txn, CTS_DB_RECORDS, text_slice("initiative/a"));
	((char *)value.data)[value.size / 2] ^= 0x40;
	assert_ok(cts_db_put(txn, CTS_DB_RECORDS, text_slice("initiative/a"),
		(struct cts_slice){.data = "\377\377", .size = 2}));
	commit_raw(txn);
	flip_value(CTS_DB_RECORDS); /* agency/nzp, the first */
	expect_violation(1, "'agency/nzp' cannot be read");
	expect_violation(1, "'initiative/a' cannot be read");
	found = run_check();
	for (unsigned i = 0; i < found.count; i++)
		assert_null(strstr(found.texts[i], "milestone/m"));
}

static void test_flipped_vector_is_found(void **state)
{
	(void)state;
	flip_value(CTS_DB_VECTORS);
	expect_violation(1, "the vectors cannot be read");
}

/* ---- 2 ---------------------------------------------------------------------------------------- */

static void test_record_that_is_not_what_its_history_says_is_found(void **state)
{
	struct cts_txn *txn = begin_raw(peer.store);
	struct cts_arena arena = {0};
	struct cts_state newest = {.arena = &arena};
	struct cts_record record;
	struct cts_buf bytes = {0};
	bool deleted;

	(void)state;
	assert_int_equal(cts_records_load(txn, &record, &deleted, &newest, "milestone/m"), 1);
	assign(&record, TEXTS("label=forged"));
	cts_stored_record_encode(&bytes, &record, deleted, &newest);
	assert_ok(cts_db_put(
		txn, CTS_DB_RECORDS, text_slice("milestone/m"), cts_buf_slice(&bytes)));
	commit_raw(txn);
	cts_record_release(&record);
	cts_arena_release(&arena);
	cts_buf_release(&bytes);
	expect_violation(2, "'milestone/m' is not what its history says");
}

static void test_wrong_newest_edit_is_found(void **state)
{
	struct cts_txn *txn = begin_raw(peer.store);
	struct cts_arena arena = {0};
	struct cts_state newest = {.arena = &arena};
	struct cts_record record;
	struct cts_buf bytes = {0};
	bool deleted;

	(void)state;
	assert_int_equal(cts_records_load(txn, &record, &deleted, &newest, "milestone/m"), 1);
	cts_state_field(&newest, "label")->newest[0].by.seq--;
	cts_stored_record_encode(&bytes, &record, deleted, &newest);
	assert_ok(cts_db_put(
		txn, CTS_DB_RECORDS, text_slice("milestone/m"), cts_buf_slice(&bytes)));
	commit_raw(txn);
	cts_record_release(&record);
	cts_arena_release(&arena);
	cts_buf_release(&bytes);
	expect_violation(2, "'milestone/m' is not what its history says");
}

static void test_record_without_history_is_found(void **state)
{
	struct cts_txn *txn = begin_raw(peer.store);
	struct cts_slice value;

	(void)state;
	value = copy_of(txn, CTS_DB_RECORDS, text_slice("milestone/m"));
	assert_ok(cts_db_put(txn, CTS_DB_RECORDS, text_slice("milestone/n"), value));
	commit_raw(txn);
	expect_violation(2, "'milestone/n' is not what its history says");
}

/* ---- 3 and 4 ---------------------------------------------------------------------------------- */

static void test_missing_index_entry_is_found(void **state)
{
	struct cts_buf key = {0};

	(void)state;
	cts_index_key(&key, kind_of("initiative"), field_of("initiative", "labels"), "x", "a");
	remove_entry(CTS_DB_INDEX, cts_buf_slice(&key));
	expect_violation(3, "'initiative/a' is not in the index of labels");
	cts_buf_release(&key);
}

static void test_index_entry_of_nothing_is_found(void **state)
{
	struct cts_buf key = {0};

	(void)state;
	cts_index_key(&key, kind_of("initiative"), field_of("initiative", "labels"), "z", "a");
	put_entry(CTS_DB_INDEX, cts_buf_slice(&key), text_slice(""));
	expect_violation(3, "the index has");
	cts_buf_release(&key);
}

static void test_unlisted_conflict_is_found(void **state)
{
	(void)state;
	remove_entry(CTS_DB_INDEX, (struct cts_slice){.data = "!\0initiative/a", .size = 14});
	expect_violation(4, "'initiative/a' is not in the list of conflicts");
}

static void test_listed_conflict_of_nothing_is_found(void **state)
{
	(void)state;
	put_entry(CTS_DB_INDEX, (struct cts_slice){.data = "!\0milestone/m", .size = 13},
		text_slice(""));
	expect_violation(4, "2 records are listed in conflict, 1 are");
}

/* ---- 5 ---------------------------------------------------------------------------------------- */

static void test_missing_change_is_found(void **state)
{
	struct cts_buf key = {0};

	(void)state;
	remove_entry(CTS_DB_CHANGES, key_of(&key, 1, 2));
	expect_violation(5, "change 00000000000000a1.2 is missing");
	cts_buf_release(&key);
}

static void test_change_of_no_line_is_found(void **state)
{
	struct cts_buf key = {0};
	struct cts_txn *txn = begin_raw(peer.store);
	struct cts_slice value = copy_of(txn, CTS_DB_CHANGES, key_of(&key, 1, 2));

	(void)state;
	assert_ok(cts_db_put(txn, CTS_DB_CHANGES, key_of(&key, 9, 2), value));
	commit_raw(txn);
	expect_violation(5, "there are changes of no line");
	cts_buf_release(&key);
}

static void test_change_in_the_place_of_another_is_found(void **state)
{
	struct cts_buf key = {0};
	struct cts_txn *txn = begin_raw(peer.store);
	struct cts_slice value = copy_of(txn, CTS_DB_CHANGES, key_of(&key, 1, 2));

	(void)state;
	assert_ok(cts_db_put(txn, CTS_DB_CHANGES, key_of(&key, 1, 1), value));
	commit_raw(txn);
	expect_violation(5, "in the place of change 00000000000000a1.1 stands another");
	cts_buf_release(&key);
}

static void test_wrong_arrival_is_found(void **state)
{
	struct cts_buf key = {0}, other = {0};
	struct cts_txn *txn = begin_raw(peer.store);
	struct cts_slice value;

	(void)state;
	cts_buf_put_be64(&key, 1);
	cts_buf_put_be64(&other, 2);
	value = copy_of(txn, CTS_DB_ARRIVALS, cts_buf_slice(&key));
	assert_ok(cts_db_put(txn, CTS_DB_ARRIVALS, cts_buf_slice(&other), value));
	commit_raw(txn);
	expect_violation(5, "change 00000000000000a1.2 is not where it arrived");
	cts_buf_release(&key);
	cts_buf_release(&other);
}

static void test_arrival_of_nothing_is_found(void **state)
{
	struct cts_buf key = {0};

	(void)state;
	cts_buf_put_be64(&key, 99);
	put_entry(CTS_DB_ARRIVALS, cts_buf_slice(&key), text_slice("01234567890123456789"));
	expect_violation(5, "there are arrivals of no change");
	cts_buf_release(&key);
}

static void test_unknown_commit_is_found(void **state)
{
	(void)state;
	remove_entry(CTS_DB_COMMITS,
		(struct cts_slice){.data = pool.commits[0].id.bytes, .size = CTS_OID_SIZE});
	expect_violation(5, "the commit of change 00000000000000a1.1 is not known");
}

static void test_commit_of_nothing_is_found(void **state)
{
	struct cts_oid oid = oid_number(1);
	struct cts_buf key = {0};

	(void)state;
	put_entry(CTS_DB_COMMITS, (struct cts_slice){.data = oid.bytes, .size = CTS_OID_SIZE},
		key_of(&key, 1, 1));
	expect_violation(5, "there are commits of no change");
	cts_buf_release(&key);
}

static void test_missing_vector_is_found(void **state)
{
	struct cts_buf key = {0};

	(void)state;
	remove_entry(CTS_DB_VECTORS, key_of(&key, 1, 3));
	expect_violation(5, "what change 00000000000000a1.3 had seen is not known");
	cts_buf_release(&key);
}

static void test_vector_that_forgot_something_is_found(void **state)
{
	struct cts_vector vector = {0};
	struct cts_txn *txn = begin_raw(peer.store);

	(void)state;
	cts_vector_raise(&vector, (struct cts_ref){1, 1});
	assert_ok(cts_vector_put(txn, (struct cts_ref){1, 3}, &vector));
	commit_raw(txn);
	cts_vector_release(&vector);
	expect_violation(5, "what change 00000000000000a1.3 had seen is not known");
}

static void test_vector_of_nothing_is_found(void **state)
{
	struct cts_vector vector = {0};
	struct cts_txn *txn = begin_raw(peer.store);

	(void)state;
	cts_vector_raise(&vector, (struct cts_ref){1, 1});
	assert_ok(cts_vector_put(txn, (struct cts_ref){1, 1}, &vector));
	commit_raw(txn);
	cts_vector_release(&vector);
	expect_violation(5, "there are vectors of no seen commit");
}

static void test_wrong_head_of_a_line_is_found(void **state)
{
	struct cts_txn *txn = begin_raw(peer.store);

	(void)state;
	assert_ok(cts_lines_load(txn));
	cts_line_at(txn, 1)->head.bytes[0] ^= 1;
	assert_ok(cts_line_save(txn, 1));
	commit_raw(txn);
	expect_violation(5, "beside its line's head");
}

/* ---- 6 ---------------------------------------------------------------------------------------- */

static void test_missing_history_is_found(void **state)
{
	struct cts_buf key = {0};

	(void)state;
	cts_history_key(&key, "agency/nzp", 2);
	remove_entry(CTS_DB_HISTORY, cts_buf_slice(&key));
	expect_violation(6, "'agency/nzp' has no history of change 00000000000000a1.2");
	cts_buf_release(&key);
}

static void test_history_of_nothing_is_found(void **state)
{
	struct cts_buf key = {0};
	struct cts_txn *txn = begin_raw(peer.store);
	struct cts_slice value;

	(void)state;
	cts_history_key(&key, "agency/nzp", 2);
	value = copy_of(txn, CTS_DB_HISTORY, cts_buf_slice(&key));
	cts_buf_clear(&key);
	cts_history_key(&key, "agency/zzz", 2);
	assert_ok(cts_db_put(txn, CTS_DB_HISTORY, cts_buf_slice(&key), value));
	commit_raw(txn);
	expect_violation(6, "there is history of no change");
	cts_buf_release(&key);
}

static void test_wrong_number_of_records_is_found(void **state)
{
	struct cts_buf key = {0};

	(void)state;
	cts_buf_put_be64(&key, 2);
	cts_buf_put_be32(&key, 0);
	remove_entry(CTS_DB_TOUCHED, cts_buf_slice(&key));
	expect_violation(6, "change 00000000000000a1.2 lists 0 records, not 1");
	cts_buf_release(&key);
}

/* ---- 7 ---------------------------------------------------------------------------------------- */

static void test_journal_file_that_lacks_frames_is_found(void **state)
{
	struct cts_buf whole = {0};

	(void)state;
	read_file_into(&whole, path_of("s/journal"));
	for (size_t size = 0; size < whole.size; size += 37) {
		write_file(path_of("s/journal"), whole.data, size);
		expect_violation(7, "the journal file lacks entries that LMDB has");
	}
	whole.data[whole.size - 1] ^= 1;
	write_file(path_of("s/journal"), whole.data, whole.size);
	expect_violation(7, "the journal file lacks entries");
	assert_int_equal(unlink(path_of("s/journal")), 0);
	expect_violation(7, "the journal file cannot be opened");
	cts_buf_release(&whole);
}

static void test_journal_file_with_more_is_no_fault(void **state)
{
	struct cts_journal_file *file = NULL;
	struct cts_buf whole = {0}, twice = {0};

	(void)state;
	/* The transaction stands twice, the first time cut short: as after a crash. */
	read_file_into(&whole, path_of("s/journal"));
	cts_buf_put(&twice, whole.data, whole.size - 60);
	write_file(path_of("s/journal"), twice.data, twice.size);
	assert_ok(cts_journal_open(&file, path_of("s/journal"), false));
	assert_ok(cts_journal_append(file, 77, text_slice("x")));
	assert_ok(cts_journal_flush(file));
	cts_journal_close(file);
	cts_buf_release(&twice);
	cts_buf_release(&whole);
	cts_store_close(peer.store);
	peer.store = open_store("s");
	check_store(peer.store, NULL);
}

static void test_pending_change_outside_the_journal_is_found(void **state)
{
	struct cts_txn *txn = begin_raw(peer.store);

	(void)state;
	assert_ok(cts_db_clear(txn, CTS_DB_JOURNAL));
	commit_raw(txn);
	expect_violation(7, "1 changes are pending, the journal has 0");
}

/* ---- the check itself ------------------------------------------------------------------------- */

static int stop_at_first(void *context, int number, const char *text)
{
	(void)number;
	(void)text;
	++*(int *)context;
	return 1;
}

static void test_check_ends_when_it_is_told_to(void **state)
{
	int calls = 0;
	struct cts_check check = {.context = &calls, .violation = stop_at_first};

	(void)state;
	put_entry(CTS_DB_INDEX, (struct cts_slice){.data = "!\0milestone/m", .size = 13},
		text_slice(""));
	flip_value(CTS_DB_RECORDS);
	assert_ok(cts_store_check(peer.store, &check));
	assert_int_equal(calls, 1);
	/* Nobody need listen. */
	check = (struct cts_check){0};
	assert_ok(cts_store_check(peer.store, &check));
}

static void test_digest_is_that_of_the_live_records(void **state)
{
	uint8_t before[CTS_SHA256_SIZE], after[CTS_SHA256_SIZE];
	struct cts_check check = {0};

	(void)state;
	check_store(peer.store, before);
	assert_ok(cts_store_check(peer.store, &check));
	assert_int_equal(check.records, 3);
	SET(peer.store, "initiative/new", "title=New");
	check_store(peer.store, after);
	assert_memory_not_equal(before, after, sizeof(before));
	DELETE(peer.store, "initiative/new");
	check_store(peer.store, after);
	assert_memory_equal(before, after, sizeof(before));
}

/* ---- across records --------------------------------------------------------------------------- */

static int note_broken(void *context, const char *key, const char *field, const char *text)
{
	cts_buf_printf(context, "%s %s %s\n", key, field, text);
	return 0;
}

static void test_what_does_not_hold_across_records_is_told(void **state)
{
	struct peer other = {0};
	struct dice dice = {.state = 1};
	struct cts_buf out = {0};
	struct cts_check check = {
		.context = &out, .broken = note_broken, .violation = fail_violation};
	struct cts_txn *txn;

	(void)state;
	other.store = open_store("other");
	SET(other.store, "agency/police", "code=NZP");
	SET(other.store, "milestone/lost", "parent=initiative/none",
		"depends_on=milestone/m|milestone/never");
	SET(other.store, "workstream/w", "title=W", "initiative=initiative/gone");
	pool_seal(&pool, &other);
	pool_seal(&pool, &peer);
	pool_fetch(&pool, &peer, &other.has, &dice);
	assert_ok(cts_store_check(peer.store, &check));
	expect_text(&out,
		"agency/nzp code code 'NZP' belongs to 'agency/police' already\n"
		"agency/police code code 'NZP' belongs to 'agency/nzp' already\n"
		"milestone/lost parent refers to 'initiative/none', which is not here\n"
		"milestone/lost depends_on refers to 'milestone/never', which is not here\n"
		"workstream/w initiative refers to 'initiative/gone', which was deleted\n");
	txn = begin_reading(peer.store);
	assert_int_equal(cts_txn_each_broken(txn, 2, note_broken, &out), 1);
	expect_text(&out, "agency/nzp code code 'NZP' belongs to 'agency/police' already\n"
			  "agency/police code code 'NZP' belongs to 'agency/nzp' already\n");
	assert_int_equal(cts_txn_each_broken(txn, 0, note_broken, &out), 0);
	expect_text(&out, "");
	assert_null(cts_error_hint());
	cts_txn_end(txn);
	cts_buf_release(&out);
	cts_store_close(other.store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_full, close_full)
	const struct CMUnitTest tests[] = {
		TEST(test_flipped_bit_in_any_database_is_found),
		TEST(test_damaged_record_is_named_and_the_rest_looked_at),
		TEST(test_flipped_vector_is_found),
		TEST(test_record_that_is_not_what_its_history_says_is_found),
		TEST(test_wrong_newest_edit_is_found),
		TEST(test_record_without_history_is_found),
		TEST(test_missing_index_entry_is_found),
		TEST(test_index_entry_of_nothing_is_found),
		TEST(test_unlisted_conflict_is_found),
		TEST(test_listed_conflict_of_nothing_is_found),
		TEST(test_missing_change_is_found),
		TEST(test_change_of_no_line_is_found),
		TEST(test_change_in_the_place_of_another_is_found),
		TEST(test_wrong_arrival_is_found),
		TEST(test_arrival_of_nothing_is_found),
		TEST(test_unknown_commit_is_found),
		TEST(test_commit_of_nothing_is_found),
		TEST(test_missing_vector_is_found),
		TEST(test_vector_that_forgot_something_is_found),
		TEST(test_vector_of_nothing_is_found),
		TEST(test_wrong_head_of_a_line_is_found),
		TEST(test_missing_history_is_found),
		TEST(test_history_of_nothing_is_found),
		TEST(test_wrong_number_of_records_is_found),
		TEST(test_journal_file_that_lacks_frames_is_found),
		TEST(test_journal_file_with_more_is_no_fault),
		TEST(test_pending_change_outside_the_journal_is_found),
		TEST(test_check_ends_when_it_is_told_to),
		TEST(test_digest_is_that_of_the_live_records),
		TEST(test_what_does_not_hold_across_records_is_told),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
