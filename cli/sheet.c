/*
 * Reading the text form back, and doing to a record what was changed in it. sheet_put.c writes it.
 */
#include "cli/sheet.h"

#include <string.h>

#include "proto/error.h"
#include "proto/text.h"
#include "proto/validate.h"

/* ---- reading --------------------------------------------------------------------------------- */

struct reader {
	struct cts_arena *arena;
	const struct cts_kind *kind;
	struct cts_sheet sheet;
	size_t line;
	/* of the field at hand */
	struct cts_sheet_field field;
	bool is_begun;
	struct cts_buf item; /* the value, or the member, so far */
	bool has_item;
};

/* Ends a member, or a scalar's value. Empty ones are left out: an empty bullet means nothing. */
static void end_item(struct reader *r)
{
	const char *text;

	if (r->has_item && r->item.size > 0) {
		text = cts_arena_strdup(r->arena, cts_buf_text(&r->item));
		r->field.value = cts_value_with(r->arena, r->field.value, text);
	}
	r->has_item = false;
	cts_buf_clear(&r->item);
}

static void end_field(struct reader *r)
{
	if (!r->is_begun)
		return;
	end_item(r);
	*(struct cts_sheet_field *)cts_arena_push(
		r->arena, &r->sheet.fields, &r->sheet.count, sizeof(r->field)) = r->field;
	r->is_begun = false;
}

/* Text after a line's sign; one space there is not part of it. */
static const char *after_sign(const char *line, size_t size)
{
	line += size;
	return *line == ' ' ? line + 1 : line;
}

static int begin_field(struct reader *r, const char *line)
{
	size_t size = strcspn(line, " \t?:");
	const char *name = cts_arena_strndup(r->arena, line, size);
	bool is_open = line[size] == '?';
	int rc;

	if (size == 0 || line[size + is_open] != ':') {
		cts_fail(CTS_EUSAGE, "'%.40s' is neither a field nor part of one", line);
		cts_hint("a line of a text begins with |, a member of a list with -, a comment "
			 "with #");
		return CTS_EUSAGE;
	}
	r->field = (struct cts_sheet_field){.is_open = is_open, .line = r->line};
	if (strcmp(name, CTS_DELETED) != 0) {
		rc = cts_kind_find_field(&r->field.field, r->kind, name);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < r->sheet.count; i++) {
		if (r->sheet.fields[i].field != r->field.field)
			continue;
		cts_fail(CTS_EVALUE, "'%s' stands twice", name);
		cts_hint("the first is at line %zu", r->sheet.fields[i].line);
		return CTS_EVALUE;
	}
	r->is_begun = true;
	line = after_sign(line, size + is_open + 1);
	if (*line) {
		cts_buf_puts(&r->item, line);
		r->has_item = true;
	}
	return 0;
}

static int read_line(struct reader *r, const char *line)
{
	bool is_member = line[0] == '-', is_text = line[0] == '|';

	if (line[0] == '#' || line[strspn(line, " \t")] == 0)
		return 0;
	if (!is_member && !is_text) {
		end_field(r);
		return begin_field(r, line);
	}
	if (!r->is_begun)
		return cts_fail(CTS_EUSAGE, "no field stands before '%.40s'", line);
	if (is_member && !(r->field.field && r->field.field->repeated)) {
		cts_fail(CTS_EVALUE, "'%s' is no list",
			r->field.field ? r->field.field->name : CTS_DELETED);
		cts_hint("| begins a line of a text, %s: holds one value",
			r->field.field ? r->field.field->name : CTS_DELETED);
		return CTS_EVALUE;
	}
	if (is_member)
		end_item(r);
	else if (r->has_item)
		cts_buf_putc(&r->item, '\n');
	cts_buf_puts(&r->item, after_sign(line, 1));
	r->has_item = true;
	return 0;
}

int cts_sheet_parse(struct cts_sheet *out, size_t *line, struct cts_arena *arena,
	const struct cts_kind *kind, const char *text)
{
	struct reader r = {.arena = arena, .kind = kind};
	int rc = 0;

	while (rc == 0 && *text) {
		size_t size = strcspn(text, "\n");
		bool has_return = size > 0 && text[size - 1] == '\r';

		r.line++;
		rc = read_line(&r, cts_arena_strndup(arena, text, size - has_return));
		text += size;
		text += *text == '\n';
	}
	if (rc == 0)
		end_field(&r);
	cts_buf_release(&r.item);
	if (rc < 0) {
		*line = r.line;
		return rc;
	}
	*out = r.sheet;
	return 0;
}

/* ---- what was changed ------------------------------------------------------------------------ */

static const char *name_of(const struct cts_sheet_field *field)
{
	return field->field ? field->field->name : CTS_DELETED;
}

static struct cts_value value_of(
	const struct cts_record *record, const struct cts_sheet_field *field)
{
	static const char *const alive[] = {"false"};

	return field->field ? cts_record_get(record, field->field) : (struct cts_value){1, alive};
}

bool cts_sheet_changes(const struct cts_sheet_field *field, const struct cts_record *base)
{
	if (cts_record_conflict(base, name_of(field)) && !field->is_open)
		return true;
	return !cts_value_equal(field->value, value_of(base, field));
}

static int apply_life(
	struct cts_record *record, bool *deleted, const struct cts_sheet_field *field)
{
	const char *text = cts_value_text(field->value);

	if (!cts_record_conflict(record, CTS_DELETED)) {
		cts_fail(CTS_EVALUE, "'%s' has no field '%s'", record->kind->name, CTS_DELETED);
		cts_hint("ctsync rm deletes a record");
		return CTS_EVALUE;
	}
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return cts_fail(CTS_EVALUE, "'%s' is true or false", CTS_DELETED);
	cts_record_settle(record, CTS_DELETED);
	*deleted = strcmp(text, "true") == 0;
	return 0;
}

/* Somebody else changed the same field while it was edited here. */
static int fail_meanwhile(const struct cts_sheet_field *field, struct cts_value now)
{
	const char *text = cts_value_text(now);

	cts_fail(CTS_EREFUSED, "'%s' was changed meanwhile, to '%.*s'%s", name_of(field),
		(int)cts_text_prefix(text, 60), text, now.count > 1 ? " and more" : "");
	cts_hint("save again to mean what stands here");
	return CTS_EREFUSED;
}

/* The conflict has sides that the user was not shown: settling it would set them aside unseen. */
static bool has_new_sides(
	const struct cts_record *record, const struct cts_record *base, const char *field)
{
	const struct cts_conflict *now = cts_record_conflict(record, field);
	const struct cts_conflict *then = cts_record_conflict(base, field);

	if (!now)
		return false;
	if (!then || now->side_count != then->side_count)
		return true;
	for (size_t i = 0; i < now->side_count; i++)
		if (!cts_oid_equal(&now->sides[i].commit, &then->sides[i].commit))
			return true;
	return false;
}

static int apply_field(struct cts_record *record, bool *deleted, const struct cts_record *base,
	const struct cts_sheet_field *field)
{
	struct cts_value value = value_of(record, field);
	int rc;

	if (!cts_value_equal(value, value_of(base, field)) ||
		has_new_sides(record, base, name_of(field)))
		return fail_meanwhile(field, value);
	if (!field->field)
		return apply_life(record, deleted, field);
	rc = cts_validate_value(
		&value, &record->arena, record->kind, field->field, field->value);
	if (rc < 0)
		return rc;
	cts_record_set(record, field->field, value);
	cts_record_settle(record, field->field->name);
	return 0;
}

int cts_sheet_apply(struct cts_record *record, bool *deleted, size_t *line,
	const struct cts_record *base, const struct cts_sheet *sheet)
{
	for (size_t i = 0; i < sheet->count; i++) {
		const struct cts_sheet_field *field = &sheet->fields[i];
		int rc;

		if (!cts_sheet_changes(field, base))
			continue;
		rc = apply_field(record, deleted, base, field);
		if (rc < 0) {
			*line = field->line;
			return rc;
		}
	}
	return 0;
}

void cts_sheet_overlay(struct cts_record *record, const struct cts_record *base,
	const struct cts_sheet *sheet)
{
	for (size_t i = 0; i < sheet->count; i++) {
		const struct cts_sheet_field *field = &sheet->fields[i];

		if (!field->field || !cts_sheet_changes(field, base))
			continue;
		cts_record_set(record, field->field, field->value);
		cts_record_settle(record, field->field->name);
	}
}
