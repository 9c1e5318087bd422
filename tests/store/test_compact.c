/*
 * A compacted data.mdb is the same store: same records, same history, same writer, for whoever
 * opens it and for whoever had it open. A copy of a store stays a copy.
 */
#include "tests/store/fixture.h"

enum { MANY = 600 };

static const char *key_of_number(char key[64], int number)
{
	snprintf(key, 64, "initiative/n%d", number);
	return key;
}

static int put_many(struct cts_txn *txn, void *context)
{
	char key[64];
	int rc = 0;

	(void)context;
	for (int i = 0; i < MANY && rc >= 0; i++)
		rc = put_in(txn, key_of_number(key, i),
			TEXTS("title=one of many", "overview=what takes room for a while"));
	return rc;
}

static int delete_many(struct cts_txn *txn, void *context)
{
	char key[64];
	int rc = 0;

	(void)context;
	for (int i = 0; i < MANY && rc >= 0; i++)
		rc = cts_txn_delete(txn, key_of_number(key, i));
	return rc;
}

/* With a good part of its pages unused. */
static struct cts_store *make_loose_store(const char *name)
{
	struct cts_store *store = make_store(name);
	struct cts_write write = {0};

	SET(store, "initiative/a", "title=Grow", "notes=kept");
	assert_ok(cts_store_write(store, &write, put_many, NULL));
	assert_ok(cts_store_write(store, &write, delete_many, NULL));
	SET(store, "initiative/b", "title=After");
	return store;
}

static const char *writer_of(struct cts_store *store)
{
	static char writers[16][CTS_WRITER_HEX + 1];
	static unsigned next;
	struct cts_identity identity;

	cts_store_identity(store, &identity);
	return strcpy(writers[next++ % 16], identity.writer);
}

static ino_t inode_of(const char *name)
{
	struct stat info;

	assert_int_equal(stat(path_of("%s/data.mdb", name), &info), 0);
	return info.st_ino;
}

static void compact(struct cts_store *store)
{
	uint64_t before, after;

	assert_ok(cts_store_compact(store, &before, &after));
	assert_true(after < before);
}

static void shell(const char *command)
{
	assert_int_equal(system(command), 0);
}

/* ---- alone ---- */

static void test_it_is_smaller_and_the_same(void **state)
{
	struct cts_store *store = make_loose_store("s");
	uint8_t before_digest[CTS_SHA256_SIZE], digest[CTS_SHA256_SIZE];
	uint64_t before, after, pending = journal_count(store);
	const char *writer = writer_of(store);
	struct cts_arena arena = {0};

	(void)state;
	check_store(store, before_digest);
	assert_ok(cts_store_compact(store, &before, &after));
	assert_true(after * 10 <= before * 9);
	assert_int_equal(size_of(path_of("s/data.mdb")), after);
	check_store(store, digest);
	assert_memory_equal(digest, before_digest, sizeof(digest));
	assert_int_equal(journal_count(store), pending);
	SET(store, "initiative/a", "title=Later");
	assert_string_equal(writer_of(store), writer);
	store = reopen(store, "s");
	SET(store, "initiative/a", "title=Later still");
	assert_string_equal(writer_of(store), writer);
	expect_field(store, "initiative/a", "notes", "kept");
	assert_int_equal(journal_count(store), pending + 2);
	check_store(store, digest);
	assert_int_not_equal(access(path_of("s/lock.mdb"), F_OK), -1);
	shell(cts_arena_printf(
		&arena, "test -z \"$(ls -d %s/compacting.* 2>/dev/null)\"", path_of("s")));
	cts_arena_release(&arena);
	cts_store_close(store);
}

static void test_what_would_save_little_is_left_alone(void **state)
{
	struct cts_store *store = make_loose_store("s");
	uint64_t before, after;
	ino_t inode;

	(void)state;
	compact(store);
	inode = inode_of("s");
	assert_ok(cts_store_compact(store, &before, &after));
	assert_int_equal(before, after);
	assert_int_equal(inode_of("s"), inode);
	cts_store_close(store);
}

static void test_the_file_keeps_its_permissions(void **state)
{
	struct cts_store *store = make_loose_store("s");
	struct stat info;

	(void)state;
	assert_int_equal(chmod(path_of("s/data.mdb"), 0640), 0);
	compact(store);
	assert_int_equal(stat(path_of("s/data.mdb"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0640);
	cts_store_close(store);
}

static void test_a_small_map_is_no_hindrance(void **state)
{
	struct cts_store *store;

	(void)state;
	setenv("CTSYNC_MAP_BYTES", "65536", 1);
	store = make_loose_store("s");
	compact(store);
	SET(store, "initiative/a", "title=Later");
	check_store(store, NULL);
	cts_store_close(store);
}

/* ---- whose it is ---- */

static void test_a_copy_that_is_compacted_still_takes_a_new_writer(void **state)
{
	struct cts_store *store = make_loose_store("s"), *copy;
	const char *writer = writer_of(store);
	struct cts_arena arena = {0};

	(void)state;
	shell(cts_arena_printf(&arena, "cp -r %s %s", path_of("s"), path_of("copy")));
	copy = open_store("copy");
	compact(copy);
	SET(copy, "initiative/a", "title=Copied");
	assert_string_not_equal(writer_of(copy), writer);
	check_store(copy, NULL);
	cts_store_close(copy);
	SET(store, "initiative/a", "title=Original");
	assert_string_equal(writer_of(store), writer);
	/* And the other way round. */
	compact(store);
	SET(store, "initiative/a", "title=Still the original");
	assert_string_equal(writer_of(store), writer);
	shell(cts_arena_printf(&arena, "cp -r %s %s", path_of("s"), path_of("twin")));
	copy = open_store("twin");
	SET(copy, "initiative/a", "title=Twin");
	assert_string_not_equal(writer_of(copy), writer);
	cts_store_close(copy);
	cts_store_close(store);
	cts_arena_release(&arena);
}

static void test_an_older_file_put_back_and_compacted_takes_a_new_writer(void **state)
{
	struct cts_store *store = make_loose_store("s");
	const char *writer = writer_of(store);
	struct cts_arena arena = {0};

	(void)state;
	cts_store_close(store);
	shell(cts_arena_printf(&arena, "cp %s %s && mv %s %s", path_of("s/data.mdb"),
		path_of("s/old"), path_of("s/old"), path_of("s/data.mdb")));
	store = open_store("s");
	compact(store);
	SET(store, "initiative/a", "title=Restored");
	assert_string_not_equal(writer_of(store), writer);
	cts_store_close(store);
	cts_arena_release(&arena);
}

/* ---- who has it open ---- */

struct meeting {
	int ready[2], go[2];
};

static void meet(struct meeting *meeting)
{
	assert_int_equal(pipe(meeting->ready), 0);
	assert_int_equal(pipe(meeting->go), 0);
}

static void say(int fd)
{
	assert_int_equal(write(fd, "x", 1), 1);
}

static void hear(int fd)
{
	char x;

	assert_int_equal(read(fd, &x, 1), 1);
}

static bool has_title(struct cts_txn *txn, const char *key, const char *title)
{
	struct cts_record record;
	bool has;

	if (cts_txn_get(txn, &record, key) < 0)
		return false;
	has = strcmp(cts_record_text(&record, "title"), title) == 0;
	cts_record_release(&record);
	return has;
}

/* Opens the store, waits, then writes and reads; 0 when all is as it must be. A failed assertion
 * would go on with the other tests in this process. */
static int write_later(void *context)
{
	struct meeting *meeting = context;
	struct cts_store *store = NULL;
	struct cts_txn *txn = NULL;
	char writer[CTS_WRITER_HEX + 1];

	alarm(60); /* nobody waits for it when the test has failed */
	if (cts_store_open(&store, path_of("s")) < 0 || cts_txn_begin(&txn, store) < 0)
		return 1;
	strcpy(writer, writer_of(store));
	say(meeting->ready[1]);
	hear(meeting->go[0]);
	/* What it began to read stays as it was. */
	if (!has_title(txn, "initiative/a", "Grow"))
		return 2;
	cts_txn_end(txn);
	if (try_edit(store, "initiative/b", TEXTS("title=By the other")) < 0)
		return 3;
	if (strcmp(writer_of(store), writer) != 0)
		return 4;
	if (cts_txn_begin(&txn, store) < 0 || !has_title(txn, "initiative/a", "Meanwhile"))
		return 5;
	cts_txn_end(txn);
	cts_store_close(store);
	return 0;
}

static void test_who_has_the_old_file_open_goes_on_with_the_new_one(void **state)
{
	struct cts_store *store = make_loose_store("s");
	struct meeting meeting;
	struct process other;

	(void)state;
	meet(&meeting);
	cts_store_close(store); /* LMDB's handle is not to be shared with a child */
	other = start_process(write_later, &meeting);
	hear(meeting.ready[0]);
	store = open_store("s");
	compact(store);
	SET(store, "initiative/a", "title=Meanwhile");
	say(meeting.go[1]);
	assert_int_equal(wait_process(other), 0);
	expect_field(store, "initiative/b", "title", "By the other");
	expect_field(store, "initiative/a", "title", "Meanwhile");
	check_store(store, NULL);
	cts_store_close(store);
}

/* A compaction that was killed when the new file was in place and lock.mdb not yet gone, while
 * somebody had the store open: the next to open it meets the lock table of the old file, with an
 * odd or an even number of transactions. */
static void test_a_lock_table_left_by_the_old_file_does_no_harm(void **state)
{
	struct cts_arena arena = {0};

	(void)state;
	for (int turn = 0; turn < 4; turn++) {
		struct cts_store *store = make_loose_store("s");
		const char *writer = writer_of(store);
		uint8_t before[CTS_SHA256_SIZE], after[CTS_SHA256_SIZE];
		struct meeting meeting;
		struct process other;

		for (int i = 0; i < turn; i++)
			SET(store, "initiative/b", "title=One more");
		check_store(store, before);
		cts_store_close(store);
		meet(&meeting);
		other = start_process(write_later, &meeting);
		hear(meeting.ready[0]);
		store = open_store("s");
		assert_int_equal(rename(path_of("s/lock.mdb"), path_of("s/aside")), 0);
		compact(store);
		cts_store_close(store);
		assert_int_equal(rename(path_of("s/aside"), path_of("s/lock.mdb")), 0);
		store = open_store("s");
		check_store(store, after);
		assert_memory_equal(after, before, sizeof(after));
		SET(store, "initiative/a", "title=Meanwhile");
		assert_string_equal(writer_of(store), writer);
		say(meeting.go[1]);
		assert_int_equal(wait_process(other), 0);
		check_store(store, NULL);
		cts_store_close(store);
		shell(cts_arena_printf(&arena, "rm -r %s", path_of("s")));
	}
	cts_arena_release(&arena);
}

static int write_all_the_time(void *context)
{
	const char *prefix = context;
	struct cts_store *store = NULL;
	char key[64];

	for (int i = 0; i < 150; i++) {
		if (i % 30 == 0) {
			cts_store_close(store);
			if (cts_store_open(&store, path_of("s")) < 0)
				return 1;
		}
		snprintf(key, sizeof(key), "initiative/%s%d", prefix, i);
		if (try_edit(store, key, TEXTS("title=x")) < 0)
			return 2;
	}
	cts_store_close(store);
	return 0;
}

static void test_writers_at_work_lose_nothing(void **state)
{
	struct process writers[2];
	struct cts_store *store = make_loose_store("s");
	uint64_t before, after, pending = journal_count(store);
	const char *writer = writer_of(store);
	struct cts_write write = {0};

	(void)state;
	cts_store_close(store);
	writers[0] = start_process(write_all_the_time, (void *)(uintptr_t) "x");
	writers[1] = start_process(write_all_the_time, (void *)(uintptr_t) "y");
	store = open_store("s");
	for (int i = 0; i < 12; i++) {
		assert_ok(cts_store_write(store, &write, put_many, NULL));
		assert_ok(cts_store_write(store, &write, delete_many, NULL));
		assert_ok(cts_store_compact(store, &before, &after));
	}
	assert_int_equal(wait_process(writers[0]), 0);
	assert_int_equal(wait_process(writers[1]), 0);
	assert_int_equal(journal_count(store), pending + 2 * 150 + 2 * 12);
	assert_string_equal(writer_of(store), writer);
	check_store(store, NULL);
	cts_store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
		TEST(test_it_is_smaller_and_the_same),
		TEST(test_what_would_save_little_is_left_alone),
		TEST(test_the_file_keeps_its_permissions),
		TEST(test_a_small_map_is_no_hindrance),
		TEST(test_a_copy_that_is_compacted_still_takes_a_new_writer),
		TEST(test_an_older_file_put_back_and_compacted_takes_a_new_writer),
		TEST(test_who_has_the_old_file_open_goes_on_with_the_new_one),
		TEST(test_a_lock_table_left_by_the_old_file_does_no_harm),
		TEST(test_writers_at_work_lose_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
