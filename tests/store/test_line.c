/*
 * Lines and "had seen" against plain sets: random histories of writers that fork, see one another and
 * see the forks, arriving in random orders in several stores.
 */
#include "tests/store/pool.h"

static struct pool pool;

static const char *const writers[] = {
	"00000000000000a1", "00000000000000b2", "00000000000000c3", "00000000000000d4"};

/* One commit by hand: after `previous` (SIZE_MAX: the writer's first), having seen `others`. */
static size_t make_commit(
	const char *writer, size_t previous, const size_t *others, size_t count, int64_t made)
{
	struct pool_commit commit = {.agency = "nzp",
		.author = "A <a@b>",
		.message = "",
		.seq = 1,
		.time = made,
		.is_seen = count > 0};

	strcpy(commit.writer, writer);
	if (previous != SIZE_MAX) {
		commit.parents[commit.parent_count++] = pool.commits[previous].id;
		commit.seq = pool.commits[previous].seq + 1;
	}
	for (size_t i = 0; i < count; i++)
		commit.parents[commit.parent_count++] = pool.commits[others[i]].id;
	return pool_add(&pool, &commit);
}

/* A random commit of the writer: mostly one that nothing follows, SIZE_MAX for a first one. */
static size_t some_previous(struct dice *dice, const char *writer)
{
	size_t own[POOL_MAX], count = 0;

	for (size_t i = 0; i < pool.count; i++)
		if (strcmp(pool.commits[i].writer, writer) == 0)
			own[count++] = i;
	if (!count || dice_chance(dice, 2))
		return SIZE_MAX;
	return dice_chance(dice, 85) ? own[count - 1] : own[dice_below(dice, count)];
}

static void grow_history(struct dice *dice, size_t count)
{
	while (pool.count < count) {
		const char *writer = writers[dice_below(dice, COUNT(writers))];
		size_t previous = some_previous(dice, writer), others[4], seen = 0;

		if (pool.count && dice_chance(dice, 35)) {
			for (seen = 0; seen < 1 + dice_below(dice, 3); seen++)
				others[seen] = dice_below(dice, pool.count);
			/* The first parent is the writer's own commit, where it has one. */
			if (previous == SIZE_MAX &&
				strcmp(pool.commits[others[0]].writer, writer) == 0)
				continue;
		}
		make_commit(writer, previous, others, seen, 1600000000 + (int64_t)pool.count);
	}
}

static void compare_pasts(struct cts_txn *txn, const struct pool_set *has)
{
	for (size_t i = 0; i < pool.count; i++) {
		struct cts_vector past = {0};
		struct cts_ref ref;

		if (!set_has(has, i))
			continue;
		ref = pool_ref(txn, &pool, i);
		assert_ok(cts_txn_add_past(txn, &past, ref));
		for (size_t o = 0; o < pool.count; o++) {
			bool seen = set_has(&pool.commits[i].past, o);
			struct cts_ref other;

			if (!set_has(has, o))
				continue;
			other = pool_ref(txn, &pool, o);
			if (cts_txn_has_seen(txn, ref, other) != seen)
				fail_msg("commit %zu has%s seen %zu", i, seen ? "" : " not", o);
			if (cts_vector_has(&past, other) != seen)
				fail_msg("the past of commit %zu: %zu", i, o);
		}
		cts_vector_release(&past);
	}
}

static void compare_newest(struct cts_txn *txn, const struct pool_set *has)
{
	struct cts_arena arena = {0};
	struct cts_line *heads;
	size_t count, expected = 0;

	assert_ok(cts_txn_newest_heads(txn, &heads, &count, &arena));
	for (size_t i = 0; i < pool.count; i++)
		expected += set_is_newest(&pool, has, i);
	assert_int_equal(count, expected);
	for (size_t i = 0; i < count; i++) {
		size_t commit = pool_find(&pool, &heads[i].head);

		assert_true(set_is_newest(&pool, has, commit));
		assert_string_equal(heads[i].writer, pool.commits[commit].writer);
		assert_int_equal(heads[i].head_seq, pool.commits[commit].seq);
		assert_true(i == 0 || cts_oid_compare(&heads[i - 1].head, &heads[i].head) < 0);
	}
	cts_arena_release(&arena);
}

/* Every commit has one place, and a line is a chain. */
static void compare_lines(struct cts_txn *txn, const struct pool_set *has)
{
	for (size_t i = 0; i < pool.count; i++)
		for (size_t o = 0; o < i && set_has(has, i); o++) {
			struct cts_ref a, b;

			if (!set_has(has, o))
				continue;
			a = pool_ref(txn, &pool, i);
			b = pool_ref(txn, &pool, o);
			assert_false(cts_ref_equal(a, b));
			if (a.line == b.line)
				assert_true(set_has(&pool.commits[a.seq > b.seq ? i : o].past,
					a.seq > b.seq ? o : i));
		}
}

static void test_had_seen_is_what_the_sets_say_in_any_order_of_arrival(void **state)
{
	struct dice dice = dice_of_run();

	(void)state;
	for (int round = 0; round < 6; round++) {
		grow_history(&dice, 20 + dice_below(&dice, 40));
		for (int arrival = 0; arrival < 2; arrival++) {
			struct pool_set all = {0}, some = {0};
			char name[32];
			struct peer peer = {0};
			struct cts_txn *txn;

			snprintf(name, sizeof(name), "s%d.%d", round, arrival);
			peer.store = make_store(name);
			for (size_t i = 0; i < pool.count; i++)
				set_add(&all, i);
			/* A part first: a set closed under the past. */
			for (int n = 0; n < 3; n++)
				set_join(&some, &pool.commits[dice_below(&dice, pool.count)].past);
			pool_fetch(&pool, &peer, &some, &dice);
			for (int n = 0; n < 2; n++) {
				txn = begin_reading(peer.store);
				compare_pasts(txn, &peer.has);
				compare_newest(txn, &peer.has);
				compare_lines(txn, &peer.has);
				cts_txn_end(txn);
				check_store(peer.store, NULL);
				pool_fetch(&pool, &peer, &all, &dice);
			}
			cts_store_close(peer.store);
		}
		pool_release(&pool);
	}
}

struct seen_lines {
	size_t count, forks, own;
	uint64_t seqs[8];
};

static int count_line(void *context, const struct cts_line *line)
{
	struct seen_lines *lines = context;

	lines->seqs[lines->count++] = line->head_seq;
	lines->forks += line->is_fork;
	lines->own += line->is_own;
	assert_string_equal(line->agency, "nzp");
	return 0;
}

static void test_second_commit_of_one_number_is_a_fork(void **state)
{
	struct peer peer = {.store = make_store("s")};
	struct seen_lines lines = {0};
	struct cts_txn *txn;
	size_t first = make_commit(writers[0], SIZE_MAX, NULL, 0, 1600000000);
	size_t second = make_commit(writers[0], first, NULL, 0, 1600000001);
	size_t other = make_commit(writers[0], first, NULL, 0, 1600000002);
	size_t again = make_commit(writers[0], SIZE_MAX, NULL, 0, 1600000003);

	(void)state;
	pool_take(&pool, &peer, (size_t[]){first, second, other, again}, 4, 1700000000);
	txn = begin_reading(peer.store);
	assert_ok(cts_txn_each_line(txn, count_line, &lines));
	assert_int_equal(lines.count, 3);
	assert_int_equal(lines.forks, 2);
	assert_int_equal(lines.own, 0);
	assert_int_equal(lines.seqs[0], 2);
	assert_int_equal(lines.seqs[1], 2);
	assert_int_equal(lines.seqs[2], 1);
	assert_int_equal(cts_txn_has_seen(txn, pool_ref(txn, &pool, other),
				 pool_ref(txn, &pool, first)),
		1);
	assert_int_equal(cts_txn_has_seen(txn, pool_ref(txn, &pool, other),
				 pool_ref(txn, &pool, second)),
		0);
	cts_txn_end(txn);
	check_store(peer.store, NULL);
	cts_store_close(peer.store);
	pool_release(&pool);
}

static void test_lines_of_an_empty_store_are_none(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_txn *txn = begin_reading(store);
	struct cts_arena arena = {0};
	struct seen_lines lines = {0};
	struct cts_vector now = {0};
	struct cts_line *heads;
	size_t count = 7;

	(void)state;
	assert_ok(cts_txn_each_line(txn, count_line, &lines));
	assert_int_equal(lines.count, 0);
	assert_ok(cts_txn_newest_heads(txn, &heads, &count, &arena));
	assert_int_equal(count, 0);
	assert_ok(cts_lines_now(txn, &now));
	assert_int_equal(now.count, 0);
	assert_null(cts_line_at(txn, 0));
	assert_null(cts_line_at(txn, 1));
	cts_arena_release(&arena);
	cts_txn_end(txn);
	cts_store_close(store);
}

static void test_own_line_goes_on_after_a_reopen(void **state)
{
	struct cts_store *store = make_store("s");
	struct seen_lines lines = {0};
	struct cts_txn *txn;

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	store = reopen(store, "s");
	SET(store, "initiative/a", "title=Grow more");
	txn = begin_reading(store);
	assert_ok(cts_txn_each_line(txn, count_line, &lines));
	assert_int_equal(lines.count, 1);
	assert_int_equal(lines.own, 1);
	assert_int_equal(lines.seqs[0], 0); /* nothing is sealed yet */
	assert_int_equal(cts_line_at(txn, 1)->last_seq, 2);
	cts_txn_end(txn);
	cts_store_close(store);
}

static void test_newest_heads_are_commits_whatever_is_pending(void **state)
{
	struct peer peer = {.store = make_store("s")};
	struct cts_arena arena = {0};
	struct cts_line *heads;
	struct cts_txn *txn;
	size_t count, own, other;

	(void)state;
	SET(peer.store, "initiative/a", "title=Grow");
	pool_seal(&pool, &peer);
	own = pool.count - 1;
	other = make_commit(writers[0], SIZE_MAX, NULL, 0, 1600000000);
	pool_take(&pool, &peer, &other, 1, 1700000000);
	/* It has seen both; but no commit of it has. */
	SET(peer.store, "initiative/a", "title=Grow more");
	txn = begin_reading(peer.store);
	assert_ok(cts_txn_newest_heads(txn, &heads, &count, &arena));
	assert_int_equal(count, 2);
	for (size_t i = 0; i < count; i++)
		assert_true(cts_oid_equal(&heads[i].head, &pool.commits[own].id) ||
			cts_oid_equal(&heads[i].head, &pool.commits[other].id));
	cts_txn_end(txn);
	cts_arena_release(&arena);
	cts_store_close(peer.store);
	pool_release(&pool);
}

static void test_line_that_cannot_be_read_is_damage(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_txn *txn;
	static const unsigned char key[4] = {0, 0, 0, 1};

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	txn = begin_raw(store);
	assert_ok(cts_db_put(txn, CTS_DB_LINES, (struct cts_slice){key, sizeof(key)},
		(struct cts_slice){"short", 5}));
	commit_raw(txn);
	txn = begin_reading(store);
	assert_error(cts_lines_load(txn), CTS_EDAMAGED, "a line is not readable");
	assert_hint("rebuild");
	cts_txn_end(txn);
	cts_store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_had_seen_is_what_the_sets_say_in_any_order_of_arrival, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			test_second_commit_of_one_number_is_a_fork, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			test_lines_of_an_empty_store_are_none, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			test_own_line_goes_on_after_a_reopen, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			test_newest_heads_are_commits_whatever_is_pending, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			test_line_that_cannot_be_read_is_damage, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
