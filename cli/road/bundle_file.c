/*
 * What is spooled lies in the store's own folder, which has room for it if the store is to take it in.
 */
#include "cli/road/bundle_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/arena.h"
#include "proto/error.h"

const char *cts_bundle_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "stdin" : path;
}

int cts_bundle_spool(int *fd, const char *where)
{
	const char *folder = where ? where : getenv("TMPDIR");
	struct cts_arena arena = {0};
	int rc = 0, made;
	char *name;

	if (!folder || !*folder)
		folder = "/tmp";
	name = cts_arena_printf(&arena, "%s/bundle.XXXXXX", folder);
	made = mkostemp(name, O_CLOEXEC);
	if (made < 0) {
		rc = cts_fail_errno(CTS_EIO, errno, "cannot write in '%s'", folder);
	} else {
		unlink(name);
		*fd = made;
	}
	cts_arena_release(&arena);
	return rc;
}

static int copy_stdin(int fd)
{
	char piece[64 * 1024];
	ssize_t n;

	while ((n = read(STDIN_FILENO, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cts_fail_errno(CTS_EIO, errno, "cannot read 'stdin'");
		for (ssize_t done = 0, m; done < n; done += m > 0 ? m : 0) {
			m = write(fd, piece + done, (size_t)(n - done));
			if (m < 0 && errno != EINTR)
				return cts_fail_errno(CTS_EIO, errno, "cannot keep 'stdin'");
		}
	}
	return 0;
}

int cts_bundle_open(int *fd, const char *where, const char *path)
{
	int opened = -1, rc = 0;

	if (strcmp(path, "-") == 0) {
		rc = cts_bundle_spool(&opened, where);
		if (rc == 0)
			rc = copy_stdin(opened);
	} else {
		opened = open(path, O_RDONLY | O_CLOEXEC);
		if (opened < 0)
			rc = cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
	}
	if (rc < 0 && opened >= 0)
		close(opened);
	if (rc == 0)
		*fd = opened;
	return rc;
}
