/*
 * The journal file: the second copy of what exists nowhere else, the changes not yet in git.
 *
 *	frame   length of the bytes (4, big-endian) | SHA-256 of number and bytes (32)
 *	        | transaction number (8, big-endian) | bytes (message ctsync.JournalFrame)
 *
 * A transaction is a begin frame, its record frames and an end frame; only whole ones count. Frames are
 * appended and synced before LMDB commits, under the write lock; a torn tail is what a crash leaves, and
 * is cut. The file is opened by name in every write transaction, since a restored copy may have put
 * another one in its place.
 */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "proto/buf.h"
#include "proto/error.h"

enum { HEADER_SIZE = 4 + CTS_SHA256_SIZE + 8, BUFFER_MAX = 1 << 20, FRAME_MAX = 1 << 26 };

struct cts_journal_file {
	int fd;
	char *path;
	uint64_t size; /* on disk and in the buffer together */
	uint64_t written;
	struct cts_buf buffer;
	struct stat stat;
	bool is_read_only;
};

int cts_journal_open(struct cts_journal_file **out, const char *path, bool create)
{
	struct cts_journal_file *file = cts_malloc(sizeof(*file));
	bool is_read_only = false;

	*file = (struct cts_journal_file){.fd = open(path, O_RDWR | O_CLOEXEC)};
	if (file->fd < 0 && (errno == EACCES || errno == EROFS) && !create) {
		file->fd = open(path, O_RDONLY | O_CLOEXEC);
		is_read_only = true;
	}
	if (file->fd < 0 && errno == ENOENT && create)
		file->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (file->fd < 0 || fstat(file->fd, &file->stat) != 0) {
		int rc = cts_fail_errno(CTS_EIO, errno, "cannot open the journal '%s'", path);

		cts_journal_close(file);
		return rc;
	}
	file->path = strdup(path);
	file->size = file->written = (uint64_t)file->stat.st_size;
	file->is_read_only = is_read_only;
	*out = file;
	return 0;
}

void cts_journal_close(struct cts_journal_file *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	cts_buf_release(&file->buffer);
	free(file->path);
	free(file);
}

uint64_t cts_journal_size(const struct cts_journal_file *file)
{
	return file->size;
}

int cts_file_identity(int folder, const char *path, uint64_t *device, uint64_t *inode)
{
	struct statx info;
	uint64_t born = 0;

	if (statx(folder, path, AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &info) != 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
	if (info.stx_mask & STATX_BTIME)
		born = (uint64_t)info.stx_btime.tv_sec * 1000000000u + info.stx_btime.tv_nsec;
	*device = makedev(info.stx_dev_major, info.stx_dev_minor);
	*inode = info.stx_ino ^ born * UINT64_C(0x9e3779b97f4a7c15);
	return 0;
}

int cts_journal_identity(
	const struct cts_journal_file *file, uint64_t *device, uint64_t *inode)
{
	return cts_file_identity(file->fd, "", device, inode);
}

uint64_t cts_journal_frame_size(size_t payload)
{
	return HEADER_SIZE + payload;
}

static int write_buffer(struct cts_journal_file *file)
{
	size_t done = 0;

	while (done < file->buffer.size) {
		ssize_t n = pwrite(file->fd, file->buffer.data + done, file->buffer.size - done,
			(off_t)file->written);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cts_fail_errno(
				CTS_EIO, errno, "cannot write the journal '%s'", file->path);
		done += (size_t)n;
		file->written += (uint64_t)n; /* also of what fails later: a cut takes it back */
	}
	cts_buf_clear(&file->buffer);
	return 0;
}

static void digest(uint8_t out[CTS_SHA256_SIZE], const void *number_and_bytes, size_t size)
{
	cts_sha256(out, number_and_bytes, size);
}

void cts_journal_put_frame(struct cts_buf *out, uint64_t number, struct cts_slice frame)
{
	uint8_t hash[CTS_SHA256_SIZE] = {0};
	size_t start = out->size;

	/* The hash covers number and bytes, which lie side by side behind its place. */
	cts_buf_put_be32(out, (uint32_t)frame.size);
	cts_buf_put(out, hash, sizeof(hash));
	cts_buf_put_be64(out, number);
	cts_buf_put(out, frame.data, frame.size);
	digest(hash, out->data + start + 4 + CTS_SHA256_SIZE, 8 + frame.size);
	memcpy(out->data + start + 4, hash, sizeof(hash));
}

int cts_journal_append(struct cts_journal_file *file, uint64_t number, struct cts_slice frame)
{
	cts_journal_put_frame(&file->buffer, number, frame);
	file->size += HEADER_SIZE + frame.size;
	return file->buffer.size >= BUFFER_MAX ? write_buffer(file) : 0;
}

int cts_journal_flush(struct cts_journal_file *file)
{
	int rc = write_buffer(file);

	if (rc == 0 && fdatasync(file->fd) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot sync the journal '%s'", file->path);
	return rc;
}

int cts_journal_cut(struct cts_journal_file *file, uint64_t size)
{
	cts_buf_clear(&file->buffer);
	if (file->is_read_only)
		return cts_fail(CTS_EIO, "the journal '%s' is read-only", file->path);
	if (file->written > size) { /* else it never left the buffer */
		if (ftruncate(file->fd, (off_t)size) != 0 || fdatasync(file->fd) != 0)
			return cts_fail_errno(
				CTS_EIO, errno, "cannot cut the journal '%s'", file->path);
		file->written = size;
	}
	file->size = size;
	return 0;
}

/* 1: all of it; 0: the file ends before. Not mapped: another process may cut the file meanwhile. */
static int read_exactly(struct cts_journal_file *file, void *out, size_t size, uint64_t at)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(
			file->fd, (char *)out + done, size - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cts_fail_errno(
				CTS_EIO, errno, "cannot read the journal '%s'", file->path);
		if (n == 0)
			return 0;
		done += (size_t)n;
	}
	return 1;
}

int cts_journal_read(struct cts_journal_file *file, cts_journal_fn each, void *context)
{
	struct cts_buf frame = {0}; /* number and bytes, as the hash covers them */
	unsigned char header[4 + CTS_SHA256_SIZE];
	uint64_t at = 0;
	int rc = 0;

	while (rc == 0) {
		uint8_t hash[CTS_SHA256_SIZE];
		size_t size;

		rc = read_exactly(file, header, sizeof(header), at);
		if (rc < 1)
			break;
		size = cts_be32(header);
		if (size > FRAME_MAX) {
			rc = 0;
			break;
		}
		cts_buf_clear(&frame);
		cts_buf_reserve(&frame, 8 + size);
		rc = read_exactly(file, frame.data, 8 + size, at + sizeof(header));
		if (rc < 1)
			break;
		digest(hash, frame.data, 8 + size);
		if (memcmp(hash, header + 4, sizeof(hash)) != 0) {
			rc = 0;
			break;
		}
		at += HEADER_SIZE + size;
		rc = each(context, cts_be64(frame.data),
			(struct cts_slice){.data = frame.data + 8, .size = size}, at);
	}
	cts_buf_release(&frame);
	return rc;
}
