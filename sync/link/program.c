/*
 * That a program could not be executed comes back over a pipe that a successful one closes.
 */
#include "sync/link/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/error.h"
#include "proto/time.h"

enum { IN, OUT, ERR, REPORT, PIPES };

static void close_pipes(int pipes[PIPES][2])
{
	for (int i = 0; i < PIPES; i++)
		for (int end = 0; end < 2; end++)
			if (pipes[i][end] >= 0)
				close(pipes[i][end]);
}

static _Noreturn void become(
	struct cts_channel *channel, int pipes[PIPES][2], const char *const *argv)
{
	int code;

	cts_channel_before_exec(channel);
	if (dup2(pipes[IN][0], STDIN_FILENO) >= 0 && dup2(pipes[OUT][1], STDOUT_FILENO) >= 0 &&
		dup2(pipes[ERR][1], STDERR_FILENO) >= 0)
		execvp(argv[0], (char *const *)argv);
	code = errno;
	if (write(pipes[REPORT][1], &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

int cts_program_start(
	struct cts_program *out, struct cts_channel *channel, const char *const *argv)
{
	int pipes[PIPES][2] = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}}, code = 0;
	pid_t pid = -1;

	for (int i = 0; i < PIPES; i++)
		if (pipe2(pipes[i], O_CLOEXEC) != 0)
			code = errno;
	if (!code)
		pid = fork();
	if (pid == 0)
		become(channel, pipes, argv);
	if (!code && pid < 0)
		code = errno;
	if (!code) {
		ssize_t size;

		close(pipes[REPORT][1]);
		pipes[REPORT][1] = -1;
		do
			size = read(pipes[REPORT][0], &code, sizeof(code));
		while (size < 0 && errno == EINTR);
	}
	if (code) {
		close_pipes(pipes);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		return cts_fail_errno(code == ENOENT ? CTS_ENOTFOUND : CTS_EIO, code,
			"cannot run '%s'", argv[0]);
	}
	*out = (struct cts_program){
		.pid = pid, .in = pipes[IN][1], .out = pipes[OUT][0], .err = pipes[ERR][0]};
	pipes[IN][1] = pipes[OUT][0] = pipes[ERR][0] = -1;
	close_pipes(pipes);
	fcntl(out->in, F_SETFL, O_NONBLOCK);
	fcntl(out->out, F_SETFL, O_NONBLOCK);
	fcntl(out->err, F_SETFL, O_NONBLOCK);
	return 0;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int cts_program_end(struct cts_program *program, int wait_ms)
{
	int64_t until = cts_time_now_ms() + wait_ms;
	int status = 0;

	close_one(&program->in);
	close_one(&program->out);
	close_one(&program->err);
	while (program->pid > 0 && waitpid(program->pid, &status, WNOHANG) == 0) {
		if (cts_time_now_ms() >= until)
			kill(program->pid, SIGTERM);
		if (cts_time_now_ms() >= until + 1000)
			kill(program->pid, SIGKILL);
		usleep(2000);
	}
	program->pid = 0;
	return status;
}
