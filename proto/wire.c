/*
 * The scan walks the bytes once, in step with the descriptor's fields: both ascend by number. It
 * costs a small part of unpacking, and after it unpacking can fail only for want of memory.
 */
#include "proto/wire.h"

#include <string.h>

#include "proto/error.h"
#include "proto/schema_internal.h"

struct cts_wire cts_wire_of(const void *data, size_t size)
{
	const uint8_t *at = data;

	return (struct cts_wire){.at = at, .end = size ? at + size : at};
}

static bool read_long_varint(uint64_t *out, struct cts_wire *wire)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && wire->at < wire->end; shift += 7) {
		uint8_t byte = *wire->at++;

		if (shift == 63 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*out = value;
			return byte != 0;
		}
	}
	return false;
}

/* In its shortest form only. Nearly all are of one byte. */
static inline bool read_varint(uint64_t *out, struct cts_wire *wire)
{
	if (wire->at < wire->end && *wire->at < 0x80) {
		*out = *wire->at++;
		return true;
	}
	return read_long_varint(out, wire);
}

static bool read_fixed(uint64_t *out, struct cts_wire *wire, size_t size)
{
	uint64_t value = 0;

	if ((size_t)(wire->end - wire->at) < size)
		return false;
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)wire->at[i] << (8 * i);
	wire->at += size;
	*out = value;
	return true;
}

static inline int next(struct cts_wire_field *out, struct cts_wire *wire)
{
	uint64_t tag, size;

	if (wire->at == wire->end)
		return 0;
	if (!read_varint(&tag, wire) || tag >> 3 == 0 || tag >> 3 >= 1u << 29)
		return CTS_EDAMAGED;
	out->number = (uint32_t)(tag >> 3);
	switch (tag & 7) {
	case CTS_WIRE_VARINT:
		out->type = CTS_WIRE_VARINT;
		return read_varint(&out->value, wire) ? 1 : CTS_EDAMAGED;
	case CTS_WIRE_64:
		out->type = CTS_WIRE_64;
		return read_fixed(&out->value, wire, 8) ? 1 : CTS_EDAMAGED;
	case CTS_WIRE_32:
		out->type = CTS_WIRE_32;
		return read_fixed(&out->value, wire, 4) ? 1 : CTS_EDAMAGED;
	case CTS_WIRE_BYTES:
		if (!read_varint(&size, wire) || size > (size_t)(wire->end - wire->at))
			return CTS_EDAMAGED;
		out->type = CTS_WIRE_BYTES;
		out->bytes = (struct cts_slice){.data = wire->at, .size = (size_t)size};
		wire->at += size;
		return 1;
	}
	return CTS_EDAMAGED;
}

int cts_wire_next(struct cts_wire_field *out, struct cts_wire *wire)
{
	return next(out, wire);
}

/* ---- one form ---------------------------------------------------------------------------------
 */

static enum cts_wire_type wire_type(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT: return CTS_WIRE_32;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE: return CTS_WIRE_64;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE: return CTS_WIRE_BYTES;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM: return CTS_WIRE_VARINT;
	}
	return CTS_WIRE_VARINT;
}

/* A varint that the type can hold. */
static bool is_in_range(ProtobufCType type, uint64_t value)
{
	if (type == PROTOBUF_C_TYPE_BOOL)
		return value <= 1;
	if (type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_SINT32)
		return value <= UINT32_MAX;
	if (type == PROTOBUF_C_TYPE_INT32 || type == PROTOBUF_C_TYPE_ENUM)
		return value == (uint64_t)(int64_t)(int32_t)(uint32_t)value;
	return true;
}

static bool is_packed_canonical(ProtobufCType type, struct cts_slice bytes)
{
	struct cts_wire wire = cts_wire_of(bytes.data, bytes.size);
	enum cts_wire_type form = wire_type(type);
	uint64_t value;

	if (form != CTS_WIRE_VARINT)
		return bytes.size % (form == CTS_WIRE_32 ? 4 : 8) == 0;
	while (wire.at < wire.end)
		if (!read_varint(&value, &wire) || !is_in_range(type, value))
			return false;
	return true;
}

/* The value of one field that is not packed. `is_element`: of a repeated field, which may hold
 * defaults. */
static bool is_value_canonical(
	const ProtobufCFieldDescriptor *field, const struct cts_wire_field *value, bool is_element)
{
	if (field->type == PROTOBUF_C_TYPE_STRING) /* most are */
		return value->type == CTS_WIRE_BYTES && (is_element || value->bytes.size > 0) &&
		       !memchr(value->bytes.data, 0, value->bytes.size);
	if (value->type != wire_type(field->type))
		return false;
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return cts_wire_is_canonical(
			field->descriptor, value->bytes.data, value->bytes.size);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES: return is_element || value->bytes.size > 0;
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE: return is_element || value->value != 0;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		return is_in_range(field->type, value->value) && (is_element || value->value != 0);
	}
	return false;
}

bool cts_wire_is_canonical(
	const ProtobufCMessageDescriptor *descriptor, const void *data, size_t size)
{
	const ProtobufCFieldDescriptor *field = descriptor->fields;
	const ProtobufCFieldDescriptor *end = field + descriptor->n_fields;
	struct cts_wire wire = cts_wire_of(data, size);
	struct cts_wire_field value = {0};
	uint32_t last = 0;
	int rc;

	while ((rc = next(&value, &wire)) == 1) {
		bool is_packed, is_repeated;

		while (field < end && field->id < value.number)
			field++;
		if (field == end || field->id != value.number)
			return false;
		is_repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
		is_packed = is_repeated && (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED);
		if (value.number == last && (!is_repeated || is_packed))
			return false;
		last = value.number;
		if (is_packed) {
			if (value.type != CTS_WIRE_BYTES || value.bytes.size == 0 ||
				!is_packed_canonical(field->type, value.bytes))
				return false;
		} else if (!is_value_canonical(field, &value, is_repeated)) {
			return false;
		}
	}
	return rc == 0;
}

int cts_wire_unpack(ProtobufCMessage **out, struct cts_arena *arena,
	const ProtobufCMessageDescriptor *descriptor, const void *data, size_t size)
{
	struct cts_limited_allocator allocator;
	ProtobufCMessage *message;

	if (!cts_wire_is_canonical(descriptor, data, size))
		return cts_fail(CTS_EDAMAGED, "bytes that are no message '%s'", descriptor->name);
	cts_limited_allocator_init(&allocator, arena, CTS_UNPACK_MAX);
	message = protobuf_c_message_unpack(descriptor, &allocator.base, size, data);
	if (!message)
		return cts_fail(CTS_EDAMAGED, "a message '%s' of more than %d MiB",
			descriptor->name, CTS_UNPACK_MAX / (1024 * 1024));
	*out = message;
	return 0;
}

void cts_wire_pack(struct cts_buf *out, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	cts_buf_reserve(out, size);
	out->size += protobuf_c_message_pack(message, (uint8_t *)out->data + out->size);
	out->data[out->size] = '\0';
}
