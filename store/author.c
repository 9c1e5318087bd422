/*
 * Who the user says to be: what git knows of this user and this machine, for those who never told ctsync
 * their name. The files are read where git reads them.
 */
#include "store/store.h"

#include <stdlib.h>

static const char *from_git(struct cts_arena *arena, const char *key)
{
	const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
	const char *global = getenv("GIT_CONFIG_GLOBAL");
	const char *value = NULL;

	if (global && *global)
		value = cts_config_file_get(arena, global, key);
	if (!global && home)
		value = cts_config_file_get(
			arena, cts_arena_printf(arena, "%s/.gitconfig", home), key);
	if (!value && !global && xdg && *xdg)
		value = cts_config_file_get(
			arena, cts_arena_printf(arena, "%s/git/config", xdg), key);
	else if (!value && !global && home)
		value = cts_config_file_get(
			arena, cts_arena_printf(arena, "%s/.config/git/config", home), key);
	if (!value && !getenv("GIT_CONFIG_NOSYSTEM"))
		value = cts_config_file_get(arena, "/etc/gitconfig", key);
	return value;
}

const char *cts_author_of_user(struct cts_arena *arena, const char *name, const char *mail)
{
	if (!name || !*name)
		name = from_git(arena, "user.name");
	if (!mail || !*mail)
		mail = from_git(arena, "user.email");
	if (!name || !*name || !mail || !*mail)
		return "";
	return cts_arena_printf(arena, "%s <%s>", name, mail);
}
