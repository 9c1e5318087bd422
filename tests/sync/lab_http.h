/*
 * git's own http-backend on a port of 127.0.0.1, for the repositories in the lab's folder srv
 * (tests/support/git_http.py tells what it can be made to do wrong).
 */
#ifndef TESTS_SYNC_LAB_HTTP_H
#define TESTS_SYNC_LAB_HTTP_H

#include "lab.h"

#include <spawn.h>
#include <sys/wait.h>

static pid_t lab_http_server;
static int lab_http_input = -1;

/* Starts it; the URL of the lab's srv. */
FIXTURE const char *lab_http(void)
{
	char *argv[] = {(char *)"/usr/bin/python3",
		(char *)CTS_SOURCE_DIR "/tests/support/git_http.py", (char *)lab_path("srv"),
		(char *)lab_path("log"), NULL};
	posix_spawn_file_actions_t actions;
	int input[2], output[2];
	char port[16] = "";
	ssize_t size;

	assert_int_equal(pipe(input), 0);
	assert_int_equal(pipe(output), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input[0], 0);
	posix_spawn_file_actions_adddup2(&actions, output[1], 1);
	posix_spawn_file_actions_addclose(&actions, input[1]);
	assert_int_equal(
		posix_spawn(&lab_http_server, argv[0], &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(input[0]);
	close(output[1]);
	lab_http_input = input[1];
	while (!strchr(port, '\n')) {
		size = read(output[0], port + strlen(port), sizeof(port) - 1 - strlen(port));
		assert_true(size > 0);
	}
	close(output[0]);
	*strchr(port, '\n') = '\0';
	return lab_text("http://127.0.0.1:%s", port);
}

FIXTURE void lab_http_end(void)
{
	close(lab_http_input);
	waitpid(lab_http_server, NULL, 0);
}

#endif
