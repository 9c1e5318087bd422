/*
 * How canonical JSON is laid out: two columns an indent, one element a line. Texts of members that
 * the schema does not know are kept as they would stand alone and moved to their place line by
 * line.
 */
#include <string.h>

#include "proto/json.h"
#include "proto/json_tree.h"

unsigned cts_json_depth(const struct cts_json_node *node)
{
	unsigned deepest = 0;

	if (node->type != CTS_JSON_ARRAY && node->type != CTS_JSON_OBJECT)
		return 0;
	for (const struct cts_json_node *child = node->first; child; child = child->next) {
		unsigned depth = cts_json_depth(child);

		if (depth > deepest)
			deepest = depth;
	}
	return deepest + 1;
}

void cts_json_put_break(struct cts_buf *out, int indent)
{
	static const char spaces[] = "\n                                                ";

	/* Canonical records are at most a dozen levels deep; deeper text is written in steps. */
	if (indent < (int)sizeof(spaces) - 1) {
		cts_buf_put(out, spaces, (size_t)indent + 1);
		return;
	}
	cts_buf_putc(out, '\n');
	for (int i = 0; i < indent; i++)
		cts_buf_putc(out, ' ');
}

void cts_json_put_node(struct cts_buf *out, const struct cts_json_node *node, int indent)
{
	bool is_object = node->type == CTS_JSON_OBJECT;

	switch (node->type) {
	case CTS_JSON_NULL: cts_buf_puts(out, "null"); return;
	case CTS_JSON_FALSE: cts_buf_puts(out, "false"); return;
	case CTS_JSON_TRUE: cts_buf_puts(out, "true"); return;
	case CTS_JSON_INTEGER:
	case CTS_JSON_REAL: cts_buf_puts(out, node->text); return;
	case CTS_JSON_STRING: cts_json_put_string(out, node->text); return;
	case CTS_JSON_ARRAY:
	case CTS_JSON_OBJECT: break;
	}
	cts_buf_putc(out, is_object ? '{' : '[');
	for (const struct cts_json_node *child = node->first; child; child = child->next) {
		cts_json_put_break(out, indent + 2);
		if (is_object) {
			cts_json_put_string(out, child->name);
			cts_buf_puts(out, ": ");
		}
		cts_json_put_node(out, child, indent + 2);
		if (child->next)
			cts_buf_putc(out, ',');
	}
	if (node->first)
		cts_json_put_break(out, indent);
	cts_buf_putc(out, is_object ? '}' : ']');
}

/* A line break can stand only between tokens, never inside a canonical string. */
void cts_json_put_indented(struct cts_buf *out, const char *json, int indent)
{
	for (;;) {
		size_t size = strcspn(json, "\n");

		cts_buf_put(out, json, size);
		if (!json[size])
			return;
		cts_json_put_break(out, indent);
		json += size + 1;
	}
}
