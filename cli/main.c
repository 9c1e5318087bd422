/*
 * ctsync: every command that needs no git; the others are handed on to ctsync-road.
 */
#include "cli/program.h"

int main(int argc, char **argv)
{
	return cts_program(argc, argv, NULL);
}
