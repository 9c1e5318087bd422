/*
 * What the files of store/ share: the handles, the named databases, and the one door to LMDB (db.c).
 *
 * Every value in every database begins with the CRC-32 of the rest, checked whenever it is read: LMDB
 * does not notice a flipped bit. Integers in keys are big-endian, so byte order is number order.
 */
#ifndef CTS_STORE_INTERNAL_H
#define CTS_STORE_INTERNAL_H

#include <lmdb.h>

#include "store/store.h"

/* Internal results: the map must grow, and the transaction be run again. Never leave store/. */
enum { CTS_MAP_FULL = -1001 };

#define CTS_STORE_FORMAT 1 /* of data.mdb and the journal file */

enum cts_db {
	CTS_DB_RECORDS,  /* kind/id -> stored record */
	CTS_DB_INDEX,    /* kind 0 field 0 value 0 id -> nothing; ! 0 kind/id -> arrival */
	CTS_DB_HISTORY,  /* kind/id 0 arrival -> stored edits */
	CTS_DB_CHANGES,  /* line seq -> stored change */
	CTS_DB_TOUCHED,  /* arrival n -> kind/id */
	CTS_DB_ARRIVALS, /* arrival -> line seq received */
	CTS_DB_COMMITS,  /* commit id -> line seq */
	CTS_DB_VECTORS,  /* line seq of a seen commit -> vector */
	CTS_DB_LINES,    /* line -> line row */
	CTS_DB_JOURNAL,  /* number n -> frame */
	CTS_DB_STALE,    /* kind/id changed by pulls since the tree base -> nothing */
	CTS_DB_META,     /* name -> bytes */
	CTS_DB_COUNT,
};

struct cts_store {
	char *path;
	MDB_env *env;
	MDB_dbi dbi[CTS_DB_COUNT];
	struct cts_schema *schema;
	struct cts_config *config; /* read when first asked for */
	char agency[CTS_AGENCY_MAX + 1];
	char writer[CTS_WRITER_HEX + 1];
	char *author;
	bool read_only;
	unsigned transactions; /* open ones: the map must not move under them */
	bool may_be_lost; /* what the running transaction writes; cts_txn_may_be_lost */
};

/* Counters and marks that most transactions need; one row of meta. */
struct cts_counters {
	uint64_t arrival;        /* the last one given */
	uint64_t received;       /* the last received time: never runs backwards */
	uint64_t own_line;       /* 0: the next change begins a line */
	uint64_t journal_number; /* of the last transaction in the journal */
	uint64_t journal_end;    /* size of the journal file after it */
	uint64_t data_device, data_inode, journal_device, journal_inode;
	uint64_t unseen;         /* something was received since our last change */
	uint64_t next_line;
};

/* A line as stored; the head is the last commit sealed or received, `last_seq` counts pending ones. */
struct cts_line_row {
	struct cts_ref fork; /* where it left its writer's other line; line 0: it is no fork */
	bool is_fork;        /* also of a second first commit, which has no `fork` */
	uint64_t last_seq, head_seq;
	struct cts_oid head;
	char writer[CTS_WRITER_HEX + 1];
	char agency[CTS_AGENCY_MAX + 1];
};

enum { CTS_VECTOR_CACHE = 128 };

/* The change that a write transaction is making or applying. */
struct cts_open_change {
	bool is_open;
	bool is_local;            /* had seen everything in the store */
	struct cts_change change;
	struct cts_vector past;   /* of an incoming one, itself included */
	uint32_t touched;
	struct cts_buf frames;    /* those that LMDB's journal does not have yet: size (4), bytes */
	uint32_t frames_put;      /* those that it has */
	struct cts_buf summary;   /* the message made from the edits, of the first records */
	struct cts_arena arena;   /* of the change */
	struct cts_arena scratch; /* of the record at hand: a change may have a million */
};

struct cts_txn {
	struct cts_store *store;
	MDB_txn *mdb;
	bool is_writing;
	bool must_rewrite_journal; /* a seal took entries out: the file follows the commit */
	bool is_replaying; /* what is journalled stands in the file already */
	struct cts_arena arena;
	struct cts_counters counters;
	struct cts_line_row *lines; /* by line - 1; read whole when first needed */
	size_t line_count;
	bool has_lines;
	struct {
		struct cts_ref ref;
		struct cts_vector vector;
	} vectors[CTS_VECTOR_CACHE];
	struct cts_open_change open;
	struct cts_write *write; /* options of cts_store_write; NULL for the road */
	struct cts_journal_file *journal;
	uint64_t first_arrival; /* the last one before this transaction */
	uint64_t new_conflicts; /* records that it brought into conflict and did not settle */
	MDB_cursor *puts[CTS_DB_COUNT]; /* where the last put of each database was: the next is near */
	struct cts_index_queue *index_queue; /* NULL: empty */
	size_t index_queue_id; /* of the record at hand */
	size_t relax_bytes; /* read and written since the map was let go of (relax.c) */
	enum { CTS_BASE_UNKNOWN, CTS_BASE_NONE, CTS_BASE_KNOWN } tree_base;
};

/* ---- db.c: LMDB with checksums ---------------------------------------------------------------- */

/* One of LMDB's codes as one of ours, with a sentence that names `what`. */
int cts_db_fail(struct cts_store *store, int code, const char *what);
int cts_store_damaged(struct cts_store *store, const char *what);

/* 1 found (out: the value without its checksum, until the next write), 0 not. */
int cts_db_get(struct cts_txn *txn, enum cts_db db, struct cts_slice key, struct cts_slice *out);
int cts_db_put(struct cts_txn *txn, enum cts_db db, struct cts_slice key, struct cts_slice value);
/* 1 deleted, 0 was not there. */
int cts_db_delete(struct cts_txn *txn, enum cts_db db, struct cts_slice key);
int cts_db_clear(struct cts_txn *txn, enum cts_db db);
uint64_t cts_db_entries(struct cts_txn *txn, enum cts_db db);

/* A walk over the keys that begin with `prefix`. Usage:
 *	for (rc = cts_cursor_first(&cursor, txn, db, prefix); rc == 1; rc = cts_cursor_next(&cursor))
 *	cts_cursor_close(&cursor);      rc is now 0 at the end, negative on failure */
struct cts_cursor {
	struct cts_txn *txn;
	MDB_cursor *mdb;
	struct cts_slice prefix;
	struct cts_slice key, value;
};
int cts_cursor_first(
	struct cts_cursor *cursor, struct cts_txn *txn, enum cts_db db, struct cts_slice prefix);
int cts_cursor_next(struct cts_cursor *cursor);
/* Deletes the entry that the cursor stands on; next then gives the one behind it. */
int cts_cursor_delete(struct cts_cursor *cursor);
void cts_cursor_close(struct cts_cursor *cursor);

/* ---- relax.c ---------------------------------------------------------------------------------- */

/* So much was read or written: after many calls the memory that LMDB's map takes is given back. What the transaction
 * handed out stays good. */
void cts_relax_after(struct cts_txn *txn, size_t size);

/* ---- store.c ---------------------------------------------------------------------------------- */

/* A handle that nothing is open in yet; closed as any other. */
struct cts_store *cts_store_make_handle(const char *path);

/* ---- create.c --------------------------------------------------------------------------------- */

/* After it, what was made or renamed in the folder is there after a power loss. */
int cts_store_sync_folder(const char *path);

/* ---- env.c ------------------------------------------------------------------------------------ */

int cts_env_open(struct cts_store *store, bool create);
void cts_env_close(struct cts_store *store);
int cts_env_grow(struct cts_store *store);
int cts_env_begin(struct cts_store *store, bool writing, MDB_txn **out);

/* ---- meta.c ----------------------------------------------------------------------------------- */

int cts_meta_load(struct cts_txn *txn);
int cts_meta_save(struct cts_txn *txn);
int cts_meta_get(struct cts_txn *txn, const char *name, struct cts_slice *out);
int cts_meta_put(struct cts_txn *txn, const char *name, const void *data, size_t size);

/* ---- line.c ----------------------------------------------------------------------------------- */

int cts_lines_load(struct cts_txn *txn);
struct cts_line_row *cts_line_at(struct cts_txn *txn, uint32_t line);
int cts_line_add(struct cts_txn *txn, const struct cts_line_row *row, uint32_t *out);
int cts_line_save(struct cts_txn *txn, uint32_t line);
int cts_vector_put(struct cts_txn *txn, struct cts_ref seen, const struct cts_vector *vector);
/* Last changes (pending ones included) that are not in `past` and not in the past of another such. */
int cts_lines_newest_beyond(struct cts_txn *txn, const struct cts_vector *past,
	struct cts_arena *arena, struct cts_ref **out, size_t *count);
int cts_lines_now(struct cts_txn *txn, struct cts_vector *out);

/* ---- change.c --------------------------------------------------------------------------------- */

int cts_change_get(
	struct cts_txn *txn, struct cts_change *out, struct cts_arena *arena, struct cts_ref ref);
int cts_change_put(struct cts_txn *txn, const struct cts_change *change);
/* Gives the change its arrival number and received time, and stores all its rows but the vector. */
int cts_change_arrive(struct cts_txn *txn, struct cts_change *change);

/* ---- write.c: the local change ---------------------------------------------------------------- */

int cts_write_close(struct cts_txn *txn);
/* Runs one journalled transaction again: after a crash, and for rebuild. */
int cts_write_replay_begin(struct cts_txn *txn, const struct cts_frame *begin);
int cts_write_replay_record(struct cts_txn *txn, const struct cts_frame *frame);
int cts_write_replay_end(struct cts_txn *txn, const struct cts_frame *end);

/* ---- record.c, index.c, apply.c --------------------------------------------------------------- */

/* The stored record, live or deleted: 1, or 0 when there is none. `state` may be NULL. */
int cts_records_load(struct cts_txn *txn, struct cts_record *out, bool *deleted,
	struct cts_state *state, const char *key);
/* The kind and the id of a key; the id is a pointer into it. */
int cts_records_kind(struct cts_txn *txn, const struct cts_kind **kind, const char **id,
	const char *key);

int cts_index_update(struct cts_txn *txn, const struct cts_record *before,
	const struct cts_record *after); /* live ones, or NULL */
bool cts_index_has(const struct cts_field *field);
/* Key bytes of an index entry; the conflict list is an index of its own. */
void cts_index_key(struct cts_buf *out, const struct cts_kind *kind, const struct cts_field *field,
	const char *item, const char *id);
int cts_index_mark_conflict(struct cts_txn *txn, const char *key, bool has_conflict);

/* ---- index_queue.c: entries wait for the end of the transaction, to be put in order ------------ */

/* Begins the entries of a record; then each: what stands before the id in the key, put or taken out. */
int cts_index_queue_begin(struct cts_txn *txn, const char *id);
void cts_index_queue_add(struct cts_txn *txn, struct cts_slice prefix, bool is_put);
/* Memory that may wait, flush included; then it is put before the end. Tests lower it. */
extern size_t cts_index_queue_bytes;
/* Puts what waits; before the index is read, and at the end. */
int cts_index_flush(struct cts_txn *txn);
void cts_index_queue_free(struct cts_index_queue *queue);

/* ---- index.c again ---------------------------------------------------------------------------- */

/* @return CTS_EVALUE: another live record holds a unique value of this one */
int cts_index_check_unique(struct cts_txn *txn, const struct cts_record *record);
int cts_index_check_unique_field(
	struct cts_txn *txn, const struct cts_record *record, const struct cts_field *field);

/* Takes the edits of the open change into the record. */
int cts_apply_edits(struct cts_txn *txn, const char *key, struct cts_record_edits *edits);

/* ---- history.c, past.c, view.c ----------------------------------------------------------------- */

/* Key of one history entry. */
void cts_history_key(struct cts_buf *out, const char *key, uint64_t arrival);
int cts_history_put(struct cts_txn *txn, const char *key, uint64_t arrival, struct cts_ref by,
	const struct cts_record_edits *edits);

/* What merge.h asks of the history of one record. `context` is a struct cts_past_context. */
struct cts_past_context {
	struct cts_txn *txn;
	struct cts_arena *arena;
	const char *key;
	const struct cts_kind *kind;
};
struct cts_past cts_past_of(struct cts_past_context *context);

/* Every edit that the state of a record was made of is in the view. */
bool cts_view_covers(const struct cts_vector *view, const struct cts_state *state);

/* The state of a record from those edits of its history that are in `view` (NULL: all). */
int cts_view_state(struct cts_txn *txn, struct cts_state *out, const char *key,
	const struct cts_kind *kind, const struct cts_vector *view);

/* 1: the record as the view shows it; 0: not there, or deleted. */
int cts_view_record(struct cts_txn *txn, const struct cts_view *view, struct cts_record *out,
	const char *key);

/* ---- journal.c: the file ---------------------------------------------------------------------- */

struct cts_journal_file;
/* Opens (making it when `create`) the file by name; the write lock is held. */
int cts_journal_open(struct cts_journal_file **out, const char *path, bool create);
void cts_journal_close(struct cts_journal_file *file);
uint64_t cts_journal_size(const struct cts_journal_file *file);
int cts_journal_identity(
	const struct cts_journal_file *file, uint64_t *device, uint64_t *inode);
/* What tells a file from a copy of it: its device, and its inode mixed with the time of its birth, for a
 * file system gives the number of a file that was removed to the next that is made. The path is relative
 * to `folder`, or "" for the descriptor `folder` itself. */
int cts_file_identity(int folder, const char *path, uint64_t *device, uint64_t *inode);
/* Appends a frame as the file has it. */
void cts_journal_put_frame(struct cts_buf *out, uint64_t number, struct cts_slice frame);
/* Appends a frame (buffered); flush writes and fdatasyncs; cut drops what is beyond `size`. */
int cts_journal_append(struct cts_journal_file *file, uint64_t number, struct cts_slice frame);
int cts_journal_flush(struct cts_journal_file *file);
int cts_journal_cut(struct cts_journal_file *file, uint64_t size);
/* Frames from the start; ends at the first that is torn. */
typedef int (*cts_journal_fn)(
	void *context, uint64_t number, struct cts_slice frame, uint64_t end);
uint64_t cts_journal_frame_size(size_t payload);
int cts_journal_read(struct cts_journal_file *file, cts_journal_fn each, void *context);

/* recover.c: brings file and LMDB together at the start of a write transaction. 1: it wrote. */
int cts_recover_journal(struct cts_txn *txn);
/* Writes the file anew from LMDB's journal. */
int cts_recover_rewrite(struct cts_txn *txn);
/* The size that the file will then have. */
int cts_recover_size(struct cts_txn *txn, uint64_t *out);
bool cts_recover_is_needed(struct cts_txn *txn);

/* ---- config.c, lock.c ------------------------------------------------------------------------- */

struct cts_config;
int cts_config_load(struct cts_store *store);
void cts_config_free(struct cts_config *config);
/* Waits up to wait_ms for a flock. @return a descriptor, or CTS_ELOCKED */
int cts_lock_take(const char *path, int wait_ms);
/* CTS_EREFUSED on network and FUSE file systems. */
int cts_lock_check_filesystem(const char *path);

#endif
