/*
 * A growing buffer that always keeps one byte more than it holds, for the NUL behind its content.
 */
#include "proto/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"

void cts_buf_release(struct cts_buf *buf)
{
	free(buf->data);
	*buf = (struct cts_buf){0};
}

void cts_buf_clear(struct cts_buf *buf)
{
	buf->size = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void cts_buf_reserve(struct cts_buf *buf, size_t more)
{
	size_t need, capacity;

	if (more > SIZE_MAX - 1 - buf->size)
		more = SIZE_MAX - 1 - buf->size; /* cts_realloc ends the process */
	need = buf->size + more + 1;
	if (need <= buf->capacity)
		return;
	capacity = buf->capacity < 64 ? 64 : buf->capacity;
	while (capacity < need)
		capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
	buf->data = cts_realloc(buf->data, capacity);
	buf->capacity = capacity;
}

void cts_buf_put(struct cts_buf *buf, const void *data, size_t size)
{
	cts_buf_reserve(buf, size);
	if (size)
		memcpy(buf->data + buf->size, data, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void cts_buf_puts(struct cts_buf *buf, const char *text)
{
	cts_buf_put(buf, text, strlen(text));
}

void cts_buf_putc(struct cts_buf *buf, char c)
{
	cts_buf_put(buf, &c, 1);
}

void cts_buf_vprintf(struct cts_buf *buf, const char *format, va_list args)
{
	va_list again;
	int size;

	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (size < 0)
		return;
	cts_buf_reserve(buf, (size_t)size);
	vsnprintf(buf->data + buf->size, (size_t)size + 1, format, args);
	buf->size += (size_t)size;
}

void cts_buf_printf(struct cts_buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cts_buf_vprintf(buf, format, args);
	va_end(args);
}

const char *cts_buf_text(const struct cts_buf *buf)
{
	return buf->data ? buf->data : "";
}

struct cts_slice cts_buf_slice(const struct cts_buf *buf)
{
	return (struct cts_slice){.data = buf->data, .size = buf->size};
}

void cts_buf_put_be32(struct cts_buf *buf, uint32_t value)
{
	const unsigned char bytes[4] = {
		(unsigned char)(value >> 24),
		(unsigned char)(value >> 16),
		(unsigned char)(value >> 8),
		(unsigned char)value,
	};

	cts_buf_put(buf, bytes, sizeof(bytes));
}

void cts_buf_put_be64(struct cts_buf *buf, uint64_t value)
{
	cts_buf_put_be32(buf, (uint32_t)(value >> 32));
	cts_buf_put_be32(buf, (uint32_t)value);
}

uint32_t cts_be32(const void *data)
{
	const unsigned char *b = data;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

uint64_t cts_be64(const void *data)
{
	return (uint64_t)cts_be32(data) << 32 | cts_be32((const unsigned char *)data + 4);
}
