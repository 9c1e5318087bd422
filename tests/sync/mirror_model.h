/*
 * A mirror's tree by definition, for tests: a fixed pool of records, each there with a blob or not,
 * and the name of the root tree that the set must have, worked out anew from nothing but the rule
 * of the fan-out. Nothing here uses layout, tree or tree_build.
 */
#ifndef TESTS_SYNC_MIRROR_MODEL_H
#define TESTS_SYNC_MIRROR_MODEL_H

#include "fixture.h"

enum { MODEL_MAX = 2600 };

struct model_record {
	const char *kind;
	char id[32];
	uint8_t sha256[CTS_SHA256_SIZE]; /* of "kind/id" */
};

static struct model_record model_pool[MODEL_MAX];
static size_t model_count;

/* One state: the content of each record's file, 0 for none. */
struct model_state {
	uint32_t blobs[MODEL_MAX];
};

/* Content that a number stands for. */
FIXTURE size_t model_content(char out[64], uint32_t number)
{
	return (size_t)snprintf(out, 64, "{\n  \"number\": %u\n}\n", number);
}

FIXTURE struct cts_oid model_blob(uint32_t number)
{
	char content[64];
	size_t size = model_content(content, number);

	return cts_git_oid("blob", content, size);
}

/* Adds `count` records of a kind; `byte` >= 0: only such whose hash begins with that byte, so that
 * one sub-directory of the first level grows beyond the bound. */
FIXTURE void model_add(const char *kind, size_t count, int byte)
{
	unsigned number = 0;

	while (count > 0) {
		struct model_record *record = &model_pool[model_count];
		char key[80];
		assert_true(model_count < MODEL_MAX);
		record->kind = kind;
		/* ids of which some begin others, since ".json" sorts after '-' */
		snprintf(record->id, sizeof(record->id), "%s%u%s", byte >= 0 ? "deep" : "r",
			number / 2, number % 2 ? "-x" : "");
		number++;
		snprintf(key, sizeof(key), "%s/%s", kind, record->id);
		cts_sha256(record->sha256, key, strlen(key));
		if (byte >= 0 && record->sha256[0] != byte)
			continue;
		model_count++;
		count--;
	}
}

/* The pool of the random tests: one kind that reaches the second level, one about the bound, one
 * small. */
FIXTURE void model_fill(void)
{
	model_count = 0;
	model_add("milestone", 600, -1);
	model_add("milestone", 620, 0x3f);
	model_add("work_item", 560, -1);
	model_add("work", 40, -1);
}

/* ---- the tree by definition ---- */

struct model_line {
	char name[64];
	bool is_dir;
	struct cts_oid oid;
};

FIXTURE int model_compare_lines(const void *a, const void *b)
{
	const struct model_line *x = a, *y = b;
	char p[80], q[80];

	snprintf(p, sizeof(p), "%s%s", x->name, x->is_dir ? "/" : "");
	snprintf(q, sizeof(q), "%s%s", y->name, y->is_dir ? "/" : "");
	return strcmp(p, q);
}

FIXTURE struct cts_oid model_tree(struct model_line *lines, size_t count)
{
	struct cts_buf raw = {0};
	struct cts_oid oid;

	qsort(lines, count, sizeof(*lines), model_compare_lines);
	for (size_t i = 0; i < count; i++) {
		cts_buf_printf(&raw, "%s %s", lines[i].is_dir ? "40000" : "100644", lines[i].name);
		cts_buf_putc(&raw, '\0');
		cts_buf_put(&raw, lines[i].oid.bytes, CTS_OID_SIZE);
	}
	oid = cts_git_oid("tree", cts_buf_text(&raw), raw.size);
	cts_buf_release(&raw);
	return oid;
}

FIXTURE struct cts_oid model_dir(
	const struct model_state *state, const size_t *members, size_t count, size_t depth)
{
	struct model_line *lines = calloc(count > 256 ? count : 256, sizeof(*lines));
	size_t *below = calloc(count, sizeof(*below)), used = 0;
	struct cts_oid oid;

	for (size_t i = 0; count <= 512 && i < count; i++) {
		struct model_line *line = &lines[used++];
		snprintf(line->name, sizeof(line->name), "%s.json", model_pool[members[i]].id);
		line->oid = model_blob(state->blobs[members[i]]);
	}
	for (int byte = 0; count > 512 && byte < 256; byte++) {
		size_t n = 0;
		for (size_t i = 0; i < count; i++) {
			if (model_pool[members[i]].sha256[depth] == byte)
				below[n++] = members[i];
		}
		if (n == 0)
			continue;
		snprintf(lines[used].name, sizeof(lines[used].name), "%02x", byte);
		lines[used].is_dir = true;
		lines[used].oid = model_dir(state, below, n, depth + 1);
		used++;
	}
	oid = model_tree(lines, used);
	free(lines);
	free(below);
	return oid;
}

/* With the file ctsync.json of content `format` (0: without). */
FIXTURE struct cts_oid model_root(const struct model_state *state, uint32_t format)
{
	struct model_line kinds[8], top[2];
	size_t kind_count = 0, top_count = 0, start = 0;

	memset(kinds, 0, sizeof(kinds));
	memset(top, 0, sizeof(top));
	while (start < model_count) { /* the records of a kind lie together in the pool */
		const char *kind = model_pool[start].kind;
		size_t *members = calloc(MODEL_MAX, sizeof(*members)), n = 0;
		for (; start < model_count && model_pool[start].kind == kind; start++) {
			if (state->blobs[start] != 0)
				members[n++] = start;
		}
		if (n > 0) {
			strcpy(kinds[kind_count].name, kind);
			kinds[kind_count].is_dir = true;
			kinds[kind_count].oid = model_dir(state, members, n, 0);
			kind_count++;
		}
		free(members);
	}
	if (kind_count > 0) {
		strcpy(top[top_count].name, "records");
		top[top_count].is_dir = true;
		top[top_count++].oid = model_tree(kinds, kind_count);
	}
	if (format != 0) {
		strcpy(top[top_count].name, "ctsync.json");
		top[top_count++].oid = model_blob(format);
	}
	return model_tree(top, top_count);
}

/* A random next state: a batch of one or of many, mostly puts while `growing`, else mostly
 * removals. */
FIXTURE void model_step(struct model_state *state, bool growing)
{
	static const size_t sizes[] = {1, 1, 1, 2, 5, 30, 200, 700, MODEL_MAX};
	size_t batch = sizes[random_below(COUNT(sizes))];

	for (size_t i = 0; i < batch; i++) {
		size_t at = random_below(model_count);
		bool put = random_below(10) < (growing ? 9 : 1);
		state->blobs[at] = put ? (uint32_t)(1 + random_below(100000)) : 0;
	}
}

#endif
