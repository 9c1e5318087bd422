/*
 * What we write the system's tar unpacks, byte for byte; nothing is left of what was not finished.
 */
#include "fixture.h"

#include <unistd.h>

#include "sync/tar.h"

static char path[128];

static struct cts_tar *open_tar(void)
{
	struct cts_tar *tar;

	snprintf(path, sizeof(path), "%s/x.tar", repo_dir);
	assert_ok(cts_tar_open(&tar, path, "a comment"));
	return tar;
}

static void fill(struct cts_buf *out, size_t size)
{
	cts_buf_clear(out);
	while (out->size < size)
		cts_buf_putc(out, (char)random_next());
}

static void put_in_pieces(struct cts_tar *tar, const struct cts_buf *data)
{
	size_t done = 0;

	while (done < data->size) {
		size_t step = 1 + random_below(data->size - done);

		assert_ok(cts_tar_put(tar, data->data + done, step));
		done += step;
	}
}

static void test_tar_unpacks_files_of_any_size(void **state)
{
	static const size_t sizes[] = {0, 1, 511, 512, 513, 1024, 1048575, 1048576, 2500001};
	struct cts_tar *tar = open_tar();
	struct cts_buf data[COUNT(sizes)] = {{0}}, found = {0};

	(void)state;
	random_start("tar");
	assert_ok(cts_tar_folder(tar, "top"));
	for (size_t i = 0; i < COUNT(sizes); i++) {
		char name[32];

		snprintf(name, sizeof(name), "top/f%zu", i);
		fill(&data[i], sizes[i]);
		assert_ok(cts_tar_begin(tar, name, 0640));
		put_in_pieces(tar, &data[i]);
		assert_ok(cts_tar_end(tar));
	}
	assert_ok(cts_tar_finish(tar));
	cts_tar_free(tar);
	assert_runs(
		"tar xf x.tar 2>&1 | grep . && exit 1; test -d top && test $(ls top | wc -l) = %zu",
		COUNT(sizes));
	for (size_t i = 0; i < COUNT(sizes); i++) {
		cts_buf_clear(&found);
		assert_int_equal(run_into(&found, "cat top/f%zu", i), 0);
		assert_int_equal(found.size, sizes[i]);
		if (sizes[i])
			assert_memory_equal(found.data, data[i].data, sizes[i]);
		cts_buf_release(&data[i]);
	}
	assert_runs("test $(stat -c %%a top/f1) = 640");
	cts_buf_release(&found);
}

static void test_long_names_are_cut_at_a_slash(void **state)
{
	static const char folder[] = "hem-20261121-222000-3f9a/.ctsync/mirror.git/objects/pack";
	struct cts_tar *tar = open_tar();
	char name[400];

	(void)state;
	for (size_t size = 30; size <= 100; size += 5) {
		snprintf(name, sizeof(name), "%s/%0*d", folder, (int)size, 1);
		assert_ok(cts_tar_begin(tar, name, 0644));
		assert_ok(cts_tar_put(tar, "x", 1));
		assert_ok(cts_tar_end(tar));
	}
	snprintf(name, sizeof(name), "%s/%0*d", folder, 101, 1);
	assert_int_equal(cts_tar_begin(tar, name, 0644), CTS_EIO);
	cts_tar_free(tar);
	tar = open_tar();
	snprintf(name, sizeof(name), "%s/%0*d", folder, 100, 1);
	assert_ok(cts_tar_begin(tar, name, 0644));
	assert_ok(cts_tar_end(tar));
	assert_ok(cts_tar_finish(tar));
	cts_tar_free(tar);
	assert_runs("tar xf x.tar && test -f %s", name);
}

static void test_a_file_knows_its_comment(void **state)
{
	struct cts_tar *tar = open_tar();

	(void)state;
	assert_ok(cts_tar_finish(tar));
	cts_tar_free(tar);
	assert_true(cts_tar_is(path, "a comment"));
	assert_false(cts_tar_is(path, "another"));
	assert_runs("tar tf x.tar | grep . && exit 1; true");
	assert_runs("echo text > x.tar");
	assert_false(cts_tar_is(path, "a comment"));
	assert_runs("rm x.tar");
	assert_false(cts_tar_is(path, "a comment"));
	assert_runs("mkdir y && tar cf x.tar y");
	assert_false(cts_tar_is(path, "a comment"));
}

static void test_nothing_is_left_of_what_was_not_finished(void **state)
{
	struct cts_tar *tar;

	(void)state;
	assert_runs("echo old > x.tar");
	tar = open_tar();
	assert_ok(cts_tar_begin(tar, "f", 0644));
	assert_ok(cts_tar_put(tar, "x", 1));
	cts_tar_free(tar);
	assert_runs("test \"$(cat x.tar)\" = old && test $(ls | grep -c '^x.tar') = 1");
}

/* Sizes and owners beyond what octal digits hold are written in binary. */
static void test_a_file_of_more_than_8_gib_has_its_size(void **state)
{
	const char *room = getenv("CTS_ALL");
	struct cts_tar *tar;
	struct cts_buf zeroes = {0};

	(void)state;
	if (room == NULL) /* 9 GB of disk */
		skip();
	tar = open_tar();
	cts_buf_reserve(&zeroes, 1 << 26);
	memset(zeroes.data, 0, 1 << 26);
	assert_ok(cts_tar_begin(tar, "large", 0644));
	for (int i = 0; i < 130; i++)
		assert_ok(cts_tar_put(tar, zeroes.data, 1 << 26));
	assert_ok(cts_tar_end(tar));
	assert_ok(cts_tar_finish(tar));
	cts_tar_free(tar);
	cts_buf_release(&zeroes);
	assert_runs("tar tvf x.tar | grep -q ' 8724152320 '");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_repo, remove_repo)
		TEST(test_tar_unpacks_files_of_any_size),
		TEST(test_long_names_are_cut_at_a_slash),
		TEST(test_a_file_knows_its_comment),
		TEST(test_nothing_is_left_of_what_was_not_finished),
		TEST(test_a_file_of_more_than_8_gib_has_its_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
