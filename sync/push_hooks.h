/*
 * A push to a repository on a path that runs programs of its own when branches move: they would not
 * run if we wrote its branches ourselves, so the user's git pushes, from the mirror, and what git
 * reports is what happened. Whether git runs hooks of a repository that belongs to another user is
 * git's decision.
 */
#ifndef CTS_SYNC_PUSH_HOOKS_H
#define CTS_SYNC_PUSH_HOOKS_H

#include "sync/push_internal.h"

/* An executable pre-receive, update, post-receive or other hook of a push is there. */
bool cts_push_has_hooks(struct cts_repo *hub);

/* Our own branch in a push by itself, then the others. What the hooks say goes to server_says.
 * @return CTS_EREJECTED: a hook refused our branch; CTS_EREFUSED: there is no git to run;
 * CTS_EUNREACHABLE: git did not come so far */
int cts_push_through_git(struct cts_pushing *pushing);

#endif
