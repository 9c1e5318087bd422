/*
 * libgit2's global state is counted by git_libgit2_init; we take it once and never give it back, so
 * that no handle can outlive it.
 */
#include "sync/git/git.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int started;
static pthread_t early;
static bool is_early; /* that thread starts it */

static void start(void)
{
	started = git_libgit2_init();
	if (started < 0)
		return;
	if (git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1) < 0 ||
		git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1) < 0 ||
		git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0) < 0)
		started = -1;
}

int cts_git_start(void)
{
	pthread_once(&once, start);
	if (started < 0)
		return cts_fail(CTS_EIO, "libgit2 cannot be started");
	return 0;
}

static void *start_beside(void *unused)
{
	pthread_once(&once, start);
	return unused;
}

void cts_git_start_early(void)
{
	sigset_t all, before;

	if (is_early || started)
		return;
	/* Signals are the first thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	is_early = pthread_create(&early, NULL, start_beside, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void cts_git_wait(void)
{
	if (is_early)
		pthread_join(early, NULL);
	is_early = false;
}

int cts_git_restart(void)
{
	if (started <= 0)
		return cts_git_start();
	while (git_libgit2_shutdown() > 0)
		;
	start();
	if (started < 0)
		return cts_fail(CTS_EIO, "libgit2 cannot be started");
	return 0;
}

static int better_code(int code, int git_code, const git_error *error, int saved_errno)
{
	switch (git_code) {
	case GIT_EMISMATCH: return CTS_EINTEGRITY;
	case GIT_EAUTH:
	case GIT_ECERTIFICATE: return CTS_EAUTH;
	case GIT_ELOCKED: return CTS_ELOCKED;
	}
	/* libgit2 has no code of its own for a full disk; its message is made from errno. */
	if (error != NULL && error->klass == GIT_ERROR_OS &&
		(saved_errno == ENOSPC || saved_errno == EDQUOT ||
			(error->message && strstr(error->message, strerror(ENOSPC)))))
		return CTS_ENOSPACE;
	return code;
}

int cts_fail_git(int code, int git_code, const char *format, ...)
{
	int saved_errno = errno;
	const git_error *error = git_error_last();
	char text[512];
	va_list args;
	size_t size;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	code = better_code(code, git_code, error, saved_errno);
	if (error == NULL || error->message == NULL)
		return cts_fail(code, "%s (libgit2 %d)", text, git_code);
	/* What a server said comes with its line ends. */
	for (size = strlen(error->message); size && strchr(" \n\r:", error->message[size - 1]);)
		size--;
	return cts_fail(code, "%s: %.*s", text, (int)size, error->message);
}

git_oid cts_git_oid_from(const struct cts_oid *oid)
{
	git_oid out;

	memcpy(out.id, oid->bytes, CTS_OID_SIZE);
	return out;
}

struct cts_oid cts_git_oid_to(const git_oid *oid)
{
	struct cts_oid out;

	memcpy(out.bytes, oid->id, CTS_OID_SIZE);
	return out;
}
