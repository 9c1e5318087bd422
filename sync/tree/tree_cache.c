/*
 * A hash table and a list by last use. The table is never larger than what it holds needs: it
 * doubles with the number of trees. A tree on hold stays in the list and is passed over when room
 * is made.
 */
#include "sync/tree/tree_cache.h"

#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/pack/pack.h"

struct node {
	struct cts_tree tree; /* first, so that a tree is its node */
	struct node *next;    /* of the slot */
	struct node *newer, *older;
	unsigned holds;
	char data[];
};

struct cts_tree_cache {
	cts_tree_read *read;
	void *context;
	struct cts_pack *pack;
	struct cts_buf buf; /* scratch for reading */
	size_t bytes, limit;
	struct node **slots; /* a power of two of them */
	size_t slot_count, count;
	struct node *newest, *oldest;
};

struct cts_tree_cache *cts_tree_cache_open(cts_tree_read *read, void *context, size_t bytes)
{
	struct cts_tree_cache *cache = cts_malloc(sizeof(*cache));

	memset(cache, 0, sizeof(*cache));
	cache->read = read;
	cache->context = context;
	cache->limit = bytes == 0 ? CTS_TREE_CACHE_BYTES : bytes;
	return cache;
}

void cts_tree_cache_free(struct cts_tree_cache *cache)
{
	if (cache == NULL)
		return;
	for (struct node *node = cache->newest, *older; node != NULL; node = older) {
		older = node->older;
		free(node);
	}
	free(cache->slots);
	cts_buf_release(&cache->buf);
	free(cache);
}

void cts_tree_cache_set_pack(struct cts_tree_cache *cache, struct cts_pack *pack)
{
	cache->pack = pack;
}

/* ---- table and list ---- */

static struct node **slot_of(const struct cts_tree_cache *cache, const struct cts_oid *oid)
{
	uint64_t prefix;

	memcpy(&prefix, oid->bytes, sizeof(prefix));
	return &cache->slots[prefix & (cache->slot_count - 1)];
}

static struct node *find(const struct cts_tree_cache *cache, const struct cts_oid *oid)
{
	struct node *node = cache->slot_count == 0 ? NULL : *slot_of(cache, oid);

	while (node != NULL && !cts_oid_equal(&node->tree.oid, oid))
		node = node->next;
	return node;
}

static void unlink_age(struct cts_tree_cache *cache, struct node *node)
{
	if (node->newer != NULL)
		node->newer->older = node->older;
	else
		cache->newest = node->older;
	if (node->older != NULL)
		node->older->newer = node->newer;
	else
		cache->oldest = node->newer;
}

static void link_newest(struct cts_tree_cache *cache, struct node *node)
{
	node->newer = NULL;
	node->older = cache->newest;
	if (cache->newest != NULL)
		cache->newest->newer = node;
	else
		cache->oldest = node;
	cache->newest = node;
}

static void link_oldest(struct cts_tree_cache *cache, struct node *node)
{
	node->older = NULL;
	node->newer = cache->oldest;
	if (cache->oldest != NULL)
		cache->oldest->older = node;
	else
		cache->newest = node;
	cache->oldest = node;
}

static size_t node_size(const struct node *node)
{
	return sizeof(*node) + node->tree.raw.size;
}

static void drop(struct cts_tree_cache *cache, struct node *node)
{
	struct node **at = slot_of(cache, &node->tree.oid);

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	unlink_age(cache, node);
	cache->bytes -= node_size(node);
	cache->count--;
	free(node);
}

static void make_room(struct cts_tree_cache *cache)
{
	struct node *node = cache->oldest, *newer;

	for (; node != NULL && cache->bytes > cache->limit; node = newer) {
		newer = node->newer;
		if (node->holds == 0)
			drop(cache, node);
	}
}

static void grow(struct cts_tree_cache *cache)
{
	cache->slot_count = cache->slot_count == 0 ? 256 : cache->slot_count * 2;
	free(cache->slots);
	cache->slots = cts_malloc(cache->slot_count * sizeof(*cache->slots));
	memset(cache->slots, 0, cache->slot_count * sizeof(*cache->slots));
	for (struct node *node = cache->newest; node != NULL; node = node->older) {
		struct node **slot = slot_of(cache, &node->tree.oid);
		node->next = *slot;
		*slot = node;
	}
}

static struct node *add(
	struct cts_tree_cache *cache, const struct cts_oid *oid, struct cts_slice raw, size_t count)
{
	struct node *node = cts_malloc(sizeof(*node) + raw.size), **slot;
	struct cts_tree_entry first;
	struct cts_slice rest = raw;

	memset(node, 0, sizeof(*node));
	if (raw.size > 0)
		memcpy(node->data, raw.data, raw.size);
	node->tree.oid = *oid;
	node->tree.raw = (struct cts_slice){node->data, raw.size};
	node->tree.count = count;
	node->tree.fanned = cts_tree_next(&first, &rest) && first.is_dir;
	if (cache->count == cache->slot_count)
		grow(cache);
	slot = slot_of(cache, oid);
	node->next = *slot;
	*slot = node;
	link_newest(cache, node);
	cache->bytes += node_size(node);
	cache->count++;
	return node;
}

/* ---- use ---- */

static int read_tree(struct cts_tree_cache *cache, const struct cts_oid *oid)
{
	enum cts_object type;

	if (cache->pack != NULL && cts_pack_has(cache->pack, oid))
		return cts_pack_read(&cache->buf, &type, cache->pack, oid);
	return cache->read(cache->context, &cache->buf, oid);
}

int cts_tree_get(
	const struct cts_tree **out, struct cts_tree_cache *cache, const struct cts_oid *oid)
{
	struct node *node = find(cache, oid);
	size_t count;
	int rc;

	if (node != NULL) {
		unlink_age(cache, node);
		link_newest(cache, node);
	} else {
		rc = read_tree(cache, oid);
		if (rc < 0)
			return rc;
		rc = cts_tree_check(&count, cts_buf_slice(&cache->buf));
		if (rc < 0)
			return rc;
		node = add(cache, oid, cts_buf_slice(&cache->buf), count);
	}
	node->holds++;
	make_room(cache);
	*out = &node->tree;
	return 0;
}

void cts_tree_done(struct cts_tree_cache *cache, const struct cts_tree *tree)
{
	(void)cache;
	if (tree != NULL)
		((struct node *)(uintptr_t)tree)->holds--;
}

void cts_tree_cache_put(
	struct cts_tree_cache *cache, const struct cts_oid *oid, struct cts_slice raw, size_t count)
{
	if (find(cache, oid) != NULL)
		return;
	add(cache, oid, raw, count);
	make_room(cache);
}

void cts_tree_cache_fade(struct cts_tree_cache *cache, const struct cts_oid *oid)
{
	struct node *node = find(cache, oid);

	if (node == NULL)
		return;
	unlink_age(cache, node);
	link_oldest(cache, node);
}
