/*
 * JSON text as a tree in an arena: what the reader of mirror files and the reader of people's input
 * share. Not a public header; proto/ only.
 *
 * Strings are unescaped, NUL-terminated UTF-8 (a JSON string with a NUL in it is refused), numbers
 * stay as written. Every node knows where it began, so that an error can name line and column.
 */
#ifndef CTS_PROTO_JSON_TREE_H
#define CTS_PROTO_JSON_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/arena.h"
#include "proto/buf.h"

enum cts_json_type {
	CTS_JSON_NULL,
	CTS_JSON_FALSE,
	CTS_JSON_TRUE,
	CTS_JSON_INTEGER,
	CTS_JSON_REAL,
	CTS_JSON_STRING,
	CTS_JSON_ARRAY,
	CTS_JSON_OBJECT,
};

struct cts_json_node {
	enum cts_json_type type;
	bool is_sorted;                     /* an object whose members come in ascending order */
	size_t at;                          /* offset of its first byte */
	const char *name;                   /* of a member; NULL elsewhere */
	const char *text;                   /* of strings and numbers */
	struct cts_json_node *first, *next; /* children; brothers */
};

struct cts_json_text {
	const char *data;
	size_t size;
	size_t line; /* number of its first line, from 1 */
	int error;   /* what a failure returns: CTS_EINTEGRITY or CTS_EVALUE */
	bool strict; /* strings must be normal text (text.h), reals are refused */
};

/* Parses all of the text, at most `depth` arrays and objects deep, without duplicate members.
 * @return text->error with line and column */
int cts_json_parse(struct cts_json_node **out, struct cts_arena *arena,
	const struct cts_json_text *text, unsigned depth);

/* Fails with text->error at the node's line and column. */
int cts_json_fail(const struct cts_json_text *text, const struct cts_json_node *node,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The line that a node begins in. */
size_t cts_json_line(const struct cts_json_text *text, const struct cts_json_node *node);

/* Greatest number of arrays and objects inside each other, itself included; 0 for a scalar. */
unsigned cts_json_depth(const struct cts_json_node *node);

/* Writes a tree whose objects are sorted as canonical JSON, as if it stood alone. */
void cts_json_put_node(struct cts_buf *out, const struct cts_json_node *node, int indent);

/* Writes canonical JSON that stands alone to where lines begin with `indent` columns. */
void cts_json_put_indented(struct cts_buf *out, const char *json, int indent);

/* A line break and `indent` spaces. */
void cts_json_put_break(struct cts_buf *out, int indent);

#endif
