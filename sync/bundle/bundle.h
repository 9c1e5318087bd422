/*
 * A bundle: a push in a file, for where no network goes. It is a git bundle of version 2, which git reads
 * too: a header in lines, an empty line, a thin pack.
 *
 *	# v2 git bundle
 *	-<commit> nzp 7f3a9c21d0b4e586.12           the receiver must have it, with all before it
 *	<commit> refs/heads/dpmc/1b53de824574c7b7   every writer's branch, as far as the sender has it
 *	<commit> refs/heads/main                    the view, where the bundle holds everything
 *	<commit> refs/heads/root
 *	<commit> refs/ctsync/header/<40 hex>        the header's checksum; bundles that git made have none
 *
 * The pack's checksum guards the pack; the header's own, SHA-1 of all that stands before the name of its
 * last reference, sees to it that no flipped bit hides a branch. Both are against accidents: whether
 * commits are what they say is for the steps of a pull to judge.
 */
#ifndef CTS_SYNC_BUNDLE_H
#define CTS_SYNC_BUNDLE_H

#include "sync/git/repo.h"
#include "sync/source.h"

#define CTS_BUNDLE_HEADER_MAX ((size_t)16 << 20)
#define CTS_BUNDLE_SEAL "refs/ctsync/header/"

struct cts_bundle_base {
	struct cts_oid oid;
	const char *name; /* what stands behind it in the line; "" */
};

/* A bundle's header. */
struct cts_bundle_head {
	int version;
	struct cts_bundle_base *bases; /* its prerequisites */
	size_t base_count;
	struct cts_ref_entry *refs; /* without the checksum's */
	size_t ref_count;
	bool is_sealed;        /* it has a checksum of its own, which is right */
	uint64_t pack_start;   /* where the pack begins */
	uint64_t size;         /* of the whole file */
};

/* ---- bundle_head.c ---- */

/* The descriptor must be seekable; its offset does not matter and is not moved.
 * @return CTS_EINTEGRITY: it is no bundle, or a cut or altered one; CTS_ENEWER: of a form that is not read
 * here; CTS_EIO */
int cts_bundle_head_read(struct cts_bundle_head *out, struct cts_arena *arena, int fd);

/* Appends the header, checksum and empty line included; `root` is what that line names. */
void cts_bundle_head_write(struct cts_buf *out, const struct cts_bundle_head *head);

struct cts_oid cts_bundle_ref(const struct cts_bundle_head *head, const char *name);

/* Whether a path names a file that begins as a bundle does. */
bool cts_bundle_is_file(const char *path);

/* ---- bundle_scan.c: what is in the pack, without reading it in ---- */

/* @return 1 the pack's checksum is right, 0 it is not; CTS_EIO */
int cts_bundle_check_pack(const struct cts_bundle_head *head, int fd);

/* Every commit of the pack by order of the file. Deltas on what lies outside the pack are passed over:
 * no bundle has commits that are.
 * @return CTS_EINTEGRITY: no pack; what `each` returns when negative */
int cts_bundle_each_commit(uint64_t *objects, const struct cts_bundle_head *head, int fd,
	int (*each)(void *context, const struct cts_oid *oid, struct cts_slice bytes), void *context);

/* ---- bundle_since.c ---- */

/* Adds what the receiver has, by `text`: a bundle's path, an agency, a revision; see cts_bundle_options.
 * @return CTS_ENOTFOUND, CTS_EVALUE, CTS_EREFUSED, CTS_EINTEGRITY */
int cts_bundle_since(
	struct cts_vector *has, struct cts_road *road, struct cts_txn *txn, const char *text);

/* ---- bundle_file.c ---- */

/* Where the file really lies, in the arena or `path` itself. @return CTS_EREFUSED: what is there may not
 * be replaced */
int cts_bundle_file_check(const char **out, struct cts_arena *arena, struct cts_road *road,
	const char *path, bool replace);

/* ---- bundle_index.c ---- */

/* Writes the pack with an index into the repository at `git_dir`, completed from its alternates.
 * @return CTS_EINTEGRITY */
int cts_bundle_index(const struct cts_bundle_head *head, int fd, const char *name,
	const char *git_dir, const struct cts_progress *progress);

/* ---- bundle_apply.c ---- */

/* The bundle's pack in a quarantine, its references as the source's; see cts_source_open.
 * @return CTS_EINTEGRITY: cut or altered */
int cts_source_open_bundle(struct cts_source *out, const struct cts_bundle_head *head, int fd,
	const char *name, const char *store_path, const char *mirror,
	const struct cts_progress *progress);

#endif
