/*
 * What both versions share at the start and at the end is found by comparing; that alone is the
 * whole answer for one change. Only the middle, where several changes lie apart, is searched:
 * blocks of the old middle go into a table by hash, and each position of the new one is looked up
 * there and the match grown both ways. One slot a block and no second try: a missed match costs
 * bytes, nothing else.
 *
 * Format: size of base, size of result (7 bits a byte, low first), then commands: 1xxxxxxx copies
 * (the bits say which of 4 offset and 3 size bytes follow), 0nnnnnnn inserts the n bytes that
 * follow.
 */
#include "sync/pack/delta.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"
#include "proto/error.h"

enum {
	BLOCK = 16,         /* bytes compared by hash */
	COPY_MAX = 0x10000, /* git's own limit for one copy */
	INSERT_MAX = 127,
	SEARCH_MIN = 4 * BLOCK, /* a shorter middle is inserted as it is */
};

/* ---- writing ---- */

static void put_size(struct cts_buf *out, size_t size)
{
	while (size >= 0x80) {
		cts_buf_putc(out, (char)(size | 0x80));
		size >>= 7;
	}
	cts_buf_putc(out, (char)size);
}

static void put_copy(struct cts_buf *out, size_t offset, size_t size)
{
	while (size > 0) {
		size_t step = size < COPY_MAX ? size : COPY_MAX;
		size_t encoded = step == COPY_MAX ? 0 : step;
		uint8_t bytes[8];
		size_t used = 1;

		bytes[0] = 0x80;
		for (int i = 0; i < 4; i++) {
			uint8_t byte = (uint8_t)(offset >> (8 * i));
			if (byte != 0) {
				bytes[0] |= (uint8_t)(1 << i);
				bytes[used++] = byte;
			}
		}
		for (int i = 0; i < 2; i++) {
			uint8_t byte = (uint8_t)(encoded >> (8 * i));
			if (byte != 0) {
				bytes[0] |= (uint8_t)(0x10 << i);
				bytes[used++] = byte;
			}
		}
		cts_buf_put(out, bytes, used);
		offset += step;
		size -= step;
	}
}

static void put_insert(struct cts_buf *out, const uint8_t *data, size_t size)
{
	while (size > 0) {
		size_t step = size < INSERT_MAX ? size : INSERT_MAX;
		cts_buf_putc(out, (char)step);
		cts_buf_put(out, data, step);
		data += step;
		size -= step;
	}
}

static size_t common_prefix(const uint8_t *a, const uint8_t *b, size_t max)
{
	size_t n = 0;
	uint64_t x, y;

	while (max - n >= sizeof(x)) {
		memcpy(&x, a + n, sizeof(x));
		memcpy(&y, b + n, sizeof(y));
		if (x != y)
			break;
		n += sizeof(x);
	}
	while (n < max && a[n] == b[n])
		n++;
	return n;
}

/* Of the bytes before `a` and before `b`. */
static size_t common_suffix(const uint8_t *a, const uint8_t *b, size_t max)
{
	size_t n = 0;
	uint64_t x, y;

	while (max - n >= sizeof(x)) {
		memcpy(&x, a - n - sizeof(x), sizeof(x));
		memcpy(&y, b - n - sizeof(y), sizeof(y));
		if (x != y)
			break;
		n += sizeof(x);
	}
	while (n < max && a[-1 - (ptrdiff_t)n] == b[-1 - (ptrdiff_t)n])
		n++;
	return n;
}

static size_t block_slot(const uint8_t *data, unsigned bits)
{
	uint64_t x, y;

	memcpy(&x, data, sizeof(x));
	memcpy(&y, data + sizeof(x), sizeof(y));
	x = (x ^ (y * UINT64_C(0x9e3779b97f4a7c15))) * UINT64_C(0xff51afd7ed558ccd);
	return (size_t)(x >> (64 - bits));
}

/* Puts data[from, to), with whatever of base[low, high) it repeats as copies. */
static bool put_middle(struct cts_buf *out, struct cts_slice base, size_t low, size_t high,
	struct cts_slice data, size_t from, size_t to, size_t limit)
{
	const uint8_t *old = base.data, *new = data.data;
	size_t blocks = (high - low) / BLOCK, pending = from, at = from;
	unsigned bits = 4;
	uint32_t *table;

	while (((size_t)1 << bits) < 2 * blocks)
		bits++;
	table = calloc((size_t)1 << bits, sizeof(*table));
	if (table == NULL) { /* a delta is only ever a saving */
		put_insert(out, new + from, to - from);
		return out->size <= limit;
	}
	for (size_t i = blocks; i-- > 0;)
		table[block_slot(old + low + i * BLOCK, bits)] = (uint32_t)i + 1;
	while (at + BLOCK <= to) {
		uint32_t found = table[block_slot(new + at, bits)];
		size_t start, back, size;

		start = found > 0 ? low + (found - 1) * (size_t)BLOCK : 0;
		if (found == 0 || memcmp(old + start, new + at, BLOCK) != 0) {
			at++;
			continue;
		}
		back = common_suffix(old + start, new + at,
			start - low < at - pending ? start - low : at - pending);
		size = common_prefix(
			old + start, new + at, high - start < to - at ? high - start : to - at);
		put_insert(out, new + pending, at - back - pending);
		put_copy(out, start - back, back + size);
		at += size;
		pending = at;
		if (out->size > limit)
			break;
	}
	free(table);
	put_insert(out, new + pending, to - pending);
	return out->size <= limit;
}

bool cts_delta_make(struct cts_buf *out, struct cts_slice base, struct cts_slice data, size_t limit)
{
	const uint8_t *old = base.data, *new = data.data;
	size_t max = base.size < data.size ? base.size : data.size;
	size_t start = out->size, prefix, suffix, low, high, to;
	bool fits;

	if (base.size > UINT32_MAX || data.size > UINT32_MAX)
		return false;
	prefix = common_prefix(old, new, max);
	suffix = common_suffix(old + base.size, new + data.size, max - prefix);
	low = prefix;
	high = base.size - suffix;
	to = data.size - suffix;
	put_size(out, base.size);
	put_size(out, data.size);
	put_copy(out, 0, prefix);
	if (high - low < SEARCH_MIN || to - prefix < SEARCH_MIN)
		put_insert(out, new + prefix, to - prefix);
	else
		put_middle(out, base, low, high, data, prefix, to, start + limit);
	put_copy(out, high, suffix);
	fits = out->size - start <= limit;
	if (!fits) {
		out->size = start;
		out->data[start] = '\0';
	}
	return fits;
}

/* ---- reading ---- */

static bool get_size(size_t *out, const uint8_t **at, const uint8_t *end)
{
	size_t size = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		if (*at == end || shift > 56)
			return false;
		byte = *(*at)++;
		size |= (size_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	*out = size;
	return true;
}

static bool get_copy(
	size_t *offset, size_t *size, uint8_t command, const uint8_t **at, const uint8_t *end)
{
	size_t values[2] = {0, 0}, value;

	for (int i = 0; i < 7; i++) {
		if ((command & (1 << i)) == 0)
			continue;
		if (*at == end)
			return false;
		value = *(*at)++;
		values[i / 4] |= value << (8 * (i % 4));
	}
	*offset = values[0];
	*size = values[1] == 0 ? COPY_MAX : values[1];
	return true;
}

int cts_delta_apply(
	struct cts_buf *out, struct cts_slice base, struct cts_slice delta, size_t limit)
{
	const uint8_t *at = delta.data, *end = at + delta.size;
	size_t base_size, size, offset, length;
	bool sound = true;

	if (!get_size(&base_size, &at, end) || !get_size(&size, &at, end) || base_size != base.size)
		return cts_fail(CTS_EINTEGRITY, "a delta does not fit its base");
	if (size > limit)
		return cts_fail(
			CTS_EINTEGRITY, "a delta makes %zu bytes; the limit is %zu", size, limit);
	cts_buf_clear(out);
	cts_buf_reserve(out, size);
	while (sound && at < end) {
		uint8_t command = *at++;
		if (command & 0x80) {
			sound = get_copy(&offset, &length, command, &at, end) &&
				offset <= base.size && length <= base.size - offset &&
				length <= size - out->size;
			if (sound)
				cts_buf_put(out, (const uint8_t *)base.data + offset, length);
		} else {
			sound = command > 0 && command <= end - at && command <= size - out->size;
			if (sound)
				cts_buf_put(out, at, command);
			at += sound ? command : 0;
		}
	}
	if (!sound || out->size != size)
		return cts_fail(CTS_EINTEGRITY, "a delta is damaged");
	return 0;
}
