/*
 * What remotes are known to have, and so how far each change got; and what pulls refused.
 */
#include "sync/remote.h"

#include <stdio.h>
#include <string.h>

#include "proto/error.h"

/* ---- what is where ---- */

static int join_note(struct cts_txn *txn, const char *key, const struct cts_vector *vector)
{
	struct cts_buf note = {0};
	struct cts_vector joined = {0};
	int rc = cts_txn_note(txn, &note, key);

	if (rc == 0 && note.size)
		rc = cts_vector_decode(&joined, note.data, note.size);
	if (rc == 0 && !cts_vector_covers(&joined, vector)) {
		cts_vector_join(&joined, vector);
		cts_buf_clear(&note);
		cts_vector_encode(&note, &joined);
		rc = cts_txn_put_note(txn, key, note.data, note.size);
	}
	cts_vector_release(&joined);
	cts_buf_release(&note);
	return rc;
}

int cts_remote_note_pushed(struct cts_txn *txn, const char *name, const struct cts_vector *vector)
{
	char key[256];
	int rc;

	snprintf(key, sizeof(key), "has/%s", name);
	rc = join_note(txn, key, vector);
	return rc < 0 ? rc : join_note(txn, "pushed", vector);
}

static int read_vector(struct cts_txn *txn, struct cts_vector *out, const char *key)
{
	struct cts_buf note = {0};
	int rc = cts_txn_note(txn, &note, key);

	if (rc == 0 && note.size)
		rc = cts_vector_decode(out, note.data, note.size);
	cts_buf_release(&note);
	return rc;
}

struct unpushed {
	struct cts_txn *txn;
	struct cts_vector has;
	uint64_t sealed;
};

/* Only edits are told: a seen commit without one holds nothing of anybody's. */
static int count_line(void *context, const struct cts_line *line)
{
	struct unpushed *unpushed = context;
	struct cts_arena arena = {0};
	int rc = 0;

	if (!line->is_own)
		return 0;
	for (uint64_t seq = line->head_seq; rc == 0 && seq > 0; seq--) {
		struct cts_ref ref = {.line = line->line, .seq = seq};
		struct cts_change change;

		if (cts_vector_has(&unpushed->has, ref))
			break;
		cts_arena_clear(&arena);
		rc = cts_txn_change(unpushed->txn, &change, &arena, ref);
		if (rc == CTS_ENOTFOUND) { /* where the line forked off */
			cts_error_clear();
			rc = 0;
			break;
		}
		unpushed->sealed += rc == 0 && !change.is_seen;
	}
	cts_arena_release(&arena);
	return rc;
}

int cts_unpushed(struct cts_store *store, const char *remote, uint64_t *pending, uint64_t *sealed)
{
	struct unpushed unpushed = {0};
	char key[256];
	int rc = cts_txn_begin(&unpushed.txn, store);

	snprintf(key, sizeof(key), "has/%s", remote ? remote : "");
	if (rc == 0)
		rc = cts_txn_journal_count(unpushed.txn, pending);
	if (rc == 0)
		rc = read_vector(unpushed.txn, &unpushed.has, remote ? key : "pushed");
	if (rc == 0)
		rc = cts_txn_each_line(unpushed.txn, count_line, &unpushed);
	*sealed = unpushed.sealed;
	cts_vector_release(&unpushed.has);
	cts_txn_end(unpushed.txn);
	return rc;
}

int cts_change_state(
	enum cts_change_state *out, struct cts_txn *txn, const struct cts_change *change)
{
	struct cts_vector has = {0};
	int rc;

	if (cts_oid_is_zero(&change->commit)) {
		*out = CTS_CHANGE_PENDING;
		return 0;
	}
	rc = read_vector(txn, &has, "pushed");
	if (rc == 0)
		*out = cts_vector_has(&has, change->ref) ? CTS_CHANGE_PUSHED : CTS_CHANGE_COMMITTED;
	cts_vector_release(&has);
	return rc;
}

/* ---- what was refused ---- */

struct listing {
	struct cts_arena *arena;
	struct cts_refusal *refused;
	size_t count;
};

static int list_refusal(void *context, const char *name, struct cts_slice data)
{
	struct listing *listing = context;
	const char *text = cts_arena_strndup(listing->arena, data.data, data.size);
	const char *stop = strchr(text, '\n');
	struct cts_refusal *refusal = cts_arena_push(
		listing->arena, &listing->refused, &listing->count, sizeof(*refusal));

	cts_oid_parse(&refusal->commit, strchr(name, '/') + 1);
	refusal->branch =
		stop ? cts_arena_strndup(listing->arena, text, (size_t)(stop - text)) : "";
	refusal->why = stop ? stop + 1 : text;
	refusal->is_final = true;
	return 0;
}

int cts_refusals(
	struct cts_txn *txn, struct cts_refusal **out, size_t *count, struct cts_arena *arena)
{
	struct listing listing = {.arena = arena};
	int rc = cts_txn_each_note(txn, "refused/", list_refusal, &listing);

	if (rc == 0) {
		*out = listing.refused;
		*count = listing.count;
	}
	return rc;
}
