/*
 * The store: one agency's whole programme on its own disk, complete without a network. This is the one
 * public header of store/; sync/ (the road) stands on it, and LMDB stays behind it.
 *
 * A store is a directory `.ctsync`:
 *
 *	data.mdb, lock.mdb   LMDB: records, indexes, history, changes, journal
 *	journal              the changes not yet sealed into git, kept twice (here and in LMDB)
 *	received             when which commits came; what was refused
 *	config               who I am, remotes; git's config format
 *	lock                 the write lock (flock)
 *	mirror.git           the bare git mirror; sync/ owns it
 *
 * The life of a change:
 *
 *	cts_store_write ---> pending (LMDB and journal file; durable: one fdatasync)
 *	    | cts_seal (sync/): commits, one pack, then cts_txn_sealed
 *	    v
 *	committed ---> cts_push (sync/) ---> pushed
 *	received by others: cts_txn_apply_* for each commit of a pull
 *
 * Every write is a function that runs inside one transaction and may be run again (the map was full, or
 * someone else grew it): it must not touch anything but the transaction and its own context.
 *
 *	static int rename_it(struct cts_txn *txn, void *context) { ... cts_txn_put(txn, &record) ... }
 *	rc = cts_store_write(store, &options, rename_it, &context);
 *
 * What a transaction hands out as `const char *` or a slice lives until the transaction ends. Any
 * number of processes may use a store at once: readers never wait; writers take turns, and give up
 * with CTS_ELOCKED after 10 s.
 *
 * Any function may return CTS_EDAMAGED (a checksum, a key or a value that no version wrote),
 * CTS_ENOSPACE, CTS_EIO. They are not repeated below.
 */
#ifndef CTS_STORE_STORE_H
#define CTS_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/change.h"
#include "proto/record.h"
#include "proto/schema.h"
#include "proto/stored.h"
#include "proto/vector.h"

struct cts_store;
struct cts_txn;

/* ---- a store ---------------------------------------------------------------------------------- */

struct cts_identity {
	char agency[CTS_AGENCY_MAX + 1];
	char writer[CTS_WRITER_HEX + 1];
	const char *author; /* "Name <mail>"; "" when none is known yet; lives as long as the store */
};

struct cts_store_setup {
	const char *agency;                     /* id of its record */
	const char *author;                     /* may be "" */
	const char *writer;                     /* NULL: a new random one */
	const struct cts_schema *schema;
};

/* The nearest `.ctsync` in `start` or a folder above it. @return CTS_ENOSTORE with the hint to init */
int cts_store_find(const char **out, struct cts_arena *arena, const char *start);

/* Makes LMDB, journal, received and config in the existing empty directory `path`, all synced, without
 * any record. Callers make the store under a temporary name and rename it when it is whole.
 * @return CTS_EREFUSED when there is a store in it */
int cts_store_create(const char *path, const struct cts_store_setup *setup);

/* A new, empty LMDB at `path`/data.mdb that will replace the damaged one of the store `store_path`: the
 * beginning of a rebuild. Journal and received are those of `store_path`, untouched. */
int cts_store_create_for_rebuild(
	const char *path, const char *store_path, const struct cts_store_setup *setup);

/* Opens for reading and writing (or, on a read-only disk, for reading alone), takes in what the journal
 * file holds and LMDB lacks, frees dead readers' slots.
 * @return CTS_ENOSTORE, CTS_ENEWER, CTS_EDAMAGED with the hint to rebuild, CTS_EREFUSED on a network or
 * FUSE file system without store.anyfs=true */
int cts_store_open(struct cts_store **out, const char *path);
void cts_store_close(struct cts_store *store);

/* From now on a fault of this process's memory while a store is open says that the store is damaged,
 * hints at rebuild and ends with status 70: LMDB trusts its pages. One of another mapped file that is cut
 * short, or whose disk is gone, says that, with status 74. For programs, not for libraries. */
void cts_store_guard_faults(void);

const char *cts_store_path(const struct cts_store *store);
const struct cts_schema *cts_store_schema(const struct cts_store *store);
void cts_store_identity(const struct cts_store *store, struct cts_identity *out);

/* Forces LMDB to the disk: ends a pull, a seal, a backup. */
int cts_store_sync(struct cts_store *store);

/* ---- configuration: git's config file format, keys "section.name", "section.sub.name" --------- */

/* NULL when unset; the last of several; lives until the next set. */
const char *cts_store_config(const struct cts_store *store, const char *key);
int cts_store_config_set(struct cts_store *store, const char *key, const char *value); /* NULL: unset */

/* Every subsection of a section, in order of the file: the remotes' names. */
size_t cts_store_config_sections(
	const struct cts_store *store, struct cts_arena *arena, const char *section,
	const char ***names);

/* Removes a whole subsection. */
int cts_store_config_remove(struct cts_store *store, const char *section, const char *name);

/* The same reader for any file of that format (a user's ~/.gitconfig): NULL when absent or unset. */
const char *cts_config_file_get(struct cts_arena *arena, const char *path, const char *key);

/* "Name <mail>" from what is given and, for what is not (NULL or ""), from git's configuration of this
 * user and this machine; "" when neither knows. In the arena. */
const char *cts_author_of_user(struct cts_arena *arena, const char *name, const char *mail);

/* ---- reading ---------------------------------------------------------------------------------- */

int cts_txn_begin(struct cts_txn **out, struct cts_store *store);
void cts_txn_end(struct cts_txn *txn); /* NULL is allowed */
struct cts_store *cts_txn_store(const struct cts_txn *txn);

/* The live record of an exact key. `out` is initialised by the call, only on success.
 * @return CTS_ENOTFOUND, with the nearest ids, or that it was deleted, as hint; CTS_EVALUE for a key
 * without a known kind */
int cts_txn_get(struct cts_txn *txn, struct cts_record *out, const char *key);

enum cts_life { CTS_LIFE_NONE, CTS_LIFE_LIVE, CTS_LIFE_DELETED };
int cts_txn_life(struct cts_txn *txn, enum cts_life *out, const char *key);

/* The full key of an address as typed: exact, or a prefix of the id that only one live record has.
 * @return CTS_ENOTFOUND, CTS_EREFUSED (ambiguous, the candidates listed), CTS_EVALUE */
int cts_txn_find(
	struct cts_txn *txn, const char **out, struct cts_arena *arena, const char *address);

/* Callbacks return 0 to go on, 1 to stop (the iteration then returns 1), negative to fail with it. */
typedef int (*cts_key_fn)(void *context, const char *key);
typedef int (*cts_record_fn)(void *context, const struct cts_record *record);

/* Live records by key; `kind` NULL: of all kinds. The record is used again for the next one. */
int cts_txn_each(struct cts_txn *txn, const char *kind, cts_record_fn each, void *context);
int cts_txn_each_key(struct cts_txn *txn, const char *key_prefix, cts_key_fn each, void *context);

/* Live records whose indexed field holds exactly `item`; by id. Deleted ones never.
 * The field must be indexed, unique or a reference. */
int cts_txn_each_with(struct cts_txn *txn, const struct cts_kind *kind,
	const struct cts_field *field, const char *item, cts_key_fn each, void *context);

/* Records with an open conflict, by key. */
int cts_txn_each_conflict(struct cts_txn *txn, cts_key_fn each, void *context);

/* An upper bound of the number of records, deleted ones included; from a counter. */
uint64_t cts_txn_record_bound(struct cts_txn *txn);

/* ---- history ---------------------------------------------------------------------------------- */

/* One change by reference. Texts live in `arena`. @return CTS_ENOTFOUND */
int cts_txn_change(
	struct cts_txn *txn, struct cts_change *out, struct cts_arena *arena, struct cts_ref ref);

/* By name: a writer's prefix and seq (7f3a9c21.12), or a commit id's prefix of at least 4 digits.
 * @return CTS_ENOTFOUND, CTS_EREFUSED (ambiguous), CTS_EVALUE (neither form) */
int cts_txn_find_change(struct cts_txn *txn, struct cts_ref *out, const char *text);

typedef int (*cts_change_fn)(void *context, const struct cts_change *change);
typedef int (*cts_edits_fn)(void *context, const struct cts_change *change,
	const struct cts_record_edits *edits);

/* Changes with edits, newest made first, but none before one that had seen it. Cost: those visited. */
int cts_txn_each_change(struct cts_txn *txn, cts_change_fn each, void *context);

/* What one change did, record by record, by order of the edits' keys in it. */
int cts_txn_each_edit(struct cts_txn *txn, struct cts_ref ref, cts_edits_fn each, void *context);

/* The history of one record: in order of arrival, or like cts_txn_each_change when newest_first. The
 * record may be deleted; without any history nothing is called. Cost: the record's own changes. */
int cts_txn_each_history(struct cts_txn *txn, const char *key, bool newest_first,
	cts_edits_fn each, void *context);

/* The newest edits of every field of a record: who put it there. Lives in the arena. */
int cts_txn_state(
	struct cts_txn *txn, struct cts_state *out, struct cts_arena *arena, const char *key);

/* The past: what one commit's writer saw, or what this store held at a time. */
struct cts_view {
	struct cts_vector vector; /* the changes in it; zeroed: none */
};
void cts_view_release(struct cts_view *view);

/* A commit id prefix or change name (its writer's view), AGENCY@DATE (that agency's last change made by
 * then), or a date or time (what this store had received by then). `out` is initialised by the call.
 * @return CTS_ENOTFOUND, CTS_EVALUE, CTS_EREFUSED (ambiguous) */
int cts_view_parse(struct cts_view *out, struct cts_txn *txn, const char *text);

/* The record as it was. @return CTS_ENOTFOUND when it was not there, or deleted */
int cts_view_get(
	struct cts_txn *txn, const struct cts_view *view, struct cts_record *out, const char *key);
int cts_view_each(struct cts_txn *txn, const struct cts_view *view, const char *kind,
	cts_record_fn each, void *context);

/* What differs between two views, record by record, by key; `to` NULL: now; `key` NULL: all. Cost: the
 * records touched by changes that are in one of the two alone. `change` is NULL in the calls. */
int cts_view_diff(struct cts_txn *txn, const struct cts_view *from, const struct cts_view *to,
	const char *key, cts_edits_fn each, void *context);

/* ---- writing ---------------------------------------------------------------------------------- */

struct cts_write {
	const char *message; /* NULL: made from the edits; normal text (text.h), at most CTS_MESSAGE_MAX */
	const char *author;  /* NULL: the identity's; "" is refused */
	bool dry_run;        /* run, then abort */
	/* filled when records were put or deleted: */
	bool changed;
	char change[CTS_CHANGE_TEXT];
};

typedef int (*cts_write_fn)(struct cts_txn *txn, void *context);

/* Runs `write` in a transaction; if it returns 0 or more, commits it with the change that its puts and
 * deletes make up, durable when this returns. Nothing put: no change. `write` may be run again.
 * @return what `write` returned; CTS_ELOCKED, CTS_EIO (read-only), CTS_EREFUSED (no author known, or a
 * clock that no commit may carry), CTS_EVALUE (the message) */
int cts_store_write(
	struct cts_store *store, struct cts_write *options, cts_write_fn write, void *context);

/* Puts a record (new or changed): validated as a whole, references not; its conflicts may only be those
 * that stand, or fewer. A deleted id comes to life again.
 * @return 1 it differs from what stood, 0 it does not; CTS_EVALUE (validate.h, unique) */
int cts_txn_put(struct cts_txn *txn, const struct cts_record *record);

/* @return CTS_ENOTFOUND */
int cts_txn_delete(struct cts_txn *txn, const char *key);

/* ---- check ------------------------------------------------------------------------------------ */

struct cts_check {
	uint64_t records;                     /* live */
	uint8_t digest[CTS_SHA256_SIZE];      /* over the canonical records in order of key */
	void *context;
	/* An invariant that does not hold: its number in ctsync-store(5), and what is wrong. */
	int (*violation)(void *context, int number, const char *text);
	/* A reference whose target is missing, a unique value held twice: reported, never refused. */
	int (*broken)(void *context, const char *key, const char *field, const char *text);
};
int cts_store_check(struct cts_store *store, struct cts_check *check);

/* Only the `broken` part, over all records; stops after `limit` findings. */
int cts_txn_each_broken(struct cts_txn *txn, size_t limit,
	int (*broken)(void *context, const char *key, const char *field, const char *text),
	void *context);

/* ---- care ------------------------------------------------------------------------------------- */

/* Puts a copy of data.mdb without its unused pages in its place, while others read; writers wait for the
 * copy. Left as it is where that would save less than a tenth. Tells its size before and after. It stays
 * the same store, of the same writer; a copy of a store stays a copy. */
int cts_store_compact(struct cts_store *store, uint64_t *before, uint64_t *after);

/* Where a copy of the store's files goes: one file after the other, each in pieces. */
struct cts_copy_sink {
	void *context;
	int (*begin)(void *context, const char *name);
	int (*put)(void *context, const void *data, size_t size);
	int (*end)(void *context);
};

/* Hands out the store's own files as of one moment, while others use it: data.mdb without unused pages,
 * journal, received, config. Then `then` is run in a reading transaction of that very moment: what the
 * mirror holds from now on is enough for it. What these functions return, negative, is passed on.
 * @return CTS_ELOCKED */
int cts_store_copy(struct cts_store *store, const struct cts_copy_sink *sink,
	int (*then)(struct cts_txn *txn, void *context), void *context);

/* ---- for the road (sync/) --------------------------------------------------------------------- */

/* The root commit, the store's identity; zero before the first seal. */
int cts_txn_root(struct cts_txn *txn, struct cts_oid *out);
int cts_txn_set_root(struct cts_txn *txn, const struct cts_oid *root);

/* Small facts that the road keeps (a remote's last heads): any name, any bytes. Empty: deleted.
 * `out` is appended to; untouched when there is none. */
int cts_txn_note(struct cts_txn *txn, struct cts_buf *out, const char *name);
int cts_txn_put_note(struct cts_txn *txn, const char *name, const void *data, size_t size);
int cts_txn_each_note(struct cts_txn *txn, const char *prefix,
	int (*each)(void *context, const char *name, struct cts_slice data), void *context);

/* Lines: writers' chains of commits (proto/vector.h). */
struct cts_line {
	uint32_t line;
	const char *agency;
	char writer[CTS_WRITER_HEX + 1];
	bool is_own;            /* the line that this store's next edit extends */
	bool is_fork;           /* a second branch of its writer */
	uint64_t head_seq;      /* of the last sealed or received commit; 0: none yet */
	struct cts_oid head;    /* its id */
};
int cts_txn_each_line(struct cts_txn *txn,
	int (*each)(void *context, const struct cts_line *line), void *context);

/* Where a commit stands. @return 1 found, 0 not here */
int cts_txn_find_commit(struct cts_txn *txn, struct cts_ref *out, const struct cts_oid *commit);

/* 1: `later` is `earlier` or has it among its ancestors. */
int cts_txn_has_seen(struct cts_txn *txn, struct cts_ref later, struct cts_ref earlier);

/* Adds the past of a change, itself included. */
int cts_txn_add_past(struct cts_txn *txn, struct cts_vector *out, struct cts_ref change);

/* Heads that are ancestors of no other head: the newest commits, by commit id. */
int cts_txn_newest_heads(struct cts_txn *txn, struct cts_line **out, size_t *count,
	struct cts_arena *arena);

/* The journal, in order. A frame lives until the callback returns. */
typedef int (*cts_frame_fn)(void *context, const struct cts_frame *frame);
int cts_txn_each_journal(struct cts_txn *txn, cts_frame_fn each, void *context);
int cts_txn_journal_count(struct cts_txn *txn, uint64_t *changes);

/* What there is to seal: one for each record of a change, and two for the change. From a counter. */
uint64_t cts_txn_journal_entries(struct cts_txn *txn);

/* The mirror's tree: the last tree that this store built, and the records that pulls have changed since.
 * base zero: none was built; then every record is to be put in. */
int cts_txn_tree_base(struct cts_txn *txn, struct cts_oid *out);
int cts_txn_each_stale(struct cts_txn *txn, cts_key_fn each, void *context);

/* One sealed commit of our own. */
struct cts_sealed {
	char writer[CTS_WRITER_HEX + 1];
	uint64_t seq;
	struct cts_oid commit;
};

/* Records that the first `changes` of the journal are now commits (`sealed` names them and the seen
 * commits between, in order), takes them out of the journal, sets heads and tree base, forgets what was
 * stale. Call in a write transaction of cts_store_exchange; the file is cut after it. */
int cts_txn_sealed(struct cts_txn *txn, const struct cts_sealed *sealed, size_t count,
	uint64_t changes, const struct cts_oid *tree);

/* Reserves seen commits for what was received since our last change (a receipt, or work of a line that
 * cannot travel on its own branch). @return 1 reserved (a pending change without records), 0 none */
int cts_txn_show_seen(struct cts_txn *txn);

/* Takes up the line that this store's writer left in what was applied (a rebuild); if somebody forked it,
 * the next change begins a new one. */
int cts_txn_claim_line(struct cts_txn *txn);

/* Like cts_store_write for the road: no change of its own. Ends with cts_store_sync. */
int cts_store_exchange(struct cts_store *store, cts_write_fn write, void *context);

/* What the running exchange writes can be had again (when a remote was last asked): a power loss may take
 * it back, and nothing waits for the disk once more. */
void cts_txn_may_be_lost(struct cts_txn *txn);

/* A commit of somebody else (or of an older self), ancestors first. */
struct cts_incoming {
	struct cts_oid commit;
	const struct cts_oid *parents;
	size_t parent_count;
	const char *agency, *author, *message;
	char writer[CTS_WRITER_HEX + 1];
	uint64_t seq;
	int64_t time;
	int64_t received;
	bool is_seen;
};

/* Takes a commit into the store: its place among the lines (a second commit with a writer's seq begins a
 * fork), its vector. Then cts_txn_apply_record for every record that it changed, then
 * cts_txn_apply_end. The journal must be empty.
 * @return CTS_EINTEGRITY (a parent is not here, its seq does not follow), CTS_EREFUSED (journal not
 * empty); 1: it was here already, nothing to do */
int cts_txn_apply_begin(struct cts_txn *txn, const struct cts_incoming *commit);
int cts_txn_apply_record(
	struct cts_txn *txn, const struct cts_record *before, const struct cts_record *after);
int cts_txn_apply_end(struct cts_txn *txn);

/* How many records now in conflict the running transaction brought. */
uint64_t cts_txn_new_conflicts(const struct cts_txn *txn);

/* Appends a line to `received` (synced): "2021-06-15T09:30:00Z head <oid>..." or "... refused <oid> why".
 * Read back by rebuild. */
int cts_store_append_received(struct cts_store *store, const char *line);

/* Takes the store's own lock for the mirror (sealing, moving packs, refs); waits up to wait_ms.
 * @return a descriptor to close, or CTS_ELOCKED */
int cts_store_lock_mirror(struct cts_store *store, int wait_ms);

#endif
