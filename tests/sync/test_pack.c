/*
 * Packs against the real git: what we write it reads, and its idx is ours, byte for byte.
 */
#include "fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "sync/pack/odb.h"
#include "sync/pack/pack.h"

/* Compressible or not, of any size up to a bound. */
static void fill(struct cts_buf *buf, size_t size)
{
	bool text = random_below(2) == 0;

	cts_buf_clear(buf);
	for (size_t i = 0; i < size; i++)
		cts_buf_putc(buf, text ? "status: on track\n"[i % 17] : (char)random_next());
}

static struct cts_oid put_blob(struct cts_pack *pack, const struct cts_buf *data)
{
	struct cts_oid oid;

	assert_ok(cts_pack_put(&oid, pack, CTS_OBJECT_BLOB, cts_buf_text(data), data->size, NULL));
	return oid;
}

static size_t file_count(const char *pattern)
{
	struct cts_buf out = {0};
	size_t count;

	run_into(&out, "ls objects/pack | grep -c '%s'", pattern);
	count = strtoul(cts_buf_text(&out), NULL, 10);
	cts_buf_release(&out);
	return count;
}

static void assert_git_has(const struct cts_oid *oid, const char *type, const struct cts_buf *data)
{
	struct cts_buf out = {0};
	char hex[CTS_OID_HEX + 1];

	assert_int_equal(run_into(&out, "git cat-file %s %s", type, cts_oid_format(hex, oid)), 0);
	assert_int_equal(out.size, data->size);
	assert_memory_equal(cts_buf_text(&out), cts_buf_text(data), data->size);
	cts_buf_release(&out);
}

static void test_git_reads_what_we_packed(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 63, 64, 65, 2047, 2048, 500000, 3000000};
	struct cts_buf data[COUNT(sizes)] = {{0}};
	struct cts_oid oids[COUNT(sizes)];
	struct cts_pack *pack;
	char name[CTS_OID_HEX + 1];

	(void)state;
	random_start("pack");
	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	for (size_t i = 0; i < COUNT(sizes); i++) {
		fill(&data[i], sizes[i]);
		oids[i] = put_blob(pack, &data[i]);
	}
	assert_ok(cts_pack_finish(name, pack));
	cts_pack_free(pack);
	assert_runs("git verify-pack objects/pack/pack-%s.idx", name);
	assert_git_is_content();
	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_git_has(&oids[i], "blob", &data[i]);
		cts_buf_release(&data[i]);
	}
	assert_int_equal(file_count("tmp_"), 0);
}

static void test_many_objects_have_gits_index(void **state)
{
	struct cts_pack *pack;
	struct cts_buf data = {0};
	char name[CTS_OID_HEX + 1];

	(void)state;
	random_start("many objects");
	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	for (int i = 0; i < 20000; i++) {
		cts_buf_clear(&data);
		cts_buf_printf(&data, "%d %llx\n", i, (unsigned long long)random_next());
		put_blob(pack, &data);
	}
	assert_int_equal(cts_pack_count(pack), 20000);
	assert_ok(cts_pack_finish(name, pack));
	cts_pack_free(pack);
	assert_git_is_content();
	cts_buf_release(&data);
}

static void test_large_offsets_have_gits_index(void **state)
{
	const struct cts_pack_options options = {.large_offset = 0x4000};
	struct cts_pack *pack;
	struct cts_buf data = {0};
	char name[CTS_OID_HEX + 1];

	(void)state;
	random_start("large offsets");
	assert_ok(cts_pack_open(&pack, pack_dir, &options));
	for (int i = 0; i < 200; i++) {
		fill(&data, 1000);
		cts_buf_printf(&data, "%d", i);
		put_blob(pack, &data);
	}
	assert_ok(cts_pack_finish(name, pack));
	cts_pack_free(pack);
	assert_runs("git index-pack --index-version=2,0x3fff -o check.idx objects/pack/pack-%s.pack"
		    " >/dev/null && cmp check.idx objects/pack/pack-%s.idx",
		name, name);
	assert_runs("git fsck --strict --no-dangling");
	cts_buf_release(&data);
}

static void test_the_same_object_is_packed_once(void **state)
{
	struct cts_pack *pack;
	struct cts_buf data = {0};
	struct cts_oid first, second;
	uint64_t bytes;

	(void)state;
	cts_buf_puts(&data, "once");
	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	first = put_blob(pack, &data);
	bytes = cts_pack_bytes(pack);
	second = put_blob(pack, &data);
	assert_true(cts_oid_equal(&first, &second));
	assert_int_equal(cts_pack_count(pack), 1);
	assert_int_equal(cts_pack_bytes(pack), bytes);
	/* the same bytes as another type are another object */
	assert_ok(cts_pack_put(&second, pack, CTS_OBJECT_TREE, data.data, data.size, NULL));
	assert_int_equal(cts_pack_count(pack), 2);
	cts_pack_free(pack);
	cts_buf_release(&data);
}

static bool exists_in(void *context, const struct cts_oid *oid)
{
	return cts_odb_has(context, oid);
}

static void test_what_the_repository_has_is_not_packed_again(void **state)
{
	struct cts_pack_options options = {.exists = exists_in};
	struct cts_odb *odb;
	struct cts_pack *pack;
	struct cts_buf data = {0};
	struct cts_oid oid;
	char name[CTS_OID_HEX + 1];

	(void)state;
	assert_runs("printf known | git hash-object -w --stdin >/dev/null");
	cts_odb_open(&odb, repo_dir);
	options.context = odb;
	assert_ok(cts_pack_open(&pack, pack_dir, &options));
	cts_buf_puts(&data, "known");
	oid = put_blob(pack, &data);
	assert_true(cts_odb_has(odb, &oid));
	assert_false(cts_pack_has(pack, &oid));
	assert_ok(cts_pack_finish(name, pack));
	assert_string_equal(name, "");
	cts_pack_free(pack);
	cts_odb_free(odb);
	cts_buf_release(&data);
}

static void test_a_pack_without_objects_leaves_no_file(void **state)
{
	struct cts_pack *pack;
	char name[CTS_OID_HEX + 1];

	(void)state;
	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	assert_ok(cts_pack_finish(name, pack));
	assert_string_equal(name, "");
	cts_pack_free(pack);
	assert_int_equal(file_count("."), 0);
}

static void test_a_pack_given_up_leaves_no_file(void **state)
{
	struct cts_pack *pack;
	struct cts_buf data = {0};

	(void)state;
	random_start("given up");
	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	fill(&data, 3000000);
	put_blob(pack, &data);
	assert_int_equal(file_count("tmp_pack_"), 1);
	cts_pack_free(pack);
	assert_int_equal(file_count("."), 0);
	cts_buf_release(&data);
}

static void test_a_folder_that_is_not_there_is_an_error(void **state)
{
	struct cts_pack *pack;

	(void)state;
	assert_int_equal(cts_pack_open(&pack, "/nowhere/objects/pack", NULL), CTS_EIO);
	assert_non_null(strstr(cts_error_message(CTS_EIO), "/nowhere/objects/pack"));
}

/* Versions of one text, each a line longer or shorter than the one before. */
struct versions {
	struct cts_buf data[120];
	struct cts_oid oids[120];
};

static void make_versions(struct versions *versions)
{
	memset(versions, 0, sizeof(*versions));
	for (size_t i = 0; i < COUNT(versions->data); i++) {
		for (size_t line = 0; line < 200; line++) {
			/* each version changes one line for good */
			size_t changed = line < i ? line : 0;
			cts_buf_printf(&versions->data[i], "%zu %zx\n", line,
				(line + changed) * (size_t)2654435761);
		}
		cts_buf_printf(&versions->data[i], "version %zu\n", i);
	}
}

static void put_versions(struct cts_pack *pack, struct versions *versions, size_t from)
{
	for (size_t i = from; i < COUNT(versions->data); i++) {
		struct cts_pack_base base;
		if (i > 0)
			base = (struct cts_pack_base){
				versions->oids[i - 1], cts_buf_slice(&versions->data[i - 1])};
		assert_ok(cts_pack_put(&versions->oids[i], pack, CTS_OBJECT_BLOB,
			versions->data[i].data, versions->data[i].size, i > 0 ? &base : NULL));
	}
}

static void release_versions(struct versions *versions)
{
	for (size_t i = 0; i < COUNT(versions->data); i++)
		cts_buf_release(&versions->data[i]);
}

static void test_chains_end_at_fifty(void **state)
{
	static struct versions versions;
	struct cts_pack *pack;
	struct cts_buf out = {0};
	char name[CTS_OID_HEX + 1];

	(void)state;
	make_versions(&versions);
	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	put_versions(pack, &versions, 0);
	assert_ok(cts_pack_finish(name, pack));
	cts_pack_free(pack);
	assert_git_is_content();
	assert_int_equal(run_into(&out, "git verify-pack -v objects/pack/pack-%s.idx", name), 0);
	assert_non_null(strstr(cts_buf_text(&out), "chain length = 50: "));
	assert_null(strstr(cts_buf_text(&out), "chain length = 51: "));
	/* 120 versions: whole ones are the first and each after fifty deltas */
	assert_non_null(strstr(cts_buf_text(&out), "non delta: 3 objects"));
	for (size_t i = 0; i < COUNT(versions.data); i += 17)
		assert_git_has(&versions.oids[i], "blob", &versions.data[i]);
	cts_buf_release(&out);
	release_versions(&versions);
}

static void assert_reads_back(struct cts_pack *pack, const struct versions *versions)
{
	struct cts_buf out = {0};

	for (size_t i = 0; i < COUNT(versions->data); i++) {
		enum cts_object type = CTS_OBJECT_TREE;
		assert_ok(cts_pack_read(&out, &type, pack, &versions->oids[i]));
		assert_int_equal(type, CTS_OBJECT_BLOB);
		assert_string_equal(cts_buf_text(&out), cts_buf_text(&versions->data[i]));
	}
	cts_buf_release(&out);
}

static void test_an_unfinished_pack_can_be_read(void **state)
{
	static const struct cts_pack_options modes[] = {{.thin = false}, {.ref_delta = true}};
	static struct versions versions;

	(void)state;
	random_start("unfinished pack");
	make_versions(&versions);
	for (size_t i = 0; i < COUNT(modes); i++) {
		struct cts_pack *pack;
		struct cts_buf large = {0}, out = {0};
		struct cts_oid oid, nobody = oid_number(1);
		enum cts_object type;
		assert_ok(cts_pack_open(&pack, pack_dir, &modes[i]));
		put_versions(pack, &versions, 0);
		assert_reads_back(pack, &versions); /* from the buffer */
		for (int n = 0; n < 3; n++) {
			fill(&large, 2000000);
			oid = put_blob(pack, &large);
		}
		assert_reads_back(pack, &versions); /* from the file */
		assert_ok(cts_pack_read(&out, &type, pack, &oid));
		assert_int_equal(out.size, large.size);
		assert_memory_equal(out.data, large.data, large.size);
		assert_int_equal(cts_pack_read(&out, &type, pack, &nobody), CTS_ENOTFOUND);
		cts_pack_free(pack);
		cts_buf_release(&large);
		cts_buf_release(&out);
	}
	release_versions(&versions);
}

static void write_file(const char *name, struct cts_slice data)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", repo_dir, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data.data, 1, data.size, file), data.size);
	fclose(file);
}

/* The receiver has the first version only; both kinds of naming a base. */
static void test_a_thin_pack_is_completed_by_its_receiver(void **state)
{
	static const struct cts_pack_options modes[] = {
		{.thin = true}, {.thin = true, .ref_delta = true}};
	static struct versions versions;

	(void)state;
	make_versions(&versions);
	for (size_t i = 0; i < COUNT(modes); i++) {
		struct cts_pack *pack;
		struct cts_slice bytes;
		remove_repo(NULL);
		make_repo(NULL);
		write_file("first", cts_buf_slice(&versions.data[0]));
		assert_runs("git hash-object -w first >/dev/null");
		versions.oids[0] =
			cts_git_oid("blob", versions.data[0].data, versions.data[0].size);
		cts_pack_open_memory(&pack, &modes[i]);
		put_versions(pack, &versions, 1);
		bytes = cts_pack_finish_memory(pack);
		assert_true(bytes.size < 119 * 150 + 2 * versions.data[0].size);
		write_file("thin.pack", bytes);
		cts_pack_free(pack);
		assert_runs("git index-pack --strict --fix-thin --stdin <thin.pack >/dev/null");
		for (size_t n = 0; n < COUNT(versions.data); n += 29)
			assert_git_has(&versions.oids[n], "blob", &versions.data[n]);
		/* without its base it is no whole pack */
		assert_int_not_equal(run_into(NULL, "git index-pack thin.pack 2>/dev/null"), 0);
	}
	release_versions(&versions);
}

static void test_a_base_that_nobody_has_is_not_used(void **state)
{
	static struct versions versions;
	struct cts_pack *pack;
	char name[CTS_OID_HEX + 1];

	(void)state;
	make_versions(&versions);
	versions.oids[0] = oid_number(1);
	assert_ok(cts_pack_open(&pack, pack_dir, NULL));
	put_versions(pack, &versions, 1);
	assert_ok(cts_pack_finish(name, pack));
	cts_pack_free(pack);
	assert_git_is_content();
	release_versions(&versions);
}

static void test_a_pack_behind_something_else_in_a_file(void **state)
{
	char path[128];
	struct cts_pack *pack, *same;
	struct cts_slice memory;
	struct cts_buf large = {0};
	int fd;

	(void)state;
	random_start("pack in a file");
	snprintf(path, sizeof(path), "%s/bundle", repo_dir);
	for (size_t size = 100; size <= 3000000; size *= 30000) {
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, "# header\n", 9), 9);
		cts_pack_open_fd(&pack, fd, NULL);
		cts_pack_open_memory(&same, NULL);
		for (int i = 0; i < 3; i++) {
			fill(&large, size);
			cts_buf_printf(&large, "%d", i);
			put_blob(pack, &large);
			put_blob(same, &large);
		}
		assert_ok(cts_pack_finish_fd(pack));
		memory = cts_pack_finish_memory(same);
		assert_int_equal(lseek(fd, 0, SEEK_CUR), 9 + memory.size);
		assert_int_equal(lseek(fd, 0, SEEK_END), 9 + memory.size);
		write_file("memory.pack", memory);
		cts_pack_free(pack);
		cts_pack_free(same);
		close(fd);
		assert_runs("tail -c +10 bundle | cmp - memory.pack");
		assert_runs("git index-pack --strict memory.pack >/dev/null");
	}
	cts_buf_release(&large);
}

static void test_a_full_disk_is_told(void **state)
{
	struct cts_pack *pack;
	struct cts_oid oid;
	struct cts_buf large = {0};
	int fd = open("/dev/full", O_RDWR);

	(void)state;
	random_start("full disk");
	assert_true(fd >= 0);
	cts_pack_open_fd(&pack, fd, NULL);
	for (size_t i = 0; i < 3000000; i++)
		cts_buf_putc(&large, (char)random_next());
	assert_int_equal(cts_pack_put(&oid, pack, CTS_OBJECT_BLOB, large.data, large.size, NULL),
		CTS_ENOSPACE);
	cts_pack_free(pack);
	close(fd);
	cts_buf_release(&large);
}

static void test_objects_are_read_within_limits(void **state)
{
	struct cts_odb *odb;
	struct cts_buf out = {0};
	struct cts_oid blob = cts_git_oid("blob", "known", 5), commit, missing = oid_number(2);
	enum cts_object type;
	size_t size;

	(void)state;
	assert_runs("printf known | git hash-object -w --stdin >/dev/null");
	assert_runs(
		"(printf 'tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\\nauthor a <b> 1 +0000\\n"
		"committer a <b> 1 +0000\\n\\n'; head -c 70000 /dev/zero | tr '\\0' x) >c;"
		" git hash-object -t commit -w c >commit");
	run_into(&out, "cat commit");
	out.data[CTS_OID_HEX] = '\0';
	commit = oid_of(out.data);
	cts_odb_open(&odb, repo_dir);
	assert_ok(cts_odb_read(&out, odb, CTS_OBJECT_BLOB, &blob));
	assert_string_equal(cts_buf_text(&out), "known");
	assert_ok(cts_odb_header(&type, &size, odb, &blob));
	assert_int_equal(type, CTS_OBJECT_BLOB);
	assert_int_equal(size, 5);
	assert_int_equal(cts_odb_read(&out, odb, CTS_OBJECT_TREE, &blob), CTS_EINTEGRITY);
	assert_int_equal(cts_odb_read(&out, odb, CTS_OBJECT_BLOB, &missing), CTS_ENOTFOUND);
	assert_int_equal(cts_odb_read(&out, odb, CTS_OBJECT_COMMIT, &commit), CTS_EINTEGRITY);
	assert_non_null(strstr(cts_error_message(CTS_EINTEGRITY), "the limit is 65536"));
	cts_odb_free(odb);
	cts_buf_release(&out);
}

static void test_an_object_under_a_wrong_name_is_refused(void **state)
{
	struct cts_odb *odb;
	struct cts_buf out = {0};
	struct cts_oid wrong;

	(void)state;
	assert_runs(
		"a=$(printf one | git hash-object -w --stdin);"
		" b=1111111111111111111111111111111111111111; mkdir -p objects/11;"
		" cp objects/$(echo $a | cut -c1-2)/$(echo $a | cut -c3-) objects/11/$(echo $b |"
		" cut -c3-)");
	wrong = oid_of("1111111111111111111111111111111111111111");
	cts_odb_open(&odb, repo_dir);
	assert_int_equal(cts_odb_read(&out, odb, CTS_OBJECT_BLOB, &wrong), CTS_EINTEGRITY);
	cts_odb_free(odb);
	cts_buf_release(&out);
}

int main(void)
{
#define REPO_TEST(test) cmocka_unit_test_setup_teardown(test, make_repo, remove_repo)
	const struct CMUnitTest tests[] = {
		REPO_TEST(test_git_reads_what_we_packed),
		REPO_TEST(test_many_objects_have_gits_index),
		REPO_TEST(test_large_offsets_have_gits_index),
		REPO_TEST(test_the_same_object_is_packed_once),
		REPO_TEST(test_what_the_repository_has_is_not_packed_again),
		REPO_TEST(test_a_pack_without_objects_leaves_no_file),
		REPO_TEST(test_a_pack_given_up_leaves_no_file),
		REPO_TEST(test_a_folder_that_is_not_there_is_an_error),
		REPO_TEST(test_chains_end_at_fifty),
		REPO_TEST(test_an_unfinished_pack_can_be_read),
		REPO_TEST(test_a_thin_pack_is_completed_by_its_receiver),
		REPO_TEST(test_a_base_that_nobody_has_is_not_used),
		REPO_TEST(test_a_pack_behind_something_else_in_a_file),
		REPO_TEST(test_a_full_disk_is_told),
		REPO_TEST(test_objects_are_read_within_limits),
		REPO_TEST(test_an_object_under_a_wrong_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
