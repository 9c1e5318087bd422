/*
 * The local change: what puts and deletes of one transaction make of the journal, of the line and of
 * the store; seen commits before it; whose name it bears; what is refused.
 */
#include "tests/store/pool.h"

static struct pool pool;

static struct cts_write write_as(struct cts_store *store, struct cts_write options,
	struct fixture_edit *edits, int expected)
{
	int rc = cts_store_write(store, &options, run_edits, edits);

	if (rc != expected)
		fail_msg("%d: %s", rc, cts_error_message(rc));
	return options;
}

/* ---- the journal ------------------------------------------------------------------------------ */

static void put_image(struct cts_buf *out, struct cts_slice image)
{
	struct cts_record record;

	if (!image.size) {
		cts_buf_puts(out, " -");
		return;
	}
	assert_ok(cts_record_decode(&record, cts_schema_builtin(), image.data, image.size));
	cts_buf_printf(out, " '%s'", cts_record_text(&record, "title"));
	cts_record_release(&record);
}

static int describe_frame(void *context, const struct cts_frame *frame)
{
	struct cts_buf *out = context;

	switch (frame->kind) {
	case CTS_FRAME_BEGIN:
		cts_buf_printf(out, "begin %s %s seq %llu seen %llu of %zu\n", frame->agency,
			frame->author, (unsigned long long)frame->seq,
			(unsigned long long)frame->seen_count, frame->seen_head_count);
		break;
	case CTS_FRAME_RECORD:
		cts_buf_printf(out, "record %s", frame->key);
		put_image(out, frame->before);
		put_image(out, frame->after);
		cts_buf_puts(out, "\n");
		break;
	case CTS_FRAME_END:
		cts_buf_printf(out, "end %llu: %s\n", (unsigned long long)frame->record_count,
			frame->message);
		break;
	}
	return 0;
}

static void expect_journal(struct cts_store *store, const char *expected)
{
	struct cts_txn *txn = begin_reading(store);
	struct cts_buf out = {0};

	assert_ok(cts_txn_each_journal(txn, describe_frame, &out));
	assert_string_equal(cts_buf_text(&out), expected);
	cts_buf_release(&out);
	cts_txn_end(txn);
}

static struct fixture_edit three_edits[] = {
	{"initiative/a", (const char *const[]){"title=A", NULL}},
	{"initiative/b", (const char *const[]){"title=B", "status=ongoing", NULL}},
	{"initiative/c", (const char *const[]){"title=C", NULL}},
	{0},
};

static struct fixture_edit change_and_delete[] = {
	{"initiative/b", (const char *const[]){"title=BB", NULL}},
	{"initiative/a", NULL},
	{0},
};

static void test_change_is_journalled_with_its_images(void **state)
{
	struct cts_store *store = make_store("s");

	(void)state;
	write_as(store, (struct cts_write){0}, three_edits, 1);
	write_as(store, (struct cts_write){.message = "because"}, change_and_delete, 1);
	expect_journal(store,
		"begin nzp Aroha Ngata <aroha@example.nz> seq 1 seen 0 of 0\n"
		"record initiative/a - 'A'\n"
		"record initiative/b - 'B'\n"
		"record initiative/c - 'C'\n"
		"end 3: add initiative/a; add initiative/b; and 1 more\n"
		"begin nzp Aroha Ngata <aroha@example.nz> seq 2 seen 0 of 0\n"
		"record initiative/b 'B' 'BB'\n"
		"record initiative/a 'A' -\n"
		"end 2: because\n");
	assert_int_equal(journal_count(store), 2);
	check_store(store, NULL);
	cts_store_close(store);
}

static void test_what_makes_no_difference_is_no_change(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write options;

	(void)state;
	write_as(store, (struct cts_write){0}, three_edits, 1);
	options = write_as(store, (struct cts_write){0}, three_edits, 0);
	assert_false(options.changed);
	assert_int_equal(journal_count(store), 1);
	check_store(store, NULL);
	cts_store_close(store);
}

/* ---- who, when, why --------------------------------------------------------------------------- */

static int note_change(void *context, const struct cts_change *change)
{
	struct cts_buf *out = context;

	cts_buf_printf(out, "%s %s %lld %s\n", change->agency, change->author,
		(long long)change->time, change->message);
	return 1;
}

static void expect_last(struct cts_store *store, const char *expected)
{
	struct cts_txn *txn = begin_reading(store);
	struct cts_buf out = {0};

	assert_int_equal(cts_txn_each_change(txn, note_change, &out), 1);
	assert_string_equal(cts_buf_text(&out), expected);
	cts_buf_release(&out);
	cts_txn_end(txn);
}

static struct fixture_edit one_edit[] = {
	{"initiative/a", (const char *const[]){"title=A", NULL}},
	{0},
};

static struct fixture_edit other_edit[] = {
	{"initiative/a", (const char *const[]){"title=Other", "status=ongoing", NULL}},
	{0},
};

static void test_change_bears_author_time_and_reason(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write options;
	struct cts_identity self;
	char name[CTS_CHANGE_TEXT];

	(void)state;
	clock_now = 1623749400;
	options = write_as(store, (struct cts_write){0}, one_edit, 1);
	assert_true(options.changed);
	cts_store_identity(store, &self);
	assert_string_equal(options.change, cts_change_format(name, self.writer, 1));
	expect_last(store, "nzp Aroha Ngata <aroha@example.nz> 1623749400 add initiative/a\n");
	clock_now++;
	write_as(store, (struct cts_write){.author = "Wiremu <w@x.nz>", .message = "asked for"},
		other_edit, 1);
	expect_last(store, "nzp Wiremu <w@x.nz> 1623749401 asked for\n");
	write_as(store, (struct cts_write){.message = ""}, one_edit, 1);
	expect_last(store,
		"nzp Aroha Ngata <aroha@example.nz> 1623749401 set initiative/a: title\n");
	check_store(store, NULL);
	cts_store_close(store);
}

static void test_change_without_a_name_is_refused(void **state)
{
	struct cts_store_setup setup = {
		.agency = "nzp", .author = "", .schema = cts_schema_builtin()};
	struct cts_store *store;

	(void)state;
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	unsetenv("GIT_CONFIG_GLOBAL");
	unsetenv("XDG_CONFIG_HOME");
	assert_int_equal(mkdir(path_of("s"), 0777), 0);
	assert_ok(cts_store_create(path_of("s"), &setup));
	store = open_store("s");
	assert_error(try_edit(store, "initiative/a", TEXTS("title=A")), CTS_EREFUSED,
		"it is not known who you are");
	assert_hint("--author");
	write_as(store, (struct cts_write){.author = ""}, one_edit, CTS_EREFUSED);
	write_as(store, (struct cts_write){.author = "no mail"}, one_edit, CTS_EVALUE);
	write_as(store, (struct cts_write){.author = "A <a@b>\nx"}, one_edit, CTS_EVALUE);
	assert_int_equal(journal_count(store), 0);
	write_as(store, (struct cts_write){.author = "A <a@b>"}, one_edit, 1);
	check_store(store, NULL);
	cts_store_close(store);
	/* What git knows will do. */
	write_text(path_of(".gitconfig"), "[user]\n\tname = Mere\n\temail = mere@example.nz\n");
	store = open_store("s");
	write_as(store, (struct cts_write){0}, other_edit, 1);
	cts_store_close(store);
}

/* ---- what is refused -------------------------------------------------------------------------- */

static struct fixture_edit twice[] = {
	{"initiative/a", (const char *const[]){"title=One", NULL}},
	{"initiative/a", (const char *const[]){"title=Two", NULL}},
	{0},
};

static struct fixture_edit put_and_delete[] = {
	{"initiative/a", (const char *const[]){"title=One", NULL}},
	{"initiative/a", NULL},
	{0},
};

static struct fixture_edit same_twice[] = {
	{"initiative/a", (const char *const[]){"title=One", NULL}},
	{"initiative/a", (const char *const[]){"title=One", NULL}},
	{0},
};

static void test_record_twice_in_one_change_is_refused(void **state)
{
	struct cts_store *store = make_store("s");

	(void)state;
	write_as(store, (struct cts_write){0}, twice, CTS_EVALUE);
	assert_string_equal(
		cts_error_message(CTS_EVALUE), "'initiative/a' stands twice in one change");
	write_as(store, (struct cts_write){0}, put_and_delete, CTS_EVALUE);
	assert_int_equal(life_of(store, "initiative/a"), CTS_LIFE_NONE);
	/* What differs in nothing is no second time. */
	write_as(store, (struct cts_write){0}, same_twice, 0);
	expect_field(store, "initiative/a", "title", "One");
	check_store(store, NULL);
	cts_store_close(store);
}

static void test_values_that_break_a_rule_are_refused(void **state)
{
	struct cts_store *store = make_store("s");

	(void)state;
	assert_error(try_edit(store, "initiative/a", TEXTS("notes=no title")), CTS_EVALUE,
		"title");
	assert_error(try_edit(store, "initiative/a", NULL), CTS_ENOTFOUND,
		"no record 'initiative/a'");
	SET(store, "milestone/m", "parent=initiative/a", "baseline=Q1 2021");
	assert_error(try_edit(store, "milestone/m", TEXTS("baseline=Q2 2021")), CTS_EVALUE,
		"baseline");
	DELETE(store, "milestone/m");
	assert_error(try_edit(store, "milestone/m", NULL), CTS_ENOTFOUND, "was deleted");
	/* A record made again is a new one: its baseline too. */
	SET(store, "milestone/m", "parent=initiative/a", "baseline=Q2 2021");
	check_store(store, NULL);
	cts_store_close(store);
}

static int put_conflict(struct cts_txn *txn, void *context)
{
	static const char *const sides[] = {"One", "Two"};
	struct cts_record record;
	struct cts_conflict *conflict;
	int rc;

	(void)context;
	cts_record_init(&record, kind_of("initiative"), "a");
	assign(&record, TEXTS("title=One"));
	conflict = cts_arena_push(&record.arena, &record.conflicts, &record.conflict_count,
		sizeof(*conflict));
	conflict->field = "title";
	for (uint64_t i = 0; i < 2; i++) {
		struct cts_side *side = cts_arena_push(
			&record.arena, &conflict->sides, &conflict->side_count, sizeof(*side));

		*side = (struct cts_side){.value = cts_value_of(&record.arena, sides[i]),
			.agency = "nzp",
			.author = "A <a@b>",
			.commit = oid_number(i)};
	}
	rc = cts_txn_put(txn, &record);
	cts_record_release(&record);
	return rc;
}

static void test_conflict_cannot_be_put(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write options = {0};

	(void)state;
	assert_true(cts_store_write(store, &options, put_conflict, NULL) < 0);
	SET(store, "initiative/a", "title=One");
	assert_true(cts_store_write(store, &options, put_conflict, NULL) < 0);
	check_store(store, NULL);
	cts_store_close(store);
}

/* ---- life ------------------------------------------------------------------------------------- */

static void test_deleted_record_comes_to_life_with_new_values_alone(void **state)
{
	struct cts_store *store = make_store("s");

	(void)state;
	SET(store, "initiative/a", "title=A", "labels=x|y", "notes=old", "classification=secret");
	DELETE(store, "initiative/a");
	assert_int_equal(life_of(store, "initiative/a"), CTS_LIFE_DELETED);
	SET(store, "initiative/a", "title=B", "labels=y|z");
	expect_field(store, "initiative/a", "title", "B");
	expect_field(store, "initiative/a", "labels", "y|z");
	expect_field(store, "initiative/a", "notes", "");
	expect_field(store, "initiative/a", "classification", "");
	check_store(store, NULL);
	cts_store_close(store);
}

/* ---- what was seen ---------------------------------------------------------------------------- */

static void test_seen_commit_comes_before_the_first_change_after_a_pull(void **state)
{
	struct peer peer = {0}, other = {0};
	struct dice dice = {.state = 1};
	struct cts_buf expected = {0};
	char hex[CTS_OID_HEX + 1];

	(void)state;
	create_store("s", "nzp", NULL);
	create_store("other", "dpmc", NULL);
	peer.store = open_store("s");
	other.store = open_store("other");
	SET(other.store, "initiative/b", "title=B");
	pool_seal(&pool, &other);
	pool_fetch(&pool, &peer, &other.has, &dice);
	/* As a new writer's first: it has no previous commit. */
	SET(peer.store, "initiative/a", "title=A");
	SET(peer.store, "initiative/a", "title=AA");
	expect_journal(peer.store,
		"begin nzp Aroha Ngata <aroha@example.nz> seq 2 seen 1 of 1\n"
		"record initiative/a - 'A'\n"
		"end 1: add initiative/a\n"
		"begin nzp Aroha Ngata <aroha@example.nz> seq 3 seen 0 of 0\n"
		"record initiative/a 'A' 'AA'\n"
		"end 1: set initiative/a: title\n");
	pool_seal(&pool, &peer);
	check_store(peer.store, NULL);
	assert_true(pool.commits[1].is_seen);
	assert_int_equal(pool.commits[1].parent_count, 1);
	assert_memory_equal(pool.commits[1].parents[0].bytes, pool.commits[0].id.bytes, 20);
	/* Nothing new was received: none. */
	SET(peer.store, "initiative/a", "title=AAA");
	pool_seal(&pool, &peer);
	assert_int_equal(pool.count, 5);
	/* And the other way. */
	pool_fetch(&pool, &other, &peer.has, &dice);
	SET(other.store, "initiative/b", "title=BB");
	cts_buf_printf(&expected, "begin dpmc Aroha Ngata <aroha@example.nz> seq 3 seen 1 of 1\n"
				  "record initiative/b 'B' 'BB'\n"
				  "end 1: set initiative/b: title\n");
	expect_journal(other.store, cts_buf_text(&expected));
	pool_seal(&pool, &other);
	assert_int_equal(pool.commits[5].parent_count, 2);
	assert_string_equal(cts_oid_format(hex, &pool.commits[5].parents[1]),
		cts_oid_format((char[41]){0}, &pool.commits[4].id));
	check_store(other.store, NULL);
	cts_buf_release(&expected);
	cts_store_close(peer.store);
	cts_store_close(other.store);
	pool_release(&pool);
}

/* 150 writers that know nothing of one another. */
static void take_many_writers(struct peer *peer, size_t count)
{
	size_t order[POOL_MAX];

	for (size_t i = 0; i < count; i++) {
		struct pool_commit commit = {
			.agency = "dpmc", .author = "A <a@b>", .message = "", .seq = 1, .time = 1600000000};

		snprintf(commit.writer, sizeof(commit.writer), "%016zx", 0x1000 + i);
		order[i] = pool_add(&pool, &commit);
	}
	pool_take(&pool, peer, order, count, 1700000000);
}

static void test_more_heads_than_parents_become_a_chain_of_seen_commits(void **state)
{
	struct peer peer = {.store = make_store("s")};
	struct cts_txn *txn;
	struct cts_vector past = {0};
	size_t last;

	(void)state;
	take_many_writers(&peer, 150);
	SET(peer.store, "initiative/a", "title=A");
	check_store(peer.store, NULL);
	expect_journal(peer.store,
		"begin nzp Aroha Ngata <aroha@example.nz> seq 4 seen 3 of 150\n"
		"record initiative/a - 'A'\n"
		"end 1: add initiative/a\n");
	pool_seal(&pool, &peer);
	last = pool.count - 1;
	assert_int_equal(pool.count, 154);
	assert_int_equal(pool.commits[150].parent_count, 64);
	assert_int_equal(pool.commits[151].parent_count, 64);
	assert_int_equal(pool.commits[152].parent_count, 1 + 150 - 64 - 63);
	assert_int_equal(pool.commits[last].parent_count, 1);
	txn = begin_reading(peer.store);
	assert_ok(cts_txn_add_past(txn, &past, pool_ref(txn, &pool, last)));
	for (size_t i = 0; i < pool.count; i++) {
		assert_true(set_has(&pool.commits[last].past, i));
		assert_true(cts_vector_has(&past, pool_ref(txn, &pool, i)));
		/* Each link of the chain has seen what the pool says it has. */
		for (size_t link = 150; link < 153; link++)
			assert_int_equal(cts_txn_has_seen(txn, pool_ref(txn, &pool, link),
						 pool_ref(txn, &pool, i)),
				set_has(&pool.commits[link].past, i));
	}
	cts_vector_release(&past);
	cts_txn_end(txn);
	check_store(peer.store, NULL);
	cts_store_close(peer.store);
	pool_release(&pool);
}

static void test_exactly_as_many_heads_as_parents_make_one_seen_commit(void **state)
{
	static const size_t counts[][2] = {{64, 1}, {65, 2}};

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct peer peer = {.store = make_store(i ? "t" : "s")};

		take_many_writers(&peer, counts[i][0]);
		SET(peer.store, "initiative/a", "title=A");
		pool_seal(&pool, &peer);
		assert_int_equal(pool.count, counts[i][0] + counts[i][1] + 1);
		check_store(peer.store, NULL);
		cts_store_close(peer.store);
		pool_release(&pool);
	}
}

static int show_seen(struct cts_txn *txn, void *context)
{
	int rc = cts_txn_show_seen(txn);

	if (rc >= 0)
		*(int *)context = rc;
	return rc < 0 ? rc : 0;
}

static void test_what_was_received_can_be_shown_without_an_edit(void **state)
{
	struct peer peer = {.store = make_store("s")}, other = {.store = make_store("other")};
	struct dice dice = {.state = 1};
	int shown = 7;

	(void)state;
	/* Nothing to show. */
	assert_ok(cts_store_exchange(peer.store, show_seen, &shown));
	assert_int_equal(shown, 0);
	assert_int_equal(journal_count(peer.store), 0);
	SET(peer.store, "initiative/a", "title=A");
	SET(other.store, "initiative/b", "title=B");
	pool_seal(&pool, &peer);
	pool_seal(&pool, &other);
	pool_fetch(&pool, &peer, &other.has, &dice);
	assert_ok(cts_store_exchange(peer.store, show_seen, &shown));
	assert_int_equal(shown, 1);
	assert_int_equal(journal_count(peer.store), 1);
	check_store(peer.store, NULL);
	assert_ok(cts_store_exchange(peer.store, show_seen, &shown));
	assert_int_equal(shown, 0);
	/* The edit behind it has the next number. */
	SET(peer.store, "initiative/a", "title=AA");
	check_store(peer.store, NULL);
	pool_seal(&pool, &peer);
	assert_int_equal(pool.count, 4);
	assert_true(pool.commits[2].is_seen);
	assert_int_equal(pool.commits[3].seq, 3);
	assert_true(set_has(&pool.commits[3].past, 1));
	check_store(peer.store, NULL);
	cts_store_close(peer.store);
	cts_store_close(other.store);
	pool_release(&pool);
}

/* ---- copies ----------------------------------------------------------------------------------- */

static void copy_store(const char *from, const char *to)
{
	char command[512];

	snprintf(command, sizeof(command), "cp -r '%s/%s' '%s/%s'", dir, from, dir, to);
	assert_int_equal(system(command), 0);
}

static void test_copied_store_writes_as_another(void **state)
{
	struct peer peer = {.store = make_store("s")}, copy = {0};
	struct cts_identity original, other, again;
	struct dice dice = {.state = 1};

	(void)state;
	SET(peer.store, "initiative/a", "title=A");
	pool_seal(&pool, &peer);
	SET(peer.store, "initiative/a", "title=AA");
	cts_store_close(peer.store);
	copy_store("s", "copy");
	peer.store = open_store("s");
	copy = (struct peer){.store = open_store("copy"), .has = peer.has};
	SET(copy.store, "initiative/a", "title=Copied");
	SET(peer.store, "initiative/a", "title=Original");
	cts_store_identity(peer.store, &original);
	cts_store_identity(copy.store, &other);
	assert_string_not_equal(original.writer, other.writer);
	assert_string_equal(cts_store_config(copy.store, "ctsync.writer"), other.writer);
	check_store(copy.store, NULL);
	/* It keeps the new name. */
	copy.store = reopen(copy.store, "copy");
	SET(copy.store, "initiative/b", "title=B");
	cts_store_identity(copy.store, &again);
	assert_string_equal(again.writer, other.writer);
	/* What was pending at the time of the copy is sealed by both, under one name. */
	expect_journal(copy.store,
		"begin nzp Aroha Ngata <aroha@example.nz> seq 2 seen 0 of 0\n"
		"record initiative/a 'A' 'AA'\n"
		"end 1: set initiative/a: title\n"
		"begin nzp Aroha Ngata <aroha@example.nz> seq 2 seen 1 of 1\n"
		"record initiative/a 'AA' 'Copied'\n"
		"end 1: set initiative/a: title\n"
		"begin nzp Aroha Ngata <aroha@example.nz> seq 3 seen 0 of 0\n"
		"record initiative/b - 'B'\n"
		"end 1: add initiative/b\n");
	pool_seal(&pool, &copy);
	check_store(copy.store, NULL);
	pool_seal(&pool, &peer);
	pool_fetch(&pool, &peer, &copy.has, &dice);
	pool_fetch(&pool, &copy, &peer.has, &dice);
	expect_same_records(peer.store, copy.store);
	cts_store_close(peer.store);
	cts_store_close(copy.store);
	pool_release(&pool);
}

static void test_store_copied_before_its_first_change_writes_as_another(void **state)
{
	struct cts_store *store = make_store("s"), *copy;
	struct cts_identity original, other;

	(void)state;
	cts_store_close(store);
	copy_store("s", "copy");
	store = open_store("s");
	copy = open_store("copy");
	SET(copy, "initiative/a", "title=Copied");
	SET(store, "initiative/a", "title=Original");
	cts_store_identity(store, &original);
	cts_store_identity(copy, &other);
	assert_string_not_equal(original.writer, other.writer);
	check_store(copy, NULL);
	cts_store_close(store);
	cts_store_close(copy);
}

static void test_store_moved_as_a_whole_stays_the_same_writer(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_identity before, after;

	(void)state;
	SET(store, "initiative/a", "title=A");
	cts_store_identity(store, &before);
	cts_store_close(store);
	assert_int_equal(rename(path_of("s"), path_of("moved")), 0);
	store = open_store("moved");
	SET(store, "initiative/a", "title=AA");
	cts_store_identity(store, &after);
	assert_string_equal(before.writer, after.writer);
	cts_store_close(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(test_change_is_journalled_with_its_images),
		TEST(test_what_makes_no_difference_is_no_change),
		TEST(test_change_bears_author_time_and_reason),
		TEST(test_change_without_a_name_is_refused),
		TEST(test_record_twice_in_one_change_is_refused),
		TEST(test_values_that_break_a_rule_are_refused),
		TEST(test_conflict_cannot_be_put),
		TEST(test_deleted_record_comes_to_life_with_new_values_alone),
		TEST(test_seen_commit_comes_before_the_first_change_after_a_pull),
		TEST(test_more_heads_than_parents_become_a_chain_of_seen_commits),
		TEST(test_exactly_as_many_heads_as_parents_make_one_seen_commit),
		TEST(test_what_was_received_can_be_shown_without_an_edit),
		TEST(test_copied_store_writes_as_another),
		TEST(test_store_copied_before_its_first_change_writes_as_another),
		TEST(test_store_moved_as_a_whole_stays_the_same_writer),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
