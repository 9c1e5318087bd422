/*
 * Showing the changes of `log`, one by one, in JSON and text: each as it comes, so that one which
 * touched a million records takes no memory. An edit that is a side of an open conflict is followed
 * by all sides.
 */
#ifndef CTS_CLI_LOG_SHOW_H
#define CTS_CLI_LOG_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/items.h"
#include "proto/change.h"
#include "store/store.h"

struct cts_session;

struct cts_log_show {
	struct cts_session *session;
	struct cts_txn *txn;
	const char *field;        /* only edits of this field; NULL: all */
	struct cts_items items;   /* items.count: the changes shown */
	struct cts_arena arena;   /* of the change at hand */
	struct cts_arena scratch; /* of one record's edits of it */
	const char **conflicts;   /* keys of records in conflict, ascending */
	size_t conflict_count;
	const struct cts_change *change; /* at hand */
	struct cts_jsonw *json;
	bool has_begun;
	struct cts_record_edits *disputed; /* its edits of records in conflict */
	size_t disputed_count;
};

/* Begins the answer. `key`: all changes will be of this record; NULL: of any. */
int cts_log_show_begin(struct cts_log_show *show, const char *key);

/* A change with its edits at hand, or (NULL) all of them asked of the store. With `field` a change
 * that has none of it is not shown. @return 1 shown, 0 not */
int cts_log_show_change(struct cts_log_show *show, const struct cts_change *change,
	const struct cts_record_edits *edits);

/* Ends the answer. */
void cts_log_show_end(struct cts_log_show *show);
void cts_log_show_release(struct cts_log_show *show);

#endif
