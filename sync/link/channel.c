/*
 * The process is a copy of one that has a store open, so it first lets go of all that it inherited: a
 * descriptor kept would keep the store's lock when the parent dies. It never returns into the parent's
 * code and ends without the parent's exit handlers.
 *
 * Limits are soft ones: they stop what a stranger's bytes make of us, and can be given back to a program
 * of the user's that is run from here (ssh, a credential helper).
 */
#include "sync/link/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proto/error.h"
#include "proto/time.h"
#include "sync/link/frame.h"

enum { CHANNEL_FD = 3, ALIVE_MS = 250, STEP_MS = 100, STEP_NAME = 64, LIMITS = 4 };

struct cts_channel {
	struct cts_frames frames;
	int64_t said_ms; /* when the parent last heard of us */
	struct cts_progress progress;
	char step[STEP_NAME]; /* the last one told */
	int64_t step_ms;
	uint64_t step_done;
	struct rlimit before[LIMITS];
};

static const int limited[LIMITS] = {RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_CPU, RLIMIT_CORE};

/* ---- messages --------------------------------------------------------------------------------- */

static void put(struct cts_channel *channel, int type, struct cts_slice bytes)
{
	/* Without a parent there is nobody to work for. */
	if (cts_frame_put(&channel->frames, type, bytes, -1) != 1)
		_exit(1);
	channel->said_ms = cts_time_now_ms();
}

int cts_channel_put(struct cts_channel *channel, int type, struct cts_slice bytes)
{
	if (bytes.size > CTS_CHILD_MESSAGE_MAX)
		return cts_fail(CTS_EVALUE, "a message of %zu bytes is too large", bytes.size);
	put(channel, type, bytes);
	return 0;
}

int cts_channel_get(struct cts_message *out, struct cts_channel *channel)
{
	int got;

	while ((got = cts_frame_take(out, &channel->frames)) == 0)
		if (cts_frame_read(&channel->frames, -1) <= 0)
			return 0;
	return got > 0;
}

void cts_channel_alive(struct cts_channel *channel)
{
	if (cts_time_now_ms() - channel->said_ms >= ALIVE_MS)
		put(channel, CTS_FRAME_ALIVE, (struct cts_slice){0});
}

/* ---- progress --------------------------------------------------------------------------------- */

/* Ten a second are enough for a person; the first and the last of a kind are always told. */
static void step(void *context, const char *what, uint64_t done, uint64_t total)
{
	struct cts_channel *channel = context;
	bool is_new = strncmp(channel->step, what, STEP_NAME - 1) != 0;
	bool is_last = total && done == total && channel->step_done != done;
	int64_t now_ms = cts_time_now_ms();
	struct cts_buf bytes = {0};

	if (!is_new && !is_last && now_ms - channel->step_ms < STEP_MS)
		return;
	snprintf(channel->step, sizeof(channel->step), "%s", what);
	channel->step_ms = now_ms;
	channel->step_done = done;
	cts_buf_put_be64(&bytes, done);
	cts_buf_put_be64(&bytes, total);
	cts_buf_puts(&bytes, channel->step);
	put(channel, CTS_FRAME_STEP, cts_buf_slice(&bytes));
	cts_buf_release(&bytes);
}

static void server_says(void *context, const char *line)
{
	put(context, CTS_FRAME_SAYS, (struct cts_slice){.data = line, .size = strlen(line)});
}

const struct cts_progress *cts_channel_progress(struct cts_channel *channel)
{
	return &channel->progress;
}

/* ---- the process ------------------------------------------------------------------------------ */

/* Everything but the standard streams and the channel, which becomes the first behind them. */
static int keep_only(int fd)
{
	if (fd != CHANNEL_FD)
		fd = dup3(fd, CHANNEL_FD, O_CLOEXEC);
	if (fd >= 0 && close_range(CHANNEL_FD + 1, ~0U, 0) != 0)
		for (long i = CHANNEL_FD + 1, end = sysconf(_SC_OPEN_MAX); i < end; i++)
			close((int)i);
	return fd;
}

/* A handler of the parent's would do the parent's work here. */
static void reset_signals(void)
{
	static const int handled[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGCHLD, SIGUSR1, SIGUSR2, SIGWINCH};
	struct sigaction action;
	sigset_t none;

	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		if (sigaction(handled[i], NULL, &action) == 0 &&
			(handled[i] == SIGCHLD || action.sa_handler != SIG_IGN))
			signal(handled[i], SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
	__has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

/* Bytes of private, writable memory: what RLIMIT_DATA counts. 0: not known. */
static uint64_t memory_now(void)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *file;

#ifdef IS_SANITIZED
	return 0; /* shadow memory is counted too */
#endif
	file = fopen("/proc/self/status", "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmData: %llu kB", &kib) == 1)
			break;
	fclose(file);
	return (uint64_t)kib << 10;
}

static void limit_one(int resource, uint64_t most)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0 || limit.rlim_cur <= most)
		return; /* the user's own is narrower */
	limit.rlim_cur = most;
	setrlimit(resource, &limit);
}

static void limit_all(struct cts_channel *channel, const struct cts_child_limits *limits)
{
	uint64_t now = limits->memory_bytes ? memory_now() : 0;

	for (int i = 0; i < LIMITS; i++)
		if (getrlimit((__rlimit_resource_t)limited[i], &channel->before[i]) != 0)
			channel->before[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
	if (now)
		limit_one(RLIMIT_DATA, now + limits->memory_bytes);
	if (limits->file_bytes)
		limit_one(RLIMIT_FSIZE, limits->file_bytes);
	if (limits->cpu_s)
		limit_one(RLIMIT_CPU, (uint64_t)limits->cpu_s);
	limit_one(RLIMIT_CORE, 0);
}

void cts_channel_before_exec(struct cts_channel *channel)
{
	pid_t child = getppid();

	for (int i = 0; i < LIMITS; i++)
		setrlimit((__rlimit_resource_t)limited[i], &channel->before[i]);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != child)
		_exit(1);
}

/* The result: its code, and what the thread's error says. */
static void tell(struct cts_channel *channel, int rc)
{
	const char *hint = rc < 0 ? cts_error_hint() : NULL;
	struct cts_buf bytes = {0};

	cts_buf_put_be32(&bytes, (uint32_t)rc);
	if (rc < 0)
		cts_buf_puts(&bytes, cts_error_message(rc));
	cts_buf_putc(&bytes, '\0');
	if (hint)
		cts_buf_puts(&bytes, hint);
	cts_buf_putc(&bytes, '\0');
	put(channel, CTS_FRAME_RESULT, cts_buf_slice(&bytes));
	cts_buf_release(&bytes);
}

_Noreturn void cts_channel_run(int fd, pid_t parent, const struct cts_child_limits *limits,
	cts_child_work work, void *context)
{
	struct cts_channel channel = {.said_ms = cts_time_now_ms()};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	reset_signals();
	channel.frames.fd = keep_only(fd);
	if (channel.frames.fd < 0)
		_exit(1);
	channel.progress = (struct cts_progress){
		.context = &channel, .step = step, .server_says = server_says};
	limit_all(&channel, limits);
	tell(&channel, work(&channel, context));
	_exit(0);
}
