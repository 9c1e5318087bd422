/*
 * Inside proto/ only: what the writer and the reader of canonical JSON share.
 */
#ifndef CTS_PROTO_JSON_INTERNAL_H
#define CTS_PROTO_JSON_INTERNAL_H

#include "proto/json.h"
#include "proto/json_tree.h"

enum {
	CTS_SIDE_MAX = 4096,  /* bytes of a side's canonical JSON that still stand in the file */
	CTS_SIDES_WHOLE = 16, /* sides of a conflict that stand with more than commit and hash */
};

/* How a conflict's field is named in the file: as the member is, without its place, unless that
 * would read as something else. */
const char *cts_json_conflict_name(const struct cts_record *record, const char *key);

/* A side's value, by the type of the field that `key` names; null when unset. */
void cts_json_put_side_value(struct cts_buf *out, const struct cts_kind *kind, const char *key,
	struct cts_value value, int indent);

/* A value as canonical JSON has it: of the field's type, in range, a known enumerator, never the
 * default; a SET's members in order, each once. Items are borrowed from the tree. */
int cts_json_read_value(struct cts_value *out, struct cts_arena *arena,
	const struct cts_json_text *text, const struct cts_json_node *node,
	const struct cts_field *field);

/* A whole number in its one spelling, within the range of a CTS_TYPE_INT32, UINT32, INT64, UINT64.
 */
bool cts_json_is_number(enum cts_type type, const char *text);

#endif
