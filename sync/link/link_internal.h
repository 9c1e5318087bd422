/*
 * What a link's two ends say to each other, and what runs in the child. Internal to sync/link*.c.
 *
 *	child                          parent
 *	CAPABILITIES, REFS..., OPEN
 *	                               WANTS..., HAVES..., FETCH or COMMANDS..., SEND
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
	CTS_LINK_WANTS,    /* many: id */
	CTS_LINK_HAVES,    /* many: id */
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

/* What is to be fetched, and where to. */
struct cts_link_order {
	struct cts_oid *wants, *haves; /* haves: what the repository has, and the server may */
	size_t want_count, have_count;
	const char *path; /* of the repository */
};

int cts_link_do_fetch(struct cts_wire *wire, const struct cts_link_order *order);

/* One request with the commands and the pack; puts the report. */
int cts_link_send(struct cts_wire *wire, const struct cts_link_command *commands, size_t count,
	const char *pack_path);

#endif
