/*
 * The lock is a file inside. A folder gets its name once it is locked, so one of that name that nobody has
 * locked is a dead maker's; before that it has another, and only its age tells.
 */
#include "sync/quarantine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proto/error.h"
#include "sync/disk.h"

enum { BEING_MADE_S = 600 };

static const char named[] = "quarantine.", unnamed[] = "fresh.";

int cts_quarantine_make(struct cts_quarantine *out, struct cts_arena *arena, const char *store_path)
{
	char *fresh = cts_arena_printf(arena, "%s/%sXXXXXX", store_path, unnamed);
	const char *folder;
	int lock;

	if (!mkdtemp(fresh))
		return cts_fail_errno(CTS_EIO, errno, "cannot make a folder in '%s'", store_path);
	lock = cts_lock_try(cts_arena_printf(arena, "%s/lock", fresh));
	folder = cts_arena_printf(
		arena, "%s/%s%s", store_path, named, fresh + strlen(fresh) - strlen("XXXXXX"));
	if (lock < 0 || rename(fresh, folder) != 0) {
		int rc = cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", folder);

		cts_remove_tree(fresh);
		if (lock >= 0)
			close(lock);
		return rc;
	}
	*out = (struct cts_quarantine){.folder = folder, .lock = lock};
	return 0;
}

void cts_quarantine_remove(struct cts_quarantine *quarantine)
{
	if (!quarantine->folder)
		return;
	cts_remove_tree(quarantine->folder);
	close(quarantine->lock);
	*quarantine = (struct cts_quarantine){0};
}

/* ---- those that stand in a store ---- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static int is_named(const struct dirent *entry)
{
	return begins(entry->d_name, named);
}

/* What a rebuild or a compact left in the middle has the same form; they make it under the mirror's lock. */
static int is_ours(const struct dirent *entry)
{
	return is_named(entry) || begins(entry->d_name, unnamed) ||
		begins(entry->d_name, "rebuild.") || begins(entry->d_name, "compacting.");
}

/* Paths of the store's folders that `is_wanted` picks. In `arena`. */
static const char **list(size_t *count, struct cts_arena *arena, const char *store_path,
	int (*is_wanted)(const struct dirent *))
{
	struct dirent **entries = NULL;
	const char **folders = NULL;
	int found = scandir(store_path, &entries, is_wanted, NULL);

	*count = 0;
	for (int i = 0; i < found; i++) {
		*(const char **)cts_arena_push(arena, &folders, count, sizeof(*folders)) =
			cts_arena_printf(arena, "%s/%s", store_path, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return folders;
}

static bool is_being_made(const char *folder)
{
	struct stat status;

	return begins(strrchr(folder, '/') + 1, unnamed) && stat(folder, &status) == 0 &&
		time(NULL) - status.st_mtime < BEING_MADE_S;
}

void cts_quarantine_sweep(const char *store_path)
{
	struct cts_arena arena = {0};
	size_t count;
	const char **folders = list(&count, &arena, store_path, is_ours);

	for (size_t i = 0; i < count; i++) {
		int lock = -1;

		if (!is_being_made(folders[i]))
			lock = cts_lock_try(cts_arena_printf(&arena, "%s/lock", folders[i]));
		if (lock >= 0) {
			cts_remove_tree(folders[i]);
			close(lock);
		}
	}
	cts_arena_release(&arena);
}

/* Looked at with a lock that others who look do not mind. A folder without one is just being removed. */
static bool is_alive(const char *folder, struct cts_arena *arena)
{
	int fd = open(cts_arena_printf(arena, "%s/lock", folder), O_RDWR | O_CLOEXEC);
	bool is = fd < 0 || flock(fd, LOCK_SH | LOCK_NB) != 0;

	if (fd >= 0)
		close(fd);
	return is;
}

bool cts_quarantine_has_live(const char *store_path)
{
	struct cts_arena arena = {0};
	size_t count;
	const char **folders = list(&count, &arena, store_path, is_named);
	bool has = false;

	for (size_t i = 0; !has && i < count; i++)
		has = is_alive(folders[i], &arena);
	cts_arena_release(&arena);
	return has;
}
