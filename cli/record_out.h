/*
 * Records, values and conflicts as people and programs see them.
 *
 * JSON: {kind,id,fields{...},common fields...,conflicts[],hash}; unset fields and empty lists are
 * left out, "fields" always stands; `hash` is what --if compares. A conflict is
 * {record,field,shown,sides:[ {value,agency,author,time,commit,owner}]}, sides in the order of
 * commit ids. Enumerators are names.
 *
 * Text: enumerations that are markings (merge class STRICTEST) are shown as on paper,
 * IN-CONFIDENCE; other enumerators by name; lists one member a line; sides are numbered from 1, as
 * --take counts.
 */
#ifndef CTS_CLI_RECORD_OUT_H
#define CTS_CLI_RECORD_OUT_H

#include "cli/jsonw.h"
#include "cli/out.h"
#include "proto/record.h"

/* A value as one text: items shown as above, joined by `separator`; "" when unset. `field` NULL:
 * as is. What it returns is borrowed from the value or made in `arena`. */
const char *cts_value_shown(struct cts_arena *arena, const struct cts_field *field,
	struct cts_value value, const char *separator);

/* One item as shown: IN-CONFIDENCE for in_confidence. */
const char *cts_item_shown(
	struct cts_arena *arena, const struct cts_field *field, const char *item);

/* The members of a record; the object is open and stays so. */
void cts_record_put_json(struct cts_jsonw *json, const struct cts_record *record);

/* key, then `field  value` lines, unknown members, conflicts. */
void cts_record_put_text(struct cts_out *out, const struct cts_record *record);

/* A member of the conflict's record says who owns it: true for sides by an owner. NULL: not told.
 * */
typedef bool cts_is_owner(void *context, const char *agency);

/* The members of a conflict; `record` shows the value. `with_record`: "record" as the first
 * member. */
void cts_conflict_put_json(struct cts_jsonw *json, const struct cts_record *record,
	const struct cts_conflict *conflict, bool with_record, cts_is_owner *is_owner,
	void *context);

/* Numbered sides, the shown one marked. */
void cts_conflict_put_text(struct cts_out *out, const struct cts_record *record,
	const struct cts_conflict *conflict, cts_is_owner *is_owner, void *context);

#endif
