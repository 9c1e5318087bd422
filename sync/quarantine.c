/*
 * The lock is a file inside: while somebody holds it, no other process takes the folder for one
 * that a crash left.
 */
#include "sync/quarantine.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/error.h"
#include "sync/git/repo.h"

int cts_quarantine_make(struct cts_quarantine *out, struct cts_arena *arena, const char *store_path)
{
	char *folder = cts_arena_printf(arena, "%s/quarantine.XXXXXX", store_path);

	*out = (struct cts_quarantine){.lock = -1};
	if (!mkdtemp(folder))
		return cts_fail_errno(CTS_EIO, errno, "cannot make a folder in '%s'", store_path);
	out->folder = folder;
	out->lock = cts_lock_try(cts_arena_printf(arena, "%s/lock", folder));
	return 0;
}

void cts_quarantine_remove(struct cts_quarantine *quarantine)
{
	if (!quarantine->folder)
		return;
	cts_remove_tree(quarantine->folder);
	if (quarantine->lock >= 0)
		close(quarantine->lock);
	*quarantine = (struct cts_quarantine){.lock = -1};
}
