/*
 * Making a bundle: since what somebody has, of which there is more than one way to tell; and into what file,
 * of which only a bundle of ours is replaced.
 */
#include "lab_bundle.h"

/* ---- since ---- */

static void test_since_an_agency_is_since_what_it_showed(void **state)
{
	(void)state;
	lab_put(&b, "initiative/x", "notes", "from b");
	create(&b, "b.bundle", "DPMC");
	assert_int_equal(made.commits, 2); /* the seen commit and the edit */
	apply(&a, "b.bundle");
	/* a has seen all of it, and b does not know */
	lab_put(&a, "initiative/x", "title", "answer");
	create(&a, "a.bundle", "NZP");
	assert_int_equal(made.commits, 2);
	create(&a, "a.bundle", "nzp@2199-01-01"); /* replaced: it is ours */
	assert_int_equal(made.commits, 2);
	apply(&b, "a.bundle");
	assert_alike(&a, &b);
	assert_int_equal(try_create(&a, "c.bundle", "GCSB"), CTS_EVALUE);
	assert_non_null(strstr(cts_error_message(CTS_EVALUE), "'GCSB'"));
}

static void test_since_a_change_a_commit_a_date(void **state)
{
	const char *head = lab_own_head(&a);

	(void)state;
	lab_put(&a, "initiative/x", "title", "third");
	create(&a, "c.bundle", lab_text("%.8s.2", lab_writer(&a)));
	assert_int_equal(made.commits, 1);
	create(&a, "c.bundle", lab_text("%.10s", head));
	assert_int_equal(made.commits, 1);
	apply(&b, "c.bundle");
	assert_alike(&a, &b);
	create(&a, "c.bundle", "2001-01-01");
	assert_int_equal(made.commits, 3);
	assert_int_equal(made.base_count, 0);
	create(&a, "d.bundle", "2150-01-01");
	assert_int_equal(made.commits, 0);
	assert_int_equal(access(lab_path("d.bundle"), F_OK), -1);
	assert_int_equal(try_create(&a, "d.bundle", "ffffffffff"), CTS_ENOTFOUND);
	assert_int_equal(try_create(&a, "d.bundle", "nowhere.bundle"), CTS_EIO);
	assert_int_equal(try_create(&a, "d.bundle", lab_path("a/config")), CTS_EINTEGRITY);
}

static void test_nothing_new_writes_nothing(void **state)
{
	const char *before = state_of(&a);

	(void)state;
	create(&a, "none.bundle", "all.bundle");
	assert_int_equal(made.commits, 0);
	assert_int_equal(access(lab_path("none.bundle"), F_OK), -1);
	assert_string_equal(state_of(&a), before);
}

static void test_a_receipt_says_what_was_seen_and_is_not_acknowledged(void **state)
{
	(void)state;
	lab_put(&a, "initiative/x", "title", "second");
	create(&a, "a.bundle", "all.bundle");
	apply(&b, "a.bundle");
	assert_true(acknowledge(&b));
	assert_false(acknowledge(&b));
	create(&b, "b.bundle", "DPMC");
	assert_int_equal(made.commits, 1);
	apply(&a, "b.bundle");
	assert_false(acknowledge(&a));
	/* now a knows what b has */
	create(&a, "none.bundle", "NZP");
	assert_int_equal(made.commits, 0);
	lab_put(&a, "initiative/x", "title", "third");
	create(&a, "a.bundle", "NZP");
	assert_int_equal(made.commits, 2);
	apply(&b, "a.bundle");
	assert_true(acknowledge(&b));
	assert_alike(&a, &b);
	assert_sound(&a);
	assert_sound(&b);
}

/* ---- the file ---- */

static void test_only_a_bundle_of_ours_is_replaced(void **state)
{
	struct cts_bundle_options options = {.path = lab_path("notes.txt"), .replace = true};

	(void)state;
	lab_run("echo precious > notes.txt; : > empty.bundle; mkdir folder; ln -s all.bundle link");
	assert_int_equal(try_create(&a, "notes.txt", NULL), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_hint(), "--force"));
	assert_string_equal(lab_run("cat notes.txt"), "precious");
	assert_int_equal(try_create(&a, "folder", NULL), CTS_EREFUSED);
	assert_int_equal(try_create(&a, "nowhere/x.bundle", NULL), CTS_EIO);
	create(&a, "empty.bundle", NULL);
	create(&a, "all.bundle", NULL);
	lab_put(&a, "initiative/x", "title", "through the link");
	create(&a, "link", NULL);
	assert_string_equal(lab_run("readlink link; git bundle list-heads all.bundle | grep -c %s",
				    lab_own_head(&a)),
		"all.bundle\n1");
	assert_ok(cts_bundle_create(&made, a.road, &options, NULL));
	git_fetches("plain.git", "notes.txt");
	/* no temporary file is left */
	assert_string_equal(lab_run("ls | grep -v -e ^a$ -e ^b$ -e ^plain.git$ | paste -sd ' '"),
		"all.bundle empty.bundle folder link notes.txt");
}

static void test_a_bundle_goes_behind_what_a_descriptor_has(void **state)
{
	int fd = open(lab_path("x"), O_RDWR | O_CREAT, 0666);
	struct cts_bundle_options options = {.fd = fd};

	(void)state;
	assert_true(fd >= 0);
	assert_ok(cts_bundle_create(&made, a.road, &options, NULL));
	assert_int_equal(lseek(fd, 0, SEEK_CUR), made.bytes);
	close(fd);
	git_fetches("plain.git", "x");
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_agencies_apart, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_since_an_agency_is_since_what_it_showed),
		T(test_since_a_change_a_commit_a_date),
		T(test_nothing_new_writes_nothing),
		T(test_a_receipt_says_what_was_seen_and_is_not_acknowledged),
		T(test_only_a_bundle_of_ours_is_replaced),
		T(test_a_bundle_goes_behind_what_a_descriptor_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
