/*
 * What the receiver has is a past (a vector); its newest commits are what the bundle builds on, and it
 * holds every commit that is not of it. All branches are named, as far as they are known here, so that
 * the bundle also says what its maker had: the next one in the other direction can be made since that.
 *
 * A bundle of everything has a view for people who clone it with git. Its views are a chain of their own,
 * refs/bundles/main in the mirror: a bundle goes to nobody in particular, so it cannot build on any
 * remote's main. One since something has none: nothing tells whether the receiver has the one before.
 */
#include "sync/bundle/bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sync/commit.h"
#include "sync/disk.h"
#include "sync/pull.h"
#include "sync/send.h"
#include "sync/view.h"

static const char view_ref[] = "refs/bundles/main";

struct making {
	struct cts_road *road;
	const struct cts_bundle_options *options;
	const struct cts_progress *progress;
	struct cts_arena arena;
	struct cts_txn *txn;
	struct cts_vector has, all;
	struct cts_bundle_head head;
	struct cts_sending *sending;
	size_t sending_count;
	size_t commits;      /* of them; views follow */
	struct cts_oid view; /* zero: none */
	const char *target;
};

/* ---- what the receiver has -------------------------------------------------------------------- */

static int add_head(void *context, const struct cts_line *line)
{
	struct making *making = context;
	struct cts_ref head = {.line = line->line, .seq = line->head_seq};

	return head.seq ? cts_txn_add_past(making->txn, &making->all, head) : 0;
}

static int learn(struct making *making)
{
	const char *since = making->options->since;
	int rc;

	cts_txn_end(making->txn);
	making->txn = NULL;
	cts_vector_release(&making->has);
	cts_vector_release(&making->all);
	making->has = making->all = (struct cts_vector){0};
	rc = cts_txn_begin(&making->txn, making->road->store);
	if (rc == 0)
		rc = cts_txn_each_line(making->txn, add_head, making);
	if (rc == 0 && since)
		rc = cts_bundle_since(&making->has, making->road, making->txn, since);
	/* What somebody types at this moment is pending, and no commit. */
	cts_vector_meet(&making->has, &making->all);
	return rc;
}

/* ---- the header ------------------------------------------------------------------------------- */

/* 1: there is work of a line that is on no branch (a copied store's), which a seen commit of ours carries
 * once it is sealed. */
static int rescue(struct making *making)
{
	struct cts_line *heads;
	size_t count;
	bool is_stranded = false;
	int rc = cts_txn_newest_heads(making->txn, &heads, &count, &making->arena);

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct cts_ref head = {.line = heads[i].line, .seq = heads[i].head_seq};

		is_stranded |= heads[i].is_fork && head.seq && !cts_vector_has(&making->has, head);
	}
	if (rc < 0 || !is_stranded)
		return rc;
	cts_txn_end(making->txn);
	making->txn = NULL;
	rc = cts_pull_show_seen(making->road->store);
	return rc < 0 ? rc : 1;
}

struct newest {
	struct cts_ref ref;
	struct cts_change change;
};

static int compare_newest(const void *a, const void *b)
{
	uint64_t x = ((const struct newest *)a)->change.arrival;
	uint64_t y = ((const struct newest *)b)->change.arrival;

	return (x < y) - (x > y);
}

/* The commits of `has` that no other of it has seen. A commit arrives after all that it has seen. */
static int find_bases(struct making *making)
{
	struct newest *list = cts_arena_alloc(
		&making->arena, (making->has.count + 1) * sizeof(*list));
	struct cts_vector seen = {0};
	size_t count = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < making->has.count; i++) {
		list[count].ref = making->has.entries[i];
		rc = cts_txn_change(
			making->txn, &list[count].change, &making->arena, list[count].ref);
		if (rc == CTS_ENOTFOUND) { /* stands on the line that this one left */
			cts_error_clear();
			rc = 0;
		} else {
			count++;
		}
	}
	if (rc == 0 && count)
		qsort(list, count, sizeof(*list), compare_newest);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct cts_change *change = &list[i].change;
		char name[CTS_CHANGE_TEXT];
		struct cts_bundle_base *base;

		if (cts_vector_has(&seen, list[i].ref))
			continue;
		base = cts_arena_push(&making->arena, &making->head.bases,
			&making->head.base_count, sizeof(*base));
		base->oid = change->commit;
		base->name = cts_arena_printf(&making->arena, "%s %s", change->agency,
			cts_change_format(name, change->writer, change->ref.seq));
		rc = cts_txn_add_past(making->txn, &seen, list[i].ref);
	}
	cts_vector_release(&seen);
	return rc;
}

static void add_ref(struct making *making, const char *name, const struct cts_oid *oid)
{
	struct cts_ref_entry *ref = cts_arena_push(
		&making->arena, &making->head.refs, &making->head.ref_count, sizeof(*ref));

	*ref = (struct cts_ref_entry){.name = name, .oid = *oid};
}

static int add_branch(void *context, const struct cts_line *line)
{
	struct making *making = context;

	if (line->head_seq && !line->is_fork)
		add_ref(making, cts_line_ref(&making->arena, line), &line->head);
	return 0;
}

static int compare_refs(const void *a, const void *b)
{
	const struct cts_ref_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int add_refs(struct making *making)
{
	struct cts_oid root;
	int rc = cts_txn_each_line(making->txn, add_branch, making);

	if (rc == 0)
		rc = cts_txn_root(making->txn, &root);
	if (rc < 0)
		return rc;
	add_ref(making, "refs/heads/root", &root);
	if (!cts_oid_is_zero(&making->view))
		add_ref(making, "refs/heads/main", &making->view);
	qsort(making->head.refs, making->head.ref_count, sizeof(*making->head.refs), compare_refs);
	return 0;
}

/* ---- the view --------------------------------------------------------------------------------- */

/* The chain of views, oldest first, behind the commits that it shows. */
static int send_views(struct making *making)
{
	struct cts_oid at = making->view;
	size_t first = making->sending_count, last;
	bool is_view = true;
	int rc = 0;

	while (rc == 0 && is_view) {
		struct cts_arena arena = {0};
		struct cts_commit commit;

		rc = cts_commit_read(&commit, &arena, making->road->odb, &at);
		is_view = rc == 0 && commit.is_view;
		if (is_view) {
			struct cts_sending *item = cts_arena_push(&making->arena,
				&making->sending, &making->sending_count, sizeof(*item));

			item->oid = at;
			at = commit.parents[0];
		}
		cts_arena_release(&arena);
	}
	for (last = making->sending_count; first + 1 < last; first++, last--) {
		struct cts_sending other = making->sending[first];

		making->sending[first] = making->sending[last - 1];
		making->sending[last - 1] = other;
	}
	return rc;
}

static int make_view(struct making *making, const struct cts_oid *tree)
{
	struct cts_road *road = making->road;
	struct cts_buf note = {0};
	struct cts_oid old;
	int rc = cts_repo_ref(road->repo, &old, view_ref);

	if (rc == 0)
		rc = cts_view_commit(road, &making->view, &note, &old, tree);
	if (rc == CTS_EREFUSED) { /* the one before cannot be built on: a new chain begins */
		static const struct cts_oid none;

		cts_error_clear();
		cts_buf_clear(&note);
		rc = cts_view_commit(road, &making->view, &note, &none, tree);
	}
	if (rc == 0 && !cts_oid_equal(&old, &making->view))
		rc = cts_repo_move(road->repo, view_ref, &old, &making->view);
	cts_buf_release(&note);
	return rc == 0 ? send_views(making) : rc;
}

/* ---- the file --------------------------------------------------------------------------------- */

static int write_all(int fd, const struct cts_buf *bytes)
{
	size_t done = 0;

	while (done < bytes->size) {
		ssize_t n = write(fd, bytes->data + done, bytes->size - done);

		if (n < 0 && errno != EINTR)
			return cts_fail_errno(CTS_EIO, errno, "cannot write a bundle");
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int write_bundle(struct making *making, struct cts_bundle_made *out, int fd)
{
	const struct cts_pack_options options = {.thin = making->head.base_count > 0};
	off_t start = lseek(fd, 0, SEEK_CUR);
	struct cts_buf header = {0};
	struct cts_pack *pack = NULL;
	int rc;

	cts_bundle_head_write(&header, &making->head);
	rc = write_all(fd, &header);
	if (rc == 0) {
		cts_pack_open_fd(&pack, fd, &options);
		rc = cts_send_commits(making->road, pack, making->sending, making->sending_count,
			making->progress);
	}
	if (rc == 0)
		rc = cts_pack_finish_fd(pack);
	cts_pack_free(pack);
	cts_buf_release(&header);
	if (rc == 0)
		out->bytes = (uint64_t)(lseek(fd, 0, SEEK_CUR) - start);
	return rc;
}

static int write_file(struct making *making, struct cts_bundle_made *out)
{
	struct cts_fresh_file file = {.fd = -1};
	int rc = cts_fresh_file_begin(&file, making->target, 0666);

	if (rc == 0)
		rc = write_bundle(making, out, file.fd);
	if (rc == 0)
		rc = cts_fresh_file_finish(&file);
	cts_fresh_file_end(&file);
	return rc;
}

/* ---- the whole -------------------------------------------------------------------------------- */

/* With the mirror's lock held: what is to be in it. */
static int plan(struct making *making)
{
	const char *publish = cts_store_config(making->road->store, "publish.main");
	bool is_all = !making->options->since;
	bool has_view = is_all && !(publish && strcmp(publish, "false") == 0);
	struct cts_oid tree;
	int rc = cts_seal_locked(making->road, has_view, &tree, making->progress);

	if (rc >= 0)
		rc = learn(making);
	if (rc >= 0)
		rc = rescue(making);
	if (rc == 1) {
		rc = cts_seal_locked(making->road, has_view, &tree, making->progress);
		if (rc >= 0)
			rc = learn(making);
	}
	if (rc >= 0)
		rc = cts_send_list(&making->sending, &making->sending_count, making->txn,
			&making->has, &making->all, &making->arena);
	making->commits = making->sending_count;
	if (rc < 0 || !making->commits)
		return rc;
	rc = find_bases(making);
	if (rc == 0 && has_view)
		rc = make_view(making, &tree);
	return rc < 0 ? rc : add_refs(making);
}

static int create(struct making *making, struct cts_bundle_made *out)
{
	const struct cts_bundle_options *options = making->options;
	int rc = 0, lock;

	if (options->path)
		rc = cts_bundle_file_check(&making->target, &making->arena, making->road,
			options->path, options->replace);
	if (rc < 0)
		return rc;
	lock = cts_store_lock_mirror(making->road->store, CTS_MIRROR_WAIT_MS);
	if (lock < 0)
		return lock;
	rc = plan(making);
	/* What is to be sent stays what it is: nobody need wait for a slow disk. */
	close(lock);
	cts_txn_end(making->txn);
	making->txn = NULL;
	if (rc < 0 || !making->sending_count)
		return rc;
	out->commits = making->commits;
	out->base_count = making->head.base_count;
	out->branch_count = making->head.ref_count - 1 - !cts_oid_is_zero(&making->view);
	return options->path ? write_file(making, out) : write_bundle(making, out, options->fd);
}

int cts_bundle_create(struct cts_bundle_made *out, struct cts_road *road,
	const struct cts_bundle_options *options, const struct cts_progress *progress)
{
	struct making making = {.road = road, .options = options, .progress = progress};
	struct cts_bundle_made made = {0};
	int rc = create(&making, &made);

	cts_txn_end(making.txn);
	cts_vector_release(&making.has);
	cts_vector_release(&making.all);
	cts_arena_release(&making.arena);
	if (rc == 0)
		*out = made;
	return rc;
}
