/*
 * The journal file: what is appended is read back, and of a torn or changed file everything up to the
 * first frame that is not whole.
 */
#include "tests/store/fixture.h"

static const char *journal_path(void)
{
	return path_of("journal");
}

static struct cts_journal_file *open_journal(void)
{
	struct cts_journal_file *file = NULL;

	assert_ok(cts_journal_open(&file, journal_path(), true));
	return file;
}

static void append(struct cts_journal_file *file, uint64_t number, const char *text)
{
	assert_ok(cts_journal_append(
		file, number, (struct cts_slice){.data = text, .size = strlen(text)}));
}

static int note_frame(void *context, uint64_t number, struct cts_slice frame, uint64_t end)
{
	cts_buf_printf(context, "%llu:%.*s@%llu ", (unsigned long long)number,
		frame.size > 20 ? 20 : (int)frame.size, (const char *)frame.data,
		(unsigned long long)end);
	return 0;
}

static void expect_frames(const char *expected)
{
	struct cts_journal_file *file = open_journal();
	struct cts_buf out = {0};

	assert_ok(cts_journal_read(file, note_frame, &out));
	assert_string_equal(cts_buf_text(&out), expected);
	cts_buf_release(&out);
	cts_journal_close(file);
}

static void write_three(void)
{
	struct cts_journal_file *file = open_journal();

	append(file, 7, "one");
	append(file, 7, "");
	append(file, 8, "three");
	assert_ok(cts_journal_flush(file));
	cts_journal_close(file);
}

static void test_frames_are_read_as_they_were_appended(void **state)
{
	(void)state;
	expect_frames("");
	write_three();
	expect_frames("7:one@47 7:@91 8:three@140 ");
	write_three();
	expect_frames("7:one@47 7:@91 8:three@140 7:one@187 7:@231 8:three@280 ");
	assert_int_equal(size_of(journal_path()), 280);
	assert_int_equal(cts_journal_frame_size(5), 49);
}

static void test_what_is_not_flushed_counts_but_is_not_there(void **state)
{
	struct cts_journal_file *file = open_journal();
	struct cts_buf out = {0};

	(void)state;
	append(file, 1, "one");
	assert_int_equal(cts_journal_size(file), 47);
	assert_int_equal(size_of(journal_path()), 0);
	assert_ok(cts_journal_read(file, note_frame, &out));
	assert_string_equal(cts_buf_text(&out), "");
	assert_ok(cts_journal_flush(file));
	assert_int_equal(size_of(journal_path()), 47);
	cts_journal_close(file);
	cts_buf_release(&out);
}

static void test_cut_takes_back_what_was_appended(void **state)
{
	struct cts_journal_file *file;

	(void)state;
	write_three();
	file = open_journal();
	append(file, 9, "four");
	assert_ok(cts_journal_flush(file));
	append(file, 9, "five");
	assert_ok(cts_journal_cut(file, 91));
	assert_int_equal(cts_journal_size(file), 91);
	append(file, 9, "six");
	assert_ok(cts_journal_flush(file));
	cts_journal_close(file);
	expect_frames("7:one@47 7:@91 9:six@138 ");
}

static void test_torn_tail_ends_the_reading(void **state)
{
	struct cts_buf whole = {0};

	(void)state;
	write_three();
	read_file_into(&whole, journal_path());
	for (size_t size = 0; size <= whole.size; size++) {
		write_file(journal_path(), whole.data, size);
		expect_frames(size < 47	   ? ""
			      : size < 91  ? "7:one@47 "
			      : size < 140 ? "7:one@47 7:@91 "
					   : "7:one@47 7:@91 8:three@140 ");
	}
	cts_buf_release(&whole);
}

static void test_changed_byte_ends_the_reading(void **state)
{
	struct cts_buf whole = {0};

	(void)state;
	write_three();
	read_file_into(&whole, journal_path());
	for (size_t at = 0; at < whole.size; at++) {
		whole.data[at] ^= 0x10;
		write_file(journal_path(), whole.data, whole.size);
		expect_frames(at < 47	 ? ""
			      : at < 91 ? "7:one@47 "
					: "7:one@47 7:@91 ");
		whole.data[at] ^= 0x10;
	}
	cts_buf_release(&whole);
}

static void test_length_of_a_frame_is_not_believed(void **state)
{
	static const unsigned char huge[64] = {0xff, 0xff, 0xff, 0xff};

	(void)state;
	write_file(journal_path(), huge, sizeof(huge));
	expect_frames("");
}

static void test_large_frames_are_written_through(void **state)
{
	struct cts_journal_file *file = open_journal();
	size_t size = 3 << 20;
	char *bytes = cts_malloc(size);
	struct cts_buf out = {0};

	(void)state;
	memset(bytes, 'b', size);
	for (uint64_t i = 0; i < 3; i++)
		assert_ok(cts_journal_append(
			file, i, (struct cts_slice){.data = bytes, .size = size}));
	append(file, 3, "end");
	assert_ok(cts_journal_flush(file));
	assert_int_equal(cts_journal_size(file), 3 * (size + 44) + 47);
	assert_int_equal(size_of(journal_path()), 3 * (size + 44) + 47);
	assert_ok(cts_journal_read(file, note_frame, &out));
	assert_non_null(strstr(cts_buf_text(&out), "3:end@"));
	cts_journal_close(file);
	cts_buf_release(&out);
	free(bytes);
}

static int stop_at_second(void *context, uint64_t number, struct cts_slice frame, uint64_t end)
{
	int *calls = context;

	(void)number;
	(void)frame;
	(void)end;
	return ++*calls == 2 ? CTS_EMISMATCH : 0;
}

static void test_reading_stops_with_what_the_reader_answers(void **state)
{
	struct cts_journal_file *file;
	int calls = 0;

	(void)state;
	write_three();
	file = open_journal();
	assert_int_equal(cts_journal_read(file, stop_at_second, &calls), CTS_EMISMATCH);
	assert_int_equal(calls, 2);
	cts_journal_close(file);
}

static void test_missing_journal_is_told(void **state)
{
	struct cts_journal_file *file = NULL;

	(void)state;
	assert_error(cts_journal_open(&file, path_of("none"), false), CTS_EIO,
		"cannot open the journal");
	assert_null(file);
	assert_error(cts_journal_open(&file, path_of("no/folder"), true), CTS_EIO, "No such file");
	assert_error(cts_journal_open(&file, dir, true), CTS_EIO, "cannot open the journal");
	cts_journal_close(NULL);
}

static void test_identity_is_that_of_the_file(void **state)
{
	struct cts_journal_file *file;
	uint64_t first[2], again[2], other[2];

	(void)state;
	write_three();
	file = open_journal();
	assert_ok(cts_journal_identity(file, &first[0], &first[1]));
	cts_journal_close(file);
	/* What is written into it makes no other file of it; a move neither. */
	write_three();
	assert_int_equal(rename(journal_path(), path_of("aside")), 0);
	assert_int_equal(rename(path_of("aside"), journal_path()), 0);
	file = open_journal();
	assert_ok(cts_journal_identity(file, &again[0], &again[1]));
	cts_journal_close(file);
	assert_memory_equal(first, again, sizeof(first));
	assert_ok(cts_file_identity(AT_FDCWD, journal_path(), &again[0], &again[1]));
	assert_memory_equal(first, again, sizeof(first));
	/* A new file in its place is another, even where it gets the same inode. */
	assert_int_equal(unlink(journal_path()), 0);
	usleep(20000); /* the clock of a file system may tick 100 times a second */
	file = open_journal();
	assert_ok(cts_journal_identity(file, &other[0], &other[1]));
	cts_journal_close(file);
	assert_memory_not_equal(first, other, sizeof(first));
	assert_error(cts_file_identity(AT_FDCWD, path_of("none"), &other[0], &other[1]), CTS_EIO,
		"none");
}

/* Root may write everywhere: another user looks. */
static int read_as_nobody(void *context)
{
	struct cts_journal_file *file = NULL;
	struct cts_buf out = {0};
	int wrong = 0;

	(void)context;
	if (getuid() == 0 && setuid(65534) != 0)
		return 10;
	wrong += cts_journal_open(&file, journal_path(), false) != 0;
	if (wrong)
		return 11;
	wrong += cts_journal_read(file, note_frame, &out) != 0;
	wrong += strcmp(cts_buf_text(&out), "7:one@47 7:@91 8:three@140 ") != 0;
	wrong += cts_journal_cut(file, 0) != CTS_EIO;
	wrong += !strstr(cts_error_message(CTS_EIO), "is read-only");
	cts_journal_close(file);
	cts_buf_release(&out);
	file = NULL;
	wrong += cts_journal_open(&file, journal_path(), true) != CTS_EIO;
	return wrong;
}

static void test_journal_that_may_not_be_written_is_read(void **state)
{
	(void)state;
	write_three();
	assert_int_equal(chmod(dir, 0555), 0);
	assert_int_equal(chmod(journal_path(), 0444), 0);
	assert_int_equal(in_process(read_as_nobody, NULL), 0);
	assert_int_equal(chmod(dir, 0755), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(test_frames_are_read_as_they_were_appended),
		TEST(test_what_is_not_flushed_counts_but_is_not_there),
		TEST(test_cut_takes_back_what_was_appended),
		TEST(test_torn_tail_ends_the_reading),
		TEST(test_changed_byte_ends_the_reading),
		TEST(test_length_of_a_frame_is_not_believed),
		TEST(test_large_frames_are_written_through),
		TEST(test_reading_stops_with_what_the_reader_answers),
		TEST(test_missing_journal_is_told),
		TEST(test_identity_is_that_of_the_file),
		TEST(test_journal_that_may_not_be_written_is_read),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
