/*
 * History: the order in which people read changes, against the plainest way of finding it; the
 * history of one record and the edits of one change.
 */
#include "tests/store/pool.h"

static struct pool pool;

enum { PEERS = 3, START = 1600000000 };

/* What the each_ functions call, in order: indexes into the pool. */
struct read_order {
	const char *key;
	size_t commits[POOL_MAX];
	size_t count, stop_after;
	int answer;
};

static int note_change(void *context, const struct cts_change *change)
{
	struct read_order *order = context;

	order->commits[order->count++] = pool_find(&pool, &change->commit);
	return order->stop_after && order->count == order->stop_after ? order->answer : 0;
}

static int note_edits(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct read_order *order = context;

	if (order->key)
		assert_string_equal(edits->key, order->key);
	return note_change(order, change);
}

static bool touches(const struct pool_commit *commit, const char *key)
{
	for (size_t i = 0; i < commit->image_count; i++)
		if (strcmp(commit->images[i].key, key) == 0)
			return true;
	return false;
}

static uint64_t arrival_of(struct cts_txn *txn, size_t i)
{
	struct cts_arena arena = {0};
	struct cts_change change;

	assert_ok(cts_txn_change(txn, &change, &arena, pool_ref(txn, &pool, i)));
	cts_arena_release(&arena);
	return change.arrival;
}

/* Of those left, the latest made (then the last to arrive) that none left has seen. */
static void naive_order(struct cts_txn *txn, const struct pool_set *has, const char *key,
	struct read_order *out)
{
	struct pool_set left = {0};

	for (size_t i = 0; i < pool.count; i++)
		if (set_has(has, i) && !pool.commits[i].is_seen &&
			(!key || touches(&pool.commits[i], key)))
			set_add(&left, i);
	for (out->count = 0;;) {
		size_t best = SIZE_MAX;

		for (size_t i = 0; i < pool.count; i++) {
			if (!set_is_newest(&pool, &left, i))
				continue;
			if (best == SIZE_MAX || pool.commits[i].time > pool.commits[best].time ||
				(pool.commits[i].time == pool.commits[best].time &&
					arrival_of(txn, i) > arrival_of(txn, best)))
				best = i;
		}
		if (best == SIZE_MAX)
			return;
		out->commits[out->count++] = best;
		left.bits[best / 64] &= ~(UINT64_C(1) << (best % 64));
	}
}

static void expect_order(const struct read_order *order, const struct read_order *expected)
{
	assert_int_equal(order->count, expected->count);
	for (size_t i = 0; i < order->count; i++)
		if (order->commits[i] != expected->commits[i])
			fail_msg("place %zu holds %zu, not %zu", i, order->commits[i],
				expected->commits[i]);
}

static void test_changes_are_read_newest_first_but_none_before_what_had_seen_it(void **state)
{
	struct dice dice = dice_of_run();
	static struct read_order order, expected;

	(void)state;
	for (int round = 0; round < 3; round++) {
		struct peer peers[PEERS];
		struct cts_txn *txn;

		for (size_t i = 0; i < PEERS; i++) {
			char name[64];

			snprintf(name, sizeof(name), "r%d-%zu", round, i);
			peers[i] = (struct peer){.store = make_store(name)};
		}
		for (int step = 0; step < 60; step++) {
			struct peer *peer = &peers[dice_below(&dice, PEERS)];

			/* Clocks of agencies differ, and run backwards. */
			clock_now = START + (int64_t)dice_below(&dice, 40);
			if (dice_chance(&dice, 65))
				pool_edit(&dice, peer);
			pool_seal(&pool, peer);
			if (dice_chance(&dice, 30))
				pool_fetch(&pool, peer, &peers[dice_below(&dice, PEERS)].has,
					&dice);
		}
		for (size_t i = 0; i < PEERS; i++) {
			txn = begin_reading(peers[i].store);
			order = (struct read_order){0};
			assert_ok(cts_txn_each_change(txn, note_change, &order));
			naive_order(txn, &peers[i].has, NULL, &expected);
			expect_order(&order, &expected);
			for (size_t k = 0; k < COUNT(pool_keys); k++) {
				order = (struct read_order){.key = pool_keys[k]};
				assert_ok(cts_txn_each_history(
					txn, pool_keys[k], true, note_edits, &order));
				naive_order(txn, &peers[i].has, pool_keys[k], &expected);
				expect_order(&order, &expected);
			}
			cts_txn_end(txn);
			cts_store_close(peers[i].store);
		}
		pool_release(&pool);
	}
}

static void test_history_in_arrival_has_ancestors_first(void **state)
{
	struct peer peer = {.store = make_store("s")};
	struct read_order order = {.key = "initiative/a"};
	struct cts_txn *txn;

	(void)state;
	SET(peer.store, "initiative/a", "title=one");
	SET(peer.store, "initiative/b", "title=other");
	SET(peer.store, "initiative/a", "title=two");
	DELETE(peer.store, "initiative/a");
	pool_seal(&pool, &peer);
	txn = begin_reading(peer.store);
	assert_ok(cts_txn_each_history(txn, "initiative/a", false, note_edits, &order));
	assert_int_equal(order.count, 3);
	assert_int_equal(order.commits[0], 0);
	assert_int_equal(order.commits[1], 2);
	assert_int_equal(order.commits[2], 3);
	/* Nothing is called for what never was, however long its name. */
	order.count = 0;
	assert_ok(cts_txn_each_history(txn, "initiative/none", false, note_edits, &order));
	assert_ok(cts_txn_each_history(txn, "initiative/none", true, note_edits, &order));
	assert_ok(cts_txn_each_history(txn, "initiative/", true, note_edits, &order));
	assert_ok(cts_txn_each_history(txn,
		"initiative/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		true, note_edits, &order));
	assert_int_equal(order.count, 0);
	cts_txn_end(txn);
	cts_store_close(peer.store);
	pool_release(&pool);
}

static void test_each_stops_when_it_is_told_to(void **state)
{
	struct peer peer = {.store = make_store("s")};
	struct read_order order;
	struct cts_txn *txn;

	(void)state;
	for (int i = 0; i < 5; i++) {
		char title[32];

		snprintf(title, sizeof(title), "title=t%d", i);
		SET(peer.store, "initiative/a", title);
	}
	pool_seal(&pool, &peer);
	txn = begin_reading(peer.store);
	for (int answer = 1; answer > -2; answer -= 2) {
		int code = answer < 0 ? CTS_EIO : 1;

		order = (struct read_order){.stop_after = 2, .answer = code};
		assert_int_equal(cts_txn_each_change(txn, note_change, &order), code);
		assert_int_equal(order.count, 2);
		for (int newest = 0; newest < 2; newest++) {
			order = (struct read_order){.stop_after = 2, .answer = code};
			assert_int_equal(cts_txn_each_history(txn, "initiative/a", newest,
						 note_edits, &order),
				code);
			assert_int_equal(order.count, 2);
		}
	}
	cts_txn_end(txn);
	cts_store_close(peer.store);
	pool_release(&pool);
}

static int describe(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct cts_buf *out = context;

	cts_buf_printf(out, "%llu %s%s%s:", (unsigned long long)change->ref.seq, edits->key,
		edits->created ? " created" : "", edits->deleted ? " deleted" : "");
	for (size_t i = 0; i < edits->edit_count; i++)
		cts_buf_printf(out, " %s=%s", edits->edits[i].field,
			join_value(edits->edits[i].new_value));
	cts_buf_puts(out, "\n");
	return 0;
}

static struct fixture_edit three_edits[] = {
	{"initiative/b", (const char *const[]){"title=Second", NULL}},
	{"initiative/a", (const char *const[]){"title=First", "status=ongoing", NULL}},
	{"initiative/c", (const char *const[]){"title=Third", NULL}},
	{0},
};

static void test_edits_of_a_change_come_record_by_record(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write options = {.message = "three at once"};
	struct cts_arena arena = {0};
	struct cts_buf out = {0};
	struct cts_change change;
	struct cts_txn *txn;

	(void)state;
	assert_ok(cts_store_write(store, &options, run_edits, three_edits));
	DELETE(store, "initiative/b");
	SET(store, "initiative/b", "notes=x", "title=Again");
	txn = begin_reading(store);
	assert_ok(cts_txn_each_edit(txn, (struct cts_ref){1, 1}, describe, &out));
	expect_text(&out, "1 initiative/b created: title=Second deleted=false\n"
			  "1 initiative/a created: title=First status=ongoing deleted=false\n"
			  "1 initiative/c created: title=Third deleted=false\n");
	assert_ok(cts_txn_change(txn, &change, &arena, (struct cts_ref){1, 1}));
	assert_string_equal(change.message, "three at once");
	assert_int_equal(change.record_count, 3);
	assert_ok(cts_txn_each_history(txn, "initiative/b", true, describe, &out));
	expect_text(&out, "3 initiative/b created: title=Again notes=x deleted=false\n"
			  "2 initiative/b deleted: deleted=true\n"
			  "1 initiative/b created: title=Second deleted=false\n");
	assert_error(cts_txn_each_edit(txn, (struct cts_ref){1, 9}, describe, &out), CTS_ENOTFOUND,
		"no such change");
	assert_error(cts_txn_each_edit(txn, (struct cts_ref){2, 1}, describe, &out), CTS_ENOTFOUND,
		"no such change");
	assert_error(cts_txn_each_edit(txn, (struct cts_ref){0}, describe, &out), CTS_ENOTFOUND,
		"no such change");
	cts_txn_end(txn);
	cts_arena_release(&arena);
	cts_buf_release(&out);
	cts_store_close(store);
}

static void test_creation_tells_what_it_clears(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_buf out = {0};
	struct cts_txn *txn;

	(void)state;
	SET(store, "initiative/a", "title=Grow", "notes=old", "labels=a|b");
	DELETE(store, "initiative/a");
	SET(store, "initiative/a", "title=Grow");
	expect_field(store, "initiative/a", "notes", "");
	expect_field(store, "initiative/a", "labels", "");
	txn = begin_reading(store);
	assert_ok(cts_txn_each_edit(txn, (struct cts_ref){1, 3}, describe, &out));
	assert_non_null(strstr(cts_buf_text(&out), " notes="));
	assert_non_null(strstr(cts_buf_text(&out), " labels="));
	cts_txn_end(txn);
	check_store(store, NULL);
	cts_buf_release(&out);
	cts_store_close(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(test_changes_are_read_newest_first_but_none_before_what_had_seen_it),
		TEST(test_history_in_arrival_has_ancestors_first),
		TEST(test_each_stops_when_it_is_told_to),
		TEST(test_edits_of_a_change_come_record_by_record),
		TEST(test_creation_tells_what_it_clears),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
