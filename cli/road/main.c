/*
 * ctsync-road: every command, those that carry git included. `ctsync` executes it for these; nobody
 * types its name.
 */
#include "cli/program.h"
#include "cli/road/runs.h"

int main(int argc, char **argv)
{
	return cts_program(argc, argv, cts_run_of);
}
