/*
 * A walk through much of a store gives the memory of LMDB's map back on the way, and what was handed out
 * stays as it was.
 */
#include "tests/store/fixture.h"

enum { RECORDS = 1000, SIZE = 60000 }; /* 60 MB, in a file of three times that: history and journal have them too */

/* The overview of a record: long, and another for each. */
static void overview(char out[SIZE], int number)
{
	snprintf(out, SIZE, "overview=%05d ", number);
	for (size_t i = strlen(out); i < SIZE - 1; i++)
		out[i] = (char)('a' + (i + (size_t)number) % 23);
	out[SIZE - 1] = '\0';
}

static int put_all(struct cts_txn *txn, void *context)
{
	char text[SIZE], key[32];
	int rc = 0;

	(void)context;
	for (int i = 0; rc >= 0 && i < RECORDS; i++) {
		snprintf(key, sizeof(key), "initiative/i%05d", i);
		overview(text, i);
		rc = put_in(txn, key, TEXTS("title=Long", text));
	}
	return rc;
}

/* Pages of files that count as memory of this process, in bytes. */
static size_t mapped(void)
{
	unsigned long total, resident, shared = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file || fscanf(file, "%lu %lu %lu", &total, &resident, &shared) != 3)
		fail_msg("no /proc/self/statm");
	fclose(file);
	return (size_t)shared * (size_t)sysconf(_SC_PAGESIZE);
}

struct walk {
	int number;
	size_t most;
};

static int look_at(void *context, const struct cts_record *record)
{
	struct walk *walk = context;
	char text[SIZE];
	size_t now = mapped();

	overview(text, walk->number++);
	assert_string_equal(cts_record_text(record, "overview"), text + strlen("overview="));
	walk->most = now > walk->most ? now : walk->most;
	return 0;
}

static void test_a_long_walk_takes_little_of_the_map(void **state)
{
	struct cts_store *store;
	struct cts_write options = {0};
	struct walk walk = {0};
	struct cts_txn *txn;
	size_t before;

	(void)state;
	setenv("CTSYNC_MAP_BYTES", "536870912", 1);
	store = make_store("s");
	assert_ok(cts_store_write(store, &options, put_all, NULL));
	cts_store_close(store);
	store = open_store("s");
	before = mapped();
	txn = begin_reading(store);
	assert_ok(cts_txn_each(txn, "initiative", look_at, &walk));
	cts_txn_end(txn);
	assert_int_equal(walk.number, RECORDS);
	if (walk.most > before + (64 << 20))
		fail_msg("%zu bytes of the map were held", walk.most - before);
	cts_store_close(store);
}

static void test_a_value_stays_when_the_map_is_let_go_of(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_slice first, other;
	struct cts_txn *txn;
	struct cts_buf copy = {0};

	(void)state;
	SET(store, "initiative/a", "title=Kept");
	cts_store_close(store);
	store = open_store("s");
	txn = begin_reading(store);
	assert_int_equal(cts_db_get(txn, CTS_DB_RECORDS,
				 (struct cts_slice){.data = "initiative/a", .size = 12}, &first), 1);
	cts_buf_put(&copy, first.data, first.size);
	cts_relax_after(txn, (size_t)1 << 30);
	assert_memory_equal(first.data, copy.data, copy.size);
	assert_int_equal(cts_db_get(txn, CTS_DB_RECORDS,
				 (struct cts_slice){.data = "initiative/a", .size = 12}, &other), 1);
	assert_ptr_equal(first.data, other.data);
	cts_txn_end(txn);
	cts_buf_release(&copy);
	cts_store_close(store);
}

static int relax_while_writing(struct cts_txn *txn, void *context)
{
	int rc = 0;

	(void)context;
	for (int i = 0; rc >= 0 && i < 200; i++) {
		char key[32];

		snprintf(key, sizeof(key), "initiative/w%03d", i);
		rc = put_in(txn, key, TEXTS("title=Written"));
		cts_relax_after(txn, (size_t)1 << 30);
	}
	return rc;
}

static void test_what_a_transaction_writes_is_not_in_the_map(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write options = {0};

	(void)state;
	assert_ok(cts_store_write(store, &options, relax_while_writing, NULL));
	expect_field(store, "initiative/w000", "title", "Written");
	expect_field(store, "initiative/w199", "title", "Written");
	check_store(store, NULL);
	cts_store_close(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(test_a_long_walk_takes_little_of_the_map),
		TEST(test_a_value_stays_when_the_map_is_let_go_of),
		TEST(test_what_a_transaction_writes_is_not_in_the_map),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
