/*
 * Runs a command and kills it, with all its children, at the N-th system call that it enters: the call
 * is not made. With N 0 it only counts. A program that the command becomes is counted on with it.
 *
 *	killat N COUNT_FILE COMMAND [ARGUMENT...]
 *	killat torn N COUNT_FILE COMMAND [ARGUMENT...]
 *
 * `torn`: if the N-th call writes (write, pwrite64), half of its bytes are written before the kill, as
 * when the machine stops in the middle; any other call is killed as before. COUNT_FILE gets one line a
 * call, `number name-or-number`, so that whoever asks knows what was tried.
 *
 * Exit status: the command's own when it ended by itself, 137 when it was killed, 99 when tracing fails.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

enum { MAX_TRACEES = 256 };

static pid_t tracees[MAX_TRACEES];
static size_t tracee_count;

static void add_tracee(pid_t pid)
{
	for (size_t i = 0; i < tracee_count; i++)
		if (tracees[i] == pid)
			return;
	if (tracee_count < MAX_TRACEES)
		tracees[tracee_count++] = pid;
}

static void kill_all(void)
{
	for (size_t i = 0; i < tracee_count; i++)
		kill(tracees[i], SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

/* Halves the size argument of a write, so that only its first part happens. */
static int halve(pid_t pid, unsigned long long number)
{
#ifdef __x86_64__
	struct user_regs_struct regs;

	if (number != SYS_write && number != SYS_pwrite64)
		return 0;
	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0 || regs.rdx < 2)
		return 0;
	regs.rdx /= 2;
	return ptrace(PTRACE_SETREGS, pid, NULL, &regs) == 0;
#else
	(void)pid;
	(void)number;
	return 0;
#endif
}

int main(int argc, char **argv)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK
		| PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	unsigned long target, count = 0;
	int is_torn = argc > 1 && strcmp(argv[1], "torn") == 0;
	pid_t first, tearing = 0;
	int status, answer = 99;
	FILE *log;

	argv += is_torn;
	argc -= is_torn;
	if (argc < 4) {
		fprintf(stderr, "killat [torn] N COUNT_FILE COMMAND...\n");
		return 99;
	}
	target = strtoul(argv[1], NULL, 10);
	log = fopen(argv[2], "w");
	if (!log)
		return 99;
	first = fork();
	if (first < 0)
		return 99;
	if (first == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	if (waitpid(first, &status, 0) < 0 || ptrace(PTRACE_SETOPTIONS, first, NULL, options) < 0) {
		fprintf(stderr, "killat: tracing is not allowed here\n");
		kill(first, SIGKILL);
		return 99;
	}
	add_tracee(first);
	ptrace(PTRACE_SYSCALL, first, NULL, NULL);
	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);
		int deliver = 0;

		if (pid < 0)
			break;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid == first)
				answer = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			continue;
		}
		add_tracee(pid);
		if (WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			struct ptrace_syscall_info info = {0};

			if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
				continue; /* it has just been killed */
			if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
				fprintf(log, "%lu %llu\n", ++count, (unsigned long long)info.entry.nr);
				if (count == target) {
					if (!is_torn || !halve(pid, info.entry.nr)) {
						kill_all();
						answer = 137;
						break;
					}
					tearing = pid;
				}
			} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && pid == tearing) {
				kill_all();
				answer = 137;
				break;
			}
		} else if (WIFSTOPPED(status) && status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP
			&& WSTOPSIG(status) != SIGTRAP) {
			deliver = WSTOPSIG(status);
		}
		ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)deliver);
	}
	fclose(log);
	return answer;
}
