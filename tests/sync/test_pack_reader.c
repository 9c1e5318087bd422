/*
 * Objects by name from packs: what is right comes out the same, whole or as a delta, and whatever is not is
 * left to the ordinary way.
 */
#include "fixture.h"

#include <zlib.h>

#include "sync/pack/pack.h"
#include "sync/pack/pack_reader.h"

enum { FILES = 300, TREES = 60 };

static struct cts_oid files[FILES], trees[TREES];

static size_t content(char out[256], size_t number)
{
	return (size_t)snprintf(out, 256, "{ \"number\": %zu, \"text\": \"%0*zu\" }\n", number,
		(int)(number % 120 + 1), number);
}

/* Versions of one "tree", each one name away from the last. */
static size_t version(char out[4096], size_t number)
{
	memset(out, 'a', 4096);
	for (size_t i = 0; i <= number; i++)
		snprintf(out + i * 60, 10, "%09zu", i * 7919);
	return 4096;
}

/* A pack of files and versions of a tree, and whatever `more` puts into it. */
static void write_pack(void (*more)(struct cts_pack *pack))
{
	struct cts_pack *pack;
	static char text[4096], last[4096];
	char name[CTS_OID_HEX + 1];

	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	for (size_t i = 0; i < FILES; i++)
		assert_ok(cts_pack_put(&files[i], pack, CTS_OBJECT_BLOB, text, content(text, i), NULL));
	for (size_t i = 0; i < TREES; i++) {
		struct cts_pack_base base = {.data = {.data = last, .size = sizeof(last)}};

		if (i)
			base.oid = trees[i - 1];
		assert_ok(cts_pack_put(&trees[i], pack, CTS_OBJECT_TREE, text, version(text, i),
			i ? &base : NULL));
		memcpy(last, text, sizeof(last));
	}
	if (more)
		more(pack);
	assert_ok(cts_pack_finish(name, pack));
	cts_pack_free(pack);
}

static struct cts_pack_reader *open_reader(void)
{
	struct cts_pack_reader *reader = cts_pack_reader_open();

	cts_pack_reader_add(reader, pack_dir);
	return reader;
}

static bool read_with(struct cts_pack_reader *reader, struct cts_buf *out, const struct cts_oid *oid)
{
	struct cts_pack_place place;
	enum cts_object type;

	return cts_pack_reader_find(&place, reader, oid) &&
	       cts_pack_reader_read(out, &type, NULL, reader, &place);
}

static bool reads(struct cts_buf *out, const struct cts_oid *oid)
{
	struct cts_pack_reader *reader = open_reader();
	bool is = read_with(reader, out, oid);

	cts_pack_reader_free(reader);
	return is;
}

static void expect_tree(struct cts_pack_reader *reader, size_t number)
{
	struct cts_buf out = {0};
	static char text[4096];

	assert_true(read_with(reader, &out, &trees[number]));
	assert_int_equal(out.size, version(text, number));
	assert_memory_equal(out.data, text, out.size);
	cts_buf_release(&out);
}

static void test_every_object_comes_out_as_it_went_in(void **state)
{
	struct cts_oid other = oid_number(1);
	struct cts_pack_reader *reader;
	struct cts_buf out = {0};
	char text[256];

	(void)state;
	write_pack(NULL);
	reader = open_reader();
	for (size_t i = 0; i < FILES; i++) {
		size_t at = i * 7 % FILES, size = content(text, at);

		assert_true(read_with(reader, &out, &files[at]));
		assert_int_equal(out.size, size);
		assert_memory_equal(out.data, text, size);
	}
	for (size_t i = 0; i < TREES; i++) /* up the chain, then in any order, */
		expect_tree(reader, i);
	for (size_t i = 0; i < TREES; i++)
		expect_tree(reader, i * 37 % TREES);
	cts_pack_reader_free(reader);
	for (size_t i = TREES; i-- > 0;) { /* and each with nothing kept */
		reader = open_reader();
		expect_tree(reader, i);
		cts_pack_reader_free(reader);
	}
	assert_false(reads(&out, &other));
	cts_buf_release(&out);
}

static void test_types_are_told_and_data_as_they_are_stored(void **state)
{
	struct cts_pack_reader *reader;
	struct cts_pack_place place;
	struct cts_buf out = {0};
	struct cts_slice stored;
	enum cts_object type;

	(void)state;
	write_pack(NULL);
	reader = open_reader();
	for (size_t i = 0; i < FILES; i++) {
		unsigned char inflated[512];
		uLongf size = sizeof(inflated);

		assert_true(cts_pack_reader_find(&place, reader, &files[i]));
		assert_true(cts_pack_reader_read(&out, &type, &stored, reader, &place));
		assert_int_equal(type, CTS_OBJECT_BLOB);
		assert_int_equal(uncompress(inflated, &size, stored.data, stored.size), Z_OK);
		assert_int_equal(size, out.size);
		assert_memory_equal(inflated, out.data, size);
	}
	/* What is a delta is not stored as it is, also where it is kept by now. */
	for (int again = 0; again < 2; again++) {
		assert_true(cts_pack_reader_find(&place, reader, &trees[9]));
		assert_true(cts_pack_reader_read(&out, &type, &stored, reader, &place));
		assert_int_equal(type, CTS_OBJECT_TREE);
		assert_int_equal(stored.size, 0);
	}
	cts_pack_reader_free(reader);
	cts_buf_release(&out);
}

static void test_what_goes_on_as_it_is_stored_is_sound(void **state)
{
	struct cts_pack_reader *reader;
	struct cts_pack *pack;
	struct cts_buf out = {0};
	char name[CTS_OID_HEX + 1];

	(void)state;
	write_pack(NULL);
	reader = open_reader();
	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	for (size_t i = FILES; i-- > 10;) {
		struct cts_pack_place place;
		struct cts_slice stored;
		enum cts_object type;

		assert_true(cts_pack_reader_find(&place, reader, &files[i]));
		assert_true(cts_pack_reader_read(&out, &type, &stored, reader, &place));
		assert_ok(cts_pack_put_named(
			pack, &files[i], type, cts_buf_slice(&out), stored, NULL));
		assert_ok(cts_pack_put_named(
			pack, &files[i], type, cts_buf_slice(&out), stored, NULL));
		assert_true(cts_pack_has(pack, &files[i]));
	}
	assert_int_equal(cts_pack_count(pack), FILES - 10);
	assert_ok(cts_pack_finish(name, pack));
	cts_pack_free(pack);
	cts_pack_reader_free(reader);
	assert_runs("for idx in objects/pack/*.idx; do git verify-pack $idx || exit 1; done");
	cts_buf_release(&out);
}

static void test_what_a_stranger_stored_at_length_is_deflated_again(void **state)
{
	static const char text[] = "what is small may be stored in as many bytes as somebody likes";
	struct cts_oid oid = cts_git_oid("blob", text, strlen(text));
	struct cts_buf stored = {0};
	struct cts_pack *pack;

	(void)state;
	cts_buf_put(&stored, "\x78\x01", 2);
	for (int i = 0; i < 1000; i++)
		cts_buf_put(&stored, "\0\0\0\xff\xff", 5); /* empty blocks, as many as one likes */
	cts_pack_open_memory(&pack, NULL);
	assert_ok(cts_pack_put_named(pack, &oid, CTS_OBJECT_BLOB,
		(struct cts_slice){.data = text, .size = strlen(text)}, cts_buf_slice(&stored), NULL));
	assert_true(cts_pack_bytes(pack) < 200);
	cts_pack_free(pack);
	cts_buf_release(&stored);
}

/* Whoever may write to the file may alter it between our look at the data and the copy that is made of them. */
static void test_data_that_others_may_alter_are_not_told_as_they_are_stored(void **state)
{
	static const char *const modes[] = {"464", "446", "444"};
	struct cts_buf out = {0};

	(void)state;
	write_pack(NULL);
	for (size_t i = 0; i < COUNT(modes); i++) {
		struct cts_pack_reader *reader;
		struct cts_pack_place place;
		struct cts_slice stored;
		enum cts_object type;

		assert_runs("chmod %s objects/pack/*.pack", modes[i]);
		reader = open_reader();
		assert_true(cts_pack_reader_find(&place, reader, &files[7]));
		assert_true(cts_pack_reader_read(&out, &type, &stored, reader, &place));
		assert_int_equal(stored.size > 0, i == 2);
		cts_pack_reader_free(reader);
	}
	cts_buf_release(&out);
}

static void put_another(struct cts_pack *pack)
{
	struct cts_oid oid;

	assert_ok(cts_pack_put(&oid, pack, CTS_OBJECT_BLOB, "another", 7, NULL));
}

/* The clock of a file system may tick every 2 s only. */
static void test_a_pack_that_came_in_the_same_tick_is_known(void **state)
{
	struct cts_oid another = cts_git_oid("blob", "another", 7);
	struct cts_pack_reader *reader;
	struct cts_pack_place place;

	(void)state;
	write_pack(NULL);
	assert_runs("touch -r objects/pack tick");
	reader = open_reader();
	write_pack(put_another);
	assert_runs("touch -r tick objects/pack");
	assert_true(cts_pack_reader_refresh(reader));
	assert_true(cts_pack_reader_find(&place, reader, &another));
	cts_pack_reader_free(reader);
}

static void test_packs_that_came_or_went_since_are_known(void **state)
{
	struct cts_pack_reader *reader = open_reader();
	struct cts_buf out = {0};
	struct cts_pack_place place;

	(void)state;
	assert_false(read_with(reader, &out, &trees[0]));
	assert_false(cts_pack_reader_refresh(reader));
	write_pack(NULL);
	assert_false(cts_pack_reader_find(&place, reader, &trees[0]));
	assert_true(cts_pack_reader_refresh(reader));
	assert_false(cts_pack_reader_refresh(reader));
	expect_tree(reader, 3);
	assert_runs("rm -f objects/pack/*");
	cts_pack_reader_refresh(reader);
	expect_tree(reader, 50);
	cts_pack_reader_free(reader);
	cts_buf_release(&out);
}

/* ---- what is wrong ---- */

static struct cts_oid wrong[4];

static void put_raw(struct cts_pack *pack, size_t number, const char *text, size_t size)
{
	unsigned char deflated[512];
	uLongf used = sizeof(deflated);

	assert_int_equal(compress(deflated, &used, (const Bytef *)text, strlen(text)), Z_OK);
	wrong[number] = oid_number(number);
	assert_ok(cts_pack_copy(pack, &wrong[number], CTS_OBJECT_BLOB, size, NULL,
		(struct cts_slice){.data = deflated, .size = used}));
}

static void put_wrong(struct cts_pack *pack)
{
	const char *text = "a text that is compressed to some bytes or other";

	put_raw(pack, 0, text, strlen(text) + 1); /* another size */
	put_raw(pack, 1, text, strlen(text) - 1);
	put_raw(pack, 2, text, (size_t)1 << 40); /* more than there can be */
	put_raw(pack, 3, text, cts_object_limit(CTS_OBJECT_BLOB) + 1);
}

static void test_what_is_not_as_it_says_is_left_alone(void **state)
{
	struct cts_buf out = {0};

	(void)state;
	write_pack(put_wrong);
	assert_true(reads(&out, &files[5]));
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (reads(&out, &wrong[i]))
			fail_msg("wrong file %zu is read", i);
	assert_null(cts_error_hint());
	cts_buf_release(&out);
}

/* Of garbage nothing may come but the object itself, or nothing, or data whose name the caller sees is another's;
 * and nothing may be read outside. */
static void test_any_byte_of_a_pack_or_its_idx_may_be_garbage(void **state)
{
	const char *const ends[] = {"pack", "idx"};
	struct cts_buf path = {0}, out = {0};
	int rounds = getenv("CTS_ROUNDS") ? atoi(getenv("CTS_ROUNDS")) : 60;
	size_t whole = 0;

	(void)state;
	random_start("test_pack_reader");
	write_pack(NULL);
	assert_runs("chmod u+w objects/pack/* && mkdir whole && cp objects/pack/* whole/");
	for (int round = 0; round < rounds; round++) {
		const char *end = ends[random_below(2)];

		assert_runs("cp whole/* objects/pack/");
		for (size_t i = 0; i < 1 + random_below(30); i++)
			assert_runs("f=$(ls objects/pack/*.%s); printf '\\%03o' | dd of=$f bs=1 conv=notrunc "
				    "seek=$((%zu %% $(stat -c %%s $f))) 2>/dev/null",
				end, (unsigned)random_below(256), random_below(1 << 30));
		if (random_below(4) == 0)
			assert_runs("f=$(ls objects/pack/*.%s); truncate -s $((%zu %% $(stat -c %%s $f))) $f",
				end, random_below(1 << 30));
		for (size_t i = 0; i < FILES + TREES; i++) {
			const struct cts_oid *oid = i < FILES ? &files[i] : &trees[i - FILES];
			struct cts_oid made;

			if (!reads(&out, oid))
				continue;
			made = cts_git_oid(i < FILES ? "blob" : "tree", out.data, out.size);
			whole += cts_oid_equal(&made, oid);
		}
	}
	assert_true(whole > 0);
	cts_buf_release(&path);
	cts_buf_release(&out);
}

static void test_an_idx_may_be_altered_while_it_is_in_use(void **state)
{
	struct cts_pack_reader *reader;
	struct cts_pack_place place;

	(void)state;
	write_pack(NULL);
	assert_runs("chmod u+w objects/pack/*.idx");
	reader = open_reader();
	assert_true(cts_pack_reader_find(&place, reader, &files[0]));
	assert_runs("printf '\\377\\377\\377\\377' | dd of=$(ls objects/pack/*.idx) bs=1 conv=notrunc seek=%d "
		    "2>/dev/null",
		8 + 4 * files[0].bytes[0]);
	assert_false(cts_pack_reader_find(&place, reader, &files[0]));
	cts_pack_reader_free(reader);
}

static void test_a_folder_without_packs_has_nothing(void **state)
{
	struct cts_buf out = {0};

	(void)state;
	write_pack(NULL);
	assert_runs("chmod u+w objects/pack/* && rm objects/pack/*.pack");
	assert_false(reads(&out, &files[0]));
	assert_runs("rm -rf objects/pack");
	assert_false(reads(&out, &files[0]));
	assert_null(cts_error_hint());
	cts_buf_release(&out);
}

int main(void)
{
#define REPO_TEST(test) cmocka_unit_test_setup_teardown(test, make_repo, remove_repo)
	const struct CMUnitTest tests[] = {
		REPO_TEST(test_every_object_comes_out_as_it_went_in),
		REPO_TEST(test_types_are_told_and_data_as_they_are_stored),
		REPO_TEST(test_what_goes_on_as_it_is_stored_is_sound),
		REPO_TEST(test_what_a_stranger_stored_at_length_is_deflated_again),
		REPO_TEST(test_data_that_others_may_alter_are_not_told_as_they_are_stored),
		REPO_TEST(test_a_pack_that_came_in_the_same_tick_is_known),
		REPO_TEST(test_packs_that_came_or_went_since_are_known),
		REPO_TEST(test_what_is_not_as_it_says_is_left_alone),
		REPO_TEST(test_any_byte_of_a_pack_or_its_idx_may_be_garbage),
		REPO_TEST(test_an_idx_may_be_altered_while_it_is_in_use),
		REPO_TEST(test_a_folder_without_packs_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
