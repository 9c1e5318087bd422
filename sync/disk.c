/*
 * A name lasts when the folder that holds it is synced: a file is synced before it gets its name, and the
 * folder after. What is replaced is there until then, so a crash at any point leaves the old file or the
 * new one.
 */
#include "sync/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/error.h"

/* ---- syncing ---- */

static int sync_path(const char *path, bool is_folder)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | (is_folder ? O_DIRECTORY : 0)), rc;

	if (fd < 0)
		return -1;
	rc = fsync(fd);
	/* EINVAL: a file system that cannot sync a folder, as on most sticks and shares */
	if (rc != 0 && is_folder && errno == EINVAL)
		rc = 0;
	close(fd);
	return rc;
}

int cts_sync_folder(const char *path)
{
	if (sync_path(path, true) != 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot sync '%s'", path);
	return 0;
}

static int sync_holder(const char *path)
{
	char folder[PATH_MAX] = ".";
	const char *slash = strrchr(path, '/');

	if (slash)
		snprintf(folder, sizeof(folder), "%.*s",
			slash == path ? 1 : (int)(slash - path), path);
	return cts_sync_folder(folder);
}

static int sync_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)walk;
	return type == FTW_SL ? 0 : sync_path(path, type == FTW_DP);
}

int cts_sync_tree(const char *path)
{
	if (nftw(path, sync_one, 16, FTW_PHYS | FTW_DEPTH) != 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot sync '%s'", path);
	return sync_holder(path);
}

/* ---- removing ---- */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

void cts_remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}

/* ---- locking ---- */

int cts_lock_try(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int why = errno;

		close(fd);
		errno = why;
		fd = -1;
	}
	return fd;
}

int cts_lock_take_write(const char *store_path)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/lock", store_path);
	fd = cts_lock_try(path);
	if (fd < 0 && errno != EWOULDBLOCK)
		return cts_fail_errno(CTS_EIO, errno, "cannot open the lock '%s'", path);
	if (fd < 0) {
		cts_fail(CTS_ELOCKED, "another process holds '%s'", path);
		cts_hint("end it, then rebuild again");
		return CTS_ELOCKED;
	}
	return fd;
}

/* ---- a file that is there whole or not at all ---- */

int cts_fresh_file_begin(struct cts_fresh_file *file, const char *path, mode_t mode)
{
	struct cts_fresh_file made = {.fd = -1};
	char *temporary = cts_arena_printf(&made.arena, "%s.XXXXXX", path);
	mode_t mask = umask(0);

	umask(mask);
	made.fd = mkostemp(temporary, O_CLOEXEC);
	if (made.fd < 0) {
		int rc = cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", path);

		cts_arena_release(&made.arena);
		return rc;
	}
	(void)!fchmod(made.fd, mode & ~mask); /* a file system without modes may refuse it */
	made.path = cts_arena_strdup(&made.arena, path);
	made.temporary = temporary;
	*file = made;
	return 0;
}

int cts_fresh_file_finish(struct cts_fresh_file *file)
{
	if (fsync(file->fd) < 0 || rename(file->temporary, file->path) < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", file->path);
	file->temporary = NULL;
	return sync_holder(file->path);
}

void cts_fresh_file_end(struct cts_fresh_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	if (file->temporary)
		unlink(file->temporary);
	cts_arena_release(&file->arena);
	*file = (struct cts_fresh_file){.fd = -1};
}
