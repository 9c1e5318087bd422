/*
 * Recommendations of a cell: references such as `Rec 33 & 34` or `Recs 3-5`, and dashes, each one
 * token.
 */
#include "cli/import/cells.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cli/import/markup.h"

/* More numbers than any inquiry has; also bounds a range such as `Rec 1-99999`. */
#define NUMBER_MAX 999

static size_t read_number(const char *text, size_t *number)
{
	size_t size = 0;

	*number = 0;
	while (isdigit((unsigned char)text[size]) && *number <= NUMBER_MAX)
		*number = *number * 10 + (size_t)(text[size++] - '0');
	return size && *number <= NUMBER_MAX && !isalnum((unsigned char)text[size]) ? size : 0;
}

/* Size of `Rec`, `Recs.`, `Recommendation` and the spaces behind it. */
static size_t rec_word(const char *text)
{
	static const char *const words[] = {
		"recommendations", "recommendation", "recs", "rec", "r"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t size = strlen(words[i]);

		if (strncasecmp(text, words[i], size) != 0)
			continue;
		size += text[size] == '.';
		size += strspn(text + size, " ");
		if (isdigit((unsigned char)text[size]))
			return size;
	}
	return 0;
}

static void push_number(
	struct cts_arena *arena, struct cts_recommendation_token *token, size_t number)
{
	*(size_t *)cts_arena_push(arena, &token->numbers, &token->count, sizeof(*token->numbers)) =
		number;
}

/* What joins two numbers: '&' and, ',' a comma, '-' a range, 0 nothing. */
static char number_joint(const char *text, size_t *size)
{
	size_t gap = strspn(text, " "), dash;
	char joint = 0;

	*size = gap;
	if (text[gap] == '&' || text[gap] == '/' || text[gap] == '+') {
		joint = '&';
		*size = gap + 1;
	} else if (text[gap] == ',') {
		joint = ',';
		*size = gap + 1;
		if (strncmp(text + *size, " and ", 5) == 0)
			*size += 5;
	} else if (gap && strncasecmp(text + gap, "and ", 4) == 0) {
		joint = '&';
		*size = gap + 4;
	} else if (gap && strncasecmp(text + gap, "to ", 3) == 0) {
		joint = '-';
		*size = gap + 3;
	} else if (!gap && cts_cell_dash_at(text, &dash)) {
		joint = '-';
		*size = dash;
	}
	*size += strspn(text + *size, " ");
	*size += joint ? rec_word(text + *size) * (joint == '&') : 0;
	return isdigit((unsigned char)text[*size]) ? joint : 0;
}

/* Reads `Rec 33 & 34` at `text`. @return its size, 0: none */
static size_t read_reference(struct cts_recommendation_token *token, struct cts_arena *arena,
	const char *text, bool comma_joins)
{
	size_t size = rec_word(text), number, read, joint_size;

	read = read_number(text + size, &number);
	if (!read)
		return 0;
	push_number(arena, token, number);
	size += read;
	for (;;) {
		char joint = number_joint(text + size, &joint_size);
		size_t last = number;

		if (!joint || (joint == ',' && !comma_joins))
			break;
		read = read_number(text + size + joint_size, &number);
		if (!read)
			break;
		if (joint == '-' && number <= last)
			return 0;
		for (size_t n = last + 1; joint == '-' && n < number; n++)
			push_number(arena, token, n);
		push_number(arena, token, number);
		size += joint_size + read;
	}
	return size;
}

static void read_tokens(struct cts_recommendations *out, struct cts_arena *arena, const char *text,
	bool comma_joins)
{
	*out = (struct cts_recommendations){0};
	for (const char *at = text; *(at += strspn(at, " ,;"));) {
		struct cts_recommendation_token token = {0};
		size_t size, dash = cts_markup_bullet(at, false);

		if (dash) {
			at += dash;
			continue;
		}
		if (cts_cell_dash_at(at, &dash) && (!at[dash] || strchr(" ,;", at[dash])))
			size = dash;
		else
			size = read_reference(&token, arena, at, comma_joins);
		if (!size || (at[size] && !strchr(" ,;", at[size]))) {
			out->unread = text;
			return;
		}
		*(struct cts_recommendation_token *)cts_arena_push(
			arena, &out->tokens, &out->count, sizeof(*out->tokens)) = token;
		at += size;
	}
}

void cts_cell_recommendations(
	struct cts_recommendations *out, struct cts_arena *arena, const char *cell, size_t want)
{
	const char *text = cts_markup_plain(arena, cell);
	struct cts_recommendations apart;

	read_tokens(out, arena, text, true);
	if (out->unread || out->count == want)
		return;
	read_tokens(&apart, arena, text, false);
	if (!apart.unread && apart.count == want)
		*out = apart;
}
