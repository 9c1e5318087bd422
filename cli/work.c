/*
 * The working set keeps each record as bytes, found by a table of its keys: a record costs what it
 * holds, not an arena, so a batch is bounded by the text that was typed. Records that nobody
 * touched are never loaded; what a record was before is asked of the transaction when it is
 * needed, since the store stays as it was until the flush.
 */
#include "cli/work.h"

#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"
#include "proto/diff.h"
#include "proto/error.h"
#include "proto/validate.h"

#define TABLE_FIRST 64

void cts_work_begin(struct cts_work *work, struct cts_txn *txn)
{
	struct cts_work empty = {
		.txn = txn,
		.arena = work->arena,
		.keeps_edits = work->keeps_edits,
	};

	cts_arena_clear(&empty.arena);
	free(work->table);
	*work = empty;
}

void cts_work_release(struct cts_work *work)
{
	free(work->table);
	cts_arena_release(&work->arena);
	memset(work, 0, sizeof(*work));
}

/* ---- the table ------------------------------------------------------------------------------- */

static size_t hash(const char *key)
{
	uint64_t h = 1469598103934665603u; /* FNV-1a */

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211u;
	return (size_t)(h ^ h >> 32);
}

/* The slot that holds the key, or the free one where it belongs. */
static uint32_t *slot(const struct cts_work *work, const char *key)
{
	size_t at = hash(key) & (work->table_size - 1);

	while (work->table[at] && strcmp(work->items[work->table[at] - 1].key, key) != 0)
		at = (at + 1) & (work->table_size - 1);
	return &work->table[at];
}

static void grow_table(struct cts_work *work)
{
	work->table_size = work->table_size ? work->table_size * 2 : TABLE_FIRST;
	work->table = cts_realloc(work->table, work->table_size * sizeof(*work->table));
	memset(work->table, 0, work->table_size * sizeof(*work->table));
	for (size_t i = 0; i < work->item_count; i++)
		*slot(work, work->items[i].key) = (uint32_t)i + 1;
}

static struct cts_work_item *find_item(const struct cts_work *work, const char *key)
{
	uint32_t at = work->table_size ? *slot(work, key) : 0;

	return at ? &work->items[at - 1] : NULL;
}

/* The record's place in the set, made when it is first touched. */
static int touch(struct cts_work *work, struct cts_work_item **out, const char *key)
{
	struct cts_work_item *item = find_item(work, key);
	enum cts_life life;
	int rc;

	if (!item) {
		rc = cts_txn_life(work->txn, &life, key);
		if (rc < 0)
			return rc;
		if (work->item_count * 2 >= work->table_size)
			grow_table(work);
		item = cts_arena_push(
			&work->arena, &work->items, &work->item_count, sizeof(*item));
		item->key = cts_arena_strdup(&work->arena, key);
		item->existed = life == CTS_LIFE_LIVE;
		*slot(work, key) = (uint32_t)work->item_count;
	}
	item->line = work->line;
	*out = item;
	return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Only whole ids are taken: where the address is the beginning of one, that is the hint. */
static int find_exact(struct cts_work *work, const char *address)
{
	struct cts_record record;
	const char *longer;
	int rc = cts_txn_get(work->txn, &record, address);

	if (rc >= 0)
		cts_record_release(&record);
	if (rc == CTS_ENOTFOUND && cts_txn_find(work->txn, &longer, &work->arena, address) == 0) {
		cts_fail(CTS_ENOTFOUND, "no record '%s'", address);
		cts_hint("a whole id is asked for here: %s", longer);
	} else if (rc == CTS_ENOTFOUND) {
		/* The search has set a message of its own. */
		cts_txn_get(work->txn, &record, address);
	}
	return rc < 0 ? rc : 0;
}

int cts_work_find(struct cts_work *work, const char **out, const char *address, bool exact)
{
	const struct cts_work_item *item = find_item(work, address);
	int rc;

	if (item && item->live) {
		*out = item->key;
		return 0;
	}
	if (item) {
		cts_fail(CTS_ENOTFOUND, "'%s' is deleted", address);
		cts_hint("ctsync add %s --again brings it back", address);
		return CTS_ENOTFOUND;
	}
	if (!exact)
		return cts_txn_find(work->txn, out, &work->arena, address);
	rc = find_exact(work, address);
	if (rc == 0)
		*out = cts_arena_strdup(&work->arena, address);
	return rc;
}

int cts_work_life(struct cts_work *work, enum cts_life *out, const char *key)
{
	const struct cts_work_item *item = find_item(work, key);

	if (!item)
		return cts_txn_life(work->txn, out, key);
	*out = item->live ? CTS_LIFE_LIVE : CTS_LIFE_DELETED;
	return 0;
}

static int decode(struct cts_work *work, struct cts_record *out, const struct cts_work_item *item)
{
	const struct cts_schema *schema = cts_store_schema(cts_txn_store(work->txn));

	return cts_record_decode(out, schema, item->bytes.data, item->bytes.size);
}

int cts_work_get(struct cts_work *work, struct cts_record *out, const char *key)
{
	const struct cts_work_item *item = find_item(work, key);

	if (!item)
		return cts_txn_get(work->txn, out, key);
	if (!item->live)
		return cts_work_find(work, &key, key, true);
	return decode(work, out, item);
}

int cts_work_get_deleted(struct cts_work *work, struct cts_record *out, const char *key)
{
	const struct cts_work_item *item = find_item(work, key);

	if (!item || item->live || (!item->existed && !item->bytes.size))
		return cts_fail(CTS_ENOTFOUND, "'%s' was not deleted here", key);
	return item->bytes.size ? decode(work, out, item) : cts_txn_get(work->txn, out, key);
}

/* ---- writing --------------------------------------------------------------------------------- */

int cts_work_put(struct cts_work *work, const struct cts_record *record)
{
	const char *key = cts_record_key(&work->arena, record);
	struct cts_record before = {0};
	struct cts_work_item *item;
	struct cts_buf bytes = {0};
	int rc = touch(work, &item, key);

	if (rc == 0 && item->existed)
		rc = cts_txn_get(work->txn, &before, key);
	if (rc == 0)
		rc = cts_validate_record(record, item->existed ? &before : NULL);
	if (rc == 0) {
		cts_record_encode(&bytes, record);
		item->bytes.data = cts_arena_memdup(&work->arena, bytes.data, bytes.size);
		item->bytes.size = bytes.size;
		item->live = true;
	}
	cts_buf_release(&bytes);
	cts_record_release(&before);
	return rc;
}

int cts_work_delete(struct cts_work *work, const char *key)
{
	struct cts_work_item *item;
	enum cts_life life;
	int rc = cts_work_life(work, &life, key);

	if (rc == 0 && life != CTS_LIFE_LIVE)
		return cts_work_find(work, &key, key, true);
	if (rc == 0)
		rc = touch(work, &item, key);
	if (rc < 0)
		return rc;
	item->live = false;
	return 0;
}

static struct cts_edit copy_edit(struct cts_arena *arena, const struct cts_edit *edit)
{
	return (struct cts_edit){
		.field = cts_arena_strdup(arena, edit->field),
		.old_value = cts_value_copy(arena, edit->old_value),
		.new_value = cts_value_copy(arena, edit->new_value),
	};
}

/* What a dry run shows of a record; either side NULL when there is none. */
static int keep_edits(struct cts_work *work, struct cts_record_edits *out,
	const struct cts_record *before, const struct cts_record *after)
{
	struct cts_arena *arena = &work->arena;
	struct cts_arena scratch = {0};
	struct cts_record_edits edits;
	int rc = cts_diff(&edits, &scratch, before, after);

	if (rc == 0) {
		*out = (struct cts_record_edits){
			.key = cts_arena_strdup(arena, edits.key),
			.edits = cts_arena_alloc(arena, edits.edit_count * sizeof(*out->edits)),
			.edit_count = edits.edit_count,
			.created = edits.created,
			.deleted = edits.deleted,
		};
		for (size_t i = 0; i < edits.edit_count; i++)
			out->edits[i] = copy_edit(arena, &edits.edits[i]);
	}
	cts_arena_release(&scratch);
	return rc;
}

/* @return 1 the record differs from what stood */
static int flush_item(struct cts_work *work, const struct cts_work_item *item)
{
	struct cts_record before = {0}, after = {0};
	struct cts_record_edits edits = {0};
	int rc = 0;

	if (!item->live && !item->existed)
		return 0;
	if (item->live)
		rc = decode(work, &after, item);
	if (rc == 0 && work->keeps_edits && item->existed)
		rc = cts_txn_get(work->txn, &before, item->key);
	if (rc == 0 && work->keeps_edits)
		rc = keep_edits(work, &edits, item->existed ? &before : NULL,
			item->live ? &after : NULL);
	if (rc == 0 && item->live) {
		rc = cts_txn_put(work->txn, &after);
	} else if (rc == 0) {
		rc = cts_txn_delete(work->txn, item->key);
		rc = rc < 0 ? rc : 1;
	}
	if (rc == 1 && work->keeps_edits) {
		size_t count = work->changed_count;

		*(struct cts_record_edits *)cts_arena_push(
			&work->arena, &work->edits, &count, sizeof(edits)) = edits;
	}
	if (rc < 0 && work->name && item->line)
		cts_fail_where("%s:%zu", work->name, item->line);
	cts_record_release(&before);
	cts_record_release(&after);
	return rc;
}

int cts_work_flush(struct cts_work *work)
{
	struct cts_progress_bar bar;
	int rc = 0;

	cts_progress_begin(&bar, "writing", work->item_count);
	for (size_t i = 0; rc >= 0 && i < work->item_count; i++) {
		rc = flush_item(work, &work->items[i]);
		if (rc == 1)
			*(const char **)cts_arena_push(&work->arena, &work->changed,
				&work->changed_count, sizeof(*work->changed)) = work->items[i].key;
		cts_progress_step(&bar, i + 1);
	}
	cts_progress_end(&bar);
	return rc < 0 ? rc : 0;
}
