/*
 * The idx files (version 2) are read whole, one after the other, checked against the digest at
 * their end, and their rows put in the order of offsets: where an entry ends is then where the next
 * begins.
 */
#include "sync/pack/pack_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/pack/pack_internal.h"
#include "sync/pack/pack_set_internal.h"

enum { IDX_HEADER = 8, FAN_OUT = 4 * 256, ROW = CTS_OID_SIZE + 4 + 4, PACK_HEADER = 12 };

static int fail_damaged(const struct cts_open_pack *pack, const char *what)
{
	cts_fail(CTS_EDAMAGED, "the pack '%s' of the mirror is damaged: %s", pack->name, what);
	cts_hint("bring the mirror back from a copy, or clone again");
	return CTS_EDAMAGED;
}

int cts_pack_set_pread(const struct cts_open_pack *pack, void *out, size_t size, uint64_t offset)
{
	char *at = out;

	while (size > 0) {
		ssize_t n = pread(pack->fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", pack->name);
		if (n == 0)
			return fail_damaged(pack, "it is cut");
		at += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* ---- opening one pack ---- */

/* ENOENT: whoever joined the pack with others took it away meanwhile. */
static int fail_open(const char *path)
{
	return cts_fail_errno(
		errno == ENOENT ? CTS_ENOTFOUND : CTS_EIO, errno, "cannot open '%s'", path);
}

static int read_idx(struct cts_buf *out, const struct cts_open_pack *pack, const char *path)
{
	struct cts_open_pack idx = {.name = pack->name, .fd = open(path, O_RDONLY | O_CLOEXEC)};
	struct stat info;
	int rc;

	if (idx.fd < 0)
		return fail_open(path);
	cts_buf_clear(out);
	if (fstat(idx.fd, &info) != 0) {
		rc = cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
	} else {
		cts_buf_reserve(out, (size_t)info.st_size);
		rc = cts_pack_set_pread(&idx, out->data, (size_t)info.st_size, 0);
		out->size = (size_t)info.st_size;
	}
	close(idx.fd);
	return rc;
}

/* Checks the form; tells how many objects it has. */
static int check_idx(uint32_t *count, const struct cts_open_pack *pack, const struct cts_buf *idx)
{
	const uint8_t *bytes = (const uint8_t *)idx->data;
	uint8_t digest[CTS_OID_SIZE], trailer[CTS_OID_SIZE];
	struct cts_sha1 sha1;
	uint64_t rows;
	int rc;

	if (idx->size < IDX_HEADER + FAN_OUT + 2 * CTS_OID_SIZE ||
		memcmp(bytes, "\377tOc\0\0\0\2", IDX_HEADER) != 0)
		return fail_damaged(pack, "its index is none of version 2");
	*count = cts_be32(bytes + IDX_HEADER + FAN_OUT - 4);
	rows = (uint64_t)*count * ROW;
	if (idx->size - IDX_HEADER - FAN_OUT - 2 * CTS_OID_SIZE < rows)
		return fail_damaged(pack, "its index is cut");
	cts_sha1_init(&sha1);
	cts_sha1_update(&sha1, bytes, idx->size - CTS_OID_SIZE);
	cts_sha1_finish(&sha1, digest);
	if (memcmp(digest, bytes + idx->size - CTS_OID_SIZE, CTS_OID_SIZE) != 0)
		return fail_damaged(pack, "its index does not match its digest");
	rc = cts_pack_set_pread(pack, trailer, sizeof(trailer), pack->end);
	if (rc == 0 && memcmp(trailer, bytes + idx->size - 2 * CTS_OID_SIZE, CTS_OID_SIZE) != 0)
		rc = fail_damaged(pack, "its index is that of another");
	return rc;
}

static int compare_offsets(const void *a, const void *b)
{
	uint64_t x = ((const struct cts_pack_item *)a)->offset;
	uint64_t y = ((const struct cts_pack_item *)b)->offset;

	return (x > y) - (x < y);
}

static void make_room(struct cts_pack_set *set, uint32_t more)
{
	if (set->capacity - set->count >= more)
		return;
	set->capacity = set->count + more;
	set->items = cts_realloc(set->items, set->capacity * sizeof(*set->items));
}

static int take_rows(
	struct cts_pack_set *set, struct cts_open_pack *pack, const struct cts_buf *idx)
{
	const uint8_t *names = (const uint8_t *)idx->data + IDX_HEADER + FAN_OUT;
	const uint8_t *crcs = names + (size_t)pack->count * CTS_OID_SIZE;
	const uint8_t *offsets = crcs + (size_t)pack->count * 4;
	const uint8_t *large = offsets + (size_t)pack->count * 4;
	size_t large_count =
		(idx->size - (size_t)(large - (const uint8_t *)idx->data) - 2 * CTS_OID_SIZE) / 8;

	make_room(set, pack->count);
	for (uint32_t i = 0; i < pack->count; i++) {
		struct cts_pack_item *item = &set->items[set->count + i];
		uint64_t offset = cts_be32(offsets + (size_t)i * 4);

		if (offset >> 31) {
			size_t row = offset & 0x7fffffff;
			if (row >= large_count)
				return fail_damaged(pack, "its index is cut");
			offset = cts_be64(large + row * 8);
		}
		if (offset < PACK_HEADER || offset >= pack->end)
			return fail_damaged(pack, "its index points outside");
		memcpy(item->oid.bytes, names + (size_t)i * CTS_OID_SIZE, CTS_OID_SIZE);
		item->crc = cts_be32(crcs + (size_t)i * 4);
		item->offset = offset;
		item->pack = (uint16_t)(pack - set->packs);
	}
	qsort(set->items + set->count, pack->count, sizeof(*set->items), compare_offsets);
	for (uint32_t i = 1; i < pack->count; i++)
		if (set->items[set->count + i].offset == set->items[set->count + i - 1].offset)
			return fail_damaged(pack, "its index names one place twice");
	set->count += pack->count;
	return 0;
}

static int open_pack(struct cts_pack_set *set, const char *dir, const char *name)
{
	struct cts_open_pack *pack = &set->packs[set->pack_count++];
	char file[CTS_OID_HEX + 64], *path = NULL, *idx_path = NULL;
	uint8_t header[PACK_HEADER];
	struct cts_buf idx = {0};
	struct stat info;
	int rc = 0;

	*pack = (struct cts_open_pack){.name = strdup(name), .fd = -1, .first = set->count};
	snprintf(file, sizeof(file), "%.80s.pack", name);
	path = cts_pack_path(dir, file);
	snprintf(file, sizeof(file), "%.80s.idx", name);
	idx_path = cts_pack_path(dir, file);
	pack->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pack->fd < 0) {
		rc = fail_open(path);
		goto out;
	}
	if (fstat(pack->fd, &info) != 0 || info.st_size < PACK_HEADER + CTS_OID_SIZE) {
		rc = fail_damaged(pack, "it is cut");
		goto out;
	}
	pack->end = (uint64_t)info.st_size - CTS_OID_SIZE;
	rc = cts_pack_set_pread(pack, header, sizeof(header), 0);
	if (rc == 0)
		rc = read_idx(&idx, pack, idx_path);
	if (rc == 0)
		rc = check_idx(&pack->count, pack, &idx);
	if (rc == 0 &&
		(memcmp(header, "PACK\0\0\0", 7) != 0 || cts_be32(header + 8) != pack->count))
		rc = fail_damaged(pack, "its header is not that of its index");
	if (rc < 0)
		goto out;
	pack->idx_bytes = idx.size;
	rc = take_rows(set, pack, &idx);
out:
	cts_buf_release(&idx);
	free(idx_path);
	free(path);
	return rc;
}

/* ---- the set ---- */

static uint32_t slot_of(const struct cts_pack_set *set, const struct cts_oid *oid)
{
	uint64_t prefix;

	memcpy(&prefix, oid->bytes, sizeof(prefix));
	return (uint32_t)((prefix * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - set->slot_bits));
}

static uint32_t *find_slot(const struct cts_pack_set *set, const struct cts_oid *oid)
{
	uint32_t mask = ((uint32_t)1 << set->slot_bits) - 1, slot = slot_of(set, oid);

	while (set->slots[slot] != 0 && !cts_oid_equal(&set->items[set->slots[slot] - 1].oid, oid))
		slot = (slot + 1) & mask;
	return &set->slots[slot];
}

static void fill_slots(struct cts_pack_set *set)
{
	set->slot_bits = 4;
	while (((uint64_t)2 << set->slot_bits) < (uint64_t)set->count * 3)
		set->slot_bits++;
	set->slots = cts_malloc(sizeof(*set->slots) << set->slot_bits);
	memset(set->slots, 0, sizeof(*set->slots) << set->slot_bits);
	for (uint32_t i = 0; i < set->count; i++) {
		uint32_t *slot = find_slot(set, &set->items[i].oid);

		if (*slot == 0)
			*slot = i + 1;
	}
}

int cts_pack_set_open(
	struct cts_pack_set **out, const char *pack_dir, const char *const *names, size_t count)
{
	struct cts_pack_set *set = cts_malloc(sizeof(*set));
	int rc = 0;

	memset(set, 0, sizeof(*set));
	set->packs = cts_malloc((count + 1) * sizeof(*set->packs));
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = open_pack(set, pack_dir, names[i]);
	if (rc < 0) {
		cts_pack_set_free(set);
		return rc;
	}
	fill_slots(set);
	*out = set;
	return 0;
}

void cts_pack_set_free(struct cts_pack_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->pack_count; i++) {
		if (set->packs[i].fd >= 0)
			close(set->packs[i].fd);
		free(set->packs[i].name);
	}
	cts_kept_release(&set->kept);
	if (set->inflater_ready)
		inflateEnd(&set->inflater);
	cts_buf_release(&set->window.bytes);
	cts_buf_release(&set->scratch);
	free(set->chain);
	free(set->types);
	free(set->slots);
	free(set->items);
	free(set->packs);
	free(set);
}

uint32_t cts_pack_set_count(const struct cts_pack_set *set)
{
	return set->count;
}

const struct cts_oid *cts_pack_set_oid(const struct cts_pack_set *set, uint32_t item)
{
	return &set->items[item].oid;
}

uint32_t cts_pack_set_find(const struct cts_pack_set *set, const struct cts_oid *oid)
{
	uint32_t slot = set->count > 0 ? *find_slot(set, oid) : 0;

	return slot > 0 ? slot - 1 : CTS_PACK_ITEM_NONE;
}

uint64_t cts_pack_set_bytes(const struct cts_pack_set *set)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < set->pack_count; i++)
		bytes += set->packs[i].end + CTS_OID_SIZE + set->packs[i].idx_bytes;
	return bytes;
}

uint64_t cts_pack_set_end(const struct cts_pack_set *set, uint32_t item)
{
	const struct cts_open_pack *pack = &set->packs[set->items[item].pack];

	return item + 1 < pack->first + pack->count ? set->items[item + 1].offset : pack->end;
}

uint32_t cts_pack_set_at(const struct cts_pack_set *set, size_t pack, uint64_t offset)
{
	uint32_t low = set->packs[pack].first, high = low + set->packs[pack].count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (set->items[middle].offset == offset)
			return middle;
		if (set->items[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return CTS_PACK_ITEM_NONE;
}
