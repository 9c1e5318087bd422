/*
 * What a schema may not hold, and bytes that nobody honest would send: refused with a sentence, or
 * loaded into something sound, never more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/error.h"
#include "proto/schema.h"
#include "proto/schema_internal.h"
#include "tests/support/schemas.h"

/* ---- what is refused ---- */

#define KIND(fields) "message A { option (ctsync.kind) = {name: \"a\"};\n" fields "\n}\n"
#define RULES(rules) " [(ctsync.rules) = {" rules "}];"
#define FORTY "forty_forty_forty_forty_forty_forty_fort"

static const struct {
	const char *body, *message;
} refusals[] = {
	{KIND("message B {} B b = 1;"), "field 'b' of 'a' is a message or a map"},
	{KIND("A a = 1;"), "field 'a' of 'a' is a message or a map"},
	{KIND("map<string, string> m = 1;"), "field 'm' of 'a' is a message or a map"},
	{KIND("oneof o { string s = 1; }"), "field 's' of 'a' is part of a oneof"},
	{KIND("optional string s = 1;"),
		"field 's' of 'a' is optional, which no field needs to say"},
	{KIND("float f = 1;"), "field 'f' of 'a' is a real number"},
	{KIND("repeated double f = 1;"), "field 'f' of 'a' is a real number"},
	{KIND("bytes b = 1;"), "field 'b' of 'a' is bytes"},
	{KIND("string source = 1;"), "field 'source' of 'a' is a field that every record has"},
	{KIND("string deleted = 1;"),
		"field 'deleted' of 'a' has a name that every record uses otherwise"},
	{KIND("string id = 1;"), "field 'id' of 'a' has a name that every record uses otherwise"},
	{KIND("string Caps = 1;"), "field 1 of 'a' has a bad name: 'Caps'"},
	{KIND("string " FORTY "_fortyyyy = 1;"),
		"field 1 of 'a' has a bad name: '" FORTY "_fortyyyy'"},
	{KIND("string s = 1;") "message B { option (ctsync.kind) = {name: \"a\"}; }",
		"two kinds are named 'a'"},
	{"message B { option (ctsync.kind) = {name: \"B\"}; }",
		"message 't.B' has a bad name of a kind: 'B'"},
	{"message B { option (ctsync.kind) = {title_field: \"b\"}; }",
		"message 't.B' has a bad name of a kind: ''"},
	{"message B { option (ctsync.kind) = {name: \"a23456789012345678901234567890123\"}; }",
		"message 't.B' has a bad name of a kind: 'a23456789012345678901234567890123'"},
	{"message B { option (ctsync.kind) = {name: \"b\", title_field: \"c\"}; }",
		"'b' has no single field 'c' to be its title"},
	{"message B { option (ctsync.kind) = {name: \"b\", owner_field: \"c\"}; string c = 1; }",
		"'b' has no reference 'c' to name its owners"},
	{"message B { option (ctsync.kind) = {common: true}; }",
		"'ctsync.Common' and 't.B' are both marked as the common fields"},
	{"message B { string s = 1; }", "the schema has 0 kinds; it must have 1 to 256"},
	{KIND("string s = 1" RULES("ref: \"b\"")),
		"field 's' of 'a' refers to 'b', which is no kind"},
	{KIND("string s = 1" RULES("ref: [\"a\", \"*\"]")),
		"field 's' of 'a' refers to '*', which is no kind"},
	{KIND("string s = 1" RULES("ref: [\"a\", \"a\"]")), "field 's' of 'a' names 'a' twice"},
	{KIND("int32 s = 1" RULES("ref: \"a\"")),
		"field 's' of 'a' is a reference but not a string"},
	{KIND("string s = 1" RULES("ref: \"a\", form: date")),
		"field 's' of 'a' is a reference and has a form of its own"},
	{KIND("string s = 1" RULES("merge: SET")),
		"field 's' of 'a' merges as SET but is not repeated"},
	{KIND("string s = 1" RULES("merge: LIST")),
		"field 's' of 'a' merges as LIST but is not repeated"},
	{KIND("string s = 1" RULES("merge: INTERSECT")),
		"field 's' of 'a' merges as INTERSECT but is not repeated"},
	{KIND("int32 s = 1" RULES("merge: TEXT")),
		"field 's' of 'a' merges as TEXT but is not one string"},
	{KIND("string s = 1" RULES("merge: STRICTEST")),
		"field 's' of 'a' merges as STRICTEST but is not one enumeration"},
	{KIND("repeated string s = 1;"), "field 's' of 'a' is repeated but merges as REGISTER"},
	{KIND("repeated string s = 1" RULES("merge: WRITE_ONCE")),
		"field 's' of 'a' is repeated but merges as WRITE_ONCE"},
	{KIND("repeated string s = 1" RULES("merge: SET, unique: true")),
		"field 's' of 'a' is unique but repeated"},
	{KIND("int32 s = 1" RULES("form: date")),
		"field 's' of 'a' has a form but is not a string"},
	{KIND("string s = 1" RULES("min: {value: 1}")),
		"field 's' of 'a' has bounds but is not a number"},
	{KIND("int32 s = 1" RULES("min: {value: 2}, max: {value: 1}")),
		"field 's' of 'a' has a lower bound above its upper one"},
	{KIND("int32 s = 1" RULES("pattern: \"1\"")),
		"field 's' of 'a' has a pattern but is not a string"},
	{KIND("string s = 1" RULES("pattern: \"[a\"")),
		"the pattern of field 's' of 'a' is wrong: "},
	{KIND("string s = 1" RULES("pattern: \"((a{1,255}){1,255}){1,255}\"")),
		"the pattern of field 's' of 'a' is too long or too costly"},
	{KIND("string s = 1" RULES("pattern: \"a{99999}\"")),
		"the pattern of field 's' of 'a' is too long or too costly"},
	{KIND("string s = 1" RULES("pattern: \"(a*)\\\\1\"")),
		"the pattern of field 's' of 'a' is too long or too costly"},
	{KIND("string s = 1" RULES("pattern: \"\xc4\x81\"")),
		"the pattern of field 's' of 'a' is not plain ASCII"},
	{KIND("enum E { unspecified = 0; a = -1; } E e = 1;"),
		"'a' of enumeration 't.A.E' has not a number above 0"},
	{KIND("enum E { option allow_alias = true; z = 0; b = 1; c = 1; } E e = 1;"),
		"'b' and 'c' of enumeration 't.A.E' cannot be told apart"},
	{KIND("enum E { z = 0; unspecified = 1; } E e = 1;"),
		"enumeration 't.A.E' has a member with a bad name"},
};

static void assert_refused(const struct cts_buf *bytes, int code, const char *message)
{
	struct cts_schema *schema = NULL;
	int rc = cts_schema_load(&schema, bytes->data ? bytes->data : "", bytes->size);

	assert_null(schema);
	if (rc != code || strncmp(cts_error_message(rc), message, strlen(message)) != 0)
		fail_msg("expected %d '%s'\ngot %d '%s'", code, message, rc, cts_error_message(rc));
}

static void test_what_a_schema_may_not_hold_is_refused(void **state)
{
	struct cts_buf bytes = {0};

	(void)state;
	schemas_compile_text(&bytes, KIND("string s = 1;"));
	cts_schema_free(schemas_load(&bytes));
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		schemas_compile_text(&bytes, refusals[i].body);
		assert_refused(&bytes, CTS_EVALUE, refusals[i].message);
	}
	cts_buf_release(&bytes);
}

static void test_a_schema_without_the_common_fields_is_refused(void **state)
{
	static const char text[] =
		"syntax = \"proto3\"; import \"options.proto\"; message A { option "
		"(ctsync.kind) = {name: \"a\"}; string s = 1; }";
	struct cts_buf bytes = {0};

	(void)state;
	schemas_write_file(schemas_path("alone.proto"), text, strlen(text));
	schemas_compile(&bytes, schemas_dir, "alone.proto");
	assert_refused(&bytes, CTS_EVALUE, "the schema has no common fields");
	assert_string_equal(cts_error_hint(), "name record.proto to protoc too");
	/* Named beside it, without an import, it is enough. */
	schemas_compile(&bytes, schemas_dir, "alone.proto record.proto");
	cts_schema_free(schemas_load(&bytes));
	cts_buf_release(&bytes);
}

static void test_a_message_of_proto2_is_refused(void **state)
{
	static const char text[] =
		"syntax = \"proto2\"; import \"options.proto\"; import "
		"\"record.proto\"; message A { option (ctsync.kind) = {name: \"a\"}; "
		"optional string s = 1; }";
	struct cts_buf bytes = {0};

	(void)state;
	schemas_write_file(schemas_path("old.proto"), text, strlen(text));
	schemas_compile(&bytes, schemas_dir, "old.proto");
	assert_refused(&bytes, CTS_EVALUE, "the message of 'a' is not proto3");
	cts_buf_release(&bytes);
}

/* options.proto of a later program, with one enumerator more. */
static void newer_options(const char *before, const char *more)
{
	struct cts_buf options = {0}, text = {0};
	const char *at;

	schemas_read_file(&options, SCHEMAS_PROTO_DIR "/options.proto");
	at = strstr(cts_buf_text(&options), before);
	assert_non_null(at);
	cts_buf_put(&text, options.data, (size_t)(at - options.data));
	cts_buf_puts(&text, more);
	cts_buf_puts(&text, at);
	schemas_write_file(schemas_path("options.proto"), text.data, text.size);
	cts_buf_release(&options);
	cts_buf_release(&text);
}

static void test_an_unknown_merge_class_or_form_needs_a_newer_program(void **state)
{
	struct cts_buf bytes = {0};

	(void)state;
	newer_options("WRITE_ONCE = 6;", "COUNTER = 7; ");
	schemas_compile_text(&bytes, KIND("string s = 1" RULES("merge: COUNTER")));
	assert_refused(&bytes, CTS_ENEWER,
		"field 's' of 'a' has a merge class that this program does not know");
	newer_options("sha256 = 7;", "isbn = 8; ");
	schemas_compile_text(&bytes, KIND("string s = 1" RULES("form: isbn")));
	assert_refused(
		&bytes, CTS_ENEWER, "field 's' of 'a' has a form that this program does not know");
	/* Known to it, not used: no reason to stop. */
	schemas_compile_text(&bytes, KIND("string s = 1;"));
	cts_schema_free(schemas_load(&bytes));
	unlink(schemas_path("options.proto"));
	cts_buf_release(&bytes);
}

/* ---- bytes that nobody honest would send ---- */

static void put_varint(struct cts_buf *out, size_t value)
{
	for (; value > 0x7f; value >>= 7)
		cts_buf_putc(out, (char)(value | 0x80));
	cts_buf_putc(out, (char)value);
}

/* `inner` as field `number` of a message around it. */
static void wrap(struct cts_buf *inner, unsigned number)
{
	struct cts_buf outer = {0};

	cts_buf_putc(&outer, (char)(number << 3 | 2));
	put_varint(&outer, inner->size);
	cts_buf_put(&outer, inner->data ? inner->data : "", inner->size);
	cts_buf_release(inner);
	*inner = outer;
}

static void test_messages_nested_without_end_are_refused(void **state)
{
	struct cts_buf bytes = {0};

	(void)state;
	for (int i = 0; i < 20000; i++)
		wrap(&bytes, 3);
	wrap(&bytes, 4);
	wrap(&bytes, 1);
	assert_refused(&bytes, CTS_EVALUE, "not a compiled schema");
	cts_buf_release(&bytes);
}

static void test_a_schema_that_unpacks_to_gigabytes_is_refused(void **state)
{
	struct cts_buf files = {0};

	(void)state;
	/* Empty files: two bytes on disk, hundreds in memory. */
	while (files.size < 3 * 1024 * 1024)
		cts_buf_put(&files, "\x0a\x00", 2);
	assert_refused(&files, CTS_EVALUE, "not a compiled schema");
	while (files.size <= 4 * 1024 * 1024)
		cts_buf_put(&files, "\x0a\x00", 2);
	assert_refused(&files, CTS_EVALUE, "the schema is longer than 4 MiB");
	cts_buf_clear(&files);
	assert_refused(&files, CTS_EVALUE, "not a compiled schema");
	cts_buf_puts(&files, "{\"kinds\": []}\n");
	assert_refused(&files, CTS_EVALUE, "not a compiled schema");
	cts_buf_release(&files);
}

/* Whatever is loaded after damage must still be sound to walk. */
static void walk(const struct cts_schema *schema)
{
	for (size_t i = 0; i < cts_schema_kind_count(schema); i++) {
		const struct cts_kind *kind = cts_schema_kind_at(schema, i);

		assert_ptr_equal(cts_schema_kind(schema, kind->name), kind);
		for (size_t k = 0; k < kind->field_count; k++) {
			struct cts_slot slot = cts_kind_slot(kind, &kind->fields[k]);

			assert_ptr_equal(
				cts_kind_field(kind, kind->fields[k].name), &kind->fields[k]);
			assert_true(
				slot.offset + 8 <=
				cts_kind_descriptor(kind, kind->fields[k].common)->sizeof_message);
			assert_non_null(kind->fields[k].doc);
		}
	}
}

static void test_damaged_bytes_are_refused_or_give_a_sound_schema(void **state)
{
	const char *given = getenv("CTS_SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	struct cts_slice bytes = cts_schema_bytes(cts_schema_builtin());
	char *copy = malloc(bytes.size);
	struct cts_schema *schema;
	int loaded = 0;

	(void)state;
	printf("CTS_SEED=%u\n", seed);
	assert_non_null(copy);
	for (size_t size = 0; size < bytes.size; size += 61)
		if (cts_schema_load(&schema, bytes.data, size) == 0) {
			walk(schema);
			cts_schema_free(schema);
		}
	for (int round = 0; round < 3000; round++) {
		memcpy(copy, bytes.data, bytes.size);
		for (int i = 0; i < 1 + round % 4; i++)
			copy[(size_t)rand_r(&seed) % bytes.size] = (char)rand_r(&seed);
		if (cts_schema_load(&schema, copy, bytes.size) < 0)
			continue;
		walk(schema);
		cts_schema_free(schema);
		loaded++;
	}
	/* Comments fill much of the bytes: damage there leaves a schema. */
	assert_in_range(loaded, 100, 2999);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_schema_may_not_hold_is_refused),
		cmocka_unit_test(test_a_schema_without_the_common_fields_is_refused),
		cmocka_unit_test(test_a_message_of_proto2_is_refused),
		cmocka_unit_test(test_an_unknown_merge_class_or_form_needs_a_newer_program),
		cmocka_unit_test(test_messages_nested_without_end_are_refused),
		cmocka_unit_test(test_a_schema_that_unpacks_to_gigabytes_is_refused),
		cmocka_unit_test(test_damaged_bytes_are_refused_or_give_a_sound_schema),
	};

	return cmocka_run_group_tests(tests, schemas_make_dir, schemas_remove_dir);
}
