/*
 * Rows into records. Each cell is checked on its own, so that a row with three wrong cells tells
 * three.
 */
#include "cli/import/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "cli/import/delimited.h"
#include "proto/error.h"
#include "proto/id.h"
#include "proto/validate.h"

enum role { ROLE_FIELD, ROLE_ID, ROLE_KIND, ROLE_IGNORED };

struct column {
	enum role role;
	const struct cts_field *field;
};

struct cts_sheet {
	struct cts_delimited *rows;
	const char *name;
	const struct cts_kind *kind;
	struct column *columns;
	size_t column_count;
	bool *named;
	struct cts_arena arena;   /* of the head */
	struct cts_arena scratch; /* of a row */
};

static int fail_head(const char *name, size_t row, size_t column)
{
	cts_fail_where("%s:%zu:%zu", name, row, column);
	return CTS_EVALUE;
}

static int read_heading(struct cts_sheet *sheet, struct column *column, const char *text)
{
	if (strcmp(text, "id") == 0) {
		column->role = ROLE_ID;
	} else if (strcmp(text, "kind") == 0 && !cts_kind_field(sheet->kind, "kind")) {
		column->role = ROLE_KIND;
	} else if (strcmp(text, "hash") == 0 && !cts_kind_field(sheet->kind, "hash")) {
		column->role = ROLE_IGNORED;
	} else {
		int rc = cts_kind_find_field(&column->field, sheet->kind, text);

		if (rc < 0)
			return rc;
		column->role = ROLE_FIELD;
		if (sheet->named[column->field->index])
			return cts_fail(CTS_EVALUE, "the column '%s' stands twice", text);
		sheet->named[column->field->index] = true;
	}
	return 0;
}

/* One heading that holds another separator: a spreadsheet of another country, or TSV. */
static int check_separator(const struct cts_sheet *sheet, const struct cts_delimited_row *row)
{
	const char *other = row->cell_count == 1 ? strpbrk(row->cells[0], ";\t,") : NULL;

	if (!other)
		return 0;
	cts_fail(CTS_EVALUE, "%s:%zu:1: the head is a single cell", sheet->name, row->row);
	if (*other == ';')
		cts_hint("cells are separated by ',' here: save it so, or as TSV");
	else
		cts_hint("--format %s", *other == ',' ? "csv" : "tsv");
	return CTS_EVALUE;
}

static int read_head(struct cts_sheet *sheet)
{
	struct cts_delimited_row row;
	bool has_id = false;
	int rc = cts_delimited_next(sheet->rows, &row);

	if (rc < 0)
		return rc;
	if (rc == 0)
		return cts_fail(CTS_EVALUE,
			"%s:1:1: the file is empty; its first row is id and "
			"the names of fields",
			sheet->name);
	rc = check_separator(sheet, &row);
	if (rc < 0)
		return rc;
	sheet->column_count = row.cell_count;
	sheet->columns = cts_arena_alloc(&sheet->arena, row.cell_count * sizeof(*sheet->columns));
	for (size_t i = 0; i < row.cell_count; i++) {
		rc = read_heading(sheet, &sheet->columns[i], row.cells[i]);
		if (rc < 0)
			return fail_head(sheet->name, row.row, i + 1);
		if (sheet->columns[i].role == ROLE_ID && has_id)
			return cts_fail(CTS_EVALUE, "%s:%zu:%zu: the column 'id' stands twice",
				sheet->name, row.row, i + 1);
		has_id = has_id || sheet->columns[i].role == ROLE_ID;
	}
	if (!has_id)
		return cts_fail(
			CTS_EVALUE, "%s:%zu:1: the head has no column 'id'", sheet->name, row.row);
	return 0;
}

int cts_sheet_open(struct cts_sheet **out, const char *name, int fd, char separator,
	const struct cts_kind *kind)
{
	struct cts_sheet *sheet = cts_malloc(sizeof(*sheet));
	int rc;

	memset(sheet, 0, sizeof(*sheet));
	sheet->kind = kind;
	sheet->name = cts_arena_strdup(&sheet->arena, name);
	sheet->named = cts_arena_alloc(&sheet->arena, kind->field_count * sizeof(*sheet->named));
	cts_delimited_open(&sheet->rows, name, fd, separator);
	rc = read_head(sheet);
	if (rc < 0)
		cts_sheet_free(sheet);
	else
		*out = sheet;
	return rc;
}

void cts_sheet_free(struct cts_sheet *sheet)
{
	if (!sheet)
		return;
	cts_delimited_free(sheet->rows);
	cts_arena_release(&sheet->arena);
	cts_arena_release(&sheet->scratch);
	free(sheet);
}

/* The inverse of the guard that csv and tsv output puts before cells like formulas. */
static const char *unguard(const char *cell)
{
	const char *rest = cell + 1;

	if (*cell != '\'' || !*rest || !strchr("=+-@\t\r", *rest))
		return cell;
	return rest;
}

/* One member a line. */
static struct cts_value split_list(struct cts_arena *arena, const char *cell)
{
	const char **items = NULL;
	size_t count = 0;

	while (*cell) {
		const char *end = strchrnul(cell, '\n');
		size_t size = (size_t)(end - cell);

		if (size && cell[size - 1] == '\r')
			size--;
		if (size)
			*(const char **)cts_arena_push(arena, &items, &count, sizeof(*items)) =
				cts_arena_strndup(arena, cell, size);
		cell = *end ? end + 1 : end;
	}
	return (struct cts_value){.count = count, .items = items};
}

static int read_field(struct cts_sheet *sheet, struct cts_record *record,
	const struct cts_field *field, const char *cell)
{
	struct cts_value value, valid = {0};
	int rc = 0;

	cell = unguard(cell);
	value = field->repeated ? split_list(&sheet->scratch, cell)
				: cts_value_of(&sheet->scratch, cell);
	if (cts_value_is_set(value))
		rc = cts_validate_value(&valid, &sheet->scratch, sheet->kind, field, value);
	if (rc >= 0)
		cts_record_set(record, field, valid);
	return rc;
}

static int read_id(struct cts_sheet *sheet, struct cts_record *record, const char *cell)
{
	size_t size = strlen(sheet->kind->name);
	int rc;

	/* kind/id, as commands take it, is the id too. */
	if (strncmp(cell, sheet->kind->name, size) == 0 && cell[size] == '/')
		cell += size + 1;
	if (!*cell)
		return cts_fail(CTS_EVALUE, "the row has no id");
	rc = cts_id_check(cell);
	if (rc >= 0)
		record->id = cts_arena_strdup(&record->arena, cell);
	return rc;
}

static int read_cell(
	struct cts_sheet *sheet, struct cts_record *record, size_t column, const char *cell)
{
	switch (sheet->columns[column].role) {
	case ROLE_ID: return read_id(sheet, record, cell);
	case ROLE_KIND:
		if (*cell && strcmp(cell, sheet->kind->name) != 0)
			return cts_fail(CTS_EVALUE, "the row is of kind '%s', not '%s'", cell,
				sheet->kind->name);
		return 0;
	case ROLE_IGNORED: return 0;
	case ROLE_FIELD: return read_field(sheet, record, sheet->columns[column].field, cell);
	}
	return 0;
}

/* False: the row has problems, which were told. */
static bool read_record(struct cts_sheet *sheet, struct cts_record *record,
	const struct cts_delimited_row *row, struct cts_problems *problems)
{
	size_t before = problems->count;

	cts_arena_clear(&sheet->scratch);
	cts_record_reset(record, sheet->kind, "");
	if (row->cell_count != sheet->column_count) {
		size_t at = row->cell_count < sheet->column_count ? row->cell_count
								  : sheet->column_count;

		cts_fail(CTS_EVALUE, "the row has %zu cells, the head has %zu", row->cell_count,
			sheet->column_count);
		cts_problems_add(problems, CTS_EVALUE, sheet->name, row->row, at + 1);
		return false;
	}
	for (size_t i = 0; i < row->cell_count; i++) {
		int rc = read_cell(sheet, record, i, row->cells[i]);

		if (rc < 0)
			cts_problems_add(problems, rc, sheet->name, row->row, i + 1);
	}
	return problems->count == before;
}

int cts_sheet_next(struct cts_sheet *sheet, struct cts_record *record, const bool **named,
	size_t *row, struct cts_problems *problems)
{
	for (;;) {
		struct cts_delimited_row cells;
		int rc = cts_delimited_next(sheet->rows, &cells);

		if (rc == 0 || rc == CTS_EIO)
			return rc;
		if (rc < 0) {
			cts_problems_add(problems, rc, sheet->name, 0, 0);
			continue;
		}
		if (read_record(sheet, record, &cells, problems)) {
			*named = sheet->named;
			*row = cells.row;
			return 1;
		}
	}
}
