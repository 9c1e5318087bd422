/* Inside the schema reader only: the array that embed_schema generates. */
#ifndef CTS_PROTO_SCHEMA_EMBEDDED_H
#define CTS_PROTO_SCHEMA_EMBEDDED_H

#include <stddef.h>

extern const unsigned char cts_schema_embedded[];
extern const size_t cts_schema_embedded_size;

#endif
