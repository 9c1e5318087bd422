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
 */
#include "store/internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/buf.h"
#include "proto/error.h"
#include "proto/json.h"

enum { LOCK_WAIT_MS = 10000 };

struct checking {
	struct cts_txn *txn;
	struct cts_check *check;
	struct cts_sha256 digest;
	uint64_t index_entries, conflicts, history_entries;
};

static int violated(struct checking *checking, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int violated(struct checking *checking, int number, const char *format, ...)
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

/* 2: the record against the merge of its whole history. */
static int check_history(struct checking *checking, const char *key,
	const struct cts_record *record, bool deleted)
{
	struct cts_arena arena = {0};
	struct cts_state state = {.arena = &arena};
	struct cts_past_context context = {
		.txn = checking->txn, .arena = &arena, .key = key, .kind = record->kind};
	const struct cts_past past = cts_past_of(&context);
	struct cts_record again = {0};
	bool again_deleted = false;
	int rc = cts_view_state(checking->txn, &state, key, record->kind, NULL);

	if (rc == 0)
		rc = cts_state_record(
			&again, &again_deleted, &state, record->kind, record->id, &past);
	if (rc == 0 && (deleted != again_deleted || !cts_record_equal(record, &again)))
		rc = violated(checking, 2, "'%s' is not what its history says", key);
	if (rc == CTS_EDAMAGED)
		rc = violated(checking, 1, "'%s': %s", key, cts_error_message(rc));
	cts_record_release(&again);
	cts_arena_release(&arena);
	return rc;
}

/* 3 and 4, from the record's side; the counts at the end tell of entries that no record has. */
static int check_indexes(
	struct checking *checking, const char *key, const struct cts_record *record)
{
	struct cts_buf name = {0};
	struct cts_slice nothing;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < record->kind->field_count; i++) {
		const struct cts_field *field = &record->kind->fields[i];
		struct cts_value value = cts_record_get(record, field);

		if (!cts_index_has(field))
			continue;
		for (size_t j = 0; rc >= 0 && j < value.count; j++) {
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
				rc = violated(checking, 3, "'%s' is not in the index of %s", key,
					field->name);
		}
	}
	if (rc >= 0 && record->conflict_count) {
		cts_buf_clear(&name);
		cts_buf_put(&name, "!", 2);
		cts_buf_puts(&name, key);
		rc = cts_db_get(checking->txn, CTS_DB_INDEX, cts_buf_slice(&name), &nothing);
		checking->conflicts++;
		if (rc == 0)
			rc = violated(checking, 4, "'%s' is not in the list of conflicts", key);
	}
	cts_buf_release(&name);
	return rc < 0 ? rc : 0;
}

static void add_to_digest(struct checking *checking, const struct cts_record *record)
{
	struct cts_buf json = {0};

	cts_json_encode(&json, record);
	cts_sha256_update(&checking->digest, json.data, json.size);
	cts_buf_release(&json);
	checking->check->records++;
}

static int check_records(struct checking *checking)
{
	struct cts_cursor cursor;
	int rc;

	for (rc = cts_cursor_first(
		     &cursor, checking->txn, CTS_DB_RECORDS, (struct cts_slice){.data = ""});
		rc == 1; rc = cts_cursor_next(&cursor)) {
		char key[CTS_KEY_MAX + 1];
		struct cts_record record;
		bool deleted = false;
		int step;

		snprintf(key, sizeof(key), "%.*s", (int)cursor.key.size,
			(const char *)cursor.key.data);
		step = cts_records_load(checking->txn, &record, &deleted, NULL, key);
		if (step == CTS_EDAMAGED || step == CTS_EVALUE || step == 0) {
			step = violated(checking, 1, "'%s' cannot be read", key);
			if (step)
				rc = step;
			continue;
		}
		if (step > 0)
			step = check_history(checking, key, &record, deleted);
		if (step == 0 && !deleted) {
			add_to_digest(checking, &record);
			step = check_indexes(checking, key, &record);
		}
		cts_record_release(&record);
		if (step) {
			rc = step;
			break;
		}
	}
	cts_cursor_close(&cursor);
	return rc;
}

static int check_counts(struct checking *checking)
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
		rc = violated(checking, 3, "the index has %llu entries, the records only %llu values",
			(unsigned long long)(entries - conflicts),
			(unsigned long long)checking->index_entries);
	if (rc == 0 && conflicts != checking->conflicts)
		rc = violated(checking, 4, "%llu records are listed in conflict, %llu are",
			(unsigned long long)conflicts, (unsigned long long)checking->conflicts);
	return rc;
}

/* 5 and 6 */
static int check_one_change(
	struct checking *checking, const struct cts_change *change, uint64_t *touched)
{
	struct cts_buf key = {0};
	struct cts_slice data;
	struct cts_cursor cursor;
	struct cts_ref found;
	uint64_t records = 0;
	int rc;

	cts_buf_put_be64(&key, change->arrival);
	rc = cts_db_get(checking->txn, CTS_DB_ARRIVALS, cts_buf_slice(&key), &data);
	if (rc == 0 || (rc == 1 && (data.size != 20 || cts_be32(data.data) != change->ref.line ||
					   cts_be64((const char *)data.data + 4) != change->ref.seq)))
		rc = violated(checking, 5, "change %s.%llu is not where it arrived", change->writer,
			(unsigned long long)change->ref.seq);
	if (rc >= 0 && !cts_oid_is_zero(&change->commit)) {
		rc = cts_txn_find_commit(checking->txn, &found, &change->commit);
		if (rc == 0 || (rc == 1 && !cts_ref_equal(found, change->ref)))
			rc = violated(checking, 5, "the commit of change %s.%llu is not known",
				change->writer, (unsigned long long)change->ref.seq);
	}
	if (rc < 0)
		goto out;
	for (rc = cts_cursor_first(&cursor, checking->txn, CTS_DB_TOUCHED, cts_buf_slice(&key));
		rc == 1; rc = cts_cursor_next(&cursor)) {
		struct cts_buf name = {0};
		const char *record = cts_arena_strndup(
			&checking->txn->arena, cursor.value.data, cursor.value.size);
		int step;

		cts_history_key(&name, record, change->arrival);
		step = cts_db_get(checking->txn, CTS_DB_HISTORY, cts_buf_slice(&name), &data);
		cts_buf_release(&name);
		if (step == 0)
			step = violated(checking, 6, "'%s' has no history of change %s.%llu", record,
				change->writer, (unsigned long long)change->ref.seq);
		records++;
		if (step < 0) {
			rc = step;
			break;
		}
	}
	cts_cursor_close(&cursor);
	*touched += records;
	if (rc == 0 && records != change->record_count)
		rc = violated(checking, 6, "change %s.%llu lists %llu records, not %llu",
			change->writer, (unsigned long long)change->ref.seq,
			(unsigned long long)records, (unsigned long long)change->record_count);
out:
	cts_buf_release(&key);
	return rc < 0 ? rc : 0;
}

static int check_changes(struct checking *checking)
{
	struct cts_txn *txn = checking->txn;
	uint64_t changes = 0, touched = 0;
	int rc = cts_lines_load(txn);

	for (size_t i = 0; rc == 0 && i < txn->line_count; i++) {
		const struct cts_line_row *row = &txn->lines[i];
		uint64_t seq = row->fork.line ? row->fork.seq : 0;

		while (rc == 0 && ++seq <= row->last_seq) {
			struct cts_arena arena = {0};
			struct cts_change change;

			rc = cts_change_get(txn, &change, &arena,
				(struct cts_ref){.line = (uint32_t)i + 1, .seq = seq});
			if (rc == 0)
				rc = check_one_change(checking, &change, &touched);
			else if (rc == CTS_EDAMAGED)
				rc = violated(checking, 5, "change %s.%llu is missing", row->writer,
					(unsigned long long)seq);
			changes++;
			cts_arena_release(&arena);
		}
	}
	if (rc == 0 && changes != cts_db_entries(txn, CTS_DB_CHANGES))
		rc = violated(checking, 5, "there are changes of no line");
	if (rc == 0 && changes != cts_db_entries(txn, CTS_DB_ARRIVALS))
		rc = violated(checking, 5, "there are arrivals of no change");
	if (rc == 0 && touched != cts_db_entries(txn, CTS_DB_HISTORY))
		rc = violated(checking, 6, "there is history of no change");
	return rc;
}

/* ---- 7: the journal --------------------------------------------------------------------------- */

struct comparing {
	struct checking *checking;
	uint64_t in_file;
	uint64_t number; /* of the frame before */
	uint32_t n;      /* its place among those of that number */
};

/* Where the frame should be: a look each, so that a journal of a million frames takes a million. */
static int is_in_place(struct comparing *comparing, uint64_t number, struct cts_slice frame)
{
	struct cts_buf key = {0};
	struct cts_slice data;
	int rc;

	comparing->n = number == comparing->number ? comparing->n + 1 : 0;
	comparing->number = number;
	cts_buf_put_be64(&key, number);
	cts_buf_put_be32(&key, comparing->n);
	rc = cts_db_get(comparing->checking->txn, CTS_DB_JOURNAL, cts_buf_slice(&key), &data);
	cts_buf_release(&key);
	if (rc == 1)
		rc = data.size == frame.size && memcmp(data.data, frame.data, frame.size) == 0;
	return rc;
}

static int compare_frame(void *context, uint64_t number, struct cts_slice frame, uint64_t end)
{
	struct comparing *comparing = context;
	struct cts_cursor cursor;
	struct cts_buf prefix = {0};
	bool found = false;
	int rc = is_in_place(comparing, number, frame);

	(void)end;
	if (rc != 0) {
		comparing->in_file += rc == 1;
		return rc < 0 ? rc : 0;
	}
	/* A transaction that stands twice in the file, the first time cut short. */
	cts_buf_put_be64(&prefix, number);
	for (rc = cts_cursor_first(&cursor, comparing->checking->txn, CTS_DB_JOURNAL,
		     cts_buf_slice(&prefix));
		rc == 1 && !found; rc = cts_cursor_next(&cursor))
		found = cursor.value.size == frame.size &&
			memcmp(cursor.value.data, frame.data, frame.size) == 0;
	cts_cursor_close(&cursor);
	cts_buf_release(&prefix);
	comparing->in_file += found;
	return rc < 0 ? rc : 0;
}

static int check_journal(struct checking *checking, struct cts_store *store)
{
	struct comparing comparing = {.checking = checking};
	struct cts_journal_file *file = NULL;
	char path[4096];
	int lock = -1, rc;

	/* Under the write lock and by a snapshot of its own: while somebody writes or seals, file and
	 * LMDB differ as they should. */
	if (!store->read_only) {
		snprintf(path, sizeof(path), "%s/lock", store->path);
		lock = cts_lock_take(path, LOCK_WAIT_MS);
		if (lock < 0)
			return lock;
	}
	snprintf(path, sizeof(path), "%s/journal", store->path);
	rc = cts_txn_begin(&checking->txn, store);
	if (rc == 0 && cts_journal_open(&file, path, false) < 0) {
		rc = violated(checking, 7, "the journal file cannot be opened");
		goto out;
	}
	if (rc == 0)
		rc = cts_journal_read(file, compare_frame, &comparing);
	if (rc == 0 && comparing.in_file < cts_db_entries(checking->txn, CTS_DB_JOURNAL))
		rc = violated(checking, 7, "the journal file lacks entries that LMDB has");
out:
	cts_journal_close(file);
	cts_txn_end(checking->txn);
	checking->txn = NULL;
	if (lock >= 0)
		close(lock);
	return rc;
}

/* ---- across records: reported, never refused -------------------------------------------------- */

struct broken {
	struct cts_txn *txn;
	size_t left;
	int (*report)(void *context, const char *key, const char *field, const char *text);
	void *context;
};

static int report_broken(struct broken *broken, const struct cts_record *record,
	const struct cts_field *field, const char *text)
{
	int rc = broken->report(broken->context, cts_record_key(&broken->txn->arena, record),
		field->name, text);

	if (rc)
		return rc;
	return --broken->left == 0;
}

static int find_broken(void *context, const struct cts_record *record)
{
	struct broken *broken = context;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < record->kind->field_count; i++) {
		const struct cts_field *field = &record->kind->fields[i];
		struct cts_value value = cts_record_get(record, field);

		if (field->required && !cts_value_is_set(value))
			rc = report_broken(broken, record, field, "is required and not set");
		for (size_t j = 0; rc == 0 && field->is_ref && j < value.count; j++) {
			enum cts_life life;

			rc = cts_txn_life(broken->txn, &life, value.items[j]);
			if (rc == 0 && life != CTS_LIFE_LIVE)
				rc = report_broken(broken, record, field,
					cts_arena_printf(&broken->txn->arena, "refers to '%s', which %s",
						value.items[j],
						life == CTS_LIFE_NONE ? "is not here" : "was deleted"));
		}
	}
	if (rc == 0 && cts_index_check_unique(broken->txn, record) == CTS_EVALUE) {
		for (size_t i = 0; rc == 0 && i < record->kind->field_count; i++)
			if (record->kind->fields[i].unique)
				rc = report_broken(broken, record, &record->kind->fields[i],
					cts_arena_strdup(&broken->txn->arena,
						cts_error_message(CTS_EVALUE)));
		cts_error_clear();
	}
	return rc;
}

int cts_txn_each_broken(struct cts_txn *txn, size_t limit,
	int (*report)(void *context, const char *key, const char *field, const char *text),
	void *context)
{
	struct broken broken = {.txn = txn, .left = limit, .report = report, .context = context};

	return cts_txn_each(txn, NULL, find_broken, &broken);
}

int cts_store_check(struct cts_store *store, struct cts_check *check)
{
	struct checking checking = {.check = check};
	int rc = cts_txn_begin(&checking.txn, store);

	if (rc < 0)
		return rc;
	check->records = 0;
	cts_sha256_init(&checking.digest);
	rc = check_records(&checking);
	if (rc == 0)
		rc = check_counts(&checking);
	if (rc == 0)
		rc = check_changes(&checking);
	if (rc == 0 && check->broken)
		rc = cts_txn_each_broken(
			checking.txn, SIZE_MAX, check->broken, check->context);
	cts_sha256_finish(&checking.digest, check->digest);
	cts_txn_end(checking.txn);
	checking.txn = NULL;
	if (rc == 0)
		rc = check_journal(&checking, store);
	return rc < 0 ? rc : 0;
}
