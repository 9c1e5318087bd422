/*
 * The pack of a bundle becomes a repository's, in a child process: it is read by libgit2 before anything
 * of it is checked, and whatever it makes of that, nothing happened here. The child is given the bytes,
 * since it has no file of ours open.
 *
 * While it is fed it says nothing, for nobody listens; once it has all of it, it says that it is alive.
 */
#include "sync/bundle/bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sync/link/child.h"

enum { PIECE = 256 * 1024, IDLE_S = 300, CPU_S = 4 * 3600 };

#define MEMORY_BYTES ((uint64_t)4 << 30)
#define FILE_BYTES ((uint64_t)64 << 30)

enum message { BYTES = 1, END };

/* ---- the child -------------------------------------------------------------------------------- */

struct indexing {
	const char *git_dir;
	struct cts_channel *channel;
	bool is_heard;
	git_indexer *indexer;
	git_indexer_progress stats;
};

static int on_progress(const git_indexer_progress *stats, void *payload)
{
	struct indexing *indexing = payload;
	const struct cts_progress *progress;

	if (!indexing->is_heard)
		return 0;
	progress = cts_channel_progress(indexing->channel);
	progress->step(progress->context, "completing", stats->indexed_deltas,
		stats->total_deltas);
	cts_channel_alive(indexing->channel);
	return 0;
}

static int fail_pack(int git_code)
{
	return cts_fail_git(CTS_EINTEGRITY, git_code, "its pack cannot be read");
}

static int open_indexer(struct indexing *indexing)
{
	git_indexer_options options;
	struct cts_repo *repo;
	git_repository *handle;
	struct cts_arena arena = {0};
	git_odb *odb = NULL;
	int rc = cts_git_restart();

	/* It is thrown away in the end, so nothing is synced. */
	if (rc == 0)
		git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 0);
	if (rc == 0)
		rc = cts_repo_open(&repo, indexing->git_dir);
	if (rc == 0)
		rc = cts_repo_handle(&handle, repo);
	if (rc < 0)
		return rc;
	rc = git_indexer_options_init(&options, GIT_INDEXER_OPTIONS_VERSION);
	options.progress_cb = on_progress;
	options.progress_cb_payload = indexing;
	if (rc == 0)
		rc = git_repository_odb(&odb, handle);
	if (rc == 0)
		rc = git_indexer_new(&indexing->indexer,
			cts_arena_printf(&arena, "%sobjects/pack", cts_repo_path(repo)), 0,
			odb, &options);
	if (rc < 0)
		rc = cts_fail_git(CTS_EIO, rc, "cannot write '%s'", indexing->git_dir);
	cts_arena_release(&arena);
	return rc;
}

static int index_in_child(struct cts_channel *channel, void *context)
{
	struct indexing *indexing = context;
	struct cts_message message;
	int rc;

	indexing->channel = channel;
	rc = open_indexer(indexing);
	while (rc == 0 && cts_channel_get(&message, channel) > 0) {
		if (message.type == END) {
			indexing->is_heard = true;
			rc = git_indexer_commit(indexing->indexer, &indexing->stats);
			return rc < 0 ? fail_pack(rc) : 0;
		}
		rc = git_indexer_append(indexing->indexer, message.bytes.data,
			message.bytes.size, &indexing->stats);
		if (rc < 0)
			rc = fail_pack(rc);
	}
	return rc < 0 ? rc : cts_fail(CTS_EINTEGRITY, "its pack ended early");
}

/* ---- the parent ------------------------------------------------------------------------------- */

static int feed(struct cts_child *child, const struct cts_bundle_head *head, int fd,
	const struct cts_progress *progress)
{
	uint64_t at = head->pack_start, size = head->size - head->pack_start;
	char *piece = cts_malloc(PIECE);
	int rc = 0;

	while (rc == 0 && at < head->size) {
		uint64_t left = head->size - at;
		ssize_t n = pread(fd, piece, left < PIECE ? (size_t)left : PIECE, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = cts_fail_errno(CTS_EIO, n < 0 ? errno : EIO, "cannot read it");
			break;
		}
		rc = cts_child_put(
			child, BYTES, (struct cts_slice){.data = piece, .size = (size_t)n});
		at += (uint64_t)n;
		if (progress && progress->step)
			progress->step(
				progress->context, "reading bytes", at - head->pack_start, size);
	}
	free(piece);
	return rc < 0 ? rc : cts_child_put(child, END, (struct cts_slice){0});
}

int cts_bundle_index(const struct cts_bundle_head *head, int fd, const char *name,
	const char *git_dir, const struct cts_progress *progress)
{
	const struct cts_child_limits limits = {.idle_s = IDLE_S,
		.memory_bytes = MEMORY_BYTES,
		.file_bytes = FILE_BYTES,
		.cpu_s = CPU_S};
	struct indexing indexing = {.git_dir = git_dir};
	struct cts_child *child = NULL;
	struct cts_message message;
	int rc = cts_child_start(&child, &limits, name, index_in_child, &indexing, progress);

	if (rc == 0)
		rc = feed(child, head, fd, progress);
	while (rc == 0 && (rc = cts_child_get(&message, child)) > 0)
		rc = 0; /* it has nothing to say but how it ended */
	cts_child_end(child);
	/* There is nobody to reach: what ends the reader of a file is in the file. */
	return rc == CTS_EUNREACHABLE ? CTS_EINTEGRITY : rc;
}
