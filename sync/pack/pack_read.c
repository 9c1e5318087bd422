/*
 * Reading back from a pack that is still being written. Trees of the last commits are wanted again
 * after the tree cache let them go, and no reader knows the pack before it is finished. The bytes
 * are our own, so they are parsed without the care that a stranger's pack would need.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "sync/pack/delta.h"
#include "sync/pack/pack_internal.h"

/* The entry's bytes: up to the next entry, since they lie in order. */
static int entry_bytes(struct cts_buf *scratch, struct cts_slice *out, const struct cts_pack *pack,
	const struct cts_pack_entry *entry)
{
	uint32_t next = (uint32_t)(entry - pack->index.entries) + 1;
	uint64_t end =
		next < pack->index.count ? pack->index.entries[next].offset : cts_pack_bytes(pack);
	size_t size = (size_t)(end - entry->offset);
	int rc;

	if (entry->offset >= pack->flushed) {
		out->data = pack->tail.data + (entry->offset - pack->flushed);
		out->size = size;
		return 0;
	}
	cts_buf_clear(scratch);
	cts_buf_reserve(scratch, size);
	rc = cts_pack_read_at(pack, scratch->data, size, entry->offset);
	if (rc < 0)
		return rc;
	scratch->size = size;
	*out = cts_buf_slice(scratch);
	return 0;
}

/* The base of a delta of ours. */
static const struct cts_pack_entry *base_of(const struct cts_pack *pack,
	const struct cts_pack_entry *entry, const struct cts_pack_head *head)
{
	uint64_t offset = entry->offset - head->distance;
	uint32_t low = 0, high = (uint32_t)(entry - pack->index.entries);

	if (head->type == CTS_PACK_REF_DELTA)
		return cts_pack_index_find(&pack->index, &head->base);
	if (head->type != CTS_PACK_OFS_DELTA)
		return NULL;
	while (low < high) { /* the last entry at or before the offset is the base */
		uint32_t middle = low + (high - low) / 2;

		if (pack->index.entries[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return &pack->index.entries[low];
}

/* An entry's type and data, the data inflated into `out`; for a delta, its base. */
static int read_entry(struct cts_buf *out, unsigned *type, const struct cts_pack_entry **base,
	struct cts_buf *scratch, struct cts_pack *pack, const struct cts_pack_entry *entry)
{
	struct cts_pack_head head;
	struct cts_slice bytes;
	size_t used;
	int rc;

	rc = entry_bytes(scratch, &bytes, pack, entry);
	if (rc < 0)
		return rc;
	used = cts_pack_head_parse(&head, bytes);
	*type = head.type;
	*base = base_of(pack, entry, &head);
	if (!pack->inflater_ready)
		cts_pack_inflate_init(&pack->inflater);
	pack->inflater_ready = true;
	cts_buf_clear(out);
	bytes = (struct cts_slice){
		.data = (const char *)bytes.data + used, .size = bytes.size - used};
	if (!used || !cts_pack_inflate(out, &pack->inflater, bytes, head.size, NULL))
		return cts_fail(CTS_EIO, "a pack does not read back as it was written");
	return 0;
}

int cts_pack_read(struct cts_buf *out, enum cts_object *type, struct cts_pack *pack,
	const struct cts_oid *oid)
{
	const struct cts_pack_entry *chain[CTS_PACK_CHAIN_MAX + 1];
	const struct cts_pack_entry *entry = cts_pack_index_find(&pack->index, oid), *base = NULL;
	struct cts_buf scratch = {0}, delta = {0}, result = {0}, next = {0}, swap;
	size_t depth = 0;
	unsigned entry_type = 0, whole_type;
	int rc = cts_pack_drain(pack);

	if (rc < 0)
		return rc;

	/* Down to the whole object, then up again through the deltas. */
	for (; entry != NULL; entry = base) {
		chain[depth] = entry;
		rc = read_entry(&result, &entry_type, &base, &scratch, pack, entry);
		if (rc < 0)
			goto out;
		if (entry_type != CTS_PACK_OFS_DELTA && entry_type != CTS_PACK_REF_DELTA)
			break;
		depth++;
	}
	if (entry == NULL) {
		rc = cts_fail(CTS_ENOTFOUND, "the object is not in the pack");
		goto out;
	}
	whole_type = entry_type;
	while (depth > 0) {
		rc = read_entry(&delta, &entry_type, &base, &scratch, pack, chain[--depth]);
		if (rc < 0)
			goto out;
		rc = cts_delta_apply(
			&next, cts_buf_slice(&result), cts_buf_slice(&delta), UINT32_MAX);
		if (rc < 0)
			goto out;
		swap = result;
		result = next;
		next = swap;
	}
	cts_buf_clear(out);
	cts_buf_put(out, result.data, result.size);
	*type = (enum cts_object)whole_type;
out:
	cts_buf_release(&scratch);
	cts_buf_release(&delta);
	cts_buf_release(&result);
	cts_buf_release(&next);
	return rc;
}
