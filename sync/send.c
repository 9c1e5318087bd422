/*
 * A commit's new objects are those that none of its parents' trees has at the same place: of an
 * edit that is what it edited, of a seen commit what the merge made. An edit's parent is mostly the
 * commit before it, so the last commit's tree is kept.
 */
#include "sync/send.h"

#include <stdlib.h>

#include "sync/commit.h"
#include "sync/copy.h"

/* ---- which commits ---- */

static int compare_sending(const void *a, const void *b)
{
	const struct cts_sending *x = a, *y = b;

	return (x->arrival > y->arrival) - (x->arrival < y->arrival);
}

int cts_send_list(struct cts_sending **out, size_t *count, struct cts_txn *txn,
	const struct cts_vector *has, const struct cts_vector *wanted, struct cts_arena *arena)
{
	struct cts_arena scratch = {0};
	struct cts_sending *list = NULL;
	size_t found = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < wanted->count; i++) {
		uint32_t line = wanted->entries[i].line;
		uint64_t seq = cts_vector_seq(has, line);

		while (rc == 0 && ++seq <= wanted->entries[i].seq) {
			struct cts_change change;
			struct cts_sending *item;

			cts_arena_clear(&scratch);
			rc = cts_txn_change(
				txn, &change, &scratch, (struct cts_ref){.line = line, .seq = seq});
			if (rc == CTS_ENOTFOUND) { /* stands on the line that this one left */
				cts_error_clear();
				rc = 0;
				continue;
			}
			item = cts_arena_push(arena, &list, &found, sizeof(*item));
			*item = (struct cts_sending){
				.oid = change.commit, .arrival = change.arrival};
		}
	}
	if (rc == 0 && found)
		qsort(list, found, sizeof(*list), compare_sending);
	cts_arena_release(&scratch);
	*out = list;
	*count = found;
	return rc;
}

/* ---- their objects ---- */

struct last {
	struct cts_oid oid, tree;
};

static int find_trees(struct cts_oid *trees, struct cts_odb *odb, const struct cts_commit *commit,
	const struct last *last, struct cts_arena *arena)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < commit->parent_count; i++) {
		struct cts_commit parent;

		if (cts_oid_equal(&commit->parents[i], &last->oid)) {
			trees[i] = last->tree;
			continue;
		}
		rc = cts_commit_read(&parent, arena, odb, &commit->parents[i]);
		if (rc == 0)
			trees[i] = parent.tree;
	}
	return rc;
}

static int send_commit(struct cts_copying *copying, struct last *last, const struct cts_oid *oid)
{
	struct cts_oid trees[CTS_COMMIT_PARENTS_MAX];
	struct cts_copied_commit copied = {.oid = *oid};
	struct cts_arena arena = {0};
	struct cts_buf bytes = {0};
	struct cts_commit commit;
	int rc = cts_odb_read_stored(
		&bytes, &copied.stored, copying->source, CTS_OBJECT_COMMIT, oid);

	if (rc == 0)
		rc = cts_commit_parse(&commit, &arena, bytes.data, bytes.size);
	if (rc == 0)
		rc = find_trees(trees, copying->source, &commit, last, &arena);
	if (rc == 0) {
		copied.bytes = cts_buf_slice(&bytes);
		copied.tree = commit.tree;
		rc = cts_copy_commit(copying, &copied, trees, commit.parent_count);
	}
	if (rc == 0)
		*last = (struct last){.oid = *oid, .tree = commit.tree};
	cts_buf_release(&bytes);
	cts_arena_release(&arena);
	if (rc == CTS_ENOTFOUND || rc == CTS_EINTEGRITY) {
		cts_fail_where("the mirror lacks what the store has");
		cts_hint("ctsync check");
		rc = CTS_EDAMAGED;
	}
	return rc;
}

int cts_send_commits(struct cts_road *road, struct cts_pack *pack, const struct cts_sending *list,
	size_t count, const struct cts_progress *progress)
{
	struct cts_copying copying = {
		.source = road->odb, .trees = road->trees, .pack = pack};
	struct last last = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = send_commit(&copying, &last, &list[i].oid);
		if (progress && progress->step)
			progress->step(progress->context, "packing", i + 1, count);
	}
	return rc;
}
