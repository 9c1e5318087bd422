/*
 * resolve: a person decides. One record, one field or all its conflicts, or every record that a
 * pattern matches; whatever is settled in one command is one change, whose author had seen all the
 * sides.
 *
 * A pattern passes over conflicts in which the agency has no side: they are left, and counted.
 */
#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/diag.h"
#include "cli/past.h"
#include "cli/session.h"
#include "cli/settle.h"
#include "cli/work.h"
#include "proto/error.h"

struct resolve_options {
	const char *take;
	struct cts_opt_list values;
	const char *message;
	bool dry_run;
};

static const struct cts_opt resolve_rows[] = {
	{.name = "take",
		.argument = "AGENCY|N",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct resolve_options, take),
		.help = "the side of this agency, or with this number"},
	{.name = "value",
		.argument = "V",
		.kind = CTS_OPT_LIST,
		.offset = offsetof(struct resolve_options, values),
		.help = "another value; @FILE reads it, more than one make a list, an empty one "
			"clears"},
	CTS_OPT_MESSAGE(struct resolve_options),
	CTS_OPT_DRY_RUN(struct resolve_options),
	{0},
};

static const struct cts_argument resolve_arguments[] = {
	{.name = "REC", .help = "a record, or a quoted pattern"},
	{.name = "FIELD",
		.optional = true,
		.help = "the field; may be left out if only one is in "
			"conflict, or with --take AGENCY"},
	{0},
};

struct resolve {
	struct cts_session *session;
	const char *address, *field;
	struct cts_settle how;
	uint64_t settled, left;
};

static bool is_pattern(const char *address)
{
	return strpbrk(address, "*?[") != NULL;
}

/* ---- a pattern --------------------------------------------------------------------------------
 */

struct match {
	struct cts_work *work;
	const char *pattern;
	const char **keys;
	size_t count;
};

static int collect(void *context, const char *key)
{
	struct match *match = context;

	if (fnmatch(match->pattern, key, 0) == 0)
		*(const char **)cts_arena_push(&match->work->arena, &match->keys, &match->count,
			sizeof(*match->keys)) = cts_arena_strdup(&match->work->arena, key);
	return 0;
}

/* Every conflict of one record that is meant and has the side. */
static int settle_matched(struct resolve *resolve, struct cts_work *work, const char *key)
{
	struct cts_record record;
	const char **fields = NULL;
	size_t count = 0;
	int rc = cts_work_get(work, &record, key);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < record.conflict_count; i++) {
		const struct cts_conflict *conflict = &record.conflicts[i];

		if (resolve->field && strcmp(conflict->field, resolve->field) != 0)
			continue;
		if (cts_settle_fits(&resolve->how, conflict))
			*(const char **)cts_arena_push(&work->arena, &fields, &count,
				sizeof(*fields)) = cts_arena_strdup(&work->arena, conflict->field);
		else
			resolve->left++;
	}
	cts_record_release(&record);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		enum cts_life life;

		/* A side that deletes the record settles all of it. */
		rc = cts_work_life(work, &life, key);
		if (rc == 0 && life == CTS_LIFE_LIVE) {
			rc = cts_settle_work(work, key, fields[i], &resolve->how);
			resolve->settled++;
		}
	}
	return rc;
}

static int settle_pattern(struct resolve *resolve, struct cts_work *work)
{
	struct match match = {.work = work, .pattern = resolve->address};
	int rc = cts_txn_each_conflict(work->txn, collect, &match);

	if (rc < 0)
		return rc;
	/* Numbers count the sides of one conflict and mean nothing in the next. */
	if (match.count > 1 && resolve->how.take &&
		strspn(resolve->how.take, "0123456789") == strlen(resolve->how.take)) {
		cts_fail(CTS_EUSAGE,
			"'--take %s' counts the sides of one conflict, and '%s' has "
			"%zu records in conflict",
			resolve->how.take, resolve->address, match.count);
		cts_hint("--take AGENCY");
		return CTS_EUSAGE;
	}
	for (size_t i = 0; rc == 0 && i < match.count; i++)
		rc = settle_matched(resolve, work, match.keys[i]);
	if (rc < 0 || resolve->settled)
		return rc;
	if (resolve->left)
		cts_fail(CTS_EREFUSED, "'%s' has no side in the %" PRIu64 " conflict%s of '%s'",
			resolve->how.take, resolve->left, resolve->left == 1 ? "" : "s",
			resolve->address);
	else
		cts_fail(CTS_EREFUSED, "no record that matches '%s' is in conflict%s%s",
			resolve->address, resolve->field ? " in " : "",
			resolve->field ? resolve->field : "");
	cts_hint("ctsync conflicts");
	return CTS_EREFUSED;
}

/* ---- run --------------------------------------------------------------------------------------
 */

static int resolve_step(struct cts_work *work, void *context)
{
	struct resolve *resolve = context;
	const char *key;
	int rc;

	/* The step may be run again. */
	resolve->settled = resolve->left = 0;
	if (is_pattern(resolve->address))
		return settle_pattern(resolve, work);
	rc = cts_work_find(work, &key, resolve->address, false);
	return rc < 0 ? rc : cts_settle_work(work, key, resolve->field, &resolve->how);
}

static int resolve_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct resolve_options *options = given;
	struct cts_work_options how = {.message = options->message, .dry_run = options->dry_run};
	struct resolve resolve = {
		.session = session,
		.address = argv[0],
		.field = argc > 1 ? argv[1] : NULL,
	};
	int rc = cts_settle_parse(&resolve.how, &session->arena, options->take, &options->values);

	if (rc == 0 && is_pattern(argv[0]) && resolve.field)
		rc = cts_past_field(session->schema, NULL, resolve.field);
	if (rc == 0)
		rc = cts_work_run(session, &how, resolve_step, &resolve);
	if (rc == 0 && resolve.left > 0)
		cts_diag_note("%" PRIu64 " conflict%s left: %s has no side there", resolve.left,
			resolve.left == 1 ? " is" : "s are", resolve.how.take);
	return rc;
}

const struct cts_cmd cts_cmd_resolve = {
	.name = "resolve",
	.group = CTS_GROUP_CONFLICTS,
	.sentence = "settle conflicts, by taking a side or with another value",
	.synopsis = "REC [FIELD] --take AGENCY|N [options]\n"
		    "REC [FIELD] --value V [options]\n",
	.details = "Sides are numbered as `conflicts` shows them. The sides not taken stay in the "
		   "history. What is settled in one command is one change.\n"
		   "\n"
		   "With a pattern and --take AGENCY every conflict in which that agency has a "
		   "side is "
		   "settled; others are left and counted. Of the field `deleted`, --value true "
		   "deletes "
		   "the record and --value false keeps it.",
	.examples = "ctsync resolve milestone/ctwp2021-4-2 due --take NZP -m 'NZP owns the date'\n"
		    "ctsync resolve milestone/ctwp2021-4-2 due --value 'Q1 2022'\n"
		    "ctsync resolve 'milestone/*' --take NZP\n",
	.options = resolve_rows,
	.options_size = sizeof(struct resolve_options),
	.arguments = resolve_arguments,
	.needs = CTS_NEEDS_STORE | CTS_NEEDS_AUTHOR,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
	.run = resolve_run,
};
