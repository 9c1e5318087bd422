/*
 * Where a report reads: the store as it is now, or as it was (--at). Both answer the same three
 * questions, so a report is written once and can be printed as it stood on any date.
 *
 *	rc = cts_report_open(&source, session);
 *	rc = cts_report_get(&source, &record, "agency/dpmc");
 *	rc = cts_report_each_child(&source, &children, each, context);
 *	cts_report_close(&source);
 */
#ifndef CTS_CLI_REPORT_SOURCE_H
#define CTS_CLI_REPORT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/record.h"
#include "store/store.h"

struct cts_session;

struct cts_report_source {
	struct cts_txn *txn;
	const struct cts_schema *schema;
	struct cts_view view;
	bool is_past; /* `view` counts */
};

/* @return what cts_view_parse returns for an --at that names nothing */
int cts_report_open(struct cts_report_source *out, struct cts_session *session);
void cts_report_close(struct cts_report_source *source);

/* @return CTS_ENOTFOUND; CTS_EVALUE for a key without a known kind */
int cts_report_get(struct cts_report_source *source, struct cts_record *out, const char *key);

/* All records of a kind, by key; none when the schema has no such kind. */
int cts_report_each(
	struct cts_report_source *source, const char *kind, cts_record_fn each, void *context);

/* Records that refer to one of several others. */
struct cts_report_children {
	const char *kind, *field;   /* the reference; missing in the schema: no children */
	const char *const *parents; /* keys, sorted by bytes */
	size_t parent_count;
};

/* Every child of every parent, each once; in no order that means anything. Cost: the children now,
 * all records of the kind in the past. */
int cts_report_each_child(struct cts_report_source *source,
	const struct cts_report_children *children, cts_record_fn each, void *context);

#endif
