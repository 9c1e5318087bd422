/*
 * A new remote: the one step on remotes that looks at the repository itself, or makes it.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "proto/error.h"
#include "sync/remote.h"
#include "sync/git/repo.h"
#include "sync/url.h"

/* Names stand in config sections, in notes' keys, and in references of the mirror. */
static int check_name(const char *name)
{
	size_t size = strlen(name);
	bool ok = size >= 1 && size <= 64 && isalnum((unsigned char)name[0]);

	for (size_t i = 0; ok && i < size; i++)
		ok = isalnum((unsigned char)name[i]) || strchr("._-", name[i]);
	ok = ok && !strstr(name, "..") && name[size - 1] != '.' &&
		(size < 5 || strcmp(name + size - 5, ".lock") != 0);
	if (ok)
		return 0;
	cts_fail(CTS_EVALUE, "'%s' cannot be the name of a remote", name);
	cts_hint("letters, digits, '.', '_' and '-', at most 64: origin");
	return CTS_EVALUE;
}

int cts_remote_add(struct cts_store *store, const char *name, const char *url, bool create)
{
	struct cts_arena arena = {0};
	struct cts_repo *repo = NULL;
	const char *full, *path;
	int rc = check_name(name);

	if (rc == 0)
		rc = cts_url_check(url);
	if (rc == 0 && cts_remote_url(store, name)) {
		cts_fail(CTS_EREFUSED, "a remote is named '%s' already", name);
		cts_hint("ctsync remote set-url %s URL changes where it points", name);
		rc = CTS_EREFUSED;
	}
	if (rc < 0)
		goto out;
	full = cts_url_absolute(&arena, url);
	path = cts_url_path(full);
	if (create && !path) {
		rc = cts_fail(CTS_EREFUSED, "a repository can only be made on a path");
		cts_hint("make it on the server: git init --bare");
		goto out;
	}
	if (path) {
		bool exists = access(path, F_OK) == 0;

		if (!exists && create)
			rc = cts_repo_create(path);
		else
			rc = cts_repo_open(&repo, path);
		if (rc == CTS_EUNREACHABLE) {
			rc = cts_fail(CTS_EREFUSED,
				exists ? "'%s' is there, but is no git repository"
				       : "there is no git repository at '%s'",
				path);
			if (exists)
				cts_hint("name a path that is not there yet: ctsync remote add %s "
					 "%s/programme.git --create",
					name, url);
			else
				cts_hint("ctsync remote add %s %s --create makes one", name, url);
		}
	}
	if (rc == 0)
		rc = cts_remote_put_url(store, name, full);
out:
	cts_repo_close(repo);
	cts_arena_release(&arena);
	return rc;
}
