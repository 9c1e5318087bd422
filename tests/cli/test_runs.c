/* Every command runs somewhere: its entry says how, or it is one that carries git, never both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/cmd.h"
#include "cli/road/runs.h"

static void test_a_command_has_its_run_in_one_place(void **state)
{
	const struct cts_cmd *cmd;
	size_t own = 0, carrying = 0;

	(void)state;
	for (size_t i = 0; (cmd = cts_cmd_at(i)); i++) {
		cts_run_fn run = cts_run_of(cmd);

		if (!cmd->run == !run)
			fail_msg("'%s' has %s", cmd->name, run ? "two runs" : "no run");
		own += cmd->run != NULL;
		carrying += run != NULL;
	}
	assert_true(own > 0);
	assert_true(carrying > 0);
}

static void test_every_run_belongs_to_a_command_of_the_table(void **state)
{
	size_t listed = 0, found = 0;
	const struct cts_cmd *cmd;

	(void)state;
#define COUNT(name) listed++;
	CTS_ROAD_COMMANDS(COUNT)
	for (size_t i = 0; (cmd = cts_cmd_at(i)); i++)
		found += cts_run_of(cmd) != NULL;
	assert_int_equal(found, listed);
}

static void test_an_unknown_entry_has_no_run(void **state)
{
	static const struct cts_cmd stranger = {.name = "push"};

	(void)state;
	assert_null(cts_run_of(&stranger));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_command_has_its_run_in_one_place),
		cmocka_unit_test(test_every_run_belongs_to_a_command_of_the_table),
		cmocka_unit_test(test_an_unknown_entry_has_no_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
