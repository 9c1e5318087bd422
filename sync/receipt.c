/*
 * Receipts. What somebody had seen is what their commits build on, so an acknowledgement is a commit: a
 * seen commit made at once, and not before the next edit as otherwise. A receipt is not acknowledged:
 * two stores would never be done with it.
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

struct unseen {
	struct cts_txn *txn;
	struct cts_vector seen; /* what our own last commit shows */
	bool has_edit;
};

static int add_own(void *context, const struct cts_line *line)
{
	struct unseen *unseen = context;
	struct cts_ref head = {.line = line->line, .seq = line->head_seq};

	return line->is_own && head.seq ? cts_txn_add_past(unseen->txn, &unseen->seen, head) : 0;
}

static int find_edit(void *context, const struct cts_line *line)
{
	struct unseen *unseen = context;
	uint64_t seq = cts_vector_seq(&unseen->seen, line->line);
	struct cts_arena arena = {0};
	int rc = 0;

	while (rc == 0 && !unseen->has_edit && ++seq <= line->head_seq) {
		struct cts_change change;

		cts_arena_clear(&arena);
		rc = cts_txn_change(unseen->txn, &change, &arena,
			(struct cts_ref){.line = line->line, .seq = seq});
		if (rc == 0)
			unseen->has_edit = !change.is_seen;
		if (rc == CTS_ENOTFOUND) { /* stands on the line that this one left */
			cts_error_clear();
			rc = 0;
		}
	}
	cts_arena_release(&arena);
	return rc < 0 ? rc : unseen->has_edit;
}

/* 1: somebody changed something that our last commit does not show as seen. */
static int has_unseen_edit(struct cts_store *store)
{
	struct unseen unseen = {0};
	int rc = cts_txn_begin(&unseen.txn, store);

	if (rc == 0)
		rc = cts_txn_each_line(unseen.txn, add_own, &unseen);
	if (rc == 0)
		rc = cts_txn_each_line(unseen.txn, find_edit, &unseen);
	cts_txn_end(unseen.txn);
	cts_vector_release(&unseen.seen);
	return rc < 0 ? rc : unseen.has_edit;
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
	int rc = cts_seal(road, progress);

	if (rc >= 0)
		rc = has_unseen_edit(road->store);
	if (rc == 1)
		rc = cts_pull_show_seen(road->store);
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
