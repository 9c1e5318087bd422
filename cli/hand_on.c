/*
 * The folder of this program is asked of the kernel: argv[0] is whatever the caller wrote there.
 * The installed place is tried from there first, so that a tree that was moved as a whole still
 * works.
 */
#include "cli/hand_on.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/error.h"

#define ROAD "ctsync-road"

/* "/usr/bin" of /usr/bin/ctsync; false where the kernel does not tell. */
static bool own_folder(char out[PATH_MAX])
{
	ssize_t size = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	if (size < 0)
		return false;
	out[size] = '\0';
	slash = strrchr(out, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

/* Returns only if there is no such program, or it cannot be run. */
static int become(char **argv, const char *folder, const char *below)
{
	char path[2 * PATH_MAX];
	int saved;

	snprintf(path, sizeof(path), "%s%s/%s", folder, below, ROAD);
	execv(path, argv);
	saved = errno;
	if (saved == ENOENT || saved == ENOTDIR)
		return 0;
	return cts_fail_errno(CTS_EIO, saved, "cannot run '%s'", path);
}

int cts_hand_on(const char *name, char **argv)
{
	char own[PATH_MAX] = "";
	bool is_known = own_folder(own);
	int rc = 0;

	if (is_known)
		rc = become(argv, own, "");
	if (rc == 0 && is_known)
		rc = become(argv, own, "/" CTS_LIBEXEC_FROM_BIN);
	if (rc == 0)
		rc = become(argv, CTS_LIBEXEC, "");
	if (rc < 0)
		return rc;
	cts_fail(CTS_EIO, "'%s' needs the program '" ROAD "', which is neither in '%s' nor in '%s'",
		name, own, CTS_LIBEXEC);
	cts_hint("install ctsync as a whole, or put '" ROAD "' beside it");
	return CTS_EIO;
}
