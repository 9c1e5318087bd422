/*
 * Servers that speak wrong or not at all, which are scripts here: what they say is told as it is, what
 * makes no sense is taken for nothing, and whatever they do ends in words and in time.
 */
#include "lab_link.h"

#include "proto/time.h"

static void test_garbage_is_no_server(void **state)
{
	static const char *const garbage[] = {
		"Welcome to this account. It is for authorised users alone.",
		"0", "000", "zzzz", "0003", "0001", "fff1", "0008hell",
		"0000",   /* not even capabilities */
		"0032" ZERO " x",
		"003fxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx refs/heads/base\n0000",
		"000dERR no", "001eERR access denied, go away",
		"0000000000000000",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(garbage); i++)
		for (int service = CTS_LINK_FETCH; service <= CTS_LINK_PUSH; service++) {
			struct cts_link *link = NULL;
			int rc;

			ssh_is(lab_text("printf '%%s' '%s'", garbage[i]));
			rc = cts_link_open(&link, ssh_url, service, &options);
			if (rc == 0) {
				size_t count;

				/* It lists nothing, and there is nothing to be done with it. */
				cts_link_refs(link, &count);
				assert_int_equal(count, 0);
				assert_false(cts_link_can(link, "report-status"));
				cts_link_close(link);
				continue;
			}
			assert_int_equal(rc, CTS_EUNREACHABLE);
			assert_non_null(cts_error_hint());
		}
	ssh_is("printf '001eERR access denied, go away'");
	assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "access denied, go away");
}

static void test_a_list_that_is_cut_anywhere_is_told(void **state)
{
	size_t size;

	(void)state;
	keep_advert("upload-pack");
	size = (size_t)atoi(lab_run("wc -c <advert"));
	assert_true(size > 100);
	random_start("cut");
	for (int i = 0; i < 12; i++) {
		ssh_is(lab_text("head -c %zu advert; exit 1", i ? random_below(size - 1) : size - 1));
		assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "'ssh://");
	}
}

static void test_a_list_without_an_end_is_not_heard_to_it(void **state)
{
	(void)state;
	if (is_under_valgrind())
		skip();
	ssh_is("exec yes '003c0123456789abcdef0123456789abcdef01234567 refs/heads/a/b'");
	assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "lists more branches");
	ssh_is("exec yes '003c# 23456789abcdef0123456789abcdef01234567 refs/heads/a/b'");
	assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "lists more branches");
}

static void test_names_that_are_none_are_left_out(void **state)
{
	static const char *const names[] = {"refs/heads/..", "refs/heads/a b", "refs/heads/a\x1b[31mb",
		"refs/heads/x.lock", "HEAD", "refs/heads/good", "refs/heads/", "../../etc", ".have"};
	struct cts_buf advert = {0};
	struct cts_link *link;
	const struct cts_ref_entry *refs;
	size_t count;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct cts_buf line = {0};

		cts_buf_printf(&line, "%s %s", head, names[i]);
		if (i == 0) {
			cts_buf_putc(&line, '\0');
			cts_buf_puts(&line, "report-status");
		}
		cts_pkt_put(&advert, line.data, line.size);
		cts_buf_release(&line);
	}
	cts_pkt_put_flush(&advert);
	put_file("advert", &advert);
	cts_buf_release(&advert);
	ssh_is("cat advert; exec sleep 100");
	link = link_to(ssh_url, CTS_LINK_PUSH);
	refs = cts_link_refs(link, &count);
	assert_int_equal(count, 1);
	assert_string_equal(refs[0].name, "refs/heads/good");
	assert_true(cts_link_can(link, "report-status"));
	cts_link_close(link);
}

/* `git upload-pack` up to its list, then something else. A whole pack of other objects, or one whose base is
 * not there, is not for the link to refuse: who asked for it checks what is in it. */
static void test_a_pack_that_is_none_is_refused(void **state)
{
	static const struct {
		const char *script;
		int code;
	} packs[] = {
		{"printf '0008NAK\\n'; printf 'PACK00000000000000000000000000000000'", CTS_EINTEGRITY},
		{"printf '0008NAK\\n'; printf 'hello, this is no pack at all, is it?'", CTS_EINTEGRITY},
		{"printf '0008NAK\\n'; head -c 100 pack", CTS_EUNREACHABLE},
		{"printf '0008NAK\\n'", CTS_EUNREACHABLE},
		{"printf 'nothing of that kind'", CTS_EUNREACHABLE},
		{"printf '0012ERR too large\\n'", CTS_EUNREACHABLE},
		{"echo 'fatal: no memory' >&2; exit 128", CTS_EUNREACHABLE},
		{"kill -9 $$", CTS_EUNREACHABLE},
	};

	(void)state;
	/* without a side band, so that a script can write the pack */
	keep_advert("upload-pack");
	advert_without("side-band");
	for (size_t i = 0; i < COUNT(packs); i++) {
		struct cts_link *link;
		size_t wanted;
		int rc;

		ssh_is(lab_text("cat advert; head -c 60 >/dev/null; %s", packs[i].script));
		link = link_to(ssh_url, CTS_LINK_FETCH);
		wanted = find(link, "refs/heads/base");
		rc = fetch_one(link, new_receiver(), wanted, NULL);
		cts_link_close(link);
		if (rc != packs[i].code && !(rc == CTS_EUNREACHABLE || rc == CTS_EINTEGRITY))
			fail_msg("%zu: %d %s", i, rc, cts_error_message(rc));
		assert_null(strchr(cts_error_message(rc), '\n'));
		assert_string_equal(lab_run("ls q/objects/pack"), "");
	}
}

static void test_a_server_that_stalls_is_left(void **state)
{
	static const char *const scripts[] = {
		"exec sleep 100",
		"printf 00; exec sleep 100",
		"head -c 50 advert; exec sleep 100",
		"(sleep 100) & echo $! >pid; wait",
	};
	struct cts_link *link;
	size_t wanted;
	int64_t began;

	(void)state;
	options.idle_s = 1;
	keep_advert("upload-pack");
	for (size_t i = 0; i < COUNT(scripts); i++) {
		ssh_is(scripts[i]);
		began = cts_time_now_ms();
		assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "was silent for 1 s");
		assert_true(cts_time_now_ms() - began < 10000);
		assert_hint("network.idletimeout");
	}
	lab_run("kill $(cat pid)");
	url_of(1);
	lab_run("echo stall >srv/fault");
	assert_closed(http_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "was silent for 1 s");
	/* and one that stalls later */
	ssh_is("cat advert; head -c 60 >/dev/null; exec sleep 100");
	link = link_to(ssh_url, CTS_LINK_FETCH);
	wanted = find(link, "refs/heads/base");
	assert_int_equal(fetch_one(link, new_receiver(), wanted, NULL), CTS_EUNREACHABLE);
	assert_says(CTS_EUNREACHABLE, "was silent for 1 s");
	cts_link_close(link);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_servers, end_servers)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_garbage_is_no_server),
		T(test_a_list_that_is_cut_anywhere_is_told),
		T(test_a_list_without_an_end_is_not_heard_to_it),
		T(test_names_that_are_none_are_left_out),
		T(test_a_pack_that_is_none_is_refused),
		T(test_a_server_that_stalls_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
