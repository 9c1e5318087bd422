/*
 * show: records whole, now or as they were. All are read before the first is shown, so a mistake
 * in the last address does not follow half an answer.
 */
#include <string.h>

#include "cli/cmd.h"
#include "cli/items.h"
#include "cli/record_out.h"
#include "cli/session.h"
#include "proto/error.h"
#include "proto/id.h"

static const struct cts_argument show_arguments[] = {
	{.name = "REC",
		.many = true,
		.help = "a record, kind/id; a beginning of the id that no other has is enough"},
	{0},
};

struct past_match {
	struct cts_arena *arena;
	const char *prefix;
	const char *key;
	size_t count;
};

static int match_past(void *context, const struct cts_record *record)
{
	struct past_match *match = context;
	const char *key = cts_record_key(match->arena, record);

	if (strncmp(key, match->prefix, strlen(match->prefix)) == 0 && match->count++ == 0)
		match->key = key;
	return match->count > 1;
}

/* An address in the past: exact, else the beginning of an id that lives, else of one that
 * lived. */
static int get_past(struct cts_session *session, struct cts_txn *txn, const struct cts_view *view,
	struct cts_record *out, const char *address)
{
	struct past_match match = {.arena = &session->arena, .prefix = address};
	const struct cts_kind *kind;
	const char *key, *name, *id;
	int rc = cts_key_split(&name, &id, &session->arena, address);

	if (rc == 0)
		rc = cts_schema_find_kind(&kind, session->schema, name);
	if (rc == 0)
		rc = cts_view_get(txn, view, out, address);
	if (rc != CTS_ENOTFOUND || !*id)
		return rc;
	rc = cts_txn_find(txn, &key, &session->arena, address);
	if (rc == 0)
		rc = cts_view_get(txn, view, out, key);
	if (rc != CTS_ENOTFOUND)
		return rc;
	rc = cts_view_each(txn, view, name, match_past, &match);
	if (rc < 0)
		return rc;
	if (match.count == 1)
		return cts_view_get(txn, view, out, match.key);
	if (match.count > 1) {
		cts_fail(CTS_EREFUSED, "'%s' was the beginning of several ids then", address);
		cts_hint("ctsync list %s --at %s", name, session->at);
		return CTS_EREFUSED;
	}
	return cts_view_get(txn, view, out, address);
}

static int get(struct cts_session *session, struct cts_txn *txn, const struct cts_view *view,
	struct cts_record *out, const char *address)
{
	const char *key;
	int rc;

	if (view)
		return get_past(session, txn, view, out, address);
	rc = cts_txn_find(txn, &key, &session->arena, address);
	return rc < 0 ? rc : cts_txn_get(txn, out, key);
}

static void print(struct cts_out *out, const struct cts_record *records, size_t count)
{
	struct cts_items items;
	struct cts_jsonw json;

	if (out->format == CTS_OUT_JSON && count == 1) {
		cts_answer_begin(&json, out);
		cts_record_put_json(&json, &records[0]);
		cts_answer_end(&json, out);
		return;
	}
	if (cts_out_is_json(out)) {
		cts_items_begin(&items, out, NULL, 0);
		for (size_t i = 0; i < count; i++) {
			cts_record_put_json(cts_items_object(&items), &records[i]);
			cts_items_object_end(&items);
		}
		cts_items_end(&items);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			cts_out_puts(out, "\n");
		cts_record_put_text(out, &records[i]);
	}
}

static int show_run(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct cts_record *records =
		cts_arena_alloc(&session->arena, (size_t)argc * sizeof(*records));
	struct cts_view view = {0};
	struct cts_txn *txn = NULL;
	int count = 0;
	int rc;

	(void)options;
	rc = cts_txn_begin(&txn, session->store);
	if (rc == 0 && session->at)
		rc = cts_view_parse(&view, txn, session->at);
	for (; rc == 0 && count < argc; count += rc == 0)
		rc = get(session, txn, session->at ? &view : NULL, &records[count], argv[count]);
	if (rc == 0)
		print(&session->out, records, (size_t)count);
	for (int i = 0; i < count; i++)
		cts_record_release(&records[i]);
	cts_view_release(&view);
	cts_txn_end(txn);
	return rc;
}

const struct cts_cmd cts_cmd_show = {
	.name = "show",
	.group = CTS_GROUP_RECORDS,
	.sentence = "show records, now or as they were",
	.details =
		"Every field that is set, members that the schema does not know, and open "
		"conflicts with all their sides, numbered as `ctsync resolve --take` counts them. "
		"With --at it is the record as it was: as a commit's or change's writer saw it, "
		"as an agency last showed that it saw it (AGENCY@DATE), or as this store held it "
		"at a date or time.\n"
		"\n"
		"As JSON one record stands by itself, several are a list. `hash` is what `ctsync "
		"set --if` compares.",
	.examples = "ctsync show milestone/ctwp2021-4\n"
		    "ctsync show initiative/ctwp2021-1 --at 2021-06-30\n"
		    "ctsync show -o json milestone/ctwp2021-4-2\n",
	.arguments = show_arguments,
	.needs = CTS_NEEDS_STORE | CTS_TAKES_AT | CTS_PAGES,
	.formats = CTS_OUT_READS,
	.run = show_run,
};
