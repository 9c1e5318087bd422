/*
 * The local change: what puts and deletes of one transaction make up. It begins (write_begin.c) with the
 * first record that really differs, journals each record's images before and after, and ends with the end
 * frame; no difference, no change.
 */
#include "store/write_internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/diff.h"
#include "proto/error.h"
#include "proto/validate.h"

enum { FRAMES_MAX = 1 << 20 };

/* Not one by one as they come: a seal takes them out again, and the pages that it frees should lie side by
 * side. LMDB gives them to the changes that follow, and what lies side by side is written at once. */
static int put_frames(struct cts_txn *txn)
{
	struct cts_open_change *open = &txn->open;
	struct cts_buf key = {0};
	int rc = 0;

	for (size_t at = 0; at < open->frames.size && rc == 0;) {
		struct cts_slice frame = {
			.data = open->frames.data + at + 4,
			.size = cts_be32(open->frames.data + at),
		};

		cts_buf_clear(&key);
		cts_buf_put_be64(&key, txn->counters.journal_number);
		cts_buf_put_be32(&key, open->frames_put++);
		rc = cts_db_put(txn, CTS_DB_JOURNAL, cts_buf_slice(&key), frame);
		at += 4 + frame.size;
	}
	cts_buf_release(&key);
	cts_buf_clear(&open->frames);
	return rc;
}

int cts_write_frame(struct cts_txn *txn, const struct cts_frame *frame)
{
	struct cts_open_change *open = &txn->open;
	struct cts_buf data = {0};
	int rc = 0;

	if (frame->kind == CTS_FRAME_BEGIN) {
		cts_buf_clear(&open->frames);
		open->frames_put = 0;
	}
	cts_frame_encode(&data, frame);
	cts_buf_put_be32(&open->frames, (uint32_t)data.size);
	cts_buf_put(&open->frames, data.data, data.size);
	if (!txn->is_replaying)
		rc = cts_journal_append(
			txn->journal, txn->counters.journal_number, cts_buf_slice(&data));
	cts_buf_release(&data);
	if (rc == 0 && (frame->kind == CTS_FRAME_END || open->frames.size >= FRAMES_MAX))
		rc = put_frames(txn);
	return rc;
}

/* Takes the edits in and journals them. */
static int take(struct cts_txn *txn, const char *key, struct cts_record_edits *edits,
	struct cts_slice before, struct cts_slice after)
{
	struct cts_frame frame = {
		.kind = CTS_FRAME_RECORD, .key = key, .before = before, .after = after};
	int rc = cts_write_frame(txn, &frame);

	return rc < 0 ? rc : cts_apply_edits(txn, key, edits);
}

/* A change is one edit of each record: a second would make two of what git shows as one. */
static int check_once(struct cts_txn *txn, const char *key)
{
	struct cts_buf name = {0};
	struct cts_slice data;
	int rc;

	if (!txn->open.is_open)
		return 0;
	cts_history_key(&name, key, txn->open.change.arrival);
	rc = cts_db_get(txn, CTS_DB_HISTORY, cts_buf_slice(&name), &data);
	cts_buf_release(&name);
	if (rc == 1)
		return cts_fail(CTS_EVALUE, "'%s' stands twice in one change", key);
	return rc;
}

/* A change of one record: `before` and `after` as images; either may be NULL. @return 1 it differs */
static int change_record(
	struct cts_txn *txn, const struct cts_record *before, const struct cts_record *after)
{
	struct cts_arena scratch = {0};
	struct cts_buf old = {0}, new = {0};
	struct cts_record_edits edits;
	const char *key = cts_record_key(&scratch, before ? before : after);
	int rc = cts_diff(&edits, &scratch, before, after);

	if (rc == 0 && edits.edit_count)
		rc = check_once(txn, key);
	if (rc < 0)
		goto out;
	if (!edits.edit_count) {
		rc = 0;
		goto out;
	}
	if (!txn->open.is_open) {
		rc = cts_write_begin(txn, false);
		if (rc < 0)
			goto out;
	}
	if (before)
		cts_record_encode(&old, before);
	if (after)
		cts_record_encode(&new, after);
	rc = take(txn, key, &edits, cts_buf_slice(&old), cts_buf_slice(&new));
	rc = rc < 0 ? rc : 1;
out:
	cts_buf_release(&old);
	cts_buf_release(&new);
	cts_arena_release(&scratch);
	return rc;
}

/* A value that two agencies gave apart is held twice until somebody changes one: that must not stop
 * edits of anything else. */
static bool sets_unique(const struct cts_record *before, const struct cts_record *after)
{
	for (size_t i = 0; i < after->kind->field_count; i++) {
		const struct cts_field *field = &after->kind->fields[i];

		if (field->unique &&
			(!before || !cts_value_equal(cts_record_get(before, field),
					    cts_record_get(after, field))))
			return true;
	}
	return false;
}

int cts_txn_put(struct cts_txn *txn, const struct cts_record *record)
{
	struct cts_record before = {0}, after = {0};
	bool deleted = true;
	struct cts_arena scratch = {0};
	int rc, had;

	assert(txn->is_writing);
	rc = had = cts_records_load(
		txn, &before, &deleted, NULL, cts_record_key(&scratch, record));
	if (rc < 0)
		goto out;
	rc = cts_validate_record(record, had && !deleted ? &before : NULL);
	if (rc == 0 && sets_unique(had && !deleted ? &before : NULL, record))
		rc = cts_index_check_unique(txn, record);
	if (rc < 0)
		goto out;
	cts_record_copy(&after, record);
	/* Whoever edits a record has seen that somebody deleted it, and keeps it (merge.h). */
	if (had && !deleted && !cts_record_equal(&before, &after))
		cts_record_settle(&after, CTS_DELETED);
	rc = change_record(txn, had && !deleted ? &before : NULL, &after);
out:
	cts_arena_release(&scratch);
	cts_record_release(&before);
	cts_record_release(&after);
	return rc;
}

int cts_txn_delete(struct cts_txn *txn, const char *key)
{
	struct cts_record before;
	int rc;

	assert(txn->is_writing);
	rc = cts_txn_get(txn, &before, key);
	if (rc < 0)
		return rc;
	rc = change_record(txn, &before, NULL);
	cts_record_release(&before);
	return rc;
}

/* Ends the change: its message, its row, its end frame. */
static int close_change(struct cts_txn *txn, const char *message)
{
	struct cts_open_change *open = &txn->open;
	struct cts_frame frame = {.kind = CTS_FRAME_END, .record_count = open->touched};
	struct cts_line_row *line = cts_line_at(txn, open->change.ref.line);
	uint64_t others = open->touched > 2 ? open->touched - 2 : 0;
	int rc;

	if (!message || !message[0]) {
		if (others)
			cts_buf_printf(&open->summary, "; and %llu more", (unsigned long long)others);
		message = cts_buf_text(&open->summary);
	}
	open->change.message = message;
	open->change.record_count = open->touched;
	frame.message = message;
	rc = cts_write_frame(txn, &frame);
	if (rc == 0)
		rc = cts_change_put(txn, &open->change);
	if (rc < 0)
		return rc;
	line->last_seq = open->change.ref.seq;
	rc = cts_line_save(txn, open->change.ref.line);
	if (rc == 0 && txn->write) {
		txn->write->changed = true;
		cts_change_format(
			txn->write->change, open->change.writer, open->change.ref.seq);
	}
	open->is_open = false;
	cts_arena_clear(&open->arena);
	cts_buf_clear(&open->summary);
	return rc;
}

int cts_write_close(struct cts_txn *txn)
{
	if (txn->write)
		txn->write->changed = false;
	if (!txn->open.is_open)
		return 0;
	return close_change(txn, txn->write ? txn->write->message : NULL);
}

/* ---- once more, from the journal file --------------------------------------------------------- */

int cts_write_replay_begin(struct cts_txn *txn, const struct cts_frame *begin)
{
	struct cts_store *store = txn->store;
	int rc = cts_lines_load(txn);

	if (rc < 0)
		return rc;
	/* The writer of the entry is who we were when it was made. */
	if (strcmp(begin->writer, store->writer) != 0) {
		snprintf(store->writer, sizeof(store->writer), "%s", begin->writer);
		txn->counters.own_line = 0;
		rc = cts_meta_put(txn, "writer", store->writer, CTS_WRITER_HEX);
	}
	for (size_t i = 0; rc == 0 && !txn->counters.own_line && i < txn->line_count; i++)
		if (strcmp(txn->lines[i].writer, begin->writer) == 0 &&
			txn->lines[i].last_seq + begin->seen_count + 1 == begin->seq)
			txn->counters.own_line = i + 1;
	if (rc < 0)
		return rc;
	/* Seen commits are reserved for whatever is here and not yet seen: those of the entry, of one before
	 * it that held seen commits alone, and of commits that came to the mirror behind our back. An edit
	 * replaces what is here, so its line must show that it had seen it, or stores would differ. */
	txn->counters.unseen = 1;
	rc = cts_write_begin_as(txn, begin->agency, begin->author, begin->time, false);
	/* Where git went on without this journal, the change gets a new number, or a new writer: what
	 * matters is that nothing typed is lost. */
	return rc < 0 ? rc : 0;
}

int cts_write_replay_record(struct cts_txn *txn, const struct cts_frame *frame)
{
	struct cts_record before = {0}, after = {0};
	const struct cts_schema *schema = cts_store_schema(txn->store);
	int rc = 0;

	if (frame->before.size)
		rc = cts_record_decode(&before, schema, frame->before.data, frame->before.size);
	if (rc == 0 && frame->after.size)
		rc = cts_record_decode(&after, schema, frame->after.data, frame->after.size);
	if (rc == 0)
		rc = change_record(txn, before.kind ? &before : NULL, after.kind ? &after : NULL);
	cts_record_release(&before);
	cts_record_release(&after);
	return rc < 0 ? rc : 0;
}

int cts_write_replay_end(struct cts_txn *txn, const struct cts_frame *end)
{
	if (!txn->open.is_open)
		return cts_store_damaged(txn->store, "the journal ends a change that has not begun");
	return close_change(txn, end->message);
}
