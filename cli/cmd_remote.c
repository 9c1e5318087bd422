/*
 * remote: the git repositories through which this store meets others. They stand in the store's
 * config.
 */
#include "cli/diag.h"
#include "cli/items.h"
#include "cli/road/runs.h"
#include "cli/session.h"
#include "proto/error.h"
#include "proto/time.h"
#include "sync/sync.h"

#define URL_HELP "a path, or an https, ssh or file URL"

static const struct cts_argument name_arguments[] = {
	{.name = "NAME", .help = "the remote"},
	{0},
};

/* ---- add --------------------------------------------------------------------------------------
 */

static const struct cts_opt add_rows[] = {
	{.name = "create",
		.kind = CTS_OPT_FLAG,
		.offset = offsetof(struct cts_remote_add_options, create),
		.help = "make a bare repository at that path, unless there is one"},
	{0},
};

static const struct cts_argument add_arguments[] = {
	{.name = "NAME", .help = "what to call it; origin is the one meant when none is named"},
	{.name = "URL", .help = URL_HELP},
	{0},
};

const struct cts_cmd cts_cmd_remote_add = {
	.name = "remote add",
	.group = CTS_GROUP_STORE,
	.sentence = "name a repository to push to and pull from",
	.examples = "ctsync remote add origin /srv/programme.git --create\n"
		    "ctsync remote add origin ssh://git.example.org/programme.git\n",
	.options = add_rows,
	.options_size = sizeof(struct cts_remote_add_options),
	.arguments = add_arguments,
	.needs = CTS_NEEDS_STORE,
};

/* ---- list -------------------------------------------------------------------------------------
 */

static const struct cts_column list_columns[] = {
	{.name = "name", .fixed = true, .style = CTS_STYLE_NAME},
	{.name = "url", .wrap = true, .least = 16},
	{.name = "last_pull", .fixed = true},
	{.name = "last_push", .fixed = true},
};
#define COLUMN_COUNT (sizeof(list_columns) / sizeof(list_columns[0]))

static const char *shown_time(const struct cts_out *out, char text[CTS_TIME_TEXT], int64_t time)
{
	bool is_text = out->format == CTS_OUT_TEXT;

	if (time == 0)
		return is_text ? "never" : "";
	return is_text ? cts_time_format_local(text, time) : cts_time_format_utc(text, time);
}

static int list_run(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct cts_out *out = &session->out;
	struct cts_remote *remotes;
	struct cts_items items;
	size_t count;
	int rc;

	(void)options;
	(void)argc;
	(void)argv;
	rc = cts_remotes(session->store, &remotes, &count, &session->arena);
	if (rc < 0)
		return rc;
	cts_items_begin(&items, out, list_columns, COLUMN_COUNT);
	for (size_t i = 0; i < count; i++) {
		const struct cts_remote *remote = &remotes[i];
		char pulled[CTS_TIME_TEXT], pushed[CTS_TIME_TEXT];

		if (cts_out_is_json(out)) {
			struct cts_jsonw *json = cts_items_object(&items);

			cts_jsonw_string(json, "name", remote->name);
			cts_jsonw_string(json, "url", remote->url);
			cts_jsonw_time(json, "last_pull", remote->last_pull);
			cts_jsonw_time(json, "last_push", remote->last_push);
			cts_items_object_end(&items);
			continue;
		}
		cts_items_row(&items, (const char *[COLUMN_COUNT]){remote->name, remote->url,
					      shown_time(out, pulled, remote->last_pull),
					      shown_time(out, pushed, remote->last_push)});
	}
	cts_items_end(&items);
	if (count == 0 && out->format == CTS_OUT_TEXT) {
		cts_diag_note("no remotes");
		cts_diag_hint("ctsync remote add origin URL");
	}
	return 0;
}

const struct cts_cmd cts_cmd_remote_list = {
	.name = "remote list",
	.group = CTS_GROUP_STORE,
	.sentence = "list the remotes",
	.examples = "ctsync remote list\n",
	.needs = CTS_NEEDS_STORE,
	.formats = CTS_OUT_LISTS,
	.run = list_run,
};

/* ---- remove and set-url -----------------------------------------------------------------------
 */

static int remove_run(struct cts_session *session, const void *options, int argc, char **argv)
{
	(void)options;
	(void)argc;
	return cts_remote_remove(session->store, argv[0]);
}

const struct cts_cmd cts_cmd_remote_remove = {
	.name = "remote remove",
	.group = CTS_GROUP_STORE,
	.sentence = "forget a remote; what came from it stays",
	.examples = "ctsync remote remove old\n",
	.arguments = name_arguments,
	.needs = CTS_NEEDS_STORE,
	.run = remove_run,
};

static const struct cts_argument set_url_arguments[] = {
	{.name = "NAME", .help = "the remote"},
	{.name = "URL", .help = URL_HELP},
	{0},
};

static int set_url_run(struct cts_session *session, const void *options, int argc, char **argv)
{
	(void)options;
	(void)argc;
	return cts_remote_set_url(session->store, argv[0], argv[1]);
}

const struct cts_cmd cts_cmd_remote_set_url = {
	.name = "remote set-url",
	.group = CTS_GROUP_STORE,
	.sentence = "change where a remote is",
	.examples = "ctsync remote set-url origin https://git.example.org/programme.git\n",
	.arguments = set_url_arguments,
	.needs = CTS_NEEDS_STORE,
	.run = set_url_run,
};
