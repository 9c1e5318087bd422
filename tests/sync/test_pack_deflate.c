/*
 * Rows of files that several threads deflate: the pack is the same as one that was made without, whatever is
 * asked of it meanwhile, and a pack that is given up leaves nothing behind.
 */
#include "fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "sync/pack/pack.h"
#include "sync/pack/pack_internal.h"

enum { FILES = 6000 };

static struct cts_oid names[FILES];

/* Few bytes mostly, now and then many; every tenth stands twice. */
static void content(struct cts_buf *out, size_t number)
{
	uint64_t n = number % 10 == 9 ? number - 1 : number;
	size_t size = n % 500 == 7 ? 200000 : n * 37 % 900;

	cts_buf_clear(out);
	cts_buf_printf(out, "%llu:", (unsigned long long)n);
	for (uint64_t x = n; out->size < size; x = x * UINT64_C(6364136223846793005) + 1)
		cts_buf_printf(out, "%s %x ", x >> 60 & 1 ? "report" : "agency", (unsigned)(x >> 40));
}

static void put(struct cts_pack *pack, size_t number)
{
	struct cts_buf data = {0};

	content(&data, number);
	assert_ok(cts_pack_put(
		&names[number], pack, CTS_OBJECT_BLOB, data.data, data.size, NULL));
	cts_buf_release(&data);
}

static void expect(struct cts_pack *pack, size_t number)
{
	struct cts_buf data = {0}, out = {0};
	enum cts_object type;

	content(&data, number);
	assert_ok(cts_pack_read(&out, &type, pack, &names[number]));
	assert_int_equal(type, CTS_OBJECT_BLOB);
	assert_int_equal(out.size, data.size);
	assert_memory_equal(out.data, data.data, out.size);
	cts_buf_release(&data);
	cts_buf_release(&out);
}

static void test_a_long_row_is_what_git_reads(void **state)
{
	struct cts_pack *pack;
	char name[CTS_OID_HEX + 1];
	struct cts_buf out = {0}, data = {0};

	(void)state;
	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	for (size_t i = 0; i < FILES; i++)
		put(pack, i);
	assert_int_equal(cts_pack_count(pack), FILES - FILES / 10);
	assert_ok(cts_pack_finish(name, pack));
	cts_pack_free(pack);
	assert_git_is_content();
	for (size_t i = 7; i < FILES; i += 997) {
		char hex[CTS_OID_HEX + 1];

		cts_buf_clear(&out);
		content(&data, i);
		assert_int_equal(run_into(&out, "git cat-file blob %s",
					 cts_oid_format(hex, &names[i])), 0);
		assert_int_equal(out.size, data.size);
		assert_memory_equal(out.data, data.data, data.size);
	}
	cts_buf_release(&out);
	cts_buf_release(&data);
}

/* One by one, with a tree in between, no row is ever long enough. */
static void test_the_bytes_are_those_of_one_thread(void **state)
{
	struct cts_pack *row, *single;
	struct cts_slice a, b;

	(void)state;
	cts_pack_open_memory(&row, NULL);
	cts_pack_open_memory(&single, NULL);
	for (size_t i = 0; i < 2000; i++) {
		put(row, i);
		put(single, i);
		single->streak = 0;
	}
	assert_true(row->gathering != NULL && single->gathering == NULL);
	a = cts_pack_finish_memory(row);
	b = cts_pack_finish_memory(single);
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
	cts_pack_free(row);
	cts_pack_free(single);
}

static void test_anything_may_be_asked_in_the_middle_of_a_row(void **state)
{
	struct cts_pack *pack;
	char name[CTS_OID_HEX + 1], tree[64];
	struct cts_oid oid;

	(void)state;
	random_start("pack_deflate");
	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	for (size_t i = 0; i < FILES; i++) {
		put(pack, i);
		assert_true(cts_pack_has(pack, &names[i]));
		assert_false(cts_pack_lacks(pack, &names[i]));
		if (random_below(300) == 0)
			expect(pack, i - random_below(i + 1));
		if (random_below(1000) == 0) {
			size_t size = (size_t)snprintf(tree, sizeof(tree), "100644 f%zu", i) + 1;

			memcpy(tree + size, names[i].bytes, CTS_OID_SIZE);
			assert_ok(cts_pack_put(&oid, pack, CTS_OBJECT_TREE, tree,
				size + CTS_OID_SIZE, NULL));
		}
	}
	for (size_t i = 0; i < FILES; i += 101)
		expect(pack, i);
	assert_ok(cts_pack_finish(name, pack));
	cts_pack_free(pack);
	assert_git_is_content();
}

static void test_a_pack_given_up_in_the_middle_leaves_nothing(void **state)
{
	struct cts_buf out = {0};

	(void)state;
	for (size_t count = 60; count < 3000; count += 490) {
		struct cts_pack *pack;

		assert_ok(cts_pack_open(&pack, pack_dir, NULL));
		for (size_t i = 0; i < count; i++)
			put(pack, i);
		cts_pack_free(pack);
	}
	assert_int_equal(run_into(&out, "ls objects/pack"), 0);
	assert_string_equal(cts_buf_text(&out), "");
	cts_buf_release(&out);
}

static void test_a_disk_that_is_full_is_told(void **state)
{
	struct cts_pack *pack;
	char name[CTS_OID_HEX + 1];
	int rc = 0, full = open("/dev/full", O_RDWR);

	(void)state;
	if (full < 0)
		skip();
	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	assert_true(dup2(full, pack->fd) >= 0);
	close(full);
	for (size_t i = 0; rc == 0 && i < FILES; i++) {
		struct cts_buf data = {0};

		content(&data, i);
		rc = cts_pack_put(
			&names[i], pack, CTS_OBJECT_BLOB, data.data, data.size, NULL);
		cts_buf_release(&data);
	}
	assert_true(rc < 0);
	assert_true(cts_pack_finish(name, pack) < 0);
	cts_pack_free(pack);
}

int main(void)
{
#define REPO_TEST(test) cmocka_unit_test_setup_teardown(test, make_repo, remove_repo)
	const struct CMUnitTest tests[] = {
		REPO_TEST(test_a_long_row_is_what_git_reads),
		REPO_TEST(test_the_bytes_are_those_of_one_thread),
		REPO_TEST(test_anything_may_be_asked_in_the_middle_of_a_row),
		REPO_TEST(test_a_pack_given_up_in_the_middle_leaves_nothing),
		REPO_TEST(test_a_disk_that_is_full_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
