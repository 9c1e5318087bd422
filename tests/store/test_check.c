/*
 * The check: each numbered invariant of the records and their indexes (1 to 4) is violated on purpose, behind
 * the store's back, and found; a store without fault has none; what does not hold across records is told
 * apart. The others are in test_check_changes.c and test_check_journal.c.
 */
#include "tests/store/full_store.h"

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
	struct found found;

	(void)state;
	remove_entry(CTS_DB_RECORDS, text_slice("initiative/a"));
	put_entry(CTS_DB_RECORDS, text_slice("initiative/a"), text_slice("\377\377"));
	flip_value(CTS_DB_RECORDS); /* agency/nzp, the first */
	expect_violation(1, "'agency/nzp' cannot be read");
	expect_violation(1, "'initiative/a' cannot be read");
	found = run_check();
	for (unsigned i = 0; i < found.count && i < COUNT(found.texts); i++)
		assert_null(strstr(found.texts[i], "milestone/m"));
}

static void test_flipped_vector_is_found(void **state)
{
	(void)state;
	flip_value(CTS_DB_VECTORS);
	expect_violation(1, "the vectors cannot be read");
}

/* ---- 2 ---------------------------------------------------------------------------------------- */

/* Stores milestone/m again, with what was done to it or to what is remembered of its newest edits. */
static void forge_milestone(void (*forge)(struct cts_record *record, struct cts_state *newest))
{
	struct cts_txn *txn = begin_raw(peer.store);
	struct cts_arena arena = {0};
	struct cts_state newest = {.arena = &arena};
	struct cts_record record;
	struct cts_buf bytes = {0};
	bool deleted;

	assert_int_equal(cts_records_load(txn, &record, &deleted, &newest, "milestone/m"), 1);
	forge(&record, &newest);
	cts_stored_record_encode(&bytes, &record, deleted, &newest);
	assert_ok(cts_db_put(
		txn, CTS_DB_RECORDS, text_slice("milestone/m"), cts_buf_slice(&bytes)));
	commit_raw(txn);
	cts_record_release(&record);
	cts_arena_release(&arena);
	cts_buf_release(&bytes);
}

static void forge_label(struct cts_record *record, struct cts_state *newest)
{
	(void)newest;
	assign(record, TEXTS("label=forged"));
}

static void forge_newest_edit(struct cts_record *record, struct cts_state *newest)
{
	(void)record;
	cts_state_field(newest, "label")->newest[0].by.seq--;
}

static void test_record_that_is_not_what_its_history_says_is_found(void **state)
{
	(void)state;
	forge_milestone(forge_label);
	expect_violation(2, "'milestone/m' is not what its history says");
}

static void test_wrong_newest_edit_is_found(void **state)
{
	(void)state;
	forge_milestone(forge_newest_edit);
	expect_violation(2, "'milestone/m' is not what its history says");
}

static void test_record_without_history_is_found(void **state)
{
	(void)state;
	copy_entry(CTS_DB_RECORDS, text_slice("milestone/n"), text_slice("milestone/m"));
	expect_violation(2, "'milestone/n' is not what its history says");
}

/* ---- 3 and 4 ---------------------------------------------------------------------------------- */

static void test_missing_index_entry_is_found(void **state)
{
	(void)state;
	remove_entry(CTS_DB_INDEX, key_of_label("x"));
	expect_violation(3, "'initiative/a' is not in the index of labels");
}

static void test_index_entry_of_nothing_is_found(void **state)
{
	(void)state;
	put_entry(CTS_DB_INDEX, key_of_label("z"), text_slice(""));
	expect_violation(3, "the index has");
}

static void test_unlisted_conflict_is_found(void **state)
{
	(void)state;
	remove_entry(CTS_DB_INDEX, key_of_conflict("initiative/a"));
	expect_violation(4, "'initiative/a' is not in the list of conflicts");
}

static void test_listed_conflict_of_nothing_is_found(void **state)
{
	(void)state;
	put_entry(CTS_DB_INDEX, key_of_conflict("milestone/m"), text_slice(""));
	expect_violation(4, "2 records are listed in conflict, 1 are");
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
	put_entry(CTS_DB_INDEX, key_of_conflict("milestone/m"), text_slice(""));
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
	const struct CMUnitTest tests[] = {
		IN_FULL_STORE(test_flipped_bit_in_any_database_is_found),
		IN_FULL_STORE(test_damaged_record_is_named_and_the_rest_looked_at),
		IN_FULL_STORE(test_flipped_vector_is_found),
		IN_FULL_STORE(test_record_that_is_not_what_its_history_says_is_found),
		IN_FULL_STORE(test_wrong_newest_edit_is_found),
		IN_FULL_STORE(test_record_without_history_is_found),
		IN_FULL_STORE(test_missing_index_entry_is_found),
		IN_FULL_STORE(test_index_entry_of_nothing_is_found),
		IN_FULL_STORE(test_unlisted_conflict_is_found),
		IN_FULL_STORE(test_listed_conflict_of_nothing_is_found),
		IN_FULL_STORE(test_check_ends_when_it_is_told_to),
		IN_FULL_STORE(test_digest_is_that_of_the_live_records),
		IN_FULL_STORE(test_what_does_not_hold_across_records_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
