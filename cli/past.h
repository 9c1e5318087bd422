/*
 * What the commands that read the history share: naming a record that may be gone, an agency as
 * typed, a field whatever the kind, and edits that outlive the walk that gave them.
 */
#ifndef CTS_CLI_PAST_H
#define CTS_CLI_PAST_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/change.h"
#include "store/store.h"

/* The key that an address names: like cts_txn_find, but a deleted record is found by its exact id.
 * @return CTS_ENOTFOUND, CTS_EREFUSED (ambiguous), CTS_EVALUE */
int cts_past_find(
	struct cts_txn *txn, const char **out, struct cts_arena *arena, const char *address);

/* The id of an agency from its code or id, as typed; it must have made a change that is here.
 * @return CTS_ENOTFOUND with the nearest as hint, CTS_EVALUE */
int cts_past_agency(
	struct cts_txn *txn, const char **out, struct cts_arena *arena, const char *text);

/* A name under which edits may be kept: a field of the kind of `key`, or of any kind when `key` is
 * NULL, or `deleted`, or a member that no schema knows (with a slash). @return CTS_EVALUE with the
 * nearest */
int cts_past_field(const struct cts_schema *schema, const char *key, const char *name);

/* Adds a deep copy of what a change did to a record to an array grown by cts_arena_push, without
 * edits that left a field unset and, with `field`, without those of other fields.
 * @return 1 something was left and added, 0 nothing was */
int cts_past_keep(struct cts_record_edits **records, size_t *count, struct cts_arena *arena,
	const struct cts_record_edits *edits, const char *field);

#endif
