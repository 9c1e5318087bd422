/*
 * Now, children are found by the index of references. The past has no index: all records of the
 * kind are looked at, once for all parents.
 */
#include "cli/report/source.h"

#include <stdlib.h>
#include <string.h>

#include "cli/session.h"
#include "proto/error.h"

int cts_report_open(struct cts_report_source *out, struct cts_session *session)
{
	int rc;

	memset(out, 0, sizeof(*out));
	out->schema = session->schema;
	rc = cts_txn_begin(&out->txn, session->store);
	if (rc < 0 || !session->at)
		return rc;
	rc = cts_view_parse(&out->view, out->txn, session->at);
	if (rc < 0)
		cts_report_close(out);
	else
		out->is_past = true;
	return rc;
}

void cts_report_close(struct cts_report_source *source)
{
	if (source->is_past)
		cts_view_release(&source->view);
	cts_txn_end(source->txn);
	memset(source, 0, sizeof(*source));
}

int cts_report_get(struct cts_report_source *source, struct cts_record *out, const char *key)
{
	if (source->is_past)
		return cts_view_get(source->txn, &source->view, out, key);
	return cts_txn_get(source->txn, out, key);
}

int cts_report_each(
	struct cts_report_source *source, const char *kind, cts_record_fn each, void *context)
{
	if (!cts_schema_kind(source->schema, kind))
		return 0;
	if (source->is_past)
		return cts_view_each(source->txn, &source->view, kind, each, context);
	return cts_txn_each(source->txn, kind, each, context);
}

struct walk {
	struct cts_report_source *source;
	const struct cts_report_children *children;
	const struct cts_field *field;
	cts_record_fn each;
	void *context;
};

static int read_child(void *context, const char *key)
{
	struct walk *walk = context;
	struct cts_record record;
	int rc = cts_txn_get(walk->source->txn, &record, key);

	if (rc < 0)
		return rc;
	rc = walk->each(walk->context, &record);
	cts_record_release(&record);
	return rc;
}

static int compare_key(const void *key, const void *member)
{
	return strcmp(key, *(const char *const *)member);
}

static int pick_child(void *context, const struct cts_record *record)
{
	struct walk *walk = context;
	const struct cts_report_children *children = walk->children;
	struct cts_value value = cts_record_get(record, walk->field);

	for (size_t i = 0; i < value.count; i++)
		if (bsearch(value.items[i], children->parents, children->parent_count,
			    sizeof(*children->parents), compare_key))
			return walk->each(walk->context, record);
	return 0;
}

int cts_report_each_child(struct cts_report_source *source,
	const struct cts_report_children *children, cts_record_fn each, void *context)
{
	const struct cts_kind *kind = cts_schema_kind(source->schema, children->kind);
	struct walk walk = {
		.source = source,
		.children = children,
		.field = kind ? cts_kind_field(kind, children->field) : NULL,
		.each = each,
		.context = context,
	};
	int rc = 0;

	if (!walk.field || !walk.field->is_ref || children->parent_count == 0)
		return 0;
	if (source->is_past)
		return cts_report_each(source, children->kind, pick_child, &walk);
	for (size_t i = 0; i < children->parent_count && rc == 0; i++)
		rc = cts_txn_each_with(
			source->txn, kind, walk.field, children->parents[i], read_child, &walk);
	return rc;
}
