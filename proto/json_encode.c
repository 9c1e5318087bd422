/*
 * Writes a record as canonical JSON, straight from its values: no tree is built, since a seal
 * writes one text for every record touched. Members of the schema and those it does not know are
 * merged by name as they are written, so a member stands in the same place whether it is known or
 * not.
 *
 * In a file a conflict names its member alone ("due", also where the record knows it as
 * "fields/due"), so that the text is the same in stores whose schemas know different members; where
 * the reader would take that name for another member, it is named in full.
 */
#include "proto/json.h"

#include <stdlib.h>
#include <string.h>

#include "proto/json_internal.h"
#include "proto/json_tree.h"
#include "proto/record_internal.h"
#include "proto/time.h"

/* What must be escaped in a JSON string: 1 as \u00xx, else the letter after the backslash. */
static const char escapes[256] = {
	1, 1, 1, 1, 1, 1, 1, 1, 'b', 't', 'n', 1, 'f', 'r', 1, 1,                     /* 0x00 */
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ['"'] = '"', ['\\'] = '\\', /* 0x10 */
};

/* The character at `at`, escaped. */
static void put_escape(struct cts_buf *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	const char letter[2] = {'\\', escapes[c]};
	const char code[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};

	if (escapes[c] == 1)
		cts_buf_put(out, code, sizeof(code));
	else
		cts_buf_put(out, letter, sizeof(letter));
}

void cts_json_put_string(struct cts_buf *out, const char *text)
{
	cts_buf_putc(out, '"');
	for (;;) {
		size_t size = 0;

		while (!escapes[(unsigned char)text[size]])
			size++;
		cts_buf_put(out, text, size);
		if (!text[size])
			break;
		put_escape(out, (unsigned char)text[size]);
		text += size + 1;
	}
	cts_buf_putc(out, '"');
}

static bool is_bare(enum cts_type type)
{
	switch (type) {
	case CTS_TYPE_BOOL:
	case CTS_TYPE_INT32:
	case CTS_TYPE_UINT32: return true;
	case CTS_TYPE_STRING:
	case CTS_TYPE_INT64:
	case CTS_TYPE_UINT64:
	case CTS_TYPE_ENUM: return false;
	}
	return false;
}

static void put_item(struct cts_buf *out, const struct cts_field *field, const char *item)
{
	if (field && is_bare(field->type))
		cts_buf_puts(out, item);
	else
		cts_json_put_string(out, item);
}

void cts_json_put_value(
	struct cts_buf *out, const struct cts_field *field, struct cts_value value, int indent)
{
	if (!field || !field->repeated) {
		if (value.count)
			put_item(out, field, value.items[0]);
		else
			cts_buf_put(out, "null", 4);
		return;
	}
	cts_buf_putc(out, '[');
	for (size_t i = 0; i < value.count; i++) {
		if (indent >= 0)
			cts_json_put_break(out, indent + 2);
		put_item(out, field, value.items[i]);
		if (i + 1 < value.count)
			cts_buf_put(out, ", ", indent >= 0 ? 1 : 2);
	}
	if (indent >= 0 && value.count)
		cts_json_put_break(out, indent);
	cts_buf_putc(out, ']');
}

/* ---- members ----------------------------------------------------------------------------------
 */

/* Begins a member of an object whose members stand at `indent`. */
static void put_name(struct cts_buf *out, bool *is_first, const char *name, int indent)
{
	if (!*is_first)
		cts_buf_putc(out, ',');
	*is_first = false;
	cts_json_put_break(out, indent);
	cts_json_put_string(out, name);
	cts_buf_put(out, ": ", 2);
}

static void put_text_member(
	struct cts_buf *out, bool *is_first, const char *name, const char *text, int indent)
{
	put_name(out, is_first, name, indent);
	cts_json_put_string(out, text);
}

/* A member on its way out: a field, an unknown member, or one of the envelope's own. */
struct member {
	const char *name;
	const struct cts_field *field;
	const struct cts_unknown *unknown;
};

enum { FEW_MEMBERS = 64 }; /* more than that go to the heap */

struct members {
	struct member few[FEW_MEMBERS];
	struct member *sorted;
	size_t count;
};

/* By insertion: members come nearly sorted and are few. */
static void add_member(struct members *members, struct member member)
{
	size_t at = members->count++;

	while (at > 0 && strcmp(members->sorted[at - 1].name, member.name) > 0) {
		members->sorted[at] = members->sorted[at - 1];
		at--;
	}
	members->sorted[at] = member;
}

/* The members beside "fields", or those in it. */
static void collect(struct members *members, const struct cts_record *record, bool in_fields)
{
	const struct cts_kind *kind = record->kind;
	size_t from = in_fields ? 0 : kind->own_count;
	size_t to = in_fields ? kind->own_count : kind->field_count;
	size_t room = to - from + record->unknown_count + 4;

	members->count = 0;
	members->sorted = members->few;
	if (room > FEW_MEMBERS)
		members->sorted = cts_malloc(room * sizeof(*members->sorted));
	for (size_t i = from; i < to; i++)
		if (record->values[i].count)
			add_member(members,
				(struct member){kind->fields[i].name, &kind->fields[i], NULL});
	for (size_t i = 0; i < record->unknown_count; i++)
		if (record->unknown[i].in_fields == in_fields)
			add_member(members, (struct member){record->unknown[i].name, NULL,
						    &record->unknown[i]});
}

static void members_release(struct members *members)
{
	if (members->sorted != members->few)
		free(members->sorted);
}

static void put_member(struct cts_buf *out, bool *is_first, const struct cts_record *record,
	const struct member *member, int indent)
{
	put_name(out, is_first, member->name, indent);
	if (member->field)
		cts_json_put_value(
			out, member->field, record->values[member->field->index], indent);
	else
		cts_json_put_indented(out, member->unknown->json, indent);
}

static void put_fields(struct cts_buf *out, const struct cts_record *record)
{
	struct members members;
	bool is_first = true;

	collect(&members, record, true);
	cts_buf_putc(out, '{');
	for (size_t i = 0; i < members.count; i++)
		put_member(out, &is_first, record, &members.sorted[i], 4);
	if (members.count)
		cts_json_put_break(out, 2);
	cts_buf_putc(out, '}');
	members_release(&members);
}

/* ---- conflicts --------------------------------------------------------------------------------
 */

const char *cts_json_conflict_name(const struct cts_record *record, const char *key)
{
	const char *slash = strchr(key, '/'), *name, *beside, *within;
	struct cts_arena arena = {0};
	bool is_clear;

	if (!slash)
		return key;
	name = slash + 1;
	if (strchr(name, '/') || cts_kind_field(record->kind, name) ||
		strcmp(name, CTS_DELETED) == 0)
		return key;
	/* The reader takes a name that stands beside "fields" for that member, and of two conflicts
	 * with one name the first for the one beside; see conflict_key() there. */
	beside = cts_arena_printf(&arena, "/%s", name);
	within = cts_arena_printf(&arena, "fields/%s", name);
	if (cts_record_conflict(record, beside) && cts_record_conflict(record, within))
		is_clear = true;
	else
		is_clear = (key[0] == '/') == (cts_record_unknown(record, beside) != NULL);
	cts_arena_release(&arena);
	return is_clear ? name : key;
}

void cts_json_put_side_value(struct cts_buf *out, const struct cts_kind *kind, const char *key,
	struct cts_value value, int indent)
{
	if (value.count && strchr(key, '/'))
		cts_json_put_indented(out, value.items[0], indent);
	else if (value.count && strcmp(key, CTS_DELETED) == 0)
		cts_buf_puts(out, value.items[0]);
	else if (value.count)
		cts_json_put_value(out, cts_kind_field(kind, key), value, indent);
	else
		cts_buf_put(out, "null", 4);
}

static void put_side(struct cts_buf *out, const struct cts_kind *kind, const char *key,
	const struct cts_side *side, bool is_late)
{
	char hex[2 * CTS_SHA256_SIZE + 1], commit[CTS_OID_HEX + 1], time[CTS_TIME_TEXT];
	struct cts_buf value = {0};
	const char *sha256 = side->sha256;
	bool is_first = true;

	cts_json_put_side_value(&value, kind, key, side->value, 0);
	if (!sha256 && (is_late || value.size > CTS_SIDE_MAX)) {
		uint8_t digest[CTS_SHA256_SIZE];

		cts_sha256(digest, value.data, value.size);
		sha256 = cts_hex_format(hex, digest, sizeof(digest));
	}
	cts_oid_format(commit, &side->commit);
	cts_buf_putc(out, '{');
	if (sha256) {
		put_text_member(out, &is_first, "commit", commit, 10);
		put_text_member(out, &is_first, "sha256", sha256, 10);
	} else {
		put_text_member(out, &is_first, "agency", side->agency, 10);
		put_text_member(out, &is_first, "author", side->author, 10);
		put_text_member(out, &is_first, "commit", commit, 10);
		put_text_member(out, &is_first, "time", cts_time_format_utc(time, side->time), 10);
		if (side->value.count) {
			put_name(out, &is_first, "value", 10);
			cts_json_put_indented(out, cts_buf_text(&value), 10);
		}
	}
	cts_json_put_break(out, 8);
	cts_buf_putc(out, '}');
	cts_buf_release(&value);
}

/* A conflict under the name that it has in the file. */
struct named {
	const char *name;
	const struct cts_conflict *conflict;
};

static void put_conflict(
	struct cts_buf *out, const struct cts_kind *kind, const struct named *named)
{
	const struct cts_conflict *conflict = named->conflict;
	bool is_first = true;

	cts_buf_putc(out, '{');
	put_text_member(out, &is_first, "field", named->name, 6);
	put_name(out, &is_first, "sides", 6);
	cts_buf_putc(out, '[');
	for (size_t i = 0; i < conflict->side_count; i++) {
		if (i)
			cts_buf_putc(out, ',');
		cts_json_put_break(out, 8);
		put_side(out, kind, conflict->field, &conflict->sides[i], i >= CTS_SIDES_WHOLE);
	}
	if (conflict->side_count)
		cts_json_put_break(out, 6);
	cts_buf_putc(out, ']');
	cts_json_put_break(out, 4);
	cts_buf_putc(out, '}');
}

/* By the name in the file, then by key: a member beside "fields" before one in it. */
static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->conflict->field, y->conflict->field);
}

static void put_conflicts(struct cts_buf *out, const struct cts_record *record)
{
	size_t count = record->conflict_count;
	struct named *sorted = cts_malloc(count * sizeof(*sorted));

	for (size_t i = 0; i < count; i++) {
		sorted[i].conflict = &record->conflicts[i];
		sorted[i].name = cts_json_conflict_name(record, record->conflicts[i].field);
	}
	qsort(sorted, count, sizeof(*sorted), compare_named);
	cts_buf_putc(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			cts_buf_putc(out, ',');
		cts_json_put_break(out, 4);
		put_conflict(out, record->kind, &sorted[i]);
	}
	cts_json_put_break(out, 2);
	cts_buf_putc(out, ']');
	free(sorted);
}

/* ---- the record -------------------------------------------------------------------------------
 */

void cts_json_encode(struct cts_buf *out, const struct cts_record *record)
{
	struct members members;
	bool is_first = true;

	collect(&members, record, false);
	if (record->conflict_count)
		add_member(&members, (struct member){.name = "conflicts"});
	add_member(&members, (struct member){.name = "fields"});
	add_member(&members, (struct member){.name = "id"});
	add_member(&members, (struct member){.name = "kind"});
	cts_buf_putc(out, '{');
	for (size_t i = 0; i < members.count; i++) {
		const struct member *member = &members.sorted[i];

		if (member->field || member->unknown) {
			put_member(out, &is_first, record, member, 2);
			continue;
		}
		put_name(out, &is_first, member->name, 2);
		switch (member->name[0]) {
		case 'c': put_conflicts(out, record); break;
		case 'f': put_fields(out, record); break;
		case 'i': cts_json_put_string(out, record->id); break;
		case 'k': cts_json_put_string(out, record->kind->name); break;
		}
	}
	cts_buf_put(out, "\n}\n", 3);
	members_release(&members);
}

struct cts_oid cts_json_hash(const struct cts_record *record)
{
	struct cts_buf text = {0};
	struct cts_oid oid;

	cts_json_encode(&text, record);
	oid = cts_git_oid("blob", text.data, text.size);
	cts_buf_release(&text);
	return oid;
}
