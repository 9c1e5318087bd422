/*
 * The tree before the first change of a journal: the last tree that we built, with the records that
 * pulls have changed since, those that the journal touches in the state of its own first image.
 */
#include "sync/seal_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "sync/tree/layout.h"

static int put_record(struct cts_sealing *sealing, const struct cts_record *record)
{
	struct cts_oid blob;
	int rc;

	cts_buf_clear(&sealing->json);
	cts_json_encode(&sealing->json, record);
	rc = cts_pack_put(&blob, sealing->pack, CTS_OBJECT_BLOB, sealing->json.data,
		sealing->json.size, NULL);
	if (rc == 0)
		rc = cts_tree_build_put(sealing->build, record->kind->name, record->id, &blob);
	return rc;
}

static int remove_record(struct cts_sealing *sealing, const char *key)
{
	const char *kind, *id;
	int rc = cts_key_split(&kind, &id, &sealing->scratch, key);

	return rc < 0 ? rc : cts_tree_build_put(sealing->build, kind, id, NULL);
}

int cts_seal_put_image(struct cts_sealing *sealing, const char *key, struct cts_slice image)
{
	struct cts_record record;
	int rc;

	if (!image.size)
		return remove_record(sealing, key);
	rc = cts_record_decode(&record, sealing->schema, image.data, image.size);
	if (rc < 0)
		return rc;
	rc = put_record(sealing, &record);
	cts_record_release(&record);
	return rc;
}

static int note_stale(void *context, const char *key)
{
	struct cts_sealing *sealing = context;
	struct cts_stale *stale = cts_arena_push(
		&sealing->arena, &sealing->stale, &sealing->stale_count, sizeof(*stale));

	stale->key = cts_arena_strdup(&sealing->arena, key);
	return 0;
}

static int compare_stale(const void *key, const void *stale)
{
	return strcmp(key, ((const struct cts_stale *)stale)->key);
}

/* The first image of a record in the journal is what it was before. */
static int note_before(void *context, const struct cts_frame *frame)
{
	struct cts_sealing *sealing = context;
	struct cts_stale *stale;

	if (frame->kind != CTS_FRAME_RECORD || !sealing->stale_count)
		return 0;
	stale = bsearch(
		frame->key, sealing->stale, sealing->stale_count, sizeof(*stale), compare_stale);
	if (!stale || stale->is_in_journal)
		return 0;
	stale->is_in_journal = true;
	stale->before = (struct cts_slice){
		.data = cts_arena_memdup(&sealing->arena, frame->before.data, frame->before.size),
		.size = frame->before.size,
	};
	return 0;
}

static int put_files(struct cts_sealing *sealing)
{
	struct cts_slice schema = cts_schema_bytes(sealing->schema);
	struct cts_buf json = {0};
	struct cts_oid oid;
	int rc;

	rc = cts_pack_put(&oid, sealing->pack, CTS_OBJECT_BLOB, schema.data, schema.size, NULL);
	if (rc == 0)
		rc = cts_tree_build_file(sealing->build, CTS_LAYOUT_SCHEMA, &oid);
	cts_schema_json(&json, sealing->schema, NULL);
	if (rc == 0)
		rc = cts_pack_put(&oid, sealing->pack, CTS_OBJECT_BLOB, json.data, json.size, NULL);
	if (rc == 0)
		rc = cts_tree_build_file(sealing->build, CTS_LAYOUT_SCHEMA_JSON, &oid);
	if (rc == 0)
		rc = cts_pack_put(&oid, sealing->pack, CTS_OBJECT_BLOB, CTS_LAYOUT_FORMAT_TEXT,
			strlen(CTS_LAYOUT_FORMAT_TEXT), NULL);
	if (rc == 0)
		rc = cts_tree_build_file(sealing->build, CTS_LAYOUT_FORMAT, &oid);
	cts_buf_release(&json);
	return rc;
}

int cts_seal_finish_tree(struct cts_sealing *sealing)
{
	struct cts_oid tree;
	int rc = cts_tree_build_finish(
		&tree, sealing->build, sealing->has_tree ? &sealing->tree : NULL);

	if (rc == 0) {
		sealing->tree = tree;
		sealing->has_tree = true;
	}
	return rc;
}

/* The view before the journal. */
int cts_seal_start_tree(struct cts_sealing *sealing)
{
	struct cts_oid base;
	int rc = cts_txn_tree_base(sealing->txn, &base);

	if (rc < 0)
		return rc;
	sealing->has_tree = !cts_oid_is_zero(&base);
	sealing->tree = base;
	/* Without a base every record is stale: they all were received (or there are none). */
	rc = sealing->has_tree ? cts_txn_each_stale(sealing->txn, note_stale, sealing)
			       : cts_txn_each_key(sealing->txn, "", note_stale, sealing);
	if (rc == 0 && !sealing->has_tree)
		rc = put_files(sealing);
	if (rc == 0)
		rc = cts_txn_each_journal(sealing->txn, note_before, sealing);
	for (size_t i = 0; rc == 0 && i < sealing->stale_count; i++) {
		const struct cts_stale *stale = &sealing->stale[i];
		struct cts_record record;
		enum cts_life life;

		cts_arena_clear(&sealing->scratch);
		if (stale->is_in_journal) {
			rc = cts_seal_put_image(sealing, stale->key, stale->before);
			continue;
		}
		rc = cts_txn_life(sealing->txn, &life, stale->key);
		if (rc == 0 && life != CTS_LIFE_LIVE) {
			rc = remove_record(sealing, stale->key);
			continue;
		}
		if (rc == 0)
			rc = cts_txn_get(sealing->txn, &record, stale->key);
		if (rc == 0) {
			rc = put_record(sealing, &record);
			cts_record_release(&record);
		}
	}
	return rc < 0 ? rc : cts_seal_finish_tree(sealing);
}
