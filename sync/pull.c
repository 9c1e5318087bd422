/*
 * Pull: seal, fetch without holding anything up, then take in what is new in one transaction. A branch of
 * a remote may only grow: one that went back or was rewritten since it was last seen there is refused with
 * both ids; the commits that we hold stay. Of a source that is no remote (a bundle) nothing is remembered:
 * an old one that is read late is in order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/time.h"
#include "sync/ingest.h"
#include "sync/pull.h"
#include "sync/received.h"
#include "sync/remote.h"
#include "sync/git/repo.h"
#include "sync/view.h"

void cts_pull_release(struct cts_pull *pull)
{
	cts_arena_release(&pull->arena);
}

/* Where a remote's branches were last seen, as it was before the remote was asked. */
struct pins {
	struct cts_arena arena;
	struct cts_tip *tips; /* `branch` is the note's name */
	size_t count;
};

struct pulling {
	struct cts_road *road;
	const struct pins *pins;     /* NULL: the source is no remote */
	struct cts_source *source;
	const char *remote;          /* NULL: the source is none */
	struct cts_arena arena;
	struct cts_tip *tips;
	size_t tip_count;
	struct cts_tip *pinned;      /* where branches stand from now on */
	size_t pinned_count;
	struct cts_refusal *refused; /* branches that went back */
	size_t refused_count;
	struct cts_ingest ingest;
};

static const char *pin_name(struct pulling *pulling, const char *branch)
{
	return cts_arena_printf(&pulling->arena, "pin/%s/%s", pulling->remote, branch);
}

/* The branches to read: those whose head is not the one last seen there. */
static int choose_tips(struct pulling *pulling, struct cts_txn *txn)
{
	int rc = 0;

	pulling->tips = NULL;
	pulling->tip_count = 0;
	for (size_t i = 0; rc == 0 && i < pulling->source->ref_count; i++) {
		const struct cts_ref_entry *ref = &pulling->source->refs[i];
		const char *agency, *writer, *branch;
		struct cts_buf pin = {0};
		struct cts_tip *tip;

		if (!cts_branch_parse(&agency, &writer, &pulling->arena, ref->name))
			continue;
		branch = cts_arena_printf(&pulling->arena, "%s/%s", agency, writer);
		if (pulling->remote)
			rc = cts_txn_note(txn, &pin, pin_name(pulling, branch));
		if (rc == 0 && (pin.size != CTS_OID_SIZE ||
				       memcmp(pin.data, ref->oid.bytes, CTS_OID_SIZE) != 0)) {
			tip = cts_arena_push(&pulling->arena, &pulling->tips,
				&pulling->tip_count, sizeof(*tip));
			tip->branch = branch;
			tip->oid = ref->oid;
		}
		cts_buf_release(&pin);
	}
	return rc;
}

static int add_pin(void *context, const char *name, struct cts_slice data)
{
	struct pins *pins = context;
	struct cts_tip *tip = cts_arena_push(&pins->arena, &pins->tips, &pins->count, sizeof(*tip));

	tip->branch = cts_arena_strdup(&pins->arena, name);
	if (data.size == CTS_OID_SIZE)
		memcpy(tip->oid.bytes, data.data, CTS_OID_SIZE);
	return 0;
}

static int read_pins(struct pins *pins, struct cts_store *store, const char *remote)
{
	struct cts_txn *txn = NULL;
	int rc = cts_txn_begin(&txn, store);

	if (rc == 0)
		rc = cts_txn_each_note(
			txn, cts_arena_printf(&pins->arena, "pin/%s/", remote), add_pin, pins);
	cts_txn_end(txn);
	return rc < 0 ? rc : 0;
}

/* Whether another pull of this store has moved a pin since the remote was asked: what we heard is older,
 * and says nothing. */
static bool was_moved_since(const struct pulling *pulling, const char *name, const struct cts_oid *pin)
{
	for (size_t i = 0; i < pulling->pins->count; i++)
		if (strcmp(pulling->pins->tips[i].branch, name) == 0)
			return !cts_oid_equal(&pulling->pins->tips[i].oid, pin);
	return true;
}

/* After the commits are in: each branch must hold what it was last seen to hold. */
static int move_pins(struct pulling *pulling, struct cts_txn *txn)
{
	int rc = 0;

	pulling->refused = NULL;
	pulling->pinned = NULL;
	pulling->refused_count = pulling->pinned_count = 0;
	for (size_t i = 0; rc == 0 && pulling->remote && i < pulling->tip_count; i++) {
		const struct cts_tip *tip = &pulling->tips[i];
		const char *name = pin_name(pulling, tip->branch);
		struct cts_buf pin = {0};
		struct cts_oid old = {0};
		struct cts_ref was, is;
		bool grew = true;

		rc = cts_txn_note(txn, &pin, name);
		if (rc == 0 && pin.size == CTS_OID_SIZE)
			memcpy(old.bytes, pin.data, CTS_OID_SIZE);
		cts_buf_release(&pin);
		if (rc == 0)
			rc = cts_txn_find_commit(txn, &is, &tip->oid);
		if (rc == 0)
			continue; /* refused: the pin stays where it was */
		if (rc == 1 && !cts_oid_is_zero(&old)) {
			rc = cts_txn_find_commit(txn, &was, &old);
			if (rc == 1)
				rc = cts_txn_has_seen(txn, is, was);
			grew = rc == 1;
		}
		if (rc < 0)
			break;
		rc = 0;
		if (grew) {
			rc = cts_txn_put_note(txn, name, tip->oid.bytes, CTS_OID_SIZE);
			*(struct cts_tip *)cts_arena_push(&pulling->arena, &pulling->pinned,
				&pulling->pinned_count, sizeof(*pulling->pinned)) = *tip;
		} else if (!was_moved_since(pulling, name, &old)) {
			char from[CTS_OID_HEX + 1], to[CTS_OID_HEX + 1];
			struct cts_refusal *refusal = cts_arena_push(&pulling->arena,
				&pulling->refused, &pulling->refused_count, sizeof(*refusal));

			refusal->branch = tip->branch;
			refusal->commit = tip->oid;
			refusal->why = cts_arena_printf(&pulling->arena,
				"the branch went back or was rewritten there: it was at %s and is at %s",
				cts_oid_format(from, &old), cts_oid_format(to, &tip->oid));
		}
	}
	return rc;
}

struct heads {
	struct cts_buf *lines;
	const char *branch;
	struct cts_arena arena;
};

static int add_line_head(void *context, const struct cts_line *line)
{
	struct heads *heads = context;

	if (line->head_seq &&
		strcmp(cts_arena_printf(&heads->arena, "%s/%s", line->agency, line->writer),
			heads->branch) == 0)
		cts_received_add_head(heads->lines, &line->head);
	return 0;
}

/* The heads that came; of a branch whose head was refused those that its writer has here. */
static int put_heads(struct pulling *pulling, struct cts_txn *txn, struct cts_buf *lines)
{
	struct heads heads = {.lines = lines};
	int rc = 0;

	cts_received_heads(lines, pulling->ingest.received);
	for (size_t i = 0; rc >= 0 && i < pulling->tip_count; i++) {
		struct cts_ref ref;

		rc = cts_txn_find_commit(txn, &ref, &pulling->tips[i].oid);
		heads.branch = pulling->tips[i].branch;
		if (rc == 1)
			cts_received_add_head(lines, &pulling->tips[i].oid);
		else if (rc == 0)
			rc = cts_txn_each_line(txn, add_line_head, &heads);
	}
	cts_arena_release(&heads.arena);
	return rc < 0 ? rc : 0;
}

static int append_received(struct pulling *pulling, struct cts_txn *txn)
{
	const struct cts_pull *pull = pulling->ingest.pull;
	int64_t time = pulling->ingest.received;
	struct cts_buf lines = {0};
	int rc = 0;

	if (pull->commits)
		rc = put_heads(pulling, txn, &lines);
	for (size_t i = 0; i < pull->refused_count; i++)
		if (pull->refused[i].is_final)
			cts_received_refused(&lines, time, &pull->refused[i]);
	for (size_t i = 0; i < pulling->pinned_count; i++)
		cts_received_pin(&lines, time, pulling->remote, pulling->pinned[i].branch,
			&pulling->pinned[i].oid);
	if (rc == 0)
		rc = cts_received_append(cts_txn_store(txn), &lines);
	cts_buf_release(&lines);
	return rc;
}

/* What was read there is there: a change that came with it needs no push to be known as pushed. */
static int note_what_it_has(struct pulling *pulling, struct cts_txn *txn)
{
	struct cts_vector has = {0};
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < pulling->pinned_count; i++) {
		struct cts_ref head;

		rc = cts_txn_find_commit(txn, &head, &pulling->pinned[i].oid);
		if (rc == 1)
			rc = cts_txn_add_past(txn, &has, head);
	}
	if (rc >= 0 && has.count)
		rc = cts_remote_note_pushed(txn, pulling->remote, &has);
	cts_vector_release(&has);
	return rc < 0 ? rc : 0;
}

static int pull_in_txn(struct cts_txn *txn, void *context)
{
	struct pulling *pulling = context;
	int rc = choose_tips(pulling, txn);

	if (rc < 0)
		return rc;
	if (!pulling->tip_count)
		cts_txn_may_be_lost(txn);
	pulling->ingest.tips = pulling->tips;
	pulling->ingest.tip_count = pulling->tip_count;
	rc = cts_ingest(txn, &pulling->ingest);
	if (rc == 0)
		rc = move_pins(pulling, txn);
	if (rc == 0)
		rc = note_what_it_has(pulling, txn);
	if (rc == 0)
		rc = append_received(pulling, txn);
	if (rc == 0 && pulling->remote)
		rc = cts_remote_note_time(txn, pulling->remote, CTS_REMOTE_PULLED);
	return rc;
}

/* Its root must be ours: everything else would be another programme. */
int cts_pull_check_root(struct cts_road *road, const struct cts_oid *theirs, const char *name)
{
	struct cts_oid root;
	struct cts_txn *txn = NULL;
	char ours_hex[CTS_OID_HEX + 1], theirs_hex[CTS_OID_HEX + 1];
	int rc = cts_txn_begin(&txn, road->store);

	if (rc == 0)
		rc = cts_txn_root(txn, &root);
	cts_txn_end(txn);
	if (rc < 0 || cts_oid_is_zero(theirs) || cts_oid_equal(&root, theirs))
		return rc;
	cts_fail(CTS_EREFUSED, "'%s' holds another programme: its root is %.12s, ours %.12s", name,
		cts_oid_format(theirs_hex, theirs), cts_oid_format(ours_hex, &root));
	cts_hint("ctsync clone %s DIR --agency CODE makes a store of that programme", name);
	return CTS_EREFUSED;
}

/* Kept so that the next push can build on it; whatever else it is does not matter here. */
static int take_view(struct pulling *pulling)
{
	struct cts_oid main = cts_source_ref(pulling->source, "refs/heads/main");
	int rc = cts_view_take(pulling->road, pulling->remote, &main, pulling->source->odb);

	if (rc == CTS_EREFUSED) {
		cts_error_clear();
		rc = 0;
	}
	return rc;
}

static int take_in(struct pulling *pulling)
{
	int rc, lock;

	lock = cts_store_lock_mirror(pulling->road->store, CTS_MIRROR_WAIT_MS);
	if (lock < 0)
		return lock;
	/* No pull lies between two entries of a journal: what was edited meanwhile is sealed first. */
	do {
		rc = cts_seal_locked(pulling->road, false, NULL, NULL);
		if (rc >= 0)
			rc = cts_store_exchange(pulling->road->store, pull_in_txn, pulling);
	} while (cts_ingest_waits_for_seal(pulling->road->store, rc));
	if (rc >= 0)
		rc = cts_road_move_refs(pulling->road);
	if (rc >= 0 && pulling->remote)
		rc = take_view(pulling);
	close(lock);
	return rc;
}

/* Branches that nobody of the programme made. */
static void name_ignored(struct cts_pull *out, const struct cts_source *source)
{
	static const char heads[] = "refs/heads/";
	struct cts_arena arena = {0};

	for (size_t i = 0; i < source->ref_count; i++) {
		const char *name = source->refs[i].name, *agency, *writer;

		if (strncmp(name, heads, strlen(heads)) != 0 ||
			strcmp(name, "refs/heads/root") == 0 || strcmp(name, "refs/heads/main") == 0 ||
			cts_branch_parse(&agency, &writer, &arena, name))
			continue;
		*(const char **)cts_arena_push(&out->arena, &out->ignored, &out->ignored_count,
			sizeof(*out->ignored)) = cts_arena_strdup(&out->arena, name + strlen(heads));
	}
	cts_arena_release(&arena);
}

/* `pins` NULL, as `remote`: the source is no remote. */
static int pull_from(struct cts_pull *out, struct cts_road *road, struct cts_source *source,
	const char *name, const char *remote, const struct pins *pins,
	const struct cts_progress *progress)
{
	struct pulling pulling = {.road = road, .source = source, .remote = remote, .pins = pins};
	struct cts_oid root = cts_source_ref(source, "refs/heads/root");
	int rc;

	pulling.ingest = (struct cts_ingest){
		.road = road,
		.source = source->odb,
		.received = cts_time_now(),
		.progress = progress,
		.pull = out,
	};
	name_ignored(out, source);
	rc = cts_pull_check_root(road, &root, name);
	if (rc == 0)
		rc = take_in(&pulling);
	for (size_t i = 0; rc >= 0 && i < pulling.refused_count; i++) {
		struct cts_refusal *refusal = cts_arena_push(
			&out->arena, &out->refused, &out->refused_count, sizeof(*refusal));

		*refusal = pulling.refused[i];
		refusal->branch = cts_arena_strdup(&out->arena, refusal->branch);
		refusal->why = cts_arena_strdup(&out->arena, refusal->why);
	}
	if (rc >= 0 && out->refused_count)
		rc = cts_fail(CTS_EINTEGRITY, "%zu %s refused; everything else was taken in",
			out->refused_count, out->refused_count == 1 ? "commit was" : "commits were");
	cts_arena_release(&pulling.arena);
	return rc < 0 ? rc : 0;
}

int cts_pull_from(struct cts_pull *out, struct cts_road *road, struct cts_source *source,
	const char *name, const struct cts_progress *progress)
{
	return pull_from(out, road, source, name, NULL, NULL, progress);
}

int cts_pull(struct cts_pull *out, struct cts_road *road, const char *remote,
	const struct cts_progress *progress)
{
	struct cts_source source = {0};
	const char *url = cts_remote_url(road->store, remote);
	struct cts_arena arena = {0};
	struct pins pins = {0};
	int rc;

	if (!url)
		return cts_fail(CTS_EREFUSED, "no remote is named '%s'", remote);
	url = cts_arena_strdup(&arena, url); /* sealing may set who we are in the config */
	rc = cts_seal(road, progress);
	if (rc >= 0)
		rc = read_pins(&pins, road->store, remote);
	if (rc >= 0)
		rc = cts_source_open(&source, url, cts_store_path(road->store), road, progress);
	if (rc >= 0)
		rc = pull_from(out, road, &source, url, remote, &pins, progress);
	cts_source_close(&source);
	cts_arena_release(&pins.arena);
	cts_arena_release(&arena);
	return rc;
}
