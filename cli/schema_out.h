/*
 * The schema as people read it: kinds and fields with their types, merge classes, allowed values
 * and the comments of the .proto files.
 */
#ifndef CTS_CLI_SCHEMA_OUT_H
#define CTS_CLI_SCHEMA_OUT_H

#include "cli/out.h"
#include "proto/schema.h"

/* A kind: what it is, its own fields. */
void cts_schema_put_kind(struct cts_out *out, const struct cts_kind *kind);

/* The fields that every kind has. */
void cts_schema_put_common(struct cts_out *out, const struct cts_schema *schema);

/* One field: name, type, merge class, what it must be, comment, allowed values. */
void cts_schema_put_field(struct cts_out *out, const struct cts_field *field, size_t indent);

#endif
