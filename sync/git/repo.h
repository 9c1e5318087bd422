/*
 * Bare repositories on this machine's disks: the mirror, and hubs on a path. Made whole and synced or not
 * at all; references read and moved with their locks.
 */
#ifndef CTS_SYNC_REPO_H
#define CTS_SYNC_REPO_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/arena.h"
#include "proto/hash.h"
#include "sync/git/git.h"
#include "sync/git/refs.h"

/* Makes an empty bare repository with HEAD main at `path`, which must not exist: under a temporary name
 * beside it, synced, renamed. @return CTS_EREFUSED when something is there */
int cts_repo_create(const char *path);

/* A repository on a path. Its branches are read from its files; libgit2 opens it when something else is
 * asked for, which a command that finds nothing new never does. */
struct cts_repo;

/* @return CTS_EUNREACHABLE: no repository there; CTS_EREFUSED: a shallow or partial one */
int cts_repo_open(struct cts_repo **out, const char *path);
void cts_repo_close(struct cts_repo *repo); /* NULL allowed */

/* Its git folder, ending in '/'. */
const char *cts_repo_path(const struct cts_repo *repo);

/* libgit2's handle, which is the repository's. */
int cts_repo_handle(git_repository **out, struct cts_repo *repo);

/* Every direct reference, by name. In `arena`. */
int cts_repo_refs(struct cts_repo *repo, struct cts_ref_entry **out, size_t *count,
	struct cts_arena *arena);

/* The reference's value; zero when there is none. */
int cts_repo_ref(struct cts_repo *repo, struct cts_oid *out, const char *name);

/* Moves a reference from `old` (zero: it must not exist) to `oid`, under its lock, synced.
 * @return CTS_EREJECTED when it is not at `old`; CTS_ELOCKED */
int cts_repo_move(struct cts_repo *repo, const char *name, const struct cts_oid *old,
	const struct cts_oid *oid);

/* Removes every *.lock below refs/ of a repository that only we write, and its HEAD's and packed-refs'. */
void cts_remove_stale_locks(const char *git_dir);

/* refs/heads/<agency>/<16 hex>: both parts in the arena. False for any other name. */
bool cts_branch_parse(const char **agency, const char **writer, struct cts_arena *arena,
	const char *name);

#endif
