/*
 * The name of an imported file stands in the records that came from it and in the commit's message: as
 * text, whatever bytes it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "cli/import/draft.h"
#include "proto/text.h"

static void test_name_of_a_file_is_kept_as_text(void **state)
{
	static const char *const names[][2] = {
		{"/tmp/programme.md", "programme.md"},
		{"-", "stdin"},
		{"a/e\xcc\x81.csv", "\xc3\xa9.csv"},
		{"x\ny.csv", "x\\ny.csv"},
		{"x\xe2\x80\xaey.csv", "x\\u202ey.csv"},
		{"bad\xff.csv", "bad\\xff.csv"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct cts_draft draft;

		cts_draft_init(&draft, names[i][0]);
		assert_string_equal(draft.file, names[i][1]);
		assert_true(cts_text_is_normal(draft.file, strlen(draft.file)));
		cts_draft_release(&draft);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_of_a_file_is_kept_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
