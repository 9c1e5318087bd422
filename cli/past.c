/*
 * Reading the history asks for no live record: what was deleted has a past like any other, and is
 * the part of it that people come to look for.
 */
#include "cli/past.h"

#include <string.h>

#include "proto/error.h"
#include "proto/id.h"

int cts_past_find(
	struct cts_txn *txn, const char **out, struct cts_arena *arena, const char *address)
{
	enum cts_life life;
	int rc = cts_txn_life(txn, &life, address);

	if (rc < 0)
		return rc;
	if (life == CTS_LIFE_NONE)
		return cts_txn_find(txn, out, arena, address);
	*out = cts_arena_strdup(arena, address);
	return 0;
}

/* ---- agencies ---------------------------------------------------------------------------------
 */

struct agencies {
	struct cts_arena *arena;
	const char **names;
	size_t count;
};

static int collect(void *context, const struct cts_line *line)
{
	struct agencies *agencies = context;

	*(const char **)cts_arena_push(agencies->arena, &agencies->names, &agencies->count,
		sizeof(*agencies->names)) = cts_arena_strdup(agencies->arena, line->agency);
	return 0;
}

int cts_past_agency(
	struct cts_txn *txn, const char **out, struct cts_arena *arena, const char *text)
{
	struct agencies agencies = {.arena = arena};
	const char *id = text, *near;
	int rc = 0;

	if (strncmp(id, "agency/", strlen("agency/")) == 0)
		id += strlen("agency/");
	/* Ids are lower case, codes are typed as they are written. */
	if (!cts_agency_is_valid(id))
		rc = cts_agency_id(&id, arena, id);
	if (rc == 0)
		rc = cts_txn_each_line(txn, collect, &agencies);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < agencies.count; i++) {
		if (strcmp(agencies.names[i], id) == 0) {
			*out = id;
			return 0;
		}
	}
	cts_fail(CTS_ENOTFOUND, "no change by an agency '%s' is here", text);
	near = cts_nearest(id, agencies.names, agencies.count);
	if (near)
		cts_hint("did you mean '%s'?", near);
	else
		cts_hint("ctsync status names the agencies");
	return CTS_ENOTFOUND;
}

/* ---- fields -----------------------------------------------------------------------------------
 */

static int field_of_any(const struct cts_schema *schema, const char *name)
{
	struct cts_arena arena = {0};
	const char **names = NULL, *near;
	size_t count = 0;
	int rc = 0;

	for (size_t k = 0; k < cts_schema_kind_count(schema); k++) {
		const struct cts_kind *kind = cts_schema_kind_at(schema, k);

		for (size_t i = 0; i < kind->field_count; i++) {
			if (strcmp(kind->fields[i].name, name) == 0)
				goto out;
			*(const char **)cts_arena_push(&arena, &names, &count, sizeof(*names)) =
				kind->fields[i].name;
		}
	}
	rc = cts_fail(CTS_EVALUE, "no kind has a field '%s'", name);
	near = cts_nearest(name, names, count);
	if (near)
		cts_hint("did you mean '%s'?", near);
	else
		cts_hint("ctsync schema");
out:
	cts_arena_release(&arena);
	return rc;
}

int cts_past_field(const struct cts_schema *schema, const char *key, const char *name)
{
	struct cts_arena arena = {0};
	const char *kind_name, *id;
	const struct cts_kind *kind;
	const struct cts_field *field;
	int rc = 0;

	if (strcmp(name, CTS_DELETED) == 0 || strchr(name, '/'))
		return 0;
	if (!key)
		return field_of_any(schema, name);
	rc = cts_key_split(&kind_name, &id, &arena, key);
	if (rc == 0)
		rc = cts_schema_find_kind(&kind, schema, kind_name);
	if (rc == 0)
		rc = cts_kind_find_field(&field, kind, name);
	cts_arena_release(&arena);
	return rc;
}

/* ---- edits ------------------------------------------------------------------------------------
 */

static bool is_kept(
	const struct cts_record_edits *edits, const struct cts_edit *edit, const char *field)
{
	/* What a creation leaves unset was only affirmed; elsewhere it is a conflict settled so. */
	if (edits->created && !cts_value_is_set(edit->old_value) &&
		!cts_value_is_set(edit->new_value))
		return false;
	return !field || strcmp(edit->field, field) == 0;
}

int cts_past_keep(struct cts_record_edits **records, size_t *count, struct cts_arena *arena,
	const struct cts_record_edits *edits, const char *field)
{
	struct cts_record_edits *out;
	size_t kept = 0;

	for (size_t i = 0; i < edits->edit_count; i++)
		kept += is_kept(edits, &edits->edits[i], field);
	if (kept == 0)
		return 0;
	out = cts_arena_push(arena, records, count, sizeof(*out));
	out->key = cts_arena_strdup(arena, edits->key);
	out->created = edits->created;
	out->deleted = edits->deleted;
	out->edits = cts_arena_alloc(arena, kept * sizeof(*out->edits));
	for (size_t i = 0; i < edits->edit_count; i++) {
		const struct cts_edit *edit = &edits->edits[i];

		if (is_kept(edits, edit, field))
			out->edits[out->edit_count++] = (struct cts_edit){
				.field = cts_arena_strdup(arena, edit->field),
				.old_value = cts_value_copy(arena, edit->old_value),
				.new_value = cts_value_copy(arena, edit->new_value),
			};
	}
	return 1;
}
