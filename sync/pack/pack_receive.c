/*
 * The bytes go to a file, which is mapped, and entries are gone over as far as they have arrived:
 * while a server is still sending, the work on what it sent is done. Where an entry ends is known
 * only once it is inflated, so one that does not inflate may just not be there yet; it is tried
 * again when twice as much of it is there, and all of this costs no more than inflating it once
 * more.
 *
 * The last 20 bytes are never looked at as part of an entry: they may be the trailer.
 */
#include "sync/pack/pack_receive.h"

#include <errno.h>
#include <git2/odb.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proto/arena.h"
#include "proto/error.h"
#include "sync/git/git.h"
#include "sync/pack/pack_internal.h"
#include "sync/pack/pack_receive_internal.h"

enum {
	MAP_MIN = 16 * 1024 * 1024, /* bytes of address space, not of memory */
	DEFLATED_MORE = 64 * 1024,  /* and deflated data over twice what they inflate to */
};

int cts_receive_fail(uint64_t offset, const char *what)
{
	return cts_fail(CTS_EINTEGRITY, "the object at byte %" PRIu64 " %s", offset, what);
}

void cts_receive_tell(const struct cts_pack_receiving *receiving)
{
	if (receiving->options.progress)
		receiving->options.progress(
			receiving->options.progress_context, receiving->done, receiving->total);
}

/* ---- opening and closing ---------------------------------------------------------------------- */

int cts_pack_receive_open(struct cts_pack_receiving **out, const char *pack_dir,
	const struct cts_pack_receive_options *options)
{
	struct cts_pack_receiving *receiving;
	char *path = NULL;
	int fd = -1, rc = cts_git_start();

	if (rc == 0)
		rc = cts_pack_make_temporary(&fd, &path, pack_dir, "tmp_pack_XXXXXX");
	if (rc < 0)
		return rc;
	receiving = cts_malloc(sizeof(*receiving));
	*receiving = (struct cts_pack_receiving){.options = *options,
		.dir = cts_pack_path(pack_dir, ""),
		.pack_path = path,
		.fd = fd,
		.last.number = CTS_RECEIVE_NONE};
	cts_sha1_init(&receiving->sha1);
	cts_pack_inflate_init(&receiving->inflater);
	*out = receiving;
	return 0;
}

static void unmap(struct cts_pack_receiving *receiving)
{
	if (receiving->map)
		munmap((void *)(uintptr_t)receiving->map, (size_t)receiving->map_size);
	receiving->map = NULL;
}

void cts_pack_receive_free(struct cts_pack_receiving *receiving)
{
	if (!receiving)
		return;
	unmap(receiving);
	close(receiving->fd);
	cts_pack_remove_temporary(&receiving->pack_path);
	cts_pack_remove_temporary(&receiving->idx_path);
	inflateEnd(&receiving->inflater);
	cts_pack_index_release(&receiving->index);
	cts_pack_index_release(&receiving->outside);
	cts_buf_release(&receiving->outside_types);
	cts_kept_release(&receiving->kept);
	cts_buf_release(&receiving->last.data);
	cts_buf_release(&receiving->inflated);
	cts_buf_release(&receiving->data);
	cts_buf_release(&receiving->base);
	cts_buf_release(&receiving->delta);
	cts_buf_release(&receiving->next);
	free(receiving->entries);
	free(receiving->by_name.waits);
	free(receiving->by_entry.waits);
	free(receiving->chain);
	free(receiving->dir);
	free(receiving);
}

/* ---- an object -------------------------------------------------------------------------------- */

/* Who makes two objects of one name needs blocks of 64 bytes to choose freely. Commits, files and
 * tags have room for them, so theirs is the SHA-1 that detects it. A tree is hashed at a fraction
 * of that: before anything is taken from one its form is checked, and there at most the 20 bytes
 * of a name stand between modes and file names. */
static int name_of(struct cts_oid *out, unsigned type, struct cts_slice data)
{
	git_oid name;

	if (type == CTS_OBJECT_TREE) {
		*out = cts_git_oid("tree", data.data, data.size);
		return 0;
	}
	if (git_odb_hash(&name, data.data, data.size, (git_object_t)type) < 0)
		return cts_fail_git(CTS_EINTEGRITY, -1, "an object cannot be named");
	*out = cts_git_oid_to(&name);
	return 0;
}

static void keep(struct cts_pack_receiving *receiving, uint32_t number, enum cts_object type)
{
	struct cts_buf swap = receiving->last.data;

	cts_kept_put(&receiving->kept, number, type, cts_buf_slice(&receiving->data));
	receiving->last.data = receiving->data;
	receiving->last.number = number;
	receiving->data = swap;
}

int cts_receive_take(
	struct cts_pack_receiving *receiving, uint32_t entry, unsigned type, uint32_t base)
{
	struct cts_receive_entry *received = &receiving->entries[entry];
	struct cts_pack_entry named = {.offset = received->offset};
	int rc = name_of(&named.oid, type, cts_buf_slice(&receiving->data));

	if (rc < 0)
		return rc;
	received->type = type;
	received->base = base;
	/* Of a base from outside, the copy that is put behind the pack has the name: the one in the
	 * pack may be a delta that leads back to the base. */
	if (!cts_pack_index_find(&receiving->index, &named.oid) &&
		!cts_pack_index_find(&receiving->outside, &named.oid)) {
		received->named = receiving->index.count;
		cts_pack_index_add(&receiving->index, &named);
	}
	keep(receiving, entry, (enum cts_object)type);
	receiving->done++;
	cts_receive_tell(receiving);
	return 0;
}

/* ---- going over the entries ------------------------------------------------------------------- */

/* Maps more than there is: what is appended later can be read where it is mapped already. */
static int map_all(struct cts_pack_receiving *receiving)
{
	uint64_t size = receiving->map ? receiving->map_size : MAP_MIN;
	void *map;

	if (receiving->map && receiving->map_size >= receiving->size)
		return 0;
	while (size < receiving->size)
		size *= 2;
	unmap(receiving);
	map = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, receiving->fd, 0);
	if (map == MAP_FAILED)
		return cts_fail_errno(CTS_EIO, errno, "cannot read a pack");
	receiving->map = map;
	receiving->map_size = size;
	return 0;
}

static int take_header(struct cts_pack_receiving *receiving)
{
	const uint8_t *header = receiving->map;
	uint32_t version = cts_be32(header + 4);

	if (memcmp(header, "PACK", 4) != 0)
		return cts_fail(CTS_EINTEGRITY, "it does not begin as a pack does");
	if (version != 2)
		return cts_fail(CTS_EINTEGRITY, "it is of version %" PRIu32 ", not 2", version);
	receiving->total = cts_be32(header + 8);
	if (receiving->total >= CTS_RECEIVE_OUTSIDE)
		return cts_fail(CTS_EINTEGRITY, "it says that it has %" PRIu32 " objects",
			receiving->total);
	cts_sha1_update(&receiving->sha1, header, CTS_RECEIVE_HEADER);
	receiving->at = CTS_RECEIVE_HEADER;
	return 0;
}

static uint32_t add_entry(struct cts_pack_receiving *receiving)
{
	if (receiving->count == receiving->capacity) {
		receiving->capacity += receiving->capacity / 2 + 64;
		receiving->entries = cts_realloc(
			receiving->entries, receiving->capacity * sizeof(*receiving->entries));
	}
	receiving->entries[receiving->count] = (struct cts_receive_entry){
		.offset = receiving->at, .base = CTS_RECEIVE_NONE, .named = CTS_RECEIVE_NONE};
	return receiving->count++;
}

/* The next entry, of which there are `bytes`. @return the bytes that it takes; 0: it is not all
 * there */
static int64_t take_entry(
	struct cts_pack_receiving *receiving, struct cts_slice bytes, bool is_all)
{
	struct cts_pack_head head;
	struct cts_slice deflated;
	struct cts_buf swap;
	size_t used = cts_pack_head_parse(&head, bytes), more;
	uint32_t entry;
	int rc;

	if (used == 0)
		return !is_all && bytes.size < CTS_PACK_ENTRY_HEAD_MAX
			       ? 0
			       : cts_receive_fail(receiving->at, "has a head that is none");
	if (head.size > CTS_RECEIVE_OBJECT_MAX)
		return cts_receive_fail(receiving->at, "has more bytes than an object may");
	deflated.data = (const char *)bytes.data + used;
	deflated.size = bytes.size - used;
	cts_buf_clear(&receiving->inflated);
	if (!cts_pack_inflate(
		    &receiving->inflated, &receiving->inflater, deflated, head.size, &more))
		return !is_all && deflated.size < 2 * head.size + DEFLATED_MORE
			       ? 0
			       : cts_receive_fail(receiving->at, "does not inflate to its size");
	entry = add_entry(receiving);
	if (cts_pack_head_is_delta(&head)) {
		rc = cts_receive_delta(receiving, entry, &head);
	} else {
		swap = receiving->data;
		receiving->data = receiving->inflated;
		receiving->inflated = swap;
		rc = cts_receive_take(receiving, entry, head.type, CTS_RECEIVE_NONE);
	}
	return rc < 0 ? rc : (int64_t)(used + more);
}

static int fail_short(void)
{
	return cts_fail(CTS_EINTEGRITY, "it ends too early");
}

int cts_receive_go_on(struct cts_pack_receiving *receiving, bool is_all)
{
	uint64_t end = receiving->size - CTS_RECEIVE_TRAILER;
	int rc;

	if (receiving->size < CTS_RECEIVE_HEADER)
		return is_all ? fail_short() : 0;
	rc = map_all(receiving);
	if (rc == 0 && receiving->at == 0)
		rc = take_header(receiving);
	if (rc < 0)
		return rc;
	if (receiving->size < CTS_RECEIVE_HEADER + CTS_RECEIVE_TRAILER)
		return is_all ? fail_short() : 0;
	while (receiving->count < receiving->total && receiving->at < end) {
		struct cts_slice bytes = {.data = receiving->map + receiving->at,
			.size = (size_t)(end - receiving->at)};
		int64_t used = take_entry(receiving, bytes, is_all);

		if (used < 0)
			return (int)used;
		if (used == 0) {
			receiving->try_from = receiving->size + bytes.size;
			return 0;
		}
		cts_sha1_update(&receiving->sha1, bytes.data, (size_t)used);
		receiving->at += (uint64_t)used;
	}
	if (receiving->count == receiving->total && receiving->at < end)
		return cts_fail(CTS_EINTEGRITY, "something follows its last object");
	return is_all && receiving->count < receiving->total ? fail_short() : 0;
}

int cts_pack_receive_append(struct cts_pack_receiving *receiving, struct cts_slice bytes)
{
	const char *at = bytes.data, *end = at + bytes.size;

	while (at < end) {
		ssize_t n = pwrite(
			receiving->fd, at, (size_t)(end - at), (off_t)receiving->size);

		if (n < 0 && errno != EINTR)
			return cts_fail_errno(CTS_EIO, errno, "cannot write a pack");
		at += n > 0 ? n : 0;
		receiving->size += n > 0 ? (uint64_t)n : 0;
	}
	return receiving->size < receiving->try_from ? 0 : cts_receive_go_on(receiving, false);
}
