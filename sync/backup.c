/*
 * A backup: the whole store as one tar file, taken while others use it.
 *
 * First the store's own files as of one moment, then, while that moment is held by a reading
 * transaction, of the mirror what that needs: its branches as the snapshot has them, and all packs.
 * Objects are in the mirror before LMDB names them and are never taken away, only joined; so
 * whatever packs are there after the moment hold everything. They are pinned by opening them, and
 * the folder is read again: only when nothing came or went between the two readings are they all
 * that there was.
 *
 * The file is restored with tar. The folder in it is named so that it lies on no store; what comes
 * out is a copy of the store, which takes a new writer before its first change as every copy does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/time.h"
#include "sync/pack/pack_dir.h"
#include "sync/git/repo.h"
#include "sync/road.h"
#include "sync/tar.h"

enum { PIECE = 1024 * 1024, LISTINGS_MAX = 100 };

static const char comment[] = "ctsync backup 1";

struct backing_up {
	struct cts_arena arena;
	struct cts_road *road;
	struct cts_backup *out;
	struct cts_tar *tar;
	const char *folder; /* "hem-20261121-222000-3f9a" */
	const char *inner;  /* ".../.ctsync" */
	const struct cts_progress *progress;
	struct cts_txn *txn;
	struct cts_ref_entry *refs; /* of the copy */
	size_t ref_count;
	struct cts_pack_file *packs; /* all of them, held open */
	int (*files)[2];             /* pack, idx */
	size_t pack_count, opened;
	char *piece;
};

static int put(void *context, const void *data, size_t size)
{
	struct backing_up *backing_up = context;
	const struct cts_progress *progress = backing_up->progress;
	int rc = cts_tar_put(backing_up->tar, data, size);

	if (rc == 0 && progress && progress->step)
		progress->step(progress->context, "copying", cts_tar_bytes(backing_up->tar), 0);
	return rc;
}

static int begin_file(void *context, const char *name)
{
	struct backing_up *backing_up = context;

	return cts_tar_begin(backing_up->tar,
		cts_arena_printf(&backing_up->arena, "%s/%s", backing_up->inner, name), 0644);
}

static int end_file(void *context)
{
	return cts_tar_end(((struct backing_up *)context)->tar);
}

static int put_open_file(struct backing_up *backing_up, int fd, const char *name)
{
	ssize_t n = 1;
	off_t at = 0;
	int rc = begin_file(backing_up, name);

	while (rc == 0 && n > 0) {
		n = pread(fd, backing_up->piece, PIECE, at);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			rc = cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", name);
		else if (n > 0) {
			rc = put(backing_up, backing_up->piece, (size_t)n);
			at += n;
		}
	}
	return rc < 0 ? rc : end_file(backing_up);
}

/* A file of the mirror; it may be missing. */
static int put_file(struct backing_up *backing_up, const char *name)
{
	int fd = open(cts_arena_printf(&backing_up->arena, "%s/%s", backing_up->road->mirror, name),
		O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return errno == ENOENT ? 0
				       : cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", name);
	rc = put_open_file(
		backing_up, fd, cts_arena_printf(&backing_up->arena, "mirror.git/%s", name));
	close(fd);
	return rc;
}

/* ---- branches ---- */

/* Where LMDB says that a line is, whatever the mirror said a moment later. */
static int set_line_ref(void *context, const struct cts_line *line)
{
	struct backing_up *backing_up = context;
	struct cts_ref_entry *entry;
	const char *name;

	if (!line->head_seq)
		return 0;
	name = cts_line_ref(&backing_up->arena, line);
	for (size_t i = 0; i < backing_up->ref_count; i++)
		if (strcmp(backing_up->refs[i].name, name) == 0) {
			backing_up->refs[i].oid = line->head;
			return 0;
		}
	entry = cts_arena_push(
		&backing_up->arena, &backing_up->refs, &backing_up->ref_count, sizeof(*entry));
	*entry = (struct cts_ref_entry){.name = name, .oid = line->head};
	return 0;
}

static int compare_refs(const void *a, const void *b)
{
	return strcmp(
		((const struct cts_ref_entry *)a)->name, ((const struct cts_ref_entry *)b)->name);
}

/* Of other references (root, views) what the mirror has. Read before the packs, which hold more. */
static int read_refs(struct backing_up *backing_up)
{
	struct cts_ref_entry *refs;
	size_t count = 0;
	int rc = cts_repo_refs(backing_up->road->repo, &refs, &count, &backing_up->arena);

	for (size_t i = 0; rc == 0 && i < count; i++)
		*(struct cts_ref_entry *)cts_arena_push(&backing_up->arena, &backing_up->refs,
			&backing_up->ref_count, sizeof(*refs)) = refs[i];
	if (rc == 0)
		rc = cts_txn_each_line(backing_up->txn, set_line_ref, backing_up);
	if (rc == 0 && backing_up->ref_count)
		qsort(backing_up->refs, backing_up->ref_count, sizeof(*backing_up->refs),
			compare_refs);
	return rc;
}

static int put_refs(struct backing_up *backing_up)
{
	struct cts_buf packed = {0};
	char hex[CTS_OID_HEX + 1];
	int rc = begin_file(backing_up, "mirror.git/packed-refs");

	cts_buf_puts(&packed, "# pack-refs with: peeled fully-peeled sorted \n");
	for (size_t i = 0; i < backing_up->ref_count; i++)
		cts_buf_printf(&packed, "%s %s\n", cts_oid_format(hex, &backing_up->refs[i].oid),
			backing_up->refs[i].name);
	if (rc == 0)
		rc = put(backing_up, packed.data, packed.size);
	cts_buf_release(&packed);
	return rc < 0 ? rc : end_file(backing_up);
}

/* ---- packs ---- */

static void close_packs(struct backing_up *backing_up)
{
	for (size_t i = 0; i < backing_up->opened; i++)
		for (int end = 0; end < 2; end++)
			if (backing_up->files[i][end] >= 0)
				close(backing_up->files[i][end]);
	backing_up->opened = 0;
}

/* A store that was never joined may have thousands. */
static void allow_files(size_t count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < count) {
		limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > count
					 ? count
					 : limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* 1: all of the list are open; 0: one of them is gone. */
static int open_packs(struct backing_up *backing_up)
{
	static const char *const ends[] = {"pack", "idx"};

	allow_files(2 * backing_up->pack_count + 64);
	backing_up->files = cts_arena_alloc(
		&backing_up->arena, (backing_up->pack_count + 1) * sizeof(*backing_up->files));
	for (size_t i = 0; i < backing_up->pack_count; i++) {
		int *files = backing_up->files[backing_up->opened++];

		files[0] = files[1] = -1;
		for (int end = 0; end < 2; end++) {
			const char *path = cts_arena_printf(&backing_up->arena, "%s/%s.%s",
				backing_up->road->pack_dir, backing_up->packs[i].name, ends[end]);

			files[end] = open(path, O_RDONLY | O_CLOEXEC);
			if (files[end] < 0 && errno == ENOENT)
				return 0;
			if (files[end] < 0)
				return cts_fail_errno(CTS_EIO, errno, "cannot open '%s'", path);
		}
	}
	return 1;
}

static bool is_same_list(const struct cts_pack_file *a, size_t a_count,
	const struct cts_pack_file *b, size_t b_count)
{
	for (size_t i = 0; a_count == b_count && i < a_count; i++)
		if (strcmp(a[i].name, b[i].name) != 0)
			return false;
	return a_count == b_count;
}

static int pin_packs(struct backing_up *backing_up)
{
	for (int turn = 0; turn < LISTINGS_MAX; turn++) {
		struct cts_pack_file *again;
		size_t count;
		int rc = cts_pack_dir_list(&backing_up->packs, &backing_up->pack_count,
			&backing_up->arena, backing_up->road->pack_dir);

		if (rc == 0)
			rc = open_packs(backing_up);
		if (rc == 1) {
			rc = cts_pack_dir_list(
				&again, &count, &backing_up->arena, backing_up->road->pack_dir);
			if (rc == 0 && is_same_list(backing_up->packs, backing_up->pack_count,
					       again, count))
				return 0;
		}
		close_packs(backing_up);
		if (rc < 0)
			return rc;
	}
	cts_fail(CTS_ELOCKED, "the mirror's packs do not hold still");
	cts_hint("try again");
	return CTS_ELOCKED;
}

static int put_packs(struct backing_up *backing_up)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < backing_up->pack_count; i++) {
		const char *name = cts_arena_printf(&backing_up->arena,
			"mirror.git/objects/pack/%s", backing_up->packs[i].name);

		rc = put_open_file(backing_up, backing_up->files[i][0],
			cts_arena_printf(&backing_up->arena, "%s.pack", name));
		if (rc == 0)
			rc = put_open_file(backing_up, backing_up->files[i][1],
				cts_arena_printf(&backing_up->arena, "%s.idx", name));
	}
	return rc;
}

/* Objects outside packs: we write none, but git in somebody's hands may have. */
static int put_loose(struct backing_up *backing_up)
{
	struct cts_arena *arena = &backing_up->arena;
	int rc = 0;

	for (int byte = 0; rc == 0 && byte < 256; byte++) {
		const char *folder = cts_arena_printf(arena, "objects/%02x", byte);
		DIR *dir =
			opendir(cts_arena_printf(arena, "%s/%s", backing_up->road->mirror, folder));
		struct dirent *entry;

		while (rc == 0 && dir && (entry = readdir(dir)) != NULL)
			if (strlen(entry->d_name) == CTS_OID_HEX - 2)
				rc = put_file(backing_up,
					cts_arena_printf(arena, "%s/%s", folder, entry->d_name));
		if (dir)
			closedir(dir);
	}
	return rc;
}

/* ---- the whole ---- */

static int count_record(void *context, const char *key)
{
	(void)key;
	((struct cts_backup *)context)->records++;
	return 0;
}

static int put_mirror(struct cts_txn *txn, void *context)
{
	static const char *const folders[] = {"", "/objects", "/objects/info", "/objects/pack",
		"/refs", "/refs/heads", "/refs/tags"};
	struct backing_up *backing_up = context;
	int rc = cts_txn_journal_count(txn, &backing_up->out->pending);

	backing_up->txn = txn;
	if (rc == 0)
		rc = cts_txn_each_key(txn, "", count_record, backing_up->out);
	for (size_t i = 0; rc == 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
		rc = cts_tar_folder(
			backing_up->tar, cts_arena_printf(&backing_up->arena, "%s/mirror.git%s",
						 backing_up->inner, folders[i]));
	if (rc == 0)
		rc = read_refs(backing_up);
	if (rc == 0)
		rc = pin_packs(backing_up);
	if (rc == 0)
		rc = put_file(backing_up, "HEAD");
	if (rc == 0)
		rc = put_file(backing_up, "config");
	if (rc == 0)
		rc = put_refs(backing_up);
	if (rc == 0)
		rc = put_loose(backing_up);
	if (rc == 0)
		rc = put_packs(backing_up);
	close_packs(backing_up);
	return rc;
}

/* "hem-20261121-222000-3f9a": no two backups unpack into one folder. */
static const char *name_folder(struct backing_up *backing_up)
{
	struct cts_identity identity;
	char time[CTS_TIME_TEXT], digits[CTS_TIME_TEXT] = "", hex[5];
	size_t count = 0;
	uint8_t salt[2];

	cts_store_identity(backing_up->road->store, &identity);
	cts_time_format_utc(time, cts_time_now());
	for (const char *at = time; *at; at++)
		if (*at >= '0' && *at <= '9')
			digits[count++] = *at;
	cts_random(salt, sizeof(salt));
	return cts_arena_printf(&backing_up->arena, "%s-%.8s-%s-%s", identity.agency, digits,
		digits + 8, cts_hex_format(hex, salt, sizeof(salt)));
}

static int check_target(const char *path)
{
	struct stat info;

	if (lstat(path, &info) != 0 || cts_tar_is(path, comment))
		return 0;
	cts_fail(CTS_EREFUSED, "'%s' exists and is no backup", path);
	cts_hint("give another name");
	return CTS_EREFUSED;
}

int cts_backup(struct cts_backup *out, struct cts_road *road, const char *path,
	const struct cts_progress *progress)
{
	struct cts_backup done = {0};
	struct backing_up backing_up = {.road = road, .out = &done, .progress = progress};
	const struct cts_copy_sink sink = {
		.context = &backing_up, .begin = begin_file, .put = put, .end = end_file};
	int rc = check_target(path);

	if (rc == 0)
		rc = cts_tar_open(&backing_up.tar, path, comment);
	if (rc < 0)
		return rc;
	backing_up.piece = cts_malloc(PIECE);
	backing_up.folder = name_folder(&backing_up);
	backing_up.inner = cts_arena_printf(&backing_up.arena, "%s/.ctsync", backing_up.folder);
	rc = cts_tar_folder(backing_up.tar, backing_up.folder);
	if (rc == 0)
		rc = cts_tar_folder(backing_up.tar, backing_up.inner);
	if (rc == 0)
		rc = cts_store_copy(road->store, &sink, put_mirror, &backing_up);
	if (rc == 0)
		rc = cts_tar_finish(backing_up.tar);
	if (rc == 0) {
		snprintf(done.folder, sizeof(done.folder), "%s", backing_up.folder);
		done.bytes = cts_tar_bytes(backing_up.tar);
		*out = done;
	}
	cts_tar_free(backing_up.tar);
	free(backing_up.piece);
	cts_arena_release(&backing_up.arena);
	return rc;
}
