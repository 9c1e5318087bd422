/*
 * Inside the schema reader only: what its files pass to each other.
 *
 *	schema_file.c    bytes -> descriptor set, safely; its normal form; its comments
 *	schema_load.c    descriptor set -> kinds
 *	schema_fields.c  a message -> its fields and their enumerators
 *	schema_rules.c   the annotations of options.proto, and what a field must be
 *	schema_layout.c  fields -> protobuf-c descriptors
 *	schema.c         asking a schema that was read
 *	tools/           a schema that was read, as C: the built-in one
 */
#ifndef CTS_PROTO_SCHEMA_LOAD_H
#define CTS_PROTO_SCHEMA_LOAD_H

#include "google/protobuf/descriptor.pb-c.h"
#include "options.pb-c.h"
#include "proto/schema_internal.h"

typedef Google__Protobuf__FileDescriptorSet schema_set;
typedef Google__Protobuf__FileDescriptorProto schema_file;
typedef Google__Protobuf__DescriptorProto schema_message;
typedef Google__Protobuf__FieldDescriptorProto schema_field;
typedef Google__Protobuf__EnumDescriptorProto schema_enum;
typedef Google__Protobuf__SourceCodeInfo__Location schema_location;

/* Bounds that no honest schema meets; they keep a hostile one cheap. */
enum {
	SCHEMA_SIZE_MAX = 4 * 1024 * 1024,
	SCHEMA_DEPTH_MAX = 8, /* of messages declared inside messages */
	SCHEMA_KINDS_MAX = 256,
	SCHEMA_FIELDS_MAX = 512, /* of a kind */
	SCHEMA_COMMON_MAX = 64,
	SCHEMA_ENUMERATORS_MAX = 1024,
	SCHEMA_PATTERN_MAX = 256,
};

/* A message as protobuf-c needs it. */
struct schema_layout {
	ProtobufCMessageDescriptor descriptor;
	const struct cts_slot *slots; /* in order of declaration */
};

/* What stands behind every struct cts_kind. */
struct schema_kind {
	struct cts_kind kind; /* first: a kind is cast to this */
	const struct cts_field *const *by_name;
	const struct schema_layout *own, *common;
};

struct cts_schema {
	struct cts_arena arena; /* everything below */
	struct cts_slice bytes;
	const struct schema_kind *kinds; /* in order of declaration */
	size_t kind_count;
	const struct schema_kind *const *by_name;
};

/* ---- schema_file.c ---- */

/* Reads a descriptor set of any origin into `arena`. @return CTS_EVALUE */
int cts_schema_file_decode(
	schema_set **out, struct cts_arena *arena, const void *data, size_t size);

/* Takes out descriptor.proto and source spans without comment. */
void cts_schema_file_normalise(schema_set *set);

/* The comments of a file, by path. */
struct schema_comments {
	const schema_location **sorted;
	size_t count;
};
struct schema_comments cts_schema_comments_read(struct cts_arena *arena, const schema_file *file);

/* The comment at a path, as running text: lines joined, paragraphs apart; "" when there is none. */
const char *cts_schema_comment(struct cts_arena *arena, const struct schema_comments *comments,
	const int32_t *path, size_t path_count);

/* ---- schema_rules.c ---- */

/* The annotations of a message or field; NULL in `*out` when it has none. @return CTS_EVALUE */
int cts_schema_kind_rules(
	Ctsync__KindRules **out, struct cts_arena *arena, const schema_message *message);
int cts_schema_field_rules(
	Ctsync__FieldRules **out, struct cts_arena *arena, const schema_field *field);

/* Writes the rules into `field`, whose name, type and number are set. `where` names it in errors.
 * @return CTS_EVALUE, CTS_ENEWER */
int cts_schema_rules_apply(struct cts_field *field, struct cts_arena *arena,
	const Ctsync__FieldRules *rules, const char *where);

/* [a-z][a-z0-9_]* of at most `max` bytes. */
bool cts_schema_name_is_valid(const char *name, size_t max);

/* ---- schema_layout.c ---- */

/* `fields` in order of declaration with `protos` beside them. @return CTS_EVALUE (numbers) */
int cts_schema_layout_make(const struct schema_layout **out, struct cts_arena *arena,
	const char *name, const struct cts_field *fields, const schema_field *const *protos,
	size_t count);

/* ---- schema_fields.c ---- */

/* Two numbers for each message around, and two for a member. */
enum { SCHEMA_PATH_MAX = 2 * (SCHEMA_DEPTH_MAX + 2) };

/* A message or an enumeration, where it is declared. */
struct schema_declared {
	const char *name; /* full, without the leading dot */
	const schema_file *file;
	const struct schema_comments *comments;
	int32_t path[SCHEMA_PATH_MAX];
	size_t path_count;
	const schema_message *message; /* or */
	const schema_enum *enumeration;
	Ctsync__KindRules *rules; /* of a message; NULL: none */
	/* of an enumeration, once a field has used it */
	const struct cts_enumerator *enumerators;
	size_t enumerator_count;
};

struct schema_loader {
	struct cts_arena scratch;
	struct cts_schema *schema;
	struct cts_arena *arena; /* the schema's */
	struct schema_declared *messages, *enums;
	size_t message_count, enum_count;
	struct cts_field *common;
	size_t common_count;
	const struct schema_layout *common_layout;
};

/* The comment of the declaration itself (`number` 0), or of its member `index` of sort `number`. */
const char *cts_schema_declared_comment(
	struct schema_loader *l, const struct schema_declared *d, int32_t number, size_t index);

/* The fields of a message, in order of declaration, into `fields` (room for all), and their layout.
 * `kind` names it in errors. @return CTS_EVALUE, CTS_ENEWER */
int cts_schema_fields_read(struct schema_loader *l, struct cts_field *fields,
	const struct schema_layout **layout, const struct schema_declared *d, const char *kind);

/* The order of `enums` in a loader. */
int cts_schema_declared_compare(const void *a, const void *b);

/* ---- schema_load.c ---- */

/* cts_schema_load() without a look at the built-in schema. */
int cts_schema_build(struct cts_schema **out, const void *data, size_t size);
void cts_schema_discard(struct cts_schema *schema);

#endif
