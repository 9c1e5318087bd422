/*
 * A program of the user's (ssh, git credential) run by a supervised child, on pipes; with a vector of
 * arguments, never through a shell. It ends when the child does.
 */
#ifndef CTS_SYNC_PROGRAM_H
#define CTS_SYNC_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "sync/link/child.h"

struct cts_program {
	pid_t pid;
	int in, out, err; /* our ends: what it reads, what it writes; not blocking */
};

/* @return CTS_ENOTFOUND: there is no such program; CTS_EIO */
int cts_program_start(
	struct cts_program *out, struct cts_channel *channel, const char *const *argv);

/* Closes what is open and waits; a program that does not end within `wait_ms` is ended.
 * @return its wait status */
int cts_program_end(struct cts_program *program, int wait_ms);

#endif
