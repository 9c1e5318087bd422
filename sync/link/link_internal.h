/*
 * What a link's two ends say to each other, and what runs in the child. Internal to sync/link*.c.
 *
 *	child                          parent
 *	CAPABILITIES, REFS..., OPEN
 *	                               FETCH                   or COMMANDS..., PUSH
 *	(the work ends)                                           REPORT, (the work ends)
 */
#ifndef CTS_SYNC_LINK_INTERNAL_H
#define CTS_SYNC_LINK_INTERNAL_H

#include "sync/link/child.h"
#include "sync/link/link.h"
#include "sync/link/wire.h"

enum cts_link_message {
	CTS_LINK_CAPABILITIES = 1, /* the text */
	CTS_LINK_REFS,             /* many: id, name, NUL */
	CTS_LINK_OPEN,
	CTS_LINK_FETCHES,  /* many: index in the references, 4 bytes */
	CTS_LINK_FETCH_TO, /* the path of the repository: begin */
	CTS_LINK_COMMANDS, /* many: old id, new id, name, NUL */
	CTS_LINK_SEND,     /* the path of the pack, "" for an empty one: begin */
	CTS_LINK_REPORT,   /* "" or why nothing was unpacked, NUL; for each command 'k' or 'n', why, NUL */
};

enum { CTS_LINK_BATCH = 1 << 16 }; /* bytes of a message with many */

/* Of the child; both passed by the fork. */
struct cts_link_work {
	const char *url, *shown;
	enum cts_link_service service;
};

int cts_link_child(struct cts_channel *channel, void *context);

/* Fetches what the server's references name into the repository at `git_dir`. */
int cts_link_receive(struct cts_wire *wire, const git_remote_head **wanted, size_t count,
	const char *git_dir);

/* One request with the commands and the pack; puts the report. */
int cts_link_send(struct cts_wire *wire, const struct cts_link_command *commands, size_t count,
	const char *pack_path);

#endif
