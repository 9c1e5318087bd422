/*
 * What the parts of a push share: push.c is the whole, push_plan.c what to send, push_path.c,
 * push_server.c and push_hooks.c the three ways to send it.
 */
#ifndef CTS_SYNC_PUSH_INTERNAL_H
#define CTS_SYNC_PUSH_INTERNAL_H

#include "sync/git/repo.h"
#include "sync/road.h"
#include "sync/send.h"

/* One branch to move there. */
struct cts_move {
	const char *name; /* "refs/heads/..." */
	struct cts_oid old, new;
	bool is_own;
	bool is_forced; /* `new` need not follow from `old` */
	bool is_done;
};

struct cts_pushing {
	struct cts_road *road;
	struct cts_push *out;
	const char *remote, *url;
	const struct cts_progress *progress;
	struct cts_arena arena;
	struct cts_ref_entry *refs; /* of the remote, before */
	size_t ref_count;
	struct cts_repo *hub; /* a path; NULL: a server */
	struct cts_odb *hub_odb;
	struct cts_link *link; /* to a server, while it is open */
	struct cts_vector has;  /* what the remote is known to have */
	struct cts_move *moves; /* our own branch first, if it is among them */
	size_t move_count;
	struct cts_sending *sending; /* the commits behind them, and the view */
	size_t sending_count;
	bool is_separate; /* our branch goes in a request of its own there */
	bool is_again;    /* a request that was refused goes again with less */
	struct cts_progress hearing; /* `progress`, without words that were heard before */
	const char **heard;
	size_t heard_count;
	struct cts_txn *txn;
	int lock; /* of the mirror; -1: not held */
	struct cts_buf view_note; /* empty: no view is pushed */
};

/* A branch of the remote, as it was before; zero: none. */
struct cts_oid cts_push_ref(const struct cts_pushing *pushing, const char *name);

void cts_push_note_moved(struct cts_pushing *pushing, struct cts_move *move);
void cts_push_note_declined(struct cts_pushing *pushing, const char *name, const char *why);

/* The failure of our own branch, which is the push's. Returns CTS_EREJECTED. */
int cts_push_fail_own(const char *why);

/* ---- push_plan.c ---- */

/* Joins what is behind the remote's branches into `has`. */
int cts_push_learn(struct cts_pushing *pushing);

/* Work of a line whose branch there went another way (a restored copy's) travels as a parent of a
 * new writer's seen commit: reserves that. Ends the transaction if it does. */
int cts_push_rescue(struct cts_pushing *pushing);

/* Lists the writers' branches to move. @return CTS_EREJECTED: our own stands apart there */
int cts_push_plan(struct cts_pushing *pushing);

/* Ends the transaction and gives the mirror's lock back. */
void cts_push_let_go(struct cts_pushing *pushing);

/* ---- the ways to send it ---- */

/* Each is negative when our own branch was not taken; others in good faith. */
int cts_push_to_path(struct cts_pushing *pushing);

/* Begins to connect; cts_push_list_server waits until that is done. */
int cts_push_start_link(struct cts_pushing *pushing);
int cts_push_list_server(struct cts_pushing *pushing);
int cts_push_to_server(struct cts_pushing *pushing);

#endif
