/*
 * git's config format as bytes: what config_text.c reads and writes for config.c.
 */
#ifndef CTS_STORE_CONFIG_INTERNAL_H
#define CTS_STORE_CONFIG_INTERNAL_H

#include "proto/arena.h"
#include "proto/buf.h"

struct cts_config_entry {
	const char *section; /* "remote" or "remote.origin", the first part in lower case */
	const char *name;    /* lower case; NULL: a header */
	const char *value;
	size_t start, end;   /* of its lines in the text */
};

struct cts_config {
	struct cts_arena arena;
	const char *text;
	size_t size;
	struct cts_config_entry *entries;
	size_t count;
};

/* Finds the entries of `text`. What is no entry is passed over. */
void cts_config_parse(struct cts_config *config);

/* [remote "origin"] and its line end; a line that sets a name. */
void cts_config_put_header(struct cts_buf *out, const char *section);
void cts_config_put_line(struct cts_buf *out, const char *name, const char *value);

#endif
