/*
 * The tree builder against the tree by definition, and against the real git.
 */
#include "mirror_model.h"

#include "sync/tree/layout.h"
#include "sync/pack/odb.h"
#include "sync/tree/tree_build.h"

/* A repository with a pack at work. */
struct bench {
	struct cts_odb *odb;
	struct cts_tree_cache *cache;
	struct cts_pack *pack;
	struct cts_tree_build *build;
	struct cts_oid parent; /* the last commit; zero: none */
};

static void start(struct bench *bench, size_t cache_bytes)
{
	cts_odb_open(&bench->odb, repo_dir);
	bench->cache = cts_tree_cache_open(cts_odb_read_tree, bench->odb, cache_bytes);
	assert_ok(cts_pack_open(&bench->pack, pack_dir, NULL));
	bench->build = cts_tree_build_open(bench->cache, bench->pack);
}

static void finish(struct bench *bench)
{
	char name[CTS_OID_HEX + 1];

	assert_ok(cts_pack_finish(name, bench->pack));
	cts_tree_build_free(bench->build);
	cts_pack_free(bench->pack);
	cts_tree_cache_free(bench->cache);
	cts_odb_free(bench->odb);
}

static struct cts_oid put_content(struct bench *bench, uint32_t number)
{
	char content[64];
	size_t size = model_content(content, number);
	struct cts_oid oid;

	assert_ok(cts_pack_put(&oid, bench->pack, CTS_OBJECT_BLOB, content, size, NULL));
	return oid;
}

static void put_record(struct bench *bench, size_t at, uint32_t number)
{
	struct cts_oid oid;

	if (number != 0)
		oid = put_content(bench, number);
	assert_ok(cts_tree_build_put(
		bench->build, model_pool[at].kind, model_pool[at].id, number != 0 ? &oid : NULL));
}

/* So that every tree is reachable, and whatever is not is found by fsck. */
static void commit(struct bench *bench, const struct cts_oid *root)
{
	struct cts_buf text = {0};
	char hex[CTS_OID_HEX + 1];

	cts_buf_printf(&text, "tree %s\n", cts_oid_format(hex, root));
	if (!cts_oid_is_zero(&bench->parent))
		cts_buf_printf(&text, "parent %s\n", cts_oid_format(hex, &bench->parent));
	cts_buf_puts(&text, "author a <b@c> 1600000000 +0000\n"
			    "committer a <b@c> 1600000000 +0000\n\nx\n");
	assert_ok(cts_pack_put(
		&bench->parent, bench->pack, CTS_OBJECT_COMMIT, text.data, text.size, NULL));
	cts_buf_release(&text);
}

static void assert_nothing_unreachable(const struct bench *bench)
{
	struct cts_buf out = {0};
	char hex[CTS_OID_HEX + 1];

	assert_runs("git update-ref refs/heads/main %s", cts_oid_format(hex, &bench->parent));
	assert_int_equal(run_into(&out, "git fsck --strict --unreachable 2>&1"), 0);
	assert_string_equal(cts_buf_text(&out), "");
	cts_buf_release(&out);
}

static void assert_same_root(const struct cts_oid *root, const struct cts_oid *expected, int round)
{
	if (!cts_oid_equal(root, expected))
		fail_msg("another tree than the definition gives, in round %d", round);
}

/* `git ls-tree -r` names exactly the records of the state, each with its blob. */
static void assert_listed(const struct cts_oid *root, const struct model_state *state)
{
	struct cts_buf out = {0};
	char hex[CTS_OID_HEX + 1];
	size_t expected = 0, found = 0;

	for (size_t i = 0; i < model_count; i++)
		expected += state->blobs[i] != 0;
	assert_int_equal(run_into(&out, "git ls-tree -r %s records", cts_oid_format(hex, root)), 0);
	for (char *line = strtok(out.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		char kind[CTS_KIND_MAX + 1], id[CTS_ID_MAX + 1];
		struct cts_oid blob;
		size_t depth, at = 0;
		assert_memory_equal(line, "100644 blob ", 12);
		line[12 + CTS_OID_HEX] = '\0';
		assert_ok(cts_layout_parse(kind, id, &depth, line + 13 + CTS_OID_HEX));
		while (at < model_count && (strcmp(model_pool[at].kind, kind) != 0 ||
						   strcmp(model_pool[at].id, id) != 0))
			at++;
		assert_true(at < model_count && state->blobs[at] != 0);
		blob = model_blob(state->blobs[at]);
		assert_string_equal(line + 12, cts_oid_format(hex, &blob));
		found++;
	}
	assert_int_equal(found, expected);
	cts_buf_release(&out);
}

static void test_random_batches_give_the_tree_by_definition(void **state)
{
	static struct model_state now, next;
	struct bench bench = {0};
	struct cts_oid root = {{0}};
	bool growing = true;

	(void)state;
	random_start("tree_build");
	model_fill();
	memset(&now, 0, sizeof(now));
	start(&bench, 1);
	for (int round = 0; round < 250; round++) {
		uint32_t format = 1 + (uint32_t)round / 50;
		struct cts_oid expected, oid;
		if (random_below(12) == 0)
			growing = !growing;
		next = now;
		model_step(&next, growing);
		for (size_t i = 0; i < model_count; i++) {
			if (next.blobs[i] != now.blobs[i])
				put_record(&bench, i, next.blobs[i]);
		}
		if (round % 50 == 0) {
			oid = put_content(&bench, format);
			assert_ok(cts_tree_build_file(bench.build, CTS_LAYOUT_FORMAT, &oid));
		}
		assert_ok(cts_tree_build_finish(&root, bench.build, round > 0 ? &root : NULL));
		expected = model_root(&next, format);
		assert_same_root(&root, &expected, round);
		commit(&bench, &root);
		now = next;
		if (random_below(20) ==
			0) { /* base trees come from other packs, or from this one */
			finish(&bench);
			start(&bench, random_below(2) ? 1 : 0);
		}
	}
	finish(&bench);
	assert_git_is_content();
	assert_nothing_unreachable(&bench);
	assert_listed(&root, &now);
}

/* Puts records [from, to) one commit each and compares each time; then removes them again. */
static void cross(
	struct bench *bench, struct model_state *now, struct cts_oid *root, size_t from, size_t to)
{
	struct cts_oid expected;

	for (size_t i = from; i < to; i++) {
		now->blobs[i] = (uint32_t)i + 1;
		put_record(bench, i, now->blobs[i]);
		assert_ok(cts_tree_build_finish(root, bench->build, root));
		expected = model_root(now, 0);
		assert_same_root(root, &expected, (int)i);
		commit(bench, root);
	}
	for (size_t i = to; i-- > from;) {
		now->blobs[i] = 0;
		put_record(bench, i, 0);
		assert_ok(cts_tree_build_finish(root, bench->build, root));
		expected = model_root(now, 0);
		assert_same_root(root, &expected, (int)i);
		commit(bench, root);
	}
}

static void test_a_directory_splits_at_513_and_joins_at_512(void **state)
{
	static struct model_state now;
	struct bench bench = {0};
	struct cts_oid root, unsplit;
	struct cts_buf out = {0};
	char hex[CTS_OID_HEX + 1];

	(void)state;
	model_count = 0;
	model_add("milestone", 515, -1);
	memset(&now, 0, sizeof(now));
	start(&bench, 0);
	for (size_t i = 0; i < 512; i++) {
		now.blobs[i] = (uint32_t)i + 1;
		put_record(&bench, i, now.blobs[i]);
	}
	assert_ok(cts_tree_build_finish(&root, bench.build, NULL));
	commit(&bench, &root);
	unsplit = root;
	cross(&bench, &now, &root, 512, 515);
	assert_true(cts_oid_equal(&root, &unsplit));
	cross(&bench, &now, &root, 511, 514);
	put_record(&bench, 512, 1);
	assert_ok(cts_tree_build_finish(&root, bench.build, &unsplit));
	commit(&bench, &root);
	finish(&bench);
	assert_nothing_unreachable(&bench);
	/* 512 lie flat, 513 do not */
	assert_int_equal(run_into(&out, "git ls-tree %s records/milestone/ | grep -vc '\\.json$'",
				 cts_oid_format(hex, &unsplit)),
		1);
	assert_string_equal(cts_buf_text(&out), "0\n");
	cts_buf_clear(&out);
	assert_int_equal(run_into(&out, "git ls-tree %s records/milestone/ | grep -c '\\.json$'",
				 cts_oid_format(hex, &root)),
		1);
	assert_string_equal(cts_buf_text(&out), "0\n");
	cts_buf_release(&out);
}

static void test_the_second_level_follows_the_same_rule(void **state)
{
	static struct model_state now;
	struct bench bench = {0};
	struct cts_oid root;

	(void)state;
	model_count = 0;
	model_add("milestone", 700, -1);
	model_add("milestone", 514, 0xd2);
	memset(&now, 0, sizeof(now));
	start(&bench, 0);
	/* the records of the first 700 that lie in the same sub-directory stay out */
	for (size_t i = 0; i < 700 + 511; i++) {
		if (i < 700 && model_pool[i].sha256[0] == 0xd2)
			continue;
		now.blobs[i] = (uint32_t)i + 1;
		put_record(&bench, i, now.blobs[i]);
	}
	assert_ok(cts_tree_build_finish(&root, bench.build, NULL));
	commit(&bench, &root);
	cross(&bench, &now, &root, 700 + 511, 700 + 514);
	/* and when all but those go, the first level joins across both */
	for (size_t i = 0; i < 700; i++) {
		now.blobs[i] = 0;
		put_record(&bench, i, 0);
	}
	assert_ok(cts_tree_build_finish(&root, bench.build, &root));
	{
		struct cts_oid expected = model_root(&now, 0);
		assert_same_root(&root, &expected, 0);
	}
	commit(&bench, &root);
	finish(&bench);
	assert_git_is_content();
	assert_nothing_unreachable(&bench);
}

/* Records [first, first + from) become [first, first + to) in one change, in which the first ten of them go
 * and come with other content. */
static void jump(struct bench *bench, struct model_state *now, size_t first, size_t from, size_t to)
{
	struct cts_oid root, expected;

	for (size_t i = 0; i < model_count; i++)
		now->blobs[i] = i < first || i < first + from ? (uint32_t)i + 1 : 0;
	for (size_t i = 0; i < model_count; i++)
		put_record(bench, i, now->blobs[i]);
	assert_ok(cts_tree_build_finish(&root, bench->build, NULL));
	commit(bench, &root);
	for (size_t i = first; i < first + 514; i++) {
		uint32_t content = i < first + to ? (uint32_t)i + 1 : 0;

		if (i < first + 10) {
			put_record(bench, i, 0);
			content += 5000;
		}
		if (content != now->blobs[i])
			put_record(bench, i, content);
		now->blobs[i] = content;
	}
	assert_ok(cts_tree_build_finish(&root, bench->build, &root));
	expected = model_root(now, 0);
	assert_same_root(&root, &expected, (int)(from * 1000 + to));
	commit(bench, &root);
}

static void test_one_change_may_cross_the_bound_by_any_step(void **state)
{
	static const size_t counts[] = {0, 1, 510, 511, 512, 513, 514};
	static struct model_state now;
	struct bench bench = {0};

	(void)state;
	start(&bench, 0);
	for (size_t deep = 0; deep < 2; deep++) {
		model_count = 0;
		if (deep)
			model_add("milestone", 3, 0x11);
		model_add("milestone", 514, deep ? 0xd2 : -1);
		for (size_t i = 0; i < COUNT(counts); i++)
			for (size_t j = 2; j < COUNT(counts); j++)
				jump(&bench, &now, deep ? 3 : 0, counts[i], counts[j]);
	}
	finish(&bench);
	assert_nothing_unreachable(&bench);
}

static void test_a_first_import_is_the_same_as_one_by_one(void **state)
{
	static struct model_state now;
	struct bench bench = {0};
	struct cts_oid at_once, one_by_one;

	(void)state;
	model_fill();
	start(&bench, 0);
	for (size_t i = 0; i < model_count; i++) {
		now.blobs[i] = (uint32_t)i + 1;
		put_record(&bench, i, now.blobs[i]);
	}
	assert_ok(cts_tree_build_finish(&at_once, bench.build, NULL));
	for (size_t i = model_count; i-- > 0;) {
		put_record(&bench, i, now.blobs[i]);
		assert_ok(cts_tree_build_finish(
			&one_by_one, bench.build, i + 1 < model_count ? &one_by_one : NULL));
	}
	assert_true(cts_oid_equal(&at_once, &one_by_one));
	finish(&bench);
}

static void test_nothing_changed_writes_nothing(void **state)
{
	struct bench bench = {0};
	struct cts_oid root, same, blob;
	uint32_t objects;

	(void)state;
	start(&bench, 0);
	blob = put_content(&bench, 1);
	assert_ok(cts_tree_build_put(bench.build, "milestone", "x", &blob));
	assert_ok(cts_tree_build_file(bench.build, CTS_LAYOUT_FORMAT, &blob));
	assert_ok(cts_tree_build_finish(&root, bench.build, NULL));
	objects = cts_pack_count(bench.pack);
	assert_ok(cts_tree_build_finish(&same, bench.build, &root));
	assert_true(cts_oid_equal(&same, &root));
	assert_ok(cts_tree_build_put(bench.build, "milestone", "x", &blob));
	assert_ok(cts_tree_build_put(bench.build, "milestone", "none", NULL));
	assert_ok(cts_tree_build_put(bench.build, "body", "none", NULL));
	assert_ok(cts_tree_build_file(bench.build, CTS_LAYOUT_FORMAT, &blob));
	assert_ok(cts_tree_build_file(bench.build, CTS_LAYOUT_SCHEMA, NULL));
	assert_ok(cts_tree_build_finish(&same, bench.build, &root));
	assert_true(cts_oid_equal(&same, &root));
	assert_int_equal(cts_pack_count(bench.pack), objects);
	finish(&bench);
}

static void test_the_last_change_of_a_record_counts(void **state)
{
	struct bench bench = {0};
	struct cts_oid first, second, a, b, expected, root;

	(void)state;
	start(&bench, 0);
	first = put_content(&bench, 1);
	second = put_content(&bench, 2);
	assert_ok(cts_tree_build_put(bench.build, "milestone", "x", &second));
	assert_ok(cts_tree_build_finish(&expected, bench.build, NULL));
	for (int i = 0; i < 50; i++) {
		assert_ok(cts_tree_build_put(bench.build, "milestone", "x", i % 2 ? NULL : &first));
		assert_ok(cts_tree_build_put(bench.build, "milestone", "y", &first));
	}
	assert_ok(cts_tree_build_put(bench.build, "milestone", "x", &second));
	assert_ok(cts_tree_build_put(bench.build, "milestone", "y", NULL));
	assert_ok(cts_tree_build_finish(&root, bench.build, NULL));
	assert_true(cts_oid_equal(&root, &expected));
	assert_ok(cts_tree_build_file(bench.build, CTS_LAYOUT_SCHEMA, &first));
	assert_ok(cts_tree_build_file(bench.build, CTS_LAYOUT_SCHEMA, &second));
	assert_ok(cts_tree_build_finish(&a, bench.build, &root));
	assert_ok(cts_tree_build_file(bench.build, CTS_LAYOUT_SCHEMA, &second));
	assert_ok(cts_tree_build_finish(&b, bench.build, &root));
	assert_true(cts_oid_equal(&a, &b));
	finish(&bench);
}

static void test_no_records_leave_no_directory(void **state)
{
	struct bench bench = {0};
	struct cts_oid blob, root, files, empty;
	char hex[CTS_OID_HEX + 1];

	(void)state;
	start(&bench, 0);
	blob = put_content(&bench, 1);
	assert_ok(cts_tree_build_file(bench.build, CTS_LAYOUT_FORMAT, &blob));
	assert_ok(cts_tree_build_finish(&files, bench.build, NULL));
	assert_ok(cts_tree_build_put(bench.build, "milestone", "x", &blob));
	assert_ok(cts_tree_build_finish(&root, bench.build, &files));
	assert_false(cts_oid_equal(&root, &files));
	assert_ok(cts_tree_build_put(bench.build, "milestone", "x", NULL));
	assert_ok(cts_tree_build_finish(&root, bench.build, &root));
	assert_true(cts_oid_equal(&root, &files));
	assert_ok(cts_tree_build_file(bench.build, CTS_LAYOUT_FORMAT, NULL));
	assert_ok(cts_tree_build_finish(&empty, bench.build, &root));
	assert_string_equal(
		cts_oid_format(hex, &empty), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
	finish(&bench);
}

static void test_what_names_no_record_is_refused(void **state)
{
	static const struct {
		const char *kind, *id;
	} names[] = {{"Milestone", "x"}, {"", "x"}, {"milestone", ""}, {"milestone", ".."},
		{"milestone", "a/b"}, {"milestone", "A"}, {"milestone", "con"}, {"..", "x"}};
	struct bench bench = {0};
	struct cts_oid blob = oid_number(1);

	(void)state;
	start(&bench, 0);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(cts_tree_build_put(bench.build, names[i].kind, names[i].id, &blob),
			CTS_EVALUE);
	assert_int_equal(cts_tree_build_file(bench.build, "README", &blob), CTS_EVALUE);
	assert_int_equal(cts_tree_build_file(bench.build, CTS_LAYOUT_RECORDS, &blob), CTS_EVALUE);
	finish(&bench);
}

static void test_a_missing_tree_of_the_base_is_damage(void **state)
{
	struct bench bench = {0};
	struct cts_oid root = oid_number(1), out;

	(void)state;
	memset(&out, 7, sizeof(out));
	start(&bench, 0);
	assert_int_equal(cts_tree_build_finish(&out, bench.build, &root), CTS_EDAMAGED);
	assert_non_null(cts_error_hint());
	assert_int_equal(out.bytes[0], 7);
	finish(&bench);
}

static void test_a_change_is_a_delta_on_the_last_version(void **state)
{
	struct bench bench = {0};
	struct cts_oid root;
	uint64_t bytes;

	(void)state;
	random_start("delta trees");
	model_fill();
	start(&bench, 0);
	for (size_t i = 0; i < model_count; i++)
		put_record(&bench, i, 1);
	assert_ok(cts_tree_build_finish(&root, bench.build, NULL));
	commit(&bench, &root);
	bytes = cts_pack_bytes(bench.pack);
	for (int i = 0; i < 40; i++) {
		put_record(&bench, random_below(model_count), (uint32_t)i + 2);
		assert_ok(cts_tree_build_finish(&root, bench.build, &root));
		commit(&bench, &root);
	}
	/* a blob, a commit and at most five trees */
	assert_true(cts_pack_bytes(bench.pack) - bytes < 40 * 600);
	finish(&bench);
	assert_git_is_content();
}

int main(void)
{
#define REPO_TEST(test) cmocka_unit_test_setup_teardown(test, make_repo, remove_repo)
	const struct CMUnitTest tests[] = {
		REPO_TEST(test_random_batches_give_the_tree_by_definition),
		REPO_TEST(test_a_directory_splits_at_513_and_joins_at_512),
		REPO_TEST(test_the_second_level_follows_the_same_rule),
		REPO_TEST(test_one_change_may_cross_the_bound_by_any_step),
		REPO_TEST(test_a_first_import_is_the_same_as_one_by_one),
		REPO_TEST(test_nothing_changed_writes_nothing),
		REPO_TEST(test_the_last_change_of_a_record_counts),
		REPO_TEST(test_no_records_leave_no_directory),
		REPO_TEST(test_what_names_no_record_is_refused),
		REPO_TEST(test_a_missing_tree_of_the_base_is_damage),
		REPO_TEST(test_a_change_is_a_delta_on_the_last_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
