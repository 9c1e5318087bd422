/*
 * main, the published view: a chain of commits that any store makes alike, that shows what the
 * records show, and that leaves alone what is not of it.
 */
#include "lab_agencies.h"

#include "sync/view.h"

static void test_main_is_a_view_commit(void **state)
{
	const char *time;

	(void)state;
	lab_push(&a, "origin");
	time = lab_run("git -C hub log -1 --format=%%at %s", lab_branch(&a));
	assert_string_equal(
		lab_run("git -C hub log -1 --format='%%an <%%ae>|%%cn|%%at|%%ct|%%B' main"),
		lab_text("ctsync view <view@ctsync>|ctsync view|%s|%s|view\n", time, time));
	assert_string_equal(lab_run("git -C hub rev-parse main^1"), lab_own_head(&a));
	assert_int_equal(run_into(NULL, "git -C hub rev-parse -q --verify main^2 >/dev/null"), 1);
	assert_string_equal(lab_tree_of("hub", "main"), lab_tree_of("hub", lab_own_head(&a)));
	assert_non_null(strstr(lab_run("git -C hub show main:records/initiative/x.json"), "Grow"));
}

static void test_main_grows_by_what_is_new_to_it(void **state)
{
	const char *old;

	(void)state;
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	old = lab_ref("hub", "main");
	lab_put(&a, "initiative/x", "title", "of a");
	lab_put(&b, "initiative/x", "title", "of b");
	lab_push(&a, "origin");
	assert_string_equal(lab_run("git -C hub rev-parse main^1"), old);
	assert_string_equal(lab_run("git -C hub rev-parse main^2"), lab_own_head(&a));
	old = lab_ref("hub", "main");
	lab_pull(&b, "origin");
	lab_push(&b, "origin");
	assert_string_equal(lab_run("git -C hub rev-parse main^1"), old);
	assert_string_equal(lab_run("git -C hub rev-parse main^2"), lab_own_head(&b));
	/* the conflict stands in it, both sides */
	assert_non_null(strstr(lab_run("git -C hub show main:records/initiative/x.json"), "of a"));
	assert_non_null(strstr(lab_run("git -C hub show main:records/initiative/x.json"), "of b"));
	lab_pull(&a, "origin");
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 0);
	lab_fsck("hub");
	assert_sound(&a);
	assert_sound(&b);
}

/* Two stores that hold the same commits make the same view. */
static void test_the_same_heads_give_the_same_view(void **state)
{
	(void)state;
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	lab_hub("h1");
	lab_hub("h2");
	lab_remote(&a, "h1", "h1");
	lab_remote(&b, "h2", "h2");
	lab_push(&a, "h1");
	lab_push(&b, "h2");
	assert_string_equal(lab_ref("h1", "main"), lab_ref("h2", "main"));
}

/* ---- what is not a view ---- */

static const char *put_stranger(void)
{
	const char *blob = lab_blob("hub", "hello\n");
	struct cts_buf raw = {0};
	const char *tree, *commit;

	lab_entry(&raw, "100644", "README.md", blob);
	tree = lab_object("hub", "tree", raw.data, raw.size);
	cts_buf_release(&raw);
	commit = lab_run(
		"git -C hub -c user.name=S -c user.email=s@s commit-tree -m hello %s", tree);
	lab_run("git -C hub update-ref refs/heads/main %s", commit);
	return commit;
}

static void test_a_stranger_s_main_is_left_alone(void **state)
{
	const char *stranger = put_stranger();

	(void)state;
	lab_push(&a, "origin");
	assert_true(lab_was_pushed(lab_branch(&a)));
	assert_true(lab_was_declined("main"));
	assert_non_null(strstr(lab_pushed.declined[0], "--reset-main"));
	assert_string_equal(lab_ref("hub", "main"), stranger);
	/* and does not get in the way of pulls and clones */
	b = lab_clone("b", "NZP", "hub");
	lab_pull(&b, "origin");
	assert_alike(&a, &b);
	/* every time */
	lab_push(&a, "origin");
	assert_true(lab_was_declined("main"));
}

static void test_reset_main_replaces_it(void **state)
{
	const char *stranger = put_stranger();

	(void)state;
	lab_push(&a, "origin");
	cts_push_release(&lab_pushed);
	lab_pushed = (struct cts_push){0};
	assert_ok(cts_push(&lab_pushed, a.road, "origin", true, NULL));
	assert_true(lab_was_pushed("main"));
	assert_string_not_equal(lab_ref("hub", "main"), stranger);
	assert_string_equal(lab_run("git -C hub rev-parse main^1"), lab_own_head(&a));
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count + lab_pushed.declined_count, 0);
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	assert_true(lab_was_pushed("main"));
	lab_fsck("hub");
}

/* A view by its form, that shows commits which nobody has, or a tree that is none of ours. */
static void forge_view(const char *tree, const char *parent)
{
	struct lab_forger forger = lab_forger("hub", "gcsb", "00000000000000ee");
	struct cts_commit commit = lab_draft(&forger, tree, parent);
	struct cts_buf bytes = {0};

	commit.author = CTS_VIEW_AUTHOR;
	commit.is_view = true;
	commit.message = "view";
	cts_commit_format(&bytes, &commit);
	lab_run("git -C hub update-ref refs/heads/main %s",
		lab_object("hub", "commit", bytes.data, bytes.size));
	cts_buf_release(&bytes);
}

static void test_a_view_of_what_we_have_not_is_left_until_we_pull(void **state)
{
	const char *main;

	(void)state;
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	lab_put(&b, "initiative/y", "title", "of b");
	lab_push(&b, "origin");
	main = lab_ref("hub", "main");
	lab_put(&a, "initiative/x", "title", "of a");
	lab_push(&a, "origin");
	assert_true(lab_was_pushed(lab_branch(&a)));
	assert_true(lab_was_declined("main"));
	assert_null(strstr(lab_pushed.declined[0], "--reset-main"));
	assert_non_null(strstr(lab_pushed.declined[0], "pull"));
	assert_string_equal(lab_ref("hub", "main"), main);
	lab_pull(&a, "origin");
	lab_push(&a, "origin");
	assert_true(lab_was_pushed("main"));
	assert_string_equal(lab_run("git -C hub rev-parse main^1"), main);
}

static void test_a_forged_view_brings_nothing_evil_into_the_mirror(void **state)
{
	struct cts_buf raw = {0};
	const char *tree, *deep = NULL;

	(void)state;
	lab_push(&a, "origin");
	/* folders in folders, deeper than any stack */
	lab_entry(&raw, "100644", "x.json", lab_blob("hub", "{}\n"));
	for (int i = 0; i < 300; i++) {
		deep = lab_object("hub", "tree", raw.data, raw.size);
		cts_buf_clear(&raw);
		lab_entry(&raw, "40000", "records", deep);
	}
	tree = lab_object("hub", "tree", raw.data, raw.size);
	cts_buf_release(&raw);
	forge_view(tree, lab_own_head(&a));
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	assert_true(lab_was_pushed(lab_branch(&a)));
	assert_true(lab_was_declined("main"));
	assert_int_equal(run_into(NULL, "git -C a/mirror.git cat-file -e %s 2>/dev/null", deep), 1);
	assert_sound(&a);
}

static void test_a_view_without_its_tree_is_left_alone(void **state)
{
	(void)state;
	lab_push(&a, "origin");
	forge_view("1234567890123456789012345678901234567890", lab_own_head(&a));
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	assert_true(lab_was_pushed(lab_branch(&a)));
	assert_true(lab_was_declined("main"));
	assert_sound(&a);
}

static void test_publish_main_false_publishes_none(void **state)
{
	(void)state;
	assert_ok(cts_store_config_set(a.store, "publish.main", "false"));
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 2);
	assert_string_equal(lab_ref("hub", "main"), "");
}

/* More heads than a commit has room for: a chain of views, and then rest. */
static void test_more_heads_than_parents_make_a_chain(void **state)
{
	enum { WRITERS = 70 };
	const char *tree, *before;

	(void)state;
	lab_push(&a, "origin");
	for (int i = 0; i < WRITERS; i++) {
		struct lab_forger f = lab_forger("hub", "gcsb", lab_text("00000000000000%02x", i));
		lab_see(&f, lab_own_head(&a));
	}
	lab_pull(&a, "origin");
	for (int i = 0; i < 3; i++)
		lab_push(&a, "origin");
	before = lab_ref("hub", "main");
	lab_push(&a, "origin");
	assert_string_equal(lab_ref("hub", "main"), before);
	tree = lab_tree_of("hub", "main");
	assert_string_equal(tree, lab_tree_of("hub", lab_own_head(&a)));
	assert_string_equal(lab_run("git -C hub rev-list --count --no-merges main..%s",
				    "gcsb/0000000000000045"),
		"0");
	lab_fsck("hub");
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_agency_at_work, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_main_is_a_view_commit),
		T(test_main_grows_by_what_is_new_to_it),
		T(test_the_same_heads_give_the_same_view),
		T(test_a_stranger_s_main_is_left_alone),
		T(test_reset_main_replaces_it),
		T(test_a_view_of_what_we_have_not_is_left_until_we_pull),
		T(test_a_forged_view_brings_nothing_evil_into_the_mirror),
		T(test_a_view_without_its_tree_is_left_alone),
		T(test_publish_main_false_publishes_none),
		T(test_more_heads_than_parents_make_a_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
