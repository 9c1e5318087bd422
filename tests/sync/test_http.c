/*
 * A real server on this machine: git's own http-backend on a port of 127.0.0.1, through libgit2.
 */
#include "lab_agencies.h"
#include "lab_http.h"

static const char *url;

static int make_world(void **state)
{
	make_lab(state);
	lab_run("mkdir srv");
	lab_hub("srv/hub");
	url = lab_text("%s/hub", lab_http());
	a = lab_init("a", "DPMC");
	assert_ok(cts_remote_add(a.store, "origin", url, false));
	lab_put(&a, "initiative/x", "title", "Grow");
	return 0;
}

static int end_world(void **state)
{
	lab_http_end();
	return end_agencies(state);
}

static int try_clone_http(const char *from, struct cts_clone *out)
{
	struct cts_clone clone = {.agency_code = "NZP", .author = "Bo Reed <bo@nzp.example>"};
	int rc = cts_store_clone(lab_path("b"), from, &clone, NULL);

	if (out)
		*out = clone;
	return rc;
}

static void clone_http(void)
{
	assert_ok(try_clone_http(url, NULL));
	b = lab_at("b");
}

static void assert_no_quarantine(void)
{
	assert_string_equal(lab_run("ls -d quarantine.* */quarantine.* 2>/dev/null || true"), "");
}

static void test_a_programme_goes_round(void **state)
{
	struct lab_store *both[] = {&a, &b};

	(void)state;
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 3);
	assert_string_equal(lab_pushed.branches[0], lab_branch(&a));
	assert_int_equal(lab_pushed.commits, 2);
	assert_string_equal(lab_ref("srv/hub", lab_branch(&a)), lab_own_head(&a));
	clone_http();
	assert_alike(&a, &b);
	lab_put(&a, "initiative/x", "title", "of a");
	lab_put(&b, "initiative/x", "title", "of b");
	lab_put(&b, "initiative/y", "title", "new");
	lab_settle_down(both, 2, "origin");
	assert_int_equal(lab_sides(&a, "initiative/x", "title"), 2);
	assert_alike(&a, &b);
	assert_sound(&a);
	assert_sound(&b);
	lab_fsck("srv/hub");
	assert_no_quarantine();
	assert_string_equal(lab_run("git -C srv/hub log -1 --format=%%an main"), "ctsync view");
	assert_non_null(
		strstr(lab_run("git -C srv/hub show main:records/initiative/x.json"), "of b"));
}

static void put_hook(const char *name, const char *script)
{
	lab_run("printf '#!/bin/sh\\n%s\\n' > srv/hub/hooks/%s && chmod +x srv/hub/hooks/%s",
		script, name, name);
}

static const char *pushed_refs(void)
{
	return lab_run("grep 'POST.*receive-pack' log | cut -d' ' -f3-; rm log");
}

static void test_all_branches_go_in_one_request_unless_the_host_wants_ours_alone(void **state)
{
	(void)state;
	lab_push(&a, "origin");
	assert_string_equal(pushed_refs(),
		lab_text("refs/heads/%s refs/heads/root refs/heads/main", lab_branch(&a)));
	/* a host that refuses the whole request for main */
	put_hook("pre-receive", "! grep -q refs/heads/main");
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	assert_true(lab_was_pushed(lab_branch(&a)));
	assert_true(lab_was_declined("main"));
	assert_string_equal(lab_ref("srv/hub", lab_branch(&a)), lab_own_head(&a));
	assert_string_equal(pushed_refs(),
		lab_text("refs/heads/%s refs/heads/main\nrefs/heads/%s\nrefs/heads/main",
			lab_branch(&a), lab_branch(&a)));
}

static void test_nothing_new_sends_nothing(void **state)
{
	(void)state;
	lab_push(&a, "origin");
	clone_http();
	lab_run("rm log");
	for (int i = 0; i < 2; i++) {
		lab_pull(&a, "origin");
		assert_int_equal(lab_pulled.commits, 0);
		lab_push(&a, "origin");
		assert_int_equal(lab_pushed.branch_count, 0);
		assert_int_equal(lab_pushed.declined_count, 0);
		lab_pull(&b, "origin");
		lab_push(&b, "origin");
		assert_int_equal(lab_pushed.branch_count, 0);
	}
	/* A look at the branches is all that it takes. */
	assert_string_equal(lab_run("grep POST log || true"), "");
}

static struct cts_buf said;

/* What a server says of itself arrives, whatever the callbacks share. */
static void hear(void *context, const char *line)
{
	(void)context;
	cts_buf_printf(&said, "%s\n", line);
}

static void test_a_hook_that_refuses_is_told(void **state)
{
	const struct cts_progress progress = {.server_says = hear};
	uint64_t pending, sealed;

	(void)state;
	put_hook("pre-receive", "echo not before Monday; exit 1");
	assert_int_equal(cts_push(&lab_pushed, a.road, "origin", false, &progress), CTS_EREJECTED);
	assert_non_null(strstr(cts_error_message(CTS_EREJECTED), "hook declined"));
	assert_non_null(strstr(cts_buf_text(&said), "not before Monday"));
	cts_buf_release(&said);
	assert_string_equal(lab_run("git -C srv/hub for-each-ref"), "");
	assert_ok(cts_unpushed(a.store, NULL, &pending, &sealed));
	assert_int_equal(sealed, 2);
	lab_run("rm srv/hub/hooks/pre-receive");
	put_hook("update", "test $1 != refs/heads/main");
	lab_push(&a, "origin");
	assert_true(lab_was_pushed(lab_branch(&a)));
	assert_true(lab_was_pushed("root"));
	assert_true(lab_was_declined("main"));
}

static void test_a_stranger_s_main_is_left_alone_until_it_is_reset(void **state)
{
	const char *stranger;

	(void)state;
	lab_run("git -C srv/hub update-ref refs/heads/main $(git -C srv/hub -c user.name=S "
		"-c user.email=s@s commit-tree -m hello $(git -C srv/hub hash-object -t tree -w "
		"--stdin "
		"</dev/null))");
	stranger = lab_ref("srv/hub", "main");
	lab_push(&a, "origin");
	assert_true(lab_was_pushed(lab_branch(&a)));
	assert_true(lab_was_pushed("root"));
	assert_true(lab_was_declined("main"));
	assert_string_equal(lab_ref("srv/hub", "main"), stranger);
	lab_pull(&a, "origin");
	lab_push(&a, "origin");
	assert_true(lab_was_declined("main"));
	assert_non_null(strstr(lab_pushed.declined[0], "--reset-main"));
	cts_push_release(&lab_pushed);
	lab_pushed = (struct cts_push){0};
	assert_ok(cts_push(&lab_pushed, a.road, "origin", true, NULL));
	assert_true(lab_was_pushed("main"));
	assert_string_equal(lab_run("git -C srv/hub rev-parse main^1"), lab_own_head(&a));
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count + lab_pushed.declined_count, 0);
}

static void test_our_branch_that_another_wrote_is_rejected_until_we_pull(void **state)
{
	struct lab_forger forger;

	(void)state;
	lab_push(&a, "origin");
	forger = lab_forger("srv/hub", "dpmc", lab_writer(&a));
	forger.head = lab_own_head(&a);
	forger.seq = 2;
	lab_forge_initiative(&forger, "forged", "In our name");
	lab_put(&a, "initiative/x", "title", "Grow more");
	assert_int_equal(lab_try_push(&a, "origin"), CTS_EREJECTED);
	assert_string_equal(lab_ref("srv/hub", lab_branch(&a)), forger.head);
	lab_pull(&a, "origin");
	lab_push(&a, "origin");
	clone_http();
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow more");
	assert_string_equal(lab_get(&b, "initiative/forged", "title"), "In our name");
	assert_alike(&a, &b);
}

static void test_forged_commits_are_refused_and_stay_out_of_the_mirror(void **state)
{
	struct lab_forger evil;

	(void)state;
	lab_push(&a, "origin");
	clone_http();
	evil = lab_forger("srv/hub", "gcsb", "00000000000000ee");
	lab_see(&evil, lab_own_head(&a));
	lab_forge_file(&evil, "README.md", "hello\n");
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	assert_int_equal(lab_pulled.refused_count, 1);
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow more");
	assert_int_equal(
		run_into(NULL, "git -C b/mirror.git cat-file -e %s 2>/dev/null", evil.head), 1);
	assert_no_quarantine();
	/* What was refused is not asked for again. */
	lab_run("rm log");
	lab_pull(&b, "origin");
	assert_string_equal(lab_run("grep POST log || true"), "");
	assert_sound(&b);
}

static void test_junk_branches_are_not_fetched(void **state)
{
	const char *head;

	(void)state;
	lab_push(&a, "origin");
	head = lab_ref("srv/hub", lab_branch(&a));
	lab_run("git -C srv/hub update-ref refs/heads/nzp %s && git -C srv/hub update-ref "
		"refs/heads/UP/x %s && "
		"git -C srv/hub update-ref refs/tags/v1 %s",
		head, head, head);
	clone_http();
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow more");
	/* and one that is in the way of ours is the server's refusal */
	lab_put(&b, "initiative/y", "title", "of b");
	assert_int_equal(lab_try_push(&b, "origin"), CTS_EREJECTED);
	assert_sound(&b);
}

static void test_a_branch_that_went_back_is_refused_with_both_ids(void **state)
{
	const char *old, *new;

	(void)state;
	lab_push(&a, "origin");
	old = lab_own_head(&a);
	clone_http();
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	new = lab_own_head(&a);
	lab_pull(&b, "origin");
	lab_run("git -C srv/hub update-ref refs/heads/%s %s", lab_branch(&a), old);
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	assert_non_null(strstr(lab_pulled.refused[0].why, old));
	assert_non_null(strstr(lab_pulled.refused[0].why, new));
	lab_push(&b, "origin");
	assert_string_equal(lab_ref("srv/hub", lab_branch(&a)), new);
}

static void test_another_programme_is_refused(void **state)
{
	struct lab_store other;
	const char *before;

	(void)state;
	lab_push(&a, "origin");
	before = lab_run("git -C srv/hub for-each-ref");
	other = lab_init("other", "GCSB");
	assert_ok(cts_remote_add(other.store, "origin", url, false));
	assert_int_equal(lab_try_pull(&other, "origin"), CTS_EREFUSED);
	assert_int_equal(lab_try_push(&other, "origin"), CTS_EREFUSED);
	assert_string_equal(lab_run("git -C srv/hub for-each-ref"), before);
	lab_close(&other);
}

static void test_what_is_not_there_is_unreachable(void **state)
{
	(void)state;
	assert_int_equal(try_clone_http(lab_text("%s-not", url), NULL), CTS_EUNREACHABLE);
	assert_int_equal(try_clone_http(url, NULL), CTS_EREFUSED); /* empty */
	assert_string_equal(lab_run("ls -d b b.* 2>/dev/null || true"), "");
	assert_no_quarantine();
}

static void test_faults_of_the_server_lose_nothing(void **state)
{
	static const struct {
		const char *fault;
		int pull, push;
	} faults[] = {
		{"401", CTS_EAUTH, CTS_EAUTH},
		{"500", CTS_EUNREACHABLE, CTS_EUNREACHABLE},
		{"cut", CTS_EUNREACHABLE, 0},
	};

	(void)state;
	lab_push(&a, "origin");
	clone_http();
	for (size_t i = 0; i < COUNT(faults); i++) {
		int rc;

		lab_put(&a, "initiative/x", "title", lab_text("Grow %zu", i));
		lab_push(&a, "origin");
		lab_put(&b, "initiative/y", "title", lab_text("of b, %zu", i));
		lab_run("echo %s > srv/fault", faults[i].fault);
		rc = lab_try_pull(&b, "origin");
		if (rc != faults[i].pull)
			fail_msg("%s: pull %d, %s", faults[i].fault, rc, cts_error_message(rc));
		assert_non_null(cts_error_hint());
		rc = lab_try_push(&b, "origin");
		if (rc != faults[i].push)
			fail_msg("%s: push %d, %s", faults[i].fault, rc, cts_error_message(rc));
		lab_run("rm srv/fault");
		assert_no_quarantine();
		assert_sound(&b);
		lab_pull(&b, "origin");
		lab_push(&b, "origin");
		lab_pull(&a, "origin");
		assert_alike(&a, &b);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_programme_goes_round),
		T(test_all_branches_go_in_one_request_unless_the_host_wants_ours_alone),
		T(test_nothing_new_sends_nothing),
		T(test_a_hook_that_refuses_is_told),
		T(test_a_stranger_s_main_is_left_alone_until_it_is_reset),
		T(test_our_branch_that_another_wrote_is_rejected_until_we_pull),
		T(test_forged_commits_are_refused_and_stay_out_of_the_mirror),
		T(test_junk_branches_are_not_fetched),
		T(test_a_branch_that_went_back_is_refused_with_both_ids),
		T(test_another_programme_is_refused),
		T(test_what_is_not_there_is_unreachable),
		T(test_faults_of_the_server_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
