/*
 * protobuf-c descriptors made at run time, as protoc-c would have made them for the same message:
 * fields by number with ranges over the numbers, and an index by name. What protoc-c adds and
 * nobody needs here is left out: enumeration descriptors (pack and unpack see an int) and
 * message_init.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/schema_load.h"

enum { FIELD_NUMBER_MAX = 536870911 };

static bool type_of(ProtobufCType *out, const schema_field *proto)
{
	switch (proto->type) {
#define MAP(type)                                                                                  \
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##type:                          \
		*out = PROTOBUF_C_TYPE_##type;                                                     \
		return true
		MAP(INT64);
		MAP(UINT64);
		MAP(INT32);
		MAP(FIXED64);
		MAP(FIXED32);
		MAP(BOOL);
		MAP(STRING);
		MAP(UINT32);
		MAP(ENUM);
		MAP(SFIXED32);
		MAP(SFIXED64);
		MAP(SINT32);
		MAP(SINT64);
#undef MAP
	default: return false; /* refused before; see schema_load.c */
	}
}

static int by_number(const void *a, const void *b)
{
	const ProtobufCFieldDescriptor *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

/* protoc-c does not store names unsorted either; the sort key stays beside the index. */
struct named {
	const char *name;
	unsigned index;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static void set_ranges(ProtobufCMessageDescriptor *descriptor, struct cts_arena *arena)
{
	const ProtobufCFieldDescriptor *fields = descriptor->fields;
	ProtobufCIntRange *ranges;
	unsigned count = 0;

	ranges = cts_arena_alloc(arena, (descriptor->n_fields + 1) * sizeof(*ranges));
	for (unsigned i = 0; i < descriptor->n_fields; i++)
		if (i == 0 || fields[i].id != fields[i - 1].id + 1)
			ranges[count++] = (ProtobufCIntRange){(int)fields[i].id, i};
	ranges[count] = (ProtobufCIntRange){0, descriptor->n_fields};
	descriptor->n_field_ranges = count;
	descriptor->field_ranges = ranges;
}

static void set_names(ProtobufCMessageDescriptor *descriptor, struct cts_arena *arena)
{
	struct named *names = cts_arena_alloc(arena, (descriptor->n_fields + 1) * sizeof(*names));
	unsigned *sorted = cts_arena_alloc(arena, (descriptor->n_fields + 1) * sizeof(*sorted));

	for (unsigned i = 0; i < descriptor->n_fields; i++)
		names[i] = (struct named){descriptor->fields[i].name, i};
	qsort(names, descriptor->n_fields, sizeof(*names), by_name);
	for (unsigned i = 0; i < descriptor->n_fields; i++)
		sorted[i] = names[i].index;
	descriptor->fields_sorted_by_name = sorted;
}

int cts_schema_layout_make(const struct schema_layout **out, struct cts_arena *arena,
	const char *name, const struct cts_field *fields, const schema_field *const *protos,
	size_t count)
{
	struct schema_layout *layout = cts_arena_alloc(arena, sizeof(*layout));
	ProtobufCFieldDescriptor *described =
		cts_arena_alloc(arena, (count + 1) * sizeof(*described));
	struct cts_slot *slots = cts_arena_alloc(arena, (count + 1) * sizeof(*slots));
	size_t offset = sizeof(ProtobufCMessage);
	const char *dot = strrchr(name, '.');

	layout->slots = slots;
	for (size_t i = 0; i < count; i++) {
		ProtobufCFieldDescriptor *field = &described[i];
		struct cts_slot *slot = &slots[i];

		if (fields[i].number < 1 || fields[i].number > FIELD_NUMBER_MAX)
			return cts_fail(CTS_EVALUE, "field '%s' of '%s' has no valid number",
				fields[i].name, name);
		/* Every member takes whole 8-byte words, so any type is aligned. */
		if (fields[i].repeated) {
			slot->count_offset = offset;
			offset += sizeof(uint64_t);
		}
		slot->offset = offset;
		offset += sizeof(uint64_t);
		*field = (ProtobufCFieldDescriptor){
			.name = fields[i].name,
			.id = fields[i].number,
			.label = fields[i].repeated ? PROTOBUF_C_LABEL_REPEATED
						    : PROTOBUF_C_LABEL_NONE,
			.offset = (unsigned)slot->offset,
			.quantifier_offset = (unsigned)slot->count_offset,
		};
		if (!type_of(&field->type, protos[i]))
			return cts_fail(CTS_EVALUE, "field '%s' of '%s' has an unknown type",
				fields[i].name, name);
		if (field->type == PROTOBUF_C_TYPE_STRING)
			field->default_value = &protobuf_c_empty_string;
		else if (fields[i].repeated &&
			 !(protos[i]->options && protos[i]->options->has_packed &&
				 !protos[i]->options->packed))
			field->flags = PROTOBUF_C_FIELD_FLAG_PACKED;
	}
	qsort(described, count, sizeof(*described), by_number);
	for (size_t i = 1; i < count; i++)
		if (described[i].id == described[i - 1].id)
			return cts_fail(CTS_EVALUE, "fields '%s' and '%s' of '%s' have one number",
				described[i - 1].name, described[i].name, name);
	layout->descriptor = (ProtobufCMessageDescriptor){
		.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
		.name = name,
		.short_name = dot ? dot + 1 : name,
		.c_name = "",
		.package_name = "",
		.sizeof_message = offset,
		.n_fields = (unsigned)count,
		.fields = described,
	};
	set_ranges(&layout->descriptor, arena);
	set_names(&layout->descriptor, arena);
	*out = layout;
	return 0;
}
