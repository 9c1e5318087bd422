/*
 * A value with a newline or a NUL would be read by a helper as another attribute, perhaps another host,
 * so no such value is ever sent or taken. What git printed is given back to it as it came.
 */
#include "sync/link/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "proto/arena.h"
#include "sync/link/program.h"

enum { ATTEMPTS = 3, TICK_MS = 200, END_MS = 2000, ANSWER_MAX = 1 << 16, VALUE_MAX = 8192 };

struct cts_credential {
	struct cts_arena arena;
	int attempts;
	const char *filled; /* what git said; NULL: nothing to settle */
};

/* ---- the address, as git's credentials have it ------------------------------------------------ */

struct place {
	const char *protocol, *host, *path, *user; /* user NULL: not given */
};

static bool is_clean(const char *value)
{
	return !strpbrk(value, "\r\n") && strlen(value) < VALUE_MAX;
}

/* protocol://[user[:password]@]host[:port]/path */
static bool place_of(struct place *out, struct cts_arena *arena, const char *url, const char *user)
{
	const char *host = strstr(url, "://"), *at;
	size_t size;

	if (!host)
		return false;
	out->protocol = cts_arena_strndup(arena, url, (size_t)(host - url));
	host += 3;
	size = strcspn(host, "/?#");
	at = memrchr(host, '@', size);
	if (at) {
		size -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	out->host = cts_arena_strndup(arena, host, size);
	host += size;
	out->path = host[0] == '/' ? host + 1 : "";
	out->user = user && user[0] ? user : NULL;
	return is_clean(out->host) && is_clean(out->path) && (!out->user || is_clean(out->user));
}

/* ---- git credential --------------------------------------------------------------------------- */

struct asking {
	struct cts_wire *wire;
	struct cts_buf answer;
};

static void take_line(void *context, const char *line)
{
	struct asking *asking = context;
	const struct cts_progress *progress = cts_channel_progress(asking->wire->channel);

	/* That git could not ask is told by our own words. */
	if (strncmp(line, "fatal: ", 7) != 0)
		progress->server_says(progress->context, line);
}

static bool read_some(int fd, struct cts_buf *out, struct cts_lines *lines)
{
	char chunk[4096];
	ssize_t size = read(fd, chunk, sizeof(chunk));

	if (size > 0 && out && out->size + (size_t)size <= ANSWER_MAX)
		cts_buf_put(out, chunk, (size_t)size);
	if (size > 0 && lines)
		cts_lines_put(lines, chunk, (size_t)size);
	return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

/* A person may be thinking in front of a helper's window, so waiting is a sign of life.
 * @return 1: it ended well; 0: it did not; CTS_ENOTFOUND: there is no git */
static int run_git(struct asking *asking, const char *action, struct cts_slice input)
{
	const char *argv[] = {"git", "credential", action, NULL};
	struct cts_lines lines = {.take = take_line, .context = asking};
	struct cts_program program;
	bool has_out = true, has_err = true;
	int status, rc = cts_program_start(&program, asking->wire->channel, argv);

	if (rc < 0)
		return rc;
	/* Less than a pipe holds. */
	has_out = has_err = write(program.in, input.data, input.size) == (ssize_t)input.size;
	close(program.in);
	program.in = -1;
	while (has_out || has_err) {
		struct pollfd polled[] = {
			{.fd = has_out ? program.out : -1, .events = POLLIN},
			{.fd = has_err ? program.err : -1, .events = POLLIN},
		};

		poll(polled, 2, TICK_MS);
		cts_channel_alive(asking->wire->channel);
		if (has_out && polled[0].revents)
			has_out = read_some(program.out, &asking->answer, NULL);
		if (has_err && polled[1].revents)
			has_err = read_some(program.err, NULL, &lines);
		/* A helper that stays in the background may keep stderr open. */
		if (!has_out)
			has_err = false;
	}
	cts_lines_end(&lines);
	cts_buf_release(&lines.line);
	status = cts_program_end(&program, END_MS);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The value of a line "name=value". In the arena. */
static const char *value_of(struct cts_arena *arena, const char *text, const char *name)
{
	size_t size = strlen(name);

	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");

		if (length > size && strncmp(line, name, size) == 0 && line[size] == '=')
			return cts_arena_strndup(arena, line + size + 1, length - size - 1);
		line += length + (line[length] == '\n');
	}
	return NULL;
}

/* @return 1: both are filled; 0: git does not know; CTS_ENOTFOUND: there is no git */
static int ask_git(struct cts_wire *wire, const struct place *place, const char **user,
	const char **password)
{
	struct cts_credential *credential = wire->credential;
	struct asking asking = {.wire = wire};
	struct cts_buf input = {0};
	int rc;

	cts_buf_printf(&input, "protocol=%s\nhost=%s\npath=%s\n", place->protocol, place->host,
		place->path);
	if (place->user)
		cts_buf_printf(&input, "username=%s\n", place->user);
	cts_buf_putc(&input, '\n');
	rc = run_git(&asking, "fill", cts_buf_slice(&input));
	if (rc > 0 && memchr(asking.answer.data ? asking.answer.data : "", '\0', asking.answer.size))
		rc = 0;
	if (rc > 0) {
		const char *answer = cts_buf_text(&asking.answer);

		*user = value_of(&credential->arena, answer, "username");
		*password = value_of(&credential->arena, answer, "password");
		rc = *user && *password && is_clean(*user) && is_clean(*password);
		if (rc)
			credential->filled = cts_arena_strdup(&credential->arena, answer);
	}
	cts_buf_release(&input);
	cts_buf_release(&asking.answer);
	return rc;
}

static void settle(struct cts_wire *wire, const char *action)
{
	struct cts_credential *credential = wire->credential;
	struct asking asking = {.wire = wire};

	if (!credential || !credential->filled)
		return;
	/* Whether a helper keeps it is not ours to judge. */
	if (run_git(&asking, action, (struct cts_slice){
		.data = credential->filled, .size = strlen(credential->filled)}) < 0)
		cts_error_clear();
	cts_buf_release(&asking.answer);
	credential->filled = NULL;
}

/* ---- the terminal ----------------------------------------------------------------------------- */

static volatile sig_atomic_t must_end;

static void note_end(int number)
{
	(void)number;
	must_end = 1;
}

static bool is_key(char typed, cc_t key)
{
	return key != _POSIX_VDISABLE && (cc_t)typed == key;
}

/* A line that a person types. What is secret is typed without echo and without the keyboard's signals,
 * so that the terminal is never left silent: what would have been one is sent on afterwards. Nor does it stay so
 * when the parent needs no answer any more. */
static bool type_line(struct cts_wire *wire, int tty, const char *prompt, bool is_secret,
	struct cts_buf *out)
{
	struct sigaction ending = {.sa_handler = note_end}, was;
	struct termios before, during;
	int signal_number = 0;
	bool is_open = true, has_line = false;
	char c;

	if (tcgetattr(tty, &before) != 0)
		return false;
	during = before;
	during.c_lflag &= ~(tcflag_t)(ISIG | ECHO | ICANON);
	sigaction(SIGTERM, &ending, &was);
	if (is_secret)
		tcsetattr(tty, TCSAFLUSH, &during);
	if (write(tty, prompt, strlen(prompt)) < 0)
		is_open = false;
	while (is_open && !has_line && !signal_number && !must_end) {
		struct pollfd polled = {.fd = tty, .events = POLLIN};

		cts_channel_alive(wire->channel);
		if (poll(&polled, 1, TICK_MS) <= 0)
			continue;
		if (read(tty, &c, 1) <= 0)
			is_open = false;
		else if (c == '\n' || c == '\r')
			has_line = true;
		else if (is_secret && is_key(c, before.c_cc[VEOF]))
			is_open = false;
		else if (is_secret && (is_key(c, before.c_cc[VINTR]) || is_key(c, before.c_cc[VQUIT])))
			signal_number = SIGINT;
		else if (is_secret && is_key(c, before.c_cc[VERASE]))
			out->size -= out->size > 0;
		else if (c && out->size < VALUE_MAX)
			cts_buf_putc(out, c);
	}
	if (is_secret)
		tcsetattr(tty, TCSAFLUSH, &before);
	if (is_secret && write(tty, "\n", 1) < 0)
		has_line = false;
	sigaction(SIGTERM, &was, NULL);
	if (must_end)
		raise(SIGTERM);
	if (signal_number)
		kill(0, signal_number);
	return has_line;
}

static bool ask_person(struct cts_wire *wire, const struct place *place, const char **user,
	const char **password)
{
	struct cts_arena *arena = &wire->credential->arena;
	const char *allowed = getenv("GIT_TERMINAL_PROMPT");
	struct cts_buf line = {0};
	bool is_good = true;
	int tty = -1;

	if (!allowed || strcmp(allowed, "0") != 0)
		tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0)
		return false;
	*user = place->user;
	if (!*user) {
		is_good = type_line(wire, tty, cts_arena_printf(arena, "Username for '%s://%s': ",
					place->protocol, place->host), false, &line);
		*user = cts_arena_strndup(arena, cts_buf_text(&line), line.size);
	}
	cts_buf_clear(&line);
	if (is_good)
		is_good = type_line(wire, tty, cts_arena_printf(arena, "Password for '%s://%s': ",
					place->protocol, place->host), true, &line);
	*password = cts_arena_strndup(arena, cts_buf_text(&line), line.size);
	cts_buf_release(&line);
	close(tty);
	return is_good && is_clean(*user) && is_clean(*password);
}

/* ---- what libgit2 asks ------------------------------------------------------------------------ */

static int fail(struct cts_wire *wire, bool has_git)
{
	if (wire->credential->attempts > 1)
		cts_fail(CTS_EAUTH, "'%s' did not accept the name and password", wire->shown);
	else
		cts_fail(CTS_EAUTH, "'%s' wants to know who you are", wire->shown);
	if (has_git)
		cts_hint("give git the credentials for this host (git credential approve), or run "
			 "this at a terminal");
	else
		cts_hint("run this at a terminal, or install git and a credential helper");
	return cts_wire_fail(wire, CTS_EAUTH);
}

int cts_credential_ask(
	git_credential **out, struct cts_wire *wire, const char *user, unsigned allowed)
{
	const char *name = NULL, *password = NULL;
	struct place place;
	int rc;

	if (!wire->credential) {
		wire->credential = cts_malloc(sizeof(*wire->credential));
		*wire->credential = (struct cts_credential){0};
	}
	settle(wire, "reject"); /* we are asked again: it was refused */
	if (wire->credential->attempts++ >= ATTEMPTS)
		return fail(wire, true);
	if (!(allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT))
		return allowed & GIT_CREDENTIAL_DEFAULT && wire->credential->attempts == 1
			? git_credential_default_new(out)
			: fail(wire, true);
	if (!place_of(&place, &wire->credential->arena, wire->url, user))
		return fail(wire, true);
	rc = ask_git(wire, &place, &name, &password);
	if (rc == 0 || (rc < 0 && !ask_person(wire, &place, &name, &password)))
		return fail(wire, rc == 0);
	return git_credential_userpass_plaintext_new(out, name, password);
}

void cts_credential_settle(struct cts_wire *wire, bool was_taken)
{
	settle(wire, was_taken ? "approve" : "reject");
}
