/*
 * Paths of the mirror, both ways.
 */
#include "fixture.h"

#include "sync/tree/layout.h"

static void test_hash_is_that_of_kind_and_id(void **state)
{
	/* python3: hashlib.sha256(b"milestone/x").hexdigest()[:16] */
	(void)state;
	assert_int_equal(cts_layout_hash("milestone", "x"), UINT64_C(0xa859b756abd0dd32));
	assert_int_equal(cts_layout_byte(UINT64_C(0x0102030405060708), 0), 1);
	assert_int_equal(cts_layout_byte(UINT64_C(0x0102030405060708), 7), 8);
}

static void test_paths_read_back(void **state)
{
	static const char *const ids[] = {"x", "ctwp2021-4-2", "a.json", "ab", "3f", "x_y.z"};

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		for (size_t depth = 0; depth <= CTS_LAYOUT_DEPTH_MAX; depth++) {
			struct cts_buf path = {0};
			char kind[CTS_KIND_MAX + 1], id[CTS_ID_MAX + 1];
			size_t found;
			cts_layout_path(&path, "work_item", ids[i], depth);
			assert_ok(cts_layout_parse(kind, id, &found, cts_buf_text(&path)));
			assert_string_equal(kind, "work_item");
			assert_string_equal(id, ids[i]);
			assert_int_equal(found, depth);
			cts_buf_release(&path);
		}
	}
}

static void test_longest_names_fit(void **state)
{
	char kind[CTS_KIND_MAX + 1], id[CTS_ID_MAX + 1], kind_out[CTS_KIND_MAX + 1];
	char id_out[CTS_ID_MAX + 1];
	struct cts_buf path = {0};
	size_t depth;

	(void)state;
	memset(kind, 'k', CTS_KIND_MAX);
	kind[CTS_KIND_MAX] = '\0';
	memset(id, 'i', CTS_ID_MAX);
	id[CTS_ID_MAX] = '\0';
	cts_layout_path(&path, kind, id, CTS_LAYOUT_DEPTH_MAX);
	assert_int_equal(path.size, CTS_LAYOUT_PATH_MAX);
	assert_ok(cts_layout_parse(kind_out, id_out, &depth, cts_buf_text(&path)));
	assert_string_equal(id_out, id);
	cts_buf_release(&path);
}

static void test_other_paths_are_refused(void **state)
{
	static const char *const paths[] = {
		"",
		"/",
		"records",
		"records/",
		"records/milestone",
		"records/milestone/",
		"records/milestone/x",
		"records/milestone/.json",
		"records/milestone/x.JSON",
		"records/milestone/X.json",
		"records/milestone/x.json/",
		"/records/milestone/x.json",
		"records//x.json",
		"records/Milestone/x.json",
		"records/9ab/x.json",
		"records/milestone/../x.json",
		"records/milestone/./x.json",
		"records/milestone//x.json",
		"records/milestone/00/x.json",
		"records/milestone/A8/x.json",
		"records/milestone/0/x.json",
		"records/milestone/con.json",
		"records/milestone/-x.json",
		"records/milestone/x\n.json",
		"record/milestone/x.json",
		"schema.json",
		"records/milestone/00/00/00/00/00/00/00/00/00/x.json",
	};
	char kind[CTS_KIND_MAX + 1] = "kept", id[CTS_ID_MAX + 1] = "kept";
	size_t depth = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		int rc = cts_layout_parse(kind, id, &depth, paths[i]);
		if (rc != CTS_EINTEGRITY)
			fail_msg("'%s' gave %d", paths[i], rc);
	}
	assert_string_equal(kind, "kept");
	assert_string_equal(id, "kept");
	assert_int_equal(depth, 77);
}

static void test_a_path_that_is_too_long_is_refused(void **state)
{
	char path[4096], kind[CTS_KIND_MAX + 1], id[CTS_ID_MAX + 1];
	size_t depth;

	(void)state;
	memset(path, 'a', sizeof(path));
	memcpy(path, "records/milestone/", 18);
	strcpy(path + sizeof(path) - 6, ".json");
	assert_int_equal(cts_layout_parse(kind, id, &depth, path), CTS_EINTEGRITY);
}

static void test_directories_are_two_lower_case_digits(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		char name[3];
		cts_layout_dir_format(name, (uint8_t)byte);
		assert_int_equal(cts_layout_dir_parse(name), byte);
	}
	assert_int_equal(cts_layout_dir_parse(""), -1);
	assert_int_equal(cts_layout_dir_parse("a"), -1);
	assert_int_equal(cts_layout_dir_parse("A0"), -1);
	assert_int_equal(cts_layout_dir_parse("0g"), -1);
	assert_int_equal(cts_layout_dir_parse("000"), -1);
}

static void test_messages_show_no_control_bytes(void **state)
{
	char shown[CTS_LAYOUT_SHOWN_MAX], name[1000];

	(void)state;
	assert_string_equal(
		cts_layout_show(shown, "a\x1b[2Jb\nc\xc3\xa4"), "a\\x1b[2Jb\\x0ac\\xc3\\xa4");
	memset(name, '\x01', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_true(strlen(cts_layout_show(shown, name)) < CTS_LAYOUT_SHOWN_MAX);
	assert_string_equal(shown + strlen(shown) - 3, "...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_is_that_of_kind_and_id),
		cmocka_unit_test(test_paths_read_back),
		cmocka_unit_test(test_longest_names_fit),
		cmocka_unit_test(test_other_paths_are_refused),
		cmocka_unit_test(test_a_path_that_is_too_long_is_refused),
		cmocka_unit_test(test_directories_are_two_lower_case_digits),
		cmocka_unit_test(test_messages_show_no_control_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
