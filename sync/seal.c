/*
 * Sealing: the journal becomes commits on the own branch, one a change, in one pack.
 *
 * The tree before the first change is the view as it stood before it: the last tree that we built, with
 * the records that pulls have changed since, those that the journal touches in the state of its own first
 * image. Each commit then splices its records into the tree before it. Order that makes every crash point
 * recoverable: pack, LMDB, ref. Sealing the same journal again makes the same commits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/diff.h"
#include "proto/json.h"
#include "sync/commit.h"
#include "sync/layout.h"
#include "sync/pack.h"
#include "sync/repo.h"
#include "sync/road.h"
#include "sync/tree_build.h"

struct stale {
	const char *key;
	bool is_in_journal;
	struct cts_slice before; /* its image before the journal's first change of it */
};

/* A writer's branch as far as this seal has brought it. */
struct branch {
	char writer[CTS_WRITER_HEX + 1];
	struct cts_oid head; /* zero: none */
	uint64_t seq;
};

struct sealing {
	struct cts_road *road;
	struct cts_txn *txn;
	const struct cts_schema *schema;
	const struct cts_progress *progress;
	struct cts_arena arena;  /* of the whole seal */
	struct cts_arena scratch; /* of one change */
	struct cts_pack *pack;
	struct cts_tree_build *build;
	struct cts_oid tree;     /* after the last commit; zero: none yet */
	bool has_tree;
	struct stale *stale;
	size_t stale_count;
	struct branch *branches;
	size_t branch_count;
	struct cts_sealed *sealed;
	size_t sealed_count;
	uint64_t changes;
	/* the change at hand */
	size_t branch; /* that it extends */
	struct cts_commit commit;
	uint64_t seen_count;
	const char **seen;
	size_t seen_head_count;
	struct cts_buf lines;
	size_t line_count, record_count;
	struct cts_buf json;
};

/* ---- the tree before the journal -------------------------------------------------------------- */

static int put_record(struct sealing *sealing, const struct cts_record *record)
{
	struct cts_oid blob;
	int rc;

	cts_buf_clear(&sealing->json);
	cts_json_encode(&sealing->json, record);
	rc = cts_pack_put(&blob, sealing->pack, CTS_OBJECT_BLOB, sealing->json.data,
		sealing->json.size, NULL);
	if (rc == 0)
		rc = cts_tree_build_put(sealing->build, record->kind->name, record->id, &blob);
	return rc;
}

static int remove_record(struct sealing *sealing, const char *key)
{
	const char *kind, *id;
	int rc = cts_key_split(&kind, &id, &sealing->scratch, key);

	return rc < 0 ? rc : cts_tree_build_put(sealing->build, kind, id, NULL);
}

static int put_image(struct sealing *sealing, const char *key, struct cts_slice image)
{
	struct cts_record record;
	int rc;

	if (!image.size)
		return remove_record(sealing, key);
	rc = cts_record_decode(&record, sealing->schema, image.data, image.size);
	if (rc < 0)
		return rc;
	rc = put_record(sealing, &record);
	cts_record_release(&record);
	return rc;
}

static int note_stale(void *context, const char *key)
{
	struct sealing *sealing = context;
	struct stale *stale = cts_arena_push(
		&sealing->arena, &sealing->stale, &sealing->stale_count, sizeof(*stale));

	stale->key = cts_arena_strdup(&sealing->arena, key);
	return 0;
}

static int compare_stale(const void *key, const void *stale)
{
	return strcmp(key, ((const struct stale *)stale)->key);
}

/* The first image of a record in the journal is what it was before. */
static int note_before(void *context, const struct cts_frame *frame)
{
	struct sealing *sealing = context;
	struct stale *stale;

	if (frame->kind != CTS_FRAME_RECORD || !sealing->stale_count)
		return 0;
	stale = bsearch(frame->key, sealing->stale, sealing->stale_count, sizeof(*stale),
		compare_stale);
	if (!stale || stale->is_in_journal)
		return 0;
	stale->is_in_journal = true;
	stale->before = (struct cts_slice){
		.data = cts_arena_memdup(&sealing->arena, frame->before.data, frame->before.size),
		.size = frame->before.size,
	};
	return 0;
}

static int put_files(struct sealing *sealing)
{
	struct cts_slice schema = cts_schema_bytes(sealing->schema);
	struct cts_buf json = {0};
	struct cts_oid oid;
	int rc;

	rc = cts_pack_put(
		&oid, sealing->pack, CTS_OBJECT_BLOB, schema.data, schema.size, NULL);
	if (rc == 0)
		rc = cts_tree_build_file(sealing->build, CTS_LAYOUT_SCHEMA, &oid);
	cts_schema_json(&json, sealing->schema, NULL);
	if (rc == 0)
		rc = cts_pack_put(
			&oid, sealing->pack, CTS_OBJECT_BLOB, json.data, json.size, NULL);
	if (rc == 0)
		rc = cts_tree_build_file(sealing->build, CTS_LAYOUT_SCHEMA_JSON, &oid);
	if (rc == 0)
		rc = cts_pack_put(&oid, sealing->pack, CTS_OBJECT_BLOB, CTS_LAYOUT_FORMAT_TEXT,
			strlen(CTS_LAYOUT_FORMAT_TEXT), NULL);
	if (rc == 0)
		rc = cts_tree_build_file(sealing->build, CTS_LAYOUT_FORMAT, &oid);
	cts_buf_release(&json);
	return rc;
}

static int finish_tree(struct sealing *sealing)
{
	struct cts_oid tree;
	int rc = cts_tree_build_finish(
		&tree, sealing->build, sealing->has_tree ? &sealing->tree : NULL);

	if (rc == 0) {
		sealing->tree = tree;
		sealing->has_tree = true;
	}
	return rc;
}

/* The view before the journal. */
static int start_tree(struct sealing *sealing)
{
	struct cts_oid base;
	int rc = cts_txn_tree_base(sealing->txn, &base);

	if (rc < 0)
		return rc;
	sealing->has_tree = !cts_oid_is_zero(&base);
	sealing->tree = base;
	/* Without a base every record is stale: they all were received (or there are none). */
	rc = sealing->has_tree ? cts_txn_each_stale(sealing->txn, note_stale, sealing)
			       : cts_txn_each_key(sealing->txn, "", note_stale, sealing);
	if (rc == 0 && !sealing->has_tree)
		rc = put_files(sealing);
	if (rc == 0)
		rc = cts_txn_each_journal(sealing->txn, note_before, sealing);
	for (size_t i = 0; rc == 0 && i < sealing->stale_count; i++) {
		const struct stale *stale = &sealing->stale[i];
		struct cts_record record;
		enum cts_life life;

		cts_arena_clear(&sealing->scratch);
		if (stale->is_in_journal) {
			rc = put_image(sealing, stale->key, stale->before);
			continue;
		}
		rc = cts_txn_life(sealing->txn, &life, stale->key);
		if (rc == 0 && life != CTS_LIFE_LIVE) {
			rc = remove_record(sealing, stale->key);
			continue;
		}
		if (rc == 0)
			rc = cts_txn_get(sealing->txn, &record, stale->key);
		if (rc == 0) {
			rc = put_record(sealing, &record);
			cts_record_release(&record);
		}
	}
	return rc < 0 ? rc : finish_tree(sealing);
}

/* ---- commits ---------------------------------------------------------------------------------- */

struct finding {
	struct sealing *sealing;
	const struct cts_frame *begin;
	struct branch *found;
};

/* The line whose head the change follows. */
static int find_head(void *context, const struct cts_line *line)
{
	struct finding *finding = context;
	uint64_t before = finding->begin->seq - finding->begin->seen_count - 1;

	if (strcmp(line->writer, finding->begin->writer) != 0 || line->head_seq != before)
		return 0;
	finding->found->head = line->head;
	finding->found->seq = line->head_seq;
	return line->is_own;
}

static int choose_branch(struct sealing *sealing, const struct cts_frame *begin)
{
	struct finding finding = {.sealing = sealing, .begin = begin};
	int rc;

	for (size_t i = 0; i < sealing->branch_count; i++)
		if (strcmp(sealing->branches[i].writer, begin->writer) == 0) {
			sealing->branch = i;
			return 0;
		}
	finding.found = cts_arena_push(&sealing->arena, &sealing->branches,
		&sealing->branch_count, sizeof(*finding.found));
	memcpy(finding.found->writer, begin->writer, CTS_WRITER_HEX);
	rc = cts_txn_each_line(sealing->txn, find_head, &finding);
	sealing->branch = sealing->branch_count - 1;
	return rc < 0 ? rc : 0;
}

/* A commit that others refuse takes all later work of its writer with it: better not sealed, where the
 * journal still holds it, than sealed and stranded. */
static int check_commit(
	struct sealing *sealing, const struct cts_commit *commit, const struct cts_buf *bytes)
{
	struct cts_commit again;
	char name[CTS_CHANGE_TEXT];
	int rc = 0;

	if (bytes->size > cts_object_limit(CTS_OBJECT_COMMIT))
		rc = cts_fail(CTS_EINTEGRITY, "its commit is larger than 64 KiB");
	else
		rc = cts_commit_parse(&again, &sealing->scratch, bytes->data, bytes->size);
	if (rc == 0)
		return 0;
	cts_fail_where("the change %s cannot be sealed",
		cts_change_format(name, commit->writer, commit->seq));
	return CTS_EDAMAGED;
}

static int put_commit(struct sealing *sealing, struct branch *branch, struct cts_commit *commit)
{
	struct cts_buf bytes = {0};
	struct cts_sealed *sealed;
	int rc;

	commit->tree = sealing->tree;
	commit->seq = branch->seq + 1;
	memcpy(commit->writer, branch->writer, sizeof(commit->writer));
	cts_commit_format(&bytes, commit);
	rc = check_commit(sealing, commit, &bytes);
	if (rc == 0)
		rc = cts_pack_put(&branch->head, sealing->pack, CTS_OBJECT_COMMIT, bytes.data,
			bytes.size, NULL);
	cts_buf_release(&bytes);
	if (rc < 0)
		return rc;
	branch->seq++;
	sealed = cts_arena_push(
		&sealing->arena, &sealing->sealed, &sealing->sealed_count, sizeof(*sealed));
	memcpy(sealed->writer, branch->writer, sizeof(sealed->writer));
	sealed->seq = branch->seq;
	sealed->commit = branch->head;
	return 0;
}

/* A head as the journal names it: a commit, or a change that this seal has made one, or one before it,
 * which was at work when the journal's entry was written. */
static int resolve_head(struct sealing *sealing, const char *name, struct cts_oid *out)
{
	struct cts_change change = {0};
	char writer[CTS_WRITER_HEX + 1];
	struct cts_ref ref;
	uint64_t seq;

	if (cts_oid_parse(out, name))
		return 0;
	if (!cts_change_parse(writer, &seq, name))
		return cts_fail(CTS_EDAMAGED, "the journal names a head '%s'", name);
	for (size_t i = 0; i < sealing->sealed_count; i++)
		if (sealing->sealed[i].seq == seq &&
			strcmp(sealing->sealed[i].writer, writer) == 0) {
			*out = sealing->sealed[i].commit;
			return 0;
		}
	if (cts_txn_find_change(sealing->txn, &ref, name) == 0 &&
		cts_txn_change(sealing->txn, &change, &sealing->scratch, ref) == 0 &&
		!cts_oid_is_zero(&change.commit)) {
		*out = change.commit;
		return 0;
	}
	return cts_fail(CTS_EDAMAGED, "the journal names a head '%s' that is not here", name);
}

/* " dpmc@12" */
static void name_parent(struct sealing *sealing, struct cts_buf *subject, const struct cts_oid *oid)
{
	struct cts_change change;
	struct cts_ref ref;

	for (size_t i = 0; i < sealing->sealed_count; i++)
		if (cts_oid_equal(&sealing->sealed[i].commit, oid)) {
			cts_buf_printf(subject, " %s@%llu", sealing->commit.agency,
				(unsigned long long)sealing->sealed[i].seq);
			return;
		}
	if (cts_txn_find_commit(sealing->txn, &ref, oid) == 1 &&
		cts_txn_change(sealing->txn, &change, &sealing->scratch, ref) == 0)
		cts_buf_printf(
			subject, " %s@%llu", change.agency, (unsigned long long)change.ref.seq);
}

/* The seen commits before a change: each joins the branch's head and as many others as fit. In a chain
 * every commit carries the tree of the last. */
static int put_seen(struct sealing *sealing, struct branch *branch)
{
	size_t taken = 0;
	int rc = 0;

	for (uint64_t n = 0; rc == 0 && n < sealing->seen_count; n++) {
		struct cts_commit seen = sealing->commit;
		struct cts_buf subject = {0};
		size_t room = CTS_COMMIT_PARENTS_MAX;

		seen.is_seen = true;
		seen.lines = "";
		seen.parents = cts_arena_alloc(
			&sealing->scratch, CTS_COMMIT_PARENTS_MAX * sizeof(*seen.parents));
		seen.parent_count = 0;
		if (!cts_oid_is_zero(&branch->head)) {
			seen.parents[seen.parent_count++] = branch->head;
			room--;
		}
		cts_buf_puts(&subject, "seen");
		for (; rc == 0 && room && taken < sealing->seen_head_count; room--, taken++) {
			struct cts_oid *parent = &seen.parents[seen.parent_count++];

			rc = resolve_head(sealing, sealing->seen[taken], parent);
			if (rc == 0)
				name_parent(sealing, &subject, parent);
		}
		seen.message = cts_buf_text(&subject);
		if (rc == 0)
			rc = put_commit(sealing, branch, &seen);
		cts_buf_release(&subject);
	}
	return rc;
}

static int begin_change(struct sealing *sealing, const struct cts_frame *frame)
{
	int rc;

	cts_arena_clear(&sealing->scratch);
	sealing->commit = (struct cts_commit){
		.author = cts_arena_strdup(&sealing->scratch, frame->author),
		.time = frame->time,
		.agency = cts_arena_strdup(&sealing->scratch, frame->agency),
	};
	sealing->seen_count = frame->seen_count;
	sealing->seen_head_count = frame->seen_head_count;
	sealing->seen = cts_arena_alloc(
		&sealing->scratch, frame->seen_head_count * sizeof(*sealing->seen));
	for (size_t i = 0; i < frame->seen_head_count; i++)
		sealing->seen[i] = cts_arena_strdup(&sealing->scratch, frame->seen[i]);
	sealing->line_count = sealing->record_count = 0;
	cts_buf_clear(&sealing->lines);
	rc = choose_branch(sealing, frame);
	if (rc == 0)
		rc = put_seen(sealing, &sealing->branches[sealing->branch]);
	return rc;
}

/* One line for each of the first edits. */
static int add_lines(struct sealing *sealing, const struct cts_frame *frame)
{
	struct cts_record before = {0}, after = {0};
	struct cts_record_edits edits;
	int rc = 0;

	if (frame->before.size)
		rc = cts_record_decode(
			&before, sealing->schema, frame->before.data, frame->before.size);
	if (rc == 0 && frame->after.size)
		rc = cts_record_decode(
			&after, sealing->schema, frame->after.data, frame->after.size);
	if (rc == 0)
		rc = cts_diff(&edits, &sealing->scratch, before.kind ? &before : NULL,
			after.kind ? &after : NULL);
	for (size_t i = 0; rc == 0 && i < edits.edit_count; i++) {
		if (sealing->line_count == CTS_COMMIT_LINES_MAX)
			break;
		/* That a new record lives goes without saying, where anything else is said: a commit
		 * without lines could not tell them from the last paragraph of its message. */
		if (edits.created && edits.edit_count > 1 &&
			strcmp(edits.edits[i].field, CTS_DELETED) == 0)
			continue;
		cts_diff_line(&sealing->lines, frame->key, &edits.edits[i]);
		cts_buf_putc(&sealing->lines, '\n');
		sealing->line_count++;
	}
	cts_record_release(&before);
	cts_record_release(&after);
	return rc;
}

static int end_change(struct sealing *sealing, const struct cts_frame *frame)
{
	struct branch *branch = &sealing->branches[sealing->branch];
	struct cts_commit *commit = &sealing->commit;
	int rc = 0;

	sealing->changes++;
	if (!frame->record_count)
		return 0;
	rc = finish_tree(sealing);
	if (rc < 0)
		return rc;
	commit->message = frame->message;
	commit->lines = cts_buf_text(&sealing->lines);
	commit->parents = &branch->head;
	commit->parent_count = !cts_oid_is_zero(&branch->head);
	/* put_commit moves branch->head while the commit still names it as its parent. */
	if (commit->parent_count)
		commit->parents = cts_arena_memdup(
			&sealing->scratch, &branch->head, sizeof(branch->head));
	rc = put_commit(sealing, branch, commit);
	if (rc == 0 && sealing->progress && sealing->progress->step)
		sealing->progress->step(
			sealing->progress->context, "sealing", sealing->changes, 0);
	return rc;
}

static int seal_frame(void *context, const struct cts_frame *frame)
{
	struct sealing *sealing = context;
	int rc = 0;

	switch (frame->kind) {
	case CTS_FRAME_BEGIN: return begin_change(sealing, frame);
	case CTS_FRAME_RECORD:
		sealing->record_count++;
		if (sealing->line_count < CTS_COMMIT_LINES_MAX)
			rc = add_lines(sealing, frame);
		return rc < 0 ? rc : put_image(sealing, frame->key, frame->after);
	case CTS_FRAME_END: return end_change(sealing, frame);
	}
	return 0;
}

/* ---- the steps -------------------------------------------------------------------------------- */

static int record_seal(struct cts_txn *txn, void *context)
{
	struct sealing *sealing = context;
	struct cts_oid root;
	int rc = cts_txn_root(txn, &root);

	if (rc == 0 && cts_oid_is_zero(&root) && sealing->sealed_count)
		rc = cts_txn_set_root(txn, &sealing->sealed[0].commit);
	if (rc == 0)
		rc = cts_txn_sealed(txn, sealing->sealed, sealing->sealed_count, sealing->changes,
			&sealing->tree);
	return rc;
}

struct counting {
	uint64_t stale;
};

static int count_one(void *context, const char *key)
{
	(void)key;
	((struct counting *)context)->stale++;
	return 1;
}

/* Whether there is anything to do: changes in the journal, or a view to bring up to date. */
static int is_needed(struct sealing *sealing, bool refresh, bool *out)
{
	struct counting counting = {0};
	struct cts_oid base = {0};
	uint64_t changes;
	int rc = cts_txn_journal_count(sealing->txn, &changes);

	if (rc == 0)
		rc = cts_txn_tree_base(sealing->txn, &base);
	if (rc == 0)
		rc = cts_txn_each_stale(sealing->txn, count_one, &counting);
	*out = changes || (refresh && (counting.stale || cts_oid_is_zero(&base)));
	sealing->tree = base;
	return rc < 0 ? rc : 0;
}

static bool mirror_has(void *context, const struct cts_oid *oid)
{
	return cts_odb_has(((struct cts_road *)context)->odb, oid);
}

static void release(struct sealing *sealing)
{
	cts_tree_build_free(sealing->build);
	cts_tree_cache_set_pack(sealing->road->trees, NULL);
	cts_pack_free(sealing->pack);
	cts_txn_end(sealing->txn);
	cts_arena_release(&sealing->arena);
	cts_arena_release(&sealing->scratch);
	cts_buf_release(&sealing->lines);
	cts_buf_release(&sealing->json);
}

int cts_seal_locked(struct cts_road *road, bool refresh, struct cts_oid *tree,
	const struct cts_progress *progress)
{
	struct sealing sealing = {
		.road = road,
		.schema = cts_store_schema(road->store),
		.progress = progress,
	};
	const struct cts_pack_options options = {.exists = mirror_has, .context = road};
	char name[CTS_OID_HEX + 1];
	bool needed = false;
	int rc = cts_txn_begin(&sealing.txn, road->store);

	if (rc == 0)
		rc = is_needed(&sealing, refresh, &needed);
	if (rc < 0 || !needed)
		goto out;
	rc = cts_odb_refresh(road->odb);
	if (rc == 0)
		rc = cts_pack_open(&sealing.pack, road->pack_dir, &options);
	if (rc < 0)
		goto out;
	sealing.build = cts_tree_build_open(road->trees, sealing.pack);
	rc = start_tree(&sealing);
	if (rc == 0)
		rc = cts_txn_each_journal(sealing.txn, seal_frame, &sealing);
	if (rc == 0)
		rc = cts_pack_finish(name, sealing.pack);
	if (rc < 0)
		goto out;
	/* A reading transaction may not be open while the map grows. */
	cts_txn_end(sealing.txn);
	sealing.txn = NULL;
	rc = cts_store_exchange(road->store, record_seal, &sealing);
	if (rc == 0)
		rc = cts_odb_refresh(road->odb);
	if (rc == 0)
		rc = cts_road_move_refs(road);
out:
	if (rc == 0 && tree)
		*tree = sealing.tree;
	if (rc == 0)
		rc = (int)sealing.sealed_count;
	release(&sealing);
	return rc;
}

int cts_seal(struct cts_road *road, const struct cts_progress *progress)
{
	int rc, lock = cts_store_lock_mirror(road->store, CTS_MIRROR_WAIT_MS);

	if (lock < 0)
		return lock;
	rc = cts_seal_locked(road, false, NULL, progress);
	close(lock);
	return rc;
}
