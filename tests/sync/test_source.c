/*
 * Where commits are read from: which URLs are spoken, which are paths, and what is left behind.
 */
#include "lab.h"

#include "sync/source.h"

static void test_urls_are_accepted_or_refused(void **state)
{
	static const struct {
		const char *url;
		bool is_good;
		const char *path; /* NULL: a server */
	} urls[] = {
		{"/srv/hub.git", true, "/srv/hub.git"},
		{"hub", true, "hub"},
		{"./hub:x", true, "./hub:x"},
		{"../hub", true, "../hub"},
		{"/srv/a b", true, "/srv/a b"},
		{"file:///srv/hub", true, "/srv/hub"},
		{"ssh://git@example.org/hub", true, NULL},
		{"ssh://git@example.org:2222/hub", true, NULL},
		{"git@example.org:hub.git", true, NULL},
		{"host:hub", true, NULL},
		{"https://example.org/hub.git", true, NULL},
		{"http://localhost/hub", true, NULL},
		{"http://localhost:8080/hub", true, NULL},
		{"http://127.0.0.1:8080/hub", true, NULL},
		{"http://[::1]:8080/hub", true, NULL},
		{"http://user@localhost/hub", true, NULL},
		{"http://example.org/hub", false, NULL},
		{"http://localhost.example.org/hub", false, NULL},
		{"http://127.0.0.1.example.org/hub", false, NULL},
		{"http://localhost@example.org/hub", false, NULL},
		{"http://localhost:x@example.org/hub", false, NULL},
		{"http://127.0.0.1:80@example.org/hub", false, NULL},
		{"http://example.org#@localhost/", false, NULL},
		{"http://example.org?@localhost/", false, NULL},
		{"http://", false, NULL},
		{"HTTP://example.org/hub", false, NULL},
		{"git://example.org/hub", false, NULL},
		{"ftp://example.org/hub", false, NULL},
		{"ext::sh -c 'touch /tmp/x'", false, NULL},
		{"fd::3", false, NULL},
		{"javascript://x", false, NULL},
		{"file://host/srv/hub", false, NULL},
		{"file://", false, NULL},
		{"file://relative", false, NULL},
		{"", false, NULL},
		{"-oProxyCommand=touch /tmp/x", false, NULL},
		{"--upload-pack=x", false, NULL},
		{"ssh://-oProxyCommand=x/hub", false, NULL},
		{"ssh://user@-oProxyCommand=x/hub", false, NULL},
		{"-oProxyCommand=x:hub", false, NULL},
		{"user@-oProxyCommand=x:hub", false, NULL},
		{"https://example.org/\nHost: x", false, NULL},
		{"/srv/\033[31mhub", false, NULL},
		{"/srv/hub\x7f", false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		int rc = cts_url_check(urls[i].url);
		const char *path;
		if (rc != (urls[i].is_good ? 0 : CTS_EVALUE))
			fail_msg("'%s': %d", urls[i].url, rc);
		if (rc < 0) {
			for (const char *at = cts_error_message(rc); *at; at++)
				assert_true((unsigned char)*at >= 0x20);
			continue;
		}
		path = cts_url_path(urls[i].url);
		if (!urls[i].path)
			assert_null(path);
		else
			assert_string_equal(path, urls[i].path);
	}
}

static void test_a_path_is_read_in_place(void **state)
{
	struct cts_source source;
	struct lab_store a;
	char hex[CTS_OID_HEX + 1];
	struct cts_oid found;

	(void)state;
	lab_hub("hub");
	a = lab_init("a", "DPMC");
	lab_remote(&a, "origin", "hub");
	lab_push(&a, "origin");
	for (int i = 0; i < 2; i++) {
		assert_ok(cts_source_open(&source,
			i ? lab_text("file://%s", lab_path("hub")) : lab_path("hub"), a.path,
			a.road, NULL));
		assert_null(source.quarantine.folder);
		assert_int_equal(source.ref_count, 3);
		found = cts_source_ref(&source, lab_text("refs/heads/%s", lab_branch(&a)));
		assert_string_equal(cts_oid_format(hex, &found), lab_own_head(&a));
		found = cts_source_ref(&source, "refs/heads/nothing");
		assert_true(cts_oid_is_zero(&found));
		assert_true(cts_odb_has(source.odb, &source.refs[0].oid));
		cts_source_close(&source);
		cts_source_close(&source); /* a closed one is an empty one */
	}
	lab_end();
	lab_close(&a);
}

static void test_what_cannot_be_opened_leaves_nothing(void **state)
{
	struct cts_source source;

	(void)state;
	lab_run("mkdir store");
	assert_int_equal(
		cts_source_open(&source, lab_path("nowhere"), lab_path("store"), NULL, NULL),
		CTS_EUNREACHABLE);
	assert_int_equal(
		cts_source_open(&source, "git://example.org/x", lab_path("store"), NULL, NULL),
		CTS_EVALUE);
	/* nobody listens on that port */
	assert_int_equal(
		cts_source_open(&source, "http://127.0.0.1:1/hub", lab_path("store"), NULL, NULL),
		CTS_EUNREACHABLE);
	assert_non_null(cts_error_hint());
	assert_string_equal(lab_run("ls -A store"), "");
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_lab, remove_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_urls_are_accepted_or_refused),
		T(test_a_path_is_read_in_place),
		T(test_what_cannot_be_opened_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
