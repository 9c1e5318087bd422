/*
 * What is in a bundle, told before anything is read in: from its header, and from the commits of its pack
 * as they stand there, unchecked. With a store they are held against what it has.
 */
#include "sync/bundle/bundle.h"

#include <string.h>

#include "sync/commit.h"

void cts_bundle_show_release(struct cts_bundle_show *show)
{
	cts_arena_release(&show->arena);
}

struct showing {
	struct cts_bundle_show *out;
	struct cts_txn *txn; /* NULL: no store */
	struct cts_bundle_branch *last; /* the branch of the last commit: mostly the next one's too */
};

static int is_here(struct showing *showing, const struct cts_oid *oid)
{
	struct cts_ref ref;

	return showing->txn ? cts_txn_find_commit(showing->txn, &ref, oid) : 0;
}

static struct cts_bundle_branch *branch_of(
	struct showing *showing, const char *agency, const char *writer)
{
	struct cts_bundle_show *out = showing->out;
	struct cts_bundle_branch *branch = showing->last;

	if (branch && strcmp(branch->writer, writer) == 0 && strcmp(branch->agency, agency) == 0)
		return branch;
	for (size_t i = 0; i < out->branch_count; i++) {
		branch = &out->branches[i];
		if (strcmp(branch->writer, writer) == 0 && strcmp(branch->agency, agency) == 0)
			return branch;
	}
	branch = cts_arena_push(
		&out->arena, &out->branches, &out->branch_count, sizeof(*branch));
	branch->agency = cts_arena_strdup(&out->arena, agency);
	branch->writer = cts_arena_strdup(&out->arena, writer);
	return branch;
}

static void note_author(struct showing *showing, struct cts_bundle_branch *branch, const char *author)
{
	struct cts_arena *arena = &showing->out->arena;

	for (size_t i = 0; i < branch->author_count; i++)
		if (strcmp(branch->authors[i], author) == 0)
			return;
	*(const char **)cts_arena_push(arena, &branch->authors, &branch->author_count,
		sizeof(*branch->authors)) = cts_arena_strdup(arena, author);
}

static int count_commit(void *context, const struct cts_oid *oid, struct cts_slice bytes)
{
	struct showing *showing = context;
	struct cts_arena arena = {0};
	struct cts_bundle_branch *branch;
	struct cts_commit commit;
	int rc = cts_commit_parse(&commit, &arena, bytes.data, bytes.size);

	if (rc < 0) {
		cts_error_clear();
		showing->out->unreadable++;
		rc = 0;
		goto out;
	}
	if (commit.is_view)
		goto out;
	branch = showing->last = branch_of(showing, commit.agency, commit.writer);
	branch->commits++;
	showing->out->commits++;
	rc = is_here(showing, oid);
	if (rc)
		goto out;
	branch->new_commits++;
	showing->out->new_commits++;
	if (!branch->first || commit.time < branch->first)
		branch->first = commit.time;
	if (commit.time > branch->last)
		branch->last = commit.time;
	note_author(showing, branch, commit.author);
out:
	cts_arena_release(&arena);
	return rc < 0 ? rc : 0;
}

static int show_refs(struct showing *showing, const struct cts_bundle_head *head)
{
	struct cts_bundle_show *out = showing->out;
	struct cts_arena *arena = &out->arena;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < head->ref_count; i++) {
		const struct cts_ref_entry *ref = &head->refs[i];
		const char *agency, *writer;
		struct cts_bundle_branch *branch;

		if (cts_branch_parse(&agency, &writer, arena, ref->name)) {
			branch = branch_of(showing, agency, writer);
			branch->head = ref->oid;
			rc = is_here(showing, &ref->oid);
			branch->is_here = rc == 1;
		} else if (strcmp(ref->name, "refs/heads/root") != 0 &&
			strcmp(ref->name, "refs/heads/main") != 0) {
			*(const char **)cts_arena_push(arena, &out->others, &out->other_count,
				sizeof(*out->others)) = ref->name;
		}
	}
	return rc < 0 ? rc : 0;
}

static int show_needs(struct showing *showing, const struct cts_bundle_head *head)
{
	struct cts_bundle_show *out = showing->out;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < head->base_count; i++) {
		struct cts_bundle_need *need = cts_arena_push(
			&out->arena, &out->needs, &out->need_count, sizeof(*need));

		rc = is_here(showing, &head->bases[i].oid);
		*need = (struct cts_bundle_need){
			.commit = head->bases[i].oid,
			.name = head->bases[i].name,
			.is_here = rc == 1,
		};
	}
	return rc < 0 ? rc : 0;
}

static int show_whose(struct showing *showing)
{
	struct cts_oid root;
	int rc;

	if (!showing->txn || cts_oid_is_zero(&showing->out->root))
		return 0;
	rc = cts_txn_root(showing->txn, &root);
	if (rc == 0)
		showing->out->whose = cts_oid_equal(&root, &showing->out->root)
			? CTS_BUNDLE_OURS
			: CTS_BUNDLE_FOREIGN;
	return rc;
}

int cts_bundle_show(struct cts_bundle_show *out, struct cts_store *store, int fd, const char *name)
{
	struct showing showing = {.out = out};
	struct cts_bundle_head head;
	int rc = cts_bundle_head_read(&head, &out->arena, fd);

	if (rc < 0)
		goto out;
	out->version = head.version;
	out->bytes = head.size;
	out->is_header_sealed = head.is_sealed;
	out->root = cts_bundle_ref(&head, "refs/heads/root");
	out->main = cts_bundle_ref(&head, "refs/heads/main");
	if (store)
		rc = cts_txn_begin(&showing.txn, store);
	if (rc == 0)
		rc = show_whose(&showing);
	if (rc == 0)
		rc = show_needs(&showing, &head);
	if (rc == 0)
		rc = show_refs(&showing, &head);
	if (rc == 0)
		rc = cts_bundle_check_pack(&head, fd);
	out->is_right = rc == 1;
	if (rc == 1)
		rc = cts_bundle_each_commit(&out->objects, &head, fd, count_commit, &showing);
out:
	cts_txn_end(showing.txn);
	if (rc == CTS_EINTEGRITY || rc == CTS_ENEWER || rc == CTS_EIO)
		cts_fail_where("'%s'", name);
	return rc;
}
