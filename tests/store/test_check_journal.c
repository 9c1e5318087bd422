/*
 * The check of the journal (invariant 7): a file that lacks what LMDB's journal has is found, and so is a
 * pending change outside it; what the file has besides is no fault.
 */
#include "tests/store/full_store.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FULL_STORE(test_journal_file_that_lacks_frames_is_found),
		IN_FULL_STORE(test_journal_file_with_more_is_no_fault),
		IN_FULL_STORE(test_pending_change_outside_the_journal_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
