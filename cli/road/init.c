/*
 * The run of init. The store appears whole or not at all; a folder made for it goes again if it
 * does not.
 */
#include <stdlib.h>

#include "cli/diag.h"
#include "cli/folder.h"
#include "cli/items.h"
#include "cli/road/runs.h"
#include "cli/session.h"
#include "cli/slurp.h"
#include "proto/change.h"
#include "proto/error.h"
#include "proto/id.h"
#include "proto/programme.h"
#include "sync/sync.h"

#define SCHEMA_SIZE_MAX (4 * 1024 * 1024)

/* ---- the schema ------------------------------------------------------------------------------ */

static int load_schema(struct cts_schema **out, const char *path)
{
	struct cts_buf data = {0};
	int rc = cts_slurp(&data, path, SCHEMA_SIZE_MAX);

	if (rc == 0) {
		rc = cts_schema_load(out, cts_buf_text(&data), data.size);
		if (rc < 0)
			cts_fail_where("'%s'", path);
		if (rc == CTS_EVALUE && !cts_error_hint())
			cts_hint("protoc --include_imports --include_source_info "
				 "--descriptor_set_out=FILE -I DIR SCHEMA.proto");
	}
	cts_buf_release(&data);
	return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int check_agency(const char **id, struct cts_session *session, const char *code)
{
	if (!code) {
		cts_fail(CTS_EUSAGE, "'--agency' is missing: a store speaks for one agency");
		cts_hint("ctsync init --agency CODE");
		return CTS_EUSAGE;
	}
	return cts_agency_id(id, &session->arena, code);
}

/* What the store says of itself: its path as others see it, and the change it begins with. */
static int print(struct cts_session *session, const char *path, const char *agency)
{
	struct cts_out *out = &session->out;
	const char *key = cts_arena_printf(&session->arena, "%s/%s", CTS_KIND_AGENCY, agency);
	struct cts_identity identity;
	struct cts_jsonw json;
	char change[CTS_CHANGE_TEXT];
	char *whole;
	int rc = cts_store_open(&session->store, path);

	if (rc < 0)
		return rc;
	cts_store_identity(session->store, &identity);
	cts_change_format(change, identity.writer, 1);
	whole = realpath(path, NULL);
	if (cts_out_is_json(out)) {
		cts_answer_begin(&json, out);
		cts_jsonw_string(&json, "store", whole ? whole : path);
		cts_jsonw_string(&json, "agency", agency);
		cts_jsonw_string(&json, "writer", identity.writer);
		cts_jsonw_string(&json, "change", change);
		cts_jsonw_array(&json, "records");
		cts_jsonw_string(&json, NULL, key);
		cts_jsonw_end(&json);
		cts_answer_end(&json, out);
	} else {
		cts_diag_note("a new store in %s", whole ? whole : path);
		cts_out_printf(out, "%s %s\n", change, key);
	}
	free(whole);
	return 0;
}

int cts_run_init(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct cts_init_options *options = given;
	const char *named = session->global.store ? session->global.store : ".";
	const char *folder = argc > 0 ? argv[0] : named;
	const char *author, *agency, *path, *first = NULL;
	struct cts_schema *schema = NULL;
	int rc = check_agency(&agency, session, options->agency);

	if (rc == 0)
		rc = cts_session_author(&author, session, options->author);
	if (rc == CTS_EREFUSED)
		cts_hint("ctsync init --agency %s --author 'Your Name <you@example.org>'",
			options->agency);
	if (rc == 0 && options->schema)
		rc = load_schema(&schema, options->schema);
	if (rc < 0)
		return rc;
	path = cts_arena_printf(&session->arena, "%s/.ctsync", folder);
	rc = cts_folder_make(&session->arena, &first, folder);
	if (rc == 0)
		rc = cts_store_init(path, options->agency, author,
			schema ? schema : cts_schema_builtin());
	if (rc < 0)
		cts_folder_unmake(&session->arena, first, folder);
	else
		rc = print(session, path, agency);
	cts_schema_free(schema);
	return rc;
}
