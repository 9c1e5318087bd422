/*
 * A store whose own line was forked, because an older state was put back into its files: it rebuilds, and
 * what was sealed beside commits that it did not know is not lost.
 */
#include "lab_agencies.h"

/* The store's files as they are; put back, they stay the same files, so that it is no copy. */
static void save(const char *what)
{
	lab_run("rm -rf '%s/saved' && cp -a '%s' '%s/saved'", repo_dir, lab_path(what), repo_dir);
}

static void put_back(const char *what)
{
	lab_run("cp -r '%s/saved%s' '%s'", repo_dir, strchr(what, '/') ? "" : "/.", lab_path(what));
}

static void test_forked_store_rebuilds(void **state)
{
	const char *digest;

	(void)state;
	lab_put(&a, "initiative/i", "title", "one");
	lab_push(&a, "origin");
	lab_close(&a);
	save("a");
	lab_open(&a);
	lab_put(&a, "initiative/i", "title", "two");
	lab_push(&a, "origin");
	lab_close(&a);
	put_back("a");
	lab_open(&a);
	lab_put(&a, "initiative/i", "notes", "typed in the older state");
	lab_pull(&a, "origin"); /* what it did itself, later, comes as a fork */
	lab_push(&a, "origin");
	digest = lab_check(&a);
	lab_close(&a);

	assert_ok(cts_store_rebuild(a.path, NULL, NULL, NULL));
	lab_open(&a);
	assert_string_equal(lab_check(&a), digest);
	lab_put(&a, "initiative/i", "title", "three");
	lab_push(&a, "origin");
	lab_close(&a);
	assert_ok(cts_store_rebuild(a.path, NULL, NULL, NULL));
	lab_open(&a);
	assert_sound(&a);
	b = lab_clone("b", "NZP", "hub");
	assert_alike(&a, &b);
	assert_string_equal(lab_get(&b, "initiative/i", "title"), "three");
	assert_string_equal(lab_get(&b, "initiative/i", "notes"), "typed in the older state");
}

static void test_edit_made_on_an_older_data_mdb_survives(void **state)
{
	(void)state;
	lab_put(&a, "initiative/i", "title", "one");
	lab_push(&a, "origin");
	lab_close(&a);
	save("a/data.mdb");
	lab_open(&a);
	lab_put(&a, "initiative/i", "title", "two");
	lab_push(&a, "origin");
	lab_close(&a);
	put_back("a/data.mdb");
	/* An edit looks at no mirror, which is ahead now. */
	assert_ok(cts_store_open(&a.store, a.path));
	lab_put(&a, "initiative/i", "notes", "typed on the older one");
	lab_close(&a);
	lab_open(&a);
	lab_push(&a, "origin");
	assert_sound(&a);
	lab_close(&a);
	assert_ok(cts_store_rebuild(a.path, NULL, NULL, NULL));
	lab_open(&a);
	b = lab_clone("b", "NZP", "hub");
	assert_alike(&a, &b);
	assert_string_equal(lab_get(&b, "initiative/i", "title"), "two");
	assert_string_equal(lab_get(&b, "initiative/i", "notes"), "typed on the older one");
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_agency, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_forked_store_rebuilds),
		T(test_edit_made_on_an_older_data_mdb_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
