/*
 * A pack that comes from elsewhere, made one of a repository's own: its bytes are taken as they
 * arrive, every entry is gone over at once, and at the end the pack lies in the folder with an
 * idx. What a thin pack lacks is put behind it, so that it is whole.
 *
 *	rc = cts_pack_receive_open(&receiving, "quarantine.x/git/objects/pack", &options);
 *	rc = cts_pack_receive_append(receiving, bytes)    as often as bytes come
 *	rc = cts_pack_receive_finish(name, receiving);    pack-<name>.pack and .idx are there
 *	cts_pack_receive_free(receiving);                 removes what was not finished
 *
 * Nothing is synced: the folder is one that is thrown away. Nothing is believed: sizes are bounded
 * before anything is inflated, and an object has the name of what it holds. An object that comes
 * twice is named once by the idx; the bytes of the second stay where they are and count as the end
 * of the entry before it, which readers by name do not mind; `git index-pack` does.
 *
 * Memory: 60 to 80 bytes an object, and CTS_KEPT_BYTES. Errors: CTS_EINTEGRITY, with what is wrong
 * with the pack; CTS_EIO, CTS_ENOSPACE; what read_base returns, where CTS_EINTEGRITY becomes
 * CTS_EDAMAGED: it is ours that is not sound. After one, only _free is left.
 */
#ifndef CTS_SYNC_PACK_RECEIVE_H
#define CTS_SYNC_PACK_RECEIVE_H

#include <stdint.h>

#include "proto/buf.h"
#include "proto/hash.h"
#include "sync/pack/object.h"

struct cts_pack_receiving;

struct cts_pack_receive_options {
	/* Puts an object from outside the pack, which a delta is based on, in place of what `out`
	 * holds; see cts_odb_read_any. NULL: there are none. @return CTS_ENOTFOUND */
	int (*read_base)(
		void *context, struct cts_buf *out, enum cts_object *type, const struct cts_oid *oid);
	void *base_context;
	/* Called again and again while there is work: so many objects of so many are known. NULL:
	 * nobody listens. */
	void (*progress)(void *context, uint32_t done, uint32_t total);
	void *progress_context;
};

int cts_pack_receive_open(struct cts_pack_receiving **out, const char *pack_dir,
	const struct cts_pack_receive_options *options);
int cts_pack_receive_append(struct cts_pack_receiving *receiving, struct cts_slice bytes);

/* `name` is hex; a pack without objects leaves no file and tells "". */
int cts_pack_receive_finish(char name[CTS_OID_HEX + 1], struct cts_pack_receiving *receiving);
void cts_pack_receive_free(struct cts_pack_receiving *receiving); /* NULL is allowed */

#endif
