/*
 * A server that refuses a request while it still comes may answer and hang up: then what cannot be
 * written is dropped, and what it said can still be read.
 */
#include "sync/link/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <git2/sys/stream.h>

#include "sync/git/git.h"

enum {
	GATHER = 1 << 16,
	PIECE = 1 << 14,  /* a sign of life for each */
	NEXT_MS = 5000,   /* for an address, where there is another to try */
	HURRY_MS = 500
};

struct tcp {
	git_stream parent;
	struct cts_arena arena;
	const char *host, *port;
	int fd;
	bool is_deaf; /* takes no more */
	bool has_answered; /* since something was written */
	struct cts_buf out;
};

static struct cts_channel *life; /* the process's one */
static bool is_hurried, was_left;

static int fail(struct tcp *tcp, const char *what, const char *why)
{
	git_error_set_str(GIT_ERROR_NET,
		cts_arena_printf(&tcp->arena, "%s %s: %s", what, tcp->host, why));
	return -1;
}

/* @return 0, or an errno */
static int try_address(struct tcp *tcp, const struct addrinfo *address)
{
	int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		address->ai_protocol);
	struct pollfd polled = {.fd = fd, .events = POLLOUT};
	int code = 0, on = 1;
	socklen_t size = sizeof(code);

	if (fd < 0)
		return errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
		code = errno;
		if (code == EINPROGRESS) {
			code = ETIMEDOUT;
			if (poll(&polled, 1, address->ai_next ? NEXT_MS : -1) > 0)
				getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
		}
	}
	if (code) {
		close(fd);
		return code;
	}
	fcntl(fd, F_SETFL, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	tcp->fd = fd;
	return 0;
}

static int tcp_connect(git_stream *stream)
{
	struct tcp *tcp = (struct tcp *)stream;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
	struct addrinfo *found;
	int code = getaddrinfo(tcp->host, tcp->port, &hints, &found);

	if (code != 0)
		return fail(tcp, "cannot find", gai_strerror(code));
	code = EHOSTUNREACH;
	for (const struct addrinfo *at = found; at && code; at = at->ai_next)
		code = try_address(tcp, at);
	freeaddrinfo(found);
	return code ? fail(tcp, "cannot connect to", strerror(code)) : 0;
}

static void flush(struct tcp *tcp)
{
	for (size_t at = 0; at < tcp->out.size && !tcp->is_deaf;) {
		size_t size = tcp->out.size - at;
		ssize_t sent = send(
			tcp->fd, tcp->out.data + at, size < PIECE ? size : PIECE, MSG_NOSIGNAL);

		if (sent > 0) {
			at += (size_t)sent;
			cts_channel_alive(life);
		} else if (errno != EINTR) {
			tcp->is_deaf = true;
		}
	}
	cts_buf_clear(&tcp->out);
}

static bool is_left(const struct tcp *tcp)
{
	struct pollfd polled = {.fd = tcp->fd, .events = POLLRDHUP};

	return poll(&polled, 1, 0) > 0;
}

static ssize_t tcp_write(git_stream *stream, const char *data, size_t size, int flags)
{
	struct tcp *tcp = (struct tcp *)stream;

	(void)flags;
	if (tcp->has_answered && is_left(tcp))
		was_left = tcp->is_deaf = true;
	tcp->has_answered = false;
	cts_buf_put(&tcp->out, data, size);
	if (tcp->out.size >= GATHER)
		flush(tcp);
	return (ssize_t)size;
}

static ssize_t tcp_read(git_stream *stream, void *data, size_t size)
{
	struct tcp *tcp = (struct tcp *)stream;
	struct pollfd polled = {.fd = tcp->fd, .events = POLLIN};
	int on = 1;
	ssize_t got;

	flush(tcp);
	if (is_hurried && poll(&polled, 1, HURRY_MS) <= 0)
		return fail(tcp, "no more from", strerror(ETIMEDOUT));
	do {
		/* A server that sends its answer in two packets waits for this. */
		setsockopt(tcp->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
		got = recv(tcp->fd, data, size, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return fail(tcp, "lost the connection to", strerror(errno));
	tcp->has_answered = got > 0;
	if (got > 0)
		cts_channel_alive(life);
	return got;
}

static int tcp_close(git_stream *stream)
{
	struct tcp *tcp = (struct tcp *)stream;

	if (tcp->fd >= 0) {
		flush(tcp);
		close(tcp->fd);
	}
	tcp->fd = -1;
	return 0;
}

static void tcp_free(git_stream *stream)
{
	struct tcp *tcp = (struct tcp *)stream;

	tcp_close(stream);
	cts_buf_release(&tcp->out);
	cts_arena_release(&tcp->arena);
	free(tcp);
}

static int tcp_init(git_stream **out, const char *host, const char *port)
{
	struct tcp *tcp = cts_malloc(sizeof(*tcp));

	*tcp = (struct tcp){.fd = -1,
		.parent.version = GIT_STREAM_VERSION,
		.parent.connect = tcp_connect,
		.parent.read = tcp_read,
		.parent.write = tcp_write,
		.parent.close = tcp_close,
		.parent.free = tcp_free};
	tcp->host = cts_arena_strdup(&tcp->arena, host);
	tcp->port = cts_arena_strdup(&tcp->arena, port);
	*out = &tcp->parent;
	return 0;
}

bool cts_tcp_was_left(void)
{
	bool was = was_left;

	was_left = false;
	return was;
}

void cts_tcp_hurry(bool hurries)
{
	is_hurried = hurries;
}

int cts_tcp_use(struct cts_channel *channel)
{
	git_stream_registration ours = {.version = GIT_STREAM_VERSION, .init = tcp_init};
	int rc = git_stream_register(GIT_STREAM_STANDARD, &ours);

	life = channel;
	return rc < 0 ? cts_fail_git(CTS_EIO, rc, "libgit2 takes no stream") : 0;
}
