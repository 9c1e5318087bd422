/*
 * Receipts. What somebody had seen is what their commits build on, so an acknowledgement is a commit: a
 * seen commit made at once, and not before the next edit as otherwise.
 */
#include "sync/pull.h"

static int show_seen(struct cts_txn *txn, void *context)
{
	(void)context;
	return cts_txn_show_seen(txn);
}

int cts_pull_show_seen(struct cts_store *store)
{
	return cts_store_exchange(store, show_seen, NULL);
}

static int name_own(void *context, const struct cts_line *line)
{
	if (line->is_own)
		cts_change_format(context, line->writer, line->head_seq);
	return line->is_own;
}

int cts_receipt(
	char change[CTS_CHANGE_TEXT], struct cts_road *road, const struct cts_progress *progress)
{
	struct cts_txn *txn = NULL;
	int rc = cts_pull_show_seen(road->store);

	if (rc < 1)
		return rc;
	rc = cts_seal(road, progress);
	if (rc >= 0)
		rc = cts_txn_begin(&txn, road->store);
	if (rc >= 0)
		rc = cts_txn_each_line(txn, name_own, change);
	cts_txn_end(txn);
	return rc < 0 ? rc : 1;
}
