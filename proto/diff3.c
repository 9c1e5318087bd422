/*
 * Sequence difference and three-way merge, written down so simply that another program can follow
 * it to the letter: the header is the definition, and nothing here may be "improved" within one
 * format.
 *
 * Elements are compared as numbers: equal texts get equal numbers first, so that a table of four
 * million cells costs four million integer comparisons. A length of the table is at most the
 * shorter of two middles whose product is bounded, 2048, and fits 16 bits.
 *
 * A text is its lines without their newlines, the empty text no lines at all: so a line appended to
 * a text leaves the lines before it alone, and a text cleared by one side has nothing left to
 * overlap.
 */
#include "proto/diff3.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS_MAX = 4194304 };

/* The changed middle of two sequences, as numbers. */
struct middle {
	const uint32_t *base, *side;
	size_t base_count, side_count;
};

struct ranked {
	const char *text;
	size_t at;
};

static int compare_ranked(const void *a, const void *b)
{
	return strcmp(((const struct ranked *)a)->text, ((const struct ranked *)b)->text);
}

/* Numbers for the items of both, equal exactly where the items are. Base first, then side. */
static uint32_t *number_items(
	const char *const *base, size_t base_count, const char *const *side, size_t side_count)
{
	size_t count = base_count + side_count;
	struct ranked *ranked = cts_malloc(count * sizeof(*ranked));
	uint32_t *numbers = cts_malloc(count * sizeof(*numbers));
	uint32_t number = 0;

	for (size_t i = 0; i < count; i++) {
		ranked[i].text = i < base_count ? base[i] : side[i - base_count];
		ranked[i].at = i;
	}
	qsort(ranked, count, sizeof(*ranked), compare_ranked);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && strcmp(ranked[i - 1].text, ranked[i].text) != 0)
			number++;
		numbers[ranked[i].at] = number;
	}
	free(ranked);
	return numbers;
}

/* Cell (i,j), row by row: the longest common subsequence of base[i..] and side[j..]. */
static uint16_t *fill_table(const struct middle *m)
{
	size_t width = m->side_count + 1;
	uint16_t *table = cts_malloc((m->base_count + 1) * width * sizeof(*table));

	memset(table + m->base_count * width, 0, width * sizeof(*table));
	for (size_t i = m->base_count; i-- > 0;) {
		uint16_t *row = table + i * width, *below = row + width;

		row[m->side_count] = 0;
		for (size_t j = m->side_count; j-- > 0;) {
			if (m->base[i] == m->side[j])
				row[j] = (uint16_t)(below[j + 1] + 1);
			else
				row[j] = below[j] >= row[j + 1] ? below[j] : row[j + 1];
		}
	}
	return table;
}

static void put_change(struct cts_sequence_change **changes, size_t *count, struct cts_arena *arena,
	struct cts_sequence_change change)
{
	struct cts_sequence_change *put = cts_arena_push(arena, changes, count, sizeof(*put));

	*put = change;
}

/* Walks the table from its start; `from` is where the middle begins in both sequences. */
static size_t walk_table(struct cts_sequence_change **out, struct cts_arena *arena,
	const struct middle *m, const uint16_t *table, size_t from)
{
	size_t width = m->side_count + 1, i = 0, j = 0, count = 0;

	while (i < m->base_count || j < m->side_count) {
		size_t i0 = i, j0 = j;

		while (i < m->base_count || j < m->side_count) {
			if (i == m->base_count)
				j++;
			else if (j == m->side_count)
				i++;
			else if (m->base[i] == m->side[j])
				break;
			else if (table[(i + 1) * width + j] >= table[i * width + j + 1])
				i++;
			else
				j++;
		}
		if (i > i0 || j > j0)
			put_change(out, &count, arena,
				(struct cts_sequence_change){.from = from + i0,
					.to = from + i,
					.start = from + j0,
					.end = from + j});
		while (i < m->base_count && j < m->side_count && m->base[i] == m->side[j]) {
			i++;
			j++;
		}
	}
	return count;
}

size_t cts_sequence_diff(struct cts_sequence_change **out, struct cts_arena *arena,
	struct cts_value base, struct cts_value side)
{
	struct cts_sequence_change *changes = NULL;
	struct middle middle = {0};
	size_t from = 0, to = base.count, end = side.count, count = 0;
	uint32_t *numbers;
	uint16_t *table;

	while (from < to && from < end && strcmp(base.items[from], side.items[from]) == 0)
		from++;
	while (to > from && end > from && strcmp(base.items[to - 1], side.items[end - 1]) == 0) {
		to--;
		end--;
	}
	middle.base_count = to - from;
	middle.side_count = end - from;
	if (!middle.base_count && !middle.side_count) {
		*out = NULL;
		return 0;
	}
	if (!middle.base_count || !middle.side_count ||
		middle.base_count > CELLS_MAX / middle.side_count) {
		put_change(&changes, &count, arena,
			(struct cts_sequence_change){
				.from = from, .to = to, .start = from, .end = end});
		*out = changes;
		return count;
	}
	numbers = number_items(
		base.items + from, middle.base_count, side.items + from, middle.side_count);
	middle.base = numbers;
	middle.side = numbers + middle.base_count;
	table = fill_table(&middle);
	count = walk_table(&changes, arena, &middle, table, from);
	free(table);
	free(numbers);
	*out = changes;
	return count;
}

/* One side of a merge: its changes, of which the first `done` are behind us. */
struct side {
	struct cts_value items;
	struct cts_sequence_change *changes;
	size_t count, done;
};

static const struct cts_sequence_change *next_change(const struct side *side)
{
	return side->done < side->count ? &side->changes[side->done] : NULL;
}

static bool is_same_change(const struct side *ours, const struct cts_sequence_change *a,
	const struct side *theirs, const struct cts_sequence_change *b)
{
	if (a->from != b->from || a->to != b->to || a->end - a->start != b->end - b->start)
		return false;
	for (size_t i = 0; i < a->end - a->start; i++)
		if (strcmp(ours->items.items[a->start + i], theirs->items.items[b->start + i]) != 0)
			return false;
	return true;
}

/* Either may be NULL, not both. */
static bool comes_first(const struct cts_sequence_change *a, const struct cts_sequence_change *b)
{
	if (!a || !b)
		return a;
	return a->from != b->from ? a->from < b->from : a->to <= b->to;
}

static bool is_one_line(const struct cts_sequence_change *change)
{
	return change->to - change->from == 1 && change->end - change->start == 1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct cts_value split_words(struct cts_arena *arena, const char *line)
{
	const char **words = NULL;
	size_t count = 0;

	while (*line) {
		const char *end = line, **word;

		while (*end && is_blank(*end) == is_blank(*line))
			end++;
		word = cts_arena_push(arena, &words, &count, sizeof(*words));
		*word = cts_arena_strndup(arena, line, (size_t)(end - line));
		line = end;
	}
	return (struct cts_value){.count = count, .items = words};
}

static struct cts_value split_lines(struct cts_arena *arena, const char *text)
{
	const char **lines = NULL, **line;
	size_t count = 0;

	while (*text) {
		size_t size = strcspn(text, "\n");

		line = cts_arena_push(arena, &lines, &count, sizeof(*lines));
		*line = cts_arena_strndup(arena, text, size);
		text += size;
		if (!*text)
			break;
		text++;
		if (!*text) { /* a newline at the end stands before one more, empty line */
			line = cts_arena_push(arena, &lines, &count, sizeof(*lines));
			*line = text;
		}
	}
	return (struct cts_value){.count = count, .items = lines};
}

static const char *join_items(
	struct cts_arena *arena, struct cts_value items, const char *separator)
{
	size_t gap = strlen(separator);
	char *text, *at;

	at = text = cts_arena_alloc(arena, cts_value_size(items) + items.count * gap + 1);
	for (size_t i = 0; i < items.count; i++) {
		size_t size = strlen(items.items[i]);

		if (i > 0) {
			memcpy(at, separator, gap);
			at += gap;
		}
		memcpy(at, items.items[i], size);
		at += size;
	}
	*at = '\0';
	return text;
}

static bool merge(struct cts_value *out, struct cts_arena *arena, struct cts_value base,
	struct cts_value ours, struct cts_value theirs, bool by_word);

/* One line that both sides changed; false when their words overlap. */
static bool merge_line(const char **out, struct cts_arena *arena, const char *base,
	const char *ours, const char *theirs)
{
	struct cts_value words;

	if (!merge(&words, arena, split_words(arena, base), split_words(arena, ours),
		    split_words(arena, theirs), false))
		return false;
	*out = join_items(arena, words, "");
	return true;
}

static bool merge(struct cts_value *out, struct cts_arena *arena, struct cts_value base,
	struct cts_value ours, struct cts_value theirs, bool by_word)
{
	struct side a = {.items = ours}, b = {.items = theirs};
	const char **merged =
		cts_arena_alloc(arena, (base.count + ours.count + theirs.count) * sizeof(*merged));
	size_t count = 0, at = 0;

	a.count = cts_sequence_diff(&a.changes, arena, base, ours);
	b.count = cts_sequence_diff(&b.changes, arena, base, theirs);
	for (;;) {
		const struct cts_sequence_change *x = next_change(&a), *y = next_change(&b), *first;
		struct side *of;

		if (!x && !y)
			break;
		if (x && y && is_same_change(&a, x, &b, y)) {
			b.done++;
			y = next_change(&b);
		}
		of = comes_first(x, y) ? &a : &b;
		first = of == &a ? x : y;
		while (at < first->from)
			merged[count++] = base.items[at++];
		if (x && y && by_word && x->from == y->from && is_one_line(x) && is_one_line(y)) {
			if (!merge_line(&merged[count], arena, base.items[at], ours.items[x->start],
				    theirs.items[y->start]))
				return false;
			count++;
			a.done++;
			b.done++;
		} else {
			const struct cts_sequence_change *other = of == &a ? y : x;

			if (other && (other->from < first->to || other->from == first->from))
				return false;
			for (size_t i = first->start; i < first->end; i++)
				merged[count++] = of->items.items[i];
			of->done++;
		}
		at = first->to;
	}
	while (at < base.count)
		merged[count++] = base.items[at++];
	*out = (struct cts_value){.count = count, .items = merged};
	return true;
}

bool cts_sequence_merge(struct cts_value *out, struct cts_arena *arena, struct cts_value base,
	struct cts_value ours, struct cts_value theirs)
{
	return merge(out, arena, base, ours, theirs, false);
}

bool cts_text_merge(const char **out, struct cts_arena *arena, const char *base, const char *ours,
	const char *theirs)
{
	struct cts_value lines;

	if (!merge(&lines, arena, split_lines(arena, base), split_lines(arena, ours),
		    split_lines(arena, theirs), true))
		return false;
	*out = join_items(arena, lines, "\n");
	return true;
}
