/*
 * log: the changes that are here, whoever made them and over whatever road they came, field by
 * field.
 *
 * Changes are shown as the walk over them gives them, so the first appear at once and --limit ends
 * the walk; only --reverse must wait for its end. An edit that is a side of an open conflict is
 * followed by all sides: nothing that a merge kept is out of sight.
 */
#include <string.h>

#include "cli/cmd.h"
#include "cli/diag.h"
#include "cli/log_show.h"
#include "cli/past.h"
#include "cli/session.h"
#include "proto/error.h"
#include "proto/text.h"
#include "proto/time.h"

struct log_options {
	const char *since, *until;
	const char *agency, *author, *field;
	int64_t limit;
	bool reverse;
};

static const struct log_options log_defaults = {.limit = INT64_MAX};

static const struct cts_opt log_rows[] = {
	{.name = "since",
		.argument = "DATE",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct log_options, since),
		.help = "made on that day or later; a time may follow it"},
	{.name = "until",
		.argument = "DATE",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct log_options, until),
		.help = "made on that day or earlier"},
	{.name = "agency",
		.argument = "AGENCY",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct log_options, agency),
		.help = "made by this agency"},
	{.name = "author",
		.argument = "TEXT",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct log_options, author),
		.help = "by authors with this in their name or address, in any case"},
	{.name = "field",
		.argument = "FIELD",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct log_options, field),
		.help = "only edits of this field"},
	{.name = "limit",
		.letter = 'n',
		.argument = "N",
		.kind = CTS_OPT_INT,
		.offset = offsetof(struct log_options, limit),
		.help = "the newest N of them"},
	{.name = "reverse",
		.kind = CTS_OPT_FLAG,
		.offset = offsetof(struct log_options, reverse),
		.help = "oldest first"},
	{0},
};

static const struct cts_argument log_arguments[] = {
	{.name = "REC",
		.optional = true,
		.help = "only what was done to this record; it may be "
			"deleted"},
	{0},
};

/* A change kept for --reverse; with `edits` where the walk had them at hand. */
struct kept {
	struct cts_ref ref;
	struct cts_record_edits *edits;
};

struct log {
	struct cts_session *session;
	struct cts_txn *txn;
	const char *key; /* NULL: all records */
	int64_t since, until;
	const char *agency, *author;
	uint64_t left;
	bool reverse;
	const struct cts_view *view; /* NULL: now */
	struct cts_log_show show;
	struct cts_arena scratch; /* of the change at hand */
	struct kept *kept;
	size_t kept_count;
};

/* ---- what is wanted ----------------------------------------------------------------------------
 */

static bool takes_author(struct log *log, const char *author)
{
	return !log->author || strstr(cts_text_fold(&log->scratch, author), log->author);
}

static bool takes(struct log *log, const struct cts_change *change)
{
	return change->time >= log->since && change->time <= log->until &&
	       (!log->agency || strcmp(change->agency, log->agency) == 0) &&
	       (!log->view || cts_vector_has(&log->view->vector, change->ref)) &&
	       takes_author(log, change->author);
}

/* ---- the walks --------------------------------------------------------------------------------
 */

struct search {
	struct log *log;
	bool found;
};

static int find_edit(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct search *search = context;
	struct cts_record_edits *kept = NULL;
	size_t count = 0;

	(void)change;
	cts_arena_clear(&search->log->scratch);
	search->found =
		cts_past_keep(&kept, &count, &search->log->scratch, edits, search->log->show.field);
	return search->found;
}

/* For --reverse: kept, if anything of it would be shown. @return 1 kept */
static int keep(
	struct log *log, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct cts_arena *arena = &log->session->arena;
	const char *field = log->show.field;
	struct search search = {.log = log, .found = !field};
	struct kept kept = {.ref = change->ref};
	size_t count = 0;
	int rc = 0;

	if (edits && cts_past_keep(&kept.edits, &count, arena, edits, field))
		search.found = true;
	else if (!edits && !search.found)
		rc = cts_txn_each_edit(log->txn, change->ref, find_edit, &search);
	if (rc < 0 || !search.found)
		return rc;
	*(struct kept *)cts_arena_push(arena, &log->kept, &log->kept_count, sizeof(kept)) = kept;
	return 1;
}

/* One change of a walk; `edits` NULL: not at hand. Ends the walk when enough are found. */
static int visit(
	struct log *log, const struct cts_change *change, const struct cts_record_edits *edits)
{
	int rc;

	cts_arena_clear(&log->scratch);
	if (!log->left)
		return 1;
	if (!takes(log, change))
		return 0;
	rc = log->reverse ? keep(log, change, edits)
			  : cts_log_show_change(&log->show, change, edits);
	if (rc > 0)
		log->left--;
	return rc < 0 ? rc : log->left == 0;
}

static int on_change(void *context, const struct cts_change *change)
{
	return visit(context, change, NULL);
}

static int on_edits(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	return visit(context, change, edits);
}

static int put_reversed(struct log *log)
{
	int rc = 0;

	for (size_t i = log->kept_count; rc >= 0 && i > 0; i--) {
		const struct kept *kept = &log->kept[i - 1];
		struct cts_record_edits nothing = {.key = log->key};
		struct cts_change change;

		cts_arena_clear(&log->scratch);
		rc = cts_txn_change(log->txn, &change, &log->scratch, kept->ref);
		if (rc == 0)
			rc = cts_log_show_change(&log->show, &change,
				kept->edits || !log->key ? kept->edits : &nothing);
	}
	return rc;
}

/* ---- run --------------------------------------------------------------------------------------
 */

static int choose(struct log *log, const struct log_options *options, const char *address)
{
	struct cts_arena *arena = &log->session->arena;
	int rc = 0;

	if (address)
		rc = cts_past_find(log->txn, &log->key, arena, address);
	if (rc == 0 && options->since)
		rc = cts_time_parse(&log->since, options->since, false);
	if (rc == 0 && options->until)
		rc = cts_time_parse(&log->until, options->until, true);
	if (rc == 0 && options->agency)
		rc = cts_past_agency(log->txn, &log->agency, arena, options->agency);
	if (rc == 0 && options->field)
		rc = cts_past_field(log->session->schema, log->key, options->field);
	if (rc < 0)
		return rc;
	log->show.field = options->field;
	if (options->author)
		log->author = cts_text_fold(arena, options->author);
	return 0;
}

static int log_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct log_options *options = given;
	struct log log = {
		.session = session,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.left = (uint64_t)options->limit,
		.reverse = options->reverse,
	};
	struct cts_view view = {0};
	int rc = cts_txn_begin(&log.txn, session->store);

	if (rc == 0 && session->at) {
		rc = cts_view_parse(&view, log.txn, session->at);
		log.view = &view;
	}
	if (rc == 0)
		rc = choose(&log, options, argc ? argv[0] : NULL);
	log.show.session = session;
	log.show.txn = log.txn;
	if (rc == 0)
		rc = cts_log_show_begin(&log.show, log.key);
	if (rc < 0)
		goto out;
	rc = log.key ? cts_txn_each_history(log.txn, log.key, true, on_edits, &log)
		     : cts_txn_each_change(log.txn, on_change, &log);
	if (rc >= 0)
		rc = put_reversed(&log);
	if (rc < 0)
		goto out;
	cts_log_show_end(&log.show);
	if (log.show.items.count == 0 && !cts_out_is_json(&session->out))
		cts_diag_note("no such changes");
out:
	cts_view_release(&view);
	cts_log_show_release(&log.show);
	cts_arena_release(&log.scratch);
	cts_txn_end(log.txn);
	return rc < 0 ? rc : 0;
}

const struct cts_cmd cts_cmd_log = {
	.name = "log",
	.group = CTS_GROUP_HISTORY,
	.sentence = "show changes, newest first, field by field",
	.details =
		"Every change that this store holds, its own and those it pulled: who made it, of "
		"which agency, when it was made and, of others, when it was received, why, and "
		"each field's old and new value. Changes not pushed yet are marked. A change that "
		"had seen another stands before it, whatever the clocks said.\n"
		"\n"
		"An edit that is a side of an open conflict is followed by all the sides.",
	.examples = "ctsync log --limit 10\n"
		    "ctsync log milestone/ctwp2021-4-2 --field due\n"
		    "ctsync log --since 2021-06-01 --agency NZP -o json\n",
	.options = log_rows,
	.options_size = sizeof(struct log_options),
	.defaults = &log_defaults,
	.arguments = log_arguments,
	.needs = CTS_NEEDS_STORE | CTS_TAKES_AT | CTS_PAGES,
	.formats = CTS_OUT_READS,
	.run = log_run,
};
