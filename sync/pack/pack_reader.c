/*
 * Packs are looked through newest first, the one that had the last object before all others: what belongs
 * together was mostly packed together. The idx is mapped when a pack is met, the pack when the first object of
 * it is read.
 */
#include "sync/pack/pack_reader.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "proto/time.h"
#include "sync/pack/delta.h"
#include "sync/pack/kept.h"
#include "sync/pack/pack_dir.h"
#include "sync/pack/pack_entry.h"

enum {
	IDX_HEADER = 8,
	FAN_OUT = 4 * 256,
	ROW = CTS_OID_SIZE + 4 + 4,
	PACK_HEADER = 12,
	TICK_S = 3,       /* more than between two ticks of the coarsest clock of a file system */
	OFFSET_BITS = 40, /* of the number that an object is kept by; a pack is smaller than a terabyte */
};

struct mapping {
	const uint8_t *data; /* NULL: not mapped */
	size_t size;
	bool is_ours; /* nobody else may write to the file, and so alter what is mapped */
};

struct open_pack {
	char *path; /* without end */
	struct mapping idx, pack;
	uint32_t count;
	bool is_bad; /* its file cannot be read, or is not that of the idx */
};

struct folder {
	char *path;
	struct timespec changed; /* as it was looked at last; zero: look again */
};

struct cts_pack_reader {
	struct folder *folders;
	size_t folder_count;
	struct open_pack *packs; /* those that came last are last */
	uint32_t pack_count;
	uint32_t last; /* the pack of the last object that was found */
	struct cts_kept kept;
	z_stream inflater;
	struct cts_buf delta, next; /* scratch */
	uint64_t *chain;            /* offsets of the deltas above what is read */
	size_t chain_capacity;
};

/* ---- files ------------------------------------------------------------------------------------ */

static bool map_file(struct mapping *out, const char *path, const char *end)
{
	struct cts_buf name = {0};
	struct stat info;
	void *data = MAP_FAILED;
	int fd;

	cts_buf_printf(&name, "%s%s", path, end);
	fd = open(cts_buf_text(&name), O_RDONLY | O_CLOEXEC);
	cts_buf_release(&name);
	if (fd >= 0 && fstat(fd, &info) == 0 && info.st_size > 0)
		data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (data == MAP_FAILED)
		return false;
	*out = (struct mapping){
		.data = data,
		.size = (size_t)info.st_size,
		.is_ours = info.st_uid == geteuid() && !(info.st_mode & (S_IWGRP | S_IWOTH)),
	};
	return true;
}

static void unmap(struct mapping *mapping)
{
	if (mapping->data)
		munmap((void *)(uintptr_t)mapping->data, mapping->size);
	*mapping = (struct mapping){0};
}

/* The form only: a digest over all of it would cost what the pack is large. */
static bool check_idx(struct open_pack *pack)
{
	const struct mapping *idx = &pack->idx;
	uint32_t before = 0;

	if (idx->size < IDX_HEADER + FAN_OUT + 2 * CTS_OID_SIZE ||
		memcmp(idx->data, "\377tOc\0\0\0\2", IDX_HEADER) != 0)
		return false;
	for (size_t i = 0; i < 256; i++) {
		uint32_t upto = cts_be32(idx->data + IDX_HEADER + i * 4);

		if (upto < before)
			return false;
		before = upto;
	}
	pack->count = before;
	return idx->size - IDX_HEADER - FAN_OUT - 2 * CTS_OID_SIZE >= (uint64_t)before * ROW;
}

static bool check_pack(const struct open_pack *pack)
{
	const struct mapping *file = &pack->pack;

	return file->size >= PACK_HEADER + CTS_OID_SIZE &&
	       memcmp(file->data, "PACK\0\0\0\2", 8) == 0 && cts_be32(file->data + 8) == pack->count &&
	       memcmp(file->data + file->size - CTS_OID_SIZE,
		       pack->idx.data + pack->idx.size - 2 * CTS_OID_SIZE, CTS_OID_SIZE) == 0;
}

static bool is_open(const struct cts_pack_reader *reader, const char *path)
{
	for (uint32_t i = 0; i < reader->pack_count; i++)
		if (strcmp(reader->packs[i].path, path) == 0)
			return true;
	return false;
}

static bool open_pack(struct cts_pack_reader *reader, const char *path)
{
	struct open_pack pack = {0};

	if (is_open(reader, path) || !map_file(&pack.idx, path, ".idx"))
		return false;
	if (!check_idx(&pack)) {
		unmap(&pack.idx);
		return false;
	}
	pack.path = strdup(path);
	reader->packs = cts_realloc(reader->packs, (reader->pack_count + 1) * sizeof(*reader->packs));
	reader->packs[reader->pack_count++] = pack;
	return true;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool look_at(struct cts_pack_reader *reader, struct folder *folder)
{
	struct cts_pack_file *files = NULL;
	struct cts_arena arena = {0};
	struct stat info;
	size_t count = 0;
	bool came = false;

	if (stat(folder->path, &info) != 0 || same_time(&info.st_mtim, &folder->changed))
		return false;
	folder->changed = info.st_mtim;
	/* What comes in the same tick of the clock does not show: a folder that changed just now is
	 * looked at again. */
	if (cts_time_now() - info.st_mtim.tv_sec < TICK_S)
		folder->changed = (struct timespec){0};
	if (cts_pack_dir_list(&files, &count, &arena, folder->path) < 0)
		cts_error_clear();
	for (size_t i = 0; i < count; i++)
		came |= open_pack(
			reader, cts_arena_printf(&arena, "%s/%s", folder->path, files[i].name));
	cts_arena_release(&arena);
	return came;
}

struct cts_pack_reader *cts_pack_reader_open(void)
{
	struct cts_pack_reader *reader = cts_malloc(sizeof(*reader));

	*reader = (struct cts_pack_reader){0};
	cts_pack_inflate_init(&reader->inflater);
	return reader;
}

void cts_pack_reader_free(struct cts_pack_reader *reader)
{
	if (!reader)
		return;
	for (uint32_t i = 0; i < reader->pack_count; i++) {
		unmap(&reader->packs[i].idx);
		unmap(&reader->packs[i].pack);
		free(reader->packs[i].path);
	}
	for (size_t i = 0; i < reader->folder_count; i++)
		free(reader->folders[i].path);
	inflateEnd(&reader->inflater);
	cts_kept_release(&reader->kept);
	cts_buf_release(&reader->delta);
	cts_buf_release(&reader->next);
	free(reader->chain);
	free(reader->packs);
	free(reader->folders);
	free(reader);
}

void cts_pack_reader_add(struct cts_pack_reader *reader, const char *pack_dir)
{
	struct folder *folder;

	reader->folders = cts_realloc(
		reader->folders, (reader->folder_count + 1) * sizeof(*reader->folders));
	folder = &reader->folders[reader->folder_count++];
	*folder = (struct folder){.path = strdup(pack_dir)};
	look_at(reader, folder);
}

bool cts_pack_reader_refresh(struct cts_pack_reader *reader)
{
	bool came = false;

	for (size_t i = 0; i < reader->folder_count; i++)
		came |= look_at(reader, &reader->folders[i]);
	return came;
}

/* ---- where an object lies --------------------------------------------------------------------- */

static const uint8_t *rows_of(const struct open_pack *pack)
{
	return pack->idx.data + IDX_HEADER + FAN_OUT;
}

static bool find_row(uint32_t *out, const struct open_pack *pack, const struct cts_oid *oid)
{
	const uint8_t *fan = pack->idx.data + IDX_HEADER, *names = rows_of(pack);
	uint32_t low = oid->bytes[0] ? cts_be32(fan + 4 * (oid->bytes[0] - 1)) : 0;
	uint32_t high = cts_be32(fan + 4 * oid->bytes[0]);

	if (high > pack->count) /* it was altered since its form was checked */
		return false;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = memcmp(oid->bytes, names + (size_t)middle * CTS_OID_SIZE, CTS_OID_SIZE);

		if (order == 0) {
			*out = middle;
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static bool offset_of(uint64_t *out, const struct open_pack *pack, uint32_t row)
{
	const uint8_t *offsets = rows_of(pack) + (size_t)pack->count * (CTS_OID_SIZE + 4);
	const uint8_t *large = offsets + (size_t)pack->count * 4;
	size_t left = pack->idx.size - (size_t)(large - pack->idx.data) - 2 * CTS_OID_SIZE;

	*out = cts_be32(offsets + (size_t)row * 4);
	if (!(*out >> 31))
		return true;
	row = (uint32_t)*out & 0x7fffffff;
	if (row >= left / 8)
		return false;
	*out = cts_be64(large + (size_t)row * 8);
	return true;
}

static bool find_in(struct cts_pack_place *out, struct cts_pack_reader *reader, uint32_t number,
	const struct cts_oid *oid)
{
	const struct open_pack *pack = &reader->packs[number];
	uint32_t row;

	if (pack->is_bad || !find_row(&row, pack, oid) || !offset_of(&out->offset, pack, row))
		return false;
	out->pack = number;
	reader->last = number;
	return true;
}

bool cts_pack_reader_find(
	struct cts_pack_place *out, struct cts_pack_reader *reader, const struct cts_oid *oid)
{
	uint32_t last = reader->last;

	if (last < reader->pack_count && find_in(out, reader, last, oid))
		return true;
	for (uint32_t i = reader->pack_count; i > 0; i--)
		if (i - 1 != last && find_in(out, reader, i - 1, oid))
			return true;
	return false;
}

/* ---- reading ---------------------------------------------------------------------------------- */

static struct open_pack *pack_at(struct cts_pack_reader *reader, uint32_t number)
{
	struct open_pack *pack = &reader->packs[number];

	if (!pack->pack.data && !pack->is_bad)
		pack->is_bad = !map_file(&pack->pack, pack->path, ".pack") || !check_pack(pack);
	return pack->is_bad ? NULL : pack;
}

/* The head of the entry at an offset, and all that follows up to the end of the pack. */
static bool head_at(struct cts_pack_head *head, struct cts_slice *rest, const struct open_pack *pack,
	uint64_t offset)
{
	uint64_t end = pack->pack.size - CTS_OID_SIZE;
	struct cts_slice bytes;
	size_t used;

	if (offset < PACK_HEADER || offset >= end)
		return false;
	bytes = (struct cts_slice){.data = pack->pack.data + offset, .size = (size_t)(end - offset)};
	used = cts_pack_head_parse(head, bytes);
	*rest = (struct cts_slice){
		.data = (const char *)bytes.data + used, .size = bytes.size - used};
	return used > 0;
}

static bool base_of(uint64_t *out, const struct open_pack *pack, uint64_t offset,
	const struct cts_pack_head *head)
{
	uint32_t row;

	if (head->type == CTS_PACK_REF_DELTA)
		return find_row(&row, pack, &head->base) && offset_of(out, pack, row);
	*out = offset - head->distance;
	return head->distance < offset;
}

static uint64_t number_of(uint32_t pack, uint64_t offset)
{
	return (uint64_t)pack << OFFSET_BITS | offset;
}

static void push_chain(struct cts_pack_reader *reader, size_t depth, uint64_t offset)
{
	if (depth == reader->chain_capacity) {
		reader->chain_capacity = depth ? depth * 2 : 64;
		reader->chain = cts_realloc(
			reader->chain, reader->chain_capacity * sizeof(*reader->chain));
	}
	reader->chain[depth] = offset;
}

/* Down the chain to what is whole or kept, which goes to `out`; tells how many deltas stand above it. */
static bool read_root(struct cts_buf *out, enum cts_object *type, struct cts_slice *stored,
	size_t *depth, struct cts_pack_reader *reader, const struct cts_pack_place *place)
{
	const struct open_pack *pack = pack_at(reader, place->pack);
	uint64_t offset = place->offset;
	const struct cts_kept_object *kept;
	struct cts_pack_head head;
	struct cts_slice rest;
	size_t used;

	for (*depth = 0; pack && *depth <= pack->count; ++*depth) {
		if (!head_at(&head, &rest, pack, offset))
			return false;
		/* What is stored is told of no delta. */
		kept = cts_kept_find(&reader->kept, number_of(place->pack, offset));
		if (kept && (*depth || !stored || cts_pack_head_is_delta(&head))) {
			*type = kept->type;
			cts_buf_put(out, kept->data.data, kept->data.size);
			return true;
		}
		if (cts_pack_head_is_delta(&head)) {
			push_chain(reader, *depth, offset);
			if (!base_of(&offset, pack, offset, &head))
				return false;
			continue;
		}
		*type = (enum cts_object)head.type;
		if (head.type > CTS_OBJECT_BLOB || head.size > cts_object_limit(*type) ||
			!cts_pack_inflate(out, &reader->inflater, rest, head.size, &used))
			return false;
		if (*depth)
			cts_kept_put(&reader->kept, number_of(place->pack, offset), *type,
				cts_buf_slice(out));
		else if (stored && pack->pack.is_ours)
			*stored = (struct cts_slice){.data = rest.data, .size = used};
		return true;
	}
	return false;
}

static bool apply_delta(struct cts_buf *out, enum cts_object type, struct cts_pack_reader *reader,
	const struct cts_pack_place *place, uint64_t offset)
{
	struct cts_pack_head head;
	struct cts_slice rest;
	struct cts_buf swap;

	cts_buf_clear(&reader->delta);
	if (!head_at(&head, &rest, &reader->packs[place->pack], offset) ||
		head.size > cts_object_limit(type) ||
		!cts_pack_inflate(&reader->delta, &reader->inflater, rest, head.size, NULL))
		return false;
	if (cts_delta_apply(&reader->next, cts_buf_slice(out), cts_buf_slice(&reader->delta),
		    cts_object_limit(type)) < 0) {
		cts_error_clear();
		return false;
	}
	swap = *out;
	*out = reader->next;
	reader->next = swap;
	cts_kept_put(&reader->kept, number_of(place->pack, offset), type, cts_buf_slice(out));
	return true;
}

bool cts_pack_reader_read(struct cts_buf *out, enum cts_object *type, struct cts_slice *stored,
	struct cts_pack_reader *reader, const struct cts_pack_place *place)
{
	size_t depth;
	bool is_read;

	if (stored)
		*stored = (struct cts_slice){0};
	cts_buf_clear(out);
	is_read = read_root(out, type, stored, &depth, reader, place);
	while (is_read && depth > 0)
		is_read = apply_delta(out, *type, reader, place, reader->chain[--depth]);
	return is_read;
}
