/*
 * The schema: the default one against a table of what it must hold, its normal form, its JSON, and
 * one that the program was not built with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/error.h"
#include "proto/schema.h"
#include "proto/schema_internal.h"
#include "tests/support/schemas.h"

/* ---- the default schema ---- */

#define STATUS "{not_started,in_progress,ongoing,blocked,complete,cancelled,superseded}"
#define RATING "{green,amber_green,amber,amber_red,red,not_rated}"
#define LEVELS "{unclassified,in_confidence,sensitive,restricted,confidential,secret,top_secret}"

static const struct {
	const char *kind, *title, *owner, *fields;
} expected[] = {
	{"programme", "title", "owner",
		"title*; year int32 1900..2200; owner>agency; rating_definitions:TEXT; "
		"governance[]:SET>body"},
	{"agency", "code", NULL,
		"code*!; name; aliases[]:SET; role{coordinator,member,observer}; keys[]:SET; "
		"ceiling" LEVELS "; valid_from=date; valid_to=date"},
	{"body", "code", "host",
		"code*; name; form{board,committee,group,programme,role}; host>agency; "
		"members[]:SET>agency; reports_to>body"},
	{"initiative", "title", "leads",
		"title*; programme>programme; position int32 1..; "
		"row_kind{initiative,underpinning}; "
		"overview:TEXT; points[]:LIST; notes:TEXT; leads[]:SET>agency/body; lead_note; "
		"recommendations[]:SET>recommendation; workstreams_note; recommendations_note; "
		"milestone_note; status" STATUS "; rating" RATING},
	{"workstream", "title", "owners",
		"title*; initiative*>initiative; position int32 1..; owners[]:SET>agency/body; "
		"owner_state{assigned,tbd,withheld}; recommendations[]:SET>recommendation; "
		"recommendation_state{linked,none,unknown,various}; "
		"link_confidence{printed,content,inferred,confirmed}; status" STATUS
		"; rating" RATING},
	{"recommendation", "gist", "lead",
		"inquiry{rcoi}; number* int32 1..44; gist:TEXT; lead>agency; "
		"supports[]:SET>agency; "
		"decision{accepted,accepted_in_principle,not_accepted}; "
		"status{not_started,in_progress,implemented,integrated,not_progressing}; "
		"closing_note:TEXT"},
	{"milestone", "label", NULL,
		"parent*>workstream/initiative; position int32 1..; label:TEXT; due=fuzzy_date; "
		"baseline:WRITE_ONCE=fuzzy_date; forecast=fuzzy_date; status" STATUS
		"; done_on=date; reports_to>body; depends_on[]:SET>milestone"},
	{"update", "as_at", NULL,
		"about*>*; period=period; as_at*=date; rating" RATING "; trend{up,steady,down}; "
		"narrative:TEXT; decision_sought:TEXT"},
	{"dependency", "on_text", NULL,
		"from*>*; on>*; on_text; "
		"nature{funding,legislation,cabinet_decision,agency,other}; "
		"state{open,met,failed}; decision_by=fuzzy_date"},
	{"brief", "topic", NULL, "topic*; counterparts[]:SET; as_at=date; position int32 1.."},
	{"section", "heading", NULL,
		"brief*>brief; position int32 1..; heading*; role{situational_assessment,"
		"offensive_interest,defensive_interest,approach,current_work,partnering,common_"
		"interest,"
		"other}; items[]:LIST"},
	{"request", "reference", NULL,
		"reference*; received*=date; due=date; scope:TEXT; records[]:SET>*; "
		"decision{release,part,refuse,transfer,neither_confirm_nor_deny}; "
		"refusal_grounds[]:SET=ground; status" STATUS "; public_interest:TEXT"},
	{"release", NULL, NULL,
		"request>request; records[]:SET>*; revision=commit; ruleset; output_sha256=sha256; "
		"grounds[]:SET=ground; signed_off_by>agency"},
};

static void test_the_default_schema_has_every_kind_and_field(void **state)
{
	const struct cts_schema *schema = cts_schema_builtin();
	size_t count = sizeof(expected) / sizeof(*expected);
	struct cts_buf text = {0};

	(void)state;
	assert_int_equal(cts_schema_kind_count(schema), count);
	for (size_t i = 0; i < count; i++) {
		const struct cts_kind *kind = cts_schema_kind_at(schema, i);

		assert_string_equal(kind->name, expected[i].kind);
		assert_ptr_equal(kind, cts_schema_kind(schema, kind->name));
		assert_ptr_equal(kind->schema, schema);
		schemas_describe(&text, kind, 0, kind->own_count);
		assert_string_equal(cts_buf_text(&text), expected[i].fields);
		schemas_describe(&text, kind, kind->own_count, kind->field_count);
		assert_string_equal(cts_buf_text(&text), schemas_common);
		assert_string_equal(kind->title ? kind->title->name : "",
			expected[i].title ? expected[i].title : "");
		assert_string_equal(kind->owner ? kind->owner->name : "",
			expected[i].owner ? expected[i].owner : "");
		for (size_t k = 0; k < kind->field_count; k++) {
			const struct cts_field *field = &kind->fields[k];

			assert_int_equal(field->index, k);
			assert_int_equal(field->common, k >= kind->own_count);
			assert_ptr_equal(field, cts_kind_field(kind, field->name));
			assert_true(field->number < 150);
			if (field->is_ref || field->unique)
				assert_true(field->indexed);
		}
	}
	assert_null(cts_schema_kind_at(schema, count));
	cts_buf_release(&text);
}

static void test_everything_in_the_default_schema_has_a_comment(void **state)
{
	const struct cts_schema *schema = cts_schema_builtin();

	(void)state;
	for (size_t i = 0; i < cts_schema_kind_count(schema); i++) {
		const struct cts_kind *kind = cts_schema_kind_at(schema, i);

		if (strlen(kind->doc) < 10)
			fail_msg("'%s' has no comment", kind->name);
		for (size_t k = 0; k < kind->field_count; k++) {
			const struct cts_field *field = &kind->fields[k];

			if (strlen(field->doc) < 10)
				fail_msg("'%s.%s' has no comment", kind->name, field->name);
			for (size_t e = 0; e < field->enumerator_count; e++)
				if (!*field->enumerators[e].doc)
					fail_msg("'%s.%s=%s' has no comment", kind->name,
						field->name, field->enumerators[e].name);
		}
	}
}

/* Every macro of programme.h names something, and everything has a macro. */
static void test_the_header_of_names_follows_the_default_schema(void **state)
{
	const struct cts_schema *schema = cts_schema_builtin();
	struct cts_buf header = {0}, line = {0};
	size_t names = 0, lines = 0;

	(void)state;
	schemas_read_file(&header, SCHEMAS_PROTO_DIR "/programme.h");
	for (size_t i = 0; i < cts_schema_kind_count(schema); i++) {
		const struct cts_kind *kind = cts_schema_kind_at(schema, i);

		for (size_t k = 0; k <= (i ? kind->own_count : kind->field_count); k++) {
			const char *prefix = k == 0                ? "kind"
					     : k > kind->own_count ? "common"
								   : kind->name;
			const char *name = k == 0 ? kind->name : kind->fields[k - 1].name;

			cts_buf_clear(&line);
			cts_buf_printf(&line, "#define CTS_%s_%s", prefix, name);
			for (char *c = line.data + 8; *c; c++)
				if (*c >= 'a' && *c <= 'z')
					*c = (char)(*c - 32);
			cts_buf_printf(&line, " \"%s\"\n", name);
			if (!strstr(cts_buf_text(&header), cts_buf_text(&line)))
				fail_msg("programme.h has no %s", cts_buf_text(&line));
			names++;
		}
	}
	for (const char *s = cts_buf_text(&header); (s = strstr(s, "#define CTS_")); s++)
		lines++;
	assert_int_equal(lines, names + 1 /* the guard */);
	cts_buf_release(&header);
	cts_buf_release(&line);
}

static void test_classifications_rise_in_order(void **state)
{
	const struct cts_kind *kind = cts_schema_kind(cts_schema_builtin(), "milestone");
	const struct cts_field *field = cts_kind_field(kind, "classification");

	(void)state;
	assert_int_equal(cts_field_rank(field, "unclassified"), 1);
	assert_int_equal(cts_field_rank(field, "in_confidence"), 2);
	assert_int_equal(cts_field_rank(field, "top_secret"), 7);
	assert_int_equal(cts_field_rank(field, ""), 0);
	assert_int_equal(cts_field_rank(field, "unspecified"), 0);
	assert_int_equal(cts_field_rank(field, "umbra"), 0);
	assert_string_equal(cts_field_enumerator(field, "Top_SECRET")->name, "top_secret");
	assert_null(cts_field_enumerator(field, "unspecified"));
	assert_string_equal(cts_field_enumerator_at(field, 3)->name, "sensitive");
	assert_null(cts_field_enumerator_at(field, 0));
	assert_null(cts_field_enumerator_at(field, 8));
}

static void test_a_misspelt_name_gets_the_nearest(void **state)
{
	const struct cts_schema *schema = cts_schema_builtin();
	const struct cts_kind *kind;
	const struct cts_field *field = NULL;

	(void)state;
	assert_int_equal(cts_schema_find_kind(&kind, schema, "milestone"), 0);
	assert_int_equal(cts_kind_find_field(&field, kind, "due"), 0);
	assert_string_equal(field->name, "due");
	field = NULL;

	assert_int_equal(cts_kind_find_field(&field, kind, "statsu"), CTS_EVALUE);
	assert_null(field);
	assert_string_equal(cts_error_message(CTS_EVALUE), "'milestone' has no field 'statsu'");
	assert_string_equal(cts_error_hint(), "did you mean 'status'?");
	assert_int_equal(cts_kind_find_field(&field, kind, "xyzzy"), CTS_EVALUE);
	assert_string_equal(cts_error_hint(), "ctsync schema milestone");
	assert_int_equal(cts_schema_find_kind(&kind, schema, "mileston"), CTS_EVALUE);
	assert_string_equal(cts_error_message(CTS_EVALUE), "no kind 'mileston'");
	assert_string_equal(cts_error_hint(), "did you mean 'milestone'?");
	assert_null(cts_schema_kind(schema, "Milestone"));
	assert_null(cts_schema_kind(schema, ""));
	assert_null(cts_kind_field(kind, "deleted"));
}

/* ---- normal form ---- */

static void test_equal_schemas_have_equal_bytes(void **state)
{
	struct cts_slice builtin = cts_schema_bytes(cts_schema_builtin()), again;
	struct cts_buf bytes = {0};
	struct cts_schema *schema, *second;

	(void)state;
	/* As protoc writes it: descriptor.proto and thousands of spans inside. */
	schemas_compile(&bytes, SCHEMAS_PROTO_DIR, "options.proto record.proto programme.proto");
	assert_true(bytes.size > 2 * builtin.size);
	schema = schemas_load(&bytes);
	again = cts_schema_bytes(schema);
	assert_int_equal(again.size, builtin.size);
	assert_memory_equal(again.data, builtin.data, again.size);

	/* A fixed point, and the built-in schema itself. */
	assert_int_equal(cts_schema_load(&second, again.data, again.size), 0);
	assert_ptr_equal(second, cts_schema_builtin());
	cts_schema_free(second);
	assert_int_equal(cts_schema_kind_count(cts_schema_builtin()), 13);
	cts_schema_free(schema);

	schemas_compile(&bytes, SCHEMAS_DATA_DIR, "garden.proto");
	schema = schemas_load(&bytes);
	again = cts_schema_bytes(schema);
	assert_int_equal(cts_schema_load(&second, again.data, again.size), 0);
	assert_int_equal(cts_schema_bytes(second).size, again.size);
	assert_memory_equal(cts_schema_bytes(second).data, again.data, again.size);
	assert_string_equal(
		cts_schema_kind(second, "bed")->doc, cts_schema_kind(schema, "bed")->doc);
	cts_schema_free(schema);
	cts_schema_free(second);
	cts_schema_free(NULL);
	cts_buf_release(&bytes);
}

/* ---- a schema that the program was not built with ---- */

static void test_an_unknown_schema_gives_its_kinds_and_rules(void **state)
{
	struct cts_buf bytes = {0}, text = {0};
	const struct cts_kind *plant, *bed;
	struct cts_schema *schema;

	(void)state;
	schemas_compile(&bytes, SCHEMAS_DATA_DIR, "garden.proto");
	schema = schemas_load(&bytes);
	assert_int_equal(cts_schema_kind_count(schema), 2);
	bed = cts_schema_kind_at(schema, 0);
	plant = cts_schema_kind(schema, "plant");
	assert_string_equal(bed->message, "garden.Bed");
	assert_string_equal(bed->doc, "A bed, where plants grow.");
	assert_string_equal(bed->fields[0].doc, "What it says on the sign.");
	assert_string_equal(plant->doc, "A plant.\n\nIt grows in a bed, mostly.");
	assert_string_equal(plant->title->name, "latin");
	assert_string_equal(plant->owner->name, "bed");
	assert_string_equal(cts_kind_field(plant, "latin")->pattern, "[A-Z][a-z]+ [a-z]+");
	assert_string_equal(
		cts_kind_field(plant, "season")->enumerators[0].doc, "When things begin.");
	assert_string_equal(cts_kind_field(plant, "season")->enumerators[1].doc, "");
	schemas_describe(&text, bed, 0, bed->own_count);
	assert_string_equal(cts_buf_text(&text), "name; gardener>*");
	schemas_describe(&text, plant, 0, plant->own_count);
	assert_string_equal(cts_buf_text(&text),
		"latin*; bed>bed/plant; evergreen bool; height int32 0..12000; frost int32; south "
		"int32; "
		"seeds uint32; code! uint32; planted int64; drift int64; east int64; leaves "
		"uint64; "
		"cells uint64; season:STRICTEST{spring,autumn,summer}; names[]:SET; heights[] "
		"int32:LIST; "
		"drifts[] int64:LIST; seasons[]:INTERSECT{spring,autumn,summer}; moods[] "
		"bool:LIST; "
		"story:TEXT; first:WRITE_ONCE=fuzzy_date");
	schemas_describe(&text, plant, plant->own_count, plant->field_count);
	assert_string_equal(cts_buf_text(&text), schemas_common);
	cts_schema_free(schema);
	cts_buf_release(&bytes);
	cts_buf_release(&text);
}

#define AT(type, kind, message, name)                                                              \
	(*(type *)((char *)(message) +                                                             \
		   cts_kind_slot((kind), cts_kind_field((kind), (name))).offset))
#define COUNT(kind, message, name)                                                                 \
	(*(size_t *)((char *)(message) +                                                           \
		     cts_kind_slot((kind), cts_kind_field((kind), (name))).count_offset))

/* protoc encodes a plant; the descriptor made here reads it and writes the same bytes. */
static void test_descriptors_made_at_run_time_speak_protobuf(void **state)
{
	struct cts_buf bytes = {0}, encoded = {0};
	struct cts_limited_allocator alloc;
	struct cts_arena arena = {0};
	const struct cts_kind *plant;
	struct cts_schema *schema;
	ProtobufCMessage *message;
	uint8_t *packed;

	(void)state;
	schemas_compile(&bytes, SCHEMAS_DATA_DIR, "garden.proto");
	schema = schemas_load(&bytes);
	plant = cts_schema_kind(schema, "plant");
	schemas_run("protoc -I " SCHEMAS_DATA_DIR " -I " SCHEMAS_PROTO_DIR
		    " -I /usr/include --encode=garden.Plant garden.proto "
		    "<" SCHEMAS_DATA_DIR "/plant.txtpb >%s 2>/dev/null",
		schemas_path("plant.bin"));
	schemas_read_file(&encoded, schemas_path("plant.bin"));

	cts_limited_allocator_init(&alloc, &arena, CTS_UNPACK_MAX);
	message = protobuf_c_message_unpack(cts_kind_descriptor(plant, false), &alloc.base,
		encoded.size, (const uint8_t *)encoded.data);
	assert_non_null(message);
	assert_int_equal(message->n_unknown_fields, 0);
	assert_true(protobuf_c_message_check(message));
	assert_string_equal(AT(char *, plant, message, "latin"), "Metrosideros excelsa");
	assert_true(AT(protobuf_c_boolean, plant, message, "evergreen"));
	assert_int_equal(AT(int32_t, plant, message, "height"), 2000);
	assert_int_equal(AT(int32_t, plant, message, "frost"), -4);
	assert_int_equal(AT(int32_t, plant, message, "south"), -41);
	assert_true(AT(uint32_t, plant, message, "seeds") == 4000000000u);
	assert_true(AT(int64_t, plant, message, "planted") == -9000000000);
	assert_true(AT(int64_t, plant, message, "drift") == -3);
	assert_true(AT(uint64_t, plant, message, "leaves") == UINT64_MAX);
	assert_true(AT(uint64_t, plant, message, "cells") == 5);
	assert_int_equal(AT(int32_t, plant, message, "season"), 2);
	assert_int_equal(COUNT(plant, message, "names"), 2);
	assert_string_equal(AT(char **, plant, message, "names")[1], "rata");
	assert_int_equal(COUNT(plant, message, "heights"), 3);
	assert_int_equal(AT(int32_t *, plant, message, "heights")[2], 300);
	assert_true(AT(int64_t *, plant, message, "drifts")[0] == -1);
	assert_int_equal(AT(int32_t *, plant, message, "seasons")[1], 3);
	assert_int_equal(AT(protobuf_c_boolean *, plant, message, "moods")[0], 1);
	assert_string_equal(AT(char *, plant, message, "story"), "");

	assert_int_equal(protobuf_c_message_get_packed_size(message), encoded.size);
	packed = cts_arena_alloc(&arena, encoded.size);
	protobuf_c_message_pack(message, packed);
	assert_memory_equal(packed, encoded.data, encoded.size);

	/* By name and by number, as protoc-c's own descriptors. */
	for (size_t i = 0; i < plant->own_count; i++) {
		const ProtobufCMessageDescriptor *d = cts_kind_descriptor(plant, false);
		const struct cts_field *field = &plant->fields[i];

		assert_int_equal(
			protobuf_c_message_descriptor_get_field_by_name(d, field->name)->id,
			field->number);
		assert_string_equal(protobuf_c_message_descriptor_get_field(d, field->number)->name,
			field->name);
	}
	assert_null(protobuf_c_message_descriptor_get_field(cts_kind_descriptor(plant, false), 2));

	/* Hostile bytes cannot take more than they are given. */
	cts_limited_allocator_init(&alloc, &arena, 300);
	assert_null(protobuf_c_message_unpack(cts_kind_descriptor(plant, false), &alloc.base,
		encoded.size, (const uint8_t *)encoded.data));
	cts_arena_release(&arena);
	cts_schema_free(schema);
	cts_buf_release(&bytes);
	cts_buf_release(&encoded);
}

static void test_comments_are_cleaned(void **state)
{
	struct cts_buf bytes = {0};
	struct cts_schema *schema;
	char *at;

	(void)state;
	schemas_compile_text(&bytes, "// one\n//   two \n//\n//\n// m\xc4\x81 QQQQQQ\n"
				     "message A { option (ctsync.kind) = {name: \"a\"}; }");
	at = memmem(bytes.data, bytes.size, "QQQQQQ", 6);
	assert_non_null(at);
	memcpy(at, "\x1b[m\xff\xc4!", 6);
	schema = schemas_load(&bytes);
	assert_string_equal(cts_schema_kind(schema, "a")->doc, "one two\n\nm\xc4\x81 ?[m?\?!");
	cts_schema_free(schema);
	cts_buf_release(&bytes);
}

/* ---- JSON ---- */

static void test_schema_json_is_what_python_writes(void **state)
{
	const struct cts_schema *schema = cts_schema_builtin();
	struct cts_buf json = {0}, one = {0};

	(void)state;
	cts_schema_json(&json, schema, NULL);
	cts_schema_json(&one, schema, cts_schema_kind(schema, "milestone"));
	schemas_write_file(schemas_path("all.json"), json.data, json.size);
	schemas_write_file(schemas_path("one.json"), one.data, one.size);
	schemas_run("/usr/bin/python3 - %s %s <<'END'\n"
		    "import json, sys\n"
		    "for name in sys.argv[1:]:\n"
		    "    text = open(name, encoding='utf-8').read()\n"
		    "    data = json.loads(text)\n"
		    "    again = json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False) + "
		    "'\\n'\n"
		    "    assert text == again, name\n"
		    "    assert list(data) == ['kinds', 'schema_version'] and "
		    "data['schema_version'] == 1\n"
		    "    kind = [k for k in data['kinds'] if k['kind'] == 'milestone'][0]\n"
		    "    assert len(data['kinds']) == (13 if 'all' in name else 1)\n"
		    "    assert kind['message'] == 'ctsync.Milestone' and kind['title_field'] == "
		    "'label'\n"
		    "    fields = {f['name']: f for f in kind['fields']}\n"
		    "    assert fields['parent']['ref'] == ['workstream', 'initiative']\n"
		    "    assert fields['parent']['required'] and not fields['due']['required']\n"
		    "    assert fields['baseline']['merge'] == 'WRITE_ONCE'\n"
		    "    assert fields['baseline']['form'] == 'fuzzy_date'\n"
		    "    assert fields['position']['type'] == 'int32' and "
		    "fields['position']['min'] == 1\n"
		    "    assert fields['depends_on']['repeated'] and fields['labels']['common']\n"
		    "    assert fields['status']['values'][0] == 'not_started'\n"
		    "    assert fields['status']['value_docs']['blocked']\n"
		    "    assert all(f['doc'] for f in kind['fields'])\n"
		    "END",
		schemas_path("all.json"), schemas_path("one.json"));
	cts_buf_release(&json);
	cts_buf_release(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_default_schema_has_every_kind_and_field),
		cmocka_unit_test(test_everything_in_the_default_schema_has_a_comment),
		cmocka_unit_test(test_the_header_of_names_follows_the_default_schema),
		cmocka_unit_test(test_classifications_rise_in_order),
		cmocka_unit_test(test_a_misspelt_name_gets_the_nearest),
		cmocka_unit_test(test_equal_schemas_have_equal_bytes),
		cmocka_unit_test(test_an_unknown_schema_gives_its_kinds_and_rules),
		cmocka_unit_test(test_descriptors_made_at_run_time_speak_protobuf),
		cmocka_unit_test(test_comments_are_cleaned),
		cmocka_unit_test(test_schema_json_is_what_python_writes),
	};

	return cmocka_run_group_tests(tests, schemas_make_dir, schemas_remove_dir);
}
