/*
 * A real sshd on a port of 127.0.0.1, through the real ssh: keys from an agent, host keys from
 * known_hosts. Skipped where there is no sshd.
 */
#include "lab_agencies.h"

#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>

static const char *url, *host;
static bool can_run;

static const char config[] = "ListenAddress 127.0.0.1\nStrictModes no\nUsePAM no\n"
			     "PasswordAuthentication no\nPermitRootLogin yes\nPidFile none\n";

/* One world for the file: an sshd takes a while to start. */
static int make_world(void **state)
{
	const char *user = getpwuid(getuid()) ? getpwuid(getuid())->pw_name : "root";
	unsigned port = 20000 + (unsigned)getpid() % 20000;

	make_lab(state);
	can_run = access("/usr/sbin/sshd", X_OK) == 0 &&
		  (access("/run/sshd", F_OK) == 0 || mkdir("/run/sshd", 0755) == 0) &&
		  run_into(NULL, "command -v ssh-agent ssh-add ssh-keygen >/dev/null") == 0;
	if (!can_run)
		return 0;
	lab_run("mkdir -m 700 .ssh && ssh-keygen -q -t ed25519 -N '' -f hostkey && "
		"ssh-keygen -q -t ed25519 -N '' -f .ssh/id && cp .ssh/id.pub authorized");
	host = lab_text("[127.0.0.1]:%u", port);
	lab_run("printf '%sPort %u\\nHostKey %s/hostkey\\nAuthorizedKeysFile %s/authorized\\n' > "
		"conf",
		config, port, repo_dir, repo_dir);
	lab_run("true; /usr/sbin/sshd -D -f %s/conf >sshd.log 2>&1 & echo $! > %s/sshd.pid; "
		"sleep 0.5",
		repo_dir, repo_dir);
	lab_run("ssh-agent -a agent > agent.env && SSH_AUTH_SOCK=agent ssh-add -q .ssh/id "
		"2>/dev/null");
	setenv("SSH_AUTH_SOCK", lab_path("agent"), 1);
	lab_run("echo \"%s $(cut -d' ' -f1,2 hostkey.pub)\" > .ssh/known_hosts", host);
	/* In the place of what is in the user's home, which ssh takes from the password file. */
	lab_run("printf 'UserKnownHostsFile %s/.ssh/known_hosts\\nIdentityFile none\\n"
		"StrictHostKeyChecking yes\\nBatchMode yes\\n' >.ssh/config", repo_dir);
	lab_run("printf '#!/bin/sh\\nexec ssh -F %s/.ssh/config \"$@\"\\n' >ssh && chmod +x ssh",
		repo_dir);
	setenv("GIT_SSH", lab_path("ssh"), 1);
	lab_hub("hub");
	url = lab_text("ssh://%s@127.0.0.1:%u%s", user, port, lab_path("hub"));
	a = lab_init("a", "DPMC");
	assert_ok(cts_remote_add(a.store, "origin", url, false));
	return 0;
}

static int end_world(void **state)
{
	if (can_run)
		lab_run("kill $(cat sshd.pid); . ./agent.env >/dev/null; kill $SSH_AGENT_PID");
	return end_agencies(state);
}

static void test_a_programme_goes_round(void **state)
{
	struct cts_clone clone = {.agency_code = "NZP", .author = "Bo Reed <bo@nzp.example>"};
	struct lab_store *both[] = {&a, &b};

	(void)state;
	if (!can_run)
		skip();
	lab_put(&a, "initiative/x", "title", "Grow");
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 3);
	assert_string_equal(lab_ref("hub", lab_branch(&a)), lab_own_head(&a));
	assert_ok(cts_store_clone(lab_path("b"), url, &clone, NULL));
	b = lab_at("b");
	lab_put(&b, "initiative/x", "title", "of b");
	lab_put(&a, "initiative/x", "title", "of a");
	lab_settle_down(both, 2, "origin");
	assert_int_equal(lab_sides(&a, "initiative/x", "title"), 2);
	assert_alike(&a, &b);
	assert_sound(&a);
	assert_sound(&b);
	lab_fsck("hub");
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 0);
}

static void test_a_hook_that_refuses_is_told(void **state)
{
	(void)state;
	if (!can_run)
		skip();
	lab_run("printf '#!/bin/sh\\necho not today; exit 1\\n' > hub/hooks/pre-receive && "
		"chmod +x hub/hooks/pre-receive");
	lab_put(&a, "initiative/x", "overview", "words");
	assert_int_equal(lab_try_push(&a, "origin"), CTS_EREJECTED);
	lab_run("rm hub/hooks/pre-receive");
	lab_push(&a, "origin");
	assert_true(lab_was_pushed(lab_branch(&a)));
}

static void test_a_host_that_is_not_known_is_not_trusted(void **state)
{
	(void)state;
	if (!can_run)
		skip();
	lab_run("mv .ssh/known_hosts known");
	assert_int_equal(lab_try_pull(&a, "origin"), CTS_EAUTH);
	assert_non_null(strstr(cts_error_message(CTS_EAUTH), "trusted"));
	assert_non_null(strstr(cts_error_hint(), "connect once with ssh"));
	assert_int_equal(lab_try_push(&a, "origin"), CTS_EAUTH);
	lab_run("echo \"%s $(cut -d' ' -f1,2 .ssh/id.pub)\" > .ssh/known_hosts", host);
	assert_int_equal(lab_try_pull(&a, "origin"), CTS_EAUTH);
	lab_run("mv known .ssh/known_hosts");
	lab_pull(&a, "origin");
}

static void test_without_a_key_nobody_gets_in(void **state)
{
	(void)state;
	if (!can_run)
		skip();
	lab_run("ssh-add -q -D 2>/dev/null");
	assert_int_equal(lab_try_pull(&a, "origin"), CTS_EAUTH);
	assert_non_null(strstr(cts_error_hint(), "agent"));
	lab_run("ssh-add -q .ssh/id 2>/dev/null");
	lab_pull(&a, "origin");
}

static void test_a_repository_that_is_not_there_is_told_in_one_line(void **state)
{
	(void)state;
	if (!can_run)
		skip();
	assert_ok(cts_remote_set_url(a.store, "origin", lab_text("%s-not", url)));
	assert_int_equal(lab_try_pull(&a, "origin"), CTS_EUNREACHABLE);
	assert_non_null(strstr(cts_error_message(CTS_EUNREACHABLE), "does not appear"));
	assert_null(strchr(cts_error_message(CTS_EUNREACHABLE), '\n'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_programme_goes_round),
		cmocka_unit_test(test_a_hook_that_refuses_is_told),
		cmocka_unit_test(test_a_host_that_is_not_known_is_not_trusted),
		cmocka_unit_test(test_without_a_key_nobody_gets_in),
		cmocka_unit_test(test_a_repository_that_is_not_there_is_told_in_one_line),
	};

	return cmocka_run_group_tests(tests, make_world, end_world);
}
