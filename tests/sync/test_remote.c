/*
 * Remotes by name: which names there may be, what a URL becomes, and which one is meant.
 */
#include "lab.h"

static struct lab_store a;

static int make_world(void **state)
{
	make_lab(state);
	a = lab_init("a", "DPMC");
	lab_hub("hub");
	return 0;
}

static int end_world(void **state)
{
	lab_end();
	lab_close(&a);
	return remove_lab(state);
}

static const char *url_of(const char *name)
{
	struct cts_remote *remotes;
	size_t count;

	assert_ok(cts_remotes(a.store, &remotes, &count, &lab_arena));
	for (size_t i = 0; i < count; i++)
		if (strcmp(remotes[i].name, name) == 0)
			return remotes[i].url;
	return NULL;
}

static void test_names_are_those_that_a_config_and_a_reference_can_hold(void **state)
{
	static const char *const good[] = {"origin", "a", "hub-2", "hub_2", "h.2", "2", "Origin"};
	static const char *const bad[] = {"", "-x", ".x", "_x", "a b", "a/b", "a\nb", "a\"b", "a]b",
		"a..b", "a.", "a.lock", "\xc4\x81", "x\033[31m",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	const char *config = lab_run("cat a/config");

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (cts_remote_add(a.store, bad[i], lab_path("hub"), false) != CTS_EVALUE)
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(cts_error_hint());
	}
	assert_string_equal(lab_run("cat a/config"), config);
	for (size_t i = 0; i < COUNT(good); i++) {
		lab_remote(&a, good[i], "hub");
		assert_string_equal(url_of(good[i]), lab_path("hub"));
		lab_push(&a, good[i]);
	}
	lab_reopen(&a);
	for (size_t i = 0; i < COUNT(good); i++)
		assert_string_equal(url_of(good[i]), lab_path("hub"));
}

static void test_a_name_is_given_once(void **state)
{
	(void)state;
	lab_remote(&a, "origin", "hub");
	assert_int_equal(cts_remote_add(a.store, "origin", lab_path("hub"), false), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_hint(), "set-url"));
	assert_int_equal(cts_remote_remove(a.store, "other"), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_hint(), "origin"));
	assert_int_equal(cts_remote_set_url(a.store, "other", lab_path("hub")), CTS_EREFUSED);
	assert_ok(cts_remote_remove(a.store, "origin"));
	assert_null(url_of("origin"));
	assert_int_equal(cts_remote_remove(a.store, "origin"), CTS_EREFUSED);
	lab_remote(&a, "origin", "hub");
}

static void test_a_relative_path_is_made_absolute(void **state)
{
	(void)state;
	assert_int_equal(chdir(repo_dir), 0);
	assert_ok(cts_remote_add(a.store, "one", "hub", false));
	assert_ok(cts_remote_add(a.store, "two", "./hub", false));
	assert_ok(cts_remote_add(a.store, "three", "a/../hub", false));
	assert_string_equal(url_of("one"), lab_path("hub"));
	assert_string_equal(url_of("two"), lab_path("hub"));
	assert_int_equal(url_of("three")[0], '/');
	assert_int_equal(chdir("/"), 0);
	lab_push(&a, "one");
	lab_push(&a, "three");
	assert_int_equal(lab_pushed.branch_count, 0);
	assert_int_equal(chdir(repo_dir), 0);
	lab_hub("second");
	assert_ok(cts_remote_set_url(a.store, "one", "second"));
	assert_int_equal(chdir("/"), 0);
	assert_string_equal(url_of("one"), lab_path("second"));
	assert_ok(cts_remote_add(a.store, "four", "git@example.org:hub", false));
	assert_string_equal(url_of("four"), "git@example.org:hub");
}

static void test_a_repository_is_made_only_when_asked(void **state)
{
	(void)state;
	assert_int_equal(cts_remote_add(a.store, "new", lab_path("new"), false), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_hint(), "--create"));
	assert_null(url_of("new"));
	assert_ok(cts_remote_add(a.store, "new", lab_path("new"), true));
	lab_push(&a, "new");
	lab_fsck("new");
	/* one that is there is used as it is */
	assert_ok(cts_remote_add(a.store, "again", lab_path("new"), true));
	lab_run("mkdir folder && echo x > folder/file");
	assert_int_equal(cts_remote_add(a.store, "bad", lab_path("folder"), true), CTS_EREFUSED);
	assert_string_equal(lab_run("ls folder"), "file");
	assert_int_equal(
		cts_remote_add(a.store, "far", "ssh://example.org/hub", true), CTS_EREFUSED);
	assert_int_equal(
		cts_remote_add(a.store, "far", "git://example.org/hub", false), CTS_EVALUE);
	assert_null(url_of("far"));
}

static void test_origin_is_meant_or_the_only_one(void **state)
{
	const char *name;

	(void)state;
	assert_int_equal(cts_remote_pick(a.store, &name, &lab_arena, NULL), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_hint(), "remote add"));
	lab_remote(&a, "north", "hub");
	assert_ok(cts_remote_pick(a.store, &name, &lab_arena, NULL));
	assert_string_equal(name, "north");
	lab_remote(&a, "south", "hub");
	assert_int_equal(cts_remote_pick(a.store, &name, &lab_arena, NULL), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_hint(), "north, south"));
	lab_remote(&a, "origin", "hub");
	assert_ok(cts_remote_pick(a.store, &name, &lab_arena, NULL));
	assert_string_equal(name, "origin");
	assert_ok(cts_remote_pick(a.store, &name, &lab_arena, "south"));
	assert_string_equal(name, "south");
	assert_int_equal(cts_remote_pick(a.store, &name, &lab_arena, "west"), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_hint(), "north, south, origin"));
}

/* What is known of a place is not believed of another. */
static void test_a_new_url_forgets_what_was_there(void **state)
{
	uint64_t pending, sealed;

	(void)state;
	lab_remote(&a, "origin", "hub");
	lab_push(&a, "origin");
	assert_ok(cts_unpushed(a.store, "origin", &pending, &sealed));
	assert_int_equal(sealed, 0);
	assert_ok(cts_remote_set_url(a.store, "origin", lab_path("hub"))); /* the same */
	assert_ok(cts_unpushed(a.store, "origin", &pending, &sealed));
	assert_int_equal(sealed, 0);
	lab_hub("second");
	assert_ok(cts_remote_set_url(a.store, "origin", lab_path("second")));
	assert_ok(cts_unpushed(a.store, "origin", &pending, &sealed));
	assert_int_equal(sealed, 1);
	assert_ok(cts_unpushed(a.store, NULL, &pending, &sealed));
	assert_int_equal(sealed, 0);
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 3);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_names_are_those_that_a_config_and_a_reference_can_hold),
		T(test_a_name_is_given_once),
		T(test_a_relative_path_is_made_absolute),
		T(test_a_repository_is_made_only_when_asked),
		T(test_origin_is_meant_or_the_only_one),
		T(test_a_new_url_forgets_what_was_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
