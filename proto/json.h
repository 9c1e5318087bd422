/*
 * Canonical JSON: the mirror's form of a record. Same record, same bytes, on every machine.
 *
 * Members sorted by name (bytes) everywhere, unset members left out, two-space indent, one array
 * element a line, UTF-8 unescaped except what JSON requires, LF, one newline at the end. Python's
 * json.dumps(x, sort_keys=True, indent=2, ensure_ascii=False) + "\n" gives the same bytes.
 *
 *	{
 *	  "classification": "in_confidence",
 *	  "conflicts": [{"field": "due", "sides": [
 *	     {"agency": "nzp", "author": "A <a@b>", "commit": "<40 hex>", "time": "2021-06-15T09:30:00Z",
 *	      "value": "Q3 2021"}, ...]}],
 *	  "fields": { the proto3 JSON mapping of the kind's message },
 *	  "id": "nzp.first-hui-x7k2q",
 *	  "kind": "milestone"
 *	}
 *
 * "fields" always stands, common fields stand beside it. A side whose value is unset has no "value".
 * A side whose value's canonical JSON is over 4 KiB, or the 17th side and later, is {"commit", "sha256"}
 * only: SHA-256, in hex, of the value's canonical JSON as it would stand alone, `null` when unset. The
 * sides of a conflict on the pseudo-field `deleted` are true and false; a conflict on an
 * unknown member names it without its place where that is clear. Numbers are integers; reals are refused.
 * Limits when parsing: depth 8 (an unknown member's value no deeper as a side of a conflict than where
 * it stands in the record), no duplicate member, valid UTF-8 in NFC without forbidden characters
 * (text.h), 16 MiB.
 */
#ifndef CTS_PROTO_JSON_H
#define CTS_PROTO_JSON_H

#include <stdbool.h>

#include "proto/buf.h"
#include "proto/record.h"

/* Appends the record as canonical JSON, ending in a newline. */
void cts_json_encode(struct cts_buf *out, const struct cts_record *record);

/* The mirror's git blob id of the record: what --if compares. */
struct cts_oid cts_json_hash(const struct cts_record *record);

/* Reads a mirror file strictly: it must be canonical, that is, encoding what was read gives the same
 * bytes; kind and id must be those named. `out` is initialised by the call, only on success. Sides of
 * conflicts that stand by hash only have an unset value.
 * @return CTS_EINTEGRITY, with where and why */
int cts_json_decode(struct cts_record *out, const struct cts_schema *schema, const char *kind,
	const char *id, const void *data, size_t size);

/* ---- JSON for output and input elsewhere (commands, imports) ---------------------------------- */

/* A value as JSON: null, scalar or array by the field's type. `indent` is the column of the line that
 * it stands in; arrays are laid out like canonical JSON, or on one line when `indent` is negative.
 * `field` NULL: a JSON string, or null when unset. */
void cts_json_put_value(
	struct cts_buf *out, const struct cts_field *field, struct cts_value value, int indent);

/* A quoted and escaped JSON string. */
void cts_json_put_string(struct cts_buf *out, const char *text);

/* Reading input of people: record objects as reading commands give them ({kind,id,fields{},...};
 * "hash", "conflicts" and "schema_version" ignored). */
struct cts_json_input;

/* Parses `data` as an array of objects, an object with "items", one object, or (ndjson) one object a
 * line read on demand. @return CTS_EVALUE with line and column */
int cts_json_input_open(struct cts_json_input **out, const char *name, const void *data, size_t size);
int cts_json_input_open_lines(struct cts_json_input **out, const char *name, int fd);
void cts_json_input_free(struct cts_json_input *input);

/* Next object into `out` (kind, id, and the members that were named). `default_kind` NULL: the object
 * must name its kind. `*named` is set to an arena array, by field index, of which fields were named
 * (null or empty: clear). `out` is initialised by the caller and reset by the call; values are not
 * validated beyond their JSON type.
 * @return 1 an object, 0 the end, CTS_EVALUE with name, line and member */
int cts_json_input_next(struct cts_json_input *input, struct cts_record *out, bool **named,
	const struct cts_schema *schema, const char *default_kind);

/* The line on which the object begins that next read last, whether it liked it or not; from 1. */
size_t cts_json_input_line(const struct cts_json_input *input);

#endif
