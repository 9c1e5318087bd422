/*
 * Rebuild: a new LMDB from what git and the two files hold. The whole history is read from the mirror's
 * branches, in the order in which `received` says it came; opening the store then replays the journal
 * file, as after any crash. The old data.mdb is put aside, not destroyed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "sync/create.h"
#include "sync/disk.h"
#include "sync/ingest.h"
#include "sync/rebuild_own.h"
#include "sync/received.h"
#include "sync/git/repo.h"

struct rebuilding {
	struct cts_arena arena;
	const char *path, *fresh, *mirror;
	struct cts_store *store;
	struct cts_road *road;
	struct cts_schema *schema;
	struct cts_tip *tips; /* every branch */
	size_t tip_count;
	struct cts_received *lines; /* of `received`, but for heads */
	size_t line_count;
	struct cts_own_chain *chains;
	size_t chain_count;
	struct cts_oid root;
	struct cts_ingest ingest;
	struct cts_pull pull;
	uint64_t commits;
};

static int ingest_in_txn(struct cts_txn *txn, void *context)
{
	return cts_ingest(txn, context);
}

static int take_tips(struct rebuilding *rebuilding, const struct cts_tip *tips, size_t count,
	int64_t received)
{
	int rc;

	rebuilding->ingest.tips = tips;
	rebuilding->ingest.tip_count = count;
	rebuilding->ingest.received = received;
	rc = cts_store_exchange(rebuilding->store, ingest_in_txn, &rebuilding->ingest);
	rebuilding->commits += rebuilding->pull.commits;
	/* What the mirror holds was sound when it came. Going on without it would lose it. */
	if (rc == 0 && rebuilding->pull.refused_count) {
		const struct cts_refusal *first = &rebuilding->pull.refused[0];
		char hex[CTS_OID_HEX + 1];

		cts_fail(CTS_EDAMAGED, "the mirror '%s' is damaged at commit %s: %s",
			rebuilding->mirror, cts_oid_format(hex, &first->commit), first->why);
		cts_hint("bring the mirror back from a copy, or clone again");
		rc = CTS_EDAMAGED;
	}
	return rc;
}

/* What we did ourselves by that time was there before it. */
static int take_own(struct rebuilding *rebuilding, int64_t until)
{
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < rebuilding->chain_count; i++) {
		struct cts_tip tip = {.branch = "own"};
		struct cts_txn *txn = NULL;

		rc = cts_txn_begin(&txn, rebuilding->store);
		if (rc == 0)
			rc = cts_own_chain_take(&tip.oid, &rebuilding->chains[i], txn, until);
		cts_txn_end(txn);
		if (rc == 1)
			rc = take_tips(rebuilding, &tip, 1, 0);
	}
	return rc < 0 ? rc : 0;
}

/* Heads are read at once, in the order in which they came; what else the line tells comes after. */
static int take_line(struct rebuilding *rebuilding, const char *text, size_t size)
{
	struct cts_tip *tips = NULL;
	struct cts_received line;
	size_t count = 0;
	int rc;

	if (!cts_received_parse(&line, &rebuilding->arena, text, size))
		return 0;
	if (line.kind != CTS_RECEIVED_HEADS) {
		*(struct cts_received *)cts_arena_push(&rebuilding->arena, &rebuilding->lines,
			&rebuilding->line_count, sizeof(line)) = line;
		return 0;
	}
	rc = take_own(rebuilding, line.time);
	for (size_t i = 0; rc == 0 && i < line.head_count; i++) {
		struct cts_tip *tip;

		if (!cts_odb_has(rebuilding->road->odb, &line.heads[i]))
			continue;
		tip = cts_arena_push(&rebuilding->arena, &tips, &count, sizeof(*tip));
		*tip = (struct cts_tip){.branch = "received", .oid = line.heads[i]};
	}
	return rc == 0 && count ? take_tips(rebuilding, tips, count, line.time) : rc;
}

static int note_lines(struct cts_txn *txn, void *context)
{
	struct rebuilding *rebuilding = context;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < rebuilding->line_count; i++)
		rc = cts_received_note(txn, &rebuilding->lines[i]);
	return rc;
}

static int take_received(struct rebuilding *rebuilding)
{
	FILE *file = fopen(
		cts_arena_printf(&rebuilding->arena, "%s/received", rebuilding->path), "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int rc = 0;

	if (!file)
		return 0;
	while (rc == 0 && (size = getline(&line, &room, file)) > 0)
		rc = take_line(rebuilding, line, (size_t)size);
	free(line);
	fclose(file);
	if (rc == 0 && rebuilding->line_count)
		rc = cts_store_exchange(rebuilding->store, note_lines, rebuilding);
	return rc < 0 ? rc : 0;
}

static int find_tips(struct rebuilding *rebuilding)
{
	struct cts_repo *repo = NULL;
	struct cts_odb *odb = NULL;
	struct cts_ref_entry *refs;
	size_t count = 0;
	int rc = cts_repo_open(&repo, rebuilding->mirror);

	if (rc == 0)
		cts_odb_open(&odb, rebuilding->mirror);
	if (rc == 0)
		rc = cts_repo_refs(repo, &refs, &count, &rebuilding->arena);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const char *agency, *writer;
		struct cts_tip *tip;

		if (!cts_branch_parse(&agency, &writer, &rebuilding->arena, refs[i].name) &&
			strncmp(refs[i].name, "refs/forks/", 11) != 0)
			continue;
		tip = cts_arena_push(&rebuilding->arena, &rebuilding->tips,
			&rebuilding->tip_count, sizeof(*tip));
		*tip = (struct cts_tip){.branch = refs[i].name, .oid = refs[i].oid};
	}
	if (rc == 0 && !rebuilding->tip_count)
		rc = cts_fail(CTS_EDAMAGED, "the mirror '%s' holds no branch", rebuilding->mirror);
	if (rc == 0)
		rc = cts_find_root(odb, &rebuilding->root, rebuilding->tips[0].oid);
	if (rc == 0)
		rc = cts_read_schema(odb, &rebuilding->schema, &rebuilding->root);
	cts_odb_free(odb);
	cts_repo_close(repo);
	return rc;
}

/* The whole file; nothing when there is none. */
static int read_file(struct cts_buf *out, const char *path)
{
	FILE *file = fopen(path, "re");
	char chunk[65536];
	size_t size;

	while (file && (size = fread(chunk, 1, sizeof(chunk), file)) > 0)
		cts_buf_put(out, chunk, size);
	if (file)
		fclose(file);
	return 0;
}

/* The branches of this store: its writer's, and those of its agency that no remote ever brought, of the
 * writers that it was before. */
static int read_chains(struct rebuilding *rebuilding, const struct cts_store_setup *setup)
{
	struct cts_arena *arena = &rebuilding->arena;
	struct cts_buf received = {0};
	int rc = read_file(&received,
		cts_arena_printf(arena, "%s/received", rebuilding->path));

	for (size_t i = 0; rc == 0 && i < rebuilding->tip_count; i++) {
		const struct cts_tip *tip = &rebuilding->tips[i];
		char hex[CTS_OID_HEX + 1];
		const char *agency, *writer;
		struct cts_own_chain *chain;

		if (!cts_branch_parse(&agency, &writer, arena, tip->branch) ||
			strcmp(agency, setup->agency) != 0 ||
			(strcmp(writer, setup->writer) != 0 &&
				strstr(cts_buf_text(&received), cts_oid_format(hex, &tip->oid))))
			continue;
		chain = cts_arena_push(arena, &rebuilding->chains, &rebuilding->chain_count,
			sizeof(*chain));
		rc = cts_own_chain_read(chain, arena, rebuilding->road->odb, &tip->oid);
	}
	cts_buf_release(&received);
	return rc;
}

static int make_fresh(struct rebuilding *rebuilding)
{
	char *config =
		cts_arena_printf(&rebuilding->arena, "%s/config", rebuilding->path);
	struct cts_store_setup setup = {
		.agency = cts_config_file_get(&rebuilding->arena, config, "ctsync.agency"),
		.writer = cts_config_file_get(&rebuilding->arena, config, "ctsync.writer"),
		.author = "",
		.schema = rebuilding->schema,
	};
	char *fresh = cts_arena_printf(&rebuilding->arena, "%s/rebuild.XXXXXX", rebuilding->path);
	int rc;

	if (!setup.agency || !setup.writer || !cts_agency_is_valid(setup.agency) ||
		!cts_writer_is_valid(setup.writer)) {
		rc = cts_fail(CTS_EDAMAGED, "'%s' does not say whose store it is", config);
		cts_hint("write ctsync.agency and ctsync.writer into it, as git config does");
		return rc;
	}
	if (!mkdtemp(fresh))
		return cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", fresh);
	rebuilding->fresh = fresh;
	rc = cts_store_create_for_rebuild(fresh, rebuilding->path, &setup);
	if (rc == 0)
		rc = cts_store_open(&rebuilding->store, fresh);
	if (rc == 0)
		rc = cts_road_attach(&rebuilding->road, rebuilding->store, rebuilding->mirror);
	if (rc == 0)
		rc = read_chains(rebuilding, &setup);
	return rc;
}

static int set_root_and_line(struct cts_txn *txn, void *context)
{
	struct rebuilding *rebuilding = context;
	int rc = cts_txn_set_root(txn, &rebuilding->root);

	return rc < 0 ? rc : cts_txn_claim_line(txn);
}

static int swap(struct rebuilding *rebuilding)
{
	const char *path = rebuilding->path;
	const char *old = cts_arena_printf(&rebuilding->arena, "%s/data.mdb", path);
	const char *aside = cts_arena_printf(&rebuilding->arena, "%s/data.mdb.damaged", path);
	const char *new = cts_arena_printf(&rebuilding->arena, "%s/data.mdb", rebuilding->fresh);
	const char *lock = cts_arena_printf(&rebuilding->arena, "%s/lock.mdb", path);
	int folder, rc = 0;

	/* A link, not a rename: at every moment there is a data.mdb. */
	unlink(aside);
	if (link(old, aside) != 0 && errno != ENOENT)
		return cts_fail_errno(CTS_EIO, errno, "cannot put '%s' aside", old);
	/* Nobody opens the store between the two: the lock file of one belongs to no other. Who has it open
	 * looks again before it writes. */
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (folder >= 0 && flock(folder, LOCK_EX) != 0 && errno == EINTR)
		;
	if (rename(new, old) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot put the new '%s' in place", old);
	else
		unlink(lock); /* its readers are gone with the old one */
	if (folder >= 0)
		close(folder);
	return rc < 0 ? rc : cts_sync_tree(path);
}

/* Opening replays the journal file; then nothing is missing. */
static int replay(struct rebuilding *rebuilding, uint64_t *pending)
{
	struct cts_store *store = NULL;
	struct cts_txn *txn = NULL;
	int rc = cts_store_open(&store, rebuilding->path);

	if (rc == 0)
		rc = cts_txn_begin(&txn, store);
	if (rc == 0)
		rc = cts_txn_journal_count(txn, pending);
	cts_txn_end(txn);
	cts_store_close(store);
	return rc;
}

int cts_store_rebuild(const char *path, uint64_t *commits, uint64_t *pending,
	const struct cts_progress *progress)
{
	struct rebuilding rebuilding = {.path = path};
	uint64_t waiting = 0;
	int lock = -1, mirror = -1, rc = 0;

	rebuilding.mirror = cts_arena_printf(&rebuilding.arena, "%s/mirror.git", path);
	/* Neither a seal nor a pull may begin with the old data.mdb and end with the new one. */
	mirror = cts_lock_try(cts_arena_printf(&rebuilding.arena, "%s/mirror.lock", path));
	if (mirror < 0 && errno != EWOULDBLOCK) {
		rc = cts_fail_errno(CTS_EIO, errno, "cannot open the lock '%s/mirror.lock'", path);
		goto out;
	}
	if (mirror < 0) {
		rc = cts_fail(CTS_ELOCKED, "another process is at work with the store '%s'", path);
		cts_hint("let it end, then rebuild again");
		goto out;
	}
	lock = cts_lock_take_write(path);
	if (lock < 0) {
		rc = lock;
		goto out;
	}
	rc = find_tips(&rebuilding);
	if (rc == 0)
		rc = make_fresh(&rebuilding);
	if (rc < 0)
		goto out;
	rebuilding.ingest = (struct cts_ingest){
		.road = rebuilding.road,
		.source = rebuilding.road->odb,
		.progress = progress,
		.pull = &rebuilding.pull,
	};
	rc = cts_store_exchange(rebuilding.store, set_root_and_line, &rebuilding);
	if (rc == 0)
		rc = take_received(&rebuilding);
	if (rc == 0)
		rc = take_tips(&rebuilding, rebuilding.tips, rebuilding.tip_count, 0);
	if (rc == 0)
		rc = cts_store_exchange(rebuilding.store, set_root_and_line, &rebuilding);
	if (rc == 0)
		rc = cts_seal_locked(rebuilding.road, true, NULL, progress);
	if (rc >= 0)
		rc = cts_store_sync(rebuilding.store);
	cts_road_close(rebuilding.road);
	cts_store_close(rebuilding.store);
	rebuilding.road = NULL;
	rebuilding.store = NULL;
	if (rc == 0)
		rc = swap(&rebuilding);
	close(lock);
	lock = -1;
	if (rc == 0)
		rc = replay(&rebuilding, &waiting);
out:
	if (lock >= 0)
		close(lock);
	if (mirror >= 0)
		close(mirror);
	if (rc == 0 && commits)
		*commits = rebuilding.commits;
	if (rc == 0 && pending)
		*pending = waiting;
	cts_road_close(rebuilding.road);
	cts_store_close(rebuilding.store);
	if (rebuilding.fresh)
		cts_remove_tree(rebuilding.fresh);
	cts_schema_free(rebuilding.schema);
	cts_pull_release(&rebuilding.pull);
	cts_arena_release(&rebuilding.arena);
	return rc;
}
