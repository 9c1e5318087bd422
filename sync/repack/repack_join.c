/*
 * Entries go over in the order in which they lie, each after its base: nearly always that is where
 * it stood before, and is the previous entries' pack. A delta whose base came with another pack,
 * under a chain that is full there, is stored whole.
 */
#include <stdlib.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/repack/repack.h"

struct joining {
	struct cts_pack *pack;
	struct cts_pack_set *set;
	uint32_t *stack; /* an object above the base that it waits for */
	size_t capacity;
};

static void push(struct joining *joining, size_t depth, uint32_t item)
{
	if (depth == joining->capacity) {
		joining->capacity = depth == 0 ? 64 : depth * 2;
		joining->stack =
			cts_realloc(joining->stack, joining->capacity * sizeof(*joining->stack));
	}
	joining->stack[depth] = item;
}

static int put_whole(struct joining *joining, uint32_t item)
{
	struct cts_buf data = {0};
	struct cts_oid made;
	int rc = cts_pack_set_learn_types(joining->set);

	if (rc == 0)
		rc = cts_pack_set_read(&data, joining->set, item);
	if (rc == 0)
		rc = cts_pack_put(&made, joining->pack, cts_pack_set_type(joining->set, item),
			data.data, data.size, NULL);
	if (rc == 0 && !cts_oid_equal(&made, cts_pack_set_oid(joining->set, item)))
		rc = cts_fail(CTS_EDAMAGED, "an object of the mirror is not what its name says");
	cts_buf_release(&data);
	return rc;
}

/* 1: its base, which is told, must go first. */
static int put_item(struct joining *joining, uint32_t item, uint32_t *base)
{
	const struct cts_oid *oid = cts_pack_set_oid(joining->set, item), *base_oid = NULL;
	struct cts_pack_raw entry;
	int rc;

	if (cts_pack_has(joining->pack, oid))
		return 0;
	rc = cts_pack_set_entry(&entry, joining->set, item);
	if (rc < 0)
		return rc;
	if (entry.is_delta) {
		if (entry.base == CTS_PACK_ITEM_NONE)
			return cts_fail(CTS_EDAMAGED,
				"a pack of the mirror has a delta of what is not there");
		base_oid = cts_pack_set_oid(joining->set, entry.base);
		*base = entry.base;
		if (!cts_pack_has(joining->pack, base_oid))
			return 1;
		if (cts_pack_depth(joining->pack, base_oid) >= CTS_PACK_CHAIN_MAX)
			return put_whole(joining, item);
	}
	return cts_pack_copy(joining->pack, oid, entry.type, entry.size, base_oid, entry.deflated);
}

static int put_with_bases(struct joining *joining, uint32_t item)
{
	size_t depth = 0;
	int rc;

	push(joining, depth++, item);
	do {
		uint32_t base = CTS_PACK_ITEM_NONE;

		rc = put_item(joining, joining->stack[depth - 1], &base);
		if (rc == 0)
			depth--;
		else if (rc == 1 && depth > cts_pack_set_count(joining->set))
			rc = cts_fail(CTS_EDAMAGED,
				"deltas in the mirror's packs are based on each other");
		else if (rc == 1)
			push(joining, depth++, base);
	} while (rc >= 0 && depth > 0);
	return rc;
}

int cts_repack_join(
	struct cts_pack *pack, struct cts_pack_set *set, const struct cts_progress *progress)
{
	struct joining joining = {.pack = pack, .set = set};
	uint32_t count = cts_pack_set_count(set);
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		rc = put_with_bases(&joining, i);
		if (progress != NULL && progress->step != NULL && i % 1024 == 0)
			progress->step(progress->context, "joining packs", i, count);
	}
	free(joining.stack);
	return rc;
}
