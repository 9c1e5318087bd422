/*
 * A sub-transport of libgit2's smart protocol that runs the user's ssh program, so that its
 * configuration, jump hosts, agents and hardware keys work. The program is `ssh`, or what GIT_SSH names;
 * GIT_SSH_COMMAND, which git gives to a shell, is taken only where it is one word.
 *
 * ssh talks with the person at the terminal itself; what it and the server write to stderr is passed on.
 */
#ifndef CTS_SYNC_SSH_H
#define CTS_SYNC_SSH_H

#include "sync/link/wire.h"

/* Starts the program. It connects while libgit2 starts, which takes it milliseconds.
 * @return CTS_EUNREACHABLE: there is no ssh; CTS_EREFUSED: no git; CTS_EVALUE */
int cts_ssh_start(struct cts_wire *wire, bool is_push);

/* Over the program that was started. */
git_smart_subtransport *cts_ssh_subtransport(struct cts_wire *wire);

/* Nothing more will be written: a server that wants more learns it. */
void cts_ssh_finish(struct cts_wire *wire);

/* Lets a git on this machine come to its end: cut short, it would leave in the repository what it took in
 * and refused. */
void cts_ssh_let_end(struct cts_wire *wire);

#endif
