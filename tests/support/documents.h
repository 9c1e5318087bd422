/*
 * Documents for the tests of the importers: read from a file or given as text, read into a draft,
 * and looked at. The real documents stand beside the tree in some places and not in others.
 */
#ifndef CTS_TESTS_SUPPORT_DOCUMENTS_H
#define CTS_TESTS_SUPPORT_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/import/draft.h"
#include "proto/buf.h"

/* The whole file into `out`. False: there is none. */
bool cts_document_load(struct cts_buf *out, const char *path);

/* Number of records of a kind. */
size_t cts_document_count(const struct cts_draft *draft, const char *kind);

/* The record `kind/id`; fails the test when it is not there. */
const struct cts_draft_record *cts_document_record(const struct cts_draft *draft, const char *key);

/* The items of a field joined by '|'; "" when unset. Lives in the draft's arena. */
const char *cts_document_field(struct cts_draft *draft, const char *key, const char *field);

/* The question about that field, or NULL. */
const struct cts_question *cts_document_question(
	const struct cts_draft *draft, const char *key, const char *field);

/* Something that contains `part` was left out, with a reason that contains `why`. */
bool cts_document_left_out(const struct cts_draft *draft, const char *part, const char *why);

/* `text` changed, cut, doubled or added to in `changes` places, by the seed. */
void cts_document_mutate(
	struct cts_buf *out, const char *text, size_t size, unsigned *seed, unsigned changes);

#endif
