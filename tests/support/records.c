/*
 * Random records for property tests; see records.h.
 */
#include "tests/support/records.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct dice dice_of_run(void)
{
	const char *text = getenv("CTS_SEED");
	struct dice dice = {.state = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL)};

	printf("seed %" PRIu64 " (CTS_SEED)\n", dice.state);
	return dice;
}

/* splitmix64 */
uint64_t dice_below(struct dice *dice, uint64_t below)
{
	uint64_t z = dice->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % below;
}

bool dice_chance(struct dice *dice, unsigned percent)
{
	return dice_below(dice, 100) < percent;
}

struct cts_oid dice_oid(struct dice *dice)
{
	struct cts_oid oid;

	for (size_t i = 0; i < CTS_OID_SIZE; i++)
		oid.bytes[i] = (uint8_t)dice_below(dice, 256);
	oid.bytes[0] |= 1;
	return oid;
}

const char *dice_text(struct dice *dice, struct cts_arena *arena, size_t max)
{
	static const char *const pieces[] = {"a", "Q3 2021", " ", "\n", "\t", "\"", "\\", "/", "ā",
		"Kāpuia", "é", "…", "\xf0\x9f\x8c\xb1", "汉字", "<", "&", "{", "]", ",", "0",
		"null", "x: y", "'"};
	size_t count = 1 + dice_below(dice, max);
	struct cts_buf text = {0};
	const char *copy;

	for (size_t i = 0; i < count; i++)
		cts_buf_puts(&text, pieces[dice_below(dice, sizeof(pieces) / sizeof(*pieces))]);
	copy = cts_arena_strdup(arena, cts_buf_text(&text));
	cts_buf_release(&text);
	return copy;
}

static const char *item(struct dice *dice, struct cts_arena *arena, const struct cts_field *field)
{
	static const int64_t signed_edges[] = {1, -1, 127, 128, -128, INT32_MAX, INT32_MIN, 12};
	int64_t edge = signed_edges[dice_below(dice, 8)];

	switch (field->type) {
	case CTS_TYPE_STRING: return dice_text(dice, arena, 8);
	case CTS_TYPE_BOOL: return field->repeated && dice_chance(dice, 50) ? "false" : "true";
	case CTS_TYPE_INT32: return cts_arena_printf(arena, "%" PRId64, edge);
	case CTS_TYPE_UINT32:
		return cts_arena_printf(arena, "%" PRIu64,
			dice_chance(dice, 20) ? UINT32_MAX : 1 + dice_below(dice, 100000));
	case CTS_TYPE_INT64:
		if (dice_chance(dice, 20))
			return dice_chance(dice, 50) ? "-9223372036854775808"
						     : "9223372036854775807";
		return cts_arena_printf(arena, "%" PRId64, edge);
	case CTS_TYPE_UINT64:
		return dice_chance(dice, 20) ? "18446744073709551615"
					     : cts_arena_printf(arena, "%" PRIu64,
						       1 + dice_below(dice, UINT64_MAX));
	case CTS_TYPE_ENUM:
		return field->enumerators[dice_below(dice, field->enumerator_count)].name;
	}
	return "";
}

struct cts_value dice_value(
	struct dice *dice, struct cts_arena *arena, const struct cts_field *field)
{
	size_t count = field->repeated ? 1 + dice_below(dice, 4) : 1;
	const char **items = cts_arena_alloc(arena, count * sizeof(*items));
	struct cts_value value = {.count = count, .items = items};

	for (size_t i = 0; i < count; i++)
		items[i] = item(dice, arena, field);
	return field->merge == CTS_MERGE_SET ? cts_value_sorted(arena, value) : value;
}

const char *dice_json(struct dice *dice, struct cts_arena *arena)
{
	static const char *const values[] = {"null", "true", "false", "0", "-7",
		"123456789012345678901234567890", "\"\"", "\"new\"", "\"a \\\"b\\\" \\\\ \\n ā\"",
		"[]", "{}", "[\n  1,\n  [\n    2\n  ]\n]",
		"{\n  \"a\": 1,\n  \"b\": {\n    \"c\": []\n  }\n}"};

	return cts_arena_strdup(arena, values[dice_below(dice, sizeof(values) / sizeof(*values))]);
}

static void add_unknown(struct cts_record *record, struct dice *dice)
{
	static const char *const keys[] = {"/aaa", "/future", "/zzz", "fields/aaa", "fields/future",
		"fields/zzz \"q\"", "/ā", "fields/both", "/both", "fields/deleted", "/a/b"};
	size_t count = dice_below(dice, 5);

	for (size_t i = 0; i < count; i++)
		cts_record_set_unknown(record, keys[dice_below(dice, sizeof(keys) / sizeof(*keys))],
			dice_json(dice, &record->arena));
}

static int compare_sides(const void *a, const void *b)
{
	return cts_oid_compare(
		&((const struct cts_side *)a)->commit, &((const struct cts_side *)b)->commit);
}

static void add_conflict(struct cts_record *record, struct dice *dice, const char *key,
	const struct cts_field *field)
{
	struct cts_arena *arena = &record->arena;
	size_t count = dice_chance(dice, 10) ? 16 + dice_below(dice, 4) : 2 + dice_below(dice, 3);
	struct cts_side *sides = cts_arena_alloc(arena, count * sizeof(*sides));
	struct cts_conflict *conflict = cts_arena_push(
		arena, &record->conflicts, &record->conflict_count, sizeof(*conflict));

	for (size_t i = 0; i < count; i++) {
		sides[i].agency = "nzp";
		sides[i].author = cts_arena_printf(arena, "Aroha %zu <a@b>", i);
		sides[i].time = 1600000000 + (int64_t)dice_below(dice, 1000000000);
		sides[i].commit = dice_oid(dice);
		if (strcmp(key, CTS_DELETED) == 0)
			sides[i].value = cts_value_of(arena, i % 2 ? "true" : "false");
		else if (!field)
			sides[i].value = cts_value_of(arena, dice_json(dice, arena));
		else if (dice_chance(dice, 80))
			sides[i].value = dice_value(dice, arena, field);
		if (field && field->type == CTS_TYPE_STRING && !field->repeated &&
			dice_chance(dice, 5)) {
			char *text = cts_arena_alloc(arena, 5001);

			memset(text, 'x', 4090 + dice_below(dice, 12));
			sides[i].value = cts_value_of(arena, text);
		}
	}
	qsort(sides, count, sizeof(*sides), compare_sides);
	*conflict = (struct cts_conflict){.field = key, .sides = sides, .side_count = count};
}

static int compare_conflicts(const void *a, const void *b)
{
	return strcmp(
		((const struct cts_conflict *)a)->field, ((const struct cts_conflict *)b)->field);
}

void dice_record(
	struct cts_record *out, struct dice *dice, const struct cts_kind *kind, bool is_rich)
{
	unsigned fill = (unsigned)dice_below(dice, 101);

	cts_record_init(out, kind, "nzp.first-hui-x7k2q");
	for (size_t i = 0; i < kind->field_count; i++)
		if (dice_chance(dice, fill))
			cts_record_set(out, &kind->fields[i],
				dice_value(dice, &out->arena, &kind->fields[i]));
	if (!is_rich)
		return;
	add_unknown(out, dice);
	for (size_t i = 0; i < kind->field_count; i++)
		if (dice_chance(dice, 8))
			add_conflict(out, dice, kind->fields[i].name, &kind->fields[i]);
	for (size_t i = 0; i < out->unknown_count; i++)
		if (dice_chance(dice, 30))
			add_conflict(
				out, dice, cts_unknown_key(&out->arena, &out->unknown[i]), NULL);
	if (dice_chance(dice, 10))
		add_conflict(out, dice, CTS_DELETED, NULL);
	if (dice_chance(dice, 10))
		add_conflict(out, dice, "fields/gone", NULL);
	if (dice_chance(dice, 10))
		add_conflict(out, dice, "/gone", NULL);
	if (out->conflict_count)
		qsort(out->conflicts, out->conflict_count, sizeof(*out->conflicts),
			compare_conflicts);
}
