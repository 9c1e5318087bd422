/*
 * status: who I am, what I have not pushed, whom I met and when, and what waits for a person:
 * conflicts, broken references, what was refused. Its cost does not grow with the store, so
 * references are only looked at in small ones; `check` looks at all.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/diag.h"
#include "cli/items.h"
#include "cli/road_out.h"
#include "cli/session.h"
#include "cli/table.h"
#include "proto/error.h"
#include "proto/time.h"
#include "sync/sync.h"

#define BROKEN_SHOWN 10
#define BROKEN_RECORDS 20000 /* a tenth of a second's work */
#define REFUSED_SHOWN 10

struct agency {
	const char *id;
	int64_t last;
};

struct broken {
	const char *key, *field, *text;
};

struct status {
	struct cts_session *session;
	struct cts_txn *txn;
	struct cts_arena *arena;
	uint64_t pending, sealed;
	struct cts_oid root;
	struct cts_remote *remotes;
	size_t remote_count;
	struct agency *agencies;
	size_t agency_count;
	uint64_t conflicts;
	bool has_broken;
	struct broken *broken; /* one more than are shown, where there are */
	size_t broken_count;
	struct cts_refusal *refused;
	size_t refused_count;
};

/* ---- gathering --------------------------------------------------------------------------------
 */

static void note_agency(struct status *status, const char *id, int64_t time)
{
	struct agency *agency;
	size_t at;

	for (at = 0; at < status->agency_count; at++)
		if (strcmp(status->agencies[at].id, id) >= 0)
			break;
	if (at < status->agency_count && strcmp(status->agencies[at].id, id) == 0) {
		agency = &status->agencies[at];
		agency->last = time > agency->last ? time : agency->last;
		return;
	}
	cts_arena_push(status->arena, &status->agencies, &status->agency_count, sizeof(*agency));
	agency = &status->agencies[at];
	memmove(agency + 1, agency, (status->agency_count - 1 - at) * sizeof(*agency));
	*agency = (struct agency){.id = cts_arena_strdup(status->arena, id), .last = time};
}

static int on_line(void *context, const struct cts_line *line)
{
	struct status *status = context;
	struct cts_arena arena = {0};
	int rc = 0;

	for (uint64_t seq = line->head_seq; rc == 0 && seq > 0; seq--) {
		struct cts_change change;

		cts_arena_clear(&arena);
		rc = cts_txn_change(status->txn, &change, &arena,
			(struct cts_ref){.line = line->line, .seq = seq});
		/* A fork's line begins where it left the other. */
		if (rc == CTS_ENOTFOUND) {
			cts_error_clear();
			rc = 0;
			break;
		}
		if (rc == 0 && !change.is_seen) {
			note_agency(status, line->agency, change.time);
			break;
		}
	}
	cts_arena_release(&arena);
	return rc;
}

static int on_change(void *context, const struct cts_change *change)
{
	struct status *status = context;

	if (strcmp(change->agency, status->session->identity.agency) != 0)
		return 0;
	note_agency(status, change->agency, change->time);
	return 1;
}

/* Heads are commits; of our own agency there may be changes that are none yet. */
static int gather_agencies(struct status *status)
{
	uint64_t journalled;
	int rc = cts_txn_each_line(status->txn, on_line, status);

	if (rc == 0)
		rc = cts_txn_journal_count(status->txn, &journalled);
	if (rc == 0 && journalled > 0)
		rc = cts_txn_each_change(status->txn, on_change, status);
	return rc < 0 ? rc : 0;
}

static int on_conflict(void *context, const char *key)
{
	struct status *status = context;

	(void)key;
	status->conflicts++;
	return 0;
}

static int on_broken(void *context, const char *key, const char *field, const char *text)
{
	struct status *status = context;
	struct broken *broken = cts_arena_push(
		status->arena, &status->broken, &status->broken_count, sizeof(*broken));

	broken->key = cts_arena_strdup(status->arena, key);
	broken->field = cts_arena_strdup(status->arena, field);
	broken->text = cts_arena_strdup(status->arena, text);
	return 0;
}

static int gather(struct status *status)
{
	struct cts_store *store = status->session->store;
	int rc = cts_unpushed(store, NULL, &status->pending, &status->sealed);

	if (rc >= 0)
		rc = cts_remotes(store, &status->remotes, &status->remote_count, status->arena);
	if (rc >= 0)
		rc = cts_txn_begin(&status->txn, store);
	if (rc >= 0)
		rc = cts_txn_root(status->txn, &status->root);
	if (rc >= 0)
		rc = gather_agencies(status);
	if (rc >= 0)
		rc = cts_txn_each_conflict(status->txn, on_conflict, status);
	if (rc >= 0)
		rc = cts_refusals(
			status->txn, &status->refused, &status->refused_count, status->arena);
	if (rc < 0)
		return rc;
	status->has_broken = cts_txn_record_bound(status->txn) <= BROKEN_RECORDS;
	if (status->has_broken)
		rc = cts_txn_each_broken(status->txn, BROKEN_SHOWN + 1, on_broken, status);
	return rc < 0 ? rc : 0;
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static void put_json(const struct status *status)
{
	struct cts_session *session = status->session;
	struct cts_jsonw writer, *json = &writer;

	cts_answer_begin(json, &session->out);
	cts_jsonw_string(json, "store", session->store_path);
	cts_jsonw_string(json, "agency", session->identity.agency);
	cts_jsonw_string(json, "writer", session->identity.writer);
	cts_jsonw_string(json, "author", session->author);
	cts_jsonw_oid(json, "root", &status->root);
	cts_jsonw_int(json, "pending", (int64_t)(status->pending + status->sealed));
	cts_jsonw_array(json, "remotes");
	for (size_t i = 0; i < status->remote_count; i++) {
		cts_jsonw_object(json, NULL);
		cts_jsonw_string(json, "name", status->remotes[i].name);
		cts_jsonw_string(json, "url", status->remotes[i].url);
		cts_jsonw_time(json, "last_pull", status->remotes[i].last_pull);
		cts_jsonw_time(json, "last_push", status->remotes[i].last_push);
		cts_jsonw_end(json);
	}
	cts_jsonw_end(json);
	cts_jsonw_array(json, "agencies");
	for (size_t i = 0; i < status->agency_count; i++) {
		cts_jsonw_object(json, NULL);
		cts_jsonw_string(json, "agency", status->agencies[i].id);
		cts_jsonw_time(json, "last", status->agencies[i].last);
		cts_jsonw_end(json);
	}
	cts_jsonw_end(json);
	cts_jsonw_int(json, "conflicts", (int64_t)status->conflicts);
	cts_refusals_put_json(json, "refused", status->refused, status->refused_count);
	cts_answer_end(json, &session->out);
}

/* ---- text -------------------------------------------------------------------------------------
 */

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void put_pair(struct cts_out *out, const char *name, const char *text)
{
	cts_out_styled(out, CTS_STYLE_NAME, name);
	cts_out_printf(out, "%*s", (int)(8 - strlen(name)), "");
	cts_out_text(out, text);
	cts_out_puts(out, "\n");
}

static void put_identity(struct cts_out *out, const struct status *status)
{
	const struct cts_session *session = status->session;
	char hex[CTS_OID_HEX + 1];

	put_pair(out, "store", session->store_path);
	put_pair(out, "agency", session->identity.agency);
	put_pair(out, "author",
		session->author ? session->author
				: "nobody yet: git config "
				  "user.name and user.email");
	put_pair(out, "writer", session->identity.writer);
	if (!cts_oid_is_zero(&status->root))
		put_pair(out, "root", cts_oid_format(hex, &status->root));
}

static void put_unpushed(struct cts_out *out, const struct status *status)
{
	uint64_t count = status->pending + status->sealed;

	if (count > 0)
		cts_out_printf(out, "\n%" PRIu64 " change%s to push\n", count, plural(count));
	else
		cts_out_puts(out, "\nnothing to push\n");
}

static const char *shown_time(char text[CTS_TIME_TEXT], int64_t time)
{
	return time ? cts_time_format_local(text, time) : "never";
}

static void put_remotes(struct cts_out *out, const struct status *status)
{
	static const struct cts_column columns[] = {
		{.name = "remote", .fixed = true, .style = CTS_STYLE_NAME},
		{.name = "last pull", .fixed = true},
		{.name = "last push", .fixed = true},
		{.name = "url", .wrap = true, .least = 16},
	};
	struct cts_table table;

	cts_out_puts(out, "\n");
	if (status->remote_count == 0) {
		cts_out_puts(out, "no remotes: ctsync remote add origin URL\n");
		return;
	}
	cts_table_begin(&table, out, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < status->remote_count; i++) {
		const struct cts_remote *remote = &status->remotes[i];
		char pulled[CTS_TIME_TEXT], pushed[CTS_TIME_TEXT];
		const char *cells[] = {remote->name, shown_time(pulled, remote->last_pull),
			shown_time(pushed, remote->last_push), remote->url};

		cts_table_row(&table, cells, CTS_STYLE_PLAIN);
	}
	cts_table_end(&table);
}

static void put_agencies(struct cts_out *out, const struct status *status)
{
	static const struct cts_column columns[] = {
		{.name = "agency", .fixed = true, .style = CTS_STYLE_NAME},
		{.name = "last change", .fixed = true},
	};
	struct cts_table table;

	if (status->agency_count == 0)
		return;
	cts_out_puts(out, "\n");
	cts_table_begin(&table, out, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < status->agency_count; i++) {
		char time[CTS_TIME_TEXT];
		const char *cells[] = {status->agencies[i].id,
			cts_time_format_local(time, status->agencies[i].last)};

		cts_table_row(&table, cells, CTS_STYLE_PLAIN);
	}
	cts_table_end(&table);
}

static void put_broken(struct cts_out *out, const struct status *status)
{
	if (!status->has_broken) {
		cts_out_puts(out, "broken references: ctsync check\n");
		return;
	}
	if (status->broken_count > 0)
		cts_out_styled(out, CTS_STYLE_WARN, "broken references\n");
	for (size_t i = 0; i < status->broken_count; i++) {
		const struct broken *broken = &status->broken[i];

		if (i == BROKEN_SHOWN) {
			cts_out_puts(out, "  ... and more: ctsync check\n");
			break;
		}
		cts_out_puts(out, "  ");
		cts_out_text(out, broken->key);
		cts_out_puts(out, " ");
		cts_out_text(out, broken->field);
		cts_out_puts(out, ": ");
		cts_out_text(out, broken->text);
		cts_out_puts(out, "\n");
	}
}

static void put_refused(struct cts_out *out, const struct status *status)
{
	size_t shown =
		status->refused_count < REFUSED_SHOWN ? status->refused_count : REFUSED_SHOWN;
	struct cts_buf line = {0};

	if (status->refused_count > 0)
		cts_out_styled(out, CTS_STYLE_WARN, "refused\n");
	for (size_t i = status->refused_count - shown; i < status->refused_count; i++) {
		cts_buf_clear(&line);
		cts_refusal_put(&line, &status->refused[i]);
		cts_out_puts(out, "  ");
		cts_out_text(out, cts_buf_text(&line));
		cts_out_puts(out, "\n");
	}
	if (shown < status->refused_count)
		cts_out_printf(out, "  ... and %zu before: ctsync status -o json\n",
			status->refused_count - shown);
	cts_buf_release(&line);
}

static void put_text(const struct status *status)
{
	struct cts_out *out = &status->session->out;

	put_identity(out, status);
	put_unpushed(out, status);
	put_remotes(out, status);
	put_agencies(out, status);
	cts_out_puts(out, "\n");
	if (status->conflicts > 0)
		cts_out_printf(out, "%s%" PRIu64 " record%s in conflict%s: ctsync conflicts\n",
			cts_out_style_on(out, CTS_STYLE_WARN), status->conflicts,
			plural(status->conflicts), cts_out_style_off(out, CTS_STYLE_WARN));
	else
		cts_out_puts(out, "no conflicts\n");
	put_broken(out, status);
	put_refused(out, status);
}

static int status_run(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct status status = {.session = session, .arena = &session->arena};
	int rc;

	(void)options;
	(void)argc;
	(void)argv;
	rc = gather(&status);
	if (rc < 0)
		goto out;
	if (cts_out_is_json(&session->out))
		put_json(&status);
	else
		put_text(&status);
out:
	cts_txn_end(status.txn);
	return rc;
}

const struct cts_cmd cts_cmd_status = {
	.name = "status",
	.group = CTS_GROUP_STORE,
	.sentence = "show who you are, what is not pushed, and what waits for you",
	.details = "Each remote and when it was last pulled from and pushed to; each agency's last "
		   "change; conflicts; references whose target is missing (in a store of at most "
		   "20000 records; `check` looks at all); what pulls refused.",
	.examples = "ctsync status\nctsync status -o json\n",
	.needs = CTS_NEEDS_STORE,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
	.run = status_run,
};
