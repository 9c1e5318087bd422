/*
 * What a supervised child and its parent send each other: frames of a type, a size and bytes over a
 * socket pair. Neither side trusts a size: a frame beyond CTS_FRAME_MAX ends the talk.
 */
#ifndef CTS_SYNC_FRAME_H
#define CTS_SYNC_FRAME_H

#include "proto/buf.h"
#include "sync/link/child.h"

/* Frames that the two ends send themselves; the caller's types are positive. */
enum { CTS_FRAME_ALIVE = -1, CTS_FRAME_STEP = -2, CTS_FRAME_SAYS = -3, CTS_FRAME_RESULT = -4 };

enum { CTS_FRAME_MAX = CTS_CHILD_MESSAGE_MAX + 64 };

/* One end: the socket and what was read of it. */
struct cts_frames {
	int fd;
	struct cts_buf in;
	size_t used; /* of `in`, by frames handed out */
};

/* `wait_ms` negative: for ever. @return 1; 0: the other end is gone; -1: it took nothing for `wait_ms` */
int cts_frame_put(struct cts_frames *frames, int type, struct cts_slice bytes, int wait_ms);

/* A whole frame of what was read; its bytes live until the next call.
 * @return 1: one; 0: more must be read; -1: it is no frame */
int cts_frame_take(struct cts_message *out, struct cts_frames *frames);

/* Reads once. @return 1: something; 0: the other end is gone; -1: nothing for `wait_ms` */
int cts_frame_read(struct cts_frames *frames, int wait_ms);

#endif
