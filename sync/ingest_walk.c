/*
 * Which commits are new: depth first from each tip down to what the store has, without recursion,
 * since a branch may be a hundred thousand commits long.
 */
#include "sync/ingest_internal.h"

#include <stdlib.h>
#include <string.h>

#include "sync/commit.h"

static size_t slot_of(const struct cts_oid_set *set, const struct cts_oid *oid)
{
	size_t slot;

	memcpy(&slot, oid->bytes, sizeof(slot));
	slot &= set->size - 1;
	while (!cts_oid_is_zero(&set->table[slot]) && !cts_oid_equal(&set->table[slot], oid))
		slot = (slot + 1) & (set->size - 1);
	return slot;
}

bool cts_oid_set_has(const struct cts_oid_set *set, const struct cts_oid *oid)
{
	return set->size && !cts_oid_is_zero(&set->table[slot_of(set, oid)]);
}

bool cts_oid_set_add(struct cts_oid_set *set, const struct cts_oid *oid)
{
	size_t slot;

	if (set->count * 2 >= set->size) {
		struct cts_oid *old = set->table;
		size_t old_size = set->size;

		set->size = old_size ? old_size * 2 : 1024;
		set->table = cts_malloc(set->size * sizeof(*set->table));
		memset(set->table, 0, set->size * sizeof(*set->table));
		for (size_t i = 0; i < old_size; i++)
			if (!cts_oid_is_zero(&old[i]))
				set->table[slot_of(set, &old[i])] = old[i];
		free(old);
	}
	slot = slot_of(set, oid);
	if (!cts_oid_is_zero(&set->table[slot]))
		return false;
	set->table[slot] = *oid;
	set->count++;
	return true;
}

static const char *refused_name(struct cts_ingest_walk *walk, const struct cts_oid *oid)
{
	char hex[CTS_OID_HEX + 1];

	return cts_arena_printf(&walk->arena, "refused/%s", cts_oid_format(hex, oid));
}

/* 1: refused before, and so not asked for again. */
static int was_refused(struct cts_ingest_walk *walk, const struct cts_oid *oid)
{
	struct cts_buf note = {0};
	int rc = cts_txn_note(walk->txn, &note, refused_name(walk, oid));

	if (rc == 0)
		rc = note.size > 0;
	cts_buf_release(&note);
	return rc;
}

int cts_ingest_refuse(struct cts_ingest_walk *walk, const struct cts_oid *oid, const char *branch,
	const char *why, bool is_final)
{
	struct cts_pull *pull = walk->ingest->pull;
	struct cts_refusal *refusal;
	int rc = 0;

	if (is_final) {
		struct cts_buf note = {0};

		cts_buf_printf(&note, "%s\n%s", branch, why);
		rc = cts_txn_put_note(walk->txn, refused_name(walk, oid), note.data, note.size);
		cts_buf_release(&note);
	} else {
		cts_oid_set_add(&walk->later, oid);
	}
	if (!pull || rc < 0)
		return rc;
	refusal = cts_arena_push(
		&pull->arena, &pull->refused, &pull->refused_count, sizeof(*refusal));
	refusal->commit = *oid;
	refusal->branch = cts_arena_strdup(&pull->arena, branch);
	refusal->why = cts_arena_strdup(&pull->arena, why);
	refusal->is_final = is_final;
	return 0;
}

struct node {
	struct cts_oid oid;
	bool is_done; /* all its parents stand before it in the order */
};

int cts_ingest_walk_tip(struct cts_ingest_walk *walk, const struct cts_tip *tip)
{
	struct cts_arena scratch = {0};
	struct node *stack = NULL;
	size_t depth = 0, capacity = 0;
	int rc = 0;

	stack = cts_malloc((capacity = 64) * sizeof(*stack));
	stack[depth++] = (struct node){.oid = tip->oid};
	while (rc == 0 && depth) {
		struct node *node = &stack[depth - 1];
		uint64_t faults = cts_odb_faults(walk->ingest->source);
		struct cts_commit commit;
		struct cts_ref ref;

		if (node->is_done) {
			*(struct cts_oid *)cts_arena_push(&walk->arena, &walk->order,
				&walk->order_count, sizeof(node->oid)) = node->oid;
			depth--;
			continue;
		}
		node->is_done = true;
		rc = cts_txn_find_commit(walk->txn, &ref, &node->oid);
		if (rc == 0)
			rc = was_refused(walk, &node->oid);
		if (rc < 0)
			break;
		if (rc == 1 || !cts_oid_set_add(&walk->met, &node->oid)) {
			rc = 0;
			depth--;
			continue;
		}
		cts_arena_clear(&scratch);
		rc = cts_commit_read(&commit, &scratch, walk->ingest->source, &node->oid);
		if (rc == CTS_EINTEGRITY || rc == CTS_ENOTFOUND || rc == CTS_ENEWER) {
			rc = cts_ingest_refuse(walk, &node->oid, tip->branch, cts_error_message(rc),
				rc == CTS_EINTEGRITY &&
					faults == cts_odb_faults(walk->ingest->source));
			depth--;
			continue;
		}
		for (size_t i = 0; rc == 0 && i < commit.parent_count; i++) {
			if (depth == capacity)
				stack = cts_realloc(stack, (capacity *= 2) * sizeof(*stack));
			stack[depth++] =
				(struct node){.oid = commit.parents[commit.parent_count - 1 - i]};
		}
	}
	free(stack);
	cts_arena_release(&scratch);
	return rc;
}
