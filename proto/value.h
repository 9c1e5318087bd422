/*
 * A value: what one field of one record holds, as texts. Whatever its type in the schema, a value is
 * a list of canonical texts (an int32 is "12", an enumerator its name, a bool "true"), so that diff,
 * merge, history and output have one form to deal with; protobuf and JSON keep the type on disk.
 *
 * A scalar holds at most one item, and none when it is unset: proto3's default values ("" 0 false
 * "unspecified" and the empty list) are unset and never stored. Items are never NULL.
 * Values borrow their items from an arena.
 */
#ifndef CTS_PROTO_VALUE_H
#define CTS_PROTO_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/arena.h"

#define CTS_VALUE_MAX (64 * 1024)    /* bytes that a person may put into one field */
#define CTS_RECORD_MAX (1024 * 1024) /* bytes that a person may put into one record */

struct cts_value {
	size_t count;
	const char *const *items;
};

/* The value of one text; unset for "". The item itself is borrowed, not copied. */
struct cts_value cts_value_of(struct cts_arena *arena, const char *text);

/* A deep copy in `arena`. */
struct cts_value cts_value_copy(struct cts_arena *arena, struct cts_value value);

bool cts_value_is_set(struct cts_value value);
bool cts_value_equal(struct cts_value a, struct cts_value b);
bool cts_value_has(struct cts_value value, const char *item);

/* Sum of the items' sizes. */
size_t cts_value_size(struct cts_value value);

/* The first item, or "" when unset. */
const char *cts_value_text(struct cts_value value);

/* Members sorted by bytes, each once: the canonical form of a SET. Items are borrowed. */
struct cts_value cts_value_sorted(struct cts_arena *arena, struct cts_value value);

/* With one more item at the end; without the first equal item (unchanged if there is none). */
struct cts_value cts_value_with(struct cts_arena *arena, struct cts_value value, const char *item);
struct cts_value cts_value_without(struct cts_arena *arena, struct cts_value value, const char *item);

#endif
