/*
 * The file of a bundle is there whole or not at all: it is written under a temporary name beside its own,
 * synced and renamed. What is not ours to replace is left alone.
 */
#include "sync/bundle/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sync/pull.h"

/* A bundle of this programme may be replaced by a newer one. */
static int check_old(struct cts_road *road, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	struct cts_arena arena = {0};
	struct cts_bundle_head head;

	if (fd < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
	rc = cts_bundle_head_read(&head, &arena, fd);
	close(fd);
	if (rc == 0) {
		struct cts_oid root = cts_bundle_ref(&head, "refs/heads/root");

		rc = cts_oid_is_zero(&root) ? CTS_EREFUSED
					    : cts_pull_check_root(road, &root, path);
	}
	cts_arena_release(&arena);
	if (rc == CTS_EINTEGRITY || rc == CTS_ENEWER || rc == CTS_EREFUSED) {
		rc = cts_fail(CTS_EREFUSED, "'%s' is there and is no bundle of this programme", path);
		cts_hint("take another name, or --force to replace it");
	}
	return rc;
}

int cts_bundle_file_check(const char **out, struct cts_arena *arena, struct cts_road *road,
	const char *path, bool replace)
{
	char real[PATH_MAX];
	struct stat info;

	*out = path;
	if (stat(path, &info) < 0)
		return 0;
	if (!S_ISREG(info.st_mode)) {
		cts_fail(CTS_EREFUSED, "'%s' is %s", path,
			S_ISDIR(info.st_mode) ? "a folder" : "no file");
		if (S_ISDIR(info.st_mode))
			cts_hint("name a file in it: %s%sNAME.bundle", path,
				path[strlen(path) - 1] == '/' ? "" : "/");
		else
			cts_hint("'-' writes to standard output");
		return CTS_EREFUSED;
	}
	/* What a link points to is replaced, not the link. */
	if (realpath(path, real))
		*out = cts_arena_strdup(arena, real);
	return replace || !info.st_size ? 0 : check_old(road, path);
}

int cts_bundle_file_begin(struct cts_bundle_file *file, const char *path)
{
	struct cts_bundle_file made = {.path = path, .fd = -1};
	mode_t mask = umask(0);

	umask(mask);
	made.fresh = cts_arena_printf(&made.arena, "%s.XXXXXX", path);
	made.fd = mkostemp(made.fresh, O_CLOEXEC);
	if (made.fd < 0) {
		int rc = cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", path);

		cts_arena_release(&made.arena);
		return rc;
	}
	(void)!fchmod(made.fd, 0666 & ~mask); /* a file system without modes may refuse it */
	*file = made;
	return 0;
}

static int sync_folder(struct cts_bundle_file *file)
{
	char *folder = cts_arena_strdup(&file->arena, file->path), *slash = strrchr(folder, '/');
	int fd, rc = 0;

	if (slash)
		slash[slash == folder] = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* EINVAL: a file system that cannot sync a folder (FAT and shares) */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		rc = cts_fail_errno(CTS_EIO, errno, "cannot sync the folder of '%s'", file->path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int cts_bundle_file_finish(struct cts_bundle_file *file)
{
	if (fsync(file->fd) < 0 || rename(file->fresh, file->path) < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", file->path);
	file->fresh = NULL;
	return sync_folder(file);
}

void cts_bundle_file_end(struct cts_bundle_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	if (file->fresh)
		unlink(file->fresh);
	cts_arena_release(&file->arena);
	*file = (struct cts_bundle_file){.fd = -1};
}
