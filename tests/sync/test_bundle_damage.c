/*
 * A bundle that was cut or altered changes nothing, wherever that was done; one that is whole and yet not
 * honest is refused for what it is, and harms nobody else.
 */
#include "lab_bundle.h"

/* ---- cut and altered ---- */

static void make_small_delta(void)
{
	lab_put(&a, "initiative/x", "title", "second");
	lab_put(&a, "initiative/y", "title", "new");
	create(&a, "small.bundle", "all.bundle");
}

static void test_a_bundle_cut_anywhere_changes_nothing(void **state)
{
	const char *before = state_of(&b);
	struct cts_buf bytes;

	(void)state;
	make_small_delta();
	bytes = read_whole("small.bundle");
	for (size_t size = 0; size < bytes.size; size++) {
		write_whole("cut.bundle", bytes.data, size);
		if (try_apply(&b, "cut.bundle") != CTS_EINTEGRITY)
			fail_msg("cut at %zu of %zu", size, bytes.size);
	}
	cts_buf_putc(&bytes, '\n');
	write_whole("longer.bundle", bytes.data, bytes.size);
	assert_int_equal(try_apply(&b, "longer.bundle"), CTS_EINTEGRITY);
	assert_string_equal(state_of(&b), before);
	apply(&b, "small.bundle");
	assert_alike(&a, &b);
	cts_buf_release(&bytes);
}

static void test_a_bundle_with_any_byte_altered_changes_nothing(void **state)
{
	const char *before = state_of(&b);
	struct cts_buf bytes;

	(void)state;
	random_start("any byte altered");
	make_small_delta();
	bytes = read_whole("small.bundle");
	for (size_t at = 0; at < bytes.size; at++) {
		char was = bytes.data[at], flips[] = {(char)(1 << random_below(8)), 1, 0x20};

		for (size_t i = 0; i < COUNT(flips); i++) {
			bytes.data[at] = (char)(was ^ flips[i]);
			write_whole("bad.bundle", bytes.data, bytes.size);
			if (try_apply(&b, "bad.bundle") != CTS_EINTEGRITY)
				fail_msg("byte %zu of %zu: %02x for %02x", at, bytes.size,
					(unsigned char)bytes.data[at], (unsigned char)was);
		}
		bytes.data[at] = was;
	}
	assert_string_equal(state_of(&b), before);
	apply(&b, "small.bundle");
	assert_alike(&a, &b);
	cts_buf_release(&bytes);
}

static void test_headers_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} headers[] = {
		{"", CTS_EINTEGRITY},
		{"\n\n", CTS_EINTEGRITY},
		{"# v1 git bundle\n\n", CTS_EINTEGRITY},
		{"# v4 git bundle\n\n", CTS_EINTEGRITY},
		{"# v2 git bundle\n", CTS_EINTEGRITY},
		{"# v2 git bundle\nrefs/heads/x\n\n", CTS_EINTEGRITY},
		{"# v2 git bundle\n0123 refs/heads/x\n\n", CTS_EINTEGRITY},
		{"# v2 git bundle\n" "0123456789012345678901234567890123456789\n\n", CTS_EINTEGRITY},
		{"# v2 git bundle\n" "0123456789012345678901234567890123456789 \n\n", CTS_EINTEGRITY},
		{"# v2 git bundle\n" "012345678901234567890123456789012345678X refs/x\n\n",
			CTS_EINTEGRITY},
		{"# v2 git bundle\n" "0123456789012345678901234567890123456789 refs/\033[2J\n\n",
			CTS_EINTEGRITY},
		{"# v2 git bundle\n" "0123456789012345678901234567890123456789 refs/x\n"
		 "-0123456789012345678901234567890123456789 late\n\n",
			CTS_EINTEGRITY},
		{"# v2 git bundle\n@object-format=sha1\n\n", CTS_EINTEGRITY},
		{"# v3 git bundle\n@object-format=sha256\n\n", CTS_ENEWER},
		{"# v3 git bundle\n@filter=blob:none\n\n", CTS_ENEWER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		write_whole("bad.bundle", headers[i].text, strlen(headers[i].text));
		if (try_apply(&b, "bad.bundle") != headers[i].rc)
			fail_msg("header %zu: %s", i, cts_error_message(headers[i].rc));
	}
	lab_run("mkdir folder");
	assert_int_equal(try_apply(&b, "folder"), CTS_EIO);
}

/* ---- whole, and yet not honest ---- */

/* The header of one bundle before the pack of another. */
static void join(const char *name, struct cts_bundle_head *head, const void *pack, size_t size)
{
	struct cts_buf bytes = {0};

	cts_bundle_head_write(&bytes, head);
	cts_buf_put(&bytes, pack, size);
	write_whole(name, bytes.data, bytes.size);
	cts_buf_release(&bytes);
}

static struct cts_bundle_head head_of(const char *name)
{
	int fd = open(lab_path(name), O_RDONLY);
	struct cts_bundle_head head;

	assert_true(fd >= 0);
	assert_ok(cts_bundle_head_read(&head, &lab_arena, fd));
	close(fd);
	return head;
}

static void test_a_pack_that_lacks_something_is_refused_and_forgotten(void **state)
{
	struct cts_bundle_head head;
	const char *before, *commits;
	struct cts_buf pack = {0}, bytes;

	(void)state;
	make_small_delta();
	before = state_of(&b);
	head = head_of("small.bundle");
	/* the commits without their trees */
	commits = lab_run("git -C '%s' rev-list %s --not %s~2", lab_mirror(&a), lab_branch(&a),
		lab_branch(&a));
	run_into(&pack, "echo '%s' | git -C '%s' pack-objects -q --stdout", commits,
		lab_mirror(&a));
	join("bare.bundle", &head, pack.data, pack.size);
	assert_int_equal(try_apply(&b, "bare.bundle"), CTS_EINTEGRITY);
	assert_string_equal(lab_check(&b), strrchr(before, '\n') + 1);
	/* a branch at what nobody sends */
	for (size_t i = 0; i < head.ref_count; i++)
		if (strstr(head.refs[i].name, "dpmc"))
			head.refs[i].oid.bytes[3] ^= 1;
	bytes = read_whole("small.bundle");
	join("lost.bundle", &head, bytes.data + head.pack_start, bytes.size - head.pack_start);
	assert_int_equal(try_apply(&b, "lost.bundle"), CTS_EINTEGRITY);
	/* a thin pack that hides what it builds on, for someone who lacks it */
	lab_put(&a, "initiative/x", "title", "third");
	create(&a, "three.bundle", "small.bundle");
	head = head_of("three.bundle");
	head.base_count = 0;
	cts_buf_release(&bytes);
	bytes = read_whole("three.bundle");
	join("hidden.bundle", &head, bytes.data + head.pack_start, bytes.size - head.pack_start);
	assert_int_equal(try_apply(&b, "hidden.bundle"), CTS_EINTEGRITY);
	assert_string_equal(lab_check(&b), strrchr(before, '\n') + 1);
	assert_string_equal(lab_run("ls b | grep -c quarantine || true"), "0");
	/* none of this is held against what comes whole */
	apply(&b, "small.bundle");
	apply(&b, "three.bundle");
	assert_alike(&a, &b);
	assert_sound(&b);
	cts_buf_release(&bytes);
	cts_buf_release(&pack);
}

static void test_a_malformed_commit_in_a_bundle_harms_nobody_else(void **state)
{
	struct lab_forger evil;

	(void)state;
	lab_put(&a, "initiative/x", "title", "second");
	create(&a, "honest.bundle", NULL);
	git_fetches("evil.git", "honest.bundle");
	evil = lab_forger(lab_path("evil.git"), "gcsb", "00000000000000ee");
	lab_see(&evil, lab_own_head(&a));
	lab_forge_file(&evil, "README.md", "hello\n");
	lab_run("git -C evil.git bundle create -q '%s' --branches 2>&1", lab_path("evil.bundle"));
	assert_int_equal(try_apply(&b, "evil.bundle"), CTS_EINTEGRITY);
	assert_int_equal(lab_pulled.refused_count, 1);
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "second");
	assert_sound(&b);
	assert_alike(&a, &b);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_agencies_apart, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_bundle_cut_anywhere_changes_nothing),
		T(test_a_bundle_with_any_byte_altered_changes_nothing),
		T(test_headers_that_are_none_are_refused),
		T(test_a_pack_that_lacks_something_is_refused_and_forgotten),
		T(test_a_malformed_commit_in_a_bundle_harms_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
