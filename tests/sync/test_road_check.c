/*
 * The invariants between LMDB and the mirror: they hold after everything, and each is seen when
 * broken.
 */
#include "lab_agencies.h"

static int make_world(void **state)
{
	make_agency_at_work(state);
	lab_put(&a, "initiative/x", "title", "Grow more");
	let_nzp_join();
	lab_put(&b, "initiative/y", "title", "of b");
	lab_push(&b, "origin");
	return 0;
}

struct found {
	int numbers[64];
	int count;
	char text[512];
};

static int note(void *context, int number, const char *text)
{
	struct found *found = context;

	if (found->count < 64)
		found->numbers[found->count] = number;
	found->count++;
	snprintf(found->text, sizeof(found->text), "%s", text);
	return 0;
}

static void assert_found(struct lab_store *s, int number, const char *text)
{
	struct found found = {0};
	struct cts_check check = {.violation = note, .context = &found};

	assert_ok(cts_road_check(s->road, &check));
	assert_true(found.count > 0);
	for (int i = 0; i < found.count && i < 64; i++)
		assert_int_equal(found.numbers[i], number);
	if (!strstr(found.text, text))
		fail_msg("'%s' instead of '%s'", found.text, text);
}

static void test_all_hold_between_any_two_steps(void **state)
{
	(void)state;
	lab_check(&b);
	lab_put(&b, "initiative/x", "title", "pending");
	lab_check(&b);
	lab_put(&a, "initiative/x", "title", "of a");
	lab_put(&a, "initiative/new", "title", "new");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	lab_check(&b); /* stale: pulled and not yet in a tree */
	lab_put(&b, "initiative/new", "overview", "on what came");
	lab_check(&b);
	lab_delete(&b, "initiative/new");
	lab_check(&b);
	assert_true(cts_seal(b.road, NULL) > 0);
	lab_check(&b);
	lab_pull(&a, "origin");
	lab_check(&a);
}

static void test_a_branch_that_is_not_its_line_s_head_is_seen(void **state)
{
	(void)state;
	lab_run("git -C b/mirror.git update-ref refs/heads/%s %s~1", lab_branch(&a),
		lab_own_head(&a));
	assert_found(&b, 8, lab_branch(&a));
	lab_run("git -C b/mirror.git update-ref -d refs/heads/%s", lab_branch(&a));
	assert_found(&b, 8, lab_branch(&a));
}

/* Turns the packs of the mirror into loose objects, so that one can be taken out. */
static void unpack(void)
{
	lab_run("cd b/mirror.git && mkdir ../packs && mv objects/pack/* ../packs && "
		"for p in ../packs/*.pack; do git unpack-objects -q < $p; done; rm -rf ../packs");
	lab_reopen(&b);
	lab_check(&b);
}

static void remove_object(const char *oid)
{
	lab_run("rm -f b/mirror.git/objects/%.2s/%s", oid, oid + 2);
	lab_reopen(&b);
}

static void test_a_missing_head_is_seen(void **state)
{
	(void)state;
	unpack();
	remove_object(lab_own_head(&a));
	assert_found(&b, 9, "not whole");
}

static void test_a_missing_tree_of_a_head_is_seen(void **state)
{
	(void)state;
	unpack();
	lab_put(&b, "initiative/z", "title", "so that the trees differ");
	assert_int_equal(cts_seal(b.road, NULL), 1);
	remove_object(lab_tree_of("b/mirror.git", lab_own_head(&a)));
	assert_found(&b, 9, "not whole");
}

/* Anything that was ever received: an audit may ask for it. */
static void test_a_missing_commit_of_the_past_is_seen(void **state)
{
	(void)state;
	unpack();
	remove_object(lab_run("git -C b/mirror.git rev-parse %s~1", lab_own_head(&a)));
	assert_found(&b, 9, "is not in the mirror");
}

static int set_tree(struct cts_txn *txn, void *context)
{
	return cts_txn_sealed(txn, NULL, 0, 0, context);
}

static void test_a_tree_that_is_not_the_view_is_seen(void **state)
{
	struct cts_oid older =
		oid_of(lab_tree_of("b/mirror.git", lab_text("%s~1", lab_own_head(&a))));

	(void)state;
	assert_true(cts_store_exchange(b.store, set_tree, &older) >= 0);
	assert_found(&b, 10, "");
}

static void test_a_tree_that_is_not_there_is_seen(void **state)
{
	struct cts_oid nothing = oid_number(1);

	(void)state;
	assert_true(cts_store_exchange(b.store, set_tree, &nothing) >= 0);
	assert_found(&b, 10, "");
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_world, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_all_hold_between_any_two_steps),
		T(test_a_branch_that_is_not_its_line_s_head_is_seen),
		T(test_a_missing_head_is_seen),
		T(test_a_missing_tree_of_a_head_is_seen),
		T(test_a_missing_commit_of_the_past_is_seen),
		T(test_a_tree_that_is_not_the_view_is_seen),
		T(test_a_tree_that_is_not_there_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
