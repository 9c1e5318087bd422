/*
 * What a push is to move: the branches that the remote lacks or has at an ancestor of ours. Only forward: a
 * branch that is there at what we do not know, or beyond us, stays.
 */
#include "sync/push_internal.h"

#include <stdlib.h>
#include <string.h>

#include "sync/commit.h"

int cts_push_learn(struct cts_pushing *pushing)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < pushing->ref_count; i++) {
		const char *agency, *writer;
		struct cts_ref ref;

		if (!cts_branch_parse(&agency, &writer, &pushing->arena, pushing->refs[i].name))
			continue;
		rc = cts_txn_find_commit(pushing->txn, &ref, &pushing->refs[i].oid);
		if (rc == 1)
			rc = cts_txn_add_past(pushing->txn, &pushing->has, ref);
	}
	return rc;
}

/* Whether a branch of the hub leads down to a commit of the same writer: then the hub has that. */
static bool leads_to(struct cts_odb *odb, struct cts_oid at, const struct cts_line *line)
{
	bool is_above = odb != NULL, leads = false;

	while (is_above && !leads) {
		struct cts_arena arena = {0};
		struct cts_commit commit;

		leads = cts_oid_equal(&at, &line->head);
		is_above = !leads && cts_commit_read(&commit, &arena, odb, &at) == 0 &&
			   strcmp(commit.writer, line->writer) == 0 &&
			   commit.seq > line->head_seq && commit.parent_count;
		if (is_above)
			at = commit.parents[0];
		cts_arena_release(&arena);
	}
	cts_error_clear();
	return leads;
}

/* Our own branch stands there at something that does not lead to our head, nor our head to it. */
static int fail_apart(
	struct cts_pushing *pushing, const struct cts_oid *there, const struct cts_line *line)
{
	char ours[CTS_OID_HEX + 1], theirs[CTS_OID_HEX + 1];

	cts_fail(CTS_EREJECTED, "our branch '%s/%s' is at %s there, which does not lead to our %s",
		line->agency, line->writer, cts_oid_format(theirs, there),
		cts_oid_format(ours, &line->head));
	cts_hint("ctsync pull %s, then push again", pushing->remote);
	return CTS_EREJECTED;
}

static int add_move(void *context, const struct cts_line *line)
{
	struct cts_pushing *pushing = context;
	struct cts_ref is = {.line = line->line, .seq = line->head_seq}, was;
	struct cts_move *move;
	struct cts_oid old;
	const char *name;
	int rc;

	if (!line->head_seq || line->is_fork)
		return 0;
	name = cts_line_ref(&pushing->arena, line);
	old = cts_push_ref(pushing, name);
	if (cts_oid_equal(&old, &line->head))
		return 0;
	if (!cts_oid_is_zero(&old)) {
		/* Only forward: a head that we do not know, or that is ahead of ours, stays. */
		rc = cts_txn_find_commit(pushing->txn, &was, &old);
		if (rc == 1)
			rc = cts_txn_has_seen(pushing->txn, is, was);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return !line->is_own || leads_to(pushing->hub_odb, old, line)
				       ? 0
				       : fail_apart(pushing, &old, line);
	}
	move = cts_arena_push(
		&pushing->arena, &pushing->moves, &pushing->move_count, sizeof(*move));
	*move = (struct cts_move){
		.name = name, .old = old, .new = line->head, .is_own = line->is_own};
	return 0;
}

static int compare_moves(const void *a, const void *b)
{
	const struct cts_move *x = a, *y = b;

	if (x->is_own != y->is_own)
		return y->is_own - x->is_own;
	return strcmp(x->name, y->name);
}

int cts_push_plan(struct cts_pushing *pushing)
{
	int rc = cts_txn_each_line(pushing->txn, add_move, pushing);

	if (rc == 0 && pushing->move_count)
		qsort(pushing->moves, pushing->move_count, sizeof(*pushing->moves), compare_moves);
	return rc;
}

/* ---- what cannot travel on its own branch ---- */

struct stranded {
	struct cts_pushing *pushing;
	bool found;
};

static int find_stranded(void *context, const struct cts_line *line)
{
	struct stranded *stranded = context;
	struct cts_pushing *pushing = stranded->pushing;
	struct cts_ref head = {.line = line->line, .seq = line->head_seq};
	struct cts_line *heads;
	size_t count;
	int rc;

	if (!line->head_seq || cts_vector_has(&pushing->has, head))
		return 0;
	rc = cts_txn_newest_heads(pushing->txn, &heads, &count, &pushing->arena);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct cts_ref newest = {.line = heads[i].line, .seq = heads[i].head_seq};
		struct cts_oid there, own = heads[i].head;
		struct cts_ref was;

		if (heads[i].is_fork || !newest.seq)
			continue;
		rc = cts_txn_has_seen(pushing->txn, newest, head);
		if (rc < 1)
			continue;
		rc = 0;
		/* Its branch can be moved there: then it carries the line. Where it is at what we
		 * do not know it may have gone on or another way: the next pull tells. */
		there = cts_push_ref(pushing, cts_line_ref(&pushing->arena, &heads[i]));
		if (cts_oid_is_zero(&there) || cts_oid_equal(&there, &own))
			return 0;
		rc = cts_txn_find_commit(pushing->txn, &was, &there);
		if (rc == 0)
			return 0;
		if (rc == 1)
			rc = cts_txn_has_seen(pushing->txn, newest, was);
		if (rc == 1)
			return 0;
	}
	if (rc < 0)
		return rc;
	stranded->found = true;
	return 1;
}

static int show_seen(struct cts_txn *txn, void *context)
{
	(void)context;
	return cts_txn_show_seen(txn);
}

int cts_push_rescue(struct cts_pushing *pushing)
{
	struct stranded stranded = {.pushing = pushing};
	int rc = cts_txn_each_line(pushing->txn, find_stranded, &stranded);

	if (rc < 0 || !stranded.found)
		return rc < 0 ? rc : 0;
	cts_txn_end(pushing->txn);
	pushing->txn = NULL;
	return cts_store_exchange(pushing->road->store, show_seen, NULL);
}
