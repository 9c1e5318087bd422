/*
 * The bytes of what the store keeps beside records: their merge state, changes, edits, and the frames of
 * the journal. Messages of stored.proto; ctsync-store(5) gives the layout. None of it travels: what
 * other stores see is canonical JSON in git. Decoding trusts nothing: CTS_EDAMAGED for anything that
 * encode does not write. Everything decoded lives in the arena given.
 */
#ifndef CTS_PROTO_STORED_H
#define CTS_PROTO_STORED_H

#include "proto/change.h"
#include "proto/merge.h"

/* A record in the store: what it shows, its life, its newest edits. */
void cts_stored_record_encode(struct cts_buf *out, const struct cts_record *record, bool deleted,
	const struct cts_state *state);

/* `state` NULL: not wanted (readers). `record` is initialised by the call, only on success; the state
 * lives in `state->arena`, which the caller sets. */
int cts_stored_record_decode(struct cts_record *record, bool *deleted, struct cts_state *state,
	const struct cts_kind *kind, const char *id, const void *data, size_t size);

/* Only whether the record is deleted. */
int cts_stored_record_is_deleted(bool *out, const void *data, size_t size);

void cts_stored_change_encode(struct cts_buf *out, const struct cts_change *change);
int cts_stored_change_decode(
	struct cts_change *out, struct cts_arena *arena, const void *data, size_t size);

/* One history entry: which change, and what it did to the record (`key` is not stored). */
void cts_stored_edits_encode(
	struct cts_buf *out, struct cts_ref by, const struct cts_record_edits *edits);
int cts_stored_edits_decode(struct cts_ref *by, struct cts_record_edits *edits,
	struct cts_arena *arena, const char *key, const void *data, size_t size);

/* The journal: a transaction is a begin frame, its records, an end frame. Frames name writers and
 * commits, never lines, so they can be replayed into a store built anew from git. */
enum cts_frame_kind { CTS_FRAME_BEGIN = 1, CTS_FRAME_RECORD = 2, CTS_FRAME_END = 3 };

struct cts_frame {
	enum cts_frame_kind kind;
	/* begin */
	const char *agency, *writer, *author;
	int64_t time;
	uint64_t seq;        /* of the edit */
	uint64_t seen_count; /* seen commits that stand before it, with the seqs just below */
	const char *const *seen; /* heads that those name, each a commit id or, while it is pending
	                            itself, a change ("7f3a9c21d0b4e586.12"); ascending */
	size_t seen_head_count;
	/* record: images before and after, as message ctsync.Record; empty: no record */
	const char *key;
	struct cts_slice before, after;
	/* end */
	const char *message; /* the user's, or made from the edits */
	uint64_t record_count;
};

void cts_frame_encode(struct cts_buf *out, const struct cts_frame *frame);
int cts_frame_decode(
	struct cts_frame *out, struct cts_arena *arena, const void *data, size_t size);

#endif
