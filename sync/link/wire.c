/*
 * The smart transport owns the watched sub-transport, which owns the real one. Nothing of it is ever
 * freed: the process ends when the connection's work does.
 */
#include "sync/link/wire.h"

#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"
#include "sync/link/credential.h"
#include "sync/link/ssh.h"
#include "sync/link/tcp.h"

enum { ADVERT_MAX = 32 << 20, REST_READS = 16 };

/* ---- what is advertised ----------------------------------------------------------------------- */

/* [ "# service=..." flush ] first reference NUL capabilities. Nothing is kept of what was looked at. */
static void read_along(struct cts_wire *wire, const char *data, size_t size)
{
	struct cts_buf *advert = &wire->advert;
	struct cts_slice line;
	size_t at = 0, used;

	if (wire->has_capabilities)
		return;
	cts_buf_put(advert, data, size);
	for (;; at += used) {
		enum cts_pkt got =
			cts_pkt_parse(&line, &used, advert->data + at, advert->size - at);
		const char *text = line.data, *nul;

		if (got == CTS_PKT_MORE)
			break;
		if (got == CTS_PKT_LINE && line.size && text[0] == '#')
			wire->has_service = true;
		else if (got != CTS_PKT_FLUSH || !wire->has_service)
			wire->has_capabilities = true;
		if (!wire->has_capabilities)
			continue;
		nul = got == CTS_PKT_LINE ? memchr(text, '\0', line.size) : NULL;
		if (nul) {
			line.size -= (size_t)(nul + 1 - text);
			line.data = nul + 1;
			line = cts_pkt_trim(line);
			cts_buf_put(&wire->capabilities, line.data, line.size);
		}
		at = advert->size;
		break;
	}
	memmove(advert->data, advert->data + at, advert->size - at);
	advert->size -= at;
}

/* ---- the watched sub-transport ---------------------------------------------------------------- */

struct watched_stream {
	git_smart_subtransport_stream parent;
	git_smart_subtransport_stream *inner;
	struct cts_wire *wire;
	bool has_read; /* some of an answer */
};

struct watched {
	git_smart_subtransport parent;
	git_smart_subtransport *inner;
	struct cts_wire *wire;
};

static int watched_read(
	git_smart_subtransport_stream *stream, char *data, size_t size, size_t *got)
{
	struct watched_stream *watched = (struct watched_stream *)stream;
	struct cts_wire *wire = watched->wire;
	int rc = watched->inner->read(watched->inner, data, size, got);

	if (rc < 0)
		return rc;
	watched->has_read = *got > 0;
	if (*got)
		cts_channel_alive(wire->channel);
	wire->received += *got;
	if (wire->is_open)
		return 0;
	read_along(wire, data, *got);
	if (wire->received <= ADVERT_MAX)
		return 0;
	return cts_wire_fail(wire, cts_fail(CTS_EUNREACHABLE,
		"'%s' lists more branches than can be read", wire->shown));
}

static int watched_write(git_smart_subtransport_stream *stream, const char *data, size_t size)
{
	struct watched_stream *watched = (struct watched_stream *)stream;
	int rc = watched->inner->write(watched->inner, data, size);

	if (rc < 0)
		return rc;
	watched->wire->sent += size;
	cts_channel_alive(watched->wire->channel);
	return 0;
}

void cts_wire_finish(struct cts_wire *wire)
{
	struct watched_stream *watched = (struct watched_stream *)wire->stream;
	char rest[4096];
	size_t got = 1;

	if (!watched || !wire->is_http || !watched->has_read || wire->rc < 0)
		return;
	cts_tcp_hurry(true);
	for (int i = 0; i < REST_READS && got; i++)
		if (watched->inner->read(watched->inner, rest, sizeof(rest), &got) < 0)
			break;
	cts_tcp_hurry(false);
	watched->has_read = false;
}

static void watched_stream_free(git_smart_subtransport_stream *stream)
{
	struct watched_stream *watched = (struct watched_stream *)stream;

	if (watched->wire->stream == stream) {
		cts_wire_finish(watched->wire);
		watched->wire->stream = NULL;
	}
	watched->inner->free(watched->inner);
	free(watched);
}

static int watched_action(git_smart_subtransport_stream **out, git_smart_subtransport *transport,
	const char *url, git_smart_service_t service)
{
	struct watched *watched = (struct watched *)transport;
	struct cts_wire *wire = watched->wire;
	struct watched_stream *stream = (struct watched_stream *)wire->stream;
	git_smart_subtransport_stream *inner;
	int rc = watched->inner->action(&inner, watched->inner, url, service);

	if (rc < 0)
		return rc;
	/* A stateful connection has one stream, and libgit2 checks that it stays the same. */
	if (!stream || stream->inner != inner) {
		stream = cts_malloc(sizeof(*stream));
		*stream = (struct watched_stream){.parent.subtransport = transport,
			.parent.read = watched_read,
			.parent.write = watched_write,
			.parent.free = watched_stream_free,
			.inner = inner,
			.wire = wire};
		wire->stream = &stream->parent;
	}
	*out = wire->stream;
	return 0;
}

static int watched_close(git_smart_subtransport *transport)
{
	struct watched *watched = (struct watched *)transport;

	return watched->inner->close(watched->inner);
}

static void watched_free(git_smart_subtransport *transport)
{
	struct watched *watched = (struct watched *)transport;

	watched->inner->free(watched->inner);
	free(watched);
}

static int watch(git_smart_subtransport **out, git_transport *owner, void *param)
{
	struct cts_wire *wire = param;
	git_smart_subtransport *inner;
	struct watched *watched;

	if (wire->is_http) {
		int rc = git_smart_subtransport_http(&inner, owner, NULL);

		if (rc < 0)
			return rc;
	} else {
		inner = cts_ssh_subtransport(wire);
	}
	watched = cts_malloc(sizeof(*watched));
	*watched = (struct watched){.parent.action = watched_action,
		.parent.close = watched_close,
		.parent.free = watched_free,
		.inner = inner,
		.wire = wire};
	wire->sub = *out = &watched->parent;
	return 0;
}

/* ---- failures --------------------------------------------------------------------------------- */

int cts_wire_fail(struct cts_wire *wire, int rc)
{
	wire->rc = rc;
	git_error_set_str(GIT_ERROR_NET, cts_error_message(rc));
	return GIT_EUSER;
}

/* What servers of git say in HTTP's numbers. */
static int explain_status(const struct cts_wire *wire, int status)
{
	switch (status) {
	case 403:
		cts_fail(CTS_EAUTH, "'%s' does not allow you to do that (403)", wire->shown);
		cts_hint("ask who runs it for the right to read or write there");
		return CTS_EAUTH;
	case 404:
		cts_fail(CTS_EUNREACHABLE, "there is no repository at '%s' (404)", wire->shown);
		cts_hint("check the address: ctsync remote list; some servers also say so to those "
			 "who may not see it");
		return CTS_EUNREACHABLE;
	case 413:
		cts_fail(CTS_EUNREACHABLE, "'%s' takes no request as large as that (413)", wire->shown);
		cts_hint("who runs it can allow larger ones (nginx: client_max_body_size)");
		return CTS_EUNREACHABLE;
	default:
		cts_fail(CTS_EUNREACHABLE, "'%s' has a fault of its own (HTTP status %d)", wire->shown,
			status);
		cts_hint("tell who runs it; what you changed stays here until then");
		return CTS_EUNREACHABLE;
	}
}

int cts_wire_explain(struct cts_wire *wire, int git_code)
{
	static const char http[] = "unexpected http status code: ";
	const git_error *error = git_error_last();
	const char *text = error && error->message ? error->message : "", *status;
	int rc;

	if (wire->rc < 0)
		return wire->rc;
	status = strstr(text, http);
	if (status)
		return explain_status(wire, atoi(status + strlen(http)));
	if (strncmp(text, "cannot redirect", 15) == 0) {
		cts_fail(CTS_EUNREACHABLE, "'%s' sends us elsewhere: %s", wire->shown, text);
		cts_hint("if that is right, set the new address: ctsync remote set-url");
		return CTS_EUNREACHABLE;
	}
	if (strncmp(text, "invalid content-type", 20) == 0) {
		cts_fail(CTS_EUNREACHABLE, "what answers at '%s' is no git repository", wire->shown);
		cts_hint("check the address: ctsync remote list");
		return CTS_EUNREACHABLE;
	}
	if (error && error->klass == GIT_ERROR_NOMEMORY)
		return cts_fail(CTS_EUNREACHABLE, "what '%s' sent takes more memory than is allowed",
			wire->shown);
	rc = cts_fail_git(CTS_EUNREACHABLE, git_code,
		wire->is_open ? "the talk with '%s' broke off" : "cannot reach '%s'", wire->shown);
	if (git_code == GIT_ECERTIFICATE)
		cts_hint("its certificate is not one that is trusted here: ask who runs it, then "
			 "have the certificate installed");
	else if (rc == CTS_EAUTH)
		cts_hint("check the credentials for this host: git credential fill");
	else if (wire->is_open)
		cts_hint("nothing changed here; try again");
	else
		cts_hint("check the network and the address; what you changed stays here until then");
	return rc;
}

/* ---- connecting ------------------------------------------------------------------------------- */

static int on_credentials(git_credential **out, const char *url, const char *user,
	unsigned allowed, void *payload)
{
	(void)url;
	return cts_credential_ask(out, payload, user, allowed);
}

/* Redirects are followed on the same host alone: elsewhere the user's credentials for this host would
 * go to another, and from this machine's http the talk could go in the clear. */
static void set_options(git_remote_connect_options *options, struct cts_wire *wire)
{
	git_remote_connect_options_init(options, GIT_REMOTE_CONNECT_OPTIONS_VERSION);
	options->callbacks.credentials = on_credentials;
	options->callbacks.payload = wire;
	options->follow_redirects = GIT_REMOTE_REDIRECT_NONE;
	options->proxy_opts.type = wire->is_https ? GIT_PROXY_AUTO : GIT_PROXY_NONE;
}

/* How far git has come on the other side is no news: our own progress says what there is to wait for. */
static bool is_counting(const char *line)
{
	static const char *const beginnings[] = {"Enumerating objects:", "Counting objects:",
		"Compressing objects:", "Total ", "Unpacking objects:", "Resolving deltas:"};

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static void say(void *context, const char *line)
{
	const struct cts_progress *progress = cts_channel_progress(context);

	if (!is_counting(line))
		progress->server_says(progress->context, line);
}

/* Certificates that the user trusts beside the system's, said as to git. */
static int trust(void)
{
	const char *file = getenv("GIT_SSL_CAINFO"), *folder = getenv("GIT_SSL_CAPATH");
	git_config *config = NULL;
	git_buf path = {0};
	int rc = 0;

	if (!file && git_config_open_default(&config) == 0 &&
		git_config_get_path(&path, config, "http.sslCAInfo") == 0)
		file = path.ptr;
	if (file || folder)
		rc = git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, folder);
	if (rc < 0)
		rc = cts_fail_git(CTS_EIO, rc, "cannot read the certificates in '%s'",
			file ? file : folder);
	git_buf_dispose(&path);
	git_config_free(config);
	return rc;
}

/* Children of one parent would draw the same random numbers for TLS, so libgit2 starts anew for it. */
static int start(struct cts_wire *wire)
{
	int rc = wire->is_https ? cts_git_restart() : cts_git_start();

	if (rc == 0 && wire->is_https)
		rc = trust();
	if (rc == 0 && wire->is_http)
		rc = cts_tcp_use(wire->channel);
	return rc;
}

int cts_wire_open(struct cts_wire *wire, int direction)
{
	git_smart_subtransport_definition definition = {.callback = watch, .param = wire};
	git_remote_connect_options options;
	git_remote *remote;
	int rc;

	wire->is_https = strncmp(wire->url, "https://", 8) == 0;
	wire->is_http = wire->is_https || strncmp(wire->url, "http://", 7) == 0;
	wire->words = (struct cts_lines){.take = say, .context = wire->channel};
	definition.rpc = wire->is_http;
	rc = wire->is_http ? 0 : cts_ssh_start(wire, direction == GIT_DIRECTION_PUSH);
	if (rc == 0)
		rc = start(wire);
	if (rc < 0)
		return rc;
	set_options(&options, wire);
	rc = git_remote_create_detached(&remote, wire->url);
	if (rc == 0)
		rc = git_transport_smart(&wire->transport, remote, &definition);
	if (rc == 0)
		rc = wire->transport->connect(wire->transport, wire->url, direction, &options);
	if (rc < 0)
		rc = cts_wire_explain(wire, rc);
	cts_credential_settle(wire, rc == 0);
	wire->is_open = rc == 0;
	return rc;
}
