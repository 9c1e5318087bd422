/*
 * Changes and edits as people and programs see them.
 *
 * JSON of a change:
 * {change,commit,state,time,received,agency,author,message,edits:[{record,field,old, new}]};
 * `commit` is null while pending, an unset old or new is null, lists are whole arrays, "edits"
 * always stands. Text: as `git log` reads, one line an edit where it fits, else old and new lines.
 */
#ifndef CTS_CLI_CHANGE_OUT_H
#define CTS_CLI_CHANGE_OUT_H

#include "cli/jsonw.h"
#include "cli/out.h"
#include "proto/change.h"
#include "sync/sync.h"

/* "pending", "committed", "pushed" */
const char *cts_change_state_name(enum cts_change_state state);

/* The members of a change; the object is open and stays so. The schema gives fields their types. */
void cts_change_put_json(struct cts_jsonw *json, const struct cts_schema *schema,
	const struct cts_change *change, enum cts_change_state state,
	const struct cts_record_edits *records, size_t count);

/* A head line, who and when, the message indented, the edits. */
void cts_change_put_text(struct cts_out *out, const struct cts_schema *schema,
	const struct cts_change *change, enum cts_change_state state,
	const struct cts_record_edits *records, size_t count);

/* The same in parts, for changes that are too large to hold (an import of a million records). JSON:
 * begin leaves the array "edits" open, which the caller ends. */
void cts_change_begin_json(
	struct cts_jsonw *json, const struct cts_change *change, enum cts_change_state state);
void cts_change_edits_json(struct cts_jsonw *json, const struct cts_schema *schema,
	const struct cts_record_edits *edits);
void cts_change_begin_text(
	struct cts_out *out, const struct cts_change *change, enum cts_change_state state);
void cts_change_edits_text(
	struct cts_out *out, const struct cts_schema *schema, const struct cts_record_edits *edits);

/* The members {record,field,old,new}. */
void cts_edit_put_json(struct cts_jsonw *json, const struct cts_schema *schema, const char *key,
	const struct cts_edit *edit);

/* `milestone/x due: Q3 2021 -> Q4 2021`, or, where that is long, the lines taken out and put in. */
void cts_edit_put_text(struct cts_out *out, const struct cts_schema *schema, const char *key,
	const struct cts_edit *edit, size_t indent);

#endif
