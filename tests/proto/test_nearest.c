/* The nearest word to a misspelt one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/schema.h"

static void test_nearest_words(void **state)
{
	static const char *const words[] = {"due", "status", "state", "recommendations", "title"};
	static const struct {
		const char *typed, *nearest;
	} rows[] = {
		{"deu", "due"}, /* neighbours exchanged: one edit of three */
		{"du", "due"},  /* the beginning */
		{"d", "due"},
		{"stat", "state"}, /* an edit before a beginning */
		{"STATUS", "status"},
		{"titel", "title"},
		{"ttl", NULL},                        /* two edits of three letters */
		{"recomendation", "recommendations"}, /* two of thirteen */
		{"recmndatons", NULL},                /* four */
		{"rec", "recommendations"},
		{"", NULL},
		{"zebra", NULL},
	};
	char endless[300];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *found =
			cts_nearest(rows[i].typed, words, sizeof(words) / sizeof(*words));

		if (!rows[i].nearest != !found || (found && strcmp(found, rows[i].nearest) != 0))
			fail_msg("'%s' gave '%s'", rows[i].typed, found ? found : "nothing");
	}
	memset(endless, 'd', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_null(cts_nearest(endless, words, 5));
	assert_null(cts_nearest("due", words, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nearest_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
