/*
 * diff: what differs between two views of the programme, whoever made the changes between them. A
 * view is a revision as --at takes it; without one, the changes that no remote is known to have.
 */
#include <string.h>

#include "cli/change_out.h"
#include "cli/cmd.h"
#include "cli/items.h"
#include "cli/past.h"
#include "cli/record_out.h"
#include "cli/session.h"
#include "proto/error.h"
#include "sync/sync.h"

struct diff_options {
	bool exit_code;
};

static const struct cts_opt diff_rows[] = {
	{.name = "exit-code",
		.kind = CTS_OPT_FLAG,
		.offset = offsetof(struct diff_options, exit_code),
		.help = "status 1 if there is a difference, 0 if there is none"},
	{0},
};

static const struct cts_argument diff_arguments[] = {
	{.name = "REV[..REV]", .optional = true, .help = "from this revision, to the other or now"},
	{.name = "REC", .optional = true, .help = "only this record; it may be deleted"},
	{0},
};

static const struct cts_column diff_columns[] = {
	{.name = "record"},
	{.name = "field"},
	{.name = "old"},
	{.name = "new"},
};
#define COLUMN_COUNT (sizeof(diff_columns) / sizeof(diff_columns[0]))

struct diff {
	struct cts_session *session;
	struct cts_items items;
	uint64_t count;
};

/* ---- the answer -------------------------------------------------------------------------------
 */

static const struct cts_field *field_of(
	const struct cts_schema *schema, struct cts_arena *arena, const char *key, const char *name)
{
	const char *kind_name, *id;
	const struct cts_kind *kind = NULL;

	if (cts_key_split(&kind_name, &id, arena, key) == 0)
		kind = cts_schema_kind(schema, kind_name);
	return kind ? cts_kind_field(kind, name) : NULL;
}

static void put_edit(struct diff *diff, const char *key, const struct cts_edit *edit)
{
	struct cts_session *session = diff->session;

	if (cts_out_is_json(&session->out)) {
		cts_edit_put_json(cts_items_object(&diff->items), session->schema, key, edit);
		cts_items_object_end(&diff->items);
	} else if (session->out.format == CTS_OUT_TEXT) {
		cts_edit_put_text(&session->out, session->schema, key, edit, 0);
	} else {
		struct cts_arena arena = {0};
		const struct cts_field *field = field_of(session->schema, &arena, key, edit->field);

		cts_items_row(&diff->items,
			(const char *[COLUMN_COUNT]){key, edit->field,
				cts_value_shown(&arena, field, edit->old_value, "\n"),
				cts_value_shown(&arena, field, edit->new_value, "\n")});
		cts_arena_release(&arena);
	}
}

static int on_edits(
	void *context, const struct cts_change *change, const struct cts_record_edits *edits)
{
	struct diff *diff = context;
	struct cts_out *out = &diff->session->out;
	bool is_said = out->format == CTS_OUT_TEXT && (edits->created || edits->deleted);

	(void)change;
	if (is_said) {
		cts_out_puts(out, edits->deleted ? "deleted " : "created ");
		cts_out_styled(out, CTS_STYLE_TITLE, edits->key);
		cts_out_puts(out, "\n");
	}
	for (size_t i = 0; i < edits->edit_count; i++)
		if (!is_said || strcmp(edits->edits[i].field, CTS_DELETED) != 0)
			put_edit(diff, edits->key, &edits->edits[i]);
	diff->count++;
	return 0;
}

/* ---- the two views ----------------------------------------------------------------------------
 */

struct pushed {
	struct cts_txn *txn;
	struct cts_view *view;
	uint32_t own_line;
	struct cts_ref newest; /* of the own line; seq 0: nothing of it was pushed */
};

static int add_line(void *context, const struct cts_line *line)
{
	struct pushed *pushed = context;

	if (line->is_own)
		pushed->own_line = line->line;
	else if (line->head_seq > 0)
		cts_vector_raise(&pushed->view->vector,
			(struct cts_ref){.line = line->line, .seq = line->head_seq});
	return 0;
}

static int find_pushed(void *context, const struct cts_change *change)
{
	struct pushed *pushed = context;
	enum cts_change_state state;
	int rc;

	if (change->ref.line != pushed->own_line)
		return 0;
	rc = cts_change_state(&state, pushed->txn, change);
	if (rc < 0 || state != CTS_CHANGE_PUSHED)
		return rc;
	pushed->newest = change->ref;
	return 1;
}

/* Everything of others, and of our own what some remote is known to have. */
static int view_pushed(struct cts_view *out, struct cts_txn *txn)
{
	struct pushed pushed = {.txn = txn, .view = out};
	int rc = cts_txn_each_line(txn, add_line, &pushed);

	if (rc == 0 && pushed.own_line)
		rc = cts_txn_each_change(txn, find_pushed, &pushed);
	if (rc >= 0 && pushed.newest.seq > 0)
		cts_vector_raise(&out->vector, pushed.newest);
	return rc < 0 ? rc : 0;
}

struct range {
	struct cts_view from, to;
	const struct cts_view *until; /* NULL: now */
};

static int parse_range(
	struct range *range, struct cts_txn *txn, struct cts_arena *arena, const char *text)
{
	const char *dots = text ? strstr(text, "..") : NULL;
	int rc;

	if (!text)
		return view_pushed(&range->from, txn);
	if (dots == text) {
		cts_fail(CTS_EUSAGE, "'%s' has no revision before the dots", text);
		cts_hint("ctsync help diff");
		return CTS_EUSAGE;
	}
	rc = cts_view_parse(&range->from, txn,
		dots ? cts_arena_strndup(arena, text, (size_t)(dots - text)) : text);
	if (rc < 0 || !dots || !dots[2])
		return rc;
	rc = cts_view_parse(&range->to, txn, dots + 2);
	range->until = &range->to;
	return rc;
}

/* A record's address has a slash, a revision never. */
static int sort_arguments(const char **revision, const char **address, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char **place = strchr(argv[i], '/') ? address : revision;

		if (*place) {
			cts_fail(CTS_EUSAGE, "'%s' and '%s' are both %s", *place, argv[i],
				place == address ? "records" : "revisions");
			if (place == address)
				cts_hint("ctsync help diff");
			else
				cts_hint("ctsync diff %s..%s", *place, argv[i]);
			return CTS_EUSAGE;
		}
		*place = argv[i];
	}
	return 0;
}

static int diff_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct diff_options *options = given;
	struct diff diff = {.session = session};
	struct range range = {0};
	const char *revision = NULL, *address = NULL, *key = NULL;
	struct cts_txn *txn = NULL;
	bool has_table = session->out.format != CTS_OUT_TEXT;
	int rc = sort_arguments(&revision, &address, argc, argv);

	if (rc == 0)
		rc = cts_txn_begin(&txn, session->store);
	if (rc == 0)
		rc = parse_range(&range, txn, &session->arena, revision);
	if (rc == 0 && address)
		rc = cts_past_find(txn, &key, &session->arena, address);
	if (rc < 0)
		goto out;
	cts_items_begin(&diff.items, &session->out, diff_columns, has_table ? COLUMN_COUNT : 0);
	rc = cts_view_diff(txn, &range.from, range.until, key, on_edits, &diff);
	if (rc < 0)
		goto out;
	cts_items_end(&diff.items);
	rc = options->exit_code && diff.count > 0;
out:
	cts_view_release(&range.from);
	cts_view_release(&range.to);
	cts_txn_end(txn);
	return rc;
}

const struct cts_cmd cts_cmd_diff = {
	.name = "diff",
	.group = CTS_GROUP_HISTORY,
	.sentence = "show what differs between two revisions, or since one",
	.details =
		"A revision is a commit or change (the programme as its writer saw it), "
		"AGENCY@DATE (as that agency last showed that it saw it), or a date (as this store "
		"held it; the end of that day). REV.. and REV alone end now.\n"
		"\n"
		"Without a revision: what was changed here and no remote is known to have.",
	.examples = "ctsync diff\n"
		    "ctsync diff 2021-06-30..2021-09-30\n"
		    "ctsync diff NZP@2021-06-30 milestone/ctwp2021-4-2\n",
	.options = diff_rows,
	.options_size = sizeof(struct diff_options),
	.arguments = diff_arguments,
	.needs = CTS_NEEDS_STORE | CTS_PAGES,
	.formats = CTS_OUT_LISTS,
	.run = diff_run,
};
