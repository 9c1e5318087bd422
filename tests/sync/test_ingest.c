/*
 * Commits come in: wholly or not at all, whatever order and road they take, and what one source
 * lacks another may bring.
 */
#include "lab_agencies.h"

static struct lab_forger other;

/* Two agencies, and the branch of a third in the hub. */
static int make_world(void **state)
{
	make_two_agencies(state);
	other = lab_forger("hub", "gcsb", "00000000000000ee");
	lab_see(&other, lab_ref("hub", lab_branch(&a)));
	return 0;
}

/* Takes a loose object out of a repository and puts it aside. */
static void hide(const char *repo, const char *oid)
{
	lab_run("mv '%s/objects/%.2s/%s' 'hidden-%s'", repo, oid, oid + 2, oid);
}

static void show(const char *repo, const char *oid)
{
	lab_run("mv 'hidden-%s' '%s/objects/%.2s/%s'", oid, repo, oid, oid + 2);
}

/* A source that lacks an object of a sound commit does not make the commit unsound: the next one
 * that has it whole brings it. */
static void assert_comes_later(const char *object, const char *why)
{
	hide("hub", object);
	lab_put(&a, "initiative/honest", "title", "Work goes on");
	lab_push(&a, "origin");
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	assert_true(lab_pulled.refused_count > 0);
	if (!strstr(lab_pulled.refused[0].why, why))
		fail_msg("'%s' instead of '%s'", lab_pulled.refused[0].why, why);
	assert_string_equal(lab_get(&b, "initiative/honest", "title"), "Work goes on");
	assert_string_equal(lab_get(&b, "initiative/y", "title"), "(none)");
	assert_sound(&b);
	/* still lacking: still said */
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	show("hub", object);
	lab_pull(&b, "origin");
	assert_string_equal(lab_get(&b, "initiative/y", "title"), "later");
	assert_string_equal(lab_get(&b, "initiative/z", "title"), "after it");
	assert_sound(&b);
}

static const char *in_hub(const char *what)
{
	return lab_run("git -C hub rev-parse '%s'", what);
}

static void test_a_missing_blob_can_come_later(void **state)
{
	const char *commit = lab_forge_initiative(&other, "y", "later");

	(void)state;
	lab_forge_initiative(&other, "z", "after it");
	assert_comes_later(in_hub(lab_text("%s:records/initiative/y.json", commit)), "missing");
}

static void test_a_missing_tree_can_come_later(void **state)
{
	const char *commit = lab_forge_initiative(&other, "y", "later");

	(void)state;
	lab_forge_initiative(&other, "z", "after it");
	assert_comes_later(in_hub(lab_text("%s:records/initiative", commit)), "missing");
}

static void test_a_missing_root_tree_can_come_later(void **state)
{
	const char *commit = lab_forge_initiative(&other, "y", "later");

	(void)state;
	lab_forge_initiative(&other, "z", "after it");
	assert_comes_later(in_hub(lab_text("%s^{tree}", commit)), "missing");
}

static void test_a_missing_commit_can_come_later(void **state)
{
	const char *commit = lab_forge_initiative(&other, "y", "later");

	(void)state;
	lab_forge_initiative(&other, "z", "after it");
	assert_comes_later(commit, "missing");
}

/* The bytes under an object's name are others: the source is at fault, not the commit. */
static void test_a_garbled_blob_can_come_later(void **state)
{
	const char *commit = lab_forge_initiative(&other, "y", "later");
	const char *blob = in_hub(lab_text("%s:records/initiative/y.json", commit));

	(void)state;
	lab_forge_initiative(&other, "z", "after it");
	hide("hub", blob);
	lab_run("cp hub/objects/%.2s/%s hub/objects/%.2s/%s", commit, commit + 2, blob, blob + 2);
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	lab_run("rm -f hub/objects/%.2s/%s", blob, blob + 2);
	show("hub", blob);
	lab_pull(&b, "origin");
	assert_string_equal(lab_get(&b, "initiative/y", "title"), "later");
	assert_sound(&b);
}

/* A commit of a later format is not asked for again and again in vain, but a newer program takes
 * it: so it is told of, and not remembered as refused. */
static void test_a_later_format_is_not_remembered_as_refused(void **state)
{
	struct cts_commit commit = lab_draft(&other, lab_tree_of("hub", other.head), other.head);
	struct cts_buf bytes = {0};
	struct cts_refusal *refused;
	struct cts_txn *txn;
	size_t count;

	(void)state;
	cts_commit_format(&bytes, &commit);
	bytes.data[bytes.size - 2] = '2';
	lab_run("git -C hub update-ref refs/heads/gcsb/00000000000000ee %s",
		lab_object("hub", "commit", bytes.data, bytes.size));
	cts_buf_release(&bytes);
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	assert_non_null(strstr(lab_pulled.refused[0].why, "format 2"));
	assert_ok(cts_txn_begin(&txn, b.store));
	assert_ok(cts_refusals(txn, &refused, &count, &lab_arena));
	assert_int_equal(count, 0);
	cts_txn_end(txn);
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
}

/* ---- in any order ---- */

/* The branches of several writers reach two stores in opposite orders. */
static void test_any_order_of_arrival_gives_the_same_records(void **state)
{
	struct lab_store c, d;
	struct lab_store *all[4];

	(void)state;
	lab_push(&a, "origin");
	c = lab_clone("c", "GCSB", "hub");
	d = lab_clone("d", "MSD", "hub");
	lab_hub("h1");
	lab_hub("h2");
	all[0] = &a, all[1] = &b, all[2] = &c, all[3] = &d;
	for (int i = 0; i < 4; i++) {
		lab_remote(all[i], "h1", "h1");
		lab_remote(all[i], "h2", "h2");
	}
	lab_put(&a, "initiative/x", "title", "of a");
	lab_put(&b, "initiative/x", "title", "of b");
	lab_put(&b, "initiative/x", "overview", "words");
	lab_push(&a, "h1");
	lab_push(&b, "h2");
	lab_pull(&c, "h1");
	lab_pull(&c, "h2");
	lab_pull(&d, "h2");
	lab_pull(&d, "h1");
	assert_alike(&c, &d);
	assert_int_equal(lab_sides(&c, "initiative/x", "title"), 2);
	lab_settle(&c, "initiative/x", "title", "settled");
	lab_put(&d, "initiative/x", "overview", "other words");
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 4; i++) {
			lab_pull(all[i], "h1");
			lab_push(all[i], "h2");
			lab_pull(all[i], "h2");
			lab_push(all[i], "h1");
		}
	for (int i = 1; i < 4; i++)
		assert_alike(&a, all[i]);
	assert_string_equal(lab_get(&a, "initiative/x", "title"), "settled");
	for (int i = 0; i < 4; i++)
		assert_sound(all[i]);
	lab_fsck("h1");
	lab_fsck("h2");
	lab_close(&c);
	lab_close(&d);
}

/* A pull of many commits by many writers, merged with each other. */
static void test_a_web_of_seen_commits_comes_in_ancestors_first(void **state)
{
	enum { WRITERS = 6, STEPS = 40 };
	struct lab_forger writers[WRITERS];
	const char *start = other.head;

	(void)state;
	random_start("web");
	for (int i = 0; i < WRITERS; i++) {
		writers[i] = lab_forger("hub", "gcsb", lab_text("000000000000000%d", i));
		lab_see(&writers[i], start);
	}
	for (int step = 0; step < STEPS; step++) {
		struct lab_forger *w = &writers[random_below(WRITERS)];
		struct lab_forger *v = &writers[random_below(WRITERS)];

		if (w != v && random_below(2)) {
			const char *known = lab_run(
				"git -C hub merge-base --is-ancestor %s %s && echo yes || true",
				v->head, w->head);
			if (!known[0]) {
				/* the tree of the other is not the view, which changes nothing */
				struct cts_commit commit =
					lab_draft(w, lab_tree_of("hub", w->head), w->head);
				commit.parents[commit.parent_count++] = oid_of(v->head);
				commit.is_seen = true;
				commit.message = "seen";
				lab_forge(w, &commit);
			}
		}
		lab_forge_initiative(w, lab_text("r%d", step), lab_text("of step %d", step));
	}
	lab_pull(&b, "origin");
	assert_int_equal(lab_pulled.refused_count, 0);
	for (int step = 0; step < STEPS; step++)
		assert_string_equal(lab_get(&b, lab_text("initiative/r%d", step), "title"),
			lab_text("of step %d", step));
	assert_sound(&b);
	lab_pull(&a, "origin");
	assert_alike(&a, &b);
}

/* A tree that is told as seen is never read as edits, whatever it says. */
static void test_a_seen_commit_edits_nothing(void **state)
{
	const char *tree = lab_tree_with("hub", lab_tree_of("hub", other.head), "100644",
		"records/initiative/x.json",
		lab_blob("hub", "{\n  \"fields\": {\n    \"title\": \"Hijacked\"\n  },\n"
				"  \"id\": \"x\",\n  \"kind\": \"initiative\"\n}\n"));
	struct cts_commit commit = lab_draft(&other, tree, other.head);

	(void)state;
	commit.is_seen = true;
	commit.message = "seen nothing";
	lab_forge(&other, &commit);
	lab_pull(&b, "origin");
	assert_int_equal(lab_pulled.records_changed, 0);
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow");
	assert_sound(&b);
}

static void test_a_pull_counts_what_it_brought(void **state)
{
	(void)state;
	lab_put(&b, "initiative/x", "title", "of b");
	lab_push(&b, "origin");
	lab_put(&a, "initiative/x", "title", "of a");
	lab_put(&a, "initiative/y", "title", "new");
	lab_pull(&a, "origin");
	assert_int_equal(lab_pulled.commits, 3); /* the stranger's and b's seen commits, b's edit */
	assert_int_equal(lab_pulled.records_changed, 1);
	assert_int_equal(lab_pulled.conflicts, 1);
	lab_pull(&a, "origin");
	assert_int_equal(lab_pulled.commits, 0);
	assert_int_equal(lab_pulled.records_changed, 0);
	assert_int_equal(lab_pulled.conflicts, 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_world, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_missing_blob_can_come_later),
		T(test_a_missing_tree_can_come_later),
		T(test_a_missing_root_tree_can_come_later),
		T(test_a_missing_commit_can_come_later),
		T(test_a_garbled_blob_can_come_later),
		T(test_a_later_format_is_not_remembered_as_refused),
		T(test_any_order_of_arrival_gives_the_same_records),
		T(test_a_web_of_seen_commits_comes_in_ancestors_first),
		T(test_a_seen_commit_edits_nothing),
		T(test_a_pull_counts_what_it_brought),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
