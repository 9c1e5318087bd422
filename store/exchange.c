/*
 * What the road needs of the journal and of the mirror's tree: the changes to seal, in order, and the one
 * step in which they become commits.
 */
#include "store/internal.h"

#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"

int cts_txn_each_journal(struct cts_txn *txn, cts_frame_fn each, void *context)
{
	struct cts_arena arena = {0};
	struct cts_cursor cursor;
	int rc, answer = 0;

	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_JOURNAL, (struct cts_slice){.data = ""});
		rc == 1; rc = cts_cursor_next(&cursor)) {
		struct cts_frame frame;

		cts_arena_clear(&arena);
		if (cts_frame_decode(&frame, &arena, cursor.value.data, cursor.value.size) < 0) {
			rc = cts_store_damaged(txn->store, "a journal entry is not readable");
			break;
		}
		answer = each(context, &frame);
		if (answer)
			break;
	}
	cts_cursor_close(&cursor);
	cts_arena_release(&arena);
	return rc < 0 ? rc : answer;
}

/* 1: the number of the first transaction; 0: the journal is empty. */
static int first_number(struct cts_txn *txn, uint64_t *out)
{
	struct cts_cursor cursor;
	int rc = cts_cursor_first(&cursor, txn, CTS_DB_JOURNAL, (struct cts_slice){.data = ""});

	if (rc == 1)
		*out = cts_be64(cursor.key.data);
	cts_cursor_close(&cursor);
	return rc;
}

int cts_txn_journal_count(struct cts_txn *txn, uint64_t *changes)
{
	uint64_t first = 0;
	int rc = first_number(txn, &first);

	/* Numbers rise by one, and a seal takes them from the front. */
	*changes = rc == 1 ? txn->counters.journal_number - first + 1 : 0;
	return rc < 0 ? rc : 0;
}

uint64_t cts_txn_journal_entries(struct cts_txn *txn)
{
	return cts_db_entries(txn, CTS_DB_JOURNAL);
}

int cts_txn_each_stale(struct cts_txn *txn, cts_key_fn each, void *context)
{
	struct cts_cursor cursor;
	int rc, answer = 0;

	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_STALE, (struct cts_slice){.data = ""});
		rc == 1; rc = cts_cursor_next(&cursor)) {
		char key[CTS_KEY_MAX + 1];

		if (cursor.key.size > CTS_KEY_MAX) {
			rc = cts_store_damaged(txn->store, "a key is too long");
			break;
		}
		memcpy(key, cursor.key.data, cursor.key.size);
		key[cursor.key.size] = '\0';
		answer = each(context, key);
		if (answer)
			break;
	}
	cts_cursor_close(&cursor);
	return rc < 0 ? rc : answer;
}

/* Takes the first transactions out of the journal. */
static int drop_journal(struct cts_txn *txn, uint64_t changes)
{
	struct cts_cursor cursor;
	uint64_t first = 0;
	int rc = first_number(txn, &first);

	if (rc < 1)
		return rc;
	rc = cts_cursor_first(&cursor, txn, CTS_DB_JOURNAL, (struct cts_slice){.data = ""});
	while (rc == 1 && cts_be64(cursor.key.data) < first + changes) {
		rc = cts_cursor_delete(&cursor);
		if (rc == 0)
			rc = cts_cursor_next(&cursor);
	}
	cts_cursor_close(&cursor);
	return rc < 0 ? rc : 0;
}

/* The line of ours that holds this change while it is pending. */
static int find_pending(struct cts_txn *txn, const struct cts_sealed *sealed, struct cts_arena *arena,
	struct cts_change *out)
{
	int rc = cts_lines_load(txn);

	for (size_t i = 0; rc == 0 && i < txn->line_count; i++) {
		const struct cts_line_row *row = &txn->lines[i];

		if (strcmp(row->writer, sealed->writer) != 0 || row->last_seq < sealed->seq ||
			row->head_seq >= sealed->seq)
			continue;
		rc = cts_change_get(txn, out, arena,
			(struct cts_ref){.line = (uint32_t)i + 1, .seq = sealed->seq});
		if (rc == 0 && cts_oid_is_zero(&out->commit))
			return 0;
	}
	return rc < 0 ? rc : cts_store_damaged(txn->store, "a sealed change is not pending");
}

int cts_txn_sealed(struct cts_txn *txn, const struct cts_sealed *sealed, size_t count,
	uint64_t changes, const struct cts_oid *tree)
{
	struct cts_arena arena = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct cts_change change;
		struct cts_line_row *line;

		cts_arena_clear(&arena);
		rc = find_pending(txn, &sealed[i], &arena, &change);
		if (rc < 0)
			break;
		change.commit = sealed[i].commit;
		rc = cts_change_put(txn, &change);
		if (rc < 0)
			break;
		line = cts_line_at(txn, change.ref.line);
		line->head_seq = change.ref.seq;
		line->head = sealed[i].commit;
		rc = cts_line_save(txn, change.ref.line);
	}
	cts_arena_release(&arena);
	if (rc == 0)
		rc = drop_journal(txn, changes);
	if (rc == 0)
		rc = cts_meta_put(txn, "tree", tree->bytes, CTS_OID_SIZE);
	if (rc == 0)
		rc = cts_db_clear(txn, CTS_DB_STALE);
	if (rc == 0)
		txn->must_rewrite_journal = true;
	return rc;
}
