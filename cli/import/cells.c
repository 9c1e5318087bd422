/*
 * Cells of the programme table: items, the overview, workstreams. See also cells_recommendation.c
 * and cells_milestone.c.
 */
#include "cli/import/cells.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cli/import/markup.h"
#include "cli/import/withheld.h"
#include "proto/buf.h"

/* Bytes of the longest parenthesis looked for; an unbalanced one must not cost the whole cell. */
#define GROUP_MAX 1000

bool cts_cell_dash_at(const char *text, size_t *size)
{
	static const char *const dashes[] = {"-", "\u2013", "\u2014", "\u2212"};

	for (size_t i = 0; i < sizeof(dashes) / sizeof(*dashes); i++) {
		*size = strlen(dashes[i]);
		if (strncmp(text, dashes[i], *size) == 0)
			return true;
	}
	return false;
}

bool cts_cell_is_dash(const char *text)
{
	size_t size;

	return cts_cell_dash_at(text, &size) && !text[size];
}

bool cts_cell_points_elsewhere(const char *text)
{
	size_t size = strlen(text);

	if (size > 2 && text[0] == '[' && text[1] != '[' && strchr(text, ']') == text + size - 1)
		return true;
	return strncasecmp(text, "per ", 4) == 0 || strncasecmp(text, "as per ", 7) == 0 ||
	       strncasecmp(text, "see ", 4) == 0;
}

static void push_text(
	struct cts_arena *arena, const char ***items, size_t *count, const char *text, size_t size)
{
	const char *item = cts_markup_trim(arena, text, size);

	if (*item)
		*(const char **)cts_arena_push(arena, items, count, sizeof(**items)) = item;
}

/* Size of the parenthesis that opens at `text`; 0: it does not close nearby. */
static size_t group_size(const char *text)
{
	size_t depth = 0;

	for (size_t i = 0; text[i] && i < GROUP_MAX; i++) {
		if (text[i] == '(')
			depth++;
		else if (text[i] == ')' && --depth == 0)
			return i + 1;
	}
	return 0;
}

/* Cuts loose text at runs of two spaces and at bullets, but not inside parentheses. */
static void push_loose(
	struct cts_arena *arena, const char ***items, size_t *count, const char *text)
{
	const char *start = text, *at = text;

	while (*at) {
		size_t bullet = cts_markup_bullet(at, false);
		size_t run = strspn(at, " ");

		if (bullet || run >= 2) {
			push_text(arena, items, count, start, (size_t)(at - start));
			at += bullet ? bullet : run;
			start = at;
		} else {
			size_t group = *at == '(' ? group_size(at) : 0;

			at += group ? group : 1;
		}
	}
	push_text(arena, items, count, start, (size_t)(at - start));
}

size_t cts_cell_items(const char ***out, struct cts_arena *arena, const char *cell)
{
	struct cts_block *blocks;
	size_t block_count = cts_markup_blocks(&blocks, arena, cell), count = 0;

	*out = NULL;
	for (size_t i = 0; i < block_count; i++) {
		const char *text = blocks[i].text;

		switch (blocks[i].kind) {
		case CTS_BLOCK_STRUCK: break;
		case CTS_BLOCK_LOOSE: push_loose(arena, out, &count, text); break;
		case CTS_BLOCK_PARAGRAPH:
		case CTS_BLOCK_ITEM:
			text += cts_markup_bullet(text, true);
			push_text(arena, out, &count, text, strlen(text));
			break;
		}
	}
	return count;
}

/* ---- overview ------------------------------------------------------------------------------- */

/* Moves `[...]` parts that stand as a part of their own, or behind a sentence, into `notes`. */
static const char *take_notes(struct cts_arena *arena, struct cts_buf *notes, const char *text)
{
	const char *last = strrchr(text, ']'), *copy;
	struct cts_buf rest = {0};

	while (*text) {
		const char *close = NULL;

		if (last && text < last && text[0] == '[')
			close = text[1] == '[' ? strstr(text, "]]") : strchr(text, ']');
		if (close && text[1] != '[') {
			if (notes->size)
				cts_buf_putc(notes, ' ');
			cts_buf_put(notes, text, (size_t)(close + 1 - text));
			text = close + 1;
		} else if (close) {
			cts_buf_put(&rest, text, (size_t)(close + 2 - text));
			text = close + 2;
		} else {
			cts_buf_putc(&rest, *text++);
		}
	}
	copy = cts_markup_trim(arena, cts_buf_text(&rest), rest.size);
	cts_buf_release(&rest);
	return copy;
}

void cts_cell_overview(struct cts_overview *out, struct cts_arena *arena, const char *cell)
{
	struct cts_buf notes = {0};
	struct cts_block *blocks;
	size_t block_count = cts_markup_blocks(&blocks, arena, cell), first = 0;
	const char **items;
	size_t count = cts_cell_items(&items, arena, cell);

	*out = (struct cts_overview){.text = "", .notes = ""};
	/* The overview is what stands first, unless that is itself a point of a list. */
	while (first < block_count && blocks[first].kind == CTS_BLOCK_STRUCK)
		first++;
	for (size_t i = 0; i < count; i++) {
		struct cts_withheld withheld;
		const char *text;

		cts_withheld_read(&withheld, arena, items[i]);
		text = take_notes(arena, &notes, withheld.text);
		if (i == 0 && blocks[first].kind != CTS_BLOCK_ITEM &&
			!cts_markup_bullet(blocks[first].text, false))
			out->text = text;
		else
			push_text(arena, &out->points, &out->point_count, text, strlen(text));
	}
	out->notes = cts_arena_strdup(arena, cts_buf_text(&notes));
	cts_buf_release(&notes);
}

/* ---- workstreams ---------------------------------------------------------------------------- */

/* The parenthesis that opens the group with which text[..size] ends; NULL: none does. */
static const char *last_group(const char *text, size_t size)
{
	size_t depth = 0;

	for (const char *c = text + size; c-- > text && c + GROUP_MAX > text + size;) {
		if (*c == ')')
			depth++;
		else if (*c == '(' && depth > 0 && --depth == 0)
			return c;
		else if (depth == 0)
			return NULL;
	}
	return NULL;
}

static bool is_tbd(const char *text)
{
	return strcasecmp(text, "TBD") == 0 || strcasecmp(text, "TBC") == 0 ||
	       strcasecmp(text, "TBA") == 0;
}

/* Reads what a parenthesis holds as owners. False: it holds something else, part of the title. */
static bool read_owners(
	struct cts_workstream_cell *out, struct cts_arena *arena, const char *group, size_t size)
{
	const char *inside = cts_markup_trim(arena, group + 1, size - 2);
	struct cts_withheld withheld;
	size_t read;

	if (is_tbd(inside)) {
		out->state = CTS_OWNER_TBD;
		return true;
	}
	cts_withheld_read(&withheld, arena, inside);
	if (withheld.is_whole) {
		out->state = CTS_OWNER_WITHHELD;
		out->withheld_owner = withheld.text;
		return true;
	}
	read = cts_parties_read(&out->owners, &out->owner_count, arena, inside);
	if (!read || inside[read]) {
		out->owner_count = 0;
		return false;
	}
	out->state = CTS_OWNER_ASSIGNED;
	return true;
}

static void read_workstream(
	struct cts_workstream_cell *out, struct cts_arena *arena, const char *item)
{
	struct cts_withheld withheld;
	const char *group;

	*out = (struct cts_workstream_cell){0};
	cts_withheld_read(&withheld, arena, item);
	if (withheld.is_whole) {
		/* The parentheses of a ground are its sub-paragraphs. */
		out->title = withheld.text;
		out->state = CTS_OWNER_WITHHELD;
		return;
	}
	group = last_group(item, strlen(item));
	if (group && group > item && read_owners(out, arena, group, strlen(group)))
		item = cts_markup_trim(arena, item, (size_t)(group - item));
	cts_withheld_read(&withheld, arena, item);
	out->title = withheld.text;
}

/* Where an item is several, their owners standing between them and single spaces around them: the
 * size of the first, or 0. */
static size_t first_of_several(struct cts_arena *arena, const char *item)
{
	for (const char *c = strchr(item, ')'); c; c = strchr(c + 1, ')')) {
		struct cts_workstream_cell cell = {0};
		const char *group;

		if (c[1] != ' ' || !isupper((unsigned char)c[2]))
			continue;
		group = last_group(item, (size_t)(c + 1 - item));
		if (group && group > item &&
			read_owners(&cell, arena, group, (size_t)(c + 1 - group)))
			return (size_t)(c + 1 - item);
	}
	return 0;
}

size_t cts_cell_workstreams(
	struct cts_workstream_cell **out, struct cts_arena *arena, const char *cell)
{
	const char **items, **split = NULL;
	size_t item_count = cts_cell_items(&items, arena, cell), split_count = 0, count = 0;

	for (size_t i = 0; i < item_count; i++) {
		const char *item = items[i];
		size_t size;

		/* An owner that a run of spaces cut off belongs to the title before it. */
		if (*item == '(' && split_count && last_group(item, strlen(item)) == item) {
			split[split_count - 1] =
				cts_arena_printf(arena, "%s %s", split[split_count - 1], item);
			continue;
		}
		while ((size = first_of_several(arena, item))) {
			push_text(arena, &split, &split_count, item, size);
			item += size + 1;
		}
		push_text(arena, &split, &split_count, item, strlen(item));
	}
	*out = cts_arena_alloc(arena, split_count * sizeof(**out));
	for (; count < split_count; count++)
		read_workstream(&(*out)[count], arena, split[count]);
	return count;
}
