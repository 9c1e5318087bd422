/*
 * The dynamic part of a record's bytes: the kind's own message and Common, through descriptors made
 * at run time. Texts in values are turned into numbers on the way out and back on the way in;
 * strings of an unpacked message are borrowed, since it lies in the record's arena.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/record.h"
#include "proto/schema_internal.h"
#include "proto/wire.h"

/* ---- texts to numbers -------------------------------------------------------------------------
 */

static size_t item_size(enum cts_type type)
{
	switch (type) {
	case CTS_TYPE_STRING: return sizeof(char *);
	case CTS_TYPE_BOOL: return sizeof(protobuf_c_boolean);
	case CTS_TYPE_INT32:
	case CTS_TYPE_UINT32:
	case CTS_TYPE_ENUM: return sizeof(int32_t);
	case CTS_TYPE_INT64:
	case CTS_TYPE_UINT64: return sizeof(int64_t);
	}
	return 0;
}

static int32_t enumerator_number(const struct cts_field *field, const char *name)
{
	for (size_t i = 0; i < field->enumerator_count; i++)
		if (strcmp(field->enumerators[i].name, name) == 0)
			return field->enumerators[i].number;
	assert(!"an enumerator that was never validated");
	return 0;
}

static void put_item(void *to, const struct cts_field *field, const char *item)
{
	switch (field->type) {
	case CTS_TYPE_STRING: memcpy(to, &item, sizeof(item)); break;
	case CTS_TYPE_BOOL: *(protobuf_c_boolean *)to = strcmp(item, "true") == 0; break;
	case CTS_TYPE_INT32: *(int32_t *)to = (int32_t)strtol(item, NULL, 10); break;
	case CTS_TYPE_UINT32: *(uint32_t *)to = (uint32_t)strtoul(item, NULL, 10); break;
	case CTS_TYPE_INT64: *(int64_t *)to = strtoll(item, NULL, 10); break;
	case CTS_TYPE_UINT64: *(uint64_t *)to = strtoull(item, NULL, 10); break;
	case CTS_TYPE_ENUM: *(int32_t *)to = enumerator_number(field, item); break;
	}
}

void cts_record_pack_fields(struct cts_buf *out, const struct cts_record *record, bool common)
{
	const struct cts_kind *kind = record->kind;
	const ProtobufCMessageDescriptor *descriptor = cts_kind_descriptor(kind, common);
	struct cts_arena arena = {0};
	char *message = cts_arena_alloc(&arena, descriptor->sizeof_message);
	size_t to = common ? kind->field_count : kind->own_count;

	((ProtobufCMessage *)message)->descriptor = descriptor;
	for (size_t i = common ? kind->own_count : 0; i < to; i++) {
		const struct cts_field *field = &kind->fields[i];
		struct cts_value value = record->values[i];
		struct cts_slot slot = cts_kind_slot(kind, field);
		size_t step = item_size(field->type);
		char *items;

		if (!value.count)
			continue;
		if (!field->repeated) {
			put_item(message + slot.offset, field, value.items[0]);
			continue;
		}
		items = cts_arena_alloc(&arena, value.count * step);
		for (size_t j = 0; j < value.count; j++)
			put_item(items + j * step, field, value.items[j]);
		memcpy(message + slot.count_offset, &value.count, sizeof(value.count));
		memcpy(message + slot.offset, &items, sizeof(items));
	}
	cts_wire_pack(out, (const ProtobufCMessage *)message);
	cts_arena_release(&arena);
}

/* ---- numbers to texts -------------------------------------------------------------------------
 */

static const char *number_text(struct cts_arena *arena, uint64_t number, bool is_negative)
{
	char text[24];
	size_t at = sizeof(text);

	do
		text[--at] = (char)('0' + number % 10);
	while (number /= 10);
	if (is_negative)
		text[--at] = '-';
	return cts_arena_strndup(arena, text + at, sizeof(text) - at);
}

static const char *signed_text(struct cts_arena *arena, int64_t number)
{
	return number < 0 ? number_text(arena, -(uint64_t)number, true)
			  : number_text(arena, (uint64_t)number, false);
}

/* NULL: an enumerator that the schema does not know. */
static const char *take_item(
	struct cts_arena *arena, const struct cts_field *field, const void *from)
{
	const struct cts_enumerator *enumerator;

	switch (field->type) {
	case CTS_TYPE_STRING: return *(const char *const *)from;
	case CTS_TYPE_BOOL: return *(const protobuf_c_boolean *)from ? "true" : "false";
	case CTS_TYPE_INT32: return signed_text(arena, *(const int32_t *)from);
	case CTS_TYPE_UINT32: return number_text(arena, *(const uint32_t *)from, false);
	case CTS_TYPE_INT64: return signed_text(arena, *(const int64_t *)from);
	case CTS_TYPE_UINT64: return number_text(arena, *(const uint64_t *)from, false);
	case CTS_TYPE_ENUM:
		enumerator = cts_field_enumerator_at(field, *(const int32_t *)from);
		return enumerator ? enumerator->name : NULL;
	}
	return NULL;
}

static bool is_unset(const struct cts_field *field, const void *from)
{
	switch (field->type) {
	case CTS_TYPE_STRING: return !*(char *const *)from || !**(char *const *)from;
	case CTS_TYPE_BOOL: return !*(const protobuf_c_boolean *)from;
	case CTS_TYPE_INT32:
	case CTS_TYPE_UINT32:
	case CTS_TYPE_ENUM: return !*(const int32_t *)from;
	case CTS_TYPE_INT64:
	case CTS_TYPE_UINT64: return !*(const int64_t *)from;
	}
	return true;
}

/* A set's members ascend in our own bytes, each once. */
static bool is_in_form(const struct cts_field *field, struct cts_value value)
{
	if (field->merge == CTS_MERGE_SET)
		for (size_t i = 1; i < value.count; i++)
			if (strcmp(value.items[i - 1], value.items[i]) >= 0)
				return false;
	return true;
}

static int take_value(struct cts_value *out, struct cts_arena *arena, const struct cts_field *field,
	const char *message, struct cts_slot slot)
{
	struct cts_value value = {.count = 1};
	const char *from = message + slot.offset;
	size_t step = item_size(field->type);
	const char **items;

	if (field->repeated) {
		memcpy(&value.count, message + slot.count_offset, sizeof(value.count));
		memcpy(&from, message + slot.offset, sizeof(from));
	} else if (is_unset(field, from)) {
		value.count = 0;
	}
	if (!value.count) {
		*out = value;
		return 0;
	}
	if (field->type == CTS_TYPE_STRING) {
		/* The message's own pointers serve as the items. */
		value.items = (const char *const *)from;
	} else {
		value.items = items = cts_arena_alloc(arena, value.count * sizeof(*items));
		for (size_t i = 0; i < value.count; i++) {
			items[i] = take_item(arena, field, from + i * step);
			if (!items[i])
				return cts_fail(CTS_EDAMAGED,
					"field '%s' has a value that the schema does not know",
					field->name);
		}
	}
	if (!is_in_form(field, value))
		return cts_fail(CTS_EDAMAGED, "the members of '%s' are not in order", field->name);
	*out = value;
	return 0;
}

int cts_record_unpack_fields(struct cts_record *record, bool common, const void *data, size_t size)
{
	const struct cts_kind *kind = record->kind;
	size_t to = common ? kind->field_count : kind->own_count;
	ProtobufCMessage *message;
	int rc;

	if (size == 0)
		return 0; /* nothing set */
	rc = cts_wire_unpack(
		&message, &record->arena, cts_kind_descriptor(kind, common), data, size);
	for (size_t i = common ? kind->own_count : 0; rc >= 0 && i < to; i++) {
		const struct cts_field *field = &kind->fields[i];

		rc = take_value(&record->values[i], &record->arena, field, (const char *)message,
			cts_kind_slot(kind, field));
	}
	return rc;
}
