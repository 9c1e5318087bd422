/*
 * Secondary indexes: kind 0 field 0 value 0 id -> nothing, for indexed and unique fields and for every
 * reference; of live records only. Those of a write transaction wait in a queue (index_queue.c). A value is cut at 190 bytes to keep keys short, so whoever looks one
 * up compares the record. The records in conflict are an index of their own, below the kind "!"; its
 * values tell since which arrival.
 */
#include "store/internal.h"

#include <stdio.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"

enum { ITEM_MAX = 190 };

static const struct cts_slice nothing = {.data = "", .size = 0};

bool cts_index_has(const struct cts_field *field)
{
	return field->indexed || field->unique || field->is_ref;
}

void cts_index_key(struct cts_buf *out, const struct cts_kind *kind, const struct cts_field *field,
	const char *item, const char *id)
{
	cts_buf_put(out, kind->name, strlen(kind->name) + 1);
	cts_buf_put(out, field->name, strlen(field->name) + 1);
	cts_buf_put(out, item, strnlen(item, ITEM_MAX));
	cts_buf_putc(out, '\0');
	cts_buf_puts(out, id);
}

/* A unique field's entries are looked up while the transaction goes on; all others wait for its end. */
static int put_items(struct cts_txn *txn, const struct cts_record *record,
	const struct cts_field *field, struct cts_value items, struct cts_value except, bool add)
{
	struct cts_buf key = {0};
	int rc = 0;

	for (size_t i = 0; i < items.count && rc >= 0; i++) {
		if (cts_value_has(except, items.items[i]))
			continue;
		cts_buf_clear(&key);
		cts_index_key(&key, record->kind, field, items.items[i],
			field->unique ? record->id : "");
		if (!field->unique) {
			cts_index_queue_add(txn, cts_buf_slice(&key), add);
			continue;
		}
		rc = add ? cts_db_put(txn, CTS_DB_INDEX, cts_buf_slice(&key), nothing)
			 : cts_db_delete(txn, CTS_DB_INDEX, cts_buf_slice(&key));
	}
	cts_buf_release(&key);
	return rc < 0 ? rc : 0;
}

int cts_index_update(
	struct cts_txn *txn, const struct cts_record *before, const struct cts_record *after)
{
	const struct cts_record *some = before ? before : after;
	int rc = some ? cts_index_queue_begin(txn, some->id) : 0;

	for (size_t i = 0; some && i < some->kind->field_count && rc >= 0; i++) {
		const struct cts_field *field = &some->kind->fields[i];
		struct cts_value old = {0}, new = {0};

		if (!cts_index_has(field))
			continue;
		if (before)
			old = cts_record_get(before, field);
		if (after)
			new = cts_record_get(after, field);
		if (cts_value_equal(old, new))
			continue;
		/* Taken out first: two long items may share one cut key. */
		rc = put_items(txn, some, field, old, new, false);
		if (rc >= 0)
			rc = put_items(txn, some, field, new, (struct cts_value){0}, true);
	}
	return rc;
}

static void conflict_key(struct cts_buf *out, const char *key)
{
	cts_buf_put(out, "!", 2);
	cts_buf_puts(out, key);
}

int cts_index_mark_conflict(struct cts_txn *txn, const char *key, bool has_conflict)
{
	struct cts_buf name = {0}, since = {0};
	struct cts_slice began;
	int rc;

	conflict_key(&name, key);
	if (has_conflict) {
		cts_buf_put_be64(&since, txn->open.change.arrival);
		rc = cts_db_put(txn, CTS_DB_INDEX, cts_buf_slice(&name), cts_buf_slice(&since));
		txn->new_conflicts++;
		goto out;
	}
	rc = cts_db_get(txn, CTS_DB_INDEX, cts_buf_slice(&name), &began);
	if (rc == 1 && began.size == 8 && cts_be64(began.data) > txn->first_arrival)
		txn->new_conflicts--;
	if (rc >= 0)
		rc = cts_db_delete(txn, CTS_DB_INDEX, cts_buf_slice(&name));
out:
	cts_buf_release(&name);
	cts_buf_release(&since);
	return rc < 0 ? rc : 0;
}

int cts_txn_each_conflict(struct cts_txn *txn, cts_key_fn each, void *context)
{
	struct cts_cursor cursor;
	int rc, answer = 0;

	for (rc = cts_cursor_first(
		     &cursor, txn, CTS_DB_INDEX, (struct cts_slice){.data = "!", .size = 2});
		rc == 1; rc = cts_cursor_next(&cursor)) {
		answer = each(context, cts_arena_strndup(&txn->arena,
					       (const char *)cursor.key.data + 2, cursor.key.size - 2));
		if (answer)
			break;
	}
	cts_cursor_close(&cursor);
	return rc < 0 ? rc : answer;
}

struct holder {
	const char *own;
	char other[CTS_KEY_MAX + 1]; /* keys live no longer than the call */
};

static int is_other(void *context, const char *key)
{
	struct holder *holder = context;

	if (strcmp(key, holder->own) == 0)
		return 0;
	snprintf(holder->other, sizeof(holder->other), "%s", key);
	return 1;
}

int cts_index_check_unique_field(
	struct cts_txn *txn, const struct cts_record *record, const struct cts_field *field)
{
	struct cts_value value = cts_record_get(record, field);
	struct holder holder = {.own = cts_record_key(&txn->arena, record)};

	for (size_t i = 0; i < value.count; i++) {
		int rc = cts_txn_each_with(
			txn, record->kind, field, value.items[i], is_other, &holder);

		if (rc < 0)
			return rc;
		if (!holder.other[0])
			continue;
		cts_fail(CTS_EVALUE, "%s '%s' belongs to '%s' already", field->name, value.items[i],
			holder.other);
		cts_hint("ctsync show %s", holder.other);
		return CTS_EVALUE;
	}
	return 0;
}

int cts_index_check_unique(struct cts_txn *txn, const struct cts_record *record)
{
	int rc = 0;

	for (size_t i = 0; i < record->kind->field_count && rc == 0; i++)
		if (record->kind->fields[i].unique)
			rc = cts_index_check_unique_field(txn, record, &record->kind->fields[i]);
	return rc;
}
