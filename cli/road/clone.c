/*
 * The run of clone.
 *
 * The root commit is what the programme is known by. Whoever sits at a terminal is asked whether it
 * is the right one, and the store has another name until the answer is yes; a script gives --root,
 * or is told that the remote was trusted on first use.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/diag.h"
#include "cli/folder.h"
#include "cli/items.h"
#include "cli/progress.h"
#include "cli/road/runs.h"
#include "cli/session.h"
#include "proto/error.h"
#include "proto/id.h"
#include "sync/sync.h"

/* ---- what was typed ---------------------------------------------------------------------------
 */

/* "programme" of ssh://git.example.org/srv/programme.git/ */
static int folder_of(const char **out, struct cts_arena *arena, const char *url)
{
	size_t end = strlen(url), start;

	while (end > 0 && url[end - 1] == '/')
		end--;
	if (end > 4 && strncmp(url + end - 4, ".git", 4) == 0)
		end -= 4;
	else if (end > 7 && strncmp(url + end - 7, ".bundle", 7) == 0)
		end -= 7;
	while (end > 0 && url[end - 1] == '/')
		end--;
	for (start = end; start > 0 && url[start - 1] != '/' && url[start - 1] != ':';)
		start--;
	*out = cts_arena_strndup(arena, url + start, end - start);
	if (start < end && strcmp(*out, ".") != 0 && strcmp(*out, "..") != 0)
		return 0;
	cts_fail(CTS_EUSAGE, "'%s' does not tell how to name the folder", url);
	cts_hint("ctsync clone %s DIR --agency CODE", url);
	return CTS_EUSAGE;
}

static int check(struct cts_session *session, const struct cts_clone_options *options,
	const char *url, const char **author)
{
	const char *agency;
	struct cts_oid root;
	int rc;

	if (!options->agency) {
		cts_fail(CTS_EUSAGE, "'--agency' is missing: a store speaks for one agency");
		cts_hint("ctsync clone %s --agency CODE", url);
		return CTS_EUSAGE;
	}
	rc = cts_agency_id(&agency, &session->arena, options->agency);
	if (rc < 0)
		return rc;
	if (options->root && !cts_oid_parse(&root, options->root)) {
		cts_fail(CTS_EUSAGE, "'%s' is no root commit: 40 digits of 0-9 and a-f",
			options->root);
		cts_hint("ctsync status shows it in a store of the programme");
		return CTS_EUSAGE;
	}
	/* Reading needs no author; the first edit will ask for one. */
	*author = "";
	if (options->author || session->author)
		return cts_session_author(author, session, options->author);
	return 0;
}

/* ---- trust ------------------------------------------------------------------------------------
 */

static bool is_asked(const struct cts_clone_options *options)
{
	return !options->root && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* The first digits in groups, to be read out on the telephone. */
static const char *spoken(struct cts_arena *arena, const char *hex)
{
	return cts_arena_printf(arena, "%.4s %.4s %.4s %.4s", hex, hex + 4, hex + 8, hex + 12);
}

static bool confirm(struct cts_arena *arena, const char *hex)
{
	char answer[16] = "";

	fprintf(stderr,
		"The root of this programme is\n\n    %s\n\nor, to compare by voice, %s. "
		"`ctsync status` shows it in the other agencies' stores.\n"
		"Is it the same there? [y/N] ",
		hex, spoken(arena, hex));
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	answer[strcspn(answer, "\n")] = 0;
	return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

/* Asks, and gives the store its name or takes it away. */
static int settle(
	struct cts_arena *arena, const char *unconfirmed, const char *path, const char *hex)
{
	if (!confirm(arena, hex)) {
		cts_folder_remove(unconfirmed);
		cts_fail(CTS_EREFUSED, "the root was not confirmed: nothing is kept");
		cts_hint("clone with --root ID once you know it");
		return CTS_EREFUSED;
	}
	if (rename(unconfirmed, path) < 0)
		return cts_fail_errno(
			CTS_EIO, errno, "cannot rename '%s' to '%s'", unconfirmed, path);
	return 0;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static void print(struct cts_session *session, const struct cts_clone *clone, const char *folder,
	const char *path)
{
	struct cts_out *out = &session->out;
	char *whole = realpath(path, NULL);
	struct cts_jsonw json;

	if (cts_out_is_json(out)) {
		cts_answer_begin(&json, out);
		cts_jsonw_string(&json, "store", whole ? whole : path);
		cts_jsonw_oid(&json, "root", &clone->found_root);
		cts_jsonw_int(&json, "commits", (int64_t)clone->commits);
		cts_jsonw_int(&json, "records", (int64_t)clone->records);
		cts_answer_end(&json, out);
	} else {
		cts_out_printf(out, "cloned %" PRIu64 " record%s, %" PRIu64 " commit%s into ",
			clone->records, clone->records == 1 ? "" : "s", clone->commits,
			clone->commits == 1 ? "" : "s");
		cts_out_text(out, folder);
		cts_out_puts(out, "\n");
	}
	free(whole);
}

static int run(struct cts_session *session, const struct cts_clone_options *options,
	struct cts_clone *clone, const char *url, const char *path)
{
	struct cts_arena *arena = &session->arena;
	const char *unconfirmed = cts_arena_printf(arena, "%s.unconfirmed", path);
	bool asked = is_asked(options);
	struct cts_progress_bar bar = {0};
	struct cts_progress progress = cts_progress_hook(&bar);
	char hex[CTS_OID_HEX + 1];
	int rc;

	if (access(path, F_OK) == 0) {
		cts_fail(CTS_EREFUSED, "there is a store already: '%s'", path);
		cts_hint("ctsync pull");
		return CTS_EREFUSED;
	}
	/* One that was never confirmed, because its clone was cut short. */
	if (asked)
		cts_folder_remove(unconfirmed);
	rc = cts_store_clone(asked ? unconfirmed : path, url, clone, &progress);
	cts_progress_end(&bar);
	if (rc < 0)
		return rc;
	cts_oid_format(hex, &clone->found_root);
	if (clone->refused > 0) {
		cts_diag_note("%" PRIu64 " commit%s there %s refused; everything else was taken in",
			clone->refused, clone->refused == 1 ? "" : "s",
			clone->refused == 1 ? "was" : "were");
		cts_diag_hint("ctsync status names them");
	}
	if (asked)
		return settle(arena, unconfirmed, path, hex);
	if (!options->root) {
		cts_diag_note("trusted on first use: the root of the programme is %s", hex);
		cts_diag_hint("compare it with `ctsync status` of another agency");
	}
	return 0;
}

int cts_run_clone(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct cts_clone_options *options = given;
	struct cts_arena *arena = &session->arena;
	struct cts_clone clone = {.agency_code = options->agency, .root = options->root};
	const char *folder = argc > 1 ? argv[1] : NULL, *path, *first = NULL;
	int rc = check(session, options, argv[0], &clone.author);

	if (rc == 0 && !folder)
		rc = folder_of(&folder, arena, argv[0]);
	if (rc == 0)
		rc = cts_folder_make(arena, &first, folder);
	if (rc < 0)
		return rc;
	path = cts_arena_printf(arena, "%s/.ctsync", folder);
	rc = run(session, options, &clone, argv[0], path);
	if (rc < 0) {
		cts_folder_unmake(arena, first, folder);
		return rc;
	}
	print(session, &clone, folder, path);
	return 0;
}
