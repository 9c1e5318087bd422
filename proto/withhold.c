/*
 * Withholding marks in a text: found, checked, and spelt one way. The grounds themselves are in
 * withhold_ground.c.
 *
 * The rule that everything else leans on: a text either reads completely or is refused. No reading
 * guesses where a passage ends, since a wrong guess would publish it. The first "]]" closes a mark.
 * Of three brackets in a row the first is text, so that "[see [[withheld 6(a)]]]" reads as printed.
 */
#include "proto/withhold.h"

#include <stdarg.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"
#include "proto/schema.h"
#include "proto/text.h"

static const char *const keywords[] = {
	[CTS_MARK_WITHHOLD] = "withhold",
	[CTS_MARK_PROPOSE] = "propose",
	[CTS_MARK_WITHHELD] = "withheld",
};

#define KEYWORD_COUNT (sizeof(keywords) / sizeof(keywords[0]))

/* A mark as it is being read: [open, close) lies between the brackets. */
struct reader {
	struct cts_arena *arena;
	const char *text;
	const char *open;
	const char *close;
};

/* "<what> at line 1, column 5". */
static __attribute__((format(printf, 3, 4))) int fail_at(
	const struct reader *reader, const char *where, const char *format, ...)
{
	struct cts_buf what = {0};
	size_t line, column;
	va_list args;

	va_start(args, format);
	cts_buf_vprintf(&what, format, args);
	va_end(args);
	cts_text_position(&line, &column, reader->text, (size_t)(where - reader->text));
	cts_fail(CTS_EVALUE, "%s at line %zu, column %zu", cts_buf_text(&what), line, column);
	cts_buf_release(&what);
	return CTS_EVALUE;
}

static const char *skip_blank(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n'))
		at++;
	return at;
}

static bool is_blank(const char *at, const char *end)
{
	return skip_blank(at, end) == end;
}

/* The word after "[["; *at moves behind it. */
static int read_keyword(enum cts_mark_kind *out, const struct reader *reader, const char **at)
{
	const char *word = skip_blank(reader->open, reader->close), *end = word;
	const char *near;
	char *folded;

	while (end < reader->close && ((*end | 32) >= 'a' && (*end | 32) <= 'z'))
		end++;
	folded = cts_text_fold(
		reader->arena, cts_arena_strndup(reader->arena, word, (size_t)(end - word)));
	for (size_t i = 0; i < KEYWORD_COUNT; i++) {
		if (strcmp(folded, keywords[i]) != 0)
			continue;
		*out = (enum cts_mark_kind)i;
		*at = end;
		return 0;
	}
	fail_at(reader, reader->open - 2, "'[[%s' opens no mark", folded);
	near = cts_nearest(folded, keywords, KEYWORD_COUNT);
	if (near)
		cts_hint("[[%s", near);
	else
		cts_hint("a mark is [[withhold 6(a)|the passage]], [[propose ...|...]] or "
			 "[[withheld 6(a)]]");
	return CTS_EVALUE;
}

/* What stands at `at` is no ground. */
static int fail_ground(const struct reader *reader, const char *at, const char *end)
{
	size_t size = (size_t)(end - at);
	const char *comma = memchr(at, ',', size), *near;
	char *word;

	if (comma)
		size = (size_t)(comma - at);
	while (size && at[size - 1] == ' ')
		size--;
	if (!size)
		return fail_at(reader, reader->open - 2, "the mark lacks a ground");
	word = cts_arena_strndup(reader->arena, at, size);
	if (cts_refusal_parse(word, NULL))
		return fail_at(reader, at,
			"'%s' refuses a request and is no ground to withhold a passage", word);
	fail_at(reader, at, "'%s' is not a ground of the Act", word);
	near = cts_ground_nearest(word);
	if (near)
		cts_hint("%s", near);
	return CTS_EVALUE;
}

/* "6(a), 9(2)(f)(iv)" between `at` and `end`; each ground once. */
static int read_grounds(
	struct cts_mark *mark, const struct reader *reader, const char *at, const char *end)
{
	const char **list = NULL;
	size_t count = 0;

	for (;;) {
		const char *ground, *from = skip_blank(at, end);
		bool known = false;
		size_t size = 0;

		ground = cts_ground_parse(from, &size);
		at = skip_blank(from + size, end);
		if (!ground || at > end || (at < end && *at != ','))
			return fail_ground(reader, from, end);
		for (size_t i = 0; i < count; i++)
			known |= list[i] == ground;
		if (!known) {
			const char **place =
				cts_arena_push(reader->arena, &list, &count, sizeof(*list));

			*place = ground;
		}
		if (at == end)
			break;
		at++;
	}
	mark->grounds = list;
	mark->ground_count = count;
	return 0;
}

/* The mark whose "[[" ends at reader->open. */
static int read_mark(struct cts_mark *mark, struct reader *reader)
{
	const char *start = reader->open - 2, *close = strstr(reader->open, "]]");
	const char *nested = strstr(reader->open, "[["), *at, *bar, *grounds_end;
	int rc;

	if (nested && (!close || nested < close))
		return fail_at(reader, nested, "a mark stands inside another");
	if (!close)
		return fail_at(reader, start, "the mark has no ']]'");
	reader->close = close;
	rc = read_keyword(&mark->kind, reader, &at);
	if (rc < 0)
		return rc;
	bar = memchr(at, '|', (size_t)(close - at));
	grounds_end = bar ? bar : close;
	rc = read_grounds(mark, reader, at, grounds_end);
	if (rc < 0)
		return rc;

	if (mark->kind == CTS_MARK_WITHHELD && bar) {
		fail_at(reader, start, "'[[withheld' takes no passage");
		cts_hint("[[withhold 6(a)|the passage]] marks one that stands here");
		return CTS_EVALUE;
	}
	if (mark->kind != CTS_MARK_WITHHELD && (!bar || is_blank(bar + 1, close))) {
		fail_at(reader, start, "the mark has no passage");
		cts_hint("[[withheld 6(a)]] marks a passage that is not in this store");
		return CTS_EVALUE;
	}
	mark->start = (size_t)(start - reader->text);
	mark->end = (size_t)(close + 2 - reader->text);
	mark->passage =
		bar ? cts_arena_strndup(reader->arena, bar + 1, (size_t)(close - bar - 1)) : "";
	return 0;
}

int cts_marks_parse(struct cts_mark **out, struct cts_arena *arena, const char *text)
{
	struct reader reader = {.arena = arena, .text = text};
	struct cts_mark *marks = NULL;
	const char *at = text;
	size_t count = 0;

	while ((at = strpbrk(at, "[]")) != NULL) {
		struct cts_mark mark = {0}, *place;
		int rc;

		if (at[0] != at[1] || (*at == '[' && at[2] == '[' && at[3] != '[')) {
			at++;
			continue;
		}
		if (*at == ']')
			return fail_at(&reader, at, "']]' closes no mark");
		reader.open = at + 2;
		rc = read_mark(&mark, &reader);
		if (rc < 0)
			return rc;
		place = cts_arena_push(arena, &marks, &count, sizeof(*marks));
		*place = mark;
		at = text + mark.end;
	}
	*out = marks;
	return (int)count;
}

bool cts_text_has_marks(const char *text)
{
	return strstr(text, "[[") != NULL || strstr(text, "]]") != NULL;
}

int cts_marks_normalise(const char **out, struct cts_arena *arena, const char *text)
{
	struct cts_buf buf = {0};
	struct cts_mark *marks;
	size_t from = 0;
	int count;

	count = cts_marks_parse(&marks, arena, text);
	if (count < 0)
		return count;
	for (int i = 0; i < count; i++) {
		const struct cts_mark *mark = &marks[i];

		cts_buf_put(&buf, text + from, mark->start - from);
		cts_buf_printf(&buf, "[[%s ", keywords[mark->kind]);
		for (size_t g = 0; g < mark->ground_count; g++)
			cts_buf_printf(&buf, "%s%s", g ? ", " : "", mark->grounds[g]);
		if (mark->kind != CTS_MARK_WITHHELD)
			cts_buf_printf(&buf, "|%s", mark->passage);
		cts_buf_puts(&buf, "]]");
		from = mark->end;
	}
	cts_buf_puts(&buf, text + from);
	*out = cts_arena_strndup(arena, cts_buf_text(&buf), buf.size);
	cts_buf_release(&buf);
	return 0;
}
