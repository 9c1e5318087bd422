/*
 * What ssh and the server's programs write to stderr: passed on to the person, and looked through for why
 * ssh ended. Internal to ssh.c.
 *
 * Lines are held back until ssh has come through or waits: of an ssh that fails, the line that says why
 * is in the error, and is not told twice.
 */
#ifndef CTS_SYNC_SSH_WORDS_H
#define CTS_SYNC_SSH_WORDS_H

#include "proto/arena.h"
#include "sync/link/child.h"
#include "sync/link/pkt.h"

struct cts_ssh_words {
	struct cts_channel *channel;
	struct cts_arena arena;
	struct cts_lines lines;
	bool is_through; /* the server itself has said something */
	const char **held;
	size_t held_count;
	char reason[512]; /* the line that tells most of why it ended */
	bool has_fatal, was_denied, is_unknown_host;
};

void cts_ssh_words_init(struct cts_ssh_words *words, struct cts_channel *channel);

/* Some of what is on `fd`. @return false: it is at its end */
bool cts_ssh_words_read(struct cts_ssh_words *words, int fd);

/* Tells what is held back. */
void cts_ssh_words_say(struct cts_ssh_words *words);

/* The failure of an ssh to `url` that ended with this wait status. @return CTS_EUNREACHABLE, CTS_EAUTH */
int cts_ssh_words_fail(struct cts_ssh_words *words, const char *url, int status);

#endif
