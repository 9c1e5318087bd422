/*
 * Work that reads what strangers send, in a child process: a connection to a server, a bundle's pack.
 * The parent waits for messages and ends the child when none comes for a while; whatever happens to the
 * child (a reset, a signal, no memory), the parent gets an error and the store is as it was.
 *
 *	rc = cts_child_start(&child, &limits, work, &context);
 *	rc = cts_child_put(child, type, bytes)          parent -> child
 *	rc = cts_child_get(&message, child)             child -> parent: waits
 *	cts_child_end(child);                           ends it if it has not ended
 *
 * The child is forked, not executed: it has what the parent had in memory and none of its descriptors
 * but the standard ones, so it holds no lock of the store and no LMDB file. It must not touch the store.
 * It ends when its parent does, and what it starts itself ends with it.
 */
#ifndef CTS_SYNC_CHILD_H
#define CTS_SYNC_CHILD_H

#include <stdint.h>

#include "proto/buf.h"
#include "sync/sync.h"

struct cts_child;
struct cts_channel; /* the child's end */

struct cts_child_limits {
	int idle_s;            /* without a sign of life; 0: for ever */
	uint64_t memory_bytes; /* beyond what the parent has; 0: none. Not under sanitizers */
	uint64_t file_bytes;   /* largest file that it may write; 0: none */
	int cpu_s;             /* 0: none */
};

enum { CTS_CHILD_MESSAGE_MAX = 16 << 20 }; /* bytes of one message */

struct cts_message {
	int type; /* the caller's; positive */
	struct cts_slice bytes; /* until the next cts_child_get or cts_channel_get */
};

/* Runs in the child; what it returns (with its message and hint) is what cts_child_get tells last. */
typedef int (*cts_child_work)(struct cts_channel *channel, void *context);

/* `what` names the other side in errors: 'https://hub.example/x.git'. */
int cts_child_start(struct cts_child **out, const struct cts_child_limits *limits, const char *what,
	cts_child_work work, void *context, const struct cts_progress *progress);

/* @return CTS_EUNREACHABLE: it is not there any more, or takes nothing */
int cts_child_put(struct cts_child *child, int type, struct cts_slice bytes);

/* The next message; progress and server words on the way are passed on.
 * @return 1: a message; 0: the work ended well; negative: its error, or CTS_EUNREACHABLE when it was
 * silent for too long or was ended by a signal or a limit */
int cts_child_get(struct cts_message *out, struct cts_child *child);

void cts_child_end(struct cts_child *child); /* NULL allowed */

/* ---- in the child ---- */

int cts_channel_put(struct cts_channel *channel, int type, struct cts_slice bytes);

/* @return 1: a message; 0: the parent wants no more */
int cts_channel_get(struct cts_message *out, struct cts_channel *channel);

/* A sign of life; costs nothing when the last was a moment ago. */
void cts_channel_alive(struct cts_channel *channel);

/* A progress whose calls reach the parent's; each is a sign of life. */
const struct cts_progress *cts_channel_progress(struct cts_channel *channel);

/* In a process that the child forked, before it executes a program: limits and signals are again those
 * that the user's shell gave, and the program is asked to end when the child does. */
void cts_channel_before_exec(struct cts_channel *channel);

#endif
