/*
 * Entry to run, for the commands that carry git.
 */
#include "cli/road/runs.h"

#define DECLARE(name) extern const struct cts_cmd cts_cmd_##name;
CTS_ROAD_COMMANDS(DECLARE)

#define ROW(name) {&cts_cmd_##name, cts_run_##name},
static const struct {
	const struct cts_cmd *cmd;
	cts_run_fn run;
} runs[] = {CTS_ROAD_COMMANDS(ROW)};

cts_run_fn cts_run_of(const struct cts_cmd *cmd)
{
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		if (runs[i].cmd == cmd)
			return runs[i].run;
	return NULL;
}
