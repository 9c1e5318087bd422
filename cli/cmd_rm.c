/*
 * rm: deletes records, by whole ids or by a quoted pattern over the ids that live. A deleted
 * record stays in the history, and its id is not used again by accident.
 */
#include <fnmatch.h>
#include <string.h>

#include "cli/act.h"
#include "cli/cmd.h"
#include "cli/diag.h"
#include "cli/session.h"
#include "proto/error.h"

/* References to more records than these are not looked for: it is a courtesy, not a check. */
#define REFERENCES_LOOKED_FOR 100

struct rm_options {
	const char *message;
	bool dry_run;
};

static const struct cts_opt rm_rows[] = {
	CTS_OPT_MESSAGE(struct rm_options),
	CTS_OPT_DRY_RUN(struct rm_options),
	{0},
};

static const struct cts_argument rm_arguments[] = {
	{.name = "REC", .many = true, .help = "a record by its whole id, or a quoted pattern"},
	{0},
};

struct removal {
	int argc;
	char **argv;
	const struct cts_schema *schema;
	uint64_t references; /* from records that stay */
	char example[CTS_KEY_MAX + 1];
};

struct matches {
	struct cts_arena *arena;
	const char *pattern;
	const char **keys;
	size_t count;
};

static bool is_pattern(const char *word)
{
	return strpbrk(word, "*?[") != NULL;
}

static int match(void *context, const char *key)
{
	struct matches *matches = context;

	if (fnmatch(matches->pattern, key, 0) == 0)
		*(const char **)cts_arena_push(matches->arena, &matches->keys, &matches->count,
			sizeof(*matches->keys)) = cts_arena_strdup(matches->arena, key);
	return 0;
}

/* Where the kind is written out it may be misspelt, which is the better thing to say. */
static int fail_no_match(
	struct cts_work *work, const struct removal *removal, const char *pattern)
{
	size_t size = strcspn(pattern, "*?[\\/");
	const struct cts_kind *kind;

	if (pattern[size] == '/') {
		int rc = cts_schema_find_kind(
			&kind, removal->schema, cts_arena_strndup(&work->arena, pattern, size));

		if (rc < 0)
			return rc;
	}
	cts_fail(CTS_ENOTFOUND, "no record matches '%s'", pattern);
	cts_hint("a pattern is of kind/id, as milestone/ctwp2021-*");
	return CTS_ENOTFOUND;
}

static int remove_matching(
	struct cts_work *work, const struct removal *removal, const char *pattern)
{
	struct matches matches = {.arena = &work->arena, .pattern = pattern};
	const char *prefix =
		cts_arena_strndup(&work->arena, pattern, strcspn(pattern, "*?[\\"));
	int rc = cts_txn_each_key(work->txn, prefix, match, &matches);

	if (rc < 0)
		return rc;
	if (matches.count == 0)
		return fail_no_match(work, removal, pattern);
	for (size_t i = 0; i < matches.count; i++) {
		enum cts_life life;

		/* Two patterns may match one record. */
		rc = cts_work_life(work, &life, matches.keys[i]);
		if (rc == 0 && life == CTS_LIFE_LIVE)
			rc = cts_work_delete(work, matches.keys[i]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- what is left behind --------------------------------------------------------------------- */

struct referrer {
	struct cts_work *work;
	struct removal *removal;
};

static int count_referrer(void *context, const char *key)
{
	struct referrer *referrer = context;
	enum cts_life life;
	int rc = cts_work_life(referrer->work, &life, key);

	if (rc < 0 || life != CTS_LIFE_LIVE)
		return rc;
	if (referrer->removal->references++ == 0)
		strncpy(referrer->removal->example, key, CTS_KEY_MAX);
	return 0;
}

static bool may_name(const struct cts_field *field, const char *key)
{
	size_t size = strcspn(key, "/");

	for (size_t i = 0; i < field->ref_count; i++)
		if (strlen(field->ref_kinds[i]) == size &&
			strncmp(field->ref_kinds[i], key, size) == 0)
			return true;
	return field->ref_count == 0;
}

/* Counts the records that refer to one that goes, by the indexes. */
static int count_references(struct cts_work *work, struct removal *removal, const char *key)
{
	struct referrer referrer = {.work = work, .removal = removal};

	for (size_t k = 0; k < cts_schema_kind_count(removal->schema); k++) {
		const struct cts_kind *kind = cts_schema_kind_at(removal->schema, k);

		for (size_t f = 0; f < kind->field_count; f++) {
			const struct cts_field *field = &kind->fields[f];
			int rc;

			if (!field->is_ref || !may_name(field, key))
				continue;
			rc = cts_txn_each_with(
				work->txn, kind, field, key, count_referrer, &referrer);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

/* By its whole id; one that this command has deleted already was only named twice. */
static int remove_one(struct cts_work *work, const char *key)
{
	enum cts_life before, now;
	int rc = cts_txn_life(work->txn, &before, key);

	if (rc == 0)
		rc = cts_work_life(work, &now, key);
	if (rc < 0 || (before == CTS_LIFE_LIVE && now == CTS_LIFE_DELETED))
		return rc;
	return cts_act_rm(work, key);
}

static int rm_step(struct cts_work *work, void *context)
{
	struct removal *removal = context;
	int rc = 0;

	removal->references = 0;
	for (int i = 0; rc == 0 && i < removal->argc; i++)
		rc = is_pattern(removal->argv[i])
			     ? remove_matching(work, removal, removal->argv[i])
			     : remove_one(work, removal->argv[i]);
	for (size_t i = 0; rc == 0 && i < work->item_count && i < REFERENCES_LOOKED_FOR; i++)
		rc = count_references(work, removal, work->items[i].key);
	return rc;
}

static int rm_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct rm_options *options = given;
	struct removal removal = {.argc = argc, .argv = argv, .schema = session->schema};
	int rc = cts_work_run(session,
		&(struct cts_work_options){
			.message = options->message, .dry_run = options->dry_run},
		rm_step, &removal);

	if (rc == 0 && removal.references > 0) {
		cts_diag_note("%llu %s still %s to what is deleted, '%s' for one",
			(unsigned long long)removal.references,
			removal.references == 1 ? "record" : "records",
			removal.references == 1 ? "refers" : "refer", removal.example);
		cts_diag_hint("ctsync check");
	}
	return rc;
}

const struct cts_cmd cts_cmd_rm = {
	.name = "rm",
	.group = CTS_GROUP_RECORDS,
	.sentence = "delete records",
	.details =
		"A deleted record stays in the history, and `ctsync undo` or `ctsync add REC "
		"--again` brings it back. Here ids are whole: the beginning of one is not enough. "
		"A quoted pattern deletes every record that it matches: * any run, ? any "
		"character, [ab] one of them. All of it is one change.\n"
		"\n"
		"A record that somebody else edited, not knowing that it was deleted, stays, with "
		"a conflict in `deleted`.",
	.examples = "ctsync rm milestone/nzp.first-hui-x7k2q -m 'entered twice'\n"
		    "ctsync rm 'milestone/ctwp2021-4-*' --dry-run\n",
	.options = rm_rows,
	.options_size = sizeof(struct rm_options),
	.arguments = rm_arguments,
	.needs = CTS_NEEDS_STORE | CTS_NEEDS_AUTHOR,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
	.run = rm_run,
};
