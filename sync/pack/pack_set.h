/*
 * Finished packs, read together as they are stored: which object lies where, its deflated bytes and
 * what it is a delta of. libgit2 gives objects by name; who joins packs needs the entries.
 *
 *	struct cts_pack_set *set;
 *	rc = cts_pack_set_open(&set, "mirror.git/objects/pack", names, count);
 *	for (uint32_t i = 0; i < cts_pack_set_count(set); i++)
 *		rc = cts_pack_set_entry(&entry, set, i);
 *	cts_pack_set_free(set);
 *
 * An object is spoken of by its item, a number: items stand by pack, in the order in which they lie
 * there. An object that several packs hold has an item in each; cts_pack_set_find tells one of
 * them, always the same. Every entry is checked against the CRC in its pack's idx, every idx against
 * its own digest. Memory: about 45 bytes an object. Files are held open, so that nobody can take
 * them away.
 *
 * Errors: CTS_EDAMAGED, CTS_EIO.
 */
#ifndef CTS_SYNC_PACK_SET_H
#define CTS_SYNC_PACK_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/hash.h"
#include "sync/pack/object.h"

#define CTS_PACK_ITEM_NONE UINT32_MAX

struct cts_pack_set;

/* One entry as it is stored. */
struct cts_pack_raw {
	enum cts_object type; /* of a delta: not known, 0 */
	bool is_delta;
	uint32_t base; /* its item; CTS_PACK_ITEM_NONE: the base is in none of the packs */
	size_t size;   /* inflated; of a delta, of the delta */
	struct cts_slice deflated; /* until the next entry is read */
};

/* `names` are those of packs without folder and end: "pack-3f...". @return CTS_ENOTFOUND when one
 * of them is not there any more, CTS_EDAMAGED */
int cts_pack_set_open(
	struct cts_pack_set **out, const char *pack_dir, const char *const *names, size_t count);
void cts_pack_set_free(struct cts_pack_set *set);

uint32_t cts_pack_set_count(const struct cts_pack_set *set);
const struct cts_oid *cts_pack_set_oid(const struct cts_pack_set *set, uint32_t item);
uint32_t cts_pack_set_find(const struct cts_pack_set *set, const struct cts_oid *oid);

/* Bytes of all packs and their idx files. */
uint64_t cts_pack_set_bytes(const struct cts_pack_set *set);

int cts_pack_set_entry(struct cts_pack_raw *out, struct cts_pack_set *set, uint32_t item);

/* Finds the type of every object, reading the packs from front to back. */
int cts_pack_set_learn_types(struct cts_pack_set *set);

/* After cts_pack_set_learn_types. */
enum cts_object cts_pack_set_type(const struct cts_pack_set *set, uint32_t item);

/* The object itself, in place of what `out` holds; not checked against its name. */
int cts_pack_set_read(struct cts_buf *out, struct cts_pack_set *set, uint32_t item);

/* Appends what deflated data inflates to. @return CTS_EDAMAGED */
int cts_pack_set_inflate(
	struct cts_buf *out, struct cts_pack_set *set, struct cts_slice deflated, size_t size);

#endif
