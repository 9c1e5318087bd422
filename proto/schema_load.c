/*
 * From a descriptor set to kinds. Every message and enumeration of the set is listed first, by full
 * name and with its path (for comments); then the message marked `common` is read, then each
 * message with a kind's name, whose fields are its own followed by the common ones.
 *
 * What is kept is copied into the schema's arena; the descriptor set itself is scratch.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/id.h"
#include "proto/schema_load.h"

enum { MESSAGE_NAME_MAX = 256 };

/* ---- what is declared ---- */

static const char *join_names(struct cts_arena *arena, const char *scope, const char *name)
{
	return *scope ? cts_arena_printf(arena, "%s.%s", scope, name) : name;
}

static int list_enum(struct schema_loader *l, const struct schema_declared *scope,
	const schema_enum *enumeration, int32_t number, int32_t index)
{
	struct schema_declared *d;

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

/* Nesting is bounded by cts_schema_file_decode(). */
static int list_message(struct schema_loader *l, const struct schema_declared *scope,
	const schema_message *message, int32_t number, int32_t index)
{
	struct schema_declared d = *scope;
	int rc;

	if (!message->name)
		return cts_fail(CTS_EVALUE, "a message of '%s' has no name", scope->name);
	d.name = join_names(&l->scratch, scope->name, message->name);
	d.path[d.path_count++] = number;
	d.path[d.path_count++] = index;
	d.message = message;
	rc = cts_schema_kind_rules(&d.rules, &l->scratch, message);
	if (rc < 0)
		return rc;
	*(struct schema_declared *)cts_arena_push(
		&l->scratch, &l->messages, &l->message_count, sizeof(d)) = d;
	for (size_t i = 0; i < message->n_enum_type && rc == 0; i++)
		rc = list_enum(l, &d, message->enum_type[i], 4, (int32_t)i);
	for (size_t i = 0; i < message->n_nested_type && rc == 0; i++)
		rc = list_message(l, &d, message->nested_type[i], 3, (int32_t)i);
	return rc;
}

static int list_all(struct schema_loader *l, const schema_set *set)
{
	int rc = 0;

	for (size_t i = 0; i < set->n_file && rc == 0; i++) {
		const schema_file *file = set->file[i];
		struct schema_comments *comments = cts_arena_alloc(&l->scratch, sizeof(*comments));
		struct schema_declared scope = {.name = file->package ? file->package : "",
			.file = file,
			.comments = comments};

		*comments = cts_schema_comments_read(&l->scratch, file);
		for (size_t k = 0; k < file->n_message_type && rc == 0; k++)
			rc = list_message(l, &scope, file->message_type[k], 4, (int32_t)k);
		for (size_t k = 0; k < file->n_enum_type && rc == 0; k++)
			rc = list_enum(l, &scope, file->enum_type[k], 5, (int32_t)k);
	}
	if (l->enum_count)
		qsort(l->enums, l->enum_count, sizeof(*l->enums), cts_schema_declared_compare);
	return rc;
}

static int read_common(struct schema_loader *l)
{
	const struct schema_declared *common = NULL;

	for (size_t i = 0; i < l->message_count; i++) {
		const struct schema_declared *d = &l->messages[i];

		if (!d->rules || !d->rules->common)
			continue;
		if (common)
			return cts_fail(CTS_EVALUE,
				"'%s' and '%s' are both marked as the common fields", common->name,
				d->name);
		common = d;
	}
	if (!common) {
		cts_fail(CTS_EVALUE, "the schema has no common fields");
		cts_hint("name record.proto to protoc too");
		return CTS_EVALUE;
	}
	if (common->message->n_field > SCHEMA_COMMON_MAX)
		return cts_fail(
			CTS_EVALUE, "there are more than %d common fields", SCHEMA_COMMON_MAX);
	l->common_count = common->message->n_field;
	l->common = cts_arena_alloc(l->arena, (l->common_count + 1) * sizeof(*l->common));
	return cts_schema_fields_read(l, l->common, &l->common_layout, common, common->name);
}

/* ---- kinds ---- */

/* protoc gives no other; a descriptor set may come from elsewhere. */
static bool message_name_is_valid(const char *name)
{
	size_t size = strlen(name);

	return size <= MESSAGE_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") ==
		       size;
}

static int compare_fields(const void *a, const void *b)
{
	return strcmp((*(const struct cts_field *const *)a)->name,
		(*(const struct cts_field *const *)b)->name);
}

static int compare_kinds(const void *a, const void *b)
{
	return strcmp((*(const struct schema_kind *const *)a)->kind.name,
		(*(const struct schema_kind *const *)b)->kind.name);
}

static int sort_fields(struct schema_loader *l, struct schema_kind *kind)
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
			return cts_fail(CTS_EVALUE,
				"field '%s' of '%s' is a field that every record has",
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

static int read_kind(
	struct schema_loader *l, struct schema_kind *out, const struct schema_declared *d)
{
	struct cts_kind *kind = &out->kind;
	size_t own = d->message->n_field;
	struct cts_field *fields;
	int rc;

	if (!cts_schema_name_is_valid(d->rules->name, CTS_KIND_MAX)) {
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
		.doc = cts_schema_declared_comment(l, d, 0, 0),
		.fields = fields,
		.field_count = own + l->common_count,
		.own_count = own,
		.schema = l->schema,
	};
	rc = cts_schema_fields_read(l, fields, &out->own, d, kind->name);
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
						"field '%s' of '%s' refers to '%s', which is no "
						"kind",
						kind->fields[k].name, kind->name,
						kind->fields[k].ref_kinds[r]);
	}
	return 0;
}

static int read_kinds(struct schema_loader *l)
{
	struct cts_schema *schema = l->schema;
	const struct schema_kind **by_name;
	struct schema_kind *kinds;
	size_t count = 0;
	int rc;

	for (size_t i = 0; i < l->message_count; i++)
		count += l->messages[i].rules && !l->messages[i].rules->common;
	if (count == 0 || count > SCHEMA_KINDS_MAX)
		return cts_fail(CTS_EVALUE, "the schema has %zu kinds; it must have 1 to %d", count,
			SCHEMA_KINDS_MAX);
	schema->kinds = kinds = cts_arena_alloc(l->arena, count * sizeof(*kinds));
	schema->by_name = by_name = cts_arena_alloc(l->arena, count * sizeof(*by_name));
	for (size_t i = 0; i < l->message_count; i++) {
		struct schema_kind *kind = &kinds[schema->kind_count];

		if (!l->messages[i].rules || l->messages[i].rules->common)
			continue;
		rc = read_kind(l, kind, &l->messages[i]);
		if (rc < 0)
			return rc;
		by_name[schema->kind_count++] = kind;
	}
	qsort(by_name, count, sizeof(*by_name), compare_kinds);
	for (size_t i = 1; i < count; i++)
		if (compare_kinds(&by_name[i - 1], &by_name[i]) == 0)
			return cts_fail(CTS_EVALUE, "two kinds are named '%s'",
				by_name[i]->kind.name);
	return check_references(schema);
}

static struct cts_slice pack_set(struct cts_arena *arena, const schema_set *set)
{
	size_t size = google__protobuf__file_descriptor_set__get_packed_size(set);
	uint8_t *bytes = cts_arena_alloc(arena, size + 1);

	google__protobuf__file_descriptor_set__pack(set, bytes);
	return (struct cts_slice){bytes, size};
}

void cts_schema_discard(struct cts_schema *schema)
{
	cts_arena_release(&schema->arena);
	free(schema);
}

int cts_schema_build(struct cts_schema **out, const void *data, size_t size)
{
	struct cts_schema *schema = cts_malloc(sizeof(*schema));
	struct schema_loader l = {.schema = schema};
	schema_set *set;
	int rc;

	*schema = (struct cts_schema){0};
	l.arena = &schema->arena;
	rc = cts_schema_file_decode(&set, &l.scratch, data, size);
	if (rc < 0)
		goto out;
	cts_schema_file_normalise(set);
	schema->bytes = pack_set(l.arena, set);
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
	if (schema)
		cts_schema_discard(schema);
	return rc;
}
