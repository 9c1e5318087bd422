#include "sync/pack/kept.h"

#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"

enum { PLACE_BITS = 12, PLACES = 1 << PLACE_BITS };

static struct cts_kept_object *place_of(const struct cts_kept *kept, uint64_t number)
{
	return &kept->places[(number * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - PLACE_BITS)];
}

const struct cts_kept_object *cts_kept_find(const struct cts_kept *kept, uint64_t number)
{
	const struct cts_kept_object *place;

	if (!kept->places)
		return NULL;
	place = place_of(kept, number);
	return place->data.data && place->number == number ? place : NULL;
}

static void let_go(struct cts_kept *kept, struct cts_kept_object *place)
{
	kept->bytes -= place->data.capacity;
	cts_buf_release(&place->data);
}

void cts_kept_put(
	struct cts_kept *kept, uint64_t number, enum cts_object type, struct cts_slice data)
{
	struct cts_kept_object *place;

	if (data.size > CTS_KEPT_OBJECT_MAX)
		return;
	if (!kept->places) {
		kept->places = cts_malloc(PLACES * sizeof(*kept->places));
		memset(kept->places, 0, PLACES * sizeof(*kept->places));
	}
	while (kept->bytes > CTS_KEPT_BYTES)
		let_go(kept, &kept->places[kept->hand++ % PLACES]);
	place = place_of(kept, number);
	kept->bytes -= place->data.capacity;
	cts_buf_clear(&place->data);
	cts_buf_reserve(&place->data, data.size + 1); /* an empty object is one too */
	cts_buf_put(&place->data, data.data, data.size);
	kept->bytes += place->data.capacity;
	place->number = number;
	place->type = type;
}

void cts_kept_release(struct cts_kept *kept)
{
	for (size_t i = 0; kept->places && i < PLACES; i++)
		cts_buf_release(&kept->places[i].data);
	free(kept->places);
	*kept = (struct cts_kept){0};
}
