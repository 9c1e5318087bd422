/*
 * What the tests of the road share: a folder with stores and hubs in it, what agencies do to them
 * in one word each, and commits as a stranger would forge them, with git's own plumbing. The folder
 * is fixture.h's repo_dir; paths are relative to it. A call that must succeed fails the test.
 */
#ifndef TESTS_SYNC_LAB_H
#define TESTS_SYNC_LAB_H

#include "fixture.h"

#include <unistd.h>

#include "store/store.h"
#include "sync/commit.h"
#include "sync/git/repo.h"
#include "sync/road.h"
#include "sync/sync.h"

#define LAB_AUTHOR "Ana Ngāta <ana@dpmc.example>"

static struct cts_arena lab_arena; /* of the test at hand */

/* libgit2 1.5.1 never frees the match of a regular expression, of which each remote makes several.
 */
#ifndef LAB_LEAKS
#define LAB_LEAKS "leak:libpcre2\n"
#endif
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return LAB_LEAKS;
}

FIXTURE int make_lab(void **state)
{
	const char *where = getenv("TMPDIR");

	snprintf(repo_dir, sizeof(repo_dir), "%s/cts-road-XXXXXX", where ? where : "/tmp");
	(void)state;
	assert_non_null(mkdtemp(repo_dir));
	setenv("HOME", repo_dir, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("GIT_TERMINAL_PROMPT", "0", 1); /* nobody is asked */
	return 0;
}

FIXTURE int remove_lab(void **state)
{
	cts_arena_release(&lab_arena);
	return remove_repo(state);
}

#define lab_text(...) cts_arena_printf(&lab_arena, __VA_ARGS__)

/* The absolute path of something in the lab. */
FIXTURE const char *lab_path(const char *name)
{
	return name[0] == '/' ? name : lab_text("%s/%s", repo_dir, name);
}

/* What a shell command in the lab prints, without its last newline; it must succeed. */
FIXTURE const char *lab_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
FIXTURE const char *lab_run(const char *format, ...)
{
	struct cts_buf out = {0};
	const char *text;
	va_list args;
	char *command;

	va_start(args, format);
	command = cts_arena_vprintf(&lab_arena, format, args);
	va_end(args);
	if (run_into(&out, "%s", command) != 0)
		fail_msg("%s: %s", command, cts_buf_text(&out));
	if (out.size && out.data[out.size - 1] == '\n')
		out.data[--out.size] = '\0';
	text = cts_arena_strdup(&lab_arena, cts_buf_text(&out));
	cts_buf_release(&out);
	return text;
}

/* ---- stores and hubs ---- */

struct lab_store {
	const char *path;
	struct cts_store *store;
	struct cts_road *road;
};

FIXTURE void lab_close(struct lab_store *s)
{
	cts_road_close(s->road);
	cts_store_close(s->store);
	s->road = NULL;
	s->store = NULL;
}

FIXTURE int lab_try_open(struct lab_store *s)
{
	int rc = cts_store_open(&s->store, s->path);

	if (rc == 0)
		rc = cts_road_open(&s->road, s->store);
	if (rc < 0)
		lab_close(s);
	return rc;
}

FIXTURE void lab_open(struct lab_store *s)
{
	assert_ok(lab_try_open(s));
}

FIXTURE void lab_reopen(struct lab_store *s)
{
	lab_close(s);
	lab_open(s);
}

FIXTURE struct lab_store lab_at(const char *name)
{
	struct lab_store s = {.path = lab_path(name)};

	lab_open(&s);
	return s;
}

FIXTURE struct lab_store lab_init(const char *name, const char *code)
{
	assert_ok(cts_store_init(lab_path(name), code, LAB_AUTHOR, cts_schema_builtin()));
	return lab_at(name);
}

FIXTURE void lab_hub(const char *name)
{
	assert_ok(cts_repo_create(lab_path(name)));
}

FIXTURE void lab_remote(struct lab_store *s, const char *name, const char *hub)
{
	assert_ok(cts_remote_add(s->store, name, lab_path(hub), false));
}

FIXTURE struct lab_store lab_clone(const char *name, const char *code, const char *hub)
{
	struct cts_clone clone = {.agency_code = code, .author = "Bo Reed <bo@other.example>"};

	assert_ok(cts_store_clone(lab_path(name), lab_path(hub), &clone, NULL));
	return lab_at(name);
}

/* The results of the last push and pull; their texts live until the next one. */
static struct cts_push lab_pushed;
static struct cts_pull lab_pulled;

FIXTURE int lab_try_push(struct lab_store *s, const char *remote)
{
	cts_push_release(&lab_pushed);
	lab_pushed = (struct cts_push){0};
	return cts_push(&lab_pushed, s->road, remote, false, NULL);
}

FIXTURE void lab_push(struct lab_store *s, const char *remote)
{
	assert_ok(lab_try_push(s, remote));
}

FIXTURE int lab_try_pull(struct lab_store *s, const char *remote)
{
	cts_pull_release(&lab_pulled);
	lab_pulled = (struct cts_pull){0};
	return cts_pull(&lab_pulled, s->road, remote, NULL);
}

FIXTURE void lab_pull(struct lab_store *s, const char *remote)
{
	assert_ok(lab_try_pull(s, remote));
}

/* Frees what the last push and pull told; for the end of a test. */
FIXTURE void lab_end(void)
{
	cts_push_release(&lab_pushed);
	cts_pull_release(&lab_pulled);
	lab_pushed = (struct cts_push){0};
	lab_pulled = (struct cts_pull){0};
}

FIXTURE bool lab_was_pushed(const char *branch)
{
	for (size_t i = 0; i < lab_pushed.branch_count; i++)
		if (strcmp(lab_pushed.branches[i], branch) == 0)
			return true;
	return false;
}

FIXTURE bool lab_was_declined(const char *branch)
{
	for (size_t i = 0; i < lab_pushed.declined_count; i++)
		if (strncmp(lab_pushed.declined[i], branch, strlen(branch)) == 0)
			return true;
	return false;
}

FIXTURE const char *lab_writer(const struct lab_store *s)
{
	struct cts_identity identity;

	cts_store_identity(s->store, &identity);
	return lab_text("%s", identity.writer);
}

/* "dpmc/7f3a9c21d0b4e586" */
FIXTURE const char *lab_branch(const struct lab_store *s)
{
	struct cts_identity identity;

	cts_store_identity(s->store, &identity);
	return lab_text("%s/%s", identity.agency, identity.writer);
}

/* What a branch of a repository of the lab is at; "" when there is none. */
FIXTURE const char *lab_ref(const char *repo, const char *branch)
{
	return lab_run("git -C '%s' rev-parse -q --verify 'refs/heads/%s' || true", repo, branch);
}

FIXTURE const char *lab_mirror(const struct lab_store *s)
{
	return lab_text("%s/mirror.git", s->path);
}

FIXTURE const char *lab_own_head(const struct lab_store *s)
{
	return lab_ref(lab_mirror(s), lab_branch(s));
}

/* ---- records ---- */

struct lab_edit {
	const char *key, *field, *value; /* value NULL: delete the record; "a|b" of a list */
	bool settle;
};

FIXTURE int lab_put_in_txn(struct cts_txn *txn, void *context)
{
	const struct lab_edit *edit = context;
	const struct cts_schema *schema = cts_store_schema(cts_txn_store(txn));
	struct cts_arena arena = {0};
	const struct cts_field *field;
	const char *kind, *id;
	struct cts_record record;
	enum cts_life life;
	int rc;

	if (!edit->value)
		return cts_txn_delete(txn, edit->key);
	assert_ok(cts_key_split(&kind, &id, &arena, edit->key));
	assert_ok(cts_txn_life(txn, &life, edit->key));
	if (life == CTS_LIFE_LIVE)
		assert_ok(cts_txn_get(txn, &record, edit->key));
	else
		cts_record_init(&record, cts_schema_kind(schema, kind), id);
	field = cts_kind_field(record.kind, edit->field);
	assert_non_null(field);
	if (field->repeated) {
		struct cts_value value = {0};
		char *rest, *items = cts_arena_strdup(&arena, edit->value);

		for (char *item = strtok_r(items, "|", &rest); item;
			item = strtok_r(NULL, "|", &rest))
			value = cts_value_with(&arena, value, item);
		cts_record_set(&record, field, value);
	} else {
		cts_record_set(&record, field, cts_value_of(&arena, edit->value));
	}
	if (edit->settle)
		cts_record_settle(&record, edit->field);
	rc = cts_txn_put(txn, &record);
	cts_record_release(&record);
	cts_arena_release(&arena);
	return rc;
}

FIXTURE void lab_put(struct lab_store *s, const char *key, const char *field, const char *value)
{
	struct lab_edit edit = {.key = key, .field = field, .value = value};
	struct cts_write write = {0};

	assert_ok(cts_store_write(s->store, &write, lab_put_in_txn, &edit));
}

FIXTURE void lab_settle(struct lab_store *s, const char *key, const char *field, const char *value)
{
	struct lab_edit edit = {.key = key, .field = field, .value = value, .settle = true};
	struct cts_write write = {0};

	assert_ok(cts_store_write(s->store, &write, lab_put_in_txn, &edit));
}

FIXTURE void lab_delete(struct lab_store *s, const char *key)
{
	lab_put(s, key, NULL, NULL);
}

/* The value of a field; "(none)" when there is no such record. */
FIXTURE const char *lab_get(struct lab_store *s, const char *key, const char *field)
{
	struct cts_record record;
	struct cts_txn *txn;
	const char *text = "(none)";
	int rc;

	assert_ok(cts_txn_begin(&txn, s->store));
	rc = cts_txn_get(txn, &record, key);
	if (rc == 0) {
		text = lab_text("%s", cts_record_text(&record, field));
		cts_record_release(&record);
	} else {
		assert_int_equal(rc, CTS_ENOTFOUND);
	}
	cts_txn_end(txn);
	return text;
}

/* The number of sides of a field's conflict. */
FIXTURE size_t lab_sides(struct lab_store *s, const char *key, const char *field)
{
	const struct cts_conflict *conflict;
	struct cts_record record;
	struct cts_txn *txn;
	size_t count;

	assert_ok(cts_txn_begin(&txn, s->store));
	assert_ok(cts_txn_get(txn, &record, key));
	conflict = cts_record_conflict(&record, field);
	count = conflict ? conflict->side_count : 0;
	cts_record_release(&record);
	cts_txn_end(txn);
	return count;
}

/* ---- what must hold ---- */

FIXTURE int lab_violation(void *context, int number, const char *text)
{
	(void)context;
	fail_msg("invariant %d: %s", number, text);
	return 0;
}

/* Every invariant of the store and of its mirror; tells the digest of its records, in hex. */
FIXTURE const char *lab_check(struct lab_store *s)
{
	struct cts_check check = {.violation = lab_violation};
	char hex[2 * CTS_SHA256_SIZE + 1];

	assert_ok(cts_store_check(s->store, &check));
	assert_ok(cts_road_check(s->road, &check));
	return lab_text("%s", cts_hex_format(hex, check.digest, sizeof(check.digest)));
}

FIXTURE void lab_fsck(const char *repo)
{
	const char *said = lab_run("git -C '%s' fsck --strict --no-dangling 2>&1 | "
				   "grep -v '^notice: ' || true",
		repo);

	if (said[0])
		fail_msg("git fsck of %s: %s", repo, said);
}

FIXTURE void assert_sound(struct lab_store *s)
{
	lab_check(s);
	lab_fsck(lab_mirror(s));
}

FIXTURE void assert_alike(struct lab_store *a, struct lab_store *b)
{
	assert_string_equal(lab_check(a), lab_check(b));
}

/* Pushes and pulls by every store until nothing moves. */
FIXTURE void lab_settle_down(struct lab_store **stores, size_t count, const char *remote)
{
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < count; i++) {
			lab_pull(stores[i], remote);
			lab_push(stores[i], remote);
		}
}

/* ---- forging ---- */

/* Writes an object of any content into a repository of the lab; its id. */
FIXTURE const char *lab_object(const char *repo, const char *type, const void *data, size_t size)
{
	FILE *file = fopen(lab_path("object.tmp"), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	return lab_run("git -C '%s' hash-object -t %s -w --literally '%s'", repo, type,
		lab_path("object.tmp"));
}

FIXTURE const char *lab_blob(const char *repo, const char *text)
{
	return lab_object(repo, "blob", text, strlen(text));
}

FIXTURE const char *lab_tree_of(const char *repo, const char *commit)
{
	return lab_run("git -C '%s' rev-parse '%s^{tree}'", repo, commit);
}

/* A tree with one file put (blob "": removed); with any path and mode that git's index allows. */
FIXTURE const char *lab_tree_with(
	const char *repo, const char *tree, const char *mode, const char *path, const char *blob)
{
	const char *env = lab_text("GIT_INDEX_FILE='%s'", lab_path("index.tmp"));

	lab_run("rm -f index.tmp; %s git -C '%s' read-tree %s", env, repo, tree);
	if (blob[0])
		lab_run("%s git -C '%s' update-index --add --cacheinfo '%s,%s,%s'", env, repo, mode,
			blob, path);
	else
		lab_run("printf '0 %040d\\t%s\\n' | %s git -C '%s' update-index --index-info", 0,
			path, env, repo);
	return lab_run("%s git -C '%s' write-tree", env, repo);
}

/* One entry of a raw tree. */
FIXTURE void lab_entry(struct cts_buf *raw, const char *mode, const char *name, const char *oid)
{
	struct cts_oid id = oid_of(oid);

	cts_buf_printf(raw, "%s %s", mode, name);
	cts_buf_putc(raw, '\0');
	cts_buf_put(raw, id.bytes, CTS_OID_SIZE);
}

/* A stranger with a branch in a repository. */
struct lab_forger {
	const char *repo, *agency, *writer;
	const char *head; /* "": none yet */
	uint64_t seq;
	int64_t time;
};

FIXTURE struct lab_forger lab_forger(const char *repo, const char *agency, const char *writer)
{
	return (struct lab_forger){
		.repo = repo, .agency = agency, .writer = writer, .head = "", .time = 1750000000};
}

FIXTURE struct cts_commit lab_draft(struct lab_forger *f, const char *tree, const char *parent)
{
	struct cts_commit commit = {
		.tree = oid_of(tree),
		.author = "Mal Icious <mal@stranger.example>",
		.time = f->time += 60,
		.message = "an edit",
		.lines = "",
		.agency = f->agency,
		.seq = f->seq + 1,
	};

	memcpy(commit.writer, f->writer, CTS_WRITER_HEX + 1);
	if (parent[0]) {
		commit.parents = cts_arena_alloc(&lab_arena, 70 * sizeof(*commit.parents));
		commit.parents[commit.parent_count++] = oid_of(parent);
	}
	return commit;
}

/* Writes the commit and moves the forger's branch to it, whatever it is. */
FIXTURE const char *lab_forge(struct lab_forger *f, const struct cts_commit *commit)
{
	struct cts_buf bytes = {0};

	cts_commit_format(&bytes, commit);
	f->head = lab_object(f->repo, "commit", bytes.data, bytes.size);
	f->seq = commit->seq;
	cts_buf_release(&bytes);
	lab_run("git -C '%s' update-ref refs/heads/%s/%s %s", f->repo, f->agency, f->writer,
		f->head);
	return f->head;
}

/* A seen commit of the own head, if there is one, and of `other`; its tree is that of `other`. */
FIXTURE const char *lab_see(struct lab_forger *f, const char *other)
{
	struct cts_commit commit =
		lab_draft(f, lab_tree_of(f->repo, other), f->head[0] ? f->head : other);

	if (f->head[0])
		commit.parents[commit.parent_count++] = oid_of(other);
	commit.is_seen = true;
	commit.message = "seen";
	return lab_forge(f, &commit);
}

/* An edit with this tree. */
FIXTURE const char *lab_forge_edit(struct lab_forger *f, const char *tree)
{
	struct cts_commit commit = lab_draft(f, tree, f->head);

	return lab_forge(f, &commit);
}

/* An edit that puts one file into the tree of the head. */
FIXTURE const char *lab_forge_file(struct lab_forger *f, const char *path, const char *text)
{
	return lab_forge_edit(f, lab_tree_with(f->repo, lab_tree_of(f->repo, f->head), "100644",
					 path, text ? lab_blob(f->repo, text) : ""));
}

/* An honest edit: a new initiative. */
FIXTURE const char *lab_forge_initiative(struct lab_forger *f, const char *id, const char *title)
{
	return lab_forge_file(f, lab_text("records/initiative/%s.json", id),
		lab_text("{\n  \"fields\": {\n    \"title\": \"%s\"\n  },\n  \"id\": \"%s\",\n"
			 "  \"kind\": \"initiative\"\n}\n",
			title, id));
}

#endif
