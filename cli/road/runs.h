/*
 * The commands that carry git, as the program ctsync-road runs them. Their entries (cmd_*.c) have
 * no `.run`, so that `ctsync` can show their help and refuse wrong usage without a library that
 * takes longer to load than most commands to run. Here stands what the entry and its run share.
 *
 * A command more: its run in a file of this folder, its name in the list below, and if it has
 * options the struct that its rows fill.
 */
#ifndef CTS_CLI_ROAD_RUNS_H
#define CTS_CLI_ROAD_RUNS_H

#include <stdbool.h>

#include "cli/cmd.h"

struct cts_init_options {
	const char *agency;
	const char *author;
	const char *schema;
};

struct cts_clone_options {
	const char *agency, *author, *root;
};

struct cts_remote_add_options {
	bool create;
};

struct cts_push_options {
	bool reset_main;
};

/* Of pull and bundle apply. */
struct cts_receipt_options {
	bool receipt;
};
#define CTS_OPT_RECEIPT(type)                                                                     \
	{.name = "receipt", .kind = CTS_OPT_FLAG, .offset = offsetof(type, receipt),              \
		.help = "say with a commit that it was received, so that those who sent it "      \
			"know by your next push or bundle"}

struct cts_bundle_create_options {
	const char *since;
	bool force;
};

/* By name of the entry: cts_cmd_NAME is run by cts_run_NAME. */
#define CTS_ROAD_COMMANDS(X)                                                                      \
	X(init)                                                                                   \
	X(clone)                                                                                  \
	X(remote_add)                                                                             \
	X(push)                                                                                   \
	X(pull)                                                                                   \
	X(sync)                                                                                   \
	X(bundle_create)                                                                          \
	X(bundle_show)                                                                            \
	X(bundle_apply)                                                                           \
	X(check)                                                                                  \
	X(rebuild)                                                                                \
	X(compact)                                                                                \
	X(backup)

#define CTS_RUN_DECLARE(name)                                                                     \
	int cts_run_##name(                                                                       \
		struct cts_session *session, const void *options, int argc, char **argv);
CTS_ROAD_COMMANDS(CTS_RUN_DECLARE)
#undef CTS_RUN_DECLARE

/* What runs a command whose entry does not say; NULL for any other. */
cts_run_fn cts_run_of(const struct cts_cmd *cmd);

#endif
