/*
 * Hashes, by nettle: SHA-1 names git objects, SHA-256 guards the journal file and spreads the mirror's
 * folders. A git object name is a struct cts_oid everywhere; its text is 40 lower-case hex digits.
 */
#ifndef CTS_PROTO_HASH_H
#define CTS_PROTO_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nettle/sha1.h>
#include <nettle/sha2.h>

#define CTS_OID_SIZE 20
#define CTS_OID_HEX 40
#define CTS_SHA256_SIZE 32

struct cts_oid {
	uint8_t bytes[CTS_OID_SIZE];
};

/* A running SHA-1, for what is written as a stream (a pack's trailer). */
struct cts_sha1 {
	struct sha1_ctx state;
};
void cts_sha1_init(struct cts_sha1 *sha1);
void cts_sha1_update(struct cts_sha1 *sha1, const void *data, size_t size);
void cts_sha1_finish(struct cts_sha1 *sha1, uint8_t out[CTS_OID_SIZE]);

/* A running SHA-256, for a digest over many records. */
struct cts_sha256 {
	struct sha256_ctx state;
};
void cts_sha256_init(struct cts_sha256 *sha256);
void cts_sha256_update(struct cts_sha256 *sha256, const void *data, size_t size);
void cts_sha256_finish(struct cts_sha256 *sha256, uint8_t out[CTS_SHA256_SIZE]);

void cts_sha256(uint8_t out[CTS_SHA256_SIZE], const void *data, size_t size);

/* The name of a git object: SHA-1 of "<type> <size>\0<data>"; type is "blob", "tree" or "commit". */
struct cts_oid cts_git_oid(const char *type, const void *data, size_t size);

bool cts_oid_equal(const struct cts_oid *a, const struct cts_oid *b);
int cts_oid_compare(const struct cts_oid *a, const struct cts_oid *b);
bool cts_oid_is_zero(const struct cts_oid *oid);

/* Writes 40 digits and a NUL; returns `hex`. */
char *cts_oid_format(char hex[CTS_OID_HEX + 1], const struct cts_oid *oid);

/* Reads exactly 40 lower-case digits; false for anything else (a 41st character included). */
bool cts_oid_parse(struct cts_oid *out, const char *hex);

/* Lower-case hex of any bytes; `hex` has room for 2 * size + 1. */
char *cts_hex_format(char *hex, const void *data, size_t size);

/* Random bytes of the kernel; ends the process if it gives none. */
void cts_random(void *out, size_t size);

#endif
