/*
 * Raw trees: what is refused, splicing against a naive model, git's order, the cache.
 */
#include "fixture.h"

#include "sync/pack/odb.h"
#include "sync/pack/pack.h"
#include "sync/tree/tree_cache.h"

static const uint8_t some_oid[CTS_OID_SIZE] = "twenty bytes of name";

static void put_raw(struct cts_buf *out, const char *mode, const char *name)
{
	cts_buf_printf(out, "%s %s", mode, name);
	cts_buf_putc(out, '\0');
	cts_buf_put(out, some_oid, CTS_OID_SIZE);
}

/* A list of "mode name" entries, NULL at the end. */
static int check_entries(size_t *count, const char *const *entries)
{
	struct cts_buf raw = {0};
	int rc;

	for (; entries[0] != NULL; entries += 2)
		put_raw(&raw, entries[0], entries[1]);
	rc = cts_tree_check(count, cts_buf_slice(&raw));
	cts_buf_release(&raw);
	return rc;
}

static void test_sound_trees_are_taken(void **state)
{
	static const char *const trees[][10] = {
		{NULL},
		{"100644", "a"},
		{"100644", "a", "100644", "b"},
		{"100644", "a", "100644", "a.b", "100644", "ab"},
		{"100644", "a-b", "40000", "a"}, /* '-' < '/' */
		{"40000", "a", "100644", "a0"},  /* '/' < '0' */
		{"100644", "a", "100644", "a-b", "40000", "a-b-c", "100644", "ab"},
		{"100644", "...", "100644", ".gitx"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(trees); i++) {
		size_t count = 99, expected = 0;
		while (trees[i][2 * expected] != NULL)
			expected++;
		assert_ok(check_entries(&count, trees[i]));
		assert_int_equal(count, expected);
	}
}

static void test_evil_trees_are_refused(void **state)
{
	static const struct {
		const char *entries[10];
		const char *message;
	} trees[] = {
		{{"100755", "a"}, "mode"},
		{{"120000", "a"}, "mode"},
		{{"160000", "a"}, "mode"},
		{{"040000", "a"}, "mode"},
		{{"0100644", "a"}, "mode"},
		{{"100664", "a"}, "mode"},
		{{"644", "a"}, "mode"},
		{{"", "a"}, "mode"},
		{{"100644", ""}, "empty name"},
		{{"40000", ""}, "empty name"},
		{{"100644", "."}, "keeps for itself"},
		{{"40000", ".."}, "keeps for itself"},
		{{"40000", ".git"}, "keeps for itself"},
		{{"40000", ".GIT"}, "keeps for itself"},
		{{"100644", "a/b"}, "slash"},
		{{"100644", "/"}, "slash"},
		{{"100644", "a", "100644", "a"}, "twice"},
		{{"40000", "a", "40000", "a"}, "twice"},
		{{"100644", "a", "40000", "a"}, "twice"},
		{{"100644", "a", "100644", "a-b", "40000", "a"}, "twice"},
		{{"100644", "a", "100644", "a-b", "100644", "a.b", "40000", "a"}, "twice"},
		{{"100644", "a", "100644", "a-b", "40000", "a-b", "100644", "a."}, "twice"},
		{{"100644", "b", "100644", "a"}, "order"},
		{{"40000", "a", "100644", "a"}, "order"},
		{{"40000", "a", "100644", "a-b"}, "order"},
		{{"100644", "a0", "40000", "a"}, "order"},
		{{"100644", "b", "100644", "a\x1b[2J"}, "a\\x1b[2J"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(trees); i++) {
		size_t count = 99;
		int rc = check_entries(&count, trees[i].entries);
		if (rc != CTS_EINTEGRITY || count != 99)
			fail_msg("tree %zu gave %d", i, rc);
		if (strstr(cts_error_message(rc), trees[i].message) == NULL)
			fail_msg("tree %zu: '%s'", i, cts_error_message(rc));
	}
}

static void test_a_tree_cut_short_is_refused(void **state)
{
	struct cts_buf raw = {0};
	size_t count, first;

	(void)state;
	put_raw(&raw, "100644", "a");
	first = raw.size;
	put_raw(&raw, "40000", "bcd");
	for (size_t size = 0; size <= raw.size; size++) {
		/* a copy of just that size, so that reading past it is seen by a sanitizer */
		char *copy = malloc(size + 1);
		int rc;
		memcpy(copy, raw.data, size);
		copy = realloc(copy, size > 0 ? size : 1);
		rc = cts_tree_check(&count, (struct cts_slice){copy, size});
		assert_int_equal(
			rc, size == 0 || size == first || size == raw.size ? 0 : CTS_EINTEGRITY);
		free(copy);
	}
	cts_buf_release(&raw);
}

static void test_the_longest_name_is_255(void **state)
{
	char name[CTS_TREE_NAME_MAX + 2];
	const char *entries[] = {"100644", name, NULL};
	size_t count;

	(void)state;
	memset(name, 'a', sizeof(name));
	name[CTS_TREE_NAME_MAX] = '\0';
	assert_ok(check_entries(&count, entries));
	name[CTS_TREE_NAME_MAX] = 'a';
	name[CTS_TREE_NAME_MAX + 1] = '\0';
	assert_int_equal(check_entries(&count, entries), CTS_EINTEGRITY);
}

/* Names that each begin the next: as deep as they can nest. */
static void test_nested_names_are_taken(void **state)
{
	struct cts_buf raw = {0};
	char name[CTS_TREE_NAME_MAX + 1] = "";
	size_t count;

	(void)state;
	for (size_t i = 0; i < CTS_TREE_NAME_MAX; i++) {
		name[i] = 'a';
		name[i + 1] = '\0';
		put_raw(&raw, "100644", name);
	}
	assert_ok(cts_tree_check(&count, cts_buf_slice(&raw)));
	assert_int_equal(count, CTS_TREE_NAME_MAX);
	put_raw(&raw, "40000", name);
	assert_int_equal(cts_tree_check(&count, cts_buf_slice(&raw)), CTS_EINTEGRITY);
	cts_buf_release(&raw);
}

/* ---- splicing ---- */

enum { NAMES = 60 };

/* The naive model: for each name, nothing, a file or a directory. */
struct model {
	struct {
		bool is, is_dir;
		struct cts_oid oid;
	} entries[NAMES];
};

static void name_number(char out[8], size_t i)
{
	static const char *const tails[] = {"", "-", ".x", "0"};

	snprintf(out, 8, "%c%s", (char)('a' + i / 4), tails[i % 4]);
}

static int compare_numbers(const void *a, const void *b, void *model)
{
	const struct model *m = model;
	char x[8], y[8];
	size_t i = *(const size_t *)a, j = *(const size_t *)b;

	name_number(x, i);
	name_number(y, j);
	if (m->entries[i].is_dir)
		strcat(x, "/");
	if (m->entries[j].is_dir)
		strcat(y, "/");
	return strcmp(x, y);
}

static size_t model_raw(struct cts_buf *out, struct model *model)
{
	size_t order[NAMES], count = 0;

	for (size_t i = 0; i < NAMES; i++) {
		if (model->entries[i].is)
			order[count++] = i;
	}
	qsort_r(order, count, sizeof(*order), compare_numbers, model);
	cts_buf_clear(out);
	for (size_t i = 0; i < count; i++) {
		char name[8];
		name_number(name, order[i]);
		cts_buf_printf(
			out, "%s %s", model->entries[order[i]].is_dir ? "40000" : "100644", name);
		cts_buf_putc(out, '\0');
		cts_buf_put(out, model->entries[order[i]].oid.bytes, CTS_OID_SIZE);
	}
	return count;
}

static int compare_edits(const void *a, const void *b)
{
	const struct cts_tree_edit *x = a, *y = b;

	return cts_tree_compare(x->name, x->is_dir, y->name, y->is_dir);
}

static void test_splicing_is_what_the_model_says(void **state)
{
	struct model model = {0};
	struct cts_buf raw = {0}, expected = {0}, next = {0}, swap;
	size_t entries = 0, count;

	(void)state;
	random_start("splice");
	cts_buf_reserve(&raw, 1);
	for (size_t i = 0; i < NAMES; i++)
		model.entries[i].is_dir = random_below(3) == 0;
	for (int round = 0; round < 5000; round++) {
		struct cts_tree_edit edits[NAMES];
		struct cts_oid oids[NAMES];
		char names[NAMES][8];
		size_t edit_count = 0;
		size_t share = 1 + random_below(60);
		for (size_t i = 0; i < NAMES; i++) {
			if (random_below(share) != 0)
				continue;
			name_number(names[i], i);
			oids[i] = oid_number(random_next());
			model.entries[i].is = random_below(2) == 0;
			model.entries[i].oid = oids[i];
			edits[edit_count++] = (struct cts_tree_edit){
				.name = names[i],
				.is_dir = model.entries[i].is_dir,
				.oid = model.entries[i].is ? &oids[i] : NULL,
			};
		}
		qsort(edits, edit_count, sizeof(*edits), compare_edits);
		cts_buf_clear(&next);
		entries = (size_t)((long)entries +
				   cts_tree_splice(&next, cts_buf_slice(&raw), edits, edit_count));
		assert_int_equal(entries, model_raw(&expected, &model));
		assert_int_equal(next.size, expected.size);
		assert_memory_equal(cts_buf_text(&next), cts_buf_text(&expected), next.size);
		assert_ok(cts_tree_check(&count, cts_buf_slice(&next)));
		assert_int_equal(count, entries);
		for (size_t i = 0; i < NAMES; i++) {
			struct cts_tree_entry entry;
			char name[8];
			name_number(name, i);
			assert_int_equal(cts_tree_find(&entry, cts_buf_slice(&next), name),
				model.entries[i].is);
		}
		swap = raw;
		raw = next;
		next = swap;
	}
	cts_buf_release(&raw);
	cts_buf_release(&next);
	cts_buf_release(&expected);
}

static void test_git_makes_the_same_tree(void **state)
{
	struct model model = {0};
	struct cts_buf raw = {0}, list = {0}, out = {0};
	struct cts_oid oid;
	char hex[CTS_OID_HEX + 1], path[128];
	FILE *file;

	(void)state;
	random_start("git mktree");
	for (size_t i = 0; i < NAMES; i++) {
		char name[8];
		name_number(name, i);
		model.entries[i].is = true;
		model.entries[i].is_dir = random_below(2) == 0;
		model.entries[i].oid = oid_number(i);
		cts_buf_printf(&list, "%s %s %s\t%s\n",
			model.entries[i].is_dir ? "040000" : "100644",
			model.entries[i].is_dir ? "tree" : "blob",
			cts_oid_format(hex, &model.entries[i].oid), name);
	}
	snprintf(path, sizeof(path), "%s/list", repo_dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(cts_buf_text(&list), file);
	fclose(file);
	model_raw(&raw, &model);
	oid = cts_git_oid("tree", raw.data, raw.size);
	assert_int_equal(run_into(&out, "git mktree --missing <list"), 0);
	assert_memory_equal(out.data, cts_oid_format(hex, &oid), CTS_OID_HEX);
	cts_buf_release(&raw);
	cts_buf_release(&list);
	cts_buf_release(&out);
}

/* ---- the cache ---- */

/* A tree with one entry that tells its number. */
static struct cts_oid numbered_tree(struct cts_buf *raw, unsigned number)
{
	char name[16];

	cts_buf_clear(raw);
	snprintf(name, sizeof(name), "n%u", number);
	put_raw(raw, "100644", name);
	return cts_git_oid("tree", raw->data, raw->size);
}

struct shelf {
	unsigned count, reads;
};

static int read_shelf(void *context, struct cts_buf *out, const struct cts_oid *oid)
{
	struct shelf *shelf = context;

	shelf->reads++;
	for (unsigned i = 0; i < shelf->count; i++) {
		struct cts_oid found = numbered_tree(out, i);
		if (cts_oid_equal(&found, oid))
			return 0;
	}
	return cts_fail(CTS_ENOTFOUND, "no such tree");
}

static void test_the_cache_keeps_within_its_bytes(void **state)
{
	struct shelf shelf = {.count = 100};
	struct cts_tree_cache *cache = cts_tree_cache_open(read_shelf, &shelf, 2000);
	const struct cts_tree *held, *tree;
	struct cts_buf raw = {0};
	struct cts_oid first = numbered_tree(&raw, 0), oid;

	(void)state;
	assert_ok(cts_tree_get(&held, cache, &first));
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 100; i++) {
			oid = numbered_tree(&raw, i);
			assert_ok(cts_tree_get(&tree, cache, &oid));
			assert_int_equal(tree->count, 1);
			assert_false(tree->fanned);
			assert_int_equal(tree->raw.size, raw.size);
			assert_memory_equal(tree->raw.data, raw.data, raw.size);
			cts_tree_done(cache, tree);
		}
	}
	/* all but the one on hold, which is still there, were read again each time */
	assert_in_range(shelf.reads, 290, 299);
	assert_memory_equal(held->oid.bytes, first.bytes, CTS_OID_SIZE);
	cts_tree_done(cache, held);
	cts_tree_cache_free(cache);

	shelf.reads = 0;
	cache = cts_tree_cache_open(read_shelf, &shelf, 0);
	for (unsigned i = 0; i < 300; i++) {
		oid = numbered_tree(&raw, i % 100);
		assert_ok(cts_tree_get(&tree, cache, &oid));
		cts_tree_done(cache, tree);
	}
	assert_int_equal(shelf.reads, 100);
	cts_tree_cache_free(cache);
	cts_buf_release(&raw);
}

static void test_a_faded_tree_goes_first(void **state)
{
	struct shelf shelf = {.count = 100};
	struct cts_tree_cache *cache = cts_tree_cache_open(read_shelf, &shelf, 1500);
	const struct cts_tree *tree;
	struct cts_buf raw = {0};
	struct cts_oid kept = numbered_tree(&raw, 1), oid;

	(void)state;
	assert_ok(cts_tree_get(&tree, cache, &kept));
	cts_tree_done(cache, tree);
	for (unsigned i = 2; i < 90; i++) {
		oid = numbered_tree(&raw, i);
		assert_ok(cts_tree_get(&tree, cache, &oid));
		cts_tree_done(cache, tree);
		cts_tree_cache_fade(cache, &oid);
	}
	shelf.reads = 0;
	assert_ok(cts_tree_get(&tree, cache, &kept));
	cts_tree_done(cache, tree);
	assert_int_equal(shelf.reads, 0);
	cts_tree_cache_free(cache);
	cts_buf_release(&raw);
}

static int read_evil(void *context, struct cts_buf *out, const struct cts_oid *oid)
{
	(void)context;
	(void)oid;
	cts_buf_clear(out);
	put_raw(out, "100644", "..");
	return 0;
}

static void test_the_cache_takes_only_sound_trees(void **state)
{
	struct cts_tree_cache *cache = cts_tree_cache_open(read_evil, NULL, 0);
	const struct cts_tree *tree;
	struct cts_oid oid = oid_number(1);

	(void)state;
	assert_int_equal(cts_tree_get(&tree, cache, &oid), CTS_EINTEGRITY);
	assert_int_equal(cts_tree_get(&tree, cache, &oid), CTS_EINTEGRITY);
	cts_tree_cache_free(cache);
}

static void test_the_cache_reads_from_the_pack_at_work(void **state)
{
	struct shelf shelf = {0};
	struct cts_tree_cache *cache = cts_tree_cache_open(read_shelf, &shelf, 1);
	const struct cts_tree *tree;
	struct cts_pack *pack;
	struct cts_buf raw = {0};
	struct cts_oid oid;

	(void)state;
	numbered_tree(&raw, 5);
	cts_pack_open_memory(&pack, NULL);
	assert_ok(cts_pack_put(&oid, pack, CTS_OBJECT_TREE, raw.data, raw.size, NULL));
	assert_int_equal(cts_tree_get(&tree, cache, &oid), CTS_ENOTFOUND);
	cts_tree_cache_set_pack(cache, pack);
	assert_ok(cts_tree_get(&tree, cache, &oid));
	assert_memory_equal(tree->raw.data, raw.data, raw.size);
	cts_tree_done(cache, tree);
	cts_tree_cache_set_pack(cache, NULL);
	cts_pack_free(pack);
	cts_tree_cache_free(cache);
	cts_buf_release(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound_trees_are_taken),
		cmocka_unit_test(test_evil_trees_are_refused),
		cmocka_unit_test(test_a_tree_cut_short_is_refused),
		cmocka_unit_test(test_the_longest_name_is_255),
		cmocka_unit_test(test_nested_names_are_taken),
		cmocka_unit_test(test_splicing_is_what_the_model_says),
		cmocka_unit_test_setup_teardown(
			test_git_makes_the_same_tree, make_repo, remove_repo),
		cmocka_unit_test(test_the_cache_keeps_within_its_bytes),
		cmocka_unit_test(test_a_faded_tree_goes_first),
		cmocka_unit_test(test_the_cache_takes_only_sound_trees),
		cmocka_unit_test(test_the_cache_reads_from_the_pack_at_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
