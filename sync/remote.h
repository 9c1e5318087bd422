/*
 * Remotes by name: their URLs in the store's config, and what the store remembers of them.
 */
#ifndef CTS_SYNC_REMOTE_H
#define CTS_SYNC_REMOTE_H

#include "sync/sync.h"

/* NULL when there is no such remote; lives like cts_store_config's. */
const char *cts_remote_url(const struct cts_store *store, const char *name);

/* Sets it in the config; the section is made if there is none. */
int cts_remote_put_url(struct cts_store *store, const char *name, const char *url);

enum cts_remote_event { CTS_REMOTE_PULLED, CTS_REMOTE_PUSHED };

/* Notes that it was pulled from, or pushed to, now. */
int cts_remote_note_time(struct cts_txn *txn, const char *name, enum cts_remote_event event);

/* Joins what a remote is known to have into the vectors of that remote and of all. */
int cts_remote_note_pushed(
	struct cts_txn *txn, const char *name, const struct cts_vector *vector);

#endif
