/*
 * What one typed command does to the records of a working set: the same for `add`, `set` and `rm`
 * as commands and as lines of a batch.
 */
#ifndef CTS_CLI_ACT_H
#define CTS_CLI_ACT_H

#include <stdbool.h>

#include "cli/assign.h"
#include "cli/work.h"

struct cts_act_add {
	const char *address; /* KIND, or KIND/ID */
	const char *agency;  /* begins ids that are made here */
	bool again;          /* a deleted id is brought back, with the values that it had */
	struct cts_assign_list assigns;
	bool was_brought_back; /* filled */
};

/* @return CTS_EREFUSED (the id exists, or was deleted), CTS_EVALUE */
int cts_act_add(struct cts_work *work, struct cts_act_add *add);

struct cts_act_set {
	const char *address;
	bool exact; /* no prefixes of ids */
	bool settle;
	const char *expected; /* --if: a hash or its first digits, checked before; or NULL */
	struct cts_assign_list assigns;
};

/* @return CTS_ENOTFOUND, CTS_EREFUSED (ambiguous; in conflict), CTS_EMISMATCH, CTS_EVALUE */
int cts_act_set(struct cts_work *work, const struct cts_act_set *set);

/* What --if takes: 4 to 40 hex digits. @return CTS_EUSAGE */
int cts_act_check_hash(const char *expected);

/* One record, by its whole id. @return CTS_ENOTFOUND */
int cts_act_rm(struct cts_work *work, const char *key);

/* The record as it was for the author of a change, before it; without conflicts, since what is made
 * from it settles them. `out` is initialised by the call. @return CTS_ENOTFOUND */
int cts_act_before(
	struct cts_txn *txn, struct cts_record *out, const char *key, struct cts_ref change);

#endif
