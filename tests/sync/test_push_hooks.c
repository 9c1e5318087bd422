/*
 * Hubs on a path that run programs of their own: those run, decide, and are heard.
 */
#include "lab_agencies.h"

#include <sys/stat.h>

/* A hook of the hub, as a shell script. */
static void put_hook(const char *path, const char *script)
{
	FILE *file = fopen(lab_path(path), "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", script);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(lab_path(path), 0755), 0);
}

static struct cts_buf said;

static void hear(void *context, const char *line)
{
	(void)context;
	cts_buf_printf(&said, "%s\n", line);
}

static int push_and_hear(bool reset_main)
{
	const struct cts_progress progress = {.server_says = hear};

	cts_buf_release(&said);
	said = (struct cts_buf){0};
	cts_push_release(&lab_pushed);
	lab_pushed = (struct cts_push){0};
	return cts_push(&lab_pushed, a.road, "origin", reset_main, &progress);
}

static void test_a_hook_that_refuses_is_obeyed(void **state)
{
	uint64_t pending, sealed;

	(void)state;
	put_hook("hub/hooks/pre-receive", "echo 'not before Monday'; exit 1");
	assert_int_equal(push_and_hear(false), CTS_EREJECTED);
	assert_int_equal(cts_error_status(CTS_EREJECTED), 61);
	assert_non_null(strstr(cts_error_message(CTS_EREJECTED), "pre-receive hook declined"));
	assert_string_equal(cts_buf_text(&said), "not before Monday\n");
	assert_string_equal(lab_run("git -C hub for-each-ref"), "");
	assert_string_equal(lab_run("find hub/objects -type f"), "");
	assert_ok(cts_unpushed(a.store, NULL, &pending, &sealed));
	assert_int_equal(sealed, 2);
	/* until it agrees */
	put_hook("hub/hooks/pre-receive", "exit 0");
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 3);
	assert_string_equal(lab_ref("hub", lab_branch(&a)), lab_own_head(&a));
	lab_fsck("hub");
	cts_buf_release(&said);
}

static void test_a_hook_that_accepts_hears_of_all_branches_at_once(void **state)
{
	const char *branch = lab_branch(&a);

	(void)state;
	put_hook("hub/hooks/post-receive", "echo push >> log; while read old new ref; do "
					   "echo $ref >> log; done; echo thanks");
	assert_ok(push_and_hear(false));
	assert_string_equal(lab_run("cat hub/log"),
		lab_text("push\nrefs/heads/%s\nrefs/heads/root\nrefs/heads/main", branch));
	assert_string_equal(cts_buf_text(&said), "thanks\n");
	assert_string_equal(lab_pushed.branches[0], branch);
	assert_int_equal(lab_pushed.commits, 2);
	/* nothing new, nothing run */
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 0);
	assert_string_equal(lab_run("wc -l < hub/log"), "4");
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 2);
	b = lab_clone("b", "NZP", "hub");
	assert_alike(&a, &b);
	lab_fsck("hub");
	cts_buf_release(&said);
}

static void test_what_a_hook_refuses_of_the_rest_does_not_fail_the_push(void **state)
{
	(void)state;
	put_hook("hub/hooks/update", "test \"$1\" != refs/heads/main");
	lab_push(&a, "origin");
	assert_true(lab_was_pushed(lab_branch(&a)));
	assert_true(lab_was_pushed("root"));
	assert_true(lab_was_declined("main"));
	assert_non_null(strstr(lab_pushed.declined[0], "hook declined"));
	assert_string_equal(lab_ref("hub", "main"), "");
}

static void test_others_branches_go_through_the_hook(void **state)
{
	const char *of_a;

	(void)state;
	lab_push(&a, "origin");
	of_a = lab_branch(&a);
	b = lab_clone("b", "NZP", "hub");
	lab_hub("second");
	put_hook("second/hooks/pre-receive", "cat >> log");
	lab_remote(&b, "second", "second");
	lab_put(&b, "initiative/y", "title", "of b");
	lab_push(&b, "second");
	assert_true(lab_was_pushed(lab_branch(&b)));
	assert_true(lab_was_pushed(of_a));
	assert_non_null(strstr(lab_run("cat second/log"), of_a));
	lab_fsck("second");
}

static void test_hooks_elsewhere_are_found(void **state)
{
	(void)state;
	lab_run("mkdir shared && git -C hub config core.hooksPath ../shared");
	put_hook("shared/update", "exit 1");
	assert_int_equal(push_and_hear(false), CTS_EREJECTED);
	lab_run("git -C hub config core.hooksPath %s", lab_path("shared"));
	assert_int_equal(push_and_hear(false), CTS_EREJECTED);
	lab_run("git -C hub config --unset core.hooksPath");
	lab_push(&a, "origin");
	cts_buf_release(&said);
}

static void test_samples_and_other_hooks_do_not_count(void **state)
{
	(void)state;
	put_hook("hub/hooks/pre-receive.sample", "exit 1");
	put_hook("hub/hooks/pre-commit", "exit 1");
	lab_run("echo 'exit 1' > hub/hooks/update && chmod -x hub/hooks/update");
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 3);
	/* written directly: in one pack of our own */
	assert_string_equal(lab_run("ls hub/objects"), "info\npack");
}

static void test_reset_main_goes_through_the_hook(void **state)
{
	(void)state;
	put_hook("hub/hooks/pre-receive", "exit 0");
	lab_run("git -C hub update-ref refs/heads/main $(git -C hub -c user.name=S -c "
		"user.email=s@s "
		"commit-tree -m hello $(git -C hub hash-object -t tree -w --stdin </dev/null))");
	lab_push(&a, "origin");
	assert_true(lab_was_declined("main"));
	assert_ok(push_and_hear(true));
	assert_true(lab_was_pushed("main"));
	assert_string_equal(lab_run("git -C hub rev-parse main^1"), lab_own_head(&a));
	cts_buf_release(&said);
}

static void test_without_git_a_hub_with_hooks_is_refused(void **state)
{
	char *path = strdup(getenv("PATH"));
	int rc;

	(void)state;
	put_hook("hub/hooks/pre-receive", "exit 0");
	setenv("PATH", lab_path("nowhere"), 1);
	rc = lab_try_push(&a, "origin");
	setenv("PATH", path, 1);
	free(path);
	assert_int_equal(rc, CTS_EREFUSED);
	assert_non_null(strstr(cts_error_hint(), "install git"));
	assert_string_equal(lab_run("git -C hub for-each-ref"), "");
	lab_push(&a, "origin");
}

/* What stands in the environment leads git nowhere else. */
static void test_the_environment_does_not_lead_git_astray(void **state)
{
	static const char *const names[] = {"GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY",
		"GIT_INDEX_FILE", "GIT_NAMESPACE"};

	(void)state;
	put_hook("hub/hooks/pre-receive", "exit 0");
	for (size_t i = 0; i < COUNT(names); i++)
		setenv(names[i], "/nonexistent", 1);
	assert_ok(lab_try_push(&a, "origin"));
	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
	assert_int_equal(lab_pushed.branch_count, 3);
	assert_string_equal(lab_ref("hub", lab_branch(&a)), lab_own_head(&a));
}

/* More than a pipe holds, on both outputs at once. */
static void test_a_hook_may_talk_as_much_as_it_likes(void **state)
{
	(void)state;
	put_hook("hub/hooks/pre-receive",
		"i=0; while [ $i -lt 3000 ]; do echo \"a line of some length, number $i\"; "
		"echo \"and on stderr $i\" >&2; i=$((i + 1)); done; "
		"head -c 100000 /dev/zero | tr '\\0' x; echo");
	assert_ok(push_and_hear(false));
	assert_non_null(strstr(cts_buf_text(&said), "number 2999"));
	assert_non_null(strstr(cts_buf_text(&said), "on stderr 2999"));
	cts_buf_release(&said);
}

static void test_a_broken_hub_is_told(void **state)
{
	int rc;

	(void)state;
	put_hook("hub/hooks/pre-receive", "kill -9 $PPID");
	rc = lab_try_push(&a, "origin");
	assert_true(rc == CTS_EUNREACHABLE || rc == CTS_EREJECTED);
	put_hook("hub/hooks/pre-receive", "exit 0");
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 3);
	lab_fsck("hub");
}

/* A name that a shell would take apart. */
static void test_a_path_of_any_name_is_pushed_to(void **state)
{
	(void)state;
	lab_run("mkdir 'a $(touch evil); b' && mv hub 'a $(touch evil); b/h'\\''u\"b'");
	assert_ok(cts_remote_set_url(a.store, "origin", lab_path("a $(touch evil); b/h'u\"b")));
	put_hook("a $(touch evil); b/h'u\"b/hooks/pre-receive", "exit 0");
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 3);
	assert_string_equal(lab_run("find . -name evil"), "");
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_agency_at_work, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_hook_that_refuses_is_obeyed),
		T(test_a_hook_that_accepts_hears_of_all_branches_at_once),
		T(test_what_a_hook_refuses_of_the_rest_does_not_fail_the_push),
		T(test_others_branches_go_through_the_hook),
		T(test_hooks_elsewhere_are_found),
		T(test_samples_and_other_hooks_do_not_count),
		T(test_reset_main_goes_through_the_hook),
		T(test_without_git_a_hub_with_hooks_is_refused),
		T(test_the_environment_does_not_lead_git_astray),
		T(test_a_hook_may_talk_as_much_as_it_likes),
		T(test_a_broken_hub_is_told),
		T(test_a_path_of_any_name_is_pushed_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
