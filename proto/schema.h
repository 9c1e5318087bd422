/*
 * The schema: kinds, their fields, and the rules of each, read from a compiled descriptor set.
 *
 * The .proto files are the one source of truth; this module turns a FileDescriptorSet (protoc's
 * output, with source info, so that comments are help text) into the tables that everything else
 * walks. No other code knows a kind or a field by name. protobuf-c's message descriptors are built
 * here at run time, so a schema that the program was not compiled with works like the built-in one.
 *
 * A kind's fields are those of its own message, in order of declaration, then the common fields
 * (message ctsync.Common), which every kind has. A schema is immutable and may be shared by threads.
 *
 * Refused when loaded (CTS_EVALUE): message-typed, map, oneof, float, double and bytes fields; a
 * common field's name used by a kind; two kinds of one name; unknown reference targets; names longer
 * than 32 (kind) or 48 (field) bytes. An unknown merge class or form: CTS_ENEWER.
 */
#ifndef CTS_PROTO_SCHEMA_H
#define CTS_PROTO_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"

#define CTS_FORMAT 1 /* of the mirror, the commits and the merge rules; frozen by this number */

enum cts_type {
	CTS_TYPE_STRING,
	CTS_TYPE_BOOL,
	CTS_TYPE_INT32,  /* int32, sint32, sfixed32: JSON numbers */
	CTS_TYPE_UINT32, /* uint32, fixed32: JSON numbers */
	CTS_TYPE_INT64,  /* int64, sint64, sfixed64: JSON strings */
	CTS_TYPE_UINT64, /* uint64, fixed64: JSON strings */
	CTS_TYPE_ENUM,
};

/* How several newest edits of a field become one value; see merge.h. */
enum cts_merge_class {
	CTS_MERGE_REGISTER,
	CTS_MERGE_SET,
	CTS_MERGE_LIST,
	CTS_MERGE_TEXT,
	CTS_MERGE_STRICTEST,
	CTS_MERGE_INTERSECT,
	CTS_MERGE_WRITE_ONCE,
};

/* What a text must look like. */
enum cts_form {
	CTS_FORM_ANY,
	CTS_FORM_DATE,       /* 2021-06-15 */
	CTS_FORM_FUZZY_DATE, /* see fuzzydate.h */
	CTS_FORM_PERIOD,     /* a fuzzy date with a window */
	CTS_FORM_URL,
	CTS_FORM_GROUND, /* of the Official Information Act, see withhold.h */
	CTS_FORM_COMMIT, /* 40 hex digits */
	CTS_FORM_SHA256, /* 64 hex digits */
};

struct cts_enumerator {
	const char *name; /* "" stands for the default, number 0, which is "not set" */
	int32_t number;
	const char *doc; /* "" when there is no comment */
};

struct cts_field {
	const char *name;
	const char *doc;
	uint32_t number;
	size_t index; /* in the kind's fields */
	enum cts_type type;
	enum cts_merge_class merge;
	enum cts_form form;
	bool repeated;
	bool required;
	bool indexed; /* has a secondary index; references always have */
	bool unique;  /* no two live records of the kind may share a value */
	bool common;  /* one of the common fields */
	bool is_ref;
	const char *const *ref_kinds; /* kinds that a reference may name; none: any */
	size_t ref_count;
	const struct cts_enumerator *enumerators; /* without the default one */
	size_t enumerator_count;
	bool has_min, has_max; /* of numbers */
	int64_t min, max;
	const char *pattern; /* POSIX extended, the whole text; NULL: none */
};

struct cts_kind {
	const char *name;    /* "work_item" */
	const char *message; /* "ctsync.WorkItem" */
	const char *doc;
	const struct cts_field *fields;
	size_t field_count;
	size_t own_count; /* the first own_count fields are the kind's, the rest common */
	const struct cts_field *title; /* from which an id is made; NULL: none */
	const struct cts_field *owner; /* names the responsible agencies; NULL: see trust rules */
	const struct cts_schema *schema;
};

struct cts_schema;

/* Reads a compiled descriptor set. Comments of source info are kept, spans without comment and
 * descriptor.proto are left out, so cts_schema_bytes() of equal schemas are equal.
 * @return CTS_EVALUE (not a descriptor set, or one that breaks a rule above), CTS_ENEWER */
int cts_schema_load(struct cts_schema **out, const void *data, size_t size);

/* The schema that this program was built with (proto/programme.proto). Never fails; not to be freed. */
const struct cts_schema *cts_schema_builtin(void);

void cts_schema_free(struct cts_schema *schema);

/* The normalised descriptor set: the bytes of schema.binpb. */
struct cts_slice cts_schema_bytes(const struct cts_schema *schema);

/* What `ctsync schema -o json` prints and schema.json holds: canonical JSON, ending in a newline.
 * With `kind`, only that kind. */
void cts_schema_json(struct cts_buf *out, const struct cts_schema *schema, const struct cts_kind *kind);

/* Kinds in order of declaration. */
size_t cts_schema_kind_count(const struct cts_schema *schema);
const struct cts_kind *cts_schema_kind_at(const struct cts_schema *schema, size_t index);

/* NULL when there is none; sets no error. */
const struct cts_kind *cts_schema_kind(const struct cts_schema *schema, const char *name);

/* The same with an error that names the nearest kind. @return CTS_EVALUE */
int cts_schema_find_kind(
	const struct cts_kind **out, const struct cts_schema *schema, const char *name);

/* NULL when there is none; sets no error. */
const struct cts_field *cts_kind_field(const struct cts_kind *kind, const char *name);

/* The same with an error that names the nearest field. @return CTS_EVALUE */
int cts_kind_find_field(const struct cts_field **out, const struct cts_kind *kind, const char *name);

/* By name, in any case; NULL when there is none. "unspecified" gives NULL too. */
const struct cts_enumerator *cts_field_enumerator(const struct cts_field *field, const char *name);

/* Rank of a value of an enumeration, by number; 0 when unset or unknown. */
int32_t cts_field_rank(const struct cts_field *field, const char *name);

/* The words of the manual: "string", "int32", "REGISTER", "fuzzy_date" ("" for CTS_FORM_ANY). */
const char *cts_type_name(enum cts_type type);
const char *cts_merge_name(enum cts_merge_class merge);
const char *cts_form_name(enum cts_form form);

/* The candidate nearest to a misspelt word (Damerau-Levenshtein, at most a third of its length and
 * at most 3 edits, or a candidate that begins with it); NULL: none is near. */
const char *cts_nearest(const char *word, const char *const *candidates, size_t count);

#endif
