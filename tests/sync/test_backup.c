/*
 * A backup unpacked is the store as it was: what its database names is in its mirror, whatever was
 * pushed, joined or left behind by a crash meanwhile.
 */
#include "lab_agencies.h"

#include <sys/stat.h>

static struct lab_store restored;

/* DPMC has what NZP pushed. */
static int make_world(void **state)
{
	make_two_agencies(state);
	lab_put(&b, "initiative/y", "title", "of b");
	lab_push(&b, "origin");
	lab_pull(&a, "origin");
	return 0;
}

static int end_world(void **state)
{
	lab_close(&restored);
	return end_agencies(state);
}

static struct cts_backup back_up(void)
{
	struct cts_backup done;

	assert_ok(cts_backup(&done, a.road, lab_path("a.tar"), NULL));
	assert_int_equal(strtoul(lab_run("stat -c %%s a.tar"), NULL, 10), done.bytes);
	return done;
}

static void restore(const struct cts_backup *done)
{
	lab_close(&restored);
	lab_run("tar xf a.tar");
	restored = lab_at(lab_text("%s/.ctsync", done->folder));
}

static const char *refs_of(const struct lab_store *s)
{
	return lab_run("git -C '%s' for-each-ref", lab_mirror(s));
}

static void test_a_backup_unpacked_is_the_store(void **state)
{
	struct cts_backup done;
	const char *digest, *refs;

	(void)state;
	lab_put(&a, "initiative/x", "title", "pending");
	digest = lab_check(&a);
	refs = refs_of(&a);
	done = back_up();
	assert_int_equal(done.records, 3); /* the agency and two initiatives */
	assert_int_equal(done.pending, 1);
	restore(&done);
	assert_string_equal(lab_check(&restored), digest);
	assert_string_equal(refs_of(&restored), refs);
	assert_sound(&restored);
	assert_string_equal(lab_get(&restored, "initiative/x", "title"), "pending");
	/* Both go on: nothing is lost, and nothing there twice. */
	lab_put(&restored, "initiative/y", "title", "of the copy");
	lab_put(&a, "initiative/z", "title", "of the first");
	lab_push(&restored, "origin");
	lab_push(&a, "origin");
	lab_settle_down((struct lab_store *[]){&a, &b, &restored}, 3, "origin");
	assert_alike(&a, &restored);
	assert_alike(&a, &b);
	assert_string_equal(lab_run("git -C hub log --branches --no-merges --format=%%s | "
				    "grep -c 'set initiative/x: title'"),
		"1");
	lab_fsck("hub");
}

/* Branches are where the snapshot says, whatever the mirror's say. */
static void test_a_branch_that_a_crash_left_behind_is_put_right(void **state)
{
	const char *branch = lab_branch(&a), *head = lab_own_head(&a);
	struct cts_backup done;

	(void)state;
	lab_run("git -C a/mirror.git update-ref refs/heads/%s %s~1", branch, head);
	done = back_up();
	lab_run("git -C a/mirror.git update-ref refs/heads/%s %s", branch, head);
	lab_run("tar xf a.tar");
	assert_string_equal(lab_ref(lab_text("%s/.ctsync/mirror.git", done.folder), branch), head);
	restore(&done);
	assert_sound(&restored);
}

static void test_objects_outside_packs_and_packs_to_be_kept_come_along(void **state)
{
	struct cts_backup done;
	const char *objects;

	(void)state;
	lab_run("echo by hand | git -C a/mirror.git hash-object -w --stdin");
	lab_run("for p in a/mirror.git/objects/pack/*.pack; do touch ${p%%.pack}.keep; done");
	objects = lab_run("git -C a/mirror.git cat-file --batch-all-objects --batch-check | sort");
	done = back_up();
	restore(&done);
	assert_string_equal(lab_run("git -C '%s' cat-file --batch-all-objects --batch-check | sort",
				    lab_mirror(&restored)),
		objects);
	assert_sound(&restored);
}

static void test_a_compacted_store_is_backed_up_and_the_copy_compacted(void **state)
{
	struct cts_compacted compacted;
	struct cts_backup done;

	(void)state;
	assert_ok(cts_compact(&compacted, a.road, NULL));
	done = back_up();
	restore(&done);
	assert_alike(&a, &restored);
	assert_ok(cts_compact(&compacted, restored.road, NULL));
	lab_put(&restored, "initiative/x", "title", "of the copy");
	assert_string_not_equal(lab_branch(&restored), lab_branch(&a));
	assert_sound(&restored);
}

static void test_only_a_backup_is_written_over(void **state)
{
	struct cts_backup first = back_up(), second;

	(void)state;
	second = back_up();
	assert_string_not_equal(first.folder, second.folder);
	assert_string_equal(lab_run("stat -c %%a a.tar"), "600");
	lab_run("echo text > a.tar");
	assert_int_equal(cts_backup(&second, a.road, lab_path("a.tar"), NULL), CTS_EREFUSED);
	assert_string_equal(lab_run("cat a.tar"), "text");
	lab_run("rm a.tar && mkdir a.tar");
	assert_int_equal(cts_backup(&second, a.road, lab_path("a.tar"), NULL), CTS_EREFUSED);
	lab_run("rmdir a.tar && ln -s hub a.tar");
	assert_int_equal(cts_backup(&second, a.road, lab_path("a.tar"), NULL), CTS_EREFUSED);
	assert_int_equal(cts_backup(&second, a.road, lab_path("none/a.tar"), NULL), CTS_EIO);
	assert_string_equal(lab_run("ls | grep '^a.tar' | tr '\\n' ' '"), "a.tar ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)
		TEST(test_a_backup_unpacked_is_the_store),
		TEST(test_a_branch_that_a_crash_left_behind_is_put_right),
		TEST(test_objects_outside_packs_and_packs_to_be_kept_come_along),
		TEST(test_a_compacted_store_is_backed_up_and_the_copy_compacted),
		TEST(test_only_a_backup_is_written_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
