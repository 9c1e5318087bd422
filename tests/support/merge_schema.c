/*
 * A schema for the merge's tests: one kind with a field of every merge class, written as protoc
 * would write it, so that no test depends on what the programme's own kinds look like.
 */
#include "tests/support/merge_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"

/* protobuf's wire format: a tag, then a varint or a length and bytes. */
static void put_number(struct cts_buf *out, unsigned field, uint64_t value)
{
	uint64_t varints[] = {(uint64_t)field << 3, value};

	for (size_t i = 0; i < 2; i++) {
		for (; varints[i] >= 0x80; varints[i] >>= 7)
			cts_buf_putc(out, (char)((varints[i] & 0x7f) | 0x80));
		cts_buf_putc(out, (char)varints[i]);
	}
}

static void put_bytes(struct cts_buf *out, unsigned field, const void *data, size_t size)
{
	size_t at = out->size;

	put_number(out, field, size);
	out->data[at] = (char)(out->data[at] | 2); /* wire type: length-delimited */
	cts_buf_put(out, data, size);
}

static void put_text(struct cts_buf *out, unsigned field, const char *text)
{
	put_bytes(out, field, text, strlen(text));
}

/* Puts a message inside another and clears it. */
static void put_message(struct cts_buf *out, unsigned field, struct cts_buf *message)
{
	put_bytes(out, field, cts_buf_text(message), message->size);
	cts_buf_clear(message);
}

enum { TYPE_STRING = 9, TYPE_ENUM = 14, RULES = 61650 };

static void put_field(struct cts_buf *message, const char *name, unsigned number, bool repeated,
	enum cts_merge_class merge)
{
	struct cts_buf field = {0}, options = {0}, rules = {0};
	bool is_enum = merge == CTS_MERGE_STRICTEST;

	put_text(&field, 1, name);
	put_number(&field, 3, number);
	put_number(&field, 4, repeated ? 3 : 1);
	put_number(&field, 5, is_enum ? TYPE_ENUM : TYPE_STRING);
	if (is_enum)
		put_text(&field, 6, ".test.Rank.Value");
	put_number(&rules, 1, merge); /* the enumerators of MergeClass have these numbers */
	put_message(&options, RULES, &rules);
	put_message(&field, 8, &options);
	put_message(message, 2, &field);
	cts_buf_release(&field);
	cts_buf_release(&options);
	cts_buf_release(&rules);
}

static void put_ranks(struct cts_buf *file)
{
	static const char *const names[] = {"unspecified", "low", "middle", "high"};
	struct cts_buf message = {0}, values = {0}, value = {0};

	put_text(&values, 1, "Value");
	for (unsigned i = 0; i < 4; i++) {
		put_text(&value, 1, names[i]);
		put_number(&value, 2, i);
		put_message(&values, 2, &value);
	}
	put_text(&message, 1, "Rank");
	put_message(&message, 4, &values);
	put_message(file, 4, &message);
	cts_buf_release(&message);
	cts_buf_release(&values);
	cts_buf_release(&value);
}

static void put_kinds(struct cts_buf *file)
{
	struct cts_buf message = {0}, options = {0}, rules = {0};

	put_text(&message, 1, "Note");
	put_field(&message, "title", 1, false, CTS_MERGE_REGISTER);
	put_field(&message, "baseline", 2, false, CTS_MERGE_WRITE_ONCE);
	put_field(&message, "labels", 3, true, CTS_MERGE_SET);
	put_field(&message, "points", 4, true, CTS_MERGE_LIST);
	put_field(&message, "notes", 5, false, CTS_MERGE_TEXT);
	put_text(&rules, 1, "note");
	put_message(&options, RULES, &rules);
	put_message(&message, 7, &options);
	put_message(file, 4, &message);

	put_text(&message, 1, "Common");
	put_field(&message, "classification", 1, false, CTS_MERGE_STRICTEST);
	put_field(&message, "releasable_to", 2, true, CTS_MERGE_INTERSECT);
	put_number(&rules, 4, true);
	put_message(&options, RULES, &rules);
	put_message(&message, 7, &options);
	put_message(file, 4, &message);
	cts_buf_release(&message);
	cts_buf_release(&options);
	cts_buf_release(&rules);
}

const struct cts_kind *model_kind(void)
{
	static struct cts_schema *schema;
	struct cts_buf file = {0}, set = {0};

	if (schema)
		return cts_schema_kind_at(schema, 0);
	put_text(&file, 1, "note.proto");
	put_text(&file, 2, "test");
	put_text(&file, 12, "proto3");
	put_ranks(&file);
	put_kinds(&file);
	put_message(&set, 1, &file);
	if (cts_schema_load(&schema, set.data, set.size) < 0) {
		fprintf(stderr, "%s\n", cts_error_message(CTS_EVALUE));
		abort();
	}
	cts_buf_release(&file);
	cts_buf_release(&set);
	return cts_schema_kind_at(schema, 0);
}
