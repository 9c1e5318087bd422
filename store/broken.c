/*
 * What does not hold across records: references that lead nowhere, required values that a merge left
 * unset, unique values that two agencies gave apart. It is told, never refused: an offline store may lack
 * a record that is on its way.
 */
#include "store/internal.h"

#include "proto/error.h"

struct broken {
	struct cts_txn *txn;
	size_t left;
	int (*report)(void *context, const char *key, const char *field, const char *text);
	void *context;
};

static int report(struct broken *broken, const struct cts_record *record,
	const struct cts_field *field, const char *text)
{
	int rc = broken->report(broken->context, cts_record_key(&broken->txn->arena, record),
		field->name, text);

	return rc ? rc : --broken->left == 0;
}

static int check_references(
	struct broken *broken, const struct cts_record *record, const struct cts_field *field)
{
	struct cts_value value = cts_record_get(record, field);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < value.count; i++) {
		enum cts_life life;

		rc = cts_txn_life(broken->txn, &life, value.items[i]);
		if (rc == 0 && life != CTS_LIFE_LIVE)
			rc = report(broken, record, field,
				cts_arena_printf(&broken->txn->arena, "refers to '%s', which %s",
					value.items[i],
					life == CTS_LIFE_NONE ? "is not here" : "was deleted"));
	}
	return rc;
}

static int check_unique(
	struct broken *broken, const struct cts_record *record, const struct cts_field *field)
{
	int rc = cts_index_check_unique_field(broken->txn, record, field);
	const char *text;

	if (rc != CTS_EVALUE)
		return rc;
	text = cts_arena_strdup(&broken->txn->arena, cts_error_message(rc));
	cts_error_clear();
	return report(broken, record, field, text);
}

static int check_record(void *context, const struct cts_record *record)
{
	struct broken *broken = context;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < record->kind->field_count; i++) {
		const struct cts_field *field = &record->kind->fields[i];

		if (field->required && !cts_value_is_set(cts_record_get(record, field)))
			rc = report(broken, record, field, "is required and not set");
		if (rc == 0 && field->is_ref)
			rc = check_references(broken, record, field);
		if (rc == 0 && field->unique)
			rc = check_unique(broken, record, field);
	}
	return rc;
}

int cts_txn_each_broken(struct cts_txn *txn, size_t limit,
	int (*each)(void *context, const char *key, const char *field, const char *text),
	void *context)
{
	struct broken broken = {.txn = txn, .left = limit, .report = each, .context = context};

	return limit ? cts_txn_each(txn, NULL, check_record, &broken) : 0;
}
