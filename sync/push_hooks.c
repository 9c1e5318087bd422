/*
 * The hooks of a repository are where its config, or the user's, says they are.
 */
#include "sync/push_hooks.h"

#include <string.h>
#include <unistd.h>

bool cts_push_has_hooks(struct cts_repo *hub)
{
	static const char *const names[] = {"pre-receive", "update", "post-receive", "post-update",
		"reference-transaction", "proc-receive"};
	struct cts_arena arena = {0};
	const char *git_dir = cts_repo_path(hub);
	const char *folder = cts_arena_printf(&arena, "%shooks", git_dir);
	git_buf moved = {0};
	git_repository *handle;
	git_config *config = NULL;
	bool found = false;

	if (cts_repo_handle(&handle, hub) == 0 &&
		git_repository_config_snapshot(&config, handle) == 0 &&
		git_config_get_path(&moved, config, "core.hooksPath") == 0 && moved.ptr[0])
		folder = moved.ptr[0] == '/' ? cts_arena_strdup(&arena, moved.ptr)
					     : cts_arena_printf(&arena, "%s%s", git_dir, moved.ptr);
	git_buf_dispose(&moved);
	git_config_free(config);
	for (size_t i = 0; !found && i < sizeof(names) / sizeof(names[0]); i++)
		found = access(cts_arena_printf(&arena, "%s/%s", folder, names[i]), X_OK) == 0;
	cts_arena_release(&arena);
	return found;
}
