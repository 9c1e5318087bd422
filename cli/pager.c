/*
 * The pager is a child that reads a pipe; the descriptor is close-on-exec everywhere else. The user
 * may leave it at any time: the write that then fails with EPIPE ends the answer and is no error.
 */
#include "cli/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *pager_command(void)
{
	const char *command = getenv("CTSYNC_PAGER");

	if (!command)
		command = getenv("PAGER");
	if (!command)
		command = "less";
	return *command && strcmp(command, "cat") != 0 ? command : NULL;
}

void cts_pager_start(struct cts_out *out)
{
	const char *command = pager_command();
	const char *term = getenv("TERM");
	int pipe_fds[2];
	pid_t pid;

	if (!out->terminal || out->format != CTS_OUT_TEXT || !command || !term ||
		strcmp(term, "dumb") == 0)
		return;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid < 0) {
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		return;
	}
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		setenv("LESS", "FRX", 0);
		/* Without the program, cat shows the answer all the same. */
		if (dup2(pipe_fds[0], STDIN_FILENO) >= 0) {
			char *script = NULL;

			if (asprintf(&script, "%s || { [ $? -eq 127 ] && exec cat; }", command) > 0)
				execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		}
		_exit(127);
	}
	close(pipe_fds[0]);
	out->pager_fd = pipe_fds[1];
	out->pager_pid = (int)pid;
}

void cts_pager_wait(struct cts_out *out)
{
	close(out->pager_fd);
	out->pager_fd = -1;
	/* Ctrl-C belongs to the pager while it is in front. */
	signal(SIGINT, SIG_IGN);
	while (waitpid(out->pager_pid, NULL, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, SIG_DFL);
}
