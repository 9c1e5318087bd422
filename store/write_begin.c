/*
 * How a local change begins: whose it is, on which line it stands, and what it had seen.
 *
 * If something was received since our last change, numbers for seen commits are reserved first: they will
 * name the heads that we knew. A store that turns out to be a copy, or whose line somebody forked, begins
 * a line of its own with a new writer. What no commit can carry (a name, a message, a time) is refused
 * here, before anything is written.
 */
#include "store/write_internal.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"
#include "proto/text.h"
#include "proto/time.h"

enum { PARENTS_MAX = 64 };

/* The files lie elsewhere than when they were last written: this is a copy, or a restored backup. */
static int is_copy(struct cts_txn *txn, bool *out)
{
	struct cts_counters *counters = &txn->counters;
	uint64_t data_device, data_inode, journal_device, journal_inode;
	char path[4096];
	int rc;

	snprintf(path, sizeof(path), "%s/data.mdb", txn->store->path);
	rc = cts_file_identity(AT_FDCWD, path, &data_device, &data_inode);
	if (rc == 0)
		rc = cts_journal_identity(txn->journal, &journal_device, &journal_inode);
	if (rc < 0)
		return rc;
	*out = counters->data_device != data_device || counters->data_inode != data_inode ||
		counters->journal_device != journal_device ||
		counters->journal_inode != journal_inode;
	counters->data_device = data_device;
	counters->data_inode = data_inode;
	counters->journal_device = journal_device;
	counters->journal_inode = journal_inode;
	return 0;
}

static int take_new_writer(struct cts_txn *txn)
{
	cts_writer_make(txn->store->writer);
	txn->counters.own_line = 0;
	return cts_meta_put(txn, "writer", txn->store->writer, CTS_WRITER_HEX);
}

/* The line that this change extends: our own, or a new one. */
static int own_line(struct cts_txn *txn, uint32_t *out)
{
	struct cts_line_row row = {0};
	int rc = cts_lines_load(txn);

	if (rc < 0)
		return rc;
	if (txn->counters.own_line) {
		*out = (uint32_t)txn->counters.own_line;
		return 0;
	}
	/* The identity may be spent: a line of this writer exists that we do not extend. */
	for (size_t i = 0; i < txn->line_count; i++)
		if (strcmp(txn->lines[i].writer, txn->store->writer) == 0) {
			rc = take_new_writer(txn);
			if (rc < 0)
				return rc;
			break;
		}
	memcpy(row.writer, txn->store->writer, sizeof(row.writer));
	memcpy(row.agency, txn->store->agency, sizeof(row.agency));
	rc = cts_line_add(txn, &row, out);
	txn->counters.own_line = *out;
	return rc;
}

static int put_own_row(struct cts_txn *txn, struct cts_change *change)
{
	struct cts_line_row *line = cts_line_at(txn, change->ref.line);
	int rc = cts_change_arrive(txn, change);

	if (rc < 0)
		return rc;
	line->last_seq = change->ref.seq;
	rc = cts_change_put(txn, change);
	return rc < 0 ? rc : cts_line_save(txn, change->ref.line);
}

/* How a head is named in the journal: by its commit, or as a change while that is pending. */
static int name_head(struct cts_txn *txn, const char **out, struct cts_ref ref)
{
	struct cts_change change;
	char text[CTS_CHANGE_TEXT + CTS_OID_HEX];
	int rc = cts_change_get(txn, &change, &txn->open.arena, ref);

	if (rc < 0)
		return rc;
	if (cts_oid_is_zero(&change.commit))
		cts_change_format(text, change.writer, change.ref.seq);
	else
		cts_oid_format(text, &change.commit);
	*out = cts_arena_strdup(&txn->open.arena, text);
	return 0;
}

/* Reserves the seen commits: each joins our previous one and up to 63 heads (64 for the very first). */
static int reserve_seen(struct cts_txn *txn, uint32_t line, struct cts_frame *frame)
{
	struct cts_open_change *open = &txn->open;
	struct cts_vector past = {0};
	struct cts_ref *heads = NULL;
	size_t head_count = 0, taken = 0;
	uint64_t seq = cts_line_at(txn, line)->last_seq;
	const char **names = NULL;
	int rc = 0;

	if (seq)
		rc = cts_txn_add_past(txn, &past, (struct cts_ref){.line = line, .seq = seq});
	if (rc == 0)
		rc = cts_lines_newest_beyond(txn, &past, &open->arena, &heads, &head_count);
	for (size_t i = 0; rc == 0 && i < head_count; i++) {
		const char **name = cts_arena_push(
			&open->arena, &names, &frame->seen_head_count, sizeof(*names));

		rc = name_head(txn, name, heads[i]);
	}
	frame->seen = names;
	while (rc == 0 && taken < head_count) {
		struct cts_change seen = open->change;
		size_t room = seq ? PARENTS_MAX - 1 : PARENTS_MAX;

		for (; rc == 0 && taken < head_count && room; taken++, room--)
			rc = cts_txn_add_past(txn, &past, heads[taken]);
		seen.ref = (struct cts_ref){.line = line, .seq = ++seq};
		seen.is_seen = true;
		seen.last_seen = seen.ref;
		seen.message = "";
		cts_vector_raise(&past, seen.ref);
		if (rc == 0)
			rc = cts_vector_put(txn, seen.ref, &past);
		if (rc == 0)
			rc = put_own_row(txn, &seen);
		frame->seen_count++;
	}
	txn->counters.unseen = 0;
	cts_vector_release(&past);
	return rc;
}

/* The change's place on the line and the knowledge it stands on. */
static int begin_on_line(struct cts_txn *txn, struct cts_frame *frame, uint32_t line)
{
	struct cts_change *change = &txn->open.change;
	struct cts_change previous = {0};
	uint64_t seq;
	int rc = 0;

	if (txn->counters.unseen || !cts_line_at(txn, line)->last_seq)
		rc = reserve_seen(txn, line, frame);
	if (rc < 0)
		return rc;
	seq = cts_line_at(txn, line)->last_seq;
	if (seq)
		rc = cts_change_get(txn, &previous, &txn->open.arena,
			(struct cts_ref){.line = line, .seq = seq});
	change->last_seen = previous.last_seen;
	change->ref = (struct cts_ref){.line = line, .seq = seq + 1};
	frame->seq = change->ref.seq;
	return rc;
}

/* A transaction of seen commits alone; its number is that of the edit that may follow them. */
static int journal_seen(struct cts_txn *txn, struct cts_frame *frame)
{
	const struct cts_frame end = {.kind = CTS_FRAME_END, .message = ""};
	int rc;

	if (!frame->seen_count)
		return 0;
	txn->counters.journal_number++;
	rc = cts_write_frame(txn, frame);
	if (rc == 0)
		rc = cts_write_frame(txn, &end);
	cts_arena_clear(&txn->open.arena);
	return rc < 0 ? rc : 1;
}

int cts_write_begin_as(
	struct cts_txn *txn, const char *agency, const char *author, int64_t time, bool is_seen_only)
{
	struct cts_open_change *open = &txn->open;
	struct cts_frame frame = {.kind = CTS_FRAME_BEGIN};
	uint32_t line;
	int rc = own_line(txn, &line);

	if (rc < 0)
		return rc;
	open->is_local = true;
	open->touched = 0;
	open->change = (struct cts_change){
		.agency = cts_arena_strdup(&open->arena, agency),
		.author = cts_arena_strdup(&open->arena, author),
		.message = "",
		.time = time,
		.received = time,
	};
	memcpy(open->change.writer, cts_line_at(txn, line)->writer, CTS_WRITER_HEX + 1);
	frame.agency = open->change.agency;
	frame.writer = open->change.writer;
	frame.author = open->change.author;
	frame.time = time;
	rc = begin_on_line(txn, &frame, line);
	if (rc < 0)
		return rc;
	if (is_seen_only)
		return journal_seen(txn, &frame);
	txn->counters.journal_number++;
	rc = cts_write_frame(txn, &frame);
	if (rc < 0)
		return rc;
	rc = cts_change_arrive(txn, &open->change);
	if (rc < 0)
		return rc;
	open->is_open = true;
	return 1;
}

static int check_message(const char *message)
{
	size_t size = message ? strlen(message) : 0;

	if (size > CTS_MESSAGE_MAX)
		return cts_fail(CTS_EVALUE, "the message is longer than 16 KiB: %zu bytes", size);
	if (size && (message[0] == '\n' || message[size - 1] == '\n'))
		return cts_fail(CTS_EVALUE, "the message begins or ends with an empty line");
	if (!cts_text_is_normal(message ? message : "", size))
		return cts_fail(CTS_EVALUE,
			"the message has characters that are not allowed, or not in the form NFC");
	return 0;
}

/* A machine whose battery died believes that it is 1970; a commit of that time is refused everywhere. */
static int check_clock(int64_t now)
{
	char text[CTS_TIME_TEXT];

	if (now >= CTS_TIME_MIN && now < CTS_TIME_MAX)
		return 0;
	cts_fail(CTS_EREFUSED, "the clock of this machine says %s, which cannot be",
		cts_time_format_utc(text, now));
	cts_hint("set the clock, then try again");
	return CTS_EREFUSED;
}

int cts_write_begin(struct cts_txn *txn, bool is_seen_only)
{
	struct cts_identity identity;
	const char *author, *name, *mail;
	int64_t now = cts_time_now();
	bool copy = false;
	int rc;

	cts_store_identity(txn->store, &identity);
	author = txn->write && txn->write->author ? txn->write->author : identity.author;
	if (!author[0]) {
		cts_fail(CTS_EREFUSED, "it is not known who you are");
		cts_hint("name yourself with --author 'Name <mail>', or set user.name and user.email "
			 "with git config");
		return CTS_EREFUSED;
	}
	/* What no commit can hold would be pending for ever. */
	rc = cts_author_split(&name, &mail, &txn->open.arena, author);
	if (rc == 0)
		rc = check_message(txn->write ? txn->write->message : NULL);
	if (rc == 0)
		rc = check_clock(now);
	if (rc == 0)
		rc = is_copy(txn, &copy);
	if (rc == 0 && copy)
		rc = take_new_writer(txn);
	if (rc < 0)
		return rc;
	return cts_write_begin_as(txn, identity.agency, author, now, is_seen_only);
}

int cts_txn_show_seen(struct cts_txn *txn)
{
	assert(!txn->open.is_open);
	return cts_write_begin(txn, true);
}
