/*
 * The built-in schema's tables were written as C when the program was built. They must be those
 * that the reader makes of the same .proto files at run time, down to protobuf-c's descriptors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/error.h"
#include "proto/schema.h"
#include "proto/schema_internal.h"
#include "tests/support/schemas.h"

static struct cts_schema *made;

static int make(void **state)
{
	struct cts_buf bytes = {0};

	if (schemas_make_dir(state) != 0)
		return -1;
	/* As protoc writes it: other bytes than the built-in schema's, so the reader reads them. */
	schemas_compile(&bytes, SCHEMAS_PROTO_DIR, "options.proto record.proto programme.proto");
	made = schemas_load(&bytes);
	cts_buf_release(&bytes);
	assert_ptr_not_equal(made, cts_schema_builtin());
	return 0;
}

static int discard(void **state)
{
	cts_schema_free(made);
	return schemas_remove_dir(state);
}

static void same_text(const char *a, const char *b)
{
	assert_true(!a == !b);
	if (a)
		assert_string_equal(a, b);
}

static void same_field(const struct cts_field *a, const struct cts_field *b)
{
	same_text(a->name, b->name);
	same_text(a->doc, b->doc);
	same_text(a->pattern, b->pattern);
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->index, b->index);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->merge, b->merge);
	assert_int_equal(a->form, b->form);
	assert_int_equal(a->repeated, b->repeated);
	assert_int_equal(a->required, b->required);
	assert_int_equal(a->indexed, b->indexed);
	assert_int_equal(a->unique, b->unique);
	assert_int_equal(a->common, b->common);
	assert_int_equal(a->is_ref, b->is_ref);
	assert_int_equal(a->has_min, b->has_min);
	assert_int_equal(a->has_max, b->has_max);
	assert_true(a->min == b->min && a->max == b->max);
	assert_int_equal(a->ref_count, b->ref_count);
	for (size_t i = 0; i < a->ref_count; i++)
		assert_string_equal(a->ref_kinds[i], b->ref_kinds[i]);
	assert_int_equal(a->enumerator_count, b->enumerator_count);
	for (size_t i = 0; i < a->enumerator_count; i++) {
		same_text(a->enumerators[i].name, b->enumerators[i].name);
		same_text(a->enumerators[i].doc, b->enumerators[i].doc);
		assert_int_equal(a->enumerators[i].number, b->enumerators[i].number);
	}
}

static void test_kinds_and_fields_are_those_that_the_reader_makes(void **state)
{
	const struct cts_schema *builtin = cts_schema_builtin();

	(void)state;
	assert_int_equal(cts_schema_kind_count(builtin), cts_schema_kind_count(made));
	for (size_t i = 0; i < cts_schema_kind_count(made); i++) {
		const struct cts_kind *a = cts_schema_kind_at(builtin, i);
		const struct cts_kind *b = cts_schema_kind_at(made, i);

		same_text(a->name, b->name);
		same_text(a->message, b->message);
		same_text(a->doc, b->doc);
		assert_int_equal(a->own_count, b->own_count);
		assert_int_equal(a->field_count, b->field_count);
		assert_ptr_equal(a->schema, builtin);
		assert_ptr_equal(a->title, b->title ? &a->fields[b->title->index] : NULL);
		assert_ptr_equal(a->owner, b->owner ? &a->fields[b->owner->index] : NULL);
		for (size_t k = 0; k < b->field_count; k++) {
			same_field(&a->fields[k], &b->fields[k]);
			assert_ptr_equal(cts_kind_field(a, b->fields[k].name), &a->fields[k]);
		}
		assert_ptr_equal(cts_schema_kind(builtin, b->name), a);
		assert_null(cts_kind_field(a, "no_such_field"));
	}
	assert_null(cts_schema_kind(builtin, "no_such_kind"));
}

static void same_descriptor(
	const ProtobufCMessageDescriptor *a, const ProtobufCMessageDescriptor *b)
{
	assert_int_equal(a->magic, b->magic);
	same_text(a->name, b->name);
	same_text(a->short_name, b->short_name);
	same_text(a->c_name, b->c_name);
	same_text(a->package_name, b->package_name);
	assert_int_equal(a->sizeof_message, b->sizeof_message);
	assert_null(a->message_init);
	assert_int_equal(a->n_fields, b->n_fields);
	for (unsigned i = 0; i < a->n_fields; i++) {
		const ProtobufCFieldDescriptor *x = &a->fields[i], *y = &b->fields[i];

		same_text(x->name, y->name);
		assert_int_equal(x->id, y->id);
		assert_int_equal(x->label, y->label);
		assert_int_equal(x->type, y->type);
		assert_int_equal(x->quantifier_offset, y->quantifier_offset);
		assert_int_equal(x->offset, y->offset);
		assert_ptr_equal(x->descriptor, y->descriptor);
		assert_ptr_equal(x->default_value, y->default_value);
		assert_int_equal(x->flags, y->flags);
		assert_int_equal(a->fields_sorted_by_name[i], b->fields_sorted_by_name[i]);
	}
	assert_int_equal(a->n_field_ranges, b->n_field_ranges);
	for (unsigned i = 0; i <= a->n_field_ranges; i++) {
		assert_int_equal(a->field_ranges[i].start_value, b->field_ranges[i].start_value);
		assert_int_equal(a->field_ranges[i].orig_index, b->field_ranges[i].orig_index);
	}
}

static void test_messages_lie_in_memory_as_the_reader_lays_them(void **state)
{
	const struct cts_kind *first = cts_schema_kind_at(cts_schema_builtin(), 0);

	(void)state;
	for (size_t i = 0; i < cts_schema_kind_count(made); i++) {
		const struct cts_kind *a = cts_schema_kind_at(cts_schema_builtin(), i);
		const struct cts_kind *b = cts_schema_kind_at(made, i);

		same_descriptor(cts_kind_descriptor(a, false), cts_kind_descriptor(b, false));
		same_descriptor(cts_kind_descriptor(a, true), cts_kind_descriptor(b, true));
		assert_ptr_equal(cts_kind_descriptor(a, true), cts_kind_descriptor(first, true));
		for (size_t k = 0; k < b->field_count; k++) {
			struct cts_slot x = cts_kind_slot(a, &a->fields[k]);
			struct cts_slot y = cts_kind_slot(b, &b->fields[k]);

			assert_int_equal(x.offset, y.offset);
			assert_int_equal(x.count_offset, y.count_offset);
		}
	}
}

static void test_its_bytes_and_its_json_are_the_same_too(void **state)
{
	struct cts_slice a = cts_schema_bytes(cts_schema_builtin()), b = cts_schema_bytes(made);
	struct cts_buf x = {0}, y = {0};

	(void)state;
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
	cts_schema_json(&x, cts_schema_builtin(), NULL);
	cts_schema_json(&y, made, NULL);
	assert_string_equal(cts_buf_text(&x), cts_buf_text(&y));
	cts_buf_release(&x);
	cts_buf_release(&y);
}

static void test_it_cannot_be_freed(void **state)
{
	(void)state;
	cts_schema_free((struct cts_schema *)cts_schema_builtin());
	assert_non_null(cts_schema_kind(cts_schema_builtin(), "milestone"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds_and_fields_are_those_that_the_reader_makes),
		cmocka_unit_test(test_messages_lie_in_memory_as_the_reader_lays_them),
		cmocka_unit_test(test_its_bytes_and_its_json_are_the_same_too),
		cmocka_unit_test(test_it_cannot_be_freed),
	};

	return cmocka_run_group_tests(tests, make, discard);
}
