/*
 * What the parts of a check share; the invariants are listed in check.c.
 */
#ifndef CTS_STORE_CHECK_INTERNAL_H
#define CTS_STORE_CHECK_INTERNAL_H

#include "store/internal.h"

struct cts_checking {
	struct cts_txn *txn;
	struct cts_check *check;
	struct cts_sha256 digest;
	uint64_t index_entries, conflicts; /* as the records have them */
};

/* Tells of an invariant that does not hold. @return what the listener answers: not 0 ends the check */
int cts_check_violated(struct cts_checking *checking, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* 5 and 6; 7. */
int cts_check_changes(struct cts_checking *checking);
int cts_check_journal(struct cts_checking *checking, struct cts_store *store);

#endif
