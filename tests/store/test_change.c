/*
 * Changes by their names: writer and seq, whole or cut, and commit ids by their first digits.
 */
#include "tests/store/pool.h"

static struct pool pool;

/* Commits of this store as received, with ids of our choice. */
struct incoming {
	const char *writer, *id;
	uint64_t seq;
	size_t parent; /* index; SIZE_MAX: none */
};

static const struct incoming incoming[] = {
	{"aaaaaaaaaaaaaaa1", "abcd000000000000000000000000000000000001", 1, SIZE_MAX},
	{"aaaaaaaaaaaaaaa1", "abcd000000000000000000000000000000000002", 2, 0},
	{"aaaaaaaaaaaaaaa2", "abce000000000000000000000000000000000003", 1, SIZE_MAX},
	{"bbbbbbbbbbbbbbb1", "1234567890123456789012345678901234567890", 1, SIZE_MAX},
	{"bbbbbbbbbbbbbbb1", "ffffffffffffffffffffffffffffffffffffffff", 2, 3},
	/* A fork of the last writer's second commit, and one more behind it. */
	{"bbbbbbbbbbbbbbb1", "fffffffffffffffffffffffffffffffffffffffe", 2, 3},
	{"bbbbbbbbbbbbbbb1", "0000000000000000000000000000000000000007", 3, 5},
};

static int take_incoming(struct cts_txn *txn, void *context)
{
	(void)context;
	for (size_t i = 0; i < COUNT(incoming); i++) {
		struct cts_oid parent;
		struct cts_incoming commit = {.parents = &parent,
			.agency = "nzp",
			.author = "A <a@b>",
			.message = "hello",
			.seq = incoming[i].seq,
			.time = 1600000000,
			.received = 1700000000 - (int64_t)i};

		assert_true(cts_oid_parse(&commit.commit, incoming[i].id));
		strcpy(commit.writer, incoming[i].writer);
		if (incoming[i].parent != SIZE_MAX) {
			assert_true(cts_oid_parse(&parent, incoming[incoming[i].parent].id));
			commit.parent_count = 1;
		}
		assert_ok(cts_txn_apply_begin(txn, &commit));
		assert_ok(cts_txn_apply_end(txn));
	}
	return 0;
}

static struct cts_store *store;
static struct cts_txn *txn;

static int open_taken(void **state)
{
	make_dir(state);
	store = make_store("s");
	assert_ok(cts_store_exchange(store, take_incoming, NULL));
	txn = begin_reading(store);
	return 0;
}

static int close_taken(void **state)
{
	cts_txn_end(txn);
	cts_store_close(store);
	return remove_dir(state);
}

#define expect_found(name, l, s)                                                                   \
	do {                                                                                       \
		struct cts_ref found = {0};                                                        \
		assert_ok(cts_txn_find_change(txn, &found, name));                                 \
		assert_int_equal(found.line, l);                                                   \
		assert_int_equal(found.seq, s);                                                    \
	} while (0)

#define expect_not(name, code, part)                                                               \
	do {                                                                                       \
		struct cts_ref found = {77, 77};                                                   \
		assert_error(cts_txn_find_change(txn, &found, name), code, part);                  \
	} while (0)

static void test_change_is_found_by_writer_and_number(void **state)
{
	(void)state;
	expect_found("aaaaaaaaaaaaaaa1.1", 1, 1);
	expect_found("aaaaaaaaaaaaaaa1.2", 1, 2);
	expect_found("aaaaaaaaaaaaaaa2.1", 2, 1);
	expect_found("b.1", 3, 1);
	/* Only one of those that begin so has a second. */
	expect_found("a.2", 1, 2);
	/* Behind a fork the number is one again. */
	expect_found("bbbb.3", 4, 3);
}

static void test_change_name_that_several_have_is_refused(void **state)
{
	(void)state;
	expect_not("a.1", CTS_EREFUSED, "'a.1' names 2 changes");
	assert_hint("name the commit");
	expect_not("bbbbbbbbbbbbbbb1.2", CTS_EREFUSED, "names 2 changes");
}

static void test_change_that_is_not_here_is_not_found(void **state)
{
	(void)state;
	expect_not("a.3", CTS_ENOTFOUND, "no change 'a.3'");
	assert_hint("ctsync log");
	expect_not("c.1", CTS_ENOTFOUND, "no change 'c.1'");
	expect_not("b.18446744073709551615", CTS_ENOTFOUND, "no change");
}

static void test_commit_is_found_by_its_first_digits(void **state)
{
	(void)state;
	expect_found("abce", 2, 1);
	expect_found("abce0", 2, 1);
	expect_found("1234567", 3, 1);
	expect_found("1234567890123456789012345678901234567890", 3, 1);
	expect_found("fffffffffffffffffffffffffffffffffffffffe", 4, 2);
	expect_found("0000", 4, 3);
	expect_found("00000", 4, 3);
}

static void test_commit_prefix_that_several_have_is_refused(void **state)
{
	(void)state;
	expect_not("abcd", CTS_EREFUSED, "'abcd' is the beginning of 2 commits");
	expect_not("fffffffffffffffffffffffffffffffffffffff", CTS_EREFUSED, "of 2 commits");
}

static void test_commit_that_is_not_here_is_not_found(void **state)
{
	(void)state;
	expect_not("abcf", CTS_ENOTFOUND, "no commit 'abcf' here");
	expect_not("12345678901234567890123456789012345678901", CTS_EVALUE, "neither");
	expect_not("1235", CTS_ENOTFOUND, "no commit");
}

static void test_what_is_no_name_is_refused_with_the_forms(void **state)
{
	static const char *const names[] = {"", "abc", "ABCD", "xyz", "a.", "a.0", ".1", "a.01",
		"a.1x", "aaaaaaaaaaaaaaaa1.1", "abcd ", "-", "a.99999999999999999999999"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		expect_not(names[i], CTS_EVALUE, "is neither a change nor a commit");
	assert_hint("7f3a9c21.12");
}

static void test_change_is_read_back_as_it_came(void **state)
{
	struct cts_arena arena = {0};
	struct cts_change change;

	(void)state;
	assert_ok(cts_txn_change(txn, &change, &arena, (struct cts_ref){4, 3}));
	assert_string_equal(change.writer, "bbbbbbbbbbbbbbb1");
	assert_string_equal(change.agency, "nzp");
	assert_string_equal(change.author, "A <a@b>");
	assert_string_equal(change.message, "hello");
	assert_int_equal(change.time, 1600000000);
	assert_int_equal(change.arrival, 7);
	/* Times of receipt never run backwards. */
	assert_int_equal(change.received, 1700000000);
	assert_int_equal(change.record_count, 0);
	cts_arena_release(&arena);
}

static void test_change_outside_its_line_is_not_found(void **state)
{
	static const struct cts_ref refs[] = {{0, 0}, {0, 1}, {1, 0}, {1, 3}, {4, 1}, {5, 1}};
	struct cts_arena arena = {0};
	struct cts_change change;

	(void)state;
	for (size_t i = 0; i < COUNT(refs); i++)
		assert_error(cts_txn_change(txn, &change, &arena, refs[i]), CTS_ENOTFOUND,
			"no such change");
	cts_arena_release(&arena);
}

static void test_commit_place_is_found_exactly(void **state)
{
	struct cts_ref ref = {9, 9};
	struct cts_oid oid;

	(void)state;
	assert_true(cts_oid_parse(&oid, incoming[1].id));
	assert_int_equal(cts_txn_find_commit(txn, &ref, &oid), 1);
	assert_true(cts_ref_equal(ref, (struct cts_ref){1, 2}));
	oid.bytes[0] ^= 1;
	assert_int_equal(cts_txn_find_commit(txn, &ref, &oid), 0);
}

static void test_pending_change_is_found_by_name_and_sealed_by_both(void **state)
{
	struct peer peer = {0};
	struct cts_identity self;
	char name[CTS_CHANGE_TEXT], hex[CTS_OID_HEX + 1];

	(void)state;
	peer.store = store;
	cts_txn_end(txn);
	cts_store_identity(store, &self);
	SET(store, "initiative/a", "title=Grow");
	txn = begin_reading(store);
	/* The seen commit of what was received stands before it. */
	expect_found(cts_change_format(name, self.writer, 1), 5, 1);
	expect_found(cts_change_format(name, self.writer, 2), 5, 2);
	cts_txn_end(txn);
	for (size_t i = 0; i < COUNT(incoming); i++)
		assert_true(cts_oid_parse(&pool.commits[i].id, incoming[i].id));
	pool.count = COUNT(incoming);
	pool_seal(&pool, &peer);
	txn = begin_reading(store);
	expect_found(name, 5, 2);
	expect_found(cts_oid_format(hex, &pool.commits[pool.count - 1].id), 5, 2);
	pool_release(&pool);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_taken, close_taken)
	const struct CMUnitTest tests[] = {
		TEST(test_change_is_found_by_writer_and_number),
		TEST(test_change_name_that_several_have_is_refused),
		TEST(test_change_that_is_not_here_is_not_found),
		TEST(test_commit_is_found_by_its_first_digits),
		TEST(test_commit_prefix_that_several_have_is_refused),
		TEST(test_commit_that_is_not_here_is_not_found),
		TEST(test_what_is_no_name_is_refused_with_the_forms),
		TEST(test_change_is_read_back_as_it_came),
		TEST(test_change_outside_its_line_is_not_found),
		TEST(test_commit_place_is_found_exactly),
		TEST(test_pending_change_is_found_by_name_and_sealed_by_both),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
