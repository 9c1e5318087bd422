/*
 * What the two halves of a local change share: its beginning (write_begin.c), and its records and its end
 * (write.c).
 */
#ifndef CTS_STORE_WRITE_INTERNAL_H
#define CTS_STORE_WRITE_INTERNAL_H

#include "store/internal.h"

/* Appends the nth frame of the transaction to the journal file; what is run again stands there already
 * and goes to LMDB. */
int cts_write_frame(struct cts_txn *txn, uint32_t n, const struct cts_frame *frame);

/* After the last frame: puts those of the change into LMDB's journal. Not one by one as they come: a seal
 * takes them out again, and the pages that it frees should lie side by side, for LMDB gives them to the
 * changes that follow, and pages side by side are written at once. */
int cts_write_journal(struct cts_txn *txn);

/* Begins a change of ours, now; `is_seen_only`: no more than the seen commits before one.
 * @return 1 begun, 0 there is nothing to show as seen */
int cts_write_begin(struct cts_txn *txn, bool is_seen_only);

/* The same for a name and a time that are known to be right. */
int cts_write_begin_as(struct cts_txn *txn, const char *agency, const char *author, int64_t time,
	bool is_seen_only);

#endif
