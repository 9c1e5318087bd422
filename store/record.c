/*
 * Records by key. A key is the address as typed, "kind/id"; deleted records stay, with their values and
 * newest edits, and are passed over by everything that speaks of live ones.
 */
#include "store/internal.h"

#include <stdio.h>
#include <stdio.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"

static struct cts_slice text_key(const char *text)
{
	return (struct cts_slice){.data = text, .size = strlen(text)};
}

int cts_records_kind(
	struct cts_txn *txn, const struct cts_kind **kind, const char **id, const char *key)
{
	char name[CTS_KIND_MAX + 1];
	const char *slash = strchr(key, '/');

	if (!slash || slash == key) {
		cts_fail(CTS_EVALUE, "'%s' is no address of a record", key);
		cts_hint("write kind/id, as in milestone/first-hui");
		return CTS_EVALUE;
	}
	if ((size_t)(slash - key) > CTS_KIND_MAX)
		return cts_fail(CTS_EVALUE, "no kind is named '%.*s'", (int)(slash - key), key);
	memcpy(name, key, (size_t)(slash - key));
	name[slash - key] = '\0';
	*id = slash + 1;
	return cts_schema_find_kind(kind, cts_store_schema(txn->store), name);
}

static int load(struct cts_txn *txn, struct cts_record *out, bool *deleted,
	struct cts_state *state, const char *key, struct cts_slice data)
{
	const struct cts_kind *kind;
	const char *id;
	int rc = cts_records_kind(txn, &kind, &id, key);

	if (rc < 0)
		return rc;
	rc = cts_stored_record_decode(out, deleted, state, kind, id, data.data, data.size);
	return rc < 0 ? cts_store_damaged(txn->store, "a record is not readable") : 1;
}

int cts_records_load(struct cts_txn *txn, struct cts_record *out, bool *deleted,
	struct cts_state *state, const char *key)
{
	struct cts_slice data;
	int rc;

	if (strlen(key) > CTS_KEY_MAX)
		return 0;
	rc = cts_db_get(txn, CTS_DB_RECORDS, text_key(key), &data);
	return rc < 1 ? rc : load(txn, out, deleted, state, key, data);
}

int cts_txn_life(struct cts_txn *txn, enum cts_life *out, const char *key)
{
	struct cts_slice data;
	bool deleted;
	int rc = 0;

	if (strlen(key) <= CTS_KEY_MAX)
		rc = cts_db_get(txn, CTS_DB_RECORDS, text_key(key), &data);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		*out = CTS_LIFE_NONE;
		return 0;
	}
	if (cts_stored_record_is_deleted(&deleted, data.data, data.size) < 0)
		return cts_store_damaged(txn->store, "a record is not readable");
	*out = deleted ? CTS_LIFE_DELETED : CTS_LIFE_LIVE;
	return 0;
}

struct candidates {
	struct cts_arena *arena;
	const char **keys;
	size_t count, most;
};

static int collect(void *context, const char *key)
{
	struct candidates *found = context;

	*(const char **)cts_arena_push(found->arena, &found->keys, &found->count,
		sizeof(*found->keys)) = cts_arena_strdup(found->arena, key);
	return found->count >= found->most;
}

/* The nearest live id of the kind, or NULL: one that goes on where this ends, else one spelt much alike. The
 * kind is left out of the comparison, for it would make short ids look alike. Only the first thousand are
 * looked at, which is enough for a hint and keeps a mistake cheap in a store of a million. */
static int find_nearest(struct cts_txn *txn, const char **out, const char *key, size_t kind_size)
{
	struct candidates found = {.arena = &txn->arena, .most = 1000};
	const char *prefix = cts_arena_strndup(&txn->arena, key, kind_size + 1);
	const char *id = key + kind_size + 1, *near;
	int rc = cts_txn_each_key(txn, prefix, collect, &found);

	*out = NULL;
	for (size_t i = 0; i < found.count; i++) {
		if (*id && !*out && strncmp(found.keys[i], key, strlen(key)) == 0)
			*out = found.keys[i];
		found.keys[i] += kind_size + 1;
	}
	near = cts_nearest(id, found.keys, found.count);
	if (near && !*out)
		*out = cts_arena_printf(&txn->arena, "%s%s", prefix, near);
	return rc < 0 ? rc : 0;
}

/* LMDB's pages have no checksum of their own: one that is garbage may read as one that lacks the key. What
 * is said to be missing must be unknown to the history too, which lies on other pages.
 * @return 0, or CTS_EDAMAGED where the history tells of a record that begins so */
static int check_missing(struct cts_txn *txn, struct cts_slice prefix)
{
	struct cts_cursor cursor;
	int rc = cts_cursor_first(&cursor, txn, CTS_DB_HISTORY, prefix);

	cts_cursor_close(&cursor);
	if (rc == 1)
		rc = cts_store_damaged(txn->store, "a record that has a history is missing");
	return rc;
}

static int not_found(struct cts_txn *txn, const char *key, bool was_deleted)
{
	size_t kind_size = (size_t)(strchr(key, '/') - key);
	const char *nearest = NULL;
	int rc;

	if (was_deleted) {
		cts_fail(CTS_ENOTFOUND, "'%s' was deleted", key);
		cts_hint("ctsync log %s shows by whom; ctsync add %s --again brings it back", key, key);
		return CTS_ENOTFOUND;
	}
	rc = strlen(key) > CTS_KEY_MAX
		? 0
		: check_missing(txn, (struct cts_slice){.data = key, .size = strlen(key) + 1});
	if (rc == 0)
		rc = find_nearest(txn, &nearest, key, kind_size);
	if (rc < 0)
		return rc;
	cts_fail(CTS_ENOTFOUND, "no record '%s'", key);
	if (nearest)
		cts_hint("did you mean %s?", nearest);
	else
		cts_hint("ctsync list %.*s", (int)kind_size, key);
	return CTS_ENOTFOUND;
}

int cts_txn_get(struct cts_txn *txn, struct cts_record *out, const char *key)
{
	const struct cts_kind *kind;
	struct cts_record record;
	const char *id;
	bool deleted = false;
	int rc = cts_records_kind(txn, &kind, &id, key);

	if (rc < 0)
		return rc;
	rc = cts_records_load(txn, &record, &deleted, NULL, key);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return not_found(txn, key, false);
	if (deleted) {
		cts_record_release(&record);
		return not_found(txn, key, true);
	}
	*out = record;
	return 0;
}

int cts_txn_find(
	struct cts_txn *txn, const char **out, struct cts_arena *arena, const char *address)
{
	struct candidates found = {.arena = arena, .most = 21};
	const struct cts_kind *kind;
	struct cts_buf list = {0};
	enum cts_life life;
	const char *id = "";
	int rc = cts_records_kind(txn, &kind, &id, address);

	if (rc < 0)
		return rc;
	rc = cts_txn_life(txn, &life, address);
	if (rc < 0)
		return rc;
	if (life == CTS_LIFE_LIVE) {
		*out = cts_arena_strdup(arena, address);
		return 0;
	}
	if (life == CTS_LIFE_DELETED)
		return not_found(txn, address, true);
	if (strlen(address) > CTS_KEY_MAX || !id[0])
		return not_found(txn, address, false);
	rc = cts_txn_each_key(txn, address, collect, &found);
	if (rc < 0)
		return rc;
	if (found.count == 0)
		return not_found(txn, address, false);
	if (found.count == 1) {
		*out = found.keys[0];
		return 0;
	}
	for (size_t i = 0; i < found.count && i < 20; i++)
		cts_buf_printf(&list, "%s%s", i ? ", " : "", found.keys[i]);
	cts_fail(CTS_EREFUSED, "'%s' is the beginning of several ids", address);
	cts_hint("one of %s%s", cts_buf_text(&list), found.count > 20 ? ", ..." : "");
	cts_buf_release(&list);
	return CTS_EREFUSED;
}

int cts_txn_each_key(struct cts_txn *txn, const char *key_prefix, cts_key_fn each, void *context)
{
	struct cts_slice prefix = text_key(key_prefix);
	struct cts_cursor cursor;
	bool any = false;
	int rc, answer = 0;

	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_RECORDS, prefix); rc == 1;
		rc = cts_cursor_next(&cursor)) {
		char key[CTS_KEY_MAX + 1];
		bool deleted;

		any = true;
		if (cursor.key.size > CTS_KEY_MAX ||
			cts_stored_record_is_deleted(
				&deleted, cursor.value.data, cursor.value.size) < 0) {
			rc = cts_store_damaged(txn->store, "a record is not readable");
			break;
		}
		if (deleted)
			continue;
		memcpy(key, cursor.key.data, cursor.key.size);
		key[cursor.key.size] = '\0';
		answer = each(context, key);
		if (answer)
			break;
	}
	cts_cursor_close(&cursor);
	if (rc == 0 && !any)
		rc = check_missing(txn, prefix);
	return rc < 0 ? rc : answer;
}

int cts_txn_each(struct cts_txn *txn, const char *kind, cts_record_fn each, void *context)
{
	char prefix[CTS_KIND_MAX + 2] = "";
	struct cts_cursor cursor;
	bool any = false;
	int rc, answer = 0;

	if (kind && strlen(kind) > CTS_KIND_MAX)
		return 0; /* no kind has such a name */
	if (kind)
		snprintf(prefix, sizeof(prefix), "%s/", kind);
	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_RECORDS, text_key(prefix)); rc == 1;
		rc = cts_cursor_next(&cursor)) {
		char key[CTS_KEY_MAX + 1];
		struct cts_record record;
		bool deleted = false;

		any = true;
		if (cursor.key.size > CTS_KEY_MAX) {
			rc = cts_store_damaged(txn->store, "a record's key is too long");
			break;
		}
		memcpy(key, cursor.key.data, cursor.key.size);
		key[cursor.key.size] = '\0';
		rc = load(txn, &record, &deleted, NULL, key, cursor.value);
		if (rc < 0)
			break;
		if (!deleted)
			answer = each(context, &record);
		cts_record_release(&record);
		if (answer)
			break;
	}
	cts_cursor_close(&cursor);
	if (rc == 0 && !any)
		rc = check_missing(txn, text_key(prefix));
	return rc < 0 ? rc : answer;
}

int cts_txn_each_with(struct cts_txn *txn, const struct cts_kind *kind,
	const struct cts_field *field, const char *item, cts_key_fn each, void *context)
{
	struct cts_buf prefix = {0};
	struct cts_cursor cursor;
	int rc = field->unique ? 0 : cts_index_flush(txn), answer = 0;

	if (rc < 0)
		return rc;
	cts_index_key(&prefix, kind, field, item, "");
	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_INDEX, cts_buf_slice(&prefix)); rc == 1;
		rc = cts_cursor_next(&cursor)) {
		char key[CTS_KEY_MAX + 1];
		struct cts_record record;
		bool deleted, holds;

		snprintf(key, sizeof(key), "%s/%.*s", kind->name,
			(int)(cursor.key.size - prefix.size),
			(const char *)cursor.key.data + prefix.size);
		/* A long value stands cut in the index: the record itself decides. */
		rc = cts_records_load(txn, &record, &deleted, NULL, key);
		if (rc < 1) {
			rc = rc < 0 ? rc : cts_store_damaged(txn->store, "the index names no record");
			break;
		}
		holds = cts_value_has(cts_record_get(&record, field), item);
		cts_record_release(&record);
		if (!holds)
			continue;
		answer = each(context, key);
		if (answer)
			break;
	}
	cts_cursor_close(&cursor);
	cts_buf_release(&prefix);
	return rc < 0 ? rc : answer;
}

uint64_t cts_txn_record_bound(struct cts_txn *txn)
{
	return cts_db_entries(txn, CTS_DB_RECORDS);
}
