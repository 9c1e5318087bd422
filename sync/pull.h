/*
 * The steps of a pull behind its connection: whatever commits come from, a remote or a bundle, they go
 * through the same checks into the store.
 */
#ifndef CTS_SYNC_PULL_H
#define CTS_SYNC_PULL_H

#include "sync/source.h"

/* Whether what a source calls its root (zero: nothing) is ours. @return CTS_EREFUSED: another programme */
int cts_pull_check_root(struct cts_road *road, const struct cts_oid *theirs, const char *name);

/* Takes in what is new in an open source that is no remote, as cts_pull does: nothing is remembered of
 * where its branches stood or what it has. `name` is what errors call it. @return as cts_pull */
int cts_pull_from(struct cts_pull *out, struct cts_road *road, struct cts_source *source,
	const char *name, const struct cts_progress *progress);

/* Reserves seen commits for what was received since our last commit; they are pending then.
 * @return 1 reserved, 0 nothing was received; CTS_EREFUSED (no author known) */
int cts_pull_show_seen(struct cts_store *store);

#endif
