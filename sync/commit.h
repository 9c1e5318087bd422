/*
 * The grammar of commits: what a commit of ctsync looks like to git, byte for byte, both ways.
 *
 *	tree <id>
 *	parent <id>                       an edit has one (the root none), a seen commit up to 64
 *	author Name <mail> <time> +0000
 *	committer the same
 *	gpgsig ...                        a signature; read and passed over
 *
 *	the user's message, or one made from the edits
 *
 *	milestone/x due: Q3 2021 -> Q4 2021        up to 50 edits
 *
 *	Ctsync-Agency: nzp
 *	Ctsync-Writer: 7f3a9c21d0b4e586
 *	Ctsync-Seq: 12
 *	Ctsync-Seen: 2                    a seen commit only: the number of its parents
 *	Ctsync-Format: 1
 *
 * Nothing else is accepted: no other header, none twice, no time before 2000 or after 2199, no text that
 * is not NFC, no second spelling of anything. The paragraph before the trailers of an edit, if it is not
 * the only one, is the edit lines. A view commit (of the branch main) is by `ctsync view <view@ctsync>`,
 * with the message `view` and no trailers.
 */
#ifndef CTS_SYNC_COMMIT_H
#define CTS_SYNC_COMMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/arena.h"
#include "proto/buf.h"
#include "proto/hash.h"
#include "proto/id.h"
#include "sync/pack/odb.h"

#define CTS_COMMIT_PARENTS_MAX 64
#define CTS_COMMIT_LINES_MAX 50
#define CTS_VIEW_AUTHOR "ctsync view <view@ctsync>"
#define CTS_VIEW_MESSAGE "view"

struct cts_commit {
	struct cts_oid tree;
	struct cts_oid *parents;
	size_t parent_count;
	const char *author; /* "Name <mail>" */
	int64_t time;
	const char *message; /* without edit lines and trailers */
	const char *lines;   /* edit lines, each ending in a newline; "" when there are none, which an edit
	                        whose message has an empty line cannot say */
	bool is_seen, is_view;
	const char *agency; /* "" of a view commit */
	char writer[CTS_WRITER_HEX + 1];
	uint64_t seq;
};

/* Appends the commit object's bytes. */
void cts_commit_format(struct cts_buf *out, const struct cts_commit *commit);

/* Texts live in the arena.
 * @return CTS_EINTEGRITY, saying what is not of the grammar; CTS_ENEWER for a later format */
int cts_commit_parse(
	struct cts_commit *out, struct cts_arena *arena, const void *data, size_t size);

/* The same of a commit in a repository. @return also what cts_odb_read does */
int cts_commit_read(struct cts_commit *out, struct cts_arena *arena, struct cts_odb *odb,
	const struct cts_oid *oid);

#endif
