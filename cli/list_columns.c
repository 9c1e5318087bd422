/*
 * Columns by the schema. Nothing here knows a field by name: what is shown by default goes by what
 * fields are (titles, dates, enumerations, references), in the order of the schema.
 */
#include "cli/list_columns.h"

#include <string.h>

#include "cli/record_out.h"
#include "proto/error.h"
#include "proto/fuzzydate.h"
#include "proto/time.h"

/* On a terminal more than these are cut to nothing. */
#define DATES_SHOWN 1
#define STATES_SHOWN 2
#define REFERENCES_SHOWN 2

static const struct {
	const char *suffix;
	enum cts_where_part part;
} windows[] = {
	{"_earliest", CTS_WHERE_EARLIEST},
	{"_latest", CTS_WHERE_LATEST},
	{"_form", CTS_WHERE_FORM},
};

static void add(struct cts_list_columns *columns, struct cts_arena *arena,
	const struct cts_list_column *column)
{
	*(struct cts_list_column *)cts_arena_push(
		arena, &columns->items, &columns->count, sizeof(*column)) = *column;
}

static void add_field(
	struct cts_list_columns *columns, struct cts_arena *arena, const struct cts_field *field)
{
	add(columns, arena,
		&(struct cts_list_column){
			.name = field->name, .part = CTS_WHERE_FIELD, .field = field});
}

/* A field's window: due_latest. @return false when the name is none */
static bool find_window(struct cts_list_column *out, struct cts_arena *arena,
	const struct cts_kind *kind, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		size_t suffix = strlen(windows[i].suffix);
		const struct cts_field *field;

		if (size <= suffix || strcmp(name + size - suffix, windows[i].suffix) != 0)
			continue;
		field = cts_kind_field(kind, cts_arena_strndup(arena, name, size - suffix));
		if (!field || !cts_where_is_fuzzy(field))
			continue;
		out->field = field;
		out->part = windows[i].part;
		return true;
	}
	return false;
}

static int parse_one(struct cts_list_column *out, struct cts_arena *arena,
	const struct cts_kind *kind, const char *name)
{
	*out = (struct cts_list_column){.name = name, .part = CTS_WHERE_FIELD};
	out->field = cts_kind_field(kind, name);
	if (out->field)
		return 0;
	if (strcmp(name, "id") == 0) {
		out->part = CTS_WHERE_ID;
		return 0;
	}
	if (find_window(out, arena, kind, name))
		return 0;
	return cts_kind_find_field(&out->field, kind, name);
}

int cts_list_columns_parse(struct cts_list_columns *out, struct cts_arena *arena,
	const struct cts_kind *kind, const char *text, bool is_sort)
{
	struct cts_opt_list names = cts_opt_split(arena, text);
	struct cts_list_columns columns = {0};

	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		struct cts_list_column column;
		bool descending = is_sort && *name == '-';
		int rc;

		name += strspn(name + descending, " ") + descending;
		name = cts_arena_strndup(arena, name, strcspn(name, " "));
		rc = parse_one(&column, arena, kind, name);
		if (rc < 0)
			return rc;
		column.descending = descending;
		add(&columns, arena, &column);
	}
	if (columns.count == 0) {
		cts_fail(CTS_EUSAGE, "'%s' names no field", is_sort ? "--sort" : "--columns");
		cts_hint("ctsync help %s", kind->name);
		return CTS_EUSAGE;
	}
	*out = columns;
	return 0;
}

static bool is_date(const struct cts_field *field)
{
	return !field->repeated && (cts_where_is_fuzzy(field) || field->form == CTS_FORM_DATE);
}

static bool is_state(const struct cts_field *field)
{
	return !field->repeated && field->type == CTS_TYPE_ENUM;
}

static bool is_reference(const struct cts_field *field)
{
	return field->is_ref;
}

/* Those of the kind's own fields that are of a sort: indexed ones first, for those were meant to
 * be looked for, then by order of the schema. */
static void add_some(struct cts_list_columns *columns, struct cts_arena *arena,
	const struct cts_kind *kind, bool (*is_one)(const struct cts_field *field), size_t most)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < kind->own_count && most > 0; i++) {
			const struct cts_field *field = &kind->fields[i];

			if (field == kind->title || !is_one(field) || field->indexed == (pass == 1))
				continue;
			add_field(columns, arena, field);
			most--;
		}
	}
}

void cts_list_columns_default(struct cts_list_columns *out, struct cts_arena *arena,
	const struct cts_kind *kind, enum cts_out_format format)
{
	struct cts_list_columns columns = {0};

	add(&columns, arena, &(struct cts_list_column){.name = "id", .part = CTS_WHERE_ID});
	if (format == CTS_OUT_CSV || format == CTS_OUT_TSV) {
		for (size_t i = 0; i < kind->field_count; i++)
			add_field(&columns, arena, &kind->fields[i]);
	} else {
		if (kind->title)
			add_field(&columns, arena, kind->title);
		add_some(&columns, arena, kind, is_date, DATES_SHOWN);
		add_some(&columns, arena, kind, is_state, STATES_SHOWN);
		add_some(&columns, arena, kind, is_reference, REFERENCES_SHOWN);
	}
	*out = columns;
}

const struct cts_column *cts_list_columns_layout(
	struct cts_arena *arena, const struct cts_list_columns *columns)
{
	struct cts_column *layout = cts_arena_alloc(arena, columns->count * sizeof(*layout));

	for (size_t i = 0; i < columns->count; i++) {
		const struct cts_list_column *column = &columns->items[i];

		layout[i].name = column->name;
		layout[i].fixed = column->part == CTS_WHERE_ID;
		layout[i].right = column->part == CTS_WHERE_FIELD && !column->field->repeated &&
				  cts_where_is_number(column->field->type);
	}
	return layout;
}

/* What a window's column holds; "" for none. */
static const char *window_text(
	struct cts_arena *arena, enum cts_where_part part, struct cts_value value)
{
	struct cts_fuzzy fuzzy;
	char *text;

	if (value.count == 0)
		return "";
	cts_fuzzy_parse(&fuzzy, value.items[0]);
	if (part == CTS_WHERE_FORM)
		return cts_fuzzy_form_name(fuzzy.form);
	if (part == CTS_WHERE_EARLIEST ? !fuzzy.has_earliest : !fuzzy.has_latest)
		return "";
	text = cts_arena_alloc(arena, CTS_TIME_TEXT);
	return cts_day_format(text, part == CTS_WHERE_EARLIEST ? fuzzy.earliest : fuzzy.latest);
}

const char *cts_list_cell(struct cts_arena *arena, const struct cts_list_column *column,
	const struct cts_record *record, enum cts_out_format format)
{
	struct cts_value value;

	if (column->part == CTS_WHERE_ID)
		return record->id;
	value = cts_record_get(record, column->field);
	if (column->part != CTS_WHERE_FIELD)
		return window_text(arena, column->part, value);
	if (format == CTS_OUT_CSV || format == CTS_OUT_TSV)
		return cts_value_shown(arena, NULL, value, "\n");
	return cts_value_shown(arena, column->field, value, ", ");
}

/* ---- sorting --------------------------------------------------------------------------------- */

struct cts_value cts_list_key(struct cts_arena *arena, const struct cts_list_column *column,
	const struct cts_record *record)
{
	struct cts_value value;

	if (column->part == CTS_WHERE_ID)
		return cts_value_of(arena, cts_arena_strdup(arena, record->id));
	value = cts_record_get(record, column->field);
	if (column->part != CTS_WHERE_FIELD)
		return cts_value_of(arena,
			cts_arena_strdup(arena, window_text(arena, column->part, value)));
	/* Lists compare by their first members. */
	if (value.count > 1)
		value.count = 1;
	return cts_value_copy(arena, value);
}

/* 0 a value with a place in the order, 1 a date without a window, 2 unset. */
static int rank(const struct cts_list_column *column, struct cts_value value)
{
	struct cts_fuzzy fuzzy;

	if (value.count == 0)
		return 2;
	if (column->part != CTS_WHERE_FIELD || !cts_where_is_fuzzy(column->field))
		return 0;
	cts_fuzzy_parse(&fuzzy, value.items[0]);
	return fuzzy.has_earliest || fuzzy.has_latest ? 0 : 1;
}

int cts_list_compare(
	const struct cts_list_column *column, struct cts_value a, struct cts_value b)
{
	int ra = rank(column, a), rb = rank(column, b), order;

	if (ra != rb)
		return ra < rb ? -1 : 1;
	if (ra == 2)
		return 0;
	if (column->part == CTS_WHERE_FIELD)
		order = cts_where_compare(column->field, a, b);
	else
		order = strcmp(a.items[0], b.items[0]);
	return column->descending ? -order : order;
}
