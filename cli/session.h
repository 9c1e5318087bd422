/*
 * A session: everything that one run of the program has in hand. main makes it from the global options
 * and the command's needs, hands it to the command, and closes it; commands use it and open nothing.
 *
 * Who I am: the agency and the writer stand in the store's config. The author is, in this order:
 * --author where a command has it, CTSYNC_AUTHOR, `author` in the store's config, git's user.name and
 * user.email (by the ordinary rules of git config, read without running git).
 */
#ifndef CTS_CLI_SESSION_H
#define CTS_CLI_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/out.h"
#include "proto/arena.h"
#include "proto/schema.h"

struct cts_store;
struct cts_cmd;

struct cts_global {
	const char *directory; /* -C */
	const char *store;     /* --store, else CTSYNC_STORE */
	const char *at;        /* --at */
	const char *format;    /* -o */
	const char *colour;    /* --color */
	bool quiet;            /* --quiet */
	bool help;             /* -h, --help */
	bool version;          /* --version */
};

/* The rows of struct cts_global. */
extern const struct cts_opt cts_global_rows[];

struct cts_session {
	struct cts_global global;
	struct cts_out out;
	struct cts_arena arena;          /* lives until the command has ended */
	const struct cts_cmd *cmd;
	struct cts_store *store;         /* by .needs; NULL when none is open */
	const struct cts_schema *schema; /* the store's, else the built-in one; never NULL */
	const char *store_path;          /* absolute, of the directory that holds .ctsync; NULL: none found */
	const char *at;                  /* --at; NULL: now */
	const char *author;              /* "Name <mail>"; by .needs, NULL when not known */
};

void cts_session_init(struct cts_session *session);

/* Changes directory, sets up out and diag from the global options, refuses an -o or --at that the
 * command does not take. @return CTS_EUSAGE, CTS_EIO */
int cts_session_setup(struct cts_session *session, const struct cts_cmd *cmd);

/* Opens what the command needs. @return CTS_ENOSTORE and what opening a store returns */
int cts_session_open(struct cts_session *session, unsigned needs);

/* The author of a change: `given` (--author, or NULL), else session->author.
 * @return CTS_EVALUE for one that is not "Name <mail>", CTS_EUSAGE when nobody is named, with hint */
int cts_session_author(const char **out, struct cts_session *session, const char *given);

void cts_session_close(struct cts_session *session);

#endif
