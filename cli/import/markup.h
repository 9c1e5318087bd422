/*
 * Markup in the cells of a document: what a word processor, a web page or a scanner left around the
 * words. A cell becomes blocks of plain text. Tags of HTML and `**` are taken off, entities
 * decoded, no-break spaces made spaces; runs of spaces stay, because they stand for lost bullets
 * and line breaks; curly quotes, bare ampersands and anything in angle brackets that is no tag stay
 * as they are.
 */
#ifndef CTS_CLI_IMPORT_MARKUP_H
#define CTS_CLI_IMPORT_MARKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/arena.h"

enum cts_block_kind {
	CTS_BLOCK_LOOSE,     /* text outside of any list and paragraph */
	CTS_BLOCK_PARAGRAPH, /* <p> */
	CTS_BLOCK_ITEM,      /* <li> */
	CTS_BLOCK_STRUCK,    /* <del>, <s>, a comment: no longer part of the text */
};

struct cts_block {
	enum cts_block_kind kind;
	const char *text; /* trimmed, never empty, without newlines */
};

/* The blocks of a cell, in order. */
size_t cts_markup_blocks(struct cts_block **out, struct cts_arena *arena, const char *cell);

/* The cell as one text, its blocks joined by two spaces, without what is struck out. */
const char *cts_markup_plain(struct cts_arena *arena, const char *cell);

/* The same with what is struck out: every word of the cell. */
const char *cts_markup_words(struct cts_arena *arena, const char *cell);

/* <b>, <strong> or ** opens the cell. */
bool cts_markup_is_bold(const char *cell);

/* Size in bytes of a bullet at the start of `text`, the spaces behind it included; 0: none. `-`,
 * `*` and dashes count only before a space and a text when `dashes`. */
size_t cts_markup_bullet(const char *text, bool dashes);

/* A copy without spaces at the ends; newlines and tabs become spaces. */
char *cts_markup_trim(struct cts_arena *arena, const char *text, size_t size);

#endif
