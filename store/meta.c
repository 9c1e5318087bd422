/*
 * meta: a few named facts about the store, and the counters that every write transaction reads at its
 * start and writes at its end, in one row of eleven big-endian integers.
 */
#include "store/internal.h"

#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"

static const char counters_name[] = "counters";

enum { COUNTER_COUNT = sizeof(struct cts_counters) / sizeof(uint64_t) };

static struct cts_slice name_key(const char *name)
{
	return (struct cts_slice){.data = name, .size = strlen(name)};
}

int cts_meta_get(struct cts_txn *txn, const char *name, struct cts_slice *out)
{
	return cts_db_get(txn, CTS_DB_META, name_key(name), out);
}

int cts_meta_put(struct cts_txn *txn, const char *name, const void *data, size_t size)
{
	return cts_db_put(txn, CTS_DB_META, name_key(name),
		(struct cts_slice){.data = data, .size = size});
}

int cts_meta_load(struct cts_txn *txn)
{
	uint64_t *counters = (uint64_t *)&txn->counters;
	struct cts_slice row;
	int rc = cts_meta_get(txn, counters_name, &row);

	if (rc < 0)
		return rc;
	if (rc == 0 || row.size != sizeof(struct cts_counters))
		return cts_store_damaged(txn->store, "its counters are missing");
	for (size_t i = 0; i < COUNTER_COUNT; i++)
		counters[i] = cts_be64((const char *)row.data + 8 * i);
	return 0;
}

int cts_meta_save(struct cts_txn *txn)
{
	const uint64_t *counters = (const uint64_t *)&txn->counters;
	struct cts_buf row = {0};
	int rc;

	for (size_t i = 0; i < COUNTER_COUNT; i++)
		cts_buf_put_be64(&row, counters[i]);
	rc = cts_meta_put(txn, counters_name, row.data, row.size);
	cts_buf_release(&row);
	return rc;
}

static const char *note_name(struct cts_txn *txn, const char *name)
{
	return cts_arena_printf(&txn->arena, "note:%s", name);
}

int cts_txn_note(struct cts_txn *txn, struct cts_buf *out, const char *name)
{
	struct cts_slice data;
	int rc = cts_meta_get(txn, note_name(txn, name), &data);

	if (rc == 1)
		cts_buf_put(out, data.data, data.size);
	return rc < 0 ? rc : 0;
}

int cts_txn_put_note(struct cts_txn *txn, const char *name, const void *data, size_t size)
{
	const char *full = note_name(txn, name);
	int rc;

	if (size)
		return cts_meta_put(txn, full, data, size);
	rc = cts_db_delete(txn, CTS_DB_META, name_key(full));
	return rc < 0 ? rc : 0;
}

int cts_txn_each_note(struct cts_txn *txn, const char *prefix,
	int (*each)(void *context, const char *name, struct cts_slice data), void *context)
{
	struct cts_cursor cursor;
	int rc, answer = 0;

	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_META, name_key(note_name(txn, prefix)));
		rc == 1; rc = cts_cursor_next(&cursor)) {
		const char *name = cts_arena_strndup(&txn->arena,
			(const char *)cursor.key.data + strlen("note:"),
			cursor.key.size - strlen("note:"));

		answer = each(context, name, cursor.value);
		if (answer)
			break;
	}
	cts_cursor_close(&cursor);
	return rc < 0 ? rc : answer;
}

static int get_oid(struct cts_txn *txn, const char *name, struct cts_oid *out)
{
	struct cts_slice data;
	int rc = cts_meta_get(txn, name, &data);

	*out = (struct cts_oid){0};
	if (rc < 0)
		return rc;
	if (rc == 1) {
		if (data.size != CTS_OID_SIZE)
			return cts_store_damaged(txn->store, "an object name is cut");
		memcpy(out->bytes, data.data, CTS_OID_SIZE);
	}
	return 0;
}

int cts_txn_root(struct cts_txn *txn, struct cts_oid *out)
{
	return get_oid(txn, "root", out);
}

int cts_txn_set_root(struct cts_txn *txn, const struct cts_oid *root)
{
	return cts_meta_put(txn, "root", root->bytes, CTS_OID_SIZE);
}

int cts_txn_tree_base(struct cts_txn *txn, struct cts_oid *out)
{
	return get_oid(txn, "tree", out);
}
