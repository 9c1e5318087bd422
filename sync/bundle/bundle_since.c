/*
 * What the receiver of a bundle has, by what the user knows of it: a bundle that went one way or the other,
 * an agency's own word (its commits show what it had seen), or a point in the past.
 */
#include "sync/bundle/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "proto/id.h"
#include "sync/pull.h"

struct since {
	struct cts_road *road;
	struct cts_txn *txn;
	struct cts_vector *has;
	struct cts_arena arena;
};

static bool names_file(const char *text)
{
	size_t size = strlen(text), suffix = strlen(".bundle");

	return (size > suffix && strcmp(text + size - suffix, ".bundle") == 0) ||
		(strchr(text, '/') && access(text, F_OK) == 0);
}

static int add_commit(struct since *since, const struct cts_oid *oid)
{
	struct cts_ref ref;
	int rc = cts_txn_find_commit(since->txn, &ref, oid);

	return rc == 1 ? cts_txn_add_past(since->txn, since->has, ref) : rc;
}

/* All that a bundle names and that is here: whoever made it, or took it in, has it. */
static int since_bundle(struct since *since, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	struct cts_bundle_head head;
	struct cts_oid root;

	if (fd < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
	rc = cts_bundle_head_read(&head, &since->arena, fd);
	close(fd);
	if (rc < 0) {
		cts_fail_where("'%s'", path);
		return rc;
	}
	root = cts_bundle_ref(&head, "refs/heads/root");
	rc = cts_pull_check_root(since->road, &root, path);
	for (size_t i = 0; rc == 0 && i < head.base_count; i++)
		rc = add_commit(since, &head.bases[i].oid);
	for (size_t i = 0; rc == 0 && i < head.ref_count; i++)
		rc = add_commit(since, &head.refs[i].oid);
	return rc;
}

struct agency {
	struct since *since;
	const char *id;
	bool is_known;
};

static int add_line_of(void *context, const struct cts_line *line)
{
	struct agency *agency = context;
	struct cts_ref head = {.line = line->line, .seq = line->head_seq};

	if (strcmp(line->agency, agency->id) != 0)
		return 0;
	agency->is_known = true;
	return head.seq ? cts_txn_add_past(agency->since->txn, agency->since->has, head) : 0;
}

/* 1: it is an agency's code, and what the agency last showed that it saw is added. */
static int since_agency(struct since *since, const char *code)
{
	struct agency agency = {.since = since};
	int rc;

	if (cts_agency_id(&agency.id, &since->arena, code) < 0) {
		cts_error_clear();
		return 0;
	}
	rc = cts_txn_each_line(since->txn, add_line_of, &agency);
	return rc < 0 ? rc : agency.is_known;
}

static int since_revision(struct since *since, const char *text)
{
	struct cts_view view;
	int rc = cts_view_parse(&view, since->txn, text);

	if (rc == 0) {
		cts_vector_join(since->has, &view.vector);
		cts_view_release(&view);
	} else if ((rc == CTS_EVALUE || rc == CTS_ENOTFOUND) && cts_bundle_is_file(text)) {
		cts_error_clear();
		rc = since_bundle(since, text);
	} else if (rc == CTS_EVALUE && !strchr(text, '@')) {
		cts_fail(CTS_EVALUE, "'%s' is no revision, no agency that is known here and no bundle",
			text);
		cts_hint("a date (2021-06-30), an agency's code (what it last showed that it saw), "
			 "or the last bundle that the receiver has or made (FILE.bundle)");
	}
	return rc;
}

int cts_bundle_since(
	struct cts_vector *has, struct cts_road *road, struct cts_txn *txn, const char *text)
{
	struct since since = {.road = road, .txn = txn, .has = has};
	int rc;

	if (names_file(text)) {
		rc = since_bundle(&since, text);
	} else {
		rc = since_agency(&since, text);
		rc = rc == 0 ? since_revision(&since, text) : rc < 0 ? rc : 0;
	}
	cts_arena_release(&since.arena);
	return rc;
}
