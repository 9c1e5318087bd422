/*
 * What is spooled lies in the store's own folder, which has room for it if the store is to take it in.
 * Whatever is no plain file is: a bundle may come through a pipe with a name.
 */
#include "cli/road/bundle_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* Everything that comes from `from`, which errors call `name`. */
static int copy_all(int fd, int from, const char *name)
{
	char piece[64 * 1024];
	ssize_t n;

	while ((n = read(from, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", name);
		for (ssize_t done = 0, m; done < n; done += m > 0 ? m : 0) {
			m = write(fd, piece + done, (size_t)(n - done));
			if (m < 0 && errno != EINTR)
				return cts_fail_errno(CTS_EIO, errno, "cannot keep '%s'", name);
		}
	}
	return 0;
}

int cts_bundle_open(int *fd, const char *where, const char *path)
{
	const char *name = cts_bundle_name(path);
	int from = name == path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	int spool = -1, rc = 0;
	struct stat info;

	if (from < 0 || fstat(from, &info) < 0) {
		rc = cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", name);
	} else if (name == path && S_ISREG(info.st_mode)) {
		*fd = from;
		return 0;
	} else {
		rc = cts_bundle_spool(&spool, where);
	}
	if (rc == 0)
		rc = copy_all(spool, from, name);
	if (from > STDIN_FILENO)
		close(from);
	if (rc == 0)
		*fd = spool;
	else if (spool >= 0)
		close(spool);
	return rc;
}
