/*
 * Entries are found by walking: a directory of the mirror has at most some hundreds of them, and
 * copying what lies between two changes is one memcpy.
 */
#include "sync/tree/tree.h"

#include <string.h>
#include <strings.h>

#include "proto/error.h"
#include "sync/tree/layout.h"

#define FILE_MODE "100644 "
#define DIR_MODE "40000 "

/* One entry from bytes that end somewhere; false if they are no whole entry of the two modes. */
static bool parse_entry(struct cts_tree_entry *out, struct cts_slice *rest)
{
	const char *at = rest->data, *nul;
	size_t mode_size;

	if (rest->size > 7 && memcmp(at, FILE_MODE, 7) == 0)
		mode_size = 7;
	else if (rest->size > 6 && memcmp(at, DIR_MODE, 6) == 0)
		mode_size = 6;
	else
		return false;
	nul = memchr(at + mode_size, '\0', rest->size - mode_size);
	if (nul == NULL || rest->size - (size_t)(nul - at) < 1 + CTS_OID_SIZE)
		return false;
	out->name = at + mode_size;
	out->name_size = (size_t)(nul - out->name);
	out->is_dir = mode_size == 6;
	memcpy(out->oid.bytes, nul + 1, CTS_OID_SIZE);
	rest->data = nul + 1 + CTS_OID_SIZE;
	rest->size -= (size_t)((const char *)rest->data - at);
	return true;
}

bool cts_tree_next(struct cts_tree_entry *out, struct cts_slice *rest)
{
	return rest->size > 0 && parse_entry(out, rest);
}

int cts_tree_compare(const char *a, bool a_is_dir, const char *b, bool b_is_dir)
{
	unsigned char x, y;

	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	x = *a == '\0' && a_is_dir ? '/' : (unsigned char)*a;
	y = *b == '\0' && b_is_dir ? '/' : (unsigned char)*b;
	return (x > y) - (x < y);
}

static const char *bad_name(const struct cts_tree_entry *entry)
{
	if (entry->name_size == 0)
		return "has an empty name";
	if (entry->name_size > CTS_TREE_NAME_MAX)
		return "has a name that is too long";
	if (memchr(entry->name, '/', entry->name_size) != NULL)
		return "has a slash in its name";
	if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0 ||
		strcasecmp(entry->name, ".git") == 0)
		return "has a name that git keeps for itself";
	return NULL;
}

/* Files whose names begin the name of the entry at hand, shortest first. A directory of the same
 * name as a file is not its neighbour in git's order ("a", "a.b", "a/"), but then the file is the
 * last of these. */
struct prefixes {
	struct cts_tree_entry files[CTS_TREE_NAME_MAX + 1];
	size_t count;
};

static bool is_second(struct prefixes *prefixes, const struct cts_tree_entry *entry)
{
	struct cts_tree_entry *last;
	size_t n;

	for (n = prefixes->count; n > 0; n--) {
		last = &prefixes->files[n - 1];
		if (last->name_size <= entry->name_size &&
			memcmp(last->name, entry->name, last->name_size) == 0)
			break;
	}
	prefixes->count = n;
	if (entry->is_dir)
		return n > 0 && prefixes->files[n - 1].name_size == entry->name_size;
	prefixes->files[prefixes->count++] = *entry;
	return false;
}

static int fail_entry(const struct cts_tree_entry *entry, const char *what)
{
	char shown[CTS_LAYOUT_SHOWN_MAX];

	return cts_fail(CTS_EINTEGRITY, "entry '%s' of a tree %s",
		cts_layout_show(shown, entry->name), what);
}

int cts_tree_check(size_t *count, struct cts_slice raw)
{
	struct cts_slice rest = raw;
	struct cts_tree_entry entry, previous = {0};
	struct prefixes prefixes;
	size_t n = 0;

	prefixes.count = 0;
	for (; rest.size > 0; n++) {
		const char *why;
		int order;
		if (!parse_entry(&entry, &rest))
			return cts_fail(CTS_EINTEGRITY,
				"entry %zu of a tree is cut short or has a mode that is not "
				"allowed",
				n + 1);
		why = bad_name(&entry);
		if (why != NULL)
			return fail_entry(&entry, why);
		order = n == 0 ? -1
			       : cts_tree_compare(
					 previous.name, previous.is_dir, entry.name, entry.is_dir);
		if (order == 0 || is_second(&prefixes, &entry))
			return fail_entry(&entry, "is there twice");
		if (order > 0)
			return fail_entry(&entry, "is out of order");
		previous = entry;
	}
	*count = n;
	return 0;
}

bool cts_tree_find(struct cts_tree_entry *out, struct cts_slice raw, const char *name)
{
	struct cts_tree_entry entry;
	size_t size = strlen(name);

	while (cts_tree_next(&entry, &raw)) {
		if (entry.name_size == size && memcmp(entry.name, name, size) == 0) {
			*out = entry;
			return true;
		}
	}
	return false;
}

void cts_tree_put(struct cts_buf *out, const char *name, bool is_dir, const struct cts_oid *oid)
{
	if (is_dir)
		cts_buf_put(out, DIR_MODE, sizeof(DIR_MODE) - 1);
	else
		cts_buf_put(out, FILE_MODE, sizeof(FILE_MODE) - 1);
	cts_buf_put(out, name, strlen(name) + 1);
	cts_buf_put(out, oid->bytes, CTS_OID_SIZE);
}

long cts_tree_splice(struct cts_buf *out, struct cts_slice base, const struct cts_tree_edit *edits,
	size_t edit_count)
{
	struct cts_slice rest = base; /* what is not yet copied */
	struct cts_slice next = base; /* what is not yet looked at */
	struct cts_tree_entry entry;
	long change = 0;

	cts_buf_reserve(out, base.size + edit_count * (CTS_OID_SIZE + 16));
	for (size_t i = 0; i < edit_count; i++) {
		const struct cts_tree_edit *edit = &edits[i];
		struct cts_slice here = next; /* at the first entry not before the edit's name */
		int order = 1;
		while (cts_tree_next(&entry, &next)) {
			order = cts_tree_compare(
				entry.name, entry.is_dir, edit->name, edit->is_dir);
			if (order >= 0)
				break;
			here = next;
		}
		cts_buf_put(out, rest.data, rest.size - here.size);
		rest = order == 0 ? next : here;
		next = rest;
		if (edit->oid != NULL)
			cts_tree_put(out, edit->name, edit->is_dir, edit->oid);
		change += (edit->oid != NULL) - (order == 0);
	}
	cts_buf_put(out, rest.data, rest.size);
	return change;
}
