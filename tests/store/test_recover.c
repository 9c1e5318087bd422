/*
 * Journal file and LMDB brought together: after a crash between the file and LMDB, after LMDB forgot
 * its last transactions in a power loss, after a seal that did not cut the file, and in a new LMDB,
 * every change is there once, under its own name.
 */
#include "tests/store/pool.h"

static struct pool pool;

/* What a power loss may leave of LMDB: its bytes at some moment, in the file that is there. */
static struct cts_buf saved;

static void save_lmdb(void)
{
	read_file_into(&saved, path_of("s/data.mdb"));
}

static void restore_lmdb(void)
{
	write_file(path_of("s/data.mdb"), saved.data, saved.size);
}

/* The store as it is opened after its LMDB forgot all since save_lmdb(). */
static struct cts_store *lose_power(struct cts_store *store)
{
	cts_store_close(store);
	restore_lmdb();
	return open_store("s");
}

static void append_bytes(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	close(fd);
}

/* Every change, oldest first: its name, time and message. */
static int list_change(void *context, const struct cts_change *change)
{
	cts_buf_printf(context, "%s.%llu %lld %s|%s\n", change->writer,
		(unsigned long long)change->ref.seq, (long long)change->time, change->author,
		change->message);
	return 0;
}

static void list_changes(struct cts_buf *out, struct cts_store *store)
{
	struct cts_txn *txn = begin_reading(store);

	cts_buf_clear(out);
	assert_ok(cts_txn_each_change(txn, list_change, out));
	cts_txn_end(txn);
}

/* What a store held: its changes, and the digest of its records. */
static struct cts_buf held_changes;
static uint8_t held_digest[CTS_SHA256_SIZE];

static void remember(struct cts_store *store)
{
	list_changes(&held_changes, store);
	check_store(store, held_digest);
}

/* The store is sound and holds what was remembered. */
static void expect_remembered(struct cts_store *store)
{
	uint8_t digest[CTS_SHA256_SIZE];
	struct cts_buf changes = {0};

	list_changes(&changes, store);
	assert_string_equal(cts_buf_text(&changes), cts_buf_text(&held_changes));
	check_store(store, digest);
	assert_memory_equal(digest, held_digest, sizeof(digest));
	cts_buf_release(&changes);
}

static void expect_journal_file(const struct cts_buf *expected)
{
	struct cts_buf file = {0};

	read_file_into(&file, path_of("s/journal"));
	assert_int_equal(file.size, expected->size);
	assert_memory_equal(file.data, expected->data, expected->size);
	cts_buf_release(&file);
}

static int release_all(void **state)
{
	cts_buf_release(&saved);
	saved = (struct cts_buf){0};
	cts_buf_release(&held_changes);
	held_changes = (struct cts_buf){0};
	pool_release(&pool);
	return remove_dir(state);
}

static void test_change_that_only_the_file_holds_is_taken_in(void **state)
{
	struct cts_store *store = make_store("s");

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	save_lmdb();
	SET(store, "initiative/a", "title=Grow on", "labels=x|y");
	SET(store, "initiative/b", "title=New");
	DELETE(store, "initiative/a");
	remember(store);
	store = lose_power(store);
	expect_remembered(store);
	assert_int_equal(journal_count(store), 4);
	assert_int_equal(life_of(store, "initiative/a"), CTS_LIFE_DELETED);
	/* And once more: nothing is left to take in. */
	store = reopen(store, "s");
	expect_remembered(store);
	cts_store_close(store);
}

static void test_torn_tail_is_cut_and_writing_goes_on(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_buf whole = {0};
	uint64_t first;

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	first = size_of(path_of("s/journal"));
	save_lmdb();
	SET(store, "initiative/a", "title=Grow on");
	cts_store_close(store);
	read_file_into(&whole, path_of("s/journal"));
	/* However much of the second transaction reached the disk: the first is whole. */
	for (uint64_t size = first; size < whole.size; size += 7) {
		restore_lmdb();
		write_file(path_of("s/journal"), whole.data, size);
		store = open_store("s");
		expect_field(store, "initiative/a", "title", "Grow");
		assert_int_equal(journal_count(store), 1);
		assert_int_equal(size_of(path_of("s/journal")), first);
		check_store(store, NULL);
		SET(store, "initiative/a", "title=Grow again");
		check_store(store, NULL);
		cts_store_close(store);
	}
	cts_buf_release(&whole);
}

static void test_garbage_behind_the_journal_is_cut(void **state)
{
	struct cts_store *store = make_store("s");
	uint64_t size;

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	cts_store_close(store);
	size = size_of(path_of("s/journal"));
	append_bytes(path_of("s/journal"), "garbage", 7);
	store = open_store("s");
	assert_int_equal(size_of(path_of("s/journal")), size);
	check_store(store, NULL);
	cts_store_close(store);
}

static void test_file_that_lost_frames_is_written_anew(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_buf whole = {0};

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	SET(store, "initiative/a", "title=Grow on");
	SET(store, "initiative/b", "title=New");
	read_file_into(&whole, path_of("s/journal"));
	for (size_t size = 0; size < whole.size; size += 31) {
		cts_store_close(store);
		write_file(path_of("s/journal"), whole.data, size);
		store = open_store("s");
		expect_journal_file(&whole);
		assert_int_equal(journal_count(store), 3);
		check_store(store, NULL);
	}
	/* Gone altogether: as good. */
	cts_store_close(store);
	assert_int_equal(unlink(path_of("s/journal")), 0);
	store = open_store("s");
	expect_journal_file(&whole);
	check_store(store, NULL);
	SET(store, "initiative/b", "title=Newer");
	check_store(store, NULL);
	cts_buf_release(&whole);
	cts_store_close(store);
}

static void test_seal_that_did_not_cut_the_file_is_not_done_twice(void **state)
{
	struct peer peer = {.store = make_store("s")};
	struct cts_buf whole = {0};

	(void)state;
	SET(peer.store, "initiative/a", "title=Grow");
	SET(peer.store, "initiative/a", "title=Grow on");
	read_file_into(&whole, path_of("s/journal"));
	pool_seal(&pool, &peer);
	assert_int_equal(size_of(path_of("s/journal")), 0);
	remember(peer.store);
	cts_store_close(peer.store);
	write_file(path_of("s/journal"), whole.data, whole.size);
	peer.store = open_store("s");
	expect_remembered(peer.store);
	assert_int_equal(journal_count(peer.store), 0);
	assert_int_equal(size_of(path_of("s/journal")), 0);
	cts_buf_release(&whole);
	cts_store_close(peer.store);
}

/* A writer that is stopped after the file was synced, and one that goes on: the change of the stopped
 * one was never acknowledged, but what stands whole in the file is kept. */
static void test_other_process_takes_in_what_a_crash_left(void **state)
{
	struct cts_store *store = make_store("s"), *other;
	struct cts_buf whole = {0};
	uint64_t first;

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	other = open_store("s"); /* open before the crash */
	first = size_of(path_of("s/journal"));
	cts_store_close(store);
	save_lmdb();
	store = open_store("s");
	SET(store, "initiative/b", "title=Left by the crash");
	read_file_into(&whole, path_of("s/journal"));
	cts_store_close(store);
	cts_store_close(other);
	/* As it was when only the first transaction was in LMDB. */
	restore_lmdb();
	write_file(path_of("s/journal"), whole.data, first);
	other = open_store("s");
	append_bytes(path_of("s/journal"), whole.data + first, whole.size - first);
	SET(other, "initiative/c", "title=New");
	expect_field(other, "initiative/b", "title", "Left by the crash");
	assert_int_equal(journal_count(other), 3);
	check_store(other, NULL);
	cts_buf_release(&whole);
	cts_store_close(other);
}

static void test_seen_commits_are_reserved_again(void **state)
{
	struct peer peer = {.store = make_store("s")}, other = {.store = make_store("other")};
	struct dice dice = {.state = 1};

	(void)state;
	SET(peer.store, "initiative/a", "title=Grow");
	SET(other.store, "initiative/b", "title=Other");
	pool_seal(&pool, &peer);
	pool_seal(&pool, &other);
	pool_fetch(&pool, &peer, &other.has, &dice);
	save_lmdb();
	SET(peer.store, "initiative/b", "title=Seen");
	remember(peer.store);
	peer.store = lose_power(peer.store);
	expect_remembered(peer.store);
	pool_seal(&pool, &peer);
	assert_true(pool.commits[2].is_seen);
	assert_true(set_has(&pool.commits[3].past, 1));
	cts_store_close(peer.store);
	cts_store_close(other.store);
}

/* ---- a rebuild: a new LMDB, the commits, then the journal file of the old one ------------------ */

/* An LMDB without a commit for the writer of `peer`, in a folder inside its own. */
static struct peer begin_rebuild(const struct peer *peer)
{
	struct cts_identity self;
	struct cts_store_setup setup = {.agency = "nzp",
		.author = "",
		.writer = self.writer,
		.schema = cts_schema_builtin()};

	cts_store_identity(peer->store, &self);
	assert_int_equal(mkdir(path_of("s/fresh"), 0777), 0);
	assert_ok(cts_store_create_for_rebuild(path_of("s/fresh"), path_of("s"), &setup));
	return (struct peer){.store = open_store("s/fresh")};
}

static int claim(struct cts_txn *txn, void *context)
{
	(void)context;
	return cts_txn_claim_line(txn);
}

/* The new LMDB, which has its commits by now, claims the writer's line and takes the place of the old one. */
static void end_rebuild(struct peer *fresh, struct peer *peer)
{
	assert_ok(cts_store_exchange(fresh->store, claim, NULL));
	cts_store_close(fresh->store);
	cts_store_close(peer->store);
	assert_int_equal(rename(path_of("s/fresh/data.mdb"), path_of("s/data.mdb")), 0);
	assert_int_equal(unlink(path_of("s/lock.mdb")), 0);
	peer->store = open_store("s");
}

static void test_new_lmdb_takes_in_the_pending_changes_under_their_names(void **state)
{
	struct dice dice = dice_of_run();
	struct peer peer, other, fresh;
	struct cts_identity before, after;
	uint64_t pending;

	(void)state;
	peer = (struct peer){.store = make_store("s")};
	other = (struct peer){.store = make_store("other")};
	clock_now = 1600000000;
	for (int i = 0; i < 12; i++) {
		clock_now++; /* no two changes of one time: their order is that of arrival */
		pool_edit(&dice, &peer);
		clock_now++;
		pool_edit(&dice, &other);
	}
	pool_seal(&pool, &peer);
	pool_seal(&pool, &other);
	pool_fetch(&pool, &peer, &other.has, &dice);
	for (int i = 0; i < 8; i++) {
		clock_now++;
		pool_edit(&dice, &peer);
	}
	remember(peer.store);
	pending = journal_count(peer.store);
	cts_store_identity(peer.store, &before);

	fresh = begin_rebuild(&peer);
	pool_fetch(&pool, &fresh, &peer.has, &dice);
	end_rebuild(&fresh, &peer);

	expect_remembered(peer.store);
	assert_int_equal(journal_count(peer.store), pending);
	/* It is the same writer, on the same files, and goes on. */
	pool_edit(&dice, &peer);
	cts_store_identity(peer.store, &after);
	assert_string_equal(after.writer, before.writer);
	check_store(peer.store, NULL);
	pool_seal(&pool, &peer);
	check_store(peer.store, NULL);
	cts_store_close(peer.store);
	cts_store_close(other.store);
}

/* The mirror lost commits, too: what is pending gets other numbers, and the file says the same. */
static void test_pending_changes_go_on_where_the_known_line_ends(void **state)
{
	struct peer peer = {.store = make_store("s")}, fresh;

	(void)state;
	SET(peer.store, "initiative/a", "title=One");
	SET(peer.store, "initiative/a", "title=Two");
	SET(peer.store, "initiative/a", "title=Three");
	pool_seal(&pool, &peer);
	SET(peer.store, "initiative/b", "title=Four");
	fresh = begin_rebuild(&peer);
	pool_take(&pool, &fresh, (size_t[]){0}, 1, 1700000000);
	end_rebuild(&fresh, &peer);
	expect_field(peer.store, "initiative/a", "title", "One");
	expect_field(peer.store, "initiative/b", "title", "Four");
	assert_int_equal(journal_count(peer.store), 1);
	check_store(peer.store, NULL);
	cts_store_close(peer.store);
}

/* The mirror got commits that no transaction took in before the crash: what is pending stands behind them,
 * and its line says so. */
static void test_pending_changes_stand_behind_all_that_was_received(void **state)
{
	struct peer peer = {.store = make_store("s")}, other = {.store = make_store("other")};
	struct dice dice = {.state = 1};
	struct peer fresh;

	(void)state;
	SET(peer.store, "initiative/a", "title=One");
	pool_seal(&pool, &peer);
	pool_fetch(&pool, &other, &peer.has, &dice);
	SET(other.store, "initiative/a", "title=Theirs");
	pool_seal(&pool, &other);
	SET(peer.store, "initiative/a", "title=Ours");
	fresh = begin_rebuild(&peer);
	pool_fetch(&pool, &fresh, &other.has, &dice);
	end_rebuild(&fresh, &peer);
	peer.has = other.has;
	check_store(peer.store, NULL);
	pool_seal(&pool, &peer);
	check_store(peer.store, NULL);
	pool_fetch(&pool, &other, &peer.has, &dice);
	expect_same_records(peer.store, other.store);
	cts_store_close(peer.store);
	cts_store_close(other.store);
}

static int show_seen(struct cts_txn *txn, void *context)
{
	int rc = cts_txn_show_seen(txn);

	(void)context;
	return rc < 0 ? rc : 0;
}

static void test_what_was_shown_as_seen_and_forgotten_is_shown_again(void **state)
{
	struct peer peer = {.store = make_store("s")}, other = {.store = make_store("other")};
	struct dice dice = {.state = 1};

	(void)state;
	SET(peer.store, "initiative/a", "title=One");
	pool_seal(&pool, &peer);
	pool_fetch(&pool, &other, &peer.has, &dice);
	SET(other.store, "initiative/a", "title=Theirs");
	pool_seal(&pool, &other);
	pool_fetch(&pool, &peer, &other.has, &dice);
	save_lmdb();
	assert_ok(cts_store_exchange(peer.store, show_seen, NULL));
	SET(peer.store, "initiative/a", "title=Ours");
	remember(peer.store);
	peer.store = lose_power(peer.store);
	expect_remembered(peer.store);
	pool_seal(&pool, &peer);
	pool_fetch(&pool, &other, &peer.has, &dice);
	expect_same_records(peer.store, other.store);
	cts_store_close(peer.store);
	cts_store_close(other.store);
}

static void test_random_power_losses_lose_nothing(void **state)
{
	struct dice dice = dice_of_run();
	struct peer peer = {.store = make_store("s")}, other = {.store = make_store("other")};

	(void)state;
	save_lmdb();
	for (int step = 0; step < 60; step++) {
		switch (dice_below(&dice, 8)) {
		case 0:
			pool_edit(&dice, &other);
			pool_seal(&pool, &other);
			pool_seal(&pool, &peer);
			pool_fetch(&pool, &peer, &other.has, &dice);
			save_lmdb(); /* an exchange ends with a sync */
			break;
		case 1:
			pool_seal(&pool, &peer);
			save_lmdb();
			break;
		case 2:
			save_lmdb();
			break;
		case 3:
			remember(peer.store);
			cts_store_close(peer.store);
			restore_lmdb();
			if (dice_chance(&dice, 30))
				append_bytes(path_of("s/journal"), "\0\0\0\5torn", 8);
			peer.store = open_store("s");
			expect_remembered(peer.store);
			save_lmdb();
			break;
		default: pool_edit(&dice, &peer);
		}
		check_store(peer.store, NULL);
	}
	cts_store_close(peer.store);
	cts_store_close(other.store);
}

/* A change whose LMDB commit failed leaves its frames if the file could not be cut, and its number is given
 * again. Five times over, with others around it. */
static void test_of_entries_of_one_number_the_last_counts(void **state)
{
	struct cts_buf before = {0}, file = {0}, all = {0};
	struct cts_store *store = make_store("s");

	(void)state;
	SET(store, "initiative/a", "title=Begun");
	cts_store_close(store);
	save_lmdb();
	read_file_into(&before, path_of("s/journal"));
	cts_buf_put(&all, before.data, before.size);
	for (int i = 0; i < 5; i++) {
		char title[32];

		restore_lmdb();
		write_file(path_of("s/journal"), before.data, before.size);
		store = open_store("s");
		snprintf(title, sizeof(title), "title=Try %d", i);
		SET(store, "initiative/a", title);
		if (i == 4)
			SET(store, "initiative/b", "title=Next");
		cts_store_close(store);
		cts_buf_clear(&file);
		read_file_into(&file, path_of("s/journal"));
		cts_buf_put(&all, file.data + before.size, file.size - before.size);
	}
	restore_lmdb();
	write_file(path_of("s/journal"), all.data, all.size);
	store = open_store("s");
	expect_field(store, "initiative/a", "title", "Try 4");
	expect_field(store, "initiative/b", "title", "Next");
	assert_int_equal(journal_count(store), 3);
	check_store(store, NULL);
	cts_store_close(store);
	cts_buf_release(&before);
	cts_buf_release(&file);
	cts_buf_release(&all);
}

static void test_journal_frame_that_is_none_is_damage(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_journal_file *file = NULL;

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	cts_store_close(store);
	assert_ok(cts_journal_open(&file, path_of("s/journal"), false));
	assert_ok(cts_journal_append(file, 2, (struct cts_slice){.data = "\377", .size = 1}));
	assert_ok(cts_journal_flush(file));
	cts_journal_close(file);
	store = NULL;
	assert_error(cts_store_open(&store, path_of("s")), CTS_EDAMAGED,
		"the journal has a frame that is not one");
	assert_hint("rebuild");
	assert_null(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, release_all)
	const struct CMUnitTest tests[] = {
		TEST(test_change_that_only_the_file_holds_is_taken_in),
		TEST(test_torn_tail_is_cut_and_writing_goes_on),
		TEST(test_garbage_behind_the_journal_is_cut),
		TEST(test_file_that_lost_frames_is_written_anew),
		TEST(test_seal_that_did_not_cut_the_file_is_not_done_twice),
		TEST(test_other_process_takes_in_what_a_crash_left),
		TEST(test_seen_commits_are_reserved_again),
		TEST(test_new_lmdb_takes_in_the_pending_changes_under_their_names),
		TEST(test_pending_changes_go_on_where_the_known_line_ends),
		TEST(test_pending_changes_stand_behind_all_that_was_received),
		TEST(test_what_was_shown_as_seen_and_forgotten_is_shown_again),
		TEST(test_random_power_losses_lose_nothing),
		TEST(test_of_entries_of_one_number_the_last_counts),
		TEST(test_journal_frame_that_is_none_is_damage),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
