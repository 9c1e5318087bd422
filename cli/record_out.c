/*
 * Records, values and conflicts in JSON and text. The JSON is that of the mirror's files
 * (proto/json.h) with members in an order for reading, and the hash.
 */
#include "cli/record_out.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/table.h"
#include "proto/json.h"
#include "proto/text.h"
#include "proto/time.h"

#define NAME_MAX_SHOWN 24 /* longer names push their value to the right alone */

const char *cts_item_shown(
	struct cts_arena *arena, const struct cts_field *field, const char *item)
{
	char *shown;

	if (!field || field->type != CTS_TYPE_ENUM || field->merge != CTS_MERGE_STRICTEST)
		return item;
	shown = cts_arena_strdup(arena, item);
	for (char *c = shown; *c; c++)
		*c = *c == '_' ? '-' : (char)toupper((unsigned char)*c);
	return shown;
}

const char *cts_value_shown(struct cts_arena *arena, const struct cts_field *field,
	struct cts_value value, const char *separator)
{
	struct cts_buf text = {0};
	const char *shown;

	if (value.count == 0)
		return "";
	if (value.count == 1)
		return cts_item_shown(arena, field, value.items[0]);
	for (size_t i = 0; i < value.count; i++) {
		if (i > 0)
			cts_buf_puts(&text, separator);
		cts_buf_puts(&text, cts_item_shown(arena, field, value.items[i]));
	}
	shown = cts_arena_strdup(arena, text.data);
	cts_buf_release(&text);
	return shown;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void put_unknown(struct cts_jsonw *json, const struct cts_record *record, bool in_fields)
{
	for (size_t i = 0; i < record->unknown_count; i++)
		if (record->unknown[i].in_fields == in_fields)
			cts_jsonw_raw(json, record->unknown[i].name, record->unknown[i].json);
}

/* A value of a conflict: life is a boolean, an unknown member is JSON already. */
static void put_side_value(struct cts_jsonw *json, const char *key, const struct cts_kind *kind,
	const char *field_name, struct cts_value value)
{
	if (!cts_value_is_set(value))
		cts_jsonw_null(json, key);
	else if (strcmp(field_name, CTS_DELETED) == 0)
		cts_jsonw_bool(json, key, strcmp(value.items[0], "true") == 0);
	else if (strchr(field_name, '/'))
		cts_jsonw_raw(json, key, value.items[0]);
	else
		cts_jsonw_value(json, key, cts_kind_field(kind, field_name), value);
}

/* What the record shows of a field that may be one of the schema, its life, or an unknown member. A
 * record that is read lives. */
static struct cts_value shown_value(
	struct cts_arena *arena, const struct cts_record *record, const char *field_name)
{
	const struct cts_field *field = cts_kind_field(record->kind, field_name);

	if (field)
		return cts_record_get(record, field);
	if (strcmp(field_name, CTS_DELETED) == 0)
		return cts_value_of(arena, "false");
	for (size_t i = 0; i < record->unknown_count; i++)
		if (strcmp(cts_unknown_key(arena, &record->unknown[i]), field_name) == 0)
			return cts_value_of(arena, record->unknown[i].json);
	return (struct cts_value){0};
}

void cts_conflict_put_json(struct cts_jsonw *json, const struct cts_record *record,
	const struct cts_conflict *conflict, bool with_record, cts_is_owner *is_owner,
	void *context)
{
	struct cts_arena arena = {0};

	if (with_record)
		cts_jsonw_string(json, "record", cts_record_key(&arena, record));
	cts_jsonw_string(json, "field", conflict->field);
	put_side_value(json, "shown", record->kind, conflict->field,
		shown_value(&arena, record, conflict->field));
	cts_jsonw_array(json, "sides");
	for (size_t i = 0; i < conflict->side_count; i++) {
		const struct cts_side *side = &conflict->sides[i];

		cts_jsonw_object(json, NULL);
		put_side_value(json, "value", record->kind, conflict->field, side->value);
		cts_jsonw_string(json, "agency", side->agency);
		cts_jsonw_string(json, "author", side->author);
		cts_jsonw_time(json, "time", side->time);
		cts_jsonw_oid(json, "commit", &side->commit);
		if (is_owner)
			cts_jsonw_bool(json, "owner",
				side->agency && is_owner(context, side->agency));
		cts_jsonw_end(json);
	}
	cts_jsonw_end(json);
	cts_arena_release(&arena);
}

static void put_values(
	struct cts_jsonw *json, const struct cts_record *record, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (cts_value_is_set(record->values[i]))
			cts_jsonw_value(json, record->kind->fields[i].name,
				&record->kind->fields[i], record->values[i]);
}

void cts_record_put_json(struct cts_jsonw *json, const struct cts_record *record)
{
	struct cts_oid hash = cts_json_hash(record);

	cts_jsonw_string(json, "kind", record->kind->name);
	cts_jsonw_string(json, "id", record->id);
	cts_jsonw_object(json, "fields");
	put_values(json, record, 0, record->kind->own_count);
	put_unknown(json, record, true);
	cts_jsonw_end(json);
	put_values(json, record, record->kind->own_count, record->kind->field_count);
	put_unknown(json, record, false);
	if (record->conflict_count > 0) {
		cts_jsonw_array(json, "conflicts");
		for (size_t i = 0; i < record->conflict_count; i++) {
			cts_jsonw_object(json, NULL);
			cts_conflict_put_json(
				json, record, &record->conflicts[i], false, NULL, NULL);
			cts_jsonw_end(json);
		}
		cts_jsonw_end(json);
	}
	cts_jsonw_oid(json, "hash", &hash);
}

/* ---- text ----------------------------------------------------------------------------------- */

/* A text of one or more lines from `column` on, every line at the indent; on a terminal a line that
 * is too long for it is wrapped. */
static void put_lines(struct cts_out *out, const char *text, size_t column, size_t indent)
{
	struct cts_buf line = {0};

	for (bool first = true; first || *text; first = false) {
		size_t size = strcspn(text, "\n");

		cts_buf_clear(&line);
		cts_buf_put(&line, text, size);
		if (size == 0) {
			cts_out_puts(out, "\n");
		} else if (out->width && indent + cts_text_width(line.data) > out->width) {
			cts_out_wrapped(out, line.data, first ? column : 0, indent);
		} else {
			cts_out_printf(out, "%*s", (int)(first ? indent - column : indent), "");
			cts_out_text(out, line.data);
			cts_out_puts(out, "\n");
		}
		text += size;
		if (*text)
			text++;
	}
	cts_buf_release(&line);
}

static void put_member(struct cts_out *out, struct cts_arena *arena, const char *name,
	const struct cts_field *field, struct cts_value value, size_t width, bool in_conflict)
{
	size_t indent = 2 + width + 2;
	size_t column = 2 + cts_text_width(name) + 1;

	cts_out_puts(out, "  ");
	cts_out_styled(out, in_conflict ? CTS_STYLE_WARN : CTS_STYLE_NAME, name);
	cts_out_puts(out, ":");
	if (column >= indent)
		indent = column + 1;
	if (value.count == 0)
		put_lines(out, "(unset)", column, indent);
	for (size_t i = 0; i < value.count; i++)
		put_lines(out, cts_item_shown(arena, field, value.items[i]), i == 0 ? column : 0,
			indent);
}

static size_t widest_name(const struct cts_record *record)
{
	size_t width = 0;

	for (size_t i = 0; i < record->kind->field_count; i++) {
		size_t size = strlen(record->kind->fields[i].name);

		if (cts_value_is_set(record->values[i]) && size > width)
			width = size;
	}
	return width < NAME_MAX_SHOWN ? width : NAME_MAX_SHOWN;
}

void cts_conflict_put_text(struct cts_out *out, const struct cts_record *record,
	const struct cts_conflict *conflict, cts_is_owner *is_owner, void *context)
{
	const struct cts_field *field = cts_kind_field(record->kind, conflict->field);
	struct cts_arena arena = {0};
	struct cts_value shown = shown_value(&arena, record, conflict->field);
	bool marked = false;
	char time[CTS_TIME_TEXT];

	cts_out_styled(out, CTS_STYLE_WARN, "conflict");
	cts_out_puts(out, " in ");
	cts_out_styled(out, CTS_STYLE_TITLE, cts_record_key(&arena, record));
	cts_out_puts(out, " ");
	cts_out_text(out, conflict->field);
	cts_out_puts(out, "\n");
	for (size_t i = 0; i < conflict->side_count; i++) {
		const struct cts_side *side = &conflict->sides[i];
		bool is_shown = !marked && cts_value_equal(side->value, shown);
		char hex[CTS_OID_HEX + 1];

		marked = marked || is_shown;
		/* Sides past what the mirror's file holds are known by their commit alone. */
		if (!side->agency) {
			cts_out_printf(out, "  %zu  (see commit %s)\n", i + 1,
				cts_oid_format(hex, &side->commit));
			continue;
		}
		cts_out_printf(out, "  %zu  ", i + 1);
		cts_out_styled(out, CTS_STYLE_NAME, side->agency);
		cts_out_puts(out, "  ");
		cts_out_text(out, side->author);
		cts_out_printf(out, "  %s%s%s\n", cts_time_format_local(time, side->time),
			is_shown ? "  shown" : "",
			is_owner && is_owner(context, side->agency) ? "  owner" : "");
		if (side->value.count == 0)
			cts_out_puts(out, "     (unset)\n");
		for (size_t v = 0; v < side->value.count; v++)
			put_lines(out, cts_item_shown(&arena, field, side->value.items[v]), 0, 5);
	}
	cts_arena_release(&arena);
}

void cts_record_put_text(struct cts_out *out, const struct cts_record *record)
{
	struct cts_arena arena = {0};
	size_t width = widest_name(record) + 1;

	cts_out_styled(out, CTS_STYLE_TITLE, cts_record_key(&arena, record));
	cts_out_puts(out, "\n");
	for (size_t i = 0; i < record->kind->field_count; i++) {
		const struct cts_field *field = &record->kind->fields[i];
		bool in_conflict = cts_record_conflict(record, field->name) != NULL;

		if (cts_value_is_set(record->values[i]) || in_conflict)
			put_member(out, &arena, field->name, field, record->values[i], width,
				in_conflict);
	}
	for (size_t i = 0; i < record->unknown_count; i++)
		put_member(out, &arena, record->unknown[i].name, NULL,
			cts_value_of(&arena, record->unknown[i].json), width, false);
	for (size_t i = 0; i < record->conflict_count; i++) {
		cts_out_puts(out, "\n");
		cts_conflict_put_text(out, record, &record->conflicts[i], NULL, NULL);
	}
	cts_arena_release(&arena);
}
