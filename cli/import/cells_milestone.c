/*
 * Milestones of a cell. The text is read as atoms: a date with its label, or prose between dates.
 * Between two atoms one milestone may end and the next begin; how readily is a weight. The reading
 * wanted has one boundary less than there are workstreams; it is taken when the weights leave no
 * doubt which ones.
 */
#include "cli/import/cells.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import/markup.h"
#include "cli/import/withheld.h"
#include "proto/buf.h"
#include "proto/fuzzydate.h"

/* Bytes of the longest label looked for. */
#define LABEL_MAX 1000

enum weight {
	MUST = 100,           /* behind a label, between two dates */
	ITEM = 50,            /* between items of a list, at a run of spaces */
	SENTENCE_TO_DATE = 8, /* `... decisions. Q3 2021` */
	DATE_TO_SENTENCE = 2, /* `TBD Dependent on ...` */
	SENTENCE = -1,        /* `... decisions. Report ...` */
	PROSE_TO_DATE = -4,   /* `Report in Q3 2021` */
	DATE_TO_PROSE = -6,   /* `Q3 2021 subject to funding` */
};

struct atom {
	const char *text; /* without the label, trimmed */
	const char *label;
	bool is_date;
	int weight; /* of a boundary before it */
};

struct reader {
	struct cts_arena *arena;
	struct atom *atoms;
	size_t count;
};

/* Size of a balanced parenthesis at `text`; 0: none, or it does not close. */
static size_t group_size(const char *text)
{
	size_t depth = 0;

	if (*text != '(')
		return 0;
	for (size_t i = 0; text[i] && i < LABEL_MAX; i++) {
		if (text[i] == '(')
			depth++;
		else if (text[i] == ')' && --depth == 0)
			return i + 1;
	}
	return 0;
}

static bool ends_sentence(const char *text)
{
	size_t size = strlen(text);

	return size && strchr(".;!?", text[size - 1]);
}

static int boundary_weight(const struct atom *before, const struct atom *atom)
{
	bool capital = isupper((unsigned char)*atom->text) || (unsigned char)*atom->text >= 0xc3;

	if (*before->label)
		return MUST;
	if (before->is_date)
		return atom->is_date ? MUST : capital ? DATE_TO_SENTENCE : DATE_TO_PROSE;
	if (atom->is_date)
		return ends_sentence(before->text) ? SENTENCE_TO_DATE : PROSE_TO_DATE;
	return capital ? SENTENCE : DATE_TO_PROSE;
}

static bool has_letter(const char *text)
{
	for (; *text; text++)
		if (isalpha((unsigned char)*text) || (unsigned char)*text >= 0x80)
			return true;
	return false;
}

/* `31` before `February 2025` belongs to it, though the two are no date: it is no label. */
static bool continues_number(const struct reader *reader, bool is_item)
{
	const struct atom *last = reader->count ? &reader->atoms[reader->count - 1] : NULL;

	return last && !is_item && !last->is_date && !*last->label && !has_letter(last->text);
}

static void push_atom(struct reader *reader, const char *text, size_t size, const char *label,
	bool is_date, bool is_item)
{
	struct atom atom = {
		.text = cts_markup_trim(reader->arena, text, size),
		.label = label,
		.is_date = is_date,
	};

	if (!*atom.text && !*label)
		return;
	if (is_date && continues_number(reader, is_item)) {
		struct atom *last = &reader->atoms[reader->count - 1];

		last->text = cts_arena_printf(reader->arena, "%s %s", last->text, atom.text);
		last->label = label;
		return;
	}
	if (reader->count)
		atom.weight = boundary_weight(&reader->atoms[reader->count - 1], &atom);
	if (is_item && atom.weight < ITEM)
		atom.weight = ITEM;
	*(struct atom *)cts_arena_push(
		reader->arena, &reader->atoms, &reader->count, sizeof(atom)) = atom;
}

/* A date at `text`, where a word begins. A dash counts where it stands alone. */
static size_t date_size(const char *text)
{
	struct cts_fuzzy fuzzy;

	if (!cts_fuzzy_parse_prefix(&fuzzy, text) || !fuzzy.size)
		return 0;
	return fuzzy.size;
}

static void read_atoms(struct reader *reader, const char *item)
{
	struct atom *before = reader->count ? &reader->atoms[reader->count - 1] : NULL;
	const char *at = item;
	bool is_item = before != NULL;

	/* A label that a run of spaces cut off from its date. */
	if (before && before->is_date && !*before->label && group_size(item) == strlen(item)) {
		before->label = cts_markup_trim(reader->arena, item + 1, strlen(item) - 2);
		return;
	}
	while (*(at += strspn(at, " "))) {
		const char *start = at, *label = "";
		size_t size = date_size(at), group;

		if (size) {
			at += size;
			group = group_size(at + strspn(at, " "));
			if (group) {
				at += strspn(at, " ");
				label = cts_markup_trim(reader->arena, at + 1, group - 2);
				at += group;
			}
			push_atom(reader, start, size, label, true, is_item);
			at += strspn(at, ",;");
		} else {
			/* Prose goes on to the next date, or to the end of a sentence. */
			do {
				const char *word = at;

				at += strcspn(at, " ");
				if (at > word && at[-1] == '.' &&
					isupper((unsigned char)at[strspn(at, " ")]))
					break;
				at += strspn(at, " ");
			} while (*at && !date_size(at));
			push_atom(reader, start, (size_t)(at - start), "", false, is_item);
		}
		is_item = false;
	}
}

static int compare_weights(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x < y) - (x > y);
}

/* The lowest weight at which a boundary ends a milestone, so that there are `want`. */
static int lowest_weight(const struct reader *reader, size_t want)
{
	size_t boundaries = reader->count - 1;
	int *weights, lowest = 1;

	if (want == 0 || want > reader->count)
		return lowest;
	weights = cts_arena_alloc(reader->arena, reader->count * sizeof(*weights));
	for (size_t i = 0; i < boundaries; i++)
		weights[i] = reader->atoms[i + 1].weight;
	qsort(weights, boundaries, sizeof(*weights), compare_weights);
	/* want - 1 boundaries, the heaviest; the next must weigh less, and not be a MUST. */
	if (want - 1 < boundaries &&
		(weights[want - 1] == MUST || (want > 1 && weights[want - 1] == weights[want - 2])))
		return lowest;
	return want == 1 ? MUST + 1 : weights[want - 2];
}

static const char *join(struct reader *reader, size_t from, size_t to)
{
	struct cts_buf text = {0};
	const char *copy;

	for (size_t i = from; i < to; i++) {
		if (i > from)
			cts_buf_putc(&text, ' ');
		cts_buf_puts(&text, reader->atoms[i].text);
		if (*reader->atoms[i].label)
			cts_buf_printf(&text, " (%s)", reader->atoms[i].label);
	}
	copy = cts_arena_strdup(reader->arena, cts_buf_text(&text));
	cts_buf_release(&text);
	return copy;
}

static const char *marked(struct cts_arena *arena, const char *text)
{
	struct cts_withheld withheld;

	cts_withheld_read(&withheld, arena, text);
	return withheld.text;
}

/* One date at either end of the atoms is the date and the rest its label; else all is prose. */
static struct cts_milestone_cell make_milestone(struct reader *reader, size_t from, size_t to)
{
	const struct atom *first = &reader->atoms[from], *last = &reader->atoms[to - 1];
	struct cts_milestone_cell out = {.due = "", .label = ""};
	size_t dates = 0;

	for (size_t i = from; i < to; i++)
		dates += reader->atoms[i].is_date;
	if (to - from == 1) {
		out.due = first->text;
		out.label = first->label;
	} else if (dates == 1 && first->is_date && !*first->label) {
		out.due = first->text;
		out.label = join(reader, from + 1, to);
	} else if (dates == 1 && last->is_date && !*last->label) {
		out.due = last->text;
		out.label = join(reader, from, to - 1);
	} else {
		out.due = join(reader, from, to);
	}
	out.due = marked(reader->arena, out.due);
	out.label = marked(reader->arena, out.label);
	return out;
}

size_t cts_cell_milestones(
	struct cts_milestone_cell **out, struct cts_arena *arena, const char *cell, size_t want)
{
	struct reader reader = {.arena = arena};
	const char **items;
	size_t item_count = cts_cell_items(&items, arena, cell), count = 0, from = 0;
	int lowest;

	*out = NULL;
	for (size_t i = 0; i < item_count; i++)
		read_atoms(&reader, items[i]);
	if (!reader.count)
		return 0;
	lowest = lowest_weight(&reader, want);
	for (size_t i = 1; i <= reader.count; i++) {
		if (i < reader.count && reader.atoms[i].weight < lowest)
			continue;
		*(struct cts_milestone_cell *)cts_arena_push(arena, out, &count, sizeof(**out)) =
			make_milestone(&reader, from, i);
		from = i;
	}
	return count;
}
