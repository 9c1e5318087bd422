/*
 * What the parts of a pack set share: pack_set.c opens packs and knows where objects lie,
 * pack_set_read.c reads them.
 */
#ifndef CTS_SYNC_PACK_SET_INTERNAL_H
#define CTS_SYNC_PACK_SET_INTERNAL_H

#include <zlib.h>

#include "sync/pack/kept.h"
#include "sync/pack/pack_set.h"

enum { CTS_PACK_SET_WINDOW = 1024 * 1024 }; /* read at once where packs are read from front to back */

/* 32 bytes; packs are few and a pack is no petabyte. */
struct cts_pack_item {
	struct cts_oid oid;
	uint32_t crc; /* of the entry: header, base, deflated data */
	uint64_t offset : 48;
	uint64_t pack : 16;
};

struct cts_open_pack {
	char *name; /* "pack-3f..." */
	int fd;
	uint64_t end; /* of the entries: where the trailer begins */
	uint64_t idx_bytes;
	uint32_t first, count; /* its items */
};

struct cts_pack_set {
	struct cts_open_pack *packs;
	size_t pack_count;
	struct cts_pack_item *items;
	uint32_t count, capacity;
	uint32_t *slots; /* item + 1 by object name, open addressing */
	unsigned slot_bits;
	uint8_t *types; /* enum cts_object by item; NULL: not learnt */
	struct {
		struct cts_buf bytes;
		size_t pack;
		uint64_t start;
	} window;
	struct cts_buf scratch;
	z_stream inflater;
	bool inflater_ready;
	uint32_t *chain; /* of the object being read */
	size_t chain_capacity;
	struct cts_kept kept; /* by item */
};

/* Where the entry of an item ends. */
uint64_t cts_pack_set_end(const struct cts_pack_set *set, uint32_t item);

/* The item whose entry begins at an offset of a pack; CTS_PACK_ITEM_NONE. */
uint32_t cts_pack_set_at(const struct cts_pack_set *set, size_t pack, uint64_t offset);

/* Reads exactly `size` bytes. @return CTS_EIO, CTS_EDAMAGED (the file ends before) */
int cts_pack_set_pread(const struct cts_open_pack *pack, void *out, size_t size, uint64_t offset);

#endif
