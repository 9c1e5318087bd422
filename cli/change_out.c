/*
 * Changes and edits in JSON and text. An edit of one short line is shown as proto/diff.h writes it
 * into commits, so what `log` and `git log` say is the same; a list or a long text is shown as a
 * difference.
 */
#include "cli/change_out.h"

#include <string.h>

#include "cli/record_out.h"
#include "proto/diff.h"
#include "proto/diff3.h"
#include "proto/error.h"
#include "proto/text.h"
#include "proto/time.h"

#define LINE_MAX 60 /* the width at which cts_diff_line cuts a value */

const char *cts_change_state_name(enum cts_change_state state)
{
	switch (state) {
	case CTS_CHANGE_PENDING: return "pending";
	case CTS_CHANGE_COMMITTED: return "committed";
	case CTS_CHANGE_PUSHED: return "pushed";
	}
	return "";
}

/* The field of an edit, by the record's key; NULL for life, unknown members and unknown kinds. */
static const struct cts_field *field_of(
	const struct cts_schema *schema, const char *key, const char *field)
{
	const char *slash = strchr(key, '/');
	const struct cts_kind *kind = NULL;
	char name[CTS_KIND_MAX + 1];

	if (slash && (size_t)(slash - key) <= CTS_KIND_MAX) {
		memcpy(name, key, (size_t)(slash - key));
		name[slash - key] = 0;
		kind = cts_schema_kind(schema, name);
	}
	return kind ? cts_kind_field(kind, field) : NULL;
}

static void put_value(struct cts_jsonw *json, const char *member, const char *field_name,
	const struct cts_field *field, struct cts_value value)
{
	if (!cts_value_is_set(value))
		cts_jsonw_null(json, member);
	else if (strcmp(field_name, CTS_DELETED) == 0)
		cts_jsonw_bool(json, member, strcmp(value.items[0], "true") == 0);
	else if (strchr(field_name, '/'))
		cts_jsonw_raw(json, member, value.items[0]);
	else
		cts_jsonw_value(json, member, field, value);
}

void cts_edit_put_json(struct cts_jsonw *json, const struct cts_schema *schema, const char *key,
	const struct cts_edit *edit)
{
	const struct cts_field *field = field_of(schema, key, edit->field);

	cts_jsonw_string(json, "record", key);
	cts_jsonw_string(json, "field", edit->field);
	put_value(json, "old", edit->field, field, edit->old_value);
	put_value(json, "new", edit->field, field, edit->new_value);
}

void cts_change_begin_json(
	struct cts_jsonw *json, const struct cts_change *change, enum cts_change_state state)
{
	char name[CTS_CHANGE_TEXT];

	cts_jsonw_string(json, "change", cts_change_format(name, change->writer, change->ref.seq));
	cts_jsonw_oid(json, "commit", &change->commit);
	cts_jsonw_string(json, "state", cts_change_state_name(state));
	cts_jsonw_time(json, "time", change->time);
	cts_jsonw_time(json, "received", change->received);
	cts_jsonw_string(json, "agency", change->agency);
	cts_jsonw_string(json, "author", change->author);
	cts_jsonw_string(json, "message", change->message);
	cts_jsonw_array(json, "edits");
}

void cts_change_edits_json(struct cts_jsonw *json, const struct cts_schema *schema,
	const struct cts_record_edits *edits)
{
	for (size_t i = 0; i < edits->edit_count; i++) {
		cts_jsonw_object(json, NULL);
		cts_edit_put_json(json, schema, edits->key, &edits->edits[i]);
		cts_jsonw_end(json);
	}
}

void cts_change_put_json(struct cts_jsonw *json, const struct cts_schema *schema,
	const struct cts_change *change, enum cts_change_state state,
	const struct cts_record_edits *records, size_t count)
{
	cts_change_begin_json(json, change, state);
	for (size_t i = 0; i < count; i++)
		cts_change_edits_json(json, schema, &records[i]);
	cts_jsonw_end(json);
}

/* The lines of a text, or the members of a list, as the sequence that is compared. */
static struct cts_value lines_of(
	struct cts_arena *arena, const struct cts_field *field, struct cts_value value)
{
	const char **lines = NULL;
	size_t count = 0;

	for (size_t i = 0; i < value.count; i++) {
		const char *text = cts_item_shown(arena, field, value.items[i]);

		for (;;) {
			size_t size = strcspn(text, "\n");

			*(const char **)cts_arena_push(arena, &lines, &count, sizeof(*lines)) =
				cts_arena_strndup(arena, text, size);
			if (!text[size])
				break;
			text += size + 1;
		}
	}
	return (struct cts_value){count, lines};
}

static void put_side(struct cts_out *out, size_t indent, const char *mark, enum cts_style style,
	struct cts_value lines, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		cts_out_printf(
			out, "%*s%s%s ", (int)indent, "", cts_out_style_on(out, style), mark);
		cts_out_text(out, lines.items[i]);
		cts_out_printf(out, "%s\n", cts_out_style_off(out, style));
	}
}

static bool is_short(struct cts_value value)
{
	return value.count == 0 || (value.count == 1 && !strchr(value.items[0], '\n') &&
					   cts_text_width(value.items[0]) <= LINE_MAX);
}

void cts_edit_put_text(struct cts_out *out, const struct cts_schema *schema, const char *key,
	const struct cts_edit *edit, size_t indent)
{
	const struct cts_field *field = field_of(schema, key, edit->field);
	struct cts_arena arena = {0};
	struct cts_sequence_change *changes;
	struct cts_value before, after;
	struct cts_buf line = {0};
	size_t count;

	cts_out_printf(out, "%*s", (int)indent, "");
	if (is_short(edit->old_value) && is_short(edit->new_value) && !(field && field->repeated)) {
		cts_diff_line(&line, key, edit);
		while (line.size > 0 && line.data[line.size - 1] == '\n')
			line.data[--line.size] = 0;
		cts_out_text(out, cts_buf_text(&line));
		cts_out_puts(out, "\n");
		cts_buf_release(&line);
		return;
	}
	cts_out_text(out, key);
	cts_out_puts(out, " ");
	cts_out_text(out, edit->field);
	/* A conflict settled with what was shown changes nothing that a comparison could show. */
	if (cts_value_equal(edit->old_value, edit->new_value)) {
		cts_out_puts(out, ": stays as it is\n");
		return;
	}
	cts_out_puts(out, ":\n");
	before = lines_of(&arena, field, edit->old_value);
	after = lines_of(&arena, field, edit->new_value);
	count = cts_sequence_diff(&changes, &arena, before, after);
	for (size_t i = 0; i < count; i++) {
		put_side(out, indent + 2, "-", CTS_STYLE_OLD, before, changes[i].from,
			changes[i].to);
		put_side(out, indent + 2, "+", CTS_STYLE_NEW, after, changes[i].start,
			changes[i].end);
	}
	cts_arena_release(&arena);
}

void cts_change_edits_text(
	struct cts_out *out, const struct cts_schema *schema, const struct cts_record_edits *record)
{
	if (record->deleted || record->created) {
		cts_out_puts(out, record->deleted ? "  deleted " : "  created ");
		cts_out_styled(out, CTS_STYLE_TITLE, record->key);
		cts_out_puts(out, "\n");
	}
	for (size_t i = 0; i < record->edit_count; i++) {
		/* That it was created or deleted is said above. */
		if (strcmp(record->edits[i].field, CTS_DELETED) == 0 &&
			(record->deleted || record->created))
			continue;
		cts_edit_put_text(out, schema, record->key, &record->edits[i], 2);
	}
}

void cts_change_begin_text(
	struct cts_out *out, const struct cts_change *change, enum cts_change_state state)
{
	char name[CTS_CHANGE_TEXT], hex[CTS_OID_HEX + 1], time[CTS_TIME_TEXT];
	const char *message = change->message ? change->message : "";

	cts_out_puts(out, "change ");
	cts_out_styled(
		out, CTS_STYLE_TITLE, cts_change_format(name, change->writer, change->ref.seq));
	if (state == CTS_CHANGE_PENDING)
		cts_out_styled(out, CTS_STYLE_WARN, "  pending");
	else
		cts_out_printf(out, "  commit %.10s  %s", cts_oid_format(hex, &change->commit),
			cts_change_state_name(state));
	cts_out_puts(out, "\n");
	cts_out_styled(out, CTS_STYLE_NAME, change->agency);
	cts_out_puts(out, "  ");
	cts_out_text(out, change->author);
	cts_out_printf(out, "  %s", cts_time_format_local(time, change->time));
	if (change->received > change->time)
		cts_out_printf(out, "  received %s", cts_time_format_local(time, change->received));
	cts_out_puts(out, "\n");
	while (*message) {
		size_t size = strcspn(message, "\n");
		struct cts_buf line = {0};

		cts_buf_printf(&line, "%s%.*s", size ? "    " : "", (int)size, message);
		cts_out_text(out, cts_buf_text(&line));
		cts_out_puts(out, "\n");
		cts_buf_release(&line);
		message += size;
		if (*message)
			message++;
	}
}

void cts_change_put_text(struct cts_out *out, const struct cts_schema *schema,
	const struct cts_change *change, enum cts_change_state state,
	const struct cts_record_edits *records, size_t count)
{
	cts_change_begin_text(out, change, state);
	for (size_t i = 0; i < count; i++)
		cts_change_edits_text(out, schema, &records[i]);
}
