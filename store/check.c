/*
 * The store's invariants, checked by number; ctsync-store(5) lists them.
 *
 *	1  every value matches its checksum and can be read
 *	2  every record is what its history says
 *	3  the indexes name exactly what the records hold
 *	4  the list of conflicts names exactly the records in conflict
 *	5  every change has its place: lines without gaps, arrivals, commit names
 *	6  every history entry belongs to a change that lists the record, and the other way round
 *	7  the journal in LMDB and the journal file hold the same changes, all pending
 *
 * Damage found on the way is a violation of 1, and the rest is still looked at as far as it can be read.
 */
#include "store/check_internal.h"

#include <stdio.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"
#include "proto/json.h"

int cts_check_violated(struct cts_checking *checking, int number, const char *format, ...)
{
	struct cts_buf text = {0};
	va_list args;
	int rc = 0;

	va_start(args, format);
	cts_buf_vprintf(&text, format, args);
	va_end(args);
	if (checking->check->violation)
		rc = checking->check->violation(
			checking->check->context, number, cts_buf_text(&text));
	cts_buf_release(&text);
	return rc;
}

/* ---- 1: what no other part reads -------------------------------------------------------------- */

static int check_values(struct cts_checking *checking)
{
	static const struct {
		enum cts_db db;
		const char *name;
	} others[] = {
		{CTS_DB_COMMITS, "commits"},
		{CTS_DB_VECTORS, "vectors"},
		{CTS_DB_STALE, "stale records"},
		{CTS_DB_META, "facts about the store"},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(others) / sizeof(others[0]); i++) {
		struct cts_cursor cursor;

		for (rc = cts_cursor_first(&cursor, checking->txn, others[i].db,
			     (struct cts_slice){.data = ""});
			rc == 1; rc = cts_cursor_next(&cursor))
			;
		cts_cursor_close(&cursor);
		if (rc == CTS_EDAMAGED)
			rc = cts_check_violated(
				checking, 1, "the %s cannot be read", others[i].name);
	}
	return rc;
}

/* ---- 2: records and their history ------------------------------------------------------------- */

static bool is_same_field(const struct cts_field_state *a, const struct cts_field_state *b)
{
	if (!b || a->count != b->count)
		return false;
	/* Members of a SET stand in any order. */
	for (size_t i = 0; i < a->count; i++) {
		bool found = false;

		for (size_t j = 0; j < b->count && !found; j++)
			found = cts_ref_equal(a->newest[i].by, b->newest[j].by) &&
				cts_value_equal(a->newest[i].value, b->newest[j].value);
		if (!found)
			return false;
	}
	return true;
}

static bool is_same_state(const struct cts_state *a, const struct cts_state *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!is_same_field(&a->fields[i], cts_state_field(b, a->fields[i].field)))
			return false;
	return true;
}

/* The record, and who put its values there, against the merge of its whole history. */
static int check_history(struct cts_checking *checking, const char *key,
	const struct cts_record *record, bool deleted, const struct cts_state *stored)
{
	struct cts_arena *arena = stored->arena;
	struct cts_state state = {.arena = arena};
	struct cts_past_context context = {
		.txn = checking->txn, .arena = arena, .key = key, .kind = record->kind};
	const struct cts_past past = cts_past_of(&context);
	struct cts_record again = {0};
	bool again_deleted = false;
	int rc = cts_view_state(checking->txn, &state, key, record->kind, NULL);

	if (rc == 0)
		rc = cts_state_record(
			&again, &again_deleted, &state, record->kind, record->id, &past);
	if (rc == 0 && (deleted != again_deleted || !cts_record_equal(record, &again) ||
			       !is_same_state(stored, &state)))
		rc = cts_check_violated(checking, 2, "'%s' is not what its history says", key);
	if (rc == CTS_EDAMAGED)
		rc = cts_check_violated(checking, 1, "'%s': %s", key, cts_error_message(rc));
	cts_record_release(&again);
	return rc;
}

/* ---- 3 and 4 ---------------------------------------------------------------------------------- */

/* From the record's side; the counts at the end tell of entries that no record has. */
static int check_index(struct cts_checking *checking, const char *key,
	const struct cts_record *record, const struct cts_field *field)
{
	struct cts_value value = cts_record_get(record, field);
	struct cts_buf name = {0};
	struct cts_slice nothing;
	int rc = 0;

	for (size_t j = 0; rc == 0 && j < value.count; j++) {
		bool is_repeated = false;

		for (size_t k = 0; k < j && !is_repeated; k++)
			is_repeated = strcmp(value.items[j], value.items[k]) == 0;
		if (is_repeated)
			continue;
		cts_buf_clear(&name);
		cts_index_key(&name, record->kind, field, value.items[j], record->id);
		rc = cts_db_get(checking->txn, CTS_DB_INDEX, cts_buf_slice(&name), &nothing);
		checking->index_entries++;
		if (rc == 0)
			rc = cts_check_violated(
				checking, 3, "'%s' is not in the index of %s", key, field->name);
		else if (rc > 0)
			rc = 0;
	}
	cts_buf_release(&name);
	return rc;
}

static int check_indexes(
	struct cts_checking *checking, const char *key, const struct cts_record *record)
{
	struct cts_buf name = {0};
	struct cts_slice nothing;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < record->kind->field_count; i++)
		if (cts_index_has(&record->kind->fields[i]))
			rc = check_index(checking, key, record, &record->kind->fields[i]);
	if (rc == 0 && record->conflict_count) {
		cts_buf_put(&name, "!", 2);
		cts_buf_puts(&name, key);
		rc = cts_db_get(checking->txn, CTS_DB_INDEX, cts_buf_slice(&name), &nothing);
		checking->conflicts++;
		if (rc == 0)
			rc = cts_check_violated(
				checking, 4, "'%s' is not in the list of conflicts", key);
		else if (rc > 0)
			rc = 0;
		cts_buf_release(&name);
	}
	return rc;
}

static int check_counts(struct cts_checking *checking)
{
	uint64_t entries = cts_db_entries(checking->txn, CTS_DB_INDEX), conflicts = 0;
	struct cts_cursor cursor;
	int rc;

	for (rc = cts_cursor_first(&cursor, checking->txn, CTS_DB_INDEX,
		     (struct cts_slice){.data = "!", .size = 2});
		rc == 1; rc = cts_cursor_next(&cursor))
		conflicts++;
	cts_cursor_close(&cursor);
	if (rc < 0)
		return rc;
	/* Items longer than the index keeps may share a key: fewer entries than items are no fault. */
	if (entries - conflicts > checking->index_entries)
		rc = cts_check_violated(checking, 3,
			"the index has %llu entries, the records only %llu values",
			(unsigned long long)(entries - conflicts),
			(unsigned long long)checking->index_entries);
	if (rc == 0 && conflicts != checking->conflicts)
		rc = cts_check_violated(checking, 4,
			"%llu records are listed in conflict, %llu are",
			(unsigned long long)conflicts, (unsigned long long)checking->conflicts);
	return rc;
}

/* ---- record by record ------------------------------------------------------------------------- */

static void add_to_digest(struct cts_checking *checking, const struct cts_record *record)
{
	struct cts_buf json = {0};

	cts_json_encode(&json, record);
	cts_sha256_update(&checking->digest, json.data, json.size);
	cts_buf_release(&json);
	checking->check->records++;
}

static int check_record(struct cts_checking *checking, const char *key)
{
	struct cts_arena arena = {0};
	struct cts_state state = {.arena = &arena};
	struct cts_record record = {0};
	bool deleted = false;
	int rc = cts_records_load(checking->txn, &record, &deleted, &state, key);

	if (rc == CTS_EDAMAGED || rc == CTS_EVALUE || rc == 0) {
		rc = cts_check_violated(checking, 1, "'%s' cannot be read", key);
		goto out;
	}
	if (rc > 0)
		rc = check_history(checking, key, &record, deleted, &state);
	if (rc == 0 && !deleted) {
		add_to_digest(checking, &record);
		rc = check_indexes(checking, key, &record);
	}
out:
	cts_record_release(&record);
	cts_arena_release(&arena);
	return rc;
}

static int check_records(struct cts_checking *checking)
{
	struct cts_cursor cursor;
	const void *last = NULL;
	int rc;

	/* A value that cannot be read is passed over, a page that cannot ends the walk: the cursor stands
	 * where it stood. */
	for (rc = cts_cursor_first(
		     &cursor, checking->txn, CTS_DB_RECORDS, (struct cts_slice){.data = ""});
		rc == 1 || (rc == CTS_EDAMAGED && cursor.key.data && cursor.key.data != last);
		rc = cts_cursor_next(&cursor)) {
		char key[CTS_KEY_MAX + 1];
		int step;

		last = cursor.key.data;
		snprintf(key, sizeof(key), "%.*s", (int)cursor.key.size,
			(const char *)cursor.key.data);
		step = check_record(checking, key);
		if (step) {
			rc = step;
			break;
		}
	}
	cts_cursor_close(&cursor);
	return rc;
}

/* ---- all of it -------------------------------------------------------------------------------- */

/* Damage in the way of one part is told, and the next part begun. */
static int run_part(struct cts_checking *checking, int (*part)(struct cts_checking *checking))
{
	int rc = part(checking);

	if (rc == CTS_EDAMAGED)
		rc = cts_check_violated(checking, 1, "%s", cts_error_message(rc));
	return rc;
}

int cts_store_check(struct cts_store *store, struct cts_check *check)
{
	static int (*const parts[])(struct cts_checking *checking) = {
		check_values, check_records, check_counts, cts_check_changes};
	struct cts_checking checking = {.check = check};
	int rc = cts_txn_begin(&checking.txn, store);

	if (rc < 0)
		return rc;
	check->records = 0;
	cts_sha256_init(&checking.digest);
	for (size_t i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		rc = run_part(&checking, parts[i]);
	if (rc == 0 && check->broken)
		rc = cts_txn_each_broken(checking.txn, SIZE_MAX, check->broken, check->context);
	cts_sha256_finish(&checking.digest, check->digest);
	cts_txn_end(checking.txn);
	checking.txn = NULL;
	if (rc == 0 || rc == CTS_EDAMAGED) {
		int journal = cts_check_journal(&checking, store);

		rc = rc ? rc : journal;
	}
	return rc < 0 ? rc : 0;
}
