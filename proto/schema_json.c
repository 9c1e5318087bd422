/*
 * The schema for people and for programs in other languages: canonical JSON like a record's
 *(json.h), so schema.json in the mirror changes only when the schema does.
 *
 *	{"kinds": [{"doc", "fields": [{"common", "doc", "form", "index", "max", "merge", "min",
 *"name", "number", "pattern", "ref": [...], "repeated", "required", "type", "unique", "value_docs":
 *{value: doc}, "values": [...]}], "kind", "message", "owner_field", "title_field"}],
 *"schema_version": 1}
 *
 * doc, merge, name, number, repeated, required and type always stand, the rest where it says
 *something. A reference to any kind has the one target "*".
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "proto/schema.h"

/* Writes members and elements one a line; `depth` is that of the open brackets. */
struct writer {
	struct cts_buf *out;
	int depth;
	bool is_first; /* of the innermost open bracket */
};

static void next_line(struct writer *w)
{
	if (!w->is_first)
		cts_buf_putc(w->out, ',');
	cts_buf_putc(w->out, '\n');
	for (int i = 0; i < w->depth; i++)
		cts_buf_puts(w->out, "  ");
	w->is_first = false;
}

static void name_member(struct writer *w, const char *name)
{
	next_line(w);
	cts_json_put_string(w->out, name);
	cts_buf_puts(w->out, ": ");
}

static void open_bracket(struct writer *w, char bracket)
{
	cts_buf_putc(w->out, bracket);
	w->depth++;
	w->is_first = true;
}

static void close_bracket(struct writer *w, char bracket)
{
	w->depth--;
	if (!w->is_first) {
		w->is_first = true;
		next_line(w);
	}
	cts_buf_putc(w->out, bracket);
	w->is_first = false;
}

static void put_text(struct writer *w, const char *name, const char *text)
{
	name_member(w, name);
	cts_json_put_string(w->out, text);
}

static void put_bool(struct writer *w, const char *name, bool value)
{
	name_member(w, name);
	cts_buf_puts(w->out, value ? "true" : "false");
}

static void put_number(struct writer *w, const char *name, int64_t value)
{
	name_member(w, name);
	cts_buf_printf(w->out, "%" PRId64, value);
}

static void put_references(struct writer *w, const struct cts_field *field)
{
	name_member(w, "ref");
	open_bracket(w, '[');
	if (field->ref_count == 0) {
		next_line(w);
		cts_json_put_string(w->out, "*");
	}
	for (size_t i = 0; i < field->ref_count; i++) {
		next_line(w);
		cts_json_put_string(w->out, field->ref_kinds[i]);
	}
	close_bracket(w, ']');
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct cts_enumerator *)a)->name, ((const struct cts_enumerator *)b)->name);
}

static void put_value_docs(struct writer *w, const struct cts_field *field)
{
	size_t bytes = field->enumerator_count * sizeof(*field->enumerators);
	struct cts_enumerator *sorted = cts_malloc(bytes);

	memcpy(sorted, field->enumerators, bytes);
	qsort(sorted, field->enumerator_count, sizeof(*sorted), by_name);
	name_member(w, "value_docs");
	open_bracket(w, '{');
	for (size_t i = 0; i < field->enumerator_count; i++)
		if (*sorted[i].doc)
			put_text(w, sorted[i].name, sorted[i].doc);
	close_bracket(w, '}');
	free(sorted);
}

static bool has_value_docs(const struct cts_field *field)
{
	for (size_t i = 0; i < field->enumerator_count; i++)
		if (*field->enumerators[i].doc)
			return true;
	return false;
}

static void put_field(struct writer *w, const struct cts_field *field)
{
	open_bracket(w, '{');
	if (field->common)
		put_bool(w, "common", true);
	put_text(w, "doc", field->doc);
	if (field->form != CTS_FORM_ANY)
		put_text(w, "form", cts_form_name(field->form));
	if (field->indexed)
		put_bool(w, "index", true);
	if (field->has_max)
		put_number(w, "max", field->max);
	put_text(w, "merge", cts_merge_name(field->merge));
	if (field->has_min)
		put_number(w, "min", field->min);
	put_text(w, "name", field->name);
	put_number(w, "number", field->number);
	if (field->pattern)
		put_text(w, "pattern", field->pattern);
	if (field->is_ref)
		put_references(w, field);
	put_bool(w, "repeated", field->repeated);
	put_bool(w, "required", field->required);
	put_text(w, "type", cts_type_name(field->type));
	if (field->unique)
		put_bool(w, "unique", true);
	if (has_value_docs(field))
		put_value_docs(w, field);
	if (field->enumerator_count) {
		name_member(w, "values");
		open_bracket(w, '[');
		for (size_t i = 0; i < field->enumerator_count; i++) {
			next_line(w);
			cts_json_put_string(w->out, field->enumerators[i].name);
		}
		close_bracket(w, ']');
	}
	close_bracket(w, '}');
}

static void put_kind(struct writer *w, const struct cts_kind *kind)
{
	next_line(w);
	open_bracket(w, '{');
	put_text(w, "doc", kind->doc);
	name_member(w, "fields");
	open_bracket(w, '[');
	for (size_t i = 0; i < kind->field_count; i++) {
		next_line(w);
		put_field(w, &kind->fields[i]);
	}
	close_bracket(w, ']');
	put_text(w, "kind", kind->name);
	put_text(w, "message", kind->message);
	if (kind->owner)
		put_text(w, "owner_field", kind->owner->name);
	if (kind->title)
		put_text(w, "title_field", kind->title->name);
	close_bracket(w, '}');
}

void cts_schema_json(
	struct cts_buf *out, const struct cts_schema *schema, const struct cts_kind *kind)
{
	struct writer w = {.out = out};

	open_bracket(&w, '{');
	name_member(&w, "kinds");
	open_bracket(&w, '[');
	for (size_t i = 0; i < cts_schema_kind_count(schema); i++)
		if (!kind || cts_schema_kind_at(schema, i) == kind)
			put_kind(&w, cts_schema_kind_at(schema, i));
	close_bracket(&w, ']');
	put_number(&w, "schema_version", 1);
	close_bracket(&w, '}');
	cts_buf_putc(out, '\n');
}
