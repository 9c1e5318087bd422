/*
 * ssh gives user and host to programs of the user's configuration (ProxyCommand %h, %r), some of which
 * are shells, so only letters that mean nothing to a shell pass.
 */
#include "sync/link/ssh_url.h"

#include <stdbool.h>
#include <string.h>

#include "proto/error.h"

static bool is_made_of(const char *text, const char *signs)
{
	for (; *text; text++)
		if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
			    (*text >= '0' && *text <= '9') || strchr(signs, *text) ||
			    (unsigned char)*text >= 0x80))
			return false;
	return true;
}

static int hex(char digit)
{
	const char *digits = "0123456789abcdef", *at;

	at = digit ? strchr(digits, digit >= 'A' && digit <= 'F' ? digit - 'A' + 'a' : digit) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* %2f and its like; %00 and whatever else begins with a percent sign stay as they are. */
static char *decode(struct cts_arena *arena, const char *text)
{
	char *out = cts_arena_strdup(arena, text), *to = out;

	for (const char *at = text; *at; at++) {
		int high = *at == '%' ? hex(at[1]) : -1, low = high >= 0 ? hex(at[2]) : -1;

		if (low >= 0 && (high || low)) {
			*to++ = (char)(high << 4 | low);
			at += 2;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
	return out;
}

/* "user@host", "user@[::1]", each with ":port" behind it. Cuts `text`. */
static bool split(struct cts_ssh_url *out, struct cts_arena *arena, char *text)
{
	char *at = strrchr(text, '@'), *host = at ? at + 1 : text, *end;
	const char *user = at ? cts_arena_strndup(arena, text, (size_t)(at - text)) : NULL;

	if (host[0] == '[') {
		end = strchr(host, ']');
		if (!end)
			return false;
		*end++ = '\0';
		host++;
		/* git's [host:port]:path */
		if (!*end && strchr(host, ':') && strchr(host, ':') == strrchr(host, ':'))
			end = strchr(host, ':');
	} else {
		end = host + strcspn(host, ":");
	}
	if (*end == ':') {
		*end++ = '\0';
		out->port = *end ? end : NULL;
	} else if (*end) {
		return false;
	}
	if (out->port &&
		(strlen(out->port) > 5 || strspn(out->port, "0123456789") != strlen(out->port)))
		return false;
	if (!host[0] || host[0] == '-' || !is_made_of(host, ".-_:%"))
		return false;
	if (user && (!user[0] || user[0] == '-' || !is_made_of(user, ".-_+@%=,~/\\")))
		return false;
	out->host = user ? cts_arena_printf(arena, "%s@%s", user, host) : host;
	return true;
}

int cts_ssh_url_parse(struct cts_ssh_url *out, struct cts_arena *arena, const char *url)
{
	struct cts_ssh_url parsed = {0};
	const char *rest = url;
	char *text, *path;
	bool is_good;

	if (strncmp(url, "ssh://", 6) == 0) {
		text = decode(arena, url + 6);
		path = strchr(text, '/');
		rest = path ? path : "";
		if (path && path[1] == '~')
			rest = path + 1;
		rest = cts_arena_strdup(arena, rest);
		if (path)
			*path = '\0';
	} else {
		text = cts_arena_strdup(arena, url);
		path = strchr(text, '[');
		if (!path || path > strchr(text, ':') || !strchr(path, ']'))
			path = text; /* no "[::1]:path" */
		else
			path = strchr(path, ']');
		path = strchr(path, ':');
		rest = path ? path + 1 : "";
		if (path)
			*path = '\0';
	}
	is_good = split(&parsed, arena, text) && rest[0] && rest[0] != '-';
	for (const char *at = rest; is_good && *at; at++)
		is_good = (unsigned char)*at >= 0x20 && *at != 0x7f;
	if (!is_good) {
		cts_fail(CTS_EVALUE, "'%s' is no address of a repository that ssh could reach", url);
		cts_hint("ssh://user@host/path, or user@host:path");
		return CTS_EVALUE;
	}
	parsed.path = rest;
	*out = parsed;
	return 0;
}

void cts_shell_quote(struct cts_buf *out, const char *text)
{
	cts_buf_putc(out, '\'');
	for (; *text; text++) {
		/* An exclamation mark is one of csh's even between quotes. */
		if (*text == '\'' || *text == '!')
			cts_buf_printf(out, "'\\%c'", *text);
		else
			cts_buf_putc(out, *text);
	}
	cts_buf_putc(out, '\'');
}
