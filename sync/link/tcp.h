/*
 * The stream under libgit2's http and TLS, in the child: libgit2's own sends a request in five small
 * packets, each of which may wait for the one before it to be acknowledged, and dies of a reset. Here what
 * is written is gathered until something is read.
 */
#ifndef CTS_SYNC_TCP_H
#define CTS_SYNC_TCP_H

#include "sync/link/child.h"

/* Every connection that libgit2 opens in this process from now on. */
int cts_tcp_use(struct cts_channel *channel);

/* Whether what was asked last came to nobody: the other side had hung up before, as some servers do after five
 * seconds. libgit2 connects anew for what is asked next. Told once. */
bool cts_tcp_was_left(void);

/* While it hurries, nothing is waited for longer than a moment. */
void cts_tcp_hurry(bool hurries);

#endif
