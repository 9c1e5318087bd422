/*
 * git is run with a vector of arguments and never through a shell. Its two outputs are read
 *together, so that neither can fill up while we wait for the other: the report (--porcelain) on
 *stdout,
 *
 *	*	<commit>:refs/heads/nzp/7f3a9c21d0b4e586	[new branch]
 *	!	<commit>:refs/heads/main	[remote rejected] (pre-receive hook declined)
 *
 * and what hooks and git say on stderr.
 */
#include "sync/push_hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- which hooks ---- */

bool cts_push_has_hooks(struct cts_repo *hub)
{
	static const char *const names[] = {"pre-receive", "update", "post-receive", "post-update",
		"reference-transaction", "proc-receive"};
	struct cts_arena arena = {0};
	const char *git_dir = cts_repo_path(hub);
	const char *folder = cts_arena_printf(&arena, "%shooks", git_dir);
	git_buf moved = {0};
	git_repository *handle;
	git_config *config = NULL;
	bool found = false;

	if (cts_repo_handle(&handle, hub) == 0 &&
		git_repository_config_snapshot(&config, handle) == 0 &&
		git_config_get_path(&moved, config, "core.hooksPath") == 0 && moved.ptr[0])
		folder = moved.ptr[0] == '/' ? cts_arena_strdup(&arena, moved.ptr)
					     : cts_arena_printf(&arena, "%s%s", git_dir, moved.ptr);
	git_buf_dispose(&moved);
	git_config_free(config);
	for (size_t i = 0; !found && i < sizeof(names) / sizeof(names[0]); i++)
		found = access(cts_arena_printf(&arena, "%s/%s", folder, names[i]), X_OK) == 0;
	cts_arena_release(&arena);
	return found;
}

/* ---- running git ---- */

/* What git inherits: everything but what would send it to another repository, in plain words, and
 * without asking at a terminal. In the arena. */
static char **environment(struct cts_arena *arena)
{
	static const char *const dropped[] = {"GIT_DIR=", "GIT_WORK_TREE=", "GIT_INDEX_FILE=",
		"GIT_OBJECT_DIRECTORY=", "GIT_ALTERNATE_OBJECT_DIRECTORIES=", "GIT_COMMON_DIR=",
		"GIT_NAMESPACE=", "GIT_QUARANTINE_PATH=", "GIT_PREFIX=", "GIT_TERMINAL_PROMPT=",
		"LC_ALL=", "LANGUAGE="};
	char **out = NULL;
	size_t count = 0;

	for (char **at = environ; *at; at++) {
		bool is_dropped = false;

		for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
			is_dropped |= strncmp(*at, dropped[i], strlen(dropped[i])) == 0;
		if (!is_dropped)
			*(char **)cts_arena_push(arena, &out, &count, sizeof(*out)) = *at;
	}
	*(char **)cts_arena_push(arena, &out, &count, sizeof(*out)) =
		cts_arena_strdup(arena, "LC_ALL=C");
	*(char **)cts_arena_push(arena, &out, &count, sizeof(*out)) =
		cts_arena_strdup(arena, "GIT_TERMINAL_PROMPT=0");
	*(char **)cts_arena_push(arena, &out, &count, sizeof(*out)) = NULL;
	return out;
}

struct running {
	pid_t pid;
	int out, err; /* what it writes */
};

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int fail_without_git(void)
{
	cts_fail(CTS_EREFUSED, "the repository has hooks, which only git can run, and there is "
			       "no git here");
	cts_hint("install git, or push to a repository without hooks");
	return CTS_EREFUSED;
}

static int start(struct running *running, struct cts_arena *arena, char **argv)
{
	posix_spawn_file_actions_t actions;
	int out[2] = {-1, -1}, err[2] = {-1, -1}, code = 0;

	if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
		code = errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
	if (!code)
		code = posix_spawnp(
			&running->pid, argv[0], &actions, NULL, argv, environment(arena));
	posix_spawn_file_actions_destroy(&actions);
	close_one(&out[1]);
	close_one(&err[1]);
	if (code) {
		close_one(&out[0]);
		close_one(&err[0]);
	}
	running->out = out[0];
	running->err = err[0];
	if (code == ENOENT)
		return fail_without_git();
	return code ? cts_fail_errno(CTS_EIO, code, "cannot run git") : 0;
}

/* A stream that is taken apart into lines. */
struct stream {
	int fd; /* -1: at its end */
	struct cts_buf line;
	void (*take)(void *context, const char *line);
	void *context;
};

enum { LINE_MAX_BYTES = 4096 };

static void end_line(struct stream *stream)
{
	/* git fills lines up with spaces, to write over what stood there. */
	while (stream->line.size && stream->line.data[stream->line.size - 1] == ' ')
		stream->line.data[--stream->line.size] = '\0';
	if (stream->line.size)
		stream->take(stream->context, cts_buf_text(&stream->line));
	cts_buf_clear(&stream->line);
}

static void read_some(struct stream *stream)
{
	char chunk[4096];
	ssize_t size = read(stream->fd, chunk, sizeof(chunk));

	if (size < 0 && errno == EINTR)
		return;
	for (ssize_t i = 0; i < size; i++) {
		if (chunk[i] == '\n' || chunk[i] == '\r')
			end_line(stream);
		else if (stream->line.size < LINE_MAX_BYTES && chunk[i])
			cts_buf_putc(&stream->line, chunk[i]);
	}
	if (size <= 0) {
		end_line(stream);
		close_one(&stream->fd);
	}
}

static void read_all(struct stream *streams, size_t count)
{
	for (;;) {
		struct pollfd polled[2];
		bool is_open = false;

		for (size_t i = 0; i < count; i++) {
			polled[i] = (struct pollfd){.fd = streams[i].fd, .events = POLLIN};
			is_open |= streams[i].fd >= 0;
		}
		if (!is_open)
			return;
		if (poll(polled, count, -1) < 0 && errno != EINTR)
			return;
		for (size_t i = 0; i < count; i++)
			if (streams[i].fd >= 0 && polled[i].revents)
				read_some(&streams[i]);
	}
}

/* ---- what it says ---- */

struct request {
	struct cts_pushing *pushing;
	struct cts_move *moves;
	size_t count;
	bool *is_told;       /* by move */
	const char *own;     /* why our own branch was refused; NULL: it was not */
	const char *failure; /* git's own last words */
};

/* "[remote rejected] (pre-receive hook declined)": the words in brackets alone, where there are
 * any. */
static const char *reason(struct cts_arena *arena, const char *summary)
{
	const char *open = strchr(summary, '('), *close = strrchr(summary, ')');

	if (open && close && close > open + 1)
		return cts_arena_strndup(arena, open + 1, (size_t)(close - open) - 1);
	return cts_arena_strdup(arena, summary);
}

static void take_report(void *context, const char *line)
{
	struct request *request = context;
	struct cts_pushing *pushing = request->pushing;
	const char *colon, *tab;

	if (!line[0] || line[1] != '\t')
		return; /* "To /srv/hub", "Done" */
	colon = strchr(line, ':');
	tab = colon ? strchr(colon, '\t') : NULL;
	if (!tab)
		return;
	for (size_t i = 0; i < request->count; i++) {
		struct cts_move *move = &request->moves[i];
		size_t size = strlen(move->name);

		if (request->is_told[i] || (size_t)(tab - colon) - 1 != size ||
			strncmp(colon + 1, move->name, size) != 0)
			continue;
		request->is_told[i] = true;
		if (line[0] != '!')
			cts_push_note_moved(pushing, move);
		else if (move->is_own)
			request->own = reason(&pushing->arena, tab + 1);
		else
			cts_push_note_declined(
				pushing, move->name, reason(&pushing->arena, tab + 1));
	}
}

static void take_words(void *context, const char *line)
{
	static const char from_hook[] = "remote: ";
	struct request *request = context;
	const struct cts_progress *progress = request->pushing->progress;

	if (strncmp(line, from_hook, sizeof(from_hook) - 1) != 0)
		request->failure = cts_arena_strdup(&request->pushing->arena, line);
	else if (progress && progress->server_says)
		progress->server_says(progress->context, line + sizeof(from_hook) - 1);
}

/* ---- one push ---- */

static char **arguments(struct request *request)
{
	struct cts_arena *arena = &request->pushing->arena;
	const char *const fixed[] = {"git", "--git-dir", request->pushing->road->mirror, "push",
		"--porcelain", "--no-verify", "--", cts_repo_path(request->pushing->hub)};
	char hex[CTS_OID_HEX + 1];
	char **argv = NULL;
	size_t count = 0;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		*(char **)cts_arena_push(arena, &argv, &count, sizeof(*argv)) =
			cts_arena_strdup(arena, fixed[i]);
	for (size_t i = 0; i < request->count; i++)
		*(char **)cts_arena_push(arena, &argv, &count, sizeof(*argv)) = cts_arena_printf(
			arena, "%s%s:%s", request->moves[i].is_forced ? "+" : "",
			cts_oid_format(hex, &request->moves[i].new), request->moves[i].name);
	*(char **)cts_arena_push(arena, &argv, &count, sizeof(*argv)) = NULL;
	return argv;
}

static int run(struct request *request)
{
	struct cts_arena *arena = &request->pushing->arena;
	struct running running;
	int status = 0, rc = start(&running, arena, arguments(request));

	if (rc < 0)
		return rc;
	struct stream streams[] = {
		{.fd = running.out, .take = take_report, .context = request},
		{.fd = running.err, .take = take_words, .context = request},
	};
	request->is_told = cts_arena_alloc(arena, request->count * sizeof(*request->is_told));
	read_all(streams, 2);
	for (size_t i = 0; i < 2; i++)
		cts_buf_release(&streams[i].line);
	while (waitpid(running.pid, &status, 0) < 0 && errno == EINTR)
		;
	/* Where spawning cannot tell that there is no such program, the child ends with 127. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return fail_without_git();
	for (size_t i = 0; i < request->count; i++)
		if (!request->is_told[i])
			return cts_fail(CTS_EUNREACHABLE, "git could not push to '%s': %s",
				request->pushing->url,
				request->failure ? request->failure : "it does not say why");
	return 0;
}

int cts_push_through_git(struct cts_pushing *pushing)
{
	size_t own = pushing->move_count && pushing->moves[0].is_own;
	struct request first = {.pushing = pushing, .moves = pushing->moves, .count = own};
	struct request rest = {.pushing = pushing,
		.moves = pushing->moves + own,
		.count = pushing->move_count - own};
	int rc = own ? run(&first) : 0;

	if (rc == 0 && first.own)
		rc = cts_push_fail_own(first.own);
	if (rc < 0 || !rest.count)
		return rc;
	rc = run(&rest);
	if (rc < 0) {
		cts_push_note_declined(pushing, "refs/heads/others", cts_error_message(rc));
		cts_error_clear();
	}
	return 0;
}
