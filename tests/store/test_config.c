/*
 * The config file against the real git: what one of the two writes the other reads, and a set changes
 * one line and no other byte.
 */
#include "tests/store/fixture.h"

static struct cts_store *store;

static int open_config(void **state)
{
	make_dir(state);
	store = make_store("s");
	return 0;
}

static int close_config(void **state)
{
	cts_store_close(store);
	return remove_dir(state);
}

static const char *config_path(void)
{
	return path_of("s/config");
}

/* The file as text that we wrote ourselves; read anew. */
static void write_config(const char *text)
{
	cts_store_close(store);
	write_text(config_path(), text);
	store = open_store("s");
}

static void expect_file(const char *expected)
{
	struct cts_buf text = {0};

	read_file_into(&text, config_path());
	assert_string_equal(cts_buf_text(&text), expected);
	cts_buf_release(&text);
}

/* What git says: NULL when it has no such setting. Good until the next call. */
static const char *git_get(const char *key)
{
	static char value[1024];
	char command[1024];
	size_t size;
	FILE *pipe;

	snprintf(command, sizeof(command), "git config -z -f '%s' --get '%s'", config_path(), key);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	size = fread(value, 1, sizeof(value) - 1, pipe);
	value[size] = '\0';
	return pclose(pipe) == 0 ? value : NULL;
}

static void expect_same_as_git(const char *key)
{
	const char *theirs = git_get(key), *ours = cts_store_config(store, key);

	if (!theirs || !ours)
		assert_true(!theirs && !ours);
	else
		assert_string_equal(ours, theirs);
}

static const char *const values[] = {"x", "", " ", "a b", " a", "a ", "a#b", "a;b", "\"", "\\",
	"a\"b\\c", "line\nline", "tab\tbed", "\t", "ā…", "true", "=", "[x]", "a = b", "C:\\x\\new",
	"https://example.nz/x.git", "'", "\\\"", "a  b"};

static void test_git_reads_what_is_set(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		assert_ok(cts_store_config_set(store, "user.name", values[i]));
		assert_ok(cts_store_config_set(store, "remote.o\"r\\i.gin.url", values[i]));
		assert_string_equal(cts_store_config(store, "user.name"), values[i]);
		assert_string_equal(cts_store_config(store, "remote.o\"r\\i.gin.url"), values[i]);
		assert_string_equal(git_get("user.name"), values[i]);
		assert_string_equal(git_get("remote.o\"r\\i.gin.url"), values[i]);
	}
	/* What stood there stands there still. */
	assert_string_equal(cts_store_config(store, "ctsync.agency"), "nzp");
	store = reopen(store, "s");
	assert_string_equal(cts_store_config(store, "user.name"), values[COUNT(values) - 1]);
}

static void test_what_git_writes_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		pid_t child;
		int status;

		fflush(NULL);
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			execlp("git", "git", "config", "-f", config_path(), "remote.x y.url",
				values[i], (char *)NULL);
			_exit(127);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		store = reopen(store, "s");
		assert_string_equal(cts_store_config(store, "remote.x y.url"), values[i]);
		/* Others read files, too. */
		struct cts_arena arena = {0};

		assert_string_equal(
			cts_config_file_get(&arena, config_path(), "remote.x y.url"), values[i]);
		cts_arena_release(&arena);
	}
}

static void test_what_people_write_is_read_as_git_reads_it(void **state)
{
	static const char *const keys[] = {"core.bare", "core.name", "user.name", "user.email",
		"alias.lg", "alias.two", "a.b.c", "a.B.c", "x.y", "x.z", "none.such"};

	(void)state;
	write_config("# comment\n; comment\n\n"
		     "[Core] bare = yes\n"
		     "\tname = in the core ; comment\n"
		     "[user]name=Mere # comment\n"
		     "  EMAIL = \"mere # @example.nz\" ; x\n"
		     "[alias]\n"
		     "\tlg = log --graph \\\n"
		     "  --all \"# not \\\n a comment\"\n"
		     "\ttwo = one \\\\\n"
		     "[a \"b\"]\n"
		     "\tc = 1\n"
		     "\td\n"
		     "[a \"B\"]\n"
		     "\tc = \"\\t\\\"2\\\"\\n\"   \n"
		     "[x]\n"
		     "\ty = last\n"
		     "\ty = of two\n"
		     "\tz =\n");
	for (size_t i = 0; i < COUNT(keys); i++)
		expect_same_as_git(keys[i]);
	/* git knows no value here, and means true by it. */
	assert_string_equal(cts_store_config(store, "a.b.d"), "true");
	assert_null(cts_store_config(store, "nodot"));
	assert_null(cts_store_config(store, ""));
	assert_null(cts_store_config(store, "."));
}

static void test_broken_lines_are_passed_over(void **state)
{
	(void)state;
	write_config("[user\n\tname = lost?\n[]\n[ ]\n[\"\"]\n=\n= x\n[core]\n\tok = 1\n"
		     "\topen = \"no end\n[core]\n\tlast = 2\\");
	assert_string_equal(cts_store_config(store, "core.ok"), "1");
	assert_string_equal(cts_store_config(store, "core.last"), "2\\");
	write_config("");
	assert_null(cts_store_config(store, "core.ok"));
	write_config("[");
	assert_null(cts_store_config(store, "core.ok"));
}

static void test_set_changes_one_line(void **state)
{
	(void)state;
	write_config("; mine\n[user]\n\tname = A ; first\n\n\t# why\n\temail = a@b\n[core]\n\tx = 1\n");
	assert_ok(cts_store_config_set(store, "user.name", "B"));
	expect_file("; mine\n[user]\n\tname = B\n\n\t# why\n\temail = a@b\n[core]\n\tx = 1\n");
	assert_ok(cts_store_config_set(store, "user.signingkey", "k"));
	expect_file("; mine\n[user]\n\tname = B\n\n\t# why\n\temail = a@b\n\tsigningkey = k\n"
		    "[core]\n\tx = 1\n");
	assert_ok(cts_store_config_set(store, "user.email", NULL));
	expect_file("; mine\n[user]\n\tname = B\n\n\t# why\n\tsigningkey = k\n[core]\n\tx = 1\n");
	assert_ok(cts_store_config_set(store, "user.email", NULL));
	assert_ok(cts_store_config_set(store, "remote.a.b.url", "u"));
	expect_file("; mine\n[user]\n\tname = B\n\n\t# why\n\tsigningkey = k\n[core]\n\tx = 1\n"
		    "[remote \"a.b\"]\n\turl = u\n");
	assert_string_equal(cts_store_config(store, "remote.a.b.url"), "u");
}

static void test_set_ends_a_last_line_without_end(void **state)
{
	(void)state;
	write_config("[core]\n\tx = 1");
	assert_ok(cts_store_config_set(store, "core.y", "2"));
	expect_file("[core]\n\tx = 1\n\ty = 2\n");
	write_config("[core]");
	assert_ok(cts_store_config_set(store, "user.x", "2"));
	expect_file("[core]\n[user]\n\tx = 2\n");
	write_config("[core] x = 1");
	assert_ok(cts_store_config_set(store, "core.x", "2"));
	expect_file("[core]\n\tx = 2\n");
}

static void test_unset_of_several_leaves_none(void **state)
{
	(void)state;
	write_config("[a]\n\tx = 1\n\ty = 2\n\tx = 3\n[b]\n[a]\n\tX = 4\n");
	assert_string_equal(cts_store_config(store, "a.x"), "4");
	assert_ok(cts_store_config_set(store, "a.x", NULL));
	assert_null(cts_store_config(store, "a.x"));
	expect_file("[a]\n\ty = 2\n[b]\n[a]\n");
}

static void test_section_is_removed_as_a_whole(void **state)
{
	struct cts_arena arena = {0};
	const char **names;

	(void)state;
	write_config("[remote \"a\"]\n\turl = 1\n\t# x\n[remote \"b\"]\n\turl = 2\n[core]\n\tx = 1\n"
		     "[remote \"a\"]\n\tpush = 3\n[remote]\n\tz = 1\n");
	assert_int_equal(cts_store_config_sections(store, &arena, "remote", &names), 2);
	assert_string_equal(names[0], "a");
	assert_string_equal(names[1], "b");
	assert_ok(cts_store_config_remove(store, "remote", "a"));
	assert_null(cts_store_config(store, "remote.a.url"));
	assert_null(cts_store_config(store, "remote.a.push"));
	assert_int_equal(cts_store_config_sections(store, &arena, "remote", &names), 1);
	assert_string_equal(names[0], "b");
	assert_ok(cts_store_config_remove(store, "remote", "none"));
	assert_ok(cts_store_config_remove(store, "remote", "b"));
	assert_int_equal(cts_store_config_sections(store, &arena, "remote", &names), 0);
	assert_string_equal(cts_store_config(store, "core.x"), "1");
	assert_int_equal(cts_store_config_sections(store, &arena, "rem", &names), 0);
	cts_arena_release(&arena);
}

static void test_what_is_no_name_is_refused(void **state)
{
	static const char *const names[] = {"", "nodot", "a.", ".b", "a.b c", "a.b=c", "a b.c",
		"a.new\nline.b", "a.b\n", "a.[x]"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_error(cts_store_config_set(store, names[i], "x"), CTS_EUSAGE,
			"is no name of a setting");
	assert_string_equal(cts_store_config(store, "ctsync.agency"), "nzp");
}

static void test_missing_file_is_empty_and_an_unreadable_one_is_told(void **state)
{
	struct cts_arena arena = {0};

	(void)state;
	assert_null(cts_config_file_get(&arena, path_of("none"), "a.b"));
	assert_null(cts_config_file_get(&arena, path_of("s/config/none"), "a.b"));
	assert_null(cts_config_file_get(&arena, dir, "a.b"));
	cts_store_close(store);
	assert_int_equal(unlink(config_path()), 0);
	store = open_store("s");
	assert_null(cts_store_config(store, "user.name"));
	assert_ok(cts_store_config_set(store, "user.name", "A"));
	expect_file("[user]\n\tname = A\n");
	assert_int_equal(unlink(config_path()), 0);
	assert_int_equal(mkdir(config_path(), 0777), 0);
	assert_error(cts_store_config_set(store, "user.name", "A"), CTS_EIO, "cannot read");
	cts_arena_release(&arena);
}

static int set_many(void *context)
{
	struct cts_store *own;
	char key[32];

	if (cts_store_open(&own, path_of("s")) < 0)
		return 1;
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "p%d.k%d", *(int *)context, i);
		if (cts_store_config_set(own, key, "v") < 0)
			return 2;
	}
	cts_store_close(own);
	return 0;
}

static void test_two_processes_that_set_both_succeed(void **state)
{
	struct process setters[2];
	char key[32];

	(void)state;
	for (int i = 0; i < 2; i++)
		setters[i] = start_process(set_many, &i);
	for (int i = 0; i < 2; i++)
		assert_int_equal(wait_process(setters[i]), 0);
	store = reopen(store, "s");
	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "p%d.k%d", i / 20, i % 20);
		assert_string_equal(cts_store_config(store, key), "v");
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_config, close_config)
	const struct CMUnitTest tests[] = {
		TEST(test_git_reads_what_is_set),
		TEST(test_what_git_writes_is_read),
		TEST(test_what_people_write_is_read_as_git_reads_it),
		TEST(test_broken_lines_are_passed_over),
		TEST(test_set_changes_one_line),
		TEST(test_set_ends_a_last_line_without_end),
		TEST(test_unset_of_several_leaves_none),
		TEST(test_section_is_removed_as_a_whole),
		TEST(test_what_is_no_name_is_refused),
		TEST(test_missing_file_is_empty_and_an_unreadable_one_is_told),
		TEST(test_two_processes_that_set_both_succeed),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
