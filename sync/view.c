/*
 * A remote's main is taken on only if it is a view: its form is that of a view commit, its parents are
 * views or commits that we have, and those together are a past that we hold. Whether its tree is the view
 * of that past shows in the next one: ours is made from the records, never from it.
 */
#include "sync/view.h"

#include <stdlib.h>
#include <string.h>

#include "sync/commit.h"
#include "sync/copy.h"
#include "sync/pack/pack.h"
#include "sync/git/repo.h"
#include "sync/tree/tree_diff.h"

enum {
	CHAIN_MAX = 100000,
	NOTES = 8,      /* chains that are remembered: as many as there are remotes, mostly */
	LINKS_READ = 32 /* of a chain that we do not push to, before it is remembered too */
};

/* A view and the past that it shows: a chain need not be read further down than to one of these. As kept:
 * its place, its id, the vector. */
struct noted {
	struct cts_oid view;
	struct cts_slice past;
};

struct notes {
	struct cts_arena arena;
	struct noted noted[NOTES];
};

static int take_note(void *context, const char *name, struct cts_slice data)
{
	struct notes *notes = context;
	unsigned place = (unsigned char)name[strlen("view/")] - '0';

	if (place < NOTES && data.size > 1 + CTS_OID_SIZE) {
		memcpy(notes->noted[place].view.bytes, (const char *)data.data + 1, CTS_OID_SIZE);
		notes->noted[place].past = (struct cts_slice){
			.data = cts_arena_memdup(&notes->arena,
				(const char *)data.data + 1 + CTS_OID_SIZE,
				data.size - 1 - CTS_OID_SIZE),
			.size = data.size - 1 - CTS_OID_SIZE,
		};
	}
	return 0;
}

int cts_view_note(struct cts_txn *txn, const struct cts_buf *note)
{
	char name[] = "view/0";

	name[5] = (char)('0' + note->data[0]);
	return cts_txn_put_note(txn, name, note->data, note->size);
}

/* The note of a view that builds on what stands at `place` (NOTES: on nothing noted, so that it takes a
 * free place, or that of another). */
static void make_note(struct cts_buf *out, const struct notes *notes, size_t place,
	const struct cts_oid *view, const struct cts_vector *past)
{
	if (place == NOTES)
		for (place = 0; place < NOTES && notes->noted[place].past.size; place++)
			;
	if (place == NOTES)
		place = view->bytes[0] % NOTES;
	cts_buf_putc(out, (char)place);
	cts_buf_put(out, view->bytes, CTS_OID_SIZE);
	cts_vector_encode(out, past);
}

/* 1: the view is one that was noted, and its past is joined. */
static int read_note(const struct notes *notes, size_t *place, struct cts_vector *past,
	const struct cts_oid *view)
{
	struct cts_vector noted = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < NOTES; i++) {
		if (!notes->noted[i].past.size || !cts_oid_equal(&notes->noted[i].view, view))
			continue;
		rc = cts_vector_decode(
			&noted, notes->noted[i].past.data, notes->noted[i].past.size);
		if (rc == 0) {
			cts_vector_join(past, &noted);
			*place = i;
			rc = 1;
		}
	}
	cts_vector_release(&noted);
	return rc;
}

static int fail_unknown(void)
{
	return cts_fail(CTS_EREFUSED, "it shows what is not here yet: pull, then push");
}

static int fail_stranger(void)
{
	return cts_fail(CTS_EREFUSED,
		"it is not a view that ctsync made, and is left alone (push --reset-main replaces it)");
}

/* How a chain was read. */
struct chain {
	struct notes notes;
	size_t place; /* of the note that it led to; NOTES: it was read to its end */
	int links;
	struct cts_vector past;
};

static void release_chain(struct chain *chain)
{
	cts_arena_release(&chain->notes.arena);
	cts_vector_release(&chain->past);
}

static int begin_chain(struct chain *chain, struct cts_txn *txn)
{
	*chain = (struct chain){.place = NOTES};
	return cts_txn_each_note(txn, "view/", take_note, &chain->notes);
}

/* Joins the pasts of everything that a chain of views shows. @return CTS_EREFUSED with the reason */
static int read_chain(struct cts_txn *txn, struct cts_odb *source, struct chain *chain,
	const struct cts_oid *main)
{
	struct cts_vector *past = &chain->past;
	struct cts_oid at = *main;
	int rc = 0;

	for (int n = 0; rc == 0 && n < CHAIN_MAX; n++) {
		struct cts_arena arena = {0};
		struct cts_commit commit;
		bool has_older = false;

		rc = read_note(&chain->notes, &chain->place, past, &at);
		if (rc)
			return rc < 0 ? rc : 0;
		chain->links++;
		rc = cts_commit_read(&commit, &arena, source, &at);
		if (rc == 0 && n > 0 && !commit.is_view)
			rc = fail_unknown(); /* the chain began with a commit of somebody */
		else if (rc == 0 && !commit.is_view)
			rc = fail_stranger();
		for (size_t i = 0; rc == 0 && i < commit.parent_count; i++) {
			struct cts_ref ref;

			rc = cts_txn_find_commit(txn, &ref, &commit.parents[i]);
			if (rc == 1) {
				/* What an earlier view of the chain covers need not be added again. */
				rc = cts_vector_has(past, ref) ? 0 : cts_txn_add_past(txn, past, ref);
			} else if (rc == 0 && i == 0) {
				at = commit.parents[0];
				has_older = true;
			} else if (rc == 0) {
				rc = fail_unknown();
			}
		}
		cts_arena_release(&arena);
		if (rc == CTS_EINTEGRITY || rc == CTS_ENOTFOUND || rc == CTS_ENEWER)
			rc = fail_stranger();
		if (rc == 0 && !has_older)
			return 0;
	}
	return rc < 0 ? rc : fail_stranger();
}

/* ---- taking a remote's chain over ------------------------------------------------------------- */

/* Its bytes are read again when its turn comes: whoever may push can make a chain of any length. */
struct link {
	struct cts_oid oid, tree, parent; /* parent zero: it builds on no view */
};

static int read_link(struct cts_odb *odb, struct link *out, const struct cts_oid *oid)
{
	struct cts_arena arena = {0};
	struct cts_commit commit;
	int rc = cts_commit_read(&commit, &arena, odb, oid);

	out->oid = *oid;
	if (rc == 0) {
		out->tree = commit.tree;
		if (commit.parent_count)
			out->parent = commit.parents[0];
	}
	cts_arena_release(&arena);
	return rc;
}

/* The tree of a branch's head that a view shows, if the mirror has it: a view is mostly that, and hardly anything
 * else. Zero: none. */
static int find_shown(struct cts_road *road, struct cts_odb *source, struct cts_oid *tree, const struct cts_oid *oid)
{
	struct cts_arena arena = {0};
	struct cts_commit commit, head;
	int rc = cts_commit_read(&commit, &arena, source, oid);

	*tree = (struct cts_oid){0};
	for (size_t i = 1; rc == 0 && i < commit.parent_count; i++) {
		if (!cts_odb_has(road->odb, &commit.parents[i]))
			continue;
		rc = cts_commit_read(&head, &arena, road->odb, &commit.parents[i]);
		if (rc == 0)
			*tree = head.tree;
		break;
	}
	cts_arena_release(&arena);
	return rc;
}

static int pass_record(void *context, const char *kind, const char *id,
	const struct cts_oid *before, const struct cts_oid *after)
{
	(void)context;
	(void)kind;
	(void)id;
	(void)before;
	(void)after;
	return 0;
}

static int pass_file(void *context, const char *name, const struct cts_oid *before,
	const struct cts_oid *after)
{
	(void)context;
	(void)name;
	(void)before;
	(void)after;
	return 0;
}

/* A view may be anyone's. Whatever its files say, its trees are of the mirror's form before they are
 * copied: no evil names, no endless depth. */
static const struct cts_tree_visit anything = {.record = pass_record, .file = pass_file};

/* From the first link that the mirror has, or that is no view, upwards. */
static int copy_chain(
	struct cts_road *road, struct cts_odb *source, const struct cts_oid *main)
{
	const struct cts_pack_options options = {.exists = cts_road_has, .context = road};
	struct cts_copying copying = {.source = source};
	struct cts_copied_commit copied;
	struct cts_arena arena = {0};
	struct link *links = NULL;
	size_t count = 0;
	struct cts_oid at = *main, below = {0};
	struct cts_buf bytes = {0};
	char name[CTS_OID_HEX + 1];
	int rc = 0;

	while (rc == 0 && !cts_oid_is_zero(&at) && !cts_odb_has(road->odb, &at)) {
		struct link *link = cts_arena_push(&arena, &links, &count, sizeof(*link));

		rc = read_link(source, link, &at);
		at = link->parent;
	}
	if (rc == 0 && count && !cts_oid_is_zero(&at)) {
		struct link base = {0};

		rc = read_link(road->odb, &base, &at);
		below = base.tree;
	}
	if (rc == 0 && count) {
		copying.trees = cts_tree_cache_open(cts_odb_read_tree, source, 0);
		rc = cts_pack_open(&copying.pack, road->pack_dir, &options);
	}
	for (size_t i = count; rc == 0 && i > 0; i--) {
		struct cts_oid bases[2] = {{{0}}, below};
		const struct cts_oid *base = &bases[0];

		rc = find_shown(road, source, &bases[0], &links[i - 1].oid);
		if (cts_oid_is_zero(base))
			base = cts_oid_is_zero(&below) ? NULL : &bases[1];
		if (rc == 0)
			rc = cts_tree_diff(copying.trees, base, &links[i - 1].tree, &anything);
		copied = (struct cts_copied_commit){
			.oid = links[i - 1].oid, .tree = links[i - 1].tree};
		if (rc == 0)
			rc = cts_odb_read_stored(
				&bytes, &copied.stored, source, CTS_OBJECT_COMMIT, &copied.oid);
		copied.bytes = cts_buf_slice(&bytes);
		if (rc == 0)
			rc = cts_copy_commit(&copying, &copied, bases, 2);
		below = copied.tree;
	}
	if (rc == 0 && count)
		rc = cts_pack_finish(name, copying.pack);
	if (rc == 0 && count)
		rc = cts_odb_refresh(road->odb);
	cts_buf_release(&bytes);
	cts_pack_free(copying.pack);
	cts_tree_cache_free(copying.trees);
	cts_arena_release(&arena);
	return rc;
}

static int keep_note(struct cts_txn *txn, void *note)
{
	cts_txn_may_be_lost(txn);
	return cts_view_note(txn, note);
}

/* Who pulls and never pushes would read a chain from its beginning each time. Where that cannot be written
 * now, a later pull does it. */
static void remember(struct cts_road *road, const struct chain *chain, const struct cts_oid *main)
{
	struct cts_buf note = {0};

	make_note(&note, &chain->notes, chain->place, main, &chain->past);
	if (cts_store_exchange(road->store, keep_note, &note) < 0)
		cts_error_clear();
	cts_buf_release(&note);
}

int cts_view_take(struct cts_road *road, const char *remote, const struct cts_oid *main,
	struct cts_odb *source)
{
	struct cts_arena arena = {0};
	struct chain chain = {.place = NOTES};
	struct cts_txn *txn = NULL;
	const char *name = cts_arena_printf(&arena, "refs/remotes/%s/main", remote);
	struct cts_oid old;
	int rc = cts_repo_ref(road->repo, &old, name);

	if (rc < 0 || cts_oid_is_zero(main) || cts_oid_equal(main, &old))
		goto out;
	rc = cts_txn_begin(&txn, road->store);
	if (rc == 0)
		rc = begin_chain(&chain, txn);
	if (rc == 0)
		rc = read_chain(txn, source, &chain, main);
	cts_txn_end(txn);
	if (rc == 0)
		rc = copy_chain(road, source, main);
	if (rc == 0 && chain.links > LINKS_READ)
		remember(road, &chain, main);
	if (rc == 0)
		rc = cts_repo_move(road->repo, name, &old, main);
	if (rc == CTS_EINTEGRITY || rc == CTS_ENOTFOUND || rc == CTS_EDAMAGED)
		rc = fail_stranger();
out:
	release_chain(&chain);
	cts_arena_release(&arena);
	return rc;
}

static int write_commit(struct cts_road *road, struct cts_oid *out, const struct cts_commit *commit)
{
	struct cts_buf bytes = {0};
	struct cts_pack *pack = NULL;
	char name[CTS_OID_HEX + 1];
	int rc;

	cts_commit_format(&bytes, commit);
	*out = cts_git_oid("commit", bytes.data, bytes.size);
	if (!cts_odb_has(road->odb, out)) {
		rc = cts_pack_open(&pack, road->pack_dir, NULL);
		if (rc == 0)
			rc = cts_pack_put(
				out, pack, CTS_OBJECT_COMMIT, bytes.data, bytes.size, NULL);
		if (rc == 0)
			rc = cts_pack_finish(name, pack);
		if (rc == 0)
			rc = cts_odb_refresh(road->odb);
	} else {
		rc = 0;
	}
	cts_pack_free(pack);
	cts_buf_release(&bytes);
	return rc;
}

int cts_view_commit(struct cts_road *road, struct cts_oid *out, struct cts_buf *note,
	const struct cts_oid *main, const struct cts_oid *tree)
{
	struct cts_arena arena = {0};
	struct chain chain = {.place = NOTES};
	struct cts_vector *past = &chain.past;
	struct cts_txn *txn = NULL;
	struct cts_line *heads;
	size_t count = 0;
	struct cts_commit commit = {
		.tree = *tree, .author = CTS_VIEW_AUTHOR, .message = CTS_VIEW_MESSAGE, .is_view = true};
	int rc = cts_txn_begin(&txn, road->store);

	if (rc == 0)
		rc = begin_chain(&chain, txn);
	if (rc == 0 && !cts_oid_is_zero(main))
		rc = read_chain(txn, road->odb, &chain, main);
	if (rc == 0)
		rc = cts_txn_newest_heads(txn, &heads, &count, &arena);
	if (rc < 0)
		goto out;
	commit.parents = cts_arena_alloc(&arena, (count + 1) * sizeof(*commit.parents));
	if (!cts_oid_is_zero(main))
		commit.parents[commit.parent_count++] = *main;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct cts_ref ref = {.line = heads[i].line, .seq = heads[i].head_seq};
		struct cts_change change;

		if (!ref.seq || cts_vector_has(past, ref) ||
			commit.parent_count == CTS_COMMIT_PARENTS_MAX)
			continue;
		rc = cts_txn_change(txn, &change, &arena, ref);
		if (rc == 0 && change.time > commit.time)
			commit.time = change.time;
		commit.parents[commit.parent_count++] = heads[i].head;
		rc = rc < 0 ? rc : cts_txn_add_past(txn, past, ref);
	}
	if (rc < 0)
		goto out;
	if (commit.parent_count == !cts_oid_is_zero(main)) {
		*out = *main;
		goto out;
	}
	if (!cts_oid_is_zero(main)) {
		struct cts_commit old;

		rc = cts_commit_read(&old, &arena, road->odb, main);
		if (rc == 0 && old.time > commit.time)
			commit.time = old.time;
	}
	if (rc == 0)
		rc = write_commit(road, out, &commit);
	if (rc == 0)
		make_note(note, &chain.notes, chain.place, out, past);
out:
	cts_txn_end(txn);
	release_chain(&chain);
	cts_arena_release(&arena);
	return rc;
}
