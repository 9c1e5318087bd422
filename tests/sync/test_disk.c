/*
 * A file is there whole or not at all, and of what was not finished nothing stays; locks are had once; what
 * is removed is removed with all below it and nothing beside it.
 */
#include "lab.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sync/disk.h"

static void begin(struct cts_fresh_file *file, const char *path, mode_t mode)
{
	assert_ok(cts_fresh_file_begin(file, path, mode));
	assert_int_equal(write(file->fd, "new\n", 4), 4);
}

static void test_a_file_has_its_name_when_it_is_finished_and_not_before(void **state)
{
	struct cts_fresh_file file;

	(void)state;
	lab_run("echo old > file");
	begin(&file, lab_path("file"), 0666);
	assert_string_equal(lab_run("cat file; ls | wc -l"), "old\n2");
	assert_ok(cts_fresh_file_finish(&file));
	cts_fresh_file_end(&file);
	assert_string_equal(lab_run("cat file; ls"), "new\nfile");
}

static void test_a_file_that_is_not_finished_leaves_nothing(void **state)
{
	struct cts_fresh_file file;

	(void)state;
	lab_run("echo old > file");
	begin(&file, lab_path("file"), 0666);
	cts_fresh_file_end(&file);
	assert_string_equal(lab_run("cat file; ls"), "old\nfile");
	cts_fresh_file_end(&file);
	begin(&file, lab_path("gone"), 0666);
	lab_run("mkdir gone && touch gone/x");
	assert_int_equal(cts_fresh_file_finish(&file), CTS_EIO);
	cts_fresh_file_end(&file);
	assert_string_equal(lab_run("ls"), "file\ngone");
}

static void test_a_file_that_cannot_be_begun_needs_no_end(void **state)
{
	struct cts_fresh_file file = {.fd = -1};

	(void)state;
	assert_int_equal(cts_fresh_file_begin(&file, lab_path("none/file"), 0666), CTS_EIO);
	assert_non_null(strstr(cts_error_message(CTS_EIO), "none/file"));
	assert_int_equal(file.fd, -1);
}

static void test_others_may_what_the_mode_and_the_mask_let_them(void **state)
{
	static const struct {
		mode_t mode, mask;
		const char *is;
	} modes[] = {{0666, 022, "644"}, {0666, 077, "600"}, {0600, 022, "600"}, {0666, 0, "666"}};
	mode_t old = umask(0);

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		struct cts_fresh_file file;

		umask(modes[i].mask);
		begin(&file, lab_path("file"), modes[i].mode);
		assert_int_equal(umask(old), modes[i].mask);
		assert_ok(cts_fresh_file_finish(&file));
		cts_fresh_file_end(&file);
		assert_string_equal(lab_run("stat -c %%a file"), modes[i].is);
	}
}

static void test_a_name_without_a_folder_is_in_the_one_at_hand(void **state)
{
	struct cts_fresh_file file;
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(chdir(repo_dir), 0);
	begin(&file, "file", 0666);
	assert_ok(cts_fresh_file_finish(&file));
	cts_fresh_file_end(&file);
	assert_ok(cts_sync_tree("file"));
	assert_int_equal(fchdir(here), 0);
	close(here);
	assert_string_equal(lab_run("ls; cat file"), "file\nnew");
}

static void test_what_is_no_folder_is_not_synced_as_one(void **state)
{
	(void)state;
	lab_run("touch file");
	assert_ok(cts_sync_folder(repo_dir));
	assert_int_equal(cts_sync_folder(lab_path("file")), CTS_EIO);
	assert_int_equal(cts_sync_folder(lab_path("none")), CTS_EIO);
	assert_int_equal(cts_sync_tree(lab_path("none")), CTS_EIO);
}

static void test_a_lock_is_had_once(void **state)
{
	int one, two;

	(void)state;
	one = cts_lock_try(lab_path("lock"));
	assert_true(one >= 0);
	assert_int_equal(cts_lock_try(lab_path("lock")), -1);
	close(one);
	two = cts_lock_try(lab_path("lock"));
	assert_true(two >= 0);
	assert_int_equal(cts_lock_take_write(repo_dir), CTS_ELOCKED);
	close(two);
	assert_int_equal(cts_lock_try(lab_path("missing/lock")), -1);
}

static void test_a_tree_of_folders_is_removed_and_links_are_not_followed(void **state)
{
	(void)state;
	lab_run("mkdir -p gone/a/b keep && echo x > gone/a/b/c && echo precious > keep/file && "
		"ln -s ../keep gone/link");
	assert_ok(cts_sync_tree(lab_path("gone")));
	cts_remove_tree(lab_path("gone"));
	assert_string_equal(lab_run("find . | sort"), ".\n./keep\n./keep/file");
	cts_remove_tree(lab_path("gone"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_lab, remove_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_file_has_its_name_when_it_is_finished_and_not_before),
		T(test_a_file_that_is_not_finished_leaves_nothing),
		T(test_a_file_that_cannot_be_begun_needs_no_end),
		T(test_others_may_what_the_mode_and_the_mask_let_them),
		T(test_a_name_without_a_folder_is_in_the_one_at_hand),
		T(test_what_is_no_folder_is_not_synced_as_one),
		T(test_a_lock_is_had_once),
		T(test_a_tree_of_folders_is_removed_and_links_are_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
