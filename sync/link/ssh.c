/*
 * All three pipes are served together, so that neither side waits for the other while a pipe is full:
 * what the server says while we write is kept until it is asked for.
 */
#include "sync/link/ssh.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/arena.h"
#include "sync/link/program.h"
#include "sync/link/ssh_url.h"
#include "sync/link/ssh_words.h"
#include "sync/url.h"

enum {
	TICK_MS = 200,
	HOLD_TICKS = 5,       /* then what ssh says is told, though it has not come through */
	END_MS = 2000,        /* for ssh to end after its output did */
	AHEAD_MAX = 1 << 20   /* read while we write */
};

struct cts_ssh {
	git_smart_subtransport parent;
	git_smart_subtransport_stream stream;
	struct cts_wire *wire;
	struct cts_program program;
	struct cts_arena arena;
	struct cts_buf ahead;
	size_t ahead_used;
	struct cts_ssh_words words; /* of stderr */
	int silent_ticks;
	bool has_ended;
};

static struct cts_ssh *ssh_of(git_smart_subtransport_stream *stream)
{
	return (struct cts_ssh *)((char *)stream - offsetof(struct cts_ssh, stream));
}

/* ---- waiting ---------------------------------------------------------------------------------- */

/* ssh opens the terminal for as long as it asks a person something. */
static bool is_asking(const struct cts_ssh *ssh)
{
	char path[64], link[64], target[32];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)ssh->program.pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		ssize_t size;

		snprintf(link, sizeof(link), "%.40s/%.16s", path, entry->d_name);
		size = readlink(link, target, sizeof(target) - 1);
		target[size > 0 ? size : 0] = '\0';
		found = atoi(entry->d_name) > STDERR_FILENO && strcmp(target, "/dev/tty") == 0;
	}
	if (dir)
		closedir(dir);
	return found;
}

static void read_words(struct cts_ssh *ssh)
{
	if (cts_ssh_words_read(&ssh->words, ssh->program.err))
		return;
	close(ssh->program.err);
	ssh->program.err = -1;
}

/* Its output is over, or it takes no input: hears its last words and waits for it.
 * @return 0: it ended well, after having come through; else what libgit2 is to return */
static int ended(struct cts_ssh *ssh)
{
	int status;

	for (int i = 0; ssh->program.err >= 0 && i < END_MS / 100; i++) {
		struct pollfd polled = {.fd = ssh->program.err, .events = POLLIN};

		if (poll(&polled, 1, 100) > 0)
			read_words(ssh);
	}
	cts_lines_end(&ssh->words.lines);
	ssh->has_ended = true;
	status = cts_program_end(&ssh->program, END_MS);
	if (ssh->words.is_through && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return cts_wire_fail(
		ssh->wire, cts_ssh_words_fail(&ssh->words, ssh->wire->shown, status));
}

/* ---- the stream ------------------------------------------------------------------------------- */

/* Waits until ssh takes input (`writes`), gives output, or says something, and reads what it says.
 * @return what can be done: POLLOUT, POLLIN */
static int wait_for(struct cts_ssh *ssh, bool reads, bool writes)
{
	struct pollfd polled[] = {
		{.fd = reads ? ssh->program.out : -1, .events = POLLIN},
		{.fd = writes ? ssh->program.in : -1, .events = POLLOUT},
		{.fd = ssh->program.err, .events = POLLIN},
	};
	int ready = poll(polled, 3, TICK_MS);

	ssh->silent_ticks = ready == 0 ? ssh->silent_ticks + 1 : 0;
	if (ssh->silent_ticks >= HOLD_TICKS)
		cts_ssh_words_say(&ssh->words);
	if (ready == 0 && !ssh->words.is_through && is_asking(ssh))
		cts_channel_alive(ssh->wire->channel);
	if (ready <= 0)
		return 0;
	if (polled[2].revents)
		read_words(ssh);
	return (polled[0].revents ? POLLIN : 0) | (polled[1].revents ? POLLOUT : 0);
}

static void come_through(struct cts_ssh *ssh)
{
	if (ssh->words.is_through)
		return;
	ssh->words.is_through = true;
	cts_ssh_words_say(&ssh->words);
}

static int ssh_read(git_smart_subtransport_stream *stream, char *data, size_t size, size_t *got)
{
	struct cts_ssh *ssh = ssh_of(stream);

	*got = 0;
	if (ssh->ahead_used < ssh->ahead.size) {
		size_t left = ssh->ahead.size - ssh->ahead_used;

		*got = size < left ? size : left;
		memcpy(data, ssh->ahead.data + ssh->ahead_used, *got);
		ssh->ahead_used += *got;
		if (ssh->ahead_used == ssh->ahead.size) {
			cts_buf_clear(&ssh->ahead);
			ssh->ahead_used = 0;
		}
		return 0;
	}
	while (!ssh->has_ended) {
		ssize_t read_now;

		if (!(wait_for(ssh, true, false) & POLLIN))
			continue;
		read_now = read(ssh->program.out, data, size);
		if (read_now > 0) {
			come_through(ssh);
			*got = (size_t)read_now;
			return 0;
		}
		if (read_now == 0 || (errno != EAGAIN && errno != EINTR))
			return ended(ssh);
	}
	return 0;
}

/* What came while we were writing. @return false: nothing more comes */
static bool read_ahead(struct cts_ssh *ssh)
{
	ssize_t size;

	cts_buf_reserve(&ssh->ahead, AHEAD_MAX / 16);
	size = read(ssh->program.out, ssh->ahead.data + ssh->ahead.size, AHEAD_MAX / 16);
	if (size > 0)
		ssh->ahead.size += (size_t)size;
	return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

static int ssh_write(git_smart_subtransport_stream *stream, const char *data, size_t size)
{
	struct cts_ssh *ssh = ssh_of(stream);
	bool reads = true;

	while (size) {
		bool has_room = ssh->ahead.size < AHEAD_MAX;
		ssize_t written;
		int can;

		if (ssh->has_ended)
			return cts_wire_fail(ssh->wire, ssh->wire->rc ? ssh->wire->rc
					: cts_fail(CTS_EUNREACHABLE, "'%s' has hung up",
						  ssh->wire->shown));
		/* Most of the time there is room: no need to ask. */
		written = write(ssh->program.in, data, size);
		if (written > 0) {
			data += written;
			size -= (size_t)written;
			cts_channel_alive(ssh->wire->channel);
			continue;
		}
		if (errno != EAGAIN && errno != EINTR) {
			int rc = ended(ssh);

			return rc < 0 ? rc : cts_wire_fail(ssh->wire,
				cts_fail(CTS_EUNREACHABLE, "'%s' has hung up", ssh->wire->shown));
		}
		can = wait_for(ssh, reads && has_room, true);
		if (can & POLLIN)
			reads = read_ahead(ssh);
	}
	return 0;
}

/* The stream is the process's, and lives as long. */
static void ssh_stream_free(git_smart_subtransport_stream *stream)
{
	(void)stream;
}

/* ---- starting --------------------------------------------------------------------------------- */

static const char *program_name(void)
{
	const char *command = getenv("GIT_SSH_COMMAND"), *program = getenv("GIT_SSH");

	if (command && command[0] && !strpbrk(command, " \t\n\"'\\$`;&|<>()*?[]{}#~!"))
		return command;
	return program && program[0] ? program : "ssh";
}

/* A repository on a path whose hooks are to run: git itself receives. Nothing of where we are leads it to
 * another repository. */
static int start_local(struct cts_ssh *ssh)
{
	static const char *const leading[] = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
		"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR",
		"GIT_NAMESPACE", "GIT_QUARANTINE_PATH", "GIT_PREFIX", "GIT_PROTOCOL"};
	const char *path = cts_url_path(ssh->wire->url);
	const char *const argv[] = {"git", "receive-pack",
		path[0] == '/' ? path : cts_arena_printf(&ssh->arena, "./%s", path), NULL};
	int rc;

	for (size_t i = 0; i < sizeof(leading) / sizeof(leading[0]); i++)
		unsetenv(leading[i]);
	rc = cts_program_start(&ssh->program, ssh->wire->channel, argv);
	if (rc == CTS_ENOTFOUND) {
		rc = cts_fail(CTS_EREFUSED, "the repository has hooks, which only git can run, and "
					    "there is no git here");
		cts_hint("install git, or push to a repository without hooks");
	}
	return rc;
}

static int start(struct cts_ssh *ssh, const char *service)
{
	const char *argv[6];
	struct cts_buf command = {0};
	struct cts_ssh_url url;
	int argc = 0, rc = cts_ssh_url_parse(&url, &ssh->arena, ssh->wire->url);

	if (rc < 0)
		return rc;
	cts_buf_printf(&command, "%s ", service);
	cts_shell_quote(&command, url.path);
	argv[argc++] = program_name();
	if (url.port) {
		argv[argc++] = "-p";
		argv[argc++] = url.port;
	}
	argv[argc++] = url.host;
	argv[argc++] = cts_buf_text(&command);
	argv[argc] = NULL;
	unsetenv("GIT_PROTOCOL"); /* a version that is not spoken here */
	rc = cts_program_start(&ssh->program, ssh->wire->channel, argv);
	if (rc == CTS_ENOTFOUND) {
		cts_fail(CTS_EUNREACHABLE, "there is no '%s' to reach '%s' with", argv[0],
			ssh->wire->shown);
		cts_hint("install OpenSSH's client, or use https://");
		rc = CTS_EUNREACHABLE;
	}
	cts_buf_release(&command);
	return rc;
}

static int ssh_action(git_smart_subtransport_stream **out, git_smart_subtransport *transport,
	const char *url, git_smart_service_t service)
{
	struct cts_ssh *ssh = (struct cts_ssh *)transport;

	(void)url; /* it is the wire's, and so was the service when the program was started */
	(void)service;
	*out = &ssh->stream;
	return 0;
}

static int ssh_close(git_smart_subtransport *transport)
{
	(void)transport;
	return 0;
}

static void ssh_free(git_smart_subtransport *transport)
{
	(void)transport;
}

int cts_ssh_start(struct cts_wire *wire, bool is_push)
{
	struct cts_ssh *ssh = cts_malloc(sizeof(*ssh));

	*ssh = (struct cts_ssh){.wire = wire,
		.parent.action = ssh_action,
		.parent.close = ssh_close,
		.parent.free = ssh_free,
		.stream.subtransport = &ssh->parent,
		.stream.read = ssh_read,
		.stream.write = ssh_write,
		.stream.free = ssh_stream_free,
		.program = {.in = -1, .out = -1, .err = -1}};
	cts_ssh_words_init(&ssh->words, wire->channel);
	wire->ssh = ssh;
	if (!is_push)
		return start(ssh, "git-upload-pack");
	return cts_url_path(wire->url) ? start_local(ssh) : start(ssh, "git-receive-pack");
}

git_smart_subtransport *cts_ssh_subtransport(struct cts_wire *wire)
{
	return &wire->ssh->parent;
}

void cts_ssh_finish(struct cts_wire *wire)
{
	struct cts_program *program = &wire->ssh->program;

	if (program->in >= 0)
		close(program->in);
	program->in = -1;
}

void cts_ssh_let_end(struct cts_wire *wire)
{
	if (!wire->ssh->has_ended && cts_url_path(wire->url))
		cts_program_end(&wire->ssh->program, END_MS);
	wire->ssh->has_ended = true;
}
