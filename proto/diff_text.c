/*
 * Edits as one line of text each, and as the one line that a change without a message gets. Both go
 * into commits, so every store must make the same text of the same edits.
 */
#include <string.h>

#include "proto/diff.h"
#include "proto/text.h"

enum {
	VALUE_COLUMNS = 60,
	VALUE_BYTES = 240, /* of marks that take no column, as many as fit */
	FIELDS_NAMED = 6,  /* in a summary */
	RECORDS_NAMED = 3,
};

/* ---- one edit ---------------------------------------------------------------------------------
 */

/* The items on one line. More than can ever be shown is not collected. */
static void collect(struct cts_buf *line, struct cts_value value)
{
	for (size_t i = 0; i < value.count && line->size <= VALUE_BYTES; i++) {
		if (i)
			cts_buf_puts(line, ", ");
		for (const char *at = value.items[i]; *at && line->size <= VALUE_BYTES + 4; at++)
			cts_buf_putc(line, *at == '\n' || *at == '\t' ? ' ' : *at);
	}
}

static void put_value(struct cts_buf *out, struct cts_value value)
{
	struct cts_buf line = {0};
	size_t size;

	if (!value.count) {
		cts_buf_puts(out, "(unset)");
		return;
	}
	collect(&line, value);
	/* Cut between characters before asking for columns: the collected end may be half of one.
	 */
	size = line.size;
	if (size > VALUE_BYTES) {
		size = VALUE_BYTES;
		while (size > 0 && ((unsigned char)line.data[size] & 0xc0) == 0x80)
			size--;
		line.data[size] = '\0';
	}
	if (size < line.size || cts_text_prefix(cts_buf_text(&line), VALUE_COLUMNS) < size) {
		size = cts_text_prefix(cts_buf_text(&line), VALUE_COLUMNS - 3);
		cts_buf_put(out, line.data, size);
		cts_buf_puts(out, "...");
	} else {
		cts_buf_put(out, line.data, size);
	}
	cts_buf_release(&line);
}

void cts_diff_line(struct cts_buf *out, const char *key, const struct cts_edit *edit)
{
	cts_buf_printf(out, "%s %s: ", key, edit->field);
	put_value(out, edit->old_value);
	cts_buf_puts(out, " -> ");
	put_value(out, edit->new_value);
}

/* ---- the message of a change without one ------------------------------------------------------
 */

static void put_record(struct cts_buf *out, const struct cts_record_edits *record)
{
	size_t count = record->edit_count;

	if (record->created || record->deleted) {
		cts_buf_printf(out, "%s %s", record->created ? "add" : "rm", record->key);
		return;
	}
	cts_buf_printf(out, "set %s: ", record->key);
	for (size_t i = 0; i < count && i < FIELDS_NAMED; i++)
		cts_buf_printf(out, "%s%s", i ? ", " : "", record->edits[i].field);
	if (count > FIELDS_NAMED)
		cts_buf_printf(out, " and %zu more", count - FIELDS_NAMED);
}

static void put_count(struct cts_buf *out, bool *is_first, const char *verb, size_t count)
{
	if (!count)
		return;
	cts_buf_printf(out, "%s%s %zu", *is_first ? "" : ", ", verb, count);
	*is_first = false;
}

/* `add 88, set 3 records` */
static void put_counts(struct cts_buf *out, const struct cts_record_edits *records, size_t count)
{
	size_t added = 0, removed = 0;
	bool is_first = true;

	for (size_t i = 0; i < count; i++) {
		added += records[i].created;
		removed += records[i].deleted;
	}
	put_count(out, &is_first, "add", added);
	put_count(out, &is_first, "set", count - added - removed);
	put_count(out, &is_first, "rm", removed);
	cts_buf_puts(out, " records");
}

void cts_diff_summary(struct cts_buf *out, const struct cts_record_edits *records, size_t count)
{
	if (count > RECORDS_NAMED) {
		put_counts(out, records, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (i)
			cts_buf_puts(out, "; ");
		put_record(out, &records[i]);
	}
}
