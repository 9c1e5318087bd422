/*
 * Commits are written in one way and read back strictly: parsing and formatting again must give the same
 * bytes, but for a signature. So nothing can hide in a commit that this program does not show.
 */
#include "sync/commit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/change.h"
#include "proto/error.h"
#include "proto/schema.h"
#include "proto/text.h"
#include "proto/time.h"

void cts_commit_format(struct cts_buf *out, const struct cts_commit *commit)
{
	char hex[CTS_OID_HEX + 1];

	cts_buf_printf(out, "tree %s\n", cts_oid_format(hex, &commit->tree));
	for (size_t i = 0; i < commit->parent_count; i++)
		cts_buf_printf(out, "parent %s\n", cts_oid_format(hex, &commit->parents[i]));
	cts_buf_printf(out, "author %s %" PRId64 " +0000\n", commit->author, commit->time);
	cts_buf_printf(out, "committer %s %" PRId64 " +0000\n", commit->author, commit->time);
	cts_buf_printf(out, "\n%s\n", commit->message);
	if (commit->is_view)
		return;
	if (commit->lines[0])
		cts_buf_printf(out, "\n%s", commit->lines);
	cts_buf_printf(out, "\nCtsync-Agency: %s\nCtsync-Writer: %s\nCtsync-Seq: %" PRIu64 "\n",
		commit->agency, commit->writer, commit->seq);
	if (commit->is_seen)
		cts_buf_printf(out, "Ctsync-Seen: %zu\n", commit->parent_count);
	cts_buf_printf(out, "Ctsync-Format: %d\n", CTS_FORMAT);
}

/* What is left of the text while it is read, a line at a time. */
struct reader {
	struct cts_arena *arena;
	const char *at, *end;
	const char *signature, *signature_end; /* equal: there is none */
};

static int malformed(const char *why)
{
	return cts_fail(CTS_EINTEGRITY, "the commit is not of the form that ctsync writes: %s", why);
}

/* The next line begins with `name` and a space: its rest; NULL: it does not, and nothing is taken. */
static const char *take(struct reader *reader, const char *name)
{
	size_t size = strlen(name);
	const char *stop = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	const char *rest;

	if (!stop || (size_t)(stop - reader->at) <= size ||
		memcmp(reader->at, name, size) != 0 || reader->at[size] != ' ')
		return NULL;
	rest = cts_arena_strndup(
		reader->arena, reader->at + size + 1, (size_t)(stop - reader->at) - size - 1);
	reader->at = stop + 1;
	return rest;
}

/* "Name <mail> 1623749400 +0000" */
static int parse_person(
	struct cts_arena *arena, const char *text, const char **author, int64_t *time)
{
	const char *close = strrchr(text, '>'), *name, *mail;
	char *rest;

	if (!close || close[1] != ' ')
		return malformed("its author has no address and time");
	*author = cts_arena_strndup(arena, text, (size_t)(close - text) + 1);
	*time = strtoll(close + 2, &rest, 10);
	if (strcmp(rest, " +0000") != 0)
		return malformed("its time is not in UTC");
	if (*time < CTS_TIME_MIN || *time >= CTS_TIME_MAX)
		return malformed("its time is not between 2000 and 2200");
	if (cts_author_split(&name, &mail, arena, *author) < 0)
		return malformed("its author is not 'Name <mail>'");
	return 0;
}

static int parse_header(struct reader *reader, struct cts_commit *out)
{
	const char *text = take(reader, "tree"), *committer;
	size_t count = 0;
	int64_t time;
	int rc;

	if (!text || !cts_oid_parse(&out->tree, text))
		return malformed("it names no tree");
	while ((text = take(reader, "parent"))) {
		struct cts_oid *parent =
			cts_arena_push(reader->arena, &out->parents, &count, sizeof(*parent));

		if (!cts_oid_parse(parent, text))
			return malformed("a parent is no id");
		for (size_t i = 0; i + 1 < count; i++)
			if (cts_oid_equal(&out->parents[i], parent))
				return malformed("it names a parent twice");
	}
	out->parent_count = count;
	if (count > CTS_COMMIT_PARENTS_MAX)
		return malformed("it has more than 64 parents");
	text = take(reader, "author");
	if (!text)
		return malformed("it has no author");
	rc = parse_person(reader->arena, text, &out->author, &out->time);
	if (rc < 0)
		return rc;
	text = take(reader, "committer");
	if (!text)
		return malformed("it has no committer");
	rc = parse_person(reader->arena, text, &committer, &time);
	if (rc < 0)
		return rc;
	if (strcmp(committer, out->author) != 0 || time != out->time)
		return malformed("author and committer differ");
	reader->signature = reader->signature_end = reader->at;
	if (take(reader, "gpgsig"))
		while (reader->at < reader->end && *reader->at == ' ') {
			const char *stop =
				memchr(reader->at, '\n', (size_t)(reader->end - reader->at));

			if (!stop)
				return malformed("its signature does not end");
			reader->at = stop + 1;
		}
	reader->signature_end = reader->at;
	if (reader->at >= reader->end || *reader->at != '\n')
		return malformed("it has a header of another kind");
	reader->at++;
	return 0;
}

static bool parse_number(uint64_t *out, const char *text)
{
	char again[24];
	char *rest;

	if (text[0] < '1' || text[0] > '9')
		return false;
	*out = strtoull(text, &rest, 10);
	snprintf(again, sizeof(again), "%" PRIu64, *out);
	return rest[0] == '\0' && strcmp(again, text) == 0;
}

static int parse_trailers(struct reader *reader, struct cts_commit *out)
{
	const char *text = take(reader, "Ctsync-Agency:");
	uint64_t number;

	if (!text || !cts_agency_is_valid(text))
		return malformed("it names no agency");
	out->agency = text;
	text = take(reader, "Ctsync-Writer:");
	if (!text || !cts_writer_is_valid(text))
		return malformed("it names no writer");
	memcpy(out->writer, text, sizeof(out->writer));
	text = take(reader, "Ctsync-Seq:");
	if (!text || !parse_number(&out->seq, text))
		return malformed("it has no number");
	text = take(reader, "Ctsync-Seen:");
	if (text) {
		out->is_seen = true;
		if (!parse_number(&number, text) || number != out->parent_count)
			return malformed("it does not say how many commits it saw");
	}
	text = take(reader, "Ctsync-Format:");
	if (!text || !parse_number(&number, text))
		return malformed("it has no format");
	if (number > CTS_FORMAT) {
		cts_fail(CTS_ENEWER, "the commit has format %s; this program knows %d", text, CTS_FORMAT);
		cts_hint("install a newer ctsync");
		return CTS_ENEWER;
	}
	if (reader->at != reader->end)
		return malformed("something stands behind its trailers");
	return 0;
}

/* The start of the last paragraph of [at, end): behind the last empty line; NULL when there is none. */
static const char *last_paragraph(const char *at, const char *end)
{
	for (const char *p = end - 2; p > at; p--)
		if (p[0] == '\n' && p[-1] == '\n')
			return p + 1;
	return NULL;
}

static int parse_message(struct reader *reader, struct cts_commit *out)
{
	const char *start = reader->at, *end = reader->end;
	const char *trailers, *lines;
	int rc;

	if (end - start < 2 || end[-1] != '\n' || memchr(start, '\0', (size_t)(end - start)))
		return malformed("its message does not end in a newline");
	if (!cts_text_is_normal(start, (size_t)(end - start)))
		return malformed("its message holds characters that are not allowed");
	if (strcmp(out->author, CTS_VIEW_AUTHOR) == 0 &&
		(size_t)(end - start) == strlen(CTS_VIEW_MESSAGE "\n") &&
		memcmp(start, CTS_VIEW_MESSAGE "\n", (size_t)(end - start)) == 0) {
		out->is_view = true;
		out->agency = out->lines = "";
		out->message =
			cts_arena_strndup(reader->arena, start, (size_t)(end - start) - 1);
		return 0;
	}
	trailers = last_paragraph(start, end);
	if (!trailers)
		return malformed("it has no trailers");
	reader->at = trailers;
	rc = parse_trailers(reader, out);
	if (rc < 0)
		return rc;
	end = trailers - 1;
	lines = out->is_seen ? NULL : last_paragraph(start, end);
	out->lines = lines ? cts_arena_strndup(reader->arena, lines, (size_t)(end - lines)) : "";
	if (lines)
		end = lines - 1;
	out->message = cts_arena_strndup(reader->arena, start, (size_t)(end - start) - 1);
	if (strlen(out->message) > CTS_MESSAGE_MAX)
		return malformed("its message is longer than 16 KiB");
	return 0;
}

/* A second spelling of anything (a number with a sign, bytes behind a NUL) would be a place to hide in. */
static int check_spelling(const struct reader *reader, const struct cts_commit *commit,
	const char *data, size_t size)
{
	size_t before = (size_t)(reader->signature - data);
	size_t after = size - (size_t)(reader->signature_end - data);
	struct cts_buf again = {0};
	bool is_same;

	cts_commit_format(&again, commit);
	is_same = again.size == before + after && memcmp(again.data, data, before) == 0 &&
		memcmp(again.data + before, reader->signature_end, after) == 0;
	cts_buf_release(&again);
	return is_same ? 0 : malformed("it is spelt otherwise");
}

int cts_commit_parse(
	struct cts_commit *out, struct cts_arena *arena, const void *data, size_t size)
{
	struct reader reader = {.arena = arena, .at = data, .end = (const char *)data + size};
	struct cts_commit commit = {0};
	int rc = parse_header(&reader, &commit);

	if (rc == 0)
		rc = parse_message(&reader, &commit);
	if (rc == 0)
		rc = check_spelling(&reader, &commit, data, size);
	if (rc == 0)
		*out = commit;
	return rc;
}

int cts_commit_read(struct cts_commit *out, struct cts_arena *arena, struct cts_odb *odb,
	const struct cts_oid *oid)
{
	struct cts_buf bytes = {0};
	int rc = cts_odb_read(&bytes, odb, CTS_OBJECT_COMMIT, oid);

	if (rc == 0)
		rc = cts_commit_parse(out, arena, bytes.data, bytes.size);
	cts_buf_release(&bytes);
	return rc;
}
