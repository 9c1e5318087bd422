/*
 * Entries, and the names of agencies and bodies that stand in them.
 */
#include "cli/report/row.h"

#include <ctype.h>
#include <string.h>

#include "cli/report/marks.h"
#include "proto/error.h"
#include "proto/programme.h"

struct cts_report_entry *cts_row_put(struct cts_row_maker *maker, enum cts_report_column column,
	const char *text, const char *record)
{
	struct cts_report_cell *cell = &maker->row->cells[column];
	struct cts_report_entry *entry;

	entry = cts_arena_push(maker->arena, &cell->entries, &cell->count, sizeof(*cell->entries));
	entry->text = cts_report_marks(maker->arena, cts_arena_strdup(maker->arena, text));
	entry->record = cts_arena_strdup(maker->arena, record);
	return entry;
}

void cts_row_put_in_band(struct cts_row_maker *maker, enum cts_report_column column,
	struct cts_report_entry *entry, size_t band)
{
	entry->band = band;
	if (band > 0)
		maker->row->cells[column].has_bands = true;
}

void cts_row_mark_conflict(struct cts_row_maker *maker, struct cts_report_entry *entry,
	const struct cts_record *record, const char *field)
{
	if (!cts_record_conflict(record, field))
		return;
	entry->in_conflict = true;
	maker->table->has_conflicts = true;
}

void cts_row_put_field(struct cts_row_maker *maker, enum cts_report_column column,
	const struct cts_tree_node *node, const char *field)
{
	const char *text = cts_record_text(&node->record, field);

	if (*text || cts_record_conflict(&node->record, field))
		cts_row_mark_conflict(
			maker, cts_row_put(maker, column, text, node->key), &node->record, field);
}

int cts_row_read_text(
	const char **out, struct cts_row_maker *maker, const char *key, const char *field)
{
	struct cts_record record;
	int rc = cts_report_get(maker->source, &record, key);

	if (rc == CTS_ENOTFOUND || rc == CTS_EVALUE) {
		*out = "";
		return 0;
	}
	if (rc < 0)
		return rc;
	*out = cts_arena_strdup(maker->arena, cts_record_text(&record, field));
	cts_record_release(&record);
	return 0;
}

int cts_row_read_code(const char **out, struct cts_row_maker *maker, const char *key)
{
	int rc = cts_row_read_text(out, maker, key, CTS_AGENCY_CODE);

	if (rc >= 0 && !**out)
		*out = cts_arena_strdup(maker->arena, key);
	return rc;
}

bool cts_row_mentions(const char *text, const char *word)
{
	size_t size = strlen(word);
	const char *at = text;

	for (; size > 0 && (at = strstr(at, word)); at++)
		if ((at == text || !isalnum((unsigned char)at[-1])) &&
			!isalnum((unsigned char)at[size]))
			return true;
	return false;
}
