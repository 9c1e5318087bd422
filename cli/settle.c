/*
 * One rule for `resolve` and for a batch's lines. A value goes the way of every assignment
 * (assign.h), so it is checked and made canonical as one; a side is put back as it was made.
 */
#include "cli/settle.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/error.h"

int cts_settle_parse(struct cts_settle *out, struct cts_arena *arena, const char *take,
	const struct cts_opt_list *values)
{
	struct cts_settle how = {.take = take};
	size_t given = values ? values->count : 0;

	if ((take != NULL) == (given > 0)) {
		cts_fail(CTS_EUSAGE, take ? "'--take' and '--value' are both given"
					  : "neither '--take' nor '--value' is given");
		cts_hint("--take AGENCY or --take N takes a side, --value V another value");
		return CTS_EUSAGE;
	}
	for (size_t i = 0; i < given; i++) {
		/* @FILE and @- are read by the reader of assignments. */
		char *word = cts_arena_printf(arena, "value=%s", values->items[i]);
		struct cts_assign_list list;
		int rc = cts_assign_parse(&list, arena, 1, &word);

		if (rc < 0)
			return rc;
		*(const char **)cts_arena_push(
			arena, &how.values, &how.value_count, sizeof(*how.values)) =
			list.items[0].text;
	}
	*out = how;
	return 0;
}

/* A number as `conflicts` counts; agencies' codes begin with a letter. */
static bool is_number(const char *take)
{
	return *take && strspn(take, "0123456789") == strlen(take);
}

static bool is_side_of(const struct cts_side *side, const char *agency)
{
	return side->agency && strcasecmp(side->agency, agency) == 0;
}

bool cts_settle_fits(const struct cts_settle *how, const struct cts_conflict *conflict)
{
	if (!how->take)
		return true;
	if (is_number(how->take)) {
		unsigned long long number = strtoull(how->take, NULL, 10);

		return number >= 1 && number <= conflict->side_count;
	}
	for (size_t i = 0; i < conflict->side_count; i++)
		if (is_side_of(&conflict->sides[i], how->take))
			return true;
	return false;
}

/* "1 nzp, 2 dpmc, 3 nzp" */
static const char *list_sides(struct cts_arena *arena, const struct cts_conflict *conflict)
{
	const char *list = "";

	for (size_t i = 0; i < conflict->side_count; i++) {
		const char *agency = conflict->sides[i].agency;

		list = cts_arena_printf(
			arena, "%s%s%zu %s", list, i ? ", " : "", i + 1, agency ? agency : "?");
	}
	return list;
}

static int fail_side(
	struct cts_record *record, const struct cts_conflict *conflict, const char *take)
{
	const char *key = cts_record_key(&record->arena, record);

	cts_fail(CTS_EREFUSED, "the conflict in '%s' of '%s' has no side '%s'", conflict->field,
		key, take);
	cts_hint("--take one of %s", list_sides(&record->arena, conflict));
	return CTS_EREFUSED;
}

static int fail_several(
	struct cts_record *record, const struct cts_conflict *conflict, const char *agency)
{
	struct cts_arena *arena = &record->arena;
	const char *hint = "";

	for (size_t i = 0; i < conflict->side_count; i++)
		if (is_side_of(&conflict->sides[i], agency))
			hint = cts_arena_printf(
				arena, "%s%s--take %zu", hint, *hint ? " or " : "", i + 1);
	cts_fail(CTS_EREFUSED, "'%s' has several sides in '%s' of '%s'", agency, conflict->field,
		cts_record_key(arena, record));
	cts_hint("%s", hint);
	return CTS_EREFUSED;
}

static int pick(const struct cts_side **out, struct cts_record *record,
	const struct cts_conflict *conflict, const char *take)
{
	const struct cts_side *found = NULL;

	if (!cts_settle_fits(&(struct cts_settle){.take = take}, conflict))
		return fail_side(record, conflict, take);
	if (is_number(take))
		found = &conflict->sides[strtoull(take, NULL, 10) - 1];
	for (size_t i = 0; !is_number(take) && i < conflict->side_count; i++) {
		const struct cts_side *side = &conflict->sides[i];

		if (!is_side_of(side, take))
			continue;
		/* An agency that said the same twice has said one thing. */
		if (found && !cts_value_equal(found->value, side->value))
			return fail_several(record, conflict, take);
		found = side;
	}
	if (found->sha256) {
		char hex[CTS_OID_HEX + 1];

		cts_fail(CTS_EREFUSED, "that side is known by its hash alone");
		cts_hint("git -C .ctsync/mirror.git show %s, then --value",
			cts_oid_format(hex, &found->commit));
		return CTS_EREFUSED;
	}
	*out = found;
	return 0;
}

static int set_values(
	struct cts_record *record, const char *field, const struct cts_settle *how)
{
	struct cts_assign_list list = {0};

	for (size_t i = 0; i < how->value_count; i++)
		*(struct cts_assign *)cts_arena_push(
			&record->arena, &list.items, &list.count, sizeof(*list.items)) =
			(struct cts_assign){.field = field, .text = how->values[i]};
	return cts_assign_apply(record, &list, true);
}

static int settle_life(struct cts_record *record, const struct cts_settle *how,
	const struct cts_side *side, bool *deleted)
{
	const char *text = side ? cts_value_text(side->value)
				: how->value_count == 1 ? how->values[0] : "";

	if (strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0) {
		cts_fail(CTS_EVALUE, "'%s' is true or false", CTS_DELETED);
		cts_hint("--value true deletes the record, --value false keeps it");
		return CTS_EVALUE;
	}
	cts_record_settle(record, CTS_DELETED);
	if (strcasecmp(text, "true") == 0)
		*deleted = true;
	return 0;
}

static int settle_unknown(
	struct cts_record *record, const char *key, const struct cts_side *side)
{
	const char *name = cts_arena_strdup(&record->arena, key);

	if (!side) {
		cts_fail(CTS_EVALUE, "the schema does not know '%s', so no value can be typed",
			key);
		cts_hint("--take a side");
		return CTS_EVALUE;
	}
	cts_record_settle(record, name);
	cts_record_set_unknown(record, name, side->value.count ? side->value.items[0] : NULL);
	return 0;
}

static int fail_no_conflict(struct cts_record *record, const char *field)
{
	const char *key = cts_record_key(&record->arena, record);
	const struct cts_field *known;
	int rc;

	if (strcmp(field, CTS_DELETED) != 0 && !strchr(field, '/')) {
		rc = cts_kind_find_field(&known, record->kind, field);
		if (rc < 0)
			return rc;
	}
	cts_fail(CTS_EREFUSED, "'%s' of '%s' is not in conflict", field, key);
	if (record->conflict_count)
		cts_hint("ctsync conflicts %s", key);
	else
		cts_hint("ctsync set %s %s=VALUE", key, field);
	return CTS_EREFUSED;
}

int cts_settle_field(struct cts_record *record, const char *field, const struct cts_settle *how,
	bool *deleted)
{
	const struct cts_conflict *conflict = cts_record_conflict(record, field);
	const struct cts_field *known = cts_kind_field(record->kind, field);
	const struct cts_side *side = NULL;
	int rc;

	if (!conflict)
		return fail_no_conflict(record, field);
	if (how->take) {
		rc = pick(&side, record, conflict, how->take);
		if (rc < 0)
			return rc;
	}
	if (strcmp(field, CTS_DELETED) == 0)
		return settle_life(record, how, side, deleted);
	if (!known)
		return settle_unknown(record, field, side);
	if (!side)
		return set_values(record, known->name, how);
	/* The side's items lie in the record's arena, and so outlive its conflict. */
	cts_record_set(record, known, side->value);
	cts_record_settle(record, known->name);
	return 0;
}

/* Every field in conflict; the record is thrown away when one of them cannot be settled. */
static int settle_all(struct cts_record *record, const struct cts_settle *how, bool *deleted)
{
	const char *key = cts_record_key(&record->arena, record);

	if (record->conflict_count == 0) {
		cts_fail(CTS_EREFUSED, "'%s' has no conflict", key);
		cts_hint("ctsync conflicts");
		return CTS_EREFUSED;
	}
	if (record->conflict_count > 1 && (!how->take || is_number(how->take))) {
		const char *fields = "";

		for (size_t i = 0; i < record->conflict_count; i++)
			fields = cts_arena_printf(&record->arena, "%s%s%s", fields, i ? ", " : "",
				record->conflicts[i].field);
		cts_fail(CTS_EREFUSED, "'%s' has several fields in conflict", key);
		cts_hint("name one of %s", fields);
		return CTS_EREFUSED;
	}
	while (record->conflict_count > 0) {
		size_t before = record->conflict_count;
		const char *field = cts_arena_strdup(&record->arena, record->conflicts[0].field);
		int rc = cts_settle_field(record, field, how, deleted);

		if (rc < 0)
			return rc;
		if (record->conflict_count >= before)
			return cts_fail(
				CTS_EDAMAGED, "the conflict in '%s' of '%s' stays", field, key);
	}
	return 0;
}

int cts_settle_work(struct cts_work *work, const char *key, const char *field,
	const struct cts_settle *how)
{
	struct cts_record record;
	bool deleted = false;
	int rc = cts_work_get(work, &record, key);

	if (rc < 0)
		return rc;
	rc = field ? cts_settle_field(&record, field, how, &deleted)
		   : settle_all(&record, how, &deleted);
	if (rc == 0)
		rc = deleted ? cts_work_delete(work, key) : cts_work_put(work, &record);
	cts_record_release(&record);
	return rc;
}
