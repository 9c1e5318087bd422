/*
 * Reading entries. Whoever goes through a pack from front to back finds them in the window, which
 * is read a MiB at a time; one that lies elsewhere is read by itself. An object is looked for among
 * the last ones read before its chain of deltas is followed further down: versions of a tree are
 * read one after the other.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/pack/delta.h"
#include "sync/pack/pack_internal.h"
#include "sync/pack/pack_set_internal.h"

static int fail_entry(const struct cts_pack_set *set, uint32_t item, const char *what)
{
	char hex[CTS_OID_HEX + 1];

	cts_fail(CTS_EDAMAGED, "object '%s' in '%s' %s", cts_oid_format(hex, &set->items[item].oid),
		set->packs[set->items[item].pack].name, what);
	cts_hint("bring the mirror back from a copy, or clone again");
	return CTS_EDAMAGED;
}

/* ---- bytes ---- */

static bool is_in_window(const struct cts_pack_set *set, size_t pack, uint64_t offset, size_t size)
{
	return set->window.bytes.size > 0 && set->window.pack == pack &&
	       offset >= set->window.start &&
	       offset + size <= set->window.start + set->window.bytes.size;
}

static int move_window(struct cts_pack_set *set, size_t pack, uint64_t offset, size_t size)
{
	uint64_t left = set->packs[pack].end - offset;
	int rc;

	if (size < CTS_PACK_SET_WINDOW)
		size = left < CTS_PACK_SET_WINDOW ? (size_t)left : CTS_PACK_SET_WINDOW;
	cts_buf_clear(&set->window.bytes);
	cts_buf_reserve(&set->window.bytes, size);
	set->window.pack = pack;
	set->window.start = offset;
	rc = cts_pack_set_pread(&set->packs[pack], set->window.bytes.data, size, offset);
	set->window.bytes.size = rc == 0 ? size : 0;
	return rc;
}

/* Whether the entry begins its pack, or begins in the window and ends behind it: then more of what
 * follows will be wanted. */
static bool is_next(const struct cts_pack_set *set, size_t pack, uint64_t offset)
{
	uint64_t end = set->window.start + set->window.bytes.size;

	return offset == set->items[set->packs[pack].first].offset ||
	       (set->window.pack == pack && offset >= set->window.start && offset <= end);
}

static int bytes_of(struct cts_slice *out, struct cts_pack_set *set, uint32_t item)
{
	size_t pack = set->items[item].pack;
	uint64_t offset = set->items[item].offset;
	size_t size = (size_t)(cts_pack_set_end(set, item) - offset);
	int rc = 0;

	if (!is_in_window(set, pack, offset, size) && is_next(set, pack, offset))
		rc = move_window(set, pack, offset, size);
	if (rc < 0)
		return rc;
	if (is_in_window(set, pack, offset, size)) {
		out->data = set->window.bytes.data + (offset - set->window.start);
	} else {
		cts_buf_clear(&set->scratch);
		cts_buf_reserve(&set->scratch, size);
		rc = cts_pack_set_pread(&set->packs[pack], set->scratch.data, size, offset);
		out->data = set->scratch.data;
	}
	out->size = size;
	return rc;
}

/* ---- entries ---- */

/* Type, size and base from the head of an entry; returns the bytes that it takes, 0 when it is
 * none. */
static size_t parse_head(struct cts_pack_raw *out, const struct cts_pack_set *set, uint32_t item,
	struct cts_slice bytes)
{
	struct cts_pack_head head;
	size_t used = cts_pack_head_parse(&head, bytes);

	*out = (struct cts_pack_raw){.base = CTS_PACK_ITEM_NONE, .size = head.size};
	out->is_delta = cts_pack_head_is_delta(&head);
	if (head.type == CTS_PACK_REF_DELTA)
		out->base = cts_pack_set_find(set, &head.base);
	else if (head.type == CTS_PACK_OFS_DELTA && head.distance <= set->items[item].offset)
		out->base = cts_pack_set_at(
			set, set->items[item].pack, set->items[item].offset - head.distance);
	else if (head.type > CTS_OBJECT_BLOB)
		return 0;
	else
		out->type = (enum cts_object)head.type;
	return used;
}

int cts_pack_set_entry(struct cts_pack_raw *out, struct cts_pack_set *set, uint32_t item)
{
	struct cts_slice bytes;
	size_t used;
	int rc = bytes_of(&bytes, set, item);

	if (rc < 0)
		return rc;
	if (crc32(0, bytes.data, (uInt)bytes.size) != set->items[item].crc)
		return fail_entry(set, item, "does not match its checksum");
	used = parse_head(out, set, item, bytes);
	if (used == 0)
		return fail_entry(set, item, "has a head that is none");
	out->deflated = (struct cts_slice){
		.data = (const char *)bytes.data + used, .size = bytes.size - used};
	return 0;
}

/* ---- types ---- */

static int head_of(struct cts_pack_raw *out, struct cts_pack_set *set, uint32_t item)
{
	size_t pack = set->items[item].pack;
	uint64_t offset = set->items[item].offset, size = cts_pack_set_end(set, item) - offset;
	struct cts_slice bytes;
	int rc = 0;

	if (size > CTS_PACK_ENTRY_HEAD_MAX)
		size = CTS_PACK_ENTRY_HEAD_MAX;
	if (!is_in_window(set, pack, offset, (size_t)size))
		rc = move_window(set, pack, offset, (size_t)size);
	if (rc < 0)
		return rc;
	bytes.data = set->window.bytes.data + (offset - set->window.start);
	bytes.size = (size_t)size;
	return parse_head(out, set, item, bytes) > 0
		       ? 0
		       : fail_entry(set, item, "has a head that is none");
}

int cts_pack_set_learn_types(struct cts_pack_set *set)
{
	uint32_t *bases, waiting = 0, before;
	int rc = 0;

	if (set->types)
		return 0;
	set->types = cts_malloc(set->count + 1);
	memset(set->types, 0, set->count + 1);
	bases = cts_malloc(((size_t)set->count + 1) * sizeof(*bases));
	for (uint32_t i = 0; rc == 0 && i < set->count; i++) {
		struct cts_pack_raw head;

		rc = head_of(&head, set, i);
		if (rc < 0)
			break;
		bases[i] = head.base;
		if (!head.is_delta)
			set->types[i] = (uint8_t)head.type;
		else if (head.base != CTS_PACK_ITEM_NONE)
			set->types[i] = set->types[head.base];
		else
			rc = fail_entry(set, i, "is a delta of what is not there");
		waiting += set->types[i] == 0;
	}
	/* A base may lie behind its delta, or in another pack; each round settles a link of a
	 * chain. */
	for (before = waiting + 1; rc == 0 && waiting > 0 && waiting < before;) {
		before = waiting;
		for (uint32_t i = 0; i < set->count; i++)
			if (set->types[i] == 0 && set->types[bases[i]] != 0) {
				set->types[i] = set->types[bases[i]];
				waiting--;
			}
	}
	free(bases);
	if (rc == 0 && waiting > 0)
		rc = cts_fail(CTS_EDAMAGED, "deltas in the mirror's packs are based on each other");
	return rc;
}

enum cts_object cts_pack_set_type(const struct cts_pack_set *set, uint32_t item)
{
	return (enum cts_object)set->types[item];
}

/* ---- objects ---- */

int cts_pack_set_inflate(
	struct cts_buf *out, struct cts_pack_set *set, struct cts_slice deflated, size_t size)
{
	if (!set->inflater_ready)
		cts_pack_inflate_init(&set->inflater);
	set->inflater_ready = true;
	if (!cts_pack_inflate(out, &set->inflater, deflated, size, NULL))
		return cts_fail(CTS_EDAMAGED, "an object in the mirror's packs does not inflate");
	return 0;
}

static void keep(struct cts_pack_set *set, uint32_t item, const struct cts_buf *data)
{
	/* The type is the set's to know. */
	cts_kept_put(&set->kept, item, CTS_OBJECT_TREE, cts_buf_slice(data));
}

static void push_chain(struct cts_pack_set *set, size_t depth, uint32_t item)
{
	if (depth == set->chain_capacity) {
		set->chain_capacity = depth == 0 ? 64 : depth * 2;
		set->chain = cts_realloc(set->chain, set->chain_capacity * sizeof(*set->chain));
	}
	set->chain[depth] = item;
}

/* Down the chain to what is whole or kept, which goes to `out`; tells how many deltas stand above.
 */
static int read_root(size_t *depth, struct cts_buf *out, struct cts_pack_set *set, uint32_t item)
{
	const struct cts_kept_object *kept;
	struct cts_pack_raw entry;
	int rc;

	cts_buf_clear(out);
	for (*depth = 0;; (*depth)++) {
		kept = cts_kept_find(&set->kept, item);
		if (kept) {
			cts_buf_put(out, kept->data.data, kept->data.size);
			return 0;
		}
		rc = cts_pack_set_entry(&entry, set, item);
		if (rc < 0)
			return rc;
		if (!entry.is_delta) {
			rc = cts_pack_set_inflate(out, set, entry.deflated, entry.size);
			if (rc == 0 && *depth > 0)
				keep(set, item, out);
			return rc;
		}
		if (entry.base == CTS_PACK_ITEM_NONE)
			return fail_entry(set, item, "is a delta of what is not there");
		if (*depth > set->count)
			return fail_entry(set, item, "is a delta of itself");
		push_chain(set, *depth, item);
		item = entry.base;
	}
}

int cts_pack_set_read(struct cts_buf *out, struct cts_pack_set *set, uint32_t item)
{
	struct cts_buf delta = {0}, next = {0}, swap;
	struct cts_pack_raw entry;
	size_t depth;
	int rc = read_root(&depth, out, set, item);

	while (rc == 0 && depth > 0) {
		rc = cts_pack_set_entry(&entry, set, set->chain[--depth]);
		cts_buf_clear(&delta);
		if (rc == 0)
			rc = cts_pack_set_inflate(&delta, set, entry.deflated, entry.size);
		if (rc == 0)
			rc = cts_delta_apply(
				&next, cts_buf_slice(out), cts_buf_slice(&delta), UINT32_MAX);
		if (rc == CTS_EINTEGRITY)
			rc = fail_entry(set, set->chain[depth], "is a delta that does not apply");
		swap = *out;
		*out = next;
		next = swap;
	}
	if (rc == 0)
		keep(set, item, out);
	cts_buf_release(&delta);
	cts_buf_release(&next);
	return rc;
}
