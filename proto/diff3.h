/*
 * Sequence difference and three-way merge, frozen with the format: every store must compute the same
 * result for ever, so this is our own code, simple enough to write down exactly.
 *
 * Difference: after the common prefix and suffix are set aside, the longest common subsequence by the
 * classic table (cell (i,j) = length for base[i..] and side[j..]); walking it from the start, equal
 * elements match, else the base element is dropped when cell (i+1,j) >= cell (i,j+1), else the side's
 * is inserted. Runs of drops and inserts between matches are one change. A middle of more than
 * 4,194,304 cells is one change.
 *
 * Merge: the changes of both sides to the base are walked in order of (start, end). Two that are the
 * same (range and content) count once. Two of which the later starts before the earlier ends, or where
 * the earlier begins, overlap: no merge.
 */
#ifndef CTS_PROTO_DIFF3_H
#define CTS_PROTO_DIFF3_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/arena.h"
#include "proto/value.h"

/* base[from..to) is replaced by side[start..end). */
struct cts_sequence_change {
	size_t from, to;
	size_t start, end;
};

size_t cts_sequence_diff(struct cts_sequence_change **out, struct cts_arena *arena,
	struct cts_value base, struct cts_value side);

/* False when changes overlap; `out` is then untouched. Items are borrowed from the inputs. */
bool cts_sequence_merge(struct cts_value *out, struct cts_arena *arena, struct cts_value base,
	struct cts_value ours, struct cts_value theirs);

/* The same for text: by line; where both change the same single line of the base into a single line
 * each, that line is merged by word (runs of spaces and tabs, and runs of other characters, are the
 * elements). */
bool cts_text_merge(const char **out, struct cts_arena *arena, const char *base, const char *ours,
	const char *theirs);

#endif
