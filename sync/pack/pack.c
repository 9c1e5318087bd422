/*
 * Entries are deflated straight into a buffer, which goes to the file at 1 MiB; a long row of files
 * is gathered and deflated by several threads first (pack_deflate.h). A delta is made
 * only where its base may be named: before it in this pack with a chain that is not yet full, or,
 * in a thin pack, with the receiver. zlib's stream is kept and reset, which saves its set-up on
 * every object.
 */
#include "sync/pack/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/pack/delta.h"
#include "sync/pack/pack_deflate.h"
#include "sync/pack/pack_internal.h"

enum {
	HEADER = 12,
	DELTA_MIN = 64,  /* an object below this is not worth a delta */
	STORED_MAX = 64, /* data below this is mostly ids, which do not deflate */
	STORED_MORE = 64, /* bytes that deflate's framing may take more than data that does not deflate */
};

/* ---- opening and closing ---- */

static struct cts_pack *open_pack(int fd, const struct cts_pack_options *options)
{
	struct cts_pack *pack = cts_malloc(sizeof(*pack));

	memset(pack, 0, sizeof(*pack));
	pack->fd = fd;
	if (options != NULL)
		pack->options = *options;
	cts_pack_deflate_init(&pack->deflater);
	cts_buf_put(&pack->tail, "PACK\0\0\0\2\0\0\0\0", HEADER);
	return pack;
}

char *cts_pack_path(const char *dir, const char *name)
{
	size_t size = strlen(dir) + strlen(name) + 2;
	char *path = cts_malloc(size);

	snprintf(path, size, "%s/%s", dir, name);
	return path;
}

int cts_pack_make_temporary(int *fd, char **path, const char *dir, const char *template)
{
	char *made = cts_pack_path(dir, template);
	int opened = mkostemp(made, O_CLOEXEC);

	if (opened < 0) {
		int rc = cts_fail_errno(CTS_EIO, errno, "cannot write a pack in '%s'", dir);
		free(made);
		return rc;
	}
	*fd = opened;
	*path = made;
	return 0;
}

int cts_pack_open(
	struct cts_pack **out, const char *pack_dir, const struct cts_pack_options *options)
{
	char *path = NULL;
	int fd = -1, rc;

	rc = cts_pack_make_temporary(&fd, &path, pack_dir, "tmp_pack_XXXXXX");
	if (rc < 0)
		return rc;
	*out = open_pack(fd, options);
	(*out)->dir = cts_pack_path(pack_dir, "");
	(*out)->pack_path = path;
	return 0;
}

void cts_pack_open_fd(struct cts_pack **out, int fd, const struct cts_pack_options *options)
{
	off_t position = lseek(fd, 0, SEEK_CUR);

	*out = open_pack(fd, options);
	(*out)->start = position > 0 ? (uint64_t)position : 0;
}

void cts_pack_open_memory(struct cts_pack **out, const struct cts_pack_options *options)
{
	*out = open_pack(-1, options);
}

void cts_pack_remove_temporary(char **path)
{
	if (*path == NULL)
		return;
	unlink(*path);
	free(*path);
	*path = NULL;
}

void cts_pack_free(struct cts_pack *pack)
{
	if (pack == NULL)
		return;
	cts_pack_gather_free(pack);
	cts_pack_remove_temporary(&pack->pack_path);
	cts_pack_remove_temporary(&pack->idx_path);
	if (pack->dir != NULL && pack->fd >= 0)
		close(pack->fd);
	deflateEnd(&pack->deflater);
	if (pack->inflater_ready)
		inflateEnd(&pack->inflater);
	cts_pack_index_release(&pack->index);
	cts_buf_release(&pack->tail);
	cts_buf_release(&pack->delta);
	free(pack->dir);
	free(pack);
}

bool cts_pack_has(const struct cts_pack *pack, const struct cts_oid *oid)
{
	return cts_pack_index_find(&pack->index, oid) != NULL;
}

bool cts_pack_lacks(const struct cts_pack *pack, const struct cts_oid *oid)
{
	return !cts_pack_has(pack, oid) &&
	       (pack->options.exists == NULL || !pack->options.exists(pack->options.context, oid));
}

uint32_t cts_pack_count(const struct cts_pack *pack)
{
	return pack->index.count;
}

uint64_t cts_pack_bytes(const struct cts_pack *pack)
{
	return pack->flushed + pack->tail.size;
}

/* ---- the file ---- */

int cts_pack_write_at(const struct cts_pack *pack, const void *data, size_t size, uint64_t offset)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = pwrite(pack->fd, at, size, (off_t)(pack->start + offset));
		if (n < 0 && errno != EINTR)
			return cts_fail_errno(CTS_EIO, errno, "cannot write a pack");
		if (n > 0) {
			at += n;
			size -= (size_t)n;
			offset += (uint64_t)n;
		}
	}
	return 0;
}

int cts_pack_flush(struct cts_pack *pack)
{
	int rc = cts_pack_write_at(pack, pack->tail.data, pack->tail.size, pack->flushed);

	if (rc < 0)
		return rc;
	pack->flushed += pack->tail.size;
	cts_buf_clear(&pack->tail);
	return 0;
}

int cts_pack_read_at(const struct cts_pack *pack, void *out, size_t size, uint64_t offset)
{
	char *at = out;

	while (size > 0) {
		ssize_t n = pread(pack->fd, at, size, (off_t)(pack->start + offset));
		if (n == 0 || (n < 0 && errno != EINTR))
			return cts_fail_errno(CTS_EIO, n == 0 ? EIO : errno, "cannot read a pack");
		if (n > 0) {
			at += n;
			size -= (size_t)n;
			offset += (uint64_t)n;
		}
	}
	return 0;
}

/* ---- adding ---- */

/* One stored block in a zlib frame: what deflate would make of it too, in a tenth of the time. */
static void put_stored(struct cts_buf *out, const void *data, size_t size)
{
	uint8_t head[7] = {0x78, 0x01, 0x01, (uint8_t)size, 0, (uint8_t)~size, 0xff};

	cts_buf_put(out, head, sizeof(head));
	cts_buf_put(out, data, size);
	cts_buf_put_be32(out, (uint32_t)adler32(adler32(0, NULL, 0), data, (uInt)size));
}

static int flush_if_large(struct cts_pack *pack)
{
	return pack->fd >= 0 && pack->tail.size >= CTS_PACK_FLUSH_AT ? cts_pack_flush(pack) : 0;
}

static uint32_t checksum_from(const struct cts_pack *pack, size_t start)
{
	return (uint32_t)crc32(
		0, (const Bytef *)pack->tail.data + start, (uInt)(pack->tail.size - start));
}

int cts_pack_end_entry(struct cts_pack *pack, struct cts_pack_entry *entry, size_t start)
{
	entry->crc = checksum_from(pack, start);
	cts_pack_index_add(&pack->index, entry);
	return flush_if_large(pack);
}

int cts_pack_place(struct cts_pack *pack, uint32_t number, unsigned type, size_t size,
	struct cts_slice deflated)
{
	struct cts_pack_entry *entry = &pack->index.entries[number];
	size_t start = pack->tail.size;

	entry->offset = cts_pack_bytes(pack);
	cts_pack_put_head(&pack->tail, type, size);
	cts_buf_put(&pack->tail, deflated.data, deflated.size);
	entry->crc = checksum_from(pack, start);
	return flush_if_large(pack);
}

static int append(struct cts_pack *pack, const struct cts_oid *oid, unsigned type,
	struct cts_slice data, const struct cts_pack_entry *base, const struct cts_oid *base_oid)
{
	struct cts_pack_entry entry = {.oid = *oid};
	size_t start;
	int rc = cts_pack_drain(pack);

	if (rc < 0)
		return rc;
	start = pack->tail.size;
	entry.offset = cts_pack_bytes(pack);
	cts_pack_put_head(&pack->tail, type, data.size);
	if (type == CTS_PACK_OFS_DELTA)
		cts_pack_put_distance(&pack->tail, entry.offset - base->offset);
	else if (type == CTS_PACK_REF_DELTA)
		cts_buf_put(&pack->tail, base_oid->bytes, CTS_OID_SIZE);
	if (type == CTS_PACK_OFS_DELTA || type == CTS_PACK_REF_DELTA)
		entry.depth = base == NULL ? 1 : (base->depth + 1u) & 0xff;
	if (data.size <= STORED_MAX && type >= CTS_PACK_OFS_DELTA)
		put_stored(&pack->tail, data.data, data.size);
	else
		cts_pack_deflate(&pack->tail, &pack->deflater, data.data, data.size);
	return cts_pack_end_entry(pack, &entry, start);
}

static bool may_be_base(const struct cts_pack *pack, const struct cts_pack_entry *entry)
{
	return entry == NULL ? pack->options.thin : entry->depth < CTS_PACK_CHAIN_MAX;
}

bool cts_pack_may_be_base(const struct cts_pack *pack, const struct cts_oid *oid)
{
	return may_be_base(pack, cts_pack_index_find(&pack->index, oid));
}

/* Makes the delta in pack->delta if there may be one and it pays. */
static bool make_delta(struct cts_pack *pack, struct cts_slice data,
	const struct cts_pack_base *base, const struct cts_pack_entry *entry)
{
	if (!may_be_base(pack, entry) || data.size < DELTA_MIN)
		return false;
	cts_buf_clear(&pack->delta);
	return cts_delta_make(&pack->delta, base->data, data, data.size / 2);
}

bool cts_pack_is_sensible(struct cts_slice stored, size_t size)
{
	return stored.size > 0 && stored.size <= size + STORED_MORE;
}

int cts_pack_put_named(struct cts_pack *pack, const struct cts_oid *oid, enum cts_object type,
	struct cts_slice data, struct cts_slice stored, const struct cts_pack_base *base)
{
	const struct cts_pack_entry *entry = NULL;
	unsigned delta_type = CTS_PACK_OFS_DELTA;

	if (!cts_pack_lacks(pack, oid))
		return 0;
	if (base != NULL)
		entry = cts_pack_index_find(&pack->index, &base->oid);
	if (entry == NULL || pack->options.ref_delta)
		delta_type = CTS_PACK_REF_DELTA;
	pack->streak = base == NULL && type == CTS_OBJECT_BLOB ? pack->streak + 1 : 0;
	if (base != NULL && make_delta(pack, data, base, entry))
		return append(
			pack, oid, delta_type, cts_buf_slice(&pack->delta), entry, &base->oid);
	if (cts_pack_is_sensible(stored, data.size))
		return cts_pack_copy(pack, oid, type, data.size, NULL, stored);
	if (pack->streak > CTS_PACK_STREAK_MIN)
		return cts_pack_gather(pack, oid, type, data);
	return append(pack, oid, type, data, NULL, NULL);
}

int cts_pack_put(struct cts_oid *out, struct cts_pack *pack, enum cts_object type, const void *data,
	size_t size, const struct cts_pack_base *base)
{
	struct cts_oid oid = cts_git_oid(cts_object_name(type), data, size);
	int rc = cts_pack_put_named(pack, &oid, type,
		(struct cts_slice){.data = data, .size = size}, (struct cts_slice){0}, base);

	if (rc == 0)
		*out = oid; /* may be the base's own name, so not before */
	return rc;
}
