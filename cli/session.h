/*
 * A session: everything that one run of the program has in hand. main makes it from the global
 * options and the command's needs, hands it to the command, and closes it; commands use it and
 * open nothing.
 *
 * The author of changes is, in this order: --author where a command has it, the store's config,
 * git's user.name and user.email (GIT_CONFIG_GLOBAL, else ~/.gitconfig over git/config in
 * XDG_CONFIG_HOME, then /etc/gitconfig; read without running git).
 */
#ifndef CTS_CLI_SESSION_H
#define CTS_CLI_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/opt.h"
#include "cli/out.h"
#include "proto/arena.h"
#include "proto/schema.h"
#include "store/store.h"

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
	const char *store_path;          /* of the .ctsync found; NULL: none, or not looked for */
	const char *at;                  /* --at; NULL: now */
	struct cts_identity identity;    /* of the store open; zeroed without one */
	const char *author;              /* "Name <mail>" for struct cts_write; NULL: not known */
};

void cts_session_init(struct cts_session *session);

/* Changes directory, sets up out and diag from the global options, refuses an -o or --at that the
 * command does not take. @return CTS_EUSAGE, CTS_EIO */
int cts_session_setup(struct cts_session *session, const struct cts_cmd *cmd);

/* What --help needs of that: it is had whatever else was typed. @return CTS_EUSAGE */
int cts_session_setup_help(struct cts_session *session);

/* Opens what the command needs. @return CTS_ENOSTORE and what opening a store returns */
int cts_session_open(struct cts_session *session, unsigned needs);

/* The author of a change: `given` (--author, or NULL), else session->author.
 * @return CTS_EVALUE for one that is not "Name <mail>", CTS_EUSAGE when nobody is named,
 * with the command to type as hint */
int cts_session_author(const char **out, struct cts_session *session, const char *given);

void cts_session_close(struct cts_session *session);

#endif
