/*
 * The references of a repository, read from its files: refs/ and packed-refs. libgit2 reads them too, but
 * to start it costs more than all else of a command that finds nothing new. They are moved with libgit2
 * (repo.h).
 */
#ifndef CTS_SYNC_REFS_H
#define CTS_SYNC_REFS_H

#include <stddef.h>

#include "proto/arena.h"
#include "proto/hash.h"

struct cts_ref_entry {
	const char *name; /* "refs/heads/nzp/7f3a9c21d0b4e586" */
	struct cts_oid oid;
};

/* Every direct reference below refs/ of the repository at `git_dir`, by name. In `arena`.
 * @return CTS_EDAMAGED: one that cannot be read */
int cts_refs_list(struct cts_ref_entry **out, size_t *count, struct cts_arena *arena,
	const char *git_dir);

/* The reference's value, a symbolic one's being that of what it names; zero when there is none. */
int cts_refs_get(struct cts_oid *out, const char *git_dir, const char *name);

#endif
