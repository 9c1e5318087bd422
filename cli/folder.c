/*
 * Folders are made one by one, so that exactly those that are ours can be taken away again.
 */
#include "cli/folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/error.h"

#define OPEN_FOLDERS 16

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static char *without_slashes(struct cts_arena *arena, const char *path)
{
	size_t size = strlen(path);

	while (size > 1 && path[size - 1] == '/')
		size--;
	return cts_arena_strndup(arena, path, size);
}

int cts_folder_make(struct cts_arena *arena, const char **first, const char *path)
{
	char *part = without_slashes(arena, path);

	if (!*part)
		return cts_fail(CTS_EUSAGE, "the name of the folder is empty");
	for (char *c = part + 1;; c++) {
		char end = *c;

		if (end && end != '/')
			continue;
		*c = 0;
		if (mkdir(part, 0777) == 0) {
			if (!*first)
				*first = cts_arena_strdup(arena, part);
		} else {
			int why = errno == EEXIST ? ENOTDIR : errno;

			if (!is_directory(part))
				return cts_fail_errno(CTS_EIO, why, "cannot make '%s'", part);
		}
		*c = end;
		if (!end)
			return 0;
	}
}

void cts_folder_unmake(struct cts_arena *arena, const char *first, const char *path)
{
	char *part = without_slashes(arena, path);

	while (first && strlen(part) >= strlen(first) && rmdir(part) == 0) {
		char *slash = strrchr(part, '/');

		if (!slash)
			break;
		*slash = 0;
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	/* What cannot be removed is left: the next one in its place will say so. */
	remove(path);
	return 0;
}

void cts_folder_remove(const char *path)
{
	nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}
