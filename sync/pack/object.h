/*
 * The three types of git objects that a mirror holds, with the limits that are checked from an
 * object's header before the object is read, so that no stranger's object can fill our memory.
 */
#ifndef CTS_SYNC_OBJECT_H
#define CTS_SYNC_OBJECT_H

#include <stddef.h>

/* The numbers are those of the pack format, and libgit2's. */
enum cts_object {
	CTS_OBJECT_COMMIT = 1,
	CTS_OBJECT_TREE = 2,
	CTS_OBJECT_BLOB = 3,
};

/* "commit", "tree" or "blob". */
const char *cts_object_name(enum cts_object type);

/* Bytes an object of this type may have: 64 KiB a commit, 16 MiB a tree or a record. */
size_t cts_object_limit(enum cts_object type);

#endif
