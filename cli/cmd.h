/*
 * A command: one file, one entry, one line in cmd_table.c. The entry's rows are the single source
 * of the parser, of --help and `help NAME`, and of the manual's synopsis, so they cannot disagree.
 * main parses the words, opens what `.needs` names and calls `.run`; a command neither opens
 * stores nor calls exit, and it prints through the session's out (out.h, items.h), never through
 * stdio.
 *
 * A whole command file, cli/cmd_rm.c say:
 *
 *	#include "cli/cmd.h"
 *	#include "cli/session.h"
 *
 *	struct rm_options {
 *		const char *message;
 *		bool dry_run;
 *	};
 *
 *	static const struct cts_opt rm_rows[] = {
 *		CTS_OPT_MESSAGE(struct rm_options),
 *		CTS_OPT_DRY_RUN(struct rm_options),
 *		{0},
 *	};
 *
 *	static const struct cts_argument rm_arguments[] = {
 *		{.name = "REC", .many = true, .help = "a record, or a quoted pattern"},
 *		{0},
 *	};
 *
 *	static int rm_run(struct cts_session *session, const void *given, int argc, char **argv)
 *	{
 *		const struct rm_options *options = given;
 *		int rc;
 *
 *		...
 *		cts_out_printf(&session->out, "%s %s\n", change, key);
 *		return 0;
 *	}
 *
 *	const struct cts_cmd cts_cmd_rm = {
 *		.name = "rm",
 *		.group = CTS_GROUP_RECORDS,
 *		.sentence = "delete records",
 *		.details = "A deleted record stays in the history. ...",
 *		.examples = "ctsync rm milestone/nzp.first-hui-x7k2q -m 'entered twice'\n",
 *		.options = rm_rows,
 *		.options_size = sizeof(struct rm_options),
 *		.arguments = rm_arguments,
 *		.needs = CTS_NEEDS_STORE | CTS_NEEDS_AUTHOR,
 *		.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
 *		.run = rm_run,
 *	};
 *
 * A command that carries git (anything of sync/ that opens a repository) is two files: the entry
 * here, without `.run`, and its run in road/, which only ctsync-road has; see road/runs.h.
 *
 * A name may be two words ("remote add"): its own entry, options and arguments; the parser takes
 * the longest name that matches, and `help remote` lists them all.
 */
#ifndef CTS_CLI_CMD_H
#define CTS_CLI_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/opt.h"
#include "cli/out.h"

struct cts_session;

enum cts_group {
	CTS_GROUP_STORE,
	CTS_GROUP_RECORDS,
	CTS_GROUP_HISTORY,
	CTS_GROUP_SYNC,
	CTS_GROUP_CONFLICTS,
	CTS_GROUP_EXCHANGE,
	CTS_GROUP_REPORTS,
	CTS_GROUP_CARE,
	CTS_GROUP_HELP,
};
#define CTS_GROUP_COUNT (CTS_GROUP_HELP + 1)

/* What main has ready before `run`. */
enum cts_needs {
	CTS_NEEDS_NOTHING = 0,
	CTS_NEEDS_STORE = 1 << 0,  /* session->store is open; no store here: CTS_ENOSTORE */
	CTS_USES_STORE = 1 << 1,   /* session->store is open if there is one, else NULL */
	CTS_NEEDS_AUTHOR = 1 << 2, /* session->author is known: whatever writes a change */
	CTS_FINDS_STORE = 1 << 5,  /* session->store_path is known, nothing is opened (rebuild) */
	CTS_TAKES_AT = 1 << 3,     /* the command obeys session->at; others refuse --at */
	CTS_PAGES = 1 << 4,        /* the answer may be long: through a pager on a terminal */
};

/* `options` is the struct that the rows fill; argv has no name and no options any more, and as many
 * words as the argument rows allow.
 * @return 0; 1 as an answer (diff --exit-code); a negative CTS_E*, with its message set */
typedef int (*cts_run_fn)(
	struct cts_session *session, const void *options, int argc, char **argv);

/* One positional argument of the usage line, in order. Rows end with {0}. */
struct cts_argument {
	const char *name; /* "REC", "FIELD=VALUE" */
	bool optional;    /* it and all after it may be left out */
	bool many;        /* may be repeated; only one row may say so */
	const char *help; /* one sentence */
};

struct cts_cmd {
	const char *name; /* "set", "remote add" */
	enum cts_group group;
	const char *synopsis; /* what follows the name, instead of what the rows give; NULL: rows */
	const char *sentence; /* "change fields of a record" */
	const char *details;  /* paragraphs separated by empty lines, wrapped when shown; lines that
	                         begin with a space stay as they are. NULL: none */
	const char *examples; /* lines to type; NULL: none */
	const struct cts_opt *options;        /* NULL: none */
	size_t options_size;                  /* of the struct that the rows fill */
	const void *defaults;                 /* that struct before parsing; NULL: zeroes */
	const struct cts_argument *arguments; /* NULL: none */
	unsigned needs;                       /* enum cts_needs */
	unsigned formats; /* enum cts_out_format that -o may name; 0: text only */
	cts_run_fn run;   /* NULL: the command carries git, see road/runs.h */
};

/* Rows that writing commands share. The struct's members are `message` and `dry_run`. */
#define CTS_OPT_MESSAGE(type)                                                                     \
	{.name = "message", .letter = 'm', .argument = "MESSAGE", .kind = CTS_OPT_STRING,         \
		.offset = offsetof(type, message),                                                \
		.help = "why, in your words; kept with the change for ever"}
#define CTS_OPT_DRY_RUN(type)                                                                     \
	{.name = "dry-run", .kind = CTS_OPT_FLAG, .offset = offsetof(type, dry_run),              \
		.help = "check everything and show what would change, change nothing"}
/* `settle` and `author`, for those that change fields or need another author. */
#define CTS_OPT_SETTLE(type)                                                                      \
	{.name = "settle", .kind = CTS_OPT_FLAG, .offset = offsetof(type, settle),                \
		.help = "mean it, even for a field in conflict: the new value settles it"}

/* ---- the table (cmd_table.c) ----------------------------------------------------------------- */

/* Commands in order of their groups; index out of range: NULL. */
const struct cts_cmd *cts_cmd_at(size_t index);

/* The command that the words name; `*taken` is 1 or 2. NULL when there is none. */
const struct cts_cmd *cts_cmd_find(int *taken, int argc, char *const *argv);

/* The same with an error that names the nearest command, or those that begin with the word.
 * @return CTS_EUSAGE */
int cts_cmd_require(const struct cts_cmd **out, int *taken, int argc, char *const *argv);

/* "records", "sync". */
const char *cts_group_name(enum cts_group group);

#endif
