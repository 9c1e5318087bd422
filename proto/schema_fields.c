/*
 * The fields of one message, and the enumerators that they take. An enumeration is read when the
 * first field uses it and shared by all that do.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/error.h"
#include "proto/id.h"
#include "proto/record.h"
#include "proto/schema_load.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

int cts_schema_declared_compare(const void *a, const void *b)
{
	return strcmp(((const struct schema_declared *)a)->name,
		((const struct schema_declared *)b)->name);
}

const char *cts_schema_declared_comment(
	struct schema_loader *l, const struct schema_declared *d, int32_t number, size_t index)
{
	int32_t path[SCHEMA_PATH_MAX + 2];
	size_t count = d->path_count;

	memcpy(path, d->path, count * sizeof(*path));
	if (number) {
		path[count++] = number;
		path[count++] = (int32_t)index;
	}
	return cts_schema_comment(l->arena, d->comments, path, count);
}

/* ---- enumerations ---- */

static bool enumerator_name_is_valid(const char *name)
{
	size_t size = strlen(name);

	return size > 0 && size <= CTS_FIELD_MAX && strspn(name, LETTERS) > 0 &&
	       strspn(name, LETTERS "0123456789_") == size;
}

static int read_enumerators(struct schema_loader *l, struct schema_declared *d)
{
	const schema_enum *e = d->enumeration;
	struct cts_enumerator *list;

	if (e->n_value == 0 || e->n_value > SCHEMA_ENUMERATORS_MAX || e->value[0]->number != 0)
		return cts_fail(CTS_EVALUE,
			"enumeration '%s' does not begin with 0 or has more than %d members",
			d->name, SCHEMA_ENUMERATORS_MAX);
	list = cts_arena_alloc(l->arena, e->n_value * sizeof(*list));
	for (size_t i = 1; i < e->n_value; i++) {
		const char *name = e->value[i]->name;
		int32_t number = e->value[i]->number;

		if (!name || !enumerator_name_is_valid(name) ||
			strcasecmp(name, "unspecified") == 0)
			return cts_fail(CTS_EVALUE, "enumeration '%s' has a member with a bad name",
				d->name);
		/* A negative rank would stand below "not set". */
		if (number <= 0)
			return cts_fail(CTS_EVALUE,
				"'%s' of enumeration '%s' has not a number above 0", name, d->name);
		for (size_t k = 0; k + 1 < i; k++)
			if (list[k].number == number || strcasecmp(list[k].name, name) == 0)
				return cts_fail(CTS_EVALUE,
					"'%s' and '%s' of enumeration '%s' cannot be told apart",
					list[k].name, name, d->name);
		list[i - 1] = (struct cts_enumerator){.name = cts_arena_strdup(l->arena, name),
			.number = number,
			.doc = cts_schema_declared_comment(l, d, 2, i)};
	}
	d->enumerators = list;
	d->enumerator_count = e->n_value - 1;
	return 0;
}

static int find_enumerators(
	struct schema_loader *l, struct cts_field *field, const char *type_name, const char *where)
{
	struct schema_declared key = {0}, *d = NULL;
	int rc;

	if (type_name && type_name[0] == '.' && l->enum_count) {
		key.name = type_name + 1;
		d = bsearch(
			&key, l->enums, l->enum_count, sizeof(key), cts_schema_declared_compare);
	}
	if (!d)
		return cts_fail(
			CTS_EVALUE, "%s has an enumeration that the schema does not have", where);
	if (!d->enumerators) {
		rc = read_enumerators(l, d);
		if (rc < 0)
			return rc;
	}
	field->enumerators = d->enumerators;
	field->enumerator_count = d->enumerator_count;
	return 0;
}

/* ---- fields ---- */

static int refuse_type(const char *where, const char *what)
{
	cts_fail(CTS_EVALUE, "%s is %s", where, what);
	cts_hint("use string, bool, an integer, an enumeration, or repeated ones; see ctsync(1)");
	return CTS_EVALUE;
}

static int read_type(enum cts_type *out, const schema_field *proto, const char *where)
{
	if (proto->proto3_optional)
		return refuse_type(where, "optional, which no field needs to say");
	if (proto->has_oneof_index)
		return refuse_type(where, "part of a oneof");
	if (proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED)
		return refuse_type(where, "required by proto2");
	switch (proto->type) {
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING:
		*out = CTS_TYPE_STRING;
		return 0;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BOOL:
		*out = CTS_TYPE_BOOL;
		return 0;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32:
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT32:
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED32:
		*out = CTS_TYPE_INT32;
		return 0;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT32:
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED32:
		*out = CTS_TYPE_UINT32;
		return 0;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT64:
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT64:
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED64:
		*out = CTS_TYPE_INT64;
		return 0;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT64:
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED64:
		*out = CTS_TYPE_UINT64;
		return 0;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM:
		*out = CTS_TYPE_ENUM;
		return 0;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FLOAT:
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_DOUBLE:
		return refuse_type(where, "a real number");
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES:
		return refuse_type(where, "bytes");
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE:
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP:
		return refuse_type(where, "a message or a map");
	default: break;
	}
	return refuse_type(where, "of an unknown type");
}

/* Words that stand beside the fields of a record wherever it is shown, or name its life. */
static bool is_reserved(const char *name, bool common)
{
	static const char *const own[] = {CTS_DELETED, "id", "kind"};
	static const char *const beside[] = {"conflicts", "fields", "hash", "schema_version"};

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	for (size_t i = 0; common && i < sizeof(beside) / sizeof(*beside); i++)
		if (strcmp(name, beside[i]) == 0)
			return true;
	return false;
}

static int read_field(struct schema_loader *l, struct cts_field *out,
	const struct schema_declared *d, size_t index, const char *kind)
{
	const schema_field *proto = d->message->field[index];
	const char *where, *name = proto->name ? proto->name : "";
	Ctsync__FieldRules *rules;
	int rc;

	if (!cts_schema_name_is_valid(name, CTS_FIELD_MAX)) {
		cts_fail(CTS_EVALUE, "field %zu of '%s' has a bad name: '%.64s'", index + 1, kind,
			name);
		cts_hint("lower-case letters, digits and '_', at most %d", CTS_FIELD_MAX);
		return CTS_EVALUE;
	}
	where = cts_arena_printf(&l->scratch, "field '%s' of '%s'", name, kind);
	if (is_reserved(name, d->rules->common))
		return cts_fail(
			CTS_EVALUE, "%s has a name that every record uses otherwise", where);
	out->name = cts_arena_strdup(l->arena, name);
	out->number = (uint32_t)proto->number;
	out->index = index;
	out->common = d->rules->common;
	out->repeated =
		proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
	out->doc = cts_schema_declared_comment(l, d, 2, index);
	rc = read_type(&out->type, proto, where);
	if (rc < 0)
		return rc;
	if (out->type == CTS_TYPE_ENUM) {
		rc = find_enumerators(l, out, proto->type_name, where);
		if (rc < 0)
			return rc;
	}
	rc = cts_schema_field_rules(&rules, &l->scratch, proto);
	if (rc < 0)
		return rc;
	return cts_schema_rules_apply(out, l->arena, rules, where);
}

int cts_schema_fields_read(struct schema_loader *l, struct cts_field *fields,
	const struct schema_layout **layout, const struct schema_declared *d, const char *kind)
{
	size_t count = d->message->n_field;
	int rc;

	if (!d->file->syntax || strcmp(d->file->syntax, "proto3") != 0)
		return cts_fail(CTS_EVALUE, "the message of '%s' is not proto3", kind);
	for (size_t i = 0; i < count; i++) {
		rc = read_field(l, &fields[i], d, i, kind);
		if (rc < 0)
			return rc;
	}
	return cts_schema_layout_make(layout, l->arena, cts_arena_strdup(l->arena, d->name), fields,
		(const schema_field *const *)d->message->field, count);
}
