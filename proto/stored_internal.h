/*
 * Inside proto/ only: what the writers and readers of stored messages share.
 */
#ifndef CTS_PROTO_STORED_INTERNAL_H
#define CTS_PROTO_STORED_INTERNAL_H

#include "proto/stored.h"
#include "stored.pb-c.h"

/* NULL for line 0, which is how a message leaves a ref out. */
Ctsync__EditRef *cts_pack_ref(struct cts_arena *arena, struct cts_ref ref);

/* NULL gives line 0. @return CTS_EDAMAGED for half a ref */
int cts_unpack_ref(struct cts_ref *out, const Ctsync__EditRef *message);

/* The value of CTS_DELETED. */
struct cts_value cts_life_value(bool deleted);

/* Affirmed by every edit of the record. */
bool cts_is_marking(const struct cts_field *field);

#endif
