/*
 * Paths both ways. Parsing splits at slashes and then asks the same functions that formatting uses,
 * so that there is one grammar; the hash of the key decides which directories a path may name.
 */
#include "sync/tree/layout.h"

#include <stdio.h>
#include <string.h>

#include "proto/error.h"
#include "proto/hash.h"

uint64_t cts_layout_hash(const char *kind, const char *id)
{
	char key[CTS_KEY_MAX + 1];
	uint8_t digest[CTS_SHA256_SIZE];
	size_t kind_size = strlen(kind), id_size = strlen(id);

	/* Callers check names first; a key that is too long cannot be a record's. */
	if (kind_size + 1 + id_size > CTS_KEY_MAX)
		return 0;
	memcpy(key, kind, kind_size);
	key[kind_size] = '/';
	memcpy(key + kind_size + 1, id, id_size);
	cts_sha256(digest, key, kind_size + 1 + id_size);
	return cts_be64(digest);
}

uint8_t cts_layout_byte(uint64_t hash, size_t depth)
{
	return (uint8_t)(hash >> (56 - 8 * depth));
}

void cts_layout_dir_format(char out[3], uint8_t byte)
{
	static const char digits[] = "0123456789abcdef";

	out[0] = digits[byte >> 4];
	out[1] = digits[byte & 15];
	out[2] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int cts_layout_dir_parse(const char *name)
{
	int high, low;

	high = hex_digit(name[0]);
	if (high < 0)
		return -1;
	low = hex_digit(name[1]);
	if (low < 0 || name[2] != '\0')
		return -1;
	return high * 16 + low;
}

void cts_layout_path(struct cts_buf *out, const char *kind, const char *id, size_t depth)
{
	uint64_t hash = depth > 0 ? cts_layout_hash(kind, id) : 0;

	cts_buf_puts(out, CTS_LAYOUT_RECORDS "/");
	cts_buf_puts(out, kind);
	cts_buf_putc(out, '/');
	for (size_t i = 0; i < depth; i++) {
		char dir[3];
		cts_layout_dir_format(dir, cts_layout_byte(hash, i));
		cts_buf_puts(out, dir);
		cts_buf_putc(out, '/');
	}
	cts_buf_puts(out, id);
	cts_buf_puts(out, CTS_LAYOUT_SUFFIX);
}

bool cts_layout_name_parse(char id[CTS_ID_MAX + 1], const char *name)
{
	const size_t suffix = sizeof(CTS_LAYOUT_SUFFIX) - 1;
	size_t size = strnlen(name, CTS_LAYOUT_NAME_MAX + 1);
	char found[CTS_ID_MAX + 1];

	if (size <= suffix || size > CTS_LAYOUT_NAME_MAX ||
		memcmp(name + size - suffix, CTS_LAYOUT_SUFFIX, suffix) != 0)
		return false;
	memcpy(found, name, size - suffix);
	found[size - suffix] = '\0';
	if (!cts_id_is_valid(found))
		return false;
	memcpy(id, found, size - suffix + 1);
	return true;
}

static int fail_path(const char *path, const char *what)
{
	char shown[CTS_LAYOUT_SHOWN_MAX];

	return cts_fail(CTS_EINTEGRITY, "'%s' %s", cts_layout_show(shown, path), what);
}

int cts_layout_parse(
	char kind[CTS_KIND_MAX + 1], char id[CTS_ID_MAX + 1], size_t *depth, const char *path)
{
	char copy[CTS_LAYOUT_PATH_MAX + 1], found_id[CTS_ID_MAX + 1];
	const char *parts[CTS_LAYOUT_DEPTH_MAX + 3];
	size_t count = 0, size = strnlen(path, sizeof(copy));
	uint64_t hash;

	if (size >= sizeof(copy))
		return fail_path(path, "is too long for a record's path");
	memcpy(copy, path, size + 1);
	for (char *part = copy, *slash; part != NULL; part = slash) {
		slash = strchr(part, '/');
		if (slash != NULL)
			*slash++ = '\0';
		if (count == sizeof(parts) / sizeof(parts[0]))
			return fail_path(path, "has too many directories");
		parts[count++] = part;
	}
	if (count < 3 || strcmp(parts[0], CTS_LAYOUT_RECORDS) != 0)
		return fail_path(path, "is no record's path");
	if (!cts_kind_name_is_valid(parts[1]))
		return fail_path(path, "names no kind");
	if (!cts_layout_name_parse(found_id, parts[count - 1]))
		return fail_path(path, "is not named as a record's file is");
	hash = cts_layout_hash(parts[1], found_id);
	for (size_t i = 2; i < count - 1; i++) {
		if (cts_layout_dir_parse(parts[i]) != cts_layout_byte(hash, i - 2))
			return fail_path(path, "does not lie where its name's hash says");
	}
	memcpy(kind, parts[1], strlen(parts[1]) + 1);
	memcpy(id, found_id, strlen(found_id) + 1);
	*depth = count - 3;
	return 0;
}

bool cts_layout_is_top_file(const char *name)
{
	return strcmp(name, CTS_LAYOUT_SCHEMA) == 0 || strcmp(name, CTS_LAYOUT_SCHEMA_JSON) == 0 ||
	       strcmp(name, CTS_LAYOUT_FORMAT) == 0;
}

const char *cts_layout_show(char out[CTS_LAYOUT_SHOWN_MAX], const char *name)
{
	size_t used = 0;

	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;
		if (used + 8 > CTS_LAYOUT_SHOWN_MAX) { /* the longest step, "...", the NUL */
			memcpy(out + used, "...", 3);
			used += 3;
			break;
		}
		if (c >= 0x20 && c < 0x7f)
			out[used++] = (char)c;
		else
			used += (size_t)snprintf(out + used, 5, "\\x%02x", c);
	}
	out[used] = '\0';
	return out;
}
