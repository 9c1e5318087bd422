/*
 * A draft into the store. A field is set when nobody edited it since the last import of the same
 * source: it was never edited, or its last edit was such an import. A field that such an import
 * set, and that the document has no more, is cleared. Everything else stays and is listed.
 */
#include <string.h>

#include "cli/import_run.h"
#include "proto/error.h"
#include "proto/programme.h"
#include "proto/validate.h"

/* By field index: who edited it last. */
enum last_edit { EDITED_NEVER, EDITED_BY_IMPORT, EDITED_BY_SOMEBODY };

struct history {
	const struct cts_import *import;
	const struct cts_kind *kind;
	enum last_edit *fields;
	bool is_ours; /* an import of this source touched the record */
};

static int look_at_edits(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct history *history = context;
	bool is_ours = cts_import_is_message(change->message, history->import->file);

	history->is_ours = history->is_ours || is_ours;
	for (size_t i = 0; i < edits->edit_count; i++) {
		const struct cts_field *field =
			cts_kind_field(history->kind, edits->edits[i].field);

		/* Newest first: the first one seen is the last one made. */
		if (field && history->fields[field->index] == EDITED_NEVER)
			history->fields[field->index] =
				is_ours ? EDITED_BY_IMPORT : EDITED_BY_SOMEBODY;
	}
	return 0;
}

static int read_history(struct history *out, struct cts_txn *txn, struct cts_arena *arena,
	const struct cts_import *import, const struct cts_kind *kind, const char *key)
{
	*out = (struct history){.import = import, .kind = kind};
	out->fields = cts_arena_alloc(arena, kind->field_count * sizeof(*out->fields));
	return cts_txn_each_history(txn, key, true, look_at_edits, out);
}

/* ---- drafts become records ------------------------------------------------------------------ */

static void add_problem(struct cts_import *import, int rc, struct cts_cell_place place)
{
	cts_problems_add(&import->problems, rc, import->file, place.row, place.column);
}

/* The record of the document, valid in each value. False: it has problems, which were told. */
static bool make_record(
	struct cts_import *import, struct cts_record *out, const struct cts_draft_record *draft)
{
	size_t before = import->problems.count;

	for (size_t i = 0; i < draft->field_count; i++) {
		const struct cts_draft_field *field = &draft->fields[i];
		const struct cts_field *known = NULL;
		struct cts_value value = {.count = field->item_count, .items = field->items}, valid;
		int rc = cts_kind_find_field(&known, out->kind, field->name);

		if (rc >= 0)
			rc = cts_validate_value(&valid, &out->arena, out->kind, known, value);
		if (rc >= 0)
			cts_record_set(out, known, valid);
		else
			add_problem(import, rc, field->place);
	}
	return import->problems.count == before;
}

static const char *join_items(struct cts_arena *arena, struct cts_value value)
{
	struct cts_buf text = {0};
	const char *copy;

	for (size_t i = 0; i < value.count; i++) {
		if (i)
			cts_buf_puts(&text, ", ");
		cts_buf_puts(&text, value.items[i]);
	}
	copy = cts_arena_strdup(arena, cts_buf_text(&text));
	cts_buf_release(&text);
	return copy;
}

static void keep(struct cts_import *import, const char *key, const char *field,
	struct cts_value shown, struct cts_value offered)
{
	struct cts_import_kept *kept =
		cts_arena_push(&import->arena, &import->kept, &import->kept_count, sizeof(*kept));

	kept->record = cts_arena_strdup(&import->arena, key);
	kept->field = cts_arena_strdup(&import->arena, field);
	kept->shown = join_items(&import->arena, shown);
	kept->offered = join_items(&import->arena, offered);
}

/* What the document says over what stands. */
static int update_record(struct cts_import *import, struct cts_txn *txn, struct cts_record *record,
	const struct cts_record *offered, const char *key)
{
	struct history history = {0};
	int rc;

	for (size_t i = 0; i < record->kind->field_count; i++) {
		const struct cts_field *field = &record->kind->fields[i];
		struct cts_value shown = cts_record_get(record, field);
		struct cts_value value = cts_record_get(offered, field);
		bool may_set;

		if (cts_value_equal(shown, value))
			continue;
		if (!history.fields) {
			rc = read_history(&history, txn, &record->arena, import, record->kind, key);
			if (rc < 0)
				return rc;
		}
		may_set = history.fields[i] == EDITED_BY_IMPORT ||
			  (history.fields[i] == EDITED_NEVER && !cts_value_is_set(shown));
		if (cts_record_conflict(record, field->name)) {
			may_set = import->settle && cts_value_is_set(value);
			if (may_set)
				cts_record_settle(record, field->name);
		}
		if (may_set)
			cts_record_set(record, field, value);
		else if (cts_value_is_set(value))
			keep(import, key, field->name, shown, value);
	}
	return cts_txn_put(txn, record);
}

static int put_live(struct cts_import *import, struct cts_txn *txn,
	const struct cts_record *offered, const char *key)
{
	struct cts_record record;
	int rc = cts_txn_get(txn, &record, key);

	if (rc < 0)
		return rc;
	rc = update_record(import, txn, &record, offered, key);
	if (rc >= 0)
		cts_import_count(import, record.kind, false, rc > 0);
	cts_record_release(&record);
	return rc;
}

static int put_record(
	struct cts_import *import, struct cts_txn *txn, const struct cts_record *offered)
{
	const char *key = cts_record_key(&import->arena, offered);
	enum cts_life life = CTS_LIFE_NONE;
	int rc = cts_txn_life(txn, &life, key);

	if (rc < 0)
		return rc;
	switch (life) {
	case CTS_LIFE_NONE:
		rc = cts_txn_put(txn, offered);
		if (rc >= 0)
			cts_import_count(import, offered->kind, true, true);
		return rc;
	case CTS_LIFE_LIVE: return put_live(import, txn, offered, key);
	case CTS_LIFE_DELETED:
		keep(import, key, CTS_DELETED, cts_value_of(&import->arena, "true"),
			cts_value_of(&import->arena, "false"));
		import->unchanged++;
		return 0;
	}
	return 0;
}

static int import_record(
	struct cts_import *import, struct cts_txn *txn, const struct cts_draft_record *draft)
{
	const struct cts_kind *kind;
	struct cts_record offered;
	int rc = cts_schema_find_kind(&kind, import->schema, draft->kind);

	if (rc < 0) {
		add_problem(import, rc, draft->place);
		return 0;
	}
	cts_record_init(&offered, kind, draft->id);
	if (make_record(import, &offered, draft)) {
		if (import->problems.count)
			rc = cts_validate_record(&offered, NULL);
		else
			rc = put_record(import, txn, &offered);
		if (rc == CTS_EVALUE || rc == CTS_EREFUSED) {
			add_problem(import, rc, draft->place);
			rc = 0;
		}
	}
	cts_record_release(&offered);
	return rc < 0 ? rc : 0;
}

/* ---- questions ------------------------------------------------------------------------------ */

/* Somebody has set one of the fields that the question is about, or deleted the record. */
static int is_answered(bool *answered, struct cts_import *import, struct cts_txn *txn,
	const struct cts_question *question)
{
	const char *slash = strchr(question->record, '/');
	const char *names[] = {question->field, question->also};
	enum cts_life life = CTS_LIFE_NONE;
	const struct cts_kind *kind;
	struct history history;
	int rc;

	*answered = false;
	kind = cts_schema_kind(import->schema, cts_arena_strndup(&import->arena, question->record,
						       (size_t)(slash - question->record)));
	if (!kind)
		return 0;
	rc = cts_txn_life(txn, &life, question->record);
	if (rc < 0 || life == CTS_LIFE_NONE)
		return rc;
	rc = read_history(&history, txn, &import->arena, import, kind, question->record);
	if (rc < 0)
		return rc;
	*answered = life == CTS_LIFE_DELETED;
	for (size_t i = 0; i < 2; i++) {
		const struct cts_field *field = names[i] ? cts_kind_field(kind, names[i]) : NULL;

		if (field && history.fields[field->index] == EDITED_BY_SOMEBODY)
			*answered = true;
	}
	return 0;
}

/* Before anything is put: what this import sets is no answer. */
static int gather_questions(struct cts_import *import, struct cts_txn *txn)
{
	for (size_t i = 0; i < import->draft->question_count; i++) {
		const struct cts_question *question = &import->draft->questions[i];
		bool answered;
		int rc = is_answered(&answered, import, txn, question);

		if (rc < 0)
			return rc;
		if (!answered)
			*(const struct cts_question **)cts_arena_push(&import->arena,
				&import->questions, &import->question_count,
				sizeof(*import->questions)) = question;
	}
	return 0;
}

int cts_import_draft(struct cts_txn *txn, void *context)
{
	struct cts_import *import = context;
	int rc;

	cts_import_reset(import);
	rc = gather_questions(import, txn);
	for (size_t i = 0; i < import->draft->record_count && rc >= 0; i++)
		rc = import_record(import, txn, import->draft->records[i]);
	if (rc >= 0 && import->problems.count)
		rc = CTS_EVALUE;
	return rc;
}
