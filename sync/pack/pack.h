/*
 * A git pack, written as a stream; cts_pack_free ends it, and removes what was not finished.
 * libgit2's own writers store whole trees for every commit; here a tree goes in as a delta on its
 * previous version, so a change costs a few hundred bytes whatever the size of the store.
 *
 *	struct cts_pack *pack;
 *	rc = cts_pack_open(&pack, "mirror.git/objects/pack", NULL);
 *	rc = cts_pack_put(&blob, pack, CTS_OBJECT_BLOB, json, size, NULL);
 *	rc = cts_pack_put(&tree, pack, CTS_OBJECT_TREE, raw, raw_size, &previous);
 *	rc = cts_pack_finish(name, pack);       pack-<name>.pack and .idx are there and synced
 *	cts_pack_free(pack);
 *
 * Memory: 40 to 60 bytes an object and 4 MiB. Errors: CTS_EIO, CTS_ENOSPACE.
 */
#ifndef CTS_SYNC_PACK_H
#define CTS_SYNC_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/hash.h"
#include "sync/pack/object.h"

#define CTS_PACK_CHAIN_MAX 50 /* deltas on deltas; git's own limit */

struct cts_pack;

struct cts_pack_options {
	bool thin;      /* a base may lie outside the pack, where the receiver has it */
	bool ref_delta; /* bases by name only, for a receiver without the capability ofs-delta */
	/* Whether an object need not be written since the place that the pack is for has it. May be
	 * NULL. */
	bool (*exists)(void *context, const struct cts_oid *oid);
	void *context;
	uint64_t large_offset; /* see cts_pack_index_write; for tests */
};

/* An earlier version of an object, to be its delta's base. */
struct cts_pack_base {
	struct cts_oid oid;
	struct cts_slice data;
};

/* `options` may be NULL, here and below. Writes below `pack_dir` (.../objects/pack). */
int cts_pack_open(
	struct cts_pack **out, const char *pack_dir, const struct cts_pack_options *options);

/* Writes to the caller's `fd` from its present position, which must be seekable. */
void cts_pack_open_fd(struct cts_pack **out, int fd, const struct cts_pack_options *options);

/* Keeps the pack in memory, for cts_pack_finish_memory. */
void cts_pack_open_memory(struct cts_pack **out, const struct cts_pack_options *options);
void cts_pack_free(struct cts_pack *pack);

/* Adds an object, unless the pack has it or options.exists says so, and tells its name. As a delta
 * on `base` (NULL: none) where base is in the pack, or the pack is thin, and that is at most half
 * the size. */
int cts_pack_put(struct cts_oid *out, struct cts_pack *pack, enum cts_object type, const void *data,
	size_t size, const struct cts_pack_base *base);

/* The same of an object whose name is known to be `oid`. `stored`, if it has any: the data as another pack has
 * them deflated, to go in as they are where no delta does. */
int cts_pack_put_named(struct cts_pack *pack, const struct cts_oid *oid, enum cts_object type,
	struct cts_slice data, struct cts_slice stored, const struct cts_pack_base *base);

/* False of what a stranger stored in more bytes than deflate would take: that is not to go in as it is. */
bool cts_pack_is_sensible(struct cts_slice stored, size_t size);

bool cts_pack_has(const struct cts_pack *pack, const struct cts_oid *oid);

/* Whether a delta on that object may be put in. */
bool cts_pack_may_be_base(const struct cts_pack *pack, const struct cts_oid *oid);

/* Whether cts_pack_put would write an object of this name: neither the pack nor the place has it. */
bool cts_pack_lacks(const struct cts_pack *pack, const struct cts_oid *oid);
uint32_t cts_pack_count(const struct cts_pack *pack);
uint64_t cts_pack_bytes(const struct cts_pack *pack); /* so far; what is being deflated not counted */

/* Adds an object as another pack stores it: deflated, of `size` bytes inflated; with `base`, which must
 * be in the pack, it is a delta on that. The object must not be in the pack yet. */
int cts_pack_copy(struct cts_pack *pack, const struct cts_oid *oid, enum cts_object type, size_t size,
	const struct cts_oid *base, struct cts_slice deflated);

/* How many deltas lie between an object of the pack and a whole one; -1: it is not there. */
int cts_pack_depth(const struct cts_pack *pack, const struct cts_oid *oid);

/* Reads back an object of a pack that is still being written, in place of what `out` holds.
 * @return CTS_ENOTFOUND (also for a delta on a base outside a thin pack) */
int cts_pack_read(struct cts_buf *out, enum cts_object *type, struct cts_pack *pack,
	const struct cts_oid *oid);

/* Ends a pack of cts_pack_open: synced, in place under its name, which is told as hex, the idx
 * after it, and the folder synced. A pack without objects leaves no file and tells "". */
int cts_pack_finish(char name[CTS_OID_HEX + 1], struct cts_pack *pack);

/* Ends a pack of cts_pack_open_fd; the file offset is then at its end. Unsynced. */
int cts_pack_finish_fd(struct cts_pack *pack);

/* Ends a pack of cts_pack_open_memory; the bytes belong to the pack. */
struct cts_slice cts_pack_finish_memory(struct cts_pack *pack);

#endif
