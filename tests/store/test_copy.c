/*
 * A copy taken through a sink is the store as of one moment, whatever others write meanwhile: its
 * journal file is that of its database, and nothing of it is torn.
 */
#include "tests/store/fixture.h"

/* ---- a sink that writes files ---- */

struct files {
	const char *name; /* of the copy */
	int fd;
	struct cts_buf order;
	const char *refuse; /* a file that it will not take */
};

static int begin_file(void *context, const char *name)
{
	struct files *files = context;

	cts_buf_printf(&files->order, "%s ", name);
	files->fd = open(path_of("%s/%s", files->name, name), O_WRONLY | O_CREAT | O_EXCL, 0666);
	assert_true(files->fd >= 0);
	return 0;
}

static int put(void *context, const void *data, size_t size)
{
	struct files *files = context;

	if (files->refuse && strstr(cts_buf_text(&files->order), files->refuse))
		return cts_fail(CTS_ENOSPACE, "the sink is full");
	assert_int_equal(write(files->fd, data, size), (ssize_t)size);
	return 0;
}

static int end_file(void *context)
{
	return close(((struct files *)context)->fd);
}

struct then {
	uint64_t pending;
	int answer;
};

static int look(struct cts_txn *txn, void *context)
{
	struct then *then = context;

	assert_ok(cts_txn_journal_count(txn, &then->pending));
	return then->answer;
}

static int copy_to(struct cts_store *store, const char *name, struct then *then)
{
	struct files files = {.name = name};
	const struct cts_copy_sink sink = {
		.context = &files, .begin = begin_file, .put = put, .end = end_file};
	int rc;

	assert_int_equal(mkdir(path_of("%s", name), 0777), 0);
	rc = cts_store_copy(store, &sink, look, then);
	if (rc == 0)
		assert_string_equal(
			cts_buf_text(&files.order), "data.mdb journal received config ");
	cts_buf_release(&files.order);
	return rc;
}

/* ---- tests ---- */

static void test_a_copy_is_the_store(void **state)
{
	struct cts_store *store = make_store("s"), *copy;
	struct cts_buf journal = {0}, copied = {0};
	struct cts_identity identity, other;
	struct then then = {0};

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	SET(store, "initiative/a", "title=Grow more", "notes=x");
	assert_ok(cts_store_append_received(store, "2021-06-15T09:30:00Z head"));
	assert_ok(copy_to(store, "copy", &then));
	assert_int_equal(then.pending, 2);
	read_file_into(&journal, path_of("s/journal"));
	read_file_into(&copied, path_of("copy/journal"));
	assert_int_equal(copied.size, journal.size);
	assert_memory_equal(copied.data, journal.data, journal.size);
	read_file_into(&copied, path_of("copy/received"));
	assert_string_equal(cts_buf_text(&copied), "2021-06-15T09:30:00Z head\n");
	copy = open_store("copy");
	expect_same_records(store, copy);
	check_store(copy, NULL);
	assert_int_equal(journal_count(copy), 2);
	SET(copy, "initiative/a", "title=Of the copy");
	cts_store_identity(store, &identity);
	cts_store_identity(copy, &other);
	assert_string_not_equal(identity.writer, other.writer);
	assert_int_equal(journal_count(copy), 3);
	check_store(copy, NULL);
	cts_store_close(copy);
	SET(store, "initiative/a", "title=Of the store");
	cts_store_close(store);
	cts_buf_release(&journal);
	cts_buf_release(&copied);
}

static void test_an_empty_store_is_copied(void **state)
{
	struct cts_store *store = make_store("s"), *copy;
	struct then then = {0};

	(void)state;
	assert_ok(copy_to(store, "copy", &then));
	assert_int_equal(then.pending, 0);
	copy = open_store("copy");
	check_store(copy, NULL);
	SET(copy, "initiative/a", "title=x");
	cts_store_close(copy);
	cts_store_close(store);
}

/* A sink that fails early or late, and what comes after the files: the failure is told, the thread
 * that copied is gone, and the store goes on. */
static void test_a_sink_that_fails_ends_the_copy(void **state)
{
	static const char *const refused[] = {"data.mdb", "journal", "received", "config"};
	struct cts_store *store = make_store("s");
	struct cts_buf names = {0};

	(void)state;
	SET(store, "initiative/a", "title=Grow");
	assert_ok(cts_store_append_received(store, "a line"));
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct files files = {.name = "copy", .refuse = refused[i]};
		const struct cts_copy_sink sink = {
			.context = &files, .begin = begin_file, .put = put, .end = end_file};
		struct then then = {0};

		assert_int_equal(mkdir(path_of("copy"), 0777), 0);
		assert_error(cts_store_copy(store, &sink, look, &then), CTS_ENOSPACE, "full");
		close(files.fd);
		cts_buf_release(&files.order);
		assert_int_equal(rename(path_of("copy"), path_of("old%zu", i)), 0);
	}
	{
		struct then then = {.answer = CTS_EIO};

		assert_int_equal(copy_to(store, "copy", &then), CTS_EIO);
	}
	SET(store, "initiative/a", "title=Still here");
	check_store(store, NULL);
	cts_store_close(store);
	cts_buf_release(&names);
}

static int write_all_the_time(void *context)
{
	struct cts_store *store = NULL;

	(void)context;
	if (cts_store_open(&store, path_of("s")) < 0)
		return 1;
	for (int i = 0; i < 400; i++) {
		char title[32];

		snprintf(title, sizeof(title), "title=t%d", i);
		if (try_edit(store, i % 2 ? "initiative/a" : "initiative/b", TEXTS(title)) < 0)
			return 2;
	}
	cts_store_close(store);
	return 0;
}

static void test_a_copy_is_of_one_moment_while_others_write(void **state)
{
	struct cts_store *store = make_store("s");
	struct process writer;
	uint64_t last = 0;

	(void)state;
	cts_store_close(store); /* LMDB's handle is not to be shared with a child */
	writer = start_process(write_all_the_time, NULL);
	store = open_store("s");
	for (int i = 0; i < 15; i++) {
		struct cts_store *copy;
		struct then then = {0};
		char name[16];

		snprintf(name, sizeof(name), "copy%d", i);
		assert_ok(copy_to(store, name, &then));
		assert_true(then.pending >= last);
		last = then.pending;
		copy = open_store(name);
		assert_int_equal(journal_count(copy), then.pending);
		check_store(copy, NULL);
		cts_store_close(copy);
	}
	assert_int_equal(wait_process(writer), 0);
	assert_int_equal(journal_count(store), 400);
	check_store(store, NULL);
	cts_store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
		TEST(test_a_copy_is_the_store),
		TEST(test_an_empty_store_is_copied),
		TEST(test_a_sink_that_fails_ends_the_copy),
		TEST(test_a_copy_is_of_one_moment_while_others_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
