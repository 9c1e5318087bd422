/*
 * A list as the answer, in whatever format was asked for: a table of text, csv, tsv; or items of
 * JSON, {"schema_version":1,"items":[...]}, or one a line.
 *
 *	cts_items_begin(&items, out, columns, 3);
 *	for (...) {
 *		if (cts_out_is_json(out)) {
 *			struct cts_jsonw *json = cts_items_object(&items);
 *			cts_jsonw_string(json, "field", ...);
 *			cts_items_object_end(&items);
 *		} else {
 *			cts_items_row(&items, (const char *[]){field, value, agency});
 *		}
 *	}
 *	cts_items_end(&items);
 *
 * Cells are the texts themselves: they are made visible for a terminal, quoted for csv, laid out
 * for a table here. What was given is copied, so a cell may die with its record.
 */
#ifndef CTS_CLI_ITEMS_H
#define CTS_CLI_ITEMS_H

#include "cli/jsonw.h"
#include "cli/out.h"
#include "cli/table.h"

struct cts_items {
	struct cts_out *out;
	const struct cts_column *columns;
	size_t column_count;
	size_t count; /* items so far */
	struct cts_table table;
	struct cts_jsonw json;
};

/* `columns` are borrowed until the end. A format of text with no columns (0): the command writes
 * its own text between begin and end. */
void cts_items_begin(struct cts_items *items, struct cts_out *out,
	const struct cts_column *columns, size_t column_count);

/* Text, csv, tsv: one cell a column; a NULL cell is empty. */
void cts_items_row(struct cts_items *items, const char *const *cells);
/* The same with the style of the whole row, for text. */
void cts_items_row_styled(
	struct cts_items *items, const char *const *cells, enum cts_style style);

/* JSON: opens the next item, whose members the caller writes; object_end closes it. */
struct cts_jsonw *cts_items_object(struct cts_items *items);
void cts_items_object_end(struct cts_items *items);

void cts_items_end(struct cts_items *items);

/* An answer that is one object: {"schema_version":1, ...members}. Same calls between. */
void cts_answer_begin(struct cts_jsonw *json, struct cts_out *out);
void cts_answer_end(struct cts_jsonw *json, struct cts_out *out);

#endif
