/*
 * A tar file (POSIX ustar), written as a stream under a temporary name beside its own. Sizes need
 * not be known before a file is put in.
 *
 *	rc = cts_tar_open(&tar, "hem.tar", "ctsync backup 1");
 *	rc = cts_tar_folder(tar, "hem-2026");
 *	rc = cts_tar_begin(tar, "hem-2026/config", 0644);
 *	rc = cts_tar_put(tar, data, size);
 *	rc = cts_tar_end(tar);
 *	rc = cts_tar_finish(tar);      synced, and in place
 *	cts_tar_free(tar);             removes what was not finished
 *
 * Errors: CTS_EIO, CTS_ENOSPACE.
 */
#ifndef CTS_SYNC_TAR_H
#define CTS_SYNC_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cts_tar;

/* The comment stands in the file's first block, where no tar program minds it. */
int cts_tar_open(struct cts_tar **out, const char *path, const char *comment);
void cts_tar_free(struct cts_tar *tar);

/* Names have at most 255 bytes, 100 of them behind the last '/' that comes early enough. */
int cts_tar_folder(struct cts_tar *tar, const char *name);
int cts_tar_begin(struct cts_tar *tar, const char *name, unsigned mode);
int cts_tar_put(struct cts_tar *tar, const void *data, size_t size);
int cts_tar_end(struct cts_tar *tar);

uint64_t cts_tar_bytes(const struct cts_tar *tar);
int cts_tar_finish(struct cts_tar *tar);

/* Whether the file at `path` is a tar with that comment. */
bool cts_tar_is(const char *path, const char *comment);

#endif
