/*
 * A descriptor set as bytes: reading one that may come from anybody, its normal form, its comments.
 *
 * protobuf-c unpacks nested messages by recursion without a bound, so the one cycle in
 * descriptor.proto (a message declared inside a message) is measured first, on the bytes. Memory is
 * bounded by the allocator. Whoever asks for comments asks by path, as protoc numbers them: 4, 2 is
 * the third message of the file, 4, 2, 2, 0 its first field.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/schema_load.h"

static void *limited_alloc(void *data, size_t size)
{
	struct cts_limited_allocator *alloc = data;

	if (size > alloc->left)
		return NULL;
	alloc->left -= size;
	return cts_arena_alloc(alloc->arena, size);
}

static void limited_free(void *data, void *memory)
{
	(void)data;
	(void)memory;
}

void cts_limited_allocator_init(
	struct cts_limited_allocator *alloc, struct cts_arena *arena, size_t limit)
{
	alloc->base = (ProtobufCAllocator){
		.alloc = limited_alloc, .free = limited_free, .allocator_data = alloc};
	alloc->arena = arena;
	alloc->left = limit;
}

/* ---- the bytes ---- */

static bool read_varint(uint64_t *out, const uint8_t **at, const uint8_t *end)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
		uint8_t byte = *(*at)++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*out = value;
			return true;
		}
	}
	return false;
}

/* Steps over one field; `payload` is empty unless it is length-delimited. */
static bool read_field(
	uint64_t *number, struct cts_slice *payload, const uint8_t **at, const uint8_t *end)
{
	uint64_t tag, size;

	*payload = (struct cts_slice){0};
	if (!read_varint(&tag, at, end))
		return false;
	*number = tag >> 3;
	switch (tag & 7) {
	case 0: return read_varint(&size, at, end);
	case 1: size = 8; break;
	case 5: size = 4; break;
	case 2:
		if (!read_varint(&size, at, end))
			return false;
		*payload = (struct cts_slice){*at, size};
		break;
	default: return false; /* groups stand in no descriptor */
	}
	if (size > (uint64_t)(end - *at))
		return false;
	*at += size;
	return true;
}

/* Messages inside messages no deeper than SCHEMA_DEPTH_MAX. `level` 0 is the set, 1 a file. */
static bool depth_is_bounded(struct cts_slice bytes, unsigned level)
{
	static const uint64_t numbers[] = {1 /* file */, 4 /* message_type */, 3 /* nested_type */};
	const uint8_t *at = bytes.data, *end = at + bytes.size;
	struct cts_slice payload;
	uint64_t number;

	if (level > SCHEMA_DEPTH_MAX + 1)
		return false;
	while (at < end) {
		if (!read_field(&number, &payload, &at, end))
			return false;
		if (payload.data && number == numbers[level < 2 ? level : 2] &&
			!depth_is_bounded(payload, level + 1))
			return false;
	}
	return true;
}

int cts_schema_file_decode(schema_set **out, struct cts_arena *arena, const void *data, size_t size)
{
	struct cts_limited_allocator alloc;
	schema_set *set;

	if (size > SCHEMA_SIZE_MAX)
		return cts_fail(CTS_EVALUE, "the schema is longer than 4 MiB");
	if (size == 0 || !depth_is_bounded((struct cts_slice){data, size}, 0))
		goto refuse;
	cts_limited_allocator_init(&alloc, arena, CTS_UNPACK_MAX);
	set = google__protobuf__file_descriptor_set__unpack(&alloc.base, size, data);
	if (!set)
		goto refuse;
	*out = set;
	return 0;

refuse:
	cts_fail(CTS_EVALUE, "not a compiled schema (a descriptor set of protoc)");
	cts_hint("protoc --include_imports --include_source_info -o FILE -I proto record.proto "
		 "YOUR.proto");
	return CTS_EVALUE;
}

static bool has_comment(const schema_location *location)
{
	return (location->leading_comments && *location->leading_comments) ||
	       (location->trailing_comments && *location->trailing_comments);
}

void cts_schema_file_normalise(schema_set *set)
{
	size_t files = 0;

	for (size_t i = 0; i < set->n_file; i++) {
		schema_file *file = set->file[i];
		Google__Protobuf__SourceCodeInfo *info = file->source_code_info;
		size_t kept = 0;

		if (file->name && strcmp(file->name, "google/protobuf/descriptor.proto") == 0)
			continue;
		set->file[files++] = file;
		if (!info)
			continue;
		for (size_t k = 0; k < info->n_location; k++)
			if (has_comment(info->location[k]))
				info->location[kept++] = info->location[k];
		info->n_location = kept;
		if (kept == 0)
			file->source_code_info = NULL;
	}
	set->n_file = files;
}

/* ---- comments ---- */

static int compare_paths(const int32_t *a, size_t a_count, const int32_t *b, size_t b_count)
{
	size_t both = a_count < b_count ? a_count : b_count;

	for (size_t i = 0; i < both; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return (a_count > b_count) - (a_count < b_count);
}

static int compare_locations(const void *a, const void *b)
{
	const schema_location *left = *(const schema_location *const *)a;
	const schema_location *right = *(const schema_location *const *)b;

	return compare_paths(left->path, left->n_path, right->path, right->n_path);
}

struct schema_comments cts_schema_comments_read(struct cts_arena *arena, const schema_file *file)
{
	const Google__Protobuf__SourceCodeInfo *info = file->source_code_info;
	struct schema_comments comments = {0};

	if (!info || info->n_location == 0)
		return comments;
	comments.sorted = cts_arena_alloc(arena, info->n_location * sizeof(*comments.sorted));
	for (size_t i = 0; i < info->n_location; i++)
		if (has_comment(info->location[i]))
			comments.sorted[comments.count++] = info->location[i];
	if (comments.count)
		qsort(comments.sorted, comments.count, sizeof(*comments.sorted), compare_locations);
	return comments;
}

/* Size of the character at `text`, or 0 when it is none: bytes that are not UTF-8, or control. */
static size_t character_size(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t size = 0;

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	if (s[0] >= 0xc2 && s[0] < 0xf5)
		size = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	for (size_t i = 1; i < size; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xc2 && s[1] < 0xa0) /* C1 */ || (s[0] == 0xe0 && s[1] < 0xa0) ||
		(s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) ||
		(s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	return size;
}

/* protoc keeps the lines as typed. A schema may come from anybody, and its comments are printed and
 * written to JSON: what is not a character becomes '?'. */
static char *clean(struct cts_arena *arena, const char *text)
{
	char *out = cts_arena_alloc(arena, 2 * strlen(text) + 1), *end = out;

	for (unsigned newlines = 0; *text;) {
		size_t size = character_size(text);

		if (*text == '\n') {
			newlines++;
			text++;
		} else if (*text == ' ' || *text == '\t' || *text == '\r') {
			/* Blanks between words are kept as one, those around a line are not. */
			if (end > out && end[-1] != ' ' && end[-1] != '\n' && !newlines)
				*end++ = ' ';
			text++;
		} else {
			while (newlines && end > out && end[-1] == ' ')
				end--;
			if (newlines && end > out) {
				*end++ = newlines > 1 ? '\n' : ' ';
				if (newlines > 1)
					*end++ = '\n';
			}
			newlines = 0;
			if (size == 0)
				*end++ = '?';
			for (size_t i = 0; i < size; i++)
				*end++ = text[i];
			text += size ? size : 1;
		}
	}
	while (end > out && end[-1] == ' ')
		end--;
	*end = '\0';
	return out;
}

const char *cts_schema_comment(struct cts_arena *arena, const struct schema_comments *comments,
	const int32_t *path, size_t path_count)
{
	size_t low = 0, high = comments->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const schema_location *location = comments->sorted[middle];
		int order = compare_paths(location->path, location->n_path, path, path_count);

		if (order == 0) {
			const char *text = location->leading_comments;

			return clean(arena, text && *text ? text : location->trailing_comments);
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return "";
}
