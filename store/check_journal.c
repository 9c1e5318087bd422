/*
 * Invariant 7: the frames of LMDB's journal stand in the file, in order; the file may hold others
 * besides, which a crash left and the next write takes in or drops. And what is in the journal is what is
 * pending on the lines.
 */
#include "store/check_internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/buf.h"
#include "proto/error.h"

enum { LOCK_WAIT_MS = 10000 };

/* LMDB's frames, followed through the file. */
struct comparing {
	struct cts_cursor cursor; /* at the next one to be found */
	int rc;                   /* of the cursor; 0: all were found */
};

static int find_frame(void *context, uint64_t number, struct cts_slice frame, uint64_t end)
{
	struct comparing *comparing = context;
	const struct cts_cursor *cursor = &comparing->cursor;

	(void)end;
	if (comparing->rc == 1 && cursor->key.size == 12 && cts_be64(cursor->key.data) == number &&
		cursor->value.size == frame.size &&
		memcmp(cursor->value.data, frame.data, frame.size) == 0)
		comparing->rc = cts_cursor_next(&comparing->cursor);
	return comparing->rc < 0 ? comparing->rc : 0;
}

static int compare_file(struct cts_checking *checking, const char *path)
{
	struct comparing comparing = {0};
	struct cts_journal_file *file = NULL;
	int rc;

	if (cts_journal_open(&file, path, false) < 0)
		return cts_check_violated(checking, 7, "the journal file cannot be opened");
	comparing.rc = cts_cursor_first(&comparing.cursor, checking->txn, CTS_DB_JOURNAL,
		(struct cts_slice){.data = ""});
	rc = comparing.rc < 0 ? comparing.rc : cts_journal_read(file, find_frame, &comparing);
	cts_cursor_close(&comparing.cursor);
	cts_journal_close(file);
	if (rc == 0 && comparing.rc == 1)
		rc = cts_check_violated(
			checking, 7, "the journal file lacks entries that LMDB has");
	return rc;
}

struct pending {
	struct cts_checking *checking;
	uint64_t changes; /* that the frames so far stand for */
	bool has_records;
};

static int count_frame(void *context, const struct cts_frame *frame)
{
	struct pending *pending = context;

	switch (frame->kind) {
	case CTS_FRAME_BEGIN:
		pending->changes += frame->seen_count;
		pending->has_records = false;
		break;
	case CTS_FRAME_RECORD: pending->has_records = true; break;
	case CTS_FRAME_END: pending->changes += pending->has_records; break;
	}
	return 0;
}

static int compare_lines(struct cts_checking *checking)
{
	struct cts_txn *txn = checking->txn;
	struct pending pending = {.checking = checking};
	uint64_t on_lines = 0;
	int rc = cts_lines_load(txn);

	for (size_t i = 0; rc == 0 && i < txn->line_count; i++)
		on_lines += txn->lines[i].last_seq - txn->lines[i].head_seq;
	if (rc == 0)
		rc = cts_txn_each_journal(txn, count_frame, &pending);
	if (rc == 0 && pending.changes != on_lines)
		rc = cts_check_violated(checking, 7, "%llu changes are pending, the journal has %llu",
			(unsigned long long)on_lines, (unsigned long long)pending.changes);
	return rc;
}

int cts_check_journal(struct cts_checking *checking, struct cts_store *store)
{
	char path[4096];
	int lock = -1, rc;

	/* Under the write lock and by a snapshot of its own: while somebody writes or seals, file and
	 * LMDB differ as they should. */
	if (!store->read_only) {
		snprintf(path, sizeof(path), "%s/lock", store->path);
		lock = cts_lock_take(path, LOCK_WAIT_MS);
		if (lock < 0)
			return lock;
	}
	snprintf(path, sizeof(path), "%s/journal", store->path);
	rc = cts_txn_begin(&checking->txn, store);
	if (rc == 0)
		rc = compare_file(checking, path);
	if (rc == 0)
		rc = compare_lines(checking);
	if (rc == CTS_EDAMAGED)
		rc = cts_check_violated(checking, 1, "%s", cts_error_message(rc));
	cts_txn_end(checking->txn);
	checking->txn = NULL;
	if (lock >= 0)
		close(lock);
	return rc;
}
