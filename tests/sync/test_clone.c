/*
 * Clone: a whole store or none; the root is what was asked for, and whatever else lies in the hub.
 */
#include "lab_agencies.h"

/* What DPMC has is in its hub. */
static int make_pushed(void **state)
{
	make_agency_at_work(state);
	lab_push(&a, "origin");
	return 0;
}

static int try_clone(const char *hub, const char *root, struct cts_clone *out)
{
	struct cts_clone clone = {.agency_code = "NZP", .author = "", .root = root};
	int rc = cts_store_clone(lab_path("b"), lab_path(hub), &clone, NULL);

	if (out)
		*out = clone;
	return rc;
}

/* Nothing of a clone that failed stays. */
static void assert_nothing_left(void)
{
	assert_string_equal(lab_run("ls -d b b.* quarantine.* 2>/dev/null || true"), "");
}

static void test_a_clone_is_the_programme(void **state)
{
	const char *root = lab_ref("hub", "root");
	struct cts_remote *remotes;
	struct cts_clone clone;
	char hex[CTS_OID_HEX + 1];
	size_t count;

	(void)state;
	assert_ok(try_clone("hub", root, &clone));
	assert_string_equal(cts_oid_format(hex, &clone.found_root), root);
	assert_int_equal(clone.commits, 2);
	assert_int_equal(clone.records, 2);
	assert_int_equal(clone.refused, 0);
	b = lab_at("b");
	assert_alike(&a, &b);
	assert_sound(&b);
	assert_ok(cts_remotes(b.store, &remotes, &count, &lab_arena));
	assert_int_equal(count, 1);
	assert_string_equal(remotes[0].name, "origin");
	assert_string_equal(remotes[0].url, lab_path("hub"));
	assert_true(remotes[0].last_pull > 0);
	/* it speaks only when it has something to say */
	assert_string_not_equal(lab_writer(&b), lab_writer(&a));
	assert_string_equal(lab_own_head(&b), "");
	lab_push(&b, "origin");
	assert_int_equal(lab_pushed.branch_count, 0);
	lab_pull(&b, "origin");
	assert_int_equal(lab_pulled.commits, 0);
}

static void test_another_root_than_was_asked_for_is_refused(void **state)
{
	(void)state;
	assert_int_equal(try_clone("hub", lab_own_head(&a), NULL), CTS_EINTEGRITY);
	assert_non_null(strstr(cts_error_message(CTS_EINTEGRITY), lab_ref("hub", "root")));
	assert_nothing_left();
	assert_int_equal(try_clone("hub", "123", NULL), CTS_EVALUE);
	assert_int_equal(try_clone("hub", "", NULL), CTS_EVALUE);
	assert_nothing_left();
}

static void test_an_empty_repository_is_refused(void **state)
{
	(void)state;
	lab_hub("empty");
	assert_int_equal(try_clone("empty", NULL, NULL), CTS_EREFUSED);
	assert_int_equal(cts_error_status(CTS_EREFUSED), 20);
	assert_non_null(strstr(cts_error_message(CTS_EREFUSED), "empty"));
	assert_non_null(strstr(cts_error_hint(), "push"));
	assert_nothing_left();
}

static void test_a_repository_of_something_else_is_refused(void **state)
{
	(void)state;
	lab_hub("other");
	lab_run("git -C other update-ref refs/heads/main $(git -C other -c user.name=S "
		"-c user.email=s@s commit-tree -m hello $(git -C other hash-object -t tree -w "
		"--stdin "
		"</dev/null))");
	assert_int_equal(try_clone("other", NULL, NULL), CTS_EREFUSED);
	assert_null(strstr(cts_error_message(CTS_EREFUSED), "is empty"));
	assert_nothing_left();
	/* even one with a branch named as ours are */
	lab_run("git -C other update-ref refs/heads/nzp/0123456789abcdef main");
	assert_int_equal(try_clone("other", NULL, NULL), CTS_EINTEGRITY);
	assert_nothing_left();
	assert_int_equal(try_clone("nowhere", NULL, NULL), CTS_EUNREACHABLE);
	assert_nothing_left();
}

static void test_nothing_is_written_over(void **state)
{
	(void)state;
	lab_run("mkdir b && echo precious > b/file");
	assert_int_equal(try_clone("hub", NULL, NULL), CTS_EREFUSED);
	assert_string_equal(lab_run("ls b"), "file");
	lab_run("rm -rf b");
}

static void test_a_code_that_is_none_is_refused(void **state)
{
	struct cts_clone clone = {.agency_code = "not a code", .author = ""};

	(void)state;
	assert_int_equal(cts_store_clone(lab_path("b"), lab_path("hub"), &clone, NULL), CTS_EVALUE);
	assert_nothing_left();
}

static void test_a_hub_without_the_branch_root_is_cloned(void **state)
{
	const char *root = lab_ref("hub", "root");
	struct cts_clone clone;
	char hex[CTS_OID_HEX + 1];

	(void)state;
	lab_run("git -C hub update-ref -d refs/heads/root");
	assert_ok(try_clone("hub", NULL, &clone));
	assert_string_equal(cts_oid_format(hex, &clone.found_root), root);
	b = lab_at("b");
	assert_alike(&a, &b);
}

static void test_a_branch_root_that_lies_is_refused(void **state)
{
	(void)state;
	lab_run("git -C hub update-ref refs/heads/root %s", lab_own_head(&a));
	assert_int_equal(try_clone("hub", NULL, NULL), CTS_EINTEGRITY);
	assert_nothing_left();
}

/* One malformed branch keeps nobody from the rest. */
static void test_refused_commits_do_not_keep_one_from_cloning(void **state)
{
	struct lab_forger evil = lab_forger("hub", "aaa", "00000000000000ee");
	struct cts_refusal *refused;
	struct cts_clone clone;
	struct cts_txn *txn;
	size_t count;

	(void)state;
	lab_see(&evil, lab_own_head(&a));
	lab_forge_file(&evil, "README.md", "hello\n");
	/* and one that leads nowhere, first in order */
	lab_run("git -C hub update-ref refs/heads/a/0000000000000000 $(git -C hub -c user.name=S "
		"-c user.email=s@s commit-tree -m hello $(git -C hub hash-object -t tree -w "
		"--stdin "
		"</dev/null))");
	assert_ok(try_clone("hub", NULL, &clone));
	assert_int_equal(clone.refused, 2);
	b = lab_at("b");
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow");
	assert_alike(&a, &b);
	assert_sound(&b);
	assert_ok(cts_txn_begin(&txn, b.store));
	assert_ok(cts_refusals(txn, &refused, &count, &lab_arena));
	cts_txn_end(txn);
	assert_int_equal(count, 2);
	lab_pull(&b, "origin");
}

static void test_a_root_that_is_refused_makes_no_store(void **state)
{
	struct lab_forger evil;
	struct cts_commit commit;
	struct cts_buf raw = {0};

	(void)state;
	lab_hub("bad");
	evil = lab_forger("bad", "dpmc", "00000000000000ee");
	lab_run("git -C bad fetch -q ../hub refs/heads/root:refs/tags/root");
	lab_entry(&raw, "100644", "README.md", lab_blob("bad", "hello\n"));
	lab_entry(&raw, "100644", "ctsync.json", lab_run("git -C bad rev-parse root:ctsync.json"));
	lab_entry(
		&raw, "100644", "schema.binpb", lab_run("git -C bad rev-parse root:schema.binpb"));
	commit = lab_draft(&evil, lab_object("bad", "tree", raw.data, raw.size), "");
	cts_buf_release(&raw);
	lab_forge(&evil, &commit);
	assert_int_equal(try_clone("bad", NULL, NULL), CTS_EINTEGRITY);
	assert_non_null(strstr(cts_error_message(CTS_EINTEGRITY), "README.md"));
	assert_nothing_left();
}

/* A root tree whose format file says another number is for a newer program. */
static void forge_root(const char *format_file)
{
	struct lab_forger f;
	struct cts_commit commit;
	struct cts_buf raw = {0};

	lab_hub("bad");
	f = lab_forger("bad", "dpmc", "00000000000000ee");
	lab_run("git -C bad fetch -q ../hub refs/heads/root:refs/tags/root");
	if (format_file)
		lab_entry(&raw, "100644", "ctsync.json", lab_blob("bad", format_file));
	lab_entry(&raw, "40000", "records", lab_run("git -C bad rev-parse root:records"));
	lab_entry(
		&raw, "100644", "schema.binpb", lab_run("git -C bad rev-parse root:schema.binpb"));
	lab_entry(&raw, "100644", "schema.json", lab_run("git -C bad rev-parse root:schema.json"));
	commit = lab_draft(&f, lab_object("bad", "tree", raw.data, raw.size), "");
	cts_buf_release(&raw);
	lab_forge(&f, &commit);
}

static void test_a_root_of_a_later_format_is_newer(void **state)
{
	(void)state;
	forge_root("{\n  \"format\": 2\n}\n");
	assert_int_equal(try_clone("bad", NULL, NULL), CTS_ENEWER);
	assert_non_null(strstr(cts_error_hint(), "newer"));
	assert_nothing_left();
}

static void test_a_root_without_its_format_is_refused(void **state)
{
	(void)state;
	forge_root(NULL);
	assert_int_equal(try_clone("bad", NULL, NULL), CTS_EINTEGRITY);
	assert_nothing_left();
}

static void test_a_sound_forged_root_is_cloned(void **state)
{
	(void)state;
	forge_root("{\n  \"format\": 1\n}\n");
	assert_ok(try_clone("bad", NULL, NULL));
	b = lab_at("b");
	assert_sound(&b);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_pushed, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_clone_is_the_programme),
		T(test_another_root_than_was_asked_for_is_refused),
		T(test_an_empty_repository_is_refused),
		T(test_a_repository_of_something_else_is_refused),
		T(test_nothing_is_written_over),
		T(test_a_code_that_is_none_is_refused),
		T(test_a_hub_without_the_branch_root_is_cloned),
		T(test_a_branch_root_that_lies_is_refused),
		T(test_refused_commits_do_not_keep_one_from_cloning),
		T(test_a_root_that_is_refused_makes_no_store),
		T(test_a_root_of_a_later_format_is_newer),
		T(test_a_root_without_its_format_is_refused),
		T(test_a_sound_forged_root_is_cloned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
