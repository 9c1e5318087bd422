/*
 * What the tests of store/ share: a temporary directory a test, stores in it, edits told as
 * "field=value", the check that must hold after everything, and a clock that tests may set. Static
 * functions, so that a test is one file and this.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto/error.h"
#include "proto/time.h"
#include "store/internal.h"
#include "tests/support/records.h"

#define FIXTURE __attribute__((unused)) static
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Fails with our own message. */
#define assert_ok(call)                                                                            \
	do {                                                                                       \
		int assert_rc = (call);                                                            \
		if (assert_rc < 0)                                                                 \
			fail_msg("%s: %d, %s", #call, assert_rc, cts_error_message(assert_rc));    \
	} while (0)

#define assert_error(call, code, part)                                                             \
	do {                                                                                       \
		int assert_rc = (call);                                                            \
		if (assert_rc != (code))                                                           \
			fail_msg("%s: %d, %s", #call, assert_rc, cts_error_message(assert_rc));    \
		if (!strstr(cts_error_message(assert_rc), part))                                   \
			fail_msg("%s: says '%s'", #call, cts_error_message(assert_rc));            \
	} while (0)

#define assert_hint(part)                                                                          \
	do {                                                                                       \
		if (!cts_error_hint() || !strstr(cts_error_hint(), part))                          \
			fail_msg("the hint is '%s'", cts_error_hint() ? cts_error_hint() : "");    \
	} while (0)

/* ---- the clock -------------------------------------------------------------------------------- */

/* 0: the real one. */
static int64_t clock_now;

/* Takes the place of libc's: what cts_time_now() asks. */
time_t time(time_t *out)
{
	struct timespec now;
	time_t result = (time_t)clock_now;

	if (!clock_now) {
		clock_gettime(CLOCK_REALTIME, &now);
		result = now.tv_sec;
	}
	if (out)
		*out = result;
	return result;
}

/* ---- a directory ------------------------------------------------------------------------------ */

static char dir[64];

FIXTURE int make_dir(void **state)
{
	const char *map_bytes = getenv("CTS_TEST_MAP_BYTES"); /* see tests/support/valgrind.sh */

	(void)state;
	strcpy(dir, "/tmp/cts-store-XXXXXX");
	assert_non_null(mkdtemp(dir));
	clock_now = 0;
	if (map_bytes)
		setenv("CTSYNC_MAP_BYTES", map_bytes, 1);
	else
		/* Several stores at once fit into what valgrind has of address space. */
	setenv("CTSYNC_MAP_BYTES", "67108864", 1);
	setenv("HOME", dir, 1);
	return 0;
}

FIXTURE int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
	return 0;
}

/* A path in it; good for the next eight calls. */
FIXTURE const char *path_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
FIXTURE const char *path_of(const char *format, ...)
{
	static char paths[8][256];
	static unsigned next;
	char *path = paths[next++ % 8];
	int used = snprintf(path, 256, "%s/", dir);
	va_list args;

	va_start(args, format);
	vsnprintf(path + used, 256 - (size_t)used, format, args);
	va_end(args);
	return path;
}

FIXTURE void read_file_into(struct cts_buf *out, const char *path)
{
	char chunk[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	cts_buf_clear(out);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		cts_buf_put(out, chunk, (size_t)n);
	assert_int_equal(n, 0);
	close(fd);
}

/* Writes into the file that is there, so that it stays the same one (its inode). */
FIXTURE void write_file(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	close(fd);
}

FIXTURE void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text));
}

FIXTURE uint64_t size_of(const char *path)
{
	struct stat info;

	assert_int_equal(stat(path, &info), 0);
	return (uint64_t)info.st_size;
}

/* ---- stores ----------------------------------------------------------------------------------- */

FIXTURE void create_store(const char *name, const char *agency, const char *writer)
{
	const struct cts_store_setup setup = {
		.agency = agency,
		.author = "Aroha Ngata <aroha@example.nz>",
		.writer = writer,
		.schema = cts_schema_builtin(),
	};

	assert_int_equal(mkdir(path_of("%s", name), 0777), 0);
	assert_ok(cts_store_create(path_of("%s", name), &setup));
}

FIXTURE struct cts_store *open_store(const char *name)
{
	struct cts_store *store = NULL;

	assert_ok(cts_store_open(&store, path_of("%s", name)));
	return store;
}

FIXTURE struct cts_store *make_store(const char *name)
{
	create_store(name, "nzp", NULL);
	return open_store(name);
}

FIXTURE struct cts_store *reopen(struct cts_store *store, const char *name)
{
	cts_store_close(store);
	return open_store(name);
}

FIXTURE const struct cts_kind *kind_of(const char *name)
{
	const struct cts_kind *kind = cts_schema_kind(cts_schema_builtin(), name);

	assert_non_null(kind);
	return kind;
}

FIXTURE const struct cts_field *field_of(const char *kind, const char *name)
{
	const struct cts_field *field = cts_kind_field(kind_of(kind), name);

	assert_non_null(field);
	return field;
}

/* "a|b" as a value of two items; "" unset. */
FIXTURE struct cts_value value_of(struct cts_arena *arena, const char *text)
{
	struct cts_value value = {0};
	char *copy = cts_arena_strdup(arena, text), *item, *rest;

	for (item = strtok_r(copy, "|", &rest); item; item = strtok_r(NULL, "|", &rest))
		value = cts_value_with(arena, value, item);
	return value;
}

/* Sets fields of a record; `texts` are "field=value", ended by NULL. */
FIXTURE void assign(struct cts_record *record, const char *const *texts)
{
	for (; *texts; texts++) {
		const char *is = strchr(*texts, '=');
		char name[CTS_FIELD_MAX + 1];
		const struct cts_field *field;

		assert_non_null(is);
		snprintf(name, sizeof(name), "%.*s", (int)(is - *texts), *texts);
		field = cts_kind_field(record->kind, name);
		assert_non_null(field);
		cts_record_set(record, field, value_of(&record->arena, is + 1));
		cts_record_settle(record, name);
	}
}

/* Inside a transaction: sets fields of the record, which is made when it is not there. */
FIXTURE int put_in(struct cts_txn *txn, const char *key, const char *const *texts)
{
	struct cts_record record;
	enum cts_life life;
	int rc = cts_txn_life(txn, &life, key);

	if (rc < 0)
		return rc;
	if (life == CTS_LIFE_LIVE) {
		rc = cts_txn_get(txn, &record, key);
		if (rc < 0)
			return rc;
	} else {
		const char *slash = strchr(key, '/');
		char kind[CTS_KIND_MAX + 1];

		snprintf(kind, sizeof(kind), "%.*s", (int)(slash - key), key);
		cts_record_init(&record, kind_of(kind), slash + 1);
	}
	assign(&record, texts);
	rc = cts_txn_put(txn, &record);
	cts_record_release(&record);
	return rc;
}

struct fixture_edit {
	const char *key;
	const char *const *texts; /* NULL: delete */
};

FIXTURE int run_edits(struct cts_txn *txn, void *context)
{
	int rc = 0;

	for (const struct fixture_edit *edit = context; edit->key && rc >= 0; edit++)
		rc = edit->texts ? put_in(txn, edit->key, edit->texts)
				 : cts_txn_delete(txn, edit->key);
	return rc;
}

FIXTURE int try_edit(struct cts_store *store, const char *key, const char *const *texts)
{
	struct fixture_edit edits[] = {{key, texts}, {0}};
	struct cts_write options = {0};

	return cts_store_write(store, &options, run_edits, edits);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})
/* One change that sets fields of one record: SET(store, "initiative/a", "title=Grow", "notes=x"). */
#define SET(store, key, ...) assert_ok(try_edit(store, key, TEXTS(__VA_ARGS__)))
#define DELETE(store, key) assert_ok(try_edit(store, key, NULL))

/* ---- reading ---------------------------------------------------------------------------------- */

FIXTURE struct cts_txn *begin_reading(struct cts_store *store)
{
	struct cts_txn *txn = NULL;

	assert_ok(cts_txn_begin(&txn, store));
	return txn;
}

/* The items joined by '|'; "" when unset. */
FIXTURE const char *join_value(struct cts_value value)
{
	static char text[4096];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < value.count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? "|" : "",
			value.items[i]);
	return text;
}

FIXTURE void expect_field(
	struct cts_store *store, const char *key, const char *field, const char *expected)
{
	struct cts_txn *txn = begin_reading(store);
	struct cts_record record;

	assert_ok(cts_txn_get(txn, &record, key));
	assert_string_equal(join_value(cts_record_get(&record, field_of(record.kind->name, field))),
		expected);
	cts_record_release(&record);
	cts_txn_end(txn);
}

FIXTURE enum cts_life life_of(struct cts_store *store, const char *key)
{
	struct cts_txn *txn = begin_reading(store);
	enum cts_life life;

	assert_ok(cts_txn_life(txn, &life, key));
	cts_txn_end(txn);
	return life;
}

FIXTURE uint64_t journal_count(struct cts_store *store)
{
	struct cts_txn *txn = begin_reading(store);
	uint64_t count;

	assert_ok(cts_txn_journal_count(txn, &count));
	cts_txn_end(txn);
	return count;
}

/* A transaction without the journal and without the rules, to break what a test wants broken. */
FIXTURE struct cts_txn *begin_raw(struct cts_store *store)
{
	struct cts_txn *txn = cts_malloc(sizeof(*txn));

	*txn = (struct cts_txn){.store = store, .is_writing = true};
	assert_ok(cts_env_begin(store, true, &txn->mdb));
	assert_ok(cts_meta_load(txn));
	return txn;
}

FIXTURE void commit_raw(struct cts_txn *txn)
{
	assert_int_equal(mdb_txn_commit(txn->mdb), 0);
	txn->mdb = NULL;
	cts_txn_end(txn);
}

FIXTURE int fail_violation(void *context, int number, const char *text)
{
	(void)context;
	fail_msg("invariant %d: %s", number, text);
	return 0;
}

/* Every invariant holds; the digest of the records. */
FIXTURE void check_store(struct cts_store *store, uint8_t digest[CTS_SHA256_SIZE])
{
	struct cts_check check = {.violation = fail_violation};

	assert_ok(cts_store_check(store, &check));
	if (digest)
		memcpy(digest, check.digest, CTS_SHA256_SIZE);
}

FIXTURE void expect_same_records(struct cts_store *a, struct cts_store *b)
{
	uint8_t one[CTS_SHA256_SIZE], other[CTS_SHA256_SIZE];

	check_store(a, one);
	check_store(b, other);
	assert_memory_equal(one, other, sizeof(one));
}

/* Collects what the each_ functions call, separated by spaces. */
FIXTURE int note_key(void *context, const char *key)
{
	struct cts_buf *out = context;

	cts_buf_printf(out, "%s%s", out->size ? " " : "", key);
	return 0;
}

#define expect_text(buf, expected)                                                                 \
	do {                                                                                       \
		assert_string_equal(cts_buf_text(buf), expected);                                  \
		cts_buf_clear(buf);                                                                \
	} while (0)

/* Some commit's name that depends on a number. */
FIXTURE struct cts_oid oid_number(uint64_t number)
{
	return cts_git_oid("commit", &number, sizeof(number));
}

/* A process of its own. It says what its function answered and is gone without a word more: what the
 * parent had open is not the child's to close, nor valgrind's to miss. */
struct process {
	pid_t pid;
	int answer;
};

FIXTURE struct process start_process(int (*run)(void *context), void *context)
{
	struct process process;
	int ends[2], answer;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	process.pid = fork();
	assert_true(process.pid >= 0);
	if (process.pid == 0) {
		answer = run(context);
		if (write(ends[1], &answer, sizeof(answer)) < 0)
			_exit(255);
		raise(SIGKILL);
	}
	close(ends[1]);
	process.answer = ends[0];
	return process;
}

/* What its function answered; the exit status when it ended before. */
FIXTURE int wait_process(struct process process)
{
	int answer, status;
	ssize_t size = read(process.answer, &answer, sizeof(answer));

	close(process.answer);
	assert_int_equal(waitpid(process.pid, &status, 0), process.pid);
	if (size == sizeof(answer))
		return answer;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

FIXTURE int in_process(int (*run)(void *context), void *context)
{
	return wait_process(start_process(run, context));
}

#endif
