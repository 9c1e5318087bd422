/*
 * Clocks may be wrong: a commit that names something not yet received waits, with all after it, for
 * the line of `received` that brings that.
 */
#include "sync/rebuild_own.h"

#include <string.h>

#include "sync/commit.h"

int cts_own_chain_read(struct cts_own_chain *out, struct cts_arena *arena, struct cts_odb *odb,
	const struct cts_oid *head)
{
	struct cts_own_commit *down = NULL;
	struct cts_oid at = *head;
	char writer[CTS_WRITER_HEX + 1] = "";
	size_t count = 0;
	bool is_more = true;
	int rc = 0;

	while (rc == 0 && is_more) {
		struct cts_arena scratch = {0};
		struct cts_commit commit;

		rc = cts_commit_read(&commit, &scratch, odb, &at);
		is_more = rc == 0 && (!writer[0] || strcmp(commit.writer, writer) == 0);
		if (is_more) {
			struct cts_own_commit *own =
				cts_arena_push(arena, &down, &count, sizeof(*down));
			size_t own_parents = commit.seq > 1;

			*own = (struct cts_own_commit){.oid = at, .time = commit.time};
			if (commit.parent_count > own_parents) {
				own->parent_count = commit.parent_count - own_parents;
				own->parents = cts_arena_memdup(arena, commit.parents + own_parents,
					own->parent_count * sizeof(*own->parents));
			}
			memcpy(writer, commit.writer, sizeof(writer));
			is_more = own_parents && commit.parent_count;
			if (is_more)
				at = commit.parents[0];
		}
		cts_arena_release(&scratch);
	}
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count / 2; i++) {
		struct cts_own_commit other = down[i];

		down[i] = down[count - 1 - i];
		down[count - 1 - i] = other;
	}
	*out = (struct cts_own_chain){.commits = down, .count = count};
	return 0;
}

int cts_own_chain_take(
	struct cts_oid *out, struct cts_own_chain *chain, struct cts_txn *txn, int64_t until)
{
	size_t last = chain->taken;

	for (; last < chain->count && chain->commits[last].time <= until; last++) {
		const struct cts_own_commit *commit = &chain->commits[last];
		struct cts_ref ref;
		int rc = 1;

		for (size_t i = 0; rc == 1 && i < commit->parent_count; i++)
			rc = cts_txn_find_commit(txn, &ref, &commit->parents[i]);
		if (rc < 0)
			return rc;
		if (rc == 0)
			break;
	}
	if (last == chain->taken)
		return 0;
	chain->taken = last;
	*out = chain->commits[last - 1].oid;
	return 1;
}
