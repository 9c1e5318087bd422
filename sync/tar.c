/*
 * Blocks of 512 bytes: a header, the file's bytes filled up to a whole block, and two empty blocks
 * at the end. A header is written when the size is known, in the place that was left for it.
 *
 *	header   name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 | sum 8 | type 1 | link 100
 *	         | "ustar" 0 "00" | owner 32 | group 32 | device 16 | prefix 155
 *
 * Numbers are octal digits; one that has too many is written in binary, with the first bit set, as
 * every tar reads it. The comment is a global header of pax (type g), as git archive writes one.
 */
#include "sync/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/buf.h"
#include "proto/error.h"
#include "proto/time.h"
#include "sync/disk.h"

enum { BLOCK = 512, FLUSH_AT = 1024 * 1024, NAME = 100, PREFIX_AT = 345, PREFIX = 155 };

struct cts_tar {
	struct cts_fresh_file file;
	struct cts_buf buf; /* what is not yet in the file */
	uint64_t flushed;
	int64_t time;
	char header[BLOCK]; /* of the file at hand */
	uint64_t header_at, size;
};

/* ---- the file ---- */

static int write_at(struct cts_tar *tar, const void *data, size_t size, uint64_t offset)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = pwrite(tar->file.fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return cts_fail_errno(
				CTS_EIO, n < 0 ? errno : EIO, "cannot write '%s'", tar->file.path);
		at += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static int flush(struct cts_tar *tar)
{
	int rc = write_at(tar, tar->buf.data, tar->buf.size, tar->flushed);

	if (rc == 0) {
		tar->flushed += tar->buf.size;
		cts_buf_clear(&tar->buf);
	}
	return rc;
}

static int append(struct cts_tar *tar, const void *data, size_t size)
{
	cts_buf_put(&tar->buf, data, size);
	return tar->buf.size >= FLUSH_AT ? flush(tar) : 0;
}

static int fill_block(struct cts_tar *tar)
{
	static const char zeroes[BLOCK];
	size_t over = (size_t)(cts_tar_bytes(tar) % BLOCK);

	return over > 0 ? append(tar, zeroes, BLOCK - over) : 0;
}

uint64_t cts_tar_bytes(const struct cts_tar *tar)
{
	return tar->flushed + tar->buf.size;
}

/* ---- headers ---- */

/* `width` bytes, the last of them a NUL. */
static void put_number(char *out, size_t width, uint64_t value)
{
	uint64_t rest = value;

	for (size_t i = width - 1; i-- > 0; rest >>= 3)
		out[i] = (char)('0' + (rest & 7));
	if (rest == 0)
		return;
	for (size_t i = width; i-- > 0; value >>= 8)
		out[i] = (char)value;
	out[0] = (char)0x80;
}

static void put_sum(char header[BLOCK])
{
	unsigned sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
}

/* The part before a '/' goes into the prefix where the name alone is too long. */
static int put_name(char header[BLOCK], const char *name)
{
	size_t size = strlen(name);
	const char *cut = name;

	while (size - (size_t)(cut - name) > NAME) {
		cut = strchr(cut, '/');
		if (cut == NULL || (size_t)(cut - name) > PREFIX)
			return cts_fail(CTS_EIO, "the name '%s' is too long for a tar file", name);
		cut++;
	}
	memcpy(header, cut, size - (size_t)(cut - name));
	if (cut > name)
		memcpy(header + PREFIX_AT, name, (size_t)(cut - name) - 1);
	return 0;
}

static int make_header(struct cts_tar *tar, const char *name, char type, unsigned mode)
{
	char *header = tar->header;

	memset(header, 0, BLOCK);
	put_number(header + 100, 8, mode);
	put_number(header + 108, 8, (uint64_t)geteuid());
	put_number(header + 116, 8, (uint64_t)getegid());
	put_number(header + 124, 12, 0);
	put_number(header + 136, 12, (uint64_t)tar->time);
	header[156] = type;
	memcpy(header + 257,
		"ustar\0"
		"00",
		8);
	return put_name(header, name);
}

int cts_tar_folder(struct cts_tar *tar, const char *name)
{
	int rc = make_header(tar, name, '5', 0755);

	put_sum(tar->header);
	return rc < 0 ? rc : append(tar, tar->header, BLOCK);
}

int cts_tar_begin(struct cts_tar *tar, const char *name, unsigned mode)
{
	int rc = make_header(tar, name, '0', mode);

	tar->header_at = cts_tar_bytes(tar);
	tar->size = 0;
	return rc < 0 ? rc : append(tar, tar->header, BLOCK);
}

int cts_tar_put(struct cts_tar *tar, const void *data, size_t size)
{
	tar->size += size;
	return append(tar, data, size);
}

int cts_tar_end(struct cts_tar *tar)
{
	int rc = fill_block(tar);

	put_number(tar->header + 124, 12, tar->size);
	put_sum(tar->header);
	if (rc < 0)
		return rc;
	if (tar->header_at < tar->flushed)
		return write_at(tar, tar->header, BLOCK, tar->header_at);
	memcpy(tar->buf.data + (tar->header_at - tar->flushed), tar->header, BLOCK);
	return 0;
}

/* "27 comment=ctsync backup 1\n": the number is the length of the whole line. */
static void put_comment(struct cts_buf *out, const char *comment)
{
	size_t rest = strlen(" comment=\n") + strlen(comment);

	cts_buf_printf(out, "%zu comment=%s\n", rest + (rest + 2 < 100 ? 2 : 3), comment);
}

/* ---- the whole ---- */

int cts_tar_open(struct cts_tar **out, const char *path, const char *comment)
{
	struct cts_tar *tar = cts_malloc(sizeof(*tar));
	struct cts_buf line = {0};
	int rc;

	*tar = (struct cts_tar){.file = {.fd = -1}, .time = cts_time_now()};
	put_comment(&line, comment);
	rc = cts_fresh_file_begin(&tar->file, path, 0600);
	if (rc == 0)
		rc = cts_tar_begin(tar, "pax_global_header", 0666);
	tar->header[156] = 'g';
	if (rc == 0)
		rc = cts_tar_put(tar, line.data, line.size);
	if (rc == 0)
		rc = cts_tar_end(tar);
	cts_buf_release(&line);
	if (rc < 0) {
		cts_tar_free(tar);
		return rc;
	}
	*out = tar;
	return 0;
}

void cts_tar_free(struct cts_tar *tar)
{
	if (tar == NULL)
		return;
	cts_fresh_file_end(&tar->file);
	cts_buf_release(&tar->buf);
	free(tar);
}

int cts_tar_finish(struct cts_tar *tar)
{
	static const char zeroes[2 * BLOCK];
	int rc = append(tar, zeroes, sizeof(zeroes));

	if (rc == 0)
		rc = flush(tar);
	return rc < 0 ? rc : cts_fresh_file_finish(&tar->file);
}

bool cts_tar_is(const char *path, const char *comment)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char blocks[2 * BLOCK + 1] = "";
	struct cts_buf line = {0};
	bool is;

	put_comment(&line, comment);
	is = fd >= 0 && pread(fd, blocks, 2 * BLOCK, 0) == 2 * BLOCK && blocks[156] == 'g' &&
	     memcmp(blocks + 257, "ustar", 5) == 0 &&
	     strcmp(blocks + BLOCK, cts_buf_text(&line)) == 0;
	if (fd >= 0)
		close(fd);
	cts_buf_release(&line);
	return is;
}
