/*
 * A connection to a server (ssh, https, http on this machine), held by a child process (child.h).
 * libgit2 connects and reads what the server lists, over its own http(s) sub-transport or over ours, which
 * runs the user's ssh program (ssh.h). Both are watched: every byte is a sign of life, and what a server
 * advertises is read along. Requests and their answers are our own (link_fetch.c, link_send.c). One link is
 * one service; refs and capabilities are there when it is open.
 *
 *	rc = cts_link_open(&link, url, CTS_LINK_FETCH, &options);
 *	rc = cts_link_fetch(link, "quarantine.x/git", &wish);
 *	cts_link_close(link);
 */
#ifndef CTS_SYNC_LINK_H
#define CTS_SYNC_LINK_H

#include "sync/git/repo.h"
#include "sync/sync.h"

struct cts_link;

enum cts_link_service { CTS_LINK_FETCH, CTS_LINK_PUSH };

struct cts_link_options {
	int idle_s; /* see cts_link_idle */
	const struct cts_progress *progress;
};

/* Config `network.idletimeout` in seconds (0: for ever), else 60. `store` may be NULL: there is none yet.
 * @return CTS_EVALUE */
int cts_link_idle(int *seconds, struct cts_store *store);

/* `url` may be a path for a push: then git receives it there, and runs the repository's hooks.
 * @return CTS_EUNREACHABLE, CTS_EAUTH, CTS_EVALUE (the URL), CTS_EREFUSED: hooks and no git */
int cts_link_open(struct cts_link **out, const char *url, enum cts_link_service service,
	const struct cts_link_options *options);

/* The same in two steps: between them the server is being connected to, and something else can be done. Refs and
 * capabilities are there after the second. */
int cts_link_start(struct cts_link **out, const char *url, enum cts_link_service service,
	const struct cts_link_options *options);
int cts_link_wait(struct cts_link *link);

void cts_link_close(struct cts_link *link); /* NULL allowed */

/* What the server advertised; peeled tags, symbolic references' names and capabilities^{} left out. */
const struct cts_ref_entry *cts_link_refs(const struct cts_link *link, size_t *count);

/* Whether the server advertised a capability ("ofs-delta", "no-thin"). */
bool cts_link_can(const struct cts_link *link, const char *capability);

/* What to fetch. */
struct cts_link_wish {
	const struct cts_oid *wants; /* of cts_link_refs, what the repository lacks; at least one */
	size_t want_count;
	const struct cts_oid *haves; /* commits that it has and the server may; what it does not know is nothing to it */
	size_t have_count;
};

/* Fetches into the repository at `git_dir`, which is to be thrown away: nothing is synced, no reference is made.
 * Ends the link's use. @return CTS_EUNREACHABLE, CTS_EINTEGRITY (a pack that is none) */
int cts_link_fetch(struct cts_link *link, const char *git_dir, const struct cts_link_wish *wish);

struct cts_link_command {
	const char *name; /* "refs/heads/..." */
	struct cts_oid old, new; /* old zero: it is made */
	bool is_done;            /* filled: the server reports that it took it */
	const char *why;         /* filled where not: the server's words, as they came; in the link */
};

/* Sends the commands and the pack in the file at `pack_path` (NULL: one without objects) in one request,
 * and reads the report. Ends the link's use. A command that the report does not name has `why` "the server did not say".
 * @return CTS_EREJECTED: the server could not unpack it; CTS_EUNREACHABLE: no report came, so what
 * happened is not known */
int cts_link_push(struct cts_link *link, struct cts_link_command *commands, size_t count,
	const char *pack_path);

#endif
