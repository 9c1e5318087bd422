/*
 * Who we are to a server of https: the user's git is asked (git credential fill, with whatever helpers
 * and prompts the user has), and told whether the server took it; without git, the person at the
 * terminal is asked. Three attempts at most.
 */
#ifndef CTS_SYNC_CREDENTIAL_H
#define CTS_SYNC_CREDENTIAL_H

#include "sync/link/wire.h"

/* For libgit2's callback: what to show the server; called again when it was refused. */
int cts_credential_ask(
	git_credential **out, struct cts_wire *wire, const char *user, unsigned allowed);

/* After connecting: tells git to keep what was taken, and to forget what was not. */
void cts_credential_settle(struct cts_wire *wire, bool was_taken);

#endif
