/*
 * What is sent to a receiver: every commit that it lacks, once, ancestors first, and of the objects
 * only those that it cannot have. git itself completes the pack and tells whether it is whole.
 */
#include "lab_agencies.h"

#include <fcntl.h>

#include "sync/send.h"

static int make_world(void **state)
{
	make_agency_at_work(state);
	lab_put(&a, "initiative/y", "title", "Stay");
	let_nzp_join();
	return 0;
}

static void add_heads(struct cts_vector *out, struct cts_txn *txn, const char *repo)
{
	const char *lines =
		lab_run("git -C '%s' for-each-ref --format='%%(objectname)' refs/heads", repo);

	for (const char *at = lines; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		struct cts_oid oid;
		struct cts_ref ref;

		assert_true(cts_oid_parse(&oid, lab_text("%.40s", at)));
		if (cts_txn_find_commit(txn, &ref, &oid) == 1)
			assert_ok(cts_txn_add_past(txn, out, ref));
	}
}

/* Packs what `receiver`, a repository, lacks of `s` into the file "pack"; the number of commits. */
static size_t pack_for(
	struct lab_store *s, const char *receiver, const struct cts_pack_options *options)
{
	struct cts_vector has = {0}, wanted = {0};
	struct cts_sending *list;
	struct cts_pack *pack;
	struct cts_txn *txn;
	size_t count;
	int fd = open(lab_path("pack"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_ok(cts_seal(s->road, NULL));
	lab_reopen(s);
	assert_true(fd >= 0);
	assert_ok(cts_txn_begin(&txn, s->store));
	add_heads(&has, txn, receiver);
	cts_vector_copy(&wanted, &has);
	add_heads(&wanted, txn, lab_mirror(s));
	assert_ok(cts_send_list(&list, &count, txn, &has, &wanted, &lab_arena));
	cts_txn_end(txn);
	cts_pack_open_fd(&pack, fd, options);
	assert_ok(cts_send_commits(s->road, pack, list, count, NULL));
	assert_ok(cts_pack_finish_fd(pack));
	cts_pack_free(pack);
	close(fd);
	cts_vector_release(&has);
	cts_vector_release(&wanted);
	return count;
}

static const struct cts_pack_options thin = {.thin = true};

/* git completes the pack from what the receiver has, and finds everything that our head names. */
static void assert_takes(struct lab_store *s, const char *receiver)
{
	lab_run("git -C '%s' index-pack --fix-thin --strict --stdin <'%s' 2>&1", receiver,
		lab_path("pack"));
	lab_run("git -C '%s' update-ref refs/heads/%s %s", receiver, lab_branch(s),
		lab_own_head(s));
	lab_fsck(receiver);
}

static int objects(void)
{
	return atoi(lab_run("od -An -t u1 -j 11 -N 1 pack"));
}

static void test_an_edit_is_a_commit_its_file_and_the_way_to_it(void **state)
{
	(void)state;
	lab_put(&a, "initiative/x", "title", "Grow more");
	assert_int_equal(pack_for(&a, "hub", &thin), 1);
	assert_int_equal(objects(), 5); /* commit, root, records, initiative, file */
	assert_takes(&a, "hub");
}

static void test_a_seen_commit_brings_nothing_that_its_parents_have(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++)
		lab_put(&b, lab_text("initiative/m%d", i), "title", "by the other");
	lab_push(&b, "origin");
	lab_pull(&a, "origin");
	lab_put(&a, "initiative/x", "title", "Grow more");
	assert_int_equal(pack_for(&a, "hub", &thin), 2);
	/* The seen commit's tree is the other's; the edit's is the file and the way to it. */
	assert_int_equal(objects(), 1 + 5);
	assert_takes(&a, "hub");
}

static void test_what_a_merge_made_is_sent(void **state)
{
	(void)state;
	lab_put(&b, "initiative/x", "overview", "by the other");
	lab_push(&b, "origin");
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_push(&a, "origin");
	lab_pull(&a, "origin");
	lab_put(&a, "initiative/y", "title", "Stay on");
	assert_int_equal(pack_for(&a, "hub", &thin), 2);
	assert_takes(&a, "hub");
}

static void test_a_receiver_of_nothing_gets_everything(void **state)
{
	(void)state;
	lab_run("git init -q --bare fresh");
	assert_true(pack_for(&a, "fresh", &thin) >= 3);
	lab_run("git -C fresh index-pack --strict --stdin <pack"); /* not thin: no base is outside
								    */
	assert_takes(&a, "fresh");
}

static void test_without_thin_no_base_is_outside(void **state)
{
	static const struct cts_pack_options whole = {.thin = false, .ref_delta = true};

	(void)state;
	for (int i = 0; i < 60; i++)
		lab_put(&a, lab_text("initiative/m%d", i), "title", "x");
	pack_for(&a, "hub", &whole);
	/* Objects that the receiver has may be left out all the same, so strict would miss them. */
	lab_run("git init -q --bare empty && git -C empty index-pack --stdin <pack");
	assert_takes(&a, "hub");
}

/* Every commit once and whole, whatever the receiver has: random histories of two agencies. */
static void test_whatever_the_receiver_has(void **state)
{
	const char *given = getenv("CTS_SEED");
	unsigned seed = given ? (unsigned)atoi(given) : (unsigned)time(NULL);

	(void)state;
	printf("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 12; round++) {
		struct lab_store *s = rand() % 2 ? &a : &b;

		for (int i = rand() % 4; i >= 0; i--)
			lab_settle(s, lab_text("initiative/%c", 'p' + rand() % 6), "title",
				lab_text("%d", rand()));
		if (rand() % 3)
			lab_pull(s, "origin");
		if (rand() % 2) {
			pack_for(s, "hub", &thin);
			lab_run("rm -rf copy && cp -r hub copy");
			assert_takes(s, "copy");
		}
		if (rand() % 2)
			lab_push(s, "origin");
	}
}

#define in_world(test) cmocka_unit_test_setup_teardown(test, make_world, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(test_an_edit_is_a_commit_its_file_and_the_way_to_it),
		in_world(test_a_seen_commit_brings_nothing_that_its_parents_have),
		in_world(test_what_a_merge_made_is_sent),
		in_world(test_a_receiver_of_nothing_gets_everything),
		in_world(test_without_thin_no_base_is_outside),
		in_world(test_whatever_the_receiver_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
