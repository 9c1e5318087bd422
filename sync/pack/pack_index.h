/*
 * Which objects a pack holds and where: a set by object name while the pack is written, an idx file
 * (version 2) when it is done. 32 bytes an object and 6 to 11 of hash table. Freed by _release.
 */
#ifndef CTS_SYNC_PACK_INDEX_H
#define CTS_SYNC_PACK_INDEX_H

#include <stdint.h>

#include "proto/hash.h"

struct cts_pack_entry {
	struct cts_oid oid;
	uint32_t crc;         /* of the bytes in the pack: header, base, deflated data */
	uint64_t offset : 56; /* in the pack */
	uint64_t depth : 8;   /* deltas down to a whole object */
};

struct cts_pack_index {
	struct cts_pack_entry *entries; /* in the order of the pack */
	uint32_t count, capacity;
	uint32_t *slots; /* entry number + 1, open addressing; a power of two of them */
	unsigned slot_bits;
};

void cts_pack_index_release(struct cts_pack_index *index);

/* NULL when the object is not there. Valid until the next add. */
const struct cts_pack_entry *cts_pack_index_find(
	const struct cts_pack_index *index, const struct cts_oid *oid);

/* Appends; the object must not be there yet. */
void cts_pack_index_add(struct cts_pack_index *index, const struct cts_pack_entry *entry);

/* Writes the idx file of the pack whose trailer is `pack_sha1` to `fd`, unsynced. Offsets from
 * `large_from` on go into the table of 8-byte offsets (0: from 2^31, as the format needs).
 * @return CTS_EIO, CTS_ENOSPACE */
int cts_pack_index_write(const struct cts_pack_index *index, int fd,
	const uint8_t pack_sha1[CTS_OID_SIZE], uint64_t large_from);

#endif
