/*
 * The end of a pack that was received. What it lacked goes behind its last object, stored without
 * being deflated: nobody sends it on. Then the header's count and the checksum are those of what
 * is there now.
 *
 * The idx has the checksum of all bytes from one object that it names to the next.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/pack/pack_internal.h"
#include "sync/pack/pack_receive_internal.h"

enum { STORED_MAX = 0xffff, STEP = 1024 * 1024 };

static int check_trailer(const struct cts_pack_receiving *receiving)
{
	struct cts_sha1 sha1 = receiving->sha1;
	uint8_t digest[CTS_OID_SIZE];

	cts_sha1_finish(&sha1, digest);
	if (memcmp(digest, receiving->map + receiving->at, CTS_OID_SIZE) != 0)
		return cts_fail(CTS_EINTEGRITY, "its checksum is not that of its bytes");
	return 0;
}

static void sum_entries(struct cts_pack_receiving *receiving)
{
	struct cts_pack_entry *owner = NULL;

	for (uint32_t i = 0; i < receiving->count; i++) {
		const struct cts_receive_entry *entry = &receiving->entries[i];
		uint64_t end = i + 1 < receiving->count ? entry[1].offset : receiving->at;

		if (entry->named != CTS_RECEIVE_NONE)
			owner = &receiving->index.entries[entry->named];
		/* Zero, as the index has it, is what a checksum begins with. */
		if (owner)
			owner->crc = (uint32_t)crc32(owner->crc, receiving->map + entry->offset,
				(uInt)(end - entry->offset));
		cts_receive_tell(receiving);
	}
}

/* ---- made whole ------------------------------------------------------------------------------- */

static int write_at(
	const struct cts_pack_receiving *receiving, const void *data, size_t size, uint64_t offset)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = pwrite(receiving->fd, at, size, (off_t)offset);

		if (n < 0 && errno != EINTR)
			return cts_fail_errno(CTS_EIO, errno, "cannot write a pack");
		at += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
		offset += n > 0 ? (uint64_t)n : 0;
	}
	return 0;
}

/* A zlib stream of stored blocks. */
static void put_stored(struct cts_buf *out, struct cts_slice data)
{
	const uint8_t *at = data.data;
	size_t left = data.size, step;

	cts_buf_put(out, "\x78\x01", 2);
	do {
		uint8_t head[5];

		step = left < STORED_MAX ? left : STORED_MAX;
		head[0] = step == left;
		head[1] = (uint8_t)step;
		head[2] = (uint8_t)(step >> 8);
		head[3] = (uint8_t)~head[1];
		head[4] = (uint8_t)~head[2];
		cts_buf_put(out, head, sizeof(head));
		cts_buf_put(out, at, step);
		at += step;
		left -= step;
	} while (left > 0);
	cts_buf_put_be32(
		out, (uint32_t)adler32(adler32(0, NULL, 0), data.data, (uInt)data.size));
}

/* Writes and hashes what was gathered. */
static int flush(struct cts_pack_receiving *receiving, struct cts_sha1 *sha1, struct cts_buf *bytes)
{
	int rc = write_at(receiving, bytes->data, bytes->size, receiving->at);

	cts_sha1_update(sha1, bytes->data, bytes->size);
	receiving->at += bytes->size;
	cts_buf_clear(bytes);
	return rc;
}

static int put_outside(struct cts_pack_receiving *receiving, struct cts_sha1 *sha1)
{
	struct cts_buf bytes = {0};
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < receiving->outside.count; i++) {
		struct cts_pack_entry entry = receiving->outside.entries[i];
		size_t start = bytes.size;
		struct cts_slice data;

		rc = cts_receive_read(&data, receiving, CTS_RECEIVE_OUTSIDE | i);
		if (rc < 0)
			break;
		entry.offset = receiving->at + start;
		cts_pack_put_head(
			&bytes, (unsigned char)receiving->outside_types.data[i], data.size);
		put_stored(&bytes, data);
		entry.crc = (uint32_t)crc32(
			0, (const Bytef *)bytes.data + start, (uInt)(bytes.size - start));
		cts_pack_index_add(&receiving->index, &entry);
		cts_receive_tell(receiving);
		if (bytes.size >= STEP)
			rc = flush(receiving, sha1, &bytes);
	}
	if (rc == 0)
		rc = flush(receiving, sha1, &bytes);
	cts_buf_release(&bytes);
	return rc;
}

static int complete(uint8_t digest[CTS_OID_SIZE], struct cts_pack_receiving *receiving)
{
	uint32_t objects = receiving->index.count + receiving->outside.count;
	struct cts_buf count = {0};
	struct cts_sha1 sha1;
	int rc;

	cts_buf_put_be32(&count, objects);
	rc = write_at(receiving, count.data, count.size, CTS_RECEIVE_HEADER - count.size);
	cts_buf_release(&count);
	cts_sha1_init(&sha1);
	for (uint64_t at = 0; rc == 0 && at < receiving->at; at += STEP) {
		uint64_t left = receiving->at - at;

		cts_sha1_update(&sha1, receiving->map + at, left < STEP ? (size_t)left : STEP);
		cts_receive_tell(receiving);
	}
	if (rc == 0)
		rc = put_outside(receiving, &sha1);
	if (rc < 0)
		return rc;
	cts_sha1_finish(&sha1, digest);
	return write_at(receiving, digest, CTS_OID_SIZE, receiving->at);
}

/* ---- the files -------------------------------------------------------------------------------- */

static int write_idx(struct cts_pack_receiving *receiving, const uint8_t digest[CTS_OID_SIZE])
{
	int fd, rc;

	rc = cts_pack_make_temporary(&fd, &receiving->idx_path, receiving->dir, "tmp_idx_XXXXXX");
	if (rc < 0)
		return rc;
	rc = cts_pack_index_write(&receiving->index, fd, digest, 0);
	close(fd);
	return rc;
}

static int name_file(char **temporary, const char *dir, const char *hex, const char *end)
{
	char name[CTS_OID_HEX + 16], *path;
	int rc = 0;

	snprintf(name, sizeof(name), "pack-%s.%s", hex, end);
	path = cts_pack_path(dir, name);
	if (rename(*temporary, path) < 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", path);
	free(path);
	if (rc < 0)
		return rc;
	free(*temporary);
	*temporary = NULL;
	return 0;
}

int cts_pack_receive_finish(char name[CTS_OID_HEX + 1], struct cts_pack_receiving *receiving)
{
	uint8_t digest[CTS_OID_SIZE];
	char hex[CTS_OID_HEX + 1] = "";
	int rc = cts_receive_go_on(receiving, true);

	if (rc == 0)
		rc = cts_receive_settle(receiving);
	if (rc == 0)
		rc = check_trailer(receiving);
	if (rc < 0)
		return rc;
	if (receiving->total == 0) {
		cts_pack_remove_temporary(&receiving->pack_path);
		goto out;
	}
	sum_entries(receiving);
	if (receiving->outside.count > 0 || receiving->index.count < receiving->total)
		rc = complete(digest, receiving);
	else
		memcpy(digest, receiving->map + receiving->at, sizeof(digest));
	if (rc == 0)
		rc = write_idx(receiving, digest);
	if (rc < 0)
		return rc;
	cts_hex_format(hex, digest, sizeof(digest));
	rc = name_file(&receiving->pack_path, receiving->dir, hex, "pack");
	if (rc == 0)
		rc = name_file(&receiving->idx_path, receiving->dir, hex, "idx");
out:
	if (rc == 0)
		memcpy(name, hex, sizeof(hex));
	return rc;
}
