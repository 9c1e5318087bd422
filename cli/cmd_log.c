/*
 * log: the changes that are here, whoever made them and over whatever road they came, field by
 * field.
 *
 * Changes are shown as the walk over them gives them, so the first appear at once and --limit ends
 * the walk; only --reverse must wait for its end. An edit that is a side of an open conflict is
 * followed by all sides: nothing that a merge kept is out of sight.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/change_out.h"
#include "cli/cmd.h"
#include "cli/diag.h"
#include "cli/items.h"
#include "cli/owner.h"
#include "cli/past.h"
#include "cli/record_out.h"
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

/* A change kept for --reverse; with `records` where the walk had its edits at hand. */
struct kept {
	struct cts_ref ref;
	struct cts_record_edits *records;
	size_t count;
};

struct log {
	struct cts_session *session;
	struct cts_txn *txn;
	const char *key; /* NULL: all records */
	int64_t since, until;
	const char *agency, *author, *field;
	uint64_t left;
	bool reverse;
	const struct cts_view *view; /* NULL: now */
	struct cts_arena arena;      /* of the change at hand */
	struct cts_items items;
	struct kept *kept;
	size_t kept_count;
	const char **conflicts; /* keys of records in conflict, ascending */
	size_t conflict_count;
};

/* ---- what is shown ----------------------------------------------------------------------------
 */

static bool takes_author(struct log *log, const char *author)
{
	return !log->author || strstr(cts_text_fold(&log->arena, author), log->author);
}

static bool takes(struct log *log, const struct cts_change *change)
{
	return change->time >= log->since && change->time <= log->until &&
	       (!log->agency || strcmp(change->agency, log->agency) == 0) &&
	       (!log->view || cts_vector_has(&log->view->vector, change->ref)) &&
	       takes_author(log, change->author);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const struct cts_side *side_of(
	const struct cts_conflict *conflict, const struct cts_change *change)
{
	for (size_t i = 0; conflict && i < conflict->side_count; i++)
		if (cts_oid_equal(&conflict->sides[i].commit, &change->commit))
			return &conflict->sides[i];
	return NULL;
}

/* The conflicts that stand in which the change's edits of one record are a side. */
static int put_sides(
	struct log *log, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct cts_out *out = &log->session->out;
	struct cts_owners owners = {0};
	struct cts_record record;
	int rc;

	if (!log->conflict_count || !bsearch(&edits->key, log->conflicts, log->conflict_count,
					    sizeof(*log->conflicts), compare_keys))
		return 0;
	rc = cts_txn_get(log->txn, &record, edits->key);
	if (rc < 0)
		return rc;
	rc = cts_owners_of(&owners, log->txn, &log->arena, &record);
	for (size_t i = 0; rc == 0 && i < edits->edit_count; i++) {
		const struct cts_conflict *conflict =
			cts_record_conflict(&record, edits->edits[i].field);

		if (!side_of(conflict, change))
			continue;
		cts_conflict_put_text(out, &record, conflict, cts_owners_have, &owners);
		cts_out_puts(out, "\n");
	}
	cts_record_release(&record);
	return rc;
}

static int put_change(struct log *log, const struct cts_change *change,
	const struct cts_record_edits *records, size_t count)
{
	const struct cts_schema *schema = log->session->schema;
	enum cts_change_state state;
	int rc = cts_change_state(&state, log->txn, change);

	if (rc < 0)
		return rc;
	if (cts_out_is_json(log->items.out)) {
		cts_change_put_json(
			cts_items_object(&log->items), schema, change, state, records, count);
		cts_items_object_end(&log->items);
		return 0;
	}
	log->items.count++;
	cts_change_put_text(log->items.out, schema, change, state, records, count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = put_sides(log, change, &records[i]);
	return rc;
}

/* ---- the walks --------------------------------------------------------------------------------
 */

struct gathering {
	struct cts_arena *arena;
	const char *field;
	struct cts_record_edits *records;
	size_t count;
};

static int gather(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct gathering *gathering = context;

	(void)change;
	cts_past_keep(
		&gathering->records, &gathering->count, gathering->arena, edits, gathering->field);
	return 0;
}

static int put_whole(struct log *log, const struct cts_change *change)
{
	struct gathering all = {.arena = &log->arena, .field = log->field};
	int rc = cts_txn_each_edit(log->txn, change->ref, gather, &all);

	if (rc < 0 || (log->field && !all.count))
		return rc;
	log->left--;
	if (log->reverse) {
		*(struct kept *)cts_arena_push(&log->session->arena, &log->kept, &log->kept_count,
			sizeof(*log->kept)) = (struct kept){.ref = change->ref};
		return 0;
	}
	return put_change(log, change, all.records, all.count);
}

static int on_change(void *context, const struct cts_change *change)
{
	struct log *log = context;
	int rc;

	cts_arena_clear(&log->arena);
	if (!log->left)
		return 1;
	rc = takes(log, change) ? put_whole(log, change) : 0;
	return rc < 0 ? rc : log->left == 0;
}

static int on_edits(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct log *log = context;
	struct kept kept = {.ref = change->ref};
	int rc = 0;

	cts_arena_clear(&log->arena);
	if (!log->left)
		return 1;
	if (!takes(log, change) ||
		(!cts_past_keep(&kept.records, &kept.count,
			 log->reverse ? &log->session->arena : &log->arena, edits, log->field) &&
			log->field))
		return 0;
	log->left--;
	if (log->reverse)
		*(struct kept *)cts_arena_push(&log->session->arena, &log->kept, &log->kept_count,
			sizeof(*log->kept)) = kept;
	else
		rc = put_change(log, change, kept.records, kept.count);
	return rc < 0 ? rc : log->left == 0;
}

static int put_reversed(struct log *log)
{
	int rc = 0;

	for (size_t i = log->kept_count; rc == 0 && i > 0; i--) {
		const struct kept *kept = &log->kept[i - 1];
		struct cts_change change;
		struct gathering all = {
			.arena = &log->arena,
			.field = log->field,
			.records = kept->records,
			.count = kept->count,
		};

		cts_arena_clear(&log->arena);
		rc = cts_txn_change(log->txn, &change, &log->arena, kept->ref);
		if (rc == 0 && !log->key)
			rc = cts_txn_each_edit(log->txn, kept->ref, gather, &all);
		if (rc == 0)
			rc = put_change(log, &change, all.records, all.count);
	}
	return rc;
}

/* ---- run --------------------------------------------------------------------------------------
 */

static int keep_key(void *context, const char *key)
{
	struct log *log = context;
	struct cts_arena *arena = &log->session->arena;

	*(const char **)cts_arena_push(arena, &log->conflicts, &log->conflict_count,
		sizeof(*log->conflicts)) = cts_arena_strdup(arena, key);
	return 0;
}

/* Of one record only itself is asked, so its log costs its own changes. */
static int find_conflicts(struct log *log)
{
	if (log->key)
		return keep_key(log, log->key);
	return cts_txn_each_conflict(log->txn, keep_key, log);
}

static int choose(struct log *log, const struct log_options *options, const char *address)
{
	struct cts_arena *arena = &log->session->arena;
	enum cts_life life = CTS_LIFE_NONE;
	int rc = 0;

	if (address) {
		rc = cts_past_find(log->txn, &log->key, arena, address);
		if (rc == 0)
			rc = cts_txn_life(log->txn, &life, log->key);
	}
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
	log->field = options->field;
	if (options->author)
		log->author = cts_text_fold(arena, options->author);
	if (cts_out_is_json(&log->session->out) || (address && life != CTS_LIFE_LIVE))
		return 0;
	return find_conflicts(log);
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
	if (rc < 0)
		goto out;
	cts_items_begin(&log.items, &session->out, NULL, 0);
	rc = log.key ? cts_txn_each_history(log.txn, log.key, true, on_edits, &log)
		     : cts_txn_each_change(log.txn, on_change, &log);
	if (rc >= 0)
		rc = put_reversed(&log);
	if (rc < 0)
		goto out;
	cts_items_end(&log.items);
	if (log.items.count == 0 && !cts_out_is_json(&session->out))
		cts_diag_note("no such changes");
out:
	cts_view_release(&view);
	cts_arena_release(&log.arena);
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
