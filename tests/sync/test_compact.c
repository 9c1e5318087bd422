/*
 * The mirror's packs: joined when they are many, made one when asked, never while somebody fetches,
 * and whoever reads meanwhile finds everything.
 */
#include "lab_agencies.h"

#include <fcntl.h>
#include <sys/file.h>

#include "sync/compact.h"

static size_t pack_count(void)
{
	return strtoul(lab_run("ls a/mirror.git/objects/pack/*.idx | wc -l"), NULL, 10);
}

static const char *pack_files(void)
{
	return lab_run("ls -i a/mirror.git/objects/pack");
}

static const char *objects(void)
{
	return lab_run("git -C a/mirror.git cat-file --batch-all-objects --batch-check | sort");
}

/* A pack for each. */
static void seal_changes(unsigned count)
{
	static unsigned number;

	for (unsigned i = 0; i < count; i++) {
		number++;
		lab_put(&a, lab_text("initiative/i%u", number % 7), "title",
			lab_text("t%u", number));
		assert_int_equal(cts_seal(a.road, NULL), 1);
	}
}

static struct cts_compacted compact(void)
{
	struct cts_compacted done;

	assert_ok(cts_compact(&done, a.road, NULL));
	return done;
}

/* ---- which ---- */

static void test_what_stays_has_twice_the_objects_of_all_smaller_ones(void **state)
{
	(void)state;
	random_start("choose");
	for (int round = 0; round < 2000; round++) {
		struct cts_pack_file packs[40] = {{0}};
		size_t count = random_below(COUNT(packs)), chosen;
		uint64_t smaller = 0;

		for (size_t i = 0; i < count; i++)
			packs[i].objects =
				1 + (uint32_t)random_below((size_t)1 << random_below(20));
		chosen = cts_compact_choose(packs, count);
		assert_true(chosen <= count && chosen != 1);
		for (size_t i = 0; i < count; i++) {
			if (i >= chosen && i > 0)
				assert_true(packs[i].objects >= 2 * smaller);
			smaller += packs[i].objects;
		}
		/* As few as it takes. */
		smaller = 0;
		for (size_t i = 0; chosen > 0 && i + 1 < chosen; i++)
			smaller += packs[i].objects;
		if (chosen > 0)
			assert_true(packs[chosen - 1].objects < 2 * smaller);
	}
}

static void test_many_packs_are_joined_at_the_next_seal(void **state)
{
	size_t most = 0;

	(void)state;
	for (int i = 0; i < 70; i++) {
		seal_changes(1);
		most = pack_count() > most ? pack_count() : most;
	}
	assert_in_range(most, 10, CTS_PACKS_MAX);
	assert_sound(&a);
}

static void test_a_large_pack_is_left_alone(void **state)
{
	const char *large;

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		lab_put(&a, lab_text("initiative/large%u", i), "title", "x");
	assert_int_equal(cts_seal(a.road, NULL), 300);
	large = lab_run("ls -t a/mirror.git/objects/pack/*.pack | head -1");
	seal_changes(40);
	assert_true(pack_count() <= CTS_PACKS_MAX);
	lab_run("test -e %s", large);
	assert_sound(&a);
}

/* ---- who is in the way ---- */

static int take_lock(const char *path)
{
	int fd = open(lab_path(path), O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	return fd;
}

static void test_nothing_is_taken_away_while_somebody_fetches(void **state)
{
	int lock;

	(void)state;
	lab_run("mkdir a/quarantine.abcdef");
	lock = take_lock("a/quarantine.abcdef/lock");
	seal_changes(30);
	assert_true(pack_count() > 30);
	close(lock);
	seal_changes(1);
	assert_true(pack_count() <= CTS_PACKS_MAX);
	assert_sound(&a);
}

static void test_a_pack_marked_to_be_kept_is_kept(void **state)
{
	const char *kept, *name;

	(void)state;
	seal_changes(3);
	kept = lab_run("ls a/mirror.git/objects/pack/*.idx | head -1 | sed 's/.idx$//'");
	lab_run("touch '%s.keep'", kept);
	name = objects();
	compact();
	assert_int_equal(pack_count(), 2);
	lab_run("test -e '%s.pack' && test -e '%s.idx'", kept, kept);
	assert_string_equal(objects(), name);
	seal_changes(40);
	lab_run("test -e '%s.pack' && test -e '%s.idx'", kept, kept);
	assert_sound(&a);
}

static void test_one_compacts_at_a_time(void **state)
{
	struct cts_compacted done;
	int lock = take_lock("a/compact.lock");

	(void)state;
	seal_changes(2);
	assert_int_equal(cts_compact(&done, a.road, NULL), CTS_ELOCKED);
	close(lock);
	compact();
}

/* ---- all ---- */

static void test_compacting_makes_one_pack_of_all(void **state)
{
	struct cts_compacted done;
	const char *before, *digest;

	(void)state;
	seal_changes(15);
	lab_push(&a, "origin");
	lab_put(&a, "initiative/pending", "title", "not yet sealed");
	before = objects();
	digest = lab_check(&a);
	done = compact();
	assert_true(done.packs_before > 15);
	assert_int_equal(done.packs_after, 1);
	assert_true(done.mirror_after < done.mirror_before);
	assert_true(done.data_after <= done.data_before);
	assert_string_equal(objects(), before);
	assert_string_equal(lab_check(&a), digest);
	assert_string_equal(lab_run("ls -d a/compacting.* 2>/dev/null || true"), "");
	assert_sound(&a);
	lab_put(&a, "initiative/i1", "title", "after it");
	lab_push(&a, "origin");
	assert_sound(&a);
	lab_fsck("hub");
	b = lab_clone("b", "NZP", "hub");
	assert_alike(&a, &b);
}

static void test_what_is_compact_is_left_alone(void **state)
{
	const char *files;

	(void)state;
	seal_changes(5);
	compact();
	files = pack_files();
	compact();
	assert_string_equal(pack_files(), files);
	lab_reopen(&a);
	compact();
	assert_string_equal(pack_files(), files);
	seal_changes(1);
	compact();
	assert_int_equal(pack_count(), 1);
	assert_string_not_equal(pack_files(), files);
	assert_sound(&a);
}

/* git gc and its maintenance leave what we do not write: an index over packs, reverse indexes,
 * bitmaps. */
static void test_what_git_put_beside_the_packs_goes_with_them(void **state)
{
	(void)state;
	seal_changes(6);
	lab_run("git -C a/mirror.git -c pack.writeReverseIndex=true repack -q -b -a -d");
	seal_changes(4);
	lab_run("git -C a/mirror.git multi-pack-index write 2>/dev/null");
	lab_reopen(&a);
	compact();
	assert_string_equal(
		lab_run("ls a/mirror.git/objects/pack | sed 's/.*[.]//' | sort | tr '\\n' ' '"),
		"idx pack ");
	assert_sound(&a);
	seal_changes(2);
	assert_sound(&a);
}

/* ---- who reads meanwhile ---- */

static void expect_all_objects(struct cts_odb *odb)
{
	char *rest, *list = cts_arena_strdup(&lab_arena, objects());

	for (char *line = strtok_r(list, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct cts_buf data = {0};
		enum cts_object type;
		struct cts_oid oid;
		size_t size;

		line[CTS_OID_HEX] = '\0';
		oid = oid_of(line);
		assert_ok(cts_odb_header(&type, &size, odb, &oid));
		assert_ok(cts_odb_read(&data, odb, type, &oid));
		assert_int_equal(data.size, size);
		cts_buf_release(&data);
	}
}

/* It knows the packs from before: one it has read from, the others it never opened. */
static void test_a_reader_that_knows_the_old_packs_finds_everything(void **state)
{
	(void)state;
	for (int warm = 0; warm < 2; warm++) {
		struct cts_odb *odb;
		struct cts_buf data = {0};
		struct cts_oid head = oid_of(lab_own_head(&a));

		seal_changes(12);
		cts_odb_open(&odb, lab_mirror(&a));
		assert_ok(cts_odb_read(&data, odb, CTS_OBJECT_COMMIT, &head));
		if (warm)
			expect_all_objects(odb);
		compact();
		expect_all_objects(odb);
		seal_changes(1);
		compact();
		expect_all_objects(odb);
		cts_buf_release(&data);
		cts_odb_free(odb);
	}
}

/* ---- after a crash ---- */

static void test_what_a_crash_left_is_cleared(void **state)
{
	const char *pack;

	(void)state;
	seal_changes(3);
	lab_close(&a);
	lab_run("mkdir a/compacting.dead a/compacting.alive && touch a/compacting.dead/data.mdb "
		"a/compacting.dead/lock a/compacting.dead/tmp_pack_x");
	/* Between the two files of a pack that came or went. */
	pack = "a/mirror.git/objects/pack/pack-0123456789012345678901234567890123456789.pack";
	lab_run("echo x > %s && touch -d '1 hour ago' %s", pack, pack);
	{
		int lock = take_lock("a/compacting.alive/lock");

		lab_open(&a);
		assert_string_equal(lab_run("ls -d a/compacting.*"), "a/compacting.alive");
		close(lock);
	}
	compact();
	assert_string_equal(lab_run("ls %s 2>/dev/null || true", pack), "");
	seal_changes(30);
	lab_reopen(&a);
	assert_string_equal(lab_run("ls -d a/compacting.* 2>/dev/null || true"), "");
	assert_sound(&a);
}

/* The new pack is there, the old ones are too: as after a kill before they were taken away. */
static void test_packs_that_were_not_taken_away_are_joined_again(void **state)
{
	const char *before;

	(void)state;
	seal_changes(10);
	before = objects();
	lab_run("mkdir saved && cp a/mirror.git/objects/pack/* saved");
	compact();
	lab_run("cp -n saved/* a/mirror.git/objects/pack/");
	lab_reopen(&a);
	assert_sound(&a);
	assert_true(pack_count() > 10);
	compact();
	assert_int_equal(pack_count(), 1);
	assert_string_equal(objects(), before);
	assert_sound(&a);
}

static void test_a_damaged_pack_stops_it_and_nothing_is_lost(void **state)
{
	struct cts_compacted done;
	const char *files, *pack;

	(void)state;
	seal_changes(25);
	seal_changes(3);
	pack = lab_run("ls -t a/mirror.git/objects/pack/*.pack | head -1");
	lab_run("chmod u+w %s && printf x | dd of=%s bs=1 seek=40 conv=notrunc 2>/dev/null", pack,
		pack);
	files = pack_files();
	assert_int_equal(cts_compact(&done, a.road, NULL), CTS_EDAMAGED);
	assert_string_equal(pack_files(), files);
	assert_string_equal(lab_run("ls -d a/compacting.* 2>/dev/null || true"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_agency, end_agencies)
		cmocka_unit_test(test_what_stays_has_twice_the_objects_of_all_smaller_ones),
		TEST(test_many_packs_are_joined_at_the_next_seal),
		TEST(test_a_large_pack_is_left_alone),
		TEST(test_nothing_is_taken_away_while_somebody_fetches),
		TEST(test_a_pack_marked_to_be_kept_is_kept),
		TEST(test_one_compacts_at_a_time),
		TEST(test_compacting_makes_one_pack_of_all),
		TEST(test_what_is_compact_is_left_alone),
		TEST(test_what_git_put_beside_the_packs_goes_with_them),
		TEST(test_a_reader_that_knows_the_old_packs_finds_everything),
		TEST(test_what_a_crash_left_is_cleared),
		TEST(test_packs_that_were_not_taken_away_are_joined_again),
		TEST(test_a_damaged_pack_stops_it_and_nothing_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
