/*
 * Pull: what is new and sound comes in, once; a branch may only grow; whatever else lies about in a
 * hub is left alone.
 */
#include "lab_agencies.h"

static void test_a_pull_brings_what_was_pushed(void **state)
{
	const char *before = lab_own_head(&b);

	(void)state;
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_put(&a, "initiative/y", "title", "New");
	lab_delete(&a, "initiative/y");
	lab_put(&a, "initiative/z", "title", "Stays");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	assert_int_equal(lab_pulled.commits, 4);
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow more");
	assert_string_equal(lab_get(&b, "initiative/y", "title"), "(none)");
	assert_string_equal(lab_get(&b, "initiative/z", "title"), "Stays");
	assert_alike(&a, &b);
	assert_sound(&b);
	/* and makes no commit of its own */
	assert_string_equal(lab_own_head(&b), before);
	lab_pull(&b, "origin");
	assert_int_equal(lab_pulled.commits, 0);
}

static void test_a_pull_seals_first(void **state)
{
	uint64_t pending, sealed;

	(void)state;
	lab_put(&a, "initiative/x", "title", "of a");
	lab_push(&a, "origin");
	lab_put(&b, "initiative/x", "title", "of b");
	lab_pull(&b, "origin");
	assert_ok(cts_unpushed(b.store, NULL, &pending, &sealed));
	assert_int_equal(pending, 0);
	assert_int_equal(sealed, 1);
	assert_int_equal(lab_sides(&b, "initiative/x", "title"), 2);
	assert_sound(&b);
}

static void test_an_empty_hub_brings_nothing(void **state)
{
	(void)state;
	lab_hub("empty");
	lab_remote(&b, "empty", "empty");
	lab_pull(&b, "empty");
	assert_int_equal(lab_pulled.commits, 0);
}

static void test_a_hub_that_is_gone_is_unreachable(void **state)
{
	(void)state;
	lab_put(&b, "initiative/x", "title", "of b");
	lab_run("mv hub elsewhere");
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EUNREACHABLE);
	assert_int_equal(lab_try_push(&b, "origin"), CTS_EUNREACHABLE);
	lab_run("mv elsewhere hub");
	lab_push(&b, "origin");
	assert_true(lab_was_pushed(lab_branch(&b)));
}

static void test_an_unknown_remote_is_refused(void **state)
{
	(void)state;
	assert_int_equal(lab_try_pull(&b, "nowhere"), CTS_EREFUSED);
	assert_int_equal(lab_try_push(&b, "nowhere"), CTS_EREFUSED);
}

/* ---- other programmes, other repositories ---- */

static void test_another_programme_is_refused(void **state)
{
	struct lab_store other = lab_init("other", "GCSB");
	const char *before = lab_run("git -C hub for-each-ref");

	(void)state;
	lab_put(&other, "initiative/x", "title", "Elsewhere");
	lab_remote(&other, "origin", "hub");
	assert_int_equal(lab_try_pull(&other, "origin"), CTS_EREFUSED);
	assert_int_equal(cts_error_status(CTS_EREFUSED), 20);
	assert_non_null(strstr(cts_error_message(CTS_EREFUSED), "another programme"));
	assert_int_equal(lab_try_push(&other, "origin"), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_message(CTS_EREFUSED), "another programme"));
	assert_string_equal(lab_run("git -C hub for-each-ref"), before);
	assert_string_equal(lab_get(&other, "initiative/x", "title"), "Elsewhere");
	lab_close(&other);
}

static void test_shallow_and_partial_hubs_are_refused(void **state)
{
	(void)state;
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	lab_run("git clone -q --bare --depth 1 file://%s/hub shallow 2>/dev/null", repo_dir);
	lab_run("git clone -q --bare hub partial 2>/dev/null && git -C partial config "
		"core.repositoryformatversion 1 && git -C partial config extensions.partialclone "
		"origin && git -C partial config remote.origin.promisor true");
	lab_run("git clone -q --bare hub promised 2>/dev/null && "
		"git -C promised config remote.origin.promisor true");
	assert_int_equal(cts_remote_add(b.store, "s", lab_path("shallow"), false), CTS_EREFUSED);
	assert_int_equal(cts_remote_add(b.store, "p", lab_path("partial"), false), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_message(CTS_EREFUSED), "partial"));
	assert_int_equal(cts_remote_add(b.store, "q", lab_path("promised"), false), CTS_EREFUSED);
	/* and one that becomes so */
	lab_run("git -C hub config remote.origin.promisor true");
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EREFUSED);
	assert_int_equal(lab_try_push(&b, "origin"), CTS_EREFUSED);
}

static void test_a_hub_of_another_user_is_read_and_written(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	lab_run("chown -R 12345:12345 hub && chmod -R go+rwX . && chown -R 65534 b");
	assert_int_equal(seteuid(65534), 0);
	lab_try_pull(&b, "origin");
	assert_int_equal(seteuid(0), 0);
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow more");
}

static void test_junk_in_a_hub_is_left_alone(void **state)
{
	static const char *const names[] = {"refs/heads/UPPER/0123456789abcdef",
		"refs/heads/gcsb/short", "refs/heads/gcsb/0123456789abcdeg", "refs/heads/a/b/c",
		"refs/heads/loose", "refs/tags/v1", "refs/notes/commits", "refs/heads/main/x"};
	const char *head = lab_ref("hub", lab_branch(&a));

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		run_into(NULL, "git -C hub update-ref %s %s 2>/dev/null", names[i], head);
	/* a branch named as a folder of branches; a ref of garbage; one of an object that is not
	 * there */
	lab_run("git -C hub pack-refs --all && echo '%s refs/heads/nzp' >> hub/packed-refs", head);
	lab_run("mkdir -p hub/refs/heads/gcsb && echo garbage > "
		"hub/refs/heads/gcsb/00000000000000aa");
	lab_run("echo 'ref: refs/heads/root' > hub/refs/heads/symbolic");
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow more");
	/* what there is of branches is named */
	assert_int_equal(lab_pulled.refused_count, 0);
	assert_true(lab_pulled.ignored_count >= 5);
	for (size_t i = 0, found = 0; i <= lab_pulled.ignored_count; i++) {
		if (i == lab_pulled.ignored_count)
			fail_msg("UPPER is not named");
		found += strcmp(lab_pulled.ignored[i], "UPPER/0123456789abcdef") == 0;
		if (found)
			break;
	}
	/* only who runs the hub can move a branch out of our branch's way */
	lab_put(&b, "initiative/x", "title", "And more");
	assert_int_equal(lab_try_push(&b, "origin"), CTS_EREJECTED);
	lab_run("sed -i '/heads\\/nzp$/d' hub/packed-refs && mkdir -p hub/refs/heads && "
		"cp hub/refs/heads/%s hub/refs/heads/nzp",
		lab_branch(&a));
	assert_int_equal(lab_try_push(&b, "origin"), CTS_EREJECTED);
	lab_run("rm hub/refs/heads/nzp");
	lab_push(&b, "origin");
	lab_pull(&a, "origin");
	assert_alike(&a, &b);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(
			lab_run("git -C '%s' for-each-ref %s", lab_mirror(&b), names[i]), "");
}

/* ---- branches that do not grow ---- */

static void test_a_branch_that_went_back_is_refused_with_both_ids(void **state)
{
	const char *old, *new;

	(void)state;
	old = lab_ref("hub", lab_branch(&a));
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	new = lab_ref("hub", lab_branch(&a));
	lab_pull(&b, "origin");
	lab_run("git -C hub update-ref refs/heads/%s %s", lab_branch(&a), old);
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	assert_int_equal(lab_pulled.refused_count, 1);
	assert_string_equal(lab_pulled.refused[0].branch, lab_branch(&a));
	assert_non_null(strstr(lab_pulled.refused[0].why, old));
	assert_non_null(strstr(lab_pulled.refused[0].why, new));
	/* what we hold stays, and the next push of anyone brings it back */
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow more");
	lab_push(&b, "origin");
	assert_string_equal(lab_ref("hub", lab_branch(&a)), new);
	lab_pull(&b, "origin");
	assert_int_equal(lab_pulled.refused_count, 0);
	assert_sound(&b);
}

static void test_a_rewritten_branch_is_refused_and_both_lines_are_taken(void **state)
{
	struct lab_forger forger;
	const char *old = lab_own_head(&a), *was;

	(void)state;
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	was = lab_ref("hub", lab_branch(&a));
	lab_pull(&b, "origin");
	forger = lab_forger("hub", "dpmc", lab_writer(&a));
	forger.head = old;
	forger.seq = 2;
	lab_forge_initiative(&forger, "y", "Rewritten");
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	assert_int_equal(lab_pulled.refused_count, 1);
	assert_string_equal(lab_pulled.refused[0].branch, lab_branch(&a));
	assert_non_null(strstr(lab_pulled.refused[0].why, was));
	assert_non_null(strstr(lab_pulled.refused[0].why, forger.head));
	/* so stores agree whatever they met first */
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow more");
	assert_string_equal(lab_get(&b, "initiative/y", "title"), "Rewritten");
	assert_sound(&b);
	lab_reopen(&b);
	assert_sound(&b);
	lab_try_pull(&a, "origin");
	assert_string_equal(lab_get(&a, "initiative/y", "title"), "Rewritten");
	assert_alike(&a, &b);
}

static void test_another_hub_under_the_same_name_is_not_called_rewritten(void **state)
{
	(void)state;
	lab_run("cp -r hub older");
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	assert_ok(cts_remote_set_url(b.store, "origin", lab_path("older")));
	lab_pull(&b, "origin");
	assert_int_equal(lab_pulled.refused_count, 0);
	assert_ok(cts_remote_set_url(b.store, "origin", lab_path("hub")));
	lab_pull(&b, "origin");
	assert_ok(cts_remote_remove(b.store, "origin"));
	lab_remote(&b, "origin", "older");
	lab_pull(&b, "origin");
	assert_int_equal(lab_pulled.refused_count, 0);
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow more");
}

/* ---- crashes ---- */

/* Keeps b's LMDB and refs as they are, pulls, and closes. */
static void keep_and_pull(void)
{
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_put(&a, "initiative/y", "title", "new");
	lab_push(&a, "origin");
	lab_put(&b, "initiative/x", "overview", "own, sealed");
	assert_int_equal(cts_seal(b.road, NULL), 2);
	lab_close(&b);
	lab_run("mkdir kept && cp b/data.mdb b/received kept && cp -r b/mirror.git/refs kept/refs");
	lab_open(&b);
	lab_pull(&b, "origin");
	lab_close(&b);
}

static void assert_pulled_once(void)
{
	lab_open(&b);
	lab_pull(&b, "origin");
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow more");
	assert_string_equal(lab_get(&b, "initiative/y", "title"), "new");
	assert_sound(&b);
	lab_push(&b, "origin");
	lab_pull(&a, "origin");
	assert_alike(&a, &b);
	lab_pull(&b, "origin");
	assert_int_equal(lab_pulled.commits, 0);
}

static void test_a_pull_that_died_between_objects_and_lmdb_comes_again(void **state)
{
	(void)state;
	keep_and_pull();
	lab_run("cat kept/data.mdb > b/data.mdb && rm -rf b/mirror.git/refs && "
		"cp -r kept/refs b/mirror.git/refs");
	assert_pulled_once();
}

static void test_a_pull_that_died_between_lmdb_and_refs_is_whole(void **state)
{
	(void)state;
	keep_and_pull();
	lab_run("rm -rf b/mirror.git/refs && cp -r kept/refs b/mirror.git/refs");
	lab_open(&b);
	assert_string_equal(lab_ref("b/mirror.git", lab_branch(&a)), lab_own_head(&a));
	assert_sound(&b);
	lab_close(&b);
	assert_pulled_once();
}

/* A power loss may take LMDB's last transaction and leave what came after it. */
static void test_a_pull_that_lmdb_forgot_is_read_from_the_mirror(void **state)
{
	(void)state;
	keep_and_pull();
	lab_run("cat kept/data.mdb > b/data.mdb");
	lab_open(&b);
	assert_string_equal(lab_get(&b, "initiative/y", "title"), "new");
	assert_sound(&b);
	lab_close(&b);
	assert_pulled_once();
}

/* ---- what is remembered ---- */

static void test_the_time_of_a_pull_is_remembered(void **state)
{
	struct cts_remote *remotes;
	size_t count;

	(void)state;
	lab_remote(&a, "second", "hub");
	assert_ok(cts_remotes(a.store, &remotes, &count, &lab_arena));
	assert_int_equal(count, 2);
	assert_string_equal(remotes[0].name, "origin");
	assert_string_equal(remotes[0].url, lab_path("hub"));
	assert_int_equal(remotes[0].last_pull, 0);
	assert_true(remotes[0].last_push > 0);
	assert_int_equal(remotes[1].last_push, 0);
	lab_pull(&a, "second");
	assert_ok(cts_remotes(a.store, &remotes, &count, &lab_arena));
	assert_true(remotes[1].last_pull > 0);
}

static void test_what_came_when_and_what_was_refused_is_kept_in_a_file(void **state)
{
	struct lab_forger evil = lab_forger("hub", "gcsb", "00000000000000ee");
	const char *received;

	(void)state;
	lab_see(&evil, lab_ref("hub", lab_branch(&a)));
	lab_forge_file(&evil, "README.md", "hello\n");
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	received = lab_run("cat b/received");
	assert_non_null(strstr(received, lab_text(" head ")));
	assert_non_null(strstr(received, lab_own_head(&a)));
	assert_non_null(
		strstr(received, lab_text(" refused %s gcsb/00000000000000ee ", evil.head)));
	assert_non_null(strstr(received, "README.md"));
	assert_non_null(
		strstr(received, lab_text(" pin origin %s %s", lab_branch(&a), lab_own_head(&a))));
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_two_agencies, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_pull_brings_what_was_pushed),
		T(test_a_pull_seals_first),
		T(test_an_empty_hub_brings_nothing),
		T(test_a_hub_that_is_gone_is_unreachable),
		T(test_an_unknown_remote_is_refused),
		T(test_another_programme_is_refused),
		T(test_shallow_and_partial_hubs_are_refused),
		T(test_a_hub_of_another_user_is_read_and_written),
		T(test_junk_in_a_hub_is_left_alone),
		T(test_a_branch_that_went_back_is_refused_with_both_ids),
		T(test_a_rewritten_branch_is_refused_and_both_lines_are_taken),
		T(test_another_hub_under_the_same_name_is_not_called_rewritten),
		T(test_a_pull_that_died_between_objects_and_lmdb_comes_again),
		T(test_a_pull_that_died_between_lmdb_and_refs_is_whole),
		T(test_a_pull_that_lmdb_forgot_is_read_from_the_mirror),
		T(test_the_time_of_a_pull_is_remembered),
		T(test_what_came_when_and_what_was_refused_is_kept_in_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
