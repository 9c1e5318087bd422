/*
 * The file `received`: what git does not hold and a rebuild is to know again. Lines, only ever
 * appended:
 *
 *	2021-06-15T09:30:00Z head <commit>...                      these heads came
 *	2021-06-15T09:30:00Z refused <commit> <branch> <why>       a commit that is never taken
 *	2021-06-15T09:30:00Z pin <remote> <branch> <commit>        where a branch stood there
 *	2021-06-15T09:30:00Z forget <remote>                       it points elsewhere now, or nowhere
 */
#ifndef CTS_SYNC_RECEIVED_H
#define CTS_SYNC_RECEIVED_H

#include "proto/hash.h"
#include "sync/sync.h"

/* Each begins a line; cts_received_append ends the last. */
void cts_received_heads(struct cts_buf *lines, int64_t time);
void cts_received_add_head(struct cts_buf *lines, const struct cts_oid *head);
void cts_received_refused(struct cts_buf *lines, int64_t time, const struct cts_refusal *refusal);
void cts_received_pin(struct cts_buf *lines, int64_t time, const char *remote, const char *branch,
	const struct cts_oid *oid);
void cts_received_forget(struct cts_buf *lines, int64_t time, const char *remote);

/* Writes and syncs them; nothing when there are none. */
int cts_received_append(struct cts_store *store, const struct cts_buf *lines);

enum cts_received_kind {
	CTS_RECEIVED_HEADS,
	CTS_RECEIVED_REFUSED,
	CTS_RECEIVED_PIN,
	CTS_RECEIVED_FORGET,
};

struct cts_received {
	enum cts_received_kind kind;
	int64_t time;
	struct cts_oid *heads; /* of a pin or a refusal the one commit */
	size_t head_count;
	const char *remote, *branch, *why;
};

/* One line, in the arena; false for what is not of these forms, as a torn last line. */
bool cts_received_parse(
	struct cts_received *out, struct cts_arena *arena, const char *line, size_t size);

/* Notes that the store keeps of a pin and of a refusal (road.h), as a line tells them. */
int cts_received_note(struct cts_txn *txn, const struct cts_received *line);

/* Drops every note of a remote. */
int cts_received_note_forgotten(struct cts_txn *txn, const char *remote);

#endif
