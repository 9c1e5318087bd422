/*
 * Adding, setting and deleting, one record at a time. Everything is done to a record in memory and
 * handed to the working set; what a value must be is validate.h's, what may follow what the
 * store's.
 */
#include "cli/act.h"

#include <string.h>
#include <strings.h>

#include "proto/error.h"
#include "proto/id.h"
#include "proto/json.h"
#include "proto/withhold.h"

/* Two agencies' random ends are as good as never equal; one's own are looked at. */
#define ID_TRIES 8

#define HASH_LEAST 4

/* ---- the past -------------------------------------------------------------------------------- */

static void drop_conflicts(struct cts_record *record)
{
	while (record->conflict_count > 0)
		cts_record_settle(record, record->conflicts[0].field);
}

int cts_act_before(
	struct cts_txn *txn, struct cts_record *out, const char *key, struct cts_ref change)
{
	struct cts_view view = {0};
	int rc = cts_txn_add_past(txn, &view.vector, change);

	for (size_t i = 0; i < view.vector.count; i++)
		if (view.vector.entries[i].line == change.line)
			view.vector.entries[i].seq = change.seq - 1;
	if (rc == 0)
		rc = cts_view_get(txn, &view, out, key);
	cts_view_release(&view);
	if (rc == 0)
		drop_conflicts(out);
	return rc;
}

static int is_deletion(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct cts_ref *found = context;

	if (!edits->deleted)
		return 0;
	*found = change->ref;
	return 1;
}

/* A deleted record with the values that it had. */
static int revive(struct cts_work *work, struct cts_record *out, const struct cts_kind *kind,
	const char *id, const char *key)
{
	struct cts_ref deletion = {0};
	int rc = cts_work_get_deleted(work, out, key);

	if (rc == CTS_ENOTFOUND) {
		rc = cts_txn_each_history(work->txn, key, true, is_deletion, &deletion);
		if (rc >= 0)
			rc = deletion.line ? cts_act_before(work->txn, out, key, deletion)
					   : CTS_ENOTFOUND;
	}
	/* The history does not say what it was: the id alone is brought back. */
	if (rc == CTS_ENOTFOUND) {
		cts_record_init(out, kind, id);
		rc = 0;
	}
	if (rc == 0)
		drop_conflicts(out);
	return rc;
}

/* ---- add ------------------------------------------------------------------------------------- */

/* What an id may be made from: the title without its withheld passages, which an id would
 * publish. */
static const char *open_words(struct cts_arena *arena, const char *title)
{
	struct cts_buf text = {0};
	struct cts_mark *marks;
	size_t at = 0;
	const char *words;
	int count;

	if (!cts_text_has_marks(title))
		return title;
	count = cts_marks_parse(&marks, arena, title);
	for (int i = 0; i < count; i++) {
		cts_buf_put(&text, title + at, marks[i].start - at);
		at = marks[i].end;
	}
	if (count >= 0)
		cts_buf_puts(&text, title + at);
	words = cts_arena_strdup(arena, cts_buf_text(&text));
	cts_buf_release(&text);
	return words;
}

static int refuse_taken(const char *key, enum cts_life life)
{
	if (life == CTS_LIFE_LIVE) {
		cts_fail(CTS_EREFUSED, "'%s' exists already", key);
		cts_hint("ctsync set %s FIELD=VALUE", key);
	} else {
		cts_fail(CTS_EREFUSED, "'%s' was deleted", key);
		cts_hint("ctsync add %s --again brings it back; ctsync log %s shows what it was",
			key, key);
	}
	return CTS_EREFUSED;
}

/* A title that is unique is a name already: an agency's record is its code in lower case. */
static const char *id_of_unique(struct cts_record *record)
{
	const struct cts_field *title = record->kind->title;
	char *id;

	if (!title || !title->unique || !cts_value_is_set(cts_record_get(record, title)))
		return NULL;
	id = cts_arena_strdup(&record->arena, cts_value_text(cts_record_get(record, title)));
	for (char *c = id; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return cts_id_is_valid(id) ? id : NULL;
}

static int make_id(struct cts_work *work, struct cts_record *record, const char *agency)
{
	const struct cts_field *title = record->kind->title;
	const char *words =
		title ? cts_value_text(cts_record_get(record, title)) : record->kind->name;
	enum cts_life life = CTS_LIFE_LIVE;
	const char *unique = id_of_unique(record);

	if (unique) {
		const char *key;
		int rc;

		record->id = unique;
		key = cts_record_key(&work->arena, record);
		rc = cts_work_life(work, &life, key);
		return rc < 0 || life == CTS_LIFE_NONE ? rc : refuse_taken(key, life);
	}
	words = open_words(&record->arena, words);
	for (int i = 0; i < ID_TRIES; i++) {
		int rc;

		record->id = cts_id_make(&record->arena, agency, words);
		rc = cts_work_life(work, &life, cts_record_key(&work->arena, record));
		if (rc < 0)
			return rc;
		if (life == CTS_LIFE_NONE)
			return 0;
	}
	return cts_fail(CTS_EREFUSED, "no free id could be made for '%s'", words);
}

/* The record that is added to, empty or brought back. */
static int begin_record(struct cts_work *work, struct cts_record *out, const struct cts_kind *kind,
	const char *id, struct cts_act_add *add)
{
	const char *key;
	enum cts_life life;
	int rc;

	if (!id) {
		cts_record_init(out, kind, "");
		return 0;
	}
	rc = cts_id_check(id);
	if (rc < 0)
		return rc;
	key = cts_arena_printf(&work->arena, "%s/%s", kind->name, id);
	rc = cts_work_life(work, &life, key);
	if (rc < 0)
		return rc;
	if (life == CTS_LIFE_LIVE || (life == CTS_LIFE_DELETED && !add->again))
		return refuse_taken(key, life);
	add->was_brought_back = life == CTS_LIFE_DELETED;
	if (add->was_brought_back)
		return revive(work, out, kind, id, key);
	cts_record_init(out, kind, id);
	return 0;
}

int cts_act_add(struct cts_work *work, struct cts_act_add *add)
{
	const char *slash = strchr(add->address, '/');
	const char *name = slash ? cts_arena_strndup(&work->arena, add->address,
					   (size_t)(slash - add->address))
				 : add->address;
	const struct cts_kind *kind;
	struct cts_record record;
	int rc = cts_schema_find_kind(&kind, cts_store_schema(cts_txn_store(work->txn)), name);

	if (rc < 0)
		return rc;
	rc = begin_record(work, &record, kind, slash ? slash + 1 : NULL, add);
	if (rc < 0)
		return rc;
	rc = cts_assign_apply(&record, &add->assigns, false);
	if (rc == 0 && !slash)
		rc = make_id(work, &record, add->agency);
	if (rc == 0)
		rc = cts_work_put(work, &record);
	cts_record_release(&record);
	return rc;
}

/* ---- set ------------------------------------------------------------------------------------- */

int cts_act_check_hash(const char *expected)
{
	size_t size = strlen(expected);

	if (size >= HASH_LEAST && size <= CTS_OID_HEX &&
		strspn(expected, "0123456789abcdefABCDEF") == size)
		return 0;
	cts_fail(CTS_EUSAGE, "'%s' is no hash of a record", expected);
	cts_hint("--if takes the \"hash\" of ctsync show REC -o json, or its first digits");
	return CTS_EUSAGE;
}

static int check_expected(const struct cts_record *record, const char *key, const char *expected)
{
	const struct cts_oid hash = cts_json_hash(record);
	char hex[CTS_OID_HEX + 1];

	cts_oid_format(hex, &hash);
	if (strncasecmp(hex, expected, strlen(expected)) == 0)
		return 0;
	cts_fail(CTS_EMISMATCH, "'%s' is not %s but %s: it was changed since", key, expected, hex);
	cts_hint("ctsync log %s --limit 3 shows by whom", key);
	return CTS_EMISMATCH;
}

int cts_act_set(struct cts_work *work, const struct cts_act_set *set)
{
	struct cts_record record;
	const char *key;
	int rc = cts_work_find(work, &key, set->address, set->exact);

	if (rc < 0)
		return rc;
	rc = cts_work_get(work, &record, key);
	if (rc < 0)
		return rc;
	if (set->expected)
		rc = check_expected(&record, key, set->expected);
	if (rc == 0)
		rc = cts_assign_apply(&record, &set->assigns, set->settle);
	if (rc == 0)
		rc = cts_work_put(work, &record);
	cts_record_release(&record);
	return rc;
}

/* ---- rm -------------------------------------------------------------------------------------- */

int cts_act_rm(struct cts_work *work, const char *key)
{
	const char *found;
	int rc = cts_work_find(work, &found, key, true);

	return rc < 0 ? rc : cts_work_delete(work, found);
}
