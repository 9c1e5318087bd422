/*
 * One list, five formats. JSON items are written into the output as they come, so a long list
 * takes no memory; only a table of text waits for its first rows.
 */
#include "cli/items.h"

#include <stdlib.h>
#include <string.h>

#include "cli/dsv.h"

static char separator(const struct cts_out *out)
{
	return out->format == CTS_OUT_CSV ? ',' : out->format == CTS_OUT_TSV ? '\t' : 0;
}

static void put_row(struct cts_items *items, const char *const *cells)
{
	struct cts_out *out = items->out;

	cts_dsv_put_row(&out->buf, separator(out), cells, items->column_count, out->raw);
	cts_out_put(out, "", 0);
}

void cts_items_begin(struct cts_items *items, struct cts_out *out,
	const struct cts_column *columns, size_t column_count)
{
	memset(items, 0, sizeof(*items));
	items->out = out;
	items->columns = columns;
	items->column_count = column_count;
	if (cts_out_is_json(out)) {
		cts_jsonw_init(&items->json, &out->buf, out->format == CTS_OUT_NDJSON);
		if (out->format == CTS_OUT_JSON) {
			cts_jsonw_object(&items->json, NULL);
			cts_jsonw_int(&items->json, "schema_version", CTS_OUTPUT_VERSION);
			cts_jsonw_array(&items->json, "items");
		}
	} else if (separator(out)) {
		const char **names = cts_malloc(column_count * sizeof(*names) + 1);

		for (size_t i = 0; i < column_count; i++)
			names[i] = columns[i].name;
		put_row(items, names);
		free(names);
	} else if (column_count > 0) {
		cts_table_begin(&items->table, out, columns, column_count);
	}
}

void cts_items_row(struct cts_items *items, const char *const *cells)
{
	cts_items_row_styled(items, cells, CTS_STYLE_PLAIN);
}

void cts_items_row_styled(
	struct cts_items *items, const char *const *cells, enum cts_style style)
{
	items->count++;
	if (separator(items->out))
		put_row(items, cells);
	else
		cts_table_row(&items->table, cells, style);
}

struct cts_jsonw *cts_items_object(struct cts_items *items)
{
	items->count++;
	cts_jsonw_object(&items->json, NULL);
	return &items->json;
}

void cts_items_object_end(struct cts_items *items)
{
	cts_jsonw_end(&items->json);
	if (items->out->format == CTS_OUT_NDJSON)
		cts_out_puts(items->out, "\n");
	else
		cts_out_put(items->out, "", 0); /* full pieces leave */
}

void cts_items_end(struct cts_items *items)
{
	if (items->out->format == CTS_OUT_JSON) {
		cts_jsonw_end(&items->json);
		cts_jsonw_end(&items->json);
		cts_out_puts(items->out, "\n");
	} else if (!cts_out_is_json(items->out) && !separator(items->out) &&
		items->column_count > 0) {
		cts_table_end(&items->table);
	}
}

void cts_answer_begin(struct cts_jsonw *json, struct cts_out *out)
{
	cts_jsonw_init(json, &out->buf, out->format == CTS_OUT_NDJSON);
	cts_jsonw_object(json, NULL);
	cts_jsonw_int(json, "schema_version", CTS_OUTPUT_VERSION);
}

void cts_answer_end(struct cts_jsonw *json, struct cts_out *out)
{
	cts_jsonw_end(json);
	cts_out_puts(out, "\n");
}
