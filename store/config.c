/*
 * The store's configuration, and that of other programs read in the same format. A set changes one line
 * and keeps every other byte; the file is replaced whole, synced, so a crash leaves the old one or the
 * new one; the file is locked meanwhile, so two processes that set something both succeed.
 * Own code rather than libgit2's: every command that edits reads it, and starting libgit2 costs 5 ms.
 */
#include "store/internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/error.h"
#include "store/config_internal.h"

enum { SECTION_MAX = 512 };

/* The whole file in the arena; a missing one is empty. */
static int read_file(struct cts_config *config, const char *path)
{
	struct cts_buf buf = {0};
	char chunk[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	ssize_t n;

	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
		config->text = "";
		return 0;
	}
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		cts_buf_put(&buf, chunk, (size_t)n);
	if (n < 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
	close(fd);
	if (rc == 0) {
		config->text = cts_arena_memdup(&config->arena, cts_buf_text(&buf), buf.size + 1);
		config->size = buf.size;
	}
	cts_buf_release(&buf);
	return rc;
}

static int load(struct cts_config **out, const char *path)
{
	struct cts_config *config = cts_malloc(sizeof(*config));
	int rc;

	*config = (struct cts_config){0};
	rc = read_file(config, path);
	if (rc < 0) {
		cts_config_free(config);
		return rc;
	}
	cts_config_parse(config);
	*out = config;
	return 0;
}

void cts_config_free(struct cts_config *config)
{
	if (!config)
		return;
	cts_arena_release(&config->arena);
	free(config);
}

static bool is_name(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '-')
			return false;
	return size > 0;
}

/* "remote.origin.url": section up to the last dot, name behind it. False for what no line can say. */
static bool split_key(const char *key, char section[SECTION_MAX], const char **name)
{
	const char *dot = strrchr(key, '.');
	size_t size = dot ? (size_t)(dot - key) : 0;

	if (!dot || size >= SECTION_MAX || memchr(key, '\n', size) ||
		!is_name(key, strcspn(key, ".")) || !is_name(dot + 1, strlen(dot + 1)))
		return false;
	memcpy(section, key, size);
	section[size] = '\0';
	*name = dot + 1;
	return true;
}

/* The last of several. */
static const struct cts_config_entry *find(const struct cts_config *config, const char *key)
{
	char section[SECTION_MAX];
	const struct cts_config_entry *found = NULL;
	const char *name;

	if (!split_key(key, section, &name))
		return NULL;
	for (size_t i = 0; i < config->count; i++) {
		const struct cts_config_entry *entry = &config->entries[i];

		if (entry->name && strcmp(entry->section, section) == 0 &&
			strcasecmp(entry->name, name) == 0)
			found = entry;
	}
	return found;
}

static char *config_path(const struct cts_store *store)
{
	size_t size = strlen(store->path) + sizeof("/config");
	char *path = cts_malloc(size);

	snprintf(path, size, "%s/config", store->path);
	return path;
}

int cts_config_load(struct cts_store *store)
{
	char *path;
	int rc;

	if (store->config)
		return 0;
	path = config_path(store);
	rc = load(&store->config, path);
	free(path);
	return rc;
}

const char *cts_store_config(const struct cts_store *store, const char *key)
{
	struct cts_store *own = (struct cts_store *)store; /* the cache of what is read */
	const struct cts_config_entry *entry;

	if (cts_config_load(own) < 0)
		return NULL;
	entry = find(own->config, key);
	return entry ? entry->value : NULL;
}

size_t cts_store_config_sections(const struct cts_store *store, struct cts_arena *arena,
	const char *section, const char ***names)
{
	size_t count = 0, prefix = strlen(section);

	*names = NULL;
	if (cts_config_load((struct cts_store *)store) < 0)
		return 0;
	for (size_t i = 0; i < store->config->count; i++) {
		const struct cts_config_entry *entry = &store->config->entries[i];
		bool is_known = false;

		if (entry->name || strncmp(entry->section, section, prefix) != 0 ||
			entry->section[prefix] != '.')
			continue;
		for (size_t j = 0; j < count && !is_known; j++)
			is_known = strcmp((*names)[j], entry->section + prefix + 1) == 0;
		if (!is_known)
			*(const char **)cts_arena_push(arena, names, &count, sizeof(**names)) =
				cts_arena_strdup(arena, entry->section + prefix + 1);
	}
	return count;
}

/* ---- changing --------------------------------------------------------------------------------- */

static int replace_file(const char *path, struct cts_slice text)
{
	size_t size = strlen(path) + sizeof(".new"), done = 0;
	char *fresh = cts_malloc(size);
	int fd, rc = 0;

	snprintf(fresh, size, "%s.new", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0) {
		rc = cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", fresh);
		goto out;
	}
	while (rc == 0 && done < text.size) {
		ssize_t n = write(fd, (const char *)text.data + done, text.size - done);

		if (n < 0 && errno != EINTR)
			rc = cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", fresh);
		else if (n > 0)
			done += (size_t)n;
	}
	if (rc == 0 && fsync(fd) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot sync '%s'", fresh);
	close(fd);
	if (rc == 0 && rename(fresh, path) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot replace '%s'", path);
	if (rc < 0)
		unlink(fresh);
out:
	free(fresh);
	return rc;
}

/* Replaces bytes [start, end) of the file by `with`, and reads it again. */
static int replace(struct cts_store *store, size_t start, size_t end, const struct cts_buf *with)
{
	struct cts_buf text = {0};
	char *path = config_path(store);
	int rc;

	cts_buf_put(&text, store->config->text, start);
	if (with->size && start > 0 && store->config->text[start - 1] != '\n')
		cts_buf_putc(&text, '\n');
	cts_buf_put(&text, cts_buf_text(with), with->size);
	cts_buf_put(&text, store->config->text + end, store->config->size - end);
	rc = replace_file(path, cts_buf_slice(&text));
	cts_config_free(store->config);
	store->config = NULL;
	if (rc == 0)
		rc = cts_config_load(store);
	cts_buf_release(&text);
	free(path);
	return rc;
}

/* Locks the file that stands there now: a set puts another in its place. */
static int lock_file(int *out, const char *path)
{
	struct stat held, there;
	int fd;

	for (;;) {
		fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0666);
		if (fd < 0)
			return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
		while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
			;
		if (fstat(fd, &held) == 0 && stat(path, &there) == 0 &&
			held.st_ino == there.st_ino && held.st_dev == there.st_dev)
			break;
		close(fd);
	}
	*out = fd;
	return 0;
}

/* Locks the file and reads it again: another process may have changed it. The lock is let go by closing
 * `*lock`. */
static int begin_change(struct cts_store *store, int *lock)
{
	char *path = config_path(store);
	int rc = lock_file(lock, path);

	free(path);
	if (rc < 0)
		return rc;
	cts_config_free(store->config);
	store->config = NULL;
	return cts_config_load(store);
}

/* A new line behind the last of its section, which is made when there is none. */
static int add_line(
	struct cts_store *store, const char *section, const char *name, const char *value)
{
	struct cts_buf line = {0};
	size_t at = store->config->size;
	bool has_section = false;
	int rc;

	for (size_t i = 0; i < store->config->count; i++)
		if (strcmp(store->config->entries[i].section, section) == 0) {
			at = store->config->entries[i].end;
			has_section = true;
		}
	if (!has_section)
		cts_config_put_header(&line, section);
	cts_config_put_line(&line, name, value);
	rc = replace(store, at, at, &line);
	cts_buf_release(&line);
	return rc;
}

static int remove_lines(struct cts_store *store, const char *key)
{
	const struct cts_buf nothing = {0};
	const struct cts_config_entry *entry;
	int rc = 0;

	while (rc == 0 && (entry = find(store->config, key)))
		rc = replace(store, entry->start, entry->end, &nothing);
	return rc;
}

int cts_store_config_set(struct cts_store *store, const char *key, const char *value)
{
	struct cts_buf line = {0};
	char section[SECTION_MAX];
	const char *name;
	const struct cts_config_entry *entry;
	int lock = -1, rc;

	if (!split_key(key, section, &name))
		return cts_fail(CTS_EUSAGE, "'%s' is no name of a setting", key);
	rc = begin_change(store, &lock);
	if (rc < 0)
		goto out;
	entry = find(store->config, key);
	if (!value) {
		rc = remove_lines(store, key);
	} else if (!entry) {
		rc = add_line(store, section, name, value);
	} else {
		cts_config_put_line(&line, name, value);
		rc = replace(store, entry->start, entry->end, &line);
	}
out:
	if (lock >= 0)
		close(lock);
	cts_buf_release(&line);
	return rc;
}

/* The bytes of the first part of a section, from its header to its last entry. */
static bool find_section(
	const struct cts_config *config, const char *section, size_t *start, size_t *end)
{
	bool is_inside = false;

	for (size_t i = 0; i < config->count; i++) {
		const struct cts_config_entry *entry = &config->entries[i];

		if (!entry->name && is_inside)
			break;
		if (!entry->name && strcmp(entry->section, section) == 0) {
			is_inside = true;
			*start = entry->start;
		}
		if (is_inside)
			*end = entry->end;
	}
	return is_inside;
}

int cts_store_config_remove(struct cts_store *store, const char *section, const char *name)
{
	const struct cts_buf nothing = {0};
	char full[SECTION_MAX];
	size_t start, end;
	int lock = -1, rc = begin_change(store, &lock);

	snprintf(full, sizeof(full), "%s.%s", section, name);
	while (rc == 0 && find_section(store->config, full, &start, &end))
		rc = replace(store, start, end, &nothing);
	if (lock >= 0)
		close(lock);
	return rc;
}

const char *cts_config_file_get(struct cts_arena *arena, const char *path, const char *key)
{
	struct cts_config *config;
	const struct cts_config_entry *entry;
	const char *value = NULL;

	if (load(&config, path) < 0) {
		cts_error_clear();
		return NULL;
	}
	entry = find(config, key);
	if (entry)
		value = cts_arena_strdup(arena, entry->value);
	cts_config_free(config);
	return value;
}
