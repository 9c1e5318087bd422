/*
 * Push: seal, then give a remote what it lacks. The own branch goes first and alone decides whether the
 * push succeeded; others' branches (so changes travel through any chain of hubs), `root` and `main` follow
 * and are tried in good faith: a host that will not take them is told of, and the push is still a push.
 *
 * A repository on a path is written directly: our pack into its objects, its branches under their locks. A
 * server gets what libgit2 sends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/time.h"
#include "sync/commit.h"
#include "sync/copy.h"
#include "sync/remote.h"
#include "sync/repo.h"
#include "sync/source.h"
#include "sync/view.h"

void cts_push_release(struct cts_push *push)
{
	cts_arena_release(&push->arena);
}

/* One branch to move there. */
struct move {
	const char *name; /* "refs/heads/..." */
	struct cts_oid old, new;
	bool is_own;
	bool is_forced; /* `new` need not follow from `old` */
	bool is_done;
};

struct pushing {
	struct cts_road *road;
	struct cts_push *out;
	const char *remote, *url;
	const struct cts_progress *progress;
	struct cts_arena arena;
	struct cts_ref_entry *refs; /* of the remote, before */
	size_t ref_count;
	git_repository *hub;        /* a path; NULL: a server */
	struct cts_odb *hub_odb;
	struct cts_vector has;      /* what the remote is known to have */
	struct move *moves;
	size_t move_count;
	struct cts_txn *txn;
	struct cts_buf view_note; /* empty: no view is pushed */
};

static struct cts_oid remote_ref(const struct pushing *pushing, const char *name)
{
	for (size_t i = 0; i < pushing->ref_count; i++)
		if (strcmp(pushing->refs[i].name, name) == 0)
			return pushing->refs[i].oid;
	return (struct cts_oid){0};
}

/* ---- what to send ----------------------------------------------------------------------------- */

/* Everything behind the remote's branches that we know is there. */
static int learn_what_it_has(struct pushing *pushing)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < pushing->ref_count; i++) {
		const char *agency, *writer;
		struct cts_ref ref;

		if (!cts_branch_parse(&agency, &writer, &pushing->arena, pushing->refs[i].name))
			continue;
		rc = cts_txn_find_commit(pushing->txn, &ref, &pushing->refs[i].oid);
		if (rc == 1)
			rc = cts_txn_add_past(pushing->txn, &pushing->has, ref);
	}
	return rc;
}

/* Whether a branch of the hub leads down to a commit of the same writer: then the hub has that. */
static bool leads_to(struct cts_odb *odb, struct cts_oid at, const struct cts_line *line)
{
	struct cts_buf bytes = {0};
	bool is_above = odb != NULL, leads = false;

	while (is_above && !leads) {
		struct cts_arena arena = {0};
		struct cts_commit commit;

		leads = cts_oid_equal(&at, &line->head);
		is_above = !leads && cts_odb_read(&bytes, odb, CTS_OBJECT_COMMIT, &at) == 0 &&
			cts_commit_parse(&commit, &arena, bytes.data, bytes.size) == 0 &&
			strcmp(commit.writer, line->writer) == 0 &&
			commit.seq > line->head_seq && commit.parent_count;
		if (is_above)
			at = commit.parents[0];
		cts_arena_release(&arena);
	}
	cts_error_clear();
	cts_buf_release(&bytes);
	return leads;
}

/* Our own branch stands there at something that does not lead to our head, nor our head to it. */
static int fail_apart(
	struct pushing *pushing, const struct cts_oid *there, const struct cts_line *line)
{
	char ours[CTS_OID_HEX + 1], theirs[CTS_OID_HEX + 1];

	cts_fail(CTS_EREJECTED, "our branch '%s/%s' is at %s there, which does not lead to our %s",
		line->agency, line->writer, cts_oid_format(theirs, there),
		cts_oid_format(ours, &line->head));
	cts_hint("ctsync pull %s, then push again", pushing->remote);
	return CTS_EREJECTED;
}

static int add_move(void *context, const struct cts_line *line)
{
	struct pushing *pushing = context;
	struct cts_ref is = {.line = line->line, .seq = line->head_seq}, was;
	struct move *move;
	struct cts_oid old;
	const char *name;
	int rc;

	if (!line->head_seq || line->is_fork)
		return 0;
	name = cts_line_ref(&pushing->arena, line);
	old = remote_ref(pushing, name);
	if (cts_oid_equal(&old, &line->head))
		return 0;
	if (!cts_oid_is_zero(&old)) {
		/* Only forward: a head that we do not know, or that is ahead of ours, stays. */
		rc = cts_txn_find_commit(pushing->txn, &was, &old);
		if (rc == 1)
			rc = cts_txn_has_seen(pushing->txn, is, was);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return !line->is_own || leads_to(pushing->hub_odb, old, line)
				? 0
				: fail_apart(pushing, &old, line);
	}
	move = cts_arena_push(
		&pushing->arena, &pushing->moves, &pushing->move_count, sizeof(*move));
	*move = (struct move){
		.name = name, .old = old, .new = line->head, .is_own = line->is_own};
	return 0;
}

static int compare_moves(const void *a, const void *b)
{
	const struct move *x = a, *y = b;

	if (x->is_own != y->is_own)
		return y->is_own - x->is_own;
	return strcmp(x->name, y->name);
}

/* ---- to a path -------------------------------------------------------------------------------- */

static bool hub_has(void *context, const struct cts_oid *oid)
{
	return cts_odb_has(((struct pushing *)context)->hub_odb, oid);
}

struct sending {
	struct cts_oid oid;
	uint64_t arrival;
	bool is_own;
};

static int compare_sending(const void *a, const void *b)
{
	const struct sending *x = a, *y = b;

	return (x->arrival > y->arrival) - (x->arrival < y->arrival);
}

/* Commits that the remote lacks, ancestors first. */
static int list_missing(
	struct pushing *pushing, const struct cts_vector *wanted, struct sending **out, size_t *count)
{
	struct sending *list = NULL;
	size_t found = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < wanted->count; i++) {
		uint32_t line = wanted->entries[i].line;
		uint64_t seq = cts_vector_seq(&pushing->has, line);

		while (rc == 0 && ++seq <= wanted->entries[i].seq) {
			struct cts_change change;
			struct sending *item;

			rc = cts_txn_change(pushing->txn, &change, &pushing->arena,
				(struct cts_ref){.line = line, .seq = seq});
			if (rc == CTS_ENOTFOUND) { /* stands on the line that this one left */
				cts_error_clear();
				rc = 0;
				continue;
			}
			item = cts_arena_push(&pushing->arena, &list, &found, sizeof(*item));
			*item = (struct sending){.oid = change.commit, .arrival = change.arrival};
		}
	}
	if (rc == 0 && found)
		qsort(list, found, sizeof(*list), compare_sending);
	*out = list;
	*count = found;
	return rc;
}

static int copy_one(struct pushing *pushing, struct cts_copying *copying, const struct cts_oid *oid)
{
	struct cts_arena arena = {0};
	struct cts_buf bytes = {0}, parent_bytes = {0};
	struct cts_commit commit, parent;
	struct cts_oid parent_tree = {0};
	int rc = cts_odb_read(&bytes, pushing->road->odb, CTS_OBJECT_COMMIT, oid);

	if (rc == 0)
		rc = cts_commit_parse(&commit, &arena, bytes.data, bytes.size);
	if (rc == 0 && commit.parent_count) {
		rc = cts_odb_read(&parent_bytes, pushing->road->odb, CTS_OBJECT_COMMIT,
			&commit.parents[0]);
		if (rc == 0)
			rc = cts_commit_parse(
				&parent, &arena, parent_bytes.data, parent_bytes.size);
		if (rc == 0)
			parent_tree = parent.tree;
	}
	if (rc == 0)
		rc = cts_copy_commit(copying, cts_buf_slice(&bytes), &commit.tree, &parent_tree);
	if (rc == CTS_ENOTFOUND || rc == CTS_EINTEGRITY) {
		cts_fail_where("the mirror lacks what the store has");
		cts_hint("ctsync check");
		rc = CTS_EDAMAGED;
	}
	cts_buf_release(&bytes);
	cts_buf_release(&parent_bytes);
	cts_arena_release(&arena);
	return rc;
}

/* Packs what the branches need into the hub's own objects. */
static int send_objects(struct pushing *pushing, const struct cts_vector *wanted,
	const struct cts_oid *view)
{
	const struct cts_pack_options options = {.exists = hub_has, .context = pushing};
	struct cts_copying copying = {
		.source = pushing->road->odb, .trees = pushing->road->trees};
	const char *folder = cts_arena_printf(&pushing->arena, "%sobjects/pack",
		git_repository_path(pushing->hub));
	char name[CTS_OID_HEX + 1];
	struct sending *list;
	size_t count;
	int rc = list_missing(pushing, wanted, &list, &count);

	if (rc == 0)
		rc = cts_pack_open(&copying.pack, folder, &options);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = copy_one(pushing, &copying, &list[i].oid);
		if (pushing->progress && pushing->progress->step)
			pushing->progress->step(
				pushing->progress->context, "pushing", i + 1, count);
	}
	if (rc == 0 && view)
		rc = copy_one(pushing, &copying, view);
	if (rc == 0)
		rc = cts_pack_finish(name, copying.pack);
	cts_pack_free(copying.pack);
	if (rc == 0)
		rc = cts_odb_refresh(pushing->hub_odb);
	return rc;
}

static void note_moved(struct pushing *pushing, struct move *move)
{
	struct cts_push *out = pushing->out;
	const char **branch = cts_arena_push(
		&out->arena, &out->branches, &out->branch_count, sizeof(*branch));

	*branch = cts_arena_strdup(&out->arena, move->name + strlen("refs/heads/"));
	move->is_done = true;
}

static void note_declined(struct pushing *pushing, const char *name, const char *why)
{
	struct cts_push *out = pushing->out;
	const char **line = cts_arena_push(
		&out->arena, &out->declined, &out->declined_count, sizeof(*line));

	*line = cts_arena_printf(&out->arena, "%s: %s", name + strlen("refs/heads/"), why);
}

/* A lock on our own branch that a dead push left: only we write that branch, and we hold the store's
 * lock of the mirror, so nobody is alive with it. One of another branch may be alive; not for 10 minutes. */
static void remove_dead_lock(struct pushing *pushing, const struct move *move)
{
	enum { ALIVE_S = 600 };
	const char *path = cts_arena_printf(&pushing->arena, "%s%s.lock",
		git_repository_path(pushing->hub), move->name);
	struct stat info;

	if (stat(path, &info) == 0 && (move->is_own || cts_time_now() - info.st_mtime > ALIVE_S))
		unlink(path);
}

static int move_on_path(struct pushing *pushing, struct move *move)
{
	int rc;

	remove_dead_lock(pushing, move);
	rc = cts_repo_move(pushing->hub, move->name, &move->old, &move->new);
	if (rc == 0) {
		note_moved(pushing, move);
		return 0;
	}
	if (move->is_own)
		return rc;
	note_declined(pushing, move->name, cts_error_message(rc));
	cts_error_clear();
	return 0;
}

/* ---- to a server ------------------------------------------------------------------------------ */

struct report {
	struct pushing *pushing;
	struct cts_talk talk;
	const char *own; /* why the own branch was refused; NULL: it was not */
	bool own_was_told;
};

static int branch_report(const char *name, const char *status, void *payload)
{
	struct report *report = payload;
	struct pushing *pushing = report->pushing;

	for (size_t i = 0; i < pushing->move_count; i++) {
		struct move *move = &pushing->moves[i];

		if (strcmp(move->name, name) != 0)
			continue;
		if (move->is_own)
			report->own_was_told = true;
		if (!status)
			note_moved(pushing, move);
		else if (move->is_own)
			report->own = cts_arena_strdup(&pushing->arena, status);
		else
			note_declined(pushing, name, status);
	}
	return 0;
}

/* One request with the moves [first, last). */
static int send_to_server(struct pushing *pushing, size_t first, size_t last, bool is_own)
{
	struct report report = {.pushing = pushing, .talk = {.progress = pushing->progress}};
	git_push_options options;
	git_remote *remote = NULL;
	char **specs = NULL;
	size_t count = 0;
	git_strarray list;
	int rc;

	if (first == last)
		return 0;
	git_push_options_init(&options, GIT_PUSH_OPTIONS_VERSION);
	cts_talk_callbacks(&options.callbacks, &report.talk);
	options.callbacks.push_update_reference = branch_report;
	options.callbacks.payload = &report;
	for (size_t i = first; i < last; i++) {
		char **spec = cts_arena_push(&pushing->arena, &specs, &count, sizeof(*spec));

		*spec = cts_arena_printf(&pushing->arena, "%s%s:%s",
			pushing->moves[i].is_forced ? "+" : "", pushing->moves[i].name,
			pushing->moves[i].name);
	}
	list = (git_strarray){.strings = specs, .count = count};
	rc = git_remote_create_anonymous(&remote, pushing->road->repo, pushing->url);
	if (rc == 0)
		rc = git_remote_push(remote, &list, &options);
	git_remote_free(remote);
	cts_buf_release(&report.talk.line);
	if (is_own && report.own)
		return cts_fail(CTS_EREJECTED, "the remote refused our branch: %s", report.own);
	if (rc == GIT_ENONFASTFORWARD)
		return cts_fail(CTS_EREJECTED, "our branch is ahead there of what we have");
	if (rc < 0)
		return cts_fail_git(
			CTS_EUNREACHABLE, rc, "the push to '%s' did not go through", pushing->url);
	if (is_own && !report.own_was_told)
		return cts_fail(CTS_EREJECTED, "the remote did not say that it took our branch");
	return 0;
}

/* ---- the whole -------------------------------------------------------------------------------- */

static int list_server_refs(struct pushing *pushing)
{
	struct cts_talk talk = {.progress = pushing->progress};
	git_remote_callbacks callbacks;
	const git_remote_head **heads = NULL;
	git_remote *remote = NULL;
	size_t count = 0;
	int rc;

	cts_talk_callbacks(&callbacks, &talk);
	rc = git_remote_create_anonymous(&remote, pushing->road->repo, pushing->url);
	if (rc == 0)
		rc = git_remote_connect(remote, GIT_DIRECTION_PUSH, &callbacks, NULL, NULL);
	if (rc == 0)
		rc = git_remote_ls(&heads, &count, remote);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct cts_ref_entry *entry = cts_arena_push(
			&pushing->arena, &pushing->refs, &pushing->ref_count, sizeof(*entry));

		entry->name = cts_arena_strdup(&pushing->arena, heads[i]->name);
		entry->oid = cts_git_oid_to(&heads[i]->oid);
	}
	git_remote_free(remote);
	cts_buf_release(&talk.line);
	if (rc < 0) {
		rc = cts_fail_git(CTS_EUNREACHABLE, rc, "cannot reach '%s'", pushing->url);
		cts_hint("check the network and the address; your changes stay here until then");
	}
	return rc;
}

static int connect_to(struct pushing *pushing)
{
	const char *path = cts_url_path(pushing->url);
	int rc = cts_url_check(pushing->url);

	if (rc < 0)
		return rc;
	if (!path)
		return list_server_refs(pushing);
	rc = cts_repo_open(&pushing->hub, path);
	if (rc == 0)
		rc = cts_odb_open(&pushing->hub_odb, git_repository_path(pushing->hub));
	if (rc == 0)
		rc = cts_repo_refs(
			pushing->hub, &pushing->refs, &pushing->ref_count, &pushing->arena);
	return rc;
}

/* `root` names the programme: it is made once, and another one there stops everything. */
static int check_root(struct pushing *pushing, struct cts_oid *root)
{
	struct cts_oid theirs = remote_ref(pushing, "refs/heads/root");
	int rc = cts_txn_root(pushing->txn, root);

	if (rc < 0 || cts_oid_is_zero(&theirs) || cts_oid_equal(root, &theirs))
		return rc;
	cts_fail(CTS_EREFUSED, "'%s' holds another programme", pushing->url);
	cts_hint("make an empty repository for this one: ctsync remote add NAME PATH --create");
	return CTS_EREFUSED;
}

static void add_ref(
	struct pushing *pushing, const char *name, const struct cts_oid *oid, bool is_forced)
{
	struct cts_oid old = remote_ref(pushing, name);
	struct move *move;

	if (cts_oid_equal(&old, oid))
		return;
	move = cts_arena_push(
		&pushing->arena, &pushing->moves, &pushing->move_count, sizeof(*move));
	*move = (struct move){.name = name, .old = old, .new = *oid, .is_forced = is_forced};
}

/* The mirror's own branches of these names, which a push through libgit2 reads them from. */
static int set_mirror_ref(struct cts_road *road, const char *name, const struct cts_oid *oid)
{
	struct cts_oid old;
	int rc = cts_repo_ref(road->repo, &old, name);

	return rc < 0 || cts_oid_equal(&old, oid) ? rc : cts_repo_move(road->repo, name, &old, oid);
}

/* The move of main, if there is one to make. The mirror must hold the remote's main to build on it. */
static int add_view(struct pushing *pushing, const struct cts_oid *tree, bool reset_main,
	struct cts_oid *view, bool *has_view)
{
	struct cts_oid main = remote_ref(pushing, "refs/heads/main"), base = main;
	const char *name = cts_arena_printf(
		&pushing->arena, "refs/remotes/%s/main", pushing->remote);
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
		note_declined(pushing, "refs/heads/main",
			"it is no view that we have: pull, then push (or push --reset-main)");
		return 0;
	}
	if (rc == 0)
		rc = cts_view_commit(pushing->road, view, &pushing->view_note, &base, tree);
	if (rc == CTS_EREFUSED) {
		note_declined(pushing, "refs/heads/main", cts_error_message(rc));
		cts_error_clear();
		return 0;
	}
	if (rc < 0 || cts_oid_equal(view, &main))
		return rc;
	rc = set_mirror_ref(pushing->road, "refs/heads/main", view);
	if (rc == 0)
		rc = set_mirror_ref(pushing->road, name, view);
	add_ref(pushing, "refs/heads/main", view, reset_main);
	*has_view = rc == 0;
	return rc;
}

struct noting {
	const char *remote;
	const struct cts_vector *has;
	const struct cts_buf *view;
};

static int note_push(struct cts_txn *txn, void *context)
{
	struct noting *noting = context;
	int rc = cts_remote_note_time(txn, noting->remote, CTS_REMOTE_PUSHED);

	if (rc == 0)
		rc = cts_remote_note_pushed(txn, noting->remote, noting->has);
	return rc < 0 || !noting->view->size ? rc : cts_view_note(txn, noting->view);
}

static int count_own(struct pushing *pushing, const struct move *own)
{
	struct sending *list;
	struct cts_vector wanted = {0};
	struct cts_ref ref;
	size_t count = 0;
	int rc = cts_txn_find_commit(pushing->txn, &ref, &own->new);

	/* Of the own line alone: what others did is theirs to count. */
	if (rc == 1) {
		cts_vector_raise(&wanted, ref);
		rc = list_missing(pushing, &wanted, &list, &count);
	}
	cts_vector_release(&wanted);
	pushing->out->commits = count;
	return rc < 0 ? rc : 0;
}

/* Moves the branches: our own first, by itself. */
static int move_all(struct pushing *pushing, const struct cts_vector *wanted,
	const struct cts_oid *view)
{
	size_t own = pushing->move_count && pushing->moves[0].is_own;
	int rc = 0;

	if (pushing->hub) {
		rc = send_objects(pushing, wanted, view);
		for (size_t i = 0; rc == 0 && i < pushing->move_count; i++)
			rc = move_on_path(pushing, &pushing->moves[i]);
		return rc;
	}
	rc = send_to_server(pushing, 0, own, true);
	if (rc == 0) {
		int others = send_to_server(pushing, own, pushing->move_count, false);

		if (others < 0) {
			note_declined(pushing, "refs/heads/others", cts_error_message(others));
			cts_error_clear();
		}
	}
	return rc;
}

/* Work of a line whose branch there went another way (a restored copy's) travels as a parent of a new
 * writer's seen commit: reserves that. @return 1 it was */
struct stranded {
	struct pushing *pushing;
	bool found;
};

static int find_stranded(void *context, const struct cts_line *line)
{
	struct stranded *stranded = context;
	struct pushing *pushing = stranded->pushing;
	struct cts_ref head = {.line = line->line, .seq = line->head_seq};
	struct cts_line *heads;
	size_t count;
	int rc;

	if (!line->head_seq || cts_vector_has(&pushing->has, head))
		return 0;
	rc = cts_txn_newest_heads(pushing->txn, &heads, &count, &pushing->arena);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct cts_ref newest = {.line = heads[i].line, .seq = heads[i].head_seq};
		struct cts_oid there, own = heads[i].head;
		struct cts_ref was;

		if (heads[i].is_fork || !newest.seq)
			continue;
		rc = cts_txn_has_seen(pushing->txn, newest, head);
		if (rc < 1)
			continue;
		rc = 0;
		/* Its branch can be moved there: then it carries the line. Where it is at what we do not
		 * know it may have gone on or another way: the next pull tells. */
		there = remote_ref(pushing, cts_line_ref(&pushing->arena, &heads[i]));
		if (cts_oid_is_zero(&there) || cts_oid_equal(&there, &own))
			return 0;
		rc = cts_txn_find_commit(pushing->txn, &was, &there);
		if (rc == 0)
			return 0;
		if (rc == 1)
			rc = cts_txn_has_seen(pushing->txn, newest, was);
		if (rc == 1)
			return 0;
	}
	if (rc < 0)
		return rc;
	stranded->found = true;
	return 1;
}

static int show_seen(struct cts_txn *txn, void *context)
{
	(void)context;
	return cts_txn_show_seen(txn);
}

static int rescue_stranded(struct pushing *pushing)
{
	struct stranded stranded = {.pushing = pushing};
	int rc = cts_txn_each_line(pushing->txn, find_stranded, &stranded);

	if (rc < 0 || !stranded.found)
		return rc < 0 ? rc : 0;
	cts_txn_end(pushing->txn);
	pushing->txn = NULL;
	return cts_store_exchange(pushing->road->store, show_seen, NULL);
}

/* What the remote has from now on: not what it declined. */
static int add_what_was_taken(struct pushing *pushing)
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

static int reopen(struct pushing *pushing)
{
	cts_txn_end(pushing->txn);
	pushing->txn = NULL;
	return cts_txn_begin(&pushing->txn, pushing->road->store);
}

static int push_locked(struct pushing *pushing, bool reset_main)
{
	struct cts_vector wanted = {0};
	struct cts_oid root, tree, view;
	bool has_view = false;
	struct noting noting = {
		.remote = pushing->remote, .has = &pushing->has, .view = &pushing->view_note};
	int rc;

	rc = reopen(pushing);
	if (rc == 0)
		rc = check_root(pushing, &root);
	if (rc == 0)
		rc = learn_what_it_has(pushing);
	if (rc == 0)
		rc = rescue_stranded(pushing);
	cts_txn_end(pushing->txn);
	pushing->txn = NULL;
	if (rc >= 0)
		rc = cts_seal_locked(pushing->road, true, &tree, pushing->progress);
	if (rc >= 0)
		rc = reopen(pushing);
	if (rc == 0)
		rc = cts_txn_root(pushing->txn, &root);
	if (rc == 0)
		rc = cts_txn_each_line(pushing->txn, add_move, pushing);
	if (rc < 0)
		goto out;
	if (pushing->move_count)
		qsort(pushing->moves, pushing->move_count, sizeof(*pushing->moves), compare_moves);
	cts_vector_copy(&wanted, &pushing->has);
	for (size_t i = 0; rc == 0 && i < pushing->move_count; i++) {
		struct cts_ref ref;

		rc = cts_txn_find_commit(pushing->txn, &ref, &pushing->moves[i].new);
		if (rc == 1)
			rc = cts_txn_add_past(pushing->txn, &wanted, ref);
	}
	if (rc == 0 && pushing->move_count && pushing->moves[0].is_own)
		rc = count_own(pushing, &pushing->moves[0]);
	if (rc == 0)
		rc = set_mirror_ref(pushing->road, "refs/heads/root", &root);
	if (rc < 0)
		goto out;
	add_ref(pushing, "refs/heads/root", &root, false);
	rc = add_view(pushing, &tree, reset_main, &view, &has_view);
	if (rc == 0 && pushing->move_count)
		rc = move_all(pushing, &wanted, has_view ? &view : NULL);
	if (rc == 0)
		rc = add_what_was_taken(pushing);
	cts_txn_end(pushing->txn);
	pushing->txn = NULL;
	if (rc == 0)
		rc = cts_store_exchange(pushing->road->store, note_push, &noting);
out:
	cts_vector_release(&wanted);
	return rc;
}

int cts_push(struct cts_push *out, struct cts_road *road, const char *remote, bool reset_main,
	const struct cts_progress *progress)
{
	struct pushing pushing = {
		.road = road, .out = out, .remote = remote, .progress = progress};
	int rc, lock = -1;

	pushing.url = cts_remote_url(road->store, remote);
	if (!pushing.url)
		return cts_fail(CTS_EREFUSED, "no remote is named '%s'", remote);
	pushing.url = cts_arena_strdup(&pushing.arena, pushing.url);
	rc = cts_seal(road, progress);
	if (rc >= 0)
		rc = connect_to(&pushing);
	if (rc >= 0) {
		lock = cts_store_lock_mirror(road->store, CTS_MIRROR_WAIT_MS);
		rc = lock < 0 ? lock : push_locked(&pushing, reset_main);
	}
	if (lock >= 0)
		close(lock);
	cts_txn_end(pushing.txn);
	cts_odb_free(pushing.hub_odb);
	git_repository_free(pushing.hub);
	cts_vector_release(&pushing.has);
	cts_buf_release(&pushing.view_note);
	cts_arena_release(&pushing.arena);
	return rc < 0 ? rc : 0;
}
