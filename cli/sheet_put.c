/*
 * A record as text: of each field what the schema says of it, its conflict, its value. The first
 * characters of a line decide what it is, so no value needs quoting: `#` a comment, `-` a member,
 * `|` a line of a text, anything else a field's name and a colon.
 */
#include "cli/sheet.h"

#include <string.h>

#include "proto/time.h"

#define COMMENT_COLUMNS 90

/* ---- writing: comments ----------------------------------------------------------------------- */

/* Running text as comment lines, broken at spaces. */
static void put_comment(struct cts_buf *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t size = strcspn(text, " \n");

		if (column > 0 && column + 1 + size > COMMENT_COLUMNS) {
			cts_buf_putc(out, '\n');
			column = 0;
		}
		cts_buf_puts(out, column == 0 ? "# " : " ");
		cts_buf_put(out, text, size);
		column += size + 1;
		text += size;
		text += strspn(text, " \n");
	}
	if (column > 0)
		cts_buf_putc(out, '\n');
}

static void put_fact(struct cts_buf *out, const char *fact)
{
	cts_buf_puts(out, out->size ? "; " : "(");
	cts_buf_puts(out, fact);
}

static void put_names(struct cts_buf *out, const char *lead, const char *name, bool is_first)
{
	cts_buf_puts(out, is_first ? lead : ", ");
	cts_buf_puts(out, name);
}

/* "(required; a list of agency or body)", and what the schema says of the field. */
static void put_help(struct cts_buf *out, const struct cts_field *field)
{
	struct cts_buf text = {0};
	const char *end = strstr(field->doc, "\n\n");

	if (field->required)
		put_fact(&text, "required");
	if (field->merge == CTS_MERGE_WRITE_ONCE)
		put_fact(&text, "written once");
	if (field->repeated)
		put_fact(&text, "a list");
	if (field->type == CTS_TYPE_BOOL)
		put_fact(&text, "true or false");
	else if (field->type != CTS_TYPE_STRING && field->type != CTS_TYPE_ENUM)
		put_fact(&text, "a number");
	if (field->form != CTS_FORM_ANY)
		put_fact(&text, cts_form_name(field->form));
	if (field->is_ref && field->ref_count == 0)
		put_fact(&text, "kind/id");
	for (size_t i = 0; i < field->ref_count; i++) {
		if (i == 0)
			put_fact(&text, "");
		put_names(&text, "kind/id of ", field->ref_kinds[i], i == 0);
	}
	for (size_t i = 0; i < field->enumerator_count; i++) {
		if (i == 0)
			put_fact(&text, "");
		put_names(&text, "one of ", field->enumerators[i].name, i == 0);
	}
	if (text.size)
		cts_buf_puts(&text, ") ");
	cts_buf_put(&text, field->doc, end ? (size_t)(end - field->doc) : strlen(field->doc));
	put_comment(out, cts_buf_text(&text));
	cts_buf_release(&text);
}

static void put_side(struct cts_buf *out, const struct cts_side *side, size_t number)
{
	char time[CTS_TIME_TEXT], hex[CTS_OID_HEX + 1];

	if (!side->agency) {
		cts_buf_printf(out, "#   %zu  see commit %s\n", number,
			cts_oid_format(hex, &side->commit));
		return;
	}
	cts_buf_printf(out, "#   %zu  %s, %s, %s\n", number, side->agency, side->author,
		cts_time_format_local(time, side->time));
	if (side->value.count == 0)
		cts_buf_puts(out, "#      (unset)\n");
	for (size_t i = 0; i < side->value.count; i++) {
		const char *text = side->value.items[i];

		for (bool first = true; first || *text; first = false) {
			size_t size = strcspn(text, "\n");

			cts_buf_printf(out, "#      %s%.*s\n",
				side->value.count > 1 ? (first ? "- " : "  ") : "", (int)size,
				text);
			text += size;
			text += *text == '\n';
		}
	}
}

static void put_conflict(struct cts_buf *out, const struct cts_conflict *conflict, const char *how)
{
	put_comment(out, how);
	for (size_t i = 0; i < conflict->side_count; i++)
		put_side(out, &conflict->sides[i], i + 1);
}

/* ---- writing: values ------------------------------------------------------------------------- */

/* `| line` for each line. */
static void put_lines(struct cts_buf *out, const char *text)
{
	for (;;) {
		size_t size = strcspn(text, "\n");

		cts_buf_printf(out, "|%s%.*s\n", size ? " " : "", (int)size, text);
		if (!text[size])
			return;
		text += size + 1;
	}
}

static void put_members(struct cts_buf *out, struct cts_value value)
{
	for (size_t i = 0; i < value.count; i++) {
		const char *item = value.items[i];
		size_t size = strcspn(item, "\n");

		cts_buf_printf(out, "-%s%.*s\n", size ? " " : "", (int)size, item);
		if (item[size])
			put_lines(out, item + size + 1);
	}
}

static void put_field(
	struct cts_buf *out, const struct cts_record *record, const struct cts_field *field)
{
	const struct cts_conflict *conflict = cts_record_conflict(record, field->name);
	struct cts_value value = cts_record_get(record, field);

	cts_buf_putc(out, '\n');
	put_help(out, field);
	if (conflict)
		put_conflict(out, conflict,
			"CONFLICT: to settle it, take the ? away or change the value. The sides:");
	cts_buf_printf(out, "%s%s:", field->name, conflict ? "?" : "");
	if (field->repeated) {
		cts_buf_putc(out, '\n');
		put_members(out, value);
	} else if (value.count == 0) {
		cts_buf_putc(out, '\n');
	} else if (strchr(value.items[0], '\n')) {
		cts_buf_putc(out, '\n');
		put_lines(out, value.items[0]);
	} else {
		cts_buf_printf(out, " %s\n", value.items[0]);
	}
}

static void put_unknown(struct cts_buf *out, const struct cts_record *record)
{
	for (size_t i = 0; i < record->unknown_count; i++) {
		if (i == 0)
			cts_buf_puts(out, "\n# Not known to the schema here, and kept as it is:\n");
		cts_buf_printf(out, "#   %s: ", record->unknown[i].name);
		for (const char *c = record->unknown[i].json; *c; c++)
			cts_buf_puts(out, *c == '\n' ? "\n#   " : (char[]){*c, 0});
		cts_buf_putc(out, '\n');
	}
	for (size_t i = 0; i < record->conflict_count; i++)
		if (strchr(record->conflicts[i].field, '/'))
			put_conflict(out, &record->conflicts[i],
				"CONFLICT in what the schema does not know; ctsync resolve "
				"settles it. The sides:");
}

void cts_sheet_put(struct cts_buf *out, const struct cts_record *record)
{
	const struct cts_conflict *life = cts_record_conflict(record, CTS_DELETED);

	cts_buf_printf(out,
		"# %s/%s: change values, save, and leave the editor.\n"
		"#   field: value    nothing behind the colon clears the field\n"
		"#   - member        a line for each member of a list\n"
		"#   | line          each line of a text that has several\n"
		"# A field that is taken out stays as it is. Lines that begin with # are left "
		"out.\n",
		record->kind->name, record->id);
	if (life) {
		cts_buf_putc(out, '\n');
		put_conflict(out, life,
			"CONFLICT: one deleted the record and another edited it, neither knowing "
			"of the other. To settle it, take the ? away: true deletes it, false "
			"keeps it. The sides:");
		cts_buf_puts(out, CTS_DELETED "?: false\n");
	}
	for (size_t i = 0; i < record->kind->field_count; i++)
		put_field(out, record, &record->kind->fields[i]);
	put_unknown(out, record);
}
