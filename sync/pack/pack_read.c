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

static int inflate_bytes(struct cts_buf *out, struct cts_pack *pack, const uint8_t *data,
	size_t size, size_t inflated)
{
	z_stream *z = &pack->inflater;
	uint8_t none;
	int rc;

	if (!pack->inflater_ready && inflateInit(z) != Z_OK)
		abort();
	pack->inflater_ready = true;
	inflateReset(z);
	cts_buf_clear(out);
	cts_buf_reserve(out, inflated);
	z->next_in = (Bytef *)(uintptr_t)data;
	z->avail_in = (uInt)size;
	z->next_out = inflated > 0 ? (Bytef *)out->data : &none;
	z->avail_out = (uInt)inflated;
	rc = inflate(z, Z_FINISH);
	if (rc != Z_STREAM_END || z->total_out != inflated)
		return cts_fail(CTS_EIO, "a pack does not read back as it was written");
	out->size = inflated;
	return 0;
}

/* Type, size and, for a delta, the base of an entry as the writer makes them. */
static size_t parse_header(unsigned *type, size_t *size, const struct cts_pack_entry **base,
	const struct cts_pack *pack, const struct cts_pack_entry *entry, const uint8_t *data)
{
	size_t used = 0;
	unsigned shift = 4;
	struct cts_oid oid;

	*type = (data[0] >> 4) & 7;
	*size = data[0] & 15;
	while (data[used++] & 0x80) {
		*size |= (size_t)(data[used] & 0x7f) << shift;
		shift += 7;
	}
	*base = NULL;
	if (*type == CTS_PACK_REF_DELTA) {
		memcpy(oid.bytes, data + used, CTS_OID_SIZE);
		*base = cts_pack_index_find(&pack->index, &oid);
		used += CTS_OID_SIZE;
	} else if (*type == CTS_PACK_OFS_DELTA) {
		uint64_t distance = data[used] & 0x7f, offset;
		uint32_t low = 0, high = (uint32_t)(entry - pack->index.entries);
		while (data[used++] & 0x80)
			distance = ((distance + 1) << 7) | (data[used] & 0x7f);
		offset = entry->offset - distance;
		while (low < high) { /* the last entry at or before the offset is the base */
			uint32_t middle = low + (high - low) / 2;
			if (pack->index.entries[middle].offset < offset)
				low = middle + 1;
			else
				high = middle;
		}
		*base = &pack->index.entries[low];
	}
	return used;
}

/* An entry's type and data, the data inflated into `out`; for a delta, its base. */
static int read_entry(struct cts_buf *out, unsigned *type, const struct cts_pack_entry **base,
	struct cts_buf *scratch, struct cts_pack *pack, const struct cts_pack_entry *entry)
{
	struct cts_slice bytes;
	size_t size, used;
	int rc;

	rc = entry_bytes(scratch, &bytes, pack, entry);
	if (rc < 0)
		return rc;
	used = parse_header(type, &size, base, pack, entry, bytes.data);
	return inflate_bytes(
		out, pack, (const uint8_t *)bytes.data + used, bytes.size - used, size);
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
