/*
 * What the road needs: the journal in order, the step in which its first changes become commits, the
 * mirror's tree and what pulls changed since, notes, the root.
 */
#include "tests/store/pool.h"

static struct pool pool;

static int note_frame(void *context, const struct cts_frame *frame)
{
	struct cts_buf *out = context;

	if (frame->kind == CTS_FRAME_BEGIN)
		cts_buf_printf(out, "%llu ", (unsigned long long)frame->seq);
	return 0;
}

static void expect_pending(struct cts_store *store, const char *expected)
{
	struct cts_txn *txn = begin_reading(store);
	struct cts_buf out = {0};

	assert_ok(cts_txn_each_journal(txn, note_frame, &out));
	assert_string_equal(cts_buf_text(&out), expected);
	cts_buf_release(&out);
	cts_txn_end(txn);
}

struct sealing {
	struct cts_sealed sealed[8];
	size_t count;
	uint64_t changes;
	struct cts_oid tree;
};

static int seal_in_txn(struct cts_txn *txn, void *context)
{
	const struct sealing *sealing = context;

	return cts_txn_sealed(
		txn, sealing->sealed, sealing->count, sealing->changes, &sealing->tree);
}

static struct sealing make_sealing(struct cts_store *store, uint64_t first, uint64_t last)
{
	struct sealing sealing = {.changes = last - first + 1, .tree = oid_number(1000 + last)};
	struct cts_identity self;

	cts_store_identity(store, &self);
	for (uint64_t seq = first; seq <= last; seq++) {
		struct cts_sealed *sealed = &sealing.sealed[sealing.count++];

		memcpy(sealed->writer, self.writer, sizeof(sealed->writer));
		sealed->seq = seq;
		sealed->commit = oid_number(seq);
	}
	return sealing;
}

static int note_line(void *context, const struct cts_line *line)
{
	*(struct cts_line *)context = *line;
	return 0;
}

static void make_four_changes(struct cts_store *store)
{
	SET(store, "initiative/a", "title=One");
	SET(store, "initiative/a", "title=Two");
	SET(store, "initiative/b", "title=Three");
	DELETE(store, "initiative/b");
}

static void test_first_changes_of_the_journal_become_commits(void **state)
{
	struct cts_store *store = make_store("s");
	struct sealing sealing;
	struct cts_arena arena = {0};
	struct cts_change change;
	struct cts_line line;
	struct cts_oid tree, expected;
	struct cts_txn *txn;
	uint64_t size;

	(void)state;
	make_four_changes(store);
	expect_pending(store, "1 2 3 4 ");
	size = size_of(path_of("s/journal"));
	sealing = make_sealing(store, 1, 3);
	assert_ok(cts_store_exchange(store, seal_in_txn, &sealing));
	expect_pending(store, "4 ");
	assert_int_equal(journal_count(store), 1);
	assert_true(size_of(path_of("s/journal")) < size);
	check_store(store, NULL);

	txn = begin_reading(store);
	assert_ok(cts_txn_each_line(txn, note_line, &line));
	assert_int_equal(line.head_seq, 3);
	expected = oid_number(3);
	assert_memory_equal(line.head.bytes, expected.bytes, CTS_OID_SIZE);
	assert_ok(cts_txn_change(txn, &change, &arena, (struct cts_ref){1, 2}));
	expected = oid_number(2);
	assert_memory_equal(change.commit.bytes, expected.bytes, CTS_OID_SIZE);
	assert_ok(cts_txn_change(txn, &change, &arena, (struct cts_ref){1, 4}));
	assert_true(cts_oid_is_zero(&change.commit));
	assert_ok(cts_txn_tree_base(txn, &tree));
	assert_memory_equal(tree.bytes, sealing.tree.bytes, CTS_OID_SIZE);
	cts_txn_end(txn);
	cts_arena_release(&arena);

	/* More is written, and the rest sealed. */
	SET(store, "initiative/c", "title=Five");
	expect_pending(store, "4 5 ");
	check_store(store, NULL);
	sealing = make_sealing(store, 4, 5);
	assert_ok(cts_store_exchange(store, seal_in_txn, &sealing));
	expect_pending(store, "");
	assert_int_equal(journal_count(store), 0);
	assert_int_equal(size_of(path_of("s/journal")), 0);
	store = reopen(store, "s");
	check_store(store, NULL);
	cts_store_close(store);
}

static void test_what_is_not_pending_cannot_be_sealed(void **state)
{
	struct cts_store *store = make_store("s");
	struct sealing sealing, again;

	(void)state;
	make_four_changes(store);
	sealing = make_sealing(store, 1, 2);
	assert_ok(cts_store_exchange(store, seal_in_txn, &sealing));
	assert_error(cts_store_exchange(store, seal_in_txn, &sealing), CTS_EDAMAGED,
		"a sealed change is not pending");
	again = make_sealing(store, 3, 5);
	assert_error(cts_store_exchange(store, seal_in_txn, &again), CTS_EDAMAGED,
		"a sealed change is not pending");
	strcpy(again.sealed[0].writer, "0123456789abcdef");
	assert_error(cts_store_exchange(store, seal_in_txn, &again), CTS_EDAMAGED, "not pending");
	/* A failure changes nothing. */
	expect_pending(store, "3 4 ");
	check_store(store, NULL);
	cts_store_close(store);
}

static void test_records_that_pulls_change_are_stale_until_a_tree_is_built(void **state)
{
	struct peer peer = {.store = make_store("s")}, other = {.store = make_store("other")};
	struct dice dice = {.state = 1};
	struct cts_buf keys = {0};
	struct cts_oid tree;
	struct cts_txn *txn;

	(void)state;
	txn = begin_reading(peer.store);
	assert_ok(cts_txn_tree_base(txn, &tree));
	assert_true(cts_oid_is_zero(&tree));
	cts_txn_end(txn);
	SET(peer.store, "initiative/own", "title=Own");
	SET(other.store, "initiative/b", "title=B");
	SET(other.store, "initiative/a", "title=A");
	SET(other.store, "initiative/b", "title=BB");
	SET(other.store, "initiative/gone", "title=Gone");
	DELETE(other.store, "initiative/gone");
	pool_seal(&pool, &other);
	pool_seal(&pool, &peer);
	pool_fetch(&pool, &peer, &other.has, &dice);
	txn = begin_reading(peer.store);
	assert_ok(cts_txn_each_stale(txn, note_key, &keys));
	expect_text(&keys, "initiative/a initiative/b initiative/gone");
	cts_txn_end(txn);
	/* Writing leaves it, sealing takes it up. */
	SET(peer.store, "initiative/own", "title=Own again");
	txn = begin_reading(peer.store);
	assert_ok(cts_txn_each_stale(txn, note_key, &keys));
	expect_text(&keys, "initiative/a initiative/b initiative/gone");
	cts_txn_end(txn);
	pool_seal(&pool, &peer);
	txn = begin_reading(peer.store);
	assert_ok(cts_txn_each_stale(txn, note_key, &keys));
	expect_text(&keys, "");
	cts_txn_end(txn);
	cts_buf_release(&keys);
	cts_store_close(peer.store);
	cts_store_close(other.store);
	pool_release(&pool);
}

static int stop_at_second(void *context, const struct cts_frame *frame)
{
	(void)frame;
	return ++*(int *)context == 2 ? CTS_EMISMATCH : 0;
}

static void test_walk_over_the_journal_stops_when_it_is_told_to(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_txn *txn;
	int calls = 0;

	(void)state;
	make_four_changes(store);
	txn = begin_reading(store);
	assert_int_equal(cts_txn_each_journal(txn, stop_at_second, &calls), CTS_EMISMATCH);
	assert_int_equal(calls, 2);
	cts_txn_end(txn);
	cts_store_close(store);
}

static void test_numbers_of_the_journal_are_not_given_twice(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write dry = {.dry_run = true};
	struct fixture_edit edits[] = {{"initiative/x", TEXTS("title=X")}, {0}};
	struct sealing sealing;

	(void)state;
	for (int round = 0; round < 3; round++) {
		SET(store, "initiative/a", round % 2 ? "title=Odd" : "title=Even");
		assert_ok(cts_store_write(store, &dry, run_edits, edits));
		assert_int_equal(journal_count(store), 1);
		sealing = make_sealing(store, (uint64_t)round + 1, (uint64_t)round + 1);
		assert_ok(cts_store_exchange(store, seal_in_txn, &sealing));
		assert_int_equal(journal_count(store), 0);
		store = reopen(store, "s");
		check_store(store, NULL);
	}
	cts_store_close(store);
}

/* ---- facts ------------------------------------------------------------------------------------ */

struct note {
	const char *name, *text;
};

static int put_note(struct cts_txn *txn, void *context)
{
	const struct note *note = context;

	return cts_txn_put_note(txn, note->name, note->text, strlen(note->text));
}

static int describe_note(void *context, const char *name, struct cts_slice data)
{
	cts_buf_printf(context, "%s=%.*s ", name, (int)data.size, (const char *)data.data);
	return 0;
}

static void expect_notes(struct cts_store *store, const char *prefix, const char *expected)
{
	struct cts_txn *txn = begin_reading(store);
	struct cts_buf out = {0};

	assert_ok(cts_txn_each_note(txn, prefix, describe_note, &out));
	assert_string_equal(cts_buf_text(&out), expected);
	cts_buf_release(&out);
	cts_txn_end(txn);
}

static void test_notes_are_kept_by_name(void **state)
{
	static const struct note notes[] = {
		{"remote.a", "1"}, {"remote.b", "2"}, {"remote.a", "3"}, {"other", "4"}};
	struct cts_store *store = make_store("s");
	struct cts_buf out = {0};
	struct cts_txn *txn;

	(void)state;
	for (size_t i = 0; i < COUNT(notes); i++)
		assert_ok(cts_store_exchange(store, put_note, (void *)&notes[i]));
	expect_notes(store, "remote.", "remote.a=3 remote.b=2 ");
	expect_notes(store, "", "other=4 remote.a=3 remote.b=2 ");
	expect_notes(store, "none", "");
	txn = begin_reading(store);
	cts_buf_puts(&out, "before ");
	assert_ok(cts_txn_note(txn, &out, "remote.b"));
	assert_ok(cts_txn_note(txn, &out, "remote"));
	expect_text(&out, "before 2");
	cts_txn_end(txn);
	assert_ok(cts_store_exchange(store, put_note, &(struct note){"remote.a", ""}));
	assert_ok(cts_store_exchange(store, put_note, &(struct note){"never", ""}));
	store = reopen(store, "s");
	expect_notes(store, "", "other=4 remote.b=2 ");
	assert_int_equal(journal_count(store), 0);
	check_store(store, NULL);
	cts_buf_release(&out);
	cts_store_close(store);
}

static int set_root(struct cts_txn *txn, void *context)
{
	return cts_txn_set_root(txn, context);
}

static void test_root_is_zero_until_it_is_set(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_oid root, expected = oid_number(7);
	struct cts_txn *txn = begin_reading(store);

	(void)state;
	assert_ok(cts_txn_root(txn, &root));
	assert_true(cts_oid_is_zero(&root));
	cts_txn_end(txn);
	assert_ok(cts_store_exchange(store, set_root, &expected));
	txn = begin_reading(store);
	assert_ok(cts_txn_root(txn, &root));
	assert_memory_equal(root.bytes, expected.bytes, CTS_OID_SIZE);
	cts_txn_end(txn);
	cts_store_close(store);
}

enum { MANY = 3000 };

static int make_many(struct cts_txn *txn, void *context)
{
	int rc = 0;

	(void)context;
	for (int i = 0; i < MANY && rc >= 0; i++) {
		char key[32];

		snprintf(key, sizeof(key), "initiative/i%05d", i);
		rc = put_in(txn, key, TEXTS("title=A title of some length, as they are", "notes=Notes"));
	}
	return rc;
}

/* Of the pages that nothing uses, how many there are and how many have the next one beside them. */
static void count_free_pages(struct cts_store *store, size_t *count, size_t *beside)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	MDB_txn *txn;

	*count = *beside = 0;
	assert_int_equal(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(mdb_cursor_open(txn, 0, &cursor), 0); /* database 0 lists them */
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
		const size_t *pages = value.mv_data; /* how many, then they, the last one first */

		*count += pages[0];
		for (size_t i = 2; i <= pages[0]; i++)
			*beside += pages[i - 1] == pages[i] + 1;
	}
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
}

static uint64_t entries_of(struct cts_store *store)
{
	struct cts_txn *txn = begin_reading(store);
	uint64_t entries = cts_txn_journal_entries(txn);

	cts_txn_end(txn);
	return entries;
}

static void test_what_a_seal_frees_lies_side_by_side(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write options = {0};
	struct sealing sealing;
	size_t count, beside;

	(void)state;
	assert_ok(cts_store_write(store, &options, make_many, NULL));
	assert_int_equal(journal_count(store), 1);
	assert_int_equal(entries_of(store), MANY + 2);
	sealing = make_sealing(store, 1, 1);
	assert_ok(cts_store_exchange(store, seal_in_txn, &sealing));
	assert_int_equal(entries_of(store), 0);
	count_free_pages(store, &count, &beside);
	assert_true(count > 50);
	assert_true(beside > count * 9 / 10);
	check_store(store, NULL);
	cts_store_close(store);
}

static int claim(struct cts_txn *txn, void *context)
{
	(void)context;
	return cts_txn_claim_line(txn);
}

static void test_own_line_is_claimed_only_where_it_is_one(void **state)
{
	struct peer peer = {0}, fresh = {0};
	struct dice dice = {.state = 1};
	struct pool_commit forged;
	struct cts_identity self;

	(void)state;
	create_store("s", "nzp", "00000000000000a1");
	create_store("fresh", "nzp", "00000000000000a1");
	peer.store = open_store("s");
	fresh.store = open_store("fresh");
	SET(peer.store, "initiative/a", "title=A");
	SET(peer.store, "initiative/a", "title=AA");
	pool_seal(&pool, &peer);
	pool_fetch(&pool, &fresh, &peer.has, &dice);
	assert_ok(cts_store_exchange(fresh.store, claim, NULL));
	SET(fresh.store, "initiative/b", "title=B");
	cts_store_identity(fresh.store, &self);
	assert_string_equal(self.writer, "00000000000000a1");
	check_store(fresh.store, NULL);
	expect_pending(fresh.store, "3 ");
	pool_seal(&pool, &fresh);
	/* Forked: the line is nobody's. */
	forged = pool.commits[1];
	forged.time++;
	set_add(&fresh.has, pool_add(&pool, &forged));
	pool_fetch(&pool, &peer, &fresh.has, &dice);
	assert_ok(cts_store_exchange(peer.store, claim, NULL));
	SET(peer.store, "initiative/c", "title=C");
	cts_store_identity(peer.store, &self);
	assert_string_not_equal(self.writer, "00000000000000a1");
	check_store(peer.store, NULL);
	cts_store_close(peer.store);
	cts_store_close(fresh.store);
	pool_release(&pool);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(test_first_changes_of_the_journal_become_commits),
		TEST(test_what_is_not_pending_cannot_be_sealed),
		TEST(test_records_that_pulls_change_are_stale_until_a_tree_is_built),
		TEST(test_walk_over_the_journal_stops_when_it_is_told_to),
		TEST(test_numbers_of_the_journal_are_not_given_twice),
		TEST(test_notes_are_kept_by_name),
		TEST(test_root_is_zero_until_it_is_set),
		TEST(test_own_line_is_claimed_only_where_it_is_one),
		TEST(test_what_a_seal_frees_lies_side_by_side),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
