/*
 * Commits of others enter a store. Whatever the order, and whatever was written here in between,
 * stores that hold the same commits hold the same records; and what they hold is what a plain model
 * of the merge says. What breaks the rules of a line is refused.
 */
#include "tests/store/pool.h"
#include "tests/support/merge_model.h"

static struct pool pool;

/* ---- stores that write, and exchange ---------------------------------------------------------- */

enum { PEERS = 4 };

static void make_peers(struct peer *peers, const char *prefix)
{
	static const char *const agencies[PEERS] = {"nzp", "dpmc", "mbie", "msd"};

	for (size_t i = 0; i < PEERS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s%zu", prefix, i);
		create_store(name, agencies[i], NULL);
		peers[i] = (struct peer){.store = open_store(name)};
	}
}

static void close_peers(struct peer *peers)
{
	for (size_t i = 0; i < PEERS; i++)
		cts_store_close(peers[i].store);
}

static void test_stores_with_the_same_commits_hold_the_same_records(void **state)
{
	struct dice dice = dice_of_run();

	(void)state;
	for (int round = 0; round < 4; round++) {
		struct pool_set all = {0};
		struct peer peers[PEERS], fresh = {0};
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "r%d-", round);
		make_peers(peers, prefix);
		for (int step = 0; step < 60; step++) {
			struct peer *peer = &peers[dice_below(&dice, PEERS)];

			if (dice_chance(&dice, 65)) {
				pool_edit(&dice, peer);
			} else {
				struct peer *other = &peers[dice_below(&dice, PEERS)];

				pool_seal(&pool, peer);
				pool_fetch(&pool, peer, &other->has, &dice);
			}
			check_store(peer->store, NULL);
		}
		for (size_t i = 0; i < PEERS; i++) {
			pool_seal(&pool, &peers[i]);
			set_join(&all, &peers[i].has);
		}
		snprintf(prefix, sizeof(prefix), "fresh%d", round);
		fresh.store = make_store(prefix);
		pool_fetch(&pool, &fresh, &all, &dice);
		for (size_t i = 0; i < PEERS; i++) {
			pool_fetch(&pool, &peers[i], &all, &dice);
			expect_same_records(fresh.store, peers[i].store);
		}
		cts_store_close(fresh.store);
		close_peers(peers);
		pool_release(&pool);
	}
}

/* ---- against the model ------------------------------------------------------------------------ */

struct model_store {
	struct cts_store *store;
	struct model *model;
	struct {
		struct cts_oid id; /* of the commit that holds the edit */
		uint64_t seq;
	} places[MODEL_COMMITS];
	size_t seen_count;
};

static void model_writer(char out[CTS_WRITER_HEX + 1], size_t line)
{
	snprintf(out, CTS_WRITER_HEX + 1, "%016zx", 0xa0 + line);
}

/* The writer's commit before, SIZE_MAX: none. */
static size_t previous_of(const struct model *model, size_t commit)
{
	const struct model_commit *c = &model->commits[commit];
	size_t previous = SIZE_MAX;

	for (size_t i = 0; i < commit; i++)
		if (model->commits[i].change.ref.line == c->change.ref.line)
			previous = i;
	return previous;
}

/* One commit of the model, behind a seen commit where its author had seen something new. */
static int apply_model_commit(struct cts_txn *txn, struct model_store *to, size_t commit)
{
	const struct model_commit *c = &to->model->commits[commit];
	size_t previous = previous_of(to->model, commit), seen_parents = 0;
	model_set known = previous == SIZE_MAX ? 0 : to->model->commits[previous].past;
	model_set new = c->past & ~MODEL_BIT(commit) & ~known;
	struct cts_oid parents[MODEL_COMMITS];
	struct cts_incoming incoming = {
		.parents = parents,
		.agency = c->change.agency,
		.author = c->change.author,
		.message = "",
		.time = c->change.time,
		.received = 1700000000,
	};
	int rc;

	model_writer(incoming.writer, c->change.ref.line);
	if (previous != SIZE_MAX) {
		parents[incoming.parent_count++] = to->places[previous].id;
		incoming.seq = to->places[previous].seq;
	}
	if (new) {
		for (size_t i = 0; i < to->model->count; i++) {
			bool is_newest = new & MODEL_BIT(i);

			for (size_t o = 0; o < to->model->count; o++)
				if (o != i && new & MODEL_BIT(o) &&
					to->model->commits[o].past & MODEL_BIT(i))
					is_newest = false;
			if (is_newest)
				parents[incoming.parent_count++] = to->places[i].id;
		}
		seen_parents = incoming.parent_count;
		incoming.is_seen = true;
		incoming.seq++;
		incoming.commit = cts_git_oid("commit", parents, seen_parents * CTS_OID_SIZE);
		incoming.commit.bytes[0] ^= (uint8_t)commit;
		rc = cts_txn_apply_begin(txn, &incoming);
		if (rc == 0)
			rc = cts_txn_apply_end(txn);
		if (rc < 0)
			return rc;
		parents[0] = incoming.commit;
		incoming.parent_count = 1;
		incoming.is_seen = false;
	}
	incoming.seq++;
	incoming.commit = c->change.commit;
	to->places[commit].id = incoming.commit;
	to->places[commit].seq = incoming.seq;
	rc = cts_txn_apply_begin(txn, &incoming);
	if (rc == 0) {
		struct cts_record_edits edits = c->edits;

		rc = cts_apply_edits(txn, edits.key, &edits);
	}
	return rc < 0 ? rc : cts_txn_apply_end(txn);
}

struct model_applying {
	struct model_store *to;
	const size_t *order;
	size_t count;
};

static int apply_in_txn(struct cts_txn *txn, void *context)
{
	const struct model_applying *applying = context;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < applying->count; i++)
		rc = apply_model_commit(txn, applying->to, applying->order[i]);
	return rc;
}

static void compare_conflict(const struct model *model, const struct cts_record *record,
	const char *field, model_set sides)
{
	const struct cts_conflict *conflict = cts_record_conflict(record, field);
	size_t order[MODEL_COMMITS], count = model_in_id_order(order, model, sides);

	assert_int_equal(conflict ? conflict->side_count : 0, count);
	for (size_t i = 0; i < count; i++) {
		const struct model_commit *c = &model->commits[order[i]];

		assert_memory_equal(conflict->sides[i].commit.bytes, c->change.commit.bytes, 20);
		assert_true(cts_value_equal(
			conflict->sides[i].value, model_value_at(model, order[i], field)));
		assert_string_equal(conflict->sides[i].agency, c->change.agency);
	}
}

/* What a store shows against what the model says of that set of commits. */
static void compare_with_model(struct model *model, model_set commits,
	const struct cts_record *record, bool deleted)
{
	struct model_view view;

	model_view(&view, model, commits);
	assert_int_equal(deleted, view.deleted || !view.exists);
	if (!view.exists || deleted)
		return;
	for (size_t i = 0; i < model->kind->field_count; i++) {
		if (!cts_value_equal(record->values[i], view.fields[i].value))
			fail_msg("%s", model->kind->fields[i].name);
		compare_conflict(model, record, model->kind->fields[i].name, view.fields[i].sides);
	}
	compare_conflict(model, record, CTS_DELETED, view.life_sides);
}

/* A history by hand of the generator: what a few writers could have typed. */
static void grow_model(struct model *m, size_t count)
{
	static const char *const fields[] = {
		"title", "labels", "points", "notes", "classification", "releasable_to"};
	static const char *const words[] = {"one", "two", "three", "four"};
	model_set has[4] = {0};
	size_t writer_count = 2 + model_random(m, 3);

	while (m->count < count) {
		size_t writer = model_random(m, writer_count), wish_count = 0, commit;
		struct model_wish wishes[2];
		struct model_view view;
		bool deletes, exists;

		if (model_random(m, 3) == 0) {
			has[writer] |= has[model_random(m, writer_count)];
			continue;
		}
		model_view(&view, m, has[writer]);
		exists = view.exists && !view.deleted;
		deletes = exists && model_random(m, 6) == 0;
		for (size_t n = 0; n < 2 && !deletes; n++) {
			const char *name = fields[model_random(m, COUNT(fields))];
			const struct cts_field *field = cts_kind_field(m->kind, name);
			struct cts_value now = {0}, value;

			if (n && strcmp(wishes[0].field, name) == 0)
				continue;
			if (exists)
				now = view.fields[field->index].value;
			value = model_one(m, words[model_random(m, 4)]);
			if (field->type == CTS_TYPE_ENUM)
				value = model_one(m, field->enumerators[model_random(m, 3)].name);
			else if (field->repeated && now.count && model_random(m, 2))
				value = cts_value_without(
					&m->arena, now, now.items[model_random(m, now.count)]);
			else if (field->repeated && !cts_value_has(now, value.items[0]))
				value = cts_value_with(&m->arena, now, value.items[0]);
			if (field->merge == CTS_MERGE_SET || field->merge == CTS_MERGE_INTERSECT)
				value = cts_value_sorted(&m->arena, value);
			if (cts_value_equal(value, now) && !view.fields[field->index].sides)
				continue;
			wishes[wish_count++] = model_wish_of(name, value);
		}
		if (!wish_count && exists && !deletes)
			continue;
		commit = model_commit(m, writer, has[writer], deletes, wishes, wish_count);
		has[writer] |= MODEL_BIT(commit);
	}
}

static void random_order(size_t *out, struct model *m)
{
	model_set taken = 0;

	for (size_t count = 0; count < m->count;) {
		size_t i = model_random(m, m->count);

		if (taken & MODEL_BIT(i) || m->commits[i].past & ~MODEL_BIT(i) & ~taken)
			continue;
		taken |= MODEL_BIT(i);
		out[count++] = i;
	}
}

static struct cts_store *make_model_store(const char *name)
{
	const struct cts_store_setup setup = {
		.agency = "nzp", .author = "", .schema = model_kind()->schema};

	assert_int_equal(mkdir(path_of("%s", name), 0777), 0);
	assert_ok(cts_store_create(path_of("%s", name), &setup));
	return open_store(name);
}

/* The whole record and every view of the past, each against the model. */
static void compare_store(struct model_store *to)
{
	struct cts_txn *txn = begin_reading(to->store);
	struct cts_record record;
	bool deleted;

	assert_int_equal(cts_records_load(txn, &record, &deleted, NULL, "note/x"), 1);
	compare_with_model(to->model, model_all(to->model), &record, deleted);
	cts_record_release(&record);
	for (size_t i = 0; i < to->model->count; i++) {
		struct cts_view view = {0};
		struct cts_ref ref;
		int rc;

		assert_int_equal(
			cts_txn_find_commit(txn, &ref, &to->model->commits[i].change.commit), 1);
		assert_ok(cts_txn_add_past(txn, &view.vector, ref));
		rc = cts_view_get(txn, &view, &record, "note/x");
		assert_true(rc == 0 || rc == CTS_ENOTFOUND);
		compare_with_model(to->model, to->model->commits[i].past, rc ? NULL : &record,
			rc != 0);
		if (rc == 0)
			cts_record_release(&record);
		cts_view_release(&view);
	}
	cts_txn_end(txn);
}

static void test_record_and_all_its_pasts_are_what_the_model_says(void **state)
{
	struct dice dice = dice_of_run();
	static struct model model;
	static struct model_store to;

	(void)state;
	for (int round = 0; round < 12; round++) {
		uint8_t first[CTS_SHA256_SIZE] = {0}, digest[CTS_SHA256_SIZE];

		model_init(&model, dice_below(&dice, UINT64_MAX));
		grow_model(&model, 10 + dice_below(&dice, 30));
		for (int arrival = 0; arrival < 2; arrival++) {
			size_t order[MODEL_COMMITS];
			struct model_applying applying = {&to, order, model.count};
			char name[32];

			snprintf(name, sizeof(name), "m%d.%d", round, arrival);
			to = (struct model_store){
				.model = &model, .store = make_model_store(name)};
			random_order(order, &model);
			assert_ok(cts_store_exchange(to.store, apply_in_txn, &applying));
			compare_store(&to);
			check_store(to.store, digest);
			if (arrival == 0)
				memcpy(first, digest, sizeof(first));
			assert_memory_equal(first, digest, sizeof(first));
			cts_store_close(to.store);
		}
		model_release(&model);
	}
}

/* ---- the rules of a line ---------------------------------------------------------------------- */

struct try {
	struct cts_incoming incoming;
	struct cts_oid parents[3];
	int rc;
};

static int try_in_txn(struct cts_txn *txn, void *context)
{
	struct try *try = context;

	try->incoming.parents = try->parents;
	try->rc = cts_txn_apply_begin(txn, &try->incoming);
	if (try->rc == 0)
		assert_ok(cts_txn_apply_end(txn));
	return try->rc < 0 ? try->rc : 0;
}

static struct try make_try(const char *writer, uint64_t seq, uint64_t number)
{
	struct try try = {.incoming = {.commit = oid_number(number),
				  .agency = "nzp",
				  .author = "A <a@b>",
				  .message = "m",
				  .seq = seq,
				  .time = 1600000000,
				  .received = 1700000000}};

	strcpy(try.incoming.writer, writer);
	return try;
}

static void test_commit_without_its_parent_is_refused(void **state)
{
	struct cts_store *store = make_store("s");
	struct try try = make_try("00000000000000a1", 2, 2);

	(void)state;
	try.parents[0] = oid_number(1);
	try.incoming.parent_count = 1;
	assert_error(cts_store_exchange(store, try_in_txn, &try), CTS_EINTEGRITY,
		"its parent ");
	check_store(store, NULL);
	cts_store_close(store);
}

static void test_commit_whose_number_does_not_follow_is_refused(void **state)
{
	struct cts_store *store = make_store("s");
	struct try first = make_try("00000000000000a1", 1, 1);
	struct try jump = make_try("00000000000000a1", 3, 2);
	struct try late = make_try("00000000000000a1", 2, 3);

	(void)state;
	assert_ok(cts_store_exchange(store, try_in_txn, &first));
	assert_int_equal(first.rc, 0);
	jump.parents[0] = first.incoming.commit;
	jump.incoming.parent_count = 1;
	assert_error(cts_store_exchange(store, try_in_txn, &jump), CTS_EINTEGRITY,
		"its number is 3, not 2");
	assert_error(cts_store_exchange(store, try_in_txn, &late), CTS_EINTEGRITY,
		"its number is 2, not 1");
	check_store(store, NULL);
	cts_store_close(store);
}

static void test_commit_that_is_here_changes_nothing(void **state)
{
	struct cts_store *store = make_store("s");
	struct try try = make_try("00000000000000a1", 1, 1);

	(void)state;
	assert_ok(cts_store_exchange(store, try_in_txn, &try));
	assert_int_equal(try.rc, 0);
	assert_ok(cts_store_exchange(store, try_in_txn, &try));
	assert_int_equal(try.rc, 1);
	check_store(store, NULL);
	cts_store_close(store);
}

static void test_nothing_is_applied_while_the_journal_holds_changes(void **state)
{
	struct cts_store *store = make_store("s");
	struct try try = make_try("00000000000000a1", 1, 1);

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	assert_error(cts_store_exchange(store, try_in_txn, &try), CTS_EREFUSED,
		"changes of our own are not sealed yet");
	check_store(store, NULL);
	cts_store_close(store);
}

/* ---- our own line, forked --------------------------------------------------------------------- */

struct own {
	size_t lines, own;
	char writers[4][CTS_WRITER_HEX + 1];
};

static int note_line(void *context, const struct cts_line *line)
{
	struct own *own = context;

	memcpy(own->writers[own->lines++], line->writer, sizeof(own->writers[0]));
	if (line->is_own)
		own->own = own->lines;
	return 0;
}

static struct own lines_of(struct cts_store *store)
{
	struct cts_txn *txn = begin_reading(store);
	struct own own = {0};

	assert_ok(cts_txn_each_line(txn, note_line, &own));
	cts_txn_end(txn);
	return own;
}

static void test_own_line_forked_by_others_is_left_for_a_new_writer(void **state)
{
	struct peer peer = {0};
	struct pool_commit forged;
	struct cts_identity before, after;
	struct own own;

	(void)state;
	create_store("s", "nzp", "00000000000000a1");
	peer.store = open_store("s");
	SET(peer.store, "initiative/a", "title=Grow");
	SET(peer.store, "initiative/a", "title=Grow more");
	pool_seal(&pool, &peer);
	forged = pool.commits[1];
	forged.time++;
	pool_take(&pool, &peer, (size_t[]){pool_add(&pool, &forged)}, 1, 1700000000);
	own = lines_of(peer.store);
	assert_int_equal(own.lines, 2);
	assert_int_equal(own.own, 0);
	check_store(peer.store, NULL);

	cts_store_identity(peer.store, &before);
	SET(peer.store, "initiative/a", "title=Grow on");
	cts_store_identity(peer.store, &after);
	assert_string_not_equal(before.writer, after.writer);
	assert_string_equal(cts_store_config(peer.store, "ctsync.writer"), after.writer);
	own = lines_of(peer.store);
	assert_int_equal(own.lines, 3);
	assert_int_equal(own.own, 3);
	assert_string_equal(own.writers[2], after.writer);
	check_store(peer.store, NULL);

	/* It had seen both branches: the seen commit says so. */
	pool_seal(&pool, &peer);
	assert_true(set_has(&pool.commits[pool.count - 1].past, 2));
	assert_true(set_has(&pool.commits[pool.count - 1].past, 1));
	peer.store = reopen(peer.store, "s");
	cts_store_identity(peer.store, &before);
	assert_string_equal(before.writer, after.writer);
	cts_store_close(peer.store);
	pool_release(&pool);
}

/* ---- life ------------------------------------------------------------------------------------- */

static void test_conflicts_that_came_are_counted_and_listed(void **state)
{
	struct peer one = {0}, other = {0};
	struct cts_buf keys = {0};
	struct cts_txn *txn;
	struct pool_taking taking;
	size_t order[2];

	(void)state;
	create_store("one", "nzp", NULL);
	create_store("other", "dpmc", NULL);
	one.store = open_store("one");
	other.store = open_store("other");
	SET(one.store, "initiative/a", "title=Grow");
	SET(other.store, "initiative/a", "title=Shrink");
	pool_seal(&pool, &one);
	pool_seal(&pool, &other);
	order[0] = 1;
	taking = (struct pool_taking){&pool, order, 1, 1700000000};
	assert_ok(cts_store_exchange(one.store, pool_take_in_txn, &taking));
	txn = begin_reading(one.store);
	assert_ok(cts_txn_each_conflict(txn, note_key, &keys));
	expect_text(&keys, "initiative/a");
	assert_ok(cts_txn_each_stale(txn, note_key, &keys));
	expect_text(&keys, "initiative/a");
	assert_int_equal(cts_txn_new_conflicts(txn), 0);
	cts_txn_end(txn);
	check_store(one.store, NULL);

	/* Settled by a put; gone. */
	SET(one.store, "initiative/a", "title=Shrink");
	txn = begin_reading(one.store);
	assert_ok(cts_txn_each_conflict(txn, note_key, &keys));
	expect_text(&keys, "");
	cts_txn_end(txn);
	check_store(one.store, NULL);
	cts_buf_release(&keys);
	cts_store_close(one.store);
	cts_store_close(other.store);
	pool_release(&pool);
}

/* Each agency deletes the record and makes it again, round after round, one seeing the other only
 * between the rounds: the views that this asks for may not double with every round. */
static void test_record_made_again_many_times_is_read_in_time(void **state)
{
	struct peer peers[2] = {0};
	struct dice dice = {.state = 1};
	int64_t start = cts_time_now_ms();

	(void)state;
	create_store("one", "nzp", NULL);
	create_store("other", "dpmc", NULL);
	peers[0].store = open_store("one");
	peers[1].store = open_store("other");
	for (int round = 0; round < 24; round++) {
		for (int i = 0; i < 2; i++) {
			char title[32], label[32];

			snprintf(title, sizeof(title), "title=t%d", round * 2 + i);
			snprintf(label, sizeof(label), "labels=l%d", round * 2 + i);
			SET(peers[i].store, "initiative/a", title, label);
			DELETE(peers[i].store, "initiative/a");
			SET(peers[i].store, "initiative/a", title);
			pool_seal(&pool, &peers[i]);
		}
		pool_fetch(&pool, &peers[0], &peers[1].has, &dice);
		pool_fetch(&pool, &peers[1], &peers[0].has, &dice);
	}
	expect_same_records(peers[0].store, peers[1].store);
	assert_true(cts_time_now_ms() - start < 20000);
	cts_store_close(peers[0].store);
	cts_store_close(peers[1].store);
	pool_release(&pool);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(test_stores_with_the_same_commits_hold_the_same_records),
		TEST(test_record_and_all_its_pasts_are_what_the_model_says),
		TEST(test_commit_without_its_parent_is_refused),
		TEST(test_commit_whose_number_does_not_follow_is_refused),
		TEST(test_commit_that_is_here_changes_nothing),
		TEST(test_nothing_is_applied_while_the_journal_holds_changes),
		TEST(test_own_line_forked_by_others_is_left_for_a_new_writer),
		TEST(test_conflicts_that_came_are_counted_and_listed),
		TEST(test_record_made_again_many_times_is_read_in_time),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
