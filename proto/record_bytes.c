/*
 * A record as message ctsync.Record: the journal's form. The kind's own message is packed apart
 * (see record_fields.c) and stands in it as bytes, so the envelope's descriptor is fixed while the
 * kinds' are not.
 */
#include <string.h>

#include "proto/error.h"
#include "proto/record_internal.h"
#include "proto/wire.h"

/* ---- packing ----------------------------------------------------------------------------------
 */

/* protobuf-c's structs have no const; what is packed is only read. */
static char *loose(const char *text)
{
	return (char *)(uintptr_t)text;
}

Ctsync__UnknownMember **cts_pack_unknown(struct cts_arena *arena, const struct cts_record *record)
{
	size_t count = record->unknown_count;
	Ctsync__UnknownMember **members = cts_arena_alloc(arena, count * sizeof(*members));
	Ctsync__UnknownMember *all = cts_arena_alloc(arena, count * sizeof(*all));

	for (size_t i = 0; i < count; i++) {
		ctsync__unknown_member__init(&all[i]);
		all[i].in_fields = record->unknown[i].in_fields;
		all[i].name = loose(record->unknown[i].name);
		all[i].json = loose(record->unknown[i].json);
		members[i] = &all[i];
	}
	return members;
}

static void pack_side(Ctsync__Side *to, const struct cts_side *side)
{
	ctsync__side__init(to);
	CTS_PACK_VALUE(to, value, side->value);
	to->agency = loose(side->agency);
	to->author = loose(side->author);
	to->time = side->time;
	to->commit = (ProtobufCBinaryData){
		.len = CTS_OID_SIZE, .data = (uint8_t *)(uintptr_t)side->commit.bytes};
	to->sha256 = loose(side->sha256 ? side->sha256 : "");
}

Ctsync__Conflict **cts_pack_conflicts(struct cts_arena *arena, const struct cts_record *record)
{
	size_t count = record->conflict_count;
	Ctsync__Conflict **conflicts = cts_arena_alloc(arena, count * sizeof(*conflicts));

	for (size_t i = 0; i < count; i++) {
		const struct cts_conflict *from = &record->conflicts[i];
		Ctsync__Conflict *to = cts_arena_alloc(arena, sizeof(*to));
		Ctsync__Side *sides = cts_arena_alloc(arena, from->side_count * sizeof(*sides));

		ctsync__conflict__init(to);
		to->field = loose(from->field);
		to->n_sides = from->side_count;
		to->sides = cts_arena_alloc(arena, from->side_count * sizeof(*to->sides));
		for (size_t j = 0; j < from->side_count; j++) {
			pack_side(&sides[j], &from->sides[j]);
			to->sides[j] = &sides[j];
		}
		conflicts[i] = to;
	}
	return conflicts;
}

void cts_record_encode(struct cts_buf *out, const struct cts_record *record)
{
	Ctsync__Record message = CTSYNC__RECORD__INIT;
	struct cts_buf fields = {0}, common = {0};
	struct cts_arena arena = {0};

	cts_record_pack_fields(&fields, record, false);
	cts_record_pack_fields(&common, record, true);
	message.kind = loose(record->kind->name);
	message.id = loose(record->id);
	message.fields = (ProtobufCBinaryData){.len = fields.size, .data = (uint8_t *)fields.data};
	message.common = (ProtobufCBinaryData){.len = common.size, .data = (uint8_t *)common.data};
	message.n_unknown = record->unknown_count;
	message.unknown = cts_pack_unknown(&arena, record);
	message.n_conflicts = record->conflict_count;
	message.conflicts = cts_pack_conflicts(&arena, record);
	cts_wire_pack(out, &message.base);
	cts_buf_release(&fields);
	cts_buf_release(&common);
	cts_arena_release(&arena);
}

/* ---- unpacking --------------------------------------------------------------------------------
 */

int cts_unpack_oid(struct cts_oid *out, ProtobufCBinaryData bytes)
{
	if (bytes.len != CTS_OID_SIZE)
		return cts_fail(CTS_EDAMAGED, "a commit id of %zu bytes", bytes.len);
	memcpy(out->bytes, bytes.data, CTS_OID_SIZE);
	return 0;
}

int cts_unpack_unknown(struct cts_record *record, const Ctsync__UnknownMember *member)
{
	size_t count = record->unknown_count;
	const struct cts_unknown *last = count ? &record->unknown[count - 1] : NULL;
	bool in_fields = member->in_fields;
	struct cts_unknown *to;

	if (!member->json[0])
		return cts_fail(CTS_EDAMAGED, "an unknown member without a value");
	if (last && (last->in_fields > in_fields || (last->in_fields == in_fields &&
							    strcmp(last->name, member->name) >= 0)))
		return cts_fail(CTS_EDAMAGED, "unknown members that are not in order");
	to = cts_arena_push(&record->arena, &record->unknown, &record->unknown_count, sizeof(*to));
	to->in_fields = in_fields;
	to->name = member->name;
	to->json = member->json;
	return 0;
}

static int unpack_side(struct cts_side *to, const Ctsync__Side *side)
{
	to->value = CTS_UNPACK_VALUE(side, value);
	to->agency = side->agency;
	to->author = side->author;
	to->time = side->time;
	to->sha256 = side->sha256[0] ? side->sha256 : NULL;
	return cts_unpack_oid(&to->commit, side->commit);
}

int cts_unpack_conflict(struct cts_record *record, const Ctsync__Conflict *conflict)
{
	size_t count = record->conflict_count;
	struct cts_conflict *to;

	if (count && strcmp(record->conflicts[count - 1].field, conflict->field) >= 0)
		return cts_fail(CTS_EDAMAGED, "conflicts that are not in order");
	to = cts_arena_push(
		&record->arena, &record->conflicts, &record->conflict_count, sizeof(*to));
	to->field = conflict->field;
	to->side_count = conflict->n_sides;
	to->sides = cts_arena_alloc(&record->arena, to->side_count * sizeof(*to->sides));
	for (size_t i = 0; i < to->side_count; i++) {
		int rc = unpack_side(&to->sides[i], conflict->sides[i]);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int cts_record_decode(
	struct cts_record *out, const struct cts_schema *schema, const void *data, size_t size)
{
	struct cts_record record = {0};
	ProtobufCMessage *base;
	const Ctsync__Record *message;
	const struct cts_kind *kind;
	int rc;

	rc = cts_wire_unpack(&base, &record.arena, &ctsync__record__descriptor, data, size);
	if (rc < 0)
		goto out;
	message = (const Ctsync__Record *)base;
	kind = cts_schema_kind(schema, message->kind);
	if (!kind) {
		rc = cts_fail(CTS_EDAMAGED, "a record of an unknown kind '%s'", message->kind);
		goto out;
	}
	cts_record_begin(&record, kind, message->id);
	rc = cts_record_unpack_fields(&record, false, message->fields.data, message->fields.len);
	if (rc < 0)
		goto out;
	rc = cts_record_unpack_fields(&record, true, message->common.data, message->common.len);
	if (rc < 0)
		goto out;
	for (size_t i = 0; rc >= 0 && i < message->n_unknown; i++)
		rc = cts_unpack_unknown(&record, message->unknown[i]);
	for (size_t i = 0; rc >= 0 && i < message->n_conflicts; i++)
		rc = cts_unpack_conflict(&record, message->conflicts[i]);
	if (rc < 0)
		goto out;
	*out = record;
	record = (struct cts_record){0};
out:
	cts_record_release(&record);
	return rc;
}
