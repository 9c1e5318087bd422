/*
 * A working set: the records that one writing command changes, as it leaves them, until all is
 * done and each is put into the store once. Later lines of a batch see what earlier ones did, and
 * a mistake in any of them leaves the store as it was.
 *
 *	static int rm_step(struct cts_work *work, void *context) { ... cts_work_delete(work, key); }
 *	rc = cts_work_run(session, &work_options, rm_step, &context);
 *
 * cts_work_run is the whole of a writing command: it runs the step inside one transaction (it may
 * be run again, so it must not touch anything but the working set and what it sets up anew), puts
 * what was changed, and prints `CHANGE RECORD...`, or the edits of a dry run, or that nothing was
 * changed.
 */
#ifndef CTS_CLI_WORK_H
#define CTS_CLI_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/change.h"
#include "proto/record.h"
#include "store/store.h"

struct cts_session;

/* A record in the working set. It stands here as bytes: a batch may hold a million of them. */
struct cts_work_item {
	const char *key;
	bool existed; /* live in the store, before */
	bool live;    /* live now */
	size_t line;  /* of the batch that touched it last; 0: no batch */
	struct cts_slice bytes; /* as it was last; empty if it was deleted as the store has it */
};

struct cts_work {
	struct cts_txn *txn;
	struct cts_arena arena;      /* of everything here; commands may use it too */
	struct cts_work_item *items; /* in the order in which they were first touched */
	size_t item_count;
	uint32_t *table; /* open addressing: index + 1 into items */
	size_t table_size;
	const char *name;    /* of the batch: goes before errors; NULL: none */
	size_t line;         /* of the batch that is being done */
	const char *message; /* where the user gave none; NULL: made from the edits */
	bool keeps_edits;
	const char **changed; /* after the flush: keys of what differs from before */
	size_t changed_count;
	struct cts_record_edits *edits; /* the same records' edits, if kept */
};

struct cts_work_options {
	const char *message; /* -m, or NULL */
	const char *author;  /* NULL: the session's */
	bool dry_run;
};

typedef int (*cts_work_fn)(struct cts_work *work, void *context);

int cts_work_run(struct cts_session *session, const struct cts_work_options *options,
	cts_work_fn step, void *context);

/* The key that an address names, in the working set or the store: exact, or (unless `exact`) a
 * unique prefix. @return CTS_ENOTFOUND, CTS_EREFUSED (ambiguous), CTS_EVALUE */
int cts_work_find(struct cts_work *work, const char **out, const char *address, bool exact);

/* A record as it is now. `out` is initialised by the call, only on success.
 * @return CTS_ENOTFOUND */
int cts_work_get(struct cts_work *work, struct cts_record *out, const char *key);

/* A record that was deleted here, as it was before. @return CTS_ENOTFOUND for any other */
int cts_work_get_deleted(struct cts_work *work, struct cts_record *out, const char *key);

int cts_work_life(struct cts_work *work, enum cts_life *out, const char *key);

/* Takes a record in as it is to be; checked as a whole (validate.h) against what stood before.
 * @return CTS_EVALUE */
int cts_work_put(struct cts_work *work, const struct cts_record *record);

/* @return CTS_ENOTFOUND */
int cts_work_delete(struct cts_work *work, const char *key);

/* A message as it goes into a change: normal text without blank lines around it, NULL for none.
 * @return CTS_EVALUE when it is too long or holds what text may not */
int cts_work_message(const char **out, struct cts_arena *arena, const char *given);

/* ---- the parts of cts_work_run, for commands that need them apart ---------------------------- */

void cts_work_begin(struct cts_work *work, struct cts_txn *txn);
void cts_work_release(struct cts_work *work);

/* Puts every record that differs, once. */
int cts_work_flush(struct cts_work *work);

/* The answer; `change` NULL: a dry run, the edits are shown. */
void cts_work_print(struct cts_session *session, const struct cts_work *work, const char *change);

#endif
