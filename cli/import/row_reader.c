/*
 * One row at hand. See the header.
 */
#include "cli/import/row_reader.h"

#include "cli/import/markup.h"
#include "cli/import/withheld.h"

struct cts_arena *cts_table_row_arena(const struct cts_table_row_reader *reader)
{
	return &reader->draft->arena;
}

const char *cts_table_row_raw(
	const struct cts_table_row_reader *reader, enum cts_table_column column)
{
	size_t index = reader->table->head.columns[column];

	return index == CTS_NO_COLUMN ? "" : cts_row_cell(reader->row, index);
}

struct cts_cell_place cts_table_row_place(
	const struct cts_table_row_reader *reader, enum cts_table_column column)
{
	size_t index = reader->table->head.columns[column];

	return (struct cts_cell_place){reader->row->row, index == CTS_NO_COLUMN ? 1 : index + 1};
}

/* Without markup; grounds as withholding marks. */
const char *cts_table_row_plain(
	const struct cts_table_row_reader *reader, enum cts_table_column column)
{
	struct cts_withheld withheld;

	cts_withheld_read(&withheld, cts_table_row_arena(reader),
		cts_markup_plain(cts_table_row_arena(reader), cts_table_row_raw(reader, column)));
	return withheld.text;
}

void cts_table_row_put(struct cts_table_row_reader *reader, struct cts_draft_record *record,
	const char *field, enum cts_table_column column, const char *text)
{
	cts_draft_put(reader->draft, record, field, cts_table_row_place(reader, column), text);
}

/* "initiative/ctwp2021-4" */
const char *cts_table_row_key(
	const struct cts_table_row_reader *reader, const struct cts_draft_record *record)
{
	return cts_arena_printf(cts_table_row_arena(reader), "%s/%s", record->kind, record->id);
}
