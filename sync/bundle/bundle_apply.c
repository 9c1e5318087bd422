/*
 * A bundle is pulled from like a remote: its pack goes into a quarantine whose alternate is the mirror, so
 * that deltas find their bases, and what it brings goes through the checks of every pull. That what it
 * builds on is here is asked first; then a pack whose checksum is right and that cannot be completed was
 * made so.
 */
#include "sync/bundle/bundle.h"

#include "sync/pull.h"

/* ---- its pack as a repository ----------------------------------------------------------------- */

static int check_pack(const struct cts_bundle_head *head, int fd)
{
	int rc = cts_bundle_check_pack(head, fd);

	return rc == 0 ? cts_fail(CTS_EINTEGRITY, "it was cut or altered: its checksum is wrong")
		       : rc < 0 ? rc
				: 0;
}

int cts_source_open_bundle(struct cts_source *out, const struct cts_bundle_head *head, int fd,
	const char *name, const char *store_path, const char *mirror,
	const struct cts_progress *progress)
{
	struct cts_source source = {0};
	int rc = cts_git_start();

	if (rc == 0)
		rc = check_pack(head, fd);
	if (rc < 0) {
		cts_fail_where("'%s'", name);
		return rc;
	}
	rc = cts_source_quarantine(&source, store_path, mirror);
	for (size_t i = 0; rc == 0 && i < head->ref_count; i++) {
		struct cts_ref_entry *ref = cts_arena_push(
			&source.arena, &source.refs, &source.ref_count, sizeof(*ref));

		ref->name = cts_arena_strdup(&source.arena, head->refs[i].name);
		ref->oid = head->refs[i].oid;
	}
	if (rc == 0) {
		rc = cts_bundle_index(
			head, fd, name, cts_repo_path(source.repo), progress);
		if (rc < 0)
			cts_fail_where("'%s'", name);
	}
	if (rc < 0) {
		cts_source_close(&source);
		return rc;
	}
	*out = source;
	return 0;
}

/* ---- into a store ----------------------------------------------------------------------------- */

/* What it builds on that is not here. */
static int check_bases(struct cts_road *road, const struct cts_bundle_head *head, const char *name)
{
	struct cts_txn *txn = NULL;
	struct cts_buf names = {0};
	size_t missing = 0;
	int rc = cts_txn_begin(&txn, road->store);

	for (size_t i = 0; rc == 0 && i < head->base_count; i++) {
		const struct cts_bundle_base *base = &head->bases[i];
		struct cts_ref ref;

		rc = cts_txn_find_commit(txn, &ref, &base->oid);
		if (rc == 0 && !cts_odb_has(road->odb, &base->oid) && missing++ < 3 && base->name[0])
			cts_buf_printf(&names, "%s%s", names.size ? ", " : "", base->name);
		rc = rc < 0 ? rc : 0;
	}
	cts_txn_end(txn);
	if (rc == 0 && missing) {
		rc = cts_fail(CTS_EREFUSED, "'%s' builds on %zu commit%s not here%s%s%s", name,
			missing, missing == 1 ? " that is" : "s that are", names.size ? " (" : "",
			cts_buf_text(&names), names.size ? (missing > 3 ? ", ...)" : ")") : "");
		cts_hint("apply the bundles before it first, or ask for one since something older, "
			 "as the last that you sent: ctsync bundle create FILE --since YOURS.bundle");
	}
	cts_buf_release(&names);
	return rc;
}

int cts_bundle_apply(struct cts_pull *out, struct cts_road *road, int fd, const char *name,
	const struct cts_progress *progress)
{
	struct cts_source source = {0};
	struct cts_bundle_head head;
	struct cts_arena arena = {0};
	struct cts_oid root;
	int rc = cts_bundle_head_read(&head, &arena, fd);

	if (rc < 0) {
		cts_fail_where("'%s'", name);
		goto out;
	}
	root = cts_bundle_ref(&head, "refs/heads/root");
	rc = cts_pull_check_root(road, &root, name);
	if (rc == 0)
		rc = check_bases(road, &head, name);
	if (rc == 0)
		rc = cts_source_open_bundle(&source, &head, fd, name,
			cts_store_path(road->store), road->mirror, progress);
	if (rc == 0)
		rc = cts_pull_from(out, road, &source, name, progress);
out:
	cts_source_close(&source);
	cts_arena_release(&arena);
	return rc;
}
