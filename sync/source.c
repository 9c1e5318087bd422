/*
 * A quarantine is a bare repository of its own below the store, with the mirror as its alternate. What a server
 * has is asked for by the ids of the branches that are the programme's; how it names others does not matter.
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

/* Fifty bytes of a request each, and sixty of what a server acknowledges while it is still being written. */
enum { HAVES_MAX = 4096 };

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

/* The quarantine has the mirror's objects too. */
static int link_to_mirror(struct cts_arena *arena, const char *quarantine, const char *mirror)
{
	const char *line = cts_arena_printf(arena, "%s/objects\n", mirror);

	return write_text(cts_arena_printf(arena, "%s/objects/info/alternates", quarantine), line,
		strlen(line));
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
		rc = link_to_mirror(&source->arena, git, real);
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
	struct cts_oid *wants, *haves;
	size_t want_count, have_count;
};

static void add(struct cts_source *source, struct cts_oid **ids, size_t *count, const struct cts_oid *oid)
{
	*(struct cts_oid *)cts_arena_push(&source->arena, ids, count, sizeof(*oid)) = *oid;
}

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

/* Of what the server has, what we lack is wanted. All else of it that we have, and the ends of our own branches
 * and views, is what it need not send: a writer's branch only grows, so where the server's is ahead of ours it
 * holds ours. */
static int choose(struct choice *out, struct cts_source *source, const struct cts_link *link,
	struct cts_road *road)
{
	const struct cts_ref_entry *refs = cts_link_refs(link, &source->ref_count);
	struct cts_ref_entry *ours = NULL;
	struct cts_txn *txn = NULL;
	size_t our_count = 0;
	int rc = 0;

	*out = (struct choice){0};
	if (road)
		rc = cts_txn_begin(&txn, road->store);
	if (rc == 0 && road)
		rc = cts_repo_refs(road->repo, &ours, &our_count, &source->arena);
	source->refs = cts_arena_alloc(
		&source->arena, (source->ref_count + 1) * sizeof(*source->refs));
	for (size_t i = 0; rc == 0 && i < source->ref_count; i++) {
		const struct cts_oid *oid = &refs[i].oid;

		source->refs[i].name = cts_arena_strdup(&source->arena, refs[i].name);
		source->refs[i].oid = *oid;
		if (!is_wanted(&source->arena, refs[i].name))
			continue;
		if (road && cts_odb_has(road->odb, oid)) {
			if (out->have_count < HAVES_MAX)
				add(source, &out->haves, &out->have_count, oid);
			continue;
		}
		if (road)
			rc = was_refused(txn, oid);
		if (rc == 0)
			add(source, &out->wants, &out->want_count, oid);
		rc = rc > 0 ? 0 : rc;
	}
	for (size_t i = 0; i < our_count && out->have_count < HAVES_MAX; i++)
		add(source, &out->haves, &out->have_count, &ours[i].oid);
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
	if (rc == 0 && road && !choice.want_count) {
		rc = open_repo(source, road->mirror);
	} else if (rc == 0) {
		const struct cts_link_wish wish = {.wants = choice.wants,
			.want_count = choice.want_count,
			.haves = choice.haves,
			.have_count = choice.have_count};

		rc = cts_source_quarantine(source, folder, road ? road->mirror : NULL);
		if (rc == 0 && choice.want_count)
			rc = cts_link_fetch(link, cts_repo_path(source->repo), &wish);
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
