/*
 * The queue of index entries against a table of what must stand in the index: random operations of any
 * order, on keys of which some begin others, with a queue of any size.
 */
#include "tests/store/fixture.h"

enum { PREFIXES = 12, IDS = 40 };

struct model {
	struct dice dice;
	bool holds[PREFIXES][IDS];
	size_t operations;
};

/* kind 0 field 0 value 0, some of them the beginning of others up to their NUL. */
static void prefix_of(struct cts_buf *out, size_t number)
{
	static const char *const values[] = {"", "a", "aa", "ab", "b", "\xc3\xa4"};

	cts_buf_put(out, "milestone", 10);
	cts_buf_put(out, number % 2 ? "due" : "parent", number % 2 ? 4 : 7);
	cts_buf_put(out, values[number / 2], strlen(values[number / 2]) + 1);
}

static void id_of(char out[32], size_t number)
{
	snprintf(out, 32, "%s%zu%s", number % 3 ? "x" : "x-", number / 2, number % 2 ? "-y" : "");
}

static int play(struct cts_txn *txn, void *context)
{
	struct model *model = context;
	struct cts_buf prefix = {0};

	for (size_t i = 0; i < model->operations; i++) {
		size_t id = dice_below(&model->dice, IDS), first = dice_below(&model->dice, PREFIXES);
		char text[32];

		id_of(text, id);
		assert_ok(cts_index_queue_begin(txn, text));
		for (uint64_t n = dice_below(&model->dice, 4); n; n--) {
			size_t number = (first + n) % PREFIXES;
			bool is_put = dice_chance(&model->dice, 60);

			/* Within a record an entry is taken out before it is put. */
			cts_buf_clear(&prefix);
			prefix_of(&prefix, number);
			if (!is_put || dice_chance(&model->dice, 30))
				cts_index_queue_add(txn, cts_buf_slice(&prefix), false);
			if (is_put)
				cts_index_queue_add(txn, cts_buf_slice(&prefix), true);
			model->holds[number][id] = is_put;
		}
	}
	cts_buf_release(&prefix);
	return 0;
}

static void compare(struct cts_store *store, const struct model *model)
{
	struct cts_txn *txn = begin_reading(store);
	struct cts_buf key = {0};
	struct cts_slice value;
	size_t entries = 0;

	for (size_t p = 0; p < PREFIXES; p++)
		for (size_t i = 0; i < IDS; i++) {
			char id[32];

			cts_buf_clear(&key);
			prefix_of(&key, p);
			id_of(id, i);
			cts_buf_puts(&key, id);
			assert_int_equal(cts_db_get(txn, CTS_DB_INDEX, cts_buf_slice(&key), &value),
				model->holds[p][i]);
			entries += model->holds[p][i];
		}
	assert_int_equal(cts_db_entries(txn, CTS_DB_INDEX), entries);
	cts_buf_release(&key);
	cts_txn_end(txn);
}

static void play_with(struct model *model, size_t bytes, size_t operations)
{
	struct cts_store *store;
	size_t before = cts_index_queue_bytes;

	cts_index_queue_bytes = bytes;
	memset(model->holds, 0, sizeof(model->holds));
	store = make_store("s");
	for (int turn = 0; turn < 20; turn++) {
		model->operations = 1 + dice_below(&model->dice, operations);
		assert_ok(cts_store_exchange(store, play, model));
		compare(store, model);
	}
	cts_store_close(store);
	cts_index_queue_bytes = before;
	assert_int_equal(remove_dir(NULL), 0);
	assert_int_equal(make_dir(NULL), 0);
}

static void test_random_operations_leave_what_they_say(void **state)
{
	struct model model = {.dice = dice_of_run()};

	(void)state;
	play_with(&model, cts_index_queue_bytes, 400);
	play_with(&model, 0, 30);
	play_with(&model, 6000, 400);
}

/* Most ids come in order; a turn of them puts the same. */
static void test_ids_in_order_and_against_it_are_one(void **state)
{
	struct model model = {.dice = dice_of_run()};

	(void)state;
	play_with(&model, cts_index_queue_bytes, 2);
	play_with(&model, 100, 2);
}

static int add_and_ask(struct cts_txn *txn, void *context)
{
	struct cts_buf *found = context;
	int rc = put_in(txn, "milestone/x", (const char *const[]){"parent=initiative/a", NULL});

	cts_buf_clear(found);
	if (rc >= 0)
		rc = cts_txn_each_with(txn, kind_of("milestone"), field_of("milestone", "parent"),
			"initiative/a", note_key, found);
	if (rc >= 0)
		rc = put_in(txn, "milestone/y", (const char *const[]){"parent=initiative/a", NULL});
	return rc;
}

static void test_a_transaction_finds_its_own_entries(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_buf found = {0};
	struct cts_write options = {0};

	(void)state;
	assert_ok(cts_store_write(store, &options, add_and_ask, &found));
	assert_string_equal(cts_buf_text(&found), "milestone/x");
	check_store(store, NULL);
	cts_buf_release(&found);
	cts_store_close(store);
}

static void test_a_dry_run_leaves_no_entry(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_buf found = {0};
	struct cts_write options = {.dry_run = true};

	(void)state;
	assert_ok(cts_store_write(store, &options, add_and_ask, &found));
	check_store(store, NULL);
	assert_int_equal(life_of(store, "milestone/x"), CTS_LIFE_NONE);
	cts_buf_release(&found);
	cts_store_close(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(test_random_operations_leave_what_they_say),
		TEST(test_ids_in_order_and_against_it_are_one),
		TEST(test_a_transaction_finds_its_own_entries),
		TEST(test_a_dry_run_leaves_no_entry),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
