/*
 * Random records for property tests: every kind of a schema, every type, texts that need escaping,
 * unknown members, conflicts. Everything follows from one seed, printed when it is chosen.
 */
#ifndef CTS_TESTS_RECORDS_H
#define CTS_TESTS_RECORDS_H

#include "proto/record.h"

struct dice {
	uint64_t state;
};

/* Seeded by CTS_SEED, else by the clock; prints the seed. */
struct dice dice_of_run(void);
uint64_t dice_below(struct dice *dice, uint64_t below);
bool dice_chance(struct dice *dice, unsigned percent);
struct cts_oid dice_oid(struct dice *dice);

/* Normal text of 1 to `max` characters. */
const char *dice_text(struct dice *dice, struct cts_arena *arena, size_t max);

/* A value of the field's type, in canonical form, never unset. */
struct cts_value dice_value(
	struct dice *dice, struct cts_arena *arena, const struct cts_field *field);

/* An unknown member's value: canonical JSON. */
const char *dice_json(struct dice *dice, struct cts_arena *arena);

/* Initialises `out`. `is_rich`: with unknown members and conflicts. */
void dice_record(
	struct cts_record *out, struct dice *dice, const struct cts_kind *kind, bool is_rich);

#endif
