/*
 * A quarantine is a bare repository of its own below the store, with the mirror as its alternate and the
 * mirror's branches as what it offers when it negotiates. Branches are asked for by exact names: one
 * ill-named branch of a server makes a fetch by pattern bring nothing at all.
 */
#include "sync/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a quarantine ----------------------------------------------------------------------------- */

static int write_text(const char *path, const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), rc = 0;

	if (fd < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", path);
	if (write(fd, text, size) != (ssize_t)size)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", path);
	close(fd);
	return rc;
}

/* The quarantine knows what the mirror has: its objects, and its branches to offer. */
static int link_to_mirror(const char *quarantine, const char *mirror)
{
	struct cts_arena arena = {0};
	struct cts_buf packed = {0}, alternate = {0};
	struct cts_ref_entry *refs = NULL;
	git_repository *repo = NULL;
	char hex[CTS_OID_HEX + 1];
	size_t count = 0;
	int rc = cts_repo_open(&repo, mirror);

	if (rc == 0)
		rc = cts_repo_refs(repo, &refs, &count, &arena);
	cts_buf_puts(&packed, "# pack-refs with: peeled fully-peeled sorted \n");
	for (size_t i = 0; i < count; i++)
		cts_buf_printf(&packed, "%s %s\n", cts_oid_format(hex, &refs[i].oid), refs[i].name);
	cts_buf_printf(&alternate, "%s/objects\n", mirror);
	if (rc == 0)
		rc = write_text(cts_arena_printf(&arena, "%s/objects/info/alternates", quarantine),
			alternate.data, alternate.size);
	if (rc == 0)
		rc = write_text(cts_arena_printf(&arena, "%s/packed-refs", quarantine), packed.data,
			packed.size);
	git_repository_free(repo);
	cts_buf_release(&packed);
	cts_buf_release(&alternate);
	cts_arena_release(&arena);
	return rc;
}

int cts_source_quarantine(struct cts_source *source, const char *store_path, const char *mirror)
{
	char *folder = cts_arena_printf(&source->arena, "%s/quarantine.XXXXXX", store_path);
	char real[PATH_MAX];
	const char *git;
	int rc;

	if (!mkdtemp(folder))
		return cts_fail_errno(CTS_EIO, errno, "cannot make a folder in '%s'", store_path);
	source->quarantine = folder;
	/* While this is held, no other process takes the folder for one that a crash left. */
	source->lock = cts_lock_try(cts_arena_printf(&source->arena, "%s/lock", folder));
	git = cts_arena_printf(&source->arena, "%s/git", folder);
	rc = cts_repo_create(git);
	if (rc == 0 && mirror && realpath(mirror, real))
		rc = link_to_mirror(git, real);
	if (rc == 0)
		rc = cts_repo_open(&source->repo, git);
	return rc;
}

/* ---- a server --------------------------------------------------------------------------------- */

static bool is_wanted(struct cts_arena *arena, const char *name)
{
	const char *agency, *writer;

	return cts_branch_parse(&agency, &writer, arena, name) ||
		strcmp(name, "refs/heads/root") == 0 || strcmp(name, "refs/heads/main") == 0;
}

/* Every branch, and the indexes of those that are of interest. */
static size_t *choose(struct cts_source *source, const struct cts_link *link, size_t *count)
{
	const struct cts_ref_entry *refs = cts_link_refs(link, &source->ref_count);
	size_t *wanted = NULL;

	*count = 0;
	source->refs = cts_arena_memdup(
		&source->arena, refs, source->ref_count * sizeof(*source->refs));
	for (size_t i = 0; i < source->ref_count; i++) {
		source->refs[i].name = cts_arena_strdup(&source->arena, refs[i].name);
		if (is_wanted(&source->arena, refs[i].name))
			*(size_t *)cts_arena_push(
				&source->arena, &wanted, count, sizeof(*wanted)) = i;
	}
	return wanted;
}

/* Whether the repository at `path` has all that is wanted. */
static bool has_all(const char *path, const struct cts_source *source, const size_t *wanted,
	size_t count)
{
	struct cts_odb *odb;
	bool all = true;

	if (cts_odb_open(&odb, path) < 0) {
		cts_error_clear();
		return false;
	}
	for (size_t i = 0; all && i < count; i++)
		all = cts_odb_has(odb, &source->refs[wanted[i]].oid);
	cts_odb_free(odb);
	return all;
}

/* Where nothing is new, nothing is fetched, and the mirror itself is what is read. */
static int fetch(struct cts_source *source, const char *url, const char *store_path,
	const char *mirror, const struct cts_link_options *options)
{
	struct cts_link *link;
	size_t *wanted, count;
	int rc = cts_link_open(&link, url, CTS_LINK_FETCH, options);

	if (rc < 0)
		return rc;
	wanted = choose(source, link, &count);
	if (mirror && has_all(mirror, source, wanted, count)) {
		rc = cts_repo_open(&source->repo, mirror);
	} else {
		rc = cts_source_quarantine(source, store_path, mirror);
		if (rc == 0 && count)
			rc = cts_link_fetch(
				link, git_repository_path(source->repo), wanted, count);
	}
	cts_link_close(link);
	return rc;
}

int cts_source_open(struct cts_source *out, const char *url, const char *store_path,
	const char *mirror, const struct cts_link_options *options)
{
	struct cts_source source = {.lock = -1};
	const char *path = cts_url_path(url);
	int rc = cts_url_check(url);

	if (rc == 0)
		rc = cts_git_start();
	if (rc == 0 && path) {
		rc = cts_repo_open(&source.repo, path);
		if (rc == 0)
			rc = cts_repo_refs(
				source.repo, &source.refs, &source.ref_count, &source.arena);
	} else if (rc == 0) {
		rc = fetch(&source, url, store_path, mirror, options);
	}
	if (rc == 0)
		rc = cts_odb_open(&source.odb, git_repository_path(source.repo));
	if (rc < 0) {
		cts_source_close(&source);
		return rc;
	}
	*out = source;
	return 0;
}

void cts_source_close(struct cts_source *source)
{
	cts_odb_free(source->odb);
	git_repository_free(source->repo);
	if (source->quarantine)
		cts_remove_tree(source->quarantine);
	if (source->lock >= 0)
		close(source->lock);
	cts_arena_release(&source->arena);
	*source = (struct cts_source){.lock = -1};
}

struct cts_oid cts_source_ref(const struct cts_source *source, const char *name)
{
	for (size_t i = 0; i < source->ref_count; i++)
		if (strcmp(source->refs[i].name, name) == 0)
			return source->refs[i].oid;
	return (struct cts_oid){0};
}
