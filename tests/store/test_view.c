/*
 * The past: what a view shows of random histories is what a store shows that was given those commits
 * alone; views by name, by date, and by what an agency had seen; differences of two views.
 */
#include "tests/store/pool.h"

static struct pool pool;

enum { PEERS = 3, START = 1600000000, DAY = 86400 };

static const char *const agencies[PEERS] = {"nzp", "dpmc", "mbie"};

/* What one store received when. */
struct log {
	struct pool_set has;
	int64_t time;
};

struct world {
	struct dice dice;
	struct peer peers[PEERS];
	struct log logs[200]; /* of the first peer, after each step */
	size_t log_count;
};

static void make_world(struct world *world, struct dice *dice, const char *prefix, int steps)
{
	*world = (struct world){.dice = *dice};
	clock_now = START;
	for (size_t i = 0; i < PEERS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s-%zu", prefix, i);
		create_store(name, agencies[i], NULL);
		world->peers[i] = (struct peer){.store = open_store(name)};
	}
	for (int step = 0; step < steps; step++) {
		struct peer *peer = &world->peers[dice_below(&world->dice, PEERS)];

		clock_now += (int64_t)dice_below(&world->dice, 3) * DAY / 2;
		if (dice_chance(&world->dice, 65)) {
			pool_edit(&world->dice, peer);
		} else {
			struct peer *other = &world->peers[dice_below(&world->dice, PEERS)];

			pool_seal(&pool, peer);
			pool_fetch(&pool, peer, &other->has, &world->dice);
		}
		/* The journal of the first is sealed at once, so that all it holds has a name. */
		pool_seal(&pool, &world->peers[0]);
		world->logs[world->log_count++] =
			(struct log){.has = world->peers[0].has, .time = clock_now};
	}
	*dice = world->dice;
}

static void close_world(struct world *world)
{
	for (size_t i = 0; i < PEERS; i++)
		cts_store_close(world->peers[i].store);
	pool_release(&pool);
}

/* The two show the same record, or neither has one. */
static void compare_record(struct cts_txn *txn, const struct cts_view *view, struct cts_txn *naive,
	const char *key)
{
	struct cts_record was = {0}, expected = {0};
	int rc = cts_view_get(txn, view, &was, key);
	enum cts_life life;

	assert_ok(cts_txn_life(naive, &life, key));
	if (life != CTS_LIFE_LIVE) {
		assert_int_equal(rc, CTS_ENOTFOUND);
		return;
	}
	assert_ok(rc);
	assert_ok(cts_txn_get(naive, &expected, key));
	if (!cts_record_equal(&was, &expected))
		fail_msg("%s is not what it was", key);
	cts_record_release(&was);
	cts_record_release(&expected);
}

static int note_record(void *context, const struct cts_record *record)
{
	cts_buf_printf(context, "%s/%s ", record->kind->name, record->id);
	return 0;
}

static void compare_with_replay(struct world *world, size_t commit, const char *name)
{
	struct peer fresh = {.store = make_store(name)};
	struct cts_txn *txn, *naive;
	struct cts_view view;
	struct cts_buf were = {0}, expected = {0};
	char hex[CTS_OID_HEX + 1];

	pool_fetch(&pool, &fresh, &pool.commits[commit].past, &world->dice);
	txn = begin_reading(world->peers[0].store);
	naive = begin_reading(fresh.store);
	assert_ok(cts_view_parse(&view, txn, cts_oid_format(hex, &pool.commits[commit].id)));
	for (size_t i = 0; i < COUNT(pool_keys); i++)
		compare_record(txn, &view, naive, pool_keys[i]);
	assert_ok(cts_view_each(txn, &view, NULL, note_record, &were));
	assert_ok(cts_txn_each(naive, NULL, note_record, &expected));
	assert_string_equal(cts_buf_text(&were), cts_buf_text(&expected));
	cts_buf_clear(&were);
	cts_buf_clear(&expected);
	assert_ok(cts_view_each(txn, &view, "milestone", note_record, &were));
	assert_ok(cts_txn_each(naive, "milestone", note_record, &expected));
	assert_string_equal(cts_buf_text(&were), cts_buf_text(&expected));
	cts_buf_release(&were);
	cts_buf_release(&expected);
	cts_view_release(&view);
	cts_txn_end(txn);
	cts_txn_end(naive);
	cts_store_close(fresh.store);
}

static void test_view_of_a_commit_is_a_replay_of_what_it_had_seen(void **state)
{
	struct dice dice = dice_of_run();
	static struct world world;

	(void)state;
	for (int round = 0; round < 3; round++) {
		char name[32];

		snprintf(name, sizeof(name), "w%d", round);
		make_world(&world, &dice, name, 50);
		for (size_t n = 0; n < 8; n++) {
			size_t commit;

			do
				commit = dice_below(&dice, pool.count);
			while (!set_has(&world.peers[0].has, commit));
			snprintf(name, sizeof(name), "w%d.%zu", round, n);
			compare_with_replay(&world, commit, name);
		}
		close_world(&world);
	}
}

static void expect_set(struct cts_txn *txn, const struct cts_view *view,
	const struct pool_set *has, const struct pool_set *expected)
{
	for (size_t i = 0; i < pool.count; i++)
		if (set_has(has, i) && cts_vector_has(&view->vector, pool_ref(txn, &pool, i)) !=
					       set_has(expected, i))
			fail_msg("commit %zu is %s", i, set_has(expected, i) ? "missing" : "in it");
}

static void test_view_of_a_date_is_what_had_been_received(void **state)
{
	struct dice dice = dice_of_run();
	static struct world world;
	struct cts_txn *txn;

	(void)state;
	make_world(&world, &dice, "w", 80);
	txn = begin_reading(world.peers[0].store);
	for (int64_t at = START - DAY; at < clock_now + DAY; at += DAY / 4) {
		struct pool_set expected = {0};
		struct cts_view view;
		char text[CTS_TIME_TEXT];

		for (size_t i = 0; i < world.log_count; i++)
			if (world.logs[i].time <= at)
				expected = world.logs[i].has;
		assert_ok(cts_view_parse(&view, txn, cts_time_format_utc(text, at)));
		expect_set(txn, &view, &world.peers[0].has, &expected);
		cts_view_release(&view);
	}
	cts_txn_end(txn);
	close_world(&world);
}

static void test_view_of_an_agency_is_what_its_last_change_had_seen(void **state)
{
	struct dice dice = dice_of_run();
	static struct world world;
	struct cts_txn *txn;

	(void)state;
	make_world(&world, &dice, "w", 80);
	txn = begin_reading(world.peers[0].store);
	for (int64_t at = START - DAY; at < clock_now + DAY; at += DAY / 4) {
		const char *agency = agencies[dice_below(&dice, PEERS)];
		struct pool_set expected = {0};
		struct cts_view view;
		char text[CTS_TIME_TEXT], name[64];
		bool is_known = false;
		int rc;

		for (size_t i = 0; i < pool.count; i++) {
			if (!set_has(&world.peers[0].has, i) ||
				strcmp(pool.commits[i].agency, agency) != 0)
				continue;
			is_known = true;
			if (pool.commits[i].time <= at)
				set_join(&expected, &pool.commits[i].past);
		}
		snprintf(name, sizeof(name), "%s@%s", agency, cts_time_format_utc(text, at));
		rc = cts_view_parse(&view, txn, name);
		if (!is_known) {
			assert_error(rc, CTS_ENOTFOUND, "no change by an agency");
			continue;
		}
		assert_ok(rc);
		expect_set(txn, &view, &world.peers[0].has, &expected);
		cts_view_release(&view);
	}
	cts_txn_end(txn);
	close_world(&world);
}

static int note_edits(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	assert_null(change);
	cts_buf_printf(context, "%s:", edits->key);
	for (size_t i = 0; i < edits->edit_count; i++)
		cts_buf_printf(context, " %s", edits->edits[i].field);
	cts_buf_printf(context, "\n");
	return 0;
}

static void test_difference_of_two_views_names_what_differs(void **state)
{
	struct dice dice = dice_of_run();
	static struct world world;
	struct cts_txn *txn;

	(void)state;
	make_world(&world, &dice, "w", 60);
	txn = begin_reading(world.peers[0].store);
	for (int n = 0; n < 40; n++) {
		struct cts_buf found = {0}, expected = {0};
		struct cts_view views[2] = {0};
		const char *keys[] = {"agency/nzp", "initiative/a", "initiative/b", "initiative/c",
			"milestone/m"};

		for (int i = 0; i < 2; i++) {
			size_t commit;

			do
				commit = dice_below(&dice, pool.count);
			while (!set_has(&world.peers[0].has, commit));
			assert_ok(cts_txn_add_past(
				txn, &views[i].vector, pool_ref(txn, &pool, commit)));
		}
		assert_ok(cts_view_diff(txn, &views[0], &views[1], NULL, note_edits, &found));
		for (size_t i = 0; i < COUNT(keys); i++)
			assert_ok(cts_view_diff(
				txn, &views[0], &views[1], keys[i], note_edits, &expected));
		assert_string_equal(cts_buf_text(&found), cts_buf_text(&expected));
		cts_buf_release(&found);
		cts_buf_release(&expected);
		cts_view_release(&views[0]);
		cts_view_release(&views[1]);
	}
	cts_txn_end(txn);
	close_world(&world);
}

/* ---- by hand ---------------------------------------------------------------------------------- */

static void test_difference_up_to_now_tells_what_is_pending(void **state)
{
	struct peer peer = {0};
	struct cts_buf found = {0};
	struct cts_view view = {0};
	struct cts_txn *txn;

	(void)state;
	create_store("s", "nzp", NULL);
	peer.store = open_store("s");
	SET(peer.store, "initiative/a", "title=Grow", "status=blocked");
	pool_seal(&pool, &peer);
	SET(peer.store, "initiative/a", "title=Grow on");
	SET(peer.store, "initiative/b", "title=New");
	txn = begin_reading(peer.store);
	assert_ok(cts_txn_add_past(txn, &view.vector, pool_ref(txn, &pool, 0)));
	assert_ok(cts_view_diff(txn, &view, NULL, NULL, note_edits, &found));
	expect_text(&found, "initiative/a: title\ninitiative/b: title deleted\n");
	assert_ok(cts_view_diff(txn, &view, NULL, "initiative/a", note_edits, &found));
	expect_text(&found, "initiative/a: title\n");
	assert_error(cts_view_diff(txn, &view, NULL, "nothing", note_edits, &found), CTS_EVALUE,
		"no address");
	cts_view_release(&view);
	cts_txn_end(txn);
	cts_buf_release(&found);
	cts_store_close(peer.store);
	pool_release(&pool);
}

static void test_view_shows_a_record_deleted_since(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_identity self;
	struct cts_record record;
	struct cts_view view;
	struct cts_txn *txn;
	char name[CTS_CHANGE_TEXT];

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	SET(store, "initiative/a", "title=Grow on");
	DELETE(store, "initiative/a");
	SET(store, "initiative/a", "notes=again", "title=Other");
	cts_store_identity(store, &self);
	txn = begin_reading(store);
	assert_ok(cts_view_parse(&view, txn, cts_change_format(name, self.writer, 2)));
	assert_ok(cts_view_get(txn, &view, &record, "initiative/a"));
	assert_string_equal(cts_record_text(&record, "title"), "Grow on");
	assert_string_equal(cts_record_text(&record, "notes"), "");
	cts_record_release(&record);
	cts_view_release(&view);
	assert_ok(cts_view_parse(&view, txn, cts_change_format(name, self.writer, 3)));
	assert_error(cts_view_get(txn, &view, &record, "initiative/a"), CTS_ENOTFOUND,
		"'initiative/a' was not there then");
	assert_hint("ctsync log initiative/a");
	assert_error(cts_view_get(txn, &view, &record, "initiative/b"), CTS_ENOTFOUND, "");
	assert_error(cts_view_get(txn, &view, &record, "initiativ/b"), CTS_EVALUE, "initiativ");
	cts_view_release(&view);
	cts_txn_end(txn);
	cts_store_close(store);
}

static void test_what_is_no_revision_is_refused_with_the_forms(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_view view;
	struct cts_txn *txn;

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	txn = begin_reading(store);
	assert_error(cts_view_parse(&view, txn, "yesterday"), CTS_EVALUE,
		"'yesterday' is no revision");
	assert_hint("AGENCY@DATE");
	assert_error(cts_view_parse(&view, txn, ""), CTS_EVALUE, "is no revision");
	assert_error(cts_view_parse(&view, txn, "2021-13-01"), CTS_EVALUE, "2021-13-01");
	assert_error(cts_view_parse(&view, txn, "nzp@soon"), CTS_EVALUE, "soon");
	assert_error(cts_view_parse(&view, txn, "@2021-01-01"), CTS_EVALUE, "");
	assert_error(cts_view_parse(&view, txn, "xyz@2021-01-01"), CTS_ENOTFOUND,
		"no change by an agency 'xyz' is here");
	assert_error(cts_view_parse(&view, txn, "deadbeef"), CTS_ENOTFOUND, "no commit");
	/* Codes as people write them, and a day before everything. */
	assert_ok(cts_view_parse(&view, txn, "NZP@2001-01-01"));
	assert_int_equal(view.vector.count, 0);
	cts_view_release(&view);
	assert_ok(cts_view_parse(&view, txn, "2001-01-01"));
	assert_int_equal(view.vector.count, 0);
	cts_view_release(&view);
	cts_txn_end(txn);
	cts_store_close(store);
}

static void test_state_tells_who_put_a_value_there(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_arena arena = {0};
	struct cts_state newest;
	struct cts_txn *txn;

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	SET(store, "initiative/a", "status=blocked");
	txn = begin_reading(store);
	assert_ok(cts_txn_state(txn, &newest, &arena, "initiative/a"));
	assert_int_equal(cts_state_field(&newest, "title")->newest[0].by.seq, 1);
	assert_int_equal(cts_state_field(&newest, "status")->newest[0].by.seq, 2);
	assert_int_equal(cts_state_field(&newest, CTS_DELETED)->newest[0].by.seq, 2);
	assert_null(cts_state_field(&newest, "notes"));
	assert_error(cts_txn_state(txn, &newest, &arena, "initiative/b"), CTS_ENOTFOUND,
		"no record 'initiative/b'");
	cts_arena_release(&arena);
	cts_txn_end(txn);
	cts_store_close(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(test_view_of_a_commit_is_a_replay_of_what_it_had_seen),
		TEST(test_view_of_a_date_is_what_had_been_received),
		TEST(test_view_of_an_agency_is_what_its_last_change_had_seen),
		TEST(test_difference_of_two_views_names_what_differs),
		TEST(test_difference_up_to_now_tells_what_is_pending),
		TEST(test_view_shows_a_record_deleted_since),
		TEST(test_what_is_no_revision_is_refused_with_the_forms),
		TEST(test_state_tells_who_put_a_value_there),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
