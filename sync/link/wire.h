/*
 * A connection as it is in the child: libgit2's smart transport over a sub-transport that is watched.
 * Every byte that passes is a sign of life; what the server advertises is read along, since libgit2 does
 * not tell which capabilities it has. Internal to link_child.c and its neighbours.
 */
#ifndef CTS_SYNC_WIRE_H
#define CTS_SYNC_WIRE_H

#include <git2/sys/transport.h>

#include "sync/link/child.h"
#include "sync/git/git.h"
#include "sync/link/pkt.h"

struct cts_wire {
	struct cts_channel *channel;
	const char *url;
	const char *shown; /* in messages: without a password */
	bool is_http, is_https;
	int rc; /* what a layer of ours failed with; its message is this thread's */
	git_transport *transport;
	git_smart_subtransport *sub; /* the watched one */
	git_smart_subtransport_stream *stream; /* of it, in use; NULL: none */
	struct cts_ssh *ssh;         /* under it; NULL: it is http */
	uint64_t received, sent;
	bool is_open;                /* the advertisement is over */
	struct cts_buf advert;       /* a line of it that is not whole yet */
	struct cts_buf capabilities; /* " report-status ofs-delta agent=..." */
	bool has_service, has_capabilities;
	struct cts_lines words; /* of the server */
	struct cts_credential *credential;
};

/* Connects for one direction: GIT_DIRECTION_FETCH or GIT_DIRECTION_PUSH. */
int cts_wire_open(struct cts_wire *wire, int direction);

/* When all is said: hears an answer of http to its end. A server whose connection is dropped before that
 * takes it for a fault. */
void cts_wire_finish(struct cts_wire *wire);

/* For the layers below libgit2, after cts_fail: what libgit2 is to return. */
int cts_wire_fail(struct cts_wire *wire, int rc);

/* The failure of a call of libgit2, with the hint that fits. */
int cts_wire_explain(struct cts_wire *wire, int git_code);

#endif
