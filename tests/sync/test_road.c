/*
 * Opening the road: refs and LMDB are brought together after whatever happened, and what dead
 * processes left is swept away; a living one's is not.
 */
#include "lab_agencies.h"

#include <fcntl.h>
#include <sys/file.h>


/* NZP has seen DPMC's work and gone on. */
/* What NZP pushed, DPMC has not pulled. */
static int make_world(void **state)
{
	make_two_agencies(state);
	lab_put(&b, "initiative/y", "title", "of b");
	lab_push(&b, "origin");
	return 0;
}

static void move_mirror(struct lab_store *s, const char *branch, const char *oid)
{
	lab_run("git -C '%s' update-ref refs/heads/%s %s", lab_mirror(s), branch, oid);
}

static void test_a_ref_behind_is_moved_forward(void **state)
{
	const char *branch = lab_branch(&b), *head = lab_own_head(&b);

	(void)state;
	lab_close(&b);
	move_mirror(&b, branch, lab_text("%s~1", head));
	lab_open(&b);
	assert_string_equal(lab_own_head(&b), head);
	assert_sound(&b);
}

static void test_a_ref_behind_of_someone_whose_work_we_saw_is_moved_forward(void **state)
{
	const char *branch = lab_branch(&a), *head = lab_own_head(&a);

	(void)state;
	lab_close(&b);
	move_mirror(&b, branch, lab_text("%s~1", head));
	lab_open(&b);
	assert_string_equal(lab_ref("b/mirror.git", branch), head);
	lab_close(&b);
	lab_run("git -C b/mirror.git update-ref -d refs/heads/%s", branch);
	lab_open(&b);
	assert_string_equal(lab_ref("b/mirror.git", branch), head);
	assert_sound(&b);
}

static void test_a_commit_put_into_the_mirror_is_read_in(void **state)
{
	struct lab_forger f;

	(void)state;
	lab_close(&b);
	f = lab_forger("b/mirror.git", "gcsb", "00000000000000ee");
	lab_see(&f, lab_own_head(&a));
	lab_forge_initiative(&f, "z", "by hand");
	lab_open(&b);
	assert_string_equal(lab_get(&b, "initiative/z", "title"), "by hand");
	assert_sound(&b);
}

static void test_a_malformed_commit_in_the_mirror_does_not_stop_the_store(void **state)
{
	struct lab_forger f;

	(void)state;
	lab_close(&b);
	f = lab_forger("b/mirror.git", "gcsb", "00000000000000ee");
	lab_see(&f, lab_own_head(&a));
	lab_forge_file(&f, "README.md", "hello\n");
	assert_true(lab_try_open(&b) == 0 || lab_try_open(&b) == CTS_EDAMAGED);
	if (b.store) {
		assert_string_equal(lab_get(&b, "initiative/x", "title"), "Grow");
		lab_close(&b);
	}
	lab_run("git -C b/mirror.git update-ref -d refs/heads/gcsb/00000000000000ee");
	lab_open(&b);
	assert_sound(&b);
}

static void test_a_missing_mirror_is_damage(void **state)
{
	(void)state;
	lab_close(&b);
	lab_run("mv b/mirror.git away");
	assert_int_equal(lab_try_open(&b), CTS_EDAMAGED);
	assert_non_null(strstr(cts_error_message(CTS_EDAMAGED), "mirror"));
	lab_run("mv away b/mirror.git");
	lab_open(&b);
	assert_sound(&b);
}

static void test_locks_that_dead_processes_left_are_removed(void **state)
{
	const char *branch = lab_branch(&b);

	(void)state;
	lab_close(&b);
	lab_run("touch b/mirror.git/refs/heads/%s.lock b/mirror.git/packed-refs.lock "
		"b/mirror.git/HEAD.lock b/mirror.git/refs/heads/root.lock",
		branch);
	lab_open(&b);
	assert_string_equal(lab_run("find b/mirror.git -name '*.lock'"), "");
	lab_put(&b, "initiative/y", "title", "goes on");
	assert_int_equal(cts_seal(b.road, NULL), 1);
	assert_sound(&b);
}

static void test_packs_that_dead_processes_did_not_finish_are_removed(void **state)
{
	struct lab_store own = lab_init("unfinished", "DPMC");

	(void)state;
	lab_close(&own);
	lab_run("cd unfinished/mirror.git/objects/pack && touch tmp_pack_x1 tmp_idx_x1 kept");
	lab_open(&own);
	assert_string_equal(
		lab_run("cd unfinished/mirror.git/objects/pack && ls | grep -v '^pack-'"), "kept");
	assert_sound(&own);
	lab_close(&own);
}

static void test_a_living_process_keeps_its_quarantine(void **state)
{
	int living;

	(void)state;
	lab_close(&b);
	lab_run("mkdir -p b/quarantine.dead/git b/rebuild.dead b/quarantine.alive/git && "
		"touch b/quarantine.dead/git/x b/quarantine.alive/git/x b/quarantine.file");
	living = open(lab_path("b/quarantine.alive/lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	assert_int_equal(flock(living, LOCK_EX), 0);
	lab_open(&b);
	assert_string_equal(lab_run("cd b && ls -d quarantine.* rebuild.* 2>/dev/null || true"),
		"quarantine.alive\nquarantine.file");
	assert_string_equal(lab_run("ls b/quarantine.alive"), "git\nlock");
	close(living);
	lab_reopen(&b);
	assert_string_equal(lab_run("cd b && ls -d quarantine.a* 2>/dev/null || true"), "");
}

static void test_while_another_holds_the_mirror_nothing_is_swept(void **state)
{
	int lock;

	(void)state;
	lab_close(&b);
	lab_run("mkdir b/quarantine.young");
	lock = open(lab_path("b/mirror.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	lab_open(&b); /* and does not wait */
	assert_string_equal(lab_run("cd b && ls -d quarantine.*"), "quarantine.young");
	close(lock);
}

static void test_two_roads_seal_one_after_the_other(void **state)
{
	struct lab_store again = {.path = b.path};

	(void)state;
	lab_open(&again);
	lab_put(&b, "initiative/y", "title", "by the first");
	lab_put(&again, "initiative/y", "overview", "by the second");
	assert_int_equal(cts_seal(b.road, NULL), 2);
	assert_int_equal(cts_seal(again.road, NULL), 0);
	lab_put(&again, "initiative/y", "title", "and again");
	assert_int_equal(cts_seal(again.road, NULL), 1);
	lab_put(&b, "initiative/z", "title", "on what it did not pack itself");
	assert_int_equal(cts_seal(b.road, NULL), 1);
	assert_sound(&b);
	assert_sound(&again);
	lab_close(&again);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_world, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_ref_behind_is_moved_forward),
		T(test_a_ref_behind_of_someone_whose_work_we_saw_is_moved_forward),
		T(test_a_commit_put_into_the_mirror_is_read_in),
		T(test_a_malformed_commit_in_the_mirror_does_not_stop_the_store),
		T(test_a_missing_mirror_is_damage),
		T(test_locks_that_dead_processes_left_are_removed),
		T(test_packs_that_dead_processes_did_not_finish_are_removed),
		T(test_a_living_process_keeps_its_quarantine),
		T(test_while_another_holds_the_mirror_nothing_is_swept),
		T(test_two_roads_seal_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
