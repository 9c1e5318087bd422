/*
 * Names are what git and we give packs: pack-<40 digits>.pack and .idx. Anything else is nobody's
 * business here.
 */
#include "sync/pack/pack_dir.h"

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
#include "proto/hash.h"
#include "proto/time.h"
#include "sync/disk.h"

enum { NAME_SIZE = sizeof("pack-") - 1 + CTS_OID_HEX, COUNT_AT = 8 + 4 * 255 };

static bool is_idx(const char *name)
{
	return strncmp(name, "pack-", 5) == 0 && strlen(name) == NAME_SIZE + 4 &&
	       strcmp(name + NAME_SIZE, ".idx") == 0;
}

static void join(char out[PATH_MAX], const char *dir, const char *name, const char *end)
{
	snprintf(out, PATH_MAX, "%s/%.*s%s", dir, (int)NAME_SIZE, name, end);
}

static bool is_kept(const char *dir, const char *name)
{
	char path[PATH_MAX];

	join(path, dir, name, ".keep");
	return access(path, F_OK) == 0;
}

/* The last row of the table at the start of an idx. False when it cannot be read. */
static bool read_count(uint32_t *out, const char *path)
{
	uint8_t bytes[4];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_read = fd >= 0 && pread(fd, bytes, sizeof(bytes), COUNT_AT) == sizeof(bytes);

	if (fd >= 0)
		close(fd);
	if (is_read)
		*out = cts_be32(bytes);
	return is_read;
}

static bool look_at(
	struct cts_pack_file *out, struct cts_arena *arena, const char *dir, const char *name)
{
	char pack_path[PATH_MAX], idx_path[PATH_MAX];
	struct stat pack, idx;

	join(pack_path, dir, name, ".pack");
	join(idx_path, dir, name, ".idx");
	out->is_kept = is_kept(dir, name);
	if (stat(pack_path, &pack) != 0 || stat(idx_path, &idx) != 0 ||
		!read_count(&out->objects, idx_path))
		return false;
	out->name = cts_arena_strndup(arena, name, NAME_SIZE);
	out->bytes = (uint64_t)pack.st_size + (uint64_t)idx.st_size;
	out->time_ns = (int64_t)pack.st_mtim.tv_sec * 1000000000 + pack.st_mtim.tv_nsec;
	return true;
}

static int compare_age(const void *a, const void *b)
{
	const struct cts_pack_file *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return strcmp(x->name, y->name);
}

int cts_pack_dir_list(
	struct cts_pack_file **out, size_t *count, struct cts_arena *arena, const char *pack_dir)
{
	struct cts_pack_file *packs = NULL, pack;
	DIR *dir = opendir(pack_dir);
	struct dirent *entry;
	size_t found = 0;

	if (!dir)
		return cts_fail_errno(CTS_EIO, errno, "cannot open '%s'", pack_dir);
	while ((entry = readdir(dir)) != NULL)
		if (is_idx(entry->d_name) && look_at(&pack, arena, pack_dir, entry->d_name))
			*(struct cts_pack_file *)cts_arena_push(
				arena, &packs, &found, sizeof(pack)) = pack;
	closedir(dir);
	if (found > 0)
		qsort(packs, found, sizeof(*packs), compare_age);
	*out = packs;
	*count = found;
	return 0;
}

bool cts_pack_dir_has_more(const char *pack_dir, size_t limit)
{
	DIR *dir = opendir(pack_dir);
	struct dirent *entry;
	size_t found = 0;

	while (dir && found <= limit && (entry = readdir(dir)) != NULL)
		found += is_idx(entry->d_name) && !is_kept(pack_dir, entry->d_name);
	if (dir)
		closedir(dir);
	return found > limit;
}

static int remove_file(const char *path)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return cts_fail_errno(CTS_EIO, errno, "cannot remove '%s'", path);
	return 0;
}

int cts_pack_dir_remove(const char *pack_dir, const char *name)
{
	/* What git keeps beside a pack goes with it; the pack itself goes last. */
	static const char *const ends[] = {".idx", ".rev", ".bitmap", ".mtimes", ".pack"};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(ends) / sizeof(ends[0]); i++) {
		char path[PATH_MAX];

		join(path, pack_dir, name, ends[i]);
		rc = remove_file(path);
	}
	return rc;
}

int cts_pack_dir_remove_multi_index(const char *pack_dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/multi-pack-index", pack_dir);
	return remove_file(path);
}

void cts_pack_dir_sweep(const char *pack_dir)
{
	enum { ALIVE_S = 600 };
	DIR *dir = opendir(pack_dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		char pack[PATH_MAX], idx[PATH_MAX];
		struct stat info;

		if (strncmp(name, "pack-", 5) != 0 || strlen(name) != NAME_SIZE + 5 ||
			strcmp(name + NAME_SIZE, ".pack") != 0)
			continue;
		join(pack, pack_dir, name, ".pack");
		join(idx, pack_dir, name, ".idx");
		if (access(idx, F_OK) != 0 && errno == ENOENT && stat(pack, &info) == 0 &&
			info.st_mtime < cts_time_now() - ALIVE_S)
			unlink(pack);
	}
	if (dir)
		closedir(dir);
}

int cts_pack_dir_move(const char *from_dir, const char *to_dir, const char *name)
{
	static const char *const ends[] = {".pack", ".idx"}; /* readers look for an idx first */

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char from[PATH_MAX], to[PATH_MAX];

		join(from, from_dir, name, ends[i]);
		join(to, to_dir, name, ends[i]);
		if (rename(from, to) != 0)
			return cts_fail_errno(CTS_EIO, errno, "cannot put '%s' in place", to);
	}
	return cts_sync_folder(to_dir);
}
