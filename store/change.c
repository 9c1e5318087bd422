/*
 * Changes: one row each under (line, seq), their order of arrival, and their names. Arrival numbers rise
 * by one and never reorder: a change's ancestors have smaller ones, so what the store held at any time is
 * everything up to one number.
 */
#include "store/internal.h"

#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"

static void put_key(struct cts_buf *out, struct cts_ref ref)
{
	cts_buf_put_be32(out, ref.line);
	cts_buf_put_be64(out, ref.seq);
}

int cts_change_get(
	struct cts_txn *txn, struct cts_change *out, struct cts_arena *arena, struct cts_ref ref)
{
	struct cts_buf key = {0};
	struct cts_slice data;
	int rc;

	put_key(&key, ref);
	rc = cts_db_get(txn, CTS_DB_CHANGES, cts_buf_slice(&key), &data);
	cts_buf_release(&key);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return cts_store_damaged(txn->store, "a change is missing");
	rc = cts_stored_change_decode(out, arena, data.data, data.size);
	return rc < 0 ? cts_store_damaged(txn->store, "a change is not readable") : 0;
}

int cts_txn_change(
	struct cts_txn *txn, struct cts_change *out, struct cts_arena *arena, struct cts_ref ref)
{
	struct cts_line_row *row;
	int rc = cts_lines_load(txn);

	if (rc < 0)
		return rc;
	row = cts_line_at(txn, ref.line);
	if (!row || ref.seq < 1 || ref.seq > row->last_seq ||
		(row->fork.line && ref.seq <= row->fork.seq))
		return cts_fail(CTS_ENOTFOUND, "no such change");
	return cts_change_get(txn, out, arena, ref);
}

int cts_change_put(struct cts_txn *txn, const struct cts_change *change)
{
	struct cts_buf key = {0}, data = {0};
	int rc;

	put_key(&key, change->ref);
	cts_stored_change_encode(&data, change);
	rc = cts_db_put(txn, CTS_DB_CHANGES, cts_buf_slice(&key), cts_buf_slice(&data));
	cts_buf_release(&data);
	if (rc == 0 && !cts_oid_is_zero(&change->commit))
		rc = cts_db_put(txn, CTS_DB_COMMITS,
			(struct cts_slice){.data = change->commit.bytes, .size = CTS_OID_SIZE},
			cts_buf_slice(&key));
	cts_buf_release(&key);
	return rc;
}

int cts_change_arrive(struct cts_txn *txn, struct cts_change *change)
{
	struct cts_buf key = {0}, data = {0};
	int rc;

	if (change->received < (int64_t)txn->counters.received)
		change->received = (int64_t)txn->counters.received;
	txn->counters.received = (uint64_t)change->received;
	change->arrival = ++txn->counters.arrival;
	cts_buf_put_be64(&key, change->arrival);
	put_key(&data, change->ref);
	cts_buf_put_be64(&data, (uint64_t)change->received);
	rc = cts_db_put(txn, CTS_DB_ARRIVALS, cts_buf_slice(&key), cts_buf_slice(&data));
	cts_buf_release(&key);
	cts_buf_release(&data);
	return rc;
}

int cts_txn_find_commit(struct cts_txn *txn, struct cts_ref *out, const struct cts_oid *commit)
{
	struct cts_slice data;
	int rc = cts_db_get(txn, CTS_DB_COMMITS,
		(struct cts_slice){.data = commit->bytes, .size = CTS_OID_SIZE}, &data);

	if (rc < 1)
		return rc;
	if (data.size != 12)
		return cts_store_damaged(txn->store, "a commit's place is not readable");
	*out = (struct cts_ref){
		.line = cts_be32(data.data),
		.seq = cts_be64((const char *)data.data + 4),
	};
	return 1;
}

static int find_by_name(
	struct cts_txn *txn, struct cts_ref *out, const char *text, const char *writer, uint64_t seq)
{
	size_t size = strlen(writer), found = 0;
	int rc = cts_lines_load(txn);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < txn->line_count; i++) {
		const struct cts_line_row *row = &txn->lines[i];

		if (strncmp(row->writer, writer, size) != 0 || seq > row->last_seq ||
			(row->fork.line && seq <= row->fork.seq))
			continue;
		*out = (struct cts_ref){.line = (uint32_t)i + 1, .seq = seq};
		found++;
	}
	if (found == 1)
		return 0;
	if (found == 0) {
		cts_fail(CTS_ENOTFOUND, "no change '%s'", text);
		cts_hint("ctsync log");
		return CTS_ENOTFOUND;
	}
	cts_fail(CTS_EREFUSED, "'%s' names %zu changes", text, found);
	cts_hint("name the commit instead: ctsync log -o json");
	return CTS_EREFUSED;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int find_by_commit(struct cts_txn *txn, struct cts_ref *out, const char *text)
{
	unsigned char prefix[CTS_OID_SIZE] = {0};
	char hex[CTS_OID_HEX + 1];
	size_t digits = strlen(text), found = 0;
	struct cts_cursor cursor;
	int rc;

	for (size_t i = 0; i < digits; i++)
		prefix[i / 2] |= (unsigned char)(hex_value(text[i]) << (i % 2 ? 0 : 4));
	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_COMMITS,
		     (struct cts_slice){.data = prefix, .size = digits / 2});
		rc == 1; rc = cts_cursor_next(&cursor)) {
		cts_hex_format(hex, cursor.key.data, cursor.key.size);
		if (strncmp(hex, text, digits) != 0 || cursor.value.size != 12)
			continue;
		*out = (struct cts_ref){
			.line = cts_be32(cursor.value.data),
			.seq = cts_be64((const char *)cursor.value.data + 4),
		};
		found++;
	}
	cts_cursor_close(&cursor);
	if (rc < 0)
		return rc;
	if (found == 1)
		return 0;
	if (found == 0) {
		cts_fail(CTS_ENOTFOUND, "no commit '%s' here", text);
		cts_hint("ctsync log -o json names them");
		return CTS_ENOTFOUND;
	}
	return cts_fail(CTS_EREFUSED, "'%s' is the beginning of %zu commits", text, found);
}

int cts_txn_find_change(struct cts_txn *txn, struct cts_ref *out, const char *text)
{
	char writer[CTS_WRITER_HEX + 1];
	uint64_t seq;
	size_t digits = strspn(text, "0123456789abcdef");

	if (cts_change_parse(writer, &seq, text))
		return find_by_name(txn, out, text, writer, seq);
	if (digits >= 4 && digits <= CTS_OID_HEX && text[digits] == '\0')
		return find_by_commit(txn, out, text);
	cts_fail(CTS_EVALUE, "'%s' is neither a change nor a commit", text);
	cts_hint("a change is written 7f3a9c21.12, a commit by at least 4 of its digits: ctsync log");
	return CTS_EVALUE;
}
