/*
 * The check of changes (invariants 5 and 6): each change, arrival, commit name, vector and piece of history
 * that is missing, or stands where it does not belong, is found.
 */
#include "tests/store/full_store.h"

/* ---- 5 ---------------------------------------------------------------------------------------- */

static void test_missing_change_is_found(void **state)
{
	(void)state;
	remove_entry(CTS_DB_CHANGES, key_of_change(1, 2));
	expect_violation(5, "change 00000000000000a1.2 is missing");
}

static void test_change_of_no_line_is_found(void **state)
{
	(void)state;
	copy_entry(CTS_DB_CHANGES, key_of_change(9, 2), key_of_change(1, 2));
	expect_violation(5, "there are changes of no line");
}

static void test_change_in_the_place_of_another_is_found(void **state)
{
	(void)state;
	copy_entry(CTS_DB_CHANGES, key_of_change(1, 1), key_of_change(1, 2));
	expect_violation(5, "in the place of change 00000000000000a1.1 stands another");
}

static void test_wrong_arrival_is_found(void **state)
{
	(void)state;
	copy_entry(CTS_DB_ARRIVALS, key_of_arrival(2), key_of_arrival(1));
	expect_violation(5, "change 00000000000000a1.2 is not where it arrived");
}

static void test_arrival_of_nothing_is_found(void **state)
{
	(void)state;
	put_entry(CTS_DB_ARRIVALS, key_of_arrival(99), text_slice("01234567890123456789"));
	expect_violation(5, "there are arrivals of no change");
}

static void test_unknown_commit_is_found(void **state)
{
	(void)state;
	remove_entry(CTS_DB_COMMITS, key_of_oid(&pool.commits[0].id));
	expect_violation(5, "the commit of change 00000000000000a1.1 is not known");
}

static void test_commit_of_nothing_is_found(void **state)
{
	struct cts_oid oid = oid_number(1);

	(void)state;
	put_entry(CTS_DB_COMMITS, key_of_oid(&oid), key_of_change(1, 1));
	expect_violation(5, "there are commits of no change");
}

static void test_missing_vector_is_found(void **state)
{
	(void)state;
	remove_entry(CTS_DB_VECTORS, key_of_change(1, 3));
	expect_violation(5, "what change 00000000000000a1.3 had seen is not known");
}

/* A vector that says that the change has seen the first one of its line, and nothing else. */
static void put_short_vector(struct cts_ref change)
{
	struct cts_vector vector = {0};
	struct cts_txn *txn = begin_raw(peer.store);

	cts_vector_raise(&vector, (struct cts_ref){1, 1});
	assert_ok(cts_vector_put(txn, change, &vector));
	commit_raw(txn);
	cts_vector_release(&vector);
}

static void test_vector_that_forgot_something_is_found(void **state)
{
	(void)state;
	put_short_vector((struct cts_ref){1, 3});
	expect_violation(5, "what change 00000000000000a1.3 had seen is not known");
}

static void test_vector_of_nothing_is_found(void **state)
{
	(void)state;
	put_short_vector((struct cts_ref){1, 1});
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
	(void)state;
	remove_entry(CTS_DB_HISTORY, key_of_history("agency/nzp", 2));
	expect_violation(6, "'agency/nzp' has no history of change 00000000000000a1.2");
}

static void test_history_of_nothing_is_found(void **state)
{
	(void)state;
	copy_entry(CTS_DB_HISTORY, key_of_history("agency/zzz", 2),
		key_of_history("agency/nzp", 2));
	expect_violation(6, "there is history of no change");
}

static void test_wrong_number_of_records_is_found(void **state)
{
	(void)state;
	remove_entry(CTS_DB_TOUCHED, key_of_touched(2));
	expect_violation(6, "change 00000000000000a1.2 lists 0 records, not 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FULL_STORE(test_missing_change_is_found),
		IN_FULL_STORE(test_change_of_no_line_is_found),
		IN_FULL_STORE(test_change_in_the_place_of_another_is_found),
		IN_FULL_STORE(test_wrong_arrival_is_found),
		IN_FULL_STORE(test_arrival_of_nothing_is_found),
		IN_FULL_STORE(test_unknown_commit_is_found),
		IN_FULL_STORE(test_commit_of_nothing_is_found),
		IN_FULL_STORE(test_missing_vector_is_found),
		IN_FULL_STORE(test_vector_that_forgot_something_is_found),
		IN_FULL_STORE(test_vector_of_nothing_is_found),
		IN_FULL_STORE(test_wrong_head_of_a_line_is_found),
		IN_FULL_STORE(test_missing_history_is_found),
		IN_FULL_STORE(test_history_of_nothing_is_found),
		IN_FULL_STORE(test_wrong_number_of_records_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
