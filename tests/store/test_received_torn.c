/*
 * The file `received`: what is appended behind a line that a crash cut stands on a line of its own.
 */
#include "tests/store/fixture.h"

static void test_line_behind_a_torn_one_is_whole(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_buf text = {0};

	(void)state;
	assert_ok(cts_store_append_received(store, "first"));
	assert_ok(cts_store_append_received(store, "second"));
	read_file_into(&text, path_of("s/received"));
	assert_string_equal(cts_buf_text(&text), "first\nsecond\n");
	write_text(path_of("s/received"), "first\nsec");
	assert_ok(cts_store_append_received(store, "third"));
	read_file_into(&text, path_of("s/received"));
	assert_string_equal(cts_buf_text(&text), "first\nsec\nthird\n");
	cts_buf_release(&text);
	cts_store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_line_behind_a_torn_one_is_whole, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
