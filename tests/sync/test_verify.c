/*
 * What a stranger may send: each forged commit is refused for what it is, is remembered, and harms
 * nobody else. Everything is forged with git's own plumbing in a hub, and met by a pull.
 */
#include "lab_agencies.h"

static struct lab_forger evil;
static const char *base; /* a head of DPMC in the hub */

/* DPMC's store with a little in it, its hub, NZP's store that will pull, and a stranger who has
 * seen all of it. */
static int make_world(void **state)
{
	make_agency_at_work(state);
	lab_put(&a, "milestone/m", "parent", "initiative/x");
	lab_put(&a, "milestone/m", "baseline", "Q3 2021");
	let_nzp_join();
	base = lab_ref("hub", lab_branch(&a));
	evil = lab_forger("hub", "gcsb", "00000000000000ee");
	lab_see(&evil, base);
	return 0;
}

/* The stranger's last commit is refused with these words, and stays refused; what an honest agency
 * did at the same time, and does later, comes through. */
static void assert_harmless(const char *why)
{
	char hex[CTS_OID_HEX + 1];
	struct cts_refusal *refused;
	struct cts_txn *txn;
	size_t count;
	int rc;

	lab_put(&a, "initiative/honest", "title", "Work goes on");
	lab_push(&a, "origin");
	rc = lab_try_pull(&b, "origin");
	if (rc != CTS_EINTEGRITY)
		fail_msg("'%s': pull gave %d, %s", why, rc, rc < 0 ? cts_error_message(rc) : "");
	assert_int_equal(lab_pulled.refused_count, 1);
	assert_string_equal(cts_oid_format(hex, &lab_pulled.refused[0].commit), evil.head);
	assert_string_equal(lab_pulled.refused[0].branch, "gcsb/00000000000000ee");
	if (!strstr(lab_pulled.refused[0].why, why))
		fail_msg("'%s' instead of '%s'", lab_pulled.refused[0].why, why);
	assert_string_equal(lab_get(&b, "initiative/honest", "title"), "Work goes on");

	/* remembered, and not asked for again */
	assert_ok(cts_txn_begin(&txn, b.store));
	assert_ok(cts_refusals(txn, &refused, &count, &lab_arena));
	assert_int_equal(count, 1);
	assert_string_equal(cts_oid_format(hex, &refused[0].commit), evil.head);
	cts_txn_end(txn);
	lab_put(&a, "initiative/honest", "title", "Still");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	assert_int_equal(lab_pulled.refused_count, 0);
	assert_string_equal(lab_get(&b, "initiative/honest", "title"), "Still");
	assert_sound(&b);

	/* nor does it travel on */
	lab_push(&b, "origin");
	assert_false(lab_was_pushed("gcsb/00000000000000ee"));
	assert_int_equal(
		run_into(NULL, "git -C b/mirror.git cat-file -e %s 2>/dev/null", evil.head), 1);
}

static void put_file(const char *path, const char *text)
{
	lab_forge_file(&evil, path, text);
}

static const char *base_tree(void)
{
	return lab_tree_of("hub", evil.head);
}

/* The root tree with the folder `records` replaced. */
static void put_records(const char *mode, const char *oid)
{
	const char *files[] = {"ctsync.json", "schema.binpb", "schema.json"};
	struct cts_buf raw = {0};

	lab_entry(&raw, "100644", files[0],
		lab_run("git -C hub rev-parse %s:%s", evil.head, files[0]));
	lab_entry(&raw, mode, "records", oid);
	for (int i = 1; i < 3; i++)
		lab_entry(&raw, "100644", files[i],
			lab_run("git -C hub rev-parse %s:%s", evil.head, files[i]));
	lab_forge_edit(&evil, lab_object("hub", "tree", raw.data, raw.size));
	cts_buf_release(&raw);
}

/* The tree with one more entry in the folder of a kind, which holds nothing else. */
static void put_entry(const char *mode, const char *name, const char *oid)
{
	struct cts_buf kind = {0}, records = {0};

	lab_entry(&kind, mode, name, oid);
	lab_entry(&records, "40000", "agency",
		lab_run("git -C hub rev-parse %s:records/agency", evil.head));
	lab_entry(&records, "40000", "initiative", lab_object("hub", "tree", kind.data, kind.size));
	lab_entry(&records, "40000", "milestone",
		lab_run("git -C hub rev-parse %s:records/milestone", evil.head));
	put_records("40000", lab_object("hub", "tree", records.data, records.size));
	cts_buf_release(&kind);
	cts_buf_release(&records);
}

/* ---- trees ---- */

static void test_paths_of_no_record_are_refused(void **state)
{
	(void)state;
	put_file("records/initiative/UPPER.json", "{}\n");
	assert_harmless("records/initiative/UPPER.json");
}

static void test_names_that_escape_are_refused(void **state)
{
	(void)state;
	put_entry("100644", "\033[31m.json", lab_blob("hub", "{}\n"));
	assert_harmless("\\x1b");
}

#define ENTRY_TEST(test, mode, name, oid, why)                                                     \
	static void test(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		put_entry(mode, name, oid);                                                        \
		assert_harmless(why);                                                              \
	}

ENTRY_TEST(test_dot_git_is_refused, "40000", ".git", base_tree(), ".git")
ENTRY_TEST(test_dot_dot_is_refused, "40000", "..", base_tree(), "..")
ENTRY_TEST(test_a_slash_in_a_name_is_refused, "100644", "a/b.json", lab_blob("hub", "{}\n"),
	"a/b.json")
ENTRY_TEST(test_executables_are_refused, "100755", "x.json", lab_blob("hub", "{}\n"), "mode")
ENTRY_TEST(test_links_are_refused, "120000", "x.json", lab_blob("hub", "/etc/passwd"), "mode")
ENTRY_TEST(test_submodules_are_refused, "160000", "x.json", base, "mode")
ENTRY_TEST(test_devices_are_refused, "100644", "con.json", lab_blob("hub", "{}\n"), "con.json")
ENTRY_TEST(test_folders_as_records_are_refused, "40000", "x.json", base_tree(), "x.json")

static void test_other_files_are_refused(void **state)
{
	(void)state;
	put_file("README.md", "hello\n");
	assert_harmless("README.md");
}

static void test_unknown_kinds_are_refused(void **state)
{
	(void)state;
	put_file("records/nosuchkind/x.json",
		"{\n  \"fields\": {},\n  \"id\": \"x\",\n  \"kind\": \"nosuchkind\"\n}\n");
	assert_harmless("nosuchkind");
}

static void test_a_wrong_fan_out_is_refused(void **state)
{
	(void)state;
	put_file("records/initiative/ab/y.json",
		"{\n  \"fields\": {\n    \"title\": \"y\"\n  },\n  \"id\": \"y\",\n"
		"  \"kind\": \"initiative\"\n}\n");
	assert_harmless("records/initiative");
}

static void test_a_tree_that_is_a_file_is_refused(void **state)
{
	(void)state;
	put_records("40000", lab_blob("hub", "no tree"));
	assert_harmless("records");
}

static void test_records_as_a_file_is_refused(void **state)
{
	(void)state;
	put_records("100644", lab_blob("hub", "no folder"));
	assert_harmless("records");
}

/* ---- records ---- */

static void test_json_that_is_not_canonical_is_refused(void **state)
{
	(void)state;
	put_file("records/initiative/y.json",
		"{\"fields\": {\"title\": \"y\"}, \"id\": \"y\", \"kind\": \"initiative\"}\n");
	assert_harmless("initiative/y");
}

static void test_json_of_another_record_is_refused(void **state)
{
	(void)state;
	put_file("records/initiative/y.json",
		"{\n  \"fields\": {\n    \"title\": \"x\"\n  },\n  \"id\": \"x\",\n"
		"  \"kind\": \"initiative\"\n}\n");
	assert_harmless("initiative/y");
}

static void test_no_json_is_refused(void **state)
{
	(void)state;
	put_file("records/initiative/y.json", "");
	assert_harmless("initiative/y");
}

static void test_a_write_once_field_that_was_edited_is_refused(void **state)
{
	const char *path = "records/milestone/m.json";
	const char *text = lab_run("git -C hub show %s:%s", base, path);
	struct cts_buf changed = {0};
	const char *at = strstr(text, "Q3 2021");

	(void)state;
	cts_buf_put(&changed, text, (size_t)(at - text));
	cts_buf_printf(&changed, "Q4 2021%s\n", at + 7);
	put_file(path, cts_buf_text(&changed));
	cts_buf_release(&changed);
	assert_harmless("baseline");
}

static void test_an_invented_conflict_is_refused(void **state)
{
	char hex[CTS_OID_HEX + 1];
	struct cts_oid one = oid_number(1), two = oid_number(2);
	struct cts_buf text = {0};

	(void)state;
	cts_buf_printf(&text,
		"{\n  \"conflicts\": [\n    {\n      \"field\": \"title\",\n      \"sides\": [\n"
		"        {\n          \"agency\": \"nzp\",\n          \"author\": \"A <a@b>\",\n"
		"          \"commit\": \"%s\",\n          \"time\": \"2021-06-15T09:30:00Z\",\n"
		"          \"value\": \"Grew\"\n        },\n",
		cts_oid_format(hex, cts_oid_compare(&one, &two) < 0 ? &one : &two));
	cts_buf_printf(&text,
		"        {\n          \"agency\": \"nzp\",\n          \"author\": \"A <a@b>\",\n"
		"          \"commit\": \"%s\",\n          \"time\": \"2021-06-15T09:30:00Z\",\n"
		"          \"value\": \"Grow\"\n        }\n      ]\n    }\n  ],\n"
		"  \"fields\": {\n    \"title\": \"Grow\"\n  },\n  \"id\": \"x\",\n"
		"  \"kind\": \"initiative\"\n}\n",
		cts_oid_format(hex, cts_oid_compare(&one, &two) < 0 ? &two : &one));
	put_file("records/initiative/x.json", cts_buf_text(&text));
	cts_buf_release(&text);
	assert_harmless("conflict");
}

/* A conflict that stands may be settled or left, never told otherwise. */
static void test_an_altered_conflict_is_refused(void **state)
{
	struct cts_buf changed = {0};
	const char *text, *at;

	(void)state;
	lab_put(&b, "initiative/x", "title", "Shrink");
	lab_push(&b, "origin");
	lab_put(&a, "initiative/x", "title", "Stay");
	lab_pull(&a, "origin");
	assert_int_equal(lab_sides(&a, "initiative/x", "title"), 2);
	lab_put(&a, "initiative/z", "title", "so that the conflict stands in a tree");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	lab_see(&evil, lab_ref("hub", lab_branch(&a)));
	text = lab_run("git -C hub show %s:records/initiative/x.json", evil.head);
	at = strstr(text, "\"Shrink\"");
	assert_non_null(at);
	cts_buf_put(&changed, text, (size_t)(at - text));
	cts_buf_printf(&changed, "\"Shrank\"%s\n", at + 8);
	put_file("records/initiative/x.json", cts_buf_text(&changed));
	cts_buf_release(&changed);
	assert_harmless("conflict");
}

static void put_long(const char *field, size_t size)
{
	char *value = cts_arena_alloc(&lab_arena, size + 1);

	memset(value, 'v', size);
	put_file("records/initiative/y.json",
		lab_text("{\n  \"fields\": {\n    \"%s\": \"%s\",\n    \"title\": \"y\"\n  },\n"
			 "  \"id\": \"y\",\n  \"kind\": \"initiative\"\n}\n",
			field, value));
}

static void test_a_value_over_64_kib_is_refused(void **state)
{
	(void)state;
	put_long("overview", CTS_VALUE_MAX + 1);
	assert_harmless("longer than 64 KiB");
}

static void test_a_value_of_64_kib_is_taken(void **state)
{
	(void)state;
	put_long("overview", CTS_VALUE_MAX);
	lab_pull(&b, "origin");
	assert_int_equal(strlen(lab_get(&b, "initiative/y", "overview")), CTS_VALUE_MAX);
}

static void test_an_object_over_the_limit_is_refused(void **state)
{
	(void)state;
	put_long("overview", 16 * 1024 * 1024);
	assert_harmless("the limit is");
}

/* ---- files beside the records ---- */

static void test_a_changed_schema_is_refused(void **state)
{
	struct cts_buf raw = {0};

	(void)state;
	lab_entry(&raw, "100644", "ctsync.json",
		lab_run("git -C hub rev-parse %s:ctsync.json", evil.head));
	lab_entry(&raw, "40000", "records", lab_run("git -C hub rev-parse %s:records", evil.head));
	lab_entry(&raw, "100644", "schema.binpb", lab_blob("hub", "another schema"));
	lab_entry(&raw, "100644", "schema.json",
		lab_run("git -C hub rev-parse %s:schema.json", evil.head));
	lab_forge_edit(&evil, lab_object("hub", "tree", raw.data, raw.size));
	cts_buf_release(&raw);
	lab_put(&a, "initiative/honest", "title", "Work goes on");
	lab_push(&a, "origin");
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	assert_int_equal(lab_pulled.refused_count, 1);
	assert_non_null(strstr(lab_pulled.refused[0].why, "schema.binpb"));
	assert_string_equal(lab_get(&b, "initiative/honest", "title"), "Work goes on");
	assert_sound(&b);
}

/* ---- its place ---- */

static void test_a_second_root_is_refused(void **state)
{
	struct lab_forger other = lab_forger("hub", "gcsb", "00000000000000ee");
	struct cts_commit commit = lab_draft(&other, base_tree(), "");

	(void)state;
	evil = other;
	lab_forge(&evil, &commit);
	assert_harmless("another programme");
}

static void test_an_edit_with_two_parents_is_refused(void **state)
{
	struct cts_commit commit;

	(void)state;
	commit = lab_draft(&evil, base_tree(), evil.head);
	commit.parents[commit.parent_count++] = oid_of(base);
	lab_forge(&evil, &commit);
	assert_harmless("more than one parent");
}

static void test_a_first_commit_that_edits_is_refused(void **state)
{
	struct cts_commit commit;

	(void)state;
	evil = lab_forger("hub", "gcsb", "00000000000000ee");
	commit = lab_draft(&evil, lab_tree_of("hub", base), base);
	lab_forge(&evil, &commit);
	assert_harmless("its writer's previous commit");
}

static void test_a_wrong_number_is_refused(void **state)
{
	struct cts_commit commit;

	(void)state;
	commit = lab_draft(&evil, base_tree(), evil.head);
	commit.seq = 7;
	lab_forge(&evil, &commit);
	assert_harmless("number");
}

static void test_a_number_that_stays_is_refused(void **state)
{
	struct cts_commit commit;

	(void)state;
	commit = lab_draft(&evil, base_tree(), evil.head);
	commit.seq = 1;
	lab_forge(&evil, &commit);
	assert_harmless("number");
}

static void test_a_writer_of_another_agency_is_refused(void **state)
{
	struct cts_commit commit;

	(void)state;
	commit = lab_draft(&evil, base_tree(), evil.head);
	commit.agency = "nzsis";
	lab_forge(&evil, &commit);
	lab_put(&a, "initiative/honest", "title", "Work goes on");
	lab_push(&a, "origin");
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	assert_int_equal(lab_pulled.refused_count, 1);
	assert_non_null(strstr(lab_pulled.refused[0].why, "another agency"));
	assert_string_equal(lab_get(&b, "initiative/honest", "title"), "Work goes on");
	assert_sound(&b);
}

/* Nobody extends the branch of someone else, even where a host lets them write there. */
static void test_an_edit_on_a_stranger_s_commit_is_refused(void **state)
{
	struct cts_commit commit;

	(void)state;
	commit = lab_draft(&evil, base_tree(), base);
	commit.seq = 2;
	lab_forge(&evil, &commit);
	assert_harmless("previous commit");
}

static void test_a_seen_commit_that_skips_its_own_is_refused(void **state)
{
	struct cts_commit commit;

	(void)state;
	commit = lab_draft(&evil, base_tree(), base);
	commit.parents[commit.parent_count++] = oid_of(evil.head);
	commit.is_seen = true;
	commit.message = "seen";
	lab_forge(&evil, &commit);
	assert_harmless("first parent");
}

static void test_a_view_on_a_branch_is_refused(void **state)
{
	struct cts_commit commit;

	(void)state;
	commit = lab_draft(&evil, base_tree(), base);
	commit.author = CTS_VIEW_AUTHOR;
	commit.is_view = true;
	commit.message = "view";
	lab_forge(&evil, &commit);
	lab_put(&a, "initiative/honest", "title", "Work goes on");
	lab_push(&a, "origin");
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	assert_non_null(strstr(lab_pulled.refused[0].why, "view"));
	assert_string_equal(lab_get(&b, "initiative/honest", "title"), "Work goes on");
	assert_sound(&b);
}

/* ---- its text ---- */

static void forge_text(const char *from, const char *to)
{
	struct cts_commit commit = lab_draft(&evil, base_tree(), evil.head);
	struct cts_buf bytes = {0}, changed = {0};
	const char *at;

	cts_commit_format(&bytes, &commit);
	at = strstr(cts_buf_text(&bytes), from);
	assert_non_null(at);
	cts_buf_put(&changed, bytes.data, (size_t)(at - bytes.data));
	cts_buf_puts(&changed, to);
	cts_buf_puts(&changed, at + strlen(from));
	evil.head = lab_object("hub", "commit", changed.data, changed.size);
	lab_run("git -C hub update-ref refs/heads/gcsb/00000000000000ee %s", evil.head);
	cts_buf_release(&bytes);
	cts_buf_release(&changed);
}

static void test_a_time_out_of_range_is_refused(void **state)
{
	struct cts_commit commit = lab_draft(&evil, base_tree(), evil.head);

	(void)state;
	commit.time = INT64_C(7258118400);
	lab_forge(&evil, &commit);
	assert_harmless("between 2000 and 2200");
}

static void test_malformed_text_is_refused(void **state)
{
	(void)state;
	forge_text("Ctsync-Format: 1", "Ctsync-Format: 1\nSigned-off-by: Mal <m@m>");
	assert_harmless("not of the form");
}

/* What builds on a refused commit is refused with it, and each is named once. */
static void test_what_builds_on_it_is_refused(void **state)
{
	const char *first;
	char hex[CTS_OID_HEX + 1];

	(void)state;
	put_file("README.md", "hello\n");
	first = evil.head;
	put_file("README.md", NULL);
	lab_forge_initiative(&evil, "later", "after it");
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	assert_int_equal(lab_pulled.refused_count, 3);
	assert_string_equal(cts_oid_format(hex, &lab_pulled.refused[0].commit), first);
	assert_non_null(strstr(lab_pulled.refused[1].why, "parent"));
	assert_string_equal(lab_get(&b, "initiative/later", "title"), "(none)");
	/* its first commit was sound */
	assert_true(lab_ref(lab_mirror(&b), "gcsb/00000000000000ee")[0] != '\0');
	lab_pull(&b, "origin");
	lab_forge_initiative(&evil, "later-still", "and after that");
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	assert_int_equal(lab_pulled.refused_count, 1);
	assert_sound(&b);
}

/* A branch that says whose it is must hold that writer's commits. */
static void test_a_branch_with_another_s_commits_harms_nobody(void **state)
{
	int rc;

	(void)state;
	lab_run("git -C hub update-ref refs/heads/nzp/%s %s", lab_writer(&b), base);
	lab_put(&b, "initiative/of-b", "title", "mine");
	rc = lab_try_push(&b, "origin");
	assert_ok(rc);
	assert_true(lab_was_pushed(lab_branch(&b)));
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_world, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_paths_of_no_record_are_refused),
		T(test_names_that_escape_are_refused),
		T(test_dot_git_is_refused),
		T(test_dot_dot_is_refused),
		T(test_a_slash_in_a_name_is_refused),
		T(test_executables_are_refused),
		T(test_links_are_refused),
		T(test_submodules_are_refused),
		T(test_devices_are_refused),
		T(test_folders_as_records_are_refused),
		T(test_other_files_are_refused),
		T(test_unknown_kinds_are_refused),
		T(test_a_wrong_fan_out_is_refused),
		T(test_a_tree_that_is_a_file_is_refused),
		T(test_records_as_a_file_is_refused),
		T(test_json_that_is_not_canonical_is_refused),
		T(test_json_of_another_record_is_refused),
		T(test_no_json_is_refused),
		T(test_a_write_once_field_that_was_edited_is_refused),
		T(test_an_invented_conflict_is_refused),
		T(test_an_altered_conflict_is_refused),
		T(test_a_value_over_64_kib_is_refused),
		T(test_a_value_of_64_kib_is_taken),
		T(test_an_object_over_the_limit_is_refused),
		T(test_a_changed_schema_is_refused),
		T(test_a_second_root_is_refused),
		T(test_an_edit_with_two_parents_is_refused),
		T(test_a_first_commit_that_edits_is_refused),
		T(test_a_wrong_number_is_refused),
		T(test_a_number_that_stays_is_refused),
		T(test_a_writer_of_another_agency_is_refused),
		T(test_an_edit_on_a_stranger_s_commit_is_refused),
		T(test_a_seen_commit_that_skips_its_own_is_refused),
		T(test_a_view_on_a_branch_is_refused),
		T(test_a_time_out_of_range_is_refused),
		T(test_malformed_text_is_refused),
		T(test_what_builds_on_it_is_refused),
		T(test_a_branch_with_another_s_commits_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
