/*
 * Push: seal, then give a remote what it lacks. The own branch goes first and alone decides whether
 * the push succeeded; others' branches (so changes travel through any chain of hubs), `root` and
 * `main` follow and are tried in good faith: a host that will not take them is told of, and the
 * push is still a push.
 *
 * A repository on a path is written directly, but for one with hooks, which would not run: that gets
 * a request over a link, as a server does.
 */
#include "sync/push_internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sync/link/link.h"
#include "sync/push_hooks.h"
#include "sync/remote.h"
#include "sync/source.h"
#include "sync/view.h"

enum { EARLY_MAX = 30000 }; /* entries of the journal that are sealed within a second */

void cts_push_release(struct cts_push *push)
{
	cts_arena_release(&push->arena);
}

struct cts_oid cts_push_ref(const struct cts_pushing *pushing, const char *name)
{
	for (size_t i = 0; i < pushing->ref_count; i++)
		if (strcmp(pushing->refs[i].name, name) == 0)
			return pushing->refs[i].oid;
	return (struct cts_oid){0};
}

void cts_push_note_moved(struct cts_pushing *pushing, struct cts_move *move)
{
	struct cts_push *out = pushing->out;
	const char **branch =
		cts_arena_push(&out->arena, &out->branches, &out->branch_count, sizeof(*branch));

	*branch = cts_arena_strdup(&out->arena, move->name + strlen("refs/heads/"));
	move->is_done = true;
}

void cts_push_note_declined(struct cts_pushing *pushing, const char *name, const char *why)
{
	struct cts_push *out = pushing->out;
	const char **line =
		cts_arena_push(&out->arena, &out->declined, &out->declined_count, sizeof(*line));

	*line = cts_arena_printf(&out->arena, "%s: %s", name + strlen("refs/heads/"), why);
}

int cts_push_fail_own(const char *why)
{
	cts_fail(CTS_EREJECTED, "the remote refused our branch: %s", why);
	cts_hint("what you changed stays here; push again when who runs the remote allows it");
	return CTS_EREJECTED;
}

/* ---- the whole ---- */

static int connect_to(struct cts_pushing *pushing)
{
	const char *path = cts_url_path(pushing->url);
	int rc;

	if (!path)
		return cts_push_list_server(pushing);
	rc = cts_repo_open(&pushing->hub, path);
	if (rc == 0)
		cts_odb_open_foreign(&pushing->hub_odb, cts_repo_path(pushing->hub));
	if (rc == 0)
		rc = cts_repo_refs(
			pushing->hub, &pushing->refs, &pushing->ref_count, &pushing->arena);
	return rc;
}

/* `root` names the programme: it is made once, and another one there stops everything. */
static int check_root(struct cts_pushing *pushing, struct cts_oid *root)
{
	struct cts_oid theirs = cts_push_ref(pushing, "refs/heads/root");
	int rc = cts_txn_root(pushing->txn, root);

	if (rc < 0 || cts_oid_is_zero(&theirs) || cts_oid_equal(root, &theirs))
		return rc;
	cts_fail(CTS_EREFUSED, "'%s' holds another programme", pushing->url);
	cts_hint("make an empty repository for this one: ctsync remote add NAME PATH --create");
	return CTS_EREFUSED;
}

static void add_ref(
	struct cts_pushing *pushing, const char *name, const struct cts_oid *oid, bool is_forced)
{
	struct cts_oid old = cts_push_ref(pushing, name);
	struct cts_move *move;

	if (cts_oid_equal(&old, oid))
		return;
	move = cts_arena_push(
		&pushing->arena, &pushing->moves, &pushing->move_count, sizeof(*move));
	*move = (struct cts_move){.name = name, .old = old, .new = *oid, .is_forced = is_forced};
}

/* References of the mirror that no line is behind: what they name stays, whoever cleans up in it. */
static int set_mirror_ref(struct cts_road *road, const char *name, const struct cts_oid *oid)
{
	struct cts_oid old;
	int rc = cts_repo_ref(road->repo, &old, name);

	return rc < 0 || cts_oid_equal(&old, oid) ? rc : cts_repo_move(road->repo, name, &old, oid);
}

/* The move of main, if there is one. The mirror must hold the remote's main to build on it. */
static int add_view(struct cts_pushing *pushing, const struct cts_oid *tree, bool reset_main,
	struct cts_oid *view, bool *has_view)
{
	struct cts_oid main = cts_push_ref(pushing, "refs/heads/main"), base = main;
	const char *name =
		cts_arena_printf(&pushing->arena, "refs/remotes/%s/main", pushing->remote);
	const char *publish = cts_store_config(pushing->road->store, "publish.main");
	int rc = 0;

	*has_view = false;
	if (publish && strcmp(publish, "false") == 0)
		return 0;
	if (reset_main)
		base = (struct cts_oid){0};
	if (pushing->hub_odb)
		rc = cts_view_take(pushing->road, pushing->remote, &base, pushing->hub_odb);
	else if (!cts_oid_is_zero(&base) && !cts_odb_has(pushing->road->odb, &base)) {
		cts_push_note_declined(pushing, "refs/heads/main",
			"it is no view that we have: pull, then push (or push --reset-main)");
		return 0;
	}
	if (rc == 0)
		rc = cts_view_commit(pushing->road, view, &pushing->view_note, &base, tree);
	if (rc == CTS_EREFUSED) {
		cts_push_note_declined(pushing, "refs/heads/main", cts_error_message(rc));
		cts_error_clear();
		return 0;
	}
	if (rc < 0 || cts_oid_equal(view, &main))
		return rc;
	rc = set_mirror_ref(pushing->road, name, view);
	add_ref(pushing, "refs/heads/main", view, reset_main);
	*has_view = rc == 0;
	return rc;
}

struct noting {
	const char *remote;
	const struct cts_vector *has;
	const struct cts_buf *view;
	bool is_separate;
};

/* Kept only where it is so: no note is the ordinary case. */
static int note_separate(struct cts_txn *txn, const struct noting *noting)
{
	struct cts_buf old = {0};
	char key[256];
	int rc;

	snprintf(key, sizeof(key), "separate/%s", noting->remote);
	rc = cts_txn_note(txn, &old, key);
	if (rc == 0 && (old.size > 0) != noting->is_separate)
		rc = cts_txn_put_note(txn, key, "1", noting->is_separate ? 1 : 0);
	cts_buf_release(&old);
	return rc;
}

static int note_push(struct cts_txn *txn, void *context)
{
	struct noting *noting = context;
	int rc;

	cts_txn_may_be_lost(txn);
	rc = cts_remote_note_time(txn, noting->remote, CTS_REMOTE_PUSHED);

	if (rc == 0)
		rc = cts_remote_note_pushed(txn, noting->remote, noting->has);
	if (rc == 0)
		rc = note_separate(txn, noting);
	return rc < 0 || !noting->view->size ? rc : cts_view_note(txn, noting->view);
}

/* Of the own line alone: what others did is theirs to count. */
static int count_own(struct cts_pushing *pushing, const struct cts_move *own)
{
	struct cts_sending *list;
	struct cts_vector wanted = {0};
	struct cts_ref ref;
	size_t count = 0;
	int rc = cts_txn_find_commit(pushing->txn, &ref, &own->new);

	if (rc == 1) {
		cts_vector_raise(&wanted, ref);
		rc = cts_send_list(
			&list, &count, pushing->txn, &pushing->has, &wanted, &pushing->arena);
	}
	cts_vector_release(&wanted);
	pushing->out->commits = count;
	return rc < 0 ? rc : 0;
}

/* The commits behind the branches, then the view. */
static int list_commits(struct cts_pushing *pushing, const struct cts_oid *view)
{
	struct cts_vector wanted = {0};
	int rc = 0;

	cts_vector_copy(&wanted, &pushing->has);
	for (size_t i = 0; rc == 0 && i < pushing->move_count; i++) {
		struct cts_ref ref;

		rc = cts_txn_find_commit(pushing->txn, &ref, &pushing->moves[i].new);
		if (rc == 1)
			rc = cts_txn_add_past(pushing->txn, &wanted, ref);
	}
	if (rc == 0)
		rc = cts_send_list(&pushing->sending, &pushing->sending_count, pushing->txn,
			&pushing->has, &wanted, &pushing->arena);
	cts_vector_release(&wanted);
	if (rc == 0 && view)
		*(struct cts_sending *)cts_arena_push(&pushing->arena, &pushing->sending,
			&pushing->sending_count, sizeof(*pushing->sending)) =
			(struct cts_sending){.oid = *view};
	return rc;
}

static int move_all(struct cts_pushing *pushing)
{
	if (pushing->hub && !cts_push_has_hooks(pushing->hub))
		return cts_push_to_path(pushing);
	return cts_push_to_server(pushing);
}

void cts_push_let_go(struct cts_pushing *pushing)
{
	cts_txn_end(pushing->txn);
	pushing->txn = NULL;
	if (pushing->lock >= 0)
		close(pushing->lock);
	pushing->lock = -1;
}

/* What the remote has from now on: not what it declined. */
static int add_what_was_taken(struct cts_pushing *pushing)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < pushing->move_count; i++) {
		struct cts_ref ref;

		if (!pushing->moves[i].is_done)
			continue;
		rc = cts_txn_find_commit(pushing->txn, &ref, &pushing->moves[i].new);
		if (rc == 1)
			rc = cts_txn_add_past(pushing->txn, &pushing->has, ref);
	}
	return rc;
}

static int reopen(struct cts_pushing *pushing)
{
	cts_txn_end(pushing->txn);
	pushing->txn = NULL;
	return cts_txn_begin(&pushing->txn, pushing->road->store);
}

static int read_separate(struct cts_pushing *pushing)
{
	struct cts_buf note = {0};
	int rc = cts_txn_note(pushing->txn, &note,
		cts_arena_printf(&pushing->arena, "separate/%s", pushing->remote));

	pushing->is_separate = note.size > 0;
	cts_buf_release(&note);
	return rc;
}

static int push_locked(struct cts_pushing *pushing, bool reset_main)
{
	struct cts_oid root, tree, view;
	bool has_view = false;
	struct noting noting = {
		.remote = pushing->remote, .has = &pushing->has, .view = &pushing->view_note};
	int rc;

	rc = reopen(pushing);
	if (rc == 0)
		rc = check_root(pushing, &root);
	if (rc == 0)
		rc = cts_push_learn(pushing);
	if (rc == 0)
		rc = cts_push_rescue(pushing);
	cts_txn_end(pushing->txn);
	pushing->txn = NULL;
	if (rc >= 0)
		rc = cts_seal_locked(pushing->road, true, &tree, pushing->progress);
	if (rc >= 0)
		rc = reopen(pushing);
	if (rc == 0)
		rc = cts_txn_root(pushing->txn, &root);
	if (rc == 0)
		rc = read_separate(pushing);
	if (rc == 0)
		rc = cts_push_plan(pushing);
	if (rc == 0 && pushing->move_count && pushing->moves[0].is_own)
		rc = count_own(pushing, &pushing->moves[0]);
	if (rc == 0)
		rc = set_mirror_ref(pushing->road, "refs/heads/root", &root);
	if (rc < 0)
		return rc;
	add_ref(pushing, "refs/heads/root", &root, false);
	rc = add_view(pushing, &tree, reset_main, &view, &has_view);
	if (rc == 0 && pushing->move_count)
		rc = list_commits(pushing, has_view ? &view : NULL);
	if (rc == 0 && pushing->move_count)
		rc = move_all(pushing);
	if (rc == 0)
		rc = reopen(pushing);
	if (rc == 0)
		rc = add_what_was_taken(pushing);
	cts_push_let_go(pushing);
	noting.is_separate = pushing->is_separate;
	return rc < 0 ? rc : cts_store_exchange(pushing->road->store, note_push, &noting);
}

/* What can be done while the journal is sealed: to connect to a server, to start libgit2. Not where sealing takes
 * so long that its progress is shown, since whoever connects may ask for a password. */
static int start_early(struct cts_pushing *pushing)
{
	uint64_t waiting = 0;
	int rc;

	rc = cts_txn_begin(&pushing->txn, pushing->road->store);
	if (rc == 0)
		waiting = cts_txn_journal_entries(pushing->txn);
	cts_txn_end(pushing->txn);
	pushing->txn = NULL;
	if (rc < 0 || waiting > EARLY_MAX)
		return rc;
	if (!cts_url_path(pushing->url))
		return cts_push_start_link(pushing);
	if (waiting)
		cts_git_start_early();
	return 0;
}

int cts_push(struct cts_push *out, struct cts_road *road, const char *remote, bool reset_main,
	const struct cts_progress *progress)
{
	struct cts_pushing pushing = {
		.road = road, .out = out, .remote = remote, .progress = progress, .lock = -1};
	int rc;

	pushing.url = cts_remote_url(road->store, remote);
	if (!pushing.url)
		return cts_fail(CTS_EREFUSED, "no remote is named '%s'", remote);
	pushing.url = cts_arena_strdup(&pushing.arena, pushing.url);
	rc = cts_url_check(pushing.url);
	if (rc == 0)
		rc = start_early(&pushing);
	if (rc >= 0)
		rc = cts_seal(road, progress);
	if (rc >= 0)
		rc = connect_to(&pushing);
	if (rc >= 0) {
		pushing.lock = cts_store_lock_mirror(road->store, CTS_MIRROR_WAIT_MS);
		rc = pushing.lock < 0 ? pushing.lock : push_locked(&pushing, reset_main);
	}
	cts_git_wait();
	cts_push_let_go(&pushing);
	cts_link_close(pushing.link);
	cts_odb_free(pushing.hub_odb);
	cts_repo_close(pushing.hub);
	cts_vector_release(&pushing.has);
	cts_buf_release(&pushing.view_note);
	cts_arena_release(&pushing.arena);
	return rc < 0 ? rc : 0;
}
