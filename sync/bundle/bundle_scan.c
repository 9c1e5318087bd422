/*
 * The commits of a pack that is not indexed: each entry is inflated once, in order, since only that tells
 * where the next begins; nothing but commits is kept, and those by their offsets. A delta in the same pack
 * may be on an entry before it, so the type of one is known by then. Memory: 16 bytes an entry.
 */
#include "sync/bundle/bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "sync/pack/delta.h"
#include "sync/pack/object.h"

enum {
	HEADER = 12,
	PIECE = 64 * 1024,
	OFS_DELTA = 6,
	REF_DELTA = 7,
	CHAIN_MAX = 64, /* deltas on deltas */
};

static uint64_t pack_end(const struct cts_bundle_head *head)
{
	return head->size - CTS_OID_SIZE;
}

/* Reads at most `size` bytes; fewer at the end of the file only. */
static ssize_t read_at(int fd, void *out, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)out + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cts_fail_errno(CTS_EIO, errno, "cannot read it");
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int cts_bundle_check_pack(const struct cts_bundle_head *head, int fd)
{
	uint8_t *piece, sum[CTS_OID_SIZE], said[CTS_OID_SIZE];
	uint64_t at = head->pack_start;
	struct cts_sha1 sha1;
	ssize_t n = 0;

	if (head->size < head->pack_start + HEADER + CTS_OID_SIZE)
		return 0;
	piece = cts_malloc(PIECE);
	cts_sha1_init(&sha1);
	while (n >= 0 && at < pack_end(head)) {
		uint64_t left = pack_end(head) - at;

		n = read_at(fd, piece, left < PIECE ? (size_t)left : PIECE, at);
		if (n == 0)
			break; /* it has grown shorter meanwhile */
		if (n > 0)
			cts_sha1_update(&sha1, piece, (size_t)n);
		at += n > 0 ? (uint64_t)n : 0;
	}
	free(piece);
	cts_sha1_finish(&sha1, sum);
	if (n >= 0)
		n = read_at(fd, said, sizeof(said), pack_end(head));
	if (n < 0)
		return (int)n;
	return n == sizeof(said) && memcmp(sum, said, sizeof(sum)) == 0;
}

/* ---- entries ---------------------------------------------------------------------------------- */

struct entry {
	uint64_t offset;
	bool is_commit;
};

struct scan {
	const struct cts_bundle_head *head;
	int fd;
	z_stream inflater;
	uint8_t *piece;       /* of the file, */
	uint64_t piece_start; /* from here */
	size_t piece_size;
	struct entry *entries;
	size_t count, capacity;
};

/* One entry's head, and where its data begin. */
struct form {
	unsigned type;
	uint64_t size, base; /* base: the offset of an OFS_DELTA's */
	uint64_t data;
};

static int fail_pack(void)
{
	return cts_fail(CTS_EINTEGRITY, "its pack is not one that can be read");
}

/* What the file has at `at`, as much as is in hand. @return 0 and nothing at the end of the pack */
static int look(struct scan *scan, const uint8_t **out, size_t *size, uint64_t at)
{
	uint64_t end = pack_end(scan->head);

	if (at < scan->piece_start || at >= scan->piece_start + scan->piece_size) {
		ssize_t n = at < end ? read_at(scan->fd, scan->piece,
					       end - at < PIECE ? (size_t)(end - at) : PIECE, at)
				     : 0;

		if (n < 0)
			return (int)n;
		scan->piece_start = at;
		scan->piece_size = (size_t)n;
	}
	*out = scan->piece + (at - scan->piece_start);
	*size = scan->piece_size - (size_t)(at - scan->piece_start);
	return 0;
}

static int next_byte(struct scan *scan, uint8_t *out, uint64_t *at)
{
	const uint8_t *bytes = NULL;
	size_t size = 0;
	int rc = look(scan, &bytes, &size, *at);

	if (rc == 0 && !size)
		rc = fail_pack();
	if (rc == 0) {
		*out = bytes[0];
		++*at;
	}
	return rc;
}

static int read_form(struct scan *scan, struct form *out, uint64_t at)
{
	struct form form = {0};
	uint64_t start = at, distance = 0;
	unsigned shift = 4;
	uint8_t byte = 0;
	int rc = next_byte(scan, &byte, &at);

	form.type = byte >> 4 & 7;
	form.size = byte & 15;
	while (rc == 0 && byte & 0x80) {
		rc = next_byte(scan, &byte, &at);
		if (rc == 0 && shift > 56)
			rc = fail_pack();
		form.size |= (uint64_t)(byte & 0x7f) << (shift < 64 ? shift : 0);
		shift += 7;
	}
	if (rc == 0 && form.type == OFS_DELTA) {
		rc = next_byte(scan, &byte, &at);
		distance = byte & 0x7f;
		while (rc == 0 && byte & 0x80) {
			rc = next_byte(scan, &byte, &at);
			if (rc == 0 && distance > UINT64_MAX >> 8)
				rc = fail_pack();
			distance = ((distance + 1) << 7) | (byte & 0x7f);
		}
		if (rc == 0 && (!distance || distance > start - scan->head->pack_start))
			rc = fail_pack();
		form.base = start - distance;
	} else if (rc == 0 && form.type == REF_DELTA) {
		at += CTS_OID_SIZE;
	} else if (rc == 0 && (form.type < CTS_OBJECT_COMMIT || form.type > 4)) {
		rc = fail_pack();
	}
	form.data = at;
	*out = form;
	return rc;
}

/* Inflates one entry's data into `out` (NULL: nowhere), and tells where the next entry begins. */
static int inflate_entry(
	struct scan *scan, struct cts_buf *out, const struct form *form, uint64_t *next)
{
	z_stream *z = &scan->inflater;
	uint64_t at = form->data, made = 0;
	uint8_t sink[16 * 1024];
	int rc = 0, state = Z_OK;

	inflateReset(z);
	while (rc == 0 && state != Z_STREAM_END) {
		const uint8_t *bytes = NULL;
		size_t size = 0, used;

		rc = look(scan, &bytes, &size, at);
		if (rc < 0)
			break;
		z->next_in = (Bytef *)(uintptr_t)bytes; /* zlib's type lacks the const */
		z->avail_in = (uInt)size;
		z->next_out = sink;
		z->avail_out = sizeof(sink);
		state = inflate(z, Z_NO_FLUSH);
		used = size - z->avail_in;
		at += used;
		made += sizeof(sink) - z->avail_out;
		if (out)
			cts_buf_put(out, sink, sizeof(sink) - z->avail_out);
		if ((state != Z_OK && state != Z_STREAM_END) || made > form->size ||
			(state == Z_OK && !used && z->avail_out == sizeof(sink)))
			rc = fail_pack();
	}
	if (rc == 0 && made != form->size)
		rc = fail_pack();
	if (next)
		*next = at;
	return rc;
}

static const struct entry *find_entry(const struct scan *scan, uint64_t offset)
{
	size_t low = 0, high = scan->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (scan->entries[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < scan->count && scan->entries[low].offset == offset ? &scan->entries[low] : NULL;
}

/* A commit that is a delta, from its base upwards. */
static int read_delta(struct scan *scan, struct cts_buf *out, uint64_t offset)
{
	struct form chain[CHAIN_MAX];
	struct cts_buf delta = {0}, base = {0};
	size_t depth = 0;
	int rc;

	do {
		rc = depth < CHAIN_MAX ? read_form(scan, &chain[depth], offset) : fail_pack();
		if (rc == 0 && chain[depth].size > 2 * cts_object_limit(CTS_OBJECT_COMMIT))
			rc = fail_pack();
		if (rc == 0)
			offset = chain[depth].base;
	} while (rc == 0 && chain[depth++].type == OFS_DELTA);
	cts_buf_clear(out);
	if (rc == 0)
		rc = inflate_entry(scan, out, &chain[--depth], NULL);
	while (rc == 0 && depth-- > 0) {
		cts_buf_clear(&delta);
		cts_buf_clear(&base);
		cts_buf_put(&base, out->data, out->size);
		rc = inflate_entry(scan, &delta, &chain[depth], NULL);
		if (rc == 0)
			rc = cts_delta_apply(out, cts_buf_slice(&base), cts_buf_slice(&delta),
				cts_object_limit(CTS_OBJECT_COMMIT));
	}
	cts_buf_release(&delta);
	cts_buf_release(&base);
	return rc;
}

static void note_entry(struct scan *scan, uint64_t offset, bool is_commit)
{
	if (scan->count == scan->capacity) {
		scan->capacity = scan->capacity ? 2 * scan->capacity : 1024;
		scan->entries =
			cts_realloc(scan->entries, scan->capacity * sizeof(*scan->entries));
	}
	scan->entries[scan->count++] =
		(struct entry){.offset = offset, .is_commit = is_commit};
}

/* Reads the entry at `*at` and moves on; `bytes` is filled, and 1 returned, for a commit. */
static int read_entry(struct scan *scan, struct cts_buf *bytes, uint64_t *at)
{
	const struct entry *base;
	struct form form;
	uint64_t start = *at;
	bool is_commit, is_delta;
	int rc = read_form(scan, &form, start);

	if (rc < 0)
		return rc;
	is_delta = form.type == OFS_DELTA;
	base = is_delta ? find_entry(scan, form.base) : NULL;
	if (is_delta && !base)
		return fail_pack();
	is_commit = is_delta ? base->is_commit : form.type == CTS_OBJECT_COMMIT;
	if (is_commit && form.size > cts_object_limit(CTS_OBJECT_COMMIT))
		return cts_fail(CTS_EINTEGRITY, "a commit in it is larger than any may be");
	note_entry(scan, start, is_commit);
	cts_buf_clear(bytes);
	rc = inflate_entry(scan, is_commit && !is_delta ? bytes : NULL, &form, at);
	if (rc == 0 && is_commit && is_delta)
		rc = read_delta(scan, bytes, start);
	return rc < 0 ? rc : is_commit;
}

int cts_bundle_each_commit(uint64_t *objects, const struct cts_bundle_head *head, int fd,
	int (*each)(void *context, const struct cts_oid *oid, struct cts_slice bytes), void *context)
{
	struct scan scan = {.head = head, .fd = fd};
	uint64_t at = head->pack_start + HEADER, count = 0;
	struct cts_buf bytes = {0};
	uint8_t start[HEADER];
	ssize_t n = read_at(fd, start, sizeof(start), head->pack_start);
	int rc = n < 0 ? (int)n : 0;

	if (rc == 0 && (n != HEADER || head->size < at + CTS_OID_SIZE ||
			       memcmp(start, "PACK\0\0\0\2", 8) != 0))
		rc = fail_pack();
	if (rc < 0)
		return rc;
	count = cts_be32(start + 8);
	if (inflateInit(&scan.inflater) != Z_OK)
		abort(); /* out of memory, as everywhere */
	scan.piece = cts_malloc(PIECE);
	for (uint64_t i = 0; rc >= 0 && i < count; i++) {
		rc = read_entry(&scan, &bytes, &at);
		if (rc == 1) {
			struct cts_oid oid = cts_git_oid("commit", bytes.data, bytes.size);

			rc = each(context, &oid, cts_buf_slice(&bytes));
		}
	}
	if (rc >= 0 && at != pack_end(head))
		rc = fail_pack();
	if (rc >= 0)
		*objects = count;
	inflateEnd(&scan.inflater);
	free(scan.piece);
	free(scan.entries);
	cts_buf_release(&bytes);
	return rc < 0 ? rc : 0;
}
