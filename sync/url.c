/*
 * URLs are looked at as text alone: what they are is decided before anything is opened, so that no
 * URL can name a program to run, or go over the network in the clear.
 */
#include "sync/url.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "proto/error.h"

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The host of what stands behind the "://": behind the user, who may have a name like a host's. */
static const char *host_of(const char *authority)
{
	size_t size = strcspn(authority, "/?#");
	const char *at = memrchr(authority, '@', size);

	return at ? at + 1 : authority;
}

static bool is_loopback(const char *authority)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
	const char *host = host_of(authority);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t size = strlen(names[i]);

		if (begins(host, names[i]) &&
			(host[size] == '\0' || host[size] == ':' || host[size] == '/'))
			return true;
	}
	return false;
}

/* user@host:path, as git reads it: a colon before any slash. */
static bool is_scp_like(const char *url)
{
	const char *colon = strchr(url, ':'), *slash = strchr(url, '/');

	return colon && colon != url && (!slash || colon < slash);
}

/* "ext::" and its like name programs to git; a host that looks like an option would be one to ssh. */
static bool is_for_program(const char *url)
{
	size_t word = strcspn(url, ":/[@");

	return begins(url + word, "::") || (is_scp_like(url) && host_of(url)[0] == '-') ||
		(begins(url, "ssh://") && host_of(url + 6)[0] == '-');
}

int cts_url_check(const char *url)
{
	for (const char *at = url; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return cts_fail(CTS_EVALUE, "the URL has control characters");
	if (!url[0] || url[0] == '-')
		return cts_fail(CTS_EVALUE, "'%s' is no URL", url);
	if (is_for_program(url))
		return cts_fail(CTS_EVALUE, "'%s' is no URL", url);
	if (begins(url, "file://") && url[7] != '/') {
		cts_fail(CTS_EVALUE, "'%s' is no file on this machine", url);
		cts_hint("file:///path, or the path alone");
		return CTS_EVALUE;
	}
	if (begins(url, "http://") && !is_loopback(url + 7)) {
		cts_fail(CTS_EVALUE, "'%s' is not encrypted; http is for this machine only", url);
		cts_hint("use https:// or ssh://");
		return CTS_EVALUE;
	}
	if (!strstr(url, "://") || begins(url, "file://") || begins(url, "ssh://") ||
		begins(url, "https://") || begins(url, "http://"))
		return 0;
	cts_fail(CTS_EVALUE, "'%s' is of a scheme that is not spoken here", url);
	cts_hint("a path, ssh://, https://, or user@host:path");
	return CTS_EVALUE;
}

const char *cts_url_path(const char *url)
{
	if (begins(url, "file://"))
		return url + 7;
	return strstr(url, "://") || is_scp_like(url) ? NULL : url;
}

const char *cts_url_shown(struct cts_arena *arena, const char *url)
{
	const char *authority = strstr(url, "://"), *host, *colon;

	if (!authority)
		return url;
	authority += 3;
	host = host_of(authority);
	colon = memchr(authority, ':', (size_t)(host - authority));
	if (!colon)
		return url;
	return cts_arena_printf(arena, "%.*s@%s", (int)(colon - url), url, host);
}

const char *cts_url_absolute(struct cts_arena *arena, const char *url)
{
	const char *path = cts_url_path(url);
	char here[PATH_MAX];

	if (!path || path[0] == '/' || strncmp(url, "file://", 7) == 0)
		return url;
	if (!getcwd(here, sizeof(here)))
		return url;
	/* getcwd() goes through no link, so its last folder is what `..` leaves. */
	for (;;) {
		if (strncmp(path, "./", 2) == 0) {
			path += 2;
		} else if (strncmp(path, "../", 3) == 0) {
			path += 3;
			*strrchr(here, '/') = 0;
			if (!*here)
				strcpy(here, "/");
		} else {
			break;
		}
	}
	return cts_arena_printf(arena, "%s/%s", strcmp(here, "/") == 0 ? "" : here, path);
}
