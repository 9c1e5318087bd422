/*
 * The end of a pack. The header's object count is hashed first and known last: a pack that still
 * lies in the buffer is patched there and hashed once; a longer one is read back for hashing (it
 * was written a moment ago, so that runs at a GB/s). Then the pack is synced and renamed, then its
 * idx, then the folder is synced: a reader looks for an idx first, so it never sees one without its
 * pack.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/disk.h"
#include "sync/pack/pack_internal.h"

static void count_bytes(uint8_t out[4], uint32_t count)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(count >> (24 - 8 * i));
}

/* Patches the count and hashes what is in the file, leaving the rest to the caller. */
static int hash_file(struct cts_sha1 *sha1, struct cts_pack *pack)
{
	uint8_t count[4];
	uint64_t done = 0;
	char *chunk;
	int rc;

	count_bytes(count, pack->index.count);
	rc = cts_pack_write_at(pack, count, sizeof(count), 8);
	if (rc < 0)
		return rc;
	chunk = cts_malloc(CTS_PACK_FLUSH_AT);
	while (rc == 0 && done < pack->flushed) {
		uint64_t left = pack->flushed - done;
		size_t step = left < CTS_PACK_FLUSH_AT ? (size_t)left : CTS_PACK_FLUSH_AT;
		rc = cts_pack_read_at(pack, chunk, step, done);
		if (rc == 0)
			cts_sha1_update(sha1, chunk, step);
		done += step;
	}
	free(chunk);
	return rc;
}

/* Count, trailer, and everything in the file if there is one. */
static int complete(uint8_t digest[CTS_OID_SIZE], struct cts_pack *pack)
{
	struct cts_sha1 sha1;
	int rc = cts_pack_drain(pack);

	if (rc < 0)
		return rc;
	cts_sha1_init(&sha1);
	if (pack->flushed == 0)
		count_bytes((uint8_t *)pack->tail.data + 8, pack->index.count);
	else
		rc = hash_file(&sha1, pack);
	if (rc < 0)
		return rc;
	cts_sha1_update(&sha1, pack->tail.data, pack->tail.size);
	cts_sha1_finish(&sha1, digest);
	cts_buf_put(&pack->tail, digest, CTS_OID_SIZE);
	return pack->fd >= 0 ? cts_pack_flush(pack) : 0;
}

static int sync_and_rename(
	int fd, char **temporary, const char *dir, const char *hex, const char *end)
{
	char name[CTS_OID_HEX + 16], *path;
	int rc = 0;

	snprintf(name, sizeof(name), "pack-%s.%s", hex, end);
	path = cts_pack_path(dir, name);
	(void)!fchmod(fd, 0444); /* as git does; a file system without modes may refuse it */
	if (fsync(fd) < 0 || rename(*temporary, path) < 0) {
		rc = cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", path);
		goto out;
	}
	free(*temporary);
	*temporary = NULL;
out:
	free(path);
	return rc;
}

int cts_pack_finish(char name[CTS_OID_HEX + 1], struct cts_pack *pack)
{
	uint8_t digest[CTS_OID_SIZE];
	char hex[CTS_OID_HEX + 1] = "";
	int idx_fd = -1, rc = 0;

	if (pack->index.count == 0) {
		cts_pack_remove_temporary(&pack->pack_path);
		goto out;
	}
	rc = complete(digest, pack);
	if (rc < 0)
		goto out;
	cts_hex_format(hex, digest, sizeof(digest));
	rc = cts_pack_make_temporary(&idx_fd, &pack->idx_path, pack->dir, "tmp_idx_XXXXXX");
	if (rc < 0)
		goto out;
	rc = cts_pack_index_write(&pack->index, idx_fd, digest, pack->options.large_offset);
	if (rc < 0)
		goto out;
	rc = sync_and_rename(pack->fd, &pack->pack_path, pack->dir, hex, "pack");
	if (rc < 0)
		goto out;
	rc = sync_and_rename(idx_fd, &pack->idx_path, pack->dir, hex, "idx");
	if (rc < 0)
		goto out;
	rc = cts_sync_folder(pack->dir);
out:
	if (idx_fd >= 0)
		close(idx_fd);
	if (rc == 0)
		memcpy(name, hex, sizeof(hex));
	return rc;
}

int cts_pack_finish_fd(struct cts_pack *pack)
{
	uint8_t digest[CTS_OID_SIZE];
	int rc = complete(digest, pack);

	if (rc == 0 && lseek(pack->fd, (off_t)(pack->start + pack->flushed), SEEK_SET) < 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot write a pack");
	return rc;
}

struct cts_slice cts_pack_finish_memory(struct cts_pack *pack)
{
	uint8_t digest[CTS_OID_SIZE];

	complete(digest, pack); /* nothing of it can fail without a file */
	return cts_buf_slice(&pack->tail);
}
