/*
 * Changes and edits as the store keeps them, and the small parts that all stored messages have.
 */
#include <string.h>

#include "proto/error.h"
#include "proto/record_internal.h"
#include "proto/stored.h"
#include "proto/stored_internal.h"
#include "proto/wire.h"

/* protobuf-c's structs have no const; what is packed is only read. */
static char *loose(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* ---- parts ------------------------------------------------------------------------------------
 */

Ctsync__EditRef *cts_pack_ref(struct cts_arena *arena, struct cts_ref ref)
{
	Ctsync__EditRef *message;

	if (!ref.line)
		return NULL;
	message = cts_arena_alloc(arena, sizeof(*message));
	ctsync__edit_ref__init(message);
	message->line = ref.line;
	message->seq = ref.seq;
	return message;
}

int cts_unpack_ref(struct cts_ref *out, const Ctsync__EditRef *message)
{
	if (!message) {
		*out = (struct cts_ref){0};
		return 0;
	}
	if (!message->line || !message->seq)
		return cts_fail(CTS_EDAMAGED, "half a name of a change");
	*out = (struct cts_ref){.line = message->line, .seq = message->seq};
	return 0;
}

struct cts_value cts_life_value(bool deleted)
{
	static const char *const texts[] = {"false", "true"};

	return (struct cts_value){.count = 1, .items = &texts[deleted]};
}

bool cts_is_marking(const struct cts_field *field)
{
	return field->merge == CTS_MERGE_STRICTEST || field->merge == CTS_MERGE_INTERSECT;
}

/* ---- a change ---------------------------------------------------------------------------------
 */

void cts_stored_change_encode(struct cts_buf *out, const struct cts_change *change)
{
	Ctsync__StoredChange message = CTSYNC__STORED_CHANGE__INIT;
	struct cts_arena arena = {0};

	message.ref = cts_pack_ref(&arena, change->ref);
	message.writer = loose(change->writer);
	message.agency = loose(change->agency);
	message.author = loose(change->author);
	message.time = change->time;
	message.received = change->received;
	message.message = loose(change->message);
	if (!cts_oid_is_zero(&change->commit))
		message.commit = (ProtobufCBinaryData){
			.len = CTS_OID_SIZE, .data = (uint8_t *)(uintptr_t)change->commit.bytes};
	message.is_seen = change->is_seen;
	message.last_seen = cts_pack_ref(&arena, change->last_seen);
	message.arrival = change->arrival;
	message.record_count = change->record_count;
	cts_wire_pack(out, &message.base);
	cts_arena_release(&arena);
}

int cts_stored_change_decode(
	struct cts_change *out, struct cts_arena *arena, const void *data, size_t size)
{
	struct cts_change change = {.is_seen = false};
	const Ctsync__StoredChange *message;
	ProtobufCMessage *base;
	int rc;

	rc = cts_wire_unpack(&base, arena, &ctsync__stored_change__descriptor, data, size);
	if (rc < 0)
		return rc;
	message = (const Ctsync__StoredChange *)base;
	if (strlen(message->writer) > CTS_WRITER_HEX)
		return cts_fail(CTS_EDAMAGED, "a stored change by no writer");
	rc = cts_unpack_ref(&change.ref, message->ref);
	if (rc < 0)
		return rc;
	rc = cts_unpack_ref(&change.last_seen, message->last_seen);
	if (rc < 0)
		return rc;
	if (message->commit.len) {
		rc = cts_unpack_oid(&change.commit, message->commit);
		if (rc < 0)
			return rc;
		if (cts_oid_is_zero(&change.commit))
			return cts_fail(CTS_EDAMAGED, "a stored change of no commit");
	}
	strcpy(change.writer, message->writer);
	change.agency = message->agency;
	change.author = message->author;
	change.time = message->time;
	change.received = message->received;
	change.message = message->message;
	change.is_seen = message->is_seen;
	change.arrival = message->arrival;
	change.record_count = message->record_count;
	*out = change;
	return 0;
}

/* ---- edits ------------------------------------------------------------------------------------
 */

static Ctsync__StoredEdit **pack_edits(
	struct cts_arena *arena, const struct cts_edit *edits, size_t count)
{
	Ctsync__StoredEdit **all = cts_arena_alloc(arena, count * sizeof(*all));
	Ctsync__StoredEdit *packed = cts_arena_alloc(arena, count * sizeof(*packed));

	for (size_t i = 0; i < count; i++) {
		ctsync__stored_edit__init(&packed[i]);
		packed[i].field = loose(edits[i].field);
		CTS_PACK_VALUE(&packed[i], old_value, edits[i].old_value);
		CTS_PACK_VALUE(&packed[i], new_value, edits[i].new_value);
		all[i] = &packed[i];
	}
	return all;
}

static Ctsync__StoredMarking **pack_markings(
	struct cts_arena *arena, const struct cts_edit *markings, size_t count)
{
	Ctsync__StoredMarking **all = cts_arena_alloc(arena, count * sizeof(*all));
	Ctsync__StoredMarking *packed = cts_arena_alloc(arena, count * sizeof(*packed));

	for (size_t i = 0; i < count; i++) {
		ctsync__stored_marking__init(&packed[i]);
		packed[i].field = loose(markings[i].field);
		CTS_PACK_VALUE(&packed[i], value, markings[i].new_value);
		all[i] = &packed[i];
	}
	return all;
}

void cts_stored_edits_encode(
	struct cts_buf *out, struct cts_ref by, const struct cts_record_edits *edits)
{
	Ctsync__StoredEdits message = CTSYNC__STORED_EDITS__INIT;
	struct cts_arena arena = {0};

	message.line = by.line;
	message.seq = by.seq;
	message.created = edits->created;
	message.deleted = edits->deleted;
	message.n_edits = edits->edit_count;
	message.edits = pack_edits(&arena, edits->edits, edits->edit_count);
	message.n_markings = edits->marking_count;
	message.markings = pack_markings(&arena, edits->markings, edits->marking_count);
	cts_wire_pack(out, &message.base);
	cts_arena_release(&arena);
}

int cts_stored_edits_decode(struct cts_ref *by, struct cts_record_edits *edits,
	struct cts_arena *arena, const char *key, const void *data, size_t size)
{
	struct cts_record_edits read = {.key = key};
	const Ctsync__StoredEdits *message;
	ProtobufCMessage *base;
	int rc;

	rc = cts_wire_unpack(&base, arena, &ctsync__stored_edits__descriptor, data, size);
	if (rc < 0)
		return rc;
	message = (const Ctsync__StoredEdits *)base;
	if (!message->line || !message->seq)
		return cts_fail(CTS_EDAMAGED, "edits by no change");
	read.created = message->created;
	read.deleted = message->deleted;
	read.edit_count = message->n_edits;
	read.edits = cts_arena_alloc(arena, message->n_edits * sizeof(*read.edits));
	for (size_t i = 0; i < message->n_edits; i++)
		read.edits[i] = (struct cts_edit){
			.field = message->edits[i]->field,
			.old_value = CTS_UNPACK_VALUE(message->edits[i], old_value),
			.new_value = CTS_UNPACK_VALUE(message->edits[i], new_value),
		};
	read.marking_count = message->n_markings;
	read.markings = cts_arena_alloc(arena, message->n_markings * sizeof(*read.markings));
	for (size_t i = 0; i < message->n_markings; i++) {
		struct cts_value value = CTS_UNPACK_VALUE(message->markings[i], value);

		read.markings[i] = (struct cts_edit){message->markings[i]->field, value, value};
	}
	*by = (struct cts_ref){.line = message->line, .seq = message->seq};
	*edits = read;
	return 0;
}
