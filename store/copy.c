/*
 * A copy of the store as of one moment. LMDB copies itself from a snapshot of its own, begun by a
 * thread that writes into a pipe; our reading transaction is begun first, and the write lock held
 * from before it until the first bytes come out of the pipe. So both show the same, and writers
 * wait for no longer than that. The journal file is not copied, since a seal may cut it meanwhile:
 * it is what the snapshot's journal makes it. `received` only grows: as long as it is at that
 * moment is what belongs to it.
 */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/buf.h"
#include "proto/error.h"

enum { LOCK_WAIT_MS = 10000, PIECE = 1024 * 1024 };

struct copying {
	struct cts_store *store;
	const struct cts_copy_sink *sink;
	struct cts_txn *txn;
	pthread_t thread;
	bool has_thread;
	int from, to; /* ends of the pipe; `to` is the thread's */
	int code;     /* what LMDB's copy returned, when the thread is done */
	char *piece;
	size_t first; /* bytes of the first piece */
	struct cts_buf config;
	int received; /* the file; -1: there is none */
	uint64_t received_size;
};

/* ---- the moment ---- */

static void *copy_database(void *context)
{
	struct copying *copying = context;

	copying->code = mdb_env_copyfd2(copying->store->env, copying->to, MDB_CP_COMPACT);
	close(copying->to);
	return NULL;
}

/* 0 at the end. */
static ssize_t read_some(int fd, void *out, size_t size)
{
	ssize_t n;

	do
		n = read(fd, out, size);
	while (n < 0 && errno == EINTR);
	return n;
}

static int start_copy(struct copying *copying)
{
	int ends[2];
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot copy the store");
	(void)fcntl(ends[1], F_SETPIPE_SZ, PIECE); /* a smaller one is slower, no more */
	copying->from = ends[0];
	copying->to = ends[1];
	errno = pthread_create(&copying->thread, NULL, copy_database, copying);
	if (errno != 0) {
		int rc = cts_fail_errno(CTS_EIO, errno, "cannot copy the store");

		close(ends[1]);
		return rc;
	}
	copying->has_thread = true;
	n = read_some(copying->from, copying->piece, PIECE);
	copying->first = n > 0 ? (size_t)n : 0;
	return n < 0 ? cts_fail_errno(CTS_EIO, errno, "cannot copy the store") : 0;
}

static int read_config(struct cts_buf *out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	char piece[4096];
	ssize_t n = 0;

	while (fd >= 0 && (n = read_some(fd, piece, sizeof(piece))) > 0)
		cts_buf_put(out, piece, (size_t)n);
	if (fd < 0 || n < 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int begin(struct copying *copying)
{
	struct cts_store *store = copying->store;
	struct cts_arena arena = {0};
	struct stat info;
	int lock = -1, rc = 0;

	/* On a read-only disk nobody writes. */
	if (!store->read_only)
		lock = cts_lock_take(
			cts_arena_printf(&arena, "%s/lock", store->path), LOCK_WAIT_MS);
	if (!store->read_only && lock < 0)
		rc = lock;
	if (rc == 0)
		rc = cts_txn_begin(&copying->txn, store);
	if (rc == 0)
		rc = start_copy(copying);
	if (rc == 0)
		rc = read_config(
			&copying->config, cts_arena_printf(&arena, "%s/config", store->path));
	if (rc == 0) {
		copying->received = open(
			cts_arena_printf(&arena, "%s/received", store->path), O_RDONLY | O_CLOEXEC);
		if (copying->received >= 0 && fstat(copying->received, &info) == 0)
			copying->received_size = (uint64_t)info.st_size;
	}
	if (lock >= 0)
		close(lock);
	cts_arena_release(&arena);
	return rc;
}

/* Waits for the thread; what it still writes is let go, so that it never meets a closed pipe. */
static void finish(struct copying *copying)
{
	while (copying->has_thread && read_some(copying->from, copying->piece, PIECE) > 0)
		;
	if (copying->has_thread)
		pthread_join(copying->thread, NULL);
	copying->has_thread = false;
	if (copying->from >= 0)
		close(copying->from);
	copying->from = -1;
}

/* ---- the files ---- */

static int put_database(struct copying *copying)
{
	const struct cts_copy_sink *sink = copying->sink;
	size_t size = copying->first;
	int rc = sink->begin(sink->context, "data.mdb");

	while (rc == 0 && size > 0) {
		ssize_t n;

		rc = sink->put(sink->context, copying->piece, size);
		n = rc == 0 ? read_some(copying->from, copying->piece, PIECE) : 0;
		if (n < 0)
			rc = cts_fail_errno(CTS_EIO, errno, "cannot copy the store");
		size = n > 0 ? (size_t)n : 0;
	}
	finish(copying);
	if (rc == 0 && copying->code == MDB_INCOMPATIBLE) {
		cts_fail(CTS_EDAMAGED,
			"the store '%s' has pages that nothing uses and nothing lists",
			copying->store->path);
		cts_hint("ctsync rebuild makes it anew, without them");
		return CTS_EDAMAGED;
	}
	if (rc == 0)
		rc = cts_db_fail(copying->store, copying->code, "copy");
	return rc < 0 ? rc : sink->end(sink->context);
}

static int put_journal(struct copying *copying)
{
	const struct cts_copy_sink *sink = copying->sink;
	struct cts_cursor cursor;
	struct cts_buf frames = {0};
	int put = 0, rc = sink->begin(sink->context, "journal");

	if (rc < 0)
		return rc;
	for (rc = cts_cursor_first(
		     &cursor, copying->txn, CTS_DB_JOURNAL, (struct cts_slice){.data = ""});
		rc == 1 && put == 0; rc = cts_cursor_next(&cursor)) {
		if (cursor.key.size != 12) {
			put = cts_store_damaged(copying->store, "a journal entry is not readable");
			break;
		}
		cts_journal_put_frame(&frames, cts_be64(cursor.key.data), cursor.value);
		if (frames.size >= PIECE) {
			put = sink->put(sink->context, frames.data, frames.size);
			cts_buf_clear(&frames);
		}
	}
	cts_cursor_close(&cursor);
	rc = put < 0 ? put : rc < 0 ? rc : 0;
	if (rc == 0 && frames.size > 0)
		rc = sink->put(sink->context, frames.data, frames.size);
	cts_buf_release(&frames);
	return rc < 0 ? rc : sink->end(sink->context);
}

static int put_received(struct copying *copying)
{
	const struct cts_copy_sink *sink = copying->sink;
	uint64_t done = 0;
	int rc = sink->begin(sink->context, "received");

	while (rc == 0 && copying->received >= 0 && done < copying->received_size) {
		uint64_t left = copying->received_size - done;
		ssize_t n = pread(copying->received, copying->piece,
			left < PIECE ? (size_t)left : PIECE, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = cts_fail_errno(
				CTS_EIO, errno, "cannot read '%s/received'", copying->store->path);
		if (n <= 0)
			break;
		rc = sink->put(sink->context, copying->piece, (size_t)n);
		done += (uint64_t)n;
	}
	return rc < 0 ? rc : sink->end(sink->context);
}

static int put_config(struct copying *copying)
{
	const struct cts_copy_sink *sink = copying->sink;
	int rc = sink->begin(sink->context, "config");

	if (rc == 0)
		rc = sink->put(sink->context, copying->config.data, copying->config.size);
	return rc < 0 ? rc : sink->end(sink->context);
}

int cts_store_copy(struct cts_store *store, const struct cts_copy_sink *sink,
	int (*then)(struct cts_txn *txn, void *context), void *context)
{
	struct copying copying = {.store = store, .sink = sink, .from = -1, .received = -1};
	int rc;

	copying.piece = cts_malloc(PIECE);
	rc = begin(&copying);
	if (rc == 0)
		rc = put_database(&copying);
	if (rc == 0)
		rc = put_journal(&copying);
	if (rc == 0)
		rc = put_received(&copying);
	if (rc == 0)
		rc = put_config(&copying);
	if (rc == 0)
		rc = then(copying.txn, context);
	finish(&copying);
	cts_txn_end(copying.txn);
	if (copying.received >= 0)
		close(copying.received);
	cts_buf_release(&copying.config);
	free(copying.piece);
	return rc;
}
