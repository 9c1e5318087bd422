/*
 * Very many files of one repository, read as its packs store them: each is found, inflated and checked once,
 * and goes into another pack as it is, without being deflated again, which would cost more than all the rest.
 * cts_bulk_free ends what cts_bulk_open began.
 *
 *	struct cts_bulk *bulk = cts_bulk_open(odb);
 *	if (!cts_bulk_read(&bytes, &raw, bulk, &oid))
 *		rc = cts_odb_read(&bytes, odb, CTS_OBJECT_BLOB, &oid);
 *
 * What does not lie whole in one of the larger packs, or is not as it should be in any way, is left to
 * cts_odb_read, which says what is wrong. Memory: 45 bytes an object of those packs.
 */
#ifndef CTS_SYNC_BULK_H
#define CTS_SYNC_BULK_H

#include "sync/git/odb.h"
#include "sync/pack/pack_set.h"

#define CTS_BULK_MIN 4096 /* files to read, from which on this pays */

struct cts_bulk;

/* Always gives one; it may have nothing. */
struct cts_bulk *cts_bulk_open(struct cts_odb *odb);
void cts_bulk_free(struct cts_bulk *bulk); /* NULL is allowed */

/* A file as it is stored, checked against its checksum alone: for packs of our own. False: not here. */
bool cts_bulk_find(struct cts_pack_raw *out, struct cts_bulk *bulk, const struct cts_oid *oid);

/* The file in place of what `out` holds, checked against its name with the SHA-1 that detects collisions;
 * `raw` is what it was made of. False: not here. */
bool cts_bulk_read(struct cts_buf *out, struct cts_pack_raw *raw, struct cts_bulk *bulk,
	const struct cts_oid *oid);

#endif
