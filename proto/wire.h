/*
 * Inside proto/ only: protobuf bytes that have one form.
 *
 * protobuf-c reads much that it would never write: fields out of order or twice, long varints,
 * default values, unknown fields. Our bytes are compared, hashed and trusted to be what encode
 * wrote, so they are scanned first, and protobuf-c is handed only what it would write itself.
 */
#ifndef CTS_PROTO_WIRE_H
#define CTS_PROTO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "proto/arena.h"
#include "proto/buf.h"

struct cts_wire {
	const uint8_t *at, *end;
};

enum cts_wire_type { CTS_WIRE_VARINT = 0, CTS_WIRE_64 = 1, CTS_WIRE_BYTES = 2, CTS_WIRE_32 = 5 };

struct cts_wire_field {
	uint32_t number;
	enum cts_wire_type type;
	uint64_t value;         /* of a varint or fixed field */
	struct cts_slice bytes; /* of the others; borrowed */
};

struct cts_wire cts_wire_of(const void *data, size_t size);

/* Reads the next field. @return 1 a field, 0 the end, CTS_EDAMAGED (without a message of its own)
 */
int cts_wire_next(struct cts_wire_field *out, struct cts_wire *wire);

/* Packing the message that these bytes unpack to would give the same bytes. Length-delimited fields
 * that are messages are scanned too; strings must not hold a NUL. */
bool cts_wire_is_canonical(
	const ProtobufCMessageDescriptor *descriptor, const void *data, size_t size);

/* Unpacks canonical bytes into the arena; nothing of it needs to be freed, nothing is borrowed.
 * @return CTS_EDAMAGED naming the message */
int cts_wire_unpack(ProtobufCMessage **out, struct cts_arena *arena,
	const ProtobufCMessageDescriptor *descriptor, const void *data, size_t size);

void cts_wire_pack(struct cts_buf *out, const ProtobufCMessage *message);

#endif
