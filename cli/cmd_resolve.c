/*
 * resolve: a person decides. One record, one field or all its conflicts, or every record that a
 * pattern matches; whatever is settled in one command is one change, whose author had seen all the
 * sides.
 *
 * A pattern passes over conflicts in which the agency has no side: they are left, and counted.
 */
#include <fnmatch.h>
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
	size_t left; /* conflicts without the side that was asked for */
};

static bool is_pattern(const char *address)
{
	return strpbrk(address, "*?[") != NULL;
}

/* ---- a pattern --------------------------------------------------------------------------------
 */

/* A conflict of a record that the pattern matches. */
struct target {
	const char *key, *field;
	bool fits;
};

struct match {
	struct resolve *resolve;
	struct cts_work *work;
	struct target *targets;
	size_t count, fitting;
};

static int collect(void *context, const char *key)
{
	struct match *match = context;
	struct cts_arena *arena = &match->work->arena;
	const char *field = match->resolve->field;
	struct cts_record record;
	int rc;

	if (fnmatch(match->resolve->address, key, 0) != 0)
		return 0;
	rc = cts_work_get(match->work, &record, key);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < record.conflict_count; i++) {
		const struct cts_conflict *conflict = &record.conflicts[i];
		struct target *target;

		if (field && strcmp(conflict->field, field) != 0)
			continue;
		target = cts_arena_push(arena, &match->targets, &match->count, sizeof(*target));
		target->key = cts_arena_strdup(arena, key);
		target->field = cts_arena_strdup(arena, conflict->field);
		target->fits = cts_settle_fits(&match->resolve->how, conflict);
		match->fitting += target->fits;
	}
	cts_record_release(&record);
	return 0;
}

/* A number counts the sides of one conflict, and a value is one field's: both mean nothing in the
 * next. */
static int check_match(const struct resolve *resolve, const struct match *match)
{
	const char *take = resolve->how.take;
	bool is_number = take && strspn(take, "0123456789") == strlen(take);

	if (match->count > 1 && (is_number || (!take && !resolve->field))) {
		cts_fail(CTS_EUSAGE, "'%s' has %zu conflicts, and '--%s' is for one",
			resolve->address, match->count, take ? "take N" : "value");
		cts_hint(take ? "--take AGENCY" : "name the field");
		return CTS_EUSAGE;
	}
	if (match->fitting > 0)
		return 0;
	if (match->count > 0)
		cts_fail(CTS_EREFUSED, "'%s' has no side in the %zu conflict%s of '%s'", take,
			match->count, match->count == 1 ? "" : "s", resolve->address);
	else
		cts_fail(CTS_EREFUSED, "no record that matches '%s' is in conflict%s%s",
			resolve->address, resolve->field ? " in " : "",
			resolve->field ? resolve->field : "");
	cts_hint("ctsync conflicts");
	return CTS_EREFUSED;
}

static int settle_pattern(struct resolve *resolve, struct cts_work *work)
{
	struct match match = {.resolve = resolve, .work = work};
	int rc = cts_txn_each_conflict(work->txn, collect, &match);

	if (rc == 0)
		rc = check_match(resolve, &match);
	for (size_t i = 0; rc == 0 && i < match.count; i++) {
		const struct target *target = &match.targets[i];
		enum cts_life life;

		if (!target->fits)
			continue;
		/* A side that deletes the record settles all of it. */
		rc = cts_work_life(work, &life, target->key);
		if (rc == 0 && life == CTS_LIFE_LIVE)
			rc = cts_settle_work(work, target->key, target->field, &resolve->how);
	}
	resolve->left = match.count - match.fitting;
	return rc;
}

/* ---- run --------------------------------------------------------------------------------------
 */

static int resolve_step(struct cts_work *work, void *context)
{
	struct resolve *resolve = context;
	const char *key;
	int rc;

	/* In the history it is to read as what it was, not as any edit. */
	work->message = cts_arena_printf(&work->arena, "resolve %s%s%s%s%s", resolve->address,
		resolve->field ? " " : "", resolve->field ? resolve->field : "",
		resolve->how.take ? " --take " : "", resolve->how.take ? resolve->how.take : "");
	/* The step may be run again. */
	resolve->left = 0;
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
		cts_diag_note("%zu conflict%s left: %s has no side there", resolve.left,
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
