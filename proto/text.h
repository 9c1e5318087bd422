/*
 * Text that people type, import or print: UTF-8 in NFC, without control characters other than newline
 * and tab, without bidirectional overrides. utf8proc does the Unicode work.
 */
#ifndef CTS_PROTO_TEXT_H
#define CTS_PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/arena.h"
#include "proto/buf.h"

/* Normalises to NFC and checks. CRLF and lone CR become LF. `name` says what the text is in errors.
 * @return CTS_EVALUE naming the character and its position (line and column) */
int cts_text_normalise(
	const char **out, struct cts_arena *arena, const char *text, size_t size, const char *name);

/* The same text would come out of cts_text_normalise. Fast for ASCII. */
bool cts_text_is_normal(const char *text, size_t size);

/* Line and column, from 1, of the byte at `offset`; columns count characters, a CRLF is one line end. */
void cts_text_position(size_t *line, size_t *column, const char *text, size_t offset);

/* For a terminal: C0, DEL, C1, zero-width and bidirectional characters and invalid bytes are made
 * visible (\x1b, \u202e); newline and tab too (\n, \t), unless `keep_layout`. */
void cts_text_put_visible(struct cts_buf *out, const char *text, bool keep_layout);

/* Columns that the text takes on a terminal; of its widest line when it has several. */
size_t cts_text_width(const char *text);

/* The longest prefix, in bytes, of at most `columns` columns that ends between characters. */
size_t cts_text_prefix(const char *text, size_t columns);

/* Lower case by Unicode case folding, marks and accents taken off ("Kāpuia" -> "kapuia"). */
char *cts_text_fold(struct cts_arena *arena, const char *text);

#endif
