/*
 * One entry of a git pack, as bytes: a head that tells type, size and the base of a delta, then the data,
 * deflated. Whoever reads packs parses heads here, and inflates here; nothing in them is believed that is not
 * checked, since a pack may be a stranger's.
 */
#ifndef CTS_SYNC_PACK_ENTRY_H
#define CTS_SYNC_PACK_ENTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

#include "proto/buf.h"
#include "proto/hash.h"

enum {
	CTS_PACK_TAG = 4, /* entry types beside those of enum cts_object */
	CTS_PACK_OFS_DELTA = 6,
	CTS_PACK_REF_DELTA = 7,
	CTS_PACK_ENTRY_HEAD_MAX = 10 + CTS_OID_SIZE, /* bytes */
};

struct cts_pack_head {
	unsigned type;
	size_t size;        /* inflated; of a delta, of the delta */
	uint64_t distance;  /* of an OFS_DELTA: so far before this entry its base begins; never 0 */
	struct cts_oid base; /* of a REF_DELTA */
};

bool cts_pack_head_is_delta(const struct cts_pack_head *head);

/* @return the bytes that the head takes; 0: what stands there is none */
size_t cts_pack_head_parse(struct cts_pack_head *out, struct cts_slice bytes);

/* Type and size as an entry begins: 4 bits of the size in the first byte, then 7 a byte, low first. */
void cts_pack_put_head(struct cts_buf *out, unsigned type, size_t size);

/* Distance back to the base: 7 bits a byte, high first, each further byte worth one more. */
void cts_pack_put_distance(struct cts_buf *out, uint64_t distance);

void cts_pack_inflate_init(z_stream *z);

/* Appends what the first of `deflated` inflates to, exactly `size` bytes, and tells how much of it that took
 * (`used` may be NULL). False when it does not inflate to that. */
bool cts_pack_inflate(
	struct cts_buf *out, z_stream *z, struct cts_slice deflated, size_t size, size_t *used);

void cts_pack_deflate_init(z_stream *z);

/* Appends. */
void cts_pack_deflate(struct cts_buf *out, z_stream *z, const void *data, size_t size);

#endif
