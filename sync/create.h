/*
 * Making a store folder whole or not at all: it is filled under a temporary name beside its own, synced,
 * and renamed.
 */
#ifndef CTS_SYNC_CREATE_H
#define CTS_SYNC_CREATE_H

#include "sync/road.h"

struct cts_creating {
	char *path;  /* where it will be */
	char *fresh; /* where it is being made */
	struct cts_store *store;
	struct cts_road *road;
};

/* Down first parents from one commit to the one without any: the root. */
int cts_find_root(struct cts_odb *odb, struct cts_oid *out, struct cts_oid at);

/* The schema in the root's tree. */
int cts_read_schema(struct cts_odb *odb, struct cts_schema **out, const struct cts_oid *root);

/* Makes the folder with an empty store and mirror, opened. @return CTS_EREFUSED: something is there */
int cts_creating_begin(
	struct cts_creating *creating, const char *path, const struct cts_store_setup *setup);

/* Closes, syncs and renames. */
int cts_creating_finish(struct cts_creating *creating);

/* Releases; removes what was not finished. */
void cts_creating_end(struct cts_creating *creating);

#endif
