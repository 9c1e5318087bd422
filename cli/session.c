/*
 * What happens before and after a command. A store is opened here and nowhere else, so that every
 * command reports a missing, damaged or newer one in the same words.
 */
#include "cli/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/diag.h"
#include "cli/progress.h"
#include "proto/change.h"
#include "proto/error.h"

#define STORE_NAME ".ctsync"

const struct cts_opt cts_global_rows[] = {
	{.letter = 'C', .argument = "DIR", .kind = CTS_OPT_STRING,
		.offset = offsetof(struct cts_global, directory),
		.help = "work as if started in DIR"},
	{.name = "store", .argument = "DIR", .kind = CTS_OPT_STRING,
		.offset = offsetof(struct cts_global, store),
		.help = "use the store in DIR; otherwise CTSYNC_STORE, else the nearest .ctsync "
			"upwards from here"},
	{.name = "at", .argument = "REV|DATE", .kind = CTS_OPT_STRING,
		.offset = offsetof(struct cts_global, at),
		.help = "read the past: a commit or change, AGENCY@DATE, or a date as this store "
			"held it"},
	{.letter = 'o', .argument = "FORMAT", .kind = CTS_OPT_STRING,
		.offset = offsetof(struct cts_global, format),
		.help = "text, json, ndjson, csv, tsv or markdown, where the command has it"},
	{.name = "color", .argument = "WHEN", .kind = CTS_OPT_STRING,
		.offset = offsetof(struct cts_global, colour),
		.help = "auto (on a terminal, unless NO_COLOR is set), always or never"},
	{.name = "quiet", .kind = CTS_OPT_FLAG, .offset = offsetof(struct cts_global, quiet),
		.help = "no progress, no notes on stderr; errors and warnings stay"},
	{.name = "help", .letter = 'h', .kind = CTS_OPT_FLAG,
		.offset = offsetof(struct cts_global, help),
		.help = "show help, of the command if one is named"},
	{.name = "version", .kind = CTS_OPT_FLAG, .offset = offsetof(struct cts_global, version),
		.help = "show the version of this program"},
	{0},
};

void cts_session_init(struct cts_session *session)
{
	memset(session, 0, sizeof(*session));
	session->schema = cts_schema_builtin();
	cts_out_init(&session->out, STDOUT_FILENO, CTS_OUT_TEXT, CTS_WHEN_AUTO);
}

static int parse_colour(enum cts_out_when *out, const char *when)
{
	static const char *const names[] = {
		[CTS_WHEN_AUTO] = "auto",
		[CTS_WHEN_ALWAYS] = "always",
		[CTS_WHEN_NEVER] = "never",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!when || strcmp(names[i], when) == 0) {
			*out = (enum cts_out_when)i;
			return 0;
		}
	}
	cts_fail(CTS_EUSAGE, "no colour '%s'", when);
	cts_hint("--color takes one of: auto, always, never");
	return CTS_EUSAGE;
}

int cts_session_setup_help(struct cts_session *session)
{
	enum cts_out_when colour;
	int rc = parse_colour(&colour, session->global.colour);

	if (rc < 0)
		return rc;
	cts_out_init(&session->out, STDOUT_FILENO, CTS_OUT_TEXT, colour);
	return 0;
}

int cts_session_setup(struct cts_session *session, const struct cts_cmd *cmd)
{
	const struct cts_global *global = &session->global;
	unsigned formats = cmd && cmd->formats ? cmd->formats : CTS_OUT_TEXT;
	enum cts_out_format format = CTS_OUT_TEXT;
	enum cts_out_when colour;
	int rc;

	session->cmd = cmd;
	cts_progress_init(global->quiet);
	rc = parse_colour(&colour, global->colour);
	if (rc < 0)
		return rc;
	if (global->format) {
		rc = cts_out_format_parse(&format, formats, global->format);
		if (rc < 0)
			return rc;
	}
	if (global->at && !(cmd && cmd->needs & CTS_TAKES_AT)) {
		cts_fail(CTS_EUSAGE, "'--at' does not go with '%s'", cmd ? cmd->name : "ctsync");
		if (cmd)
			cts_hint("ctsync help %s", cmd->name);
		return CTS_EUSAGE;
	}
	if (global->directory && chdir(global->directory) < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot go to '%s'", global->directory);
	session->at = global->at;
	cts_out_init(&session->out, STDOUT_FILENO, format, colour);
	cts_diag_init(cts_out_is_json(&session->out), global->quiet);
	return 0;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The store named by --store or CTSYNC_STORE: the directory that holds .ctsync, or .ctsync itself.
 * */
static int named_store(const char **out, struct cts_arena *arena, const char *name)
{
	const char *inside = cts_arena_printf(arena, "%s/%s", name, STORE_NAME);
	const char *data = cts_arena_printf(arena, "%s/data.mdb", name);
	const char *path = is_directory(inside) ? inside : access(data, F_OK) == 0 ? name : NULL;
	char *whole;

	if (!path) {
		cts_fail(CTS_ENOSTORE, "no store in '%s'", name);
		cts_hint("ctsync init %s --agency CODE", name);
		return CTS_ENOSTORE;
	}
	whole = realpath(path, NULL);
	if (!whole)
		return cts_fail_errno(CTS_EIO, errno, "cannot find '%s'", path);
	*out = cts_arena_strdup(arena, whole);
	free(whole);
	return 0;
}

static int find_store(struct cts_session *session)
{
	const char *name = session->global.store;

	if (!name)
		name = getenv("CTSYNC_STORE");
	if (name && *name)
		return named_store(&session->store_path, &session->arena, name);
	return cts_store_find(&session->store_path, &session->arena, ".");
}

/* Who the user says to be: the store's config, else git's. NULL when neither knows. */
static const char *known_author(struct cts_session *session)
{
	const char *author;

	if (session->identity.author && *session->identity.author)
		return session->identity.author;
	author = cts_author_of_user(&session->arena, NULL, NULL);
	return *author ? author : NULL;
}

int cts_session_author(const char **out, struct cts_session *session, const char *given)
{
	const char *author = given ? given : session->author;
	const char *name, *mail;
	int rc;

	if (!author)
		author = known_author(session);
	if (!author) {
		cts_fail(CTS_EREFUSED, "nobody is named as the author of changes");
		cts_hint("git config --global user.name 'Your Name' && "
			 "git config --global user.email you@example.org");
		return CTS_EREFUSED;
	}
	rc = cts_author_split(&name, &mail, &session->arena, author);
	if (rc < 0)
		return rc;
	*out = author;
	return 0;
}

static int open_store(struct cts_session *session)
{
	int rc = find_store(session);

	if (rc < 0)
		return rc;
	cts_store_guard_faults();
	rc = cts_store_open(&session->store, session->store_path);
	if (rc < 0)
		return rc;
	session->schema = cts_store_schema(session->store);
	cts_store_identity(session->store, &session->identity);
	return 0;
}

int cts_session_open(struct cts_session *session, unsigned needs)
{
	int rc;

	if (needs & CTS_NEEDS_STORE) {
		rc = open_store(session);
		if (rc < 0)
			return rc;
	} else if (needs & CTS_USES_STORE) {
		/* Help must be had with a damaged store too. One that was named is to be there. */
		rc = open_store(session);
		if (rc == CTS_ENOSTORE && session->global.store)
			return rc;
		if (rc < 0 && rc != CTS_ENOSTORE) {
			cts_diag_warn("%s", cts_error_message(rc));
			if (cts_error_hint())
				cts_diag_hint("%s", cts_error_hint());
		}
		cts_error_clear();
	} else if (needs & CTS_FINDS_STORE) {
		rc = find_store(session);
		if (rc < 0)
			return rc;
	}
	session->author = known_author(session);
	if (needs & CTS_NEEDS_AUTHOR)
		return cts_session_author(&session->author, session, NULL);
	return 0;
}

void cts_session_close(struct cts_session *session)
{
	if (session->store)
		cts_store_close(session->store);
	session->store = NULL;
	session->schema = NULL;
	cts_out_release(&session->out);
	cts_arena_release(&session->arena);
}
