/*
 * What the two halves of a local change share: its beginning (write_begin.c), and its records and its end
 * (write.c).
 */
#ifndef CTS_STORE_WRITE_INTERNAL_H
#define CTS_STORE_WRITE_INTERNAL_H

#include "store/internal.h"

/* Puts the next frame of the transaction into the journal, in LMDB and (unless it stands there) the file.
 * LMDB may get it later, but not after the frame that ends the transaction. */
int cts_write_frame(struct cts_txn *txn, const struct cts_frame *frame);

/* Begins a change of ours, now; `is_seen_only`: no more than the seen commits before one.
 * @return 1 begun, 0 there is nothing to show as seen */
int cts_write_begin(struct cts_txn *txn, bool is_seen_only);

/* The same for a name and a time that are known to be right. */
int cts_write_begin_as(struct cts_txn *txn, const char *agency, const char *author, int64_t time,
	bool is_seen_only);

#endif
