/*
 * Pushing over a link: what a server, its hooks and its report say of each branch is told as it is, and what
 * it does not say is never taken for a success.
 */
#include "lab_link.h"

static void put_hook(const char *name, const char *script)
{
	lab_run("printf '#!/bin/sh\\n%s\\n' > srv/hub/hooks/%s && chmod +x srv/hub/hooks/%s", script,
		name, name);
}

static void test_a_push_moves_what_it_names(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct cts_link_command commands[] = {
			command(lab_text("refs/heads/new%d", kind), ZERO, head),
			command("refs/heads/base", second, head),
		};

		assert_ok(push_to(url_of(kind), commands, 2, lab_path("pack")));
		for (int i = 0; i < 2; i++) {
			assert_true(commands[i].is_done);
			assert_null(commands[i].why);
		}
		assert_string_equal(in_hub("base"), head);
		assert_string_equal(in_hub(lab_text("new%d", kind)), head);
		/* what is there needs no pack */
		commands[0] = command(lab_text("refs/heads/more%d", kind), ZERO, second);
		assert_ok(push_to(url_of(kind), commands, 1, NULL));
		assert_true(commands[0].is_done);
		assert_string_equal(in_hub(lab_text("more%d", kind)), second);
		lab_run("git -C srv/hub update-ref refs/heads/base %s", second);
	}
	lab_fsck("srv/hub");
}

static void test_a_large_pack_goes_through(void **state)
{
	const char *large;

	(void)state;
	lab_run("cd work && head -c 3000000 /dev/urandom >large && git add . && git commit -q -m large && "
		"git pack-objects -q --revs --stdout >../pack <<X\nHEAD\n^HEAD~2\nX\n");
	large = lab_run("git -C work rev-parse HEAD");
	for (int kind = 0; kind < 2; kind++) {
		struct cts_link_command one =
			command(lab_text("refs/heads/large%d", kind), ZERO, large);

		assert_ok(push_to(url_of(kind), &one, 1, lab_path("pack")));
		assert_true(one.is_done);
	}
	lab_fsck("srv/hub");
}

static void test_a_refusal_is_told_by_the_branch_in_the_server_s_words(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		const char *name = lab_text("refs/heads/yes%d", kind);
		struct cts_link_command commands[] = {
			command("refs/heads/no", ZERO, head),
			command(name, ZERO, head),
			command("refs/heads/base", ZERO, head), /* it is not at zero */
		};

		put_hook("update", "echo looking at $1; echo; case $1 in *no) echo never; exit 1;; esac");
		cts_buf_clear(&said);
		assert_ok(push_to(url_of(kind), commands, 3, lab_path("pack")));
		assert_false(commands[0].is_done);
		assert_string_equal(commands[0].why, "hook declined");
		assert_true(commands[1].is_done);
		assert_false(commands[2].is_done);
		assert_non_null(commands[2].why);
		assert_non_null(strstr(cts_buf_text(&said), "looking at refs/heads/no\nnever\n"));
		assert_string_equal(in_hub("no"), "");
		assert_string_equal(in_hub(name + strlen("refs/heads/")), head);
		assert_string_equal(in_hub("base"), second);
	}
}

static void test_a_hook_before_all_refuses_all(void **state)
{
	(void)state;
	put_hook("pre-receive", "echo \"no pushing on Sundays\"; printf \"and that\\047s that\"; exit 1");
	for (int kind = 0; kind < 2; kind++) {
		struct cts_link_command commands[] = {command("refs/heads/a", ZERO, head),
			command("refs/heads/b", ZERO, second)};

		cts_buf_clear(&said);
		assert_ok(push_to(url_of(kind), commands, 2, lab_path("pack")));
		for (int i = 0; i < 2; i++) {
			assert_false(commands[i].is_done);
			assert_string_equal(commands[i].why, "pre-receive hook declined");
		}
		assert_string_equal(cts_buf_text(&said), "no pushing on Sundays\nand that's that\n");
	}
	assert_string_equal(in_hub("a"), "");
}

static void test_words_after_the_report_are_heard(void **state)
{
	struct cts_link_command one = command("refs/heads/a", ZERO, head);

	(void)state;
	put_hook("post-receive", "sleep 0.2; echo mail is sent");
	assert_ok(push_to(ssh_url, &one, 1, lab_path("pack")));
	assert_true(one.is_done);
	assert_string_equal(cts_buf_text(&said), "mail is sent\n");
}

static void test_a_hook_that_hangs_after_the_report_takes_nothing_back(void **state)
{
	struct cts_link_command one = command("refs/heads/a", ZERO, head);

	(void)state;
	options.idle_s = 1;
	put_hook("post-receive", "exec sleep 4");
	assert_ok(push_to(ssh_url, &one, 1, lab_path("pack")));
	assert_true(one.is_done);
	assert_null(cts_error_hint());
	assert_string_equal(in_hub("a"), head);
}

static void test_a_pack_that_the_server_cannot_unpack_is_rejected(void **state)
{
	(void)state;
	lab_run("head -c 100 pack >bad; printf 'no pack' >worse");
	for (int kind = 0; kind < 2; kind++) {
		struct cts_link_command one = command("refs/heads/a", ZERO, head);

		assert_int_equal(
			push_to(url_of(kind), &one, 1, lab_path("bad")), CTS_EREJECTED);
		assert_says(CTS_EREJECTED, "could not unpack");
		assert_false(one.is_done);
		assert_int_not_equal(push_to(url_of(kind), &one, 1, lab_path("worse")), 0);
		assert_false(one.is_done);
	}
	assert_string_equal(in_hub("a"), "");
}

static void test_a_pack_that_is_not_there_is_our_own_fault(void **state)
{
	struct cts_link_command one = command("refs/heads/a", ZERO, head);

	(void)state;
	assert_int_equal(push_to(ssh_url, &one, 1, lab_path("nothing")), CTS_EIO);
	assert_says(CTS_EIO, "nothing");
}

/* ---- reports that a script makes ------------------------------------------------------------- */

/* A server that reads some of a push and answers with these lines, in a side band or not. */
static void server_answers(const char *const *lines, bool has_side_band, const char *end)
{
	struct cts_buf report = {0}, answer = {0};

	for (; *lines; lines++)
		if ((*lines)[0] == '!')
			cts_buf_puts(&report, *lines + 1); /* as it is */
		else
			cts_pkt_put(&report, *lines, strlen(*lines));
	if (has_side_band) {
		/* in pieces that do not end where the lines do */
		for (size_t at = 0; at < report.size; at += 7) {
			struct cts_buf band = {0};

			cts_buf_putc(&band, 1);
			cts_buf_put(&band, report.data + at,
				report.size - at < 7 ? report.size - at : 7);
			cts_pkt_put(&answer, band.data, band.size);
			cts_buf_release(&band);
		}
		cts_pkt_put(&answer, "\2words of a script\n", 19);
		cts_pkt_put(&answer, "\2", 1);
		cts_pkt_put(&answer, "\1", 1);
		cts_pkt_put_flush(&answer);
	} else {
		cts_buf_put(&answer, report.data, report.size);
	}
	put_file("answer", &answer);
	keep_advert("receive-pack");
	if (!has_side_band)
		advert_without("side-band");
	ssh_is(lab_text("cat advert; head -c 100 >/dev/null; cat answer; %s", end));
	cts_buf_release(&report);
	cts_buf_release(&answer);
}

static void test_the_report_is_the_only_success(void **state)
{
	static const struct {
		const char *lines[8];
		int code;
		const char *a, *b; /* why; NULL: done */
	} reports[] = {
		{{"unpack ok\n", "ok refs/heads/a\n", "ok refs/heads/b\n", "!0000"}, 0, NULL, NULL},
		{{"unpack ok", "ok refs/heads/a", "ng refs/heads/b it rains", "!0000"}, 0, NULL,
			"it rains"},
		{{"unpack ok\n", "ok refs/heads/a\n", "!0000"}, 0, NULL, "the server did not say"},
		{{"unpack ok\n", "!0000"}, 0, "the server did not say", "the server did not say"},
		{{"unpack ok\n", "ok refs/heads/c\n", "ok refs/heads/aa\n", "ok refs/heads/\n", "!0000"}, 0,
			"the server did not say", "the server did not say"},
		{{"unpack ok\n", "ng refs/heads/a\n", "ng refs/heads/b \n", "!0000"}, 0,
			"it does not say why", ""},
		/* both: refused, in whatever order */
		{{"unpack ok\n", "ok refs/heads/a\n", "ng refs/heads/a later\n", "ng refs/heads/b no\n",
			"ok refs/heads/b\n", "!0000"}, 0, "later", "no"},
		{{"unpack it is full\n", "ng refs/heads/a unpacker error\n", "!0000"}, CTS_EREJECTED,
			"unpacker error", "the server did not say"},
		{{"unpack it is full\n", "ok refs/heads/a\n", "!0000"}, CTS_EREJECTED, "", NULL},
		{{"ok refs/heads/a\n", "!0000"}, CTS_EUNREACHABLE, NULL, NULL},
		{{"hello\n", "!0000"}, CTS_EUNREACHABLE, NULL, NULL},
		{{"!0000"}, CTS_EUNREACHABLE, NULL, NULL},
		{{"!zzzz"}, CTS_EUNREACHABLE, NULL, NULL},
		/* cut after what it said of one */
		{{"unpack ok\n", "ok refs/heads/a\n", "!0019ok refs"}, 0, NULL, "the server did not say"},
		{{"unpack ok\n", "!0019ok refs/heads/a"}, 0, "the server did not say",
			"the server did not say"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(reports); i++)
		for (int band = 0; band < 2; band++) {
			struct cts_link_command commands[] = {command("refs/heads/a", ZERO, head),
				command("refs/heads/b", ZERO, head)};
			int rc;

			server_answers(reports[i].lines, band, "exit 0");
			cts_buf_clear(&said);
			rc = push_to(ssh_url, commands, 2, lab_path("pack"));
			if (rc != reports[i].code)
				fail_msg("%zu, %d: %d %s", i, band, rc,
					rc < 0 ? cts_error_message(rc) : "");
			if (rc == CTS_EUNREACHABLE || (rc == CTS_EREJECTED && !reports[i].b)) {
				assert_false(commands[0].is_done || commands[1].is_done);
				continue;
			}
			assert_int_equal(commands[0].is_done, !reports[i].a);
			assert_int_equal(commands[1].is_done, !reports[i].b);
			if (reports[i].a)
				assert_string_equal(commands[0].why, reports[i].a);
			if (reports[i].b)
				assert_string_equal(commands[1].why, reports[i].b);
			if (band)
				assert_string_equal(cts_buf_text(&said), "words of a script\n");
		}
}

static void test_a_push_without_a_report_is_no_success(void **state)
{
	static const char *const ends[] = {
		"cat advert; head -c 100 >/dev/null",
		"cat advert; head -c 100 >/dev/null; exit 1",
		"cat advert; exit 0",
		"cat advert; kill -9 $$",
		"cat advert; head -c 100 >/dev/null; echo 'fatal: the disk is full' >&2; exit 128",
		"cat advert; head -c 100 >/dev/null; printf '0018\\003the hub is on fire\\n'; sleep 0.1",
		"cat advert; head -c 100 >/dev/null; printf 'what'",
		"cat advert; head -c 100 >/dev/null; printf '0006\\011x'",
	};
	static const char *const words[] = {"", "", "", "", "the disk is full", "the hub is on fire",
		"makes no sense", "makes no sense"};

	(void)state;
	keep_advert("receive-pack");
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct cts_link_command one = command("refs/heads/a", ZERO, head);
		int rc;

		ssh_is(ends[i]);
		rc = push_to(ssh_url, &one, 1, lab_path("pack"));
		if (rc != CTS_EUNREACHABLE)
			fail_msg("%zu: %d", i, rc);
		assert_says(rc, words[i]);
		assert_hint("push again");
		assert_false(one.is_done);
		assert_string_equal(one.why, "the server did not say");
	}
	/* one that would not report is not pushed to at all */
	advert_without("report-status");
	ssh_is("cat advert; cat >sent");
	{
		struct cts_link_command one = command("refs/heads/a", ZERO, head);

		assert_int_equal(push_to(ssh_url, &one, 1, lab_path("pack")), CTS_EREJECTED);
		assert_false(one.is_done);
		usleep(100000);
		assert_string_equal(lab_run("cat sent 2>/dev/null || true"), "");
	}
}

static void test_a_report_without_an_end_is_not_heard_to_it(void **state)
{
	struct cts_link_command one = command("refs/heads/a", ZERO, head);

	(void)state;
	keep_advert("receive-pack");
	ssh_is("cat advert; head -c 100 >/dev/null; a='001b\001ok refs/heads/aaaaaa\n'; "
	       "while :; do printf \"$a$a$a$a$a$a$a$a\"; done");
	assert_int_equal(push_to(ssh_url, &one, 1, lab_path("pack")), CTS_EUNREACHABLE);
	assert_false(one.is_done);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_servers, end_servers)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_push_moves_what_it_names),
		T(test_a_large_pack_goes_through),
		T(test_a_refusal_is_told_by_the_branch_in_the_server_s_words),
		T(test_a_hook_before_all_refuses_all),
		T(test_words_after_the_report_are_heard),
		T(test_a_hook_that_hangs_after_the_report_takes_nothing_back),
		T(test_a_pack_that_the_server_cannot_unpack_is_rejected),
		T(test_a_pack_that_is_not_there_is_our_own_fault),
		T(test_the_report_is_the_only_success),
		T(test_a_push_without_a_report_is_no_success),
		T(test_a_report_without_an_end_is_not_heard_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
