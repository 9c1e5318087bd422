/*
 * Sorted arrays of (line, greatest seq). Programmes have tens of lines, so a vector is a few cache
 * lines: every operation is one pass over two arrays, a look-up is a binary search, and only a line
 * that was not there before moves memory.
 *
 * Invariant: entries are in strictly rising order of line, every line and every seq is at least 1.
 */
#include "proto/vector.h"

#include <stdlib.h>
#include <string.h>

#include "proto/error.h"

static void reserve(struct cts_vector *vector, size_t count)
{
	size_t capacity = vector->capacity ? vector->capacity : 4;

	if (count <= vector->capacity)
		return;
	while (capacity < count)
		capacity *= 2;
	vector->entries = cts_realloc(vector->entries, capacity * sizeof(*vector->entries));
	vector->capacity = capacity;
}

/* The place of a line: of its entry, or where that would stand. */
static size_t place_of(const struct cts_vector *vector, uint32_t line)
{
	size_t low = 0, high = vector->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (vector->entries[middle].line < line)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool cts_ref_equal(struct cts_ref a, struct cts_ref b)
{
	return a.line == b.line && a.seq == b.seq;
}

void cts_vector_release(struct cts_vector *vector)
{
	free(vector->entries);
	*vector = (struct cts_vector){0};
}

void cts_vector_copy(struct cts_vector *out, const struct cts_vector *vector)
{
	if (out == vector)
		return;
	reserve(out, vector->count);
	if (vector->count)
		memcpy(out->entries, vector->entries, vector->count * sizeof(*out->entries));
	out->count = vector->count;
}

uint64_t cts_vector_seq(const struct cts_vector *vector, uint32_t line)
{
	size_t at = place_of(vector, line);

	return at < vector->count && vector->entries[at].line == line ? vector->entries[at].seq : 0;
}

bool cts_vector_has(const struct cts_vector *vector, struct cts_ref ref)
{
	return ref.seq && ref.seq <= cts_vector_seq(vector, ref.line);
}

void cts_vector_raise(struct cts_vector *vector, struct cts_ref ref)
{
	size_t at = place_of(vector, ref.line);

	if (!ref.line || !ref.seq)
		return; /* names no change */
	if (at < vector->count && vector->entries[at].line == ref.line) {
		if (vector->entries[at].seq < ref.seq)
			vector->entries[at].seq = ref.seq;
		return;
	}
	reserve(vector, vector->count + 1);
	memmove(vector->entries + at + 1, vector->entries + at,
		(vector->count - at) * sizeof(*vector->entries));
	vector->entries[at] = ref;
	vector->count++;
}

void cts_vector_join(struct cts_vector *vector, const struct cts_vector *other)
{
	size_t total = 0, a = 0, b = 0, to;

	while (a < vector->count || b < other->count) {
		bool is_a =
			a < vector->count &&
			(b == other->count || vector->entries[a].line <= other->entries[b].line);
		bool is_b =
			b < other->count &&
			(a == vector->count || other->entries[b].line <= vector->entries[a].line);

		a += is_a;
		b += is_b;
		total++;
	}
	reserve(vector, total);
	/* From the end, so that no entry is overwritten before it was read. */
	a = vector->count;
	b = other->count;
	for (to = total; b > 0; to--) {
		struct cts_ref theirs = other->entries[b - 1];

		if (a > 0 && vector->entries[a - 1].line > theirs.line) {
			vector->entries[to - 1] = vector->entries[a - 1];
			a--;
			continue;
		}
		if (a > 0 && vector->entries[a - 1].line == theirs.line) {
			a--;
			if (vector->entries[a].seq > theirs.seq)
				theirs.seq = vector->entries[a].seq;
		}
		vector->entries[to - 1] = theirs;
		b--;
	}
	vector->count = total;
}

void cts_vector_meet(struct cts_vector *vector, const struct cts_vector *other)
{
	size_t kept = 0, b = 0;

	for (size_t a = 0; a < vector->count; a++) {
		struct cts_ref ref = vector->entries[a];

		while (b < other->count && other->entries[b].line < ref.line)
			b++;
		if (b == other->count)
			break;
		if (other->entries[b].line != ref.line)
			continue;
		if (other->entries[b].seq < ref.seq)
			ref.seq = other->entries[b].seq;
		vector->entries[kept++] = ref;
	}
	vector->count = kept;
}

bool cts_vector_covers(const struct cts_vector *outer, const struct cts_vector *inner)
{
	size_t a = 0;

	for (size_t b = 0; b < inner->count; b++) {
		while (a < outer->count && outer->entries[a].line < inner->entries[b].line)
			a++;
		if (a == outer->count || outer->entries[a].line != inner->entries[b].line ||
			outer->entries[a].seq < inner->entries[b].seq)
			return false;
	}
	return true;
}

bool cts_vector_equal(const struct cts_vector *a, const struct cts_vector *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!cts_ref_equal(a->entries[i], b->entries[i]))
			return false;
	return true;
}

static void put_varint(struct cts_buf *out, uint64_t value)
{
	while (value >= 0x80) {
		cts_buf_putc(out, (char)((value & 0x7f) | 0x80));
		value >>= 7;
	}
	cts_buf_putc(out, (char)value);
}

/* Only the shortest form is read: equal vectors have equal bytes. */
static bool get_varint(uint64_t *out, const uint8_t **at, const uint8_t *end)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
		uint8_t byte = *(*at)++;

		if (shift == 63 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (!byte && shift)
			return false;
		*out = value;
		return true;
	}
	return false;
}

void cts_vector_encode(struct cts_buf *out, const struct cts_vector *vector)
{
	uint32_t line = 0;

	for (size_t i = 0; i < vector->count; i++) {
		put_varint(out, vector->entries[i].line - line);
		put_varint(out, vector->entries[i].seq);
		line = vector->entries[i].line;
	}
}

int cts_vector_decode(struct cts_vector *out, const void *data, size_t size)
{
	const uint8_t *at = data, *end = size ? at + size : at;
	struct cts_vector read = {0};
	uint64_t line = 0, delta, seq;

	reserve(&read, size / 2);
	while (at < end) {
		if (!get_varint(&delta, &at, end) || !get_varint(&seq, &at, end) || !delta ||
			!seq || delta > UINT32_MAX - line) {
			cts_vector_release(&read);
			return cts_fail(
				CTS_EDAMAGED, "a version vector of %zu bytes is damaged", size);
		}
		line += delta;
		read.entries[read.count++] = (struct cts_ref){.line = (uint32_t)line, .seq = seq};
	}
	cts_vector_release(out);
	*out = read;
	return 0;
}
