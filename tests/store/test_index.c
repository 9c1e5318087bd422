/*
 * The indexes against a walk over all records: every item finds exactly the records that hold it,
 * after puts, deletions and re-creations in any order; unique values; the list of conflicts.
 */
#include "tests/store/pool.h"

static struct pool pool;

struct holders {
	const struct cts_field *field;
	const char *item;
	struct cts_buf *out;
};

static int note_holder(void *context, const struct cts_record *record)
{
	struct holders *holders = context;

	if (cts_value_has(cts_record_get(record, holders->field), holders->item))
		cts_buf_printf(holders->out, "%s%s/%s", holders->out->size ? " " : "",
			record->kind->name, record->id);
	return 0;
}

static int note_conflict(void *context, const struct cts_record *record)
{
	struct cts_buf *out = context;

	if (record->conflict_count)
		cts_buf_printf(out, "%s%s/%s", out->size ? " " : "", record->kind->name, record->id);
	return 0;
}

static const char *const items[] = {"one", "two", "three", "four", "five", "six", "NZP",
	"initiative/a", "blocked", "complete", "ongoing", "not_started", "in_progress"};

static void compare_indexes(struct cts_store *store)
{
	struct cts_txn *txn = begin_reading(store);
	struct cts_buf found = {0}, expected = {0};

	for (size_t k = 0; k < cts_schema_kind_count(cts_schema_builtin()); k++) {
		const struct cts_kind *kind = cts_schema_kind_at(cts_schema_builtin(), k);

		for (size_t f = 0; f < kind->field_count; f++)
			for (size_t i = 0; cts_index_has(&kind->fields[f]) && i < COUNT(items);
				i++) {
				struct holders holders = {&kind->fields[f], items[i], &expected};

				cts_buf_clear(&found);
				cts_buf_clear(&expected);
				assert_ok(cts_txn_each_with(txn, kind, &kind->fields[f], items[i],
					note_key, &found));
				assert_ok(cts_txn_each(txn, kind->name, note_holder, &holders));
				assert_string_equal(
					cts_buf_text(&found), cts_buf_text(&expected));
			}
	}
	cts_buf_clear(&found);
	cts_buf_clear(&expected);
	assert_ok(cts_txn_each_conflict(txn, note_key, &found));
	assert_ok(cts_txn_each(txn, NULL, note_conflict, &expected));
	assert_string_equal(cts_buf_text(&found), cts_buf_text(&expected));
	cts_buf_release(&found);
	cts_buf_release(&expected);
	cts_txn_end(txn);
}

static void test_every_item_finds_those_who_hold_it(void **state)
{
	struct dice dice = dice_of_run();
	struct peer peers[2];

	(void)state;
	peers[0] = (struct peer){.store = make_store("one")};
	peers[1] = (struct peer){.store = make_store("other")};
	for (int step = 0; step < 100; step++) {
		struct peer *peer = &peers[dice_below(&dice, 2)];

		if (dice_chance(&dice, 80)) {
			pool_edit(&dice, peer);
		} else {
			pool_seal(&pool, peer);
			pool_fetch(&pool, peer, &peers[dice_below(&dice, 2)].has, &dice);
		}
		compare_indexes(peer->store);
	}
	check_store(peers[0].store, NULL);
	check_store(peers[1].store, NULL);
	cts_store_close(peers[0].store);
	cts_store_close(peers[1].store);
	pool_release(&pool);
}

static void test_unique_value_belongs_to_one_live_record(void **state)
{
	struct cts_store *store = make_store("s");

	(void)state;
	SET(store, "agency/nzp", "code=NZP");
	assert_error(try_edit(store, "agency/police", TEXTS("code=NZP")), CTS_EVALUE,
		"code 'NZP' belongs to 'agency/nzp' already");
	assert_hint("ctsync show agency/nzp");
	/* Its own again is no clash; nor is that of another kind. */
	SET(store, "agency/nzp", "code=NZP", "name=Police");
	SET(store, "body/nzp", "code=NZP");
	/* A deleted record holds nothing. */
	DELETE(store, "agency/nzp");
	SET(store, "agency/police", "code=NZP");
	assert_error(try_edit(store, "agency/nzp", TEXTS("code=NZP")), CTS_EVALUE,
		"belongs to 'agency/police' already");
	/* Given up, it is free. */
	SET(store, "agency/police", "code=POL");
	SET(store, "agency/nzp", "code=NZP");
	check_store(store, NULL);
	cts_store_close(store);
}

static int swap_codes(struct cts_txn *txn, void *context)
{
	int rc = put_in(txn, "agency/a", TEXTS("code=TEMP"));

	(void)context;
	if (rc >= 0)
		rc = put_in(txn, "agency/b", TEXTS("code=AAA"));
	return rc;
}

static void test_unique_value_given_up_in_the_same_change_is_free(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_write options = {0};

	(void)state;
	SET(store, "agency/a", "code=AAA");
	SET(store, "agency/b", "code=BBB");
	assert_ok(cts_store_write(store, &options, swap_codes, NULL));
	expect_field(store, "agency/b", "code", "AAA");
	check_store(store, NULL);
	cts_store_close(store);
}

static void test_long_items_that_share_a_key_leave_it_one_by_one(void **state)
{
	struct cts_store *store = make_store("s");
	const struct cts_field *labels = field_of("initiative", "labels");
	struct cts_buf out = {0};
	struct cts_txn *txn;
	char base[300], text[700];

	(void)state;
	memset(base, 'x', sizeof(base) - 1);
	base[sizeof(base) - 1] = '\0';
	snprintf(text, sizeof(text), "labels=%s1|%s2", base, base);
	SET(store, "initiative/a", "title=A", text);
	check_store(store, NULL);
	snprintf(text, sizeof(text), "labels=%s2", base);
	SET(store, "initiative/a", text);
	check_store(store, NULL);
	txn = begin_reading(store);
	snprintf(text, sizeof(text), "%s2", base);
	assert_ok(cts_txn_each_with(txn, kind_of("initiative"), labels, text, note_key, &out));
	expect_text(&out, "initiative/a");
	cts_txn_end(txn);
	SET(store, "initiative/a", "labels=");
	check_store(store, NULL);
	cts_buf_release(&out);
	cts_store_close(store);
}

static void test_key_of_an_entry_is_cut_and_ordered(void **state)
{
	struct cts_buf key = {0};
	char item[400];

	(void)state;
	cts_index_key(&key, kind_of("milestone"), field_of("milestone", "parent"), "initiative/a",
		"x");
	assert_int_equal(key.size, 10 + 7 + 13 + 1);
	assert_memory_equal(key.data, "milestone\0parent\0initiative/a\0x", key.size);
	cts_buf_clear(&key);
	memset(item, 'i', sizeof(item) - 1);
	item[sizeof(item) - 1] = '\0';
	cts_index_key(&key, kind_of("milestone"), field_of("milestone", "parent"), item, "x");
	assert_int_equal(key.size, 10 + 7 + 190 + 1 + 1);
	cts_buf_release(&key);
	assert_true(cts_index_has(field_of("initiative", "labels")));
	assert_true(cts_index_has(field_of("agency", "code")));
	assert_true(cts_index_has(field_of("milestone", "parent")));
	assert_false(cts_index_has(field_of("initiative", "title")));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(test_every_item_finds_those_who_hold_it),
		TEST(test_unique_value_belongs_to_one_live_record),
		TEST(test_unique_value_given_up_in_the_same_change_is_free),
		TEST(test_long_items_that_share_a_key_leave_it_one_by_one),
		TEST(test_key_of_an_entry_is_cut_and_ordered),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
