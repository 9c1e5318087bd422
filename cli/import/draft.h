/*
 * A draft: what a document was read as, before anything is stored. The readers of cli/import fill
 *one; the import command validates it against the schema in force and writes it. No reader sees a
 *store.
 *
 * Every word of the document stands in a field of a record or in `left_out`; what the document
 *leaves open is a question with the command that answers it. Rows are line numbers of the file,
 *columns are cell numbers, both from 1; each record and each field knows the cell that it came
 *from.
 *
 *	struct cts_draft draft;
 *	cts_draft_init(&draft, "programme.txt");
 *	rc = cts_table_document_read(&draft, text, size);
 *	...
 *	cts_draft_release(&draft);
 *
 * Everything in a draft lives in its arena.
 */
#ifndef CTS_CLI_IMPORT_DRAFT_H
#define CTS_CLI_IMPORT_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/arena.h"

struct cts_cell_place {
	size_t row, column;
};

struct cts_draft_field {
	const char *name;
	struct cts_cell_place place; /* the cell that it was read from */
	const char **items;
	size_t item_count;
};

struct cts_draft_record {
	const char *kind, *id;
	struct cts_cell_place place;
	struct cts_draft_field *fields;
	size_t field_count;
};

struct cts_left_out {
	struct cts_cell_place place;
	const char *text;
	const char *why;
};

struct cts_question {
	const char *record; /* kind/id */
	const char *field;  /* setting it ... */
	const char *also;   /* ... or, if not NULL, this one answers the question */
	const char *ask;
	const char *command;
};

struct cts_draft {
	struct cts_arena arena;
	const char *file;                  /* its name without folders */
	struct cts_draft_record **records; /* in the order of the document */
	size_t record_count;
	struct cts_left_out *left_out;
	size_t left_out_count;
	struct cts_question *questions;
	size_t question_count;
	void *index; /* of the records by key; draft.c */
	size_t index_size;
};

/* `path` may have folders; "-" is called "stdin". */
void cts_draft_init(struct cts_draft *draft, const char *path);
void cts_draft_release(struct cts_draft *draft);

/* A new record whose field `source` says FILE:row:column. The id must not be taken. */
struct cts_draft_record *cts_draft_add(
	struct cts_draft *draft, const char *kind, const char *id, struct cts_cell_place place);

/* The record of that name, or NULL. */
struct cts_draft_record *cts_draft_find(
	const struct cts_draft *draft, const char *kind, const char *id);

/* Appends an item to a field; an empty text is not appended. The text is copied. */
void cts_draft_put(struct cts_draft *draft, struct cts_draft_record *record, const char *field,
	struct cts_cell_place place, const char *text);
void cts_draft_put_number(struct cts_draft *draft, struct cts_draft_record *record,
	const char *field, struct cts_cell_place place, size_t number);

/* The field of that name, or NULL; its first item, or "". */
const struct cts_draft_field *cts_draft_field(
	const struct cts_draft_record *record, const char *name);
const char *cts_draft_text(const struct cts_draft_record *record, const char *name);

/* Words that become no field, and why. A text without letters and digits is left out silently. */
void cts_draft_leave_out(
	struct cts_draft *draft, struct cts_cell_place place, const char *text, const char *why);

/* What is struck out in a cell whose other text was read. */
void cts_draft_leave_struck_out(
	struct cts_draft *draft, struct cts_cell_place place, const char *cell);

/* Asks. `answer` is what stands behind `ctsync set kind/id` in the command. */
void cts_draft_ask(struct cts_draft *draft, const struct cts_draft_record *record,
	const char *field, const char *also, const char *answer, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

/* cts_fail(CTS_EVALUE) with "FILE:row:column: " before the sentence. */
int cts_draft_fail(const struct cts_draft *draft, struct cts_cell_place place, const char *format,
	...) __attribute__((format(printf, 3, 4)));

#endif
