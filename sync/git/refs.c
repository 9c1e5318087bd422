/*
 * A loose file is newer than a line of packed-refs. git packs references by writing packed-refs
 * first and removing the files after it, so files are read first here: what goes in between is in
 * packed-refs then.
 */
#include "sync/git/refs.h"

#include <dirent.h>
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

enum {
	DEPTH_MAX = 16,   /* of folders below refs/ */
	SYMBOLIC_MAX = 5, /* git's own limit */
	LOOSE_MAX = 1024, /* bytes of a loose file that are looked at */
};

static int fail_to_read(int code, const char *path)
{
	return cts_fail_errno(CTS_EDAMAGED, code, "cannot read '%s'", path);
}

/* 1: read; 0: no such file (a folder is none). Without the last newline. */
static int read_loose(char text[LOOSE_MAX], const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : fail_to_read(errno, path);
	do
		size = read(fd, text, LOOSE_MAX - 1);
	while (size < 0 && errno == EINTR);
	if (size < 0) {
		int code = errno;

		close(fd);
		return code == EISDIR ? 0 : fail_to_read(code, path);
	}
	close(fd);
	while (size > 0 &&
		(text[size - 1] == '\n' || text[size - 1] == '\r' || text[size - 1] == ' '))
		size--;
	text[size] = '\0';
	return 1;
}

/* Appends packed-refs, if there is one. */
static int read_packed(struct cts_buf *out, const char *git_dir)
{
	enum { CHUNK = 65536 };
	char path[PATH_MAX];
	ssize_t size = 1;
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/packed-refs", git_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : fail_to_read(errno, path);
	while (size) {
		cts_buf_reserve(out, CHUNK);
		size = read(fd, out->data + out->size, CHUNK);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0) {
			rc = fail_to_read(errno, path);
			break;
		}
		out->size += (size_t)size;
		out->data[out->size] = '\0';
	}
	close(fd);
	return rc;
}

/* The next line "<id> <name>" of packed-refs, taken off `rest`; what else stands there is passed
 * over. */
static bool next_packed(
	struct cts_oid *oid, const char **name, size_t *name_size, struct cts_slice *rest)
{
	while (rest->size) {
		const char *line = rest->data, *end = memchr(line, '\n', rest->size);
		size_t size = end ? (size_t)(end - line) : rest->size;
		char hex[CTS_OID_HEX + 1];

		rest->data = line + size + (end != NULL);
		rest->size -= size + (end != NULL);
		if (size < CTS_OID_HEX + 2 || line[CTS_OID_HEX] != ' ')
			continue;
		memcpy(hex, line, CTS_OID_HEX);
		hex[CTS_OID_HEX] = '\0';
		if (!cts_oid_parse(oid, hex))
			continue;
		*name = line + CTS_OID_HEX + 1;
		*name_size = size - CTS_OID_HEX - 1;
		if ((*name)[*name_size - 1] == '\r')
			(*name_size)--;
		return true;
	}
	return false;
}

/* ---- all of them ---- */

struct listing {
	const char *git_dir;
	struct cts_arena *arena;
	struct cts_ref_entry *entries;
	size_t count;
};

static void add(struct listing *listing, const char *name, const struct cts_oid *oid)
{
	struct cts_ref_entry *entry =
		cts_arena_push(listing->arena, &listing->entries, &listing->count, sizeof(*entry));

	*entry = (struct cts_ref_entry){.name = name, .oid = *oid};
}

static bool is_lock(const char *name)
{
	size_t size = strlen(name);

	return size > 5 && strcmp(name + size - 5, ".lock") == 0;
}

/* The loose ones below a folder. One that does not hold an id is passed over, as git does. */
static int list_loose(struct listing *listing, const char *folder, int depth)
{
	struct cts_arena scratch = {0};
	const char *full = cts_arena_printf(&scratch, "%s/%s", listing->git_dir, folder);
	DIR *dir = opendir(full);
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		rc = errno == ENOENT || errno == ENOTDIR ? 0 : fail_to_read(errno, full);
	while (rc == 0 && dir && (entry = readdir(dir)) != NULL) {
		const char *name = cts_arena_printf(listing->arena, "%s/%s", folder, entry->d_name);
		const char *path = cts_arena_printf(&scratch, "%s/%s", listing->git_dir, name);
		char text[LOOSE_MAX];
		struct cts_oid oid;
		struct stat info;

		if (entry->d_name[0] == '.' || is_lock(entry->d_name))
			continue;
		if (entry->d_type == DT_UNKNOWN && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
			entry->d_type = DT_DIR;
		if (entry->d_type == DT_DIR) {
			rc = depth < DEPTH_MAX ? list_loose(listing, name, depth + 1) : 0;
			continue;
		}
		rc = read_loose(text, path);
		if (rc == 1 && cts_oid_parse(&oid, text))
			add(listing, name, &oid);
		rc = rc < 0 ? rc : 0;
	}
	if (dir)
		closedir(dir);
	cts_arena_release(&scratch);
	return rc;
}

static int compare_entries(const void *a, const void *b)
{
	const struct cts_ref_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void sort(struct listing *listing)
{
	if (listing->count)
		qsort(listing->entries, listing->count, sizeof(*listing->entries), compare_entries);
}

int cts_refs_list(
	struct cts_ref_entry **out, size_t *count, struct cts_arena *arena, const char *git_dir)
{
	struct listing listing = {.git_dir = git_dir, .arena = arena};
	struct cts_buf packed = {0};
	struct cts_slice rest;
	struct cts_oid oid;
	const char *name;
	size_t size, loose;
	int rc = list_loose(&listing, "refs", 0);

	sort(&listing);
	loose = listing.count;
	if (rc == 0)
		rc = read_packed(&packed, git_dir);
	rest = cts_buf_slice(&packed);
	while (rc == 0 && next_packed(&oid, &name, &size, &rest)) {
		struct cts_ref_entry wanted = {.name = cts_arena_strndup(arena, name, size)};

		if (strncmp(wanted.name, "refs/", 5) == 0 &&
			(!loose || !bsearch(&wanted, listing.entries, loose, sizeof(wanted),
					   compare_entries)))
			add(&listing, wanted.name, &oid);
	}
	sort(&listing);
	cts_buf_release(&packed);
	if (rc < 0)
		return rc;
	*out = listing.entries;
	*count = listing.count;
	return 0;
}

/* ---- one of them ---- */

static int get_packed(struct cts_oid *out, const char *git_dir, const char *wanted)
{
	struct cts_buf packed = {0};
	struct cts_slice rest;
	struct cts_oid oid;
	const char *name;
	size_t size;
	int rc = read_packed(&packed, git_dir);

	*out = (struct cts_oid){0};
	rest = cts_buf_slice(&packed);
	while (rc == 0 && next_packed(&oid, &name, &size, &rest))
		if (size == strlen(wanted) && memcmp(name, wanted, size) == 0)
			*out = oid;
	cts_buf_release(&packed);
	return rc;
}

int cts_refs_get(struct cts_oid *out, const char *git_dir, const char *name)
{
	char path[PATH_MAX], text[LOOSE_MAX];
	int rc;

	for (int n = 0; n < SYMBOLIC_MAX; n++) {
		snprintf(path, sizeof(path), "%s/%s", git_dir, name);
		rc = read_loose(text, path);
		if (rc < 1)
			return rc < 0 ? rc : get_packed(out, git_dir, name);
		if (strncmp(text, "ref: refs/", 10) != 0 || strstr(text, ".."))
			break;
		name = memmove(text, text + 5, strlen(text + 5) + 1);
	}
	if (cts_oid_parse(out, text))
		return 0;
	cts_fail(CTS_EDAMAGED, "'%s' holds no id of a commit", path);
	cts_hint("git -C %s fsck", git_dir);
	return CTS_EDAMAGED;
}
