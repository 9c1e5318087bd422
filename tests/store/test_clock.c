/*
 * A clock that is far from true: what would be sealed as a commit that nobody takes is not written.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_edit_is_refused_while_the_clock_says_a_time_that_no_commit_may_have,
			make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
