/*
 * list: the records of a kind. Without --sort each record is shown as it is read, so a list of a
 * million takes no memory; with it only keys and what is sorted by are kept, and records are read
 * again in order. A condition on an indexed field is answered by the index.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/diag.h"
#include "cli/items.h"
#include "cli/list_columns.h"
#include "cli/record_out.h"
#include "cli/session.h"
#include "proto/error.h"

struct list_options {
	const char *where;
	const char *sort;
	const char *columns;
	int64_t limit;
	bool raw;
};

static const struct list_options list_defaults = {.limit = -1};

static const struct cts_opt list_rows[] = {
	{.name = "where",
		.argument = "EXPR",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct list_options, where),
		.help = "only records for which it holds: "
			"\"status <> 'complete' and due < 'Q3 2021'\""},
	{.name = "sort",
		.argument = "F,-F",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct list_options, sort),
		.help = "by these fields, with - the greatest first; otherwise by id"},
	{.name = "columns",
		.argument = "F,F",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct list_options, columns),
		.help = "these fields, in this order (text, csv and tsv)"},
	{.name = "limit",
		.letter = 'n',
		.argument = "N",
		.kind = CTS_OPT_INT,
		.offset = offsetof(struct list_options, limit),
		.help = "no more than N records"},
	{.name = "raw",
		.kind = CTS_OPT_FLAG,
		.offset = offsetof(struct list_options, raw),
		.help = "csv and tsv: leave cells alone that a spreadsheet would run as a formula"},
	{0},
};

static const struct cts_argument list_arguments[] = {
	{.name = "KIND", .help = "what sort of records, as ctsync schema lists them"},
	{0},
};

/* A record to come, by what it is sorted by. */
struct entry {
	const char *key;
	struct cts_value *values; /* one a column of --sort */
};

struct list {
	struct cts_session *session;
	struct cts_txn *txn;
	const struct cts_view *view; /* NULL: now */
	const struct cts_kind *kind;
	struct cts_where where;
	struct cts_list_columns columns, sort;
	uint64_t left; /* records that may still be shown */
	uint64_t conflicts;
	struct cts_items items;
	struct cts_arena scratch; /* of the record being shown */
	const char **cells;
	struct cts_arena arena; /* of the entries */
	struct entry *entries;
	size_t entry_count;
};

/* ---- showing --------------------------------------------------------------------------------- */

static bool has_column(const struct list *list, const char *name)
{
	for (size_t i = 0; i < list->columns.count; i++)
		if (list->columns.items[i].part == CTS_WHERE_FIELD &&
			strcmp(list->columns.items[i].name, name) == 0)
			return true;
	return false;
}

/* A field in conflict is marked in its cell; one that is not shown, in the first. */
static const char *mark(struct list *list, const struct cts_record *record, size_t column)
{
	const struct cts_list_column *shown = &list->columns.items[column];
	const char *cell =
		cts_list_cell(&list->scratch, shown, record, list->session->out.format);
	bool is_marked = false;

	if (record->conflict_count == 0 || list->session->out.format != CTS_OUT_TEXT)
		return cell;
	for (size_t c = 0; c < record->conflict_count; c++) {
		const char *name = record->conflicts[c].field;
		bool is_here = has_column(list, name) ? strcmp(shown->name, name) == 0
						      : column == 0;

		is_marked = is_marked || is_here;
	}
	return is_marked ? cts_arena_printf(&list->scratch, "%s%s!", cell, *cell ? " " : "") : cell;
}

static void show_record(struct list *list, const struct cts_record *record)
{
	bool in_conflict = record->conflict_count > 0;

	list->conflicts += in_conflict;
	if (cts_out_is_json(&list->session->out)) {
		cts_record_put_json(cts_items_object(&list->items), record);
		cts_items_object_end(&list->items);
		return;
	}
	cts_arena_clear(&list->scratch);
	for (size_t i = 0; i < list->columns.count; i++)
		list->cells[i] = mark(list, record, i);
	cts_items_row_styled(
		&list->items, list->cells, in_conflict ? CTS_STYLE_WARN : CTS_STYLE_PLAIN);
}

/* ---- finding --------------------------------------------------------------------------------- */

static int take_record(void *context, const struct cts_record *record)
{
	struct list *list = context;
	struct entry *entry;

	if (!cts_where_match(&list->where, record))
		return 0;
	if (list->sort.count == 0) {
		show_record(list, record);
		return --list->left == 0;
	}
	entry = cts_arena_push(&list->arena, &list->entries, &list->entry_count, sizeof(*entry));
	entry->key = cts_record_key(&list->arena, record);
	entry->values =
		cts_arena_alloc(&list->arena, list->sort.count * sizeof(*entry->values));
	for (size_t i = 0; i < list->sort.count; i++)
		entry->values[i] = cts_list_key(&list->arena, &list->sort.items[i], record);
	return 0;
}

static int take_key(void *context, const char *key)
{
	struct list *list = context;
	struct cts_record record;
	int rc = cts_txn_get(list->txn, &record, key);

	if (rc < 0)
		return rc;
	rc = take_record(list, &record);
	cts_record_release(&record);
	return rc;
}

static int find(struct list *list)
{
	const struct cts_where_term *term = cts_where_indexed(&list->where);

	if (list->left == 0)
		return 0;
	if (list->view)
		return cts_view_each(list->txn, list->view, list->kind->name, take_record, list);
	if (term)
		return cts_txn_each_with(
			list->txn, list->kind, term->field, term->text, take_key, list);
	return cts_txn_each(list->txn, list->kind->name, take_record, list);
}

/* ---- sorting --------------------------------------------------------------------------------- */

static int compare_entries(const void *left, const void *right, void *context)
{
	const struct entry *a = left, *b = right;
	const struct list *list = context;

	for (size_t i = 0; i < list->sort.count; i++) {
		int order = cts_list_compare(&list->sort.items[i], a->values[i], b->values[i]);

		if (order)
			return order;
	}
	return strcmp(a->key, b->key);
}

static int show_sorted(struct list *list)
{
	int rc = 0;

	if (list->entry_count)
		qsort_r(list->entries, list->entry_count, sizeof(*list->entries),
			compare_entries, list);
	for (size_t i = 0; rc >= 0 && i < list->entry_count && list->left > 0; i++) {
		const char *key = list->entries[i].key;
		struct cts_record record;

		rc = list->view ? cts_view_get(list->txn, list->view, &record, key)
				: cts_txn_get(list->txn, &record, key);
		if (rc < 0)
			break;
		show_record(list, &record);
		cts_record_release(&record);
		list->left--;
	}
	return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Everything that can be wrong with what was typed, before anything is read. */
static int prepare(struct list *list, const struct list_options *options, const char *kind)
{
	struct cts_session *session = list->session;
	struct cts_arena *arena = &session->arena;
	int rc = 0;

	if (strchr(kind, '/')) {
		cts_fail(CTS_EUSAGE, "'%s' is a record, not a kind", kind);
		cts_hint("ctsync show %s", kind);
		return CTS_EUSAGE;
	}
	if (options->columns && cts_out_is_json(&session->out)) {
		cts_fail(CTS_EUSAGE,
			"'--columns' does not go with JSON: its items are whole records");
		cts_hint("-o text, csv or tsv");
		return CTS_EUSAGE;
	}
	rc = cts_schema_find_kind(&list->kind, session->schema, kind);
	if (rc == 0 && options->where)
		rc = cts_where_parse(&list->where, arena, list->kind, options->where);
	if (rc == 0 && options->sort)
		rc = cts_list_columns_parse(&list->sort, arena, list->kind, options->sort, true);
	if (rc == 0 && options->columns)
		rc = cts_list_columns_parse(
			&list->columns, arena, list->kind, options->columns, false);
	if (rc == 0 && !options->columns)
		cts_list_columns_default(&list->columns, arena, list->kind, session->out.format);
	return rc;
}

static void tell(const struct list *list, const struct list_options *options)
{
	if (list->session->out.format != CTS_OUT_TEXT)
		return;
	if (list->items.count == 0 && list->left > 0)
		cts_diag_note("no %s%s", list->kind->name,
			options->where ? " for which that holds" : list->view ? " then" : " yet");
	if (list->conflicts > 0) {
		cts_diag_note("%llu of these %s in conflict, marked !",
			(unsigned long long)list->conflicts,
			list->conflicts == 1 ? "is" : "are");
		cts_diag_hint("ctsync conflicts");
	}
}

static int list_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct list_options *options = given;
	struct list list = {
		.session = session,
		.left = options->limit < 0 ? UINT64_MAX : (uint64_t)options->limit,
	};
	struct cts_view view = {0};
	int rc = prepare(&list, options, argv[0]);

	(void)argc;
	if (rc < 0)
		return rc;
	session->out.raw = options->raw;
	list.cells = cts_arena_alloc(&session->arena, list.columns.count * sizeof(*list.cells));
	rc = cts_txn_begin(&list.txn, session->store);
	if (rc == 0 && session->at) {
		rc = cts_view_parse(&view, list.txn, session->at);
		list.view = &view;
	}
	if (rc < 0)
		goto out;
	cts_items_begin(&list.items, &session->out,
		cts_list_columns_layout(&session->arena, &list.columns), list.columns.count);
	rc = find(&list);
	if (rc >= 0)
		rc = show_sorted(&list);
	cts_items_end(&list.items);
	if (rc >= 0)
		tell(&list, options);
out:
	cts_arena_release(&list.arena);
	cts_arena_release(&list.scratch);
	cts_view_release(&view);
	cts_txn_end(list.txn);
	return rc < 0 ? rc : 0;
}

const struct cts_cmd cts_cmd_list = {
	.name = "list",
	.group = CTS_GROUP_RECORDS,
	.sentence = "list records of a kind",
	.details =
		"--where takes conditions joined by `and`: FIELD OP 'VALUE', OP one of = <> < <= "
		"> >= like. A quote inside a value is doubled. Dates as people write them compare "
		"by the days that they span: due < 'Q3 2021' is over before that quarter begins. "
		"due_earliest, due_latest and due_form are the days and the form that such a date "
		"is read as; they can be asked for, shown and sorted by. An empty value finds "
		"what is not set.\n"
		"\n"
		"Sorted dates go by their last day; those without days stand behind the others "
		"and unset ones last, whichever way it is sorted. Fields in conflict are marked "
		"with !. In csv and tsv the columns are all fields, and `ctsync import` reads "
		"them back.",
	.examples =
		"ctsync list milestone --where \"status <> 'complete' and due < '2021-07-01'\" "
		"--sort due\n"
		"ctsync list workstream --where \"owners = 'agency/nzp'\" --columns "
		"id,title,rating\n"
		"ctsync list initiative -o csv > initiatives.csv\n",
	.options = list_rows,
	.options_size = sizeof(struct list_options),
	.defaults = &list_defaults,
	.arguments = list_arguments,
	.needs = CTS_NEEDS_STORE | CTS_TAKES_AT | CTS_PAGES,
	.formats = CTS_OUT_LISTS,
	.run = list_run,
};
