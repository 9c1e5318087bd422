/*
 * The set: object names are hashes already, so a multiplied prefix is the slot. The idx: entries
 * are put in order by their first byte (which is the fan-out table as well) and then sorted within
 * it, through a permutation, so that the set itself stays in the order of the pack.
 *
 * idx version 2: ff 't' 'O' 'c', 00000002; 256 counts of names with first byte <= i; names;
 * CRC-32s; offsets, or 2^31 + row in the next table; 8-byte offsets; SHA-1 of the pack; SHA-1 of
 * all before.
 */
#include "sync/pack/pack_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/arena.h"
#include "proto/buf.h"
#include "proto/error.h"

#define LARGE_OFFSET (UINT64_C(1) << 31)

void cts_pack_index_release(struct cts_pack_index *index)
{
	free(index->entries);
	free(index->slots);
	memset(index, 0, sizeof(*index));
}

static uint32_t slot_of(const struct cts_pack_index *index, const struct cts_oid *oid)
{
	uint64_t prefix;

	memcpy(&prefix, oid->bytes, sizeof(prefix));
	return (uint32_t)((prefix * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - index->slot_bits));
}

const struct cts_pack_entry *cts_pack_index_find(
	const struct cts_pack_index *index, const struct cts_oid *oid)
{
	uint32_t mask, slot;

	if (index->count == 0)
		return NULL;
	mask = ((uint32_t)1 << index->slot_bits) - 1;
	for (slot = slot_of(index, oid); index->slots[slot] != 0; slot = (slot + 1) & mask) {
		const struct cts_pack_entry *entry = &index->entries[index->slots[slot] - 1];
		if (cts_oid_equal(&entry->oid, oid))
			return entry;
	}
	return NULL;
}

static void put_slot(struct cts_pack_index *index, uint32_t number)
{
	uint32_t mask = ((uint32_t)1 << index->slot_bits) - 1;
	uint32_t slot = slot_of(index, &index->entries[number].oid);

	while (index->slots[slot] != 0)
		slot = (slot + 1) & mask;
	index->slots[slot] = number + 1;
}

static void grow_slots(struct cts_pack_index *index)
{
	free(index->slots);
	index->slot_bits = index->slot_bits == 0 ? 6 : index->slot_bits + 1;
	index->slots = cts_malloc(sizeof(*index->slots) << index->slot_bits);
	memset(index->slots, 0, sizeof(*index->slots) << index->slot_bits);
	for (uint32_t i = 0; i < index->count; i++)
		put_slot(index, i);
}

void cts_pack_index_add(struct cts_pack_index *index, const struct cts_pack_entry *entry)
{
	if (index->count == index->capacity) {
		index->capacity = index->capacity == 0 ? 32 : index->capacity + index->capacity / 2;
		index->entries =
			cts_realloc(index->entries, index->capacity * sizeof(*index->entries));
	}
	/* at most two thirds full */
	if (index->slot_bits == 0 ||
		((uint64_t)index->count + 1) * 3 > ((uint64_t)2 << index->slot_bits))
		grow_slots(index);
	index->entries[index->count] = *entry;
	put_slot(index, index->count);
	index->count++;
}

/* ---- the idx file ---- */

struct output {
	int fd;
	struct cts_buf buf;
	struct cts_sha1 sha1;
};

static int flush(struct output *out)
{
	size_t done = 0;

	cts_sha1_update(&out->sha1, out->buf.data, out->buf.size);
	while (done < out->buf.size) {
		ssize_t n = write(out->fd, out->buf.data + done, out->buf.size - done);
		if (n < 0 && errno != EINTR)
			return cts_fail_errno(CTS_EIO, errno, "cannot write the index of a pack");
		done += n > 0 ? (size_t)n : 0;
	}
	cts_buf_clear(&out->buf);
	return 0;
}

static int flush_full(struct output *out)
{
	return out->buf.size < 64 * 1024 ? 0 : flush(out);
}

static int compare_entries(const void *a, const void *b, void *context)
{
	const struct cts_pack_entry *entries = context;

	return cts_oid_compare(
		&entries[*(const uint32_t *)a].oid, &entries[*(const uint32_t *)b].oid);
}

/* Entry numbers by name; totals[i] is how many names begin with a byte <= i. */
static uint32_t *sort_entries(const struct cts_pack_index *index, uint32_t totals[256])
{
	uint32_t *order = cts_malloc(((size_t)index->count + 1) * sizeof(*order));
	uint32_t next[256], sum = 0;

	memset(totals, 0, 256 * sizeof(*totals));
	for (uint32_t i = 0; i < index->count; i++)
		totals[index->entries[i].oid.bytes[0]]++;
	for (int i = 0; i < 256; i++) {
		next[i] = sum;
		sum += totals[i];
		totals[i] = sum;
	}
	for (uint32_t i = 0; i < index->count; i++)
		order[next[index->entries[i].oid.bytes[0]]++] = i;
	for (int i = 0; i < 256; i++) {
		uint32_t first = i == 0 ? 0 : totals[i - 1];
		qsort_r(order + first, totals[i] - first, sizeof(*order), compare_entries,
			index->entries);
	}
	return order;
}

static int put_tables(struct output *out, const struct cts_pack_index *index, const uint32_t *order,
	uint64_t large_from)
{
	uint32_t large = 0;
	int rc = 0;

	for (uint32_t i = 0; i < index->count && rc == 0; i++) {
		cts_buf_put(&out->buf, index->entries[order[i]].oid.bytes, CTS_OID_SIZE);
		rc = flush_full(out);
	}
	for (uint32_t i = 0; i < index->count && rc == 0; i++) {
		cts_buf_put_be32(&out->buf, index->entries[order[i]].crc);
		rc = flush_full(out);
	}
	for (uint32_t i = 0; i < index->count && rc == 0; i++) {
		uint64_t offset = index->entries[order[i]].offset;
		cts_buf_put_be32(&out->buf,
			offset < large_from ? (uint32_t)offset : (uint32_t)LARGE_OFFSET + large++);
		rc = flush_full(out);
	}
	for (uint32_t i = 0; i < index->count && rc == 0; i++) {
		uint64_t offset = index->entries[order[i]].offset;
		if (offset >= large_from)
			cts_buf_put_be64(&out->buf, offset);
		rc = flush_full(out);
	}
	return rc;
}

int cts_pack_index_write(const struct cts_pack_index *index, int fd,
	const uint8_t pack_sha1[CTS_OID_SIZE], uint64_t large_from)
{
	struct output out = {.fd = fd};
	struct cts_sha1 final;
	uint8_t digest[CTS_OID_SIZE];
	uint32_t totals[256], *order;
	int rc;

	if (large_from == 0 || large_from > LARGE_OFFSET)
		large_from = LARGE_OFFSET;
	cts_sha1_init(&out.sha1);
	order = sort_entries(index, totals);
	cts_buf_put(&out.buf, "\377tOc\0\0\0\2", 8);
	for (int i = 0; i < 256; i++)
		cts_buf_put_be32(&out.buf, totals[i]);
	rc = put_tables(&out, index, order, large_from);
	if (rc < 0)
		goto out;
	cts_buf_put(&out.buf, pack_sha1, CTS_OID_SIZE);
	rc = flush(&out);
	if (rc < 0)
		goto out;
	final = out.sha1;
	cts_sha1_finish(&final, digest);
	cts_buf_put(&out.buf, digest, CTS_OID_SIZE);
	rc = flush(&out);
out:
	free(order);
	cts_buf_release(&out.buf);
	return rc;
}
