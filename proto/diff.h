/*
 * The difference of two versions of one record, as edits: what an author did, whoever computes it, from
 * records in the store or from two trees of git.
 *
 *  - a field whose value differs is edited; a SET as a whole here, member by member in merge.h;
 *  - a conflict of `before` that is gone from `after` is an edit of that field to the value that
 *    `after` shows, even if that value is the same (how someone settles a conflict);
 *  - a record that appears edits every set field and CTS_DELETED to false; one that disappears edits
 *    CTS_DELETED to true and nothing else.
 */
#ifndef CTS_PROTO_DIFF_H
#define CTS_PROTO_DIFF_H

#include "proto/change.h"

/* `before` or `after` may be NULL, not both; the same kind and id. Values are borrowed from the
 * records, arrays are in `arena`. edit_count 0: nothing was changed (and markings are left out).
 * @return CTS_EINTEGRITY when `after` has a conflict, or a side, that `before` has not; or edits a
 * WRITE_ONCE field that was set and not in conflict */
int cts_diff(struct cts_record_edits *out, struct cts_arena *arena, const struct cts_record *before,
	const struct cts_record *after);

/* The same between two views of a record that need not follow each other: no rule is broken by what
 * differs, and only values and life count. Never fails. */
void cts_diff_views(struct cts_record_edits *out, struct cts_arena *arena,
	const struct cts_record *before, const struct cts_record *after);

/* `set milestone/x: status, due`, made from the edits: the message of a change without one. */
void cts_diff_summary(struct cts_buf *out, const struct cts_record_edits *records, size_t count);

/* `milestone/x due: Q3 2021 -> Q4 2021`, long values cut at 60 columns, newlines shown as spaces. */
void cts_diff_line(struct cts_buf *out, const char *key, const struct cts_edit *edit);

#endif
