/*
 * Records by key: found by prefix, deleted ones passed over, the nearest named when there is none.
 */
#include "tests/store/fixture.h"

static struct cts_store *store;
static struct cts_txn *txn;

static int open_filled(void **state)
{
	make_dir(state);
	store = make_store("s");
	SET(store, "initiative/ctwp2021-1", "title=One");
	SET(store, "initiative/ctwp2021-2", "title=Two");
	SET(store, "initiative/ctwp2021-20", "title=Twenty");
	SET(store, "initiative/gone", "title=Gone");
	DELETE(store, "initiative/gone");
	SET(store, "milestone/first", "parent=initiative/ctwp2021-1");
	txn = begin_reading(store);
	return 0;
}

static int close_filled(void **state)
{
	cts_txn_end(txn);
	cts_store_close(store);
	return remove_dir(state);
}

static const char long_id[] =
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static const char *long_key(const char *kind)
{
	static char key[1024];

	snprintf(key, sizeof(key), "%s/%s", kind, long_id);
	return key;
}

static void test_record_is_read_by_its_key(void **state)
{
	struct cts_record record;

	(void)state;
	assert_ok(cts_txn_get(txn, &record, "initiative/ctwp2021-2"));
	assert_string_equal(record.id, "ctwp2021-2");
	assert_string_equal(record.kind->name, "initiative");
	assert_string_equal(cts_record_text(&record, "title"), "Two");
	cts_record_release(&record);
}

static void test_missing_record_is_told_with_the_nearest(void **state)
{
	struct cts_record record;

	(void)state;
	assert_error(cts_txn_get(txn, &record, "initiative/ctpw2021-2"), CTS_ENOTFOUND,
		"no record 'initiative/ctpw2021-2'");
	assert_hint("did you mean initiative/ctwp2021-2");
	assert_error(cts_txn_get(txn, &record, "initiative/quite-something-else"), CTS_ENOTFOUND,
		"no record");
	assert_hint("ctsync list initiative");
	assert_error(cts_txn_get(txn, &record, "agency/nzp"), CTS_ENOTFOUND, "no record");
	assert_hint("ctsync list agency");
	assert_error(cts_txn_get(txn, &record, long_key("initiative")), CTS_ENOTFOUND, "no record");
	assert_error(cts_txn_get(txn, &record, "initiative/"), CTS_ENOTFOUND, "no record");
}

static void test_deleted_record_is_told_as_such(void **state)
{
	struct cts_record record;
	const char *key;
	struct cts_arena arena = {0};

	(void)state;
	assert_error(cts_txn_get(txn, &record, "initiative/gone"), CTS_ENOTFOUND,
		"'initiative/gone' was deleted");
	assert_hint("--again");
	assert_error(cts_txn_find(txn, &key, &arena, "initiative/gone"), CTS_ENOTFOUND,
		"'initiative/gone' was deleted");
	/* Its id is no candidate for a prefix, nor near. */
	assert_error(cts_txn_find(txn, &key, &arena, "initiative/gon"), CTS_ENOTFOUND,
		"no record 'initiative/gon'");
	assert_hint("ctsync list initiative");
	cts_arena_release(&arena);
}

static int ignore_key(void *context, const char *key)
{
	(void)context;
	(void)key;
	return 0;
}

/* As a page of garbage that reads as one without the key. */
static void test_lost_record_is_not_told_as_missing(void **state)
{
	struct cts_slice key = {.data = "milestone/first", .size = strlen("milestone/first")};
	struct cts_arena arena = {0};
	struct cts_record record;
	const char *found;

	(void)state;
	cts_txn_end(txn);
	txn = begin_raw(store);
	assert_int_equal(cts_db_delete(txn, CTS_DB_RECORDS, key), 1);
	assert_error(cts_txn_get(txn, &record, "milestone/first"), CTS_EDAMAGED, "is damaged");
	assert_hint("ctsync rebuild");
	assert_error(cts_txn_find(txn, &found, &arena, "milestone/first"), CTS_EDAMAGED, "is damaged");
	assert_error(cts_txn_find(txn, &found, &arena, "milestone/fi"), CTS_EDAMAGED, "is damaged");
	assert_error(cts_txn_each_key(txn, "milestone/", ignore_key, NULL), CTS_EDAMAGED, "is damaged");
	assert_error(cts_txn_each(txn, "milestone", NULL, NULL), CTS_EDAMAGED, "is damaged");
	cts_arena_release(&arena);
}

static void test_what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = {"", "initiative", "/x", "/"};
	struct cts_record record;
	const char *key;
	struct cts_arena arena = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_error(cts_txn_get(txn, &record, bad[i]), CTS_EVALUE,
			"is no address of a record");
		assert_hint("kind/id");
		assert_error(cts_txn_find(txn, &key, &arena, bad[i]), CTS_EVALUE, "is no address");
	}
	assert_error(cts_txn_get(txn, &record, "initiativ/x"), CTS_EVALUE, "initiativ");
	assert_hint("initiative");
	assert_error(cts_txn_get(txn, &record, long_key("x") + 2), CTS_EVALUE, "is no address");
	assert_error(cts_txn_get(txn, &record,
			     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x"),
		CTS_EVALUE, "no kind is named");
	cts_arena_release(&arena);
}

static void test_life_of_a_record_is_told(void **state)
{
	enum cts_life life;

	(void)state;
	assert_ok(cts_txn_life(txn, &life, "initiative/ctwp2021-1"));
	assert_int_equal(life, CTS_LIFE_LIVE);
	assert_ok(cts_txn_life(txn, &life, "initiative/gone"));
	assert_int_equal(life, CTS_LIFE_DELETED);
	assert_ok(cts_txn_life(txn, &life, "initiative/never"));
	assert_int_equal(life, CTS_LIFE_NONE);
	assert_ok(cts_txn_life(txn, &life, "no address"));
	assert_int_equal(life, CTS_LIFE_NONE);
	assert_ok(cts_txn_life(txn, &life, long_key("initiative")));
	assert_int_equal(life, CTS_LIFE_NONE);
}

static void test_address_is_completed_where_one_id_begins_so(void **state)
{
	struct cts_arena arena = {0};
	const char *key;

	(void)state;
	assert_ok(cts_txn_find(txn, &key, &arena, "initiative/ctwp2021-1"));
	assert_string_equal(key, "initiative/ctwp2021-1");
	assert_ok(cts_txn_find(txn, &key, &arena, "milestone/f"));
	assert_string_equal(key, "milestone/first");
	/* The whole id wins over those that begin with it. */
	assert_ok(cts_txn_find(txn, &key, &arena, "initiative/ctwp2021-2"));
	assert_string_equal(key, "initiative/ctwp2021-2");
	assert_error(cts_txn_find(txn, &key, &arena, "initiative/ctwp"), CTS_EREFUSED,
		"'initiative/ctwp' is the beginning of several ids");
	assert_hint("initiative/ctwp2021-1, initiative/ctwp2021-2, initiative/ctwp2021-20");
	/* A kind alone names no record, even if it has only one. */
	assert_error(cts_txn_find(txn, &key, &arena, "milestone/"), CTS_ENOTFOUND, "no record");
	assert_error(cts_txn_find(txn, &key, &arena, long_key("milestone")), CTS_ENOTFOUND,
		"no record");
	cts_arena_release(&arena);
}

static int put_many(struct cts_txn *writing, void *context)
{
	int rc = 0;

	(void)context;
	for (int i = 0; i < 40 && rc >= 0; i++) {
		char key[64];

		snprintf(key, sizeof(key), "initiative/many-%02d", i);
		rc = put_in(writing, key, TEXTS("title=Many"));
	}
	return rc;
}

static void test_long_list_of_candidates_is_cut(void **state)
{
	struct cts_write options = {0};
	struct cts_arena arena = {0};
	const char *key;

	(void)state;
	cts_txn_end(txn);
	assert_ok(cts_store_write(store, &options, put_many, NULL));
	txn = begin_reading(store);
	assert_error(cts_txn_find(txn, &key, &arena, "initiative/many"), CTS_EREFUSED, "several");
	assert_hint("initiative/many-19, ...");
	assert_null(strstr(cts_error_hint(), "many-20"));
	cts_arena_release(&arena);
}

static int note_record(void *context, const struct cts_record *record)
{
	cts_buf_printf(context, "%s ", record->id);
	return 0;
}

static int stop_at_once(void *context, const struct cts_record *record)
{
	cts_buf_printf(context, "%s", record->id);
	return 1;
}

static int fail_at_once(void *context, const char *key)
{
	(void)context;
	(void)key;
	return CTS_EMISMATCH;
}

static void test_live_records_are_walked_by_key(void **state)
{
	struct cts_buf out = {0};

	(void)state;
	assert_ok(cts_txn_each(txn, "initiative", note_record, &out));
	expect_text(&out, "ctwp2021-1 ctwp2021-2 ctwp2021-20 ");
	assert_ok(cts_txn_each(txn, NULL, note_record, &out));
	expect_text(&out, "ctwp2021-1 ctwp2021-2 ctwp2021-20 first ");
	assert_ok(cts_txn_each(txn, "agency", note_record, &out));
	expect_text(&out, "");
	assert_int_equal(cts_txn_each(txn, NULL, stop_at_once, &out), 1);
	expect_text(&out, "ctwp2021-1");
	assert_ok(cts_txn_each_key(txn, "initiative/ctwp2021-2", note_key, &out));
	expect_text(&out, "initiative/ctwp2021-2 initiative/ctwp2021-20");
	assert_ok(cts_txn_each_key(txn, "", note_key, &out));
	expect_text(&out, "initiative/ctwp2021-1 initiative/ctwp2021-2 initiative/ctwp2021-20 "
			  "milestone/first");
	assert_int_equal(cts_txn_each_key(txn, "", fail_at_once, NULL), CTS_EMISMATCH);
	/* No record is of a kind whose name no kind can have. */
	assert_ok(cts_txn_each(txn, long_id, note_record, &out));
	expect_text(&out, "");
	assert_ok(cts_txn_each_key(txn, long_key("initiative"), note_key, &out));
	expect_text(&out, "");
	assert_int_equal(cts_txn_record_bound(txn), 5);
	cts_buf_release(&out);
}

static void test_records_that_hold_an_item_are_found(void **state)
{
	struct cts_buf out = {0};
	char one[300], other[300], text[320];
	const struct cts_field *labels = field_of("initiative", "labels");

	(void)state;
	cts_txn_end(txn);
	/* Two items that the index cannot tell apart. */
	memset(one, 'x', sizeof(one) - 1);
	one[sizeof(one) - 1] = '\0';
	memcpy(other, one, sizeof(one));
	other[250] = 'y';
	snprintf(text, sizeof(text), "labels=%s|short", one);
	SET(store, "initiative/ctwp2021-1", text);
	snprintf(text, sizeof(text), "labels=%s", other);
	SET(store, "initiative/ctwp2021-2", text);
	SET(store, "initiative/ctwp2021-20", "labels=short|shorter");
	txn = begin_reading(store);
	assert_ok(cts_txn_each_with(txn, kind_of("initiative"), labels, one, note_key, &out));
	expect_text(&out, "initiative/ctwp2021-1");
	assert_ok(cts_txn_each_with(txn, kind_of("initiative"), labels, other, note_key, &out));
	expect_text(&out, "initiative/ctwp2021-2");
	assert_ok(cts_txn_each_with(txn, kind_of("initiative"), labels, "short", note_key, &out));
	expect_text(&out, "initiative/ctwp2021-1 initiative/ctwp2021-20");
	assert_ok(cts_txn_each_with(txn, kind_of("initiative"), labels, "shor", note_key, &out));
	expect_text(&out, "");
	assert_ok(cts_txn_each_with(txn, kind_of("milestone"), field_of("milestone", "parent"),
		"initiative/ctwp2021-1", note_key, &out));
	expect_text(&out, "milestone/first");
	assert_int_equal(cts_txn_each_with(txn, kind_of("initiative"), labels, "short",
				 fail_at_once, NULL),
		CTS_EMISMATCH);
	check_store(store, NULL);
	cts_buf_release(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_filled, close_filled)
	const struct CMUnitTest tests[] = {
		TEST(test_record_is_read_by_its_key),
		TEST(test_missing_record_is_told_with_the_nearest),
		TEST(test_deleted_record_is_told_as_such),
		TEST(test_lost_record_is_not_told_as_missing),
		TEST(test_what_is_no_address_is_refused),
		TEST(test_life_of_a_record_is_told),
		TEST(test_address_is_completed_where_one_id_begins_so),
		TEST(test_long_list_of_candidates_is_cut),
		TEST(test_live_records_are_walked_by_key),
		TEST(test_records_that_hold_an_item_are_found),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
