/*
 * Addresses of ssh, as git reads them: ssh://user@host:port/path, ssh://host/~user/path, and
 * user@host:path. What ssh or the other side's shell could take for something else is refused.
 */
#ifndef CTS_SYNC_SSH_URL_H
#define CTS_SYNC_SSH_URL_H

#include "proto/arena.h"
#include "proto/buf.h"

struct cts_ssh_url {
	const char *host; /* "user@host" */
	const char *port; /* NULL: ssh's own choice */
	const char *path; /* as the server is to read it: "/srv/hub", "~ana/hub", "hub" */
};

/* In the arena. @return CTS_EVALUE */
int cts_ssh_url_parse(struct cts_ssh_url *out, struct cts_arena *arena, const char *url);

/* Appends text as one word of the other side's shell. */
void cts_shell_quote(struct cts_buf *out, const char *text);

#endif
