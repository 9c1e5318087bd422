/*
 * Journal file and LMDB, brought together at the start of every write transaction.
 *
 * Equal ends: nothing to do, the common case, one comparison. Otherwise a crash came between the file's
 * sync and LMDB's commit, or LMDB forgot its last transactions in a power loss, or a seal died before it
 * cut the file: whole transactions that LMDB lacks are run again, the torn tail is dropped, and if the
 * file still is not what LMDB's journal says, it is written anew from that.
 */
#include "store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"

bool cts_recover_is_needed(struct cts_txn *txn)
{
	struct cts_journal_file *file = txn->journal;
	char path[4096];
	bool is_needed;
	int n;

	if (file)
		return cts_journal_size(file) != txn->counters.journal_end;
	n = snprintf(path, sizeof(path), "%s/journal", txn->store->path);
	if (n < 0 || (size_t)n >= sizeof(path) || cts_journal_open(&file, path, false) < 0) {
		cts_error_clear();
		return txn->counters.journal_end != 0;
	}
	is_needed = cts_journal_size(file) != txn->counters.journal_end;
	cts_journal_close(file);
	return is_needed;
}

/* One transaction of the file. */
struct entry {
	char writer[CTS_WRITER_HEX + 1];
	uint64_t seq;
	bool is_whole, has_records, is_superseded, is_wanted;
};

struct scan {
	struct cts_txn *txn;
	struct cts_arena arena, scratch;
	struct entry *entries;
	size_t count;
	size_t at;         /* entry of the second reading */
	uint64_t good_end; /* of the last whole transaction */
	bool is_open;
};

static int decode(struct scan *scan, struct cts_frame *frame, struct cts_slice bytes)
{
	cts_arena_clear(&scan->scratch);
	if (cts_frame_decode(frame, &scan->scratch, bytes.data, bytes.size) < 0)
		return cts_store_damaged(scan->txn->store, "the journal has a frame that is not one");
	return 0;
}

/* First reading: which transactions there are. */
static int list_frame(void *context, uint64_t number, struct cts_slice bytes, uint64_t end)
{
	struct scan *scan = context;
	struct cts_frame frame;
	struct entry *entry;
	int rc = decode(scan, &frame, bytes);

	(void)number;
	if (rc < 0)
		return rc;
	if (frame.kind == CTS_FRAME_BEGIN) {
		entry = cts_arena_push(
			&scan->arena, &scan->entries, &scan->count, sizeof(*entry));
		*entry = (struct entry){.seq = frame.seq};
		memcpy(entry->writer, frame.writer, strnlen(frame.writer, CTS_WRITER_HEX));
		scan->is_open = true;
		return 0;
	}
	if (!scan->is_open)
		return 0;
	entry = &scan->entries[scan->count - 1];
	if (frame.kind == CTS_FRAME_RECORD) {
		entry->has_records = true;
		return 0;
	}
	entry->is_whole = true;
	scan->is_open = false;
	scan->good_end = end;
	return 0;
}

/* The change is in LMDB: pending there, or sealed. */
static int is_known(struct cts_txn *txn, const struct entry *entry, bool *out)
{
	int rc = cts_lines_load(txn);

	*out = false;
	for (size_t i = 0; rc == 0 && i < txn->line_count; i++)
		if (strcmp(txn->lines[i].writer, entry->writer) == 0 &&
			txn->lines[i].last_seq >= entry->seq)
			*out = true;
	return rc;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
	int order = strcmp(x->writer, y->writer);

	if (!order)
		order = (x->seq > y->seq) - (x->seq < y->seq);
	return order ? order : (x > y) - (x < y);
}

/* Of two entries of one writer and seq the last counts: the first was taken back. */
static void mark_superseded(struct scan *scan)
{
	struct entry **sorted = cts_arena_alloc(&scan->arena, scan->count * sizeof(*sorted));
	size_t count = 0;

	for (size_t i = 0; i < scan->count; i++)
		if (scan->entries[i].is_whole)
			sorted[count++] = &scan->entries[i];
	if (count)
		qsort(sorted, count, sizeof(*sorted), compare_entries);
	for (size_t i = 0; i + 1 < count; i++)
		sorted[i]->is_superseded = sorted[i]->seq == sorted[i + 1]->seq &&
			strcmp(sorted[i]->writer, sorted[i + 1]->writer) == 0;
}

static int choose_wanted(struct scan *scan, size_t *wanted)
{
	*wanted = 0;
	mark_superseded(scan);
	for (size_t i = 0; i < scan->count; i++) {
		struct entry *entry = &scan->entries[i];
		bool known;
		int rc;

		/* Seen commits alone hold nothing that anyone typed. */
		if (!entry->is_whole || !entry->has_records || entry->is_superseded)
			continue;
		rc = is_known(scan->txn, entry, &known);
		if (rc < 0)
			return rc;
		entry->is_wanted = !known;
		*wanted += !known;
	}
	return 0;
}

/* Second reading: runs the wanted ones again. */
static int replay_frame(void *context, uint64_t number, struct cts_slice bytes, uint64_t end)
{
	struct scan *scan = context;
	struct cts_frame frame;
	int rc = decode(scan, &frame, bytes);

	(void)end;
	if (rc < 0)
		return rc;
	if (frame.kind == CTS_FRAME_BEGIN)
		scan->at++;
	if (scan->at == 0 || !scan->entries[scan->at - 1].is_wanted)
		return 0;
	switch (frame.kind) {
	case CTS_FRAME_BEGIN:
		/* File and LMDB number alike: a rebuilt LMDB does not know of those before. */
		if (number > scan->txn->counters.journal_number)
			scan->txn->counters.journal_number = number - 1;
		return cts_write_replay_begin(scan->txn, &frame);
	case CTS_FRAME_RECORD: return cts_write_replay_record(scan->txn, &frame);
	case CTS_FRAME_END: return cts_write_replay_end(scan->txn, &frame);
	}
	return 0;
}

int cts_recover_size(struct cts_txn *txn, uint64_t *out)
{
	struct cts_cursor cursor;
	int rc;

	*out = 0;
	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_JOURNAL, (struct cts_slice){.data = ""});
		rc == 1; rc = cts_cursor_next(&cursor))
		*out += cts_journal_frame_size(cursor.value.size);
	cts_cursor_close(&cursor);
	return rc;
}

int cts_recover_rewrite(struct cts_txn *txn)
{
	struct cts_cursor cursor;
	int rc;

	/* What the file will not hold for a moment must be safe in LMDB first. */
	rc = cts_store_sync(txn->store);
	if (rc == 0)
		rc = cts_journal_cut(txn->journal, 0);
	if (rc < 0)
		return rc;
	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_JOURNAL, (struct cts_slice){.data = ""});
		rc == 1; rc = cts_cursor_next(&cursor)) {
		int appended;

		if (cursor.key.size != 12) {
			rc = cts_store_damaged(txn->store, "a journal entry is not readable");
			break;
		}
		appended = cts_journal_append(
			txn->journal, cts_be64(cursor.key.data), cursor.value);
		if (appended < 0) {
			rc = appended;
			break;
		}
	}
	cts_cursor_close(&cursor);
	return rc < 0 ? rc : cts_journal_flush(txn->journal);
}

int cts_recover_journal(struct cts_txn *txn)
{
	struct scan scan = {.txn = txn};
	struct cts_write *write = txn->write;
	size_t wanted = 0;
	int rc = cts_journal_read(txn->journal, list_frame, &scan);

	if (rc == 0 && scan.good_end < cts_journal_size(txn->journal))
		rc = cts_journal_cut(txn->journal, scan.good_end);
	if (rc == 0)
		rc = choose_wanted(&scan, &wanted);
	if (rc == 0 && wanted) {
		txn->write = NULL; /* what is run again is not the caller's */
		txn->is_replaying = true;
		rc = cts_journal_read(txn->journal, replay_frame, &scan);
		txn->is_replaying = false;
		txn->write = write;
		/* Names may have changed: the file follows. */
		txn->must_rewrite_journal = true;
	} else if (rc == 0) {
		rc = cts_recover_rewrite(txn);
	}
	cts_arena_release(&scan.arena);
	cts_arena_release(&scan.scratch);
	return rc < 0 ? rc : 1;
}
