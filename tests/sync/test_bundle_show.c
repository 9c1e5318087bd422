/*
 * What is in a bundle, ours or git's own, with deltas and without: show tells what is new in it and what
 * it builds on that is missing here.
 */
#include "lab_bundle.h"

/* ---- show ---- */

static void test_show_tells_what_is_new_and_what_is_missing(void **state)
{
	struct cts_bundle_show s;

	(void)state;
	lab_put(&a, "initiative/x", "title", "second");
	create(&a, "two.bundle", "all.bundle");
	lab_put(&a, "initiative/x", "title", "third");
	create(&a, "three.bundle", "two.bundle");

	show(&s, &b, "three.bundle");
	assert_int_equal(s.version, 2);
	assert_true(s.is_right && s.is_header_sealed);
	assert_int_equal(s.whose, CTS_BUNDLE_OURS);
	assert_int_equal(s.commits, 1);
	assert_int_equal(s.new_commits, 1);
	assert_int_equal(s.need_count, 1);
	assert_false(s.needs[0].is_here);
	assert_string_equal(s.needs[0].name, lab_text("dpmc %s.3", lab_writer(&a)));
	assert_int_equal(s.branch_count, 1);
	assert_false(s.branches[0].is_here);
	assert_string_equal(s.branches[0].authors[0], LAB_AUTHOR);
	assert_true(s.branches[0].first > 0 && s.branches[0].first <= s.branches[0].last);
	assert_true(cts_oid_is_zero(&s.main));
	cts_bundle_show_release(&s);

	show(&s, &a, "three.bundle");
	assert_true(s.needs[0].is_here && s.branches[0].is_here);
	assert_int_equal(s.commits, 1);
	assert_int_equal(s.new_commits, 0);
	cts_bundle_show_release(&s);

	show(&s, NULL, "all.bundle");
	assert_int_equal(s.whose, CTS_BUNDLE_UNKNOWN);
	assert_int_equal(s.new_commits, 2);
	assert_false(cts_oid_is_zero(&s.main));
	cts_bundle_show_release(&s);
}

static void test_show_of_an_altered_pack_looks_no_further(void **state)
{
	struct cts_buf bytes = read_whole("all.bundle");
	struct cts_bundle_show s;

	(void)state;
	bytes.data[bytes.size - 30] ^= 1;
	write_whole("bad.bundle", bytes.data, bytes.size);
	show(&s, &b, "bad.bundle");
	assert_false(s.is_right);
	assert_int_equal(s.commits, 0);
	assert_int_equal(s.branch_count, 1);
	cts_bundle_show_release(&s);
	cts_buf_release(&bytes);
}

/* ---- bundles that git made ---- */

static void test_a_bundle_that_git_made_is_shown_and_applied(void **state)
{
	struct cts_bundle_show s;

	(void)state;
	for (int i = 0; i < 30; i++)
		lab_put(&a, "initiative/x", "notes",
			lab_text("a long text that changes little, so that git makes deltas %d", i));
	assert_ok(cts_seal(a.road, NULL));
	lab_run("git -C '%s' -c pack.window=50 bundle create -q --version=3 '%s' --branches "
		"--not %s 2>&1",
		lab_mirror(&a), lab_path("git.bundle"),
		lab_run("git -C '%s' rev-parse %s~30", lab_mirror(&a), lab_branch(&a)));
	show(&s, &b, "git.bundle");
	assert_int_equal(s.version, 3);
	assert_false(s.is_header_sealed);
	assert_int_equal(s.new_commits, 30);
	assert_int_equal(s.unreadable, 0);
	cts_bundle_show_release(&s);
	apply(&b, "git.bundle");
	assert_alike(&a, &b);
	assert_sound(&b);
}

static void test_commits_that_are_deltas_are_read(void **state)
{
	struct cts_bundle_show s;
	const char *pack;

	(void)state;
	for (int i = 0; i < 20; i++)
		lab_put(&a, "initiative/x", "notes", lab_text("line\nand line\nand line %d", i));
	create(&a, "whole.bundle", NULL);
	git_fetches("plain.git", "whole.bundle");
	lab_run("git -C plain.git repack -q -a -d -f --depth=20 --window=50");
	pack = lab_run("ls '%s'/plain.git/objects/pack/*.pack", repo_dir);
	/* at least one commit must be a delta, or this tests nothing */
	assert_int_not_equal(
		atoi(lab_run("git verify-pack -v '%s' | "
			     "grep -c '^[0-9a-f]* commit .* [0-9a-f]\\{40\\}$'",
			pack)),
		0);
	lab_run("{ sed '/^$/q' whole.bundle; cat '%s'; } > deltas.bundle", pack);
	show(&s, &b, "deltas.bundle");
	assert_int_equal(s.commits, 22);
	assert_int_equal(s.new_commits, 20);
	assert_int_equal(s.unreadable, 0);
	cts_bundle_show_release(&s);
	apply(&b, "deltas.bundle");
	assert_alike(&a, &b);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_agencies_apart, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_show_tells_what_is_new_and_what_is_missing),
		T(test_show_of_an_altered_pack_looks_no_further),
		T(test_a_bundle_that_git_made_is_shown_and_applied),
		T(test_commits_that_are_deltas_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
