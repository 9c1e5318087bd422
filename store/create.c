/*
 * Making a store. A new one is whole before anyone can find it: callers make it under a temporary name and
 * rename it when everything in it is synced.
 */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/buf.h"
#include "proto/error.h"

static int make_file(const char *folder, const char *name)
{
	char path[PATH_MAX];
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", path);
	if (fsync(fd) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot sync '%s'", path);
	close(fd);
	return rc;
}

int cts_store_sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0 || fsync(fd) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot sync '%s'", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* First rows of meta, in a transaction of their own. */
static int write_meta(struct cts_store *store, const struct cts_store_setup *setup,
	const char *writer, const char *journal_folder)
{
	struct cts_slice schema = cts_schema_bytes(setup->schema);
	struct cts_txn txn = {.store = store, .is_writing = true};
	char path[PATH_MAX];
	char format[4] = {0, 0, 0, CTS_STORE_FORMAT};
	int rc;

	rc = cts_env_begin(store, true, &txn.mdb);
	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "%s/data.mdb", store->path);
	rc = cts_file_identity(AT_FDCWD, path, &txn.counters.data_device, &txn.counters.data_inode);
	if (rc < 0)
		goto out;
	snprintf(path, sizeof(path), "%s/journal", journal_folder);
	rc = cts_file_identity(AT_FDCWD, path, &txn.counters.journal_device, &txn.counters.journal_inode);
	if (rc < 0)
		goto out;
	txn.counters.next_line = 1;
	rc = cts_meta_put(&txn, "format", format, sizeof(format));
	if (rc == 0)
		rc = cts_meta_put(&txn, "schema", schema.data, schema.size);
	if (rc == 0)
		rc = cts_meta_put(&txn, "agency", setup->agency, strlen(setup->agency));
	if (rc == 0)
		rc = cts_meta_put(&txn, "writer", writer, strlen(writer));
	if (rc == 0)
		rc = cts_meta_save(&txn);
	if (rc == 0) {
		rc = cts_db_fail(store, mdb_txn_commit(txn.mdb), "write");
		txn.mdb = NULL;
	}
	if (rc == 0)
		rc = cts_db_fail(store, mdb_env_sync(store->env, 1), "sync");
out:
	if (txn.mdb)
		mdb_txn_abort(txn.mdb);
	cts_arena_release(&txn.arena);
	return rc;
}

static int write_config(
	struct cts_store *store, const struct cts_store_setup *setup, const char *writer)
{
	struct cts_arena arena = {0};
	const char *name, *mail;
	int rc;

	rc = cts_store_config_set(store, "ctsync.format", "1");
	if (rc == 0)
		rc = cts_store_config_set(store, "ctsync.agency", setup->agency);
	if (rc == 0)
		rc = cts_store_config_set(store, "ctsync.writer", writer);
	if (rc == 0 && setup->author[0]) {
		rc = cts_author_split(&name, &mail, &arena, setup->author);
		if (rc == 0)
			rc = cts_store_config_set(store, "user.name", name);
		if (rc == 0)
			rc = cts_store_config_set(store, "user.email", mail);
	}
	cts_arena_release(&arena);
	return rc;
}

static int create(const char *path, const struct cts_store_setup *setup, const char *journal_folder,
	bool is_rebuild)
{
	struct cts_store *store = cts_store_make_handle(path);
	char writer[CTS_WRITER_HEX + 1];
	char data[PATH_MAX];
	int rc = 0;

	snprintf(data, sizeof(data), "%s/data.mdb", path);
	if (setup->writer)
		snprintf(writer, sizeof(writer), "%s", setup->writer);
	else
		cts_writer_make(writer);
	if (access(data, F_OK) == 0) {
		rc = cts_fail(CTS_EREFUSED, "there is a store in '%s'", path);
		goto out;
	}
	if (!is_rebuild) {
		rc = make_file(path, "journal");
		if (rc == 0)
			rc = make_file(path, "received");
		if (rc < 0)
			goto out;
	}
	rc = cts_env_open(store, true);
	if (rc == 0)
		rc = write_meta(store, setup, writer, journal_folder);
	if (rc == 0 && !is_rebuild)
		rc = write_config(store, setup, writer);
	if (rc == 0)
		rc = cts_store_sync_folder(path);
out:
	cts_store_close(store);
	return rc;
}

int cts_store_create(const char *path, const struct cts_store_setup *setup)
{
	return create(path, setup, path, false);
}

int cts_store_create_for_rebuild(
	const char *path, const char *store_path, const struct cts_store_setup *setup)
{
	return create(path, setup, store_path, true);
}
