/*
 * libgit2 makes a repository without syncing HEAD, so a new one is made under a temporary name,
 * every file and folder of it synced, and renamed. Loops over its iterators end only on
 * GIT_ITEROVER.
 */
#include "sync/git/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/id.h"
#include "sync/disk.h"

static int remove_lock(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	size_t size = strlen(path);

	(void)info;
	(void)walk;
	if (type == FTW_F && size > 5 && strcmp(path + size - 5, ".lock") == 0)
		unlink(path);
	return 0;
}

void cts_remove_stale_locks(const char *git_dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/refs", git_dir);
	nftw(path, remove_lock, 16, FTW_PHYS);
	snprintf(path, sizeof(path), "%s/packed-refs.lock", git_dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/HEAD.lock", git_dir);
	unlink(path);
}

int cts_repo_create(const char *path)
{
	git_repository_init_options options;
	git_repository *repo = NULL;
	char fresh[PATH_MAX];
	mode_t mask;
	int rc = cts_git_start();

	if (rc < 0)
		return rc;
	if (access(path, F_OK) == 0)
		return cts_fail(CTS_EREFUSED, "'%s' exists", path);
	snprintf(fresh, sizeof(fresh), "%s.XXXXXX", path);
	if (!mkdtemp(fresh))
		return cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", path);
	mask = umask(0);
	umask(mask);
	if (chmod(fresh, 0777 & ~mask) != 0) {
		rc = cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", path);
		goto out;
	}
	git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKDIR;
	options.initial_head = "main";
	rc = git_repository_init_ext(&repo, fresh, &options);
	if (rc < 0) {
		rc = cts_fail_git(CTS_EIO, rc, "cannot make a repository at '%s'", path);
		goto out;
	}
	rc = cts_sync_tree(fresh);
	if (rc == 0 && rename(fresh, path) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", path);
	if (rc == 0)
		rc = cts_sync_tree(path);
out:
	git_repository_free(repo);
	if (rc < 0)
		cts_remove_tree(fresh);
	return rc;
}

static int find_promisor(const git_config_entry *entry, void *is_partial)
{
	size_t size = strlen(entry->name);

	if (strcmp(entry->name, "extensions.partialclone") == 0 ||
		(size > 9 && strcmp(entry->name + size - 9, ".promisor") == 0))
		*(bool *)is_partial = true;
	return 0;
}

/* Whether the repository's own config says that objects may be elsewhere. Not that of the user:
 * what they cloned partially is no business of this one. */
static int read_partial(bool *is_partial, const char *config_path)
{
	git_config *config = NULL;
	int rc = git_config_open_ondisk(&config, config_path);

	if (rc == 0)
		rc = git_config_foreach(config, find_promisor, is_partial);
	git_config_free(config);
	return rc < 0 ? cts_fail_git(CTS_EDAMAGED, rc, "cannot read '%s'", config_path) : 0;
}

/* What lacks objects by intent cannot be told from what lost them. Looked at before libgit2 opens
 * the repository, which it does not where it does not know an extension. */
static int check_whole(const char *path)
{
	static const char *const folders[] = {"", "/.git"};
	const char *what = NULL;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(folders) / sizeof(folders[0]); i++) {
		bool is_partial = false;
		char file[PATH_MAX];

		snprintf(file, sizeof(file), "%s%s/config", path, folders[i]);
		if (access(file, F_OK) != 0)
			continue;
		rc = read_partial(&is_partial, file);
		snprintf(file, sizeof(file), "%s%s/shallow", path, folders[i]);
		if (is_partial)
			what = "partial";
		else if (access(file, F_OK) == 0)
			what = "shallow";
	}
	if (rc < 0 || !what)
		return rc;
	cts_fail(CTS_EREFUSED, "the repository '%s' is %s", path, what);
	cts_hint("clone it anew without --depth and --filter");
	return CTS_EREFUSED;
}

struct cts_repo {
	char *git_dir;          /* ends in '/' */
	git_repository *handle; /* NULL until it is asked for */
};

static struct cts_repo *hold(const char *git_dir, git_repository *handle)
{
	struct cts_repo *repo = cts_malloc(sizeof(*repo));
	size_t size = strlen(git_dir);
	bool ends = size > 0 && git_dir[size - 1] == '/';

	*repo = (struct cts_repo){.git_dir = cts_malloc(size + 2), .handle = handle};
	snprintf(repo->git_dir, size + 2, "%s%s", git_dir, ends ? "" : "/");
	return repo;
}

/* Whether a folder is a repository of the most ordinary kind, whose config holds nothing of
 * extensions, promised objects or other places: this is told without libgit2. */
static bool is_ordinary(const char *git_dir)
{
	static const char *const unusual[] = {"extensions", "promisor", "include", "worktree"};
	static const char *const parts[] = {"HEAD", "objects", "refs"};
	char path[PATH_MAX], text[8192];
	ssize_t size;
	int fd;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", git_dir, parts[i]);
		if (access(path, F_OK) != 0)
			return false;
	}
	snprintf(path, sizeof(path), "%s/shallow", git_dir);
	if (access(path, F_OK) == 0)
		return false;
	snprintf(path, sizeof(path), "%s/config", git_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (size <= 0 || size == sizeof(text) - 1)
		return false;
	text[size] = '\0';
	for (size_t i = 0; i < sizeof(unusual) / sizeof(unusual[0]); i++)
		if (strcasestr(text, unusual[i]))
			return false;
	return strstr(text, "repositoryformatversion = 0") != NULL;
}

/* As libgit2 sees it. */
static int open_handle(git_repository **out, const char *path)
{
	int rc = cts_git_start();

	if (rc == 0)
		rc = check_whole(path);
	if (rc < 0)
		return rc;
	rc = git_repository_open_ext(out, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
	if (rc < 0) {
		rc = cts_fail_git(CTS_EUNREACHABLE, rc, "no git repository at '%s'", path);
		cts_hint("check the path; ctsync remote list tells where remotes point");
	}
	return rc;
}

int cts_repo_open(struct cts_repo **out, const char *path)
{
	git_repository *handle = NULL;
	int rc;

	if (is_ordinary(path)) {
		*out = hold(path, NULL);
		return 0;
	}
	rc = open_handle(&handle, path);
	if (rc == 0)
		*out = hold(git_repository_path(handle), handle);
	return rc;
}

void cts_repo_close(struct cts_repo *repo)
{
	if (!repo)
		return;
	git_repository_free(repo->handle);
	free(repo->git_dir);
	free(repo);
}

const char *cts_repo_path(const struct cts_repo *repo)
{
	return repo->git_dir;
}

int cts_repo_handle(git_repository **out, struct cts_repo *repo)
{
	int rc = repo->handle ? 0 : open_handle(&repo->handle, repo->git_dir);

	if (rc == 0)
		*out = repo->handle;
	return rc;
}

int cts_repo_refs(
	struct cts_repo *repo, struct cts_ref_entry **out, size_t *count, struct cts_arena *arena)
{
	return cts_refs_list(out, count, arena, repo->git_dir);
}

int cts_repo_ref(struct cts_repo *repo, struct cts_oid *out, const char *name)
{
	return cts_refs_get(out, repo->git_dir, name);
}

/* Some reference is named like a folder of this one. */
static bool is_in_the_way(git_repository *repo, const char *name)
{
	char folder[PATH_MAX];
	git_oid oid;

	snprintf(folder, sizeof(folder), "%s", name);
	for (char *slash; (slash = strrchr(folder, '/')) && slash - folder > 4;) {
		*slash = '\0';
		if (git_reference_name_to_id(&oid, repo, folder) == 0)
			return true;
	}
	return false;
}

int cts_repo_move(struct cts_repo *repo, const char *name, const struct cts_oid *old,
	const struct cts_oid *oid)
{
	git_oid from = cts_git_oid_from(old), to = cts_git_oid_from(oid);
	git_repository *handle = NULL;
	git_reference *ref = NULL;
	int rc = cts_repo_handle(&handle, repo);

	if (rc < 0)
		return rc;
	rc = git_reference_create_matching(&ref, handle, name, &to, !cts_oid_is_zero(old),
		cts_oid_is_zero(old) ? NULL : &from, NULL);
	git_reference_free(ref);
	if (rc == GIT_EMODIFIED || rc == GIT_EEXISTS)
		return cts_fail(CTS_EREJECTED, "the branch '%s' was moved by somebody else", name);
	if (rc < 0) {
		bool is_collision =
			git_error_last() && git_error_last()->klass == GIT_ERROR_REFERENCE;
		int code = cts_fail_git(CTS_EIO, rc, "cannot move the branch '%s'", name);

		/* Looked at last: libgit2 remembers one error. */
		if (code == CTS_EIO && (is_collision || is_in_the_way(handle, name)))
			return cts_fail(CTS_EREJECTED,
				"a branch of another kind stands there where '%s' needs a folder",
				name);
		return code;
	}
	return 0;
}

bool cts_branch_parse(
	const char **agency, const char **writer, struct cts_arena *arena, const char *name)
{
	static const char prefix[] = "refs/heads/";
	const char *slash;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return false;
	name += sizeof(prefix) - 1;
	slash = strchr(name, '/');
	if (!slash)
		return false;
	*agency = cts_arena_strndup(arena, name, (size_t)(slash - name));
	*writer = cts_arena_strdup(arena, slash + 1);
	return cts_agency_is_valid(*agency) && cts_writer_is_valid(*writer);
}
