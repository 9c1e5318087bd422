/*
 * The place of a bundle's file: what is not ours to replace is left alone.
 */
#include "sync/bundle/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
