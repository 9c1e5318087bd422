/*
 * Grounds are printed as statutes are cited, with `s` before the section.
 */
#include "cli/report/marks.h"

#include "proto/buf.h"
#include "proto/withhold.h"

static const char *word_of(enum cts_mark_kind kind)
{
	switch (kind) {
	case CTS_MARK_WITHHOLD: return "withhold";
	case CTS_MARK_PROPOSE: return "propose";
	case CTS_MARK_WITHHELD: return "withheld";
	}
	return "";
}

static void put_mark(struct cts_buf *out, const struct cts_mark *mark)
{
	cts_buf_printf(out, "[%s ", word_of(mark->kind));
	for (size_t i = 0; i < mark->ground_count; i++)
		cts_buf_printf(out, "%ss%s", i > 0 ? ", " : "", mark->grounds[i]);
	if (mark->kind != CTS_MARK_WITHHELD)
		cts_buf_printf(out, ": %s", mark->passage);
	cts_buf_putc(out, ']');
}

const char *cts_report_marks(struct cts_arena *arena, const char *text)
{
	struct cts_mark *marks;
	struct cts_buf out = {0};
	const char *shown;
	size_t at = 0;
	int count;

	if (!cts_text_has_marks(text))
		return text;
	count = cts_marks_parse(&marks, arena, text);
	/* What is stored was checked; a side of a conflict or an older schema may still hold
	 * anything. */
	if (count < 0)
		return text;
	for (int i = 0; i < count; i++) {
		cts_buf_put(&out, text + at, marks[i].start - at);
		put_mark(&out, &marks[i]);
		at = marks[i].end;
	}
	cts_buf_puts(&out, text + at);
	shown = cts_arena_strdup(arena, cts_buf_text(&out));
	cts_buf_release(&out);
	return shown;
}
