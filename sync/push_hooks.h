/*
 * Whether a repository on a path runs programs of its own when branches move: they would not run if we
 * wrote its branches ourselves, so git receives what is pushed there. Whether git runs hooks of a
 * repository that belongs to another user is git's decision.
 */
#ifndef CTS_SYNC_PUSH_HOOKS_H
#define CTS_SYNC_PUSH_HOOKS_H

#include <stdbool.h>

#include "sync/git/repo.h"

/* An executable pre-receive, update, post-receive or other hook of a push is there. */
bool cts_push_has_hooks(struct cts_repo *hub);

#endif
