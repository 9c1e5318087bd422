/*
 * What the files of the merge share: the newest edits of a field with the changes that made them,
 * in the order that every store agrees on, and the fold of a LIST or TEXT over them.
 */
#ifndef CTS_PROTO_MERGE_FOLD_H
#define CTS_PROTO_MERGE_FOLD_H

#include "proto/merge.h"

/* One of several newest edits: a side, should it come to a conflict. */
struct cts_merge_side {
	const struct cts_newest *edit;
	const struct cts_change *change;
};

/* REGISTER for unknown members and CTS_DELETED. */
enum cts_merge_class cts_merge_class_of(const struct cts_kind *kind, const char *name);

/* All have one value; of none or one, true. */
bool cts_merge_is_agreed(const struct cts_newest *newest, size_t count);

/* The newest edits in order of commit id. @return CTS_EDAMAGED when one is not sealed: a pending
 * change has seen everything that its store holds, so it is never one of several */
int cts_merge_sides(struct cts_merge_side **out, struct cts_arena *arena,
	const struct cts_newest *newest, size_t count, const struct cts_past *past);

/* The value of a LIST or TEXT field with several newest edits. 1: `*out` is it, in `arena` or
 * borrowed from an edit; 0: it is in conflict; or an error of the history. */
int cts_merge_fold(struct cts_value *out, struct cts_arena *arena, const struct cts_field *field,
	const struct cts_merge_side *sides, size_t count, const struct cts_past *past);

#endif
