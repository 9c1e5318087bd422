/*
 * The objects of a bare repository, read by name; cts_odb_free closes what cts_odb_open opened.
 * Only commits, trees and blobs within their limits (object.h) come out, each checked against its
 * name: those of a foreign repository with the SHA-1 that detects collisions.
 *
 *	struct cts_odb *odb;
 *	cts_odb_open(&odb, ".ctsync/mirror.git");
 *	rc = cts_odb_read(&buf, odb, CTS_OBJECT_COMMIT, &oid);
 *	cts_odb_free(odb);
 *
 * Objects that another process packed since are found: a miss looks at the folder again.
 */
#ifndef CTS_SYNC_ODB_H
#define CTS_SYNC_ODB_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/hash.h"
#include "sync/pack/object.h"

struct cts_odb;

/* The objects of the bare repository at `git_dir`, its alternates included. Nothing is opened before the
 * first object is asked for; one that cannot be opened is CTS_EDAMAGED then. */
void cts_odb_open(struct cts_odb **out, const char *git_dir);

/* The same where others put the objects in, and nobody has checked them yet. */
void cts_odb_open_foreign(struct cts_odb **out, const char *git_dir);
void cts_odb_free(struct cts_odb *odb);

/* Puts the object in place of what `out` holds.
 * @return CTS_ENOTFOUND when it is missing (which, where one of ours names it, means damage),
 * CTS_EINTEGRITY when it has another type, is over the limit or does not match its name */
int cts_odb_read(
	struct cts_buf *out, struct cts_odb *odb, enum cts_object type, const struct cts_oid *oid);

/* The same; also tells the data as they are stored deflated in a pack, until the odb is freed: nothing where
 * they are not stored so. */
int cts_odb_read_stored(struct cts_buf *out, struct cts_slice *stored, struct cts_odb *odb,
	enum cts_object type, const struct cts_oid *oid);

/* Of an object that was read from this odb a moment ago: the data as they are stored, and their size inflated. False
 * where they are not stored so, or nobody remembers. */
bool cts_odb_stored(struct cts_slice *deflated, size_t *size, const struct cts_odb *odb,
	enum cts_object type, const struct cts_oid *oid);

/* The same for a tree, in the form that a tree cache wants; `odb` is a struct cts_odb. */
int cts_odb_read_tree(void *odb, struct cts_buf *out, const struct cts_oid *oid);

/* The same of whatever type it has, in the form that the receiver of a pack wants. */
int cts_odb_read_any(
	void *odb, struct cts_buf *out, enum cts_object *type, const struct cts_oid *oid);

/* Type and size from the header. @return as cts_odb_read, but any size is told */
int cts_odb_header(
	enum cts_object *type, size_t *size, struct cts_odb *odb, const struct cts_oid *oid);

/* Whether the object is there; does not look at the folder again, so it may miss what came since
 * the last cts_odb_refresh. */
bool cts_odb_has(struct cts_odb *odb, const struct cts_oid *oid);

/* Reads, so far, that failed because an object was missing or was not what its name says: the fault of
 * this repository. One of another type, or over its limit, is the fault of whoever named it. */
uint64_t cts_odb_faults(const struct cts_odb *odb);

int cts_odb_refresh(struct cts_odb *odb);

#endif
