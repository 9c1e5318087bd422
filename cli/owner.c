/*
 * The way upwards is bounded: references may form a circle, since a store takes what it is given.
 */
#include "cli/owner.h"

#include <string.h>

#include "proto/error.h"

#define LEVELS_MAX 8

/* The reference by which a record of a kind without owners belongs to another; NULL: none. */
static const struct cts_field *parent_field(const struct cts_kind *kind)
{
	for (size_t i = 0; i < kind->own_count; i++) {
		const struct cts_field *field = &kind->fields[i];

		if (field->is_ref && field->required && !field->repeated)
			return field;
	}
	return NULL;
}

static void take_owners(
	struct cts_owners *out, struct cts_arena *arena, const struct cts_record *record)
{
	struct cts_value value = cts_record_get(record, record->kind->owner);

	for (size_t i = 0; i < value.count; i++)
		*(const char **)cts_arena_push(arena, &out->keys, &out->count, sizeof(*out->keys)) =
			cts_arena_strdup(arena, value.items[i]);
}

int cts_owners_of(struct cts_owners *out, struct cts_txn *txn, struct cts_arena *arena,
	const struct cts_record *record)
{
	struct cts_owners owners = {0};
	struct cts_record above = {0};
	const struct cts_record *at = record;
	int rc = 0;

	for (int level = 0; level < LEVELS_MAX && !at->kind->owner; level++) {
		const struct cts_field *field = parent_field(at->kind);
		const char *key = field ? cts_value_text(cts_record_get(at, field)) : "";
		struct cts_record next;

		if (!*key)
			goto out;
		rc = cts_txn_get(txn, &next, key);
		/* Missing targets are no error: an offline store may lack them. */
		if (rc == CTS_ENOTFOUND || rc == CTS_EVALUE) {
			cts_error_clear();
			rc = 0;
			goto out;
		}
		if (rc < 0)
			goto out;
		cts_record_release(&above);
		above = next;
		at = &above;
	}
	if (at->kind->owner)
		take_owners(&owners, arena, at);
out:
	cts_record_release(&above);
	if (rc == 0)
		*out = owners;
	return rc;
}

bool cts_owners_have(void *owners, const char *agency)
{
	static const char prefix[] = "agency/";
	const struct cts_owners *set = owners;

	for (size_t i = 0; i < set->count; i++)
		if (strncmp(set->keys[i], prefix, sizeof(prefix) - 1) == 0 &&
			strcmp(set->keys[i] + sizeof(prefix) - 1, agency) == 0)
			return true;
	return false;
}
