/*
 * Links to git's own server, run by a stand-in for ssh or behind http: what is there is listed, what is
 * wanted is fetched, ssh is run as git runs it, and why it did not come through is told.
 */
#include "lab_link.h"

#include <signal.h>

/* ---- reading --------------------------------------------------------------------------------- */

static void test_what_is_wanted_is_fetched_and_nothing_else(void **state)
{
	(void)state;
	lab_run("git -C work push -q ../srv/hub HEAD:refs/heads/other 2>/dev/null && "
		"git -C work tag -a -m t v1 && git -C work push -q ../srv/hub v1 2>/dev/null");
	for (int kind = 0; kind < 2; kind++) {
		struct cts_link *link = link_to(url_of(kind), CTS_LINK_FETCH);
		const struct cts_ref_entry *refs;
		struct cts_oid have;
		char hex[CTS_OID_HEX + 1];
		size_t count, wanted;

		refs = cts_link_refs(link, &count);
		assert_int_equal(count, 3); /* without HEAD and v1^{} */
		wanted = find(link, "refs/heads/base");
		assert_string_equal(cts_oid_format(hex, &refs[wanted].oid), second);
		find(link, "refs/heads/other");
		find(link, "refs/tags/v1");
		assert_true(cts_link_can(link, "ofs-delta"));
		assert_true(cts_link_can(link, "agent"));
		assert_false(cts_link_can(link, "report-status"));
		have = refs[wanted].oid;
		assert_ok(fetch_one(link, new_receiver(), wanted, NULL));
		cts_link_close(link);
		lab_run("git -C q cat-file -e %s^{tree}", second);
		assert_int_not_equal(run_into(NULL, "git -C q cat-file -e %s 2>/dev/null", head), 0);
		assert_string_equal(lab_run("git -C q for-each-ref"), "");
		/* What the other side has not, and what it has, of what is there. */
		link = link_to(url_of(kind), CTS_LINK_FETCH);
		wanted = find(link, "refs/heads/other");
		assert_ok(fetch_one(link, lab_path("q"), wanted, &have));
		cts_link_close(link);
		assert_string_equal(lab_run("ls q/objects/pack/*.pack | wc -l"), "2");
		assert_int_not_equal(run_into(NULL, "git -C q show-index <$(ls -t q/objects/pack/*.idx | head -1) |"
						    " grep -q %s", second), 0);
		lab_run("git -C q cat-file -e %s^{tree}", head);
	}
}

/* Some hosts refuse who does not ask for more than one acknowledgement. */
static void test_acknowledgements_are_asked_for_as_far_as_the_server_has_them(void **state)
{
	static const char *const lacking[] = {"no such thing", "multi_ack_detailed", "multi_ack"};
	static const char *const asked[] = {"1 0", "0 1", "0 0"};

	(void)state;
	lab_run("git -C work push -q ../srv/hub HEAD:refs/heads/other 2>/dev/null");
	keep_advert("upload-pack");
	ssh_is("cat advert; tee request | git upload-pack --stateless-rpc srv/hub");
	for (size_t i = 0; i < COUNT(lacking); i++) {
		struct cts_link *link = link_to(ssh_url, CTS_LINK_FETCH);
		const struct cts_link_wish no_wish = {0};
		struct cts_link_wish wish = no_wish;
		struct cts_oid haves[2];
		size_t count;

		cts_link_close(link);
		advert_without(lacking[i]);
		link = link_to(ssh_url, CTS_LINK_FETCH);
		assert_ok(fetch_one(link, new_receiver(), find(link, "refs/heads/base"), NULL));
		cts_link_close(link);
		link = link_to(ssh_url, CTS_LINK_FETCH);
		wish.wants = &cts_link_refs(link, &count)[find(link, "refs/heads/other")].oid;
		wish.want_count = 1;
		assert_true(cts_oid_parse(&haves[0], second));
		assert_true(cts_oid_parse(&haves[1], lab_run("git -C work rev-parse HEAD~2")));
		wish.haves = haves;
		wish.have_count = COUNT(haves);
		assert_ok(cts_link_fetch(link, lab_path("q"), &wish));
		cts_link_close(link);
		assert_string_equal(lab_run("echo $(grep -ac ' multi_ack_detailed ' request)"
					    " $(grep -ac ' multi_ack ' request)"), asked[i]);
		lab_run("git -C q cat-file -e %s^{tree}", head);
	}
}

static void test_an_empty_repository_has_no_references(void **state)
{
	(void)state;
	lab_run("git -C srv/hub update-ref -d refs/heads/base");
	for (int kind = 0; kind < 2; kind++)
		for (int service = CTS_LINK_FETCH; service <= CTS_LINK_PUSH; service++) {
			struct cts_link *link = link_to(url_of(kind), service);
			size_t count;

			cts_link_refs(link, &count);
			assert_int_equal(count, 0);
			if (service == CTS_LINK_PUSH)
				assert_true(cts_link_can(link, "report-status"));
			cts_link_close(link);
		}
}

static void test_a_thousand_branches_arrive(void **state)
{
	(void)state;
	lab_run("for i in $(seq 1 3000); do echo create refs/heads/some-agency/%%016x$i %s; done | "
		"sed 's/%%016x/a-long-name-of-a-branch-/' | git -C srv/hub update-ref --stdin", second);
	for (int kind = 0; kind < 2; kind++) {
		struct cts_link *link = link_to(url_of(kind), CTS_LINK_PUSH);
		size_t count;

		cts_link_refs(link, &count);
		assert_int_equal(count, 3001);
		find(link, "refs/heads/some-agency/a-long-name-of-a-branch-3000");
		cts_link_close(link);
	}
}

/* ---- ssh ------------------------------------------------------------------------------------- */

static void test_ssh_is_run_as_git_runs_it(void **state)
{
	(void)state;
	cts_link_close(link_to(ssh_url, CTS_LINK_FETCH));
	assert_string_equal(lab_run("cat args"),
		lab_text("ana@hub\ngit-upload-pack '%s/srv/hub'", repo_dir));
	cts_link_close(link_to(lab_text("ssh://hub:2222%s/srv/hub", repo_dir), CTS_LINK_PUSH));
	assert_string_equal(lab_run("cat args"),
		lab_text("-p\n2222\nhub\ngit-receive-pack '%s/srv/hub'", repo_dir));
	cts_link_close(link_to("bo@hub:srv/hub", CTS_LINK_FETCH));
	assert_string_equal(lab_run("cat args"), "bo@hub\ngit-upload-pack 'srv/hub'");
	/* A name that a shell would read. */
	lab_run("mv srv/hub \"srv/it's \\$(touch x)!\"");
	cts_link_close(link_to("bo@hub:srv/it's $(touch x)!", CTS_LINK_FETCH));
	assert_int_not_equal(access(lab_path("x"), F_OK), 0);
}

static void test_only_a_single_word_of_git_ssh_command_is_run(void **state)
{
	(void)state;
	ssh_is("exit 3");
	lab_run("mkdir bin && printf '#!/bin/sh\\ntouch %s/ran\\nexit 4\\n' >bin/mine && chmod +x bin/mine",
		repo_dir);
	setenv("GIT_SSH_COMMAND", lab_text("%s -v", lab_path("bin/mine")), 1);
	assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "status 3");
	unsetenv("GIT_SSH");
	setenv("GIT_SSH_COMMAND", lab_path("bin/mine"), 1);
	assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "status 4");
	assert_int_equal(access(lab_path("ran"), F_OK), 0);
	unsetenv("GIT_SSH_COMMAND");
	setenv("GIT_SSH", lab_path("bin/nothing"), 1);
	assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "there is no");
}

static void test_why_ssh_did_not_come_through_is_told(void **state)
{
	static const struct {
		const char *script;
		int code;
		const char *words, *hint, *said;
	} ways[] = {
		{"echo 'ana@hub: Permission denied (publickey).' >&2; exit 255", CTS_EAUTH,
			"does not let you in: ana@hub: Permission denied (publickey).", "agent", ""},
		{"echo '@@@ REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.' "
		 ">&2; exit 255", CTS_EAUTH, "host key", "connect once with ssh",
			"@@@ REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.\n"},
		{"echo 'ssh: connect to host hub port 22: Connection refused' >&2; exit 255",
			CTS_EUNREACHABLE, "cannot reach", "network", ""},
		{"echo 'sh: 1: git-upload-pack: not found' >&2; exit 127", CTS_EUNREACHABLE,
			"has no git for this account", "install git there", ""},
		{"echo \"fatal: '/x' does not appear to be a git repository\" >&2; exit 128",
			CTS_EUNREACHABLE, "'/x' does not appear to be a git repository", "address", ""},
		{"echo 'ERROR: Repository not found.\nPlease make sure that it exists.' >&2; exit 1",
			CTS_EUNREACHABLE, ": Repository not found.", "address",
			"ERROR: Repository not found.\nPlease make sure that it exists.\n"},
		{"exit 0", CTS_EUNREACHABLE, "ssh ended with status 0", "address", ""},
		{"kill -9 $$", CTS_EUNREACHABLE, "ssh ended", "address", ""},
		{"echo 'fatal: /srv/x/objects: Permission denied' >&2; exit 128", CTS_EUNREACHABLE,
			"/srv/x/objects: Permission denied", "address", ""},
		{"printf 'no line end' >&2; exit 255", CTS_EUNREACHABLE, "no line end", "address", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		cts_buf_clear(&said);
		ssh_is(ways[i].script);
		assert_closed(ssh_url, CTS_LINK_FETCH, ways[i].code, ways[i].words);
		assert_hint(ways[i].hint);
		assert_string_equal(cts_buf_text(&said), ways[i].said);
	}
}

static void test_words_before_the_server_s_first_are_passed_on(void **state)
{
	(void)state;
	ssh_is(lab_text("echo Welcome to the hub >&2\n%s", honest));
	cts_link_close(link_to(ssh_url, CTS_LINK_FETCH));
	assert_string_equal(cts_buf_text(&said), "Welcome to the hub\n");
}

static void test_ssh_ends_with_the_link(void **state)
{
	struct cts_link *link;
	pid_t pid;

	(void)state;
	ssh_is(lab_text("echo $$ >pid\n%s", honest));
	link = link_to(ssh_url, CTS_LINK_FETCH);
	pid = atoi(lab_run("cat pid"));
	assert_int_equal(kill(pid, 0), 0);
	cts_link_close(link);
	for (int i = 0; i < 500; i++) {
		const char *at = lab_run("cut -d' ' -f3 /proc/%d/stat 2>/dev/null || true", (int)pid);

		if (!at[0] || at[0] == 'Z')
			return;
		usleep(10000);
	}
	fail_msg("%d still runs", (int)pid);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void test_what_is_no_server_is_refused(void **state)
{
	struct cts_link *link;

	(void)state;
	assert_int_equal(cts_link_open(&link, lab_path("srv/hub"), CTS_LINK_FETCH, &options), CTS_EVALUE);
	assert_int_equal(cts_link_open(&link, "git://hub/x", CTS_LINK_FETCH, &options), CTS_EVALUE);
	assert_int_equal(cts_link_open(&link, "http://hub.example/x", CTS_LINK_FETCH, &options), CTS_EVALUE);
	assert_int_equal(cts_link_open(&link, "ssh://-oProxyCommand=x/y", CTS_LINK_FETCH, &options),
		CTS_EVALUE);
	assert_int_equal(cts_link_open(&link, "ssh://h$(x)/y", CTS_LINK_FETCH, &options), CTS_EVALUE);
	cts_link_close(NULL);
}

static void test_how_long_to_wait_is_a_number_of_the_config(void **state)
{
	static const struct {
		const char *text;
		int seconds; /* -1: no number */
	} values[] = {{"0", 0}, {"1", 1}, {"300", 300}, {"86400", 86400}, {"86401", -1}, {"-1", -1},
		{"", -1}, {"1m", -1}, {" 5", -1}, {"99999999999999999999", -1}};
	struct lab_store a = lab_init("a", "DPMC");
	int seconds = 7;

	(void)state;
	assert_ok(cts_link_idle(&seconds, NULL));
	assert_int_equal(seconds, 60);
	assert_ok(cts_link_idle(&seconds, a.store));
	assert_int_equal(seconds, 60);
	for (size_t i = 0; i < COUNT(values); i++) {
		assert_ok(cts_store_config_set(a.store, "network.idletimeout", values[i].text));
		if (values[i].seconds < 0) {
			assert_int_equal(cts_link_idle(&seconds, a.store), CTS_EVALUE);
			assert_non_null(cts_error_hint());
		} else {
			assert_ok(cts_link_idle(&seconds, a.store));
			assert_int_equal(seconds, values[i].seconds);
		}
	}
	lab_close(&a);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_servers, end_servers)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_what_is_wanted_is_fetched_and_nothing_else),
		T(test_acknowledgements_are_asked_for_as_far_as_the_server_has_them),
		T(test_an_empty_repository_has_no_references),
		T(test_a_thousand_branches_arrive),
		T(test_ssh_is_run_as_git_runs_it),
		T(test_only_a_single_word_of_git_ssh_command_is_run),
		T(test_why_ssh_did_not_come_through_is_told),
		T(test_words_before_the_server_s_first_are_passed_on),
		T(test_ssh_ends_with_the_link),
		T(test_what_is_no_server_is_refused),
		T(test_how_long_to_wait_is_a_number_of_the_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
