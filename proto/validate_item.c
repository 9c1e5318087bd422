/*
 * One item of a field, from what was typed to its canonical text, by the field's type. Everything
 * is asked of the schema; no field or kind is known here by name.
 *
 * A scalar's default ("0", "false", "unspecified") comes out as "", which means unset; in a list
 * such an item has a meaning of its own and stays.
 */
#include "proto/validate_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/error.h"
#include "proto/id.h"
#include "proto/text.h"
#include "proto/withhold.h"

#define SHOWN_COLUMNS 60

const char *cts_validate_trim(struct cts_arena *arena, const char *text)
{
	size_t size;

	text += strspn(text, " \t\n");
	size = strlen(text);
	while (size && strchr(" \t\n", text[size - 1]))
		size--;
	return text[size] ? cts_arena_strndup(arena, text, size) : text;
}

const char *cts_validate_shown(struct cts_arena *arena, const char *text)
{
	size_t size = cts_text_prefix(text, SHOWN_COLUMNS);

	return text[size] ? cts_arena_printf(arena, "%.*s...", (int)size, text) : text;
}

/* "a, b, c" */
static const char *join(struct cts_arena *arena, const char *const *words, size_t count)
{
	const char *joined = count ? words[0] : "";

	for (size_t i = 1; i < count; i++)
		joined = cts_arena_printf(arena, "%s, %s", joined, words[i]);
	return joined;
}

static int item_bool(
	const char **out, struct cts_arena *arena, const struct cts_field *field, const char *text)
{
	if (strcasecmp(text, "true") == 0) {
		*out = "true";
	} else if (strcasecmp(text, "false") == 0) {
		*out = field->repeated ? "false" : "";
	} else {
		cts_fail(CTS_EVALUE, "'%s' is neither true nor false, as '%s' must be",
			cts_validate_shown(arena, text), field->name);
		cts_hint("%s=true or %s=false", field->name, field->name);
		return CTS_EVALUE;
	}
	return 0;
}

/* The smallest and greatest number of the type; uint64 is told apart by its caller. */
static void type_range(int64_t *least, int64_t *most, enum cts_type type)
{
	*least = INT64_MIN;
	*most = INT64_MAX;
	if (type == CTS_TYPE_INT32) {
		*least = INT32_MIN;
		*most = INT32_MAX;
	} else if (type == CTS_TYPE_UINT32) {
		*least = 0;
		*most = UINT32_MAX;
	} else if (type == CTS_TYPE_UINT64) {
		*least = 0;
	}
}

static int fail_range(struct cts_arena *arena, const struct cts_field *field, const char *text)
{
	int64_t least, most;

	text = cts_validate_shown(arena, text);
	type_range(&least, &most, field->type);
	if (field->has_min && field->min > least)
		least = field->min;
	if (field->type == CTS_TYPE_UINT64 && !field->has_max)
		return cts_fail(CTS_EVALUE, "'%s' is out of range for '%s': %lld to %llu", text,
			field->name, (long long)least, (unsigned long long)UINT64_MAX);
	if (field->has_max && field->max < most)
		most = field->max;
	return cts_fail(CTS_EVALUE, "'%s' is out of range for '%s': %lld to %lld", text,
		field->name, (long long)least, (long long)most);
}

static bool is_number(const char *text)
{
	text += *text == '-' || *text == '+';
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static int item_unsigned64(
	const char **out, struct cts_arena *arena, const struct cts_field *field, const char *text)
{
	unsigned long long number;

	errno = 0;
	number = strtoull(text, NULL, 10);
	if (errno || (*text == '-' && number) ||
		(field->has_min && field->min > 0 && number < (uint64_t)field->min) ||
		(field->has_max && (field->max < 0 || number > (uint64_t)field->max)))
		return fail_range(arena, field, text);
	*out = number || field->repeated ? cts_arena_printf(arena, "%llu", number) : "";
	return 0;
}

static int item_number(
	const char **out, struct cts_arena *arena, const struct cts_field *field, const char *text)
{
	int64_t least, most;
	long long number;

	if (!is_number(text))
		return cts_fail(CTS_EVALUE, "'%s' is not a whole number, as '%s' must be",
			cts_validate_shown(arena, text), field->name);
	if (field->type == CTS_TYPE_UINT64)
		return item_unsigned64(out, arena, field, text);
	type_range(&least, &most, field->type);
	errno = 0;
	number = strtoll(text, NULL, 10);
	if (errno || number < least || number > most || (field->has_min && number < field->min) ||
		(field->has_max && number > field->max))
		return fail_range(arena, field, text);
	*out = number || field->repeated ? cts_arena_printf(arena, "%lld", number) : "";
	return 0;
}

static int fail_enumerator(struct cts_arena *arena, const struct cts_kind *kind,
	const struct cts_field *field, const char *text)
{
	const char **names = cts_arena_alloc(arena, (field->enumerator_count + 1) * sizeof(*names));
	const char *near;

	for (size_t i = 0; i < field->enumerator_count; i++)
		names[i] = field->enumerators[i].name;
	cts_fail(CTS_EVALUE, "'%s' is not a value of '%s'", cts_validate_shown(arena, text),
		field->name);
	near = cts_nearest(text, names, field->enumerator_count);
	if (near)
		cts_hint("%s=%s", field->name, near);
	else if (field->enumerator_count <= 10)
		cts_hint("one of %s", join(arena, names, field->enumerator_count));
	else
		cts_hint("ctsync help %s", kind->name);
	return CTS_EVALUE;
}

/* Names are shown as IN-CONFIDENCE and Amber / Red, so those spellings are read too. */
static int item_enumerator(const char **out, struct cts_arena *arena, const struct cts_kind *kind,
	const struct cts_field *field, const char *text)
{
	char *name = cts_arena_alloc(arena, strlen(text) + 1);
	const struct cts_enumerator *found;
	size_t used = 0;

	for (const char *c = text; *c; c++) {
		if (!strchr(" \t\n-/", *c))
			name[used++] = *c;
		else if (used && name[used - 1] != '_')
			name[used++] = '_';
	}
	found = cts_field_enumerator(field, name);
	if (found)
		*out = found->name;
	else if (strcasecmp(name, "unspecified") == 0 && !field->repeated)
		*out = "";
	else
		return fail_enumerator(arena, kind, field, name);
	return 0;
}

/* No id behind the right kind: the hint of id.h is an id, but what is typed is a reference. */
static int check_ref_id(struct cts_arena *arena, const char *kind_name, const char *id)
{
	int rc = cts_id_check(id);
	const char *better = rc < 0 ? cts_error_hint() : NULL;

	if (better) {
		better = cts_arena_strdup(arena, better);
		cts_hint("%s/%s", kind_name, better);
	}
	return rc;
}

static int check_ref_kind(struct cts_arena *arena, const struct cts_kind *kind,
	const struct cts_field *field, const char *kind_name)
{
	const struct cts_kind *found;
	const char *near;

	if (!field->ref_count)
		return cts_schema_find_kind(&found, kind->schema, kind_name);
	for (size_t i = 0; i < field->ref_count; i++)
		if (strcmp(field->ref_kinds[i], kind_name) == 0)
			return 0;
	cts_fail(CTS_EVALUE, "'%s' cannot name a record of kind '%s'", field->name,
		cts_validate_shown(arena, kind_name));
	near = cts_nearest(kind_name, field->ref_kinds, field->ref_count);
	if (near)
		cts_hint("did you mean '%s'?", near);
	else
		cts_hint("%s%s", field->ref_count == 1 ? "" : "one of ",
			join(arena, field->ref_kinds, field->ref_count));
	return CTS_EVALUE;
}

/* A bare id where several kinds may be meant. */
static int fail_bare_id(struct cts_arena *arena, const struct cts_field *field, const char *text)
{
	const char **keys = cts_arena_alloc(arena, (field->ref_count + 1) * sizeof(*keys));

	for (size_t i = 0; i < field->ref_count; i++)
		keys[i] = cts_arena_printf(arena, "%s/%s", field->ref_kinds[i], text);
	cts_fail(CTS_EVALUE, "'%s' does not say which kind of record '%s' names",
		cts_validate_shown(arena, text), field->name);
	if (field->ref_count && strlen(text) <= CTS_ID_MAX)
		cts_hint("one of %s", join(arena, keys, field->ref_count));
	else
		cts_hint("a record is written kind/id");
	return CTS_EVALUE;
}

static int item_ref(const char **out, struct cts_arena *arena, const struct cts_kind *kind,
	const struct cts_field *field, const char *text)
{
	const char *kind_name, *id;
	int rc;

	if (!strchr(text, '/')) {
		if (field->ref_count != 1)
			return fail_bare_id(arena, field, text);
		kind_name = field->ref_kinds[0];
		id = text;
	} else {
		rc = cts_key_split(&kind_name, &id, arena, text);
		if (rc == 0)
			rc = check_ref_kind(arena, kind, field, kind_name);
		if (rc < 0)
			return rc;
	}
	rc = check_ref_id(arena, kind_name, id);
	if (rc < 0)
		return rc;
	*out = id == text ? cts_arena_printf(arena, "%s/%s", kind_name, id) : text;
	return 0;
}

static int item_string(const char **out, struct cts_arena *arena, const struct cts_kind *kind,
	const struct cts_field *field, const char *text)
{
	int rc;

	if (field->is_ref)
		return item_ref(out, arena, kind, field, cts_validate_trim(arena, text));
	if (cts_text_has_marks(text)) {
		rc = cts_marks_normalise(&text, arena, text);
		if (rc < 0) {
			cts_fail_where("'%s'", field->name);
			return rc;
		}
	}
	if (field->form == CTS_FORM_ANY && !field->pattern) {
		*out = text;
		return 0;
	}
	return cts_validate_form(out, arena, field, text);
}

int cts_validate_item(const char **out, struct cts_arena *arena, const struct cts_kind *kind,
	const struct cts_field *field, const char *text)
{
	const char *item = NULL;
	size_t size = strlen(text);
	int rc;

	if (!size) {
		cts_fail(CTS_EVALUE, "'%s' has an empty item", field->name);
		cts_hint("'%s=' alone clears the field", field->name);
		return CTS_EVALUE;
	}
	if (size > CTS_VALUE_MAX)
		return cts_fail(
			CTS_EVALUE, "'%s' is longer than 64 KiB: %zu bytes", field->name, size);
	rc = cts_text_normalise(&text, arena, text, size, field->name);
	if (rc < 0)
		return rc;
	switch (field->type) {
	case CTS_TYPE_STRING: rc = item_string(&item, arena, kind, field, text); break;
	case CTS_TYPE_BOOL:
		rc = item_bool(&item, arena, field, cts_validate_trim(arena, text));
		break;
	case CTS_TYPE_INT32:
	case CTS_TYPE_UINT32:
	case CTS_TYPE_INT64:
	case CTS_TYPE_UINT64:
		rc = item_number(&item, arena, field, cts_validate_trim(arena, text));
		break;
	case CTS_TYPE_ENUM:
		rc = item_enumerator(&item, arena, kind, field, cts_validate_trim(arena, text));
		break;
	}
	if (rc == 0)
		*out = item;
	return rc;
}
