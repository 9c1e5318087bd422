/*
 * Objects by name from the packs of some folders, mapped into memory: what every step of a push or a pull asks
 * for thousands of times. An object that was a base a moment ago is kept, so a version of a tree costs the one
 * delta that it is away from the last.
 *
 *	struct cts_pack_reader *reader = cts_pack_reader_open();
 *	cts_pack_reader_add(reader, ".ctsync/mirror.git/objects/pack");
 *	if (cts_pack_reader_find(&place, reader, &oid))
 *		found = cts_pack_reader_read(&bytes, &type, NULL, reader, &place);
 *	cts_pack_reader_free(reader);
 *
 * Nothing is believed that is not checked, but nothing is explained either: whatever is not as it should be is
 * false, and the ordinary way to the object says what is wrong with it. That data matches its name is the
 * caller's to check. A pack that somebody takes away stays readable for who has found it. Memory: pages of the
 * files, and CTS_KEPT_BYTES.
 */
#ifndef CTS_SYNC_PACK_READER_H
#define CTS_SYNC_PACK_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/hash.h"
#include "sync/pack/object.h"

struct cts_pack_reader;

struct cts_pack_place {
	uint32_t pack;
	uint64_t offset;
};

struct cts_pack_reader *cts_pack_reader_open(void);
void cts_pack_reader_free(struct cts_pack_reader *reader); /* NULL is allowed */

/* A folder whose packs belong to it, those of now; what cannot be read has none. */
void cts_pack_reader_add(struct cts_pack_reader *reader, const char *pack_dir);

/* Looks at the folders again, where they changed since. True: packs came. */
bool cts_pack_reader_refresh(struct cts_pack_reader *reader);

bool cts_pack_reader_find(
	struct cts_pack_place *out, struct cts_pack_reader *reader, const struct cts_oid *oid);

/* The object in place of what `out` holds; not larger than its type may be. `stored` (may be NULL): the data
 * as they are deflated, until the reader is freed; nothing where they are those of a delta, or in a file that
 * others may write, since they could alter them after they were checked. */
bool cts_pack_reader_read(struct cts_buf *out, enum cts_object *type, struct cts_slice *stored,
	struct cts_pack_reader *reader, const struct cts_pack_place *place);

#endif
