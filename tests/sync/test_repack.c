/*
 * Several packs as one: whoever wrote them and however they are packed, the new one holds every
 * object of the old ones and nothing else, git takes it, and no chain of deltas is longer than
 * git's limit.
 */
#include "fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "sync/pack/pack_dir.h"
#include "sync/repack/repack.h"

typedef int repack(struct cts_pack *, struct cts_pack_set *, const struct cts_progress *);

static struct cts_arena arena;

static int remove_all(void **state)
{
	cts_arena_release(&arena);
	return remove_repo(state);
}

/* ---- histories, written by git ---- */

static unsigned next_time = 1700000000;

/* A branch that goes on from where it is (or begins at `from`), by `count` commits of a change each
 * among `records` files. */
static void grow_branch(const char *branch, const char *from, unsigned count, unsigned records)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/stream", repo_dir);
	file = fopen(path, "w");
	assert_non_null(file);
	for (unsigned i = 0; i < count; i++) {
		unsigned record = (unsigned)random_below(records);

		fprintf(file, "commit refs/heads/%s\ncommitter A <a@b> %u +0000\ndata 2\nx\n",
			branch, next_time++);
		if (i == 0 && from[0])
			fprintf(file, "from %s\n", from);
		fprintf(file, "M 100644 inline records/kind/%02x/r%u.json\ndata <<END\n{\n",
			record % 16, record);
		for (unsigned field = 0; field < 12; field++)
			fprintf(file, "  \"field %u of %u\": \"%u\",\n", field, record,
				field == i % 12 ? (unsigned)random_next() : record * 7919 + field);
		fprintf(file, "}\nEND\n");
	}
	fclose(file);
	assert_runs("git fast-import --quiet --force < stream && rm stream");
}

static void settle_packs(const char *how)
{
	assert_runs(
		"git %s && git prune-packed -q && rm -f objects/pack/*.rev objects/pack/*.bitmap",
		how);
}

/* Objects outside packs go into a pack of their own, deltas by name (git's older form) or by place.
 */
static void pack_loose(bool by_name)
{
	assert_runs("(cd objects && ls -d [0-9a-f][0-9a-f]/*) | tr -d / | "
		    "git pack-objects -q %s objects/pack/pack >/dev/null && git prune-packed -q && "
		    "rm -f objects/pack/*.rev",
		by_name ? "" : "--delta-base-offset");
}

/* ---- joining ---- */

static const char *list_objects(void)
{
	struct cts_buf out = {0};
	const char *text;

	assert_int_equal(
		run_into(&out, "git cat-file --batch-all-objects --batch-check | sort"), 0);
	text = cts_arena_strdup(&arena, cts_buf_text(&out));
	cts_buf_release(&out);
	return text;
}

static size_t list_packs(const char ***names)
{
	struct cts_pack_file *packs;
	size_t count;

	assert_ok(cts_pack_dir_list(&packs, &count, &arena, pack_dir));
	*names = cts_arena_alloc(&arena, (count + 1) * sizeof(**names));
	for (size_t i = 0; i < count; i++)
		(*names)[i] = packs[i].name;
	return count;
}

static int try_repack(
	char name[CTS_OID_HEX + 1], repack *how, const char *const *names, size_t count)
{
	struct cts_pack_set *set = NULL;
	struct cts_pack *pack = NULL;
	int rc = cts_pack_set_open(&set, pack_dir, names, count);

	if (rc == 0)
		rc = cts_pack_open(&pack, pack_dir, NULL);
	if (rc == 0)
		rc = how(pack, set, NULL);
	if (rc == 0)
		rc = cts_pack_finish(name, pack);
	cts_pack_free(pack);
	cts_pack_set_free(set);
	return rc;
}

static size_t longest_chain(void)
{
	struct cts_buf out = {0};
	size_t longest = 0;

	assert_int_equal(
		run_into(&out, "git verify-pack -v objects/pack/*.idx | sed -n "
			       "'s/^chain length = \\([0-9]*\\):.*/\\1/p' | sort -n | tail -1"),
		0);
	longest = strtoul(cts_buf_text(&out), NULL, 10);
	cts_buf_release(&out);
	return longest;
}

/* All packs become one; the bytes of it. */
static uint64_t assert_repacks(repack *how)
{
	const char *before = list_objects(), **names;
	char name[CTS_OID_HEX + 1], made[CTS_OID_HEX + 6];
	struct cts_pack_file *packs;
	size_t count = list_packs(&names);

	assert_ok(try_repack(name, how, names, count));
	snprintf(made, sizeof(made), "pack-%s", name);
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], made) != 0)
			assert_ok(cts_pack_dir_remove(pack_dir, names[i]));
	assert_string_equal(list_objects(), before);
	assert_true(longest_chain() <= CTS_PACK_CHAIN_MAX);
	assert_ok(cts_pack_dir_list(&packs, &count, &arena, pack_dir));
	assert_int_equal(count, 1);
	assert_git_is_content();
	return packs[0].bytes;
}

static void test_packs_of_every_make_are_joined(void **state)
{
	static repack *const ways[] = {cts_repack_join, cts_repack_history};

	random_start("repack");
	for (size_t way = 0; way < COUNT(ways); way++) {
		grow_branch("a", "", 120, 40);
		grow_branch("b", "refs/heads/a^0", 80, 40);
		settle_packs("-c pack.window=20 gc -q"); /* newest whole, older ones deltas on it */
		grow_branch("a", "refs/heads/a^0", 150, 60); /* as fast-import packs */
		assert_runs("git merge-base a b >/dev/null");
		grow_branch("b", "refs/heads/b^0", 40, 10);
		assert_runs("for i in 1 2 3; do echo loose $i | git hash-object -w --stdin; done "
			    ">/dev/null");
		pack_loose(false);
		assert_repacks(ways[way]);
		remove_repo(state);
		make_repo(state);
	}
}

static void test_deltas_by_name_are_followed_wherever_their_base_lies(void **state)
{
	(void)state;
	random_start("ref deltas");
	grow_branch("a", "", 60, 12);
	assert_runs("mkdir x && mv objects/pack/* x && for p in x/*.pack; do git unpack-objects -q "
		    "< $p; done "
		    "&& rm -r x");
	pack_loose(true);
	assert_repacks(cts_repack_join);
	assert_repacks(cts_repack_history);
}

/* The same objects packed twice, deltas the other way round: neither pack's bases come first in
 * both. */
static void test_an_object_in_several_packs_goes_over_once(void **state)
{
	uint64_t once;

	(void)state;
	random_start("several packs");
	grow_branch("a", "", 200, 30);
	assert_runs("mkdir x && cp objects/pack/pack-*.* x && git repack -adfq --depth=50 "
		    "--window=30 && "
		    "rm -f objects/pack/*.rev objects/pack/*.bitmap");
	once = assert_repacks(cts_repack_join);
	assert_runs("mv x/* objects/pack && rm -r x");
	assert_true(assert_repacks(cts_repack_join) < 2 * once);
	assert_repacks(cts_repack_history);
}

static void test_a_history_is_packed_no_larger_than_git_packs_it(void **state)
{
	struct cts_pack_file *packs;
	uint64_t ours, gits = 0;
	size_t count;

	(void)state;
	random_start("history");
	for (int i = 0; i < 12; i++)
		grow_branch("a", i ? "refs/heads/a^0" : "", 60, 300);
	ours = assert_repacks(cts_repack_history);
	assert_runs("git repack -adfq && rm -f objects/pack/*.rev objects/pack/*.bitmap");
	assert_ok(cts_pack_dir_list(&packs, &count, &arena, pack_dir));
	for (size_t i = 0; i < count; i++)
		gits += packs[i].bytes;
	print_message("%llu bytes, git %llu\n", (unsigned long long)ours, (unsigned long long)gits);
	assert_true(ours * 10 < gits * 13);
}

/* One record, a thousand times: chains of two levels, none beyond the limit. */
static void test_a_record_with_a_thousand_versions_has_no_long_chain(void **state)
{
	(void)state;
	random_start("versions");
	grow_branch("a", "", 1000, 1);
	assert_repacks(cts_repack_history);
	assert_true(longest_chain() > 40);
}

static void test_doing_it_again_makes_the_same_bytes(void **state)
{
	const char **names, *first;

	(void)state;
	random_start("again");
	grow_branch("a", "", 100, 20);
	grow_branch("b", "refs/heads/a^0", 100, 20);
	assert_repacks(cts_repack_history);
	list_packs(&names);
	first = names[0];
	assert_repacks(cts_repack_history);
	assert_int_equal(list_packs(&names), 1);
	assert_string_equal(names[0], first);
}

/* A commit whose tree is missing, a tree with a link in it: left alone, and all of it kept. */
static void test_what_is_no_history_of_ours_goes_over_as_it_is(void **state)
{
	(void)state;
	random_start("strange");
	grow_branch("a", "", 40, 5);
	assert_runs("c=$(printf 'tree %%040d\\nauthor A <a@b> 1 +0000\\ncommitter A <a@b> 1 "
		    "+0000\\n\\nx\\n' 7 | "
		    "git hash-object -t commit -w --literally --stdin) && test $c");
	assert_runs("b=$(echo target | git hash-object -w --stdin) && "
		    "t=$(printf '120000 blob %%s\\tlink\\n' $b | git mktree) && "
		    "git update-ref refs/heads/l $(git commit-tree -m x $t)");
	pack_loose(false);
	assert_runs("git cat-file --batch-all-objects --batch-check > before");
	for (int i = 0; i < 2; i++) {
		const char **names;
		char name[CTS_OID_HEX + 1];
		size_t count = list_packs(&names);

		assert_ok(try_repack(name, i ? cts_repack_join : cts_repack_history, names, count));
		for (size_t at = 0; at < count; at++)
			if (strcmp(names[at] + strlen("pack-"), name) != 0)
				assert_ok(cts_pack_dir_remove(pack_dir, names[at]));
		assert_runs("git cat-file --batch-all-objects --batch-check | cmp - before");
	}
}

/* ---- damage ---- */

/* Puts a flipped bit into a file, or takes it out again. */
static void flip(const char *path, size_t at, int bit)
{
	char byte;
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte = (char)(byte ^ 1 << bit);
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
}

/* Any bit of pack or idx: refused, and the old ones are all there is. */
static void test_a_flipped_bit_is_never_passed_on(void **state)
{
	char name[CTS_OID_HEX + 1], paths[2][256];
	const char **names;
	size_t sizes[2];

	(void)state;
	random_start("flips");
	grow_branch("a", "", 30, 8);
	settle_packs("gc -q");
	assert_int_equal(list_packs(&names), 1);
	for (int file = 0; file < 2; file++) {
		struct cts_buf size = {0};

		snprintf(paths[file], sizeof(paths[file]), "%s/%s.%s", pack_dir, names[0],
			file ? "idx" : "pack");
		assert_runs("chmod u+w '%s'", paths[file]);
		assert_int_equal(run_into(&size, "stat -c %%s '%s'", paths[file]), 0);
		sizes[file] = strtoul(cts_buf_text(&size), NULL, 10);
		cts_buf_release(&size);
	}
	for (int i = 0; i < 300; i++) {
		int file = i % 3 == 0, bit = (int)random_below(8), rc;
		size_t at = random_below(sizes[file]);

		flip(paths[file], at, bit);
		rc = try_repack(name, i % 2 ? cts_repack_join : cts_repack_history, names, 1);
		if (rc != CTS_EDAMAGED)
			fail_msg("bit %d of byte %zu of the %s: %d", bit, at, file ? "idx" : "pack",
				rc);
		flip(paths[file], at, bit);
	}
	assert_int_equal(list_packs(&names), 1);
	assert_repacks(cts_repack_join);
}

static void test_a_pack_that_is_gone_is_told_from_a_damaged_one(void **state)
{
	const char *const none[] = {"pack-0123456789012345678901234567890123456789"};
	const char **names;
	struct cts_pack_set *set = NULL;

	(void)state;
	random_start("gone");
	assert_int_equal(cts_pack_set_open(&set, pack_dir, none, 1), CTS_ENOTFOUND);
	grow_branch("a", "", 40, 3);
	assert_int_equal(list_packs(&names), 1);
	assert_runs("truncate -s -30 objects/pack/%s.pack", names[0]);
	assert_int_equal(cts_pack_set_open(&set, pack_dir, names, 1), CTS_EDAMAGED);
}

static void test_nothing_makes_nothing(void **state)
{
	char name[CTS_OID_HEX + 1];

	(void)state;
	assert_ok(try_repack(name, cts_repack_history, NULL, 0));
	assert_string_equal(name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_repo, remove_all)
		TEST(test_packs_of_every_make_are_joined),
		TEST(test_deltas_by_name_are_followed_wherever_their_base_lies),
		TEST(test_an_object_in_several_packs_goes_over_once),
		TEST(test_a_history_is_packed_no_larger_than_git_packs_it),
		TEST(test_a_record_with_a_thousand_versions_has_no_long_chain),
		TEST(test_doing_it_again_makes_the_same_bytes),
		TEST(test_what_is_no_history_of_ours_goes_over_as_it_is),
		TEST(test_a_flipped_bit_is_never_passed_on),
		TEST(test_a_pack_that_is_gone_is_told_from_a_damaged_one),
		TEST(test_nothing_makes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
