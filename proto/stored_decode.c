/*
 * Reading a stored record (see stored_record.c). It walks the bytes itself instead of unpacking the
 * whole message: those who list records never pay for their state. With the state wanted, what the
 * bytes leave out is put back: a state for every field that `edited` and `affirmed` speak of.
 */
#include <string.h>

#include "proto/error.h"
#include "proto/record_internal.h"
#include "proto/stored.h"
#include "proto/stored_internal.h"
#include "proto/wire.h"

/* Numbers of message StoredRecord. */
enum {
	NUMBER_FIELDS = 1,
	NUMBER_COMMON = 2,
	NUMBER_UNKNOWN = 3,
	NUMBER_CONFLICTS = 4,
	NUMBER_DELETED = 5,
	NUMBER_EDITED = 6,
	NUMBER_AFFIRMED = 7,
	NUMBER_STATE = 8,
};

/* ---- decoding the record ----------------------------------------------------------------------
 */

struct reader {
	struct cts_record *record;
	bool deleted;
	struct cts_slice rest; /* from NUMBER_EDITED on: the state */
};

static int read_part(struct reader *reader, const struct cts_wire_field *part)
{
	struct cts_record *record = reader->record;
	struct cts_slice bytes = part->bytes;
	ProtobufCMessage *message;
	int rc;

	if (part->number == NUMBER_DELETED) {
		if (part->type != CTS_WIRE_VARINT || part->value != 1)
			return cts_fail(CTS_EDAMAGED, "a stored record is damaged");
		reader->deleted = true;
		return 0;
	}
	if (part->type != CTS_WIRE_BYTES)
		return cts_fail(CTS_EDAMAGED, "a stored record is damaged");
	switch (part->number) {
	case NUMBER_FIELDS:
	case NUMBER_COMMON:
		if (!bytes.size)
			break;
		return cts_record_unpack_fields(
			record, part->number == NUMBER_COMMON, bytes.data, bytes.size);
	case NUMBER_UNKNOWN:
		rc = cts_wire_unpack(&message, &record->arena, &ctsync__unknown_member__descriptor,
			bytes.data, bytes.size);
		return rc < 0 ? rc
			      : cts_unpack_unknown(record, (const Ctsync__UnknownMember *)message);
	case NUMBER_CONFLICTS:
		rc = cts_wire_unpack(&message, &record->arena, &ctsync__conflict__descriptor,
			bytes.data, bytes.size);
		return rc < 0 ? rc : cts_unpack_conflict(record, (const Ctsync__Conflict *)message);
	}
	return cts_fail(CTS_EDAMAGED, "a stored record is damaged");
}

static bool may_repeat(uint32_t number)
{
	return number == NUMBER_UNKNOWN || number == NUMBER_CONFLICTS;
}

static int read_record(struct reader *reader, const void *data, size_t size)
{
	struct cts_wire wire = cts_wire_of(data, size);
	struct cts_wire_field part = {0};
	uint32_t last = 0;
	int rc;

	for (;;) {
		const uint8_t *start = wire.at;

		rc = cts_wire_next(&part, &wire);
		if (rc == 0)
			return 0;
		if (rc < 0 || part.number < last || (part.number == last && !may_repeat(last)))
			return cts_fail(CTS_EDAMAGED, "a stored record is damaged");
		if (part.number >= NUMBER_EDITED) {
			reader->rest = (struct cts_slice){start, (size_t)(wire.end - start)};
			return 0;
		}
		rc = read_part(reader, &part);
		if (rc < 0)
			return rc;
		last = part.number;
	}
}

/* ---- decoding the state -----------------------------------------------------------------------
 */

struct state_reader {
	const struct reader *reader;
	struct cts_state *state;
	struct cts_ref edited, affirmed;
	bool *is_listed; /* by field index, then the life, then unknown members */
	size_t last;     /* the place of the last one listed, plus 1 */
	const char *last_unknown;
};

static struct cts_field_state *add_field(
	struct cts_state *state, const char *name, size_t newest_count)
{
	struct cts_field_state *field =
		cts_arena_push(state->arena, &state->fields, &state->count, sizeof(*field));

	field->field = name;
	field->count = newest_count;
	field->newest = cts_arena_alloc(state->arena, newest_count * sizeof(*field->newest));
	return field;
}

/* A field whose newest edits all are `by`, to what is shown. */
static void add_shared(struct cts_state *state, const char *name, struct cts_ref by,
	struct cts_value shown, bool is_set)
{
	struct cts_field_state *field = add_field(state, name, is_set ? shown.count : 1);

	shown = cts_value_copy(state->arena, shown);
	for (size_t i = 0; i < field->count; i++) {
		field->newest[i].by = by;
		field->newest[i].value = shown;
		if (is_set)
			field->newest[i].value =
				(struct cts_value){.count = 1, .items = &shown.items[i]};
	}
}

/* The place of a state in the order of encoding, and what the record shows of it. */
static int find_place(size_t *place, struct cts_value *shown, bool *is_set,
	const struct state_reader *r, const char *name)
{
	const struct cts_record *record = r->reader->record;
	const struct cts_kind *kind = record->kind;
	const struct cts_field *field = strchr(name, '/') ? NULL : cts_kind_field(kind, name);
	const struct cts_unknown *unknown;

	*is_set = field && field->merge == CTS_MERGE_SET;
	*shown = (struct cts_value){0};
	if (field) {
		*place = field->index;
		*shown = record->values[field->index];
	} else if (strcmp(name, CTS_DELETED) == 0) {
		*place = kind->field_count;
		*shown = cts_life_value(r->reader->deleted);
	} else if (strchr(name, '/')) {
		unknown = cts_record_unknown(record, name);
		*place = kind->field_count + 1;
		if (unknown) {
			*shown = cts_value_of(r->state->arena, unknown->json);
			*place += (size_t)(unknown - record->unknown);
		}
	} else {
		return cts_fail(CTS_EDAMAGED, "a state of an unknown field '%s'", name);
	}
	return 0;
}

/* Ascending, each once. */
static int take_place(struct state_reader *r, const char *name, size_t place, bool is_shown)
{
	size_t life = r->reader->record->kind->field_count;
	bool is_after;

	if (place <= life)
		is_after = place + 1 > r->last && !r->last_unknown;
	else
		is_after = !r->last_unknown || strcmp(r->last_unknown, name) < 0;
	if (!is_after)
		return cts_fail(CTS_EDAMAGED, "the state of '%s' is out of place", name);
	if (place > life)
		r->last_unknown = name;
	else
		r->last = place + 1;
	if (place <= life || is_shown)
		r->is_listed[place] = true;
	return 0;
}

static int read_field(struct state_reader *r, const Ctsync__FieldState *from)
{
	struct cts_field_state *field;
	struct cts_value shown;
	size_t place = 0;
	bool is_set;
	int rc = find_place(&place, &shown, &is_set, r, from->field);

	if (rc >= 0)
		rc = take_place(r, from->field, place, shown.count > 0);
	if (rc < 0 || !from->n_newest)
		return rc;
	field = add_field(r->state, from->field, from->n_newest);
	for (size_t i = 0; i < from->n_newest; i++) {
		const Ctsync__Newest *newest = from->newest[i];
		struct cts_newest *to = &field->newest[i];

		if (!newest->line || !newest->seq)
			return cts_fail(CTS_EDAMAGED, "an edit of '%s' by no change", from->field);
		to->by = (struct cts_ref){.line = newest->line, .seq = newest->seq};
		to->value = CTS_UNPACK_VALUE(newest, value);
		if (from->n_newest == 1 && !to->value.count)
			to->value = cts_value_copy(r->state->arena, shown);
		if (is_set && to->value.count != 1)
			return cts_fail(CTS_EDAMAGED, "an edit of '%s' to no member", from->field);
	}
	return 0;
}

/* What `edited` and `affirmed` say of everything that is not listed. */
static void add_unlisted(struct state_reader *r)
{
	const struct cts_record *record = r->reader->record;
	const struct cts_kind *kind = record->kind;
	struct cts_ref edited = r->edited, affirmed = r->affirmed;

	for (size_t i = 0; i < kind->field_count; i++) {
		const struct cts_field *field = &kind->fields[i];
		struct cts_ref by = cts_is_marking(field) ? affirmed : edited;

		if (!r->is_listed[i] && by.line &&
			(cts_is_marking(field) || record->values[i].count))
			add_shared(r->state, field->name, by, record->values[i],
				field->merge == CTS_MERGE_SET);
	}
	if (!r->is_listed[kind->field_count] && affirmed.line)
		add_shared(
			r->state, CTS_DELETED, affirmed, cts_life_value(r->reader->deleted), false);
	for (size_t i = 0; edited.line && i < record->unknown_count; i++)
		if (!r->is_listed[kind->field_count + 1 + i])
			add_shared(r->state, cts_unknown_key(r->state->arena, &record->unknown[i]),
				edited, cts_value_of(r->state->arena, record->unknown[i].json),
				false);
}

static int read_ref(struct cts_ref *out, struct cts_arena *arena, struct cts_slice bytes)
{
	ProtobufCMessage *message;
	int rc = cts_wire_unpack(
		&message, arena, &ctsync__edit_ref__descriptor, bytes.data, bytes.size);

	return rc < 0 ? rc : cts_unpack_ref(out, (const Ctsync__EditRef *)message);
}

static int read_state_part(struct state_reader *r, const struct cts_wire_field *part)
{
	struct cts_arena *arena = r->state->arena;
	ProtobufCMessage *message;
	int rc;

	if (part->type != CTS_WIRE_BYTES)
		return cts_fail(CTS_EDAMAGED, "a stored record is damaged");
	switch (part->number) {
	case NUMBER_EDITED: return read_ref(&r->edited, arena, part->bytes);
	case NUMBER_AFFIRMED: return read_ref(&r->affirmed, arena, part->bytes);
	case NUMBER_STATE:
		rc = cts_wire_unpack(&message, arena, &ctsync__field_state__descriptor,
			part->bytes.data, part->bytes.size);
		return rc < 0 ? rc : read_field(r, (const Ctsync__FieldState *)message);
	}
	return cts_fail(CTS_EDAMAGED, "a stored record is damaged");
}

static int read_state(struct cts_state *out, const struct reader *reader)
{
	const struct cts_record *record = reader->record;
	struct cts_state state = {.arena = out->arena};
	struct state_reader r = {.reader = reader, .state = &state};
	struct cts_wire wire = cts_wire_of(reader->rest.data, reader->rest.size);
	struct cts_wire_field part = {0};
	uint32_t last = 0;
	int rc;

	r.is_listed = cts_arena_alloc(out->arena,
		(record->kind->field_count + 1 + record->unknown_count) * sizeof(*r.is_listed));
	while ((rc = cts_wire_next(&part, &wire)) == 1) {
		if (part.number < last || (part.number == last && last != NUMBER_STATE))
			return cts_fail(CTS_EDAMAGED, "a stored record is damaged");
		rc = read_state_part(&r, &part);
		if (rc < 0)
			return rc;
		last = part.number;
	}
	if (rc < 0)
		return cts_fail(CTS_EDAMAGED, "a stored record is damaged");
	add_unlisted(&r);
	*out = state;
	return 0;
}

int cts_stored_record_decode(struct cts_record *record, bool *deleted, struct cts_state *state,
	const struct cts_kind *kind, const char *id, const void *data, size_t size)
{
	struct cts_record read;
	struct reader reader = {.record = &read};
	int rc;

	cts_record_init(&read, kind, id);
	rc = read_record(&reader, data, size);
	if (rc >= 0 && state)
		rc = read_state(state, &reader);
	if (rc < 0) {
		cts_record_release(&read);
		return rc;
	}
	*record = read;
	*deleted = reader.deleted;
	return 0;
}

int cts_stored_record_is_deleted(bool *out, const void *data, size_t size)
{
	struct cts_wire wire = cts_wire_of(data, size);
	struct cts_wire_field part = {0};
	int rc;

	do
		rc = cts_wire_next(&part, &wire);
	while (rc == 1 && part.number < NUMBER_DELETED);
	if (rc < 0)
		return cts_fail(CTS_EDAMAGED, "a stored record is damaged");
	*out = rc == 1 && part.number == NUMBER_DELETED;
	return 0;
}
