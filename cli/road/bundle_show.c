/*
 * The run of bundle show.
 *
 * JSON: {format,header_checksum:"right"|null,checksum:"right"|"wrong",size,objects,programme:{root,here},
 * builds_on:[{commit,name,here}],branches:[{agency,writer,head,here,commits,new,first,last,authors[]}],
 * main,others[],commits,new,unreadable}; `here` is null where there is no store to compare with.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/diag.h"
#include "cli/items.h"
#include "cli/road/bundle_file.h"
#include "cli/road/runs.h"
#include "cli/session.h"
#include "cli/table.h"
#include "proto/error.h"
#include "proto/time.h"
#include "sync/sync.h"

struct telling {
	struct cts_session *session;
	const struct cts_bundle_show *show;
};

/* ---- JSON ---- */

static void put_here(const struct telling *telling, struct cts_jsonw *json, bool is_here)
{
	if (telling->session->store)
		cts_jsonw_bool(json, "here", is_here);
	else
		cts_jsonw_null(json, "here");
}

static void put_branch(const struct telling *telling, struct cts_jsonw *json,
	const struct cts_bundle_branch *branch)
{
	cts_jsonw_object(json, NULL);
	cts_jsonw_string(json, "agency", branch->agency);
	cts_jsonw_string(json, "writer", branch->writer);
	cts_jsonw_oid(json, "head", &branch->head);
	put_here(telling, json, branch->is_here);
	cts_jsonw_int(json, "commits", (int64_t)branch->commits);
	cts_jsonw_int(json, "new", (int64_t)branch->new_commits);
	cts_jsonw_time(json, "first", branch->first);
	cts_jsonw_time(json, "last", branch->last);
	cts_jsonw_array(json, "authors");
	for (size_t i = 0; i < branch->author_count; i++)
		cts_jsonw_string(json, NULL, branch->authors[i]);
	cts_jsonw_end(json);
	cts_jsonw_end(json);
}

static void put_json(const struct telling *telling)
{
	const struct cts_bundle_show *show = telling->show;
	struct cts_out *out = &telling->session->out;
	struct cts_jsonw writer, *json = &writer;

	cts_answer_begin(json, out);
	cts_jsonw_int(json, "format", show->version);
	cts_jsonw_string(json, "header_checksum", show->is_header_sealed ? "right" : NULL);
	cts_jsonw_string(json, "checksum", show->is_right ? "right" : "wrong");
	cts_jsonw_int(json, "size", (int64_t)show->bytes);
	cts_jsonw_int(json, "objects", (int64_t)show->objects);
	cts_jsonw_object(json, "programme");
	cts_jsonw_oid(json, "root", &show->root);
	if (show->whose == CTS_BUNDLE_UNKNOWN)
		cts_jsonw_null(json, "here");
	else
		cts_jsonw_bool(json, "here", show->whose == CTS_BUNDLE_OURS);
	cts_jsonw_end(json);
	cts_jsonw_array(json, "builds_on");
	for (size_t i = 0; i < show->need_count; i++) {
		cts_jsonw_object(json, NULL);
		cts_jsonw_oid(json, "commit", &show->needs[i].commit);
		cts_jsonw_string(json, "name", show->needs[i].name[0] ? show->needs[i].name : NULL);
		put_here(telling, json, show->needs[i].is_here);
		cts_jsonw_end(json);
	}
	cts_jsonw_end(json);
	cts_jsonw_array(json, "branches");
	for (size_t i = 0; i < show->branch_count; i++)
		put_branch(telling, json, &show->branches[i]);
	cts_jsonw_end(json);
	cts_jsonw_oid(json, "main", &show->main);
	cts_jsonw_array(json, "others");
	for (size_t i = 0; i < show->other_count; i++)
		cts_jsonw_string(json, NULL, show->others[i]);
	cts_jsonw_end(json);
	cts_jsonw_int(json, "commits", (int64_t)show->commits);
	cts_jsonw_int(json, "new", (int64_t)show->new_commits);
	cts_jsonw_int(json, "unreadable", (int64_t)show->unreadable);
	cts_answer_end(json, out);
}

/* ---- text ---- */

static void put_needs(const struct telling *telling)
{
	const struct cts_bundle_show *show = telling->show;
	struct cts_out *out = &telling->session->out;
	size_t missing = 0;

	for (size_t i = 0; i < show->need_count; i++)
		missing += telling->session->store && !show->needs[i].is_here;
	if (!show->need_count) {
		cts_out_puts(out, "builds on  nothing: it is complete by itself\n");
		return;
	}
	cts_out_printf(out, "builds on  %zu commit%s", show->need_count,
		show->need_count == 1 ? "" : "s");
	if (!telling->session->store)
		cts_out_puts(out, "\n");
	else if (show->need_count == 1)
		cts_out_puts(out, missing ? ", which is not here\n" : ", which is here\n");
	else if (!missing)
		cts_out_puts(out, ", all of them here\n");
	else
		cts_out_printf(out, ", %zu of them not here\n", missing);
	for (size_t i = 0; i < show->need_count; i++) {
		char hex[CTS_OID_HEX + 1];

		cts_out_printf(out, "           commit %.10s%s",
			cts_oid_format(hex, &show->needs[i].commit),
			show->needs[i].name[0] ? ", " : "");
		cts_out_text(out, show->needs[i].name);
		cts_out_puts(out, missing && !show->needs[i].is_here ? " (missing)\n" : "\n");
	}
}

static void put_branches(const struct telling *telling)
{
	static const struct cts_column columns[] = {
		{.name = "branch", .fixed = true},
		{.name = "new", .right = true},
		{.name = "from", .fixed = true},
		{.name = "to", .fixed = true},
		{.name = "by"},
	};
	const struct cts_bundle_show *show = telling->show;
	struct cts_arena *arena = &telling->session->arena;
	struct cts_table table;

	cts_table_begin(&table, &telling->session->out, columns,
		sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < show->branch_count; i++) {
		const struct cts_bundle_branch *branch = &show->branches[i];
		char first[CTS_TIME_TEXT] = "", last[CTS_TIME_TEXT] = "";
		struct cts_buf by = {0};

		if (branch->first)
			cts_time_format_local(first, branch->first);
		if (branch->last)
			cts_time_format_local(last, branch->last);
		for (size_t k = 0; k < branch->author_count; k++)
			cts_buf_printf(&by, "%s%s", k ? ", " : "", branch->authors[k]);
		cts_table_row(&table,
			(const char *[]){cts_arena_printf(arena, "%s/%s", branch->agency,
						 branch->writer),
				show->is_right ? cts_arena_printf(arena, "%" PRIu64,
							 branch->new_commits)
					       : "?",
				first, last, cts_buf_text(&by)},
			branch->new_commits ? CTS_STYLE_PLAIN : CTS_STYLE_DIM);
		cts_buf_release(&by);
	}
	cts_table_end(&table);
}

static void put_text(const struct telling *telling)
{
	const struct cts_bundle_show *show = telling->show;
	struct cts_out *out = &telling->session->out;
	char hex[CTS_OID_HEX + 1];

	cts_out_printf(out, "format     git bundle, version %d\n", show->version);
	cts_out_printf(out, "size       %" PRIu64 " bytes", show->bytes);
	if (show->is_right)
		cts_out_printf(out, ", %" PRIu64 " object%s; its checksum is right\n", show->objects,
			show->objects == 1 ? "" : "s");
	else
		cts_out_puts(out, "; its checksum is wrong\n");
	cts_out_printf(out, "programme  %s%s\n",
		cts_oid_is_zero(&show->root) ? "not named" : cts_oid_format(hex, &show->root),
		show->whose == CTS_BUNDLE_OURS		? ", ours"
			: show->whose == CTS_BUNDLE_FOREIGN ? ", not ours"
							    : "");
	put_needs(telling);
	if (show->is_right)
		cts_out_printf(out, "commits    %" PRIu64 ", %" PRIu64 " of them new%s\n",
			show->commits, show->new_commits,
			telling->session->store ? " to this store" : "");
	if (show->unreadable)
		cts_out_printf(out, "           %" PRIu64 " more that cannot be read\n",
			show->unreadable);
	cts_out_puts(out, "\n");
	put_branches(telling);
	cts_out_flush(out);
	for (size_t i = 0; i < show->other_count; i++)
		cts_diag_note("it names '%s', which is no writer's branch and is ignored",
			show->others[i]);
}

int cts_run_bundle_show(struct cts_session *session, const void *options, int argc, char **argv)
{
	const char *name = cts_bundle_name(argv[0]);
	struct cts_bundle_show show = {0};
	const struct telling telling = {.session = session, .show = &show};
	int fd = -1, rc = cts_bundle_open(&fd, session->store_path, argv[0]);

	(void)options;
	(void)argc;
	if (rc == 0)
		rc = cts_bundle_show(&show, session->store, fd, name);
	if (rc == 0 && cts_out_is_json(&session->out))
		put_json(&telling);
	else if (rc == 0)
		put_text(&telling);
	if (rc == 0 && !show.is_right) {
		rc = cts_fail(CTS_EINTEGRITY, "'%s' was cut or altered", name);
		cts_hint("ask for it again: nothing of it will be taken in");
	}
	if (fd >= 0)
		close(fd);
	cts_bundle_show_release(&show);
	return rc;
}
