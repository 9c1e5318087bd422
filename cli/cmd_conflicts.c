/*
 * conflicts: the fields of which several newest edits are kept, with every side and who made it.
 * The sides are numbered as `resolve --take` counts them.
 */
#include "cli/cmd.h"
#include "cli/diag.h"
#include "cli/items.h"
#include "cli/owner.h"
#include "cli/record_out.h"
#include "cli/session.h"
#include "proto/error.h"

struct conflicts_options {
	bool exit_code;
};

static const struct cts_opt conflicts_rows[] = {
	{.name = "exit-code",
		.kind = CTS_OPT_FLAG,
		.offset = offsetof(struct conflicts_options, exit_code),
		.help = "status 1 if there is a conflict, 0 if there is none"},
	{0},
};

static const struct cts_argument conflicts_arguments[] = {
	{.name = "REC", .optional = true, .help = "only those of this record"},
	{0},
};

struct listing {
	struct cts_session *session;
	struct cts_txn *txn;
	struct cts_arena arena; /* of one record's owners */
	struct cts_items items;
};

static int put_record(void *context, const struct cts_record *record)
{
	struct listing *listing = context;
	struct cts_out *out = &listing->session->out;
	struct cts_owners owners;
	int rc;

	if (record->conflict_count == 0)
		return 0;
	cts_arena_clear(&listing->arena);
	rc = cts_owners_of(&owners, listing->txn, &listing->arena, record);
	for (size_t i = 0; rc == 0 && i < record->conflict_count; i++) {
		const struct cts_conflict *conflict = &record->conflicts[i];

		if (cts_out_is_json(out)) {
			cts_conflict_put_json(cts_items_object(&listing->items), record, conflict,
				true, cts_owners_have, &owners);
			cts_items_object_end(&listing->items);
			continue;
		}
		if (listing->items.count++ > 0)
			cts_out_puts(out, "\n");
		cts_conflict_put_text(out, record, conflict, cts_owners_have, &owners);
	}
	return rc;
}

static int put_key(void *context, const char *key)
{
	struct listing *listing = context;
	struct cts_record record;
	int rc = cts_txn_get(listing->txn, &record, key);

	if (rc < 0)
		return rc;
	rc = put_record(listing, &record);
	cts_record_release(&record);
	return rc;
}

/* The past has no list of its conflicts: every record that stood then is looked at. */
static int put_past(struct listing *listing, const struct cts_view *view, const char *key)
{
	struct cts_record record;
	int rc;

	if (!key)
		return cts_view_each(listing->txn, view, NULL, put_record, listing);
	rc = cts_view_get(listing->txn, view, &record, key);
	if (rc < 0)
		return rc;
	rc = put_record(listing, &record);
	cts_record_release(&record);
	return rc;
}

/* Below the answer, so not where a pager has the screen. */
static void put_note(struct cts_session *session, size_t count)
{
	struct cts_out *out = &session->out;

	if (cts_out_is_json(out) || (count > 0 && out->pager_pid > 0))
		return;
	cts_out_flush(out);
	if (count > 0)
		cts_diag_hint("ctsync resolve REC FIELD --take AGENCY or N, or --value V");
	else
		cts_diag_note("no conflicts");
}

static int conflicts_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct conflicts_options *options = given;
	struct listing listing = {.session = session};
	struct cts_view view = {0};
	const char *key = NULL;
	int rc = cts_txn_begin(&listing.txn, session->store);

	if (rc == 0 && session->at)
		rc = cts_view_parse(&view, listing.txn, session->at);
	if (rc == 0 && argc > 0)
		rc = cts_txn_find(listing.txn, &key, &session->arena, argv[0]);
	if (rc < 0)
		goto out;
	cts_items_begin(&listing.items, &session->out, NULL, 0);
	if (session->at)
		rc = put_past(&listing, &view, key);
	else if (key)
		rc = put_key(&listing, key);
	else
		rc = cts_txn_each_conflict(listing.txn, put_key, &listing);
	if (rc < 0)
		goto out;
	cts_items_end(&listing.items);
	put_note(session, listing.items.count);
	rc = options->exit_code && listing.items.count > 0;
out:
	cts_view_release(&view);
	cts_arena_release(&listing.arena);
	cts_txn_end(listing.txn);
	return rc;
}

const struct cts_cmd cts_cmd_conflicts = {
	.name = "conflicts",
	.group = CTS_GROUP_CONFLICTS,
	.sentence = "show the fields that agencies changed apart, with all sides",
	.details =
		"Work goes on with a conflict: one side is shown, the latest made, and all are "
		"kept "
		"until a person decides. A side of an agency that owns the record is marked: the "
		"agencies that its owner field names, or that of the record it belongs to.",
	.examples = "ctsync conflicts\nctsync conflicts milestone/ctwp2021-4-2 -o json\n",
	.options = conflicts_rows,
	.options_size = sizeof(struct conflicts_options),
	.arguments = conflicts_arguments,
	.needs = CTS_NEEDS_STORE | CTS_TAKES_AT | CTS_PAGES,
	.formats = CTS_OUT_READS,
	.run = conflicts_run,
};
