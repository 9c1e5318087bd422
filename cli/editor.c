/*
 * The editor is a command line for the shell, as everywhere: EDITOR='emacs -nw' works. While it
 * runs the keys of the terminal are its own, so an interrupt typed there does not end us.
 */
#include "cli/editor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/error.h"

#define NO_SUCH_COMMAND 127 /* sh's status */

static const char *editor_command(void)
{
	const char *command = getenv("VISUAL");

	if (!command || !*command)
		command = getenv("EDITOR");
	if (command && *command)
		return command;
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? "vi" : NULL;
}

static int judge(const char *command, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SUCH_COMMAND)
		cts_fail(CTS_EREFUSED, "the editor '%s' is not there", command);
	else if (WIFEXITED(status))
		cts_fail(CTS_EREFUSED, "the editor '%s' ended with status %d", command,
			WEXITSTATUS(status));
	else
		cts_fail(CTS_EREFUSED, "the editor '%s' was ended by signal %d", command,
			WTERMSIG(status));
	cts_hint("EDITOR names the editor: export EDITOR=nano");
	return CTS_EREFUSED;
}

static void become_editor(const char *command, const char *path)
{
	char *script = NULL;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	if (asprintf(&script, "%s \"$@\"", command) >= 0)
		execl("/bin/sh", "sh", "-c", script, command, path, (char *)NULL);
	_exit(NO_SUCH_COMMAND);
}

int cts_editor_run(const char *path)
{
	const char *command = editor_command();
	struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
	int status = 0, rc = 0;
	pid_t pid;

	if (!command) {
		cts_fail(CTS_EREFUSED, "no editor is named");
		cts_hint("export EDITOR=nano");
		return CTS_EREFUSED;
	}
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	pid = fork();
	if (pid == 0)
		become_editor(command, path);
	if (pid < 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot start '%s'", command);
	while (rc == 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			rc = cts_fail_errno(CTS_EIO, errno, "cannot wait for '%s'", command);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	return rc < 0 ? rc : judge(command, status);
}
