/*
 * The header is read in pieces until its empty line, and held to git's grammar of it: prerequisites, then
 * references. Version 3 adds capabilities; of those only the hash that everybody uses is known here.
 */
#include "sync/bundle/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[] = "# v2 git bundle\n", magic3[] = "# v3 git bundle\n";

enum { MAGIC_SIZE = sizeof(magic) - 1, PIECE = 64 * 1024, NAME_MAX_SIZE = 1024 };

static int fail_malformed(void)
{
	return cts_fail(CTS_EINTEGRITY, "it is no bundle, or one that was cut or altered");
}

/* ---- reading ---------------------------------------------------------------------------------- */

/* Everything up to the empty line, which stays out; `*end` is what follows it. */
static int read_text(struct cts_buf *out, uint64_t *end, int fd)
{
	while (out->size < CTS_BUNDLE_HEADER_MAX) {
		size_t before = out->size, from = before ? before - 1 : 0;
		const char *found;
		ssize_t n;

		cts_buf_reserve(out, PIECE);
		n = pread(fd, out->data + before, PIECE, (off_t)before);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cts_fail_errno(CTS_EIO, errno, "cannot read it");
		out->size += (size_t)n;
		out->data[out->size] = '\0';
		if (n > 0 && out->size < MAGIC_SIZE)
			continue;
		if (n == 0 || (memcmp(out->data, magic, MAGIC_SIZE) != 0 &&
				      memcmp(out->data, magic3, MAGIC_SIZE) != 0))
			return fail_malformed();
		found = memmem(out->data + from, out->size - from, "\n\n", 2);
		if (found) {
			out->size = (size_t)(found + 1 - out->data);
			out->data[out->size] = '\0';
			*end = out->size + 1;
			return 0;
		}
	}
	return fail_malformed();
}

static bool is_text(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

/* "<40 hex>" and what stands behind one space; NULL when nothing does. */
static bool split(struct cts_oid *oid, const char **rest, const char *line)
{
	char hex[CTS_OID_HEX + 1];

	if (strnlen(line, CTS_OID_HEX) < CTS_OID_HEX)
		return false;
	memcpy(hex, line, CTS_OID_HEX);
	hex[CTS_OID_HEX] = '\0';
	line += CTS_OID_HEX;
	*rest = *line == ' ' ? line + 1 : NULL;
	return cts_oid_parse(oid, hex) && (*line == '\0' || *line == ' ');
}

static int read_line(struct cts_bundle_head *head, struct cts_arena *arena, const char *line)
{
	const char *rest;
	struct cts_oid oid;

	if (line[0] == '@') {
		if (head->version < 3 || head->base_count || head->ref_count || !is_text(line))
			return fail_malformed();
		return strcmp(line, "@object-format=sha1") == 0
			? 0
			: cts_fail(CTS_ENEWER, "it needs '%s', which is not known here", line + 1);
	}
	if (line[0] == '-') {
		struct cts_bundle_base *base;

		if (head->ref_count || !split(&oid, &rest, line + 1) || (rest && !is_text(rest)))
			return fail_malformed();
		base = cts_arena_push(arena, &head->bases, &head->base_count, sizeof(*base));
		*base = (struct cts_bundle_base){.oid = oid, .name = rest ? rest : ""};
	} else {
		struct cts_ref_entry *ref;

		if (!split(&oid, &rest, line) || !rest || !rest[0] || strchr(rest, ' ') ||
			strlen(rest) > NAME_MAX_SIZE || !is_text(rest))
			return fail_malformed();
		ref = cts_arena_push(arena, &head->refs, &head->ref_count, sizeof(*ref));
		*ref = (struct cts_ref_entry){.name = rest, .oid = oid};
	}
	return 0;
}

static void digest(char hex[CTS_OID_HEX + 1], const void *data, size_t size)
{
	uint8_t sum[CTS_OID_SIZE];
	struct cts_sha1 sha1;

	cts_sha1_init(&sha1);
	cts_sha1_update(&sha1, data, size);
	cts_sha1_finish(&sha1, sum);
	cts_hex_format(hex, sum, sizeof(sum));
}

/* The checksum is the last reference's name. A right one behind another name was ours, and so was a header
 * that has our name anywhere else. */
static int check_seal(struct cts_bundle_head *head, const struct cts_buf *text)
{
	const char *name = head->ref_count ? head->refs[head->ref_count - 1].name : "";
	size_t prefix = strlen(CTS_BUNDLE_SEAL), size = strlen(name);
	char hex[CTS_OID_HEX + 1];
	bool is_named = memmem(text->data, text->size, CTS_BUNDLE_SEAL, prefix), is_right;

	digest(hex, text->data, text->size - size - 1);
	is_right = size == prefix + CTS_OID_HEX && strcmp(name + prefix, hex) == 0;
	if (is_named != is_right)
		return fail_malformed();
	head->is_sealed = is_right;
	head->ref_count -= is_right;
	return 0;
}

int cts_bundle_head_read(struct cts_bundle_head *out, struct cts_arena *arena, int fd)
{
	struct cts_bundle_head head = {0};
	struct cts_buf text = {0};
	struct stat info;
	char *line, *end;
	int rc = 0;

	if (fstat(fd, &info) < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot read it");
	if (!S_ISREG(info.st_mode))
		return cts_fail(CTS_EIO, "it is not a file");
	head.size = (uint64_t)info.st_size;
	rc = read_text(&text, &head.pack_start, fd);
	if (rc < 0)
		goto out;
	if (memchr(text.data, '\0', text.size)) {
		rc = fail_malformed();
		goto out;
	}
	head.version = text.data[3] - '0';
	line = cts_arena_strdup(arena, text.data + MAGIC_SIZE);
	for (; rc == 0 && *line; line = end + 1) {
		end = strchr(line, '\n');
		*end = '\0';
		rc = read_line(&head, arena, line);
	}
	if (rc == 0)
		rc = check_seal(&head, &text);
	if (rc == 0)
		*out = head;
out:
	cts_buf_release(&text);
	return rc;
}

/* ---- writing ---------------------------------------------------------------------------------- */

void cts_bundle_head_write(struct cts_buf *out, const struct cts_bundle_head *head)
{
	struct cts_oid root = cts_bundle_ref(head, "refs/heads/root");
	char hex[CTS_OID_HEX + 1];
	size_t start = out->size;

	cts_buf_puts(out, magic);
	for (size_t i = 0; i < head->base_count; i++)
		cts_buf_printf(out, "-%s %s\n", cts_oid_format(hex, &head->bases[i].oid),
			head->bases[i].name);
	for (size_t i = 0; i < head->ref_count; i++)
		cts_buf_printf(out, "%s %s\n", cts_oid_format(hex, &head->refs[i].oid),
			head->refs[i].name);
	cts_buf_printf(out, "%s ", cts_oid_format(hex, &root));
	digest(hex, out->data + start, out->size - start);
	cts_buf_printf(out, CTS_BUNDLE_SEAL "%s\n\n", hex);
}

/* ---- questions -------------------------------------------------------------------------------- */

struct cts_oid cts_bundle_ref(const struct cts_bundle_head *head, const char *name)
{
	for (size_t i = 0; i < head->ref_count; i++)
		if (strcmp(head->refs[i].name, name) == 0)
			return head->refs[i].oid;
	return (struct cts_oid){0};
}

bool cts_bundle_is_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char bytes[MAGIC_SIZE];
	struct stat info;
	bool is_one = fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
		      pread(fd, bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes) &&
		      (memcmp(bytes, magic, sizeof(bytes)) == 0 ||
			      memcmp(bytes, magic3, sizeof(bytes)) == 0);

	if (fd >= 0)
		close(fd);
	return is_one;
}
