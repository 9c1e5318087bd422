/*
 * Level by level: the records that refer to those of the level above, hung below them when all are
 * there. So each level costs one pass over an index, whatever else the store holds.
 */
#include "cli/report/tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/programme.h"

struct cts_value cts_tree_value(const struct cts_record *record, const char *field)
{
	const struct cts_field *found = cts_kind_field(record->kind, field);

	return found ? cts_record_get(record, found) : (struct cts_value){0};
}

/* ---- nodes ------------------------------------------------------------------------------------
 */

static int add_node(void *context, const struct cts_record *record)
{
	struct cts_tree *tree = context;
	struct cts_tree_node *node = cts_arena_alloc(&tree->arena, sizeof(*node));

	cts_record_copy(&node->record, record);
	node->key = cts_record_key(&tree->arena, record);
	*(struct cts_tree_node **)cts_arena_push(
		&tree->arena, &tree->nodes, &tree->node_count, sizeof(*tree->nodes)) = node;
	return 0;
}

/* Records without a position stand behind those that have one. The three kinds call it the same. */
static int64_t position_of(const struct cts_tree_node *node)
{
	const char *text = cts_record_text(&node->record, CTS_INITIATIVE_POSITION);

	return *text ? strtoll(text, NULL, 10) : INT64_MAX;
}

static int by_position(const void *a, const void *b)
{
	const struct cts_tree_node *x = *(struct cts_tree_node *const *)a;
	const struct cts_tree_node *y = *(struct cts_tree_node *const *)b;
	int64_t left = position_of(x), right = position_of(y);

	if (left != right)
		return left < right ? -1 : 1;
	return strcmp(x->key, y->key);
}

static int by_key(const void *a, const void *b)
{
	const struct cts_tree_node *x = *(struct cts_tree_node *const *)a;
	const struct cts_tree_node *y = *(struct cts_tree_node *const *)b;

	return strcmp(x->key, y->key);
}

static int key_to_node(const void *key, const void *member)
{
	return strcmp(key, (*(struct cts_tree_node *const *)member)->key);
}

/* ---- the programme ----------------------------------------------------------------------------
 */

struct candidates {
	struct cts_tree *tree;
	const char *wanted; /* the beginning of an id; "": any */
};

static int add_candidate(void *context, const struct cts_record *record)
{
	struct candidates *candidates = context;

	if (strncmp(record->id, candidates->wanted, strlen(candidates->wanted)) != 0)
		return 0;
	return add_node(candidates->tree, record);
}

static int fail_choice(const struct cts_tree *tree, const char *wanted)
{
	struct cts_buf list = {0};

	for (size_t i = 0; i < tree->node_count && i < 20; i++)
		cts_buf_printf(&list, "%s%s", i ? ", " : "", tree->nodes[i]->record.id);
	if (tree->node_count > 0 && *wanted)
		cts_fail(CTS_EREFUSED, "'%s' is the beginning of several programmes", wanted);
	else if (tree->node_count > 0)
		cts_fail(CTS_EREFUSED, "there are several programmes here");
	if (tree->node_count > 0) {
		cts_hint("ctsync report programme followed by one of: %s", cts_buf_text(&list));
		cts_buf_release(&list);
		return CTS_EREFUSED;
	}
	cts_buf_release(&list);
	if (*wanted) {
		cts_fail(CTS_ENOTFOUND, "no such record '" CTS_KIND_PROGRAMME "/%s'", wanted);
		cts_hint("ctsync list " CTS_KIND_PROGRAMME);
	} else {
		cts_fail(CTS_ENOTFOUND, "there is no programme here");
		cts_hint("ctsync import FILE, or ctsync add " CTS_KIND_PROGRAMME " title='...'");
	}
	return CTS_ENOTFOUND;
}

static int find_programme(
	struct cts_tree *tree, struct cts_report_source *source, const char *wanted)
{
	static const char prefix[] = CTS_KIND_PROGRAMME "/";
	struct candidates candidates = {.tree = tree, .wanted = wanted ? wanted : ""};
	int rc;

	if (strncmp(candidates.wanted, prefix, strlen(prefix)) == 0)
		candidates.wanted += strlen(prefix);
	rc = cts_report_each(source, CTS_KIND_PROGRAMME, add_candidate, &candidates);
	if (rc < 0)
		return rc;
	if (tree->node_count == 1)
		tree->programme = tree->nodes[0];
	for (size_t i = 0; i < tree->node_count; i++)
		if (strcmp(tree->nodes[i]->record.id, candidates.wanted) == 0)
			tree->programme = tree->nodes[i];
	return tree->programme ? 0 : fail_choice(tree, candidates.wanted);
}

/* ---- levels -----------------------------------------------------------------------------------
 */

struct level {
	struct cts_tree_node **nodes; /* by key */
	size_t count;
};

static void push(struct cts_tree *tree, struct cts_tree_node ***list, size_t *count,
	struct cts_tree_node *node)
{
	*(struct cts_tree_node **)cts_arena_push(&tree->arena, list, count, sizeof(**list)) = node;
}

/* The nodes that refer by `field` to one of `parents`. */
static int read_level(struct level *out, struct cts_tree *tree, struct cts_report_source *source,
	const char *kind, const char *field, const struct level *parents)
{
	const char **keys = cts_arena_alloc(&tree->arena, parents->count * sizeof(*keys) + 1);
	struct cts_report_children children = {
		.kind = kind,
		.field = field,
		.parents = keys,
		.parent_count = parents->count,
	};
	size_t before = tree->node_count;
	int rc;

	for (size_t i = 0; i < parents->count; i++)
		keys[i] = parents->nodes[i]->key;
	rc = cts_report_each_child(source, &children, add_node, tree);
	if (rc < 0)
		return rc;
	memset(out, 0, sizeof(*out));
	for (size_t i = before; i < tree->node_count; i++)
		push(tree, &out->nodes, &out->count, tree->nodes[i]);
	if (out->count > 1)
		qsort(out->nodes, out->count, sizeof(*out->nodes), by_key);
	return 0;
}

static struct cts_tree_node *parent_of(
	const struct level *parents, const struct cts_tree_node *node, const char *field)
{
	struct cts_tree_node **found = NULL;

	if (parents->count > 0)
		found = bsearch(cts_record_text(&node->record, field), parents->nodes,
			parents->count, sizeof(*parents->nodes), key_to_node);
	return found ? *found : NULL;
}

static struct level join(struct cts_tree *tree, const struct level *a, const struct level *b)
{
	struct level out = {0};

	for (size_t i = 0; i < a->count; i++)
		push(tree, &out.nodes, &out.count, a->nodes[i]);
	for (size_t i = 0; i < b->count; i++)
		push(tree, &out.nodes, &out.count, b->nodes[i]);
	if (out.count > 1)
		qsort(out.nodes, out.count, sizeof(*out.nodes), by_key);
	return out;
}

static void sort(struct cts_tree_node **nodes, size_t count)
{
	if (count > 1)
		qsort(nodes, count, sizeof(*nodes), by_position);
}

int cts_tree_read(struct cts_tree *out, struct cts_report_source *source, const char *wanted)
{
	struct level root, initiatives, workstreams, parents, milestones;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = find_programme(out, source, wanted);
	if (rc < 0)
		return rc;
	root = (struct level){.nodes = &out->programme, .count = 1};
	rc = read_level(
		&initiatives, out, source, CTS_KIND_INITIATIVE, CTS_INITIATIVE_PROGRAMME, &root);
	if (rc < 0)
		return rc;
	rc = read_level(&workstreams, out, source, CTS_KIND_WORKSTREAM, CTS_WORKSTREAM_INITIATIVE,
		&initiatives);
	if (rc < 0)
		return rc;
	parents = join(out, &initiatives, &workstreams);
	rc = read_level(
		&milestones, out, source, CTS_KIND_MILESTONE, CTS_MILESTONE_PARENT, &parents);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < workstreams.count; i++) {
		struct cts_tree_node *node = workstreams.nodes[i];
		struct cts_tree_node *parent =
			parent_of(&initiatives, node, CTS_WORKSTREAM_INITIATIVE);

		if (parent)
			push(out, &parent->workstreams, &parent->workstream_count, node);
	}
	for (size_t i = 0; i < milestones.count; i++) {
		struct cts_tree_node *node = milestones.nodes[i];
		struct cts_tree_node *parent = parent_of(&parents, node, CTS_MILESTONE_PARENT);

		if (parent)
			push(out, &parent->milestones, &parent->milestone_count, node);
	}
	for (size_t i = 0; i < parents.count; i++) {
		sort(parents.nodes[i]->workstreams, parents.nodes[i]->workstream_count);
		sort(parents.nodes[i]->milestones, parents.nodes[i]->milestone_count);
	}
	out->initiatives = initiatives.nodes;
	out->initiative_count = initiatives.count;
	sort(out->initiatives, out->initiative_count);
	return 0;
}

void cts_tree_release(struct cts_tree *tree)
{
	for (size_t i = 0; i < tree->node_count; i++)
		cts_record_release(&tree->nodes[i]->record);
	cts_arena_release(&tree->arena);
	memset(tree, 0, sizeof(*tree));
}
