/*
 * Asking a schema that was read: kinds and fields by name, their descriptors, the words of the
 * manual. Everything is found by binary search in tables that schema_load.c sorted; nothing here
 * changes.
 */
#include "proto/schema.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/error.h"
#include "proto/schema_load.h"

struct cts_slice cts_schema_bytes(const struct cts_schema *schema)
{
	return schema->bytes;
}

size_t cts_schema_kind_count(const struct cts_schema *schema)
{
	return schema->kind_count;
}

const struct cts_kind *cts_schema_kind_at(const struct cts_schema *schema, size_t index)
{
	return index < schema->kind_count ? &schema->kinds[index].kind : NULL;
}

const struct cts_kind *cts_schema_kind(const struct cts_schema *schema, const char *name)
{
	size_t low = 0, high = schema->kind_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(schema->by_name[middle]->kind.name, name);

		if (order == 0)
			return &schema->by_name[middle]->kind;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int cts_schema_find_kind(
	const struct cts_kind **out, const struct cts_schema *schema, const char *name)
{
	const struct cts_kind *kind = cts_schema_kind(schema, name);
	const char **names, *near;

	if (kind) {
		*out = kind;
		return 0;
	}
	names = cts_malloc(schema->kind_count * sizeof(*names));
	for (size_t i = 0; i < schema->kind_count; i++)
		names[i] = schema->kinds[i].kind.name;
	near = cts_nearest(name, names, schema->kind_count);
	free(names);
	cts_fail(CTS_EVALUE, "no kind '%s'", name);
	if (near)
		cts_hint("did you mean '%s'?", near);
	else
		cts_hint("ctsync schema");
	return CTS_EVALUE;
}

static const struct schema_kind *behind(const struct cts_kind *kind)
{
	return (const struct schema_kind *)kind; /* its first member */
}

const struct cts_field *cts_kind_field(const struct cts_kind *kind, const char *name)
{
	const struct cts_field *const *sorted = behind(kind)->by_name;
	size_t low = 0, high = kind->field_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(sorted[middle]->name, name);

		if (order == 0)
			return sorted[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int cts_kind_find_field(const struct cts_field **out, const struct cts_kind *kind, const char *name)
{
	const struct cts_field *field = cts_kind_field(kind, name);
	const char **names, *near;

	if (field) {
		*out = field;
		return 0;
	}
	names = cts_malloc((kind->field_count + 1) * sizeof(*names));
	for (size_t i = 0; i < kind->field_count; i++)
		names[i] = kind->fields[i].name;
	near = cts_nearest(name, names, kind->field_count);
	free(names);
	cts_fail(CTS_EVALUE, "'%s' has no field '%s'", kind->name, name);
	if (near)
		cts_hint("did you mean '%s'?", near);
	else
		cts_hint("ctsync schema %s", kind->name);
	return CTS_EVALUE;
}

const struct cts_enumerator *cts_field_enumerator(const struct cts_field *field, const char *name)
{
	for (size_t i = 0; i < field->enumerator_count; i++)
		if (strcasecmp(field->enumerators[i].name, name) == 0)
			return &field->enumerators[i];
	return NULL;
}

const struct cts_enumerator *cts_field_enumerator_at(const struct cts_field *field, int32_t number)
{
	for (size_t i = 0; i < field->enumerator_count; i++)
		if (field->enumerators[i].number == number)
			return &field->enumerators[i];
	return NULL;
}

int32_t cts_field_rank(const struct cts_field *field, const char *name)
{
	const struct cts_enumerator *enumerator = cts_field_enumerator(field, name);

	return enumerator ? enumerator->number : 0;
}

const ProtobufCMessageDescriptor *cts_kind_descriptor(const struct cts_kind *kind, bool common)
{
	return &(common ? behind(kind)->common : behind(kind)->own)->descriptor;
}

struct cts_slot cts_kind_slot(const struct cts_kind *kind, const struct cts_field *field)
{
	return field->common ? behind(kind)->common->slots[field->index - kind->own_count]
			     : behind(kind)->own->slots[field->index];
}

const char *cts_type_name(enum cts_type type)
{
	static const char *const names[] = {
		[CTS_TYPE_STRING] = "string",
		[CTS_TYPE_BOOL] = "bool",
		[CTS_TYPE_INT32] = "int32",
		[CTS_TYPE_UINT32] = "uint32",
		[CTS_TYPE_INT64] = "int64",
		[CTS_TYPE_UINT64] = "uint64",
		[CTS_TYPE_ENUM] = "enum",
	};

	return names[type];
}

const char *cts_merge_name(enum cts_merge_class merge)
{
	static const char *const names[] = {
		[CTS_MERGE_REGISTER] = "REGISTER",
		[CTS_MERGE_SET] = "SET",
		[CTS_MERGE_LIST] = "LIST",
		[CTS_MERGE_TEXT] = "TEXT",
		[CTS_MERGE_STRICTEST] = "STRICTEST",
		[CTS_MERGE_INTERSECT] = "INTERSECT",
		[CTS_MERGE_WRITE_ONCE] = "WRITE_ONCE",
	};

	return names[merge];
}

const char *cts_form_name(enum cts_form form)
{
	static const char *const names[] = {
		[CTS_FORM_ANY] = "",
		[CTS_FORM_DATE] = "date",
		[CTS_FORM_FUZZY_DATE] = "fuzzy_date",
		[CTS_FORM_PERIOD] = "period",
		[CTS_FORM_URL] = "url",
		[CTS_FORM_GROUND] = "ground",
		[CTS_FORM_COMMIT] = "commit",
		[CTS_FORM_SHA256] = "sha256",
	};

	return names[form];
}
