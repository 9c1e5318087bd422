/*
 * Values of fields in mirror files: the proto3 JSON mapping, and no more of it than canonical JSON
 * writes. What a person may type is another matter; see json_input.c and validate.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json_internal.h"

bool cts_json_is_number(enum cts_type type, const char *text)
{
	const char *digits = text + (text[0] == '-');
	size_t count = strspn(digits, "0123456789");
	bool is_signed = type == CTS_TYPE_INT32 || type == CTS_TYPE_INT64;

	if (count == 0 || count > 20 || digits[count] ||
		(digits[0] == '0' && (count > 1 || digits > text)))
		return false;
	errno = 0;
	if (!is_signed) {
		unsigned long long number = digits > text ? 0 : strtoull(text, NULL, 10);

		return digits == text && errno == 0 &&
		       (type == CTS_TYPE_UINT64 || number <= UINT32_MAX);
	}
	long long number = strtoll(text, NULL, 10);

	return errno == 0 &&
	       (type == CTS_TYPE_INT64 || (number >= INT32_MIN && number <= INT32_MAX));
}

static bool is_enumerator(const struct cts_field *field, const char *name)
{
	for (size_t i = 0; i < field->enumerator_count; i++)
		if (strcmp(field->enumerators[i].name, name) == 0)
			return true;
	return false;
}

static int read_item(const char **out, const struct cts_json_text *text,
	const struct cts_json_node *node, const struct cts_field *field)
{
	switch (field->type) {
	case CTS_TYPE_STRING:
		if (node->type != CTS_JSON_STRING || !node->text[0])
			return cts_json_fail(
				text, node, "'%s' is not a string with text", field->name);
		break;
	case CTS_TYPE_BOOL:
		if (node->type != CTS_JSON_TRUE && node->type != CTS_JSON_FALSE)
			return cts_json_fail(text, node, "'%s' is not true or false", field->name);
		*out = node->type == CTS_JSON_TRUE ? "true" : "false";
		return 0;
	case CTS_TYPE_INT32:
	case CTS_TYPE_UINT32:
		if (node->type != CTS_JSON_INTEGER || !cts_json_is_number(field->type, node->text))
			return cts_json_fail(text, node, "'%s' is not %s", field->name,
				cts_type_name(field->type));
		break;
	case CTS_TYPE_INT64:
	case CTS_TYPE_UINT64:
		if (node->type != CTS_JSON_STRING || !cts_json_is_number(field->type, node->text))
			return cts_json_fail(text, node, "'%s' is not %s in a string", field->name,
				cts_type_name(field->type));
		break;
	case CTS_TYPE_ENUM:
		if (node->type != CTS_JSON_STRING || !is_enumerator(field, node->text))
			return cts_json_fail(
				text, node, "'%s' is not one of its enumerators", field->name);
		break;
	}
	*out = node->text;
	return 0;
}

static bool is_default(const struct cts_field *field, const char *item)
{
	if (field->type == CTS_TYPE_BOOL)
		return strcmp(item, "false") == 0;
	return strcmp(item, "0") == 0 && field->type != CTS_TYPE_STRING &&
	       field->type != CTS_TYPE_ENUM;
}

int cts_json_read_value(struct cts_value *out, struct cts_arena *arena,
	const struct cts_json_text *text, const struct cts_json_node *node,
	const struct cts_field *field)
{
	const struct cts_json_node *first = node;
	const char **items = NULL;
	size_t count = 0;

	if (field->repeated) {
		if (node->type != CTS_JSON_ARRAY || !node->first)
			return cts_json_fail(
				text, node, "'%s' is not an array of values", field->name);
		first = node->first;
	}
	for (const struct cts_json_node *n = first; n; n = field->repeated ? n->next : NULL) {
		const char **item = cts_arena_push(arena, &items, &count, sizeof(*items));
		int rc = read_item(item, text, n, field);

		if (rc < 0)
			return rc;
		if (!field->repeated && is_default(field, *item))
			return cts_json_fail(text, n, "'%s' stands with its default", field->name);
		if (field->merge == CTS_MERGE_SET && count > 1 && strcmp(item[-1], *item) >= 0)
			return cts_json_fail(
				text, n, "the members of '%s' are not in order", field->name);
	}
	*out = (struct cts_value){.count = count, .items = items};
	return 0;
}
