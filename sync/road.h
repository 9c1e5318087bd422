/*
 * What the steps of the road share: a store with its mirror open. Internal to sync/.
 */
#ifndef CTS_SYNC_ROAD_H
#define CTS_SYNC_ROAD_H

#include "sync/git/git.h"
#include "sync/pack/odb.h"
#include "sync/sync.h"
#include "sync/tree/tree_cache.h"

struct cts_road {
	struct cts_store *store;
	char *mirror;   /* path of mirror.git */
	char *pack_dir; /* its objects/pack */
	struct cts_repo *repo;
	struct cts_odb *odb;
	struct cts_tree_cache *trees; /* over odb */
};

enum { CTS_MIRROR_WAIT_MS = 10000 };

/* Opens the mirror at `mirror` for `store`, without mending anything. */
int cts_road_attach(struct cts_road **out, struct cts_store *store, const char *mirror);

/* Whether the mirror holds an object: for the options of a pack that is to be put there (pack.h); `road` is a
 * struct cts_road. Everything that an object of the mirror's names is there too. */
bool cts_road_has(void *road, const struct cts_oid *oid);

/* Moves the mirror's refs to the heads that LMDB has; never back. The mirror's lock is held. */
int cts_road_move_refs(struct cts_road *road);

/* The name of a line's reference in the mirror: its branch, or refs/forks/... of a fork. */
const char *cts_line_ref(struct cts_arena *arena, const struct cts_line *line);

/* cts_seal while the mirror's lock is held. With `refresh`, the mirror's tree is made the view even if
 * nothing is in the journal. `*tree`, if not NULL, is then the view's tree. */
int cts_seal_locked(struct cts_road *road, bool refresh, struct cts_oid *tree,
	const struct cts_progress *progress);

/* Notes that the road keeps in the store (cts_txn_put_note):
 *	refused/<commit>           branch, newline, why
 *	remote/<name>              last pull, last push: two times as text
 *	pin/<remote>/<branch>      the last head seen of a branch of a remote
 *	has/<remote>               vector of what that remote is known to have
 *	separate/<remote>          "1": it takes our branch only in a request of its own
 *	pushed                     vector of what some remote is known to have
 *	view                       the last view pushed or taken: its id, and the vector that it shows
 *	compacted                  the pack that was compacted last */

#endif
