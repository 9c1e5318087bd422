/*
 * The invariants between LMDB and the mirror, for `ctsync check`:
 *
 *	8   every branch of the mirror is the head of its line
 *	9   every commit that the store knows is in the mirror, with a tree
 *	10  the last tree that was built, with what pulls changed since, is the view
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/json.h"
#include "sync/commit.h"
#include "sync/git/repo.h"
#include "sync/road.h"
#include "sync/tree/tree_diff.h"

struct checking {
	struct cts_road *road;
	struct cts_txn *txn;
	struct cts_check *check;
	struct cts_arena arena;
};

static int violated(struct checking *checking, int number, const char *text)
{
	if (!checking->check->violation)
		return 0;
	return checking->check->violation(checking->check->context, number, text);
}

/* Every commit of a line is an object of the mirror. */
static int check_past(struct checking *checking, const struct cts_line *line)
{
	struct cts_arena arena = {0};
	char hex[CTS_OID_HEX + 1];
	int rc = 0;

	for (uint64_t seq = line->head_seq; rc == 0 && seq > 0; seq--) {
		struct cts_ref ref = {.line = line->line, .seq = seq};
		struct cts_change change;

		cts_arena_clear(&arena);
		rc = cts_txn_change(checking->txn, &change, &arena, ref);
		if (rc == CTS_ENOTFOUND) { /* on the line that this one left */
			cts_error_clear();
			rc = 0;
			break;
		}
		if (rc == 0 && !cts_odb_has(checking->road->odb, &change.commit))
			rc = violated(checking, 9,
				cts_arena_printf(&checking->arena,
					"the commit %s of '%s/%s' is not in the mirror",
					cts_oid_format(hex, &change.commit), line->agency,
					line->writer));
	}
	cts_arena_release(&arena);
	return rc;
}

static int check_head(void *context, const struct cts_line *line)
{
	struct checking *checking = context;
	struct cts_commit commit;
	struct cts_oid oid;
	const char *name = cts_line_ref(&checking->arena, line);
	int rc;

	if (!line->head_seq)
		return 0;
	rc = cts_repo_ref(checking->road->repo, &oid, name);
	if (rc == 0 && !cts_oid_equal(&oid, &line->head))
		rc = violated(checking, 8,
			cts_arena_printf(&checking->arena, "the branch '%s' is not its line's head",
				name));
	if (rc < 0)
		return rc;
	rc = cts_commit_read(&commit, &checking->arena, checking->road->odb, &line->head);
	if (rc < 0 || !cts_odb_has(checking->road->odb, &commit.tree))
		return violated(checking, 9,
			cts_arena_printf(&checking->arena, "the commit of '%s' is not whole", name));
	return check_past(checking, line);
}

/* Every file of the base tree against the record, unless a pull changed it since or it is pending. */
struct viewing {
	struct checking *checking;
	const char **apart; /* keys that may differ, sorted */
	size_t apart_count;
	uint64_t files;
};

static int add_apart(void *context, const char *key)
{
	struct viewing *viewing = context;

	*(const char **)cts_arena_push(&viewing->checking->arena, &viewing->apart,
		&viewing->apart_count, sizeof(*viewing->apart)) =
		cts_arena_strdup(&viewing->checking->arena, key);
	return 0;
}

static int add_pending(void *context, const struct cts_frame *frame)
{
	return frame->kind == CTS_FRAME_RECORD ? add_apart(context, frame->key) : 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_apart(const struct viewing *viewing, const char *key)
{
	return viewing->apart_count && bsearch(&key, viewing->apart, viewing->apart_count,
					       sizeof(*viewing->apart), compare_keys);
}

static int check_file(void *context, const char *kind, const char *id,
	const struct cts_oid *before, const struct cts_oid *after)
{
	struct viewing *viewing = context;
	struct checking *checking = viewing->checking;
	const char *key = cts_arena_printf(&checking->arena, "%s/%s", kind, id);
	struct cts_record record;
	struct cts_oid oid;
	enum cts_life life;
	int rc;

	(void)before;
	if (is_apart(viewing, key))
		return 0;
	viewing->files++;
	rc = cts_txn_life(checking->txn, &life, key);
	if (rc < 0)
		return rc;
	if (life != CTS_LIFE_LIVE)
		return violated(checking, 10,
			cts_arena_printf(
				&checking->arena, "'%s' is in the tree and not in the store", key));
	rc = cts_txn_get(checking->txn, &record, key);
	if (rc < 0)
		return rc;
	oid = cts_json_hash(&record);
	cts_record_release(&record);
	if (!cts_oid_equal(&oid, after))
		return violated(checking, 10,
			cts_arena_printf(&checking->arena,
				"'%s' is not in the tree what it is in the store", key));
	return 0;
}

/* The schema's files are the root's, and every commit was held to that. */
static int pass_file(void *context, const char *name, const struct cts_oid *before,
	const struct cts_oid *after)
{
	(void)context;
	(void)name;
	(void)before;
	(void)after;
	return 0;
}

static int count_live(void *context, const char *key)
{
	struct viewing *viewing = context;

	if (!is_apart(viewing, key))
		viewing->files--;
	return 0;
}

static int check_view(struct checking *checking)
{
	struct viewing viewing = {.checking = checking};
	const struct cts_tree_visit visit = {.context = &viewing, .record = check_file, .file = pass_file};
	struct cts_oid base;
	int rc = cts_txn_tree_base(checking->txn, &base);

	if (rc < 0 || cts_oid_is_zero(&base))
		return rc;
	rc = cts_txn_each_stale(checking->txn, add_apart, &viewing);
	if (rc == 0)
		rc = cts_txn_each_journal(checking->txn, add_pending, &viewing);
	if (viewing.apart_count)
		qsort(viewing.apart, viewing.apart_count, sizeof(*viewing.apart), compare_keys);
	if (rc == 0)
		rc = cts_tree_diff(checking->road->trees, NULL, &base, &visit);
	if (rc == CTS_EINTEGRITY || rc == CTS_EDAMAGED || rc == CTS_ENOTFOUND)
		return violated(checking, 10, cts_error_message(rc));
	if (rc == 0)
		rc = cts_txn_each_key(checking->txn, "", count_live, &viewing);
	if (rc == 0 && viewing.files != 0)
		rc = violated(checking, 10, "the tree lacks records that the store has");
	return rc;
}

int cts_road_check(struct cts_road *road, struct cts_check *check)
{
	struct checking checking = {.road = road, .check = check};
	int lock, rc;

	/* Between a seal's or a pull's steps LMDB and the refs differ as they should. */
	lock = cts_store_lock_mirror(road->store, CTS_MIRROR_WAIT_MS);
	if (lock == CTS_EIO)
		cts_error_clear(); /* a read-only store, which nobody moves */
	else if (lock < 0)
		return lock;
	rc = cts_odb_refresh(road->odb);
	if (rc == 0)
		rc = cts_txn_begin(&checking.txn, road->store);
	if (rc == 0)
		rc = cts_txn_each_line(checking.txn, check_head, &checking);
	if (rc == 0)
		rc = check_view(&checking);
	cts_txn_end(checking.txn);
	cts_arena_release(&checking.arena);
	if (lock >= 0)
		close(lock);
	return rc < 0 ? rc : 0;
}
