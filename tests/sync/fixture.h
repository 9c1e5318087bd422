/*
 * What the tests of sync/ share: a temporary bare repository, the real git run on it, and random
 * numbers whose seed is printed. Static functions, so that a test is one file and this.
 */
#ifndef TESTS_SYNC_FIXTURE_H
#define TESTS_SYNC_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "proto/buf.h"
#include "proto/error.h"
#include "proto/hash.h"

#define FIXTURE __attribute__((unused)) static
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Fails with our own message. */
#define assert_ok(call)                                                                            \
	do {                                                                                       \
		int assert_rc = (call);                                                            \
		if (assert_rc < 0)                                                                 \
			fail_msg("%s: %d, %s", #call, assert_rc, cts_error_message(assert_rc));    \
	} while (0)

/* ---- randomness ---- */

static uint64_t random_state;

/* From CTS_SEED, else the time; printed, so that a failure can be run again. */
FIXTURE void random_start(const char *test)
{
	const char *given = getenv("CTS_SEED");

	random_state = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("%s: CTS_SEED=%llu\n", test, (unsigned long long)random_state);
}

FIXTURE uint64_t random_next(void)
{
	uint64_t x = random_state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

FIXTURE size_t random_below(size_t bound)
{
	return (size_t)(random_next() % bound);
}

/* Under valgrind, which is too slow for a server without an end and has memory and files of its own. */
FIXTURE bool is_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload");
}

/* ---- a repository ---- */

static char repo_dir[64];
static char pack_dir[96];

/* Runs a shell command in the repository; its stdout goes to `out` (NULL: nowhere). Returns its
 * exit status. */
FIXTURE int run_into(struct cts_buf *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
FIXTURE int run_into(struct cts_buf *out, const char *format, ...)
{
	char command[4096], chunk[65536];
	int used = snprintf(command, sizeof(command), "cd '%s' && ", repo_dir), status;
	va_list args;
	size_t n;
	FILE *pipe;

	va_start(args, format);
	vsnprintf(command + used, sizeof(command) - (size_t)used, format, args);
	va_end(args);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while ((n = fread(chunk, 1, sizeof(chunk), pipe)) > 0) {
		if (out != NULL)
			cts_buf_put(out, chunk, n);
	}
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

#define assert_runs(...) assert_int_equal(run_into(NULL, __VA_ARGS__), 0)

FIXTURE int make_repo(void **state)
{
	(void)state;
	strcpy(repo_dir, "/tmp/cts-sync-XXXXXX");
	assert_non_null(mkdtemp(repo_dir));
	snprintf(pack_dir, sizeof(pack_dir), "%s/objects/pack", repo_dir);
	assert_runs("git -c init.defaultBranch=main init -q --bare .");
	return 0;
}

FIXTURE int remove_repo(void **state)
{
	(void)state;
	if (repo_dir[0] != '\0')
		assert_runs("rm -rf '%s'", repo_dir);
	repo_dir[0] = '\0';
	return 0;
}

/* Every pack is taken by git's own reader, object by object, and every object is well formed. */
FIXTURE void assert_git_is_content(void)
{
	struct cts_buf out = {0};

	assert_runs("for p in objects/pack/*.pack; do [ -e \"$p\" ] || continue;"
		    " git index-pack --strict -o check.idx \"$p\" >/dev/null || exit 1;"
		    " cmp -s check.idx \"${p%%.pack}.idx\" || exit 1;"
		    " rm -f check.idx check.rev \"${p%%.pack}.rev\"; done");
	assert_int_equal(run_into(&out, "git fsck --strict --no-dangling 2>&1"), 0);
	assert_null(strstr(cts_buf_text(&out), "error"));
	assert_null(strstr(cts_buf_text(&out), "warning"));
	cts_buf_release(&out);
}

FIXTURE struct cts_oid oid_of(const char *hex)
{
	struct cts_oid oid;

	assert_true(cts_oid_parse(&oid, hex));
	return oid;
}

/* Some object's name that depends on a number; nothing need exist under it. */
FIXTURE struct cts_oid oid_number(uint64_t number)
{
	return cts_git_oid("blob", &number, sizeof(number));
}

#endif
