/*
 * Runs commands one after the other and tells what each took: the clock around fork and wait, and
 *what the kernel counted. Small, so that what is measured is the command and not what starts it.
 *
 *	script (stdin)   a line a command: its stdin, then its words, separated by tabs
 *	stdout           a line a command: nanoseconds, user and system microseconds, peak KiB
 *
 * Commands' stdout goes nowhere, their stderr to the file named by the argument. The first that
 *fails ends the run with its status.
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { WORDS_MAX = 256 };

static uint64_t micros(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

static void run(char **words, const char *input, const char *errors)
{
	posix_spawn_file_actions_t files;
	struct rusage usage;
	uint64_t start, ns;
	pid_t pid;
	int rc, status;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, input, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	start = bench_ns();
	rc = posix_spawnp(&pid, words[0], &files, NULL, words, environ);
	if (rc != 0)
		bench_die("%s: %s", words[0], strerror(rc));
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			bench_die("wait: %s", strerror(errno));
	ns = bench_ns() - start;
	posix_spawn_file_actions_destroy(&files);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fflush(stdout);
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	}
	printf("%llu %llu %llu %llu\n", (unsigned long long)ns,
		(unsigned long long)micros(usage.ru_utime),
		(unsigned long long)micros(usage.ru_stime), (unsigned long long)usage.ru_maxrss);
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t size;

	if (argc != 2)
		bench_die("usage: timed FILE-FOR-ERRORS <SCRIPT");
	while ((size = getline(&line, &capacity, stdin)) > 0) {
		char *words[WORDS_MAX + 1] = {NULL}, *rest = line;
		size_t count = 0;

		if (line[size - 1] == '\n')
			line[size - 1] = '\0';
		while (rest && count < WORDS_MAX)
			words[count++] = strsep(&rest, "\t");
		if (count < 2 || rest)
			bench_die("a line with no command, or with too many words");
		run(words + 1, words[0], argv[1]);
	}
	free(line);
	return fflush(stdout) == 0 ? 0 : 1;
}
