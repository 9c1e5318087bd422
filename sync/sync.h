/*
 * The road: git as the carrier between stores. This is the one public header of sync/; libgit2 stays
 * behind it.
 *
 * Each store is a writer and owns one branch, refs/heads/<agency>/<writer>, in its mirror
 * (.ctsync/mirror.git) and in every remote. Nobody else writes it, so a push is always a fast-forward.
 * State is a pure function of the set of commits (proto/merge.h), so a pull only adds commits and needs
 * none of its own. ctsync-repo(5) gives the layout and the grammar of commits.
 *
 *	            cts_seal                       cts_push
 *	journal ----------------> own branch ---------------------> remote
 *	records <---------------- checked commits <---------------- remote
 *	            apply              verify          fetch
 *	            \_______________ cts_pull ________________/
 *
 * A crash at any point leaves the store as it was or advanced: objects first, then one LMDB
 * transaction, then refs, which never move back; the next cts_road_open brings refs and LMDB together.
 *
 * Errors besides those named: CTS_EDAMAGED, CTS_ENOSPACE, CTS_EIO, CTS_ELOCKED.
 */
#ifndef CTS_SYNC_SYNC_H
#define CTS_SYNC_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

/* Told while something long runs; `total` 0: not known. May be NULL in options. */
struct cts_progress {
	void *context;
	void (*step)(void *context, const char *what, uint64_t done, uint64_t total);
	/* What a server says about itself, a line at a time, as it came: unfiltered. */
	void (*server_says)(void *context, const char *line);
};

/* ---- a store and its mirror ------------------------------------------------------------------- */

/* Makes a store at `path` (which must not exist): LMDB, mirror, the first change (the record of
 * its agency, role coordinator), sealed as the root commit. Whole or not at all.
 * `agency_code` as typed (DPMC). @return CTS_EREFUSED, CTS_EVALUE */
int cts_store_init(const char *path, const char *agency_code, const char *author,
	const struct cts_schema *schema);

struct cts_clone {
	const char *agency_code, *author;
	const char *root; /* NULL, or the root commit that it must have: 40 hex digits */
	/* filled: */
	struct cts_oid found_root;
	uint64_t commits, records;
	uint64_t refused; /* commits; cts_refusals tells which */
};

/* Makes a store at `path` from a remote, which becomes `origin`, or from the file of a bundle, which does
 * not. Whole or not at all.
 * @return CTS_EREFUSED (an empty repository, or one that is no ctsync repository), CTS_EINTEGRITY (the
 * root is another), CTS_EUNREACHABLE, CTS_EAUTH */
int cts_store_clone(const char *path, const char *url, struct cts_clone *clone,
	const struct cts_progress *progress);

/* Rebuilds data.mdb of the store at `path` from the mirror, the journal file and `received`, beside the
 * damaged one, and puts it in its place. Counts may be NULL. */
int cts_store_rebuild(const char *path, uint64_t *commits, uint64_t *pending,
	const struct cts_progress *progress);

/* The store's mirror, opened for one command. */
struct cts_road;

/* Opens the mirror; brings refs and LMDB together after a crash; removes what dead processes left. */
int cts_road_open(struct cts_road **out, struct cts_store *store);
void cts_road_close(struct cts_road *road);

/* Invariants between LMDB and the mirror, by number; the part of `ctsync check` that needs git: refs
 * agree with heads, every head's objects are there, the tree base is the view. */
int cts_road_check(struct cts_road *road, struct cts_check *check);

/* ---- the steps -------------------------------------------------------------------------------- */

/* Turns the journal into commits on the own branch. @return the number of commits made */
int cts_seal(struct cts_road *road, const struct cts_progress *progress);

struct cts_refusal {
	struct cts_oid commit; /* zero: a whole branch */
	const char *branch;    /* "nzp/7f3a9c21d0b4e586" */
	const char *why;
	bool is_final;         /* it is remembered, and not asked for again */
};

struct cts_pull {
	uint64_t commits;         /* newly received */
	uint64_t records_changed;
	uint64_t conflicts;       /* records newly in conflict */
	struct cts_refusal *refused;
	size_t refused_count;
	const char **ignored;     /* branches there that are no writer's, root or main */
	size_t ignored_count;
	struct cts_arena arena;   /* of these; zeroed by the caller */
};
void cts_pull_release(struct cts_pull *pull);

/* Fetches from a remote, checks every new commit, applies what is well formed in one transaction. What
 * is refused is named and harms nobody else; then the return is CTS_EINTEGRITY with `pull` filled.
 * `remote` is a configured name. @return CTS_EUNREACHABLE, CTS_EAUTH, CTS_EREFUSED (unrelated) */
int cts_pull(struct cts_pull *out, struct cts_road *road, const char *remote,
	const struct cts_progress *progress);

struct cts_push {
	uint64_t commits;          /* of the own branch, new to the remote */
	const char **branches;     /* every ref that was moved there, in order */
	size_t branch_count;
	const char **declined;     /* refs of others, root or main that the host would not take, and why */
	size_t declined_count;
	struct cts_arena arena;    /* zeroed by the caller */
};
void cts_push_release(struct cts_push *push);

/* Seals, then pushes the own branch, then, best effort, others' branches that the remote lacks, `root`
 * and `main`. @return CTS_EREJECTED, CTS_EUNREACHABLE, CTS_EAUTH, CTS_EREFUSED (unrelated repository) */
int cts_push(struct cts_push *out, struct cts_road *road, const char *remote, bool reset_main,
	const struct cts_progress *progress);

/* A receipt: when edits were received since our last commit, a seen commit that says so to whoever gets
 * our next push or bundle. `change` is its name. @return 1 written, 0 there was nothing to say;
 * CTS_EREFUSED (no author known) */
int cts_receipt(
	char change[CTS_CHANGE_TEXT], struct cts_road *road, const struct cts_progress *progress);

/* ---- bundles: a push and a pull in a file (sync/bundle/bundle.h) -------------------------------------- */

struct cts_bundle_options {
	const char *path;  /* NULL: `fd`, a file that can be sought in, from its present offset */
	int fd;
	const char *since; /* NULL: everything. Else what the receiver has: a revision (cts_view_parse), an
	                      agency (what it showed that it saw), a bundle's path (what that showed) */
	bool replace;      /* whatever file stands at `path`; else only a bundle of this programme */
};

struct cts_bundle_made {
	uint64_t commits; /* in it; 0: nothing is new since then, and nothing was written */
	uint64_t bytes;
	size_t branch_count, base_count; /* named in it; of commits that it builds on */
};

/* Seals, then writes a bundle; whole or not at all.
 * @return CTS_EREFUSED (another file stands there, a bundle of another programme), CTS_ENOTFOUND and
 * CTS_EVALUE (`since`) */
int cts_bundle_create(struct cts_bundle_made *out, struct cts_road *road,
	const struct cts_bundle_options *options, const struct cts_progress *progress);

/* What is in a bundle. `is_here` is false, and everything new, without a store. */
struct cts_bundle_need {
	struct cts_oid commit;
	const char *name; /* as the bundle names it, "nzp 7f3a9c21d0b4e586.12"; "" */
	bool is_here;
};
struct cts_bundle_branch {
	const char *agency, *writer;
	struct cts_oid head; /* zero: commits whose branch is not in it */
	bool is_here;
	uint64_t commits, new_commits; /* of that writer */
	int64_t first, last;           /* times of the new ones; 0: none */
	const char **authors;          /* of the new ones */
	size_t author_count;
};
enum cts_bundle_whose { CTS_BUNDLE_UNKNOWN, CTS_BUNDLE_OURS, CTS_BUNDLE_FOREIGN };
struct cts_bundle_show {
	int version; /* of git's format */
	uint64_t bytes, objects, commits, new_commits;
	uint64_t unreadable;   /* commits that are not of our form */
	bool is_right;         /* the pack's checksum; if it is wrong, the pack is not looked into */
	bool is_header_sealed; /* the header has a checksum, which is right */
	enum cts_bundle_whose whose;
	struct cts_oid root, main; /* zero: none */
	struct cts_bundle_need *needs;
	size_t need_count;
	struct cts_bundle_branch *branches;
	size_t branch_count;
	const char **others; /* references that are no writer's, root or main */
	size_t other_count;
	struct cts_arena arena; /* of these; zeroed by the caller */
};
void cts_bundle_show_release(struct cts_bundle_show *show);

/* Looks into the bundle behind `fd` (a file), which errors call `name`; nothing of it is taken in.
 * `store` may be NULL. @return CTS_EINTEGRITY: no bundle; a wrong checksum of the pack is no failure */
int cts_bundle_show(struct cts_bundle_show *out, struct cts_store *store, int fd, const char *name);

/* Takes in what is new in the bundle behind `fd`, through all checks of a pull. Nothing of a remote is
 * remembered. @return as cts_pull; CTS_EREFUSED also when commits that it builds on are not here;
 * CTS_EINTEGRITY also for one that was cut or altered, and then nothing is taken */
int cts_bundle_apply(struct cts_pull *out, struct cts_road *road, int fd, const char *name,
	const struct cts_progress *progress);

/* ---- care ------------------------------------------------------------------------------------- */

struct cts_compacted {
	uint64_t packs_before, packs_after;
	uint64_t mirror_before, mirror_after; /* bytes of the mirror's packs and their indexes */
	uint64_t data_before, data_after;     /* bytes of data.mdb */
};

/* Makes one pack of all of the mirror's, with deltas along the history, then a data.mdb without unused
 * pages (cts_store_compact). Others may use the store meanwhile; needs as much room as what it makes.
 * @return CTS_ELOCKED: others compact, or fetch without end */
int cts_compact(
	struct cts_compacted *out, struct cts_road *road, const struct cts_progress *progress);

struct cts_backup {
	char folder[64]; /* what tar makes of the file */
	uint64_t records, pending;
	uint64_t bytes;  /* of the file */
};

/* Writes the whole store, as of one moment, into a tar file at `path`, while others use it. Synced and put
 * in place when it is whole. @return CTS_EREFUSED: something stands there that is no backup */
int cts_backup(struct cts_backup *out, struct cts_road *road, const char *path,
	const struct cts_progress *progress);

/* ---- remotes (section [remote "name"] of the store's config) ---------------------------------- */

/* All below but cts_remote_add is about what the store remembers, and needs no git: it is a library of
 * its own (CMakeLists.txt), and `ctsync`, which does not link git, has it. */

struct cts_remote {
	const char *name;
	const char *url;
	int64_t last_pull, last_push; /* 0: never */
};

/* By order of the config. In `arena`. */
int cts_remotes(struct cts_store *store, struct cts_remote **out, size_t *count,
	struct cts_arena *arena);

/* `name` NULL: origin, else the only one. @return CTS_EREFUSED with the names */
int cts_remote_pick(struct cts_store *store, const char **out, struct cts_arena *arena,
	const char *name);

/* Adds a remote. A relative path is made absolute. `create`: makes a bare repository there (a path)
 * unless one exists. @return CTS_EVALUE (name or URL), CTS_EREFUSED (name taken, no repository) */
int cts_remote_add(struct cts_store *store, const char *name, const char *url, bool create);
int cts_remote_remove(struct cts_store *store, const char *name);   /* @return CTS_EREFUSED: none */
int cts_remote_set_url(struct cts_store *store, const char *name, const char *url);

/* Changes of this store that no remote (or, with a name, that remote) is known to have: pending ones
 * and sealed ones. */
int cts_unpushed(struct cts_store *store, const char *remote, uint64_t *pending, uint64_t *sealed);

/* state of one change for output: pending, committed, or pushed (to some remote). */
enum cts_change_state { CTS_CHANGE_PENDING, CTS_CHANGE_COMMITTED, CTS_CHANGE_PUSHED };
int cts_change_state(
	enum cts_change_state *out, struct cts_txn *txn, const struct cts_change *change);

/* What is remembered as refused, oldest first. In `arena`. */
int cts_refusals(struct cts_txn *txn, struct cts_refusal **out, size_t *count,
	struct cts_arena *arena);

#endif
