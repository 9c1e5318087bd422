#include "sync/pack/pack_entry.h"

#include <stdlib.h>
#include <string.h>

#include "sync/pack/object.h"

enum { DEFLATE_MOST = 1100 }; /* times smaller than its data is as small as deflate can make it, and less */

bool cts_pack_head_is_delta(const struct cts_pack_head *head)
{
	return head->type == CTS_PACK_OFS_DELTA || head->type == CTS_PACK_REF_DELTA;
}

static size_t parse_distance(uint64_t *out, const uint8_t *data, size_t size)
{
	size_t used = 0;

	if (size == 0)
		return 0;
	*out = data[0] & 0x7f;
	while (data[used++] & 0x80) {
		if (used == size || *out >> 48)
			return 0;
		*out = ((*out + 1) << 7) | (data[used] & 0x7f);
	}
	return *out ? used : 0;
}

size_t cts_pack_head_parse(struct cts_pack_head *out, struct cts_slice bytes)
{
	const uint8_t *data = bytes.data;
	size_t used = 0, more = 0;
	unsigned shift = 4;

	*out = (struct cts_pack_head){0};
	if (bytes.size == 0)
		return 0;
	out->type = (data[0] >> 4) & 7;
	out->size = data[0] & 15;
	while (data[used++] & 0x80) {
		if (used == bytes.size || shift > 56)
			return 0;
		out->size |= (size_t)(data[used] & 0x7f) << shift;
		shift += 7;
	}
	switch (out->type) {
	case CTS_OBJECT_COMMIT:
	case CTS_OBJECT_TREE:
	case CTS_OBJECT_BLOB:
	case CTS_PACK_TAG:
		return used;
	case CTS_PACK_OFS_DELTA:
		more = parse_distance(&out->distance, data + used, bytes.size - used);
		return more ? used + more : 0;
	case CTS_PACK_REF_DELTA:
		if (bytes.size - used < CTS_OID_SIZE)
			return 0;
		memcpy(out->base.bytes, data + used, CTS_OID_SIZE);
		return used + CTS_OID_SIZE;
	default:
		return 0;
	}
}

void cts_pack_put_head(struct cts_buf *out, unsigned type, size_t size)
{
	uint8_t byte = (uint8_t)(type << 4 | (size & 15));

	for (size >>= 4; size > 0; size >>= 7) {
		cts_buf_putc(out, (char)(byte | 0x80));
		byte = (uint8_t)(size & 0x7f);
	}
	cts_buf_putc(out, (char)byte);
}

void cts_pack_put_distance(struct cts_buf *out, uint64_t distance)
{
	uint8_t bytes[10];
	size_t at = sizeof(bytes);

	bytes[--at] = (uint8_t)(distance & 0x7f);
	while (distance >>= 7)
		bytes[--at] = (uint8_t)(0x80 | (--distance & 0x7f));
	cts_buf_put(out, bytes + at, sizeof(bytes) - at);
}

void cts_pack_inflate_init(z_stream *z)
{
	memset(z, 0, sizeof(*z));
	if (inflateInit(z) != Z_OK)
		abort(); /* out of memory, as everywhere */
}

bool cts_pack_inflate(
	struct cts_buf *out, z_stream *z, struct cts_slice deflated, size_t size, size_t *used)
{
	uint8_t none;

	/* What the head says is not believed further than deflate could make it true. */
	if (size / DEFLATE_MOST > deflated.size)
		return false;
	inflateReset(z);
	cts_buf_reserve(out, size);
	z->next_in = (Bytef *)(uintptr_t)deflated.data; /* zlib's type lacks the const */
	z->avail_in = deflated.size < UINT32_MAX ? (uInt)deflated.size : UINT32_MAX;
	z->next_out = size > 0 ? (Bytef *)out->data + out->size : &none;
	z->avail_out = (uInt)size;
	if (size > UINT32_MAX || inflate(z, Z_FINISH) != Z_STREAM_END || z->total_out != size)
		return false;
	out->size += size;
	if (used)
		*used = z->total_in;
	return true;
}

void cts_pack_deflate_init(z_stream *z)
{
	memset(z, 0, sizeof(*z));
	if (deflateInit(z, 1) != Z_OK)
		abort(); /* out of memory, as everywhere */
}

void cts_pack_deflate(struct cts_buf *out, z_stream *z, const void *data, size_t size)
{
	size_t bound;

	deflateReset(z);
	bound = deflateBound(z, size);
	cts_buf_reserve(out, bound);
	z->next_in = (Bytef *)(uintptr_t)data; /* zlib's type lacks the const */
	z->avail_in = (uInt)size;
	z->next_out = (Bytef *)out->data + out->size;
	z->avail_out = (uInt)bound;
	deflate(z, Z_FINISH); /* cannot fail: the room is what deflateBound asked for */
	out->size += z->total_out;
}
