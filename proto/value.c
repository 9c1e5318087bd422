/*
 * Values as lists of borrowed texts. Most hold one item; nothing here copies a text unless it says so.
 */
#include "proto/value.h"

#include <stdlib.h>
#include <string.h>

struct cts_value cts_value_of(struct cts_arena *arena, const char *text)
{
	const char **items;

	if (!text[0])
		return (struct cts_value){0};
	items = cts_arena_alloc(arena, sizeof(*items));
	items[0] = text;
	return (struct cts_value){.count = 1, .items = items};
}

struct cts_value cts_value_copy(struct cts_arena *arena, struct cts_value value)
{
	const char **items;

	if (!value.count)
		return (struct cts_value){0};
	items = cts_arena_alloc(arena, value.count * sizeof(*items));
	for (size_t i = 0; i < value.count; i++)
		items[i] = cts_arena_strdup(arena, value.items[i]);
	return (struct cts_value){.count = value.count, .items = items};
}

bool cts_value_is_set(struct cts_value value)
{
	return value.count > 0;
}

bool cts_value_equal(struct cts_value a, struct cts_value b)
{
	if (a.count != b.count)
		return false;
	for (size_t i = 0; i < a.count; i++)
		if (strcmp(a.items[i], b.items[i]) != 0)
			return false;
	return true;
}

bool cts_value_has(struct cts_value value, const char *item)
{
	for (size_t i = 0; i < value.count; i++)
		if (strcmp(value.items[i], item) == 0)
			return true;
	return false;
}

size_t cts_value_size(struct cts_value value)
{
	size_t size = 0;

	for (size_t i = 0; i < value.count; i++)
		size += strlen(value.items[i]);
	return size;
}

const char *cts_value_text(struct cts_value value)
{
	return value.count ? value.items[0] : "";
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct cts_value cts_value_sorted(struct cts_arena *arena, struct cts_value value)
{
	const char **items;
	size_t kept = 0;
	bool is_sorted = true;

	for (size_t i = 1; i < value.count && is_sorted; i++)
		is_sorted = strcmp(value.items[i - 1], value.items[i]) < 0;
	if (is_sorted)
		return value;
	items = cts_arena_memdup(arena, value.items, value.count * sizeof(*items));
	qsort(items, value.count, sizeof(*items), compare_items);
	for (size_t i = 0; i < value.count; i++)
		if (!kept || strcmp(items[kept - 1], items[i]) != 0)
			items[kept++] = items[i];
	return (struct cts_value){.count = kept, .items = items};
}

struct cts_value cts_value_with(struct cts_arena *arena, struct cts_value value, const char *item)
{
	const char **items = cts_arena_alloc(arena, (value.count + 1) * sizeof(*items));

	if (value.count)
		memcpy(items, value.items, value.count * sizeof(*items));
	items[value.count] = item;
	return (struct cts_value){.count = value.count + 1, .items = items};
}

struct cts_value cts_value_without(struct cts_arena *arena, struct cts_value value, const char *item)
{
	const char **items;
	size_t at = 0;

	while (at < value.count && strcmp(value.items[at], item) != 0)
		at++;
	if (at == value.count)
		return value;
	if (value.count == 1)
		return (struct cts_value){0};
	items = cts_arena_alloc(arena, (value.count - 1) * sizeof(*items));
	memcpy(items, value.items, at * sizeof(*items));
	memcpy(items + at, value.items + at + 1, (value.count - 1 - at) * sizeof(*items));
	return (struct cts_value){.count = value.count - 1, .items = items};
}
