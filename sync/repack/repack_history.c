/*
 * Commits come first, newest first, as they are read: whole, since half of one is ids, and deltas
 * of the rest would cost every reader more than they save. What has no previous version goes over
 * as it is stored, in the order in which it lies. Versions follow, oldest first, each as a delta.
 *
 * A chain of deltas may have 50 links (git's limit). Starting anew with a whole object every 50
 * versions costs more than all those deltas together where a folder has hundreds of entries. So a
 * chain has two levels: STEPS versions are each a delta on the one before; the next is a delta on
 * the anchor that those began with, and the next anchor. A whole version stands only where both are
 * used up.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/pack/delta.h"
#include "sync/repack/repack.h"
#include "sync/repack/repack_plan.h"

enum {
	STEPS = 25,
	ANCHORS = CTS_PACK_CHAIN_MAX - STEPS +
		  1,    /* with the steps from the last, the longest chain */
	DELTA_MIN = 64, /* an object below this is not worth a delta */
	LEVEL = 6,      /* zlib's; 9 makes nothing smaller here */
};

struct link {
	uint32_t anchor;
	uint8_t steps;   /* from the anchor */
	uint8_t anchors; /* from the first */
};

struct repacking {
	struct cts_pack *pack;
	struct cts_pack_set *set;
	struct cts_repack_plan plan;
	struct link *links; /* by item; of versions and what they began with */
	z_stream deflater;
	struct cts_buf stored; /* deflated data of the entry at hand */
	struct cts_buf data, base, delta, deflated;
	uint64_t done, total;
	const struct cts_progress *progress;
};

static void tell(struct repacking *repacking)
{
	const struct cts_progress *progress = repacking->progress;

	repacking->done++;
	if (progress != NULL && progress->step != NULL && repacking->done % 256 == 0)
		progress->step(progress->context, "compacting", repacking->done, repacking->total);
}

static void deflate_into(struct cts_buf *out, z_stream *z, struct cts_slice data)
{
	size_t bound;

	deflateReset(z);
	bound = deflateBound(z, data.size);
	cts_buf_clear(out);
	cts_buf_reserve(out, bound);
	z->next_in = (Bytef *)(uintptr_t)data.data; /* zlib's type lacks the const */
	z->avail_in = (uInt)data.size;
	z->next_out = (Bytef *)out->data;
	z->avail_out = (uInt)bound;
	deflate(z, Z_FINISH); /* cannot fail: the room is what deflateBound asked for */
	out->size = z->total_out;
}

/* ---- one object ---- */

static int read_object(struct repacking *repacking, struct cts_buf *out, uint32_t item)
{
	const struct cts_oid *oid = cts_pack_set_oid(repacking->set, item);
	enum cts_object type = cts_pack_set_type(repacking->set, item);
	struct cts_oid made;
	char hex[CTS_OID_HEX + 1];
	int rc = cts_pack_set_read(out, repacking->set, item);

	if (rc < 0)
		return rc;
	made = cts_git_oid(cts_object_name(type), out->data, out->size);
	if (cts_oid_equal(&made, oid))
		return 0;
	cts_fail(CTS_EDAMAGED, "object '%s' of the mirror is not what its name says",
		cts_oid_format(hex, oid));
	cts_hint("bring the mirror back from a copy, or clone again");
	return CTS_EDAMAGED;
}

/* The item that finding a base by name gives. */
static uint32_t base_of(const struct repacking *repacking, const struct cts_pack_raw *entry)
{
	if (!entry->is_delta || entry->base == CTS_PACK_ITEM_NONE)
		return CTS_PACK_ITEM_NONE;
	return cts_pack_set_find(repacking->set, cts_pack_set_oid(repacking->set, entry->base));
}

static int copy_stored(
	struct repacking *repacking, uint32_t item, const struct cts_pack_raw *entry, uint32_t base)
{
	return cts_pack_copy(repacking->pack, cts_pack_set_oid(repacking->set, item), entry->type,
		entry->size,
		base == CTS_PACK_ITEM_NONE ? NULL : cts_pack_set_oid(repacking->set, base),
		entry->deflated);
}

/* As it is stored where that is whole, else inflated and deflated. */
static int put_whole(struct repacking *repacking, uint32_t item, const struct cts_pack_raw *entry)
{
	int rc;

	if (!entry->is_delta)
		return copy_stored(repacking, item, entry, CTS_PACK_ITEM_NONE);
	rc = read_object(repacking, &repacking->data, item);
	if (rc < 0)
		return rc;
	deflate_into(&repacking->deflated, &repacking->deflater, cts_buf_slice(&repacking->data));
	return cts_pack_copy(repacking->pack, cts_pack_set_oid(repacking->set, item),
		cts_pack_set_type(repacking->set, item), repacking->data.size, NULL,
		cts_buf_slice(&repacking->deflated));
}

/* 1: written as a delta on `base`; 0: that saves nothing. */
static int put_delta(
	struct repacking *repacking, uint32_t item, uint32_t base, const struct cts_pack_raw *entry)
{
	int rc = read_object(repacking, &repacking->data, item);

	if (rc == 0)
		rc = cts_pack_set_read(&repacking->base, repacking->set, base);
	if (rc < 0 || repacking->data.size < DELTA_MIN)
		return rc;
	cts_buf_clear(&repacking->delta);
	if (!cts_delta_make(&repacking->delta, cts_buf_slice(&repacking->base),
		    cts_buf_slice(&repacking->data), repacking->data.size / 2))
		return 0;
	deflate_into(&repacking->deflated, &repacking->deflater, cts_buf_slice(&repacking->delta));
	if (!entry->is_delta && entry->deflated.size <= repacking->deflated.size)
		return 0;
	rc = cts_pack_copy(repacking->pack, cts_pack_set_oid(repacking->set, item), 0,
		repacking->delta.size, cts_pack_set_oid(repacking->set, base),
		cts_buf_slice(&repacking->deflated));
	return rc < 0 ? rc : 1;
}

/* The entry with its data in a place of its own: others are read before it is written. */
static int read_stored(struct repacking *repacking, struct cts_pack_raw *entry, uint32_t item)
{
	int rc = cts_pack_set_entry(entry, repacking->set, item);

	if (rc < 0)
		return rc;
	cts_buf_clear(&repacking->stored);
	cts_buf_put(&repacking->stored, entry->deflated.data, entry->deflated.size);
	entry->deflated = cts_buf_slice(&repacking->stored);
	return 0;
}

/* ---- versions ---- */

/* What the next version of `before` is to be a delta of; `link` is then that version's. */
static uint32_t choose_base(
	const struct repacking *repacking, struct link *link, uint32_t item, uint32_t before)
{
	const struct link *last = &repacking->links[before];

	*link = *last;
	link->steps++;
	if (link->steps < STEPS)
		return before;
	link->steps = 0;
	link->anchors++;
	link->anchor = item;
	return link->anchors <= ANCHORS ? last->anchor : CTS_PACK_ITEM_NONE;
}

static int put_version(struct repacking *repacking, uint32_t item)
{
	uint32_t before = repacking->plan.before[item], base = CTS_PACK_ITEM_NONE;
	struct link link = {.anchor = item};
	struct cts_pack_raw entry;
	int rc = read_stored(repacking, &entry, item);

	if (rc < 0)
		return rc;
	if (before != CTS_PACK_ITEM_NONE)
		base = choose_base(repacking, &link, item, before);
	if (base != CTS_PACK_ITEM_NONE && base_of(repacking, &entry) == base) {
		rc = copy_stored(repacking, item, &entry, base);
		rc = rc < 0 ? rc : 1;
	} else if (base != CTS_PACK_ITEM_NONE) {
		rc = put_delta(repacking, item, base, &entry);
	}
	if (rc == 0) {
		link = (struct link){.anchor = item};
		rc = put_whole(repacking, item, &entry);
	}
	repacking->links[item] = link;
	tell(repacking);
	return rc < 0 ? rc : 0;
}

/* ---- the whole ---- */

/* Whether an item is the one that its object is known by, and goes over by itself. */
static bool is_first(const struct repacking *repacking, uint32_t item)
{
	return repacking->plan.before[item] == CTS_PACK_ITEM_NONE &&
	       cts_pack_set_type(repacking->set, item) != CTS_OBJECT_COMMIT &&
	       cts_pack_set_find(repacking->set, cts_pack_set_oid(repacking->set, item)) == item;
}

static int put_all(struct repacking *repacking)
{
	const struct cts_repack_plan *plan = &repacking->plan;
	uint32_t count = cts_pack_set_count(repacking->set);
	int rc = 0;

	for (size_t i = plan->commit_count; rc == 0 && i-- > 0;)
		rc = put_version(repacking, plan->commits[i]);
	for (uint32_t i = 0; rc == 0 && i < count; i++)
		if (is_first(repacking, i))
			rc = put_version(repacking, i);
	for (size_t i = 0; rc == 0 && i < plan->order_count; i++)
		rc = put_version(repacking, plan->order[i]);
	return rc;
}

int cts_repack_history(
	struct cts_pack *pack, struct cts_pack_set *set, const struct cts_progress *progress)
{
	struct repacking repacking = {.pack = pack, .set = set, .progress = progress};
	size_t count = cts_pack_set_count(set);
	int rc = cts_pack_set_learn_types(set);

	if (rc == 0)
		rc = cts_repack_plan(&repacking.plan, set, progress);
	if (rc < 0)
		return rc;
	if (deflateInit(&repacking.deflater, LEVEL) != Z_OK)
		abort(); /* out of memory, as everywhere */
	repacking.total = count;
	repacking.links = cts_malloc((count + 1) * sizeof(*repacking.links));
	rc = put_all(&repacking);
	deflateEnd(&repacking.deflater);
	free(repacking.links);
	cts_buf_release(&repacking.stored);
	cts_buf_release(&repacking.data);
	cts_buf_release(&repacking.base);
	cts_buf_release(&repacking.delta);
	cts_buf_release(&repacking.deflated);
	cts_repack_plan_release(&repacking.plan);
	return rc;
}
