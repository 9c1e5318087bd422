/*
 * A record: one kind, one id, a value for each field of the kind, what the schema does not know, and
 * its open conflicts. Records are plain data without a disk: store/ keeps them, json.h writes them to
 * the mirror, diff.h compares them.
 *
 *	struct cts_record record;
 *	cts_record_init(&record, kind, "ctwp2021-4");
 *	cts_record_set(&record, cts_kind_field(kind, "title"), cts_value_of(&record.arena, "Grow"));
 *	...
 *	cts_record_release(&record);
 *
 * Everything in a record lives in its arena.
 */
#ifndef CTS_PROTO_RECORD_H
#define CTS_PROTO_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/arena.h"
#include "proto/buf.h"
#include "proto/hash.h"
#include "proto/schema.h"
#include "proto/value.h"

#define CTS_DELETED "deleted" /* the pseudo-field that holds a record's life; its values: true, false */

/* A member of a mirror file that the schema in force does not know. */
struct cts_unknown {
	bool in_fields;   /* inside "fields", else beside it */
	const char *name; /* as in the file */
	const char *json; /* canonical, as if it stood alone; see json.h */
};

/* One side of a conflict: what one edit put there. */
struct cts_side {
	struct cts_value value; /* unset: the edit cleared the field */
	const char *agency;
	const char *author; /* "Name <mail>" */
	int64_t time;       /* when the edit was made */
	struct cts_oid commit;
	const char *sha256; /* NULL, or the side as a mirror file names it by hash only: the SHA-256, in
	                       hex, of the value's canonical JSON; value, agency, author and time unset */
};

struct cts_conflict {
	const char *field; /* a field's name, CTS_DELETED, or a key of cts_unknown_key() */
	struct cts_side *sides; /* in order of commit id */
	size_t side_count;
};

struct cts_record {
	struct cts_arena arena;
	const struct cts_kind *kind;
	const char *id;
	struct cts_value *values; /* by field index; kind->field_count of them */
	struct cts_unknown *unknown; /* by (in_fields, name); grown by cts_arena_push only */
	size_t unknown_count;
	struct cts_conflict *conflicts; /* by field name (bytes) */
	size_t conflict_count;
};

/* `id` is copied; it is not checked (see id.h). */
void cts_record_init(struct cts_record *record, const struct cts_kind *kind, const char *id);
void cts_record_release(struct cts_record *record);

/* Empties the record for another id or kind, keeping the memory. */
void cts_record_reset(struct cts_record *record, const struct cts_kind *kind, const char *id);

/* A deep copy; `out` is initialised by the call. */
void cts_record_copy(struct cts_record *out, const struct cts_record *record);

/* The value by field; unset when unset. */
struct cts_value cts_record_get(const struct cts_record *record, const struct cts_field *field);

/* The first item by field name: "" when unset or no such field. For the few who may name fields. */
const char *cts_record_text(const struct cts_record *record, const char *field_name);

/* Deep-copies `value` into the record. A SET is stored sorted, each member once. */
void cts_record_set(
	struct cts_record *record, const struct cts_field *field, struct cts_value value);

/* The open conflict of a field, or NULL. */
const struct cts_conflict *cts_record_conflict(const struct cts_record *record, const char *field_name);

/* Drops the conflict of a field, if there is one. */
void cts_record_settle(struct cts_record *record, const char *field_name);

/* The same values, unknown members and conflicts. */
bool cts_record_equal(const struct cts_record *a, const struct cts_record *b);

/* "kind/id" in `arena`. */
const char *cts_record_key(struct cts_arena *arena, const struct cts_record *record);

/* The name under which diff, merge and history know an unknown member: "fields/NAME" or "/NAME". It
 * cannot be a field's name. */
const char *cts_unknown_key(struct cts_arena *arena, const struct cts_unknown *unknown);

/* Sets or (json NULL) removes an unknown member by its key. */
void cts_record_set_unknown(struct cts_record *record, const char *key, const char *json);

/* protobuf bytes (message ctsync.Record of record.proto) and back. Decoding borrows nothing from
 * `data`. Packing the decoded record again must give the same bytes.
 * `out` of decode is initialised by the call, and only on success.
 * @return CTS_EDAMAGED from decode for anything that encode does not write */
void cts_record_encode(struct cts_buf *out, const struct cts_record *record);
int cts_record_decode(
	struct cts_record *out, const struct cts_schema *schema, const void *data, size_t size);

/* The two dynamic parts alone: the kind's own message and Common, appended to `out`. */
void cts_record_pack_fields(struct cts_buf *out, const struct cts_record *record, bool common);
int cts_record_unpack_fields(
	struct cts_record *record, bool common, const void *data, size_t size);

#endif
