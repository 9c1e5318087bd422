/*
 * blame: who put each value of a record there. A field's newest edits are its authors: one of a
 * plain field, one for each member of a set, several where edits were merged or stand in conflict.
 *
 * Every edit of a record affirms its markings, so their newest edits tell who last saw them, not
 * who set them: for these the history is asked.
 */
#include <string.h>

#include "cli/cmd.h"
#include "cli/items.h"
#include "cli/record_out.h"
#include "cli/session.h"
#include "proto/error.h"
#include "proto/time.h"

static const struct cts_argument blame_arguments[] = {
	{.name = "REC", .help = "a record"},
	{0},
};

static const struct cts_column blame_columns[] = {
	{.name = "field", .fixed = true, .style = CTS_STYLE_NAME},
	{.name = "value", .wrap = true, .least = 16},
	{.name = "agency", .fixed = true},
	{.name = "author"},
	{.name = "time", .fixed = true, .style = CTS_STYLE_DIM},
	{.name = "change", .fixed = true},
	{.name = "message", .wrap = true, .least = 20},
};
#define COLUMN_COUNT (sizeof(blame_columns) / sizeof(blame_columns[0]))

struct blame {
	struct cts_session *session;
	struct cts_txn *txn;
	const char *key;
	struct cts_record record;
	struct cts_items items;
};

static void put_json(struct blame *blame, const char *name, const struct cts_field *field,
	struct cts_value value, const struct cts_change *change)
{
	struct cts_jsonw *json = cts_items_object(&blame->items);
	char id[CTS_CHANGE_TEXT];

	cts_jsonw_string(json, "field", name);
	if (!cts_value_is_set(value))
		cts_jsonw_null(json, "value");
	else if (strchr(name, '/'))
		cts_jsonw_raw(json, "value", value.items[0]);
	else if (strcmp(name, CTS_DELETED) == 0)
		cts_jsonw_bool(json, "value", strcmp(value.items[0], "true") == 0);
	else
		cts_jsonw_value(json, "value", field, value);
	cts_jsonw_string(json, "agency", change->agency);
	cts_jsonw_string(json, "author", change->author);
	cts_jsonw_time(json, "time", change->time);
	cts_jsonw_string(json, "change", cts_change_format(id, change->writer, change->ref.seq));
	cts_jsonw_string(json, "message", change->message);
	cts_items_object_end(&blame->items);
}

static void put_row(struct blame *blame, const char *name, const struct cts_field *field,
	struct cts_value value, const struct cts_change *change)
{
	struct cts_arena *arena = &blame->session->arena;
	bool is_text = blame->session->out.format == CTS_OUT_TEXT;
	char time[CTS_TIME_TEXT], id[CTS_CHANGE_TEXT];
	const char *message = change->message ? change->message : "";
	const char *shown = cts_value_shown(arena, field, value, "\n");
	const char *cells[COLUMN_COUNT] = {
		name,
		is_text && !cts_value_is_set(value) ? "(unset)" : shown,
		change->agency,
		change->author,
		is_text ? cts_time_format_local(time, change->time)
			: cts_time_format_utc(time, change->time),
		cts_change_format(id, change->writer, change->ref.seq),
		is_text ? cts_arena_strndup(arena, message, strcspn(message, "\n")) : message,
	};

	cts_items_row_styled(&blame->items, cells,
		cts_record_conflict(&blame->record, name) ? CTS_STYLE_WARN : CTS_STYLE_PLAIN);
}

static int put(struct blame *blame, const char *name, const struct cts_field *field,
	struct cts_value value, struct cts_ref by)
{
	struct cts_change change;
	int rc = cts_txn_change(blame->txn, &change, &blame->session->arena, by);

	if (rc < 0)
		return rc;
	if (cts_out_is_json(&blame->session->out))
		put_json(blame, name, field, value, &change);
	else
		put_row(blame, name, field, value, &change);
	return 0;
}

/* ---- markings ---------------------------------------------------------------------------------
 */

struct search {
	const char *field;
	struct cts_value shown;
	bool found;
	struct cts_ref by;
};

static int find_setter(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct search *search = context;

	for (size_t i = 0; i < edits->edit_count; i++) {
		if (strcmp(edits->edits[i].field, search->field) != 0 ||
			!cts_value_equal(edits->edits[i].new_value, search->shown))
			continue;
		search->found = true;
		search->by = change->ref;
		return 1;
	}
	return 0;
}

static bool is_marking(const struct cts_field *field)
{
	return field &&
	       (field->merge == CTS_MERGE_STRICTEST || field->merge == CTS_MERGE_INTERSECT);
}

/* 1: shown. 0: nobody set just this value (it is what several allow); its newest edits tell then.
 */
static int put_marking(struct blame *blame, const struct cts_field *field)
{
	struct search search = {
		.field = field->name,
		.shown = cts_record_get(&blame->record, field),
	};
	int rc = cts_txn_each_history(blame->txn, blame->key, true, find_setter, &search);

	if (rc < 0 || !search.found)
		return rc < 0 ? rc : 0;
	rc = put(blame, field->name, field, search.shown, search.by);
	return rc < 0 ? rc : 1;
}

/* ---- fields -----------------------------------------------------------------------------------
 */

static int put_field(struct blame *blame, const char *name, const struct cts_field *field,
	const struct cts_field_state *state)
{
	bool in_conflict = cts_record_conflict(&blame->record, name) != NULL;
	int rc = 0;

	if (!in_conflict && field && !cts_value_is_set(cts_record_get(&blame->record, field)))
		return 0;
	if (is_marking(field)) {
		rc = put_marking(blame, field);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	for (size_t i = 0; rc == 0 && i < state->count; i++)
		if (in_conflict || cts_value_is_set(state->newest[i].value))
			rc = put(blame, name, field, state->newest[i].value, state->newest[i].by);
	return rc;
}

static int put_all(struct blame *blame, const struct cts_state *state)
{
	const struct cts_kind *kind = blame->record.kind;
	const struct cts_field_state *of;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < kind->field_count; i++) {
		of = cts_state_field(state, kind->fields[i].name);
		if (of)
			rc = put_field(blame, kind->fields[i].name, &kind->fields[i], of);
	}
	for (size_t i = 0; rc == 0 && i < state->count; i++)
		if (strchr(state->fields[i].field, '/'))
			rc = put_field(blame, state->fields[i].field, NULL, &state->fields[i]);
	/* That it lives is only of interest while that is disputed. */
	of = cts_state_field(state, CTS_DELETED);
	if (rc == 0 && of && cts_record_conflict(&blame->record, CTS_DELETED))
		rc = put_field(blame, CTS_DELETED, NULL, of);
	return rc;
}

static int blame_run(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct blame blame = {.session = session};
	struct cts_state state;
	int rc = cts_txn_begin(&blame.txn, session->store);

	(void)options;
	(void)argc;
	if (rc == 0)
		rc = cts_txn_find(blame.txn, &blame.key, &session->arena, argv[0]);
	if (rc == 0)
		rc = cts_txn_get(blame.txn, &blame.record, blame.key);
	if (rc == 0)
		rc = cts_txn_state(blame.txn, &state, &session->arena, blame.key);
	if (rc < 0)
		goto out;
	cts_items_begin(&blame.items, &session->out, blame_columns, COLUMN_COUNT);
	rc = put_all(&blame, &state);
	if (rc < 0)
		goto out;
	cts_items_end(&blame.items);
out:
	cts_record_release(&blame.record);
	cts_txn_end(blame.txn);
	return rc;
}

const struct cts_cmd cts_cmd_blame = {
	.name = "blame",
	.group = CTS_GROUP_HISTORY,
	.sentence = "show for each field of a record who gave it its value, when and why",
	.details =
		"A set has a line for each member; a field in conflict, and one that was merged, "
		"a line for each edit that it holds.",
	.examples = "ctsync blame milestone/ctwp2021-4-2\n"
		    "ctsync blame initiative/ctwp2021-4 -o json\n",
	.arguments = blame_arguments,
	.needs = CTS_NEEDS_STORE | CTS_PAGES,
	.formats = CTS_OUT_LISTS,
	.run = blame_run,
};
