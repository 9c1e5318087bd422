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
#include <sys/stat.h>
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
	struct cts_repo *repo = NULL;
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
	cts_repo_close(repo);
	cts_buf_release(&packed);
	cts_buf_release(&alternate);
	cts_arena_release(&arena);
	return rc;
}

/* A bare repository as small as git has it, and not synced: it does not outlive the process. */
static int make_bare(struct cts_arena *arena, const char *path)
{
	static const char *const folders[] = {
		"", "/objects", "/objects/info", "/objects/pack", "/refs", "/refs/heads"};
	static const char head[] = "ref: refs/heads/main\n";
	static const char config[] = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";
	int rc;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *folder = cts_arena_printf(arena, "%s%s", path, folders[i]);

		if (mkdir(folder, 0777) != 0)
			return cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", folder);
	}
	rc = write_text(cts_arena_printf(arena, "%s/config", path), config, strlen(config));
	if (rc == 0)
		rc = write_text(cts_arena_printf(arena, "%s/HEAD", path), head, strlen(head));
	return rc;
}

/* Its objects are opened when the first is asked for, which is after they were fetched. */
static int open_repo(struct cts_source *source, const char *path)
{
	int rc = cts_repo_open(&source->repo, path);

	if (rc == 0)
		cts_odb_open_foreign(&source->odb, cts_repo_path(source->repo));
	return rc;
}

int cts_source_quarantine(struct cts_source *source, const char *store_path, const char *mirror)
{
	char real[PATH_MAX];
	const char *git;
	int rc = cts_quarantine_make(&source->quarantine, &source->arena, store_path);

	if (rc < 0)
		return rc;
	git = cts_arena_printf(&source->arena, "%s/git", source->quarantine.folder);
	rc = make_bare(&source->arena, git);
	if (rc == 0 && mirror && realpath(mirror, real))
		rc = link_to_mirror(git, real);
	return rc < 0 ? rc : open_repo(source, git);
}

/* ---- a server --------------------------------------------------------------------------------- */

static bool is_wanted(struct cts_arena *arena, const char *name)
{
	const char *agency, *writer;

	return cts_branch_parse(&agency, &writer, arena, name) ||
		strcmp(name, "refs/heads/root") == 0 || strcmp(name, "refs/heads/main") == 0;
}

/* What of the server is to be fetched. */
struct choice {
	size_t *wanted; /* indexes in the source's references */
	size_t count;
	bool has_all;   /* the mirror has it already */
};

/* A commit that was refused is not asked for again, nor is the branch that stands at it. */
static int was_refused(struct cts_txn *txn, const struct cts_oid *oid)
{
	char name[sizeof("refused/") + CTS_OID_HEX], hex[CTS_OID_HEX + 1];
	struct cts_buf note = {0};
	int rc;

	snprintf(name, sizeof(name), "refused/%s", cts_oid_format(hex, oid));
	rc = cts_txn_note(txn, &note, name);
	if (rc == 0)
		rc = note.size > 0;
	cts_buf_release(&note);
	return rc;
}

static int choose(struct choice *out, struct cts_source *source, const struct cts_link *link,
	struct cts_road *road)
{
	const struct cts_ref_entry *refs = cts_link_refs(link, &source->ref_count);
	struct cts_txn *txn = NULL;
	int rc = road ? cts_txn_begin(&txn, road->store) : 0;

	*out = (struct choice){.has_all = road != NULL};
	source->refs = cts_arena_alloc(
		&source->arena, (source->ref_count + 1) * sizeof(*source->refs));
	for (size_t i = 0; rc == 0 && i < source->ref_count; i++) {
		source->refs[i].name = cts_arena_strdup(&source->arena, refs[i].name);
		source->refs[i].oid = refs[i].oid;
		if (!is_wanted(&source->arena, refs[i].name))
			continue;
		if (road)
			rc = was_refused(txn, &refs[i].oid);
		if (rc == 0) {
			*(size_t *)cts_arena_push(&source->arena, &out->wanted, &out->count,
				sizeof(*out->wanted)) = i;
			out->has_all = out->has_all && cts_odb_has(road->odb, &refs[i].oid);
		}
		rc = rc > 0 ? 0 : rc;
	}
	if (txn)
		cts_txn_end(txn);
	return rc;
}

/* Where nothing is new, nothing is fetched, and the mirror itself is what is read. */
static int fetch(struct cts_source *source, const char *url, const char *folder,
	struct cts_road *road, const struct cts_progress *progress)
{
	struct cts_link_options options = {.progress = progress};
	struct cts_link *link = NULL;
	struct choice choice;
	int rc = cts_link_idle(&options.idle_s, road ? road->store : NULL);

	if (rc == 0)
		rc = cts_link_open(&link, url, CTS_LINK_FETCH, &options);
	if (rc == 0)
		rc = choose(&choice, source, link, road);
	if (rc == 0 && choice.has_all) {
		rc = open_repo(source, road->mirror);
	} else if (rc == 0) {
		rc = cts_source_quarantine(source, folder, road ? road->mirror : NULL);
		if (rc == 0 && choice.count)
			rc = cts_link_fetch(link, cts_repo_path(source->repo),
				choice.wanted, choice.count);
	}
	cts_link_close(link);
	return rc;
}

int cts_source_open(struct cts_source *out, const char *url, const char *folder,
	struct cts_road *road, const struct cts_progress *progress)
{
	struct cts_source source = {0};
	const char *path = cts_url_path(url);
	int rc = cts_url_check(url);

	if (rc == 0 && path) {
		rc = open_repo(&source, path);
		if (rc == 0)
			rc = cts_repo_refs(
				source.repo, &source.refs, &source.ref_count, &source.arena);
	} else if (rc == 0) {
		rc = fetch(&source, url, folder, road, progress);
	}
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
	cts_repo_close(source->repo);
	cts_quarantine_remove(&source->quarantine);
	cts_arena_release(&source->arena);
	*source = (struct cts_source){0};
}

struct cts_oid cts_source_ref(const struct cts_source *source, const char *name)
{
	for (size_t i = 0; i < source->ref_count; i++)
		if (strcmp(source->refs[i].name, name) == 0)
			return source->refs[i].oid;
	return (struct cts_oid){0};
}
