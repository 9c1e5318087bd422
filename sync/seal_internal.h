/*
 * What the parts of a seal share: seal.c takes the steps, seal_tree.c makes the tree before the
 * journal, seal_commit.c turns each change into commits.
 */
#ifndef CTS_SYNC_SEAL_INTERNAL_H
#define CTS_SYNC_SEAL_INTERNAL_H

#include "sync/commit.h"
#include "sync/pack/pack.h"
#include "sync/road.h"
#include "sync/tree/tree_build.h"

struct cts_stale {
	const char *key;
	bool is_in_journal;
	struct cts_slice before; /* its image before the journal's first change of it */
};

/* A writer's branch as far as this seal has brought it. */
struct cts_seal_branch {
	char writer[CTS_WRITER_HEX + 1];
	struct cts_oid head; /* zero: none */
	uint64_t seq;
};

struct cts_sealing {
	struct cts_road *road;
	struct cts_txn *txn;
	const struct cts_schema *schema;
	const struct cts_progress *progress;
	struct cts_arena arena;   /* of the whole seal */
	struct cts_arena scratch; /* of one change */
	struct cts_pack *pack;
	struct cts_tree_build *build;
	struct cts_oid tree; /* after the last commit; zero: none yet */
	bool has_tree;
	bool has_start; /* the tree before the journal is there */
	struct cts_stale *stale;
	size_t stale_count;
	struct cts_seal_branch *branches;
	size_t branch_count;
	struct cts_sealed *sealed;
	size_t sealed_count;
	uint64_t changes;
	/* the change at hand */
	size_t branch; /* that it extends */
	struct cts_commit commit;
	uint64_t seen_count;
	const char **seen;
	size_t seen_head_count;
	struct cts_buf lines;
	size_t line_count, record_count;
	struct cts_buf json;
};

/* ---- seal_tree.c ---- */

/* Makes `tree` the view before the journal. */
int cts_seal_start_tree(struct cts_sealing *sealing);

/* Puts a record's file, or removes it (an empty image), in the next tree. */
int cts_seal_put_image(struct cts_sealing *sealing, const char *key, struct cts_slice image);

/* Writes the next tree, which `tree` is from then on. */
int cts_seal_finish_tree(struct cts_sealing *sealing);

/* ---- seal_commit.c ---- */

/* One frame of the journal after the other; `context` is a struct cts_sealing. */
int cts_seal_frame(void *context, const struct cts_frame *frame);

#endif
