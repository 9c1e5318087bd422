/*
 * What the parts of a pack's receiver share: pack_receive.c goes over the entries,
 * pack_receive_delta.c makes objects of deltas, pack_receive_finish.c ends the pack.
 *
 * Objects are spoken of by number: entries of the pack in their order, bases from outside behind
 * CTS_RECEIVE_OUTSIDE. An entry's base always has its object known before the entry itself does,
 * so there are no circles to be followed.
 */
#ifndef CTS_SYNC_PACK_RECEIVE_INTERNAL_H
#define CTS_SYNC_PACK_RECEIVE_INTERNAL_H

#include <zlib.h>

#include "sync/pack/kept.h"
#include "sync/pack/pack_entry.h"
#include "sync/pack/pack_index.h"
#include "sync/pack/pack_receive.h"

enum {
	CTS_RECEIVE_HEADER = 12, /* bytes: PACK, version, count */
	CTS_RECEIVE_TRAILER = CTS_OID_SIZE,
	/* Bytes of the largest object that is indexed, a delta or what it makes. Far more than one of the
	 * programme may have (object.h): whoever puts a larger one on a branch has that branch refused when it
	 * is read, and not everybody's fetch. */
	CTS_RECEIVE_OBJECT_MAX = 256 * 1024 * 1024,
};

#define CTS_RECEIVE_OUTSIDE ((uint32_t)1 << 31)
#define CTS_RECEIVE_NONE UINT32_MAX

struct cts_receive_entry {
	uint64_t offset : 56;
	uint64_t type : 8; /* of the object; 0: it waits for its base */
	uint32_t base;     /* its number; CTS_RECEIVE_NONE: the object is stored whole */
	uint32_t named;    /* in the index; CTS_RECEIVE_NONE: another has the name */
};

/* An entry that waits: for the object of a name, or (as the first bytes of one) for another entry. */
struct cts_receive_wait {
	struct cts_oid base;
	uint32_t entry;
};

struct cts_receive_waits {
	struct cts_receive_wait *waits;
	uint32_t count, capacity;
};

struct cts_pack_receiving {
	struct cts_pack_receive_options options;
	char *dir;
	char *pack_path, *idx_path; /* temporary names, while there are such files */
	int fd;
	uint64_t size; /* bytes that arrived, all in the file */
	const uint8_t *map;
	uint64_t map_size;
	uint64_t at;        /* where the next entry begins; 0: the header was not read yet */
	uint64_t try_from;  /* the size from which on it is worth going on */
	struct cts_sha1 sha1; /* of all before `at` */
	uint32_t total;     /* objects that the header promises */
	uint32_t done;      /* entries whose object is known */
	struct cts_receive_entry *entries;
	uint32_t count, capacity;
	struct cts_pack_index index;   /* every object once */
	struct cts_pack_index outside; /* bases that lie outside; the n-th has the number OUTSIDE | n */
	struct cts_buf outside_types;  /* a byte each */
	struct cts_receive_waits by_name, by_entry;
	struct cts_kept kept; /* by number */
	struct {
		struct cts_buf data;
		uint32_t number;
	} last; /* the object that was made last, of any size */
	struct cts_buf inflated, data; /* the entry in hand, the object made of it */
	struct cts_buf base, delta, next; /* scratch of cts_receive_read */
	uint32_t *chain;
	size_t chain_capacity;
	z_stream inflater;
};

/* The failure of an entry: "the object at byte 12 <what>". */
int cts_receive_fail(uint64_t offset, const char *what);

/* Goes over the entries as far as there are bytes; `is_all`: no more will come. */
int cts_receive_go_on(struct cts_pack_receiving *receiving, bool is_all);

void cts_receive_tell(const struct cts_pack_receiving *receiving);

/* Takes the object of an entry, which stands in receiving->data: names it and keeps it. */
int cts_receive_take(
	struct cts_pack_receiving *receiving, uint32_t entry, unsigned type, uint32_t base);

/* The same for a delta, which stands in receiving->inflated: if its base is known, else it waits. */
int cts_receive_delta(
	struct cts_pack_receiving *receiving, uint32_t entry, const struct cts_pack_head *head);

/* The entry that begins there; CTS_RECEIVE_NONE. */
uint32_t cts_receive_entry_at(const struct cts_pack_receiving *receiving, uint64_t offset);

/* Makes the objects of those that wait. */
int cts_receive_settle(struct cts_pack_receiving *receiving);

/* An object by number, until the next one is made or read. */
int cts_receive_read(
	struct cts_slice *out, struct cts_pack_receiving *receiving, uint32_t number);

#endif
