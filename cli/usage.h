/*
 * Help, from the tables: of one command, of all of them, of a first look. The same text for -h,
 * --help and `help NAME`.
 */
#ifndef CTS_CLI_USAGE_H
#define CTS_CLI_USAGE_H

#include "cli/cmd.h"
#include "cli/out.h"

struct cts_session;

/* "ctsync set [options] REC FIELD=VALUE...", a line for each form. */
void cts_usage_synopsis(struct cts_buf *out, const struct cts_cmd *cmd);

/* Everything about one command. */
void cts_usage_command(struct cts_out *out, const struct cts_cmd *cmd);

/* Some command's name is the word and another ("remote add"). */
bool cts_usage_has_family(const char *word);

/* Every command that begins with the word ("remote"): name and sentence. */
void cts_usage_family(struct cts_out *out, const char *word);

/* All commands by group, and the global options. */
void cts_usage_overview(struct cts_out *out);

/* The name and version of the program, a line. */
void cts_usage_version(struct cts_out *out);

/* `ctsync` alone: the five commands that a newcomer needs, and the store found. */
int cts_usage_welcome(struct cts_session *session);

/* The number of arguments is one that the rows allow. @return CTS_EUSAGE */
int cts_usage_check(const struct cts_cmd *cmd, int argc, char *const *argv);

#endif
