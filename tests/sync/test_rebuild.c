/*
 * Rebuild: from the mirror, the journal file and `received` alone the store is what it was:
 * records, history, who it is, what is pending, what came when, what was refused.
 */
#include "lab_agencies.h"

#include <fcntl.h>
#include <sys/file.h>

static struct lab_forger evil;

/* NZP's store with all that a store can have: own and received work, a conflict, a refusal. */
static int make_world(void **state)
{
	make_agency_at_work(state);
	lab_put(&a, "initiative/gone", "title", "Goes");
	let_nzp_join();
	lab_put(&a, "initiative/x", "title", "of a");
	lab_delete(&a, "initiative/gone");
	lab_put(&b, "initiative/x", "title", "of b");
	lab_push(&a, "origin");
	lab_push(&b, "origin");
	evil = lab_forger("hub", "gcsb", "00000000000000ee");
	lab_see(&evil, lab_own_head(&a));
	lab_forge_initiative(&evil, "good", "before it went wrong");
	lab_forge_file(&evil, "README.md", "hello\n");
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	lab_put(&b, "initiative/y", "title", "sealed");
	assert_true(cts_seal(b.road, NULL) > 0);
	return 0;
}

/* What a store knows, as text: each change with its times, and each record's history. */
static int put_change(void *context, const struct cts_change *change)
{
	char hex[CTS_OID_HEX + 1];

	cts_buf_printf(context, "%s.%llu %s %s %lld %lld %s %s\n", change->writer,
		(unsigned long long)change->ref.seq, change->agency, change->author,
		(long long)change->time, (long long)change->received, change->message,
		cts_oid_format(hex, &change->commit));
	return 0;
}

static const char *history(struct lab_store *s)
{
	struct cts_buf text = {0};
	struct cts_txn *txn;
	const char *copy;

	assert_ok(cts_txn_begin(&txn, s->store));
	assert_ok(cts_txn_each_change(txn, put_change, &text));
	cts_txn_end(txn);
	copy = lab_text("%s", cts_buf_text(&text));
	cts_buf_release(&text);
	return copy;
}

static void rebuild(uint64_t expected_pending)
{
	uint64_t commits, pending;

	lab_close(&b);
	assert_ok(cts_store_rebuild(b.path, &commits, &pending, NULL));
	assert_true(commits > 0);
	assert_int_equal(pending, expected_pending);
	assert_string_equal(lab_run("cd b && ls -d rebuild.* 2>/dev/null || true"), "");
	lab_open(&b);
}

static void assert_rebuilt(uint64_t pending)
{
	const char *digest = lab_check(&b), *writer = lab_writer(&b), *past = history(&b);
	const char *head = lab_own_head(&b);

	for (int i = 0; i < 2; i++) { /* and again */
		lab_close(&b);
		lab_run("rm -f b/data.mdb b/lock.mdb");
		rebuild(pending);
		assert_sound(&b);
		assert_string_equal(lab_check(&b), digest);
		assert_string_equal(lab_writer(&b), writer);
		assert_string_equal(history(&b), past);
		assert_string_equal(lab_own_head(&b), head);
		assert_int_equal(lab_sides(&b, "initiative/x", "title"), 2);
	}
}

static void test_a_lost_database_is_made_again(void **state)
{
	(void)state;
	assert_rebuilt(0);
	/* and goes on with the same branch */
	lab_put(&b, "initiative/y", "title", "goes on");
	lab_push(&b, "origin");
	assert_int_equal(lab_pushed.commits, 2 + 1);
	assert_int_equal(lab_try_pull(&a, "origin"), CTS_EINTEGRITY);
	lab_pull(&b, "origin");
	assert_alike(&a, &b);
}

static void test_pending_changes_are_kept(void **state)
{
	(void)state;
	lab_put(&b, "initiative/p", "title", "pending");
	lab_put(&b, "initiative/y", "overview", "pending too");
	lab_delete(&b, "initiative/good");
	assert_rebuilt(3);
	assert_string_equal(lab_get(&b, "initiative/p", "title"), "pending");
	assert_string_equal(lab_get(&b, "initiative/good", "title"), "(none)");
	assert_int_equal(cts_seal(b.road, NULL), 3);
	assert_sound(&b);
}

static void test_pending_changes_after_a_pull_are_kept(void **state)
{
	(void)state;
	lab_put(&a, "initiative/new", "title", "new");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	lab_put(&b, "initiative/new", "overview", "seen, and pending");
	assert_rebuilt(1);
	assert_int_equal(cts_seal(b.road, NULL), 2);
	assert_sound(&b);
	lab_push(&b, "origin");
	assert_int_equal(lab_try_pull(&a, "origin"), CTS_EINTEGRITY);
	lab_pull(&b, "origin");
	assert_alike(&a, &b);
}

static void test_a_store_that_never_spoke_is_rebuilt(void **state)
{
	struct lab_store c = lab_clone("c", "MSD", "hub");
	const char *digest = lab_check(&c), *writer = lab_writer(&c), *past = history(&c);

	(void)state;
	lab_close(&c);
	lab_run("rm c/data.mdb");
	assert_ok(cts_store_rebuild(c.path, NULL, NULL, NULL));
	lab_open(&c);
	assert_string_equal(lab_check(&c), digest);
	assert_string_equal(lab_writer(&c), writer);
	assert_string_equal(history(&c), past);
	lab_put(&c, "initiative/c", "title", "its first");
	assert_string_equal(lab_writer(&c), writer);
	assert_int_equal(cts_seal(c.road, NULL), 2);
	assert_sound(&c);
	lab_close(&c);
}

/* What this store held at a time: what it did itself before a pull was there before the pull. */
static void test_what_came_when_is_kept(void **state)
{
	const char *past;

	(void)state;
	for (int i = 0; i < 2; i++) {
		sleep(1);
		lab_put(&b, "initiative/y", "overview", lab_text("own work %d", i));
		sleep(1);
		lab_put(&a, "initiative/x", "overview", lab_text("work of others %d", i));
		lab_push(&a, "origin");
		lab_pull(&b, "origin");
	}
	past = history(&b);
	for (int i = 0; i < 2; i++) {
		rebuild(0);
		assert_string_equal(history(&b), past);
	}
	assert_sound(&b);
}

static void test_refusals_and_pins_are_kept(void **state)
{
	struct cts_refusal *refused;
	struct cts_txn *txn;
	char hex[CTS_OID_HEX + 1];
	size_t count;

	(void)state;
	rebuild(0);
	assert_ok(cts_txn_begin(&txn, b.store));
	assert_ok(cts_refusals(txn, &refused, &count, &lab_arena));
	cts_txn_end(txn);
	assert_int_equal(count, 1);
	assert_string_equal(cts_oid_format(hex, &refused[0].commit), evil.head);
	assert_string_equal(refused[0].branch, "gcsb/00000000000000ee");
	assert_non_null(strstr(refused[0].why, "README.md"));
	lab_pull(&b, "origin"); /* not asked for again */
	/* a branch that goes back is still seen */
	lab_run("git -C hub update-ref refs/heads/%s %s~1", lab_branch(&a), lab_own_head(&a));
	assert_int_equal(lab_try_pull(&b, "origin"), CTS_EINTEGRITY);
	assert_non_null(strstr(lab_pulled.refused[0].why, lab_own_head(&a)));
	/* but not at another place under the same name, whatever was rebuilt */
	lab_run("cp -r hub older");
	assert_ok(cts_remote_set_url(b.store, "origin", lab_path("older")));
	rebuild(0);
	lab_pull(&b, "origin");
}

static void test_a_torn_end_of_received_tells_nothing(void **state)
{
	const char *past = history(&b), *digest = lab_check(&b);

	(void)state;
	lab_run("printf '2021-06-15T09:30:00Z refused %s dpmc/0123456789abcdef wh' >> b/received",
		lab_own_head(&a));
	rebuild(0);
	assert_string_equal(history(&b), past);
	lab_run("printf '\\nnonsense\\n2021-06-15T09:30:00Z head zz\\n2021-06-15T09:30:00Z pin x\\n"
		"2021-06-15T09:30:00Z future a b\\n\\n \\n' >> b/received");
	lab_run("head -c 3000 /dev/urandom >> b/received");
	rebuild(0);
	assert_string_equal(lab_check(&b), digest);
}

static void test_without_received_the_records_are_the_same(void **state)
{
	const char *digest = lab_check(&b);

	(void)state;
	lab_run("rm b/received");
	rebuild(0);
	assert_string_equal(lab_check(&b), digest);
	assert_sound(&b);
}

static void test_the_damaged_database_is_put_aside(void **state)
{
	const char *digest = lab_check(&b), *damaged;

	(void)state;
	lab_close(&b);
	lab_run("dd if=/dev/urandom of=b/data.mdb bs=4096 count=4 conv=notrunc 2>/dev/null");
	damaged = lab_run("sha256sum < b/data.mdb");
	assert_true(lab_try_open(&b) < 0);
	assert_ok(cts_store_rebuild(b.path, NULL, NULL, NULL));
	lab_open(&b);
	assert_string_equal(lab_check(&b), digest);
	assert_string_equal(lab_run("sha256sum < b/data.mdb.damaged"), damaged);
}

static void test_a_mirror_that_lacks_something_leaves_the_store_as_it_is(void **state)
{
	const char *digest = lab_check(&b), *blob, *before;

	(void)state;
	blob = lab_run(
		"git -C b/mirror.git rev-parse %s:records/initiative/x.json", lab_own_head(&a));
	lab_close(&b);
	lab_run("cd b/mirror.git && mkdir ../packs && mv objects/pack/* ../packs && "
		"for p in ../packs/*.pack; do git unpack-objects -q < $p; done; rm -rf ../packs && "
		"mv objects/%.2s/%s ../kept",
		blob, blob + 2);
	before = lab_run("sha256sum < b/data.mdb");
	assert_int_equal(cts_store_rebuild(b.path, NULL, NULL, NULL), CTS_EDAMAGED);
	assert_non_null(strstr(cts_error_message(CTS_EDAMAGED), "mirror"));
	assert_string_equal(lab_run("sha256sum < b/data.mdb"), before);
	assert_string_equal(lab_run("cd b && ls -d rebuild.* 2>/dev/null || true"), "");
	lab_run("mv b/kept b/mirror.git/objects/%.2s/%s", blob, blob + 2);
	rebuild(0);
	assert_string_equal(lab_check(&b), digest);
}

static void test_a_rebuild_waits_for_nobody(void **state)
{
	static const char *const locks[] = {"b/lock", "b/mirror.lock"};

	(void)state;
	lab_close(&b);
	for (size_t i = 0; i < COUNT(locks); i++) {
		int lock = open(lab_path(locks[i]), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		assert_int_equal(flock(lock, LOCK_EX), 0);
		assert_int_equal(cts_store_rebuild(b.path, NULL, NULL, NULL), CTS_ELOCKED);
		close(lock);
	}
	lab_open(&b);
	assert_sound(&b);
}

static void test_a_config_that_does_not_say_who_it_is_is_told(void **state)
{
	(void)state;
	lab_close(&b);
	lab_run("cp b/config config.kept && git config -f b/config --unset ctsync.writer");
	assert_int_equal(cts_store_rebuild(b.path, NULL, NULL, NULL), CTS_EDAMAGED);
	assert_non_null(strstr(cts_error_hint(), "ctsync.writer"));
	lab_run("cp config.kept b/config");
	rebuild(0);
	assert_sound(&b);
}

static void test_a_folder_without_a_mirror_is_told(void **state)
{
	int rc;

	(void)state;
	lab_close(&b);
	lab_run("mv b/mirror.git away");
	rc = cts_store_rebuild(b.path, NULL, NULL, NULL);
	assert_true(rc == CTS_EDAMAGED || rc == CTS_EUNREACHABLE);
	lab_run("mv away b/mirror.git");
	lab_open(&b);
	assert_sound(&b);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_world, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_lost_database_is_made_again),
		T(test_pending_changes_are_kept),
		T(test_pending_changes_after_a_pull_are_kept),
		T(test_a_store_that_never_spoke_is_rebuilt),
		T(test_what_came_when_is_kept),
		T(test_refusals_and_pins_are_kept),
		T(test_a_torn_end_of_received_tells_nothing),
		T(test_without_received_the_records_are_the_same),
		T(test_the_damaged_database_is_put_aside),
		T(test_a_mirror_that_lacks_something_leaves_the_store_as_it_is),
		T(test_a_rebuild_waits_for_nobody),
		T(test_a_config_that_does_not_say_who_it_is_is_told),
		T(test_a_folder_without_a_mirror_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
