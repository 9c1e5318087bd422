/*
 * Adding to a pack what another pack holds, without inflating it: only the head is written anew,
 * since the base of a delta lies at another distance there.
 */
#include <assert.h>

#include "proto/error.h"
#include "sync/pack/pack_internal.h"

int cts_pack_depth(const struct cts_pack *pack, const struct cts_oid *oid)
{
	const struct cts_pack_entry *entry = cts_pack_index_find(&pack->index, oid);

	return entry == NULL ? -1 : (int)entry->depth;
}

int cts_pack_copy(struct cts_pack *pack, const struct cts_oid *oid, enum cts_object type,
	size_t size, const struct cts_oid *base, struct cts_slice deflated)
{
	const struct cts_pack_entry *under =
		base == NULL ? NULL : cts_pack_index_find(&pack->index, base);
	struct cts_pack_entry entry = {.oid = *oid};
	size_t start;
	int rc = cts_pack_drain(pack);

	if (rc < 0)
		return rc;
	start = pack->tail.size;
	entry.offset = cts_pack_bytes(pack);
	assert(!cts_pack_has(pack, oid) && (base == NULL) == (under == NULL));
	cts_pack_put_head(&pack->tail, under == NULL ? (unsigned)type : CTS_PACK_OFS_DELTA, size);
	if (under != NULL) {
		cts_pack_put_distance(&pack->tail, entry.offset - under->offset);
		entry.depth = (under->depth + 1u) & 0xff;
	}
	cts_buf_put(&pack->tail, deflated.data, deflated.size);
	return cts_pack_end_entry(pack, &entry, start);
}
