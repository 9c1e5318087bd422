/*
 * From a descriptor set to kinds. Every message and enumeration of the set is listed first, by full
 * name and with its path (for comments); then the message marked `common` is read, then each message
 * with a kind's name, whose fields are its own followed by the common ones.
 *
 * What is kept is copied into the schema's arena; the descriptor set itself is scratch.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/error.h"
#include "proto/id.h"
#include "proto/record.h"
#include "proto/schema_load.h"

enum { PATH_MAX_COUNT = 2 * (SCHEMA_DEPTH_MAX + 2), MESSAGE_NAME_MAX = 256 };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* A message or an enumeration, where it is declared. */
struct declared {
	const char *name; /* full, without the leading dot */
	const schema_file *file;
	const struct schema_comments *comments;
	int32_t path[PATH_MAX_COUNT];
	size_t path_count;
	const schema_message *message; /* or */
	const schema_enum *enumeration;
	Ctsync__KindRules *rules; /* of a message; NULL: none */
	/* of an enumeration, once a field has used it */
	const struct cts_enumerator *enumerators;
	size_t enumerator_count;
};

struct loader {
	struct cts_arena scratch;
	struct cts_schema *schema;
	struct cts_arena *arena; /* the schema's */
	struct declared *messages, *enums;
	size_t message_count, enum_count;
	struct cts_field *common;
	size_t common_count;
	const struct schema_layout *common_layout;
};

/* ---- what is declared ---- */

static const char *join_names(struct cts_arena *arena, const char *scope, const char *name)
{
	return *scope ? cts_arena_printf(arena, "%s.%s", scope, name) : name;
}

static int list_enum(struct loader *l, const struct declared *scope, const schema_enum *enumeration,
	int32_t number, int32_t index)
{
	struct declared *d;

	if (!enumeration->name)
		return cts_fail(CTS_EVALUE, "an enumeration of '%s' has no name", scope->name);
	d = cts_arena_push(&l->scratch, &l->enums, &l->enum_count, sizeof(*d));
	*d = *scope;
	d->name = join_names(&l->scratch, scope->name, enumeration->name);
	d->path[d->path_count++] = number;
	d->path[d->path_count++] = index;
	d->message = NULL;
	d->enumeration = enumeration;
	return 0;
}

/* Nesting is bounded by schema_file_decode(). */
static int list_message(struct loader *l, const struct declared *scope, const schema_message *message,
	int32_t number, int32_t index)
{
	struct declared d = *scope;
	int rc;

	if (!message->name)
		return cts_fail(CTS_EVALUE, "a message of '%s' has no name", scope->name);
	d.name = join_names(&l->scratch, scope->name, message->name);
	d.path[d.path_count++] = number;
	d.path[d.path_count++] = index;
	d.message = message;
	rc = schema_kind_rules(&d.rules, &l->scratch, message);
	if (rc < 0)
		return rc;
	*(struct declared *)cts_arena_push(
		&l->scratch, &l->messages, &l->message_count, sizeof(d)) = d;
	for (size_t i = 0; i < message->n_enum_type && rc == 0; i++)
		rc = list_enum(l, &d, message->enum_type[i], 4, (int32_t)i);
	for (size_t i = 0; i < message->n_nested_type && rc == 0; i++)
		rc = list_message(l, &d, message->nested_type[i], 3, (int32_t)i);
	return rc;
}

static int compare_declared(const void *a, const void *b)
{
	return strcmp(((const struct declared *)a)->name, ((const struct declared *)b)->name);
}

static int list_all(struct loader *l, const schema_set *set)
{
	int rc = 0;

	for (size_t i = 0; i < set->n_file && rc == 0; i++) {
		const schema_file *file = set->file[i];
		struct schema_comments *comments = cts_arena_alloc(&l->scratch, sizeof(*comments));
		struct declared scope = {.name = file->package ? file->package : "", .file = file,
			.comments = comments};

		*comments = schema_comments_read(&l->scratch, file);
		for (size_t k = 0; k < file->n_message_type && rc == 0; k++)
			rc = list_message(l, &scope, file->message_type[k], 4, (int32_t)k);
		for (size_t k = 0; k < file->n_enum_type && rc == 0; k++)
			rc = list_enum(l, &scope, file->enum_type[k], 5, (int32_t)k);
	}
	if (l->enum_count)
		qsort(l->enums, l->enum_count, sizeof(*l->enums), compare_declared);
	return rc;
}

/* The comment of the declaration itself, or of its member `index` of sort `number`. */
static const char *comment_of(struct loader *l, const struct declared *d, int32_t number, size_t index)
{
	int32_t path[PATH_MAX_COUNT + 2];
	size_t count = d->path_count;

	memcpy(path, d->path, count * sizeof(*path));
	if (number) {
		path[count++] = number;
		path[count++] = (int32_t)index;
	}
	return schema_comment(l->arena, d->comments, path, count);
}

/* ---- enumerations ---- */

static bool enumerator_name_is_valid(const char *name)
{
	size_t size = strlen(name);

	return size > 0 && size <= CTS_FIELD_MAX && strspn(name, LETTERS) > 0 &&
		strspn(name, LETTERS "0123456789_") == size;
}

static int read_enumerators(struct loader *l, struct declared *d)
{
	const schema_enum *e = d->enumeration;
	struct cts_enumerator *list;

	if (e->n_value == 0 || e->n_value > SCHEMA_ENUMERATORS_MAX || e->value[0]->number != 0)
		return cts_fail(CTS_EVALUE,
			"enumeration '%s' does not begin with 0 or has more than %d members", d->name,
			SCHEMA_ENUMERATORS_MAX);
	list = cts_arena_alloc(l->arena, e->n_value * sizeof(*list));
	for (size_t i = 1; i < e->n_value; i++) {
		const char *name = e->value[i]->name;
		int32_t number = e->value[i]->number;

		if (!name || !enumerator_name_is_valid(name) || strcasecmp(name, "unspecified") == 0)
			return cts_fail(CTS_EVALUE, "enumeration '%s' has a member with a bad name",
				d->name);
		/* A negative rank would stand below "not set". */
		if (number <= 0)
			return cts_fail(CTS_EVALUE, "'%s' of enumeration '%s' has not a number above 0",
				name, d->name);
		for (size_t k = 0; k + 1 < i; k++)
			if (list[k].number == number || strcasecmp(list[k].name, name) == 0)
				return cts_fail(CTS_EVALUE,
					"'%s' and '%s' of enumeration '%s' cannot be told apart",
					list[k].name, name, d->name);
		list[i - 1] = (struct cts_enumerator){.name = cts_arena_strdup(l->arena, name),
			.number = number, .doc = comment_of(l, d, 2, i)};
	}
	d->enumerators = list;
	d->enumerator_count = e->n_value - 1;
	return 0;
}

static int find_enumerators(
	struct loader *l, struct cts_field *field, const char *type_name, const char *where)
{
	struct declared key = {0}, *d = NULL;
	int rc;

	if (type_name && type_name[0] == '.' && l->enum_count) {
		key.name = type_name + 1;
		d = bsearch(&key, l->enums, l->enum_count, sizeof(key), compare_declared);
	}
	if (!d)
		return cts_fail(CTS_EVALUE, "%s has an enumeration that the schema does not have", where);
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

static int read_field(struct loader *l, struct cts_field *out, const struct declared *d, size_t index,
	const char *kind)
{
	const schema_field *proto = d->message->field[index];
	const char *where, *name = proto->name ? proto->name : "";
	Ctsync__FieldRules *rules;
	int rc;

	if (!schema_name_is_valid(name, CTS_FIELD_MAX)) {
		cts_fail(CTS_EVALUE, "field %zu of '%s' has a bad name: '%.64s'", index + 1, kind, name);
		cts_hint("lower-case letters, digits and '_', at most %d", CTS_FIELD_MAX);
		return CTS_EVALUE;
	}
	where = cts_arena_printf(&l->scratch, "field '%s' of '%s'", name, kind);
	if (is_reserved(name, d->rules->common))
		return cts_fail(CTS_EVALUE, "%s has a name that every record uses otherwise", where);
	out->name = cts_arena_strdup(l->arena, name);
	out->number = (uint32_t)proto->number;
	out->index = index;
	out->common = d->rules->common;
	out->repeated =
		proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
	out->doc = comment_of(l, d, 2, index);
	rc = read_type(&out->type, proto, where);
	if (rc < 0)
		return rc;
	if (out->type == CTS_TYPE_ENUM) {
		rc = find_enumerators(l, out, proto->type_name, where);
		if (rc < 0)
			return rc;
	}
	rc = schema_field_rules(&rules, &l->scratch, proto);
	if (rc < 0)
		return rc;
	return schema_rules_apply(out, l->arena, rules, where);
}

static int read_fields(struct loader *l, struct cts_field *fields, const struct schema_layout **layout,
	const struct declared *d, const char *kind)
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
	return schema_layout_make(layout, l->arena, cts_arena_strdup(l->arena, d->name), fields,
		(const schema_field *const *)d->message->field, count);
}

static int read_common(struct loader *l)
{
	const struct declared *common = NULL;

	for (size_t i = 0; i < l->message_count; i++) {
		const struct declared *d = &l->messages[i];

		if (!d->rules || !d->rules->common)
			continue;
		if (common)
			return cts_fail(CTS_EVALUE, "'%s' and '%s' are both marked as the common fields",
				common->name, d->name);
		common = d;
	}
	if (!common) {
		cts_fail(CTS_EVALUE, "the schema has no common fields");
		cts_hint("name record.proto to protoc too");
		return CTS_EVALUE;
	}
	if (common->message->n_field > SCHEMA_COMMON_MAX)
		return cts_fail(CTS_EVALUE, "there are more than %d common fields", SCHEMA_COMMON_MAX);
	l->common_count = common->message->n_field;
	l->common = cts_arena_alloc(l->arena, (l->common_count + 1) * sizeof(*l->common));
	return read_fields(l, l->common, &l->common_layout, common, common->name);
}

/* ---- kinds ---- */

/* protoc gives no other; a descriptor set may come from elsewhere. */
static bool message_name_is_valid(const char *name)
{
	size_t size = strlen(name);

	return size <= MESSAGE_NAME_MAX && strspn(name, LETTERS "0123456789_.") == size;
}

static int compare_fields(const void *a, const void *b)
{
	return strcmp((*(const struct cts_field *const *)a)->name,
		(*(const struct cts_field *const *)b)->name);
}

static int compare_kinds(const void *a, const void *b)
{
	return strcmp((*(struct schema_kind *const *)a)->kind.name,
		(*(struct schema_kind *const *)b)->kind.name);
}

static int sort_fields(struct loader *l, struct schema_kind *kind)
{
	const struct cts_field **sorted;
	size_t count = kind->kind.field_count;

	sorted = cts_arena_alloc(l->arena, (count + 1) * sizeof(*sorted));
	for (size_t i = 0; i < count; i++)
		sorted[i] = &kind->kind.fields[i];
	qsort(sorted, count, sizeof(*sorted), compare_fields);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(sorted[i - 1]->name, sorted[i]->name) != 0)
			continue;
		if (sorted[i - 1]->common != sorted[i]->common)
			return cts_fail(CTS_EVALUE, "field '%s' of '%s' is a field that every record has",
				sorted[i]->name, kind->kind.name);
		return cts_fail(CTS_EVALUE, "'%s' has two fields named '%s'", kind->kind.name,
			sorted[i]->name);
	}
	kind->by_name = sorted;
	return 0;
}

static int find_named_fields(struct cts_kind *kind, const Ctsync__KindRules *rules)
{
	if (rules->title_field[0]) {
		kind->title = cts_kind_field(kind, rules->title_field);
		if (!kind->title || kind->title->repeated)
			return cts_fail(CTS_EVALUE, "'%s' has no single field '%s' to be its title",
				kind->name, rules->title_field);
	}
	if (rules->owner_field[0]) {
		kind->owner = cts_kind_field(kind, rules->owner_field);
		if (!kind->owner || !kind->owner->is_ref)
			return cts_fail(CTS_EVALUE, "'%s' has no reference '%s' to name its owners",
				kind->name, rules->owner_field);
	}
	return 0;
}

static int read_kind(struct loader *l, struct schema_kind *out, const struct declared *d)
{
	struct cts_kind *kind = &out->kind;
	size_t own = d->message->n_field;
	struct cts_field *fields;
	int rc;

	if (!schema_name_is_valid(d->rules->name, CTS_KIND_MAX)) {
		cts_fail(CTS_EVALUE, "message '%s' has a bad name of a kind: '%.64s'", d->name,
			d->rules->name);
		cts_hint("lower-case letters, digits and '_', at most %d", CTS_KIND_MAX);
		return CTS_EVALUE;
	}
	if (!message_name_is_valid(d->name))
		return cts_fail(CTS_EVALUE, "the message of '%s' has a bad name", d->rules->name);
	if (own > SCHEMA_FIELDS_MAX)
		return cts_fail(CTS_EVALUE, "'%s' has more than %d fields", d->rules->name,
			SCHEMA_FIELDS_MAX);
	fields = cts_arena_alloc(l->arena, (own + l->common_count + 1) * sizeof(*fields));
	*kind = (struct cts_kind){
		.name = cts_arena_strdup(l->arena, d->rules->name),
		.doc = comment_of(l, d, 0, 0),
		.fields = fields,
		.field_count = own + l->common_count,
		.own_count = own,
		.schema = l->schema,
	};
	rc = read_fields(l, fields, &out->own, d, kind->name);
	if (rc < 0)
		return rc;
	kind->message = out->own->descriptor.name;
	out->common = l->common_layout;
	for (size_t i = 0; i < l->common_count; i++) {
		fields[own + i] = l->common[i];
		fields[own + i].index = own + i;
	}
	rc = sort_fields(l, out);
	if (rc < 0)
		return rc;
	return find_named_fields(kind, d->rules);
}

static int check_references(const struct cts_schema *schema)
{
	for (size_t i = 0; i < schema->kind_count; i++) {
		const struct cts_kind *kind = &schema->kinds[i].kind;

		for (size_t k = 0; k < kind->field_count; k++)
			for (size_t r = 0; r < kind->fields[k].ref_count; r++)
				if (!cts_schema_kind(schema, kind->fields[k].ref_kinds[r]))
					return cts_fail(CTS_EVALUE,
						"field '%s' of '%s' refers to '%s', which is no kind",
						kind->fields[k].name, kind->name,
						kind->fields[k].ref_kinds[r]);
	}
	return 0;
}

static int read_kinds(struct loader *l)
{
	struct cts_schema *schema = l->schema;
	size_t count = 0;
	int rc;

	for (size_t i = 0; i < l->message_count; i++)
		count += l->messages[i].rules && !l->messages[i].rules->common;
	if (count == 0 || count > SCHEMA_KINDS_MAX)
		return cts_fail(CTS_EVALUE, "the schema has %zu kinds; it must have 1 to %d", count,
			SCHEMA_KINDS_MAX);
	schema->kinds = cts_arena_alloc(l->arena, count * sizeof(*schema->kinds));
	schema->by_name = cts_arena_alloc(l->arena, count * sizeof(struct schema_kind *));
	for (size_t i = 0; i < l->message_count; i++) {
		struct schema_kind *kind = &schema->kinds[schema->kind_count];

		if (!l->messages[i].rules || l->messages[i].rules->common)
			continue;
		rc = read_kind(l, kind, &l->messages[i]);
		if (rc < 0)
			return rc;
		schema->by_name[schema->kind_count++] = kind;
	}
	qsort(schema->by_name, count, sizeof(struct schema_kind *), compare_kinds);
	for (size_t i = 1; i < count; i++)
		if (compare_kinds(&schema->by_name[i - 1], &schema->by_name[i]) == 0)
			return cts_fail(CTS_EVALUE, "two kinds are named '%s'",
				schema->by_name[i]->kind.name);
	return check_references(schema);
}

static struct cts_slice pack_set(struct cts_arena *arena, const schema_set *set)
{
	size_t size = google__protobuf__file_descriptor_set__get_packed_size(set);
	uint8_t *bytes = cts_arena_alloc(arena, size + 1);

	google__protobuf__file_descriptor_set__pack(set, bytes);
	return (struct cts_slice){bytes, size};
}

int schema_build(struct cts_schema **out, const void *data, size_t size, bool is_normal)
{
	struct cts_schema *schema = cts_malloc(sizeof(*schema));
	struct loader l = {.schema = schema};
	schema_set *set;
	int rc;

	*schema = (struct cts_schema){.bytes = {data, size}};
	l.arena = &schema->arena;
	rc = schema_file_decode(&set, &l.scratch, data, size);
	if (rc < 0)
		goto out;
	if (!is_normal) {
		schema_file_normalise(set);
		schema->bytes = pack_set(l.arena, set);
	}
	rc = list_all(&l, set);
	if (rc < 0)
		goto out;
	rc = read_common(&l);
	if (rc < 0)
		goto out;
	rc = read_kinds(&l);
	if (rc < 0)
		goto out;
	*out = schema;
	schema = NULL;
out:
	cts_arena_release(&l.scratch);
	if (schema) {
		cts_arena_release(&schema->arena);
		free(schema);
	}
	return rc;
}
