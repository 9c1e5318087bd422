/*
 * What is told of an ssh that failed is a guess from its last lines, so those are told as well.
 */
#include "sync/link/ssh_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/error.h"

enum { HELD_MAX = 64 };

static void say(struct cts_ssh_words *words, const char *line)
{
	const struct cts_progress *progress = cts_channel_progress(words->channel);

	progress->server_says(progress->context, line);
}

void cts_ssh_words_say(struct cts_ssh_words *words)
{
	for (size_t i = 0; i < words->held_count; i++)
		say(words, words->held[i]);
	words->held_count = 0;
}

static bool has(const char *line, const char *text)
{
	return strstr(line, text) != NULL;
}

static void take_line(void *context, const char *line)
{
	static const char *const beginnings[] = {"fatal: ", "ERROR: ", "ssh: "};
	struct cts_ssh_words *words = context;

	if (!words->has_fatal) {
		const char *text = line;

		for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
			if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0)
				text += strlen(beginnings[i]);
		snprintf(words->reason, sizeof(words->reason), "%s", text);
	}
	words->has_fatal |=
		strncmp(line, "fatal: ", 7) == 0 || strncmp(line, "ERROR: ", 7) == 0;
	words->was_denied |= has(line, "Permission denied") ||
		has(line, "Too many authentication failures");
	words->is_unknown_host |= has(line, "Host key verification failed");
	if (words->is_through || words->held_count == HELD_MAX) {
		cts_ssh_words_say(words);
		say(words, line);
	} else {
		*(const char **)cts_arena_push(&words->arena, &words->held, &words->held_count,
			sizeof(*words->held)) = cts_arena_strdup(&words->arena, line);
	}
}

void cts_ssh_words_init(struct cts_ssh_words *words, struct cts_channel *channel)
{
	*words = (struct cts_ssh_words){.channel = channel};
	words->lines = (struct cts_lines){.take = take_line, .context = words};
}

bool cts_ssh_words_read(struct cts_ssh_words *words, int fd)
{
	char chunk[4096];
	ssize_t size = read(fd, chunk, sizeof(chunk));

	if (size > 0)
		cts_lines_put(&words->lines, chunk, (size_t)size);
	if (size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR)))
		return true;
	cts_lines_end(&words->lines);
	return false;
}

int cts_ssh_words_fail(struct cts_ssh_words *words, const char *url, int status)
{
	const char *reason = words->reason;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	/* One line is in the error; a story is told whole. */
	if (words->held_count > 1)
		cts_ssh_words_say(words);
	/* 255 is ssh's own; what a program there may not do is something else. */
	if (code == 255 && !words->is_through && words->is_unknown_host) {
		cts_fail(CTS_EAUTH, "the host key of '%s' is not one that is trusted here", url);
		cts_hint("ask who runs it for its key, then connect once with ssh");
		return CTS_EAUTH;
	}
	if (code == 255 && !words->is_through && words->was_denied) {
		cts_fail(CTS_EAUTH, "'%s' does not let you in: %s", url, reason);
		cts_hint("check the keys in your ssh agent (ssh-add -l), and that the server knows "
			 "them");
		return CTS_EAUTH;
	}
	if (!words->is_through && code == 127) {
		cts_fail(CTS_EUNREACHABLE, "'%s' has no git for this account: %s", url,
			reason[0] ? reason : "command not found");
		cts_hint("install git there, or ask who runs it");
		return CTS_EUNREACHABLE;
	}
	if (words->is_through)
		cts_fail(CTS_EUNREACHABLE, "the connection to '%s' broke off%s%s", url,
			reason[0] ? ": " : "", reason);
	else if (reason[0])
		cts_fail(CTS_EUNREACHABLE, "cannot reach '%s': %s", url, reason);
	else
		cts_fail(CTS_EUNREACHABLE, "cannot reach '%s': ssh ended with status %d", url, code);
	if (getenv("GIT_SSH_COMMAND") && !getenv("GIT_SSH"))
		cts_hint("GIT_SSH_COMMAND is run by git alone: say the same in ~/.ssh/config, or name "
			 "a program with GIT_SSH");
	else if (words->is_through)
		cts_hint("nothing changed here; try again");
	else
		cts_hint("check the network and the address; what you changed stays here until then");
	return CTS_EUNREACHABLE;
}
