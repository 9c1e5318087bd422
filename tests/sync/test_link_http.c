/*
 * Links over http: what a server answers is told, a redirect is followed on the same server alone, and the
 * user's git is asked for the password, which is never shown.
 */
#include "lab_link.h"

static void test_what_a_server_of_http_answers_is_told(void **state)
{
	static const struct {
		const char *fault;
		int code;
		const char *words, *hint;
	} faults[] = {
		{"401", CTS_EAUTH, "wants to know who you are", "git credential"},
		{"403", CTS_EAUTH, "does not allow", "ask who runs it"},
		{"404", CTS_EUNREACHABLE, "no repository at", "address"},
		{"413", CTS_EUNREACHABLE, "no request as large", "client_max_body_size"},
		{"500", CTS_EUNREACHABLE, "HTTP status 500", "who runs it"},
		{"503", CTS_EUNREACHABLE, "HTTP status 503", "who runs it"},
		{"html", CTS_EUNREACHABLE, "no git repository", "address"},
		{"redirect http://hub.example", CTS_EUNREACHABLE, "sends us elsewhere", "set-url"},
		{"redirect https://hub.example", CTS_EUNREACHABLE, "sends us elsewhere", "set-url"},
		{"redirect file://", CTS_EUNREACHABLE, "'http://", ""},
		{"redirect ssh://127.0.0.1", CTS_EUNREACHABLE, "'http://", ""},
	};

	(void)state;
	url_of(1);
	for (size_t i = 0; i < COUNT(faults); i++)
		for (int service = CTS_LINK_FETCH; service <= CTS_LINK_PUSH; service++) {
			lab_run("echo '%s' >srv/fault", faults[i].fault);
			assert_closed(http_url, service, faults[i].code, faults[i].words);
			assert_hint(faults[i].hint);
		}
	/* nobody there */
	assert_closed("http://127.0.0.1:1/hub", CTS_LINK_FETCH, CTS_EUNREACHABLE, "Connection refused");
	assert_closed("http://localhost:1/hub", CTS_LINK_FETCH, CTS_EUNREACHABLE, "Connection refused");
}

static void test_a_redirect_on_the_same_server_is_followed(void **state)
{
	struct cts_link *link;

	(void)state;
	url_of(1);
	lab_run("mkdir srv/old && ln -s ../hub srv/old/hub");
	link = link_to(http_url, CTS_LINK_FETCH);
	find(link, "refs/heads/base");
	cts_link_close(link);
}

/* "127.0.0.1:8080" */
static const char *http_host(void)
{
	const char *host = http_url + strlen("http://");

	return lab_text("%.*s", (int)strcspn(host, "/"), host);
}

/* A helper that keeps what it is told, and answers with the file `answer`. */
static void use_helper(const char *answer)
{
	lab_run("printf '#!/bin/sh\\ncd %s\\necho \"$1\" >>asked\\ncat >>asked\\n"
		"test \"$1\" = get && cat answer\\nexit 0\\n' >helper && chmod +x helper", repo_dir);
	lab_run("printf '%s' >answer; rm -f asked", answer);
	lab_run("git config --file gitconfig credential.helper %s", lab_path("helper"));
}

/* Between its list and what is asked of it a pack is made. */
static void test_a_server_that_hung_up_meanwhile_is_connected_to_again(void **state)
{
	struct cts_link_command moved = command("refs/heads/other", ZERO, head);
	struct cts_link *link;

	(void)state;
	url_of(1);
	lab_run("echo leave >srv/fault");
	link = link_to(http_url, CTS_LINK_PUSH);
	lab_run("until grep -q left log; do sleep 0.01; done");
	assert_ok(cts_link_push(link, &moved, 1, lab_path("pack")));
	assert_true(moved.is_done);
	cts_link_close(link);
	assert_string_equal(in_hub("other"), head);
	assert_string_equal(lab_run("grep -c POST log"), "1");
}

static void test_the_user_s_git_is_asked_for_a_password_and_told_what_became_of_it(void **state)
{
	struct cts_link *link;
	const char *host;

	(void)state;
	url_of(1);
	host = http_host();
	lab_run("printf 'ana:open sesame' >srv/password");
	use_helper("username=ana\\npassword=open sesame\\n");
	link = link_to(http_url, CTS_LINK_FETCH);
	find(link, "refs/heads/base");
	cts_link_close(link);
	assert_string_equal(lab_run("cat asked"),
		lab_text("get\nprotocol=http\nhost=%s\nstore\nprotocol=http\nhost=%s\nusername=ana\n"
			 "password=open sesame", host, host));
	/* pushing needs it for both requests */
	{
		struct cts_link_command one = command("refs/heads/a", ZERO, head);

		assert_ok(push_to(http_url, &one, 1, lab_path("pack")));
		assert_true(one.is_done);
	}
	/* a wrong one is forgotten, and asked for again, three times */
	use_helper("username=ana\\npassword=open barley\\n");
	assert_closed(http_url, CTS_LINK_FETCH, CTS_EAUTH, "did not accept");
	assert_string_equal(lab_run("grep -cx get asked; grep -cx erase asked; grep -cx store asked || true"),
		"3\n3\n0");
	/* a name in the URL is what git is asked for */
	use_helper("password=open sesame\\n");
	cts_link_close(link_to(lab_text("http://ana@%s/hub", host), CTS_LINK_FETCH));
	assert_non_null(strstr(lab_run("cat asked"), "username=ana"));
}

static void test_a_password_in_the_url_is_used_and_never_shown(void **state)
{
	const char *host;

	(void)state;
	url_of(1);
	host = http_host();
	lab_run("printf 'ana:sesame' >srv/password");
	cts_link_close(link_to(lab_text("http://ana:sesame@%s/hub", host), CTS_LINK_FETCH));
	assert_closed(lab_text("http://ana:barley@%s/hub", host), CTS_LINK_FETCH, CTS_EAUTH, "http://ana@");
	assert_null(strstr(cts_error_message(CTS_EAUTH), "barley"));
	lab_run("echo 500 >srv/fault; rm srv/password");
	assert_closed(lab_text("http://ana:barley@%s/hub", host), CTS_LINK_FETCH, CTS_EUNREACHABLE,
		"http://ana@");
	assert_null(strstr(cts_error_message(CTS_EAUTH), "barley"));
}

static void test_without_git_and_a_terminal_nobody_can_be_asked(void **state)
{
	const char *path = lab_text("%s", getenv("PATH"));

	(void)state;
	url_of(1);
	lab_run("printf 'ana:sesame' >srv/password");
	setenv("PATH", "/nowhere", 1);
	{
		struct cts_link *link = NULL;
		int rc = cts_link_open(&link, http_url, CTS_LINK_FETCH, &options);

		setenv("PATH", path, 1);
		assert_int_equal(rc, CTS_EAUTH);
		assert_hint("install git and a credential helper");
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_servers, end_servers)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_what_a_server_of_http_answers_is_told),
		T(test_a_redirect_on_the_same_server_is_followed),
		T(test_a_server_that_hung_up_meanwhile_is_connected_to_again),
		T(test_the_user_s_git_is_asked_for_a_password_and_told_what_became_of_it),
		T(test_a_password_in_the_url_is_used_and_never_shown),
		T(test_without_git_and_a_terminal_nobody_can_be_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
