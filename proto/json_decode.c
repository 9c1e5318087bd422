/*
 * Reads a mirror file. The tree that was parsed is turned into a record, the record is written
 * again, and only if the bytes are the same is it taken: whatever is not canonical, in order,
 * spelling, layout or by standing twice, is caught by that one comparison. What the comparison
 * cannot see is checked on the way: types, ranges, enumerators, times, hashes.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/json_internal.h"
#include "proto/json_tree.h"
#include "proto/record_internal.h"
#include "proto/time.h"

enum {
	FILE_MAX = 16 * 1024 * 1024,
	RECORD_DEPTH = 8, /* of the record, as if its conflicts did not stand in it */
	SIDE_DEPTH = 5,   /* how deep the value of a side stands */
};

/* ---- members that the schema does not know ----------------------------------------------------
 */

static const char *canonical_text(struct cts_arena *arena, const struct cts_json_node *node)
{
	struct cts_buf text = {0};
	const char *copy;

	cts_json_put_node(&text, node, 0);
	copy = cts_arena_strndup(arena, cts_buf_text(&text), text.size);
	cts_buf_release(&text);
	return copy;
}

/* The writer of trees keeps the order that it finds. */
static bool is_sorted(const struct cts_json_node *node)
{
	if (node->type == CTS_JSON_OBJECT && !node->is_sorted)
		return false;
	for (const struct cts_json_node *child = node->first; child; child = child->next)
		if (!is_sorted(child))
			return false;
	return true;
}

static int check_unknown(
	const struct cts_json_text *text, const struct cts_json_node *node, bool in_fields)
{
	if (cts_json_depth(node) > RECORD_DEPTH - (in_fields ? 2u : 1u))
		return cts_json_fail(text, node, "nested too deep");
	if (!is_sorted(node))
		return cts_json_fail(text, node, "members that are not in order");
	return 0;
}

static int read_unknown(struct cts_record *record, const struct cts_json_text *text,
	const struct cts_json_node *node, bool in_fields)
{
	struct cts_unknown *unknown;
	int rc;

	if (!node->name[0])
		return cts_json_fail(text, node, "a member without a name");
	rc = check_unknown(text, node, in_fields);
	if (rc < 0)
		return rc;
	unknown = cts_arena_push(
		&record->arena, &record->unknown, &record->unknown_count, sizeof(*unknown));
	unknown->in_fields = in_fields;
	unknown->name = node->name;
	unknown->json = canonical_text(&record->arena, node);
	return 0;
}

/* Known or not, in or beside "fields". A member that stands where the schema does not put it is
 * unknown there. */
static int read_member(struct cts_record *record, const struct cts_json_text *text,
	const struct cts_json_node *node, bool in_fields)
{
	const struct cts_field *field = cts_kind_field(record->kind, node->name);

	if (!field || field->common == in_fields)
		return read_unknown(record, text, node, in_fields);
	return cts_json_read_value(
		&record->values[field->index], &record->arena, text, node, field);
}

static int read_fields(struct cts_record *record, const struct cts_json_text *text,
	const struct cts_json_node *object)
{
	int rc = 0;

	if (object->type != CTS_JSON_OBJECT)
		return cts_json_fail(text, object, "'fields' is not an object");
	if (!object->is_sorted)
		return cts_json_fail(text, object, "members that are not in order");
	for (const struct cts_json_node *m = object->first; m && rc >= 0; m = m->next)
		rc = read_member(record, text, m, true);
	return rc;
}

/* ---- conflicts --------------------------------------------------------------------------------
 */

static int read_text(
	const char **out, const struct cts_json_text *text, const struct cts_json_node *node)
{
	if (node->type != CTS_JSON_STRING)
		return cts_json_fail(text, node, "'%s' is not a string", node->name);
	*out = node->text;
	return 0;
}

static int read_commit(
	struct cts_oid *out, const struct cts_json_text *text, const struct cts_json_node *node)
{
	if (node->type != CTS_JSON_STRING || !cts_oid_parse(out, node->text))
		return cts_json_fail(text, node, "'commit' is not 40 hex digits");
	return 0;
}

static int read_sha256(
	const char **out, const struct cts_json_text *text, const struct cts_json_node *node)
{
	if (node->type != CTS_JSON_STRING || strlen(node->text) != 2 * CTS_SHA256_SIZE ||
		strspn(node->text, "0123456789abcdef") != 2 * CTS_SHA256_SIZE)
		return cts_json_fail(text, node, "'sha256' is not 64 hex digits");
	*out = node->text;
	return 0;
}

static int read_side_value(struct cts_value *out, struct cts_record *record,
	const struct cts_json_text *text, const struct cts_json_node *node, const char *key)
{
	const struct cts_field *field = cts_kind_field(record->kind, key);
	int rc;

	if (field)
		return cts_json_read_value(out, &record->arena, text, node, field);
	if (strcmp(key, CTS_DELETED) == 0) {
		if (node->type != CTS_JSON_TRUE && node->type != CTS_JSON_FALSE)
			return cts_json_fail(text, node, "neither true nor false");
		*out = cts_value_of(
			&record->arena, node->type == CTS_JSON_TRUE ? "true" : "false");
		return 0;
	}
	rc = check_unknown(text, node, key[0] != '/');
	if (rc < 0)
		return rc;
	*out = cts_value_of(&record->arena, canonical_text(&record->arena, node));
	return 0;
}

static int read_side(struct cts_side *out, struct cts_record *record,
	const struct cts_json_text *text, const struct cts_json_node *object, const char *key)
{
	struct cts_side side = {.agency = NULL};
	bool has_commit = false, has_time = false;
	int rc = 0;

	if (object->type != CTS_JSON_OBJECT)
		return cts_json_fail(text, object, "a side is not an object");
	for (const struct cts_json_node *m = object->first; m && rc >= 0; m = m->next) {
		if (strcmp(m->name, "agency") == 0) {
			rc = read_text(&side.agency, text, m);
		} else if (strcmp(m->name, "author") == 0) {
			rc = read_text(&side.author, text, m);
		} else if (strcmp(m->name, "commit") == 0) {
			rc = read_commit(&side.commit, text, m);
			has_commit = true;
		} else if (strcmp(m->name, "sha256") == 0) {
			rc = read_sha256(&side.sha256, text, m);
		} else if (strcmp(m->name, "time") == 0) {
			has_time = m->type == CTS_JSON_STRING &&
				   cts_time_parse_utc(&side.time, m->text);
			if (!has_time)
				rc = cts_json_fail(
					text, m, "not a time such as 2021-06-15T09:30:00Z");
		} else if (strcmp(m->name, "value") == 0) {
			rc = read_side_value(&side.value, record, text, m, key);
		} else {
			rc = cts_json_fail(text, m, "'%s' is no member of a side", m->name);
		}
	}
	if (rc < 0)
		return rc;
	if (!has_commit)
		return cts_json_fail(text, object, "a side without 'commit'");
	if (!side.sha256 && (!side.agency || !side.author || !has_time))
		return cts_json_fail(text, object, "a side without 'agency', 'author' or 'time'");
	if (side.sha256 && (side.agency || side.author || has_time || side.value.count))
		return cts_json_fail(text, object, "a side with 'sha256' and more than 'commit'");
	if (side.sha256)
		side.agency = side.author = "";
	*out = side;
	return 0;
}

/* The key behind a name in the file. Where it is no field of the schema the member may stand in or
 * beside "fields"; of two conflicts with one name the one beside comes first. */
static const char *conflict_key(
	struct cts_record *record, const char *name, const char *previous, const char *next)
{
	bool in_fields;

	if (strchr(name, '/') || strcmp(name, CTS_DELETED) == 0 ||
		cts_kind_field(record->kind, name))
		return name;
	if (previous && strcmp(previous, name) == 0)
		in_fields = true;
	else if (next && strcmp(next, name) == 0)
		in_fields = false;
	else
		in_fields =
			!cts_record_unknown(record, cts_arena_printf(&record->arena, "/%s", name));
	return cts_arena_printf(&record->arena, "%s/%s", in_fields ? "fields" : "", name);
}

static int read_sides(struct cts_conflict *conflict, struct cts_record *record,
	const struct cts_json_text *text, const struct cts_json_node *array)
{
	size_t count = 0;

	if (array->type != CTS_JSON_ARRAY || !array->first)
		return cts_json_fail(text, array, "'sides' is not an array of sides");
	for (const struct cts_json_node *node = array->first; node; node = node->next) {
		struct cts_side *side =
			cts_arena_push(&record->arena, &conflict->sides, &count, sizeof(*side));
		int rc = read_side(side, record, text, node, conflict->field);

		if (rc < 0)
			return rc;
		if (count > 1 && cts_oid_compare(&side[-1].commit, &side->commit) >= 0)
			return cts_json_fail(text, node, "sides that are not in order of commit");
	}
	conflict->side_count = count;
	return 0;
}

/* {"field": ..., "sides": [...]}, in this order. */
static const char *conflict_name(const struct cts_json_node *object)
{
	const struct cts_json_node *field, *sides;

	if (!object || object->type != CTS_JSON_OBJECT)
		return NULL;
	field = object->first;
	sides = field ? field->next : NULL;
	if (!sides || sides->next || strcmp(field->name, "field") != 0 ||
		field->type != CTS_JSON_STRING || strcmp(sides->name, "sides") != 0)
		return NULL;
	return field->text;
}

static int compare_conflicts(const void *a, const void *b)
{
	const struct cts_conflict *x = a, *y = b;

	return strcmp(x->field, y->field);
}

static int read_conflicts(struct cts_record *record, const struct cts_json_text *text,
	const struct cts_json_node *array)
{
	const char *previous = NULL;

	if (array->type != CTS_JSON_ARRAY)
		return cts_json_fail(text, array, "'conflicts' is not an array");
	for (const struct cts_json_node *node = array->first; node; node = node->next) {
		const char *name = conflict_name(node);
		struct cts_conflict *conflict;
		int rc;

		if (!name)
			return cts_json_fail(
				text, node, "a conflict is not {\"field\", \"sides\"}");
		conflict = cts_arena_push(&record->arena, &record->conflicts,
			&record->conflict_count, sizeof(*conflict));
		conflict->field = conflict_key(record, name, previous, conflict_name(node->next));
		rc = read_sides(conflict, record, text, node->first->next);
		if (rc < 0)
			return rc;
		previous = name;
	}
	if (record->conflict_count)
		qsort(record->conflicts, record->conflict_count, sizeof(*record->conflicts),
			compare_conflicts);
	for (size_t i = 1; i < record->conflict_count; i++)
		if (compare_conflicts(&record->conflicts[i - 1], &record->conflicts[i]) == 0)
			return cts_json_fail(
				text, array, "two conflicts of '%s'", record->conflicts[i].field);
	return 0;
}

/* ---- the record -------------------------------------------------------------------------------
 */

static int check_name(const struct cts_json_text *text, const struct cts_json_node *object,
	const char *name, const char *wanted)
{
	for (const struct cts_json_node *m = object->first; m; m = m->next) {
		if (strcmp(m->name, name) != 0)
			continue;
		if (m->type != CTS_JSON_STRING || strcmp(m->text, wanted) != 0)
			return cts_json_fail(text, m, "'%s' is not '%s'", name, wanted);
		return 0;
	}
	return cts_json_fail(text, object, "no '%s'", name);
}

static int read_record(struct cts_record *record, const struct cts_json_text *text,
	const struct cts_json_node *root)
{
	const struct cts_json_node *fields = NULL, *conflicts = NULL;
	int rc;

	if (root->type != CTS_JSON_OBJECT || !root->is_sorted)
		return cts_json_fail(text, root, "not an object with its members in order");
	rc = check_name(text, root, "kind", record->kind->name);
	if (rc < 0)
		return rc;
	rc = check_name(text, root, "id", record->id);
	for (const struct cts_json_node *m = root->first; m && rc >= 0; m = m->next) {
		if (strcmp(m->name, "fields") == 0)
			fields = m;
		else if (strcmp(m->name, "conflicts") == 0)
			conflicts = m;
		else if (strcmp(m->name, "kind") != 0 && strcmp(m->name, "id") != 0)
			rc = read_member(record, text, m, false);
	}
	if (rc < 0)
		return rc;
	if (!fields)
		return cts_json_fail(text, root, "no 'fields'");
	rc = read_fields(record, text, fields);
	if (rc >= 0 && conflicts)
		rc = read_conflicts(record, text, conflicts);
	return rc;
}

/* Writing the record again must give the bytes that were read. */
static int check_canonical(const struct cts_record *record, const struct cts_json_text *text)
{
	struct cts_buf again = {0};
	int rc = 0;

	cts_buf_reserve(&again, text->size);
	cts_json_encode(&again, record);
	if (again.size != text->size || memcmp(again.data, text->data, text->size) != 0) {
		struct cts_json_node where = {.at = 0};

		while (where.at < again.size && where.at < text->size &&
			again.data[where.at] == text->data[where.at])
			where.at++;
		rc = cts_json_fail(text, &where, "not canonical JSON");
	}
	cts_buf_release(&again);
	return rc;
}

int cts_json_decode(struct cts_record *out, const struct cts_schema *schema, const char *kind_name,
	const char *id, const void *data, size_t size)
{
	const struct cts_json_text text = {
		.data = data, .size = size, .line = 1, .error = CTS_EINTEGRITY, .strict = true};
	const struct cts_kind *kind = cts_schema_kind(schema, kind_name);
	struct cts_json_node *root = NULL;
	struct cts_record record;
	int rc;

	if (!kind)
		return cts_fail(CTS_EINTEGRITY, "a record of an unknown kind '%s'", kind_name);
	if (size > FILE_MAX)
		return cts_fail(CTS_EINTEGRITY, "a record of more than 16 MiB");
	cts_record_init(&record, kind, id);
	rc = cts_json_parse(&root, &record.arena, &text, RECORD_DEPTH - 1 + SIDE_DEPTH);
	if (rc < 0)
		goto out;
	rc = read_record(&record, &text, root);
	if (rc < 0)
		goto out;
	rc = check_canonical(&record, &text);
	if (rc < 0)
		goto out;
	*out = record;
	record = (struct cts_record){0};
out:
	cts_record_release(&record);
	return rc;
}
