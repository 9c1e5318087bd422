/*
 * Raw git trees: the bytes of a tree object, "<mode> <name>\0<20 bytes of id>" for each entry, read
 * and changed in place of any structure built from them. A mirror's trees hold files (100644) and
 * directories (40000), nothing else.
 *
 *	struct cts_slice rest = raw;
 *	struct cts_tree_entry entry;
 *	while (cts_tree_next(&entry, &rest))
 *		...
 *
 * Everything but cts_tree_check takes bytes that were checked, or that we made.
 */
#ifndef CTS_SYNC_TREE_H
#define CTS_SYNC_TREE_H

#include <stdbool.h>

#include "proto/buf.h"
#include "proto/hash.h"

#define CTS_TREE_NAME_MAX 255

struct cts_tree_entry {
	const char *name; /* inside the raw tree */
	size_t name_size;
	bool is_dir;
	struct cts_oid oid;
};

/* Checks a tree that may be anyone's: whole entries, the two modes, in git's order, no name twice
 * (a file and a directory of one name included), no empty name, '.', '..', '.git' (in any case),
 * '/', or name over CTS_TREE_NAME_MAX. Tells the number of entries.
 * @return CTS_EINTEGRITY, naming the entry */
int cts_tree_check(size_t *count, struct cts_slice raw);

/* The next entry, taken off `rest`; false at the end. */
bool cts_tree_next(struct cts_tree_entry *out, struct cts_slice *rest);

bool cts_tree_find(struct cts_tree_entry *out, struct cts_slice raw, const char *name);

/* git's order of names: by bytes, a directory as if its name ended in '/'. */
int cts_tree_compare(const char *a, bool a_is_dir, const char *b, bool b_is_dir);

/* Appends one entry; the caller keeps the order. */
void cts_tree_put(struct cts_buf *out, const char *name, bool is_dir, const struct cts_oid *oid);

/* One change of one entry. */
struct cts_tree_edit {
	const char *name;
	bool is_dir;
	const struct cts_oid *oid; /* NULL: remove; nothing happens where there is no such entry */
};

/* Appends `base` (empty: none) with the edits, which are in git's order, no name twice; returns the
 * change in the number of entries. An edit replaces an entry of its name whether file or directory
 * only when both are the same of the two. */
long cts_tree_splice(struct cts_buf *out, struct cts_slice base, const struct cts_tree_edit *edits,
	size_t edit_count);

#endif
