/*
 * Most deltas stand behind their base and one step from what was made last, so the base is at
 * hand. One that is not is made anew from the file, down to what is whole or kept.
 *
 * A base may also come later. Such entries wait, sorted by what they wait for, and are settled
 * when all entries are there: from each object that became known on to those that waited for it,
 * however they lie, each once. What nobody settled is based on what is not there, or in a circle
 * on itself.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/pack/delta.h"
#include "sync/pack/pack_receive_internal.h"

/* ---- objects by number ------------------------------------------------------------------------ */

uint32_t cts_receive_entry_at(const struct cts_pack_receiving *receiving, uint64_t offset)
{
	uint32_t low = 0, high = receiving->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (receiving->entries[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < receiving->count && receiving->entries[low].offset == offset ? low
										  : CTS_RECEIVE_NONE;
}

static enum cts_object type_of(const struct cts_pack_receiving *receiving, uint32_t number)
{
	if (number & CTS_RECEIVE_OUTSIDE)
		return (enum cts_object)
			receiving->outside_types.data[number & ~CTS_RECEIVE_OUTSIDE];
	return (enum cts_object)receiving->entries[number].type;
}

/* What is known of that name already; CTS_RECEIVE_NONE. */
static uint32_t find_known(const struct cts_pack_receiving *receiving, const struct cts_oid *oid)
{
	const struct cts_pack_entry *named = cts_pack_index_find(&receiving->index, oid);

	if (named)
		return cts_receive_entry_at(receiving, named->offset);
	named = cts_pack_index_find(&receiving->outside, oid);
	if (named)
		return CTS_RECEIVE_OUTSIDE | (uint32_t)(named - receiving->outside.entries);
	return CTS_RECEIVE_NONE;
}

/* To receiving->base. What lies outside is ours: where it is not sound, it is not the pack's fault. */
static int read_outside(
	enum cts_object *type, struct cts_pack_receiving *receiving, const struct cts_oid *oid)
{
	int rc = receiving->options.read_base(
		receiving->options.base_context, &receiving->base, type, oid);

	return rc == CTS_EINTEGRITY ? CTS_EDAMAGED : rc;
}

/* The same, or from outside. */
static int find_base(
	uint32_t *out, struct cts_pack_receiving *receiving, const struct cts_oid *oid)
{
	struct cts_pack_entry named = {.oid = *oid};
	enum cts_object type;
	int rc;

	*out = find_known(receiving, oid);
	if (*out != CTS_RECEIVE_NONE || !receiving->options.read_base)
		return 0;
	rc = read_outside(&type, receiving, oid);
	if (rc == CTS_ENOTFOUND) {
		cts_error_clear();
		return 0;
	}
	if (rc < 0)
		return rc;
	*out = CTS_RECEIVE_OUTSIDE | receiving->outside.count;
	cts_pack_index_add(&receiving->outside, &named);
	cts_buf_putc(&receiving->outside_types, (char)type);
	cts_kept_put(&receiving->kept, *out, type, cts_buf_slice(&receiving->base));
	return 0;
}

/* ---- reading ---------------------------------------------------------------------------------- */

/* What an entry that was gone over before inflates to, in place of what `out` holds. */
static int inflate_entry(struct cts_buf *out, struct cts_pack_receiving *receiving, uint32_t entry)
{
	uint64_t offset = receiving->entries[entry].offset;
	struct cts_slice bytes = {.data = receiving->map + offset,
		.size = (size_t)(receiving->at - offset)};
	struct cts_pack_head head;
	size_t used = cts_pack_head_parse(&head, bytes);

	bytes.data = (const char *)bytes.data + used;
	bytes.size -= used;
	cts_buf_clear(out);
	if (used == 0 || !cts_pack_inflate(out, &receiving->inflater, bytes, head.size, NULL))
		return cts_receive_fail(offset, "was altered while it was read");
	return 0;
}

static void push_chain(struct cts_pack_receiving *receiving, size_t depth, uint32_t entry)
{
	if (depth == receiving->chain_capacity) {
		receiving->chain_capacity = depth == 0 ? 64 : depth * 2;
		receiving->chain = cts_realloc(
			receiving->chain, receiving->chain_capacity * sizeof(*receiving->chain));
	}
	receiving->chain[depth] = entry;
}

static int read_outside_again(struct cts_pack_receiving *receiving, uint32_t number)
{
	enum cts_object type;
	int rc = read_outside(&type, receiving,
		&receiving->outside.entries[number & ~CTS_RECEIVE_OUTSIDE].oid);

	/* It was there a moment ago. */
	return rc == CTS_ENOTFOUND ? CTS_EDAMAGED : rc;
}

/* Down to what is whole or kept, which goes to receiving->base; tells how many deltas stand above
 * it. */
static int read_root(size_t *depth, struct cts_pack_receiving *receiving, uint32_t number)
{
	const struct cts_kept_object *kept;
	int rc;

	for (*depth = 0;; ++*depth) {
		kept = cts_kept_find(&receiving->kept, number);
		if (kept) {
			cts_buf_clear(&receiving->base);
			cts_buf_put(&receiving->base, kept->data.data, kept->data.size);
			return 0;
		}
		if (number & CTS_RECEIVE_OUTSIDE)
			rc = read_outside_again(receiving, number);
		else if (receiving->entries[number].base == CTS_RECEIVE_NONE)
			rc = inflate_entry(&receiving->base, receiving, number);
		else
			rc = 1;
		if (rc == 0)
			cts_kept_put(&receiving->kept, number, type_of(receiving, number),
				cts_buf_slice(&receiving->base));
		if (rc <= 0)
			return rc;
		push_chain(receiving, *depth, number);
		number = receiving->entries[number].base;
	}
}

int cts_receive_read(
	struct cts_slice *out, struct cts_pack_receiving *receiving, uint32_t number)
{
	const struct cts_kept_object *kept = cts_kept_find(&receiving->kept, number);
	enum cts_object type = type_of(receiving, number);
	struct cts_buf swap;
	size_t depth = 0;
	int rc = 0;

	if (number == receiving->last.number || kept) {
		*out = cts_buf_slice(kept ? &kept->data : &receiving->last.data);
		return 0;
	}
	rc = read_root(&depth, receiving, number);
	while (rc == 0 && depth > 0) {
		uint32_t entry = receiving->chain[--depth];

		rc = inflate_entry(&receiving->delta, receiving, entry);
		if (rc == 0)
			rc = cts_delta_apply(&receiving->next, cts_buf_slice(&receiving->base),
				cts_buf_slice(&receiving->delta), CTS_RECEIVE_OBJECT_MAX);
		swap = receiving->base;
		receiving->base = receiving->next;
		receiving->next = swap;
		if (rc == 0)
			cts_kept_put(&receiving->kept, entry, type, cts_buf_slice(&receiving->base));
	}
	*out = cts_buf_slice(&receiving->base);
	return rc;
}

/* ---- making ----------------------------------------------------------------------------------- */

/* The object of an entry whose delta stands in receiving->inflated. */
static int make(struct cts_pack_receiving *receiving, uint32_t entry, uint32_t base)
{
	enum cts_object type = type_of(receiving, base);
	struct cts_slice data;
	int rc = cts_receive_read(&data, receiving, base);

	if (rc < 0)
		return rc;
	rc = cts_delta_apply(&receiving->data, data, cts_buf_slice(&receiving->inflated),
		CTS_RECEIVE_OBJECT_MAX);
	if (rc < 0) {
		cts_fail_where("the object at byte %" PRIu64,
			(uint64_t)receiving->entries[entry].offset);
		return rc;
	}
	return cts_receive_take(receiving, entry, type, base);
}

static void let_wait(
	struct cts_receive_waits *waits, const struct cts_oid *base, uint32_t entry)
{
	if (waits->count == waits->capacity) {
		waits->capacity += waits->capacity / 2 + 64;
		waits->waits = cts_realloc(
			waits->waits, waits->capacity * sizeof(*waits->waits));
	}
	waits->waits[waits->count++] =
		(struct cts_receive_wait){.base = *base, .entry = entry};
}

static struct cts_oid key_of(uint32_t entry)
{
	struct cts_oid key = {{0}};

	memcpy(key.bytes, &entry, sizeof(entry));
	return key;
}

int cts_receive_delta(
	struct cts_pack_receiving *receiving, uint32_t entry, const struct cts_pack_head *head)
{
	uint64_t offset = receiving->entries[entry].offset;
	struct cts_oid key = head->base;
	uint32_t base;
	int rc = 0;

	if (head->type == CTS_PACK_REF_DELTA) {
		rc = find_base(&base, receiving, &head->base);
		if (rc == 0 && base == CTS_RECEIVE_NONE) {
			let_wait(&receiving->by_name, &key, entry);
			return 0;
		}
		return rc < 0 ? rc : make(receiving, entry, base);
	}
	if (head->distance > offset - CTS_RECEIVE_HEADER)
		return cts_receive_fail(offset, "is a delta of what lies before the pack");
	base = cts_receive_entry_at(receiving, offset - head->distance);
	if (base == CTS_RECEIVE_NONE)
		return cts_receive_fail(offset, "is a delta of what is no object");
	if (receiving->entries[base].type == 0) {
		key = key_of(base);
		let_wait(&receiving->by_entry, &key, entry);
		return 0;
	}
	return make(receiving, entry, base);
}

/* ---- settling --------------------------------------------------------------------------------- */

/* Numbers of objects that others may wait for. */
struct stack {
	uint32_t *numbers;
	size_t depth;
};

static int compare_waits(const void *a, const void *b)
{
	const struct cts_receive_wait *one = a, *other = b;

	return cts_oid_compare(&one->base, &other->base);
}

static void sort(struct cts_receive_waits *waits)
{
	if (waits->count > 1)
		qsort(waits->waits, waits->count, sizeof(*waits->waits), compare_waits);
}

/* The first that waits for `base` or for what is sorted behind it. */
static uint32_t first_of(const struct cts_receive_waits *waits, const struct cts_oid *base)
{
	uint32_t low = 0, high = waits->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (cts_oid_compare(&waits->waits[middle].base, base) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int settle_all_of(struct stack *stack, struct cts_pack_receiving *receiving,
	const struct cts_receive_waits *waits, const struct cts_oid *key, uint32_t base)
{
	int rc = 0;

	for (uint32_t i = first_of(waits, key);
		rc == 0 && i < waits->count && cts_oid_equal(&waits->waits[i].base, key); i++) {
		uint32_t entry = waits->waits[i].entry;

		rc = inflate_entry(&receiving->inflated, receiving, entry);
		if (rc == 0)
			rc = make(receiving, entry, base);
		stack->numbers[stack->depth++] = entry;
	}
	return rc;
}

static int settle_from(struct stack *stack, struct cts_pack_receiving *receiving, uint32_t number)
{
	struct cts_oid key = key_of(number);
	uint32_t named;
	int rc = 0;

	if (number & CTS_RECEIVE_OUTSIDE) {
		key = receiving->outside.entries[number & ~CTS_RECEIVE_OUTSIDE].oid;
		return settle_all_of(stack, receiving, &receiving->by_name, &key, number);
	}
	rc = settle_all_of(stack, receiving, &receiving->by_entry, &key, number);
	/* Where another has the name, those that wait for it are that one's. */
	named = receiving->entries[number].named;
	if (rc < 0 || named == CTS_RECEIVE_NONE)
		return rc;
	key = receiving->index.entries[named].oid;
	return settle_all_of(stack, receiving, &receiving->by_name, &key, number);
}

int cts_receive_settle(struct cts_pack_receiving *receiving)
{
	const struct cts_receive_waits *by_name = &receiving->by_name;
	struct stack stack = {0};
	int rc = 0;

	if (receiving->done == receiving->count)
		return 0;
	sort(&receiving->by_name);
	sort(&receiving->by_entry);
	/* Each is on it once: as known by now, or when it becomes so. */
	stack.numbers = cts_malloc(((size_t)by_name->count * 2 + receiving->by_entry.count + 1) *
		sizeof(*stack.numbers));
	for (uint32_t i = 0; i < by_name->count; i++) {
		const struct cts_oid *base = &by_name->waits[i].base;
		uint32_t known = CTS_RECEIVE_NONE;

		if (i == 0 || !cts_oid_equal(base, &by_name->waits[i - 1].base))
			known = find_known(receiving, base);
		if (known != CTS_RECEIVE_NONE)
			stack.numbers[stack.depth++] = known;
	}
	while (rc == 0 && stack.depth > 0)
		rc = settle_from(&stack, receiving, stack.numbers[--stack.depth]);
	free(stack.numbers);
	if (rc == 0 && receiving->done < receiving->count)
		rc = cts_fail(CTS_EINTEGRITY, "it has a delta of what is not there");
	return rc;
}
