/*
 * Problems: collected as text, since each failure's sentence is gone with the next one.
 */
#include "cli/import/problems.h"

#include "proto/error.h"

void cts_problems_clear(struct cts_problems *problems)
{
	cts_arena_clear(&problems->arena);
	problems->count = 0;
}

void cts_problems_release(struct cts_problems *problems)
{
	cts_arena_release(&problems->arena);
	problems->count = 0;
}

void cts_problems_add(
	struct cts_problems *problems, int code, const char *file, size_t row, size_t column)
{
	const char *message = cts_error_message(code), *hint = cts_error_hint();
	struct cts_arena *arena = &problems->arena;
	struct cts_problem *problem;

	if (problems->count++ >= CTS_PROBLEMS_SHOWN)
		return;
	problem = &problems->shown[problems->count - 1];
	problem->code = code;
	if (row && column)
		problem->text =
			cts_arena_printf(arena, "%s:%zu:%zu: %s", file, row, column, message);
	else if (row)
		problem->text = cts_arena_printf(arena, "%s:%zu: %s", file, row, message);
	else
		problem->text = cts_arena_strdup(arena, message);
	problem->hint = hint ? cts_arena_strdup(arena, hint) : NULL;
}

static int set(const struct cts_problem *problem)
{
	int rc = cts_fail(problem->code, "%s", problem->text);

	if (problem->hint)
		cts_hint("%s", problem->hint);
	return rc;
}

int cts_problems_end(const struct cts_problems *problems, int (*tell)(int code))
{
	size_t shown = problems->count < CTS_PROBLEMS_SHOWN ? problems->count : CTS_PROBLEMS_SHOWN;

	if (problems->count <= 1)
		return problems->count ? set(&problems->shown[0]) : 0;
	for (size_t i = 0; i < shown; i++)
		tell(set(&problems->shown[i]));
	if (problems->count > shown)
		return cts_fail(problems->shown[0].code,
			"and %zu more: %zu errors, nothing was imported", problems->count - shown,
			problems->count);
	return cts_fail(
		problems->shown[0].code, "%zu errors, nothing was imported", problems->count);
}
