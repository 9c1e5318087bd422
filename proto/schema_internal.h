/*
 * Inside proto/ only: how the message of a kind lies in memory, for those who pack and unpack it.
 *
 * A kind has two messages, its own and Common; each has a protobuf-c descriptor built at run time
 * (message_init is NULL, which protobuf-c allows). A field's slot tells where it lies:
 *
 *	string, enum, ...   char *, int32_t, ... at `offset`
 *	repeated            size_t at `count_offset`, a pointer to that many at `offset`
 *
 * An unset string is NULL or "". Booleans are protobuf_c_boolean, enumerations int32_t.
 */
#ifndef CTS_PROTO_SCHEMA_INTERNAL_H
#define CTS_PROTO_SCHEMA_INTERNAL_H

#include <protobuf-c/protobuf-c.h>

#include "proto/arena.h"
#include "proto/schema.h"

struct cts_slot {
	size_t offset;
	size_t count_offset; /* of repeated fields */
};

/* The descriptor of the kind's own message, or of Common; sizeof_message is what to allocate. */
const ProtobufCMessageDescriptor *cts_kind_descriptor(const struct cts_kind *kind, bool common);

/* Where a field of the kind lies in its message. */
struct cts_slot cts_kind_slot(const struct cts_kind *kind, const struct cts_field *field);

/* By number; NULL for 0 and for numbers that the schema does not know. */
const struct cts_enumerator *cts_field_enumerator_at(const struct cts_field *field, int32_t number);

/* An allocator for protobuf-c that takes from an arena, never gives back, and fails (returns NULL, so
 * that unpacking fails) beyond `limit` bytes: hostile bytes cannot ask for more.
 *	struct cts_limited_allocator alloc;
 *	cts_limited_allocator_init(&alloc, &arena, CTS_UNPACK_MAX);
 *	protobuf_c_message_unpack(descriptor, &alloc.base, size, data); */
#define CTS_UNPACK_MAX (64 * 1024 * 1024)

struct cts_limited_allocator {
	ProtobufCAllocator base;
	struct cts_arena *arena;
	size_t left;
};
void cts_limited_allocator_init(
	struct cts_limited_allocator *alloc, struct cts_arena *arena, size_t limit);

#endif
