/*
 * JSON that people hand in: record objects as the reading commands give them, from a file read
 * whole or one a line. More is accepted than in mirror files (any order and layout, numbers as
 * strings, null for "clear it"), and every refusal says where; what the texts may hold is for
 * validate.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/error.h"
#include "proto/json.h"
#include "proto/json_tree.h"

enum {
	INPUT_DEPTH = 32,
	LINE_MAX_BYTES = 64 * 1024 * 1024,
	READ_BYTES = 64 * 1024,
};

struct cts_json_input {
	struct cts_arena arena; /* the tree; of lines, that of the line at hand */
	struct cts_json_text text;
	char *name;
	const struct cts_json_node *next; /* of a file read whole */
	const struct cts_json_node *last; /* the object read last; NULL: its line did not parse */
	bool has_lines;
	int fd;
	struct cts_buf pending; /* read, not yet handed out */
	size_t at;              /* in it */
	bool at_end;
};

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* "FILE: line 3, column 7: 'due' must be a string" */
static int fail(const struct cts_json_input *input, const struct cts_json_node *node,
	const char *subject, const char *what)
{
	cts_json_fail(&input->text, node, "'%s' %s", subject, what);
	cts_fail_where("%s", input->name);
	return CTS_EVALUE;
}

static struct cts_json_input *make(const char *name)
{
	struct cts_json_input *input = cts_malloc(sizeof(*input));

	*input = (struct cts_json_input){.fd = -1};
	input->name = cts_malloc(strlen(name) + 1);
	strcpy(input->name, name);
	input->text = (struct cts_json_text){.data = "", .line = 1, .error = CTS_EVALUE};
	return input;
}

static const struct cts_json_node *member(const struct cts_json_node *object, const char *name)
{
	for (const struct cts_json_node *m = object->first; m; m = m->next)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

int cts_json_input_open(
	struct cts_json_input **out, const char *name, const void *data, size_t size)
{
	struct cts_json_input *input = make(name);
	const struct cts_json_node *items;
	struct cts_json_node *root;
	size_t skipped = 0;
	int rc;

	if (size >= 3 && memcmp(data, byte_order_mark, 3) == 0)
		skipped = 3;
	input->text.data =
		cts_arena_memdup(&input->arena, (const char *)data + skipped, size - skipped);
	input->text.size = size - skipped;
	rc = cts_json_parse(&root, &input->arena, &input->text, INPUT_DEPTH);
	if (rc < 0) {
		cts_fail_where("%s", name);
		goto out;
	}
	items = root->type == CTS_JSON_OBJECT ? member(root, "items") : root;
	if (!items) {
		input->next = root;
	} else if (items->type == CTS_JSON_ARRAY) {
		input->next = items->first;
	} else {
		rc = fail(input, items, "items", "is not an array");
		goto out;
	}
	*out = input;
	input = NULL;
out:
	cts_json_input_free(input);
	return rc;
}

int cts_json_input_open_lines(struct cts_json_input **out, const char *name, int fd)
{
	struct cts_json_input *input = make(name);

	input->has_lines = true;
	input->fd = fd;
	input->text.line = 0;
	*out = input;
	return 0;
}

void cts_json_input_free(struct cts_json_input *input)
{
	if (!input)
		return;
	cts_arena_release(&input->arena);
	cts_buf_release(&input->pending);
	free(input->name);
	free(input);
}

/* ---- lines ------------------------------------------------------------------------------------
 */

/* Reads more behind what is pending. 1 something came, 0 the end. */
static int read_more(struct cts_json_input *input)
{
	struct cts_buf *pending = &input->pending;
	ssize_t n;

	if (input->at_end)
		return 0;
	if (input->at > 0) {
		memmove(pending->data, pending->data + input->at, pending->size - input->at);
		pending->size -= input->at;
		input->at = 0;
	}
	cts_buf_reserve(pending, READ_BYTES);
	do
		n = read(input->fd, pending->data + pending->size, READ_BYTES);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return cts_fail_errno(CTS_EIO, errno, "'%s' cannot be read", input->name);
	input->at_end = n == 0;
	pending->size += (size_t)n;
	return n > 0;
}

/* 1 a line, in input->text, 0 the end. It lives until the next call. */
static int next_line(struct cts_json_input *input)
{
	struct cts_buf *pending = &input->pending;
	size_t searched = 0;

	for (;;) {
		size_t rest = pending->size - input->at;
		char *start = rest ? pending->data + input->at : NULL;
		char *end =
			rest > searched ? memchr(start + searched, '\n', rest - searched) : NULL;
		int rc;

		if (end || (input->at_end && rest)) {
			size_t size = end ? (size_t)(end - start) : rest;

			input->at += size + (end != NULL);
			input->text.data = start;
			input->text.size = size;
			input->text.line++;
			return 1;
		}
		if (input->at_end)
			return 0;
		if (rest > LINE_MAX_BYTES)
			return cts_fail(CTS_EVALUE, "%s: line %zu is longer than 64 MiB",
				input->name, input->text.line + 1);
		searched = rest;
		rc = read_more(input);
		if (rc < 0)
			return rc;
	}
}

static bool is_blank(const struct cts_json_text *text)
{
	for (size_t i = 0; i < text->size; i++)
		if (!strchr(" \t\r", text->data[i]) || !text->data[i])
			return false;
	return true;
}

/* 1 an object, 0 the end. */
static int next_object(const struct cts_json_node **out, struct cts_json_input *input)
{
	struct cts_json_node *root;
	int rc;

	if (!input->has_lines) {
		*out = input->next;
		if (input->next)
			input->next = input->next->next;
		return *out != NULL;
	}
	do {
		rc = next_line(input);
		if (rc <= 0)
			return rc;
		if (input->text.line == 1 && input->text.size >= 3 &&
			memcmp(input->text.data, byte_order_mark, 3) == 0) {
			input->text.data += 3;
			input->text.size -= 3;
		}
	} while (is_blank(&input->text));
	cts_arena_clear(&input->arena);
	rc = cts_json_parse(&root, &input->arena, &input->text, INPUT_DEPTH);
	if (rc < 0) {
		cts_fail_where("%s", input->name);
		return rc;
	}
	*out = root;
	return 1;
}

/* ---- objects ----------------------------------------------------------------------------------
 */

static const char *wanted_type(enum cts_type type)
{
	switch (type) {
	case CTS_TYPE_STRING:
	case CTS_TYPE_ENUM: return "must be a string";
	case CTS_TYPE_BOOL: return "must be true or false";
	case CTS_TYPE_INT32:
	case CTS_TYPE_UINT32:
	case CTS_TYPE_INT64:
	case CTS_TYPE_UINT64: return "must be a whole number";
	}
	return "is of an unknown type";
}

/* "" is the default, which is the same as null: not set. */
static int read_item(const char **out, const struct cts_json_input *input,
	const struct cts_json_node *node, const struct cts_field *field)
{
	bool is_number = false;

	switch (field->type) {
	case CTS_TYPE_STRING:
	case CTS_TYPE_ENUM: break;
	case CTS_TYPE_BOOL:
		if (node->type == CTS_JSON_TRUE || node->type == CTS_JSON_FALSE) {
			*out = node->type == CTS_JSON_TRUE ? "true" : "false";
			return 0;
		}
		break;
	case CTS_TYPE_INT32:
	case CTS_TYPE_UINT32:
	case CTS_TYPE_INT64:
	case CTS_TYPE_UINT64: is_number = node->type == CTS_JSON_INTEGER; break;
	}
	if (node->type != CTS_JSON_STRING && !is_number)
		return fail(input, node, field->name, wanted_type(field->type));
	*out = is_number && strcmp(node->text, "-0") == 0 ? "0" : node->text;
	return 0;
}

static bool is_default(
	const struct cts_field *field, const struct cts_json_node *node, const char *item)
{
	return !item[0] || node->type == CTS_JSON_FALSE ||
	       (node->type == CTS_JSON_INTEGER && strcmp(item, "0") == 0) ||
	       (field->type == CTS_TYPE_ENUM && strcmp(item, "unspecified") == 0);
}

static int read_value(struct cts_value *out, struct cts_json_input *input,
	const struct cts_json_node *node, const struct cts_field *field)
{
	struct cts_value value = {0};
	const char **items = NULL;
	int rc = 0;

	if (node->type == CTS_JSON_NULL) {
		*out = value;
		return 0;
	}
	if (field->repeated != (node->type == CTS_JSON_ARRAY))
		return fail(input, node, field->name,
			field->repeated ? "must be an array" : "must be one value");
	if (!field->repeated) {
		items = cts_arena_alloc(&input->arena, sizeof(*items));
		rc = read_item(&items[0], input, node, field);
		if (rc < 0)
			return rc;
		value.count = !is_default(field, node, items[0]);
	}
	for (const struct cts_json_node *n = field->repeated ? node->first : NULL; n; n = n->next) {
		const char **item =
			cts_arena_push(&input->arena, &items, &value.count, sizeof(*items));

		rc = read_item(item, input, n, field);
		if (rc < 0)
			return rc;
	}
	value.items = items;
	*out = value;
	return 0;
}

static int read_field(struct cts_record *out, bool *named, struct cts_json_input *input,
	const struct cts_json_node *node, bool in_fields)
{
	const struct cts_field *field;
	struct cts_value value;
	int rc = cts_kind_find_field(&field, out->kind, node->name);

	if (rc < 0) {
		cts_fail_where("%s: line %zu", input->name, cts_json_line(&input->text, node));
		return rc;
	}
	if (field->common == in_fields) {
		fail(input, node, field->name,
			in_fields ? "does not stand in 'fields'"
				  : "does not stand beside 'fields'");
		cts_hint("put it %s 'fields'", in_fields ? "beside" : "into");
		return CTS_EVALUE;
	}
	rc = read_value(&value, input, node, field);
	if (rc < 0)
		return rc;
	cts_record_set(out, field, value);
	named[field->index] = true;
	return 0;
}

static bool is_ignored(const char *name)
{
	static const char *const names[] = {
		"conflicts", "fields", "hash", "id", "kind", "schema_version"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static int read_name(const char **out, const struct cts_json_input *input,
	const struct cts_json_node *object, const char *name, const char *default_text)
{
	const struct cts_json_node *node = member(object, name);

	*out = default_text;
	if (!node || node->type == CTS_JSON_NULL)
		return 0;
	if (node->type != CTS_JSON_STRING)
		return fail(input, node, name, "must be a string");
	*out = node->text;
	return 0;
}

static int read_object(struct cts_record *out, bool **named, struct cts_json_input *input,
	const struct cts_json_node *object, const struct cts_schema *schema,
	const char *default_kind)
{
	const struct cts_json_node *fields = member(object, "fields");
	const struct cts_kind *kind;
	const char *kind_name, *id;
	int rc;

	rc = read_name(&kind_name, input, object, "kind", default_kind);
	if (rc < 0)
		return rc;
	rc = read_name(&id, input, object, "id", "");
	if (rc < 0)
		return rc;
	if (!kind_name)
		return fail(input, object, "kind", "is missing");
	rc = cts_schema_find_kind(&kind, schema, kind_name);
	if (rc < 0) {
		cts_fail_where("%s: line %zu", input->name, cts_json_line(&input->text, object));
		return rc;
	}
	if (fields && fields->type != CTS_JSON_OBJECT && fields->type != CTS_JSON_NULL)
		return fail(input, fields, "fields", "must be an object");
	cts_record_reset(out, kind, id);
	*named = cts_arena_alloc(&out->arena, kind->field_count * sizeof(**named));
	for (const struct cts_json_node *m = fields ? fields->first : NULL; m && rc >= 0;
		m = m->next)
		rc = read_field(out, *named, input, m, true);
	for (const struct cts_json_node *m = object->first; m && rc >= 0; m = m->next)
		if (!is_ignored(m->name))
			rc = read_field(out, *named, input, m, false);
	return rc;
}

int cts_json_input_next(struct cts_json_input *input, struct cts_record *out, bool **named,
	const struct cts_schema *schema, const char *default_kind)
{
	const struct cts_json_node *object = NULL;
	bool *read = NULL;
	int rc;

	input->last = NULL;
	rc = next_object(&object, input);
	input->last = object;
	if (rc <= 0)
		return rc;
	if (object->type != CTS_JSON_OBJECT) {
		cts_json_fail(&input->text, object, "not an object");
		cts_fail_where("%s", input->name);
		return CTS_EVALUE;
	}
	rc = read_object(out, &read, input, object, schema, default_kind);
	if (rc < 0)
		return rc;
	*named = read;
	return 1;
}

size_t cts_json_input_line(const struct cts_json_input *input)
{
	return input->last ? cts_json_line(&input->text, input->last) : input->text.line;
}
