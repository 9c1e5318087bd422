/*
 * The writing half of an import: what the readers of cli/import hand out goes into one transaction.
 * Used by cmd_import.c alone.
 *
 * The functions run inside cts_store_write and may be run again, so each begins by resetting the
 * report and rewinding the file. After the first problem nothing more is put, but all is still
 * checked.
 */
#ifndef CTS_CLI_IMPORT_RUN_H
#define CTS_CLI_IMPORT_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/import/draft.h"
#include "cli/import/problems.h"
#include "cli/import/sniff.h"
#include "cli/progress.h"
#include "store/store.h"

/* A field that the document says otherwise and that stays, because somebody edited it since. */
struct cts_import_kept {
	const char *record, *field;
	const char *shown;   /* what stays; "" unset */
	const char *offered; /* what the document says */
};

struct cts_import_kind {
	const char *name;
	uint64_t created;
};

struct cts_import {
	/* given */
	const struct cts_schema *schema;
	const char *path; /* for messages */
	const char *file; /* its last part: names the source */
	enum cts_import_format format;
	const struct cts_kind *kind; /* --kind, or NULL */
	bool settle;
	int fd;                        /* of records; can be rewound */
	const struct cts_draft *draft; /* of a document */
	/* the report */
	uint64_t created, changed, unchanged;
	struct cts_import_kind *kinds; /* created, by kind, in order of first appearance */
	size_t kind_count;
	struct cts_import_kept *kept;
	size_t kept_count;
	const struct cts_question **questions; /* those of the draft that nobody answered since */
	size_t question_count;
	struct cts_problems problems;
	struct cts_progress_bar progress;
	struct cts_arena arena; /* of the report */
};

/* Forgets the report. */
void cts_import_reset(struct cts_import *import);
void cts_import_release(struct cts_import *import);

/* Counts what a put did. */
void cts_import_count(
	struct cts_import *import, const struct cts_kind *kind, bool created, bool changed);

/* One more record was read, of a file that is read piece by piece or (`is_whole`) was read at once. */
void cts_import_step(struct cts_import *import, uint64_t done, bool is_whole);

/* cts_write_fn: the records of a csv, tsv, json or ndjson file. */
int cts_import_records(struct cts_txn *txn, void *import);

/* cts_write_fn: the records of a draft. */
int cts_import_draft(struct cts_txn *txn, void *import);

/* The message of the change: the user's words, if any, and then the line by which a later import
 * knows that this one was of the same source. */
const char *cts_import_message(struct cts_arena *arena, const char *given, const char *file);

/* The change was an import of that file. */
bool cts_import_is_message(const char *message, const char *file);

#endif
