/*
 * What stands in the cells of a programme table: several things in one cell, told apart by lists,
 * runs of spaces, or their own form. Nothing here knows a document; every function reads one cell.
 *
 * Parentheses mean the owner in a workstream, the label in a milestone and a sub-paragraph in a
 * ground.
 * `-` (none), a missing token, `[Various]` and `[Per ...]` are four different things.
 */
#ifndef CTS_CLI_IMPORT_CELLS_H
#define CTS_CLI_IMPORT_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/import/parties.h"
#include "proto/arena.h"

/* The cell points elsewhere: the whole of it is `[...]`, or `Per ...`, `See ...`. */
bool cts_cell_points_elsewhere(const char *text);

/* A dash and nothing else; a dash of any length at the start, and its size in bytes. */
bool cts_cell_is_dash(const char *text);
bool cts_cell_dash_at(const char *text, size_t *size);

/* The cell's items: those of a list, else what runs of two spaces or bullets separate. What is
 * struck out is in no item. */
size_t cts_cell_items(const char ***out, struct cts_arena *arena, const char *cell);

/* ---- overview ------------------------------------------------------------------------------- */

struct cts_overview {
	const char *text;    /* before the first run of spaces or list; may be "" */
	const char *notes;   /* the `[...]` parts as printed, joined by a space; may be "" */
	const char **points; /* the rest */
	size_t point_count;
};
void cts_cell_overview(struct cts_overview *out, struct cts_arena *arena, const char *cell);

/* ---- workstreams ---------------------------------------------------------------------------- */

enum cts_owner_state { CTS_OWNER_MISSING, CTS_OWNER_ASSIGNED, CTS_OWNER_TBD, CTS_OWNER_WITHHELD };

struct cts_workstream_cell {
	const char *title; /* with withholding marks */
	enum cts_owner_state state;
	struct cts_party *owners;
	size_t owner_count;
	const char *withheld_owner; /* the parenthesis with grounds, or NULL */
};
size_t cts_cell_workstreams(
	struct cts_workstream_cell **out, struct cts_arena *arena, const char *cell);

/* ---- recommendations ------------------------------------------------------------------------ */

struct cts_recommendation_token {
	size_t *numbers; /* none: the token is a dash */
	size_t count;
};

struct cts_recommendations {
	struct cts_recommendation_token *tokens;
	size_t count;
	const char *unread; /* the cell's text where it is not tokens from end to end, or NULL */
};

/* `want`: tokens hoped for. `Rec 7, 13` is two where that gives the count, else one of two. */
void cts_cell_recommendations(
	struct cts_recommendations *out, struct cts_arena *arena, const char *cell, size_t want);

/* ---- milestones ----------------------------------------------------------------------------- */

struct cts_milestone_cell {
	const char *due;   /* a fuzzy date or prose; may be "" */
	const char *label; /* may be "" */
};

/* Splits so that there are `want` milestones, where exactly one reading gives as many; where none
 * or several do, or `want` is 0, as the text itself suggests. */
size_t cts_cell_milestones(
	struct cts_milestone_cell **out, struct cts_arena *arena, const char *cell, size_t want);

#endif
