/*
 * nettle behind our own names: no header of another folder need know which library hashes.
 */
#include "proto/hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void cts_sha1_init(struct cts_sha1 *sha1)
{
	sha1_init(&sha1->state);
}

void cts_sha1_update(struct cts_sha1 *sha1, const void *data, size_t size)
{
	sha1_update(&sha1->state, size, data);
}

void cts_sha1_finish(struct cts_sha1 *sha1, uint8_t out[CTS_OID_SIZE])
{
	sha1_digest(&sha1->state, CTS_OID_SIZE, out);
}

void cts_sha256_init(struct cts_sha256 *sha256)
{
	sha256_init(&sha256->state);
}

void cts_sha256_update(struct cts_sha256 *sha256, const void *data, size_t size)
{
	sha256_update(&sha256->state, size, data);
}

void cts_sha256_finish(struct cts_sha256 *sha256, uint8_t out[CTS_SHA256_SIZE])
{
	sha256_digest(&sha256->state, CTS_SHA256_SIZE, out);
}

void cts_sha256(uint8_t out[CTS_SHA256_SIZE], const void *data, size_t size)
{
	struct cts_sha256 sha256;

	cts_sha256_init(&sha256);
	cts_sha256_update(&sha256, data, size);
	cts_sha256_finish(&sha256, out);
}

struct cts_oid cts_git_oid(const char *type, const void *data, size_t size)
{
	struct cts_sha1 sha1;
	struct cts_oid oid;
	char header[64];
	int n = snprintf(header, sizeof(header), "%s %zu", type, size);

	cts_sha1_init(&sha1);
	cts_sha1_update(&sha1, header, (size_t)n + 1);
	cts_sha1_update(&sha1, data, size);
	cts_sha1_finish(&sha1, oid.bytes);
	return oid;
}

bool cts_oid_equal(const struct cts_oid *a, const struct cts_oid *b)
{
	return memcmp(a->bytes, b->bytes, CTS_OID_SIZE) == 0;
}

int cts_oid_compare(const struct cts_oid *a, const struct cts_oid *b)
{
	return memcmp(a->bytes, b->bytes, CTS_OID_SIZE);
}

bool cts_oid_is_zero(const struct cts_oid *oid)
{
	static const struct cts_oid zero;

	return cts_oid_equal(oid, &zero);
}

char *cts_hex_format(char *hex, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[2 * size] = '\0';
	return hex;
}

char *cts_oid_format(char hex[CTS_OID_HEX + 1], const struct cts_oid *oid)
{
	return cts_hex_format(hex, oid->bytes, CTS_OID_SIZE);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool cts_oid_parse(struct cts_oid *out, const char *hex)
{
	struct cts_oid oid;

	for (size_t i = 0; i < CTS_OID_SIZE; i++) {
		int high = hex_digit(hex[2 * i]);
		int low = high < 0 ? -1 : hex_digit(hex[2 * i + 1]);

		if (low < 0)
			return false;
		oid.bytes[i] = (uint8_t)(high << 4 | low);
	}
	if (hex[CTS_OID_HEX] != '\0')
		return false;
	*out = oid;
	return true;
}

void cts_random(void *out, size_t size)
{
	unsigned char *at = out;

	while (size > 0) {
		ssize_t n = getrandom(at, size, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fprintf(stderr, "ctsync: the kernel gives no random bytes: %s\n", strerror(errno));
			abort();
		}
		at += n;
		size -= (size_t)n;
	}
}
