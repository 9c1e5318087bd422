/*
 * The parent's side. The child is never trusted to end by itself: whatever way the talk goes, it is
 * killed and waited for, so that no error leaves a process behind.
 */
#include "sync/link/child.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/error.h"
#include "sync/link/channel.h"
#include "sync/link/frame.h"

struct cts_child {
	pid_t pid; /* 0: waited for */
	struct cts_frames frames;
	struct cts_child_limits limits;
	const struct cts_progress *progress;
	struct cts_arena arena;
	const char *what;
	bool has_ended;
	int rc; /* how it ended, with: */
	const char *message, *hint;
};

enum { LAST_MS = 500 };

static const char nothing_changed[] = "nothing changed here; try again";

/* Ends the child if it has not ended. @return its wait status; -1: not known */
static int reap(struct cts_child *child)
{
	int status = -1;
	pid_t pid;

	if (!child->pid)
		return -1;
	kill(child->pid, SIGKILL);
	do
		pid = waitpid(child->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	child->pid = 0;
	return pid < 0 ? -1 : status;
}

int cts_child_start(struct cts_child **out, const struct cts_child_limits *limits, const char *what,
	cts_child_work work, void *context, const struct cts_progress *progress)
{
	pid_t parent = getpid(), pid;
	struct cts_child *child;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot start a process");
	pid = fork();
	if (pid == 0)
		cts_channel_run(pair[1], parent, limits, work, context);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return cts_fail_errno(CTS_EIO, errno, "cannot start a process");
	}
	child = cts_malloc(sizeof(*child));
	*child = (struct cts_child){.pid = pid,
		.frames = {.fd = pair[0]},
		.limits = *limits,
		.progress = progress};
	child->what = cts_arena_strdup(&child->arena, what);
	*out = child;
	return 0;
}

/* ---- how it ended ----------------------------------------------------------------------------- */

/* Keeps the failure just set: it is told again whenever something is asked of the child. */
static int keep_failure(struct cts_child *child, int rc)
{
	const char *hint = cts_error_hint();

	child->has_ended = true;
	child->rc = rc;
	child->message = cts_arena_strdup(&child->arena, cts_error_message(rc));
	child->hint = hint ? cts_arena_strdup(&child->arena, hint) : NULL;
	return rc;
}

static int silence(struct cts_child *child)
{
	reap(child);
	cts_fail(CTS_EUNREACHABLE, "'%s' was silent for %d s", child->what, child->limits.idle_s);
	cts_hint("nothing changed here; check the network, or wait longer with "
		 "network.idletimeout (seconds; 0: for ever) in the store's config");
	return keep_failure(child, CTS_EUNREACHABLE);
}

/* The child is gone without a result. Its status was settled before its end of the channel closed, so
 * our kill does not change it. */
static int obituary(struct cts_child *child)
{
	const struct cts_child_limits *limits = &child->limits;
	int status = reap(child);
	int killer = status != -1 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (killer == SIGXCPU)
		cts_fail(CTS_EUNREACHABLE, "what '%s' sent took more than %d s of processor time",
			child->what, limits->cpu_s);
	else if (killer == SIGXFSZ)
		cts_fail(CTS_EUNREACHABLE, "'%s' sent more than %" PRIu64 " MiB", child->what,
			limits->file_bytes >> 20);
	else if (killer == SIGABRT && limits->memory_bytes)
		cts_fail(CTS_EUNREACHABLE, "what '%s' sent took more than %" PRIu64
					   " MiB of memory, or broke a rule inside",
			child->what, limits->memory_bytes >> 20);
	else if (killer == SIGKILL)
		cts_fail(CTS_EUNREACHABLE, "the process that dealt with '%s' was killed; the system "
					   "may have been out of memory",
			child->what);
	else if (killer)
		cts_fail(CTS_EUNREACHABLE,
			"the process that dealt with '%s' was ended by a signal: %s", child->what,
			strsignal(killer));
	else
		cts_fail(CTS_EUNREACHABLE, "the process that dealt with '%s' ended without a word",
			child->what);
	cts_hint("%s", nothing_changed);
	return keep_failure(child, CTS_EUNREACHABLE);
}

static int babble(struct cts_child *child)
{
	reap(child);
	cts_fail(CTS_EUNREACHABLE, "the process that dealt with '%s' said what makes no sense",
		child->what);
	cts_hint("%s", nothing_changed);
	return keep_failure(child, CTS_EUNREACHABLE);
}

/* code, message NUL hint NUL */
static int take_result(struct cts_child *child, struct cts_slice bytes)
{
	const char *message = (const char *)bytes.data + 4, *hint;
	int rc;

	if (bytes.size < 6 || message[bytes.size - 5] != '\0')
		return babble(child);
	rc = (int)cts_be32(bytes.data);
	hint = message + strlen(message) + 1;
	if (hint >= message + bytes.size - 4)
		return babble(child);
	reap(child);
	child->has_ended = true;
	child->rc = rc < 0 ? rc : 0;
	if (rc >= 0)
		return 0;
	cts_fail(rc, "%s", message);
	if (hint[0])
		cts_hint("%s", hint);
	return keep_failure(child, rc);
}

/* ---- messages --------------------------------------------------------------------------------- */

/* Whoever is told keeps the name of a step, so it is one of a few that stay. */
static const char *step_name(const char *name)
{
	static char names[8][64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!names[i][0])
			snprintf(names[i], sizeof(names[i]), "%s", name);
		if (strncmp(names[i], name, sizeof(names[i]) - 1) == 0)
			return names[i];
	}
	return "working";
}

static void pass_on(struct cts_child *child, const struct cts_message *message)
{
	const struct cts_progress *progress = child->progress;
	const char *bytes = message->bytes.data;
	struct cts_buf text = {0};

	if (!progress)
		return;
	if (message->type == CTS_FRAME_STEP && progress->step && message->bytes.size > 16) {
		cts_buf_put(&text, bytes + 16, message->bytes.size - 16);
		progress->step(progress->context, step_name(cts_buf_text(&text)), cts_be64(bytes),
			cts_be64(bytes + 8));
	} else if (message->type == CTS_FRAME_SAYS && progress->server_says) {
		cts_buf_put(&text, bytes, message->bytes.size);
		progress->server_says(progress->context, cts_buf_text(&text));
	}
	cts_buf_release(&text);
}

static int wait_ms(const struct cts_child *child)
{
	return child->limits.idle_s > 0 ? child->limits.idle_s * 1000 : -1;
}

int cts_child_put(struct cts_child *child, int type, struct cts_slice bytes)
{
	struct cts_message message;
	int put = 0, rc;

	assert(type > 0 && bytes.size <= CTS_CHILD_MESSAGE_MAX);
	if (!child->has_ended)
		put = cts_frame_put(&child->frames, type, bytes, wait_ms(child));
	if (put != 0)
		return put > 0 ? 0 : silence(child);
	/* It may have told why before it went. */
	while ((rc = cts_child_get(&message, child)) > 0)
		;
	return rc < 0 ? rc
		      : cts_fail(CTS_EUNREACHABLE, "'%s' waits for nothing more", child->what);
}

int cts_child_get(struct cts_message *out, struct cts_child *child)
{
	struct cts_message message;
	int got;

	while (!child->has_ended) {
		got = cts_frame_take(&message, &child->frames);
		if (got == 0) {
			got = cts_frame_read(&child->frames, wait_ms(child));
			if (got < 0)
				return silence(child);
			if (got == 0)
				return obituary(child);
		} else if (got < 0) {
			return babble(child);
		} else if (message.type > 0) {
			*out = message;
			return 1;
		} else if (message.type == CTS_FRAME_RESULT) {
			return take_result(child, message.bytes);
		} else {
			pass_on(child, &message);
		}
	}
	if (child->rc < 0) {
		cts_fail(child->rc, "%s", child->message);
		if (child->hint)
			cts_hint("%s", child->hint);
	}
	return child->rc;
}

void cts_child_end(struct cts_child *child)
{
	struct pollfd polled = {.fd = child ? child->frames.fd : -1};

	if (!child)
		return;
	/* One that asks a person for a password gives the terminal back first. */
	if (child->pid && kill(child->pid, SIGTERM) == 0)
		poll(&polled, 1, LAST_MS);
	reap(child);
	close(child->frames.fd);
	cts_buf_release(&child->frames.in);
	cts_arena_release(&child->arena);
	free(child);
}
