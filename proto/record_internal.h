/*
 * Inside proto/ only: the parts of a record that its bytes, in the journal and in the store, share.
 */
#ifndef CTS_PROTO_RECORD_INTERNAL_H
#define CTS_PROTO_RECORD_INTERNAL_H

#include "proto/record.h"
#include "record.pb-c.h"

/* What init does, in an arena that is already in use. */
void cts_record_begin(struct cts_record *record, const struct cts_kind *kind, const char *id);

bool cts_side_equal(const struct cts_side *a, const struct cts_side *b);
bool cts_conflict_equal(const struct cts_conflict *a, const struct cts_conflict *b);

/* An unknown member by its key, or NULL. */
const struct cts_unknown *cts_record_unknown(const struct cts_record *record, const char *key);

/* A value as protobuf-c has repeated strings; borrowed both ways. */
#define CTS_PACK_VALUE(message, member, value)                                                     \
	((message)->n_##member = (value).count,                                                    \
		(message)->member = (char **)(uintptr_t)(value).items)
#define CTS_UNPACK_VALUE(message, member)                                                          \
	((struct cts_value){                                                                       \
		.count = (message)->n_##member, .items = (const char *const *)(message)->member})

/* Fails unless the bytes are a whole commit id. @return CTS_EDAMAGED */
int cts_unpack_oid(struct cts_oid *out, ProtobufCBinaryData bytes);

/* The envelope's lists as messages, in `arena`, borrowing from the record. */
Ctsync__UnknownMember **cts_pack_unknown(struct cts_arena *arena, const struct cts_record *record);
Ctsync__Conflict **cts_pack_conflicts(struct cts_arena *arena, const struct cts_record *record);

/* And back, one at a time and in order, onto a record in whose arena the messages lie.
 * @return CTS_EDAMAGED */
int cts_unpack_unknown(struct cts_record *record, const Ctsync__UnknownMember *member);
int cts_unpack_conflict(struct cts_record *record, const Ctsync__Conflict *conflict);

#endif
