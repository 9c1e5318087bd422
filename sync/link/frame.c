/*
 * Writing never raises SIGPIPE and never waits longer than it is told, so that neither end can hold the
 * other up for ever.
 */
#include "sync/link/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { HEADER = 8, READ_BYTES = 1 << 16 };

/* 1: ready; 0: the time is over. */
static int wait_for(int fd, short events, int wait_ms)
{
	struct pollfd polled = {.fd = fd, .events = events};
	int ready;

	do
		ready = poll(&polled, 1, wait_ms);
	while (ready < 0 && errno == EINTR);
	return ready != 0;
}

int cts_frame_put(struct cts_frames *frames, int type, struct cts_slice bytes, int wait_ms)
{
	unsigned char header[HEADER];
	struct iovec parts[] = {
		{.iov_base = header, .iov_len = HEADER},
		{.iov_base = (void *)bytes.data, .iov_len = bytes.size},
	};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	uint32_t numbers[] = {(uint32_t)type, (uint32_t)bytes.size};

	for (int i = 0; i < HEADER; i++)
		header[i] = (unsigned char)(numbers[i / 4] >> (24 - 8 * (i % 4)));
	while (parts[0].iov_len || parts[1].iov_len) {
		ssize_t sent = sendmsg(frames->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (!wait_for(frames->fd, POLLOUT, wait_ms))
				return -1;
			continue;
		}
		if (sent < 0)
			return 0;
		for (int i = 0; i < 2; i++) {
			size_t part = (size_t)sent < parts[i].iov_len ? (size_t)sent
								      : parts[i].iov_len;

			if (!part)
				continue;
			parts[i].iov_base = (char *)parts[i].iov_base + part;
			parts[i].iov_len -= part;
			sent -= (ssize_t)part;
		}
	}
	return 1;
}

int cts_frame_take(struct cts_message *out, struct cts_frames *frames)
{
	size_t left = frames->in.size - frames->used, size;
	const char *at;

	if (left < HEADER)
		return 0;
	at = frames->in.data + frames->used;
	size = cts_be32(at + 4);
	if (size > CTS_FRAME_MAX)
		return -1;
	if (left - HEADER < size)
		return 0;
	*out = (struct cts_message){.type = (int)cts_be32(at),
		.bytes = {.data = at + HEADER, .size = size}};
	frames->used += HEADER + size;
	return 1;
}

int cts_frame_read(struct cts_frames *frames, int wait_ms)
{
	struct cts_buf *in = &frames->in;
	ssize_t size;

	if (frames->used) {
		memmove(in->data, in->data + frames->used, in->size - frames->used);
		in->size -= frames->used;
		frames->used = 0;
	}
	for (;;) {
		if (!wait_for(frames->fd, POLLIN, wait_ms))
			return -1;
		cts_buf_reserve(in, READ_BYTES);
		size = recv(frames->fd, in->data + in->size, READ_BYTES, MSG_DONTWAIT);
		if (size > 0) {
			in->size += (size_t)size;
			in->data[in->size] = '\0';
			return 1;
		}
		if (size == 0 || (errno != EAGAIN && errno != EINTR))
			return 0;
	}
}
