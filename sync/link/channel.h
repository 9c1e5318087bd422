/*
 * The child's end of a supervised child: what runs between the fork and the work. Internal to child.c.
 */
#ifndef CTS_SYNC_CHANNEL_H
#define CTS_SYNC_CHANNEL_H

#include <sys/types.h>

#include "sync/link/child.h"

/* Runs the work in the process just forked, tells its result over `fd`, and ends the process. */
_Noreturn void cts_channel_run(int fd, pid_t parent, const struct cts_child_limits *limits,
	cts_child_work work, void *context);

#endif
