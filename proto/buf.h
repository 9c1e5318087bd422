/*
 * Bytes: a slice is borrowed, a buffer is owned and grows. A buffer's data is always followed by a
 * NUL that does not count, so text in it is a C string. A zeroed struct cts_buf is an empty buffer.
 */
#ifndef CTS_PROTO_BUF_H
#define CTS_PROTO_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct cts_slice {
	const void *data;
	size_t size;
};

struct cts_buf {
	char *data; /* NULL only while nothing was ever put in; cts_buf_text() never is */
	size_t size, capacity;
};

void cts_buf_release(struct cts_buf *buf);
void cts_buf_clear(struct cts_buf *buf); /* keeps the memory */
void cts_buf_reserve(struct cts_buf *buf, size_t more);
void cts_buf_put(struct cts_buf *buf, const void *data, size_t size);
void cts_buf_puts(struct cts_buf *buf, const char *text);
void cts_buf_putc(struct cts_buf *buf, char c);
void cts_buf_printf(struct cts_buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void cts_buf_vprintf(struct cts_buf *buf, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* The content as a C string; "" when empty. */
const char *cts_buf_text(const struct cts_buf *buf);
struct cts_slice cts_buf_slice(const struct cts_buf *buf);

/* Big-endian integers, for keys and file formats. */
void cts_buf_put_be32(struct cts_buf *buf, uint32_t value);
void cts_buf_put_be64(struct cts_buf *buf, uint64_t value);
uint32_t cts_be32(const void *data);
uint64_t cts_be64(const void *data);

#endif
