/*
 * What no commit can carry is not written: it would be refused by everybody, and all that builds on it.
 * A clock that is far from true, a message or a value that is not normal text or is too long.
 */
#include "tests/store/fixture.h"

static void test_edit_is_refused_while_the_clock_says_a_time_that_no_commit_may_have(void **state)
{
	struct cts_store *store = make_store("s");

	SET(store, "initiative/a", "title=Grow");
	clock_now = 86400; /* 1970: the battery of the clock died */
	assert_error(try_edit(store, "initiative/a", TEXTS("title=Early")), CTS_EREFUSED,
		"1970-01-02T00:00:00Z");
	assert_hint("set the clock");
	clock_now = CTS_TIME_MAX;
	assert_error(
		try_edit(store, "initiative/a", TEXTS("title=Late")), CTS_EREFUSED, "the clock");
	expect_field(store, "initiative/a", "title", "Grow");
	clock_now = CTS_TIME_MAX - 1;
	SET(store, "initiative/a", "title=Last");
	store = reopen(store, "s");
	expect_field(store, "initiative/a", "title", "Last");
	cts_store_close(store);
	(void)state;
}

static void test_message_that_no_commit_can_hold_is_refused(void **state)
{
	static const char *const messages[] = {"\nbegins", "ends\n", "e\xcc\x81", "\xe2\x80\xaex",
		"\xff", "bell\a"};
	struct cts_store *store = make_store("s");
	struct fixture_edit edits[] = {{"initiative/a", TEXTS("title=Grow")}, {0}};
	struct cts_write write = {0};
	char *longest = cts_malloc(CTS_MESSAGE_MAX + 2);

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		write.message = messages[i];
		assert_error(cts_store_write(store, &write, run_edits, edits), CTS_EVALUE,
			"the message");
	}
	memset(longest, 'x', CTS_MESSAGE_MAX + 1);
	longest[CTS_MESSAGE_MAX + 1] = '\0';
	write.message = longest;
	assert_error(
		cts_store_write(store, &write, run_edits, edits), CTS_EVALUE, "the message");
	assert_int_equal(life_of(store, "initiative/a"), CTS_LIFE_NONE);
	longest[CTS_MESSAGE_MAX] = '\0';
	assert_ok(cts_store_write(store, &write, run_edits, edits));
	assert_int_equal(life_of(store, "initiative/a"), CTS_LIFE_LIVE);
	free(longest);
	cts_store_close(store);
}

static void test_value_that_is_not_normal_text_is_refused(void **state)
{
	struct cts_store *store = make_store("s");
	char *longer = cts_malloc(CTS_VALUE_MAX + 16);

	(void)state;
	assert_error(try_edit(store, "initiative/a", TEXTS("title=Grow", "notes=e\xcc\x81")),
		CTS_EVALUE, "'notes'");
	assert_error(try_edit(store, "initiative/a", TEXTS("title=Grow", "source=a\xff.csv")),
		CTS_EVALUE, "'source'");
	memset(longer, 'x', CTS_VALUE_MAX + 15);
	memcpy(longer, "notes=", 6);
	longer[CTS_VALUE_MAX + 15] = '\0';
	assert_error(try_edit(store, "initiative/a", TEXTS("title=Grow", longer)), CTS_EVALUE,
		"64 KiB");
	assert_int_equal(life_of(store, "initiative/a"), CTS_LIFE_NONE);
	free(longer);
	cts_store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_edit_is_refused_while_the_clock_says_a_time_that_no_commit_may_have,
			make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			test_message_that_no_commit_can_hold_is_refused, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			test_value_that_is_not_normal_text_is_refused, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
