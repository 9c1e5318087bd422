/*
 * A pack set over the packs that are worth it. The repository may be a stranger's: nothing of it is believed
 * that is not checked here, and every failure only means that the file is read in the ordinary way.
 */
#include "sync/pack/bulk.h"

#include <git2/odb.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/git/git.h"
#include "sync/pack/pack_dir.h"
#include "sync/pack/pack_entry.h"

enum { PACKS_MAX = 16, OBJECTS_MIN = 1024 };

struct cts_bulk {
	struct cts_pack_set *set; /* NULL: nothing */
	z_stream inflater;
};

struct cts_bulk *cts_bulk_open(struct cts_odb *odb)
{
	struct cts_bulk *bulk = cts_malloc(sizeof(*bulk));
	struct cts_arena arena = {0};
	const char *dir = cts_arena_printf(&arena, "%s/objects/pack", cts_odb_dir(odb));
	const char *names[PACKS_MAX];
	struct cts_pack_file *packs = NULL;
	size_t count = 0, chosen = 0;
	int rc = cts_git_start();

	memset(bulk, 0, sizeof(*bulk));
	cts_pack_inflate_init(&bulk->inflater);
	if (rc == 0)
		rc = cts_pack_dir_list(&packs, &count, &arena, dir);
	for (size_t i = 0; rc == 0 && i < count && chosen < PACKS_MAX; i++)
		if (packs[i].objects >= OBJECTS_MIN)
			names[chosen++] = packs[i].name;
	if (rc == 0 && chosen)
		rc = cts_pack_set_open(&bulk->set, dir, names, chosen);
	if (rc < 0)
		cts_error_clear();
	cts_arena_release(&arena);
	return bulk;
}

void cts_bulk_free(struct cts_bulk *bulk)
{
	if (bulk == NULL)
		return;
	cts_pack_set_free(bulk->set);
	inflateEnd(&bulk->inflater);
	free(bulk);
}

bool cts_bulk_find(struct cts_pack_raw *out, struct cts_bulk *bulk, const struct cts_oid *oid)
{
	uint32_t item = bulk->set ? cts_pack_set_find(bulk->set, oid) : CTS_PACK_ITEM_NONE;

	if (item == CTS_PACK_ITEM_NONE)
		return false;
	if (cts_pack_set_entry(out, bulk->set, item) < 0) {
		cts_error_clear();
		return false;
	}
	return !out->is_delta && out->type == CTS_OBJECT_BLOB &&
	       out->size <= cts_object_limit(CTS_OBJECT_BLOB);
}

/* All of the data and nothing behind it, which would make a pack that holds it one that git refuses. */
static bool inflate_whole(struct cts_buf *out, z_stream *z, const struct cts_pack_raw *raw)
{
	size_t used;

	cts_buf_clear(out);
	return cts_pack_inflate(out, z, raw->deflated, raw->size, &used) && used == raw->deflated.size;
}

bool cts_bulk_read(struct cts_buf *out, struct cts_pack_raw *raw, struct cts_bulk *bulk,
	const struct cts_oid *oid)
{
	git_oid name;

	return cts_bulk_find(raw, bulk, oid) && inflate_whole(out, &bulk->inflater, raw) &&
	       git_odb_hash(&name, out->data, out->size, GIT_OBJECT_BLOB) == 0 &&
	       memcmp(name.id, oid->bytes, CTS_OID_SIZE) == 0;
}
