/*
 * schema: what kinds of records there are and what they hold. JSON is the same document as
 * schema.json in the mirror, so a program reads one form in both places.
 */
#include <string.h>

#include "cli/cmd.h"
#include "cli/jsonw.h"
#include "cli/schema_out.h"
#include "cli/session.h"
#include "proto/error.h"

static const struct cts_argument schema_arguments[] = {
	{.name = "KIND", .optional = true, .many = true, .help = "only these kinds"},
	{0},
};

/* One kind as one line: the only element of the document's only array. */
static void put_line(struct cts_out *out, const struct cts_kind *kind)
{
	struct cts_buf document = {0}, element = {0};
	struct cts_jsonw json;
	const char *start, *end;

	cts_schema_json(&document, kind->schema, kind);
	start = strchr(document.data, '[');
	end = strrchr(document.data, ']');
	if (start && end) {
		start += 1 + strspn(start + 1, " \n");
		cts_buf_put(&element, start, (size_t)(end - start));
		while (element.size > 0 && strchr(" \n", element.data[element.size - 1]))
			element.data[--element.size] = 0;
		cts_jsonw_init(&json, &out->buf, true);
		cts_jsonw_raw(&json, NULL, cts_buf_text(&element));
		cts_out_puts(out, "\n");
	}
	cts_buf_release(&document);
	cts_buf_release(&element);
}

static int put_kind(struct cts_session *session, const struct cts_kind *kind, bool first)
{
	struct cts_out *out = &session->out;
	struct cts_buf document = {0};

	if (out->format == CTS_OUT_NDJSON) {
		put_line(out, kind);
	} else if (out->format == CTS_OUT_JSON) {
		cts_schema_json(&document, session->schema, kind);
		cts_out_put(out, document.data, document.size);
		cts_buf_release(&document);
	} else {
		if (!first)
			cts_out_puts(out, "\n");
		cts_schema_put_kind(out, kind);
	}
	return 0;
}

static int schema_run(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct cts_out *out = &session->out;
	size_t count = cts_schema_kind_count(session->schema);
	struct cts_buf document = {0};
	const struct cts_kind *kind;
	int rc;

	(void)options;
	if (out->format == CTS_OUT_JSON && argc > 1) {
		cts_fail(CTS_EUSAGE, "-o json takes one kind, or none for all");
		cts_hint("ctsync schema -o ndjson %s %s", argv[0], argv[1]);
		return CTS_EUSAGE;
	}
	for (int i = 0; i < argc; i++) {
		rc = cts_schema_find_kind(&kind, session->schema, argv[i]);
		if (rc < 0)
			return rc;
	}
	for (int i = 0; i < argc; i++) {
		kind = cts_schema_kind(session->schema, argv[i]);
		put_kind(session, kind, i == 0);
	}
	if (argc > 0)
		return 0;
	if (out->format == CTS_OUT_JSON) {
		cts_schema_json(&document, session->schema, NULL);
		cts_out_put(out, document.data, document.size);
		cts_buf_release(&document);
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		put_kind(session, cts_schema_kind_at(session->schema, i), i == 0);
	if (out->format == CTS_OUT_TEXT) {
		cts_out_puts(out, "\n");
		cts_schema_put_common(out, session->schema);
	}
	return 0;
}

const struct cts_cmd cts_cmd_schema = {
	.name = "schema",
	.group = CTS_GROUP_STORE,
	.sentence = "show kinds and fields, their types, merge classes and allowed values",
	.details =
		"The schema is that of the store found, else the built-in one. Kinds and fields "
		"come from it alone: a field that is added to it needs no new program.\n"
		"\n"
		"The merge class says what becomes of a field that two agencies changed apart:\n"
		"  REGISTER     a conflict, both kept\n"
		"  SET          every member on its own, never a conflict\n"
		"  LIST, TEXT   merged by member, by line and word; else a conflict\n"
		"  STRICTEST    the greatest value\n"
		"  INTERSECT    what both allow\n"
		"  WRITE_ONCE   set once, for baselines; a conflict if two set it apart",
	.examples = "ctsync schema milestone\nctsync schema -o json\n",
	.arguments = schema_arguments,
	.needs = CTS_USES_STORE | CTS_PAGES,
	.formats = CTS_OUT_READS,
	.run = schema_run,
};
