/*
 * Deliberately simple and apart from the readers: tags go, the rest is cut at everything that is no
 * letter or digit. `S6(a)` is cut into 6 and a, as `6(a)` is; numbers lose leading zeros, so that
 * rcoi-07 holds a 7.
 */
#include "tests/support/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/text.h"

struct words {
	struct cts_arena arena;
	const char **items;
	size_t count;
};

static bool is_letter(const char *text, size_t *size)
{
	unsigned char c = (unsigned char)*text;

	*size = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (c < 0x80)
		return isalnum(c) != 0;
	/* Punctuation, arrows and shapes (U+2000..2BFF), no-break space and its neighbours. */
	return !(c == 0xe2 && (unsigned char)text[1] <= 0xaf) && !(c == 0xc2) && c != 0xef;
}

static void push(struct words *words, const char *text, size_t size)
{
	char *word = cts_arena_strndup(&words->arena, text, size);
	bool is_number;

	for (char *c = word; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (word[0] == 's' && isdigit((unsigned char)word[1]))
		word++;
	is_number = strspn(word, "0123456789") == strlen(word);
	while (is_number && word[0] == '0' && word[1])
		word++;
	*(const char **)cts_arena_push(
		&words->arena, &words->items, &words->count, sizeof(*words->items)) = word;
}

static void cut(struct words *words, const char *text)
{
	const char *start = NULL;

	while (*text) {
		size_t size;
		bool letter = is_letter(text, &size);

		if (letter && !start)
			start = text;
		if (!letter && start) {
			/* "Section 6(a)" is one more spelling of 6(a). */
			if (text - start != 7 || strncasecmp(start, "section ", 8) != 0 ||
				!isdigit((unsigned char)start[8]))
				push(words, start, (size_t)(text - start));
			start = NULL;
		}
		text += size;
	}
	if (start)
		push(words, start, strlen(start));
}

/* The source without tags, and with the one entity that the test documents use. */
static const char *strip(struct cts_arena *arena, const char *text)
{
	char *copy = cts_arena_strdup(arena, text), *to = copy;

	while (*text) {
		const char *close =
			*text == '<' && (isalpha((unsigned char)text[1]) || text[1] == '/')
				? strchr(text, '>')
				: NULL;

		if (close) {
			*to++ = ' ';
			text = close + 1;
		} else if (strncmp(text, "&amp;", 5) == 0) {
			*to++ = '&';
			text += 5;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
	return copy;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort(struct words *words)
{
	if (words->count)
		qsort(words->items, words->count, sizeof(*words->items), compare);
}

static size_t run(const struct words *words, size_t from)
{
	size_t end = from;

	while (end < words->count && strcmp(words->items[end], words->items[from]) == 0)
		end++;
	return end - from;
}

size_t cts_words_missing(
	struct cts_buf *out, const char *text, size_t size, const struct cts_draft *draft)
{
	struct words source = {0}, kept = {0}, labels = {0};
	const char *normal = "";
	size_t missing = 0;

	cts_text_normalise(&normal, &source.arena, text, size, "source");
	cut(&source, strip(&source.arena, normal));
	for (size_t i = 0; i < draft->record_count; i++) {
		for (size_t f = 0; f < draft->records[i]->field_count; f++) {
			const struct cts_draft_field *field = &draft->records[i]->fields[f];
			/* One alias stands for every use of the spelling. */
			bool is_alias = strcmp(field->name, "aliases") == 0;

			for (size_t n = 0; n < field->item_count; n++)
				cut(is_alias ? &labels : &kept, field->items[n]);
		}
	}
	for (size_t i = 0; i < draft->left_out_count; i++) {
		/* A label before each number is told once for all of them. */
		bool is_label = strncmp(draft->left_out[i].why, "label", 5) == 0;

		cut(is_label ? &labels : &kept, draft->left_out[i].text);
	}
	sort(&source);
	sort(&kept);
	sort(&labels);
	for (size_t i = 0, k = 0, n; i < source.count; i += n) {
		const char *word = source.items[i];
		size_t have;

		n = run(&source, i);
		while (k < kept.count && strcmp(kept.items[k], word) < 0)
			k++;
		have = k < kept.count && strcmp(kept.items[k], word) == 0 ? run(&kept, k) : 0;
		if (have >= n || (labels.count && bsearch(&word, labels.items, labels.count,
							  sizeof(*labels.items), compare)))
			continue;
		cts_buf_printf(out, "%s (%zu of %zu)\n", word, have, n);
		missing++;
	}
	cts_arena_release(&source.arena);
	cts_arena_release(&kept.arena);
	cts_arena_release(&labels.arena);
	return missing;
}
