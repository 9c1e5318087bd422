/*
 * A schema that was read, written as C: the same tables, initialised by the compiler.
 */
#ifndef CTS_PROTO_TOOLS_EMBED_TABLES_H
#define CTS_PROTO_TOOLS_EMBED_TABLES_H

#include "proto/schema_load.h"

/* Appends the definition of `cts_schema_tables` (schema_embedded.h), whose bytes are the array
 * `cts_schema_embedded` above it. */
void embed_tables(struct cts_buf *out, const struct cts_schema *schema);

#endif
