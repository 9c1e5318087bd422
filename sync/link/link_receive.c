/*
 * Fetching, in the child. libgit2 negotiates and reads the stream; the pack itself goes to our own
 * receiver, which an object database's backend hands it to: libgit2's indexer takes longer than
 * all the rest of a pull.
 */
#include "sync/link/link_internal.h"

#include <git2/sys/odb_backend.h>
#include <stdlib.h>

#include "proto/arena.h"
#include "sync/git/odb.h"
#include "sync/git/repo.h"
#include "sync/pack/pack_receive.h"

enum { PRIORITY = 100 }; /* before libgit2's own, which are below ten */

struct backend {
	git_odb_backend parent;
	struct cts_wire *wire;
	const char *pack_dir;
	struct cts_odb *bases;
};

struct receiver {
	git_odb_writepack parent;
	struct cts_wire *wire;
	struct cts_pack_receiving *receiving;
	git_indexer_progress stats;
	git_indexer_progress_cb tell;
	void *tell_payload;
};

static void on_progress(void *context, uint32_t done, uint32_t total)
{
	struct receiver *receiver = context;

	receiver->stats.total_objects = total;
	receiver->stats.received_objects = receiver->stats.indexed_objects = done;
	if (receiver->tell)
		receiver->tell(&receiver->stats, receiver->tell_payload);
}

/* A pack that is none is the server's doing; anything else is ours. */
static int tell(struct receiver *receiver, git_indexer_progress *stats, int rc)
{
	stats->total_objects = receiver->stats.total_objects;
	stats->received_objects = receiver->stats.received_objects;
	stats->indexed_objects = receiver->stats.indexed_objects;
	if (rc == CTS_EINTEGRITY) {
		cts_fail_where("what '%s' sent is no sound pack", receiver->wire->shown);
		cts_hint("nothing changed here; try again, and if it stays so tell who runs it");
	}
	return rc < 0 ? cts_wire_fail(receiver->wire, rc) : 0;
}

static int append(
	git_odb_writepack *writepack, const void *data, size_t size, git_indexer_progress *stats)
{
	struct receiver *receiver = (struct receiver *)writepack;
	struct cts_slice bytes = {.data = data, .size = size};

	return tell(receiver, stats, cts_pack_receive_append(receiver->receiving, bytes));
}

static int commit(git_odb_writepack *writepack, git_indexer_progress *stats)
{
	struct receiver *receiver = (struct receiver *)writepack;
	char name[CTS_OID_HEX + 1];

	return tell(receiver, stats, cts_pack_receive_finish(name, receiver->receiving));
}

static void free_receiver(git_odb_writepack *writepack)
{
	struct receiver *receiver = (struct receiver *)writepack;

	cts_pack_receive_free(receiver->receiving);
	free(receiver);
}

static int open_receiver(git_odb_writepack **out, git_odb_backend *parent, git_odb *odb,
	git_indexer_progress_cb progress, void *payload)
{
	struct backend *backend = (struct backend *)parent;
	struct receiver *receiver = cts_malloc(sizeof(*receiver));
	const struct cts_pack_receive_options options = {
		.read_base = cts_odb_read_any,
		.base_context = backend->bases,
		.progress = on_progress,
		.progress_context = receiver};
	int rc;

	(void)odb;
	*receiver = (struct receiver){.parent.backend = parent,
		.parent.append = append,
		.parent.commit = commit,
		.parent.free = free_receiver,
		.wire = backend->wire,
		.tell = progress,
		.tell_payload = payload};
	rc = cts_pack_receive_open(&receiver->receiving, backend->pack_dir, &options);
	if (rc < 0) {
		free(receiver);
		return cts_wire_fail(backend->wire, rc);
	}
	*out = &receiver->parent;
	return 0;
}

/* It lives as long as the process. */
static int add_backend(struct cts_wire *wire, git_odb *odb, const char *git_dir)
{
	static struct cts_arena arena;
	struct backend *backend = cts_arena_alloc(&arena, sizeof(*backend));
	int rc;

	*backend = (struct backend){.wire = wire,
		.pack_dir = cts_arena_printf(&arena, "%s/objects/pack", git_dir)};
	cts_odb_open(&backend->bases, git_dir);
	rc = git_odb_init_backend(&backend->parent, GIT_ODB_BACKEND_VERSION);
	backend->parent.writepack = open_receiver;
	return rc < 0 ? rc : git_odb_add_backend(odb, &backend->parent, PRIORITY);
}

/* Nothing of what is fetched is named by a reference: the parent knows the ids. The repository is
 * thrown away in the end, so nothing is synced. */
int cts_link_receive(struct cts_wire *wire, const git_remote_head **wanted, size_t count,
	const char *git_dir)
{
	git_indexer_progress stats = {0};
	struct cts_repo *repo;
	git_repository *handle;
	git_odb *odb = NULL;
	bool is_needed = false;
	int rc;

	rc = cts_repo_open(&repo, git_dir);
	if (rc == 0)
		rc = cts_repo_handle(&handle, repo);
	if (rc < 0)
		return rc;
	rc = git_repository_odb(&odb, handle);
	if (rc < 0)
		return cts_fail_git(CTS_EIO, rc, "cannot read '%s'", git_dir);
	for (size_t i = 0; i < count; i++) {
		/* The array is libgit2's own; what it has here is left out of the request. */
		git_remote_head *head = (git_remote_head *)wanted[i];

		head->local = git_odb_exists(odb, &head->oid);
		is_needed |= !head->local;
	}
	if (!is_needed)
		return 0;
	rc = wire->transport->negotiate_fetch(wire->transport, handle, wanted, count);
	if (rc == 0)
		rc = add_backend(wire, odb, git_dir);
	if (rc == 0)
		rc = wire->transport->download_pack(wire->transport, handle, &stats);
	cts_lines_end(&wire->words);
	if (rc == 0)
		cts_wire_finish(wire);
	return rc < 0 ? cts_wire_explain(wire, rc) : 0;
}
