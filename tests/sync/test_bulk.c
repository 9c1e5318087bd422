/*
 * Files as packs store them: what is right comes out the same, and whatever is not is left to the ordinary
 * reader.
 */
#include "fixture.h"

#include <zlib.h>

#include "sync/pack/bulk.h"
#include "sync/pack/pack.h"

enum { FILES = 1100 }; /* a pack of fewer is not worth it */

static struct cts_oid names[FILES];

static size_t content(char out[256], size_t number)
{
	return (size_t)snprintf(out, 256, "{ \"number\": %zu, \"text\": \"%0*zu\" }\n", number,
		(int)(number % 120 + 1), number);
}

/* A pack of files, and whatever `more` puts into it. */
static void write_pack(void (*more)(struct cts_pack *pack))
{
	struct cts_pack *pack;
	char text[256], name[CTS_OID_HEX + 1];

	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	for (size_t i = 0; i < FILES; i++)
		assert_ok(cts_pack_put(&names[i], pack, CTS_OBJECT_BLOB, text, content(text, i), NULL));
	if (more)
		more(pack);
	assert_ok(cts_pack_finish(name, pack));
	cts_pack_free(pack);
}

static bool reads(struct cts_buf *out, const struct cts_oid *oid)
{
	struct cts_odb *odb;
	struct cts_bulk *bulk;
	struct cts_pack_raw raw;
	bool is;

	cts_odb_open(&odb, repo_dir);
	bulk = cts_bulk_open(odb);
	is = cts_bulk_read(out, &raw, bulk, oid);
	cts_bulk_free(bulk);
	cts_odb_free(odb);
	return is;
}

static void test_every_file_comes_out_as_it_went_in(void **state)
{
	struct cts_odb *odb;
	struct cts_bulk *bulk;
	struct cts_buf out = {0};
	struct cts_oid other = oid_number(1);
	struct cts_pack_raw raw;

	(void)state;
	write_pack(NULL);
	cts_odb_open(&odb, repo_dir);
	bulk = cts_bulk_open(odb);
	for (size_t i = 0; i < FILES; i++) {
		char text[256];
		size_t at = i * 7 % FILES, size = content(text, at);

		assert_true(cts_bulk_read(&out, &raw, bulk, &names[at]));
		assert_int_equal(out.size, size);
		assert_memory_equal(out.data, text, size);
		assert_true(cts_bulk_find(&raw, bulk, &names[at]));
		assert_int_equal(raw.size, size);
	}
	assert_false(cts_bulk_read(&out, &raw, bulk, &other));
	cts_bulk_free(bulk);
	cts_odb_free(odb);
	cts_buf_release(&out);
}

static void test_what_goes_on_as_it_is_stored_is_sound(void **state)
{
	struct cts_odb *odb;
	struct cts_bulk *bulk;
	struct cts_pack *pack;
	char name[CTS_OID_HEX + 1];

	(void)state;
	write_pack(NULL);
	cts_odb_open(&odb, repo_dir);
	bulk = cts_bulk_open(odb);
	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	for (size_t i = FILES; i-- > 10;) {
		struct cts_pack_raw raw;

		assert_true(cts_bulk_find(&raw, bulk, &names[i]));
		assert_true(cts_pack_lacks(pack, &names[i]));
		assert_ok(cts_pack_copy(
			pack, &names[i], CTS_OBJECT_BLOB, raw.size, NULL, raw.deflated));
		assert_false(cts_pack_lacks(pack, &names[i]));
	}
	assert_ok(cts_pack_finish(name, pack));
	cts_pack_free(pack);
	cts_bulk_free(bulk);
	cts_odb_free(odb);
	assert_git_is_content();
}

/* ---- what is wrong ---- */

static struct cts_oid wrong[5];

static void put_raw(struct cts_pack *pack, size_t number, const char *text, size_t size, size_t extra)
{
	unsigned char deflated[512];
	uLongf used = sizeof(deflated) - 16;

	assert_int_equal(compress(deflated, &used, (const Bytef *)text, strlen(text)), Z_OK);
	memset(deflated + used, 'x', 16);
	wrong[number] = number ? oid_number(number) : cts_git_oid("blob", text, strlen(text));
	assert_ok(cts_pack_copy(pack, &wrong[number], CTS_OBJECT_BLOB, size, NULL,
		(struct cts_slice){.data = deflated, .size = used + extra}));
}

static void put_wrong(struct cts_pack *pack)
{
	const char *text = "a text that is compressed to some bytes or other";

	put_raw(pack, 0, text, strlen(text), 5);    /* bytes behind the end */
	put_raw(pack, 1, text, strlen(text), 0);    /* another name than its own */
	put_raw(pack, 2, text, strlen(text) + 1, 0); /* another size */
	put_raw(pack, 3, text, strlen(text) - 1, 0);
	put_raw(pack, 4, text, (size_t)1 << 40, 0); /* more than there can be */
}

static void test_what_is_not_as_it_says_is_left_alone(void **state)
{
	struct cts_buf out = {0};

	(void)state;
	write_pack(put_wrong);
	assert_true(reads(&out, &names[5]));
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (reads(&out, &wrong[i]))
			fail_msg("wrong file %zu is read", i);
	assert_null(cts_error_hint());
	cts_buf_release(&out);
}

static void test_a_flipped_bit_is_found(void **state)
{
	struct cts_buf out = {0};
	int found = 0;

	(void)state;
	write_pack(NULL);
	assert_runs("chmod u+w objects/pack/*.pack && for at in 1000 9000 30000; do"
		    " printf '\\377\\377' | dd of=$(ls objects/pack/*.pack) bs=1 seek=$at conv=notrunc"
		    " 2>/dev/null; done");
	for (size_t i = 0; i < FILES; i++)
		found += reads(&out, &names[i]);
	assert_true(found >= FILES - 6 && found < FILES);
	cts_buf_release(&out);
}

static void test_a_repository_without_packs_or_with_broken_ones_has_nothing(void **state)
{
	struct cts_buf out = {0};

	(void)state;
	write_pack(NULL);
	assert_runs("chmod u+w objects/pack/* && truncate -s 3000 objects/pack/*.idx");
	assert_false(reads(&out, &names[0]));
	assert_runs("rm -rf objects/pack");
	assert_false(reads(&out, &names[0]));
	cts_buf_release(&out);
}

int main(void)
{
#define REPO_TEST(test) cmocka_unit_test_setup_teardown(test, make_repo, remove_repo)
	const struct CMUnitTest tests[] = {
		REPO_TEST(test_every_file_comes_out_as_it_went_in),
		REPO_TEST(test_what_goes_on_as_it_is_stored_is_sound),
		REPO_TEST(test_what_is_not_as_it_says_is_left_alone),
		REPO_TEST(test_a_flipped_bit_is_found),
		REPO_TEST(test_a_repository_without_packs_or_with_broken_ones_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
