/*
 * Where new commits are read from: a repository on a path, whose objects are read directly, or the
 * quarantine into which libgit2 fetched what a server sent. Nothing of it is trusted (verify.h).
 */
#ifndef CTS_SYNC_SOURCE_H
#define CTS_SYNC_SOURCE_H

#include "sync/link/link.h"
#include "sync/git/repo.h"
#include "sync/quarantine.h"
#include "sync/road.h"
#include "sync/url.h"

struct cts_source {
	struct cts_arena arena;
	struct cts_repo *repo;
	struct cts_odb *odb;
	struct cts_quarantine quarantine; /* none for a path */
	struct cts_ref_entry *refs; /* every branch, by the names that the remote gives them */
	size_t ref_count;
};

/* Reads the branches of `url`; for a server, fetches what is new of those that are of interest: writers'
 * branches, root and main. `road` knows what is there and what was refused and is not asked for again;
 * NULL: there is no store yet. `folder` is where a quarantine may be made.
 * @return CTS_EUNREACHABLE, CTS_EAUTH, CTS_EVALUE */
int cts_source_open(struct cts_source *out, const char *url, const char *folder,
	struct cts_road *road, const struct cts_progress *progress);
void cts_source_close(struct cts_source *source);

/* Begins a source (zeroed) that is a quarantine: an empty repository of its own under
 * `store_path`, which knows what the mirror has (NULL: none). cts_source_close removes it. */
int cts_source_quarantine(struct cts_source *source, const char *store_path, const char *mirror);

/* The value of one of its branches; zero when there is none. */
struct cts_oid cts_source_ref(const struct cts_source *source, const char *name);

#endif
