/*
 * Writing JSON answers: an object or array at a time, laid out with two spaces, or on one line
 * (ndjson). `key` is NULL inside arrays and at the top.
 *
 *	cts_jsonw_object(json, NULL);
 *	cts_jsonw_string(json, "record", key);
 *	cts_jsonw_array(json, "sides");
 *	...
 *	cts_jsonw_end(json);
 *	cts_jsonw_end(json);
 *
 * Members stand in the order written; readers go by name. The writer ends nothing by itself.
 */
#ifndef CTS_CLI_JSONW_H
#define CTS_CLI_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/hash.h"
#include "proto/schema.h"
#include "proto/value.h"

#define CTS_JSONW_DEPTH 16

struct cts_jsonw {
	struct cts_buf *out;
	bool one_line;
	size_t base; /* columns that every line is indented by, besides */
	size_t depth;
	char ends[CTS_JSONW_DEPTH];  /* '}' or ']' */
	bool empty[CTS_JSONW_DEPTH]; /* nothing was put into it yet */
};

void cts_jsonw_init(struct cts_jsonw *json, struct cts_buf *out, bool one_line);

void cts_jsonw_object(struct cts_jsonw *json, const char *key);
void cts_jsonw_array(struct cts_jsonw *json, const char *key);
void cts_jsonw_end(struct cts_jsonw *json); /* of the innermost object or array */

void cts_jsonw_string(struct cts_jsonw *json, const char *key, const char *text); /* NULL: null */
void cts_jsonw_int(struct cts_jsonw *json, const char *key, int64_t number);
void cts_jsonw_bool(struct cts_jsonw *json, const char *key, bool value);
void cts_jsonw_null(struct cts_jsonw *json, const char *key);
void cts_jsonw_time(struct cts_jsonw *json, const char *key, int64_t time); /* 0: null */
/* zero: null */
void cts_jsonw_oid(struct cts_jsonw *json, const char *key, const struct cts_oid *oid);

/* A field's value by its type; null when unset. `field` NULL: strings. */
void cts_jsonw_value(struct cts_jsonw *json, const char *key, const struct cts_field *field,
	struct cts_value value);

/* JSON made elsewhere. On one line its line breaks and their indents are taken out. */
void cts_jsonw_raw(struct cts_jsonw *json, const char *key, const char *text);

#endif
