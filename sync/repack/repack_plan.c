/*
 * Commits are put in order by a walk from each of them down to its ancestors, without recursion. A
 * version is taken note of only where the older one was met before, so the versions of an object
 * can never run in a circle, whatever the history looks like.
 */
#include "sync/repack/repack_plan.h"

#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/tree/tree.h"

enum { FOLDERS_MAX = 32, MET = 1, OPENED = 1, DONE = 2 };

struct node {
	uint32_t item, tree;
	uint32_t parents, parent_count; /* in planning.parents: numbers of nodes */
	uint8_t state;
};

struct planning {
	struct cts_pack_set *set;
	struct cts_repack_plan *plan;
	struct node *nodes; /* by item */
	size_t node_count, node_capacity;
	uint32_t *parents; /* items first, numbers of nodes when all are read */
	size_t parent_count, parent_capacity;
	uint8_t *met; /* by item */
	size_t order_capacity;
};

static void *grow(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	*capacity = *capacity == 0 ? 256 : *capacity + *capacity / 2;
	return cts_realloc(array, *capacity * size);
}

/* ---- commits ---- */

/* The id in a line "<word> <40 digits>" at the start of what is left, which is taken off. */
static bool take_id(struct cts_oid *out, struct cts_slice *rest, const char *word)
{
	size_t size = strlen(word), line = size + CTS_OID_HEX + 1;
	char hex[CTS_OID_HEX + 1] = "";

	if (rest->size < line || memcmp(rest->data, word, size) != 0)
		return false;
	memcpy(hex, (const char *)rest->data + size, CTS_OID_HEX);
	rest->data = (const char *)rest->data + line;
	rest->size -= line;
	return cts_oid_parse(out, hex);
}

static int read_commit(struct planning *planning, struct cts_buf *scratch, uint32_t item)
{
	struct node *node;
	struct cts_slice rest;
	struct cts_oid oid;
	int rc = cts_pack_set_read(scratch, planning->set, item);

	if (rc < 0)
		return rc;
	planning->nodes = grow(planning->nodes, planning->node_count, &planning->node_capacity,
		sizeof(*planning->nodes));
	node = &planning->nodes[planning->node_count++];
	*node = (struct node){.item = item,
		.tree = CTS_PACK_ITEM_NONE,
		.parents = (uint32_t)planning->parent_count};
	rest = cts_buf_slice(scratch);
	if (take_id(&oid, &rest, "tree "))
		node->tree = cts_pack_set_find(planning->set, &oid);
	while (take_id(&oid, &rest, "parent ")) {
		planning->parents = grow(planning->parents, planning->parent_count,
			&planning->parent_capacity, sizeof(*planning->parents));
		planning->parents[planning->parent_count++] =
			cts_pack_set_find(planning->set, &oid);
		node->parent_count++;
	}
	return 0;
}

/* The number of the node of an item; CTS_PACK_ITEM_NONE. */
static uint32_t find_node(const struct planning *planning, uint32_t item)
{
	size_t low = 0, high = planning->node_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (planning->nodes[middle].item == item)
			return (uint32_t)middle;
		if (planning->nodes[middle].item < item)
			low = middle + 1;
		else
			high = middle;
	}
	return CTS_PACK_ITEM_NONE;
}

static int read_commits(struct planning *planning, const struct cts_progress *progress)
{
	uint32_t count = cts_pack_set_count(planning->set);
	struct cts_buf scratch = {0};
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		if (cts_pack_set_type(planning->set, i) == CTS_OBJECT_COMMIT &&
			cts_pack_set_find(planning->set, cts_pack_set_oid(planning->set, i)) == i)
			rc = read_commit(planning, &scratch, i);
		if (progress != NULL && progress->step != NULL && i % 4096 == 0)
			progress->step(progress->context, "looking for commits", i, count);
	}
	for (size_t i = 0; rc == 0 && i < planning->parent_count; i++)
		planning->parents[i] = find_node(planning, planning->parents[i]);
	cts_buf_release(&scratch);
	return rc;
}

/* Numbers of nodes, each after its parents. */
static uint32_t *order_commits(struct planning *planning)
{
	uint32_t *order = cts_malloc((planning->node_count + 1) * sizeof(*order));
	uint32_t *stack = NULL;
	size_t count = 0, depth, capacity = 0;

	for (size_t i = 0; i < planning->node_count; i++) {
		depth = 0;
		stack = grow(stack, depth, &capacity, sizeof(*stack));
		stack[depth++] = (uint32_t)i;
		while (depth > 0) {
			uint32_t number = stack[depth - 1];
			struct node *node = &planning->nodes[number];

			if (node->state == DONE) {
				depth--;
				continue;
			}
			if (node->state == OPENED) { /* its parents are in the order */
				node->state = DONE;
				order[count++] = number;
				depth--;
				continue;
			}
			node->state = OPENED;
			for (uint32_t p = node->parent_count; p-- > 0;) {
				uint32_t parent = planning->parents[node->parents + p];

				if (parent == CTS_PACK_ITEM_NONE ||
					planning->nodes[parent].state != 0)
					continue;
				stack = grow(stack, depth, &capacity, sizeof(*stack));
				stack[depth++] = parent;
			}
		}
	}
	free(stack);
	return order;
}

/* ---- trees ---- */

static void note(struct planning *planning, uint32_t item, uint32_t before)
{
	struct cts_repack_plan *plan = planning->plan;

	planning->met[item] = MET;
	if (before == CTS_PACK_ITEM_NONE || before == item || !planning->met[before] ||
		cts_pack_set_type(planning->set, before) != cts_pack_set_type(planning->set, item))
		return;
	plan->before[item] = before;
	plan->order = grow(
		plan->order, plan->order_count, &planning->order_capacity, sizeof(*plan->order));
	plan->order[plan->order_count++] = item;
}

static bool is_tree(const struct planning *planning, uint32_t item)
{
	return item != CTS_PACK_ITEM_NONE &&
	       cts_pack_set_type(planning->set, item) == CTS_OBJECT_TREE;
}

/* Reads a tree of the form that stores make; 0 when it is none. */
static int read_tree(struct planning *planning, struct cts_buf *out, uint32_t item)
{
	size_t count;
	int rc = cts_pack_set_read(out, planning->set, item);

	if (rc < 0)
		return rc;
	if (cts_tree_check(&count, cts_buf_slice(out)) < 0) {
		cts_error_clear();
		return 0;
	}
	return 1;
}

/* Moves `old` to the entry of that name, if there is one. */
static bool find_counterpart(struct cts_tree_entry *old, bool *has_old, struct cts_slice *rest,
	const struct cts_tree_entry *entry)
{
	while (*has_old) {
		int order = cts_tree_compare(old->name, old->is_dir, entry->name, entry->is_dir);

		if (order >= 0)
			return order == 0 && old->is_dir == entry->is_dir;
		*has_old = cts_tree_next(old, rest);
	}
	return false;
}

/* A tree, and below it whatever differs from the tree before. Children are met before their tree,
 * so whoever is met is met with all that is in it. */
static int walk(struct planning *planning, uint32_t tree, uint32_t before, int depth)
{
	struct cts_buf new_raw = {0}, old_raw = {0};
	struct cts_tree_entry entry, old = {0};
	struct cts_slice rest, old_rest = {0};
	bool has_old = false;
	int rc = read_tree(planning, &new_raw, tree);

	if (rc == 1 && depth < FOLDERS_MAX && is_tree(planning, before) && planning->met[before]) {
		/* Its form was looked at when it was met. */
		rc = cts_pack_set_read(&old_raw, planning->set, before);
		old_rest = cts_buf_slice(&old_raw);
		has_old = rc == 0 && cts_tree_next(&old, &old_rest);
		rc = rc < 0 ? rc : 1;
	}
	rest = cts_buf_slice(&new_raw);
	while (rc == 1 && depth < FOLDERS_MAX && cts_tree_next(&entry, &rest)) {
		bool has = find_counterpart(&old, &has_old, &old_rest, &entry);
		uint32_t child, older;

		if (has && cts_oid_equal(&old.oid, &entry.oid))
			continue;
		child = cts_pack_set_find(planning->set, &entry.oid);
		if (child == CTS_PACK_ITEM_NONE || planning->met[child])
			continue;
		older = has ? cts_pack_set_find(planning->set, &old.oid) : CTS_PACK_ITEM_NONE;
		if (!entry.is_dir)
			note(planning, child, older);
		else if (is_tree(planning, child))
			rc = walk(planning, child, older, depth + 1);
		rc = rc < 0 ? rc : 1;
	}
	if (rc >= 0)
		note(planning, tree, before);
	cts_buf_release(&new_raw);
	cts_buf_release(&old_raw);
	return rc < 0 ? rc : 0;
}

static int walk_all(
	struct planning *planning, const uint32_t *order, const struct cts_progress *progress)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < planning->node_count; i++) {
		const struct node *node = &planning->nodes[order[i]];
		uint32_t parent = node->parent_count > 0 ? planning->parents[node->parents]
							 : CTS_PACK_ITEM_NONE;

		if (is_tree(planning, node->tree) && !planning->met[node->tree])
			rc = walk(planning, node->tree,
				parent == CTS_PACK_ITEM_NONE ? CTS_PACK_ITEM_NONE
							     : planning->nodes[parent].tree,
				0);
		if (progress != NULL && progress->step != NULL)
			progress->step(progress->context, "comparing versions", i + 1,
				planning->node_count);
	}
	return rc;
}

/* ---- the whole ---- */

void cts_repack_plan_release(struct cts_repack_plan *plan)
{
	free(plan->before);
	free(plan->commits);
	free(plan->order);
	*plan = (struct cts_repack_plan){0};
}

int cts_repack_plan(
	struct cts_repack_plan *out, struct cts_pack_set *set, const struct cts_progress *progress)
{
	size_t count = cts_pack_set_count(set);
	struct cts_repack_plan plan = {0};
	struct planning planning = {.set = set, .plan = &plan};
	int rc;

	plan.before = cts_malloc((count + 1) * sizeof(*plan.before));
	for (size_t i = 0; i < count; i++)
		plan.before[i] = CTS_PACK_ITEM_NONE;
	planning.met = cts_malloc(count + 1);
	memset(planning.met, 0, count + 1);
	rc = read_commits(&planning, progress);
	if (rc < 0)
		goto out;
	plan.commits = order_commits(&planning);
	plan.commit_count = planning.node_count;
	rc = walk_all(&planning, plan.commits, progress);
	for (size_t i = 0; rc == 0 && i < plan.commit_count; i++)
		plan.commits[i] = planning.nodes[plan.commits[i]].item;
out:
	free(planning.nodes);
	free(planning.parents);
	free(planning.met);
	if (rc < 0) {
		cts_repack_plan_release(&plan);
		return rc;
	}
	*out = plan;
	return 0;
}
