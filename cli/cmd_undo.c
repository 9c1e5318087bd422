/*
 * undo: the inverse of a change, as a new change. Of every field that the change edited, the value
 * that stood before; of a record that it created, a deletion; of one that it deleted, the record
 * as it was. What was changed since is not touched: then nothing is undone, and the fields are
 * named.
 */
#include <string.h>

#include "cli/act.h"
#include "cli/cmd.h"
#include "cli/session.h"
#include "proto/error.h"
#include "proto/text.h"

#define LISTED 10 /* fields changed since that an error names */
#define TITLE_COLUMNS 60

struct undo_options {
	const char *message;
	bool dry_run;
	bool settle;
};

static const struct cts_opt undo_rows[] = {
	CTS_OPT_SETTLE(struct undo_options),
	CTS_OPT_MESSAGE(struct undo_options),
	CTS_OPT_DRY_RUN(struct undo_options),
	{0},
};

static const struct cts_argument undo_arguments[] = {
	{.name = "CHANGE",
		.optional = true,
		.help = "a change or commit as log shows it; your last one if none is named"},
	{0},
};

struct undo {
	const char *name; /* NULL: the last own change */
	bool settle;
	struct cts_work *work;
	struct cts_change change; /* being undone */
	char text[CTS_CHANGE_TEXT];
	bool differs;       /* something is undone */
	struct cts_buf since; /* what was changed since */
	size_t since_count;
};

/* ---- which change ---------------------------------------------------------------------------- */

struct last_own {
	uint32_t line;
	struct cts_oid root;
	struct cts_ref found;
};

static int note_own_line(void *context, const struct cts_line *line)
{
	struct last_own *last = context;

	if (line->is_own)
		last->line = line->line;
	return line->is_own;
}

static int is_own(void *context, const struct cts_change *change)
{
	struct last_own *last = context;

	if (change->ref.line != last->line)
		return 0;
	/* The root made the store itself: nobody means that one unless it is named. */
	if (cts_oid_is_zero(&last->root) || !cts_oid_equal(&change->commit, &last->root))
		last->found = change->ref;
	return 1;
}

static int find_change(struct undo *undo, struct cts_txn *txn, struct cts_ref *out)
{
	struct last_own last = {0};
	int rc;

	if (undo->name)
		return cts_txn_find_change(txn, out, undo->name);
	rc = cts_txn_root(txn, &last.root);
	if (rc >= 0)
		rc = cts_txn_each_line(txn, note_own_line, &last);
	if (rc >= 0 && last.line)
		rc = cts_txn_each_change(txn, is_own, &last);
	if (rc < 0)
		return rc;
	if (!last.found.line) {
		cts_fail(CTS_EREFUSED, "there is nothing to undo: no change was made here yet");
		cts_hint("ctsync undo CHANGE undoes another's, as ctsync log names it");
		return CTS_EREFUSED;
	}
	*out = last.found;
	return 0;
}

/* ---- what was changed since ------------------------------------------------------------------ */

struct last_edit {
	const char *field; /* NULL: any */
	char text[CTS_CHANGE_TEXT];
	char agency[CTS_AGENCY_MAX + 1];
};

static int is_edit_of(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct last_edit *last = context;
	bool is_it = !last->field;

	for (size_t i = 0; !is_it && i < edits->edit_count; i++)
		is_it = strcmp(edits->edits[i].field, last->field) == 0;
	if (!is_it)
		return 0;
	cts_change_format(last->text, change->writer, change->ref.seq);
	strncpy(last->agency, change->agency, CTS_AGENCY_MAX);
	return 1;
}

/* Names a field (NULL: the record) and the change that was there last. */
static int note_since(struct undo *undo, const char *key, const char *field)
{
	struct last_edit last = {.field = field};
	int rc;

	if (undo->since_count++ >= LISTED)
		return 0;
	rc = cts_txn_each_history(undo->work->txn, key, true, is_edit_of, &last);
	if (rc < 0)
		return rc;
	cts_buf_printf(&undo->since, "%s'%s%s%s'", undo->since.size ? ", " : "", key,
		field ? " " : "", field ? field : "");
	if (last.text[0])
		cts_buf_printf(&undo->since, " (by %s in %s)", last.agency, last.text);
	return 0;
}

static int refuse_since(struct undo *undo, struct cts_arena *arena)
{
	const char *key = cts_buf_text(&undo->since) + 1;

	key = cts_arena_strndup(arena, key, strcspn(key, " '"));
	cts_fail(CTS_EREFUSED, "cannot undo %s, for this was changed since: %s%s", undo->text,
		cts_buf_text(&undo->since), undo->since_count > LISTED ? ", ..." : "");
	cts_hint("ctsync log %s", key);
	return CTS_EREFUSED;
}

static int refuse_conflict(const char *key, const char *field)
{
	cts_fail(CTS_EREFUSED, "'%s' of '%s' is in conflict", field, key);
	cts_hint("ctsync resolve %s %s --take N, or --settle to mean the old value", key, field);
	return CTS_EREFUSED;
}

/* ---- one record ------------------------------------------------------------------------------ */

static bool is_unknown(const char *field)
{
	return strchr(field, '/') != NULL;
}

static struct cts_value value_of(
	struct cts_record *record, const struct cts_field *known, const char *name)
{
	if (known)
		return cts_record_get(record, known);
	for (size_t i = 0; i < record->unknown_count; i++)
		if (strcmp(cts_unknown_key(&record->arena, &record->unknown[i]), name) == 0)
			return cts_value_of(&record->arena, record->unknown[i].json);
	return (struct cts_value){0};
}

/* @return 1 the field may be given its old value, 0 it was changed since */
static int may_undo(struct undo *undo, struct cts_record *record, const char *key,
	const struct cts_field *known, const char *name, struct cts_value left)
{
	int rc;

	if (cts_record_conflict(record, name)) {
		if (!undo->settle)
			return refuse_conflict(key, name);
		return 1;
	}
	if (cts_value_equal(value_of(record, known, name), left))
		return 1;
	rc = note_since(undo, key, name);
	return rc < 0 ? rc : 0;
}

static int undo_edits(
	struct undo *undo, struct cts_record *record, const struct cts_record_edits *edits)
{
	for (size_t i = 0; i < edits->edit_count; i++) {
		const struct cts_edit *edit = &edits->edits[i];
		const struct cts_field *known = cts_kind_field(record->kind, edit->field);
		int rc;

		/* Somebody settled that the record stays; it does. */
		if (strcmp(edit->field, CTS_DELETED) == 0)
			continue;
		if (!known && !is_unknown(edit->field))
			return cts_fail(CTS_EVALUE, "the schema has no field '%s' any more",
				edit->field);
		rc = may_undo(undo, record, edits->key, known, edit->field, edit->new_value);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		if (cts_record_conflict(record, edit->field) ||
			!cts_value_equal(edit->old_value, edit->new_value))
			undo->differs = true;
		cts_record_settle(record, edit->field);
		if (known)
			cts_record_set(record, known, edit->old_value);
		else
			cts_record_set_unknown(
				record, edit->field, cts_value_is_set(edit->old_value)
							     ? edit->old_value.items[0]
							     : NULL);
	}
	return undo->since_count ? 0 : cts_work_put(undo->work, record);
}

static struct cts_value value_left(const struct cts_record_edits *edits, const char *field)
{
	for (size_t i = 0; i < edits->edit_count; i++)
		if (strcmp(edits->edits[i].field, field) == 0)
			return edits->edits[i].new_value;
	return (struct cts_value){0};
}

/* A creation is undone only while the record is as it was created. */
static int undo_creation(
	struct undo *undo, struct cts_record *record, const struct cts_record_edits *edits)
{
	bool is_untouched = true;
	int rc;

	for (size_t i = 0; i < record->kind->field_count; i++) {
		const struct cts_field *field = &record->kind->fields[i];

		rc = may_undo(undo, record, edits->key, field, field->name,
			value_left(edits, field->name));
		if (rc < 0)
			return rc;
		is_untouched = is_untouched && rc == 1;
	}
	for (size_t i = 0; i < record->unknown_count; i++) {
		const char *name = cts_unknown_key(&record->arena, &record->unknown[i]);

		rc = may_undo(undo, record, edits->key, NULL, name, value_left(edits, name));
		if (rc < 0)
			return rc;
		is_untouched = is_untouched && rc == 1;
	}
	undo->differs = true;
	return is_untouched ? cts_work_delete(undo->work, edits->key) : 0;
}

static int undo_deletion(struct undo *undo, const char *key)
{
	struct cts_record record;
	enum cts_life life;
	int rc = cts_work_life(undo->work, &life, key);

	if (rc < 0)
		return rc;
	if (life == CTS_LIFE_DELETED) {
		rc = cts_act_before(undo->work->txn, &record, key, undo->change.ref);
	} else {
		rc = cts_work_get(undo->work, &record, key);
		if (rc == 0 && !cts_record_conflict(&record, CTS_DELETED)) {
			cts_record_release(&record);
			return note_since(undo, key, NULL);
		}
		if (rc == 0 && !undo->settle) {
			cts_record_release(&record);
			return refuse_conflict(key, CTS_DELETED);
		}
		if (rc == 0)
			cts_record_settle(&record, CTS_DELETED);
	}
	if (rc < 0)
		return rc;
	undo->differs = true;
	rc = cts_work_put(undo->work, &record);
	cts_record_release(&record);
	return rc;
}

static int undo_record(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct undo *undo = context;
	struct cts_record record;
	enum cts_life life;
	int rc;

	(void)change;
	if (edits->deleted)
		return undo_deletion(undo, edits->key);
	rc = cts_work_life(undo->work, &life, edits->key);
	if (rc < 0)
		return rc;
	if (life != CTS_LIFE_LIVE)
		return note_since(undo, edits->key, NULL);
	rc = cts_work_get(undo->work, &record, edits->key);
	if (rc < 0)
		return rc;
	rc = edits->created ? undo_creation(undo, &record, edits)
			    : undo_edits(undo, &record, edits);
	cts_record_release(&record);
	return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* `undo 7f3a9c21d0b4e586.12: slipped` */
static const char *make_message(struct undo *undo, struct cts_arena *arena)
{
	const char *message = undo->change.message;
	const char *first = cts_arena_strndup(arena, message, strcspn(message, "\n"));
	size_t size = cts_text_prefix(first, TITLE_COLUMNS);

	return cts_arena_printf(arena, "undo %s%s%.*s%s", undo->text, *first ? ": " : "",
		(int)size, first, first[size] ? "..." : "");
}

static int undo_step(struct cts_work *work, void *context)
{
	struct undo *undo = context;
	struct cts_ref ref;
	int rc = find_change(undo, work->txn, &ref);

	if (rc == 0)
		rc = cts_txn_change(work->txn, &undo->change, &work->arena, ref);
	if (rc < 0)
		return rc;
	undo->work = work;
	undo->differs = false;
	undo->since_count = 0;
	cts_buf_clear(&undo->since);
	cts_change_format(undo->text, undo->change.writer, ref.seq);
	if (undo->change.is_seen) {
		cts_fail(CTS_EREFUSED, "%s tells what its writer had seen, and changed nothing",
			undo->text);
		return CTS_EREFUSED;
	}
	rc = cts_txn_each_edit(work->txn, ref, undo_record, undo);
	if (rc == CTS_EVALUE)
		cts_fail_where("cannot undo %s", undo->text);
	if (rc < 0)
		return rc;
	if (undo->since_count)
		return refuse_since(undo, &work->arena);
	if (!undo->differs) {
		cts_fail(CTS_EREFUSED, "%s changed no value: there is nothing to undo", undo->text);
		cts_hint("ctsync undo CHANGE, as ctsync log names it");
		return CTS_EREFUSED;
	}
	work->message = make_message(undo, &work->arena);
	return 0;
}

static int undo_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct undo_options *options = given;
	struct undo undo = {.name = argc > 0 ? argv[0] : NULL, .settle = options->settle};
	int rc = cts_work_run(session,
		&(struct cts_work_options){
			.message = options->message, .dry_run = options->dry_run},
		undo_step, &undo);

	cts_buf_release(&undo.since);
	return rc;
}

const struct cts_cmd cts_cmd_undo = {
	.name = "undo",
	.group = CTS_GROUP_RECORDS,
	.sentence = "take a change back, as a new change",
	.details =
		"Without CHANGE it is the last change that this store made, an undo included: "
		"undoing twice is back where you were. To go further back name the change. Every "
		"field gets the value that it had before; a record that the change created is "
		"deleted, one that it deleted comes back. A conflict that it settled does not: "
		"the field gets the value that was shown, and the other sides stay in the log.\n"
		"\n"
		"If anything of it was changed since, nothing is undone and what was changed is "
		"named. A baseline that was set stays set: it is written once.",
	.examples = "ctsync undo\nctsync undo 7f3a9c21.12 -m 'the minutes say otherwise'\n",
	.options = undo_rows,
	.options_size = sizeof(struct undo_options),
	.arguments = undo_arguments,
	.needs = CTS_NEEDS_STORE | CTS_NEEDS_AUTHOR,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
	.run = undo_run,
};
