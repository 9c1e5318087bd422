/*
 * Who is responsible for a record: the agencies that its kind's owner field names; a kind without
 * one belongs to the record that its required reference names (a milestone to its workstream), and
 * so on upwards. Only shown, never a rule here: conflicts mark the side that a responsible agency
 * made.
 */
#ifndef CTS_CLI_OWNER_H
#define CTS_CLI_OWNER_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/record.h"
#include "store/store.h"

struct cts_owners {
	const char **keys; /* "agency/nzp"; in the arena given */
	size_t count;
};

/* No owner, or one above that is not here: count 0. */
int cts_owners_of(struct cts_owners *out, struct cts_txn *txn, struct cts_arena *arena,
	const struct cts_record *record);

/* The agency is among them; a cts_is_owner (record_out.h) whose context is the struct cts_owners.
 */
bool cts_owners_have(void *owners, const char *agency);

#endif
