/*
 * Differences between trees: against the difference of two states, and what is refused.
 */
#include "mirror_model.h"

#include "sync/tree/layout.h"
#include "sync/tree/tree_build.h"
#include "sync/tree/tree_diff.h"

/* ---- trees in memory, sound ones and others ---- */

static struct {
	struct {
		struct cts_oid oid;
		struct cts_buf raw;
	} trees[4000];
	size_t count, reads;
} shelf;

static int read_shelf(void *context, struct cts_buf *out, const struct cts_oid *oid)
{
	(void)context;
	shelf.reads++;
	for (size_t i = 0; i < shelf.count; i++) {
		if (!cts_oid_equal(&shelf.trees[i].oid, oid))
			continue;
		cts_buf_clear(out);
		cts_buf_put(out, shelf.trees[i].raw.data, shelf.trees[i].raw.size);
		return 0;
	}
	return cts_fail(CTS_ENOTFOUND, "no such tree");
}

static struct cts_oid shelve(const struct cts_buf *raw)
{
	struct cts_oid oid = cts_git_oid("tree", cts_buf_text(raw), raw->size);

	assert_true(shelf.count < COUNT(shelf.trees));
	shelf.trees[shelf.count].oid = oid;
	cts_buf_put(&shelf.trees[shelf.count].raw, cts_buf_text(raw), raw->size);
	shelf.count++;
	return oid;
}

static int clear_shelf(void **state)
{
	(void)state;
	for (size_t i = 0; i < shelf.count; i++)
		cts_buf_release(&shelf.trees[i].raw);
	memset(&shelf, 0, sizeof(shelf));
	return 0;
}

static void put_raw(struct cts_buf *raw, const char *mode, const char *name, struct cts_oid oid)
{
	cts_buf_printf(raw, "%s %s", mode, name);
	cts_buf_putc(raw, '\0');
	cts_buf_put(raw, oid.bytes, CTS_OID_SIZE);
}

/* A tree of one entry. */
static struct cts_oid one(const char *mode, const char *name, struct cts_oid oid)
{
	struct cts_buf raw = {0};
	struct cts_oid made;

	put_raw(&raw, mode, name, oid);
	made = shelve(&raw);
	cts_buf_release(&raw);
	return made;
}

static struct cts_oid two(const char *mode, const char *name, struct cts_oid oid,
	const char *second_mode, const char *second_name, struct cts_oid second_oid)
{
	struct cts_buf raw = {0};
	struct cts_oid made;

	put_raw(&raw, mode, name, oid);
	put_raw(&raw, second_mode, second_name, second_oid);
	made = shelve(&raw);
	cts_buf_release(&raw);
	return made;
}

static struct cts_oid as_kind(struct cts_oid dir)
{
	return one("40000", "records", one("40000", "milestone", dir));
}

/* A directory with the pool's records [from, to), in order of name. */
static struct cts_oid flat(size_t from, size_t to)
{
	static struct model_line lines[MODEL_MAX];
	struct cts_buf raw = {0};
	struct cts_oid oid;

	memset(lines, 0, sizeof(lines));
	for (size_t i = from; i < to; i++) {
		snprintf(lines[i - from].name, sizeof(lines[0].name), "%s.json", model_pool[i].id);
		lines[i - from].oid = oid_number(i);
	}
	qsort(lines, to - from, sizeof(*lines), model_compare_lines);
	for (size_t i = 0; i < to - from; i++) {
		put_raw(&raw, "100644", lines[i].name, lines[i].oid);
	}
	oid = shelve(&raw);
	cts_buf_release(&raw);
	return oid;
}

/* ---- what a walk reports ---- */

struct report {
	struct {
		char key[80];
		struct cts_oid before, after;
	} records[MODEL_MAX];
	size_t record_count;
	char files[200];
	int stop_at; /* the callback's result from then on; 0: go on */
};

static int add_record(void *context, const char *kind, const char *id, const struct cts_oid *before,
	const struct cts_oid *after)
{
	struct report *report = context;
	static const struct cts_oid zero;

	assert_true(report->record_count < MODEL_MAX);
	assert_true(before != NULL || after != NULL);
	snprintf(report->records[report->record_count].key, 80, "%s/%s", kind, id);
	report->records[report->record_count].before = before != NULL ? *before : zero;
	report->records[report->record_count].after = after != NULL ? *after : zero;
	report->record_count++;
	return report->stop_at;
}

static int add_file(
	void *context, const char *name, const struct cts_oid *before, const struct cts_oid *after)
{
	struct report *report = context;

	assert_int_equal(report->record_count, 0);
	strcat(report->files, before == NULL ? "+" : after == NULL ? "-" : "!");
	strcat(report->files, name);
	strcat(report->files, " ");
	return 0;
}

static int walk(struct report *report, struct cts_tree_cache *cache, const struct cts_oid *before,
	const struct cts_oid *after)
{
	const struct cts_tree_visit visit = {
		.context = report, .record = add_record, .file = add_file};

	report->record_count = 0;
	report->files[0] = '\0';
	return cts_tree_diff(cache, before, after, &visit);
}

/* ---- against the difference of states ---- */

static struct model_state states[60];
static struct cts_oid roots[60];
static char model_keys[MODEL_MAX][80];

static void assert_difference(const struct report *report, const struct model_state *before,
	const struct model_state *after)
{
	static const struct model_state none;
	bool seen[MODEL_MAX] = {false};
	size_t expected = 0;

	before = before != NULL ? before : &none;
	after = after != NULL ? after : &none;
	for (size_t i = 0; i < model_count; i++)
		expected += before->blobs[i] != after->blobs[i];
	assert_int_equal(report->record_count, expected);
	for (size_t n = 0; n < report->record_count; n++) {
		struct cts_oid a = {{0}}, b = {{0}};
		size_t i = 0;
		while (i < model_count && strcmp(model_keys[i], report->records[n].key) != 0)
			i++;
		assert_true(i < model_count);
		assert_false(seen[i]);
		seen[i] = true;
		assert_true(before->blobs[i] != after->blobs[i]);
		if (before->blobs[i] != 0)
			a = model_blob(before->blobs[i]);
		if (after->blobs[i] != 0)
			b = model_blob(after->blobs[i]);
		assert_true(cts_oid_equal(&a, &report->records[n].before));
		assert_true(cts_oid_equal(&b, &report->records[n].after));
	}
}

static void build_states(struct cts_tree_cache *cache, struct cts_pack *pack)
{
	struct cts_tree_build *build = cts_tree_build_open(cache, pack);
	bool growing = true;

	for (size_t n = 0; n < COUNT(states); n++) {
		struct cts_oid expected;
		if (n > 0)
			states[n] = states[n - 1];
		if (random_below(8) == 0)
			growing = !growing;
		model_step(&states[n], growing);
		for (size_t i = 0; i < model_count; i++) {
			struct cts_oid oid = model_blob(states[n].blobs[i]);
			if (n > 0 && states[n].blobs[i] == states[n - 1].blobs[i])
				continue;
			assert_ok(cts_tree_build_put(build, model_pool[i].kind, model_pool[i].id,
				states[n].blobs[i] != 0 ? &oid : NULL));
		}
		expected = model_blob(1);
		assert_ok(cts_tree_build_file(build, CTS_LAYOUT_FORMAT, &expected));
		assert_ok(cts_tree_build_finish(&roots[n], build, n > 0 ? &roots[n - 1] : NULL));
		expected = model_root(&states[n], 1);
		assert_true(cts_oid_equal(&expected, &roots[n]));
	}
	cts_tree_build_free(build);
}

static void test_the_difference_is_that_of_the_states(void **state)
{
	static struct report report;
	struct cts_tree_cache *cache = cts_tree_cache_open(read_shelf, NULL, 200000);
	struct cts_pack *pack;

	(void)state;
	random_start("tree_diff");
	model_fill();
	for (size_t i = 0; i < model_count; i++)
		snprintf(model_keys[i], sizeof(model_keys[i]), "%s/%s", model_pool[i].kind,
			model_pool[i].id);
	cts_pack_open_memory(&pack, NULL);
	build_states(cache, pack);
	cts_tree_cache_set_pack(cache, pack);
	for (int round = 0; round < 400; round++) {
		size_t a = random_below(COUNT(states)), b = random_below(COUNT(states));
		if (round < (int)COUNT(states) - 1) {
			a = (size_t)round; /* each step once */
			b = a + 1;
		}
		assert_ok(walk(&report, cache, &roots[a], &roots[b]));
		assert_difference(&report, &states[a], &states[b]);
		assert_string_equal(report.files, "");
		if (round % 40 != 0)
			continue;
		assert_ok(walk(&report, cache, NULL, &roots[b]));
		assert_difference(&report, NULL, &states[b]);
		assert_string_equal(report.files, "+ctsync.json ");
		assert_ok(walk(&report, cache, &roots[b], NULL));
		assert_difference(&report, &states[b], NULL);
		assert_string_equal(report.files, "-ctsync.json ");
	}
	cts_tree_cache_set_pack(cache, NULL);
	cts_pack_free(pack);
	cts_tree_cache_free(cache);
}

/* Reads from a pack, counting. */
static int read_counted(void *context, struct cts_buf *out, const struct cts_oid *oid)
{
	enum cts_object type;

	shelf.reads++;
	return cts_pack_read(out, &type, context, oid);
}

static void test_one_change_reads_only_its_path(void **state)
{
	static struct report report;
	struct cts_pack *pack;
	struct cts_tree_cache *cache;
	struct cts_tree_build *build;
	struct cts_oid before, after, blob = oid_number(1);

	(void)state;
	model_fill();
	cts_pack_open_memory(&pack, NULL);
	cache = cts_tree_cache_open(read_counted, pack, 0);
	build = cts_tree_build_open(cache, pack);
	for (size_t i = 0; i < model_count; i++)
		assert_ok(cts_tree_build_put(build, model_pool[i].kind, model_pool[i].id, &blob));
	assert_ok(cts_tree_build_finish(&before, build, NULL));
	blob = oid_number(2);
	/* one of those two levels down */
	assert_ok(cts_tree_build_put(build, model_pool[700].kind, model_pool[700].id, &blob));
	assert_ok(cts_tree_build_finish(&after, build, &before));
	cts_tree_build_free(build);
	cts_tree_cache_free(cache);
	cache = cts_tree_cache_open(read_counted, pack, 0);
	assert_ok(walk(&report, cache, &before, &after));
	assert_int_equal(report.record_count, 1);
	/* root, records, kind, 3f, 3f/hh on each side, and no other */
	assert_int_equal(shelf.reads, 10);
	cts_tree_cache_free(cache);
	cts_pack_free(pack);
}

static void test_files_come_first_and_by_name(void **state)
{
	static struct report report;
	struct cts_tree_cache *cache = cts_tree_cache_open(read_shelf, NULL, 0);
	struct cts_tree_build *build;
	struct cts_pack *pack;
	struct cts_oid a = oid_number(1), b = oid_number(2), before, after;

	(void)state;
	cts_pack_open_memory(&pack, NULL);
	build = cts_tree_build_open(cache, pack);
	assert_ok(cts_tree_build_file(build, CTS_LAYOUT_FORMAT, &a));
	assert_ok(cts_tree_build_file(build, CTS_LAYOUT_SCHEMA, &a));
	assert_ok(cts_tree_build_finish(&before, build, NULL));
	assert_ok(cts_tree_build_file(build, CTS_LAYOUT_FORMAT, NULL));
	assert_ok(cts_tree_build_file(build, CTS_LAYOUT_SCHEMA, &b));
	assert_ok(cts_tree_build_file(build, CTS_LAYOUT_SCHEMA_JSON, &b));
	assert_ok(cts_tree_build_put(build, "body", "x", &a));
	assert_ok(cts_tree_build_finish(&after, build, &before));
	assert_ok(walk(&report, cache, &before, &after));
	assert_string_equal(report.files, "-ctsync.json !schema.binpb +schema.json ");
	assert_int_equal(report.record_count, 1);
	assert_ok(cts_tree_build_file(build, CTS_LAYOUT_FORMAT, &b));
	assert_ok(cts_tree_build_finish(&before, build, &after));
	assert_ok(walk(&report, cache, &after, &before));
	assert_string_equal(report.files, "+ctsync.json ");
	assert_int_equal(report.record_count, 0);
	assert_ok(walk(&report, cache, &after, &after));
	assert_string_equal(report.files, "");
	assert_int_equal(report.record_count, 0);
	cts_tree_build_free(build);
	cts_pack_free(pack);
	cts_tree_cache_free(cache);
}

static void test_a_callback_ends_the_walk(void **state)
{
	static struct report report = {.stop_at = CTS_EMISMATCH};
	struct cts_tree_cache *cache = cts_tree_cache_open(read_shelf, NULL, 0);
	struct cts_oid root;

	(void)state;
	model_count = 0;
	model_add("milestone", 20, -1);
	root = as_kind(flat(0, 20));
	assert_int_equal(walk(&report, cache, NULL, &root), CTS_EMISMATCH);
	assert_int_equal(report.record_count, 1);
	cts_tree_cache_free(cache);
}

/* ---- what is refused ---- */

/* The path of the pool's record `at` with its first `depth` directories, as nested single entries.
 */
static struct cts_oid nested(size_t at, size_t depth)
{
	char name[64];
	struct cts_oid oid;

	snprintf(name, sizeof(name), "%s.json", model_pool[at].id);
	oid = one("100644", name, oid_number(at));
	for (size_t i = depth; i-- > 0;) {
		snprintf(name, sizeof(name), "%02x", model_pool[at].sha256[i]);
		oid = one("40000", name, oid);
	}
	return oid;
}

static void assert_refused(const struct cts_oid *before, struct cts_oid after, const char *message)
{
	static struct report report;
	struct cts_tree_cache *cache = cts_tree_cache_open(read_shelf, NULL, 0);
	int rc = walk(&report, cache, before, &after);

	if (rc != CTS_EINTEGRITY)
		fail_msg("'%s' gave %d", message, rc);
	if (strstr(cts_error_message(rc), message) == NULL)
		fail_msg("'%s' instead of '%s'", cts_error_message(rc), message);
	assert_null(cts_error_hint());
	cts_tree_cache_free(cache);
}

static void test_trees_outside_the_grammar_are_refused(void **state)
{
	struct cts_oid blob = oid_number(1), file, dir, empty;
	struct cts_buf raw = {0};

	(void)state;
	model_count = 0;
	model_add("milestone", 20, -1);
	file = one("100644", "x.json", blob);
	dir = as_kind(file);
	empty = shelve(&raw);

	/* the top */
	assert_refused(NULL, one("100644", "README", blob), "'README' has no place");
	assert_refused(NULL, one("40000", "schema.json", dir), "'schema.json' has no place");
	assert_refused(NULL, one("100644", "records", blob), "'records' has no place");
	assert_refused(&dir, one("40000", "evil\x1b[2J", dir), "'evil\\x1b[2J' has no place");
	assert_refused(NULL, empty, "'/' is a directory without entries");
	assert_refused(NULL, oid_number(9), "'/' is named by a tree, but its object is missing");
	assert_refused(NULL, one("120000", "records", blob), "mode");
	/* kinds */
	assert_refused(NULL, one("40000", "records", empty), "'records' is a directory without");
	assert_refused(NULL, one("40000", "records", one("40000", "Kind", file)),
		"'records/Kind' is no kind");
	assert_refused(NULL, one("40000", "records", one("100644", "milestone", blob)),
		"'records/milestone' is no kind");
	assert_refused(NULL, as_kind(empty), "'records/milestone' is a directory without entries");
	assert_refused(NULL, as_kind(oid_number(9)), "'records/milestone' is named by a tree");
	assert_refused(
		NULL, as_kind(one("40000", ".git", file)), "'records/milestone': entry '.git'");
	/* files */
	assert_refused(
		NULL, as_kind(one("100644", "x", blob)), "'records/milestone/x' is not named");
	assert_refused(NULL, as_kind(one("100644", "X.json", blob)), "is not named");
	assert_refused(NULL, as_kind(one("100644", "con.json", blob)), "is not named");
	assert_refused(NULL, as_kind(one("100644", ".json", blob)), "is not named");
	assert_refused(&dir, as_kind(one("40000", "x.json", blob)), "two digits of a hash");
	/* the same name and id, but now a directory: nothing else tells the two apart */
	dir = as_kind(two("100644", "a.json", blob, "100644", "x.json", blob));
	assert_refused(&dir, as_kind(two("100644", "a.json", blob, "40000", "x.json", blob)),
		"'records/milestone/x.json' is a directory where a record");
	assert_refused(NULL, as_kind(one("40000", "x.json", file)), "two digits of a hash");
	assert_refused(NULL, as_kind(one("40000", "AA", file)), "two digits of a hash");
	cts_buf_release(&raw);
}

static void test_a_wrong_fan_out_is_refused(void **state)
{
	struct cts_oid deep, sound, other;
	char name[8];

	(void)state;
	model_count = 0;
	model_add("milestone", 600, -1);
	model_add("milestone", 600, 0x3f);
	sound = as_kind(flat(0, 3));

	/* too many in one directory; just as many as allowed are none */
	assert_refused(NULL, as_kind(flat(0, 513)), "'records/milestone' holds more records");
	assert_refused(&sound, as_kind(flat(0, 513)), "'records/milestone' holds more records");
	{
		static struct report report;
		struct cts_tree_cache *cache = cts_tree_cache_open(read_shelf, NULL, 0);
		struct cts_oid full = as_kind(flat(0, 512));
		assert_ok(walk(&report, cache, NULL, &full));
		assert_int_equal(report.record_count, 512);
		cts_tree_cache_free(cache);
	}
	/* fanned for few */
	assert_refused(NULL, as_kind(nested(0, 1)), "'records/milestone' has directories below it");
	assert_refused(
		&sound, as_kind(nested(0, 1)), "'records/milestone' has directories below it");
	/* in another's directory */
	snprintf(name, sizeof(name), "%02x", model_pool[0].sha256[0] ^ 1);
	assert_refused(NULL, as_kind(one("40000", name, nested(0, 0))), "does not lie where");
	/* in none that is any */
	snprintf(name, sizeof(name), "%02x", model_pool[0].sha256[0]);
	deep = nested(0, 0);
	for (int i = 0; i < CTS_LAYOUT_DEPTH_MAX + 4; i++)
		deep = one("40000", name, deep);
	assert_refused(NULL, as_kind(deep), "has too many directories below it");
	deep = nested(0, 1);
	other = one("40000", name, deep);
	assert_refused(NULL, as_kind(other), "does not lie where");
	/* the second level */
	assert_refused(
		NULL, as_kind(one("40000", "3f", flat(600, 1113))), "'records/milestone/3f' holds");
}

/* A directory that was rightly fanned and lost records is counted; whatever is cheaper is not
 * enough. */
static void test_a_missed_join_is_refused(void **state)
{
	static struct model_line lines[256];
	struct cts_tree_cache *cache = cts_tree_cache_open(read_shelf, NULL, 0);
	struct cts_tree_build *build;
	struct cts_pack *pack;
	struct cts_oid before, blob = oid_number(1), after;
	struct cts_buf raw = {0};
	size_t count = 0, dropped = 0;
	int rc;
	static struct report report;

	(void)state;
	model_count = 0;
	model_add("milestone", 513, -1);
	cts_pack_open_memory(&pack, NULL);
	build = cts_tree_build_open(cache, pack);
	for (size_t i = 0; i < model_count; i++)
		assert_ok(cts_tree_build_put(build, "milestone", model_pool[i].id, &blob));
	assert_ok(cts_tree_build_finish(&before, build, NULL));
	/* the same by hand, without the last sub-directory */
	for (int byte = 0; byte < 256; byte++) {
		struct model_line *line = &lines[count];
		struct model_line files[32];
		struct cts_buf child = {0};
		size_t n = 0;
		memset(files, 0, sizeof(files));
		for (size_t i = 0; i < model_count; i++) {
			if (model_pool[i].sha256[0] != byte)
				continue;
			snprintf(files[n].name, 64, "%s.json", model_pool[i].id);
			files[n++].oid = blob;
		}
		if (n == 0)
			continue;
		qsort(files, n, sizeof(*files), model_compare_lines);
		for (size_t i = 0; i < n; i++) {
			put_raw(&child, "100644", files[i].name, blob);
		}
		snprintf(line->name, sizeof(line->name), "%02x", byte);
		line->oid = shelve(&child);
		cts_buf_release(&child);
		count++;
		dropped = n;
	}
	assert_true(dropped > 0);
	for (size_t i = 0; i + 1 < count; i++) {
		put_raw(&raw, "40000", lines[i].name, lines[i].oid);
	}
	after = as_kind(shelve(&raw));
	rc = walk(&report, cache, &before, &after);
	assert_int_equal(rc, CTS_EINTEGRITY);
	assert_non_null(
		strstr(cts_error_message(rc), "'records/milestone' has directories below it"));
	/* joined, but not for few enough, or with something else in it */
	after = as_kind(flat(0, 513));
	assert_int_equal(walk(&report, cache, &before, &after), CTS_EINTEGRITY);
	after = as_kind(two("100644", "a.json", blob, "40000", "b.json", blob));
	assert_int_equal(walk(&report, cache, &before, &after), CTS_EINTEGRITY);
	after = as_kind(two("100644", "A.json", blob, "100644", "b.json", blob));
	assert_int_equal(walk(&report, cache, &before, &after), CTS_EINTEGRITY);
	after = as_kind(two("40000", "00", nested(0, 0), "100644", "b.json", blob));
	assert_int_equal(walk(&report, cache, &before, &after), CTS_EINTEGRITY);
	cts_tree_build_free(build);
	cts_pack_free(pack);
	cts_tree_cache_free(cache);
	cts_buf_release(&raw);
}

static void test_a_missing_tree_of_the_older_side_is_damage(void **state)
{
	static struct report report;
	struct cts_tree_cache *cache = cts_tree_cache_open(read_shelf, NULL, 0);
	struct cts_oid before = as_kind(oid_number(5)), after;

	(void)state;
	model_count = 0;
	model_add("milestone", 3, -1);
	after = as_kind(flat(0, 3));
	assert_int_equal(walk(&report, cache, &before, &after), CTS_EDAMAGED);
	cts_tree_cache_free(cache);
}

int main(void)
{
#define SHELF_TEST(test) cmocka_unit_test_setup_teardown(test, NULL, clear_shelf)
	const struct CMUnitTest tests[] = {
		SHELF_TEST(test_the_difference_is_that_of_the_states),
		SHELF_TEST(test_one_change_reads_only_its_path),
		SHELF_TEST(test_files_come_first_and_by_name),
		SHELF_TEST(test_a_callback_ends_the_walk),
		SHELF_TEST(test_trees_outside_the_grammar_are_refused),
		SHELF_TEST(test_a_wrong_fan_out_is_refused),
		SHELF_TEST(test_a_missed_join_is_refused),
		SHELF_TEST(test_a_missing_tree_of_the_older_side_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
