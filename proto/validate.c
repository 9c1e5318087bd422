/*
 * Values and whole records: what an item's own rules cannot see. The rules of one item are in
 * validate_item.c and validate_form.c; rules across records are the store's.
 */
#include "proto/validate.h"

#include <string.h>

#include "proto/error.h"
#include "proto/text.h"

#define SHOWN_COLUMNS 40

int cts_validate_value(struct cts_value *out, struct cts_arena *arena, const struct cts_kind *kind,
	const struct cts_field *field, struct cts_value value)
{
	const char **items = cts_arena_alloc(arena, (value.count + 1) * sizeof(*items));
	struct cts_value checked = {.items = items};
	size_t size;

	if (value.count > 1 && !field->repeated) {
		cts_fail(CTS_EVALUE, "'%s' takes one value, not %zu", field->name, value.count);
		return CTS_EVALUE;
	}
	for (size_t i = 0; i < value.count; i++) {
		const char *item;
		int rc = cts_validate_item(&item, arena, kind, field, value.items[i]);

		if (rc < 0)
			return rc;
		if (*item)
			items[checked.count++] = item;
	}
	/* Sets have one order. A permission list too: it is one, but for how it merges. */
	if (field->merge == CTS_MERGE_SET || field->merge == CTS_MERGE_INTERSECT)
		checked = cts_value_sorted(arena, checked);
	size = cts_value_size(checked);
	if (size > CTS_VALUE_MAX)
		return cts_fail(
			CTS_EVALUE, "'%s' is longer than 64 KiB: %zu bytes", field->name, size);
	*out = checked;
	return 0;
}

static int check_required(const struct cts_record *record)
{
	struct cts_buf missing = {0}, typed = {0};
	int rc = 0;

	for (size_t i = 0; i < record->kind->field_count; i++) {
		const struct cts_field *field = &record->kind->fields[i];

		/* In a conflict whose shown side is empty, another side may hold the value. */
		if (!field->required || cts_value_is_set(record->values[i]) ||
			cts_record_conflict(record, field->name))
			continue;
		cts_buf_printf(&missing, "%s'%s'", missing.size ? ", " : "", field->name);
		cts_buf_printf(&typed, "%s%s=...", typed.size ? " " : "", field->name);
	}
	if (missing.size) {
		rc = cts_fail(
			CTS_EVALUE, "the %s lacks %s", record->kind->name, cts_buf_text(&missing));
		cts_hint("%s", cts_buf_text(&typed));
	}
	cts_buf_release(&missing);
	cts_buf_release(&typed);
	return rc;
}

/* One of the sides of an open conflict. A side kept by its hash alone cannot be compared here; what
 * it held comes from the history and was checked when it was written. */
static bool is_a_side(const struct cts_conflict *conflict, struct cts_value value)
{
	for (size_t i = 0; i < conflict->side_count; i++)
		if (conflict->sides[i].sha256 || cts_value_equal(conflict->sides[i].value, value))
			return true;
	return false;
}

static int check_write_once(const struct cts_record *record, const struct cts_record *before)
{
	for (size_t i = 0; i < record->kind->field_count; i++) {
		const struct cts_field *field = &record->kind->fields[i];
		struct cts_value old_value = before->values[i];
		const struct cts_conflict *conflict;
		const char *text;

		if (field->merge != CTS_MERGE_WRITE_ONCE ||
			cts_value_equal(old_value, record->values[i]))
			continue;
		conflict = cts_record_conflict(before, field->name);
		if (conflict ? is_a_side(conflict, record->values[i])
			     : !cts_value_is_set(old_value))
			continue;
		if (conflict)
			return cts_fail(CTS_EVALUE,
				"'%s' is written once: it can only be one of its %zu sides",
				field->name, conflict->side_count);
		text = cts_value_text(old_value);
		return cts_fail(CTS_EVALUE, "'%s' is written once, and is '%.*s'", field->name,
			(int)cts_text_prefix(text, SHOWN_COLUMNS), text);
	}
	return 0;
}

/* What every value was held to when it was typed, once more for those that a program made, or took out of
 * a merge: others refuse a commit with anything else, and all that builds on it. */
static int check_text(const struct cts_field *field, struct cts_value value)
{
	size_t size = cts_value_size(value);

	if (size > CTS_VALUE_MAX)
		return cts_fail(
			CTS_EVALUE, "'%s' is longer than 64 KiB: %zu bytes", field->name, size);
	for (size_t i = 0; i < value.count; i++)
		if (!cts_text_is_normal(value.items[i], strlen(value.items[i])))
			return cts_fail(CTS_EVALUE,
				"'%s' has characters that are not allowed, or not in the form NFC",
				field->name);
	return 0;
}

int cts_validate_record(const struct cts_record *record, const struct cts_record *before)
{
	size_t size = 0;
	int rc;

	rc = check_required(record);
	if (rc == 0 && before)
		rc = check_write_once(record, before);
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < record->kind->field_count; i++) {
		/* What a merge made may be larger than what a person may put in: it limits nobody. */
		if (before && cts_value_equal(before->values[i], record->values[i]))
			continue;
		size += cts_value_size(record->values[i]);
		rc = check_text(&record->kind->fields[i], record->values[i]);
	}
	if (rc < 0)
		return rc;
	if (size > CTS_RECORD_MAX)
		return cts_fail(CTS_EVALUE, "the %s is larger than 1 MiB: %zu bytes",
			record->kind->name, size);
	return 0;
}
