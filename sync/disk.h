/*
 * What is done to files and folders so that it lasts, or is gone: syncing, removing, locking, and the file
 * that is there whole or not at all. A file system that cannot sync a folder is taken as it is.
 */
#ifndef CTS_SYNC_DISK_H
#define CTS_SYNC_DISK_H

#include <sys/types.h>

#include "proto/arena.h"

/* After it, what was made, renamed or removed in the folder lasts. */
int cts_sync_folder(const char *path);

/* Syncs every file and folder below `path`, then the folder that holds it. */
int cts_sync_tree(const char *path);

/* Removes a folder and all below it; for what was made under a temporary name. */
void cts_remove_tree(const char *path);

/* A flock without waiting: a descriptor, or -1 when somebody holds it or it cannot be had. Sets no error. */
int cts_lock_try(const char *path);

/* The store's write lock, for a rebuild that cannot open the store. @return a descriptor, CTS_ELOCKED */
int cts_lock_take_write(const char *store_path);

/* A file on its way to `path`, under a temporary name beside it.
 *	rc = cts_fresh_file_begin(&file, "hem.tar", 0600);
 *	...                                      write to file.fd
 *	rc = cts_fresh_file_finish(&file);       synced, and in place
 *	cts_fresh_file_end(&file);               removes what was not finished */
struct cts_fresh_file {
	const char *path;
	const char *temporary; /* NULL once it has its own */
	int fd;                /* read and write; -1: none */
	struct cts_arena arena;
};

/* `mode` is what others may, less what the user's mask forbids. On failure nothing needs an end. */
int cts_fresh_file_begin(struct cts_fresh_file *file, const char *path, mode_t mode);
int cts_fresh_file_finish(struct cts_fresh_file *file);
void cts_fresh_file_end(struct cts_fresh_file *file); /* {.fd = -1} allowed */

#endif
