/* Inside the schema reader only: the tables that embed_schema generates. */
#ifndef CTS_PROTO_SCHEMA_EMBEDDED_H
#define CTS_PROTO_SCHEMA_EMBEDDED_H

#include "proto/schema_load.h"

extern const struct cts_schema cts_schema_tables;

#endif
