/*
 * libgit2's object database with limits. The header of an object, packed as a delta or not, tells
 * its size for the cost of a look-up; only then is it inflated. libgit2 checks every object that it
 * reads against its name, with the SHA-1 that detects collisions (cts_git_start turns that on).
 *
 * While we read, another process may join packs and take away those that we know of. libgit2 opens
 * them late and looks at the folder again on a miss; it looks at it only once, and that look may
 * itself fall between the new pack's coming and the old ones' going. So what cannot be read is
 * tried once more.
 */
#include "sync/git/odb.h"

#include <dirent.h>
#include <git2/sys/odb_backend.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/arena.h"
#include "sync/git/git.h"

/* Bytes that are read to find out whether a header of another type or over the limit is true. */
enum { CHECKED_MAX = 64 * 1024 * 1024 };

struct cts_odb {
	char *git_dir;
	git_odb *handle; /* NULL until something is asked for */
	bool is_packed;  /* there are no loose objects, nor alternates that may have some */
	uint64_t faults;
};

void cts_odb_open(struct cts_odb **out, const char *git_dir)
{
	struct cts_odb *odb = cts_malloc(sizeof(*odb));

	*odb = (struct cts_odb){.git_dir = cts_malloc(strlen(git_dir) + 1)};
	strcpy(odb->git_dir, git_dir);
	*out = odb;
}

void cts_odb_free(struct cts_odb *odb)
{
	if (odb == NULL)
		return;
	git_odb_free(odb->handle);
	free(odb->git_dir);
	free(odb);
}

const char *cts_odb_dir(const struct cts_odb *odb)
{
	return odb->git_dir;
}

/* Our own repositories have all objects in packs: then a question for one that is not there need
 * not cost a look at the folder of loose objects as well. */
static bool is_packed(const char *git_dir)
{
	struct cts_buf path = {0};
	struct dirent *entry;
	bool is = true;
	DIR *folder;

	cts_buf_printf(&path, "%s/objects/info/alternates", git_dir);
	if (access(cts_buf_text(&path), F_OK) == 0)
		is = false;
	cts_buf_clear(&path);
	cts_buf_printf(&path, "%s/objects", git_dir);
	folder = opendir(cts_buf_text(&path));
	cts_buf_release(&path);
	while (folder && is && (entry = readdir(folder)))
		is = strlen(entry->d_name) != 2 || strcmp(entry->d_name, "..") == 0;
	if (folder)
		closedir(folder);
	return folder && is;
}

/* Starts libgit2, which costs milliseconds, for who reads something. */
static int start(struct cts_odb *odb)
{
	git_repository *repo = NULL;
	int rc;

	if (odb->handle)
		return 0;
	rc = cts_git_start();
	if (rc < 0)
		return rc;
	rc = git_repository_open_ext(&repo, odb->git_dir,
		GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE, NULL);
	if (rc == 0)
		rc = git_repository_odb(&odb->handle, repo);
	git_repository_free(repo);
	if (rc < 0)
		return cts_fail_git(
			CTS_EDAMAGED, rc, "cannot open the git repository '%s'", odb->git_dir);
	odb->is_packed = is_packed(odb->git_dir);
	return 0;
}

/* Sets the failure of a look-up, naming the object. */
static int fail_object(struct cts_odb *odb, int git_code, const struct cts_oid *oid)
{
	char hex[CTS_OID_HEX + 1];

	odb->faults++;
	cts_oid_format(hex, oid);
	if (git_code == GIT_ENOTFOUND)
		return cts_fail(CTS_ENOTFOUND, "object '%s' is missing", hex);
	return cts_fail_git(CTS_EINTEGRITY, git_code, "object '%s' cannot be read", hex);
}

int cts_odb_header(
	enum cts_object *type, size_t *size, struct cts_odb *odb, const struct cts_oid *oid)
{
	git_oid name = cts_git_oid_from(oid);
	git_object_t git_type;
	size_t length;
	int rc = start(odb);

	if (rc < 0)
		return rc;
	rc = git_odb_read_header(&length, &git_type, odb->handle, &name);
	if (rc < 0 && git_odb_refresh(odb->handle) == 0)
		rc = git_odb_read_header(&length, &git_type, odb->handle, &name);
	if (rc < 0)
		return fail_object(odb, rc, oid);
	if (git_type != GIT_OBJECT_COMMIT && git_type != GIT_OBJECT_TREE &&
		git_type != GIT_OBJECT_BLOB) {
		char hex[CTS_OID_HEX + 1];
		return cts_fail(CTS_EINTEGRITY, "object '%s' is no commit, tree or blob",
			cts_oid_format(hex, oid));
	}
	*type = (enum cts_object)git_type;
	*size = length;
	return 0;
}

int cts_odb_read(
	struct cts_buf *out, struct cts_odb *odb, enum cts_object type, const struct cts_oid *oid)
{
	git_oid name = cts_git_oid_from(oid);
	git_odb_object *object = NULL;
	enum cts_object found;
	char hex[CTS_OID_HEX + 1];
	size_t size;
	int rc;

	rc = cts_odb_header(&found, &size, odb, oid);
	if (rc < 0)
		return rc;
	if (found != type || size > cts_object_limit(type)) {
		/* A header is believed only when what stands under it has the name. */
		rc = size > CHECKED_MAX ? 0 : git_odb_read(&object, odb->handle, &name);
		git_odb_object_free(object);
		if (rc < 0)
			return fail_object(odb, rc, oid);
	}
	if (found != type)
		return cts_fail(CTS_EINTEGRITY, "object '%s' is a %s where a %s belongs",
			cts_oid_format(hex, oid), cts_object_name(found), cts_object_name(type));
	if (size > cts_object_limit(type))
		return cts_fail(CTS_EINTEGRITY, "%s '%s' has %zu bytes; the limit is %zu",
			cts_object_name(type), cts_oid_format(hex, oid), size,
			cts_object_limit(type));
	rc = git_odb_read(&object, odb->handle, &name);
	if (rc < 0 && git_odb_refresh(odb->handle) == 0)
		rc = git_odb_read(&object, odb->handle, &name);
	if (rc < 0)
		return fail_object(odb, rc, oid);
	cts_buf_clear(out);
	cts_buf_put(out, git_odb_object_data(object), git_odb_object_size(object));
	git_odb_object_free(object);
	return 0;
}

int cts_odb_read_tree(void *odb, struct cts_buf *out, const struct cts_oid *oid)
{
	return cts_odb_read(out, odb, CTS_OBJECT_TREE, oid);
}

/* libgit2's reader of packs is the one that cannot write an object. */
static bool is_in_pack(struct cts_odb *odb, const git_oid *name)
{
	for (size_t i = 0; i < git_odb_num_backends(odb->handle); i++) {
		git_odb_backend *backend;

		if (git_odb_get_backend(&backend, odb->handle, i) == 0 && !backend->write &&
			backend->exists && backend->exists(backend, name) == 1)
			return true;
	}
	return false;
}

bool cts_odb_has(struct cts_odb *odb, const struct cts_oid *oid)
{
	git_oid name = cts_git_oid_from(oid);

	/* What cannot be opened has nothing; the first read tells why. */
	if (start(odb) < 0)
		return false;
	if (odb->is_packed)
		return is_in_pack(odb, &name);
	return git_odb_exists_ext(odb->handle, &name, GIT_ODB_LOOKUP_NO_REFRESH) == 1;
}

uint64_t cts_odb_faults(const struct cts_odb *odb)
{
	return odb->faults;
}

int cts_odb_refresh(struct cts_odb *odb)
{
	int rc = odb->handle ? git_odb_refresh(odb->handle) : 0;

	if (rc < 0)
		return cts_fail_git(CTS_EIO, rc, "cannot look at the objects again");
	if (odb->handle)
		odb->is_packed = is_packed(odb->git_dir);
	return 0;
}
