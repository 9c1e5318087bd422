/*
 * Push: our own branch decides; what others did travels along; `root` and `main` are tried in good
 * faith; nothing new, nothing moved. And the work of stores that were copied or restored arrives.
 */
#include "lab_agencies.h"

#include <fcntl.h>
#include <sys/stat.h>

static const char *hub_state(const char *hub)
{
	return lab_run("cd %s && git for-each-ref && find objects -type f | sort", hub);
}

/* ---- what moves ---- */

static void test_the_first_push_makes_three_branches(void **state)
{
	(void)state;
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 3);
	assert_string_equal(lab_pushed.branches[0], lab_branch(&a)); /* its own first */
	assert_true(lab_was_pushed("root"));
	assert_true(lab_was_pushed("main"));
	assert_int_equal(lab_pushed.declined_count, 0);
	assert_int_equal(lab_pushed.commits, 2);
	assert_string_equal(lab_ref("hub", lab_branch(&a)), lab_own_head(&a));
	assert_string_equal(lab_ref("hub", "root"),
		lab_run("git -C hub rev-list --max-parents=0 %s", lab_own_head(&a)));
	lab_fsck("hub");
	assert_sound(&a);
}

static void test_nothing_new_moves_nothing(void **state)
{
	const char *before;

	(void)state;
	lab_push(&a, "origin");
	before = hub_state("hub");
	for (int i = 0; i < 3; i++) {
		lab_push(&a, "origin");
		assert_int_equal(lab_pushed.branch_count, 0);
		assert_int_equal(lab_pushed.declined_count, 0);
		assert_int_equal(lab_pushed.commits, 0);
		assert_string_equal(hub_state("hub"), before);
	}
	lab_reopen(&a);
	lab_push(&a, "origin");
	assert_string_equal(hub_state("hub"), before);
}

static void test_a_push_sends_what_is_new(void **state)
{
	(void)state;
	lab_push(&a, "origin");
	for (int i = 0; i < 5; i++)
		lab_put(&a, lab_text("initiative/i%d", i), "title", "One of five");
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.commits, 5);
	assert_int_equal(lab_pushed.branch_count, 2);
	assert_int_equal(
		atoi(lab_run("ls hub/objects/pack/*.pack | wc -l")), 2); /* one pack a push */
	lab_fsck("hub");
}

static void test_what_was_pushed_is_known(void **state)
{
	uint64_t pending, sealed;

	(void)state;
	assert_ok(cts_unpushed(a.store, NULL, &pending, &sealed));
	assert_int_equal(pending, 1);
	assert_int_equal(sealed, 1); /* the root */
	lab_push(&a, "origin");
	assert_ok(cts_unpushed(a.store, NULL, &pending, &sealed));
	assert_int_equal(pending + sealed, 0);
	lab_put(&a, "initiative/x", "title", "Grow more");
	assert_int_equal(cts_seal(a.road, NULL), 1);
	assert_ok(cts_unpushed(a.store, "origin", &pending, &sealed));
	assert_int_equal(pending, 0);
	assert_int_equal(sealed, 1);
	lab_hub("second");
	lab_remote(&a, "second", "second");
	lab_push(&a, "second");
	assert_ok(cts_unpushed(a.store, NULL, &pending, &sealed));
	assert_int_equal(sealed, 0);
	assert_ok(cts_unpushed(a.store, "origin", &pending, &sealed));
	assert_int_equal(sealed, 1);
	assert_ok(cts_unpushed(a.store, "second", &pending, &sealed));
	assert_int_equal(sealed, 0);
}

static void test_a_change_tells_how_far_it_got(void **state)
{
	enum cts_change_state how;
	struct cts_change change;
	struct cts_ref ref;
	struct cts_txn *txn;
	const char *name = lab_text("%s.2", lab_writer(&a));

	(void)state;
	for (int step = 0; step < 3; step++) {
		if (step == 1)
			assert_int_equal(cts_seal(a.road, NULL), 1);
		if (step == 2)
			lab_push(&a, "origin");
		assert_ok(cts_txn_begin(&txn, a.store));
		assert_ok(cts_txn_find_change(txn, &ref, name));
		assert_ok(cts_txn_change(txn, &change, &lab_arena, ref));
		assert_ok(cts_change_state(&how, txn, &change));
		assert_int_equal(how, step == 0   ? CTS_CHANGE_PENDING
				      : step == 1 ? CTS_CHANGE_COMMITTED
						  : CTS_CHANGE_PUSHED);
		cts_txn_end(txn);
	}
}

static void test_others_branches_travel_through_a_chain_of_hubs(void **state)
{
	struct lab_store c, d;

	(void)state;
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	c = lab_clone("c", "GCSB", "hub");
	d = lab_clone("d", "MSD", "hub");
	lab_hub("h1");
	lab_hub("h2");
	lab_remote(&b, "h1", "h1");
	lab_remote(&c, "h1", "h1");
	lab_remote(&c, "h2", "h2");
	lab_remote(&d, "h2", "h2");
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	lab_push(&b, "h1");
	assert_true(lab_was_pushed(lab_branch(&a)));
	assert_int_equal(lab_pushed.commits, 0); /* none of them its own */
	lab_pull(&c, "h1");
	lab_push(&c, "h2");
	lab_pull(&d, "h2");
	assert_string_equal(lab_get(&d, "initiative/x", "title"), "Grow more");
	assert_alike(&a, &d);
	assert_string_equal(lab_ref("h2", lab_branch(&a)), lab_own_head(&a));
	assert_string_equal(lab_ref("h2", "root"), lab_ref("hub", "root"));
	lab_fsck("h1");
	lab_fsck("h2");
	lab_close(&c);
	lab_close(&d);
}

/* ---- our own branch decides ---- */

static void test_our_branch_that_another_wrote_is_rejected_until_we_pull(void **state)
{
	struct lab_forger forger;
	const char *before;

	(void)state;
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	lab_put(&b, "initiative/y", "title", "of b");
	lab_push(&b, "origin");
	forger = lab_forger("hub", "dpmc", lab_writer(&a));
	forger.head = lab_own_head(&a);
	forger.seq = 2;
	lab_forge_initiative(&forger, "forged", "In our name");
	lab_put(&a, "initiative/x", "title", "Grow more");
	before = hub_state("hub");
	assert_int_equal(lab_try_push(&a, "origin"), CTS_EREJECTED);
	assert_int_equal(cts_error_status(CTS_EREJECTED), 61);
	assert_non_null(strstr(cts_error_message(CTS_EREJECTED), forger.head));
	assert_non_null(strstr(cts_error_hint(), "pull"));
	assert_string_equal(hub_state("hub"), before);

	/* then both are known, and our work travels on a new writer's branch */
	before = lab_branch(&a);
	lab_pull(&a, "origin");
	lab_push(&a, "origin");
	assert_string_not_equal(lab_branch(&a), before);
	assert_true(lab_was_pushed(lab_branch(&a)));
	assert_string_equal(lab_ref("hub", before), forger.head);
	lab_pull(&b, "origin");
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow more");
	assert_string_equal(lab_get(&b, "initiative/forged", "title"), "In our name");
	assert_alike(&a, &b);
	assert_sound(&a);
	assert_sound(&b);
}

static void test_a_branch_of_ours_that_is_no_commit_of_ours_is_rejected(void **state)
{
	struct lab_forger other;

	(void)state;
	lab_push(&a, "origin");
	other = lab_forger("hub", "gcsb", "00000000000000ee");
	lab_see(&other, lab_own_head(&a));
	lab_run("git -C hub update-ref refs/heads/%s %s", lab_branch(&a), other.head);
	lab_put(&a, "initiative/x", "title", "Grow more");
	assert_int_equal(lab_try_push(&a, "origin"), CTS_EREJECTED);
	assert_string_equal(lab_ref("hub", lab_branch(&a)), other.head);
}

/* ---- locks ---- */

static void put_lock(const char *branch, long age_s)
{
	lab_run("mkdir -p \"$(dirname hub/refs/heads/%s)\" && touch -d '-%ld seconds' "
		"hub/refs/heads/%s.lock",
		branch, age_s, branch);
}

static void test_a_leftover_lock_of_our_branch_is_removed(void **state)
{
	(void)state;
	put_lock(lab_branch(&a), 0);
	lab_push(&a, "origin");
	assert_true(lab_was_pushed(lab_branch(&a)));
}

static void test_locks_of_others_are_not_waited_for(void **state)
{
	(void)state;
	put_lock("main", 30);
	put_lock("root", 30);
	lab_push(&a, "origin");
	assert_true(lab_was_pushed(lab_branch(&a)));
	assert_true(lab_was_declined("main"));
	assert_true(lab_was_declined("root"));
	lab_run("rm hub/refs/heads/main.lock hub/refs/heads/root.lock");
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 2);
	assert_int_equal(lab_pushed.declined_count, 0);
}

static void test_old_locks_of_others_are_removed(void **state)
{
	(void)state;
	put_lock("main", 700);
	put_lock("root", 700);
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 3);
	assert_int_equal(lab_pushed.declined_count, 0);
}

/* What a host would not take it does not have. */
static void test_a_declined_branch_is_not_taken_as_pushed(void **state)
{
	const char *branch;

	(void)state;
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	lab_hub("h1");
	lab_remote(&b, "h1", "h1");
	lab_run("cp -r hub keep");
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	branch = lab_branch(&a);
	lab_run("mkdir -p h1/refs/heads/dpmc && touch h1/refs/heads/%s.lock", branch);
	lab_push(&b, "h1");
	assert_true(lab_was_declined(branch));
	assert_string_equal(lab_ref("h1", branch), "");
	lab_run("rm h1/refs/heads/%s.lock", branch);
	lab_push(&b, "h1");
	assert_true(lab_was_pushed(branch));
	lab_fsck("h1");
}

/* ---- crashes ---- */

/* Objects came, refs did not: the next push moves them. */
static void test_a_push_that_died_between_objects_and_refs_goes_on(void **state)
{
	(void)state;
	lab_push(&a, "origin");
	lab_run("cp -r hub/refs refs.old && cp hub/packed-refs refs.old 2>/dev/null || true");
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	lab_run("rm -rf hub/refs && cp -r refs.old hub/refs");
	lab_push(&a, "origin");
	assert_true(lab_was_pushed(lab_branch(&a)));
	assert_string_equal(lab_ref("hub", lab_branch(&a)), lab_own_head(&a));
	lab_fsck("hub");
}

/* ---- stores that were copied, or restored ---- */

static void test_a_copied_store_speaks_with_a_voice_of_its_own(void **state)
{
	struct lab_store copy;
	struct lab_store *all[3];

	(void)state;
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	lab_close(&a);
	lab_run("cp -r a copy");
	a = lab_at("a");
	copy = lab_at("copy");
	lab_put(&a, "initiative/x", "title", "of the first");
	lab_put(&copy, "initiative/x", "title", "of the copy");
	assert_string_not_equal(lab_writer(&a), lab_writer(&copy));
	lab_push(&copy, "origin");
	lab_push(&a, "origin");
	all[0] = &a, all[1] = &copy, all[2] = &b;
	lab_settle_down(all, 3, "origin");
	assert_int_equal(lab_sides(&b, "initiative/x", "title"), 2);
	assert_alike(&a, &b);
	assert_alike(&copy, &b);
	for (int i = 0; i < 3; i++)
		assert_sound(all[i]);
	lab_close(&copy);
}

static void test_a_store_restored_from_an_older_copy_loses_nothing(void **state)
{
	struct lab_store *all[2];

	(void)state;
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	lab_close(&a);
	lab_run("cp -r a backup");
	a = lab_at("a");
	lab_put(&a, "initiative/x", "title", "pushed before the disk died");
	lab_push(&a, "origin");
	lab_close(&a);
	lab_run("rm -rf a && cp -r backup a");
	a = lab_at("a");
	lab_put(&a, "initiative/y", "title", "typed after it was restored");
	lab_push(&a, "origin");
	all[0] = &a, all[1] = &b;
	lab_settle_down(all, 2, "origin");
	assert_string_equal(lab_get(&a, "initiative/x", "title"), "pushed before the disk died");
	assert_string_equal(lab_get(&b, "initiative/y", "title"), "typed after it was restored");
	assert_alike(&a, &b);
	assert_sound(&a);
	assert_sound(&b);
}

/* Restored, and nothing typed: a push has nothing to say, and a pull brings back what was lost. */
static void test_a_restored_store_without_edits_pulls_its_own_work(void **state)
{
	const char *branch;

	(void)state;
	lab_push(&a, "origin");
	lab_close(&a);
	lab_run("cp -r a backup");
	a = lab_at("a");
	lab_put(&a, "initiative/x", "title", "pushed before the disk died");
	lab_push(&a, "origin");
	branch = lab_branch(&a);
	lab_close(&a);
	lab_run("rm -rf a && cp -r backup a");
	a = lab_at("a");
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.branch_count, 0);
	lab_pull(&a, "origin");
	assert_string_equal(lab_get(&a, "initiative/x", "title"), "pushed before the disk died");
	lab_push(&a, "origin");
	assert_int_equal(lab_pushed.commits, 0);
	assert_string_equal(lab_branch(&a), branch);
	lab_put(&a, "initiative/x", "title", "on we go");
	lab_push(&a, "origin");
	lab_pull(&a, "origin");
	assert_sound(&a);
}

/* What a hub has beyond what we know of others is no work of ours, and no reason to write. */
static void test_a_hub_that_is_ahead_of_us_makes_us_write_nothing(void **state)
{
	const char *before;

	(void)state;
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	lab_run("cp -r hub h1");
	lab_remote(&a, "h1", "h1");
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	lab_put(&a, "initiative/x", "title", "And more");
	lab_push(&a, "h1");
	lab_remote(&b, "h1", "h1");
	before = lab_run("git -C h1 for-each-ref");
	lab_push(&b, "h1");
	assert_int_equal(lab_pushed.branch_count, 0);
	assert_string_equal(lab_run("git -C h1 for-each-ref"), before);
}

/* A line that cannot travel on its own branch in some hub, since another stands there under its
 * name, travels as a parent of a seen commit. */
static void test_stranded_work_travels_with_a_seen_commit(void **state)
{
	struct lab_forger forger;
	const char *root_head, *branch;
	struct lab_store c;

	(void)state;
	lab_push(&a, "origin");
	branch = lab_branch(&a);
	root_head = lab_own_head(&a);
	b = lab_clone("b", "NZP", "hub");
	lab_put(&a, "initiative/x", "title", "the true one");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");

	/* another hub met the forged branch first */
	lab_run("cp -r hub h1 && git -C h1 update-ref refs/heads/%s %s", branch, root_head);
	forger = lab_forger("h1", "dpmc", lab_writer(&a));
	forger.head = root_head;
	forger.seq = 2;
	lab_forge_initiative(&forger, "forged", "In their name");
	c = lab_clone("c", "GCSB", "h1");
	lab_remote(&b, "h1", "h1");
	lab_pull(&b, "h1");
	lab_push(&b, "h1");
	assert_true(lab_was_pushed(lab_branch(&b)));
	assert_string_equal(lab_ref("h1", branch), forger.head);
	lab_pull(&c, "origin");
	assert_string_equal(lab_get(&c, "initiative/x", "title"), "the true one");
	assert_string_equal(lab_get(&c, "initiative/forged", "title"), "In their name");
	assert_alike(&b, &c);

	/* and then it rests */
	lab_push(&b, "h1");
	assert_int_equal(lab_pushed.branch_count, 0);
	lab_pull(&b, "h1");
	lab_push(&b, "h1");
	assert_int_equal(lab_pushed.branch_count, 0);
	lab_fsck("h1");
	assert_sound(&b);
	assert_sound(&c);
	lab_close(&c);
}

/* The folders in which the next agency makes its branch, and what is there to read. */
static const char *modes_in(const char *hub)
{
	return lab_run("cd '%s' && find refs/heads/dpmc objects/pack/*.pack -printf '%%m ' "
		       "| tr ' ' '\n' | sort -u | tr '\n' ' '",
		hub);
}

static void test_a_hub_in_a_shared_folder_stays_shared(void **state)
{
	mode_t mask = umask(022);

	(void)state;
	lab_hub("shared");
	lab_run("git -C shared config core.sharedRepository group");
	lab_remote(&a, "shared", "shared");
	lab_push(&a, "shared");
	assert_string_equal(modes_in(lab_path("shared")), "444 664 775 ");
	lab_hub("closed");
	lab_remote(&a, "closed", "closed");
	lab_push(&a, "closed");
	assert_string_equal(modes_in(lab_path("closed")), "444 644 755 ");
	umask(mask);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_agency_at_work, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_the_first_push_makes_three_branches),
		T(test_nothing_new_moves_nothing),
		T(test_a_push_sends_what_is_new),
		T(test_what_was_pushed_is_known),
		T(test_a_change_tells_how_far_it_got),
		T(test_others_branches_travel_through_a_chain_of_hubs),
		T(test_our_branch_that_another_wrote_is_rejected_until_we_pull),
		T(test_a_branch_of_ours_that_is_no_commit_of_ours_is_rejected),
		T(test_a_leftover_lock_of_our_branch_is_removed),
		T(test_locks_of_others_are_not_waited_for),
		T(test_old_locks_of_others_are_removed),
		T(test_a_declined_branch_is_not_taken_as_pushed),
		T(test_a_push_that_died_between_objects_and_refs_goes_on),
		T(test_a_copied_store_speaks_with_a_voice_of_its_own),
		T(test_a_store_restored_from_an_older_copy_loses_nothing),
		T(test_a_restored_store_without_edits_pulls_its_own_work),
		T(test_a_hub_that_is_ahead_of_us_makes_us_write_nothing),
		T(test_stranded_work_travels_with_a_seen_commit),
		T(test_a_hub_in_a_shared_folder_stays_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
