/*
 * Two ways to an object. Nearly all lie in packs, where a reader of our own finds them at a third of the cost;
 * that one says nothing but yes or no. Whatever it does not give (loose objects, anything that is not as it
 * should be) is asked of libgit2, which does without it too, and says what is wrong.
 *
 * Trees have their name checked with the fast SHA-1 even where they are foreign: two that collide need blocks of
 * 64 bytes that somebody chose, and a tree, whose form is checked, has 20 of a name between modes and file names.
 *
 * libgit2's object database has limits put around it. The header of an object, packed as a delta or not, tells
 * its size for the cost of a look-up; only then is it inflated. libgit2 checks every object that it
 * reads against its name, with the SHA-1 that detects collisions (cts_git_start turns that on).
 *
 * While we read, another process may join packs and take away those that we know of. libgit2 opens
 * them late and looks at the folder again on a miss; it looks at it only once, and that look may
 * itself fall between the new pack's coming and the old ones' going. So what cannot be read is
 * tried once more.
 */
#include "sync/pack/odb.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/arena.h"
#include "sync/git/git.h"
#include "sync/pack/pack_reader.h"

enum {
	CHECKED_MAX = 64 * 1024 * 1024, /* bytes read to find out whether a header of another type or over the limit is true */
	STORED = 4096, /* objects of which it is remembered where they lie */
};

/* Where the data of an object that was read whole lie, as they are stored. */
struct stored {
	struct cts_oid oid;
	struct cts_slice deflated; /* of 0 bytes: nothing is remembered here */
	size_t size;
	enum cts_object type;
};

struct cts_odb {
	struct stored *stored; /* by name; one takes the place of another. NULL: nothing was read yet */
	char *git_dir;
	bool is_foreign;
	struct cts_pack_reader *reader; /* NULL until something is asked for */
	git_odb *handle;                /* NULL until the reader does not know */
	bool is_packed; /* there are no loose objects, nor alternates that may have some */
	uint64_t faults;
};

void cts_odb_open(struct cts_odb **out, const char *git_dir)
{
	struct cts_odb *odb = cts_malloc(sizeof(*odb));

	*odb = (struct cts_odb){.git_dir = cts_malloc(strlen(git_dir) + 1)};
	strcpy(odb->git_dir, git_dir);
	*out = odb;
}

void cts_odb_open_foreign(struct cts_odb **out, const char *git_dir)
{
	cts_odb_open(out, git_dir);
	(*out)->is_foreign = true;
}

void cts_odb_free(struct cts_odb *odb)
{
	if (odb == NULL)
		return;
	cts_pack_reader_free(odb->reader);
	git_odb_free(odb->handle);
	free(odb->git_dir);
	free(odb->stored);
	free(odb);
}

/* Our own repositories have all objects in packs: then a question for one that is not there need
 * not cost a look at the folder of loose objects as well. */
static bool is_packed(const char *git_dir)
{
	struct cts_buf path = {0};
	struct dirent *entry;
	bool is = true;
	DIR *folder;

	cts_buf_printf(&path, "%s/objects/info/alternates", git_dir);
	if (access(cts_buf_text(&path), F_OK) == 0)
		is = false;
	cts_buf_clear(&path);
	cts_buf_printf(&path, "%s/objects", git_dir);
	folder = opendir(cts_buf_text(&path));
	cts_buf_release(&path);
	while (folder && is && (entry = readdir(folder)))
		is = strlen(entry->d_name) != 2 || strcmp(entry->d_name, "..") == 0;
	if (folder)
		closedir(folder);
	return folder && is;
}

/* ---- packs ------------------------------------------------------------------------------------ */

/* A quarantine has the mirror as its alternate. */
static void add_alternates(struct cts_odb *odb)
{
	struct cts_buf path = {0};
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;
	FILE *file;

	cts_buf_printf(&path, "%s/objects/info/alternates", odb->git_dir);
	file = fopen(cts_buf_text(&path), "re");
	while (file && (length = getline(&line, &capacity, file)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		cts_buf_clear(&path);
		cts_buf_printf(&path, "%s/pack", line);
		if (line[0] == '/')
			cts_pack_reader_add(odb->reader, cts_buf_text(&path));
	}
	if (file)
		fclose(file);
	free(line);
	cts_buf_release(&path);
}

static struct cts_pack_reader *reader_of(struct cts_odb *odb)
{
	struct cts_buf path = {0};

	if (odb->reader)
		return odb->reader;
	odb->reader = cts_pack_reader_open();
	cts_buf_printf(&path, "%s/objects/pack", odb->git_dir);
	cts_pack_reader_add(odb->reader, cts_buf_text(&path));
	cts_buf_release(&path);
	add_alternates(odb);
	odb->is_packed = is_packed(odb->git_dir);
	return odb->reader;
}

static bool matches_name(const struct cts_odb *odb, enum cts_object type, const struct cts_buf *data,
	const struct cts_oid *oid)
{
	struct cts_oid made;
	git_oid name;

	if (!odb->is_foreign || type == CTS_OBJECT_TREE) {
		made = cts_git_oid(cts_object_name(type), data->data, data->size);
		return cts_oid_equal(&made, oid);
	}
	return cts_git_start() == 0 &&
	       git_odb_hash(&name, data->data, data->size, (git_object_t)type) == 0 &&
	       memcmp(name.id, oid->bytes, CTS_OID_SIZE) == 0;
}

static struct stored *place_of(const struct cts_odb *odb, const struct cts_oid *oid)
{
	return &odb->stored[(oid->bytes[0] << 8 | oid->bytes[1]) % STORED];
}

/* Of an object whose name was checked. */
static void remember(struct cts_odb *odb, const struct cts_oid *oid, enum cts_object type, size_t size,
	struct cts_slice deflated)
{
	if (!deflated.size)
		return;
	if (!odb->stored) {
		odb->stored = cts_malloc(STORED * sizeof(*odb->stored));
		memset(odb->stored, 0, STORED * sizeof(*odb->stored));
	}
	*place_of(odb, oid) = (struct stored){
		.oid = *oid, .deflated = deflated, .size = size, .type = type};
}

/* False: it is for libgit2 to say. */
static bool read_packed(struct cts_buf *out, enum cts_object *type, struct cts_slice *stored,
	struct cts_odb *odb, const struct cts_oid *oid)
{
	struct cts_pack_reader *reader = reader_of(odb);
	struct cts_pack_place place;
	struct cts_slice deflated;

	if (!cts_pack_reader_find(&place, reader, oid) &&
		(!cts_pack_reader_refresh(reader) || !cts_pack_reader_find(&place, reader, oid)))
		return false;
	if (!cts_pack_reader_read(out, type, &deflated, reader, &place) ||
		!matches_name(odb, *type, out, oid))
		return false;
	remember(odb, oid, *type, out->size, deflated);
	if (stored)
		*stored = deflated;
	return true;
}

/* ---- libgit2 ---------------------------------------------------------------------------------- */

/* Starts libgit2, which costs milliseconds, for who reads something. */
static int start(struct cts_odb *odb)
{
	git_repository *repo = NULL;
	int rc;

	if (odb->handle)
		return 0;
	rc = cts_git_start();
	if (rc < 0)
		return rc;
	rc = git_repository_open_ext(&repo, odb->git_dir,
		GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE, NULL);
	if (rc == 0)
		rc = git_repository_odb(&odb->handle, repo);
	git_repository_free(repo);
	if (rc < 0)
		return cts_fail_git(
			CTS_EDAMAGED, rc, "cannot open the git repository '%s'", odb->git_dir);
	return 0;
}

/* Sets the failure of a look-up, naming the object. */
static int fail_object(struct cts_odb *odb, int git_code, const struct cts_oid *oid)
{
	char hex[CTS_OID_HEX + 1];

	odb->faults++;
	cts_oid_format(hex, oid);
	if (git_code == GIT_ENOTFOUND)
		return cts_fail(CTS_ENOTFOUND, "object '%s' is missing", hex);
	return cts_fail_git(CTS_EINTEGRITY, git_code, "object '%s' cannot be read", hex);
}

int cts_odb_header(
	enum cts_object *type, size_t *size, struct cts_odb *odb, const struct cts_oid *oid)
{
	git_oid name = cts_git_oid_from(oid);
	git_object_t git_type;
	size_t length;
	int rc = start(odb);

	if (rc < 0)
		return rc;
	rc = git_odb_read_header(&length, &git_type, odb->handle, &name);
	if (rc < 0 && git_odb_refresh(odb->handle) == 0)
		rc = git_odb_read_header(&length, &git_type, odb->handle, &name);
	if (rc < 0)
		return fail_object(odb, rc, oid);
	if (git_type != GIT_OBJECT_COMMIT && git_type != GIT_OBJECT_TREE &&
		git_type != GIT_OBJECT_BLOB) {
		char hex[CTS_OID_HEX + 1];
		return cts_fail(CTS_EINTEGRITY, "object '%s' is no commit, tree or blob",
			cts_oid_format(hex, oid));
	}
	*type = (enum cts_object)git_type;
	*size = length;
	return 0;
}

static int read_by_libgit2(
	struct cts_buf *out, struct cts_odb *odb, enum cts_object type, const struct cts_oid *oid)
{
	git_oid name = cts_git_oid_from(oid);
	git_odb_object *object = NULL;
	enum cts_object found;
	char hex[CTS_OID_HEX + 1];
	size_t size;
	int rc;

	rc = cts_odb_header(&found, &size, odb, oid);
	if (rc < 0)
		return rc;
	if (found != type || size > cts_object_limit(type)) {
		/* A header is believed only when what stands under it has the name. */
		rc = size > CHECKED_MAX ? 0 : git_odb_read(&object, odb->handle, &name);
		git_odb_object_free(object);
		if (rc < 0)
			return fail_object(odb, rc, oid);
	}
	if (found != type)
		return cts_fail(CTS_EINTEGRITY, "object '%s' is a %s where a %s belongs",
			cts_oid_format(hex, oid), cts_object_name(found), cts_object_name(type));
	if (size > cts_object_limit(type))
		return cts_fail(CTS_EINTEGRITY, "%s '%s' has %zu bytes; the limit is %zu",
			cts_object_name(type), cts_oid_format(hex, oid), size,
			cts_object_limit(type));
	rc = git_odb_read(&object, odb->handle, &name);
	if (rc < 0 && git_odb_refresh(odb->handle) == 0)
		rc = git_odb_read(&object, odb->handle, &name);
	if (rc < 0)
		return fail_object(odb, rc, oid);
	cts_buf_clear(out);
	cts_buf_put(out, git_odb_object_data(object), git_odb_object_size(object));
	git_odb_object_free(object);
	return 0;
}

/* ---- either ----------------------------------------------------------------------------------- */

int cts_odb_read_stored(struct cts_buf *out, struct cts_slice *stored, struct cts_odb *odb,
	enum cts_object type, const struct cts_oid *oid)
{
	enum cts_object found;

	if (read_packed(out, &found, stored, odb, oid) && found == type)
		return 0;
	*stored = (struct cts_slice){0};
	return read_by_libgit2(out, odb, type, oid);
}

bool cts_odb_stored(struct cts_slice *deflated, size_t *size, const struct cts_odb *odb,
	enum cts_object type, const struct cts_oid *oid)
{
	const struct stored *stored = odb->stored ? place_of(odb, oid) : NULL;

	if (!stored || !stored->deflated.size || stored->type != type ||
		!cts_oid_equal(&stored->oid, oid))
		return false;
	*deflated = stored->deflated;
	*size = stored->size;
	return true;
}

int cts_odb_read(
	struct cts_buf *out, struct cts_odb *odb, enum cts_object type, const struct cts_oid *oid)
{
	enum cts_object found;

	if (read_packed(out, &found, NULL, odb, oid) && found == type)
		return 0;
	return read_by_libgit2(out, odb, type, oid);
}

int cts_odb_read_any(
	void *odb, struct cts_buf *out, enum cts_object *type, const struct cts_oid *oid)
{
	enum cts_object found;
	size_t size;
	int rc = 0;

	if (!read_packed(out, &found, NULL, odb, oid)) {
		rc = cts_odb_header(&found, &size, odb, oid);
		if (rc == 0)
			rc = read_by_libgit2(out, odb, found, oid);
	}
	if (rc == 0)
		*type = found;
	return rc;
}

int cts_odb_read_tree(void *odb, struct cts_buf *out, const struct cts_oid *oid)
{
	return cts_odb_read(out, odb, CTS_OBJECT_TREE, oid);
}

bool cts_odb_has(struct cts_odb *odb, const struct cts_oid *oid)
{
	git_oid name = cts_git_oid_from(oid);
	struct cts_pack_place place;

	if (cts_pack_reader_find(&place, reader_of(odb), oid))
		return true;
	/* What cannot be opened has nothing; the first read tells why. */
	if (odb->is_packed || start(odb) < 0)
		return false;
	return git_odb_exists_ext(odb->handle, &name, GIT_ODB_LOOKUP_NO_REFRESH) == 1;
}

uint64_t cts_odb_faults(const struct cts_odb *odb)
{
	return odb->faults;
}

int cts_odb_refresh(struct cts_odb *odb)
{
	int rc = odb->handle ? git_odb_refresh(odb->handle) : 0;

	if (rc < 0)
		return cts_fail_git(CTS_EIO, rc, "cannot look at the objects again");
	if (odb->reader) {
		cts_pack_reader_refresh(odb->reader);
		odb->is_packed = is_packed(odb->git_dir);
	}
	return 0;
}
