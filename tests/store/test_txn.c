/*
 * Transactions: snapshots for readers, the map's growth under writers and readers of several
 * processes, writers that take turns, dry runs and failures that leave nothing behind.
 */
#include <sys/file.h>

#include "tests/store/fixture.h"

static void set_small_map(void)
{
	setenv("CTSYNC_MAP_BYTES", "1048576", 1);
}

static const char *key_number(int i)
{
	static char key[64];

	snprintf(key, sizeof(key), "initiative/n%04d", i);
	return key;
}

static const char *long_title(int i)
{
	static char title[2048];

	memset(title, 'x', sizeof(title) - 1);
	title[sizeof(title) - 1] = '\0';
	memcpy(title, "title=", 6);
	snprintf(title + 6, 16, "%d", i);
	title[strlen(title)] = 'x';
	return title;
}

struct many {
	int from, to, runs;
};

static int put_many(struct cts_txn *txn, void *context)
{
	struct many *many = context;
	int rc = 0;

	many->runs++;
	for (int i = many->from; i < many->to && rc >= 0; i++)
		rc = put_in(txn, key_number(i), TEXTS(long_title(i)));
	return rc;
}

static uint64_t count_records(struct cts_store *store)
{
	struct cts_check check = {.violation = fail_violation};

	assert_ok(cts_store_check(store, &check));
	return check.records;
}

static void test_map_grows_inside_one_transaction(void **state)
{
	struct cts_store *store;
	struct cts_write options = {0};
	struct many many = {.from = 0, .to = 1500};

	(void)state;
	set_small_map();
	store = make_store("s");
	assert_ok(cts_store_write(store, &options, put_many, &many));
	assert_true(many.runs > 2);
	assert_true(options.changed);
	assert_int_equal(count_records(store), 1500);
	assert_int_equal(journal_count(store), 1);
	/* A file opened with the small map again is read whole. */
	store = reopen(store, "s");
	assert_int_equal(count_records(store), 1500);
	SET(store, "initiative/one-more", "title=x");
	check_store(store, NULL);
	cts_store_close(store);
}

static void test_map_grows_between_transactions(void **state)
{
	struct cts_store *store;
	struct cts_write options = {0};

	(void)state;
	set_small_map();
	store = make_store("s");
	for (int i = 0; i < 600; i += 20) {
		struct many many = {.from = i, .to = i + 20};

		assert_ok(cts_store_write(store, &options, put_many, &many));
	}
	assert_int_equal(count_records(store), 600);
	assert_int_equal(journal_count(store), 30);
	cts_store_close(store);
}

static int write_many_elsewhere(void *context)
{
	struct cts_store *store;
	struct cts_write options = {0};

	if (cts_store_open(&store, path_of("s")) < 0)
		return 1;
	if (cts_store_write(store, &options, put_many, context) < 0)
		return 2;
	cts_store_close(store);
	return 0;
}

static void test_growth_by_another_process_is_followed(void **state)
{
	struct cts_store *store;
	struct many many = {.from = 0, .to = 800};

	(void)state;
	set_small_map();
	store = make_store("s");
	SET(store, "initiative/a", "title=Here first");
	assert_int_equal(in_process(write_many_elsewhere, &many), 0);
	expect_field(store, "initiative/a", "title", "Here first");
	assert_int_equal(count_records(store), 801);
	many = (struct many){.from = 800, .to = 1600};
	assert_int_equal(in_process(write_many_elsewhere, &many), 0);
	SET(store, "initiative/a", "title=Here last");
	assert_int_equal(count_records(store), 1601);
	cts_store_close(store);
}

/* LMDB would move the map under the reader's feet. */
static void test_map_does_not_grow_under_an_own_reader(void **state)
{
	struct cts_store *store;
	struct cts_write options = {0};
	struct many many = {.from = 0, .to = 1500};
	struct cts_txn *reader;
	struct cts_record record;

	(void)state;
	set_small_map();
	store = make_store("s");
	SET(store, "initiative/a", "title=Grow");
	reader = begin_reading(store);
	assert_error(cts_store_write(store, &options, put_many, &many), CTS_EIO, "grow");
	assert_ok(cts_txn_get(reader, &record, "initiative/a"));
	assert_string_equal(cts_record_text(&record, "title"), "Grow");
	cts_record_release(&record);
	cts_txn_end(reader);
	assert_int_equal(count_records(store), 1);
	assert_ok(cts_store_write(store, &options, put_many, &many));
	assert_int_equal(count_records(store), 1501);
	cts_store_close(store);
}

static void test_reader_sees_what_was_when_it_began(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_txn *reader;
	struct cts_record record;
	enum cts_life life;

	(void)state;
	SET(store, "initiative/a", "title=Before");
	reader = begin_reading(store);
	assert_ptr_equal(cts_txn_store(reader), store);
	SET(store, "initiative/a", "title=After");
	SET(store, "initiative/b", "title=New");
	assert_ok(cts_txn_get(reader, &record, "initiative/a"));
	assert_string_equal(cts_record_text(&record, "title"), "Before");
	cts_record_release(&record);
	assert_ok(cts_txn_life(reader, &life, "initiative/b"));
	assert_int_equal(life, CTS_LIFE_NONE);
	cts_txn_end(reader);
	cts_txn_end(NULL);
	expect_field(store, "initiative/a", "title", "After");
	cts_store_close(store);
}

/* ---- several processes ------------------------------------------------------------------------ */

struct turn {
	int writer, count;
};

static int write_in_turns(void *context)
{
	const struct turn *turn = context;
	struct cts_store *store;

	if (cts_store_open(&store, path_of("s")) < 0)
		return 1;
	for (int i = 0; i < turn->count; i++) {
		char key[64], title[64];

		/* Its own records, and one that all of them edit. */
		snprintf(key, sizeof(key), "initiative/w%d-%d", turn->writer, i);
		snprintf(title, sizeof(title), "title=%d of %d", i, turn->writer);
		if (try_edit(store, key, TEXTS(title)) < 0)
			return 2;
		if (try_edit(store, "initiative/shared", TEXTS(title)) < 0)
			return 3;
	}
	cts_store_close(store);
	return 0;
}

static int count_change(void *context, const struct cts_change *change)
{
	(void)change;
	++*(int *)context;
	return 0;
}

static void test_two_processes_write_and_a_third_reads(void **state)
{
	enum { EACH = 40 };
	struct cts_store *store;
	struct cts_txn *txn;
	struct process writers[2];
	int changes = 0;

	(void)state;
	set_small_map();
	store = make_store("s");
	for (int i = 0; i < 2; i++) {
		struct turn turn = {.writer = i, .count = EACH};

		writers[i] = start_process(write_in_turns, &turn);
	}
	for (int i = 0; i < 30; i++)
		check_store(store, NULL);
	for (int i = 0; i < 2; i++)
		assert_int_equal(wait_process(writers[i]), 0);
	assert_int_equal(count_records(store), 2 * EACH + 1);
	txn = begin_reading(store);
	assert_ok(cts_txn_each_change(txn, count_change, &changes));
	assert_int_equal(changes, 4 * EACH);
	cts_txn_end(txn);
	cts_store_close(store);
}

static int hold_lock(void *context)
{
	int fd = open(path_of("s/lock"), O_RDWR | O_CREAT, 0666), *ready = context;

	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		return 1;
	if (write(ready[1], "x", 1) != 1)
		return 2;
	usleep(400000);
	return 0;
}

static void test_writer_waits_for_another(void **state)
{
	struct cts_store *store = make_store("s");
	struct process holder;
	int ready[2];
	int64_t start;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	holder = start_process(hold_lock, ready);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	start = cts_time_now_ms();
	SET(store, "initiative/a", "title=Grow");
	assert_true(cts_time_now_ms() - start > 150);
	assert_int_equal(wait_process(holder), 0);
	close(ready[0]);
	close(ready[1]);
	cts_store_close(store);
}

/* ---- what leaves nothing behind --------------------------------------------------------------- */

static struct fixture_edit two_edits[] = {
	{"initiative/a", (const char *const[]){"title=Changed", NULL}},
	{"initiative/new", (const char *const[]){"title=New", NULL}},
	{0},
};

static void test_dry_run_tells_and_changes_nothing(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write options = {.dry_run = true};
	struct cts_buf before = {0}, after = {0};
	struct cts_identity self;
	char expected[CTS_CHANGE_TEXT];

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	read_file_into(&before, path_of("s/journal"));
	assert_ok(cts_store_write(store, &options, run_edits, two_edits));
	assert_true(options.changed);
	cts_store_identity(store, &self);
	assert_string_equal(options.change, cts_change_format(expected, self.writer, 2));
	read_file_into(&after, path_of("s/journal"));
	assert_int_equal(before.size, after.size);
	expect_field(store, "initiative/a", "title", "Grow");
	assert_int_equal(life_of(store, "initiative/new"), CTS_LIFE_NONE);
	assert_int_equal(journal_count(store), 1);
	check_store(store, NULL);
	/* The same for real gets the name that was told. */
	options = (struct cts_write){0};
	assert_ok(cts_store_write(store, &options, run_edits, two_edits));
	assert_string_equal(options.change, expected);
	cts_buf_release(&before);
	cts_buf_release(&after);
	cts_store_close(store);
}

static void copy_store(const char *from, const char *to)
{
	char command[512];

	snprintf(command, sizeof(command), "cp -r '%s/%s' '%s/%s'", dir, from, dir, to);
	assert_int_equal(system(command), 0);
}

static void test_dry_run_in_a_copy_leaves_its_writer(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write options = {.dry_run = true};
	struct cts_identity before, after;

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	cts_store_identity(store, &before);
	cts_store_close(store);
	copy_store("s", "copy");
	store = open_store("copy");
	assert_ok(cts_store_write(store, &options, run_edits, two_edits));
	cts_store_identity(store, &after);
	assert_string_equal(after.writer, before.writer);
	assert_string_equal(cts_store_config(store, "ctsync.writer"), before.writer);
	cts_store_close(store);
}

static struct fixture_edit clashing_edits[] = {
	{"initiative/a", (const char *const[]){"title=Changed", NULL}},
	{"agency/other", (const char *const[]){"code=NZP", NULL}},
	{0},
};

static void test_failure_leaves_nothing_and_keeps_its_hint(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write options = {0};
	uint64_t size;

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	SET(store, "agency/nzp", "code=NZP");
	size = size_of(path_of("s/journal"));
	assert_error(cts_store_write(store, &options, run_edits, clashing_edits), CTS_EVALUE,
		"code 'NZP' belongs to 'agency/nzp' already");
	assert_hint("ctsync show agency/nzp");
	assert_int_equal(size_of(path_of("s/journal")), size);
	expect_field(store, "initiative/a", "title", "Grow");
	check_store(store, NULL);
	cts_store_close(store);
}

static int put_then_fail(struct cts_txn *txn, void *context)
{
	struct many many = {.from = 0, .to = 1200};
	int rc = put_many(txn, &many);

	(void)context;
	return rc < 0 ? rc : cts_fail(CTS_EMISMATCH, "not so");
}

/* More than the journal's buffer: some of it was in the file. */
static void test_large_failure_is_cut_from_the_file(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write options = {0};
	uint64_t size;

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	size = size_of(path_of("s/journal"));
	assert_error(
		cts_store_write(store, &options, put_then_fail, NULL), CTS_EMISMATCH, "not so");
	assert_int_equal(size_of(path_of("s/journal")), size);
	assert_int_equal(count_records(store), 1);
	store = reopen(store, "s");
	assert_int_equal(count_records(store), 1);
	cts_store_close(store);
}

static int answer_three(struct cts_txn *txn, void *context)
{
	(void)txn;
	(void)context;
	return 3;
}

static void test_answer_of_the_function_is_returned(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write options = {.changed = true};

	(void)state;
	assert_int_equal(cts_store_write(store, &options, answer_three, NULL), 3);
	assert_false(options.changed);
	assert_int_equal(cts_store_exchange(store, answer_three, NULL), 3);
	assert_int_equal(journal_count(store), 0);
	cts_store_close(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(test_map_grows_inside_one_transaction),
		TEST(test_map_grows_between_transactions),
		TEST(test_growth_by_another_process_is_followed),
		TEST(test_map_does_not_grow_under_an_own_reader),
		TEST(test_reader_sees_what_was_when_it_began),
		TEST(test_two_processes_write_and_a_third_reads),
		TEST(test_writer_waits_for_another),
		TEST(test_dry_run_tells_and_changes_nothing),
		TEST(test_dry_run_in_a_copy_leaves_its_writer),
		TEST(test_failure_leaves_nothing_and_keeps_its_hint),
		TEST(test_large_failure_is_cut_from_the_file),
		TEST(test_answer_of_the_function_is_returned),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
