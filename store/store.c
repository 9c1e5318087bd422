/*
 * Finding and opening a store, and whose it is. A store whose files are others than when it was last
 * written is a copy; it takes a new writer before its next change (write_begin.c), so two copies never
 * speak with one voice.
 */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/buf.h"
#include "proto/error.h"

static const char default_name[] = ".ctsync";

int cts_store_find(const char **out, struct cts_arena *arena, const char *start)
{
	char real[PATH_MAX];
	size_t size;

	if (!realpath(start, real))
		return cts_fail_errno(CTS_EIO, errno, "cannot enter '%s'", start);
	for (size = strlen(real);; size--) {
		const char *path;
		struct stat info;

		while (size > 0 && real[size] != '/' && real[size] != '\0')
			size--;
		path = cts_arena_printf(arena, "%.*s/%s", (int)size, real, default_name);
		if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
			*out = path;
			return 0;
		}
		if (size == 0)
			break;
	}
	cts_fail(CTS_ENOSTORE, "no store in '%s' or above it", start);
	cts_hint("ctsync init --agency CODE, or ctsync clone URL --agency CODE");
	return CTS_ENOSTORE;
}

struct cts_store *cts_store_make_handle(const char *path)
{
	struct cts_store *store = cts_malloc(sizeof(*store));

	*store = (struct cts_store){.path = strdup(path)};
	return store;
}

static char *join(const struct cts_store *store, const char *name)
{
	size_t size = strlen(store->path) + strlen(name) + 2;
	char *path = cts_malloc(size);

	snprintf(path, size, "%s/%s", store->path, name);
	return path;
}

static int copy_text(struct cts_txn *txn, const char *name, char *out, size_t room)
{
	struct cts_slice data;
	int rc = cts_meta_get(txn, name, &data);

	if (rc < 0)
		return rc;
	if (rc == 0 || data.size >= room)
		return cts_store_damaged(txn->store, "it does not say whose it is");
	memcpy(out, data.data, data.size);
	out[data.size] = '\0';
	return 0;
}

static int read_meta(struct cts_txn *txn)
{
	struct cts_store *store = txn->store;
	struct cts_slice data, builtin = cts_schema_bytes(cts_schema_builtin());
	int rc = cts_meta_get(txn, "format", &data);

	if (rc < 0)
		return rc;
	if (rc == 0 || data.size != 4)
		return cts_store_damaged(store, "it does not name its format");
	if (cts_be32(data.data) > CTS_STORE_FORMAT) {
		cts_fail(CTS_ENEWER, "the store '%s' has format %u; this program knows %d", store->path,
			cts_be32(data.data), CTS_STORE_FORMAT);
		cts_hint("install a newer ctsync");
		return CTS_ENEWER;
	}
	rc = copy_text(txn, "agency", store->agency, sizeof(store->agency));
	if (rc == 0)
		rc = copy_text(txn, "writer", store->writer, sizeof(store->writer));
	if (rc < 0)
		return rc;
	rc = cts_meta_get(txn, "schema", &data);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return cts_store_damaged(store, "its schema is missing");
	/* Reading the tables of the built-in schema again would be a waste in almost every store. */
	if (data.size == builtin.size && memcmp(data.data, builtin.data, data.size) == 0)
		return 0;
	return cts_schema_load(&store->schema, data.data, data.size);
}

/* What the journal file holds and LMDB lacks is taken in before anyone reads. */
static int recover(struct cts_store *store)
{
	struct cts_txn *txn = NULL;
	bool is_needed;
	char *lock;
	int fd, rc = cts_txn_begin(&txn, store);

	if (rc < 0)
		return rc;
	is_needed = cts_recover_is_needed(txn);
	cts_txn_end(txn);
	if (!is_needed || store->read_only)
		return 0;
	/* Most often the file is longer because somebody is writing at this moment: readers do not wait
	 * for that, and whoever writes next recovers what must be. */
	lock = join(store, "lock");
	fd = cts_lock_take(lock, 0);
	free(lock);
	if (fd < 0) {
		cts_error_clear();
		return fd == CTS_ELOCKED ? 0 : fd;
	}
	close(fd);
	rc = cts_store_exchange(store, NULL, NULL);
	return rc == CTS_ELOCKED ? 0 : rc;
}

int cts_store_open(struct cts_store **out, const char *path)
{
	struct cts_store *store = cts_store_make_handle(path);
	struct cts_txn *txn = NULL;
	const char *anyfs;
	struct stat info;
	int rc;

	if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
		rc = cts_fail(CTS_ENOSTORE, "no store at '%s'", path);
		cts_hint("ctsync init --agency CODE");
		goto out;
	}
	rc = cts_lock_check_filesystem(path);
	if (rc < 0) {
		anyfs = cts_store_config(store, "store.anyfs");
		if (!anyfs || strcmp(anyfs, "true") != 0)
			goto out;
		cts_error_clear();
	}
	rc = cts_env_open(store, false);
	if (rc < 0)
		goto out;
	rc = cts_txn_begin(&txn, store);
	if (rc == 0)
		rc = read_meta(txn);
	cts_txn_end(txn);
	if (rc == 0)
		rc = recover(store);
	if (rc < 0)
		goto out;
	*out = store;
	store = NULL;
out:
	cts_store_close(store);
	return rc;
}

void cts_store_close(struct cts_store *store)
{
	if (!store)
		return;
	cts_env_close(store);
	cts_schema_free(store->schema);
	cts_config_free(store->config);
	free(store->author);
	free(store->path);
	free(store);
}

const char *cts_store_path(const struct cts_store *store)
{
	return store->path;
}

const struct cts_schema *cts_store_schema(const struct cts_store *store)
{
	return store->schema ? store->schema : cts_schema_builtin();
}

void cts_store_identity(const struct cts_store *store, struct cts_identity *out)
{
	struct cts_store *own = (struct cts_store *)store; /* the author is looked up once */
	struct cts_arena arena = {0};

	if (!store->author) {
		own->author = strdup(cts_author_of_user(&arena, cts_store_config(store, "user.name"),
			cts_store_config(store, "user.email")));
		cts_arena_release(&arena);
	}
	memcpy(out->agency, store->agency, sizeof(out->agency));
	memcpy(out->writer, store->writer, sizeof(out->writer));
	out->author = store->author;
}

int cts_store_sync(struct cts_store *store)
{
	return cts_db_fail(store, mdb_env_sync(store->env, 1), "sync");
}

/* 1: the file ends in the middle of a line, which a crash cut. */
static int is_torn(int fd, off_t size)
{
	char last;

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

int cts_store_append_received(struct cts_store *store, const char *line)
{
	struct cts_buf text = {0};
	char *path = join(store, "received");
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666), rc = 0;
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t done;

	if (fd < 0) {
		rc = cts_fail_errno(CTS_EIO, errno, "cannot open '%s'", path);
		goto out;
	}
	/* A torn line is left out when it is read back; it must not take the next one with it. */
	cts_buf_printf(&text, "%s%s\n", is_torn(fd, size) ? "\n" : "", line);
	done = write(fd, text.data, text.size);
	if (done != (ssize_t)text.size || fdatasync(fd) != 0) {
		rc = cts_fail_errno(CTS_EIO, done >= 0 && done != (ssize_t)text.size ? ENOSPC : errno,
			"cannot write '%s'", path);
		if (ftruncate(fd, size) != 0)
			rc = cts_fail_errno(CTS_EIO, errno, "cannot cut '%s'", path);
	}
out:
	if (fd >= 0)
		close(fd);
	cts_buf_release(&text);
	free(path);
	return rc;
}

int cts_store_lock_mirror(struct cts_store *store, int wait_ms)
{
	char *path = join(store, "mirror.lock");
	int rc = cts_lock_take(path, wait_ms);

	free(path);
	return rc;
}
