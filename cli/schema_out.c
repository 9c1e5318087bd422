/*
 * A field is a head line of facts, then its comment, then its allowed values; values without a
 * comment of their own stand together on a line, the others one a line.
 */
#include "cli/schema_out.h"

#include <inttypes.h>
#include <string.h>

#include "proto/text.h"

#define DOC_INDENT 6

/* "reference to agency or body", "fuzzy_date", "int32" */
static void type_text(struct cts_buf *out, const struct cts_field *field)
{
	if (field->is_ref) {
		cts_buf_puts(out, field->repeated ? "references to " : "reference to ");
		for (size_t i = 0; i < field->ref_count; i++)
			cts_buf_printf(out, "%s%s", i == 0 ? "" : " or ", field->ref_kinds[i]);
		if (field->ref_count == 0)
			cts_buf_puts(out, field->repeated ? "any records" : "any record");
		return;
	}
	cts_buf_puts(out, field->form != CTS_FORM_ANY ? cts_form_name(field->form)
						      : cts_type_name(field->type));
	if (field->repeated)
		cts_buf_puts(out, "[]");
}

/* ", required, unique, 1..44, pattern [A-Z]+" */
static void rules_text(struct cts_buf *out, const struct cts_field *field)
{
	if (field->required)
		cts_buf_puts(out, ", required");
	if (field->unique)
		cts_buf_puts(out, ", unique");
	if (field->has_min && field->has_max)
		cts_buf_printf(out, ", %" PRId64 "..%" PRId64, field->min, field->max);
	else if (field->has_min)
		cts_buf_printf(out, ", at least %" PRId64, field->min);
	else if (field->has_max)
		cts_buf_printf(out, ", at most %" PRId64, field->max);
	if (field->pattern)
		cts_buf_printf(out, ", pattern %s", field->pattern);
}

static void put_values(struct cts_out *out, const struct cts_field *field, size_t indent)
{
	struct cts_buf plain = {0};

	for (size_t i = 0; i < field->enumerator_count; i++) {
		const struct cts_enumerator *e = &field->enumerators[i];

		if (!*e->doc)
			cts_buf_printf(&plain, "%s%s", plain.size ? ", " : "", e->name);
	}
	if (plain.size > 0) {
		cts_out_printf(out, "%*sone of ", (int)indent, "");
		cts_out_wrapped(out, plain.data, indent + strlen("one of "), indent + 2);
	}
	for (size_t i = 0; i < field->enumerator_count; i++) {
		const struct cts_enumerator *e = &field->enumerators[i];

		if (!*e->doc)
			continue;
		cts_out_printf(out, "%*s%s: ", (int)indent, "", e->name);
		cts_out_wrapped(out, e->doc, indent + strlen(e->name) + 2, indent + 4);
	}
	cts_buf_release(&plain);
}

void cts_schema_put_field(struct cts_out *out, const struct cts_field *field, size_t indent)
{
	struct cts_buf facts = {0};
	size_t column = indent + strlen(field->name) + 2;

	type_text(&facts, field);
	cts_buf_printf(&facts, ", %s", cts_merge_name(field->merge));
	rules_text(&facts, field);
	cts_out_printf(out, "%*s", (int)indent, "");
	cts_out_styled(out, CTS_STYLE_NAME, field->name);
	cts_out_puts(out, "  ");
	cts_out_puts(out, cts_out_style_on(out, CTS_STYLE_DIM));
	cts_out_wrapped(out, facts.data, column, indent + DOC_INDENT - 2);
	cts_out_puts(out, cts_out_style_off(out, CTS_STYLE_DIM));
	if (*field->doc)
		cts_out_paragraphs(out, field->doc, indent + DOC_INDENT - 2);
	put_values(out, field, indent + DOC_INDENT - 2);
	cts_buf_release(&facts);
}

void cts_schema_put_kind(struct cts_out *out, const struct cts_kind *kind)
{
	struct cts_buf common = {0};

	cts_out_styled(out, CTS_STYLE_TITLE, kind->name);
	cts_out_puts(out, "\n");
	if (*kind->doc)
		cts_out_paragraphs(out, kind->doc, 2);
	for (size_t i = 0; i < kind->own_count; i++) {
		cts_out_puts(out, "\n");
		cts_schema_put_field(out, &kind->fields[i], 2);
	}
	for (size_t i = kind->own_count; i < kind->field_count; i++)
		cts_buf_printf(&common, "%s%s", common.size ? ", " : "", kind->fields[i].name);
	cts_out_puts(out, "\n  ");
	cts_out_styled(out, CTS_STYLE_DIM, "and on every kind: ");
	cts_out_wrapped(out, cts_buf_text(&common), 2 + strlen("and on every kind: "), 4);
	cts_buf_release(&common);
}

void cts_schema_put_common(struct cts_out *out, const struct cts_schema *schema)
{
	const struct cts_kind *kind =
		cts_schema_kind_count(schema) > 0 ? cts_schema_kind_at(schema, 0) : NULL;

	if (!kind)
		return;
	cts_out_styled(out, CTS_STYLE_TITLE, "fields of every kind");
	cts_out_puts(out, "\n");
	for (size_t i = kind->own_count; i < kind->field_count; i++) {
		cts_out_puts(out, "\n");
		cts_schema_put_field(out, &kind->fields[i], 2);
	}
}
