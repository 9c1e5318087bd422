/*
 * Stores as a whole: made, found, opened, refused; damaged, of a newer format, read-only.
 */
#include "tests/store/fixture.h"

#include <sys/mman.h>

static struct cts_store_setup setup_of(const char *agency)
{
	return (struct cts_store_setup){
		.agency = agency,
		.author = "Aroha Ngata <aroha@example.nz>",
		.schema = cts_schema_builtin(),
	};
}

static void test_new_store_is_empty_and_knows_whose_it_is(void **state)
{
	struct cts_store *store;
	struct cts_identity self;
	struct cts_txn *txn;

	(void)state;
	unsetenv("CTSYNC_MAP_BYTES"); /* as everybody has it */
	store = make_store("s");
	assert_string_equal(cts_store_path(store), path_of("s"));
	cts_store_identity(store, &self);
	assert_string_equal(self.agency, "nzp");
	assert_true(cts_writer_is_valid(self.writer));
	assert_string_equal(self.author, "Aroha Ngata <aroha@example.nz>");
	assert_string_equal(cts_store_config(store, "ctsync.agency"), "nzp");
	assert_string_equal(cts_store_config(store, "ctsync.writer"), self.writer);
	assert_ptr_equal(cts_store_schema(store), cts_schema_builtin());
	txn = begin_reading(store);
	assert_int_equal(cts_txn_record_bound(txn), 0);
	cts_txn_end(txn);
	assert_int_equal(size_of(path_of("s/journal")), 0);
	assert_int_equal(size_of(path_of("s/received")), 0);
	check_store(store, NULL);
	assert_ok(cts_store_sync(store));
	cts_store_close(store);
	cts_store_close(NULL);
}

static void test_store_is_not_made_over_another(void **state)
{
	struct cts_store_setup setup = setup_of("dpmc");
	struct cts_store *store = make_store("s");
	struct cts_identity self;

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	cts_store_close(store);
	assert_error(cts_store_create(path_of("s"), &setup), CTS_EREFUSED, "there is a store in");
	store = open_store("s");
	cts_store_identity(store, &self);
	assert_string_equal(self.agency, "nzp");
	expect_field(store, "initiative/a", "title", "Grow");
	check_store(store, NULL);
	cts_store_close(store);
}

static void test_store_is_not_made_where_nothing_is(void **state)
{
	struct cts_store_setup setup = setup_of("nzp");

	(void)state;
	assert_error(cts_store_create(path_of("none/s"), &setup), CTS_EIO, "cannot make");
}

static void test_missing_store_is_told(void **state)
{
	struct cts_store *store = NULL;

	(void)state;
	assert_error(cts_store_open(&store, path_of("none")), CTS_ENOSTORE, "no store at");
	assert_hint("ctsync init");
	write_text(path_of("file"), "x");
	assert_error(cts_store_open(&store, path_of("file")), CTS_ENOSTORE, "no store at");
	assert_null(store);
}

static void test_nearest_store_above_is_found(void **state)
{
	struct cts_arena arena = {0};
	const char *path = NULL;

	(void)state;
	assert_int_equal(mkdir(path_of("a"), 0777), 0);
	assert_int_equal(mkdir(path_of("a/b"), 0777), 0);
	assert_int_equal(mkdir(path_of("a/b/c"), 0777), 0);
	assert_error(cts_store_find(&path, &arena, path_of("a/b/c")), CTS_ENOSTORE, "no store in");
	assert_hint("ctsync init");
	assert_null(path);
	assert_int_equal(mkdir(path_of("a/.ctsync"), 0777), 0);
	assert_ok(cts_store_find(&path, &arena, path_of("a/b/c")));
	assert_string_equal(path, path_of("a/.ctsync"));
	/* A file of that name is none. */
	write_text(path_of("a/b/.ctsync"), "x");
	assert_ok(cts_store_find(&path, &arena, path_of("a/b/c")));
	assert_string_equal(path, path_of("a/.ctsync"));
	assert_int_equal(mkdir(path_of("a/b/c/.ctsync"), 0777), 0);
	assert_ok(cts_store_find(&path, &arena, path_of("a/b/../b/c")));
	assert_string_equal(path, path_of("a/b/c/.ctsync"));
	assert_error(cts_store_find(&path, &arena, path_of("none")), CTS_EIO, "none");
	cts_arena_release(&arena);
}

/* ---- formats and schemas ---------------------------------------------------------------------- */

static void test_newer_format_is_refused(void **state)
{
	static const char newer[4] = {0, 0, 0, CTS_STORE_FORMAT + 1};
	struct cts_store *store = make_store("s");
	struct cts_txn *txn = begin_raw(store);

	(void)state;
	assert_ok(cts_meta_put(txn, "format", newer, sizeof(newer)));
	commit_raw(txn);
	cts_store_close(store);
	store = NULL;
	assert_error(cts_store_open(&store, path_of("s")), CTS_ENEWER, "has format 2");
	assert_hint("newer ctsync");
	assert_null(store);
}

static void test_schema_of_the_store_is_the_one_in_force(void **state)
{
	struct cts_slice bytes = cts_schema_bytes(cts_schema_builtin());
	struct cts_store *store = make_store("s");
	struct cts_txn *txn;
	struct cts_buf changed = {0};
	char *title;

	(void)state;
	/* The built-in one with a field of another name. */
	cts_buf_put(&changed, bytes.data, bytes.size);
	title = memmem(changed.data, changed.size, "workstreams_note", 16);
	assert_non_null(title);
	memcpy(title, "workstreams_text", 16);
	txn = begin_raw(store);
	assert_ok(cts_meta_put(txn, "schema", changed.data, changed.size));
	commit_raw(txn);
	store = reopen(store, "s");
	assert_ptr_not_equal(cts_store_schema(store), cts_schema_builtin());
	assert_non_null(cts_kind_field(
		cts_schema_kind(cts_store_schema(store), "initiative"), "workstreams_text"));
	cts_buf_release(&changed);
	cts_store_close(store);
}

static void test_schema_that_is_none_is_told(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_txn *txn = begin_raw(store);

	(void)state;
	assert_ok(cts_meta_put(txn, "schema", "none", 4));
	commit_raw(txn);
	cts_store_close(store);
	store = NULL;
	assert_true(cts_store_open(&store, path_of("s")) < 0);
	assert_null(store);
}

/* ---- damage ----------------------------------------------------------------------------------- */

static void test_missing_facts_are_damage(void **state)
{
	static const char *const names[] = {"format", "schema", "agency", "writer", "counters"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct cts_store *store = make_store(names[i]);
		struct cts_txn *txn = begin_raw(store);

		assert_int_equal(cts_db_delete(txn, CTS_DB_META,
					 (struct cts_slice){names[i], strlen(names[i])}),
			1);
		commit_raw(txn);
		cts_store_close(store);
		store = NULL;
		assert_error(cts_store_open(&store, path_of("%s", names[i])), CTS_EDAMAGED,
			"is damaged");
		assert_hint("ctsync rebuild");
		assert_null(store);
	}
}

static void test_missing_data_is_damage(void **state)
{
	struct cts_store *store = make_store("s");

	(void)state;
	cts_store_close(store);
	assert_int_equal(unlink(path_of("s/data.mdb")), 0);
	store = NULL;
	assert_error(cts_store_open(&store, path_of("s")), CTS_EDAMAGED, "data.mdb is missing");
	assert_hint("ctsync rebuild");
	write_text(path_of("s/data.mdb"), "this is no database at all");
	assert_error(cts_store_open(&store, path_of("s")), CTS_EDAMAGED, "is damaged");
	assert_null(store);
}

/* Opens a damaged store and reads all of it, as a program that guards against its own faults. */
static int read_damaged(void *context)
{
	struct cts_check check = {0};
	struct cts_store *store;
	int rc, null = open("/dev/null", O_WRONLY);

	(void)context;
	dup2(null, STDERR_FILENO);
	cts_store_guard_faults();
	rc = cts_store_open(&store, path_of("s"));
	if (rc == 0) {
		rc = cts_store_check(store, &check);
		cts_store_close(store);
	}
	return rc < 0 ? cts_error_status(rc) : 0;
}

static void test_random_damage_ends_with_words_not_with_a_crash(void **state)
{
	struct dice dice = dice_of_run();
	struct cts_store *store;
	struct cts_buf whole = {0};
	const char *preload = getenv("LD_PRELOAD");
	int told = 0;

	(void)state;
	if (preload && strstr(preload, "vgpreload"))
		skip(); /* valgrind counts a fault as an error even where it is handled */
	store = make_store("s");
	for (int i = 0; i < 40; i++) {
		char key[64];

		snprintf(key, sizeof(key), "initiative/n%d", i);
		SET(store, key, "title=Some title", "labels=a|b|c");
	}
	cts_store_close(store);
	read_file_into(&whole, path_of("s/data.mdb"));
	for (int round = 0; round < 25; round++) {
		size_t at = dice_below(&dice, whole.size - 512);
		int status;

		for (size_t i = 0; i < 512; i++)
			whole.data[at + i] ^= (char)0xa5;
		write_file(path_of("s/data.mdb"), whole.data, whole.size);
		status = in_process(read_damaged, NULL);
		if (status != 0 && status != 70 && status != 72 && status != 74)
			fail_msg("round %d ends with %d", round, status);
		told += status != 0;
		for (size_t i = 0; i < 512; i++)
			whole.data[at + i] ^= (char)0xa5;
	}
	assert_true(told > 0);
	cts_buf_release(&whole);
}

/* Reads a file behind its end, as a pack on a stick that was pulled out would be read. */
static int read_what_is_gone(void *context)
{
	struct cts_store *store;
	int fd = open(path_of("pack"), O_RDWR | O_CREAT, 0600), told;
	const volatile char *map;
	char byte;

	(void)context;
	told = open(path_of("told"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(told, STDERR_FILENO);
	cts_store_guard_faults();
	if (cts_store_open(&store, path_of("s")) < 0 || ftruncate(fd, 4096) != 0)
		return 1;
	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED || ftruncate(fd, 0) != 0)
		return 2;
	byte = *map;
	return byte ? 3 : 4;
}

static void test_a_file_that_is_gone_is_not_taken_for_damage_of_the_store(void **state)
{
	struct cts_buf told = {0};
	const char *preload = getenv("LD_PRELOAD");

	(void)state;
	if (preload && strstr(preload, "vgpreload"))
		skip();
	cts_store_close(make_store("s"));
	assert_int_equal(in_process(read_what_is_gone, NULL), 74);
	read_file_into(&told, path_of("told"));
	assert_non_null(strstr(cts_buf_text(&told), "while it was read"));
	assert_null(strstr(cts_buf_text(&told), "damaged"));
	cts_buf_release(&told);
}

/* ---- reading alone ---------------------------------------------------------------------------- */

/* Root may write everywhere: another user looks. */
static int count_violation(void *context, int number, const char *text)
{
	(void)number;
	(void)text;
	++*(int *)context;
	return 0;
}

static int read_as_nobody(void *context)
{
	struct cts_store *store;
	struct cts_txn *txn;
	struct cts_record record;
	int wrong = 0;
	struct cts_check check = {.context = &wrong, .violation = count_violation};

	(void)context;
	if (getuid() == 0 && setuid(65534) != 0)
		return 100;
	if (cts_store_open(&store, path_of("s")) < 0)
		return 101;
	if (cts_txn_begin(&txn, store) < 0 || cts_txn_get(txn, &record, "initiative/a") < 0)
		return 102;
	wrong += strcmp(cts_record_text(&record, "title"), "Grow") != 0;
	cts_record_release(&record);
	cts_txn_end(txn);
	wrong += try_edit(store, "initiative/a", TEXTS("title=Changed")) != CTS_EIO;
	wrong += !strstr(cts_error_message(CTS_EIO), "it is read-only");
	wrong += cts_store_check(store, &check) != 0;
	cts_store_close(store);
	return wrong;
}

static void test_store_that_may_not_be_written_is_read(void **state)
{
	struct cts_store *store = make_store("s");

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	cts_store_close(store);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(path_of("s"), 0555), 0);
	assert_int_equal(in_process(read_as_nobody, NULL), 0);
	assert_int_equal(chmod(path_of("s"), 0755), 0);
	store = open_store("s");
	expect_field(store, "initiative/a", "title", "Grow");
	check_store(store, NULL);
	cts_store_close(store);
}

/* ---- received, locks -------------------------------------------------------------------------- */

static void test_lines_are_appended_to_received(void **state)
{
	struct cts_store *store = make_store("s");
	struct cts_buf text = {0};

	(void)state;
	assert_ok(cts_store_append_received(store, "2021-06-15T09:30:00Z head x"));
	assert_ok(cts_store_append_received(store, "second"));
	read_file_into(&text, path_of("s/received"));
	assert_string_equal(cts_buf_text(&text), "2021-06-15T09:30:00Z head x\nsecond\n");
	cts_buf_release(&text);
	cts_store_close(store);
}

static void test_lock_is_waited_for_and_given_up(void **state)
{
	struct cts_store *store = make_store("s");
	int64_t start;
	int first, second;

	(void)state;
	first = cts_store_lock_mirror(store, 0);
	assert_true(first >= 0);
	start = cts_time_now_ms();
	assert_error(cts_store_lock_mirror(store, 0), CTS_ELOCKED, "another process holds");
	assert_true(cts_time_now_ms() - start < 5000);
	start = cts_time_now_ms();
	assert_error(cts_store_lock_mirror(store, 120), CTS_ELOCKED, "another process holds");
	assert_true(cts_time_now_ms() - start >= 120);
	close(first);
	second = cts_store_lock_mirror(store, 0);
	assert_true(second >= 0);
	close(second);
	assert_error(cts_lock_take(path_of("none/lock"), 0), CTS_EIO, "cannot open the lock");
	/* The store's own lock is another: writing goes on meanwhile. */
	first = cts_store_lock_mirror(store, 0);
	SET(store, "initiative/a", "title=Grow");
	close(first);
	cts_store_close(store);
}

static void test_store_on_a_local_disk_is_let_in(void **state)
{
	(void)state;
	assert_ok(cts_lock_check_filesystem(dir));
	assert_ok(cts_lock_check_filesystem("/proc"));
	assert_ok(cts_lock_check_filesystem("/none"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(test_new_store_is_empty_and_knows_whose_it_is),
		TEST(test_store_is_not_made_over_another),
		TEST(test_store_is_not_made_where_nothing_is),
		TEST(test_missing_store_is_told),
		TEST(test_nearest_store_above_is_found),
		TEST(test_newer_format_is_refused),
		TEST(test_schema_of_the_store_is_the_one_in_force),
		TEST(test_schema_that_is_none_is_told),
		TEST(test_missing_facts_are_damage),
		TEST(test_missing_data_is_damage),
		TEST(test_random_damage_ends_with_words_not_with_a_crash),
		TEST(test_a_file_that_is_gone_is_not_taken_for_damage_of_the_store),
		TEST(test_store_that_may_not_be_written_is_read),
		TEST(test_lines_are_appended_to_received),
		TEST(test_lock_is_waited_for_and_given_up),
		TEST(test_store_on_a_local_disk_is_let_in),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
