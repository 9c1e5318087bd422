/*
 * Index entries of a write transaction, kept until its end and then put in the order of their keys.
 *
 * An import of a million records makes six million entries, each in another place of the index; put one by
 * one they would touch its pages in no order, split each in halves, and read back what LMDB had to spill.
 * Sorted, they are one walk. What stands before the id (kind, field, value) is kept once for all entries
 * that have it, and an id once for all entries of its record, so an entry takes 8 bytes here. Of several
 * operations on one key the last counts.
 *
 * Nobody may read the index of a transaction that has a queue: cts_index_flush comes first.
 */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"

enum { SLOTS_FIRST = 256 };

size_t cts_index_queue_bytes = 128 << 20;

struct entry {
	uint32_t prefix;
	uint32_t id : 31; /* its place in `ids`: a later record has a greater one */
	uint32_t is_put : 1;
};

struct prefix {
	uint32_t start, size; /* in `text` */
	uint32_t entries;
};

struct cts_index_queue {
	struct cts_buf text; /* prefixes, one behind the other */
	struct cts_buf ids;  /* NUL-terminated */
	struct prefix *prefixes;
	size_t prefix_count, prefix_capacity;
	uint32_t *slots; /* number of a prefix + 1, open addressing; a power of two of them */
	size_t slot_count;
	struct entry *entries;
	size_t count, capacity;
};

void cts_index_queue_free(struct cts_index_queue *queue)
{
	if (!queue)
		return;
	cts_buf_release(&queue->text);
	cts_buf_release(&queue->ids);
	free(queue->prefixes);
	free(queue->slots);
	free(queue->entries);
	free(queue);
}

/* ---- adding ----------------------------------------------------------------------------------- */

static struct cts_slice prefix_at(const struct cts_index_queue *queue, size_t number)
{
	const struct prefix *prefix = &queue->prefixes[number];

	return (struct cts_slice){.data = queue->text.data + prefix->start, .size = prefix->size};
}

static uint32_t *slot_of(const struct cts_index_queue *queue, struct cts_slice prefix)
{
	const unsigned char *bytes = prefix.data;
	uint64_t hash = 1469598103934665603u; /* FNV-1a */
	size_t slot;

	for (size_t i = 0; i < prefix.size; i++)
		hash = (hash ^ bytes[i]) * 1099511628211u;
	for (slot = (hash ^ hash >> 32) & (queue->slot_count - 1); queue->slots[slot];
		slot = (slot + 1) & (queue->slot_count - 1)) {
		struct cts_slice other = prefix_at(queue, queue->slots[slot] - 1);

		if (other.size == prefix.size && memcmp(other.data, prefix.data, prefix.size) == 0)
			break;
	}
	return &queue->slots[slot];
}

static void grow_slots(struct cts_index_queue *queue)
{
	queue->slot_count = queue->slot_count ? queue->slot_count * 2 : SLOTS_FIRST;
	free(queue->slots);
	queue->slots = cts_malloc(queue->slot_count * sizeof(*queue->slots));
	memset(queue->slots, 0, queue->slot_count * sizeof(*queue->slots));
	for (size_t i = 0; i < queue->prefix_count; i++)
		*slot_of(queue, prefix_at(queue, i)) = (uint32_t)i + 1;
}

static uint32_t number_prefix(struct cts_index_queue *queue, struct cts_slice text)
{
	uint32_t *slot;

	if (queue->prefix_count * 2 >= queue->slot_count)
		grow_slots(queue);
	slot = slot_of(queue, text);
	if (*slot)
		return *slot - 1;
	if (queue->prefix_count == queue->prefix_capacity) {
		queue->prefix_capacity = queue->prefix_capacity ? queue->prefix_capacity * 2 : 64;
		queue->prefixes = cts_realloc(
			queue->prefixes, queue->prefix_capacity * sizeof(*queue->prefixes));
	}
	queue->prefixes[queue->prefix_count] = (struct prefix){
		.start = (uint32_t)queue->text.size, .size = (uint32_t)text.size};
	cts_buf_put(&queue->text, text.data, text.size);
	*slot = (uint32_t)++queue->prefix_count;
	return *slot - 1;
}

/* What is held, and what the flush will need besides. */
static size_t used_bytes(const struct cts_index_queue *queue)
{
	return queue->text.size + queue->ids.size +
		queue->prefix_capacity * (sizeof(struct prefix) + sizeof(uint32_t)) +
		queue->slot_count * sizeof(uint32_t) + 2 * queue->count * sizeof(struct entry);
}

int cts_index_queue_begin(struct cts_txn *txn, const char *id)
{
	int rc = 0;

	if (txn->index_queue && used_bytes(txn->index_queue) > cts_index_queue_bytes)
		rc = cts_index_flush(txn);
	if (!txn->index_queue) {
		txn->index_queue = cts_malloc(sizeof(*txn->index_queue));
		memset(txn->index_queue, 0, sizeof(*txn->index_queue));
	}
	txn->index_queue_id = txn->index_queue->ids.size;
	cts_buf_put(&txn->index_queue->ids, id, strlen(id) + 1);
	return rc;
}

void cts_index_queue_add(struct cts_txn *txn, struct cts_slice prefix, bool is_put)
{
	struct cts_index_queue *queue = txn->index_queue;
	uint32_t number = number_prefix(queue, prefix);

	if (queue->count == queue->capacity) {
		queue->capacity = queue->capacity ? queue->capacity + queue->capacity / 2 : 64;
		queue->entries =
			cts_realloc(queue->entries, queue->capacity * sizeof(*queue->entries));
	}
	queue->entries[queue->count++] = (struct entry){
		.prefix = number,
		.id = (uint32_t)txn->index_queue_id & 0x7fffffff,
		.is_put = is_put,
	};
	queue->prefixes[number].entries++;
}

/* ---- putting ---------------------------------------------------------------------------------- */

static int compare_prefixes(const void *a, const void *b, void *context)
{
	struct cts_slice x = prefix_at(context, *(const uint32_t *)a);
	struct cts_slice y = prefix_at(context, *(const uint32_t *)b);
	int order = memcmp(x.data, y.data, x.size < y.size ? x.size : y.size);

	return order ? order : (x.size > y.size) - (x.size < y.size);
}

/* By id, then by time: within a record an entry is taken out before it is put. */
static int compare_entries(const void *a, const void *b, void *context)
{
	const struct cts_index_queue *queue = context;
	const struct entry *x = a, *y = b;
	int order = x->id == y->id ? 0 : strcmp(queue->ids.data + x->id, queue->ids.data + y->id);

	if (order)
		return order;
	return x->id != y->id ? (x->id > y->id) - (x->id < y->id) : x->is_put - y->is_put;
}

/* The entries of one prefix, in order of the key; most often they came so. */
static void sort_entries(struct cts_index_queue *queue, struct entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (compare_entries(&entries[i - 1], &entries[i], queue) <= 0)
			continue;
		qsort_r(entries, count, sizeof(*entries), compare_entries, queue);
		return;
	}
}

static int put_entries(struct cts_txn *txn, struct cts_slice prefix, const struct entry *entries,
	size_t count, struct cts_buf *key)
{
	static const struct cts_slice nothing = {.data = "", .size = 0};
	const char *ids = txn->index_queue->ids.data;
	int rc = 0;

	for (size_t i = 0; i < count && rc >= 0; i++) {
		const char *id = ids + entries[i].id;

		if (i + 1 < count && strcmp(id, ids + entries[i + 1].id) == 0)
			continue;
		cts_buf_clear(key);
		cts_buf_put(key, prefix.data, prefix.size);
		cts_buf_puts(key, id);
		rc = entries[i].is_put ? cts_db_put(txn, CTS_DB_INDEX, cts_buf_slice(key), nothing)
				       : cts_db_delete(txn, CTS_DB_INDEX, cts_buf_slice(key));
	}
	return rc < 0 ? rc : 0;
}

int cts_index_flush(struct cts_txn *txn)
{
	struct cts_index_queue *queue = txn->index_queue;
	uint32_t *order = NULL;
	size_t *ends = NULL;
	struct entry *sorted = NULL;
	struct cts_buf key = {0};
	size_t start = 0;
	int rc = 0;

	if (!queue || !queue->count)
		return 0;
	order = cts_malloc(queue->prefix_count * sizeof(*order));
	ends = cts_malloc(queue->prefix_count * sizeof(*ends));
	sorted = cts_malloc(queue->count * sizeof(*sorted));
	for (size_t i = 0; i < queue->prefix_count; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, queue->prefix_count, sizeof(*order), compare_prefixes, queue);
	for (size_t i = 0; i < queue->prefix_count; i++) {
		ends[order[i]] = start;
		start += queue->prefixes[order[i]].entries;
	}
	for (size_t i = 0; i < queue->count; i++)
		sorted[ends[queue->entries[i].prefix]++] = queue->entries[i];
	for (size_t i = 0; i < queue->prefix_count && rc == 0; i++) {
		size_t count = queue->prefixes[order[i]].entries;
		struct entry *entries = sorted + ends[order[i]] - count;

		sort_entries(queue, entries, count);
		rc = put_entries(txn, prefix_at(queue, order[i]), entries, count, &key);
	}
	free(order);
	free(ends);
	free(sorted);
	cts_buf_release(&key);
	cts_index_queue_free(queue);
	txn->index_queue = NULL;
	return rc;
}
