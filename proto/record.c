/*
 * A record in memory. Values are texts that borrow from the record's arena; replacing one leaves
 * the old text behind until the record is reset, which is cheaper than owning each.
 */
#include "proto/record.h"

#include <stdlib.h>
#include <string.h>

#include "proto/record_internal.h"

void cts_record_begin(struct cts_record *record, const struct cts_kind *kind, const char *id)
{
	record->kind = kind;
	record->id = cts_arena_strdup(&record->arena, id);
	record->values =
		cts_arena_alloc(&record->arena, kind->field_count * sizeof(*record->values));
	record->unknown = NULL;
	record->unknown_count = 0;
	record->conflicts = NULL;
	record->conflict_count = 0;
}

void cts_record_init(struct cts_record *record, const struct cts_kind *kind, const char *id)
{
	record->arena = (struct cts_arena){0};
	cts_record_begin(record, kind, id);
}

void cts_record_release(struct cts_record *record)
{
	cts_arena_release(&record->arena);
	*record = (struct cts_record){0};
}

void cts_record_reset(struct cts_record *record, const struct cts_kind *kind, const char *id)
{
	/* The id may be the record's own, which clearing would take away. */
	char *kept = cts_malloc(strlen(id) + 1);

	strcpy(kept, id);
	cts_arena_clear(&record->arena);
	cts_record_begin(record, kind, kept);
	free(kept);
}

static struct cts_side copy_side(struct cts_arena *arena, const struct cts_side *side)
{
	return (struct cts_side){
		.value = cts_value_copy(arena, side->value),
		.agency = cts_arena_strdup(arena, side->agency),
		.author = cts_arena_strdup(arena, side->author),
		.time = side->time,
		.commit = side->commit,
		.sha256 = side->sha256 ? cts_arena_strdup(arena, side->sha256) : NULL,
	};
}

void cts_record_copy(struct cts_record *out, const struct cts_record *record)
{
	struct cts_arena *arena = &out->arena;

	cts_record_init(out, record->kind, record->id);
	for (size_t i = 0; i < record->kind->field_count; i++)
		out->values[i] = cts_value_copy(arena, record->values[i]);
	for (size_t i = 0; i < record->unknown_count; i++) {
		struct cts_unknown *to = cts_arena_push(
			arena, &out->unknown, &out->unknown_count, sizeof(*out->unknown));

		to->in_fields = record->unknown[i].in_fields;
		to->name = cts_arena_strdup(arena, record->unknown[i].name);
		to->json = cts_arena_strdup(arena, record->unknown[i].json);
	}
	out->conflicts = cts_arena_alloc(arena, record->conflict_count * sizeof(*out->conflicts));
	out->conflict_count = record->conflict_count;
	for (size_t i = 0; i < record->conflict_count; i++) {
		const struct cts_conflict *from = &record->conflicts[i];
		struct cts_side *sides = cts_arena_alloc(arena, from->side_count * sizeof(*sides));

		for (size_t j = 0; j < from->side_count; j++)
			sides[j] = copy_side(arena, &from->sides[j]);
		out->conflicts[i] = (struct cts_conflict){
			.field = cts_arena_strdup(arena, from->field),
			.sides = sides,
			.side_count = from->side_count,
		};
	}
}

struct cts_value cts_record_get(const struct cts_record *record, const struct cts_field *field)
{
	return record->values[field->index];
}

const char *cts_record_text(const struct cts_record *record, const char *field_name)
{
	const struct cts_field *field = cts_kind_field(record->kind, field_name);

	return field ? cts_value_text(record->values[field->index]) : "";
}

void cts_record_set(
	struct cts_record *record, const struct cts_field *field, struct cts_value value)
{
	value = cts_value_copy(&record->arena, value);
	if (field->merge == CTS_MERGE_SET)
		value = cts_value_sorted(&record->arena, value);
	record->values[field->index] = value;
}

const struct cts_conflict *cts_record_conflict(
	const struct cts_record *record, const char *field_name)
{
	size_t low = 0, high = record->conflict_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(record->conflicts[middle].field, field_name);

		if (order == 0)
			return &record->conflicts[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void cts_record_settle(struct cts_record *record, const char *field_name)
{
	const struct cts_conflict *found = cts_record_conflict(record, field_name);
	size_t at;

	if (!found)
		return;
	at = (size_t)(found - record->conflicts);
	record->conflict_count--;
	memmove(&record->conflicts[at], &record->conflicts[at + 1],
		(record->conflict_count - at) * sizeof(*record->conflicts));
}

/* ---- equality ---------------------------------------------------------------------------------
 */

bool cts_side_equal(const struct cts_side *a, const struct cts_side *b)
{
	if (!cts_oid_equal(&a->commit, &b->commit) || !a->sha256 != !b->sha256)
		return false;
	if (a->sha256)
		return strcmp(a->sha256, b->sha256) == 0;
	return a->time == b->time && strcmp(a->agency, b->agency) == 0 &&
	       strcmp(a->author, b->author) == 0 && cts_value_equal(a->value, b->value);
}

bool cts_conflict_equal(const struct cts_conflict *a, const struct cts_conflict *b)
{
	if (a->side_count != b->side_count || strcmp(a->field, b->field) != 0)
		return false;
	for (size_t i = 0; i < a->side_count; i++)
		if (!cts_side_equal(&a->sides[i], &b->sides[i]))
			return false;
	return true;
}

bool cts_record_equal(const struct cts_record *a, const struct cts_record *b)
{
	if (a->kind->field_count != b->kind->field_count || a->unknown_count != b->unknown_count ||
		a->conflict_count != b->conflict_count)
		return false;
	for (size_t i = 0; i < a->kind->field_count; i++)
		if (!cts_value_equal(a->values[i], b->values[i]))
			return false;
	for (size_t i = 0; i < a->unknown_count; i++)
		if (a->unknown[i].in_fields != b->unknown[i].in_fields ||
			strcmp(a->unknown[i].name, b->unknown[i].name) != 0 ||
			strcmp(a->unknown[i].json, b->unknown[i].json) != 0)
			return false;
	for (size_t i = 0; i < a->conflict_count; i++)
		if (!cts_conflict_equal(&a->conflicts[i], &b->conflicts[i]))
			return false;
	return true;
}

/* ---- names and unknown members ----------------------------------------------------------------
 */

const char *cts_record_key(struct cts_arena *arena, const struct cts_record *record)
{
	return cts_arena_printf(arena, "%s/%s", record->kind->name, record->id);
}

const char *cts_unknown_key(struct cts_arena *arena, const struct cts_unknown *unknown)
{
	return cts_arena_printf(arena, "%s/%s", unknown->in_fields ? "fields" : "", unknown->name);
}

static struct cts_unknown split_key(const char *key)
{
	const char *name = strchr(key, '/');

	return (struct cts_unknown){.in_fields = key[0] != '/', .name = name ? name + 1 : key};
}

static int compare_unknown(const struct cts_unknown *a, const struct cts_unknown *b)
{
	if (a->in_fields != b->in_fields)
		return a->in_fields ? 1 : -1;
	return strcmp(a->name, b->name);
}

/* Where the member stands, or would. */
static size_t find_unknown(bool *found, const struct cts_record *record, struct cts_unknown wanted)
{
	size_t low = 0, high = record->unknown_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_unknown(&record->unknown[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found =
		low < record->unknown_count && compare_unknown(&record->unknown[low], &wanted) == 0;
	return low;
}

const struct cts_unknown *cts_record_unknown(const struct cts_record *record, const char *key)
{
	bool found;
	size_t at = find_unknown(&found, record, split_key(key));

	return found ? &record->unknown[at] : NULL;
}

void cts_record_set_unknown(struct cts_record *record, const char *key, const char *json)
{
	struct cts_unknown wanted = split_key(key);
	bool found;
	size_t at = find_unknown(&found, record, wanted);

	if (json && !found) {
		cts_arena_push(&record->arena, &record->unknown, &record->unknown_count,
			sizeof(*record->unknown));
		memmove(&record->unknown[at + 1], &record->unknown[at],
			(record->unknown_count - 1 - at) * sizeof(*record->unknown));
		wanted.name = cts_arena_strdup(&record->arena, wanted.name);
		record->unknown[at] = wanted;
	}
	if (json) {
		record->unknown[at].json = cts_arena_strdup(&record->arena, json);
	} else if (found) {
		record->unknown_count--;
		memmove(&record->unknown[at], &record->unknown[at + 1],
			(record->unknown_count - at) * sizeof(*record->unknown));
	}
}
