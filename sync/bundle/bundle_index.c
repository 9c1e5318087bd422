/*
 * The pack of a bundle becomes a repository's, in a child process: it is inflated before anything
 * of it is checked, and whatever comes of that, nothing happened here. The child is given the
 * bytes, since it has no file of ours open.
 *
 * While it is fed it says nothing, for nobody listens; once it has all of it, it says that it is
 * alive.
 */
#include "sync/bundle/bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sync/pack/odb.h"
#include "sync/link/child.h"
#include "sync/pack/pack_receive.h"

enum { PIECE = 256 * 1024, IDLE_S = 300, CPU_S = 4 * 3600 };

#define MEMORY_BYTES ((uint64_t)4 << 30)
#define FILE_BYTES ((uint64_t)64 << 30)

enum message { BYTES = 1, END };

/* ---- the child -------------------------------------------------------------------------------- */

struct indexing {
	const char *git_dir;
	struct cts_channel *channel;
	bool is_heard;
};

static void on_progress(void *context, uint32_t done, uint32_t total)
{
	struct indexing *indexing = context;
	const struct cts_progress *progress;

	if (!indexing->is_heard)
		return;
	progress = cts_channel_progress(indexing->channel);
	progress->step(progress->context, "completing", done, total);
}

static int open_receiving(struct cts_pack_receiving **out, struct indexing *indexing)
{
	struct cts_pack_receive_options options = {.read_base = cts_odb_read_any,
		.progress = on_progress,
		.progress_context = indexing};
	struct cts_arena arena = {0};
	struct cts_odb *odb;
	int rc;

	cts_odb_open(&odb, indexing->git_dir); /* as long as the process */
	options.base_context = odb;
	rc = cts_pack_receive_open(
		out, cts_arena_printf(&arena, "%s/objects/pack", indexing->git_dir), &options);
	cts_arena_release(&arena);
	return rc;
}

static int index_in_child(struct cts_channel *channel, void *context)
{
	struct indexing *indexing = context;
	struct cts_pack_receiving *receiving = NULL;
	char name[CTS_OID_HEX + 1];
	struct cts_message message;
	bool is_all = false;
	int rc;

	indexing->channel = channel;
	rc = open_receiving(&receiving, indexing);
	while (rc == 0 && !is_all && cts_channel_get(&message, channel) > 0) {
		is_all = indexing->is_heard = message.type == END;
		rc = is_all ? cts_pack_receive_finish(name, receiving)
			    : cts_pack_receive_append(receiving, message.bytes);
	}
	if (rc == 0 && !is_all)
		rc = cts_fail(CTS_EINTEGRITY, "it ended early");
	cts_pack_receive_free(receiving);
	if (rc == CTS_EINTEGRITY)
		cts_fail_where("its pack cannot be read");
	return rc;
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
