/*
 * The merge: a record as the newest edits of each field.
 *
 * The state of a field is given by its newest edits: those that no other edit to the field, by someone
 * who had seen them, replaced. One value among them: that is the value. Several: by the field's class.
 * Nothing else decides, so stores that hold the same commits hold the same records, in whatever order
 * and over whatever road the commits came. Frozen by CTS_FORMAT.
 *
 *	REGISTER    several values: a conflict, all newest edits are its sides
 *	WRITE_ONCE  the same
 *	SET         each member on its own: in, if any newest edit of it put it in
 *	LIST, TEXT  folded in order of commit id, each step a three-way merge (diff3.h) on the field's value
 *	            at (union of the pasts so far) meet (past of the next), computed by this same rule. An
 *	            overlap, more than 8 newest edits, more than 32 levels of bases, more than 1,024 folds
 *	            for one value, a base in conflict, or withholding marks in the base or a side: a
 *	            conflict. All sides equal: that value.
 *	STRICTEST   the greatest
 *	INTERSECT   what all newest allow; unset allows all; the one member `none` when that is nothing
 *	deleted     false when both are newest, with a conflict
 *	unknown     members of no known field: like REGISTER
 *
 * Every edit of a record is also an edit of its life (deleted: false, unless it deletes) and of its
 * markings (STRICTEST and INTERSECT fields), to the values that the author saw: words typed under a
 * marking are never lowered by someone who had not read them.
 *
 * Of a conflict one side is shown: the latest by the time it was made, then the greater commit id. Of
 * several newest edits of a SET only those that put a member in are kept: one that takes it out acts by
 * what it replaces.
 *
 * This module has no disk. What it must know of the history it asks through struct cts_past.
 */
#ifndef CTS_PROTO_MERGE_H
#define CTS_PROTO_MERGE_H

#include "proto/change.h"

/* A newest edit of a field: who, and the value; of a SET one member. */
struct cts_newest {
	struct cts_ref by;
	struct cts_value value;
};

struct cts_field_state {
	const char *field;
	struct cts_newest *newest; /* in order of arrival */
	size_t count;
};

/* The state of one record. Fields never edited, and SETs without members, are not in it. */
struct cts_state {
	struct cts_arena *arena; /* borrowed: where the state grows */
	struct cts_field_state *fields; /* in no order */
	size_t count;
};

/* What the merge asks of the history. All functions return 0 or an error that is passed up. */
struct cts_past {
	void *context;
	/* 1: `later` is `earlier` or has it among its ancestors; 0: not. */
	int (*has_seen)(void *context, struct cts_ref later, struct cts_ref earlier);
	/* Adds (joins) the past of a change, itself included, to `out`. */
	int (*add_past)(void *context, struct cts_vector *out, struct cts_ref change);
	/* The change, for the sides of conflicts; borrowed for as long as the context lives. */
	int (*change)(void *context, const struct cts_change **out, struct cts_ref ref);
	/* Every edit of one field of the record at hand, in order of arrival; needed for LIST and TEXT. */
	int (*edits)(void *context, const struct cts_newest **out, size_t *count, const char *field);
};

/* The newest edits of one field; NULL when it has none. */
struct cts_field_state *cts_state_field(const struct cts_state *state, const char *field);

/* Takes one change's edits of the record into the state: explicit edits, life and markings. Ancestors
 * must have been taken before. A change that creates the record edits, besides, every field that had a
 * value in its author's past, set or cleared: the caller passes that past's state as `creation_view`
 * (NULL when the record had no history there; it may be `state` itself). After an error of the history
 * the state is half changed and of no use. */
int cts_state_apply(struct cts_state *state, const struct cts_kind *kind,
	const struct cts_record_edits *edits, struct cts_ref by, const struct cts_state *creation_view,
	const struct cts_past *past);

/* The fields that a creation clears: not among its edits, but with a newest edit in its
 * creation_view that is set. The history must tell them as edits to unset, for struct cts_past's
 * edits() to know them. @return their number; names are borrowed from the view */
size_t cts_state_cleared(const char *const **out, struct cts_arena *arena,
	const struct cts_kind *kind, const struct cts_record_edits *edits,
	const struct cts_state *creation_view);

/* The record that a state shows: values, unknown members, conflicts. `*deleted` tells its life; a
 * deleted record's values are shown too. `out` is initialised by the call, only on success. */
int cts_state_record(struct cts_record *out, bool *deleted, const struct cts_state *state,
	const struct cts_kind *kind, const char *id, const struct cts_past *past);

#endif
