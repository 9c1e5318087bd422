/*
 * What may be fetched from: the addresses that are spoken, and that none of them is more than an address.
 */
#include "fixture.h"

#include "sync/source.h"

static void test_addresses_that_are_spoken(void **state)
{
	static const char *const urls[] = {"/srv/hub.git", "hub", "./a b", "../h;u#b",
		"file:///srv/hub.git", "ssh://git@example.org/hub", "ssh://git@[2001:db8::1]:22/hub",
		"git@example.org:hub.git", "git@[::1]:hub.git", "https://example.org/hub.git",
		"https://[2001:db8::1]/hub", "http://localhost/hub", "http://127.0.0.1:8080/hub",
		"http://[::1]:8080/hub", "http://user:word@localhost/hub"};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		if (cts_url_check(urls[i]) != 0)
			fail_msg("%s: %s", urls[i], cts_error_message(CTS_EVALUE));
}

static void test_addresses_that_are_refused(void **state)
{
	static const char *const urls[] = {"", "-u", "--upload-pack=x", "a\nb", "/a\x7f",
		"git://example.org/hub", "ftp://example.org/hub", "ext::sh -c x", "fd::3",
		"ssh://-oProxyCommand=x/hub", "ssh://me@-oProxyCommand=x/hub", "me@-ox:hub",
		"http://example.org/hub", "http://localhost.example.org/",
		"http://127.0.0.1.example.org/", "http://localhost@example.org/",
		"http://localhost:word@example.org/", "http://localhost:80@example.org:80/hub",
		"http://[::1]@example.org/"};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		if (cts_url_check(urls[i]) != CTS_EVALUE)
			fail_msg("'%s' is taken", urls[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_that_are_spoken),
		cmocka_unit_test(test_addresses_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
