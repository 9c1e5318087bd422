/*
 * Lines and "had seen". A line's row tells where it forked off and how far it goes; a seen commit's vector
 * tells everything its writer knew; an edit's past is that of the last seen commit on its line and the
 * line itself up to it. So the past of any change costs one vector, however long the history.
 */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"

static void put_line_key(struct cts_buf *out, uint32_t line)
{
	cts_buf_put_be32(out, line);
}

static void put_ref_key(struct cts_buf *out, struct cts_ref ref)
{
	cts_buf_put_be32(out, ref.line);
	cts_buf_put_be64(out, ref.seq);
}

enum { ROW_FIXED = 4 + 8 + 1 + 8 + 8 + CTS_OID_SIZE + CTS_WRITER_HEX };

static void encode_row(struct cts_buf *out, const struct cts_line_row *row)
{
	put_ref_key(out, row->fork);
	cts_buf_putc(out, row->is_fork ? 1 : 0);
	cts_buf_put_be64(out, row->last_seq);
	cts_buf_put_be64(out, row->head_seq);
	cts_buf_put(out, row->head.bytes, CTS_OID_SIZE);
	cts_buf_put(out, row->writer, CTS_WRITER_HEX);
	cts_buf_puts(out, row->agency);
}

static bool decode_row(struct cts_line_row *row, struct cts_slice data)
{
	const char *at = data.data;
	size_t agency = data.size - ROW_FIXED;

	if (data.size < ROW_FIXED || agency > CTS_AGENCY_MAX)
		return false;
	*row = (struct cts_line_row){
		.fork = {.line = cts_be32(at), .seq = cts_be64(at + 4)},
		.is_fork = at[12] != 0,
		.last_seq = cts_be64(at + 13),
		.head_seq = cts_be64(at + 21),
	};
	memcpy(row->head.bytes, at + 29, CTS_OID_SIZE);
	memcpy(row->writer, at + 29 + CTS_OID_SIZE, CTS_WRITER_HEX);
	memcpy(row->agency, at + ROW_FIXED, agency);
	return true;
}

int cts_lines_load(struct cts_txn *txn)
{
	struct cts_cursor cursor;
	int rc;

	if (txn->has_lines)
		return 0;
	for (rc = cts_cursor_first(&cursor, txn, CTS_DB_LINES, (struct cts_slice){.data = ""});
		rc == 1; rc = cts_cursor_next(&cursor)) {
		struct cts_line_row row;

		if (cursor.key.size != 4 || cts_be32(cursor.key.data) != txn->line_count + 1 ||
			!decode_row(&row, cursor.value)) {
			rc = cts_store_damaged(txn->store, "a line is not readable");
			break;
		}
		txn->lines = cts_realloc(
			txn->lines, (txn->line_count + 1) * sizeof(*txn->lines));
		txn->lines[txn->line_count++] = row;
	}
	cts_cursor_close(&cursor);
	txn->has_lines = rc == 0;
	return rc;
}

struct cts_line_row *cts_line_at(struct cts_txn *txn, uint32_t line)
{
	return line >= 1 && line <= txn->line_count ? &txn->lines[line - 1] : NULL;
}

int cts_line_save(struct cts_txn *txn, uint32_t line)
{
	struct cts_buf key = {0}, row = {0};
	int rc;

	put_line_key(&key, line);
	encode_row(&row, cts_line_at(txn, line));
	rc = cts_db_put(txn, CTS_DB_LINES, cts_buf_slice(&key), cts_buf_slice(&row));
	cts_buf_release(&key);
	cts_buf_release(&row);
	return rc;
}

int cts_line_add(struct cts_txn *txn, const struct cts_line_row *row, uint32_t *out)
{
	int rc = cts_lines_load(txn);

	if (rc < 0)
		return rc;
	txn->lines = cts_realloc(txn->lines, (txn->line_count + 1) * sizeof(*txn->lines));
	txn->lines[txn->line_count++] = *row;
	*out = (uint32_t)txn->line_count;
	txn->counters.next_line = txn->line_count + 1;
	return cts_line_save(txn, *out);
}

int cts_txn_each_line(struct cts_txn *txn,
	int (*each)(void *context, const struct cts_line *line), void *context)
{
	int rc = cts_lines_load(txn);

	for (size_t i = 0; rc == 0 && i < txn->line_count; i++) {
		const struct cts_line_row *row = &txn->lines[i];
		struct cts_line line = {
			.line = (uint32_t)i + 1,
			.agency = row->agency,
			.is_own = txn->counters.own_line == i + 1,
			.is_fork = row->is_fork,
			.head_seq = row->head_seq,
			.head = row->head,
		};

		memcpy(line.writer, row->writer, sizeof(line.writer));
		rc = each(context, &line);
	}
	return rc;
}

int cts_vector_put(struct cts_txn *txn, struct cts_ref seen, const struct cts_vector *vector)
{
	struct cts_buf key = {0}, data = {0};
	int rc;

	put_ref_key(&key, seen);
	cts_vector_encode(&data, vector);
	rc = cts_db_put(txn, CTS_DB_VECTORS, cts_buf_slice(&key), cts_buf_slice(&data));
	cts_buf_release(&key);
	cts_buf_release(&data);
	return rc;
}

/* The vector of a seen commit, from a small cache: a pull asks for the same few again and again. */
static int get_vector(
	struct cts_txn *txn, const struct cts_vector **out, struct cts_ref seen)
{
	size_t slot = (seen.line * 31 + seen.seq) % CTS_VECTOR_CACHE;
	struct cts_buf key = {0};
	struct cts_slice data;
	int rc;

	if (cts_ref_equal(txn->vectors[slot].ref, seen)) {
		*out = &txn->vectors[slot].vector;
		return 0;
	}
	put_ref_key(&key, seen);
	rc = cts_db_get(txn, CTS_DB_VECTORS, cts_buf_slice(&key), &data);
	cts_buf_release(&key);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return cts_store_damaged(txn->store, "a vector is missing");
	cts_vector_release(&txn->vectors[slot].vector);
	txn->vectors[slot].ref = (struct cts_ref){0};
	txn->vectors[slot].vector = (struct cts_vector){0};
	rc = cts_vector_decode(&txn->vectors[slot].vector, data.data, data.size);
	if (rc < 0)
		return cts_store_damaged(txn->store, "a vector is not readable");
	txn->vectors[slot].ref = seen;
	*out = &txn->vectors[slot].vector;
	return 0;
}

/* The last seen commit at or before a change: from its row. */
static int last_seen(struct cts_txn *txn, struct cts_ref *out, struct cts_ref ref)
{
	struct cts_arena arena = {0};
	struct cts_change change;
	int rc;

	if (txn->open.is_open && cts_ref_equal(txn->open.change.ref, ref)) {
		*out = txn->open.change.last_seen;
		return 0;
	}
	rc = cts_change_get(txn, &change, &arena, ref);
	if (rc == 0)
		*out = change.last_seen;
	cts_arena_release(&arena);
	return rc;
}

int cts_txn_has_seen(struct cts_txn *txn, struct cts_ref later, struct cts_ref earlier)
{
	const struct cts_vector *vector;
	const struct cts_line_row *row;
	struct cts_ref seen;
	int rc;

	if (later.line == earlier.line)
		return later.seq >= earlier.seq;
	rc = cts_lines_load(txn);
	if (rc < 0)
		return rc;
	for (row = cts_line_at(txn, later.line); row && row->fork.line;
		row = cts_line_at(txn, row->fork.line))
		if (row->fork.line == earlier.line && row->fork.seq >= earlier.seq)
			return 1;
	rc = last_seen(txn, &seen, later);
	if (rc < 0 || !seen.line)
		return rc;
	rc = get_vector(txn, &vector, seen);
	return rc < 0 ? rc : cts_vector_has(vector, earlier);
}

int cts_txn_add_past(struct cts_txn *txn, struct cts_vector *out, struct cts_ref change)
{
	const struct cts_vector *vector;
	const struct cts_line_row *row;
	struct cts_ref seen;
	int rc = cts_lines_load(txn);

	if (rc < 0)
		return rc;
	cts_vector_raise(out, change);
	for (row = cts_line_at(txn, change.line); row && row->fork.line;
		row = cts_line_at(txn, row->fork.line))
		cts_vector_raise(out, row->fork);
	rc = last_seen(txn, &seen, change);
	if (rc < 0 || !seen.line)
		return rc;
	rc = get_vector(txn, &vector, seen);
	if (rc == 0)
		cts_vector_join(out, vector);
	return rc;
}

int cts_lines_now(struct cts_txn *txn, struct cts_vector *out)
{
	int rc = cts_lines_load(txn);

	for (size_t i = 0; rc == 0 && i < txn->line_count; i++)
		if (txn->lines[i].last_seq)
			cts_vector_raise(out, (struct cts_ref){
				.line = (uint32_t)i + 1,
				.seq = txn->lines[i].last_seq,
			});
	return rc;
}

/* Of some changes, each the end of a line, those that are in the past of no other. */
static int keep_newest(struct cts_txn *txn, struct cts_arena *arena, const struct cts_ref *ends,
	size_t end_count, struct cts_ref **out, size_t *count)
{
	struct cts_ref *kept = NULL;
	size_t kept_count = 0;

	for (size_t i = 0; i < end_count; i++) {
		bool is_newest = true;

		for (size_t j = 0; j < end_count && is_newest; j++) {
			int rc = i == j ? 0 : cts_txn_has_seen(txn, ends[j], ends[i]);

			if (rc < 0)
				return rc;
			is_newest = !rc;
		}
		if (is_newest)
			*(struct cts_ref *)cts_arena_push(
				arena, &kept, &kept_count, sizeof(*kept)) = ends[i];
	}
	*out = kept;
	*count = kept_count;
	return 0;
}

int cts_lines_newest_beyond(struct cts_txn *txn, const struct cts_vector *past,
	struct cts_arena *arena, struct cts_ref **out, size_t *count)
{
	struct cts_ref *ends = NULL;
	size_t end_count = 0;
	int rc = cts_lines_load(txn);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < txn->line_count; i++) {
		struct cts_ref ref = {.line = (uint32_t)i + 1, .seq = txn->lines[i].last_seq};

		if (ref.seq && !cts_vector_has(past, ref))
			*(struct cts_ref *)cts_arena_push(arena, &ends, &end_count, sizeof(ref)) = ref;
	}
	return keep_newest(txn, arena, ends, end_count, out, count);
}

static int compare_lines(const void *a, const void *b)
{
	return cts_oid_compare(
		&((const struct cts_line *)a)->head, &((const struct cts_line *)b)->head);
}

int cts_txn_newest_heads(struct cts_txn *txn, struct cts_line **out, size_t *count,
	struct cts_arena *arena)
{
	struct cts_ref *heads = NULL, *refs;
	size_t head_count = 0, ref_count, line_count = 0;
	struct cts_line *lines = NULL;
	int rc = cts_lines_load(txn);

	if (rc < 0)
		return rc;
	/* Commits only: what is pending has seen others' heads, but no commit says so yet. */
	for (size_t i = 0; i < txn->line_count; i++)
		if (txn->lines[i].head_seq)
			*(struct cts_ref *)cts_arena_push(
				arena, &heads, &head_count, sizeof(*heads)) = (struct cts_ref){
				.line = (uint32_t)i + 1, .seq = txn->lines[i].head_seq};
	rc = keep_newest(txn, arena, heads, head_count, &refs, &ref_count);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < ref_count; i++) {
		const struct cts_line_row *row = cts_line_at(txn, refs[i].line);
		struct cts_line *line =
			cts_arena_push(arena, &lines, &line_count, sizeof(*lines));

		*line = (struct cts_line){
			.line = refs[i].line,
			.agency = cts_arena_strdup(arena, row->agency),
			.is_own = txn->counters.own_line == refs[i].line,
			.is_fork = row->is_fork,
			.head_seq = row->head_seq,
			.head = row->head,
		};
		memcpy(line->writer, row->writer, sizeof(line->writer));
	}
	if (line_count)
		qsort(lines, line_count, sizeof(*lines), compare_lines);
	*out = lines;
	*count = line_count;
	return 0;
}

int cts_txn_claim_line(struct cts_txn *txn)
{
	size_t found = 0;
	int rc = cts_lines_load(txn);

	if (rc < 0)
		return rc;
	txn->counters.own_line = 0;
	for (size_t i = 0; i < txn->line_count; i++) {
		if (strcmp(txn->lines[i].writer, txn->store->writer) != 0)
			continue;
		txn->counters.own_line = i + 1;
		found++;
	}
	if (found > 1)
		txn->counters.own_line = 0;
	return 0;
}
