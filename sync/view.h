/*
 * The branch main: the published view, for people who look with git or a web page. ctsync never reads it
 * as a source. A view commit has the remote's main and the heads new to it as parents, the view as its
 * tree, the greatest of its parents' times, and is nobody's: the same heads give the same commit.
 */
#ifndef CTS_SYNC_VIEW_H
#define CTS_SYNC_VIEW_H

#include "sync/road.h"

/* Copies a remote's main, with the chain of views below it, into the mirror, as far as it is made of views
 * of commits that we have, and keeps it as refs/remotes/<remote>/main.
 * @return CTS_EREFUSED when it is not that, with a reason that begins "it " */
int cts_view_take(struct cts_road *road, const char *remote, const struct cts_oid *main,
	struct cts_odb *source);

/* Makes the view commit that a remote's main (zero: none yet) should move to, in the mirror, from the
 * tree that cts_seal_locked(refresh) gave; the mirror must have `main` (cts_view_take). `out` is `main` itself when nothing is new to it.
 * `note` is set to what cts_view_note keeps once the remote has it.
 * @return CTS_EREFUSED when `main` is not a view commit that we can make again */
int cts_view_commit(struct cts_road *road, struct cts_oid *out, struct cts_buf *note,
	const struct cts_oid *main, const struct cts_oid *tree);

/* Remembers a view and the past that it shows, so the next push need not read its chain again. */
int cts_view_note(struct cts_txn *txn, const struct cts_buf *note);

#endif
