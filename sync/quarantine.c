/*
 * The lock is a file inside. A folder gets its name once it is locked, so one of that name that nobody has
 * locked is a dead maker's; before that it has another, and only its age tells.
 */
#include "sync/quarantine.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* What a rebuild or a compact left in the middle has the same form; they make it under the mirror's lock. */
static int is_ours(const struct dirent *entry)
{
	return begins(entry->d_name, named) || begins(entry->d_name, unnamed) ||
		begins(entry->d_name, "rebuild.") || begins(entry->d_name, "compacting.");
}

static bool is_being_made(const char *name, const char *folder)
{
	struct stat status;

	return begins(name, unnamed) && stat(folder, &status) == 0 &&
		time(NULL) - status.st_mtime < BEING_MADE_S;
}

void cts_quarantine_sweep(const char *store_path)
{
	struct cts_arena arena = {0};
	struct dirent **entries = NULL;
	int count = scandir(store_path, &entries, is_ours, NULL);

	for (int i = 0; i < count; i++) {
		const char *folder =
			cts_arena_printf(&arena, "%s/%s", store_path, entries[i]->d_name);

		if (!is_being_made(entries[i]->d_name, folder)) {
			int lock = cts_lock_try(cts_arena_printf(&arena, "%s/lock", folder));

			if (lock >= 0) {
				cts_remove_tree(folder);
				close(lock);
			}
		}
		free(entries[i]);
	}
	free(entries);
	cts_arena_release(&arena);
}
