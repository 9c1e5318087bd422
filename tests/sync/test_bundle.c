/*
 * Bundles: what one store writes, git and the other stores read; what came in a file once changes nothing
 * the second time; and stores that only exchange bundles, in whatever order, agree.
 */
#include "lab_bundle.h"

/* ---- the main road ---- */

static void test_a_store_is_made_of_a_bundle_and_has_no_remote(void **state)
{
	struct cts_remote *remotes;
	size_t count;

	(void)state;
	assert_int_equal(made.commits, 2);
	assert_alike(&a, &b);
	assert_sound(&b);
	assert_ok(cts_remotes(b.store, &remotes, &count, &lab_arena));
	assert_int_equal(count, 0);
	assert_string_equal(lab_run("grep -c ' pin ' b/received || true"), "0");
}

static void test_what_git_makes_of_a_bundle_is_sound(void **state)
{
	(void)state;
	git_fetches("plain.git", "all.bundle");
	assert_string_equal(lab_ref("plain.git", lab_branch(&a)), lab_own_head(&a));
	assert_string_equal(lab_run("git clone -q -b main all.bundle tree 2>&1; ls tree/records"),
		"agency\ninitiative");
	/* and of the next ones: a delta, and one of everything whose view follows from the first's */
	lab_put(&a, "initiative/x", "title", "Grow more");
	create(&a, "delta.bundle", "all.bundle");
	git_fetches("plain.git", "delta.bundle");
	lab_put(&a, "initiative/y", "title", "Another");
	create(&a, "all.bundle", NULL);
	git_fetches("plain.git", "all.bundle");
	assert_string_equal(lab_ref("plain.git", lab_branch(&a)), lab_own_head(&a));
	assert_string_equal(
		lab_run("git -C plain.git rev-list --count --author=view@ctsync main"), "2");
	assert_non_null(strstr(
		lab_run("git -C plain.git show main:records/initiative/x.json"), "Grow more"));
}

static void test_a_bundle_brings_what_was_edited_and_nothing_twice(void **state)
{
	const char *after;

	(void)state;
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_put(&a, "initiative/y", "title", "New");
	create(&a, "two.bundle", "all.bundle");
	assert_int_equal(made.commits, 2);
	assert_int_equal(made.base_count, 1);
	apply(&b, "two.bundle");
	assert_int_equal(lab_pulled.commits, 2);
	assert_int_equal(lab_pulled.records_changed, 2);
	assert_alike(&a, &b);
	assert_sound(&b);
	after = state_of(&b);
	apply(&b, "two.bundle");
	assert_int_equal(lab_pulled.commits, 0);
	apply(&b, "all.bundle"); /* an old one, late: in order */
	assert_int_equal(lab_pulled.commits, 0);
	assert_string_equal(state_of(&b), after);
}

static void test_what_is_pending_is_sealed_first_on_both_sides(void **state)
{
	(void)state;
	lab_put(&a, "initiative/x", "title", "of a");
	create(&a, "two.bundle", "all.bundle");
	assert_int_equal(made.commits, 1);
	lab_put(&b, "initiative/x", "title", "of b");
	apply(&b, "two.bundle");
	assert_int_equal(lab_sides(&b, "initiative/x", "title"), 2);
	assert_int_equal(lab_pulled.conflicts, 1);
	assert_sound(&b);
	create(&b, "back.bundle", "two.bundle");
	apply(&a, "back.bundle");
	assert_alike(&a, &b);
}

static void test_out_of_order_is_refused_and_then_taken(void **state)
{
	const char *before;

	(void)state;
	lab_put(&a, "initiative/x", "title", "second");
	create(&a, "two.bundle", "all.bundle");
	lab_put(&a, "initiative/x", "title", "third");
	create(&a, "three.bundle", "two.bundle");
	before = state_of(&b);
	assert_int_equal(try_apply(&b, "three.bundle"), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_message(CTS_EREFUSED), "builds on 1 commit that is not here"));
	assert_non_null(strstr(cts_error_message(CTS_EREFUSED), lab_writer(&a)));
	assert_non_null(strstr(cts_error_hint(), "--since"));
	assert_string_equal(state_of(&b), before);
	apply(&b, "two.bundle");
	apply(&b, "three.bundle");
	assert_alike(&a, &b);
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "third");
}

static void test_a_bundle_of_another_programme_is_refused(void **state)
{
	struct lab_store other = lab_init("other", "GCSB");

	(void)state;
	create(&other, "other.bundle", NULL);
	assert_int_equal(try_apply(&a, "other.bundle"), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_message(CTS_EREFUSED), "another programme"));
	assert_int_equal(try_create(&a, "x.bundle", "other.bundle"), CTS_EREFUSED);
	assert_string_equal(lab_run("ls *.bundle"), "all.bundle\nother.bundle");
	lab_close(&other);
}

static void test_nothing_of_a_remote_is_touched(void **state)
{
	uint64_t pending, sealed;

	(void)state;
	lab_hub("hub");
	lab_remote(&a, "origin", "hub");
	lab_remote(&b, "origin", "hub");
	lab_push(&a, "origin");
	lab_put(&a, "initiative/x", "title", "later");
	create(&a, "two.bundle", "all.bundle");
	apply(&b, "two.bundle");
	/* what came in a file is not known to be at the hub */
	assert_ok(cts_unpushed(b.store, "origin", &pending, &sealed));
	lab_pull(&b, "origin");
	lab_push(&b, "origin");
	assert_string_equal(lab_ref("hub", lab_branch(&a)), lab_own_head(&a));
	lab_push(&a, "origin");
	assert_alike(&a, &b);
}

/* ---- what cannot travel on a branch ---- */

static void test_a_copied_stores_work_travels_too(void **state)
{
	struct lab_store c;

	(void)state;
	/* b's line is forked: a copy that was made before, and edited as if it were b */
	lab_put(&b, "initiative/x", "notes", "of b");
	create(&b, "b1.bundle", "all.bundle");
	lab_close(&b);
	lab_run("cp -a b saved");
	lab_open(&b);
	lab_put(&b, "initiative/x", "notes", "of b, later");
	create(&b, "b2.bundle", "all.bundle");
	lab_close(&b);
	lab_run("cp -r saved/. b"); /* the same files: it is no copy */
	lab_open(&b);
	lab_put(&b, "initiative/y", "title", "of b, on an older state");
	create(&b, "b3.bundle", "all.bundle");
	apply(&a, "b2.bundle");
	apply(&a, "b3.bundle");
	create(&a, "both.bundle", NULL);
	c = lab_clone("c", "MFE", "both.bundle");
	assert_alike(&a, &c);
	assert_string_equal(lab_get(&c, "initiative/y", "title"), "of b, on an older state");
	assert_string_equal(lab_get(&c, "initiative/x", "notes"), "of b, later");
	apply(&b, "both.bundle");
	assert_alike(&a, &b);
	git_fetches("plain.git", "both.bundle");
	lab_close(&c);
}

/* ---- three stores and a stick ---- */

struct stick {
	struct lab_store stores[3];
	const char *codes[3];
	int carried; /* bundles so far */
};

static void edit(struct stick *stick, size_t who)
{
	static const char *const keys[] = {"initiative/x", "initiative/y", "initiative/z"};
	struct lab_store *store = &stick->stores[who];
	const char *key = keys[random_below(COUNT(keys))];
	bool is_new = strcmp(lab_get(store, key, "title"), "(none)") == 0;

	lab_settle(store, key, is_new || random_below(3) ? "title" : "notes",
		lab_text("%s %d", stick->codes[who], (int)random_below(1000)));
}

/* One carries a bundle to another, made since whatever it knows; now and then the receiver answers. */
static void carry(struct stick *stick, size_t from, size_t to)
{
	const char *name = lab_text("stick-%d.bundle", stick->carried++), *since = NULL;
	int rc;

	switch (random_below(4)) {
	case 0:
		break;
	case 1:
		since = "2001-01-01";
		break;
	default:
		since = stick->codes[to];
	}
	rc = try_create(&stick->stores[from], name, since);
	if (rc == CTS_EVALUE) /* it never heard of it */
		rc = try_create(&stick->stores[from], name, NULL);
	assert_ok(rc);
	if (!made.commits)
		return;
	apply(&stick->stores[to], name);
	if (!random_below(3))
		acknowledge(&stick->stores[to]);
	if (!random_below(4)) {
		apply(&stick->stores[to], name);
		assert_int_equal(lab_pulled.commits, 0);
	}
}

static void test_three_stores_that_only_exchange_bundles_agree(void **state)
{
	const char *given = getenv("CTS_ROUNDS");
	int rounds = given ? atoi(given) : 60;
	struct stick stick = {.stores = {a, b}, .codes = {"DPMC", "NZP", "MFE"}};

	(void)state;
	random_start("three stores");
	stick.stores[2] = lab_clone("c", "MFE", "all.bundle");
	for (int i = 0; i < rounds; i++) {
		size_t from = random_below(3), to = (from + 1 + random_below(2)) % 3;

		edit(&stick, from);
		if (random_below(2))
			edit(&stick, to);
		carry(&stick, from, to);
	}
	/* round the circle twice, everything */
	for (size_t i = 0; i < 6; i++) {
		const char *name = lab_text("last-%zu.bundle", i);

		create(&stick.stores[i % 3], name, NULL);
		apply(&stick.stores[(i + 1) % 3], name);
		git_fetches(lab_text("git-%zu.git", i), name);
	}
	assert_alike(&stick.stores[0], &stick.stores[1]);
	assert_alike(&stick.stores[0], &stick.stores[2]);
	for (size_t i = 0; i < 3; i++)
		assert_sound(&stick.stores[i]);
	lab_close(&stick.stores[2]);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_agencies_apart, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_store_is_made_of_a_bundle_and_has_no_remote),
		T(test_what_git_makes_of_a_bundle_is_sound),
		T(test_a_bundle_brings_what_was_edited_and_nothing_twice),
		T(test_what_is_pending_is_sealed_first_on_both_sides),
		T(test_out_of_order_is_refused_and_then_taken),
		T(test_a_bundle_of_another_programme_is_refused),
		T(test_nothing_of_a_remote_is_touched),
		T(test_a_copied_stores_work_travels_too),
		T(test_three_stores_that_only_exchange_bundles_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
