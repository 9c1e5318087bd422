/*
 * The one course of both programs, `ctsync` and `ctsync-road`: words to a command, a command to an
 * exit status. They differ in what they link: `ctsync` starts in a third of the time because it has
 * no git, and hands the commands that carry it on (hand_on.h).
 */
#ifndef CTS_CLI_PROGRAM_H
#define CTS_CLI_PROGRAM_H

#include "cli/cmd.h"

/* Runs what was typed. `run_of` gives the run of an entry that has none; NULL: such commands are
 * handed on. @return the exit status */
int cts_program(int argc, char **argv, cts_run_fn (*run_of)(const struct cts_cmd *cmd));

#endif
